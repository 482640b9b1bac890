//! What is saved comes before what is done, and without a record nothing is done.

use model::verdict::{Verdict, VerdictKind};
use model::{Share, Span, Time};
use serde_json::json;
use store::{Answer, Happening};

use crate::words::history;
use crate::world::{START, controller, frozen_or_not, refusals, region, run, spec, tick};

const LONG: Span = Span::from_mins(30);

#[test]
fn nothing_is_written_when_the_intent_could_not_be_saved() {
    let calm = region(&["api"]);
    run(&calm, &mut controller(&calm, &[spec("api")]), LONG);
    let mut blocked = 0;
    for trouble in refusals() {
        for number in 1..=calm.saves() {
            let tap = region(&["api"]);
            tap.trouble_save(number, trouble.clone());
            let mut controller = controller(&tap, &[spec("api")]);
            while tap.now() < START + LONG {
                let before = tap.writes();
                let tick = tick(&mut controller);
                let pass = &tick.passes[0];
                let is_not_sent = |answer: &Answer| matches!(answer, Answer::NotSent { .. });
                if pass.answers.iter().any(is_not_sent) {
                    assert!(pass.answers.iter().all(is_not_sent), "{:?}", pass.answers);
                    assert_eq!(tap.writes(), before, "save {number}: {trouble:?}");
                    blocked += 1;
                }
                tap.advance_to(tick.next_at);
            }
            assert_eq!(tap.shares(), calm.shares(), "save {number}: {trouble:?}");
        }
    }
    assert!(blocked >= 6, "only {blocked} intents could not be saved");
}

#[test]
fn a_store_that_cannot_be_read_holds_every_migration_and_says_so() {
    let tap = region(&["a", "b"]);
    tap.make_unreadable();
    let mut controller = controller(&tap, &[spec("a"), spec("b")]);
    for tick in run(&tap, &mut controller, LONG) {
        for pass in tick.passes {
            assert!(pass.plan.actions.is_empty());
            let shown = serde_json::to_string(&pass.plan.status.conditions).unwrap();
            assert!(shown.contains("StoreUnavailable"), "{shown}");
        }
    }
    assert_eq!((tap.writes(), tap.saves()), (0, 0));
    tap.heal();
    run(&tap, &mut controller, LONG + LONG);
    assert_eq!(tap.share("a"), Share::percent(25));
}

#[test]
fn f10_of_two_controllers_on_one_store_at_most_one_acts_on_a_change() {
    let alone = region(&["api"]);
    run(&alone, &mut controller(&alone, &[spec("api")]), LONG);
    let tap = region(&["api"]);
    let mut both = [controller(&tap, &[spec("api")]), controller(&tap, &[spec("api")])];
    while tap.now() < START + LONG {
        let ticks = both.each_mut().map(tick);
        let [one, two] = ticks.each_ref().map(|tick| &tick.passes[0]);
        let written = [one, two].map(|pass| pass.answers.contains(&Answer::Written));
        assert_ne!(written, [true, true], "both wrote at {}", tap.now());
        tap.advance_to(ticks[0].next_at.min(ticks[1].next_at));
    }
    assert!(tap.conflicts() > 0, "they never met");
    assert_eq!(tap.shares(), alone.shares());
    assert_eq!(tap.writes(), alone.writes());
}

#[test]
fn a_migration_at_rest_saves_checkpoints_only() {
    let tap = region(&["api"]);
    let mut controller = controller(&tap, &[spec("api")]);
    run(&tap, &mut controller, LONG + LONG);
    let before = tap.saves();
    let ticks = run(&tap, &mut controller, LONG + LONG + LONG + LONG);
    let saves = tap.saves() - before;
    assert!(ticks.len() >= 55, "{}", ticks.len());
    assert!((4..=7).contains(&saves), "{saves} saves in an hour of rest");
}

#[test]
fn observing_and_freezing_write_nothing_ever() {
    let mut observe = spec("api");
    observe["spec"]["mode"] = json!("observe");
    for (spec, freeze) in [(observe, false), (spec("api"), true)] {
        let tap = region(&["api"]);
        run(&tap, &mut frozen_or_not(&tap, std::slice::from_ref(&spec), freeze), LONG);
        assert_eq!(tap.writes(), 0);
        for call in ["set", "set_bounds", "set_desired", "put_scheduled", "delete_scheduled"] {
            assert_eq!(tap.calls(call), 0, "{call}");
        }
        // Not even a rollback.
        let tap = region(&["api"]);
        tap.put_weights("api", 50, 50);
        let before = tap.writes();
        let mut controller = frozen_or_not(&tap, &[spec], freeze);
        run(&tap, &mut controller, LONG);
        assert_eq!((tap.writes(), tap.share("api")), (before, Share::percent(50)));
    }
}

#[test]
fn every_change_of_the_judges_mind_is_in_the_history_and_costs_no_save() {
    let tap = region(&["api"]);
    let mut controller = controller(&tap, &[spec("api")]);
    let ticks = run(&tap, &mut controller, Span::from_hours(2));
    let mut minds: Vec<(Time, VerdictKind, &str)> = Vec::new();
    for tick in &ticks {
        let Verdict { kind, reason, .. } = &tick.passes[0].verdict;
        if minds.last().is_none_or(|last| (last.1, last.2) != (*kind, reason.name())) {
            minds.push((tick.at, *kind, reason.name()));
        }
    }
    let history = history(&tap);
    let told = history.iter().filter_map(|numbered| match &numbered.entry.happening {
        Happening::Decision { verdict, reason } => {
            Some((numbered.entry.at, *verdict, reason.name()))
        }
        Happening::Event { .. }
        | Happening::Intended { .. }
        | Happening::Answered { .. }
        | Happening::Said { .. } => None,
    });
    let told: Vec<_> = told.collect();
    assert!(told.len() >= 3, "{told:?}");
    // What changed after the last checkpoint is told with the next.
    assert_eq!(told, minds[..told.len()]);
    let last = told.last().expect("there are some").0;
    assert!(minds[told.len()..].iter().all(|mind| mind.0 > last));
    let alone = history.iter().filter(|numbered| numbered.entry.at == START).count();
    assert!(alone >= 1, "the first is of the first tick");
    assert!(tap.saves() <= 40, "{} saves in two hours", tap.saves());
}
