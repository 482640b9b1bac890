//! A small world, and weeks with surges.

#[path = "../benchmark/mod.rs"]
mod benchmark;

pub(crate) use benchmark::MONDAY;
use model::Time;
use model::spec::World;
use tuning::load::{DAY_MINUTES, Load};
use tuning::shape::Names;

pub(crate) fn world() -> World {
    benchmark::world(10, 300)
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
