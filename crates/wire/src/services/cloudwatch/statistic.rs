//! Statistics as requests name them: `Sum`, `p99.9`, `TC(0.3:)`.

use region::metric::{Latency, Samples};

/// A statistic of a metric.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Statistic {
    /// One of the five that every metric has.
    Plain(Samples),
    /// The value below which so many percent of samples lie.
    Percentile(f64),
    /// How many samples lie above the first bound and not above the second.
    TrimmedCount(Option<f64>, Option<f64>),
    /// How many percent of samples do.
    PercentileRank(Option<f64>, Option<f64>),
}

impl Statistic {
    /// What a request names; `None` for statistics that are not served, and for what is none.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let plain = match text {
            "SampleCount" => Some(Samples::Count),
            "Average" => Some(Samples::Average),
            "Sum" => Some(Samples::Sum),
            "Minimum" => Some(Samples::Minimum),
            "Maximum" => Some(Samples::Maximum),
            _ => None,
        };
        if let Some(plain) = plain {
            return Some(Self::Plain(plain));
        }
        if let Some(percent) = text.strip_prefix('p') {
            let percent = decimal(percent)?;
            return (0.0..=100.0).contains(&percent).then_some(Self::Percentile(percent));
        }
        let (name, rest) = text.split_once('(')?;
        let (above, most) = rest.strip_suffix(')')?.split_once(':')?;
        let bound = |text: &str| -> Option<Option<f64>> {
            if text.is_empty() { Some(None) } else { decimal(text).map(Some) }
        };
        let (above, most) = (bound(above)?, bound(most)?);
        let is_range = match (above, most) {
            (None, None) => false,
            (Some(above), Some(most)) => above < most,
            (Some(_), None) | (None, Some(_)) => true,
        };
        match name {
            "TC" if is_range => Some(Self::TrimmedCount(above, most)),
            "PR" if is_range => Some(Self::PercentileRank(above, most)),
            _ => None,
        }
    }

    /// The same of latencies; of the smallest and the largest latency nothing is known.
    pub(super) const fn of_latency(self) -> Option<Latency> {
        match self {
            Self::Plain(Samples::Count) => Some(Latency::Count),
            Self::Plain(Samples::Average) => Some(Latency::Mean),
            Self::Plain(Samples::Sum) => Some(Latency::Sum),
            Self::Plain(Samples::Minimum | Samples::Maximum) => None,
            // Of 99 the exact hundredth, as everybody who means it writes it.
            Self::Percentile(percent) => Some(Latency::ExceededBy((100.0 - percent) / 100.0)),
            Self::TrimmedCount(above, most) => Some(Latency::Between(above, most)),
            Self::PercentileRank(above, most) => Some(Latency::PercentBetween(above, most)),
        }
    }
}

/// Digits with at most one point: no sign, no exponent, no names of numbers.
fn decimal(text: &str) -> Option<f64> {
    let is_digits = !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit() || it == b'.');
    text.parse().ok().filter(|_| is_digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statistics_are_read_as_cloudwatch_writes_them() {
        for (text, wanted) in [
            ("Sum", Statistic::Plain(Samples::Sum)),
            ("p50", Statistic::Percentile(50.0)),
            ("p99.99", Statistic::Percentile(99.99)),
            ("TC(0.3:)", Statistic::TrimmedCount(Some(0.3), None)),
            ("TC(:1)", Statistic::TrimmedCount(None, Some(1.0))),
            ("PR(0.1:0.25)", Statistic::PercentileRank(Some(0.1), Some(0.25))),
        ] {
            assert_eq!(Statistic::parse(text), Some(wanted), "{text}");
        }
        for text in ["sum", "p101", "p", "p-1", "pNaN", "TC(:)", "TC(2:1)", "TC(10%:90%)", "tm99"] {
            assert_eq!(Statistic::parse(text), None, "{text}");
        }
    }

    #[test]
    fn percentiles_stand_for_the_part_beyond_them_to_the_bit() {
        for (percent, part) in [(50.0, 0.5), (90.0, 0.1), (99.0, 0.01), (100.0, 0.0)] {
            let wanted = Latency::ExceededBy(part);
            assert_eq!(Statistic::Percentile(percent).of_latency(), Some(wanted), "{percent}");
        }
    }
}
