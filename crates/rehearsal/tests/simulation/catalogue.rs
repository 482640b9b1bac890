//! Faults of the catalogue that are more than a row of a script: what comes late, what nobody
//! looks at, what cannot be written.

use model::action::Action;
use model::condition::ConditionType;
use model::route::{Propagation, Route, WeightPair};
use model::{Share, Span, Time};
use region::fault::Edit;
use region::load::Load;
use region::request::{Request, Response, RouteChange};
use rehearsal::simulation::Simulation;

use crate::world::{QUICK, Router, Wish, at, flat, quick, run, setup, share, started, steps};

fn route(router: Router) -> Route {
    let migration = quick(router).migration();
    controller::Managed::new(1, migration).expect("it is supported").routes.routes[0].clone()
}

/// Sends a write of weights once more, past the daemon.
fn deliver(
    simulation: &Simulation,
    router: Router,
    expected: WeightPair,
    weights: WeightPair,
) -> Response {
    let route = route(router);
    let changes = [RouteChange { route: &route, expected, weights }];
    simulation.region().with(|region| region.handle(&Request::ChangeRoutes { changes: &changes }))
}

#[test]
fn f3_a_record_write_that_comes_late_is_refused_by_the_record_itself() {
    let mut simulation = started(Router::Records, flat(60.0), &[]);
    run(&mut simulation, Span::from_hours(1), |_, _| {});
    let steps = steps(&simulation);
    assert!(steps.len() >= 2, "{steps:?}");
    let before = share(&simulation);
    let (_, expected, weights) = steps[0];
    let answer = deliver(&simulation, Router::Records, expected, weights);
    assert!(matches!(answer, Response::Failed(_)), "{answer:?}");
    assert_eq!(share(&simulation), before);
}

#[test]
fn f3_a_rule_write_that_comes_late_is_seen_said_and_not_fought() {
    let mut simulation = started(Router::Rules, flat(60.0), &[]);
    run(&mut simulation, Span::from_mins(70), |_, _| {});
    let first = steps(&simulation)[0].2;
    let late = simulation.next_at();
    // A rule takes what comes. For the daemon it is as if somebody else had written it.
    let back = first.share().expect("it had weights");
    assert!(back < share(&simulation));
    simulation.region().with(|region| region.edit(Edit::Weights(back)));
    let mut said = None;
    run(&mut simulation, Span::from_hours(6), |_, tick| {
        let conditions = &tick.passes[0].plan.status.conditions;
        if conditions.is_true(ConditionType::RolledBack)
            || conditions.is_true(ConditionType::Drifted)
        {
            said = said.or(Some(tick.at));
        }
    });
    let said = said.expect("it is said");
    assert!(said.since(late) <= Span::from_mins(6), "{late} {said}");
    assert_eq!(share(&simulation), back, "it is left there");
    assert_eq!(simulation.violations(), []);
}

#[test]
fn f4_a_rollback_gets_through_a_storm_of_throttled_calls() {
    for router in [Router::Records, Router::Rules] {
        let storm = "{at: 40m, for: 3h, type: throttle, api: '*', fraction: 50%}";
        let errors = "{at: 50m, type: errors, side: fargate, rate: 40%}";
        let mut simulation = started(router, flat(600.0), &[storm, errors]);
        let mut back = None;
        run(&mut simulation, Span::from_hours(3), |simulation, tick| {
            if tick.at > at(Span::from_mins(50)) && share(simulation) == Share::ZERO {
                back = back.or(Some(tick.at));
            }
        });
        let back = back.expect("it goes back").since(at(Span::from_mins(50)));
        assert!(back < Span::from_mins(15), "{router:?}: {back}");
        assert_eq!(simulation.violations(), []);
    }
}

#[test]
fn f4_a_step_that_could_not_be_written_leaves_as_soon_as_it_can_and_dwells_no_second_time() {
    for router in [Router::Records, Router::Rules] {
        let rows =
            ["route53:ChangeResourceRecordSets", "elasticloadbalancing:ModifyRule"].map(|api| {
                format!("{{at: 20m, for: 12m, type: throttle, api: '{api}', fraction: 100%}}")
            });
        let mut simulation = started(router, flat(60.0), &rows.each_ref().map(String::as_str));
        let over = at(Span::from_mins(32));
        let mut tried = 0;
        run(&mut simulation, Span::from_mins(45), |_, tick| {
            tried += usize::from(tick.at < over && !tick.passes[0].answers.is_empty());
        });
        let (second, ..) = steps(&simulation)[1];
        assert!(tried > 10, "{router:?}: tried {tried} times");
        assert!(second.since(over) <= Span::from_secs(20), "{router:?}: {second}");
        assert_eq!(simulation.violations(), []);
    }
}

#[test]
fn f7_what_happened_while_nobody_looked_is_judged_by_its_minutes() {
    let errors = "{at: 61m, for: 9m, type: errors, side: fargate, rate: 40%}";
    let mut simulation = started(Router::Rules, flat(600.0), &[errors]);
    run(&mut simulation, Span::from_mins(60), |_, _| {});
    assert!(share(&simulation) >= Share::percent(25));
    // Begun and over between two looks: no look ever meets a failing Fargate.
    simulation.region().with(|region| region.advance_to(at(Span::from_mins(74))));
    assert!(simulation.region().with(|region| region.faults_acting()).is_empty());
    run(&mut simulation, Span::from_mins(80), |_, _| {});
    assert_eq!(share(&simulation), Share::ZERO);
}

#[test]
fn f12_no_requests_at_all_are_no_proof_of_health() {
    // Three hours a day without a request, or with one now and then.
    let load = |quiet: f64| {
        let rate = |minute: usize| match minute % 1_440 {
            60..240 => quiet,
            _ => 60.0,
        };
        Load::new((0..7 * 1_440).map(rate).collect()).expect("a load that can be")
    };
    for (quiet, advance) in [(0.0, "dwell"), (0.0, "evidence"), (0.002, "evidence")] {
        let target = QUICK.replace("dwell,", &format!("{advance},"));
        let wish = Wish { target, ..quick(Router::Rules) };
        let mut simulation =
            Simulation::new(&setup(&wish, load(quiet))).expect("the region can be built");
        let (mut before, mut during) = (Share::ZERO, Share::ZERO);
        run(&mut simulation, Span::from_hours(12), |simulation, tick| {
            let after = tick.at.since(at(Span::ZERO));
            if after < Span::from_mins(64) {
                before = share(simulation);
            } else if after < Span::from_hours(4) {
                during = during.max(share(simulation));
            }
            assert_eq!(tick.passes[0].plan.status.latch, None, "it never goes back");
        });
        assert_eq!(during, before, "{quiet} {advance}: it waits");
        assert!(share(&simulation) > during, "{quiet} {advance}: it goes on with the requests");
        assert_eq!(simulation.violations(), []);
    }
}

#[test]
fn f22_when_no_write_goes_through_everything_stays_as_it_is_and_goes_on_afterwards() {
    for router in [Router::Records, Router::Rules] {
        let rows: Vec<String> = [
            "route53:ChangeResourceRecordSets",
            "elasticloadbalancing:ModifyRule",
            "application-autoscaling:RegisterScalableTarget",
            "ecs:UpdateService",
        ]
        .iter()
        .map(|api| format!("{{at: 30m, for: 3h, type: throttle, api: '{api}', fraction: 100%}}"))
        .collect();
        let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
        let mut simulation = started(router, flat(60.0), &rows);
        let mut stood = None;
        run(&mut simulation, Span::from_hours(8), |simulation, tick| {
            let after = tick.at.since(at(Span::ZERO));
            if after > Span::from_mins(30) && after < Span::from_mins(210) {
                let stands = *stood.get_or_insert(share(simulation));
                assert_eq!(share(simulation), stands);
            }
            assert_eq!(tick.passes[0].plan.status.latch, None);
        });
        assert!(stood.is_some_and(|share| share < Share::FULL));
        assert_eq!(share(&simulation), Share::FULL, "it goes on");
        assert_eq!(simulation.violations(), []);
    }
}

#[test]
fn f23_a_rollback_that_cannot_be_written_is_tried_until_it_can() {
    let outage = "{at: 50m, for: 1h, type: throttle, api: 'route53:ChangeResourceRecordSets', \
                  fraction: 100%}";
    let errors = "{at: 51m, type: errors, side: fargate, rate: 40%}";
    let mut simulation = started(Router::Records, flat(600.0), &[outage, errors]);
    let over = at(Span::from_mins(110));
    let (mut wanted, mut last, mut back) = (None, None, None);
    run(&mut simulation, Span::from_hours(3), |simulation, tick| {
        let pass = &tick.passes[0];
        if pass.plan.actions.iter().any(Action::is_rollback) {
            if let Some(last) = last.filter(|_| tick.at < over) {
                assert!(tick.at.since(last) <= Span::from_secs(60), "{last} {}", tick.at);
            }
            (wanted, last) = (wanted.or(Some(tick.at)), Some(tick.at));
            let conditions = &pass.plan.status.conditions;
            assert!(
                conditions.is_true(ConditionType::RolledBack) || pass.plan.status.latch.is_some()
            );
        }
        if share(simulation) == Share::ZERO && tick.at > at(Span::from_mins(51)) {
            back = back.or(Some(tick.at));
        }
    });
    let (wanted, back) = (wanted.expect("it is wanted"), back.expect("it goes back"));
    assert!(wanted.since(at(Span::from_mins(51))) < Span::from_mins(10), "{wanted}");
    assert!(back >= over && back.since(over) <= Span::from_secs(60), "{back}");
    assert_eq!(simulation.violations(), []);
}

#[test]
fn f24_a_step_counts_from_when_its_weights_are_everywhere_and_answers_have_expired() {
    let mut simulation = started(Router::Records, flat(60.0), &[]);
    let mut settled: Vec<Time> = Vec::new();
    run(&mut simulation, Span::from_hours(3), |simulation, tick| {
        let Some(step) = &tick.passes[0].plan.status.step else { return };
        let Some(at) = step.settled_at.filter(|at| settled.last() != Some(at)) else { return };
        let route = route(Router::Records);
        let read = simulation
            .region()
            .with(|region| region.handle(&Request::DescribeRoute { route: &route }));
        let Response::Route { propagation, .. } = read else { panic!("{read:?}") };
        if let Propagation::InSync { since: Some(since) } = propagation {
            assert!(at >= since + Span::from_secs(60), "settled {at}, in sync {since}");
            settled.push(at);
        }
    });
    let steps = steps(&simulation);
    assert_eq!((steps.len(), settled.len()), (4, 4), "{settled:?}");
    for (settled, (next, ..)) in settled.iter().zip(&steps[1..]) {
        assert!(next.since(*settled) >= Span::from_mins(20), "{settled} {next}");
    }
}
