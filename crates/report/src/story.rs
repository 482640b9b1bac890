//! A record laid out for plotting: samples in order, on one time axis that all plots share.

use model::Time;
use rehearsal::record::{Entry, EntryKind, Record};

use crate::calendar::hours_between;

/// A pause this many times longer than usual between samples is a gap in what is known.
const PAUSE_FACTOR_MAX: f64 = 3.5;

/// No plot has room for more, and axes can be made for this without overflow.
pub(crate) const VALUE_MAX: f64 = 1e15;

/// A record laid out for plotting.
pub(crate) struct Story<'a> {
    pub(crate) record: &'a Record,
    /// What lines are drawn through, in order of time.
    pub(crate) samples: Vec<&'a Entry>,
    /// The axis of all its plots.
    pub(crate) time: TimeAxis,
    /// Samples further apart than this are not joined.
    pub(crate) pause_hours_max: f64,
}

/// The axis of time that plots share.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct TimeAxis {
    /// The first instant.
    pub(crate) start: Time,
    /// Its length; above zero.
    pub(crate) hours: f64,
}

impl TimeAxis {
    /// Hours from the start.
    pub(crate) fn hour(&self, at: Time) -> f64 {
        hours_between(self.start, at)
    }
}

impl<'a> Story<'a> {
    pub(crate) fn new(record: &'a Record) -> Self {
        // A record that was read back from JSON has no samples, but hourly lines.
        let source = if record.samples.is_empty() { &record.timeline } else { &record.samples };
        let mut samples: Vec<&Entry> = source.iter().collect();
        samples.sort_by_key(|entry| entry.at);
        let seen = || record.timeline.iter().chain(&record.samples).map(|entry| entry.at);
        let start = seen().min().map_or(record.start, |first| first.min(record.start));
        let end = seen().max().map_or(record.end, |last| last.max(record.end));
        let pause_hours_max = usual_pause_hours(&samples) * PAUSE_FACTOR_MAX;
        // An axis without a length has no place for anything: at least an hour.
        let hours = hours_between(start, end).max(1.0);
        Self { record, samples, time: TimeAxis { start, hours }, pause_hours_max }
    }

    /// Hours from the axis' start.
    pub(crate) fn hour(&self, at: Time) -> f64 {
        self.time.hour(at)
    }

    /// The values of a track as segments without gaps: a value that is absent or not finite,
    /// or a long pause between samples, ends a segment.
    pub(crate) fn segments(&self, of: impl Fn(&Entry) -> Option<f64>) -> Vec<Segment> {
        let mut segments: Vec<Segment> = Vec::new();
        let mut open: Segment = Vec::new();
        for entry in &self.samples {
            let hour = self.hour(entry.at);
            let paused = open.last().is_some_and(|(last, _)| hour - last > self.pause_hours_max);
            let value = of(entry)
                .filter(|value| value.is_finite())
                .map(|value| value.clamp(-VALUE_MAX, VALUE_MAX));
            if (paused || value.is_none()) && !open.is_empty() {
                segments.push(std::mem::take(&mut open));
            }
            if let Some(value) = value {
                open.push((hour, value));
            }
        }
        if !open.is_empty() {
            segments.push(open);
        }
        segments
    }

    /// What happened, in the order of the timeline: everything but samples.
    pub(crate) fn events(&self) -> impl Iterator<Item = &'a Entry> + use<'a> {
        self.record.timeline.iter().filter(|entry| entry.kind != EntryKind::Sample)
    }
}

/// Points in order of time, in hours from the axis' start, without a gap between them.
pub(crate) type Segment = Vec<(f64, f64)>;

/// The median pause between samples; an hour when there are too few to say.
fn usual_pause_hours(samples: &[&Entry]) -> f64 {
    let mut pauses: Vec<f64> = samples
        .windows(2)
        .filter_map(|pair| match pair {
            [one, next] => Some(hours_between(one.at, next.at)),
            _ => None,
        })
        .filter(|pause| *pause > 0.0)
        .collect();
    pauses.sort_by(f64::total_cmp);
    pauses.get(pauses.len() / 2).copied().unwrap_or(1.0)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use model::status::Status;
    use model::verdict::VerdictKind;
    use model::{PerSide, Span};
    use rehearsal::record::{Outcome, SCHEMA, Totals};

    use super::*;

    /// A record with samples at these minutes, with these latencies on EC2.
    fn record(samples: &[(u64, Option<f64>)]) -> Record {
        let start = Time::from_secs(0);
        let sample = |(minute, value): &(u64, Option<f64>)| Entry {
            at: start + Span::from_mins(*minute),
            kind: EntryKind::Sample,
            share_wanted: None,
            share_set: None,
            share_measured: None,
            tasks: PerSide::default(),
            p99_ms: PerSide { ec2: *value, fargate: None },
            requests_per_minute: PerSide::default(),
            slow_ratio: PerSide::default(),
            verdict: VerdictKind::Hold,
            reason: String::new(),
            evidence: None,
        };
        Record {
            schema: SCHEMA,
            name: String::new(),
            seed: 0,
            inputs: BTreeMap::new(),
            options: BTreeMap::new(),
            start,
            end: start,
            outcome: Outcome::Succeeded,
            timeline: Vec::new(),
            status: Status::default(),
            totals: Totals::default(),
            findings: Vec::new(),
            samples: samples.iter().map(sample).collect(),
            latency_slo_ms: None,
        }
    }

    #[test]
    fn segments_end_where_a_value_or_a_sample_is_missing() {
        let one = Some(1.0);
        for (samples, lengths) in [
            (vec![(0, one), (5, one), (10, one)], vec![3]),
            (vec![(0, one), (5, None), (10, one), (15, one)], vec![1, 2]),
            (vec![(0, one), (5, Some(f64::NAN)), (10, one)], vec![1, 1]),
            (vec![(0, one), (5, one), (10, one), (40, one), (45, one)], vec![3, 2]),
            (vec![(0, None), (5, None)], vec![]),
            (vec![], vec![]),
        ] {
            let record = record(&samples);
            let segments = Story::new(&record).segments(|entry| entry.p99_ms.ec2);
            let found: Vec<usize> = segments.iter().map(Vec::len).collect();
            assert_eq!(found, lengths, "{samples:?}");
        }
    }

    #[test]
    fn values_beyond_all_reason_are_held_where_axes_can_be_made() {
        let record = record(&[(0, Some(f64::MAX)), (5, Some(f64::MIN))]);
        let segments = Story::new(&record).segments(|entry| entry.p99_ms.ec2);
        let values: Vec<f64> = segments.concat().into_iter().map(|(_, value)| value).collect();
        assert_eq!(values, [VALUE_MAX, -VALUE_MAX]);
    }
}
