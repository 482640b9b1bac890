//! Faults of the catalogue that a region cannot bring about: busy zones, clocks that jump, and many
//! migrations at once.

use cloud::ErrorKind;
use controller::{Controller, Unheard, revision};
use futures::FutureExt as _;
use model::action::Action;
use model::settings::Settings;
use model::verb::Verb;
use model::{Share, Span};

use crate::tap::Trouble;
use crate::world::{START, controller, frozen_or_not, region, run, spec, tick};

#[test]
fn f5_a_zone_that_is_busy_is_tried_again_and_holds_no_other_up() {
    let tap = region(&["busy", "free"]);
    tap.trouble("set", "busy", Trouble::Refused(ErrorKind::Busy));
    let mut controller = controller(&tap, &[spec("busy"), spec("free")]);
    run(&tap, &mut controller, Span::from_mins(30));
    assert_eq!((tap.share("busy"), tap.share("free")), (Share::ZERO, Share::percent(25)));
    let tried = tap.calls("set");
    // At most once in a look, and a look is at most every ten seconds.
    assert!((10..=190).contains(&tried), "{tried} times in half an hour");
    tap.heal();
    run(&tap, &mut controller, Span::from_mins(60));
    assert_eq!(tap.share("busy"), Share::percent(25));
}

#[test]
fn f8_a_clock_that_jumps_an_hour_makes_no_step_early_and_no_way_back() {
    for (seconds, jumps_at) in [(3_600, 6), (-3_600, 6), (3_600, 1), (-3_600, 1)] {
        let tap = region(&["api"]);
        let mut controller = controller(&tap, &[spec("api")]);
        run(&tap, &mut controller, Span::from_mins(jumps_at));
        let before = tap.share("api");
        tap.skew(seconds);
        while tap.now() < START + Span::from_mins(jumps_at + 10) {
            let tick = tick(&mut controller);
            tap.advance_to(tap.now() + tick.next_at.since(tick.at));
            assert_eq!(tick.passes[0].plan.status.latch, None, "{seconds} s");
            assert_eq!(tap.share("api"), before, "{seconds} s at {}", tap.now());
        }
        tap.skew(0);
        run(&tap, &mut controller, Span::from_mins(60));
        assert_eq!(tap.share("api"), Share::percent(25), "{seconds} s: it goes on");
        assert!(tap.shares().is_sorted(), "{:?}", tap.shares());
    }
}

#[test]
fn f8_a_clock_of_another_speed_dwells_by_its_own_time_and_never_goes_back() {
    // Half as fast as the world's, and twice as fast: worse than any that is in use.
    for (numerator, denominator) in [(1, 2), (2, 1)] {
        let tap = region(&["api"]);
        let mut controller = controller(&tap, &[spec("api")]);
        let mut shifts = Vec::new();
        while tap.now() < START + Span::from_hours(2) {
            let elapsed = i64::try_from(tap.now().since(START).as_secs()).unwrap();
            tap.skew(elapsed * numerator / denominator - elapsed);
            let tick = tick(&mut controller);
            let pass = &tick.passes[0];
            assert_eq!(pass.plan.status.latch, None, "{numerator}/{denominator} at {}", tap.now());
            if pass.plan.actions.iter().any(|it| matches!(it, Action::SetWeights { .. })) {
                shifts.push(tick.at);
            }
            let wait = tick.next_at.since(tick.at).as_secs();
            let (numerator, denominator) = (numerator.unsigned_abs(), denominator.unsigned_abs());
            tap.advance_to(tap.now() + Span::from_secs(wait * denominator / numerator));
        }
        assert!(tap.shares().is_sorted(), "{:?}", tap.shares());
        for (one, next) in shifts.iter().zip(shifts.iter().skip(1)) {
            assert!(next.since(*one) >= Span::from_mins(4), "{one} {next}");
        }
        tap.skew(0);
        run(&tap, &mut controller, Span::from_hours(5));
        assert_eq!(tap.share("api"), Share::percent(25), "{numerator}/{denominator}: it goes on");
    }
}

#[test]
fn f29_of_two_operators_who_looked_at_the_same_the_careful_one_wins_in_either_order() {
    let said = |controller: &mut Controller, verb, seen: Option<&str>| {
        controller.say("api", verb, "ann", seen).now_or_never().unwrap()
    };
    for careful_first in [true, false] {
        let tap = region(&["api"]);
        let mut controller = controller(&tap, &[spec("api")]);
        run(&tap, &mut controller, Span::from_mins(8));
        assert_eq!(tap.share("api"), Share::percent(10));
        let seen = revision(1, &tap.record("api").status);
        if careful_first {
            said(&mut controller, Verb::Rollback, Some(&seen)).unwrap();
            let late = said(&mut controller, Verb::Advance, Some(&seen));
            assert!(matches!(late, Err(Unheard::Stale { .. })), "{late:?}");
            let blind = said(&mut controller, Verb::Advance, None);
            assert!(matches!(blind, Err(Unheard::Contradiction(_))), "{blind:?}");
        } else {
            said(&mut controller, Verb::Advance, Some(&seen)).unwrap();
            let replayed = said(&mut controller, Verb::Advance, Some(&seen));
            assert!(matches!(replayed, Err(Unheard::Stale { .. })), "{replayed:?}");
            said(&mut controller, Verb::Rollback, None).unwrap();
        }
        run(&tap, &mut controller, Span::from_hours(2));
        assert_eq!(tap.share("api"), Share::ZERO);
        assert_eq!(tap.shares(), [Share::percent(10), Share::ZERO], "{careful_first}");
    }
}

#[test]
fn f27_many_that_start_at_once_go_a_few_at_a_time_with_as_many_calls_as_one() {
    let names: Vec<String> = (0..40).map(|n| format!("api{n:02}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let specs: Vec<_> = names.iter().map(|name| spec(name)).collect();
    let tap = region(&names);
    let mut controller = frozen_or_not(&tap, &specs, false);
    controller.take_settings(Settings::default());
    let at_once = Settings::default().limits.stepping_at_once;
    let mut most = 0;
    while tap.now() < START + Span::from_mins(60) {
        let before = tap.calls("minutes") + tap.calls("services") + tap.calls("targets");
        let tick = tick(&mut controller);
        let made = tap.calls("minutes") + tap.calls("services") + tap.calls("targets") - before;
        // The last day's minutes of one migration are asked for beside those that are new.
        assert!(tick.at == START || made <= 4, "{made} calls at {}", tick.at);
        let shares = names.iter().map(|name| tap.share(name));
        let moving = shares.filter(|share| (Share::ZERO..Share::percent(25)).contains(share));
        most = most.max(moving.filter(|share| *share > Share::ZERO).count());
        tap.advance_to(tick.next_at);
    }
    let started = names.iter().filter(|name| tap.share(name) > Share::ZERO).count();
    let at_once = usize::try_from(at_once).expect("a small number");
    assert!((1..=at_once).contains(&most), "{most} at once");
    assert!(started > at_once, "others follow: {started}");
}
