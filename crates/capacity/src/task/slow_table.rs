//! The slow fraction of one threshold, tabulated over utilisation.

use super::TaskModel;

/// Intervals between utilisation 0 and 1; a look-up is within a part in a thousand of the formula,
/// except in the one interval where the formula stops rising, at utilisation 0.995.
const INTERVALS: u16 = 2048;

/// A table of [`TaskModel::slow_fraction`] for one threshold.
#[derive(Debug, Clone, PartialEq)]
pub struct SlowTable {
    model: TaskModel,
    threshold_seconds: f64,
    fractions: Vec<f64>,
}

impl SlowTable {
    pub(super) fn new(model: &TaskModel, threshold_seconds: f64) -> Self {
        let at = |i: u16| f64::from(i) / f64::from(INTERVALS);
        let fractions =
            (0..=INTERVALS).map(|i| model.slow_fraction(at(i), 0.0, threshold_seconds)).collect();
        Self { model: model.clone(), threshold_seconds, fractions }
    }

    /// The threshold the table was made for, in seconds.
    #[must_use]
    pub const fn threshold_seconds(&self) -> f64 {
        self.threshold_seconds
    }

    /// The slow fraction at `utilisation`; exact, and slower, once there is a backlog.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the utilisation was clamped to 0..=1"
    )]
    pub fn slow_fraction(&self, utilisation: f64, backlog_seconds: f64) -> f64 {
        if utilisation.is_nan() || backlog_seconds.is_nan() {
            return 1.0;
        }
        if backlog_seconds > 0.0 {
            return self.model.slow_fraction(utilisation, backlog_seconds, self.threshold_seconds);
        }
        let position = utilisation.clamp(0.0, 1.0) * f64::from(INTERVALS);
        let index = position as u16;
        let at = usize::from(index);
        let below = self.fractions.get(at).copied().unwrap_or(1.0);
        let above = self.fractions.get(at + 1).copied().unwrap_or(below);
        below + (position - f64::from(index)) * (above - below)
    }
}
