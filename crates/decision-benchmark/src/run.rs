//! Runs scenarios over many weeks on a few threads.

use std::sync::atomic::{AtomicU64, Ordering};

use analysis::settings::When;
use sampling::Generator;

use crate::ours::{self, Outcome, Proofs};
use crate::peers;
use crate::scenario::Scenario;
use crate::week::{MINUTES, Week};

/// What came of one week.
#[derive(Debug, Clone, Default)]
pub(crate) struct WeekResult {
    pub(crate) began: Option<usize>,
    pub(crate) relative: Outcome,
    pub(crate) slo: Outcome,
    pub(crate) proofs: Option<Proofs>,
    /// By peer.
    pub(crate) peers: Vec<Option<usize>>,
}

/// What to run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Options {
    pub(crate) seed: u64,
    pub(crate) weeks: u64,
    pub(crate) threads: usize,
    /// Weeks that the peers judge as well, and whose proofs are timed.
    pub(crate) weeks_peers: u64,
    pub(crate) weeks_proofs: u64,
}

/// All weeks of a scenario, in order, whichever thread ran them.
pub(crate) fn run(scenario: &Scenario, options: Options) -> Vec<WeekResult> {
    let next = AtomicU64::new(0);
    let generator = Generator::new(options.seed).fork(scenario.name);
    let mut results: Vec<(u64, WeekResult)> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..options.threads.max(1))
            .map(|_| {
                scope.spawn(|| {
                    let mut done = Vec::new();
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        if number >= options.weeks {
                            return done;
                        }
                        let week = generator.fork_number(number);
                        done.push((
                            number,
                            run_week(
                                scenario,
                                number < options.weeks_peers,
                                number < options.weeks_proofs,
                                &week,
                            ),
                        ));
                    }
                })
            })
            .collect();
        workers.into_iter().flat_map(|w| w.join().expect("weeks do not panic")).collect()
    });
    results.sort_by_key(|(number, _)| *number);
    results.into_iter().map(|(_, result)| result).collect()
}

fn run_week(
    scenario: &Scenario,
    has_peers: bool,
    has_proofs: bool,
    generator: &Generator,
) -> WeekResult {
    let drawn = Scenario { has_p99: has_peers, ..scenario.clone() };
    let week = Week::generate(&drawn, &scenario.truth, generator);
    let rows = ours::rows(scenario, &week);
    let began = week.began;
    let relative = ours::settings(scenario, When::Relative, generator);
    // A budget of 0.1 % is half spent by errors of 0.1 % already: the policy that asks for the
    // budget is judged on errors of 0.02 % (A8).
    let calm = Scenario { base_errors: 0.0002, ..scenario.clone() };
    let calm_week = week.with_base_errors(&calm, &calm.truth, generator);
    let calm_rows = ours::rows(&calm, &calm_week);
    let slo = ours::settings(scenario, When::Slo, generator);
    let start = began.unwrap_or(0);
    let all_peers =
        peers::ALL.iter().map(|peer| (peer.first)(&week, start)).take_while(|_| has_peers);
    WeekResult {
        began,
        relative: ours::judge(&relative, &rows, began),
        slo: ours::judge(&slo, &calm_rows, calm_week.began),
        proofs: has_proofs.then(|| ours::prove(&relative, &rows)),
        peers: all_peers.collect(),
    }
}

/// Minutes from the regression to `alarm`, the minute of the alarm included.
pub(crate) fn delay(began: Option<usize>, alarm: Option<usize>) -> f64 {
    match (began, alarm) {
        (Some(began), Some(alarm)) => minutes(alarm + 1 - began),
        (None, Some(alarm)) => minutes(alarm + 1),
        (_, None) => f64::INFINITY,
    }
}

fn minutes(count: usize) -> f64 {
    f64::from(u32::try_from(count.min(MINUTES)).unwrap_or(u32::MAX))
}
