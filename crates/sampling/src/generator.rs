//! The generator: xoshiro256++ with named children.

/// A seeded generator of uniform 64-bit words (xoshiro256++ of Blackman and Vigna, 2019,
/// <https://prng.di.unimi.it>), its state filled by splitmix64 from a 64-bit key.
///
/// A child made by [`Generator::fork`] depends on the key and the label alone, never on how many
/// numbers were drawn before, so code that draws one number more renumbers nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generator {
    key: u64,
    state: [u64; 4],
}

impl Generator {
    /// The generator of `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut stream = seed;
        let mut word = || {
            stream = stream.wrapping_add(GOLDEN);
            mix(stream)
        };
        // splitmix64 is a bijection of distinct counters, so at most one word is zero and the
        // all-zero state, xoshiro's only fixed point, cannot arise.
        Self { key: seed, state: [word(), word(), word(), word()] }
    }

    /// The child named `label`: the same for the same seed and path of labels.
    #[must_use]
    pub fn fork(&self, label: &str) -> Self {
        // FNV-1a over the label, then mixed with the key.
        let hash = label.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| {
            (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3)
        });
        Self::new(mix(mix(self.key ^ 0x6c61_6265_6c00_0000).wrapping_add(hash)))
    }

    /// The child numbered `number`; numbers and labels never name the same child by design.
    #[must_use]
    pub fn fork_number(&self, number: u64) -> Self {
        let spread = number.wrapping_add(1).wrapping_mul(GOLDEN);
        Self::new(mix(mix(self.key ^ 0x6e75_6d62_6572_0000).wrapping_add(spread)))
    }

    /// 64 uniform bits.
    pub fn word(&mut self) -> u64 {
        let [a, b, c, d] = self.state;
        let result = a.wrapping_add(d).rotate_left(23).wrapping_add(a);
        let (c, d) = (c ^ a, d ^ b);
        self.state = [a ^ d, b ^ c, c ^ (b << 17), d.rotate_left(45)];
        result
    }

    /// A uniform number strictly between 0 and 1: the midpoints of 2^53 equal cells.
    pub fn uniform(&mut self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "52 bits and a half are exact in an f64")]
        let cell = (self.word() >> 12) as f64;
        (cell + 0.5) * (1.0 / 4_503_599_627_370_496.0)
    }

    /// A uniform number from `low` up to `high`.
    pub fn uniform_between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.uniform()
    }

    /// A uniform integer from 0 to `bound - 1` without bias (Lemire 2019); 0 for a bound of 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        loop {
            let wide = u128::from(self.word()) * u128::from(bound);
            #[expect(clippy::cast_possible_truncation, reason = "the low half is what is meant")]
            let (high, low) = ((wide >> 64) as u64, wide as u64);
            // Refuse the few words that would favour small results.
            if bound == 0 || low >= bound.wrapping_neg() % bound {
                return high;
            }
        }
    }

    /// A uniform integer from `low` to `high`, both included; `low` when `high` is below it.
    pub fn integer_between(&mut self, low: u64, high: u64) -> u64 {
        match high.checked_sub(low) {
            None => low,
            Some(u64::MAX) => self.word(),
            Some(width) => low + self.below(width + 1),
        }
    }

    /// True with probability `p`; false for NaN.
    pub fn chance(&mut self, p: f64) -> bool {
        self.uniform() < p
    }

    /// One item of a slice, each as likely; `None` when it is empty.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        let index = self.below(items.len() as u64);
        usize::try_from(index).ok().and_then(|index| items.get(index))
    }
}

/// The increment of splitmix64, 2^64 divided by the golden ratio.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// The finaliser of splitmix64 (Steele, Lea and Flood, 2014).
const fn mix(word: u64) -> u64 {
    let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_follow_the_published_algorithm() {
        // The state 1, 2, 3, 4 and its first words are the reference vector of xoshiro256++.
        let mut generator = Generator { key: 0, state: [1, 2, 3, 4] };
        let words: Vec<u64> = (0..4).map(|_| generator.word()).collect();
        assert_eq!(words, [41_943_041, 58_720_359, 3_588_806_011_781_223, 3_591_011_842_654_386]);
    }

    #[test]
    fn children_do_not_depend_on_draws() {
        let mut parent = Generator::new(7);
        let before = parent.fork("load").word();
        let _ = parent.word();
        assert_eq!(parent.fork("load").word(), before);
        assert_ne!(parent.fork("faults").word(), before);
        assert_ne!(parent.fork_number(0).word(), parent.fork_number(1).word());
        assert_ne!(Generator::new(8).fork("load").word(), before);
    }

    #[test]
    fn uniforms_fill_the_interval_evenly() {
        let mut generator = Generator::new(1);
        let mut cells = [0_u32; 20];
        for _ in 0..200_000 {
            let u = generator.uniform();
            assert!(u > 0.0 && u < 1.0);
            cells[usize::try_from(generator.below(20)).unwrap()] += 1;
        }
        // 10,000 each with a standard deviation of 97: five of them.
        assert!(cells.iter().all(|&count| count.abs_diff(10_000) < 490), "{cells:?}");
    }

    #[test]
    fn bounds_at_the_edges_are_harmless() {
        let mut generator = Generator::new(1);
        assert_eq!(generator.below(0), 0);
        assert_eq!(generator.below(1), 0);
        assert_eq!(generator.integer_between(5, 3), 5);
        assert_eq!(generator.integer_between(5, 5), 5);
        let _ = generator.integer_between(0, u64::MAX);
        assert_eq!(generator.pick::<u8>(&[]), None);
        assert!(!generator.chance(f64::NAN));
    }
}
