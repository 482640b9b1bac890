//! The scenarios: what is true of a week, and what a good judge would make of it.

use crate::week::MINUTES;

/// The surroundings of a week, whether or not anything regresses in it.
#[derive(Debug, Clone)]
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    /// Requests a minute on both sides at the mean of the day.
    pub(crate) requests: f64,
    /// The share at which the week begins, in parts per thousand.
    pub(crate) share: u16,
    /// The share after each later step; steps are spread evenly over the week.
    pub(crate) later_shares: &'static [u16],
    pub(crate) diurnal: f64,
    /// Noise of each side's own, common incidents, bursts, gaps.
    pub(crate) is_realistic: bool,
    /// How much of a minute's latency noise is left a minute later.
    pub(crate) memory: f64,
    /// Bursts of 15 to 20 minutes, beside the short ones.
    pub(crate) long_bursts: u32,
    /// Log latency that the candidate is always slower by.
    pub(crate) bias: f64,
    /// Log latency by which the candidate's clients differ, constantly and over the day.
    pub(crate) client_mix: f64,
    pub(crate) client_mix_daily: f64,
    /// Log latency right after a step, fading over half an hour.
    pub(crate) warm_up: f64,
    pub(crate) base_errors: f64,
    /// Tolerated episode, in minutes.
    pub(crate) episode_minutes: u64,
    /// Utilisation of the candidate's tasks over the baseline's, where tasks are known.
    pub(crate) load_ratio: Option<f64>,
    pub(crate) router: Clients,
    /// Whether the peers' percentile is drawn as well.
    pub(crate) has_p99: bool,
    pub(crate) truth: Truth,
    pub(crate) target: Target,
}

/// How clients come to a side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clients {
    /// At random.
    Same,
    /// Through DNS, nothing learnt.
    Unknown,
    /// Through DNS, learnt from 48 hours of A/A.
    Learnt,
}

/// What happens to the candidate.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Truth {
    /// Log latency.
    pub(crate) latency: f64,
    /// Error rate.
    pub(crate) errors: Option<f64>,
    /// Minutes over which it comes; 0 at once.
    pub(crate) ramp_minutes: u32,
    /// All targets die and their metrics stop.
    pub(crate) dies: bool,
    /// Nothing at all happens, at a random minute.
    pub(crate) is_placebo: bool,
}

/// What to reach.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Target {
    /// At most this part of weeks with a rollback.
    FalseWeeks(f64),
    /// At most this median delay in minutes.
    Delay(f64),
    /// No week with an advance.
    NeverAdvances,
    /// Reported without a target.
    None,
}

impl Truth {
    pub(crate) const fn is_regression(&self) -> bool {
        self.latency > 0.0 || self.errors.is_some() || self.dies || self.is_placebo
    }

    /// How much of the regression is there at minute `t`, from 0 to 1.
    pub(crate) fn progress(&self, t: usize, began: usize) -> f64 {
        let Some(since) = t.checked_sub(began).and_then(|since| u32::try_from(since).ok()) else {
            return 0.0;
        };
        if self.ramp_minutes == 0 {
            1.0
        } else {
            (f64::from(since) / f64::from(self.ramp_minutes)).min(1.0)
        }
    }
}

impl Scenario {
    /// The share at each minute, in parts per thousand.
    pub(crate) fn shares(&self) -> Vec<u16> {
        let parts = self.later_shares.len() + 1;
        (0..MINUTES)
            .map(|t| match (t * parts / MINUTES).checked_sub(1) {
                None => self.share,
                Some(step) => self.later_shares.get(step).copied().unwrap_or(self.share),
            })
            .collect()
    }

    fn new(name: &'static str, share: u16) -> Self {
        Self {
            name,
            requests: 2_000.0,
            share,
            later_shares: &[],
            diurnal: 0.7,
            is_realistic: true,
            memory: 0.8,
            long_bursts: 0,
            bias: 0.0,
            client_mix: 0.0,
            client_mix_daily: 0.0,
            warm_up: 0.0,
            base_errors: 0.001,
            episode_minutes: 8,
            load_ratio: None,
            router: Clients::Same,
            has_p99: false,
            truth: Truth::default(),
            target: Target::None,
        }
    }

    fn clean(self) -> Self {
        Self { diurnal: 0.0, is_realistic: false, ..self }
    }
}

fn slower(factor: f64) -> Truth {
    Truth { latency: libm::log(factor), ..Truth::default() }
}

fn failing(rate: f64) -> Truth {
    Truth { errors: Some(rate), ..Truth::default() }
}

/// Weeks in which nothing is wrong with the candidate.
pub(crate) fn nulls() -> Vec<Scenario> {
    let no = |name, share, most| Scenario {
        target: Target::FalseWeeks(most),
        ..Scenario::new(name, share)
    };
    vec![
        no("N1 clean binomial, constant load, w=.5", 500, 0.004).clean(),
        no("N2 realistic, w=.1", 100, 0.01),
        no("N3 realistic, w=.5", 500, 0.01),
        Scenario { requests: 60.0, ..no("N4 low traffic 60 rpm, w=.1", 100, 0.004) },
        Scenario { bias: libm::log(1.04), ..no("N5 realistic, 4 % slower, w=.1", 100, 0.01) },
        Scenario { memory: 0.98, ..no("N6 noise AR 0.98, w=.5", 500, 0.05) },
        Scenario { memory: 0.99, ..no("N7 noise AR 0.99, w=.5", 500, 0.10) },
        Scenario {
            long_bursts: 2,
            episode_minutes: 16,
            ..no("N8 two long bursts, E=16, w=.1", 100, 0.05)
        },
        Scenario {
            long_bursts: 2,
            episode_minutes: 16,
            ..no("N8b two long bursts, E=16, w=.5", 500, 0.05)
        },
        Scenario {
            client_mix_daily: 0.08,
            router: Clients::Learnt,
            target: Target::None,
            ..Scenario::new("N9 daily client mix +-8 %, learnt, w=.1", 100)
        },
        Scenario {
            later_shares: &[100, 250, 500, 750],
            warm_up: 0.4,
            target: Target::None,
            ..Scenario::new("N10 warm-up after each step, .05 to .75", 50)
        },
    ]
}

/// Weeks in which the candidate gets worse at a random minute of the third day.
pub(crate) fn regressions() -> Vec<Scenario> {
    let bad = |name, share, truth, most| Scenario {
        truth,
        target: Target::Delay(most),
        ..Scenario::new(name, share)
    };
    let low = |scenario| Scenario { requests: 60.0, ..scenario };
    vec![
        Scenario {
            truth: Truth { is_placebo: true, ..Truth::default() },
            ..Scenario::new("P0 placebo, nothing happens, w=.1", 100)
        },
        bad("R1 latency x1.2, w=.1", 100, slower(1.2), 120.0),
        bad("R1b latency x1.2, w=.5", 500, slower(1.2), 155.0),
        bad("R2 latency x1.5, w=.1", 100, slower(1.5), within(16.0)),
        bad("R3 5xx to .5 %, w=.1", 100, failing(0.005), 110.0),
        bad("R3b 5xx to .5 %, w=.5", 500, failing(0.005), 90.0),
        bad(
            "R4 ramp to x1.4 in 24 h, w=.1",
            100,
            Truth { ramp_minutes: 1_440, ..slower(1.4) },
            within(750.0),
        ),
        bad("R5 5xx to 20 %, w=.1", 100, failing(0.2), within(6.0)),
        bad("R5b latency x3, w=.1", 100, slower(3.0), within(11.0)),
        low(bad("R6 60 rpm, latency x2, w=.1", 100, slower(2.0), within(26.0))),
        low(bad("R6b 60 rpm, 5xx to 5 %, w=.5", 500, failing(0.05), within(76.0))),
        bad("R7 clean, latency x1.2, w=.5", 500, slower(1.2), within(26.0)).clean(),
        Scenario { requests: 600.0, ..bad("R8 600 rpm, w=.01, half fail", 10, failing(0.5), 22.0) },
        bad(
            "R9 all targets dead, no metrics, w=.1",
            100,
            Truth { dies: true, ..Truth::default() },
            1.0,
        ),
        Scenario {
            load_ratio: Some(0.75),
            ..bad("R10 load ratio .75, latency x2, w=.1", 100, slower(2.0), within(16.0))
        },
    ]
}

/// Weeks in which the candidate must not prove itself safe.
pub(crate) fn wrong_advances() -> Vec<Scenario> {
    let slow = |name, factor: f64| Scenario { bias: libm::log(factor), ..Scenario::new(name, 100) };
    let mixed = |name, router| Scenario {
        bias: libm::log(1.15),
        client_mix: libm::log(0.9),
        router,
        target: Target::NeverAdvances,
        ..Scenario::new(name, 100)
    };
    vec![
        slow("A1 latency x1.10, at the margin", 1.10),
        slow("A2 latency x1.15", 1.15),
        slow("A3 latency x1.20", 1.20),
        mixed("A4 clients 10 % faster hide x1.15, not learnt", Clients::Unknown),
        mixed("A5 the same, learnt", Clients::Learnt),
    ]
}

/// Section 3.7's medians allow 5 %, and a minute at least.
fn within(minutes: f64) -> f64 {
    (minutes * 1.05).max(minutes + 1.0)
}
