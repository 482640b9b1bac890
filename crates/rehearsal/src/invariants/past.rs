//! What was true lately: what a reading that is not too old can have shown.

use std::collections::VecDeque;

use model::{PerSide, Span, Time};
use region::SimulatedCloud;
use region::truth::{Minute, Truth};

/// Reads that a step rests on are at most this old (S1).
pub(super) const READ_AGE_MAX: Span = Span::from_secs(90);
/// A way back may rest on health this old (S2): no reading is worse than an old one.
pub(super) const LAST_HEALTH_AGE_MAX: Span = Span::from_mins(10);
/// Load may be this old before it is not known.
const LOAD_AGE_MAX: Span = Span::from_mins(15);
/// Minutes are complete after about this long.
pub(super) const SETTLE: Span = Span::from_mins(4);

/// Minutes of the region's own books that are kept.
const MINUTES: usize = 40;

/// One moment.
#[derive(Debug, Clone, Copy)]
struct Moment {
    at: Time,
    healthy: PerSide<u32>,
    /// The fewest tasks a side's scalable target leaves it, or its desired count without one.
    floor: PerSide<u32>,
    demand_rpm: f64,
}

/// The moments that readings can have shown.
#[derive(Debug, Clone)]
pub(super) struct Past {
    moments: VecDeque<Moment>,
    /// How much older than their time of reading answers may be.
    stale: Span,
    /// The newest minute that CloudWatch answers with values.
    pub(super) published: PerSide<Option<i64>>,
    /// The last minutes of the region's own books.
    pub(super) minutes: Vec<Minute>,
}

impl Past {
    pub(super) fn new(stale: Span) -> Self {
        Self { moments: VecDeque::new(), stale, published: PerSide::default(), minutes: Vec::new() }
    }

    pub(super) fn note(&mut self, world: &SimulatedCloud, index: Option<usize>, truth: &Truth) {
        let side = |side| truth.sides.get(side);
        self.moments.push_back(Moment {
            at: truth.at,
            healthy: PerSide::from_fn(|s| side(s).healthy),
            floor: PerSide::from_fn(|s| side(s).bounds.map_or(side(s).desired, |b| b.min)),
            demand_rpm: truth.demand_rps * 60.0,
        });
        let keep = LOAD_AGE_MAX + SETTLE + self.stale;
        while self.moments.front().is_some_and(|moment| truth.at.since(moment.at) > keep) {
            self.moments.pop_front();
        }
        if let Some(index) = index {
            world.with(|region| {
                self.published = PerSide::from_fn(|side| region.newest_published(index, side));
                let minutes = region.minutes(index);
                let last = minutes.get(minutes.len().saturating_sub(MINUTES)..);
                self.minutes.clear();
                self.minutes.extend_from_slice(last.unwrap_or_default());
            });
        }
    }

    /// How old an answer can be at most when it is read every `age`.
    fn within(&self, now: Time, age: Span) -> impl Iterator<Item = &Moment> {
        let age = age + self.stale;
        self.moments.iter().filter(move |moment| now.since(moment.at) <= age)
    }

    /// The most healthy tasks of each side that a reading of that age can have shown.
    pub(super) fn healthy_most(&self, now: Time, age: Span) -> PerSide<u32> {
        PerSide::from_fn(|side| {
            self.within(now, age).map(|moment| *moment.healthy.get(side)).max().unwrap_or(0)
        })
    }

    /// The highest floor of each side that a reading can have shown.
    pub(super) fn floor_most(&self, now: Time) -> PerSide<u32> {
        PerSide::from_fn(|side| {
            let seen = self.within(now, READ_AGE_MAX).map(|moment| *moment.floor.get(side));
            seen.max().unwrap_or(0)
        })
    }

    /// The least load that recent minutes can have shown, in requests per minute, less what
    /// chance may take from a minute.
    pub(super) fn demand_least(&self, now: Time) -> f64 {
        let seen = self.within(now, LOAD_AGE_MAX + SETTLE).map(|moment| moment.demand_rpm);
        let least = seen.fold(f64::INFINITY, f64::min);
        if least.is_finite() { (least - 4.0 * least.sqrt()).max(0.0) } else { 0.0 }
    }

    pub(super) const fn stale(&self) -> Span {
        self.stale
    }
}
