//! What the judge is told: objectives from the spec, thresholds and high load from EC2's past.

use std::collections::{BTreeMap, BTreeSet};

use analysis::settings::{Coverage, Settings};
use cloud::signals::{Quantiles, Thresholds};
use model::{Side, Span};
use serde::{Deserialize, Serialize};

use crate::managed::Managed;
use crate::surge;
use crate::watch::Judge;

/// What is learnt from EC2's past once and then stays: a threshold that moved with the
/// migration would hide what the migration does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Frozen {
    /// EC2's own latency quantiles.
    pub(crate) quantiles: FrozenQuantiles,
    /// The 95th percentile of a week's minutes, where a day at least is known.
    pub(crate) requests_high: Option<f64>,
    /// Minutes of the UTC day in which a surge recurs.
    pub(crate) surges: BTreeSet<i64>,
}

/// EC2's own latency quantiles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FrozenQuantiles {
    pub(crate) p50: Span,
    pub(crate) p90: Span,
}

impl From<Quantiles> for FrozenQuantiles {
    fn from(Quantiles { p50, p90 }: Quantiles) -> Self {
        Self { p50, p90 }
    }
}

impl Frozen {
    /// Learns from total requests by minute.
    #[expect(clippy::cast_precision_loss, reason = "requests per minute are far below 2^53")]
    pub(crate) fn learn(quantiles: FrozenQuantiles, totals: &BTreeMap<i64, u64>) -> Self {
        let rates: Vec<f64> = totals.values().map(|total| *total as f64).collect();
        Self {
            quantiles,
            requests_high: analysis::coverage::high_load(&rates),
            surges: surge::recurring(totals),
        }
    }

    /// Whether a recurring surge is due in `minute`; `None` where none recurs.
    pub(crate) fn surge_due(&self, minute: i64) -> Option<bool> {
        (!self.surges.is_empty()).then(|| self.surges.contains(&minute.rem_euclid(1_440)))
    }
}

/// The judge's settings for a migration.
pub(crate) fn settings(managed: &Managed, frozen: &Frozen) -> Settings {
    Settings {
        coverage: frozen
            .requests_high
            .map(|requests_high| Coverage::of_high_load(requests_high, !frozen.surges.is_empty())),
        ..Settings::of_spec(&managed.migration.spec)
    }
}

/// What a proof must have seen, in the words that people are shown.
pub(crate) fn asked(judge: &Judge) -> Option<model::verdict::Coverage> {
    let coverage = judge.settings.coverage.as_ref()?;
    Some(model::verdict::Coverage {
        share_min: coverage.share_min,
        minutes: coverage.minutes,
        surges: if coverage.surge { judge.frozen.surges.clone() } else { BTreeSet::new() },
    })
}

/// The latency thresholds to count at on one side: Fargate's comparison thresholds are higher by
/// the margin, while the SLO's own is the same on both.
pub(crate) fn thresholds(side: Side, slo: Option<Span>, quantiles: FrozenQuantiles) -> Thresholds {
    let compared = |threshold: Span| match side {
        Side::Ec2 => threshold,
        Side::Fargate => {
            let slo_ms = slo.unwrap_or(threshold).secs_f64() * 1_000.0;
            let ms = analysis::pairing::candidate_threshold(threshold.secs_f64() * 1_000.0, slo_ms);
            millis(ms).unwrap_or(threshold)
        }
    };
    Thresholds {
        slow: slo,
        slow_slo: slo.map(compared),
        slow_p90: slo.map(|_| compared(quantiles.p90)),
        slow_p50: slo.map(|_| compared(quantiles.p50)),
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to be between 0 and a day of milliseconds"
)]
fn millis(ms: f64) -> Option<Span> {
    (0.0..86_400_000.0).contains(&ms).then_some(Span::from_millis((ms + 0.5) as u64))
}
