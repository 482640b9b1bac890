//! Gates of a step: at which second, minute and share each opens.

use model::plan::{Plan, Reason, Rule, Said};
use model::verb::Verb;
use model::verdict::{VerdictKind, VerdictReason};
use model::{Share, Side, Span};
use serde_json::{Value, json};

use super::{at, live, look, mins, moves, secs, wait, with};
use crate::world::World;

/// Why a gate is closed, where it is.
fn closed(plan: &Plan, gate: Rule) -> Option<Reason> {
    let line = plan.report.lines.iter().find(|line| line.rule == gate);
    match &line.expect("a gate that was asked").said {
        Said::Refused(refusal) => Some(refusal.reason.clone()),
        Said::Open | Said::Done(_) => None,
    }
}

fn tell(world: &mut World, verb: Verb) {
    let said = model::status::Said { who: "alice".to_owned(), at: world.now };
    world.status.hear(verb, said).expect("no contradiction");
}

fn signal() -> String {
    "latency".to_owned()
}

#[test]
fn a_step_dwells_from_when_clients_followed_to_the_last_second() {
    // Two minutes for resolvers, then `dwellMin`.
    let (early, dwelling) = (Some(Reason::NotSettled), Some(Reason::DwellNotOver));
    for (after, waits, told) in [
        (119, early.clone(), early),
        (120, dwelling.clone(), None),
        (120 + 3_599, dwelling, None),
        (120 + 3_600, None, None),
    ] {
        for (is_told, answer) in [(false, waits), (true, told)] {
            let mut world = at(25);
            wait(&mut world, secs(after));
            if is_told {
                tell(&mut world, Verb::Advance);
            }
            assert_eq!(closed(&world.plan(), Rule::Dwell), answer, "{after} s, told: {is_told}");
        }
    }
}

#[test]
fn a_new_release_dwells_from_when_both_sides_run_it() {
    let mut world = at(25);
    wait(&mut world, mins(60));
    for side in Side::ALL {
        world.fleets.get_mut(side).release = "app:v2".to_owned();
    }
    look(&mut world);
    wait(&mut world, secs(3_599));
    assert_eq!(closed(&look(&mut world), Rule::Dwell), Some(Reason::DwellNotOver));
    wait(&mut world, secs(1));
    assert_eq!(closed(&look(&mut world), Rule::Dwell), None);
}

#[test]
fn the_first_step_and_a_lost_write_have_nothing_to_dwell_on() {
    let first = with(0, |spec| spec["paused"] = json!(true));
    assert_eq!(closed(&first.plan(), Rule::Dwell), None);
    assert_eq!(closed(&lost(), Rule::Dwell), None);
    assert_eq!(closed(&lost(), Rule::MeasuredShare), None);
}

/// The plan after a step whose write was lost, a second later.
fn lost() -> Plan {
    lost_under(VerdictReason::ProvenSafe, 3)
}

fn lost_under(reason: VerdictReason, age: i64) -> Plan {
    let mut world = at(25);
    world.verdict = (VerdictKind::Advance, VerdictReason::ProvenSafe);
    wait(&mut world, mins(121));
    world.lost_routes = 2;
    let sent = (0..5).find_map(|_| moves(&look(&mut world)));
    assert_eq!(sent, Some(Share::percent(50)));
    wait(&mut world, secs(1));
    world.verdict = (VerdictKind::Hold, reason);
    world.verdict_age = age;
    world.plan()
}

/// What the judge can say, and whether it speaks of too little proof only, and whether it can
/// speak against a first step: what was seen of Fargate is of long ago.
fn reasons() -> [(VerdictReason, bool, bool); 23] {
    let fargate = VerdictReason::MissingData { side: Side::Fargate };
    [
        (VerdictReason::ProvenSafe, true, false),
        (VerdictReason::ProvenAbsolute, true, false),
        (VerdictReason::UnequalLoad, true, false),
        (VerdictReason::LoadCoverage { minutes: 1, minutes_needed: 2 }, true, false),
        (VerdictReason::SurgeUnseen, true, false),
        (VerdictReason::Uncalibrated, true, false),
        (VerdictReason::InsufficientTraffic, true, false),
        (VerdictReason::Collecting, true, false),
        (VerdictReason::Unproven { signal: signal() }, true, false),
        (VerdictReason::EventsMissing { signal: signal(), side: Side::Ec2 }, false, true),
        (VerdictReason::EventsMissing { signal: signal(), side: Side::Fargate }, false, false),
        (VerdictReason::CandidateDead, false, true),
        (VerdictReason::Guard { signal: signal() }, false, true),
        (VerdictReason::SmallShareGuard { signal: signal() }, false, true),
        (VerdictReason::ProvenWorse { signal: signal() }, false, true),
        (VerdictReason::BudgetBurn { signal: signal() }, false, true),
        (VerdictReason::CommonMode { signal: signal() }, false, true),
        (VerdictReason::MissingData { side: Side::Ec2 }, false, true),
        (fargate, false, false),
        (VerdictReason::WorseWithinBudget { signal: signal() }, false, false),
        (VerdictReason::Suspicion { signal: signal() }, false, false),
        (VerdictReason::ShareMismatch, false, false),
        (VerdictReason::ReleasesDiffer, false, false),
    ]
}

fn not_proven(verdict: VerdictReason) -> Option<Reason> {
    Some(Reason::NotProven { verdict })
}

fn is_not_known(reason: Option<&Reason>) -> bool {
    matches!(reason, Some(Reason::NotKnown { .. }))
}

#[test]
fn a_first_step_is_kept_by_harm_to_ec2_and_not_by_old_harm_to_fargate() {
    for (reason, _, against) in reasons() {
        let mut world = with(0, |spec| spec["paused"] = json!(true));
        world.verdict = (VerdictKind::Hold, reason.clone());
        let kept = if against { not_proven(reason.clone()) } else { None };
        assert_eq!(closed(&world.plan(), Rule::Evidence), kept, "{reason:?}");
        world.verdict.0 = VerdictKind::RollBack;
        assert_eq!(closed(&world.plan(), Rule::Evidence), not_proven(reason));
    }
    let mut world = with(0, |spec| spec["paused"] = json!(true));
    world.verdict = (VerdictKind::Hold, VerdictReason::Settling);
    assert_eq!(closed(&world.plan(), Rule::Evidence), None);
}

#[test]
fn an_operators_word_needs_no_proof_but_fresh_sight_and_no_harm() {
    for (reason, is_harmless, _) in reasons() {
        for age in [15, 16] {
            let mut world = at(25);
            wait(&mut world, mins(121));
            tell(&mut world, Verb::Advance);
            world.verdict = (VerdictKind::Hold, reason.clone());
            world.verdict_age = age;
            let answer = closed(&world.plan(), Rule::Evidence);
            match (is_harmless, age) {
                (true, 15) => assert_eq!(answer, None, "{reason:?}"),
                (true, _) => assert!(is_not_known(answer.as_ref()), "{reason:?}"),
                (false, _) => assert_eq!(answer, not_proven(reason.clone())),
            }
        }
    }
    let mut world = at(25);
    wait(&mut world, mins(121));
    tell(&mut world, Verb::Advance);
    world.verdict = (VerdictKind::Hold, VerdictReason::Settling);
    assert_eq!(closed(&world.plan(), Rule::Evidence), not_proven(VerdictReason::Settling));
}

#[test]
fn a_lost_write_was_proven_and_only_new_harm_or_blindness_keeps_it() {
    use VerdictReason::{Collecting, Settling, ShareMismatch};
    assert_eq!(closed(&lost_under(Collecting, 15), Rule::Evidence), None);
    assert_eq!(closed(&lost_under(Settling, 15), Rule::Evidence), None);
    assert!(is_not_known(closed(&lost_under(Collecting, 16), Rule::Evidence).as_ref()));
    assert!(is_not_known(closed(&lost_under(Settling, 16), Rule::Evidence).as_ref()));
    let kept = closed(&lost_under(ShareMismatch, 3), Rule::Evidence);
    assert_eq!(kept, not_proven(ShareMismatch));
}

/// The answer of the evidence gate at a share in so many parts per thousand.
fn evidence(
    live: u32,
    advance: &str,
    verdict: (VerdictKind, VerdictReason),
    age: i64,
) -> Option<Reason> {
    let mut world = with(25, |spec| spec["traffic"]["rollout"]["advance"] = json!(advance));
    for pair in world.weights.values_mut() {
        *pair = model::route::WeightPair { ec2: 1_000 - live, fargate: live };
    }
    world.status = model::status::Status::default();
    world.migration.spec.paused = true;
    look(&mut world);
    wait(&mut world, mins(121));
    world.verdict = verdict;
    world.verdict_age = age;
    closed(&world.plan(), Rule::Evidence)
}

#[test]
fn from_five_percent_on_a_step_needs_proof_and_below_it_no_harm() {
    let collecting = (VerdictKind::Hold, VerdictReason::Collecting);
    let mismatch = (VerdictKind::Hold, VerdictReason::ShareMismatch);
    let safe = (VerdictKind::Advance, VerdictReason::ProvenSafe);
    for (live, advance, needs_proof) in
        [(50, "evidence", true), (49, "evidence", false), (250, "dwell", false)]
    {
        let unproven = if needs_proof { not_proven(VerdictReason::Collecting) } else { None };
        let ask = |verdict: &(VerdictKind, VerdictReason), age| {
            evidence(live, advance, verdict.clone(), age)
        };
        assert_eq!(ask(&collecting, 3), unproven, "{live} {advance}");
        assert_eq!(ask(&safe, 15), None, "{live} {advance}");
        assert!(is_not_known(ask(&safe, 16).as_ref()), "{live} {advance}: old proof");
        assert_eq!(ask(&safe, 0), None, "{live} {advance}");
        assert!(
            is_not_known(ask(&safe, -1).as_ref()),
            "{live} {advance}: proof of a minute to come"
        );
        assert_eq!(ask(&mismatch, 3), not_proven(VerdictReason::ShareMismatch));
    }
    let told = evidence(250, "manual", safe, 3);
    assert_eq!(told, Some(Reason::AwaitingOperator));
}

#[test]
fn proof_is_of_minutes_since_the_step_settled() {
    for (before, is_known) in [(0, true), (1, false)] {
        let mut world = with(25, |spec| spec["traffic"]["rollout"]["dwellMin"] = json!("5m"));
        let settled = world.status.step.as_ref().and_then(|step| step.settled_at);
        let settled = settled.expect("a settled step");
        world.now = settled + mins(6);
        world.verdict = (VerdictKind::Advance, VerdictReason::ProvenSafe);
        world.verdict_age = world.now.minute() - settled.minute() + before;
        let answer = closed(&world.plan(), Rule::Evidence);
        assert_eq!(is_not_known(answer.as_ref()), !is_known, "{before} minutes before");
    }
}

const RECORDS: Value = Value::Null;

/// Whether the gate is closed when of `requests` so many parts per thousand went to Fargate,
/// counted from so many minutes after the step settled.
fn measured(router: &Value, live: u32, requests: u64, share: u16, from: i64) -> Option<Reason> {
    let mut world = with(live, |spec| {
        if !router.is_null() {
            spec["traffic"]["router"] = router.clone();
        }
        spec["traffic"]["rollout"]["steps"] = json!(["1%", "100%"]);
        spec["paused"] = json!(true);
    });
    let settled = world.status.step.as_ref().and_then(|step| step.settled_at);
    let settled = settled.expect("a settled step");
    wait(&mut world, mins(121));
    let (mut observation, verdict) = world.scene();
    let model::observation::Seen::Known { value: load, .. } = &mut observation.load else {
        panic!("a known load");
    };
    load.measured = Some(model::observation::MeasuredShare {
        share: Share::from_per_mille(share).expect("a share"),
        requests,
        from_minute: settled.minute() + from,
    });
    closed(&world.plan_scene(&(observation, verdict)), Rule::MeasuredShare)
}

#[test]
fn the_measured_share_may_be_off_by_five_deviations_and_the_routers_slack() {
    let alb = json!({"type": "albWeighted", "ruleArns": ["r"], "ec2TargetGroupArn": "e",
                     "fargateTargetGroupArn": "f"});
    // 7,500 requests at a quarter deviate by half a percent, 19,600 at 2 % by a tenth of that:
    // a balancer may be off by 1 % more than five of these, resolvers by half of the smaller
    // part, and by 2 % at least.
    for (router, live, requests, least, most) in [
        (&alb, 25, 7_500, 216, 284),
        (&alb, 75, 7_500, 716, 784),
        (&RECORDS, 25, 7_500, 101, 399),
        (&RECORDS, 75, 7_500, 601, 899),
        (&RECORDS, 2, 19_600, 0, 44),
    ] {
        let ask = |share: u16| measured(router, live, requests, share, 0);
        for share in [least, most] {
            assert_eq!(ask(share), None, "{live} %, measured {share} of a thousand");
        }
        for share in [least.saturating_sub(2), most + 2] {
            if share == least {
                continue;
            }
            let wanted = Share::percent(live.try_into().expect("a share"));
            let off = Reason::ShareNotFollowed { measured: Share::from_per_mille(share), wanted };
            assert_eq!(ask(share), Some(off), "{live} %, measured {share} of a thousand");
        }
    }
}

#[test]
fn a_share_is_measured_in_requests_of_this_step_or_not_at_all() {
    let wanted = Share::percent(25);
    let unmeasured = Some(Reason::ShareNotFollowed { measured: None, wanted });
    assert_eq!(measured(&RECORDS, 25, 1, 250, 0), None);
    assert_eq!(measured(&RECORDS, 25, 0, 250, 0), unmeasured);
    assert_eq!(measured(&RECORDS, 25, 1, 250, -1), unmeasured);
}

#[test]
fn a_step_up_from_nothing_has_no_share_to_measure() {
    let mut world = with(0, |spec| spec["paused"] = json!(true));
    world.measured = Some(Share::percent(50));
    assert_eq!(closed(&world.plan(), Rule::MeasuredShare), None);
    live(&mut world, 1);
    world.status = model::status::Status::default();
    look(&mut world);
    wait(&mut world, Span::from_hours(1));
    assert!(closed(&world.plan(), Rule::MeasuredShare).is_some());
}

#[test]
fn a_pin_is_gone_to_past_the_list_and_a_list_step_by_step() {
    for (pin, next) in [(None, 25), (Some(30), 30), (Some(70), 35)] {
        let mut world = with(10, |spec| {
            spec["traffic"]["stepMax"] = json!("25%");
            spec["paused"] = json!(true);
        });
        if let Some(pin) = pin {
            tell(&mut world, Verb::Pin { share: Share::percent(pin) });
        }
        assert_eq!(world.plan().report.next, Some(Share::percent(next)), "pin {pin:?}");
    }
}

#[test]
fn weights_as_near_as_weights_can_be_are_there() {
    // 99.9 % of Fargate are written 1 to 255, which is 99.6 %, and 0.2 % 255 to 1.
    for (share, ec2, fargate, is_there) in [
        ("99.9%", 1, 255, true),
        ("99.9%", 1, 205, false),
        ("0.2%", 255, 1, true),
        ("0.2%", 255, 0, false),
    ] {
        let mut world = with(0, |spec| {
            spec["traffic"].as_object_mut().expect("a map").remove("rollout");
            spec["traffic"]["share"] = json!(share);
            spec["paused"] = json!(true);
        });
        for pair in world.weights.values_mut() {
            *pair = model::route::WeightPair { ec2, fargate };
        }
        world.status = model::status::Status::default();
        let next = look(&mut world).report.next;
        assert_eq!(next.is_none(), is_there, "{share}, {ec2} to {fargate}");
    }
}
