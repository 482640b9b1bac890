//! Surges that come again, or were announced, and how high they were.
//!
//! A surge is a minute whose load is a multiple of the minutes before. One that comes at the same
//! minute of most days is recurring; one that somebody put into a calendar is announced, whether
//! it recurs or not. What is learnt of each is how the peak compared with the level before it.

use model::Time;

use crate::load::{DAY_MINUTES, Horizon, Load};

/// A surge lifts the load to at least this multiple of the level before (capacity-and-scaling,
/// section 2.4).
const RATIO_MIN: f64 = 1.4;
/// A surge recurs when it came on this part of the days.
const DAYS_PART: f64 = 0.6;
/// Days that show whether a surge recurs: of two, one chance would be half.
const DAYS_MIN: usize = 3;
/// Two surges nearer than this are one.
const APART_MINUTES: usize = 15;
/// The level before: ten minutes that end three minutes before the surge.
const LEVEL: std::ops::Range<usize> = 3..13;
/// The peak: the highest of five minutes.
const PEAK_MINUTES: usize = 5;
/// An announced surge may begin so many minutes after it was announced for.
const ANNOUNCED_PEAK_MINUTES: usize = 10;

/// Something that an operator knows will happen.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Event {
    /// When it begins.
    pub at: Time,
    /// What it is; events of one name are expected to be alike.
    pub name: String,
}

/// One surge of the past.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// Minute of the load.
    pub minute: usize,
    /// Requests per second before it.
    pub level: f64,
    /// The highest minute of it, in requests per second.
    pub peak: f64,
}

/// Surges of one kind.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// A time of day such as `12:01`, or the name of the events.
    pub name: String,
    /// The minute of the day, for what recurs.
    pub minute_of_day: Option<usize>,
    /// Those of the past.
    pub samples: Vec<Sample>,
}

/// All surges that a load shows or that were announced for it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Surges {
    /// In order of name.
    pub groups: Vec<Group>,
}

/// A surge to be ready for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Occurrence {
    /// Minute of the load that is replayed, counted from its start.
    pub minute: usize,
    /// Index of its group.
    pub group: usize,
}

impl Surges {
    /// What `past` shows, and what `events` were announced in it.
    #[must_use]
    pub fn find(past: &Load, events: &[Event]) -> Self {
        let mut groups = recurring(past);
        for event in events {
            let Some(minute) = past.horizon().minute_of(event.at) else { continue };
            if near_daily(&groups, past.horizon().minute_of_day(minute)) {
                continue;
            }
            let Some(sample) = sample(past, minute, ANNOUNCED_PEAK_MINUTES) else { continue };
            match groups.iter_mut().find(|group| group.name == event.name) {
                Some(group) => group.samples.push(sample),
                None => groups.push(Group {
                    name: event.name.clone(),
                    minute_of_day: None,
                    samples: vec![sample],
                }),
            }
        }
        Self { groups }
    }

    /// The surges to expect in `coming`, which may be the past itself.
    ///
    /// An event whose name was never seen is expected to be like all announced ones together where
    /// there were any; where there were none nothing is known of it, and it is left out (see
    /// [`Self::unknown`]).
    #[must_use]
    pub fn expected(&self, coming: Horizon, events: &[Event]) -> Vec<Occurrence> {
        let minutes = coming.minutes;
        let mut expected = Vec::new();
        for (group, of_day) in
            self.groups.iter().enumerate().filter_map(|(at, g)| Some((at, g.minute_of_day?)))
        {
            let first = (of_day + DAY_MINUTES - coming.minute_of_day(0)) % DAY_MINUTES;
            let days = (first..minutes).step_by(DAY_MINUTES);
            expected.extend(days.map(|minute| Occurrence { minute, group }));
        }
        for event in events {
            let Some(minute) = coming.minute_of(event.at) else { continue };
            if near_daily(&self.groups, coming.minute_of_day(minute)) {
                continue;
            }
            let same = self.groups.iter().position(|group| group.name == event.name);
            let alike = || self.groups.iter().position(|group| group.minute_of_day.is_none());
            if let Some(group) = same.or_else(alike) {
                expected.push(Occurrence { minute, group });
            }
        }
        expected.sort_unstable();
        expected
    }

    /// The events in `coming` of which nothing is known: no floor can be made for them.
    #[must_use]
    pub fn unknown<'e>(&self, coming: Horizon, events: &'e [Event]) -> Vec<&'e Event> {
        let announced = self.groups.iter().any(|group| group.minute_of_day.is_none());
        let unknown = |event: &&Event| {
            let minute = coming.minute_of(event.at);
            !announced && minute.is_some_and(|m| !near_daily(&self.groups, coming.minute_of_day(m)))
        };
        events.iter().filter(unknown).collect()
    }
}

/// The minutes of the day at which most days surge, with each day's surge.
fn recurring(past: &Load) -> Vec<Group> {
    let offset = past.horizon().minute_of_day(0);
    let rises: Vec<usize> =
        (0..past.minutes().len()).filter(|minute| rises(past, *minute)).collect();
    let days = past.minutes().len() / DAY_MINUTES;
    if days < DAYS_MIN {
        return Vec::new();
    }
    let mut exact = vec![0_usize; DAY_MINUTES];
    let mut count = vec![0_usize; DAY_MINUTES];
    for minute in &rises {
        if let Some(exact) = exact.get_mut((minute + offset) % DAY_MINUTES) {
            *exact += 1;
        }
        // A surge that is a minute early or late on some days is the same.
        for near in [DAY_MINUTES - 1, 0, 1] {
            if let Some(count) = count.get_mut((minute + offset + near) % DAY_MINUTES) {
                *count += 1;
            }
        }
    }
    let mut groups: Vec<Group> = Vec::new();
    for of_day in 0..DAY_MINUTES {
        let often = count.get(of_day).is_some_and(|c| float(*c) >= DAYS_PART * float(days));
        if !often || near_daily(&groups, of_day) {
            continue;
        }
        // Of the minutes that are near enough, the one at which most days rise; the first of equals.
        let near = (of_day..=of_day + 2).map(|minute| minute % DAY_MINUTES);
        let of_day = near
            .rev()
            .max_by_key(|minute| exact.get(*minute).copied().unwrap_or(0))
            .unwrap_or(of_day);
        let first = (of_day + DAY_MINUTES - offset) % DAY_MINUTES;
        let samples = (first..past.minutes().len())
            .step_by(DAY_MINUTES)
            .filter_map(|minute| sample(past, minute, PEAK_MINUTES))
            .collect();
        let name = format!("{:02}:{:02}", of_day / 60, of_day % 60);
        groups.push(Group { name, minute_of_day: Some(of_day), samples });
    }
    groups
}

/// Whether the load of `minute` is that of a surge that begins.
fn rises(load: &Load, minute: usize) -> bool {
    let (Some(level), Some(rate)) = (level(load, minute), load.minutes().get(minute)) else {
        return false;
    };
    level > 0.0 && *rate >= RATIO_MIN * level
}

fn near_daily(groups: &[Group], of_day: usize) -> bool {
    groups.iter().filter_map(|group| group.minute_of_day).any(|other| {
        let apart = of_day.abs_diff(other);
        apart.min(DAY_MINUTES - apart) < APART_MINUTES
    })
}

fn sample(load: &Load, minute: usize, minutes: usize) -> Option<Sample> {
    let level = level(load, minute).filter(|level| *level > 0.0)?;
    let peak = load.minutes().get(minute..)?.iter().take(minutes).copied().fold(0.0, f64::max);
    Some(Sample { minute, level, peak })
}

/// The median of the ten minutes before `minute`, less three; `None` where the load begins later.
fn level(load: &Load, minute: usize) -> Option<f64> {
    median(
        load.minutes()
            .get(minute.checked_sub(LEVEL.end - 1)?..=minute.checked_sub(LEVEL.start)?)?,
    )
}

pub(crate) fn median(rates: &[f64]) -> Option<f64> {
    let mut sorted = rates.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    let upper = sorted.get(middle)?;
    if sorted.len() % 2 == 1 {
        return Some(*upper);
    }
    Some(0.5 * (sorted.get(middle.checked_sub(1)?)? + upper))
}

#[expect(clippy::cast_precision_loss, reason = "days, far below 2^53")]
const fn float(count: usize) -> f64 {
    count as f64
}
