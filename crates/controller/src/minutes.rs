//! Which minutes to ask for, and what each answer adds to the log that evidence is folded from.

use std::collections::BTreeMap;

use cloud::SideMinute;
use model::minute::{Context, Counts, Minute};
use model::status::Step;
use model::{PerSide, Side, Time};

/// A late correction rewinds evidence by at most this much; older minutes are final.
const CORRECTION_MINUTES: i64 = 15;
/// Every so many minutes the last [`CORRECTION_MINUTES`] are asked for again, so that a
/// correction is found without asking for every minute fifteen times.
const REREAD_EVERY_MINUTES: i64 = 5;
/// Calm looks come once a minute and may just miss one; what was seen longer ago was another
/// minute's.
const LOOK_AGE_MINUTES: i64 = 1;
/// After a restart minutes are fetched this far back: the longest window of the burn rates.
const CATCH_UP_MINUTES: i64 = 6 * 60;
/// Contexts are kept a little longer than any minute can still change.
const CONTEXT_MINUTES: i64 = CORRECTION_MINUTES + 5;

/// Where this many requests are due in a minute, none come by chance once in 22,000 minutes.
const SILENT_REQUESTS_MAX: f64 = 10.0;
/// The counts of a minute without requests.
const SILENT: Counts = Counts {
    requests: Some(0),
    slow: Some(0),
    slow_slo: Some(0),
    slow_p90: Some(0),
    slow_p50: Some(0),
    errors: Some(0),
};

/// What is known of a migration's recent minutes, on both sides.
#[derive(Debug, Clone, Default)]
pub(crate) struct MinuteLog {
    sides: PerSide<SideLog>,
    contexts: BTreeMap<i64, PerSide<Context>>,
}

/// What is known of one side's recent minutes.
#[derive(Debug, Clone, Default)]
struct SideLog {
    /// The first minute that is not known yet; `None` before the first ask.
    next: Option<i64>,
    /// Where a restart goes on from, until an answer has come.
    catch_up: Option<i64>,
    /// The newest minute that was asked for.
    asked: Option<i64>,
    /// Counts and revision of the minutes that can still change.
    known: BTreeMap<i64, (Counts, u32)>,
}

impl MinuteLog {
    /// Goes on after a restart: `minute` is the first one that evidence does not know yet.
    pub(crate) fn go_on_from(&mut self, minute: i64) {
        for side in Side::ALL {
            self.sides.get_mut(side).catch_up = Some(minute);
        }
    }

    /// Says that weights are being moved in the minute of `now`: it belongs to no step.
    pub(crate) fn unsettle(&mut self, now: Time) {
        let contexts = self.contexts.entry(now.minute()).or_default();
        for side in Side::ALL {
            contexts.get_mut(side).settled = Some(false);
        }
    }

    /// The minutes `[from, until)` to ask for, when `latest` is the newest settled one; `None`
    /// when it was asked for already and each minute is asked for once a minute at most.
    pub(crate) fn due(&mut self, side: Side, latest: i64) -> Option<(i64, i64)> {
        let log = self.sides.get_mut(side);
        // Not `>=`: a clock that was put back asks again, and does not wait until it catches up.
        if log.asked == Some(latest) {
            return None;
        }
        log.asked = Some(latest);
        let oldest = latest + 1 - CORRECTION_MINUTES;
        let next = log.next.unwrap_or(latest).clamp(oldest, latest);
        let reread = latest.rem_euclid(REREAD_EVERY_MINUTES) == 0;
        let from = if reread { oldest } else { next };
        let missed = log.catch_up.map(|minute| minute.max(latest + 1 - CATCH_UP_MINUTES));
        Some((missed.map_or(from, |missed| missed.min(from)), latest + 1))
    }

    /// Remembers what the sides look like at `now`, for the minutes read later.
    ///
    /// A minute counts as settled only if it was at every look, and keeps its first share: a
    /// minute in which weights moved belongs to no step.
    pub(crate) fn note(&mut self, now: Time, seen: PerSide<Context>) {
        let minute = now.minute();
        match self.contexts.get_mut(&minute) {
            None => {
                self.contexts.insert(minute, seen);
            }
            Some(known) => {
                for side in Side::ALL {
                    merge(known.get_mut(side), seen.get(side));
                }
            }
        }
        self.contexts = self.contexts.split_off(&(minute - CONTEXT_MINUTES));
    }

    /// Takes an answer and gives the rows that are new or corrected, oldest first. `step` is
    /// where the migration stands: it speaks for minutes in which nobody looked.
    pub(crate) fn take(
        &mut self,
        side: Side,
        seen_at: Time,
        latest: i64,
        answer: &[SideMinute],
        step: Option<&Step>,
    ) -> Vec<Minute> {
        let mut rows = Vec::new();
        for read in answer {
            if read.minute > latest || !is_published(read) {
                continue;
            }
            let log = self.sides.get_mut(side);
            let revision = match log.known.get(&read.minute) {
                Some((counts, _)) if *counts == read.counts => continue,
                Some((before, revision)) if before.requests.is_some() => revision.saturating_add(1),
                Some(_) | None => 0,
            };
            log.known.insert(read.minute, (read.counts, revision));
            if read.counts.requests.is_none() {
                continue;
            }
            let context = self.context(side, read, step);
            rows.push(Minute {
                minute: read.minute,
                side,
                revision,
                seen_at,
                counts: read.counts,
                context,
            });
        }
        self.sides.get_mut(side).close(latest);
        rows
    }

    /// The minute with zeros where its side was silent.
    ///
    /// A balancer publishes no count for a minute without requests. Healthy targets that were
    /// reported and requests that were not are zero requests, but only where few were due by the
    /// live share: where more were, the count is missing, and missing is not zero. `busy` is what
    /// both sides together got in the busiest of the last minutes.
    pub(crate) fn with_silence(
        &self,
        side: Side,
        read: &SideMinute,
        busy: Option<f64>,
        step: Option<&Step>,
    ) -> SideMinute {
        let share = self.context(side, read, step).share;
        let due = share.zip(busy).map(|(share, busy)| match side {
            Side::Ec2 => busy * (1.0 - share.ratio()),
            Side::Fargate => busy * share.ratio(),
        });
        let is_silent = read.counts.requests.is_none()
            && read.healthy.is_some()
            && due.is_some_and(|due| due <= SILENT_REQUESTS_MAX);
        let counts = if is_silent { SILENT } else { read.counts };
        SideMinute { counts, ..read.clone() }
    }

    /// The context noted in a minute, with what the source itself knows.
    fn context(&self, side: Side, read: &SideMinute, step: Option<&Step>) -> Context {
        let mut context = self.noted(side, read.minute, step);
        context.healthy = read.healthy.or(context.healthy);
        context.cpu_centi_percent = read.cpu_percent.and_then(centi_percent);
        context
    }

    /// The context noted in the minute or just before it.
    ///
    /// A minute in which nobody looked belongs to the step that had settled before it, since
    /// nothing moves the weights but steps on record; without such a step it belongs to none.
    pub(crate) fn noted(&self, side: Side, minute: i64, step: Option<&Step>) -> Context {
        let looks = self.contexts.range(minute - LOOK_AGE_MINUTES..=minute);
        let noted = looks.last().map(|(_, seen)| seen.get(side).clone());
        noted.unwrap_or_else(|| {
            let stood = step.filter(|step| is_settled(step, minute));
            Context {
                share: stood.map(|step| step.share),
                settled: Some(stood.is_some()),
                ..Context::default()
            }
        })
    }
}

/// Whether clients had had time to follow a step before `minute` began.
pub(crate) fn is_settled(step: &Step, minute: i64) -> bool {
    step.settled_at.is_some_and(|settled| settled <= Time::from_minute(minute))
}

impl SideLog {
    /// Moves `next` past what is known without a hole and forgets what can no longer change.
    fn close(&mut self, latest: i64) {
        let oldest = latest + 1 - CORRECTION_MINUTES;
        let mut next = self.next.unwrap_or(oldest).max(oldest);
        while self.known.contains_key(&next) {
            next += 1;
        }
        self.next = Some(next);
        self.catch_up = None;
        self.known = self.known.split_off(&oldest);
    }
}

/// Whether the source has the minute. A balancer says nothing of requests while there are none,
/// but it goes on counting healthy hosts.
fn is_published(read: &SideMinute) -> bool {
    read.counts.requests.is_some() || read.healthy.is_some()
}

/// Requests of a published minute: healthy hosts without a count of requests had none (O3).
pub(crate) fn requests(read: &SideMinute) -> Option<u64> {
    if is_published(read) { Some(read.counts.requests.unwrap_or(0)) } else { None }
}

fn merge(known: &mut Context, seen: &Context) {
    let same_share = known.share == seen.share;
    known.settled = match (known.settled, seen.settled) {
        (Some(before), Some(now)) => Some(before && now && same_share),
        (before, now) => before.or(now),
    };
    known.deploying = match (known.deploying, seen.deploying) {
        (Some(before), Some(now)) => Some(before || now),
        (before, now) => before.or(now),
    };
    known.healthy = match (known.healthy, seen.healthy) {
        (Some(before), Some(now)) => Some(before.min(now)),
        (before, now) => before.or(now),
    };
    known.tasks = seen.tasks.or(known.tasks);
    known.safe_per_task = seen.safe_per_task.or(known.safe_per_task);
    if seen.release.is_some() {
        known.release.clone_from(&seen.release);
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the value was checked to lie between 0 and 100,000 percent"
)]
fn centi_percent(percent: f64) -> Option<u32> {
    (0.0..=100_000.0).contains(&percent).then_some((percent * 100.0 + 0.5) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(minute: i64, requests: Option<u64>) -> SideMinute {
        SideMinute {
            minute,
            counts: Counts { requests, ..Counts::default() },
            healthy: None,
            cpu_percent: None,
            p50_ms: None,
            p99_ms: None,
        }
    }

    #[test]
    fn a_missing_minute_is_asked_for_until_it_is_too_old_to_matter() {
        let mut log = MinuteLog::default();
        let now = Time::from_minute(1_003);
        let known: Vec<_> = (990..1_001).map(|m| read(m, Some(1))).collect();
        log.take(Side::Ec2, now, 1_001, &known, None);
        assert_eq!(log.due(Side::Ec2, 1_002), Some((988, 1_003)), "988 was never heard of");
        assert_eq!(log.due(Side::Ec2, 1_002), None, "one ask a minute");
        let rows =
            log.take(Side::Ec2, now, 1_002, &[read(1_001, None), read(1_002, Some(1))], None);
        assert_eq!(rows.iter().map(|row| row.minute).collect::<Vec<_>>(), [1_002]);
        assert_eq!(log.due(Side::Ec2, 1_017), Some((1_003, 1_018)));
    }

    #[test]
    fn only_news_becomes_rows_and_corrections_are_numbered() {
        let mut log = MinuteLog::default();
        let now = Time::from_minute(103);
        let first = log.take(Side::Fargate, now, 101, &[read(101, Some(5))], None);
        assert_eq!(first.first().map(|row| row.revision), Some(0));
        assert!(log.take(Side::Fargate, now, 101, &[read(101, Some(5))], None).is_empty());
        let corrected = log.take(Side::Fargate, now, 102, &[read(101, Some(6))], None);
        assert_eq!(corrected.first().map(|row| row.revision), Some(1));
    }

    #[test]
    fn silence_is_zero_requests_only_where_few_were_due() {
        let mut log = MinuteLog::default();
        let share = Some(model::Share::percent(1));
        log.note(
            Time::from_minute(100),
            PerSide::from_fn(|_| Context { share, ..Context::default() }),
        );
        let seen = |healthy, requests| SideMinute { healthy, ..read(100, requests) };
        for (side, read, busy, expected) in [
            (Side::Fargate, seen(Some(2), None), Some(900.0), Some(0)),
            (Side::Fargate, seen(Some(2), None), Some(1_100.0), None),
            (Side::Fargate, seen(Some(2), Some(3)), Some(900.0), Some(3)),
            (Side::Fargate, seen(None, None), Some(900.0), None),
            (Side::Fargate, seen(Some(2), None), None, None),
            (Side::Ec2, seen(Some(2), None), Some(900.0), None),
            (Side::Ec2, seen(Some(2), None), Some(9.0), Some(0)),
        ] {
            let found = log.with_silence(side, &read, busy, None).counts.requests;
            assert_eq!(found, expected, "{side} {read:?} {busy:?}");
        }
        let before_any_look = SideMinute { minute: 99, ..seen(Some(2), None) };
        let found = log.with_silence(Side::Fargate, &before_any_look, Some(1.0), None);
        assert_eq!(found.counts.requests, None, "no share is known of that minute");
    }

    #[test]
    fn healthy_hosts_without_a_count_of_requests_had_none() {
        let silent = SideMinute { healthy: Some(3), ..read(101, None) };
        assert_eq!(requests(&silent), Some(0));
        assert_eq!(requests(&read(101, None)), None, "nothing at all is not nothing");
        let mut log = MinuteLog::default();
        let now = Time::from_minute(103);
        let known: Vec<_> = (87..101).map(|m| read(m, Some(1))).collect();
        log.take(Side::Ec2, now, 101, &known, None);
        assert!(log.take(Side::Ec2, now, 101, &[silent], None).is_empty(), "no row for the judge");
        assert_eq!(log.due(Side::Ec2, 102), Some((102, 103)), "and no reason to ask again");
        let late = log.take(Side::Ec2, now, 102, &[read(101, Some(5))], None);
        assert_eq!(late.first().map(|row| row.revision), Some(0));
    }

    #[test]
    fn a_clock_that_was_put_back_asks_again() {
        let mut log = MinuteLog::default();
        assert_eq!(log.due(Side::Ec2, 160), Some((146, 161)));
        log.take(Side::Ec2, Time::from_minute(162), 160, &[], None);
        assert_eq!(log.due(Side::Ec2, 101), Some((101, 102)));
    }

    #[test]
    fn a_restart_asks_for_what_it_missed_until_an_answer_comes() {
        let mut log = MinuteLog::default();
        log.go_on_from(941);
        assert_eq!(log.due(Side::Ec2, 1_001), Some((941, 1_002)));
        assert_eq!(log.due(Side::Ec2, 1_002), Some((941, 1_003)), "no answer came");
        log.take(Side::Ec2, Time::from_minute(1_004), 1_002, &[], None);
        assert_eq!(log.due(Side::Ec2, 1_003), Some((989, 1_004)));
        log.go_on_from(0);
        assert_eq!(log.due(Side::Ec2, 1_004), Some((645, 1_005)), "no longer than six hours");
    }

    #[test]
    fn a_minute_nobody_looked_at_belongs_to_the_step_that_had_settled_before_it() {
        let step = |settled| Step {
            share: model::Share::percent(25),
            decided_at: Time::from_minute(90),
            verified_at: settled,
            settled_at: settled,
        };
        let before = step(Some(Time::from_minute(100)));
        let after = step(Some(Time::from_minute(101)));
        let cases = [(Some(&before), true), (Some(&after), false), (Some(&step(None)), false)];
        for (step, settled) in cases.into_iter().chain([(None, false)]) {
            let mut log = MinuteLog::default();
            // Seen ten minutes earlier: that says nothing of this one.
            let seen = Context { settled: Some(true), ..Context::default() };
            log.note(Time::from_minute(90), PerSide::from_fn(|_| seen.clone()));
            let read = [read(100, Some(5))];
            let rows = log.take(Side::Fargate, Time::from_minute(102), 100, &read, step);
            assert_eq!(rows[0].context.settled, Some(settled), "{step:?}");
            assert_eq!(rows[0].context.share.is_some(), settled);
        }
    }

    #[test]
    fn a_minute_in_which_weights_moved_is_not_settled() {
        let mut log = MinuteLog::default();
        let context = |percent, settled| {
            PerSide::from_fn(|_| Context {
                share: Some(model::Share::percent(percent)),
                settled: Some(settled),
                ..Context::default()
            })
        };
        log.note(Time::from_secs(6_000), context(1, true));
        log.note(Time::from_secs(6_030), context(5, true));
        let rows =
            log.take(Side::Fargate, Time::from_secs(6_200), 100, &[read(100, Some(5))], None);
        assert_eq!(rows[0].context.settled, Some(false));
        // The write itself comes after the look.
        log.note(Time::from_secs(6_070), context(5, true));
        log.unsettle(Time::from_secs(6_071));
        let rows = log.take(Side::Ec2, Time::from_secs(6_300), 101, &[read(101, Some(5))], None);
        assert_eq!(rows[0].context.settled, Some(false));
    }
}
