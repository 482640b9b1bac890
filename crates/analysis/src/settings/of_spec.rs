//! Settings from what an operator wrote.

use std::collections::BTreeMap;

use model::spec::{OnCommonMode, RollbackWhen, Router as SpecRouter, SloKind, Spec};

use super::{Calibration, CommonMode, Router, Settings, When};
use crate::signal::{Signal, Slo};

/// Concentration of clients on resolvers that a DNS router's share is given until it is learnt:
/// a band of w +- 3 sqrt(w (1 - w) H), 13 points at 25 %. A few hundred equally busy resolvers
/// give 0.003; public resolvers and mobile carriers carry several percent each.
const DNS_CONCENTRATION: f64 = 0.01;
/// Tasks of one service differ by about this much in log latency until it is learnt.
const TASK_SPREAD: f64 = 0.05;

impl Settings {
    /// What a migration's file says of its judging.
    ///
    /// The high load that a proof must have seen is learnt from the past and not here:
    /// [`Settings::coverage`] is `None`.
    #[must_use]
    pub fn of_spec(spec: &Spec) -> Self {
        let mut budgets = BTreeMap::new();
        for slo in &spec.slos {
            match &slo.kind {
                SloKind::Latency(latency) => {
                    budgets.entry(Slo::Latency).or_insert(latency.objective.budget());
                }
                SloKind::Availability(availability) => {
                    budgets.entry(Slo::Availability).or_insert(availability.objective.budget());
                }
                SloKind::Datadog(_) => {}
            }
        }
        let is_dns = spec.traffic.router.as_ref().is_some_and(SpecRouter::is_dns);
        Self {
            signals: Signal::ALL.into_iter().filter(|s| budgets.contains_key(&s.slo())).collect(),
            budgets,
            when: match spec.rollback.when {
                RollbackWhen::Slo => When::Slo,
                RollbackWhen::Relative => When::Relative,
                RollbackWhen::Either => When::Either,
            },
            on_common_mode: match spec.rollback.on_common_mode {
                OnCommonMode::Hold => CommonMode::Hold,
                OnCommonMode::RollBack => CommonMode::RollBack,
            },
            deadline: spec.traffic.deadline,
            calibration: if is_dns { Calibration::None } else { Calibration::NotNeeded },
            router: match &spec.traffic.router {
                None => Router::Unchecked,
                Some(_) if is_dns => Router::Dns { concentration: DNS_CONCENTRATION },
                Some(_) => Router::Balancer,
            },
            task_spread: TASK_SPREAD,
            ..Self::default()
        }
    }
}
