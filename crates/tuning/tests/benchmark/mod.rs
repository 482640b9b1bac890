//! The world of the benchmark, which is also that of `config/examples/world.yaml`.

use model::spec::World;

/// Monday, 5 January 2026, as a load whose file has no times begins by itself.
pub(crate) const MONDAY: i64 = 1_767_571_200;

/// That world with other bounds, in tasks.
pub(crate) fn world(min: u32, max: u32) -> World {
    serde_json::from_value(serde_json::json!({
        "apiVersion": "ferry/v1", "kind": "World",
        "vcpu": 1.0, "cpuMsPerRequest": 14.0, "idleVcpu": 0.03, "kappa": 1.5,
        "baseLatency": {"medianMs": 40.0, "p99Ms": 150.0},
        "start": {"medianS": 50.0, "sigma": 0.25, "healthS": 15.0, "launchesPer10s": 80},
        "bootVcpu": 0.5, "drainS": 30.0, "timeoutS": 10.0,
        "metric": {"periodS": 60.0, "lagS": 120.0, "noise": 0.02},
        "slo": {"thresholdMs": 300.0, "objective": "99%"},
        "min": min, "max": max,
    }))
    .unwrap()
}
