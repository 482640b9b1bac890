//! CloudWatch metric alarms: M out of N datapoints, missing data, repeated actions.
//!
//! The rules are those of "Alarm evaluation" and "Configuring how CloudWatch alarms treat missing
//! data" in the CloudWatch user guide. An alarm with a period of a minute or more is evaluated
//! once a minute, a shorter one every ten seconds. Actions follow a change of state, and an Auto
//! Scaling action is invoked again once a minute while the state lasts.
//!
//! Absent: metric math, anomaly detection, composite alarms, low-sample percentile rules.

mod request;
mod series;

pub use request::{
    ComparisonOperator, Dimension, MetricQuery, PutMetricAlarm, QueryStatistic, Statistic,
    TreatMissingData,
};
pub use series::{Datapoint, Lag, Series};

use model::{Span, Time};

use crate::Error;

/// How many periods more than N an alarm looks back over for datapoints.
///
/// AWS publishes no rule, only that the range is longer than N and is 5 where N is 3.
pub const EXTRA_PERIODS: u32 = 2;

/// How often an Auto Scaling action is invoked while an alarm keeps its state.
const INVOCATION_INTERVAL: Span = Span::from_secs(60);

/// An alarm's state, with the names AWS gives them.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AlarmState {
    /// Fewer than M of N datapoints are past the threshold.
    Ok,
    /// At least M of N are.
    Alarm,
    /// The alarm is new, or its metric has gone.
    InsufficientData,
}

impl AlarmState {
    /// The state as AWS writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Alarm => "ALARM",
            Self::InsufficientData => "INSUFFICIENT_DATA",
        }
    }
}

/// One alarm and its state.
#[derive(Debug, Clone, PartialEq)]
pub struct Alarm {
    request: PutMetricAlarm,
    state: AlarmState,
    state_since: Time,
    invoked_at: Option<Time>,
    evaluation_due: Time,
    /// What the last judgement saw; nothing after a change by hand.
    judged: Option<Seen>,
}

/// What a judgement depends on beside the configuration and the state: where it is the same, so is
/// the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seen {
    published: u64,
    newest_slot: i64,
}

impl Alarm {
    /// A new alarm, `INSUFFICIENT_DATA` until first evaluated.
    ///
    /// # Errors
    /// [`Error::Request`] for what CloudWatch refuses and for what is not modelled.
    pub fn new(request: PutMetricAlarm, now: Time) -> Result<Self, Error> {
        request.check()?;
        let state = AlarmState::InsufficientData;
        Ok(Self {
            request,
            state,
            state_since: now,
            invoked_at: None,
            evaluation_due: now,
            judged: None,
        })
    }

    /// Replaces the whole configuration, as `PutMetricAlarm` does; the state stays.
    ///
    /// # Errors
    /// As [`Self::new`]; the alarm is then left as it was.
    pub fn put(&mut self, request: PutMetricAlarm) -> Result<(), Error> {
        request.check()?;
        self.request = request;
        self.judged = None;
        Ok(())
    }

    /// The configuration.
    #[must_use]
    pub const fn request(&self) -> &PutMetricAlarm {
        &self.request
    }

    /// The state.
    #[must_use]
    pub const fn state(&self) -> AlarmState {
        self.state
    }

    /// Since when it has been in this state.
    #[must_use]
    pub const fn state_since(&self) -> Time {
        self.state_since
    }

    /// The next instant at which [`Self::evaluate`] does anything.
    #[must_use]
    pub const fn evaluation_due(&self) -> Time {
        self.evaluation_due
    }

    /// Sets the state by hand, as `SetAlarmState` does, until the next evaluation.
    pub const fn set_state(&mut self, state: AlarmState, now: Time) {
        self.state = state;
        self.state_since = now;
        self.invoked_at = None;
        self.judged = None;
    }

    /// Evaluates the alarm if that is due; `Some` when its actions for that state are invoked.
    ///
    /// `series` holds the datapoints of [`PutMetricAlarm::query`]. Called late, an alarm is
    /// evaluated once, as of `now`.
    pub fn evaluate(&mut self, now: Time, series: &Series) -> Option<AlarmState> {
        if now < self.evaluation_due {
            return None;
        }
        self.evaluation_due = self.request.next_evaluation(now);

        let newest_slot = series.newest_expected_slot(now);
        let seen = Seen { published: series.published(), newest_slot };
        let state =
            if self.judged == Some(seen) { self.state } else { self.judge(newest_slot, series) };
        self.judged = Some(seen);
        let changed = state != self.state;
        if changed {
            self.state = state;
            self.state_since = now;
        }
        let again = self.invoked_at.is_some_and(|at| now.since(at) >= INVOCATION_INTERVAL);
        // A state that was set by hand or kept since the alarm was put has invoked nothing yet.
        let due = changed || again || (self.invoked_at.is_none() && state != AlarmState::Ok);
        if !due {
            return None;
        }
        self.invoked_at = Some(now);
        let actions = self.request.actions(state);
        (self.request.actions_enabled && !actions.is_empty()).then_some(state)
    }

    /// The state that the datapoints in the evaluation range call for.
    fn judge(&self, newest: i64, series: &Series) -> AlarmState {
        let needed = self.request.evaluation_periods;
        let to_alarm = self.request.datapoints_to_alarm();
        let range = i64::from(needed.saturating_add(EXTRA_PERIODS));
        let (mut existing, mut breaching, mut oldest_breaching) = (0, 0, 0);
        for point in series.newest_first() {
            let age = newest.saturating_sub(point.slot).saturating_add(1);
            if age > range || existing == needed {
                break;
            }
            existing += 1;
            if self.request.comparison_operator.breaches(point.value, self.request.threshold) {
                breaching += 1;
                oldest_breaching = age;
                if breaching >= to_alarm {
                    return AlarmState::Alarm;
                }
            } else if existing - breaching > needed - to_alarm {
                // So many are not past the threshold that the others cannot be enough, whatever
                // the missing ones count as.
                return AlarmState::Ok;
            }
        }
        let filled = needed - existing;
        let alarm_if = |breaching| {
            if breaching >= to_alarm { AlarmState::Alarm } else { AlarmState::Ok }
        };
        if filled == 0 || breaching >= to_alarm {
            return alarm_if(breaching);
        }
        match self.request.treat_missing_data {
            TreatMissingData::Breaching => alarm_if(breaching + filled),
            TreatMissingData::NotBreaching => alarm_if(breaching),
            TreatMissingData::Missing | TreatMissingData::Ignore if existing > breaching => {
                AlarmState::Ok
            }
            TreatMissingData::Ignore => self.state,
            // Only breaching datapoints, and too few: premature unless the oldest has been
            // waiting for as many periods as the alarm asks for.
            TreatMissingData::Missing
                if existing > 0 && oldest_breaching >= i64::from(to_alarm) =>
            {
                AlarmState::Alarm
            }
            TreatMissingData::Missing => AlarmState::InsufficientData,
        }
    }
}
