//! A small world, and weeks with surges.

use model::Time;
use model::spec::World;
use tuning::load::{DAY_MINUTES, Load};
use tuning::shape::Names;

pub(crate) const MONDAY: i64 = 1_767_571_200;

pub(crate) fn world() -> World {
    serde_json::from_value(serde_json::json!({
        "apiVersion": "ferry/v1", "kind": "World",
        "vcpu": 1.0, "cpuMsPerRequest": 14.0, "idleVcpu": 0.03, "kappa": 1.5,
        "baseLatency": {"medianMs": 40.0, "p99Ms": 150.0},
        "start": {"medianS": 50.0, "sigma": 0.25, "healthS": 15.0, "launchesPer10s": 80},
        "bootVcpu": 0.5, "drainS": 30.0, "timeoutS": 10.0,
        "metric": {"periodS": 60.0, "lagS": 120.0, "noise": 0.02},
        "slo": {"thresholdMs": 300.0, "objective": "99%"},
        "min": 10, "max": 300,
    }))
    .unwrap()
}

pub(crate) fn names() -> Names {
    Names::new("service/prd/api")
}

/// A day's curve with a surge at noon that doubles the load within two minutes.
pub(crate) fn rate(minute: usize) -> f64 {
    let of_day = f64::from(u32::try_from(minute % DAY_MINUTES).unwrap());
    let base = 1_200.0 * (1.3 - (std::f64::consts::TAU * of_day / 1_440.0).cos());
    let since = of_day - 720.0;
    let surge =
        if since >= 0.0 { 1.5 * (1.0 - (-since - 0.5).exp()) * (-since / 8.0).exp() } else { 0.0 };
    base * (1.0 + surge)
}

pub(crate) fn days(count: usize) -> Load {
    Load::new(Time::from_secs(MONDAY), (0..count * DAY_MINUTES).map(rate).collect()).unwrap()
}
