//! Noise that nobody asked for: autocorrelated, in bursts, and common to both sides.

use model::{PerSide, Side};
use sampling::Generator;

use crate::spec::NoiseSpec;

/// Latency and errors of both sides in one minute, as factors of their usual values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Sky {
    pub(crate) latency: f64,
    pub(crate) errors: f64,
    pub(crate) cpu: f64,
}

/// The noise of one application.
#[derive(Debug, Clone)]
pub(crate) struct Weather {
    spec: NoiseSpec,
    /// The part of a deviation that is new each minute.
    fresh: f64,
    sides: PerSide<SideWeather>,
    incident: Episode,
    incident_errors: f64,
    incident_draws: Generator,
}

#[derive(Debug, Clone)]
struct SideWeather {
    latency: f64,
    errors: f64,
    burst: Episode,
    draws: Generator,
}

/// Something that lasts some minutes.
#[derive(Debug, Clone, Copy, Default)]
struct Episode {
    minutes_left: u64,
    latency: f64,
}

const WEEK_MINUTES: f64 = 7.0 * 24.0 * 60.0;

impl Weather {
    pub(crate) fn new(spec: NoiseSpec, draws: &Generator) -> Self {
        let side = |side: Side| SideWeather {
            latency: 0.0,
            errors: 0.0,
            burst: Episode::default(),
            draws: draws.fork(side.name()),
        };
        Self {
            fresh: libm::sqrt((1.0 - spec.persistence * spec.persistence).max(0.0)),
            spec,
            sides: PerSide::from_fn(side),
            incident: Episode::default(),
            incident_errors: 1.0,
            incident_draws: draws.fork("incidents"),
        }
    }

    /// The next minute's noise.
    pub(crate) fn minute(&mut self) -> PerSide<Sky> {
        let spec = self.spec;
        if self.incident.minutes_left > 0 {
            self.incident.minutes_left -= 1;
        } else if self.incident_draws.chance(spec.incidents_per_week / WEEK_MINUTES) {
            self.incident = Episode {
                minutes_left: self.incident_draws.integer_between(10, 30),
                latency: self.incident_draws.uniform_between(1.3, 2.5),
            };
            self.incident_errors = self.incident_draws.uniform_between(3.0, 15.0);
        }
        let common = if self.incident.minutes_left > 0 {
            (self.incident.latency, self.incident_errors)
        } else {
            (1.0, 1.0)
        };
        let fresh = self.fresh;
        PerSide::from_fn(|side| self.sides.get_mut(side).minute(&spec, fresh, common))
    }
}

impl SideWeather {
    fn minute(&mut self, spec: &NoiseSpec, fresh: f64, common: (f64, f64)) -> Sky {
        // Always the same number of draws, so that one parameter moves nothing of another.
        let [a, b, c] = [(); 3].map(|()| self.draws.standard_normal());
        let begins = self.draws.uniform();
        self.latency = spec.persistence * self.latency + fresh * a;
        self.errors = spec.persistence * self.errors + fresh * b;
        if self.burst.minutes_left > 0 {
            self.burst.minutes_left -= 1;
        } else if begins < spec.bursts_per_week / WEEK_MINUTES {
            self.burst = Episode {
                minutes_left: self.draws.integer_between(1, 6),
                latency: self.draws.uniform_between(1.2, 1.6),
            };
        }
        let burst = if self.burst.minutes_left > 0 { self.burst.latency } else { 1.0 };
        Sky {
            latency: libm::exp(spec.latency * self.latency) * burst * common.0,
            errors: libm::exp(spec.errors * self.errors) * common.1,
            cpu: 1.0 + spec.cpu * c,
        }
    }
}
