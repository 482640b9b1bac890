//! Minimums around surges, and the one-shot scheduled actions that set them.

use capacity::scaling::{
    PolicyRequest, PutScheduledAction, SCALABLE_DIMENSION, SERVICE_NAMESPACE, ScalableTargetAction,
};

use crate::load::{DAY_MINUTES, Horizon, Load};
use crate::physics::Physics;
use crate::shape::Names;
use crate::surges::{Group, Occurrence, Sample, Surges, median};

/// Minutes that the daemon takes to see a minute: its datapoint is that late.
const SEEN_AFTER: usize = 2;
/// Minutes of level that a live floor is corrected by.
const LEVEL_MINUTES: usize = 10;

/// How floors follow from surges.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Floors {
    /// Which of the past's surges counts, a quantile: 1 is the highest.
    pub quantile: f64,
    /// What part of it.
    pub gain: f64,
    /// Minutes before the surge.
    pub lead: usize,
    /// Minutes after its beginning until the minimum goes back.
    pub hold: usize,
}

/// What a floor's level is taken from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Level<'a> {
    /// The past alone: what can be scheduled a week ahead.
    Past,
    /// The ten minutes before the floor is set, in the load as it comes: the daemon writes the pair
    /// `lead` minutes before the surge.
    Live(&'a Load),
}

/// Which surges of the past a floor may be learnt from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Learn {
    /// All of them: the floor is for a later week.
    All,
    /// Those of other days: the floor is for a surge among them.
    OtherDays,
}

impl Floors {
    /// The minimum from each minute on at which it changes, in order of time.
    ///
    /// Where floors overlap the greatest holds.
    #[must_use]
    pub fn minimums(
        &self,
        physics: &Physics,
        surges: &Surges,
        expected: &[Occurrence],
        learn: Learn,
        level: Level<'_>,
    ) -> Vec<(usize, u32)> {
        let world = physics.world();
        let spans: Vec<(usize, usize, u32)> = expected
            .iter()
            .filter_map(|occurrence| {
                let group = surges.groups.get(occurrence.group)?;
                let peak = self.peak(group, *occurrence, learn, level)?;
                let tasks = physics.tasks_for(peak).clamp(world.min, world.max);
                let from = occurrence.minute.saturating_sub(self.lead);
                Some((from, occurrence.minute + self.hold, tasks))
            })
            .collect();
        let mut edges: Vec<usize> = spans.iter().flat_map(|(from, to, _)| [*from, *to]).collect();
        edges.sort_unstable();
        edges.dedup();
        let mut minimums: Vec<(usize, u32)> = Vec::new();
        for edge in edges {
            let active = spans.iter().filter(|(from, to, _)| (*from..*to).contains(&edge));
            let min = active.map(|(_, _, tasks)| *tasks).fold(world.min, u32::max);
            if minimums.last().map_or(world.min, |(_, last)| *last) != min {
                minimums.push((edge, min));
            }
        }
        minimums
    }

    /// The rate to be ready for, in requests per second; `None` where nothing was learnt.
    fn peak(
        &self,
        group: &Group,
        occurrence: Occurrence,
        learn: Learn,
        level: Level<'_>,
    ) -> Option<f64> {
        let day = occurrence.minute / DAY_MINUTES;
        let counts = |sample: &&Sample| match learn {
            Learn::All => true,
            Learn::OtherDays => sample.minute / DAY_MINUTES != day,
        };
        let samples = group.samples.iter().filter(counts);
        let (values, level): (Vec<f64>, f64) = match level {
            Level::Past => (samples.map(|sample| sample.peak).collect(), 1.0),
            Level::Live(load) => {
                let end = occurrence.minute.checked_sub(self.lead + SEEN_AFTER)?;
                let seen = load.minutes().get(end.checked_sub(LEVEL_MINUTES)?..end)?;
                (samples.map(|sample| sample.peak / sample.level).collect(), median(seen)?)
            }
        };
        Some(quantile(values, self.quantile)? * level * self.gain)
    }
}

/// The requests that set `minimums`, in minutes of `horizon`.
#[must_use]
pub fn scheduled(horizon: Horizon, minimums: &[(usize, u32)], names: &Names) -> Vec<PolicyRequest> {
    let action = |(minute, min): &(usize, u32)| {
        let at = horizon.at_minute(*minute).to_jiff().to_zoned(jiff::tz::TimeZone::UTC).datetime();
        PolicyRequest::PutScheduledAction(PutScheduledAction {
            scheduled_action_name: names.of(&format!("floor-{}", at.strftime("%Y-%m-%dT%H-%M"))),
            service_namespace: SERVICE_NAMESPACE.to_owned(),
            resource_id: names.resource_id.clone(),
            scalable_dimension: SCALABLE_DIMENSION.to_owned(),
            schedule: format!("at({})", at.strftime("%Y-%m-%dT%H:%M:%S")),
            timezone: None,
            start_time: None,
            end_time: None,
            scalable_target_action: ScalableTargetAction {
                min_capacity: Some(*min),
                max_capacity: None,
            },
        })
    };
    minimums.iter().map(action).collect()
}

/// The quantile of a few values, linear between them.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "an index into a short list"
)]
fn quantile(mut values: Vec<f64>, part: f64) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let position = part.clamp(0.0, 1.0) * values.len().checked_sub(1)? as f64;
    let below = position as usize;
    let low = values.get(below)?;
    let high = values.get(below + 1).unwrap_or(low);
    Some(low + (high - low) * (position - below as f64))
}
