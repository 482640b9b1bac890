//! A made-up migration of 21 days: two steps, a rollback, a second attempt up to full share,
//! bake and drain, with gaps, late minutes and names that try to break out of their markup.

use std::collections::BTreeMap;

use model::status::Status;
use model::verdict::{Evidence, SignalEvidence, VerdictKind};
use model::{PerSide, Share, Span, Time};
use rehearsal::record::{Entry, EntryKind, Finding, Outcome, Record, Rollback, SCHEMA, Totals};

/// 2026-01-05T00:00:00Z, a Monday.
pub(crate) const START: Time = Time::from_secs(1_767_571_200);
/// A name that tries to break out of its markup.
pub(crate) const NAME: &str = "tapple-api <b>\"& Söhne'</b>";

const SLO_MS: f64 = 300.0;
const SAMPLE_MINUTES: usize = 5;
const DAYS: u64 = 21;

/// Steps of the story: hour, share in percent.
const STEPS: [(u64, u16); 11] = [
    (10, 1),
    (34, 5),
    (58, 10),
    (82, 25),
    (154, 5),
    (178, 10),
    (202, 25),
    (250, 50),
    (322, 75),
    (346, 100),
    (u64::MAX, 100),
];
const ROLLBACK_HOUR: u64 = 87;

/// The whole story.
pub(crate) fn migration() -> Record {
    let end = START + Span::from_days(DAYS);
    let minutes = (0..=DAYS * 1_440).step_by(SAMPLE_MINUTES);
    let samples: Vec<Entry> = minutes.clone().map(sample).collect();
    let mut timeline: Vec<Entry> =
        minutes.filter(|minute| minute % 60 == 0).map(sample).map(without_evidence).collect();
    timeline.extend(events());
    timeline.sort_by_key(|entry| entry.at);
    Record {
        schema: SCHEMA,
        name: NAME.to_owned(),
        seed: 7,
        inputs: inputs(),
        options: BTreeMap::from([("days".to_owned(), "21".to_owned())]),
        start: START,
        end,
        outcome: Outcome::Succeeded,
        timeline,
        status: Status::default(),
        totals: totals(),
        findings: findings(),
        samples,
        latency_slo_ms: Some(SLO_MS),
    }
}

/// A record in which nothing happened.
pub(crate) fn empty() -> Record {
    Record {
        timeline: Vec::new(),
        samples: Vec::new(),
        findings: Vec::new(),
        inputs: BTreeMap::new(),
        options: BTreeMap::new(),
        totals: Totals::default(),
        end: START,
        latency_slo_ms: None,
        outcome: Outcome::Unfinished { waiting: "the first minute".to_owned() },
        ..migration()
    }
}

fn inputs() -> BTreeMap<String, String> {
    let hash = |digit: &str| digit.repeat(32);
    BTreeMap::from([
        ("migration".to_owned(), hash("3a")),
        ("load".to_owned(), hash("f0")),
        ("fault".to_owned(), hash("9c")),
    ])
}

fn totals() -> Totals {
    Totals {
        requests: 1_043_218_977,
        slow: 4_894_211,
        errors: 1_032_877,
        bad_minutes: 23,
        task_hours: PerSide { ec2: 101_337.25, fargate: 97_411.5 },
        rollbacks: vec![Rollback {
            at: hour(ROLLBACK_HOUR),
            from: Share::percent(25),
            reason: "latency is proven worse on Fargate".to_owned(),
        }],
        writes: 61,
        calls: 184_202,
        load_gap_minutes: 140,
    }
}

fn findings() -> Vec<Finding> {
    vec![
        Finding {
            id: "TasksShortUnderLoad".to_owned(),
            message: "Fargate's tasks carried 1.31 times the load of EC2's when the share reached \
                      25%; raise `spec.scaling.bounds.max` or let Ferry promise capacity first."
                .to_owned(),
        },
        Finding {
            id: "<script>alert(1)</script>".to_owned(),
            message: "A name from a file & its \"quotes\" stay text.".to_owned(),
        },
    ]
}

fn hour(hour: u64) -> Time {
    START + Span::from_hours(hour)
}

/// The share the weights hold at a minute, in percent.
fn share_at(minute: u64) -> u16 {
    let hour = minute / 60;
    if (ROLLBACK_HOUR..STEPS[4].0).contains(&hour) {
        return 0;
    }
    STEPS.iter().rev().find(|step| hour >= step.0).map_or(0, |step| step.1)
}

/// Noise between -1 and 1 that is the same everywhere (SplitMix64's finaliser).
fn noise(minute: u64, stream: u64) -> f64 {
    let mut z = minute.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(stream << 32);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^= z >> 31;
    float(z >> 32) / f64::from(u32::MAX) * 2.0 - 1.0
}

fn is_breached(minute: u64) -> bool {
    (82 * 60 + 90..ROLLBACK_HOUR * 60).contains(&minute)
}

fn rate(minute: u64) -> f64 {
    let day = float(minute % 1_440) / 1_440.0;
    let weekend = if minute / 1_440 % 7 >= 5 { 1.18 } else { 1.0 };
    let surge = if [190, 191, 192, 193, 730, 731, 735, 740].contains(&(minute % 1_440)) {
        1.6
    } else {
        1.0
    };
    (36_000.0 + 26_000.0 * libm::sin((day - 0.33) * std::f64::consts::TAU))
        * weekend
        * surge
        * (1.0 + 0.05 * noise(minute, 1))
}

/// Tasks that carry a rate.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a few hundred tasks at most"
)]
fn tasks(rate: f64) -> u32 {
    (rate / 420.0) as u32 + 6
}

fn float(number: u64) -> f64 {
    f64::from(u32::try_from(number).expect("minutes of three weeks and halves of hashes fit"))
}

fn sample(minute: u64) -> Entry {
    let percent = share_at(minute);
    let share = Share::percent(percent);
    let settled = f64::from(share_at(minute.saturating_sub(20)));
    let measured = (f64::from(percent) * 0.4 + settled * 0.6) / 100.0;
    let measured = (measured * (1.0 + 0.04 * noise(minute, 2))).clamp(0.0, 1.0);
    let rate = rate(minute);
    // CloudWatch was blind for two and a half hours on day 5, and for a while on one side.
    let blind = (4 * 1_440 + 500..4 * 1_440 + 650).contains(&minute);
    let half_blind = (11 * 1_440 + 300..11 * 1_440 + 700).contains(&minute);
    let seen = |value: f64| (!blind).then_some(value);
    let fargate_rate = rate * measured;
    let has_fargate = percent > 0;
    let load = 0.15 * (rate / 62_000.0);
    let slow = if is_breached(minute) { 2.4 + 0.8 * noise(minute, 5) } else { 1.0 };
    let burst = if noise(minute / 15, 6) > 0.985 { 1.9 } else { 1.0 };
    let p99_ec2 = 168.0 * (1.0 + load) * (1.0 + 0.06 * noise(minute, 3)) * burst;
    let p99_fargate = 176.0 * (1.0 + load) * (1.0 + 0.09 * noise(minute, 4)) * slow * burst;
    let reserve = tasks(rate.max(52_000.0));
    let verdict = verdict_at(minute);
    Entry {
        at: START + Span::from_mins(minute),
        kind: EntryKind::Sample,
        share_wanted: Some(share),
        share_set: Some(share),
        share_measured: if blind { None } else { Share::from_ratio(measured) },
        tasks: PerSide {
            ec2: Some(if minute > 19 * 1_440 { 0 } else { reserve }),
            fargate: Some(if minute < 480 { 0 } else { tasks(fargate_rate * 1.08) }),
        },
        p99_ms: PerSide {
            ec2: seen(p99_ec2).filter(|_| percent < 100 && !half_blind),
            fargate: if has_fargate { seen(p99_fargate) } else { None },
        },
        requests_per_minute: PerSide {
            ec2: seen(rate - fargate_rate).filter(|_| !half_blind),
            fargate: seen(fargate_rate),
        },
        slow_ratio: PerSide { ec2: seen(0.004), fargate: seen(0.005) },
        verdict,
        reason: match verdict {
            VerdictKind::Advance => "every signal is proven no worse on Fargate".to_owned(),
            VerdictKind::Hold => "collecting evidence".to_owned(),
            VerdictKind::RollBack => "latency is proven worse on Fargate".to_owned(),
        },
        evidence: (!blind && has_fargate).then(|| evidence(minute)),
    }
}

/// Hours since the step that stands.
fn step_minutes(minute: u64) -> u64 {
    let begun = STEPS.iter().rev().find(|step| minute / 60 >= step.0).map_or(0, |step| step.0);
    minute - begun * 60
}

fn evidence(minute: u64) -> Evidence {
    let since = float(step_minutes(minute));
    let harm = if is_breached(minute) {
        let breached = float(minute - (82 * 60 + 90));
        2.0 + breached * 0.065 + 0.3 * noise(minute, 8)
    } else {
        2.4 + 1.3 * libm::sin(float(minute) / 190.0) + 0.5 * noise(minute / 9, 7)
    };
    let safe = if is_breached(minute) { -since * 0.01 } else { since * 0.0035 };
    let signal = |scale: f64, stream: u64| SignalEvidence {
        harm,
        safe: safe * scale + 0.25 * noise(minute / 3, stream),
        burn_fargate: 0.4,
        burn_ec2: 0.35,
    };
    Evidence {
        harm,
        harm_threshold: 14.9,
        safe_threshold: 3.0,
        signals: BTreeMap::from([
            ("latency".to_owned(), signal(1.0, 9)),
            ("availability".to_owned(), signal(0.8, 10)),
        ]),
        minutes: 0,
        eta: None,
    }
}

fn verdict_at(minute: u64) -> VerdictKind {
    if (ROLLBACK_HOUR * 60 - 4..ROLLBACK_HOUR * 60 + 30).contains(&minute) {
        return VerdictKind::RollBack;
    }
    let proven = share_at(minute) >= 5 && step_minutes(minute) > 1_300 && !is_breached(minute);
    if proven { VerdictKind::Advance } else { VerdictKind::Hold }
}

fn without_evidence(entry: Entry) -> Entry {
    Entry { evidence: None, ..entry }
}

fn event(minute: u64, kind: EntryKind, reason: &str) -> Entry {
    Entry { kind, reason: reason.to_owned(), ..without_evidence(sample(minute)) }
}

fn events() -> Vec<Entry> {
    let mut events = Vec::new();
    for (hour, percent) in STEPS.iter().filter(|step| step.0 < DAYS * 24) {
        let scaling = format!("floor of Fargate raised before {percent}% of the traffic comes");
        events.push(event(hour * 60 - 15, EntryKind::Scaling, &scaling));
        let reason = format!(
            "advanced to {percent}%: dwell over, every signal is proven no worse on Fargate, \
             capacity for the forecast peak stands on both sides, and the window is open"
        );
        events.push(event(hour * 60, EntryKind::Step, &reason));
        if *percent >= 5 && *percent < 100 && *hour != 82 {
            let reason = "every signal is proven no worse on Fargate";
            events.push(event(hour * 60 + 1_301, EntryKind::Verdict, reason));
        }
    }
    for (minute, kind, reason) in [
        (82 * 60 + 90, EntryKind::Fault, "latency of Fargate times 1.5 <begins>"),
        (ROLLBACK_HOUR * 60 - 4, EntryKind::Verdict, "latency is proven worse on Fargate"),
        (
            ROLLBACK_HOUR * 60,
            EntryKind::RollBack,
            "rolled back from 25%: latency is proven worse on Fargate and its error budget burns \
             14.4 times too fast over 1 h and 5 min",
        ),
        (92 * 60, EntryKind::Fault, "latency of Fargate times 1.5 ends"),
        (150 * 60, EntryKind::Event, "attempt 2 by spec.attempt: the latch is released"),
        (4 * 1_440 + 500, EntryKind::Fault, "metric gap on both sides begins"),
        (4 * 1_440 + 650, EntryKind::Fault, "metric gap on both sides ends"),
        (17 * 1_440, EntryKind::Event, "bake over: 48h at 100% without a breach"),
        (19 * 1_440, EntryKind::Event, "EC2 is quiet: drained"),
        (DAYS * 1_440, EntryKind::End, "all traffic is on Fargate, baked and drained"),
    ] {
        events.push(event(minute, kind, reason));
    }
    events
}
