//! Common random numbers: the same chance for every policy that is compared.

use sampling::Generator;

/// Beside each task's own delay, all starts of a tick are slow together by this sigma
/// (capacity-and-scaling, section 4).
const START_TOGETHER_SIGMA: f64 = 0.15;

/// Standard normal numbers by tick, so that a policy that asks for one task more moves no chance
/// of any other tick.
#[derive(Debug, Clone, PartialEq)]
pub struct Noise {
    /// Of what CloudWatch measures in a tick.
    pub(crate) metric: Vec<f64>,
    /// By how much starts that are ordered in a tick are longer than normal.
    pub(crate) stretch: Vec<f64>,
}

impl Noise {
    /// The numbers of `seed` for as many ticks.
    #[must_use]
    pub fn new(seed: u64, ticks: usize) -> Self {
        let root = Generator::new(seed);
        let draw = |label| {
            let mut generator = root.fork(label);
            (0..ticks).map(|_| generator.standard_normal()).collect::<Vec<f64>>()
        };
        Self::drawn(draw("metric"), &draw("start"))
    }

    /// Of standard normal numbers that were drawn elsewhere, for a comparison tick by tick with
    /// another program: what a tick's metric is off by, how slow starts ordered in it are.
    #[must_use]
    pub fn drawn(metric: Vec<f64>, start: &[f64]) -> Self {
        let stretch = start.iter().map(|z| libm::exp(START_TOGETHER_SIGMA * z)).collect();
        Self { metric, stretch }
    }
}
