//! Judging a week of both sides: at most 5 ms on one core.

use std::hint::black_box;

use analysis::judge::judge_log;
use analysis::settings::{Calibration, Settings};
use analysis::{Fold, csv};
use criterion::{Criterion, criterion_group, criterion_main};
use model::minute::{Context, Counts, Minute};
use model::{Share, Side, Time};
use sampling::Generator;

/// A week at 2,000 requests a minute, a tenth of it on Fargate, everything known of each minute.
fn week() -> Vec<Minute> {
    let mut draw = Generator::new(1);
    let mut rows = Vec::new();
    for minute in 0..10_080 {
        for (side, mean, tasks) in [(Side::Ec2, 1_800.0, 90), (Side::Fargate, 200.0, 10)] {
            let requests = draw.poisson(mean);
            let part = |draw: &mut Generator, p| Some(draw.binomial(requests, p));
            rows.push(Minute {
                minute,
                side,
                revision: 0,
                seen_at: Time::from_minute(minute + 2),
                counts: Counts {
                    requests: Some(requests),
                    slow: part(&mut draw, 0.005),
                    slow_slo: part(&mut draw, 0.004),
                    slow_p90: part(&mut draw, 0.09),
                    slow_p50: part(&mut draw, 0.45),
                    errors: part(&mut draw, 0.001),
                },
                context: Context {
                    share: Some(Share::percent(10)),
                    tasks: Some(tasks),
                    healthy: Some(tasks),
                    release: Some("2026-11-23.1".to_owned()),
                    ..Context::default()
                },
            });
        }
    }
    rows
}

fn judge(criterion: &mut Criterion) {
    let rows = week();
    let settings = Settings::default();
    criterion.bench_function("judge a week", |bench| {
        bench.iter(|| judge_log(&settings, black_box(&rows)));
    });
    let uncalibrated = Settings { calibration: Calibration::None, ..Settings::default() };
    criterion.bench_function("judge a week behind DNS", |bench| {
        bench.iter(|| judge_log(&uncalibrated, black_box(&rows)));
    });
    criterion.bench_function("fold a week", |bench| {
        bench.iter(|| {
            let mut fold = Fold::new(&settings);
            for row in black_box(&rows) {
                fold.push(&settings, row);
            }
            fold
        });
    });
}

fn parse(criterion: &mut Criterion) {
    let mut text = "minute,side,requests,slow,slow_slo,slow_p90,slow_p50,errors\n".to_owned();
    for row in week() {
        let counts = row.counts;
        let columns = [
            counts.requests,
            counts.slow,
            counts.slow_slo,
            counts.slow_p90,
            counts.slow_p50,
            counts.errors,
        ];
        let fields: Vec<String> = columns.iter().map(|c| c.unwrap_or(0).to_string()).collect();
        text.push_str(
            &[row.minute.to_string(), row.side.name().to_owned(), fields.join(",")].join(","),
        );
        text.push('\n');
    }
    criterion.bench_function("read a week of CSV", |bench| {
        bench.iter(|| csv::parse(black_box(&text)).map(|recording| recording.minutes.len()));
    });
}

criterion_group!(benches, judge, parse);
criterion_main!(benches);
