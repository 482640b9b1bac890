//! Draws of continuous distributions.

use crate::{Generator, quantile};

impl Generator {
    /// A standard normal number, by inversion of one uniform.
    pub fn standard_normal(&mut self) -> f64 {
        let u = self.uniform();
        quantile::normal(u)
    }

    /// A normal number of the given mean and standard deviation.
    pub fn normal(&mut self, mean: f64, deviation: f64) -> f64 {
        mean + deviation * self.standard_normal()
    }

    /// A lognormal number: `median` times e to the power of a normal of deviation `sigma`.
    pub fn lognormal(&mut self, median: f64, sigma: f64) -> f64 {
        median * libm::exp(sigma * self.standard_normal())
    }

    /// An exponential number of the given mean.
    pub fn exponential(&mut self, mean: f64) -> f64 {
        -mean * libm::log(self.uniform())
    }

    /// A gamma number of the given shape and scale 1 (Marsaglia and Tsang, 2000); 0 for a shape
    /// that is not above 0.
    pub fn gamma(&mut self, shape: f64) -> f64 {
        if shape.is_nan() || shape <= 0.0 {
            return 0.0;
        }
        if shape < 1.0 {
            // Their boost: gamma(a) is gamma(a + 1) times u to the power of 1/a.
            let boost = libm::log(self.uniform()) / shape;
            return self.gamma(shape + 1.0) * libm::exp(boost);
        }
        let d = shape - 1.0 / 3.0;
        let c = 1.0 / libm::sqrt(9.0 * d);
        loop {
            let x = self.standard_normal();
            let root = 1.0 + c * x;
            if root <= 0.0 {
                continue;
            }
            let v = root * root * root;
            if libm::log(self.uniform()) < 0.5 * x * x + d - d * v + d * libm::log(v) {
                return d * v;
            }
        }
    }

    /// A beta number, as a ratio of gammas.
    pub fn beta(&mut self, a: f64, b: f64) -> f64 {
        let x = self.gamma(a);
        let y = self.gamma(b);
        if x + y > 0.0 { x / (x + y) } else { 0.5 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, mean: f64, variance: f64, mut draw: impl FnMut(&mut Generator) -> f64) {
        let mut generator = Generator::new(42).fork(name);
        let count = 200_000.0;
        let (mut sum, mut squares) = (0.0, 0.0);
        for _ in 0..200_000 {
            let x = draw(&mut generator) - mean;
            sum += x;
            squares += x * x;
        }
        // Five standard errors of the mean; the variance within 5 %, wide for the heavy tails.
        assert!(
            (sum / count).abs() < 5.0 * libm::sqrt(variance / count),
            "{name}: {}",
            sum / count
        );
        assert!((squares / count / variance - 1.0).abs() < 0.05, "{name}: {}", squares / count);
    }

    #[test]
    fn moments_are_those_of_the_distributions() {
        check("normal", 3.0, 4.0, |g| g.normal(3.0, 2.0));
        check("exponential", 2.0, 4.0, |g| g.exponential(2.0));
        let square = 0.3 * 0.3;
        let mean = 2.0 * libm::exp(square / 2.0);
        check("lognormal", mean, mean * mean * libm::expm1(square), |g| g.lognormal(2.0, 0.3));
        check("gamma", 2.5, 2.5, |g| g.gamma(2.5));
        check("small gamma", 0.4, 0.4, |g| g.gamma(0.4));
        check("beta", 0.25, 0.25 * 0.75 / 9.0, |g| g.beta(2.0, 6.0));
    }
}
