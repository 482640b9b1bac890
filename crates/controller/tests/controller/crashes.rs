//! The process ends at every place at which it can, and another one goes on.

use model::{Share, Span};
use store::{Answer, Happening, Store as _};

use crate::tap::{Tap, Trouble};
use crate::world::{START, controller, region, run, spec, tick, try_tick};

const LONG: Span = Span::from_mins(30);

/// Runs with a process that ends after `points` places, and another one after it. Says whether
/// it ended at all.
fn run_with_crash(tap: &Tap, points: u32) -> bool {
    tap.light(points);
    let mut first = controller(tap, &[spec("api")]);
    while tap.now() < START + LONG {
        match try_tick(&mut first) {
            Some(tick) => tap.advance_to(tick.next_at),
            None => {
                drop(first);
                tap.heal();
                tap.advance_to(tap.now() + Span::from_secs(20));
                run(tap, &mut controller(tap, &[spec("api")]), LONG);
                return true;
            }
        }
    }
    false
}

#[test]
fn f1_a_crash_anywhere_ends_where_no_crash_does_with_one_more_write_at_most() {
    let calm = region(&["api"]);
    run(&calm, &mut controller(&calm, &[spec("api")]), LONG);
    assert_eq!(calm.shares(), [Share::percent(10), Share::percent(25)]);
    let mut points = 0;
    loop {
        let tap = region(&["api"]);
        if !run_with_crash(&tap, points) {
            break;
        }
        assert_eq!(tap.share("api"), calm.share("api"), "crash {points}");
        assert!(tap.writes() <= calm.writes() + 1, "crash {points}: {} writes", tap.writes());
        assert!(tap.shares().is_sorted(), "crash {points}: {:?}", tap.shares());
        assert_balanced(&tap, points);
        points += 1;
    }
    assert!(points > 20, "only {points} places to end at");
}

/// Each change has one entry before it and one after it (C7).
fn assert_balanced(tap: &Tap, points: u32) {
    let (mut intended, mut answered) = (Vec::new(), Vec::new());
    for numbered in futures::executor::block_on(tap.history("api", 0, 1_000)).unwrap() {
        match numbered.entry.happening {
            Happening::Intended { intent, position, .. } => intended.push((intent, position)),
            Happening::Answered { intent, position, .. } => answered.push((intent, position)),
            Happening::Event { .. } | Happening::Decision { .. } | Happening::Said { .. } => {}
        }
    }
    assert_eq!(intended, answered, "crash {points}");
}

#[test]
fn f2_a_lost_reply_is_read_again_and_not_sent_again() {
    let tap = region(&["api"]);
    tap.trouble("set", "", Trouble::ReplyLost);
    let mut controller = controller(&tap, &[spec("api")]);
    loop {
        let tick = tick(&mut controller);
        let unknown = |answer: &Answer| matches!(answer, Answer::Unknown { .. });
        tap.advance_to(tick.next_at);
        if tick.passes[0].answers.iter().any(unknown) {
            break;
        }
        assert!(tap.now() < START + LONG, "it never stepped");
    }
    let (reads, sent) = (tap.calls("observe"), tap.calls("set"));
    let next = tick(&mut controller);
    assert_eq!(tap.calls("observe"), reads + 1, "the weights are read again at once");
    assert!(next.passes[0].plan.actions.is_empty());
    assert_eq!(tap.calls("set"), sent, "what was done is not sent again");
    assert_eq!(tap.shares(), [Share::percent(10)]);
}

#[test]
fn f21_one_migration_that_fails_for_ever_stops_no_other() {
    let tap = region(&["bad", "good"]);
    for call in ["service", "target_group", "quantiles", "minute", "split", "set"] {
        tap.trouble(call, "bad", Trouble::Refused(cloud::ErrorKind::Denied));
    }
    run(&tap, &mut controller(&tap, &[spec("bad"), spec("good")]), LONG);
    assert_eq!(tap.share("good"), Share::percent(25));
    assert_eq!(tap.share("bad"), Share::ZERO);
}
