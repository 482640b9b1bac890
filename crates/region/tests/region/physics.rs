//! What load, capacity and weights do to requests.

use crate::world::{START, ask, id, loaded, pass, quiet, record, rule, shift};
use model::observation::Bounds;
use model::{Side, Span};
use region::load::{GeneratedLoad, Load};
use region::request::{Request, Response};
use region::spec::ScalingSpec;
use region::truth::Minute;
use region::{Region, RegionSpec};

fn region(spec: &RegionSpec) -> Region {
    Region::new(spec, 7).expect("the spec is a region")
}

fn total(minutes: &[Minute], of: impl Fn(&Minute) -> u64) -> f64 {
    minutes.iter().map(of).sum::<u64>() as f64
}

/// The part of both sides' requests that were slow or failed.
fn bad(minutes: &[Minute]) -> f64 {
    let sides = |m: &Minute| [m.sides.ec2, m.sides.fargate];
    let bad = total(minutes, |m| sides(m).iter().map(|s| s.slow + s.errors).sum());
    bad / total(minutes, |m| sides(m).iter().map(|s| s.requests).sum())
}

#[test]
fn requests_are_neither_made_nor_lost() {
    // Whatever happens, what comes in is what both sides count, within the noise of counting.
    for (ec2, fargate, count) in [(100, 0, 0), (50, 50, 30), (0, 100, 1000)] {
        let mut spec = quiet(500.0, record());
        spec.applications[0].sides.fargate.desired = 10;
        let mut region = region(&spec);
        shift(&mut region, &record(), ec2, fargate);
        pass(&mut region, Span::from_mins(5));
        for side in Side::ALL {
            region.disturb(&deaths(side, count)).unwrap();
        }
        pass(&mut region, Span::from_hours(2));
        let minutes = region.minutes(0);
        let seen = total(minutes, |m| m.sides.ec2.requests + m.sides.fargate.requests);
        let sent = 500.0 * 60.0 * minutes.len() as f64;
        assert!((seen - sent).abs() < 5.0 * sent.sqrt(), "{seen} of {sent}");
        for minute in minutes {
            for side in [minute.sides.ec2, minute.sides.fargate] {
                assert!(side.unanswered <= side.errors && side.errors <= side.requests);
                assert!(side.slow <= side.requests - side.unanswered);
            }
        }
    }
}

fn deaths(side: Side, count: u32) -> region::fault::FaultRow {
    region::fault::FaultRow {
        at: Some(Span::ZERO),
        r#type: "taskDeath".to_owned(),
        side: Some(side.name().to_owned()),
        count: Some(count.max(1)),
        reason: Some("outOfMemory".to_owned()),
        ..Default::default()
    }
}

#[test]
fn a_side_without_tasks_answers_with_errors() {
    // On one balancer a rule goes on sending to the empty group.
    let mut spec = quiet(200.0, rule());
    spec.applications[0].sides.fargate.desired = 0;
    spec.applications[0].sides.fargate.scaling = None;
    let mut region = region(&spec);
    assert_eq!(shift(&mut region, &rule(), 90, 10), Response::Done);
    pass(&mut region, Span::from_mins(10));
    let minutes = &region.minutes(0)[1..];
    let requests = total(minutes, |m| m.sides.fargate.requests);
    assert!((requests / (20.0 * 60.0 * 9.0) - 1.0).abs() < 0.05, "{requests}");
    for minute in minutes {
        assert_eq!(minute.sides.fargate.errors, minute.sides.fargate.requests);
        assert_eq!(minute.sides.fargate.healthy_min, 0);
    }
    // In DNS the empty balancer drops out of the answers, and everything goes to EC2.
    let mut spec = quiet(200.0, record());
    spec.applications[0].sides.fargate.desired = 0;
    spec.applications[0].sides.fargate.scaling = None;
    let mut region = Region::new(&spec, 7).unwrap();
    shift(&mut region, &record(), 0, 100);
    pass(&mut region, Span::from_mins(30));
    assert!(total(region.minutes(0), |m| m.sides.fargate.requests) < 1.0);
    assert!(region.truth(0).unwrap().share_realised < 1e-9);
}

#[test]
fn balancer_weights_hold_for_the_next_request_and_records_follow_the_ttl() {
    for (route, soon, later) in [(rule(), 0.24..0.26, 0.24..0.26), (record(), 0.0..0.1, 0.24..0.26)]
    {
        let mut spec = quiet(1000.0, route.clone());
        spec.applications[0].sides.fargate.desired = 20;
        let mut region = region(&spec);
        pass(&mut region, Span::from_mins(10));
        shift(&mut region, &route, 75, 25);
        pass(&mut region, Span::from_secs(20));
        let share = region.truth(0).unwrap().share_realised;
        assert!(soon.contains(&share), "{share} soon after");
        pass(&mut region, Span::from_mins(6));
        let share = region.truth(0).unwrap().share_realised;
        assert!(later.contains(&share), "{share} later");
    }
}

#[test]
fn short_tasks_breach_the_slo_until_autoscaling_has_caught_up() {
    // The founding incident: a quarter of 2,000 rps meets ten Fargate tasks that carry 412.
    let mut spec = quiet(2000.0, record());
    spec.applications[0].sides.fargate.desired = 10;
    let bounds = Bounds { min: 10, max: 600 };
    let scaling = ScalingSpec::by_hand(&id(Side::Fargate), bounds);
    spec.applications[0].sides.fargate.scaling = Some(scaling);
    let mut region = region(&spec);
    pass(&mut region, Span::from_mins(10));
    shift(&mut region, &record(), 75, 25);
    pass(&mut region, Span::from_mins(4));
    let truth = region.truth(0).unwrap();
    assert!(truth.sides.fargate.safe_rps < 0.25 * truth.demand_rps, "{truth:?}");
    assert_eq!(truth.sides.fargate.desired, 10, "the alarm has not seen it yet");
    let cpu = settled_cpu(&mut region);
    assert!(cpu > 65.0, "CPU is {cpu}");
    pass(&mut region, Span::from_mins(8));
    let after_shift = &region.minutes(0)[12..16];
    let slow = total(after_shift, |m| m.sides.fargate.slow);
    let requests = total(after_shift, |m| m.sides.fargate.requests);
    assert!(slow / requests > 0.01, "{slow} slow of {requests}");
    pass(&mut region, Span::from_hours(1));
    let truth = region.truth(0).unwrap();
    assert!(truth.sides.fargate.healthy > 11, "{truth:?}");
    let minutes = region.minutes(0);
    let last = &minutes[minutes.len() - 10..];
    let slow = total(last, |m| m.sides.fargate.slow);
    let requests = total(last, |m| m.sides.fargate.requests);
    assert!(slow / requests < 0.01, "{slow} slow of {requests}");
}

fn settled_cpu(region: &mut Region) -> f64 {
    pass(region, Span::from_mins(2));
    let minute = region.now().minute() - 3;
    let ask = crate::world::ask(Side::Fargate, minute, minute + 1);
    let minutes = region.handle(&Request::GetMinutes { ask: &ask }).minutes();
    let minutes = minutes.expect("the group is there");
    minutes.first().and_then(|minute| minute.cpu_percent).expect("the minute is settled")
}

#[test]
fn capacity_before_traffic_keeps_the_slo() {
    let mut spec = quiet(2000.0, record());
    spec.applications[0].sides.fargate.desired = 16;
    let bounds = Bounds { min: 16, max: 600 };
    let scaling = ScalingSpec::by_hand(&id(Side::Fargate), bounds);
    spec.applications[0].sides.fargate.scaling = Some(scaling);
    let mut region = region(&spec);
    pass(&mut region, Span::from_mins(10));
    shift(&mut region, &record(), 75, 25);
    pass(&mut region, Span::from_hours(1));
    assert!(bad(&region.minutes(0)[10..]) < 0.01);
}

#[test]
fn a_surge_outruns_the_hand_written_policy() {
    // Two and a half times the load within three minutes, for ten minutes.
    let mut rates = vec![2000.0; 180];
    for (minute, rate) in rates.iter_mut().enumerate().skip(90).take(13) {
        *rate = 2000.0 + 3000.0 * ((minute - 89) as f64 / 3.0).min(1.0);
    }
    let mut region = region(&loaded(Load::new(rates).unwrap(), record()));
    pass(&mut region, Span::from_hours(2));
    let minutes = region.minutes(0);
    assert!(bad(&minutes[30..88]) < 0.01, "calm before: {}", bad(&minutes[30..88]));
    assert!(bad(&minutes[92..100]) > 0.2, "in the surge: {}", bad(&minutes[92..100]));
    let out = region.activities(0, Side::Ec2).count();
    assert!(out > 0, "the policy did react");
}

#[test]
fn slow_resolvers_keep_reaching_ec2_for_weeks() {
    let mut spec = quiet(2000.0, record());
    spec.clients = region::spec::ClientsSpec { concentration: 0.0, ..Default::default() };
    spec.applications[0].sides.fargate.desired = 60;
    let mut region = region(&spec);
    shift(&mut region, &record(), 0, 100);
    let mut rest = Vec::new();
    for days in [1, 6, 14, 20] {
        pass(&mut region, Span::from_days(days));
        let minutes = region.minutes(0);
        let last = &minutes[minutes.len() - 60..];
        rest.push(total(last, |m| m.sides.ec2.requests) / 60.0);
    }
    // Per minute after 1, 7, 21 and 41 days, of 120,000.
    assert!((100.0..2000.0).contains(&rest[0]), "{rest:?}");
    assert!((20.0..300.0).contains(&rest[1]), "{rest:?}");
    assert!((5.0..60.0).contains(&rest[2]), "{rest:?}");
    assert!(rest.is_sorted_by(|a, b| a > b), "{rest:?}");
}

#[test]
fn few_resolvers_make_the_split_wander() {
    let mut spec = quiet(2000.0, record());
    spec.clients.concentration = 1e-3;
    spec.applications[0].sides.fargate.desired = 40;
    let mut region = region(&spec);
    shift(&mut region, &record(), 50, 50);
    pass(&mut region, Span::from_days(1));
    let minutes = &region.minutes(0)[30..];
    let shares: Vec<f64> = minutes.iter().map(|m| m.share_realised).collect();
    let mean = shares.iter().sum::<f64>() / shares.len() as f64;
    let variance = shares.iter().map(|s| (s - mean).powi(2)).sum::<f64>() / shares.len() as f64;
    assert!((mean - 0.5).abs() < 0.005, "{mean}");
    // w (1 - w) times the concentration.
    assert!((variance / 2.5e-4 - 1.0).abs() < 0.25, "{variance}");
}

#[test]
fn a_week_by_hand_costs_what_the_benchmark_says() {
    // "push-7d" in the EC2 world: 1.84 % slow and 18,189 task-hours; another load of the same
    // kind must land near it.
    let load = GeneratedLoad::default().load().unwrap();
    let mut spec = loaded(load, record());
    let bounds = Bounds { min: 30, max: 600 };
    spec.applications[0].sides.ec2.scaling = Some(ScalingSpec::by_hand(&id(Side::Ec2), bounds));
    let mut region = region(&spec);
    region.advance_to(START + Span::from_days(7));
    let minutes = region.minutes(0);
    let hours = total(minutes, |m| u64::from(m.sides.ec2.running)) / 60.0;
    assert!((0.01..0.03).contains(&bad(minutes)), "{}", bad(minutes));
    assert!((16_000.0..21_000.0).contains(&hours), "{hours}");
}

/// As CloudWatch does: a daemon that runs on it for months takes no more memory for it.
#[test]
fn minutes_are_kept_for_fifteen_days() {
    let mut region = Region::new(&quiet(100.0, rule()), 1).unwrap();
    let days = |days: i64| START.minute() + days * 1_440;
    pass(&mut region, Span::from_mins(17 * 1_440));
    let read = |region: &mut Region, from: i64, until: i64| {
        let ask = ask(Side::Ec2, from, until);
        region.handle(&Request::GetMinutes { ask: &ask }).minutes().unwrap()
    };
    assert_eq!(read(&mut region, days(0), days(2)), []);
    let edge = read(&mut region, days(1), days(3));
    assert_eq!((edge.len(), edge[0].minute), (1_440, days(2)));
    // The last two are not published yet.
    assert_eq!(read(&mut region, days(2), days(17)).len(), 15 * 1_440 - 2);
    region.forget_truth_before(days(16));
    assert_eq!(region.minutes(0).first().map(|minute| minute.minute), Some(days(16)));
}
