//! Random fault scripts for seeded safety runs.

use model::{Share, Span};
use sampling::Generator;

use super::row::{FaultRow, FaultScript, Fraction};

/// Faults of one script: enough that they overlap, few enough that a run still gets somewhere.
const FAULTS: (u64, u64) = (3, 9);

/// A script of several faults, all begun and over within `span`.
///
/// Faults that a share starts could begin at any time, so they last a sixth of the span at most
/// and only the first half of scripts have one.
#[must_use]
pub fn random(seed: u64, span: Span) -> FaultScript {
    let mut draws = Generator::new(seed).fork("fault script");
    let count = draws.integer_between(FAULTS.0, FAULTS.1);
    let mut faults: Vec<FaultRow> = (0..count).map(|_| row(&mut draws, span)).collect();
    if draws.chance(0.5)
        && let Some(first) = faults.first_mut()
    {
        let percent = draws.pick(&[1_u16, 5, 10, 25]).copied().unwrap_or(5);
        first.when_share = Some(Share::percent(percent));
        first.at = None;
    }
    FaultScript::new(faults)
}

fn row(draws: &mut Generator, span: Span) -> FaultRow {
    let secs = span.as_secs().max(60);
    let at = draws.below(secs * 5 / 6);
    // Most are short; a few last.
    let longest = secs / 6;
    let lasts = if draws.chance(0.7) { longest.min(1_800) } else { longest };
    let lasts = draws.integer_between(60.min(lasts), lasts.max(1));
    let base = FaultRow {
        at: Some(Span::from_secs(at)),
        r#for: Some(Span::from_secs(lasts.max(1))),
        ..FaultRow::default()
    };
    match draws.below(15) {
        0 => FaultRow {
            side: sides(draws),
            factor: tenths(draws, 12, 40),
            ramp: ramp(draws),
            ..base
        }
        .of("latency"),
        1 => FaultRow { side: sides(draws), rate: fraction(draws, 1, 30), ..base }.of("errors"),
        2 => FaultRow { side: sides(draws), ..base }.of("metricGap"),
        3 => FaultRow { delay: seconds(draws, 60, 900), ..base }.of("metricDelay"),
        4 => FaultRow { side: side(draws), ..base }.of("metricNull"),
        5 => FaultRow {
            side: side(draws),
            count: u32::try_from(draws.integer_between(1, 40)).ok(),
            reason: word(draws, &["diskFull", "outOfMemory", "imagePull", "network"]),
            ..base
        }
        .of("taskDeath"),
        6 => FaultRow { side: side(draws), ..base }.of("placement"),
        7 => FaultRow { api: api(draws), fraction: fraction(draws, 5, 100), ..base }.of("throttle"),
        8 => FaultRow { api: write(draws), nth: Some(draws.integer_between(1, 5)), ..base }
            .of("lostReply"),
        9 => FaultRow { api: api(draws), age: seconds(draws, 5, 60), ..base }.of("staleRead"),
        10 => edit(draws, base),
        11 => FaultRow {
            fraction: fraction(draws, 1, 10),
            ttl: seconds(draws, 3_600, 86_400),
            ..base
        }
        .of("slowResolver"),
        12 => FaultRow { factor: tenths(draws, 11, 25), ..base }.of("surge"),
        13 => FaultRow { side: sides(draws), factor: tenths(draws, 8, 16), ..base }.of("release"),
        _ => FaultRow { api: api(draws), ..base }.of("denied"),
    }
}

impl FaultRow {
    fn of(self, name: &str) -> Self {
        Self { r#type: name.to_owned(), ..self }
    }
}

fn word(draws: &mut Generator, words: &[&str]) -> Option<String> {
    draws.pick(words).map(|word| (*word).to_owned())
}

fn side(draws: &mut Generator) -> Option<String> {
    word(draws, &["ec2", "fargate", "fargate"])
}

fn sides(draws: &mut Generator) -> Option<String> {
    word(draws, &["ec2", "fargate", "fargate", "both"])
}

fn api(draws: &mut Generator) -> Option<String> {
    let mut names = vec!["*"];
    names.extend(super::API_SERVICES);
    // Of the calls of Traffic Flow one stands for all: each by itself would meet nothing in most
    // worlds, and `route53` meets them together.
    let is_drawn = |call: &&str| {
        *call == "route53:UpdateTrafficPolicyInstance" || !call.contains("TrafficPolic")
    };
    names.extend(crate::request::OPERATIONS.into_iter().filter(is_drawn));
    word(draws, &names)
}

fn write(draws: &mut Generator) -> Option<String> {
    word(
        draws,
        &[
            "route53:ChangeResourceRecordSets",
            "elasticloadbalancing:ModifyRule",
            "ecs:UpdateService",
            "application-autoscaling:RegisterScalableTarget",
            "application-autoscaling:PutScheduledAction",
        ],
    )
}

fn edit(draws: &mut Generator, base: FaultRow) -> FaultRow {
    let target =
        word(draws, &["weights", "ec2.desired", "fargate.desired", "fargate.min", "ec2.min"]);
    let value = if target.as_deref() == Some("weights") {
        word(draws, &["0%", "5%", "50%"])
    } else {
        Some(draws.integer_between(1, 60).to_string())
    };
    FaultRow { target, value, ..base }.of("edit")
}

fn seconds(draws: &mut Generator, low: u64, high: u64) -> Option<Span> {
    Some(Span::from_secs(draws.integer_between(low, high)))
}

fn ramp(draws: &mut Generator) -> Option<Span> {
    if draws.chance(0.3) { seconds(draws, 600, 7_200) } else { None }
}

/// A factor in tenths, so that scripts stay readable.
#[expect(clippy::cast_precision_loss, reason = "two digits")]
fn tenths(draws: &mut Generator, low: u64, high: u64) -> Option<f64> {
    Some(draws.integer_between(low, high) as f64 / 10.0)
}

/// A fraction in whole percent.
#[expect(clippy::cast_precision_loss, reason = "three digits")]
fn fraction(draws: &mut Generator, low: u64, high: u64) -> Option<Fraction> {
    Fraction::new(draws.integer_between(low, high) as f64 / 100.0)
}
