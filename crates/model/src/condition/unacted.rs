//! What a spec may ask for that this version reads and checks but does not do.

use crate::settings::Settings;
use crate::spec::{
    CalibrationMode, DecommissionMode, Migration, Releases, ScalingMode, SloKind, Workload,
};

/// Paths of what `migration` asks for and this version does not do, in the order of the file.
///
/// Only what would change something is named: a default that asks for nothing is acted on by
/// doing nothing. Whoever builds one of these takes its line out.
#[must_use]
pub fn fields_not_acted_on(migration: &Migration) -> Vec<&'static str> {
    let spec = &migration.spec;
    let traffic = &spec.traffic;
    let mut paths = Vec::new();
    let mut note = |asked: bool, path: &'static str| {
        if asked {
            paths.push(path);
        }
    };
    note(spec.fargate.releases == Releases::Follow, "spec.fargate.releases");
    note(spec.fargate.provision.is_some(), "spec.fargate.provision");
    note(
        match &spec.workload {
            Workload::LoadBalanced => false,
            Workload::QueueWorker(_) | Workload::Scheduled(_) => true,
        },
        "spec.workload",
    );
    note(traffic.calibration.mode == CalibrationMode::RouterAa, "spec.traffic.calibration");
    note(has_second(migration), "spec.slos[] beyond the first of a kind");
    note(spec.scaling.mode != ScalingMode::Observe, "spec.scaling.mode");
    note(spec.scaling.bounds.is_some(), "spec.scaling.bounds");
    note(!spec.scaling.events.is_empty(), "spec.scaling.events");
    note(spec.drain.serve_residual, "spec.drain.serveResidual");
    note(spec.decommission.mode == DecommissionMode::Automatic, "spec.decommission.mode");
    note(spec.cost.is_some(), "spec.cost");
    paths
}

/// Whether there are two SLOs on latency or two on availability: the first of each is judged.
fn has_second(migration: &Migration) -> bool {
    let count = |is_it: fn(&SloKind) -> bool| {
        migration.spec.slos.iter().filter(|slo| is_it(&slo.kind)).count()
    };
    count(|kind| matches!(kind, SloKind::Latency(_))) > 1
        || count(|kind| matches!(kind, SloKind::Availability(_))) > 1
}

/// The fields that are set in the settings of a daemon and nothing acts on yet.
#[must_use]
pub fn settings_not_acted_on(settings: &Settings) -> Vec<&'static str> {
    let mut paths = Vec::new();
    if !settings.webhooks.is_empty() {
        paths.push("webhooks (a migration that one selects waits)");
    }
    if !settings.notifications.is_empty() {
        paths.push("notifications");
    }
    paths
}
