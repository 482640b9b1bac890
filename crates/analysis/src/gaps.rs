//! Which minutes of each side are missing.

use model::{PerSide, Side};
use serde::{Deserialize, Serialize};

/// A bit for each of the last 64 minutes, set where the side is missing; the newest lowest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Gaps(PerSide<u64>);

/// Holds from this many missing ...
const MISSING_MINUTES_MAX: u32 = 10;
/// ... of the last this many (2.7).
const WATCHED_MINUTES: u64 = 15;

impl Gaps {
    pub(crate) fn add(&mut self, missing: PerSide<bool>) {
        for side in Side::ALL {
            let bits = self.0.get_mut(side);
            *bits = (*bits << 1) + u64::from(*missing.get(side));
        }
    }

    /// The side that misses too much of the last fifteen minutes, the worse one first.
    pub(crate) fn side(&self) -> Option<Side> {
        let missing = self.0.map(|bits| (bits & ((1 << WATCHED_MINUTES) - 1)).count_ones());
        let worse = if missing.ec2 > missing.fargate { Side::Ec2 } else { Side::Fargate };
        (*missing.get(worse) >= MISSING_MINUTES_MAX).then_some(worse)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn ten_missing_of_the_last_fifteen_are_too_many(
            minutes in prop::collection::vec((prop::bool::weighted(0.6), prop::bool::weighted(0.6)), 1..90),
        ) {
            let mut gaps = Gaps::default();
            for now in 0..minutes.len() {
                let (ec2, fargate) = minutes[now];
                gaps.add(PerSide { ec2, fargate });
                let recent = &minutes[now.saturating_sub(14)..=now];
                let ec2 = recent.iter().filter(|(ec2, _)| *ec2).count();
                let fargate = recent.iter().filter(|(_, fargate)| *fargate).count();
                // Where both miss as much, it is the side on trial that is named.
                let expected = match (ec2 >= 10, fargate >= 10) {
                    (true, _) if ec2 > fargate => Some(Side::Ec2),
                    (_, true) => Some(Side::Fargate),
                    (_, false) => None,
                };
                prop_assert_eq!(gaps.side(), expected, "{} and {} of fifteen", ec2, fargate);
            }
        }
    }
}
