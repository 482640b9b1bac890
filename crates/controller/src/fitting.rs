//! Fitting what tasks carry to the minutes of the last day, one migration a look.
//!
//! The minutes are asked for anew each time: a day of a thousand migrations is more than a daemon
//! should hold, and the source has them.

use std::collections::{BTreeMap, BTreeSet};

use capacity::fit::{self, Answer, Fitted, Minute, Note, Question, Refusal, Reservation};
use capacity::task::LatencyObjective;
use cloud::signals::Thresholds;
use cloud::{Cloud, MinuteAsk, SideMinute};
use model::capacity::{Fit, Ratio};
use model::{PerSide, Side, Span, Time};
use serde::{Deserialize, Serialize};

use crate::observe::Sight;
use crate::watch::Watch;

/// A day holds the loads that recur.
const HISTORY: Span = Span::from_days(1);
/// Tasks are fitted anew this often, as load and code change.
const EVERY: Span = Span::from_days(1);
/// So long after clients followed a step, or both sides ran a release, there are minutes enough
/// for another fit: a step shows Fargate's tasks at other loads, a release changes what they do.
const AFTER_CHANGE: Span = Span::from_hours(1);
/// Minutes that stand beside each other are alike: of five a bootstrap makes one block.
const BLOCK_MINUTES: i64 = 5;
/// More blocks than these, spread over the day, take time and teach nothing.
const BLOCKS_SPREAD: usize = 28;
/// The blocks with the most load on each task: they say the most about what is safe.
const BLOCKS_BUSIEST: usize = 8;
/// A fit that differs by less from the one before confirms it: floors that follow the chance of a
/// day move for nothing.
const CHANGE_MIN: f64 = 0.05;
/// A fit that no minutes have confirmed for so long is of another service.
const STANDS: Span = Span::from_days(7);

/// What tasks were fitted to carry.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Fitting {
    /// When minutes were last asked for.
    asked_at: Option<Time>,
    /// The newest fit of each side.
    sides: PerSide<Option<Known>>,
    /// Why the newest minutes of a side gave none.
    refused: PerSide<Option<Refusal>>,
    ratio: Option<fit::Ratio>,
}

/// What one task surely carries by a fit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rate {
    /// In requests per minute.
    pub(crate) rpm: f64,
    /// Whether that is about where the objective would be missed. If not it is as far as the loads
    /// that were seen let anyone say: the task may carry more.
    pub(crate) is_limit: bool,
}

fn rate(fitted: &Fitted) -> Rate {
    let stops_short = |note: &Note| matches!(note, Note::Held { .. } | Note::WidenLoad { .. });
    Rate {
        rpm: 60.0 * fitted.safe_requests_per_second,
        is_limit: !fitted.notes.iter().any(stops_short),
    }
}

/// Whether two fits say the same but for chance.
fn is_alike(known: &Fitted, fitted: &Fitted) -> bool {
    let (known, fitted) = (rate(known), rate(fitted));
    known.is_limit == fitted.is_limit && (fitted.rpm / known.rpm - 1.0).abs() < CHANGE_MIN
}

/// A side's fit.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Known {
    at: Time,
    fitted: Fitted,
}

impl Fitting {
    /// What one task of each side surely carries, where a fit says so.
    pub(crate) fn rates(&self) -> PerSide<Option<Rate>> {
        PerSide::from_fn(|side| Some(rate(&self.sides.get(side).as_ref()?.fitted)))
    }

    fn priors(&self) -> PerSide<Option<fit::Prior>> {
        PerSide::from_fn(|side| Some(self.sides.get(side).as_ref()?.fitted.prior()))
    }

    /// A side's fit, for people.
    pub(crate) fn shown(&self, side: Side) -> (Option<Fit>, Option<String>) {
        let fit = self.sides.get(side).as_ref().map(|Known { at, fitted }| Fit {
            at: *at,
            minutes: fitted.seen.minutes,
            estimated_requests_per_minute: 60.0 * fitted.estimated_requests_per_second,
            safe_cpu_percent: fitted.safe_cpu_percent,
            notes: notes(fitted),
        });
        (fit, self.refused.get(side).as_ref().map(ToString::to_string))
    }

    /// What a Fargate task carries of what an EC2 task does.
    pub(crate) fn ratio(&self) -> Option<Ratio> {
        let fit::Interval { low, estimate, high } = self.ratio?.safe_load;
        Some(Ratio { low, estimate, high })
    }

    /// Since when the migration waits for a fit after changes at `changed`; `None` while it does
    /// not.
    fn waits_since(&self, now: Time, changed: impl Iterator<Item = Time>) -> Option<Time> {
        let Some(asked) = self.asked_at.filter(|at| *at <= now) else {
            return Some(Time::from_secs(0));
        };
        let due = changed.map(|at| at + AFTER_CHANGE).filter(|due| *due > asked);
        due.chain([asked + EVERY]).min().filter(|due| *due <= now)
    }

    /// Takes a new answer. Minutes that fit nothing take no number away before it is old: load
    /// that stands still for a day says nothing of tasks.
    fn take(&mut self, now: Time, answer: &fit::Fit) {
        for side in Side::ALL {
            let (known, refused) = (self.sides.get_mut(side), self.refused.get_mut(side));
            *refused = None;
            match answer.sides.get(side) {
                Some(Answer::Fitted(fitted)) => match known {
                    Some(known) if is_alike(&known.fitted, fitted) => known.at = now,
                    Some(_) | None => {
                        *known = Some(Known { at: now, fitted: (**fitted).clone() });
                    }
                },
                Some(Answer::Refused(why)) => *refused = Some(why.reason),
                None => {}
            }
            if known.as_ref().is_some_and(|it| it.at > now || now.since(it.at) > STANDS) {
                *known = None;
            }
        }
        self.ratio = answer
            .ratio
            .or(self.ratio)
            .filter(|_| self.sides.iter().all(|(_, known)| known.is_some()));
    }
}

/// Fits the migration that has waited longest, if one does.
pub(crate) async fn refresh(
    cloud: &Cloud,
    sight: &Sight,
    now: Time,
    latest: i64,
    watches: &mut BTreeMap<String, Watch>,
) {
    let longest = watches
        .values_mut()
        .filter_map(|watch| Some((waits_since(watch, now)?, watch)))
        .min_by_key(|(since, _)| *since);
    let Some((_, watch)) = longest else { return };
    // Whatever comes of it, the next one is not asked before its time.
    let Some(objective) = objective(watch) else { return };
    let tasks = reservations(watch, sight);
    if tasks.iter().all(|(_, tasks)| tasks.is_none()) {
        return;
    }
    watch.fitting.asked_at = Some(now);
    let Some(minutes) = read(cloud, watch, now, latest).await else { return };
    let minutes = PerSide::from_fn(|side| {
        let minutes = || spread(&minutes.get(side).iter().map(minute).collect::<Vec<Minute>>());
        tasks.get(side).map_or_else(Vec::new, |_| minutes())
    });
    let nothing = Reservation { vcpu: 0.0, usable_vcpu: None };
    let question = Question {
        objective,
        tasks: tasks.map(|tasks| tasks.unwrap_or(nothing)),
        prior: watch.fitting.priors(),
        seed: latest.unsigned_abs(),
    };
    let answer = fit::fit(&minutes, &question);
    watch.fitting.take(now, &answer);
}

/// Since when a migration waits to be fitted; `None` while it does not, or cannot be.
fn waits_since(watch: &Watch, now: Time) -> Option<Time> {
    watch.judge.as_ref()?;
    objective(watch)?;
    let status = &watch.contents.status;
    let settled = status.step.as_ref().and_then(|step| step.settled_at);
    let released = status.release.as_ref().map(|release| release.since);
    watch.fitting.waits_since(now, settled.into_iter().chain(released))
}

/// What the first latency SLO of a migration asks of a task.
fn objective(watch: &Watch) -> Option<LatencyObjective> {
    Some(LatencyObjective {
        threshold_seconds: watch.managed.latency_threshold?.secs_f64(),
        slow_fraction_max: watch.latency_budget()?,
    })
}

/// What a task of each side has of CPU, where its definition is known and says so.
fn reservations(watch: &Watch, sight: &Sight) -> PerSide<Option<Reservation>> {
    PerSide::from_fn(|side| {
        let seen = sight.snapshot.services.get(watch.managed.services.get(side))?;
        let vcpu = f64::from(seen.value()?.cpu_units?) / 1024.0;
        Some(Reservation { vcpu, usable_vcpu: None })
    })
}

/// The minutes of the last day, or those since both sides have run what they run; `None` where
/// one side's cannot be read.
async fn read(
    cloud: &Cloud,
    watch: &Watch,
    now: Time,
    latest: i64,
) -> Option<PerSide<Vec<SideMinute>>> {
    let released = watch.contents.status.release.as_ref().map(|release| release.since.minute());
    let from = (now - HISTORY).minute().max(released.unwrap_or(i64::MIN));
    let thresholds =
        Thresholds { slow: Some(watch.managed.latency_threshold?), ..Thresholds::default() };
    let mut asks = Vec::new();
    for (side, group) in watch.groups.iter() {
        let (service, group) = (watch.managed.services.get(side).clone(), group.clone()?);
        asks.push(MinuteAsk { service, group, thresholds, from, until: latest + 1 });
    }
    let mut answers = cloud.signals.minutes(&asks).await.into_iter();
    let (ec2, fargate) = (answers.next()?.ok()?, answers.next()?.ok()?);
    Some(PerSide { ec2, fargate })
}

/// What to know of a fit. That minutes lie apart is this module's own doing.
fn notes(fitted: &Fitted) -> Vec<String> {
    let told = fitted.notes.iter().filter(|note| !matches!(note, Note::Gaps { .. }));
    told.map(ToString::to_string).collect()
}

/// The blocks that say most of a day, whole: every so many-th, which are the same ones of both
/// sides, and those with the most load on each task.
fn spread(minutes: &[Minute]) -> Vec<Minute> {
    let mut blocks = BTreeMap::<i64, Vec<Minute>>::new();
    for (at, minute) in minutes.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|before| minutes.get(before));
        let in_motion = before.is_some_and(|before| before.tasks != minute.tasks);
        let block = blocks.entry(minute.minute.div_euclid(BLOCK_MINUTES)).or_default();
        block.push(Minute { in_motion, ..*minute });
    }
    let every = blocks.len().div_ceil(BLOCKS_SPREAD).max(1);
    let every = i64::try_from(every).unwrap_or(i64::MAX);
    let mut busiest: Vec<(f64, i64)> =
        blocks.iter().map(|(block, minutes)| (load(minutes), *block)).collect();
    busiest.sort_by(|a, b| b.0.total_cmp(&a.0));
    let busiest: BTreeSet<i64> =
        busiest.into_iter().take(BLOCKS_BUSIEST).map(|(_, block)| block).collect();
    blocks.retain(|block, _| block.rem_euclid(every) == 0 || busiest.contains(block));
    blocks.into_values().flatten().collect()
}

/// The least load on each task in minutes without motion.
fn load(minutes: &[Minute]) -> f64 {
    let still = minutes.iter().filter(|minute| !minute.in_motion);
    let loads = still.filter_map(|minute| Some(minute.requests? / minute.tasks?.max(1.0)));
    loads.reduce(f64::min).unwrap_or(0.0)
}

#[expect(clippy::cast_precision_loss, reason = "requests per minute are far below 2^53")]
fn minute(read: &SideMinute) -> Minute {
    let requests = read.counts.requests.map(|requests| requests as f64);
    let slow = read.counts.slow.map(|slow| slow as f64);
    Minute {
        minute: read.minute,
        requests,
        tasks: read.healthy.map(f64::from),
        cpu_percent: read.cpu_percent,
        p50_seconds: read.p50_ms.map(|ms| ms / 1e3),
        p99_seconds: read.p99_ms.map(|ms| ms / 1e3),
        slow_fraction: slow.zip(requests.filter(|all| *all > 0.0)).map(|(slow, all)| slow / all),
        // A change of tasks gives itself away.
        in_motion: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64, requests: f64, tasks: f64) -> Minute {
        Minute { minute, requests: Some(requests), tasks: Some(tasks), ..Minute::default() }
    }

    #[test]
    fn a_day_is_thinned_to_whole_blocks_and_its_busiest_stay() {
        let load = |minute: i64| if (705..710).contains(&minute) { 9_000.0 } else { 600.0 };
        let day: Vec<Minute> = (0..1_440).map(|minute| at(minute, load(minute), 10.0)).collect();
        let kept: Vec<i64> = spread(&day).iter().map(|minute| minute.minute).collect();
        assert!(kept.len() <= 5 * (BLOCKS_SPREAD + BLOCKS_BUSIEST), "{}", kept.len());
        assert_eq!(kept.len() % 5, 0);
        assert!((705..710).all(|minute| kept.contains(&minute)), "{kept:?}");
    }

    #[test]
    fn an_hour_stays_whole_and_motion_is_seen_before_it_is_cut() {
        let tasks = |minute: i64| if minute < 30 { 10.0 } else { 12.0 };
        let hour: Vec<Minute> = (0..60).map(|minute| at(minute, 600.0, tasks(minute))).collect();
        let kept = spread(&hour);
        assert_eq!(kept.len(), 60);
        let moving: Vec<i64> =
            kept.iter().filter(|minute| minute.in_motion).map(|minute| minute.minute).collect();
        assert_eq!(moving, [30]);
    }

    #[test]
    fn a_fit_is_due_daily_and_an_hour_after_a_change() {
        let hour = |hours: u64| Time::from_secs(0) + Span::from_hours(hours);
        let mut fitting = Fitting::default();
        assert!(fitting.waits_since(hour(100), std::iter::empty()).is_some(), "never asked");
        fitting.asked_at = Some(hour(100));
        assert_eq!(fitting.waits_since(hour(123), std::iter::empty()), None);
        assert_eq!(fitting.waits_since(hour(124), std::iter::empty()), Some(hour(124)));
        let step = || [hour(101)].into_iter();
        assert_eq!(fitting.waits_since(hour(101), step()), None, "an hour of minutes first");
        assert_eq!(fitting.waits_since(hour(103), step()), Some(hour(102)));
        fitting.asked_at = Some(hour(102));
        assert_eq!(fitting.waits_since(hour(103), step()), None, "once");
        assert!(fitting.waits_since(hour(50), step()).is_some(), "a clock that was set back");
    }
}
