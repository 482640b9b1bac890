//! A load that the repository makes itself.

use sampling::Generator;

use super::{Load, RATE_MAX, WEEK_MINUTES};
use crate::Error;

/// An API with an evening peak and push notifications that everybody answers at once.
///
/// Each week has its own noise, surge heights and one surge that nobody announced.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GeneratedLoad {
    /// The mean without surges, in requests per second.
    pub mean_rps: f64,
    /// Minutes by which local time is ahead of UTC.
    pub utc_offset_minutes: i32,
    /// Weeks before the load begins again.
    pub weeks: usize,
    /// Seed of noise and surges.
    pub seed: u64,
}

impl Default for GeneratedLoad {
    /// The size of the benchmark "push-7d": a mean of about 4,200 and a peak of about 20,000
    /// requests per second, which 500 Fargate tasks of one vCPU carry; in Japan's time.
    fn default() -> Self {
        Self { mean_rps: 3_900.0, utc_offset_minutes: 9 * 60, weeks: 4, seed: 1 }
    }
}

/// Push notifications go out at 12:00, 19:00 and 21:30 local time.
const PUSH_MINUTES: [i64; 3] = [12 * 60, 19 * 60, 21 * 60 + 30];
/// A surge is `A (1 - e^-s) e^(-s/8)` of the base, `s` minutes after it began.
const PUSH_HEIGHT: f64 = 1.8;
const PUSH_DECAY_MINUTES: f64 = 8.0;
/// Heights differ by up to this part.
const PUSH_SPREAD: f64 = 0.2;
/// The surge that nobody announced, in the afternoon of a day of its own each week: between
/// 14:00 and 17:30 local time, clear of the others.
const SURPRISE_HEIGHT: f64 = 1.5;
const SURPRISE_FROM: u64 = 14 * 60;
const SURPRISE_WITHIN: u64 = 210;
/// Minutes after which a surge has less than 0.1 % left.
const PUSH_MINUTES_MAX: usize = 60;
/// Noise of a minute, as the deviation of its logarithm.
const NOISE: f64 = 0.03;
/// The evening's peak, in minutes after midnight.
const PEAK_MINUTE: f64 = 20.5 * 60.0;
/// Depth of the daily wave; e to the power of it times a cosine. With 0.9 the evening is twice
/// the mean and the night a third.
const DEPTH: f64 = 0.9;
/// The mean of that wave: the Bessel function `I0(0.9)`.
const WAVE_MEAN: f64 = 1.213_0;
/// Saturdays and Sundays carry more.
const WEEKEND: f64 = 1.08;
/// Weeks at most: a year.
const WEEKS_MAX: usize = 52;

impl GeneratedLoad {
    /// Makes the load. Its first minute is a Monday's first minute in UTC.
    ///
    /// # Errors
    /// [`Error::Load`] when the mean is not a number above 0, or is too high for its surges.
    pub fn load(self) -> Result<Load, Error> {
        // A surge of 1.8 x 1.2 on twice the mean stays below seven times the mean.
        if !(self.mean_rps > 0.0 && self.mean_rps <= RATE_MAX / 7.0) {
            return Err(Error::Load {
                problem: format!("a mean of {} requests per second", self.mean_rps),
                remedy: "give a number above 0 and below 10 million",
            });
        }
        let weeks = self.weeks.clamp(1, WEEKS_MAX);
        let root = Generator::new(self.seed).fork("generated load");
        let mut noise = root.fork("noise");
        let mut surges = vec![0.0; weeks * WEEK_MINUTES];
        self.add_surges(&mut root.fork("surges"), &mut surges);
        let rates = surges
            .iter()
            .enumerate()
            .map(|(minute, surge)| {
                let level = self.mean_rps * self.shape(minute) * (1.0 + surge);
                (level * libm::exp(NOISE * noise.standard_normal())).min(RATE_MAX)
            })
            .collect();
        Load::new(rates)
    }

    /// The base of a UTC minute as a factor of the mean.
    fn shape(self, minute: usize) -> f64 {
        let local = self.local(minute);
        let day = local.div_euclid(1440).rem_euclid(7);
        #[expect(clippy::cast_precision_loss, reason = "a minute of the day")]
        let minute_of_day = local.rem_euclid(1440) as f64;
        let angle = core::f64::consts::TAU * (minute_of_day - PEAK_MINUTE) / 1440.0;
        // Saturday and Sunday, lowered again so that the week keeps its mean.
        let weekend = if day >= 5 { WEEKEND } else { 1.0 } / (1.0 + 2.0 * (WEEKEND - 1.0) / 7.0);
        weekend * libm::exp(DEPTH * libm::cos(angle)) / WAVE_MEAN
    }

    fn local(self, minute: usize) -> i64 {
        i64::try_from(minute).unwrap_or(i64::MAX) + i64::from(self.utc_offset_minutes)
    }

    fn add_surges(self, draws: &mut Generator, surges: &mut [f64]) {
        let mut surprise = 0;
        for minute in 0..surges.len() {
            if minute % WEEK_MINUTES == 0 {
                let local = draws.below(7) * 1440 + SURPRISE_FROM + draws.below(SURPRISE_WITHIN);
                let offset = i64::from(self.utc_offset_minutes);
                let utc = i64::try_from(local).unwrap_or(0) - offset;
                surprise = minute + usize::try_from(utc.rem_euclid(7 * 1440)).unwrap_or(0);
            }
            let height = if PUSH_MINUTES.contains(&self.local(minute).rem_euclid(1440)) {
                PUSH_HEIGHT * draws.uniform_between(1.0 - PUSH_SPREAD, 1.0 + PUSH_SPREAD)
            } else if minute == surprise {
                SURPRISE_HEIGHT
            } else {
                continue;
            };
            for (since, surge) in surges.iter_mut().skip(minute).take(PUSH_MINUTES_MAX).enumerate()
            {
                #[expect(clippy::cast_precision_loss, reason = "at most an hour")]
                let s = since as f64;
                *surge += height * -libm::expm1(-s) * libm::exp(-s / PUSH_DECAY_MINUTES);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_has_the_size_of_the_benchmark() {
        for seed in 0..5 {
            let load = GeneratedLoad { seed, ..GeneratedLoad::default() }.load().unwrap();
            assert!((3_900.0..4_500.0).contains(&load.mean()), "{}", load.mean());
            assert!((17_000.0..24_000.0).contains(&load.peak()), "{}", load.peak());
            // The steepest three minutes are a push: the benchmark's test week has 2.49.
            let growth = (0..load.minutes() as i64)
                .map(|minute| load.rate(minute + 3) / load.rate(minute))
                .fold(0.0, f64::max);
            assert!((2.2..2.9).contains(&growth), "{growth}");
        }
    }

    #[test]
    fn pushes_come_at_local_noon_every_day() {
        let load = GeneratedLoad::default().load().unwrap();
        for day in 0..28 {
            let noon = day * 1440 + 3 * 60;
            assert!(load.rate(noon + 3) > 1.8 * load.rate(noon - 1), "day {day}");
        }
    }

    #[test]
    fn equal_seeds_give_equal_bytes_and_others_do_not() {
        let load = |seed| GeneratedLoad { seed, ..GeneratedLoad::default() }.load().unwrap();
        assert_eq!(load(7), load(7));
        assert_ne!(load(7), load(8));
        assert!(GeneratedLoad { mean_rps: f64::NAN, ..GeneratedLoad::default() }.load().is_err());
    }
}
