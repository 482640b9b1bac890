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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;

    fn close(found: f64, expected: f64) {
        assert!((found / expected - 1.0).abs() < 1e-9, "{found} instead of {expected}");
    }

    /// A block of ten minutes with so many requests in each.
    fn block(
        check: &mut SampleRatio,
        router: Router,
        share: Option<Share>,
        ec2: f64,
        fargate: f64,
    ) {
        for _ in 0..10 {
            check.add(PerSide { ec2, fargate });
        }
        check.close(router, share);
    }

    /// The mean over the alternatives of the likelihood ratio of a split of requests, each at most
    /// e^2.5: the odds are 1.1, 1.25, 1.6 or 2.5 times those of 1.1 times the weights'.
    fn mean_ratio(here: f64, there: f64, weight_odds: f64) -> f64 {
        let share = |odds: f64| odds / (1.0 + odds);
        let null = 1.1 * weight_odds;
        let of = |times: f64| {
            let (is, was) = (share(times * null), share(null));
            let likelihood =
                here * libm::log(is / was) + there * libm::log((1.0 - is) / (1.0 - was));
            libm::exp(likelihood.min(2.5))
        };
        (of(1.1) + of(1.25) + of(1.6) + of(2.5)) / 4.0
    }

    #[test]
    fn a_balancers_split_is_tested_both_ways() {
        let quarter = Some(Share::percent(25));
        let mut check = SampleRatio::default();
        block(&mut check, Router::Balancer, quarter, 14.0, 6.0);
        let (more, less) = (mean_ratio(60.0, 140.0, 1.0 / 3.0), mean_ratio(140.0, 60.0, 3.0));
        close(check.more, more);
        close(check.less, less);
        block(&mut check, Router::Balancer, quarter, 2.0, 1.0);
        close(check.more, (more + 1.0) * mean_ratio(10.0, 20.0, 1.0 / 3.0));
        close(check.less, (less + 1.0) * mean_ratio(20.0, 10.0, 3.0));
        // One block gives at most 2.5 nats.
        let mut far = SampleRatio::default();
        block(&mut far, Router::Balancer, quarter, 0.0, 100.0);
        close(far.more, libm::exp(2.5));
        // A block in which nothing counted says nothing.
        let before = check;
        check.close(Router::Balancer, quarter);
        assert_eq!((check.more, check.less), (before.more, before.less));
        // Without traffic on one side there is nothing to split.
        for share in [None, Some(Share::ZERO), Some(Share::FULL)] {
            block(&mut check, Router::Balancer, share, 14.0, 6.0);
            assert_eq!((check.more, check.less), (before.more, before.less), "{share:?}");
        }
    }

    #[test]
    fn too_many_and_too_few_are_a_mismatch_when_their_mean_reaches_the_alarm() {
        let settings = Settings::default();
        let prepared = Prepared::new(&settings);
        let needed = prepared.harm_needed;
        for (more, less, is) in [
            (2.0 * needed, 0.0, true),
            (0.0, 2.0 * needed, true),
            (needed, needed, true),
            (needed, 0.99 * needed, false),
            (1.99 * needed, 0.0, false),
        ] {
            let check = SampleRatio { more, less, ..SampleRatio::default() };
            assert_eq!(check.is_mismatch(&prepared), is, "{more} and {less}");
        }
        let outside = SampleRatio { is_outside_band: true, ..SampleRatio::default() };
        assert!(outside.is_mismatch(&prepared));
    }

    #[test]
    fn dns_may_be_off_by_three_deviations_of_its_resolvers_and_requests() {
        // At a half, with H = 15/256 and 256 requests: 3 sqrt(1/4 (H + 1/256)) is 3/8; requests
        // alone, 3 sqrt(1/4 1/256), are 3/32.
        let resolvers = 15.0 / 256.0;
        for (concentration, fargate, is_outside) in [
            (resolvers, 56, false),
            (resolvers, 57, true),
            (resolvers, 8, false),
            (resolvers, 7, true),
            (0.0, 38, false),
            (0.0, 39, true),
            // What makes no sense as a concentration is none, or asks for nothing.
            (-1.0, 38, false),
            (-1.0, 39, true),
            (f64::NAN, 64, false),
            (f64::INFINITY, 64, false),
        ] {
            let dns = Router::Dns { concentration };
            let half = Some(Share::percent(50));
            let mut check = SampleRatio::default();
            // An hour is six blocks.
            for requests in [64, 0, 64, 64, 0, 64] {
                let fargate = fargate * requests / 64;
                let side = PerSide { ec2: requests - fargate, fargate };
                check.add(side.map(f64::from));
                check.close(dns, half);
            }
            let found = check.is_outside_band;
            assert_eq!(found, is_outside, "{fargate} of 64, H = {concentration}");
            for _ in 0..6 {
                check.close(dns, half);
            }
            assert!(!check.is_outside_band, "an hour without requests is no mismatch");
        }
    }
}
