//! What a judge is told: signals, objectives, error rates, routers.

mod of_spec;

use std::collections::{BTreeMap, BTreeSet};

use model::{Share, Span};
use serde::{Deserialize, Serialize};

use crate::signal::{Signal, Slo};

/// Everything that the judging of one migration depends on besides its minutes.
///
/// Every value is accepted; probabilities and spans that make no sense are read as the nearest
/// that does, so that no configuration can switch the alarm off (see the getters).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Settings {
    /// What is compared; all of these must be proven before an advance.
    pub signals: BTreeSet<Signal>,
    /// The error budget of each SLO: one less its objective. Without one there is no guard and
    /// no burn rate for it.
    pub budgets: BTreeMap<Slo, f64>,
    /// What it takes to roll back.
    pub when: When,
    /// What to do when both sides burn alike.
    pub on_common_mode: CommonMode,
    /// The greatest probability of a false rollback over the whole migration, 0.01.
    pub alpha: f64,
    /// The greatest probability of a false proof of safety per step, 0.05.
    pub beta: f64,
    /// How long the migration may last: the alarm's threshold spreads alpha over it (A12).
    pub deadline: Span,
    /// The longest one-sided bad episode that a rollback should not answer to, in minutes (A2).
    pub tolerated_episode: Span,
    /// What is known of the difference between the clients of the two sides (A10).
    pub calibration: Calibration,
    /// How the weights become shares, for the sample-ratio check.
    pub router: Router,
    /// The high load that a proof must have seen (A6); `None` asks for none.
    pub coverage: Option<Coverage>,
    /// Random differences between tasks, as a standard deviation of log latency: few tasks on a
    /// side widen the margin (section 2.2). Zero where tasks are known to be alike.
    pub task_spread: f64,
}

/// What it takes to roll back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum When {
    /// Fargate burns its budget and EC2 does not, or is proven worse with the budget burning (A8).
    Slo,
    /// Fargate is proven worse than the margin, whatever the budget says.
    Relative,
    /// Whichever of the two comes first.
    Either,
}

/// What to do when both sides burn their budgets alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum CommonMode {
    /// Hold and alert: moving traffic back to a side that fails as well helps nobody.
    Hold,
    /// Roll back all the same.
    RollBack,
}

/// What is known of the difference between the clients that a router sends to each side (A10).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "mode")]
pub enum Calibration {
    /// One balancer splits requests at random: the sides draw the same clients.
    NotNeeded,
    /// A DNS router whose difference was not learnt: 5 % of latency is carried both ways.
    None,
    /// Learnt with EC2 tasks behind both balancers.
    #[serde(rename = "routerAA")]
    RouterAA {
        /// By signal; a signal that is not here was not learnt and cannot be proven.
        offsets: BTreeMap<Signal, Offset>,
    },
}

/// A learnt difference: ln of Fargate's bad fraction over EC2's when nothing differs but clients.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Offset {
    /// The difference.
    pub value: f64,
    /// Its standard error.
    pub error: f64,
}

/// How weights become shares.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "type")]
pub enum Router {
    /// Not checked: no router, or one whose stickiness bends the share.
    Unchecked,
    /// A balancer draws a side for each request: the share is binomial.
    Balancer,
    /// DNS draws a side for each resolver: a wide band around the weight.
    Dns {
        /// The learnt concentration of clients on resolvers, H in w +- 3 sqrt(w (1 - w) H).
        concentration: f64,
    },
}

/// The high load that a proof must have seen before the larger shares (A6).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Coverage {
    /// Requests a minute over both sides that count as high: see [`crate::coverage::high_load`].
    pub requests_high: f64,
    /// Minutes of it that are needed, 60.
    pub minutes: u32,
    /// Whether a recurring surge must have come by as well.
    pub surge: bool,
    /// Asked for from this share upwards: at 25 % the next step is half of all traffic.
    pub share_min: Share,
}

impl Coverage {
    /// What a migration asks for where minutes above `requests_high` count as high load.
    #[must_use]
    pub const fn of_high_load(requests_high: f64, surge: bool) -> Self {
        Self { requests_high, minutes: 60, surge, share_min: Share::percent(25) }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            signals: Signal::ALL.into(),
            budgets: [(Slo::Latency, 0.01), (Slo::Availability, 0.001)].into(),
            when: When::Slo,
            on_common_mode: CommonMode::Hold,
            alpha: 0.01,
            beta: 0.05,
            deadline: Span::from_days(21),
            tolerated_episode: Span::from_mins(8),
            calibration: Calibration::NotNeeded,
            router: Router::Unchecked,
            coverage: None,
            task_spread: 0.0,
        }
    }
}

impl Settings {
    /// The error budget of `slo`, if it has one that can be spent.
    #[must_use]
    pub fn budget(&self, slo: Slo) -> Option<f64> {
        self.budgets.get(&slo).copied().filter(|budget| *budget > 0.0 && *budget < 1.0)
    }

    /// T_max / alpha: what the detector must reach. Its logarithm is 14.9 for 21 days and 1 %.
    #[must_use]
    pub(crate) fn harm_needed(&self) -> f64 {
        let minutes = f64::from(u32::try_from(self.deadline.as_mins()).unwrap_or(u32::MAX));
        minutes.max(DEADLINE_MINUTES_MIN) / probability(self.alpha, 0.01)
    }

    /// ln(1 / beta): what each proof of safety must reach.
    #[must_use]
    pub(crate) fn safe_needed(&self) -> f64 {
        -libm::log(probability(self.beta, 0.05))
    }

    /// The most that one minute may add to the evidence, in nats: 9.6 over the tolerated episode.
    ///
    /// Eight minutes of one-sided trouble then add 9.6 nats, short of any threshold, and the
    /// clip of the default is 1.2.
    #[must_use]
    pub(crate) fn clip(&self) -> f64 {
        let minutes = self.tolerated_episode.secs_f64() / 60.0;
        9.6 / minutes.clamp(EPISODE_MINUTES_MIN, EPISODE_MINUTES_MAX)
    }
}

/// A threshold for less than a day would alarm on less evidence than any day can give by chance.
const DEADLINE_MINUTES_MIN: f64 = 1_440.0;
/// A2: episodes shorter than 8 minutes are not told from noise, longer than 20 are outages.
const EPISODE_MINUTES_MIN: f64 = 8.0;
const EPISODE_MINUTES_MAX: f64 = 20.0;

/// `value` where it is a probability that leaves room both ways, or `otherwise` for NaN.
fn probability(value: f64, otherwise: f64) -> f64 {
    if value.is_nan() { otherwise } else { value.clamp(1e-6, 0.5) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_can_be_spent_between_nothing_and_everything() {
        for (budget, is_one) in
            [(0.0, false), (1e-9, true), (0.999, true), (1.0, false), (f64::NAN, false)]
        {
            let settings =
                Settings { budgets: [(Slo::Latency, budget)].into(), ..Settings::default() };
            assert_eq!(settings.budget(Slo::Latency), is_one.then_some(budget), "{budget}");
            assert_eq!(settings.budget(Slo::Availability), None);
        }
    }

    #[test]
    fn one_minute_adds_its_part_of_the_episode_that_is_tolerated() {
        for (episode, clip) in [
            (Span::from_mins(8), 1.2),
            (Span::from_secs(12 * 60), 0.8),
            (Span::from_mins(20), 0.48),
            // Shorter ones are noise and longer ones outages.
            (Span::ZERO, 1.2),
            (Span::from_hours(5), 0.48),
        ] {
            let settings = Settings { tolerated_episode: episode, ..Settings::default() };
            assert!((settings.clip() - clip).abs() < 1e-12, "{episode}");
        }
    }

    #[test]
    fn harm_is_proven_at_the_minutes_of_the_deadline_over_alpha() {
        for (deadline, alpha, needed) in [
            (Span::from_days(21), 0.01, 3_024_000.0),
            (Span::from_days(2), 0.5, 5_760.0),
            // Less than a day is a day; certainty and impossibility are neither.
            (Span::from_hours(1), 0.01, 144_000.0),
            (Span::from_days(1), 2.0, 2_880.0),
            (Span::from_days(1), 0.0, 1_440_000_000.0),
            (Span::from_days(1), f64::NAN, 144_000.0),
        ] {
            let settings = Settings { deadline, alpha, ..Settings::default() };
            let found = settings.harm_needed();
            assert!((found / needed - 1.0).abs() < 1e-12, "{deadline} at {alpha}: {found}");
        }
    }
}
