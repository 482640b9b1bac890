//! The sample-ratio check: whether requests follow the weights.
//!
//! A candidate whose failing requests vanish before they are counted looks healthy; its share of
//! requests does not. One balancer draws sides at random, so the share is binomial and the same
//! e-detector as everywhere tests it; DNS draws resolvers, so only a wide band can be asked for.

use model::{PerSide, Share};
use serde::{Deserialize, Serialize};

use crate::fair::normalisers;
use crate::prepared::Prepared;
use crate::settings::Router;

/// The check since the step began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct SampleRatio {
    block: PerSide<f64>,
    minutes: u32,
    /// The last six whole blocks, the newest last.
    hour: [PerSide<f64>; 6],
    more: f64,
    less: f64,
    is_outside_band: bool,
}

/// Odds within this factor of the weights' are no trouble, however surely they differ.
const ODDS_MARGIN: f64 = 1.1;
/// Alternatives beyond the margin, and their logarithms.
const ODDS: [f64; 4] = [1.1, 1.25, 1.6, 2.5];
const ODDS_LN: [f64; 4] = [
    0.095_310_179_804_324_87,
    0.223_143_551_314_209_76,
    0.470_003_629_245_735_6,
    0.916_290_731_874_155_1,
];
/// What one 10-minute block may add: six of them are needed.
const BLOCK_CLIP: f64 = 2.5;
const STATISTIC_MAX: f64 = 1e200;
/// Sampling alone moves the share of a small hour: added to the band of DNS.
const BAND_DEVIATIONS: f64 = 3.0;

impl SampleRatio {
    /// Adds a settled minute in which both sides' requests are known.
    pub(crate) fn add(&mut self, requests: PerSide<f64>) {
        self.block.ec2 += requests.ec2;
        self.block.fargate += requests.fargate;
        self.minutes += 1;
    }

    /// Ends a 10-minute block.
    pub(crate) fn close(&mut self, router: Router, share: Option<Share>) {
        let block = core::mem::take(&mut self.block);
        let minutes = core::mem::take(&mut self.minutes);
        let [_, a, b, c, d, e] = self.hour;
        self.hour = [a, b, c, d, e, block];
        let Some(share) = share.filter(|share| *share > Share::ZERO && *share < Share::FULL) else {
            return;
        };
        match router {
            Router::Unchecked => {}
            Router::Balancer if minutes > 0 => {
                let odds = share.ratio() / share.rest().ratio();
                self.more = bet(self.more, block.fargate, block.ec2, odds);
                self.less = bet(self.less, block.ec2, block.fargate, 1.0 / odds);
            }
            Router::Balancer => {}
            Router::Dns { concentration } => {
                self.is_outside_band = self.outside_band(share.ratio(), concentration);
            }
        }
    }

    fn outside_band(&self, weight: f64, concentration: f64) -> bool {
        let fargate: f64 = self.hour.iter().map(|block| block.fargate).sum();
        let total = fargate + self.hour.iter().map(|block| block.ec2).sum::<f64>();
        if total <= 0.0 || !concentration.is_finite() {
            return false;
        }
        let spread = weight * (1.0 - weight) * (concentration.max(0.0) + 1.0 / total);
        (fargate / total - weight).abs() > BAND_DEVIATIONS * libm::sqrt(spread)
    }

    /// Whether the measured share disagrees with the weights.
    pub(crate) fn is_mismatch(&self, prepared: &Prepared<'_>) -> bool {
        self.is_outside_band || (self.more + self.less) / 2.0 >= prepared.harm_needed
    }
}

/// One step of the e-detector for "the odds of landing here are more than 1.1 times `odds`".
fn bet(statistic: f64, here: f64, there: f64, odds: f64) -> f64 {
    let null = ODDS_MARGIN * odds;
    let terms = normalisers(null / (1.0 + null), &ODDS);
    let sum: f64 = ODDS_LN
        .iter()
        .zip(terms)
        .map(|(ln, term)| libm::exp((here * ln - (here + there) * term).min(BLOCK_CLIP)))
        .sum();
    ((statistic + 1.0) * sum / 4.0).min(STATISTIC_MAX)
}
