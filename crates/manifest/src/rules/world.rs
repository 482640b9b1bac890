//! What a world must say to be possible.

use model::spec::World;

use super::{Broken, Rules};

pub(crate) fn world(world: &World) -> Vec<Broken> {
    let mut rules = Rules::default();
    for (path, value) in [
        ("vcpu", world.vcpu),
        ("cpuMsPerRequest", world.cpu_ms_per_request),
        ("baseLatency.medianMs", world.base_latency.median_ms),
        ("start.medianS", world.start.median_s),
        ("timeoutS", world.timeout_s),
        ("metric.periodS", world.metric.period_s),
        ("slo.thresholdMs", world.slo.threshold_ms),
    ] {
        rules.ask(value > 0.0, path, format!("{value} is not above 0"), "write what was measured");
    }
    for (path, value) in [
        ("idleVcpu", world.idle_vcpu),
        ("kappa", world.kappa),
        ("start.sigma", world.start.sigma),
        ("start.healthS", world.start.health_s),
        ("bootVcpu", world.boot_vcpu),
        ("drainS", world.drain_s),
        ("metric.lagS", world.metric.lag_s),
        ("metric.noise", world.metric.noise),
    ] {
        rules.ask(value >= 0.0, path, format!("{value} is below 0"), "write 0 or more");
    }
    rules.ask(
        world.idle_vcpu < world.vcpu,
        "idleVcpu",
        "an idle task would use its whole CPU",
        "write less than `vcpu`",
    );
    rules.ask(
        world.base_latency.p99_ms >= world.base_latency.median_ms,
        "baseLatency.p99Ms",
        "the 99th percentile is below the median",
        "write at least `medianMs`",
    );
    rules.ask(
        world.start.launches_per10s > 0,
        "start.launchesPer10s",
        "0 launches would start no task",
        "write the most that start in ten seconds",
    );
    rules.ask(
        world.min <= world.max && world.max > 0,
        "max",
        format!("{} tasks at most and {} at least leaves no room", world.max, world.min),
        "write a `max` that is above 0 and not below `min`",
    );
    rules.0
}
