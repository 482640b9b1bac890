//! The hand-written step policy until `capacity::scaling` takes over.

use model::Time;
#[derive(Debug, Clone, Default)]
pub(crate) struct Autoscaler {
    points: std::collections::VecDeque<(Time, f64)>,
    below: u32,
    out_at: Option<Time>,
    in_at: Option<Time>,
    base: u32,
}

impl Autoscaler {
    pub(crate) fn publish(&mut self, at: Time, cpu: f64) {
        self.points.push_back((at, cpu));
    }
    /// New desired count, each minute.
    pub(crate) fn minute(&mut self, now: Time, running: u32, desired: u32, deploying: bool) -> u32 {
        let mut newest = None;
        while let Some((_, cpu)) = self.points.front().copied().filter(|(at, _)| *at <= now) {
            newest = Some(cpu);
            self.points.pop_front();
        }
        let Some(cpu) = newest else { return desired };
        let cooling = |at: Option<Time>| at.is_some_and(|at| now.since(at).as_secs() < 300);
        self.below = if cpu < 40.0 { self.below + 1 } else { 0 };
        if cpu >= 60.0 {
            let percent = if cpu < 70.0 {
                10
            } else if cpu < 80.0 {
                20
            } else {
                30
            };
            let base = if cooling(self.out_at) { self.base } else { running };
            let want = base + (base * percent / 100).max(1);
            if want > desired {
                self.base = base;
                self.out_at = Some(now);
                self.in_at = None;
                return want;
            }
        } else if self.below >= 5 && !cooling(self.in_at) && !cooling(self.out_at) && !deploying {
            let want = running - (running / 10).min(running);
            if want < desired {
                self.in_at = Some(now);
                return want;
            }
        }
        desired
    }
}
