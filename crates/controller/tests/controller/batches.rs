//! How much is asked of the world, and how often.

use model::Span;

use crate::world::{START, controller, region, run, spec, tick};

#[test]
fn twenty_five_migrations_are_seen_in_as_many_calls_as_one() {
    let names: Vec<String> = (0..25).map(|n| format!("api{n:02}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let specs: Vec<_> = names.iter().map(|name| spec(name)).collect();
    let tap = region(&names);
    let mut controller = controller(&tap, &specs);
    let first = tick(&mut controller);
    assert_eq!(first.passes.len(), 25);
    tap.advance_to(first.next_at);
    for _ in 0..5 {
        let calls = ["services", "targets", "scalable_targets", "observe", "minutes"];
        let before = calls.map(|call| tap.calls(call));
        let next = tick(&mut controller);
        tap.advance_to(next.next_at);
        let made: Vec<u32> =
            calls.iter().zip(before).map(|(call, before)| tap.calls(call) - before).collect();
        assert!(made.iter().all(|count| *count <= 1), "{calls:?}: {made:?}");
        assert_eq!(made[0], 1);
    }
}

#[test]
fn looks_are_ten_seconds_apart_only_while_something_moves() {
    let tap = region(&["api"]);
    let mut controller = controller(&tap, &[spec("api")]);
    let moving = run(&tap, &mut controller, Span::from_mins(30));
    let urgent = moving.iter().filter(|tick| tick.next_at.since(tick.at) == Span::from_secs(10));
    assert!(urgent.count() >= 4, "steps are looked at closely");
    let resting = run(&tap, &mut controller, Span::from_mins(90));
    assert!((59..=61).contains(&resting.len()), "{} ticks in an hour of rest", resting.len());
    assert!(tap.now() >= START + Span::from_mins(90));
}
