//! Between an intent and its outcome: what nobody knows is read again, and never sent again on what
//! was read before.

use cloud::ErrorKind;
use controller::{Controller, Tick};
use futures::FutureExt as _;
use model::action::Action;
use model::verb::Verb;
use model::{Share, Span, Time};
use store::{Answer, Contents, Happening, Store as _};

use crate::tap::{Tap, Trouble};
use crate::world::{START, controller, region, run, spec, tick, try_tick};

const LONG: Span = Span::from_mins(30);

/// Ticks until a pass has `wanted` among its answers, and gives that tick.
fn until(
    tap: &Tap,
    controller: &mut Controller,
    wanted: impl Fn(&Action, &Answer) -> bool,
) -> Tick {
    while tap.now() < START + LONG + LONG {
        let tick = tick(controller);
        tap.advance_to(tick.next_at);
        let pass = &tick.passes[0];
        if pass.plan.actions.iter().zip(&pass.answers).any(|(action, it)| wanted(action, it)) {
            return tick;
        }
    }
    panic!("it never came");
}

fn is_unknown(answer: &Answer) -> bool {
    matches!(answer, Answer::Unknown { .. })
}

fn open_intent(tap: &Tap) -> Option<Contents> {
    let record = tap.store().load("api").now_or_never().unwrap().unwrap()?;
    record.contents.intent.as_ref().is_some_and(store::Intent::is_open).then_some(record.contents)
}

/// What the history says of intents: how many were begun and had no answer when another began.
fn begun_before_answered(tap: &Tap) -> usize {
    let mut open = std::collections::BTreeSet::new();
    let mut broken = 0;
    for numbered in tap.history("api", 0, 1_000).now_or_never().unwrap().unwrap() {
        match numbered.entry.happening {
            Happening::Intended { intent, position, .. } => {
                broken += usize::from(open.iter().any(|(number, _)| *number != intent));
                open.insert((intent, position));
            }
            Happening::Answered { intent, position, .. } => {
                open.remove(&(intent, position));
            }
            Happening::Event { .. } | Happening::Decision { .. } | Happening::Said { .. } => {}
        }
    }
    broken + open.len()
}

/// Calls that change something, and calls that read what those change.
fn calls(tap: &Tap) -> (u32, u32) {
    let sum = |names: &[&str]| names.iter().map(|name| tap.calls(name)).sum();
    let writes = sum(&["set", "set_bounds", "set_desired", "put_scheduled", "delete_scheduled"]);
    (writes, sum(&["observe", "scalable_targets"]))
}

#[test]
fn f9_what_a_process_left_between_intent_and_outcome_is_read_before_anything_is_sent() {
    let calm = region(&["api"]);
    run(&calm, &mut controller(&calm, &[spec("api")]), LONG);
    let (mut unsent, mut unsaid) = (0, 0);
    for points in 0.. {
        let tap = region(&["api"]);
        tap.light(points);
        let mut first = controller(&tap, &[spec("api")]);
        while let Some(tick) = try_tick(&mut first).filter(|_| tap.now() < START + LONG) {
            tap.advance_to(tick.next_at);
        }
        drop(first);
        if tap.now() >= START + LONG {
            break;
        }
        let Some(left) = open_intent(&tap) else { continue };
        let shows =
            left.status.intended.is_some_and(|it| Some(it.share) == tap.shares().last().copied());
        if shows {
            unsaid += 1;
        } else {
            unsent += 1;
        }
        // The next process gets as far as the first thing that it would save or send.
        let before = calls(&tap);
        let kept = tap.share("api");
        tap.advance_to(tap.now() + Span::from_secs(20));
        tap.light(0);
        let mut second = controller(&tap, &[spec("api")]);
        assert!(try_tick(&mut second).is_none(), "{points}: it has something to save");
        let after = calls(&tap);
        assert_eq!(after.0, before.0, "{points}: nothing is sent");
        assert_eq!(after.1, before.1 + 2, "{points}: weights and bounds are read");
        tap.heal();
        run(&tap, &mut controller(&tap, &[spec("api")]), LONG);
        assert_eq!(tap.shares(), calm.shares(), "{points}: from {kept}");
        assert_eq!(tap.writes(), calm.writes(), "{points}");
        assert_eq!(begun_before_answered(&tap), 0, "{points}");
    }
    assert!(unsent >= 4 && unsaid >= 4, "{unsent} before the call and {unsaid} after it");
}

#[test]
fn f9_a_write_into_the_unknown_is_not_sent_again_until_it_was_read() {
    for (write, read) in [("set", "split"), ("set_bounds", "scalable_target")] {
        for lost in [Trouble::ReplyLost, Trouble::RequestLost] {
            let tap = region(&["api"]);
            let mut controller = controller(&tap, &[spec("api")]);
            let is_it =
                |action: &Action| matches!(action, Action::SetWeights { .. }) == (write == "set");
            // A first attempt that is known to have failed: from then on it is sent again.
            tap.trouble(write, "", Trouble::Refused(ErrorKind::Busy));
            until(&tap, &mut controller, |action, it| {
                is_it(action) && matches!(it, Answer::Refused { .. })
            });
            tap.heal();
            tap.trouble(write, "", lost);
            until(&tap, &mut controller, |action, answer| is_it(action) && is_unknown(answer));
            tap.trouble(read, "", Trouble::Refused(ErrorKind::Throttled));
            let sent = tap.calls(write);
            let from = tap.now();
            run(&tap, &mut controller, from.since(START) + Span::from_mins(5));
            assert_eq!(tap.calls(write), sent, "{write} {lost:?}: it is sent blindly");
            tap.heal();
            run(&tap, &mut controller, LONG + LONG);
            assert_eq!(tap.shares(), [Share::percent(10), Share::percent(25)], "{write} {lost:?}");
        }
    }
}

#[test]
fn f9_a_rollback_into_the_unknown_is_sent_until_it_arrives_whatever_can_be_read() {
    let tap = region(&["api"]);
    let mut controller = controller(&tap, &[spec("api")]);
    run(&tap, &mut controller, LONG);
    assert_eq!(tap.share("api"), Share::percent(25));
    let said = controller.say("api", Verb::Rollback, "ann", None).now_or_never().unwrap();
    said.unwrap();
    tap.trouble("set", "", Trouble::RequestLost);
    until(&tap, &mut controller, |action, answer| action.is_rollback() && is_unknown(answer));
    tap.heal();
    tap.trouble("split", "", Trouble::Refused(ErrorKind::Throttled));
    // The weights of before are what it expects to find: where it did arrive, it changes nothing.
    let from: Time = tap.now();
    tick(&mut controller);
    assert_eq!((tap.share("api"), tap.now()), (Share::ZERO, from));
}

#[test]
fn f9_a_release_that_was_cut_off_anywhere_is_finished_by_the_next_one() {
    let mut places = 0;
    for points in 0.. {
        let tap = region(&["api"]);
        let mut first = controller(&tap, &[spec("api")]);
        let bounds = tap.bounds("api");
        run(&tap, &mut first, LONG);
        assert_ne!(tap.bounds("api"), bounds, "there is something to restore");
        first.let_go("api").now_or_never().unwrap().unwrap();
        tap.light(points);
        let is_cut = first.release("api", "ann").now_or_never().is_none();
        drop(first);
        tap.heal();
        let mut second = controller(&tap, &[]);
        second.release("api", "ann").now_or_never().unwrap().unwrap();
        assert_eq!(tap.bounds("api"), bounds, "cut off at {points}");
        assert_eq!(tap.share("api"), Share::percent(25), "weights stay");
        let status = tap.record("api").status;
        assert_eq!((status.saved, status.floors), Default::default(), "cut off at {points}");
        let open = usize::from(open_intent(&tap).is_some());
        assert_eq!((begun_before_answered(&tap), open), (0, 0), "cut off at {points}");
        if !is_cut {
            break;
        }
        places += 1;
    }
    assert!(places >= 6, "only {places} places");
}
