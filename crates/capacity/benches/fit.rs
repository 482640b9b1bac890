//! Fits of an independent generator's minutes against the truth, over seeds.
//!
//! `cargo bench -p capacity --bench fit -- [SEEDS [WORLDS [FIRST]]]`: a table in Markdown.

#[path = "../tests/single_server/mod.rs"]
mod single_server;

use capacity::fit::{Answer, Fitted, Minute, Note, Question, Reservation, fit};
use capacity::task::LatencyObjective;
use model::PerSide;
use sampling::Generator;
use single_server::{PROTOTYPE, Queue, THRESHOLD};

const OBJECTIVE: LatencyObjective =
    LatencyObjective { threshold_seconds: THRESHOLD, slow_fraction_max: 0.01 };

/// Minutes, and the utilisations between which they lie.
const RECORDINGS: [(i64, f64, f64); 5] =
    [(60, 0.15, 0.35), (60, 0.2, 0.5), (60, 0.2, 0.6), (120, 0.2, 0.45), (240, 0.3, 0.7)];

fn main() {
    let number = |text: String| text.parse::<u64>().ok();
    let mut numbers = std::env::args().skip(1).filter_map(number);
    let seeds = numbers.next().unwrap_or(50);
    let count = usize::try_from(numbers.next().unwrap_or(4)).expect("a number of worlds");
    let first = numbers.next().unwrap_or(0);
    let worlds = [
        ("as the prototype's", PROTOTYPE),
        ("even service, 8 ms", Queue { service_variation: 0.3, cost: 0.008, ..PROTOTYPE }),
        ("M/M/1 service", Queue { service_variation: 1.0, ..PROTOTYPE }),
        ("very uneven service", Queue { service_variation: 4.0, ..PROTOTYPE }),
    ];
    say(
        "| world | minutes, utilisation | safe load over truth, mean [least, most] | in -10..0 % | in -15..0 % | above truth | widen | isotonic | refused |",
    );
    say("|---|---|---|---|---|---|---|---|---|");
    for (name, queue) in worlds.into_iter().take(count) {
        let truth = queue.truth(OBJECTIVE.slow_fraction_max, &mut Generator::new(77));
        for (minutes, low, high) in RECORDINGS {
            let answers: Vec<Answer> = (first..first + seeds)
                .map(|seed| answer(queue, minutes, low, high, seed))
                .collect();
            let at = truth / queue.service_rate();
            say(&row(&format!("{name}, safe at {at:.2}"), (minutes, low, high), truth, &answers));
        }
    }
}

fn answer(queue: Queue, minutes: i64, low: f64, high: f64, seed: u64) -> Answer {
    let mut random = Generator::new(1_000 + seed);
    let minutes: Vec<Minute> = queue.minutes(minutes, low, high, &mut random);
    let reservation = Reservation { vcpu: 1.0, usable_vcpu: Some(1.0) };
    let question = Question {
        objective: OBJECTIVE,
        tasks: PerSide { ec2: reservation, fargate: reservation },
        prior: PerSide { ec2: None, fargate: None },
        seed,
    };
    let both = PerSide { ec2: Vec::new(), fargate: minutes };
    fit(&both, &question).sides.fargate.expect("there are minutes")
}

fn row(
    world: &str,
    (minutes, low, high): (i64, f64, f64),
    truth: f64,
    answers: &[Answer],
) -> String {
    let fitted: Vec<&Fitted> = answers.iter().filter_map(Answer::fitted).collect();
    let off = |fitted: &&Fitted| 100.0 * (fitted.safe_requests_per_second / truth - 1.0);
    let offs: Vec<f64> = fitted.iter().map(off).collect();
    let share = 1.0 / f64::from(u32::try_from(offs.len().max(1)).expect("some seeds"));
    let mean = offs.iter().sum::<f64>() * share;
    let least = offs.iter().copied().fold(f64::INFINITY, f64::min);
    let most = offs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let within = |low: f64| offs.iter().filter(|off| (low..=0.0).contains(*off)).count();
    let above = offs.iter().filter(|off| **off > 0.0).count();
    let noted = |is: fn(&Note) -> bool| fitted.iter().filter(|f| f.notes.iter().any(is)).count();
    let widen = noted(|note| matches!(note, Note::WidenLoad { .. }));
    let isotonic = noted(|note| matches!(note, Note::ModelDisagrees { .. }));
    let refused = answers.len() - fitted.len();
    let all = answers.len();
    format!(
        "| {world} | {minutes}, {low} to {high} | {mean:+.1} % [{least:+.1}, {most:+.1}] | \
         {}/{all} | {}/{all} | {above} | {widen} | {isotonic} | {refused} |",
        within(-10.0),
        within(-15.0),
    )
}

#[expect(clippy::print_stdout, reason = "a bench prints its table")]
fn say(line: &str) {
    println!("{line}");
}
