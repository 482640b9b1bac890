//! Common random numbers: the same chance for every policy that is compared.

use sampling::Generator;

/// Standard normal numbers by tick, so that a policy that asks for one task more moves no chance
/// of any other tick.
#[derive(Debug, Clone, PartialEq)]
pub struct Noise {
    /// Of what CloudWatch measures in a tick.
    pub(crate) metric: Vec<f64>,
    /// How slow starts are that are ordered in a tick.
    pub(crate) start: Vec<f64>,
}

impl Noise {
    /// The numbers of `seed` for as many ticks.
    #[must_use]
    pub fn new(seed: u64, ticks: usize) -> Self {
        let root = Generator::new(seed);
        let draw = |label| {
            let mut generator = root.fork(label);
            (0..ticks).map(|_| generator.standard_normal()).collect()
        };
        Self { metric: draw("metric"), start: draw("start") }
    }

    /// Numbers that were drawn elsewhere, for a comparison tick by tick with another program.
    #[must_use]
    pub const fn drawn(metric: Vec<f64>, start: Vec<f64>) -> Self {
        Self { metric, start }
    }
}
