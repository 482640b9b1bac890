//! What goes wrong with calls, and what never changes.

use std::sync::Arc;

use crate::world::{START, ask, group, id, loaded, pass, quiet, record, rule, shift};
use cloud::{ErrorKind, Router as _, Shift};
use futures::executor::block_on;
use model::observation::{Bounds, ScheduledBounds};
use model::route::{Route, WeightPair, Weights};
use model::{Side, Span};
use region::fault::FaultRow;
use region::journal::{Author, Change, Outcome};
use region::load::GeneratedLoad;
use region::request::{OPERATIONS, Request, Response, RouteChange};
use region::{Region, RegionSpec, SimulatedCloud};

fn row(name: &str) -> FaultRow {
    FaultRow { at: Some(Span::ZERO), r#type: name.to_owned(), ..FaultRow::default() }
}

fn api(name: &str, api: &str) -> FaultRow {
    FaultRow { api: Some(api.to_owned()), ..row(name) }
}

fn percent(text: &str) -> Option<region::fault::Fraction> {
    Some(text.parse().expect("a percentage"))
}

fn with(spec: &RegionSpec, rows: Vec<FaultRow>) -> Region {
    let spec = RegionSpec { faults: rows, ..spec.clone() };
    Region::new(&spec, 5).expect("the spec is a region")
}

/// One call of each operation.
fn call_all(region: &mut Region) -> Vec<(&'static str, Response)> {
    let (service, targets, route) = (id(Side::Ec2), group(Side::Ec2), record());
    let bounds = Bounds { min: 1, max: 500 };
    let at = region.now() + Span::from_hours(1);
    let scheduled = ScheduledBounds { name: "floor".to_owned(), at, min: Some(3), max: None };
    let minutes = ask(Side::Ec2, START.minute(), START.minute() + 5);
    let weights = WeightPair { ec2: 100, fargate: 0 };
    let changes = [RouteChange { route: &route, expected: weights, weights }];
    let requests = [
        Request::DescribeService { id: &service },
        Request::UpdateService { id: &service, desired: 30 },
        Request::DescribeTargetHealth { group: &targets },
        Request::DescribeScalableTarget { id: &service },
        Request::RegisterScalableTarget { id: &service, bounds },
        Request::PutScheduledAction { id: &service, scheduled: &scheduled },
        Request::DeleteScheduledAction { id: &service, name: "floor" },
        Request::DescribeRoute { route: &route },
        Request::ChangeRoutes { changes: &changes },
        Request::GetMinutes { ask: &minutes },
    ];
    requests.iter().map(|request| (request.operation(), region.handle(request))).collect()
}

fn failure(response: &Response) -> Option<ErrorKind> {
    if let Response::Failed(error) = response { Some(error.kind) } else { None }
}

#[test]
fn faults_at_the_border_meet_the_calls_they_name_and_no_others() {
    for (name, fault, kind) in [
        ("*", "throttle", ErrorKind::Throttled),
        ("route53", "throttle", ErrorKind::Throttled),
        ("ecs:DescribeServices", "throttle", ErrorKind::Throttled),
        ("application-autoscaling", "denied", ErrorKind::Denied),
        ("*", "denied", ErrorKind::Denied),
    ] {
        let fraction = if fault == "throttle" { percent("100%") } else { None };
        let fault = FaultRow { fraction, ..api(fault, name) };
        let mut region = with(&quiet(100.0, record()), vec![fault]);
        pass(&mut region, Span::from_mins(10));
        for (operation, response) in call_all(&mut region) {
            let meets =
                name == "*" || operation == name || operation.starts_with(&format!("{name}:"));
            assert_eq!(failure(&response), meets.then_some(kind), "{name}: {operation}");
        }
    }
}

#[test]
fn a_part_of_calls_is_throttled() {
    let fault = FaultRow { fraction: percent("30%"), ..api("throttle", "ecs") };
    let mut region = with(&quiet(100.0, record()), vec![fault]);
    let service = id(Side::Ec2);
    let request = Request::DescribeService { id: &service };
    let throttled = (0..10_000).filter(|_| failure(&region.handle(&request)).is_some()).count();
    assert!((2_800..3_200).contains(&throttled), "{throttled}");
    assert_eq!(region.journal().calls()["ecs:DescribeServices"], 10_000);
}

#[test]
fn a_lost_reply_is_lost_once_and_the_write_is_made() {
    let fault = FaultRow { nth: Some(2), ..api("lostReply", "route53:ChangeResourceRecordSets") };
    let mut region = with(&quiet(100.0, record()), vec![fault]);
    assert_eq!(shift(&mut region, &record(), 99, 1), Response::Done);
    let lost = shift(&mut region, &record(), 95, 5);
    assert_eq!(failure(&lost), Some(ErrorKind::OutcomeUnknown));
    let outcomes: Vec<_> = region.journal().entries().iter().map(|entry| entry.outcome).collect();
    assert_eq!(outcomes, [Outcome::Made, Outcome::MadeReplyLost]);
    assert_eq!(region.truth(0).unwrap().share_max.per_mille(), 50);
    assert_eq!(shift(&mut region, &record(), 90, 10), Response::Done);
}

#[test]
fn stale_reads_answer_with_the_past_until_they_stop() {
    let fault = FaultRow {
        age: Some(Span::from_secs(60)),
        r#for: Some(Span::from_mins(5)),
        ..api("staleRead", "*")
    };
    let mut spec = quiet(100.0, record());
    spec.applications[0].sides.fargate.scaling = None;
    let mut region = with(&spec, vec![fault]);
    pass(&mut region, Span::from_mins(2));
    let (service, route) = (id(Side::Fargate), record());
    let update = Request::UpdateService { id: &service, desired: 9 };
    assert_eq!(region.handle(&update), Response::Done);
    // The change is conditional on what is live, not on what a stale read says.
    assert_eq!(shift(&mut region, &route, 90, 10), Response::Done);
    let desired = |region: &mut Region| {
        region.handle(&Request::DescribeService { id: &service }).service().unwrap().desired
    };
    let fargate = |region: &mut Region| {
        region.handle(&Request::DescribeRoute { route: &route }).route().unwrap().0.fargate
    };
    for (secs, seen) in [(0, (1, 0)), (50, (1, 0)), (20, (9, 10)), (600, (9, 10))] {
        pass(&mut region, Span::from_secs(secs));
        assert_eq!((desired(&mut region), fargate(&mut region)), seen, "{secs} s later");
    }
}

#[test]
fn a_stale_writer_fails_in_route_53_and_not_on_a_rule() {
    for (route, refused) in [(record(), Some(ErrorKind::Conflict)), (rule(), None)] {
        let mut region = with(&quiet(100.0, route.clone()), Vec::new());
        let change =
            RouteChange { route: &route, expected: weights(90, 10), weights: weights(50, 50) };
        let answer = region.handle(&Request::ChangeRoutes { changes: &[change] });
        assert_eq!(failure(&answer), refused, "{route:?}");
    }
}

/// Two applications whose records lie in one zone, and the second one's route.
fn neighbours() -> (RegionSpec, Route) {
    let mut spec = quiet(100.0, record());
    let mut other = spec.applications[0].clone();
    other.name = "other".to_owned();
    for side in Side::ALL {
        let service = other.sides.get_mut(side);
        service.id.cluster = "other".to_owned();
        service.target_group_arn = format!("other-{}", side.name());
        service.scaling = None;
    }
    let route = Route::Route53Record {
        zone: "Z1".to_owned(),
        name: "other.example.com".to_owned(),
        record_type: "A".to_owned(),
        ec2_set: "ec2".to_owned(),
        fargate_set: "fargate".to_owned(),
    };
    other.routes[0].route = route.clone();
    spec.applications.push(other);
    (spec, route)
}

const fn weights(ec2: u32, fargate: u32) -> WeightPair {
    WeightPair { ec2, fargate }
}

#[test]
fn a_batch_with_one_stale_record_changes_nothing() {
    let (spec, route) = neighbours();
    let mut region = Region::new(&spec, 1).unwrap();
    let good = record();
    let changes = [
        RouteChange { route: &good, expected: weights(100, 0), weights: weights(90, 10) },
        RouteChange { route: &route, expected: weights(55, 45), weights: weights(90, 10) },
    ];
    let answer = region.handle(&Request::ChangeRoutes { changes: &changes });
    assert_eq!(failure(&answer), Some(ErrorKind::Conflict));
    for index in 0..2 {
        assert_eq!(region.truth(index).unwrap().share_max.per_mille(), 0);
    }
}

#[test]
fn steps_of_one_zone_share_a_batch_that_none_of_them_spoils() {
    let (mut spec, other) = neighbours();
    // Reads answer with the past, so that the second shift's expectation looks good and is not.
    let stale = FaultRow { age: Some(Span::from_secs(60)), ..api("staleRead", "route53") };
    spec.faults = vec![FaultRow { at: Some(Span::from_mins(10)), ..stale }];
    let cloud = SimulatedCloud::new(Region::new(&spec, 1).unwrap());
    let step = |route: &Route, from: WeightPair, to: WeightPair, rollback| Shift {
        sticky: model::route::Sticky::new(),
        account: Arc::default(),
        routes: vec![route.clone()],
        expected: Weights::from([(route.key(), from)]),
        weights: Weights::from([(route.key(), to)]),
        rollback,
    };
    let batches =
        || cloud.with(|r| r.journal().calls().get("route53:ChangeResourceRecordSets").copied());
    let both = |from, to, rollback| {
        [step(&other, from, to, rollback), step(&record(), from, to, rollback)]
    };
    let set = |shifts: &[Shift]| -> Vec<Result<bool, ErrorKind>> {
        let answers = block_on(cloud.set(shifts));
        answers.into_iter().map(|a| a.map(|a| a.written).map_err(|e| e.kind)).collect()
    };
    assert_eq!(set(&both(weights(100, 0), weights(90, 10), false)), [Ok(true), Ok(true)]);
    assert_eq!(batches(), Some(1), "two steps in one batch");
    assert_eq!(set(&both(weights(90, 10), weights(95, 5), true)), [Ok(true), Ok(true)]);
    assert_eq!(batches(), Some(3), "rollbacks leave alone");
    cloud.with(|region| {
        pass(region, Span::from_mins(20));
        let expected = weights(95, 5);
        let change = RouteChange { route: &other, expected, weights: weights(100, 0) };
        region.handle(&Request::ChangeRoutes { changes: &[change] }).done().unwrap();
    });
    let answers = set(&both(weights(95, 5), weights(80, 20), false));
    assert_eq!(answers, [Err(ErrorKind::Conflict), Ok(true)]);
    let shares = [0, 1].map(|app| cloud.with(|r| r.truth(app).unwrap().share_max.per_mille()));
    assert_eq!(shares, [200, 0]);
}

#[test]
fn minutes_are_late_short_at_first_or_never_there() {
    let mut spec = quiet(1000.0, record());
    spec.metrics.backfilled = 0.2;
    spec.metrics.missing = 0.1;
    let mut region = with(&spec, Vec::new());
    let read = |region: &mut Region| {
        let all = ask(Side::Ec2, START.minute(), START.minute() + 600);
        region.handle(&Request::GetMinutes { ask: &all }).minutes().expect("the group is there")
    };
    pass(&mut region, Span::from_mins(600));
    let early = read(&mut region);
    let last = early.last().unwrap().minute;
    assert!((597..=599).contains(&(last - START.minute())), "{last}");
    pass(&mut region, Span::from_mins(10));
    let late = read(&mut region);
    let missing = 600 - late.len();
    assert!((30..90).contains(&missing), "{missing} of 600 missing");
    // Nothing that was whole changes.
    let changed = early
        .iter()
        .filter_map(|minute| {
            let now = late.iter().find(|other| other.minute == minute.minute)?;
            (now != minute).then_some((minute.counts.requests, now.counts.requests))
        })
        .collect::<Vec<_>>();
    assert!(changed.iter().all(|(before, now)| before < now), "{changed:?}");
    assert!(changed.len() < 10, "only the newest can be short: {changed:?}");
}

#[test]
fn gaps_delays_and_nulls_are_no_numbers() {
    let span = Some(Span::from_mins(10));
    let side = Some("ec2".to_owned());
    let read = |row: FaultRow, after: Span| {
        let mut region = with(&quiet(1000.0, record()), vec![FaultRow { r#for: span, ..row }]);
        pass(&mut region, after);
        let all = ask(Side::Ec2, START.minute(), START.minute() + 20);
        region.handle(&Request::GetMinutes { ask: &all }).minutes().expect("the group is there")
    };
    let hour = Span::from_hours(1);
    let gap = read(FaultRow { side: side.clone(), ..row("metricGap") }, hour);
    assert_eq!(gap.first().unwrap().minute, START.minute() + 10);
    let null = read(FaultRow { side, ..row("metricNull") }, hour);
    assert_eq!(null.iter().filter(|minute| minute.counts.requests.is_none()).count(), 10);
    let late = FaultRow { delay: Some(Span::from_mins(20)), ..row("metricDelay") };
    assert!(
        read(late.clone(), Span::from_mins(18)).iter().all(|m| m.minute >= START.minute() + 10)
    );
    assert_eq!(read(late, hour).len(), 20);
}

#[test]
fn an_outsider_edits_and_the_journal_says_so() {
    let edit = |target: &str, value: &str| FaultRow {
        target: Some(target.to_owned()),
        value: Some(value.to_owned()),
        ..row("edit")
    };
    let rows = vec![edit("weights", "30%"), edit("ec2.min", "25"), edit("fargate.desired", "4")];
    let mut region = with(&quiet(100.0, record()), rows);
    pass(&mut region, Span::from_mins(1));
    let truth = region.truth(0).unwrap();
    assert_eq!(truth.share_max.per_mille(), 300);
    assert_eq!(truth.sides.ec2.bounds.unwrap().min, 25);
    assert!(truth.sides.ec2.desired >= 25);
    assert_eq!(truth.sides.fargate.desired, 4);
    assert!(region.journal().entries().iter().all(|entry| entry.author == Author::Outsider));
    assert_eq!(region.journal().writes(), 0);
}

#[test]
fn faults_wait_for_their_share() {
    let fault = FaultRow {
        at: None,
        when_share: Some(model::Share::percent(25)),
        side: Some("fargate".to_owned()),
        rate: percent("50%"),
        ..row("errors")
    };
    let mut spec = quiet(500.0, rule());
    spec.applications[0].sides.fargate.desired = 30;
    let mut region = with(&spec, vec![fault]);
    for (share, errors) in [(10, false), (24, false), (25, true), (5, true)] {
        shift(&mut region, &rule(), 100 - share, share);
        pass(&mut region, Span::from_mins(5));
        let last = region.minutes(0).last().unwrap().sides.fargate;
        let rate = last.errors as f64 / last.requests as f64;
        assert_eq!(rate > 0.3, errors, "{share} %: {rate}");
    }
}

#[test]
fn schedules_fire_alone_and_are_journalled() {
    let mut region = with(&quiet(100.0, record()), Vec::new());
    let service = id(Side::Ec2);
    let at = region.now() + Span::from_mins(30);
    let scheduled =
        ScheduledBounds { name: "ferry-floor".to_owned(), at, min: Some(40), max: None };
    let request = Request::PutScheduledAction { id: &service, scheduled: &scheduled };
    assert_eq!(region.handle(&request), Response::Done);
    pass(&mut region, Span::from_mins(40));
    assert_eq!(region.truth(0).unwrap().sides.ec2.desired, 40);
    let fired = region.journal().entries().last().unwrap();
    assert_eq!((fired.author, fired.at), (Author::Schedule, at));
    assert!(matches!(fired.change, Change::Bounds { after: Bounds { min: 40, .. }, .. }));
}

#[test]
fn the_same_spec_seed_and_calls_give_the_same_world() {
    let load = GeneratedLoad::default().load().unwrap();
    let mut spec = loaded(load, record());
    spec.noise = Default::default();
    spec.clients = Default::default();
    spec.metrics = Default::default();
    spec.faults = region::fault::random(11, Span::from_days(1)).faults;
    let live = |seed, steps: &[u64]| {
        let mut region = Region::new(&spec, seed).unwrap();
        shift(&mut region, &record(), 80, 20);
        for step in steps {
            pass(&mut region, Span::from_secs(*step));
        }
        // The number of looks at a minute moves nothing.
        region.advance_to(START + Span::from_days(1));
        format!("{:?} {:?}", region.minutes(0), region.truth(0))
    };
    let one = live(3, &[]);
    assert_eq!(one, live(3, &[7, 13, 999, 86_000 / 2]));
    assert_ne!(one, live(4, &[]));
    // A clone goes on as the original does.
    let mut region = Region::new(&spec, 3).unwrap();
    pass(&mut region, Span::from_hours(5));
    let mut fork = region.clone();
    for region in [&mut region, &mut fork] {
        pass(region, Span::from_hours(5));
    }
    assert_eq!(format!("{region:?}"), format!("{fork:?}"));
}

#[test]
fn every_operation_of_a_request_is_named() {
    let mut region = with(&quiet(100.0, record()), Vec::new());
    for (operation, _) in call_all(&mut region) {
        assert!(OPERATIONS.contains(&operation), "{operation}");
    }
}

#[test]
fn random_faults_never_break_the_world() {
    let span = Span::from_days(1);
    for seed in 0..40 {
        let load = GeneratedLoad { mean_rps: 300.0, seed, ..GeneratedLoad::default() };
        let mut spec = loaded(load.load().unwrap(), record());
        spec.noise = Default::default();
        spec.faults = region::fault::random(seed, span).faults;
        let mut region = Region::new(&spec, seed).unwrap();
        let mut share = 0;
        while region.now() < START + span {
            pass(&mut region, Span::from_mins(10));
            call_all(&mut region);
            share = (share + 1) % 50;
            shift(&mut region, &record(), 100 - share, share);
            let truth = region.truth(0).unwrap();
            assert!((0.0..=1.0).contains(&truth.share_realised), "{seed}: {truth:?}");
            for (_, side) in truth.sides.iter() {
                assert!(side.healthy <= side.running, "{seed}: {truth:?}");
            }
        }
        for minute in region.minutes(0) {
            for (_, side) in minute.sides.iter() {
                let answered = side.requests.checked_sub(side.unanswered);
                assert!(answered.is_some_and(|answered| side.slow <= answered), "{minute:?}");
                assert!(side.errors <= side.requests, "{minute:?}");
            }
        }
    }
}
