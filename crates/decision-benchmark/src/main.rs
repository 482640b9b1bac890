//! Weeks of known truth, judged by Ferry's method and by its peers'.
//!
//! ```text
//! scenario ── seed, number ─> week ─┬─> Ferry: `relative` and `slo`
//!                                   └─> Flagger, Argo, Kayenta, burn rates
//!                    all weeks ────────> tables, a MISS beside each missed target
//! ```
//!
//! Deliberately absent: anything the judge could know that a running migration would not.

mod ours;
mod peers;
mod report;
mod run;
mod scenario;
mod week;

use clap::Parser;

use crate::report::{Method, Ran};
use crate::run::{Options, WeekResult};
use crate::scenario::Scenario;

/// Judges simulated weeks by Ferry's method and its peers' and prints tables in Markdown.
#[derive(Debug, Parser)]
struct Arguments {
    /// Weeks for each scenario without a regression.
    #[arg(long, default_value_t = 1000)]
    weeks_null: u64,
    /// Weeks for each scenario with one.
    #[arg(long, default_value_t = 200)]
    weeks_regression: u64,
    /// The seed of everything.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Threads; the result does not depend on them.
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// Only scenarios whose names begin with one of these, such as N2 or R1.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Weeks of each scenario that the peers judge as well, and whose proofs are timed.
    #[arg(long, default_value_t = 200)]
    weeks_peers: u64,
}

fn main() {
    let arguments = Arguments::parse();
    let nulls = run_all(&arguments, scenario::nulls(), arguments.weeks_null, true);
    let regressions =
        run_all(&arguments, scenario::regressions(), arguments.weeks_regression, false);
    let wrong = run_all(&arguments, scenario::wrong_advances(), arguments.weeks_regression, true);
    let methods = methods(arguments.weeks_peers > 0);
    print(
        "False rollback: weeks without a regression that end in one",
        &report::false_weeks(&nulls, &methods),
    );
    print(
        "Median (p90) minutes from regression to rollback, and the part found within a day",
        &report::delays(&regressions, &methods),
    );
    print("Median minutes to the proof of safety", &report::proofs(&nulls));
    print("Candidates that must not advance", &report::wrong_advances(&wrong));
    let all: Vec<Ran> = nulls.into_iter().chain(regressions).collect();
    print("Reasons of Ferry's rollbacks, by weeks", &report::reasons(&all));
}

fn run_all(arguments: &Arguments, scenarios: Vec<Scenario>, weeks: u64, proofs: bool) -> Vec<Ran> {
    scenarios
        .into_iter()
        .filter(|scenario| is_asked(scenario.name, &arguments.only))
        .map(|scenario| {
            let has_proofs =
                proofs && (weeks == arguments.weeks_regression || is_proven(scenario.name));
            let options = Options {
                seed: arguments.seed,
                weeks,
                threads: arguments.threads,
                weeks_peers: arguments.weeks_peers,
                weeks_proofs: if has_proofs { PROVEN_WEEKS } else { 0 },
            };
            let weeks = run::run(&scenario, options);
            note(scenario.name);
            Ran { scenario, weeks }
        })
        .collect()
}

/// Proofs are timed on this many weeks: their medians need no more.
const PROVEN_WEEKS: u64 = 200;

fn is_asked(name: &str, only: &[String]) -> bool {
    let word = name.split(' ').next().unwrap_or(name);
    only.is_empty() || only.iter().any(|asked| asked == word)
}

/// The scenarios whose proof times are reported.
fn is_proven(name: &str) -> bool {
    ["N1 ", "N2 ", "N3 ", "N4 ", "N5 "].iter().any(|start| name.starts_with(start))
}

fn methods(with_peers: bool) -> Vec<Method> {
    let ours = |name: &str, alarm: fn(&WeekResult) -> Option<usize>| Method {
        name: name.to_owned(),
        alarm: Box::new(alarm),
        is_peer: false,
    };
    let mut methods = vec![
        ours("Ferry `relative`", |week| week.relative.rollback),
        ours("Ferry `slo`, errors .02 %", |week| week.slo.rollback),
        ours("Ferry `slo`, told", |week| week.slo.told),
    ];
    if with_peers {
        methods.extend(peers::ALL.iter().enumerate().map(|(index, peer)| Method {
            name: peer.name.to_owned(),
            alarm: Box::new(move |week: &WeekResult| week.peers.get(index).copied().flatten()),
            is_peer: true,
        }));
    }
    methods
}

#[expect(clippy::print_stdout, reason = "the tables are this program's output")]
fn print(title: &str, lines: &[String]) {
    println!("## {title}\n");
    for line in lines {
        println!("{line}");
    }
    println!();
}

#[expect(clippy::print_stderr, reason = "progress of a long run")]
fn note(name: &str) {
    eprintln!("Judged {name}.");
}
