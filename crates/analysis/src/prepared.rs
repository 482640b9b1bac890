//! Settings as a minute needs them.

use std::cell::OnceCell;

use crate::calibration::{self, Margin};
use crate::settings::Settings;
use crate::signal::{PerSignal, PerSlo, Signal, Slo};

/// The settings, and every number that follows from them alone: worked out once for a log instead
/// of in each of its minutes.
#[derive(Debug)]
pub(crate) struct Prepared<'a> {
    pub(crate) settings: &'a Settings,
    is_asked: PerSignal<bool>,
    budgets: PerSlo<Option<f64>>,
    /// What a ratio is multiplied by for what is known and not known of clients.
    pub(crate) clients: PerSignal<Margin>,
    /// See [`Settings::harm_needed`].
    pub(crate) harm_needed: f64,
    /// See [`Settings::safe_needed`].
    pub(crate) safe_needed: f64,
    /// See [`Settings::clip`].
    pub(crate) clip: f64,
}

/// Settings that are prepared when the first minute is judged: half of all rows complete none.
#[derive(Debug)]
pub(crate) struct Preparing<'a> {
    settings: &'a Settings,
    prepared: OnceCell<Prepared<'a>>,
}

impl<'a> Preparing<'a> {
    pub(crate) const fn new(settings: &'a Settings) -> Self {
        Self { settings, prepared: OnceCell::new() }
    }

    pub(crate) fn get(&self) -> &Prepared<'a> {
        self.prepared.get_or_init(|| Prepared::new(self.settings))
    }
}

impl<'a> Prepared<'a> {
    pub(crate) fn new(settings: &'a Settings) -> Self {
        Self {
            settings,
            is_asked: PerSignal::from_fn(|signal| settings.signals.contains(&signal)),
            budgets: PerSlo::from_fn(|slo| settings.budget(slo)),
            clients: PerSignal::from_fn(|signal| calibration::clients(settings, signal)),
            harm_needed: settings.harm_needed(),
            safe_needed: settings.safe_needed(),
            clip: settings.clip(),
        }
    }

    /// The signals that are compared, in the order of every listing.
    pub(crate) fn signals(&self) -> impl Iterator<Item = Signal> + Clone {
        let is_asked = self.is_asked;
        Signal::ALL.into_iter().filter(move |signal| *is_asked.get(*signal))
    }

    /// The error budget of `slo`, if it has one that can be spent.
    pub(crate) const fn budget(&self, slo: Slo) -> Option<f64> {
        *self.budgets.get(slo)
    }
}
