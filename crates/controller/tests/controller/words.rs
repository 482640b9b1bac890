//! What operators say: on record before it is acknowledged, stronger than the file, and refused
//! whole where it cannot stand.

use controller::{Controller, Tick, Unheard, revision};
use futures::FutureExt as _;
use model::plan::Reason;
use model::status::{RollbackReason, Status, Verbs};
use model::verb::Verb;
use model::{Share, Span};
use serde_json::{Value, json};
use store::{Happening, Numbered, Store as _};

use crate::tap::{SaveTrouble, Tap};
use crate::world::{START, controller, migration, refusals, region, run, spec, tick};

const PIN: Verb = Verb::Pin { share: Share::percent(10) };
const ALL: [Verb; 6] =
    [Verb::Pause, Verb::Resume, Verb::Advance, Verb::Rollback, PIN, Verb::Freeze];

fn mins(minutes: u64) -> Span {
    Span::from_mins(minutes)
}

fn say(controller: &mut Controller, verb: Verb, expected: Option<&str>) -> Result<String, Unheard> {
    controller.say("api", verb, "mika", expected).now_or_never().unwrap()
}

/// What a migration's record holds that an operator could have changed.
fn record(tap: &Tap) -> (Verbs, Vec<Numbered>, u32) {
    (tap.record("api").status.verbs, history(tap), tap.saves())
}

pub(crate) fn history(tap: &Tap) -> Vec<Numbered> {
    tap.history("api", 0, 1_000).now_or_never().unwrap().unwrap()
}

/// The revision that a reader of the record sees.
fn shown(tap: &Tap) -> String {
    let record = tap.record("api");
    revision(record.adopted.unwrap().generation, &record.status)
}

/// A migration that stands at 10 % and dwells there.
fn at_ten_percent() -> (Tap, Controller) {
    let tap = region(&["api"]);
    let mut controller = controller(&tap, &[spec("api")]);
    run(&tap, &mut controller, mins(2));
    assert_eq!(tap.share("api"), Share::percent(10));
    (tap, controller)
}

/// Whether the tick's report refuses something for this reason.
fn is_refused(tick: &Tick, reason: &Reason) -> bool {
    tick.passes[0].plan.report.lines.iter().any(|line| match &line.said {
        model::plan::Said::Refused(refusal) => refusal.reason == *reason,
        model::plan::Said::Open | model::plan::Said::Done(_) => false,
    })
}

/// A file that asks for this share, in place of a rollout.
fn of_share(share: &str) -> Value {
    let mut spec = spec("api");
    spec["spec"]["traffic"].as_object_mut().unwrap().remove("rollout");
    spec["spec"]["traffic"]["share"] = json!(share);
    spec
}

#[test]
fn a_word_is_on_record_with_its_speaker_when_it_is_acknowledged() {
    for verb in ALL {
        let (tap, mut controller) = at_ten_percent();
        let (_, told, saves) = record(&tap);
        let writes = tap.writes();
        let following = say(&mut controller, verb, Some(&shown(&tap))).unwrap();
        let (verbs, now_told, now_saves) = record(&tap);
        let Verbs { pause, pin, rollback, advance, freeze } = &verbs;
        let said = match verb {
            Verb::Pause => pause.as_ref(),
            Verb::Advance => advance.as_ref(),
            Verb::Rollback => rollback.as_ref(),
            Verb::Pin { .. } => pin.as_ref().map(|pin| &pin.said),
            Verb::Freeze => freeze.as_ref(),
            Verb::Resume => None,
        };
        let stands = said.map(|said| (said.who.as_str(), said.at));
        let expected = (verb != Verb::Resume).then(|| ("mika", tap.now()));
        assert_eq!(stands, expected, "{verb:?}");
        assert_eq!(now_saves, saves + 1, "{verb:?}");
        let what = format!("{}: {verb}", verb.name());
        let entry = Happening::Said { who: "mika".to_owned(), what };
        assert_eq!(now_told.len(), told.len() + 1);
        let newest = &now_told.last().unwrap().entry;
        assert_eq!((&newest.happening, newest.at), (&entry, tap.now()));
        assert_eq!(following, shown(&tap), "it names what is on record now");
        assert_eq!(tap.writes(), writes, "acting is the next tick's");
    }
}

#[test]
fn a_process_that_ends_before_its_answer_has_taken_the_word_whole_or_not_at_all() {
    for (points, is_kept) in [(0, false), (1, true)] {
        let (tap, mut first) = at_ten_percent();
        tap.light(points);
        let answer = first.say("api", Verb::Pause, "mika", None).now_or_never();
        assert!(answer.is_none(), "the process ended");
        drop(first);
        tap.heal();
        assert_eq!(tap.record("api").status.verbs.pause.is_some(), is_kept);
        run(&tap, &mut controller(&tap, &[spec("api")]), mins(30));
        let ends_at = if is_kept { Share::percent(10) } else { Share::percent(25) };
        assert_eq!(tap.share("api"), ends_at);
    }
}

#[test]
fn a_word_outlives_the_process_and_stands_against_the_file_until_resume() {
    let (tap, mut first) = at_ten_percent();
    say(&mut first, Verb::Pause, None).unwrap();
    drop(first);
    let mut more = spec("api");
    more["spec"]["traffic"]["rollout"]["steps"] = json!(["10%", "25%", "40%"]);
    let mut second = controller(&tap, &[more]);
    let ticks = run(&tap, &mut second, mins(30));
    assert!(ticks.iter().all(|tick| tick.passes[0].plan.status.verbs.pause.is_some()));
    assert_eq!(tap.record("api").status.observed_generation, 2, "the file was taken");
    assert_eq!(tap.share("api"), Share::percent(10));
    say(&mut second, Verb::Resume, None).unwrap();
    run(&tap, &mut second, mins(100));
    assert_eq!(tap.share("api"), Share::percent(40));
}

#[test]
fn whoever_looked_at_an_older_revision_is_refused_and_changes_nothing() {
    let (tap, mut controller) = at_ten_percent();
    let looked = shown(&tap);
    let following = say(&mut controller, PIN, Some(&looked)).unwrap();
    let before = record(&tap);
    for verb in ALL {
        let refused = say(&mut controller, verb, Some(&looked)).unwrap_err();
        assert_eq!(refused, Unheard::Stale { name: "api".to_owned(), found: following.clone() });
    }
    assert_eq!(record(&tap), before);
    tick(&mut controller);
    assert_eq!(tap.record("api").status.verbs, before.0, "nor is it heard later");
    say(&mut controller, Verb::Rollback, Some(&following)).unwrap();
}

#[test]
fn a_step_makes_what_was_looked_at_old_and_another_look_at_the_same_does_not() {
    let (tap, mut controller) = at_ten_percent();
    let looked = shown(&tap);
    let (mut same, mut moved) = (0, 0);
    while tap.now() < START + mins(30) {
        let tick = tick(&mut controller);
        tap.advance_to(tick.next_at);
        let found = revision(1, &tick.passes[0].plan.status);
        let is_at_ten = tap.share("api") == Share::percent(10);
        assert_eq!(found == looked, is_at_ten, "at {}", tick.at);
        if is_at_ten { same += 1 } else { moved += 1 }
    }
    assert!(same > 5 && moved > 5, "{same} and {moved} looks");
    let refused = say(&mut controller, Verb::Pause, Some(&looked)).unwrap_err();
    assert!(matches!(refused, Unheard::Stale { .. }), "{refused}");
    assert!(tap.record("api").status.verbs.pause.is_none());
}

#[test]
fn a_revision_names_what_is_acted_on_and_not_what_is_measured() {
    let (_, mut controller) = at_ten_percent();
    let status = tick(&mut controller).passes.remove(0).plan.status;
    let before = revision(1, &status);
    type Change = fn(&mut Status);
    let acted_on: [Change; 7] = [
        |it| it.attempt += 1,
        |it| it.hear(Verb::Pause, said()).unwrap(),
        |it| it.latch = Some(latch()),
        |it| it.step.as_mut().unwrap().share = Share::percent(25),
        |it| it.step.as_mut().unwrap().decided_at = START,
        |it| it.step = None,
        |it| it.share.set = None,
    ];
    for (number, change) in acted_on.into_iter().enumerate() {
        let mut changed = status.clone();
        change(&mut changed);
        assert_ne!(revision(1, &changed), before, "change {number}");
    }
    assert_ne!(revision(2, &status), before);
    let mut measured = status;
    measured.share.measured = Some(Share::percent(9));
    measured.step.as_mut().unwrap().settled_at = None;
    measured.unknown_since = Some(START);
    assert_eq!(revision(1, &measured), before);
    assert!(before.starts_with("1-") && before.len() == "1-".len() + 16, "{before}");
}

fn said() -> model::status::Said {
    model::status::Said { who: "mika".to_owned(), at: START }
}

fn latch() -> model::status::Latch {
    let reason = RollbackReason::ShareLowered;
    model::status::Latch { at: START, from: Share::percent(10), attempt: 1, reason }
}

#[test]
fn a_word_against_one_that_stands_is_refused_and_leaves_no_trace() {
    for (standing, refused) in [
        (Verb::Pause, Verb::Advance),
        (Verb::Freeze, Verb::Advance),
        (PIN, Verb::Advance),
        (Verb::Rollback, Verb::Advance),
        (Verb::Rollback, PIN),
    ] {
        let (tap, mut controller) = at_ten_percent();
        say(&mut controller, standing, None).unwrap();
        let before = record(&tap);
        let answer = say(&mut controller, refused, Some(&shown(&tap))).unwrap_err();
        assert!(matches!(answer, Unheard::Contradiction(_)), "{answer}");
        assert!(answer.to_string().contains("mika"), "{answer}");
        assert_eq!(record(&tap), before);
        // What was refused must not cost the version: the next word is taken at once.
        say(&mut controller, Verb::Resume, None).unwrap();
    }
}

#[test]
fn a_word_that_cannot_be_saved_is_not_acknowledged_and_the_record_decides_what_stands() {
    for trouble in refusals() {
        let (tap, mut controller) = at_ten_percent();
        let (before, writes) = (record(&tap), tap.writes());
        tap.trouble_save(tap.saves() + 1, trouble.clone());
        let answer = say(&mut controller, Verb::Pause, None).unwrap_err();
        assert!(matches!(answer, Unheard::Store(_)), "{trouble:?}: {answer}");
        assert_eq!(tap.writes(), writes);
        let is_kept = matches!(trouble, SaveTrouble::ReplyLost);
        assert_eq!(tap.record("api").status.verbs.pause.is_some(), is_kept, "{trouble:?}");
        if !is_kept {
            assert_eq!(history(&tap), before.1, "{trouble:?}");
        }
        // Nothing is said onto a record that is not known, until the next look has read it.
        let blind = say(&mut controller, Verb::Rollback, None).unwrap_err();
        assert!(matches!(blind, Unheard::Store(_)), "{trouble:?}: {blind}");
        run(&tap, &mut controller, mins(30));
        let ends_at = if is_kept { Share::percent(10) } else { Share::percent(25) };
        assert_eq!(tap.share("api"), ends_at, "{trouble:?}");
        say(&mut controller, Verb::Pause, Some(&shown(&tap))).unwrap();
    }
}

#[test]
fn nobody_is_heard_before_the_record_was_read_or_about_a_migration_that_is_not_there() {
    let tap = region(&["api"]);
    let mut controller = controller(&tap, &[spec("api")]);
    let early = say(&mut controller, Verb::Freeze, None).unwrap_err();
    assert!(matches!(early, Unheard::Store(_)), "{early}");
    tick(&mut controller);
    let stranger = controller.say("web", Verb::Pause, "mika", None).now_or_never().unwrap();
    assert_eq!(stranger, Err(Unheard::Unknown("web".to_owned())));
    assert_eq!(tap.list().now_or_never().unwrap().unwrap(), ["api"]);
}

#[test]
fn pause_keeps_the_share_and_lets_it_go_back() {
    let paused = Reason::PausedByOperator { who: "mika".to_owned() };
    let (tap, mut controller) = at_ten_percent();
    say(&mut controller, Verb::Pause, None).unwrap();
    let ticks = run(&tap, &mut controller, mins(20));
    assert!(ticks.iter().all(|tick| is_refused(tick, &paused)));
    assert_eq!(tap.shares(), [Share::percent(10)]);
    controller.manage(2, migration(of_share("0%"))).unwrap();
    run(&tap, &mut controller, mins(25));
    assert_eq!(tap.share("api"), Share::ZERO);
}

#[test]
fn a_pin_holds_below_the_file_goes_back_to_its_share_at_once_and_never_leads_beyond_the_file() {
    let tap = region(&["api"]);
    let mut controller = controller(&tap, &[spec("api")]);
    run(&tap, &mut controller, mins(30));
    assert_eq!(tap.share("api"), Share::percent(25));
    say(&mut controller, PIN, None).unwrap();
    tick(&mut controller);
    assert_eq!(tap.share("api"), Share::percent(10), "the first tick after the word");
    run(&tap, &mut controller, mins(50));
    assert_eq!(tap.share("api"), Share::percent(10));
    assert!(tap.record("api").status.latch.is_none(), "a pin is no failed attempt");
    say(&mut controller, Verb::Resume, None).unwrap();
    run(&tap, &mut controller, mins(70));
    assert_eq!(tap.share("api"), Share::percent(25));
    say(&mut controller, Verb::Pin { share: Share::percent(60) }, None).unwrap();
    run(&tap, &mut controller, mins(90));
    assert_eq!(tap.share("api"), Share::percent(25));
}

#[test]
fn freeze_writes_nothing_at_all_and_resume_does_what_was_held_back() {
    let frozen = Reason::FrozenByOperator { who: "mika".to_owned() };
    let (tap, mut controller) = at_ten_percent();
    say(&mut controller, Verb::Freeze, None).unwrap();
    let writes = tap.writes();
    // Less is asked for, which nothing else keeps from being done at once.
    controller.manage(2, migration(of_share("0%"))).unwrap();
    for tick in run(&tap, &mut controller, mins(30)) {
        let pass = &tick.passes[0];
        assert!(pass.plan.actions.is_empty() && pass.findings.is_empty(), "{:?}", pass.findings);
        assert!(is_refused(&tick, &frozen), "{:?}", pass.plan.report);
    }
    assert_eq!((tap.writes(), tap.share("api")), (writes, Share::percent(10)));
    // Not even what another operator asks for.
    say(&mut controller, Verb::Rollback, None).unwrap();
    run(&tap, &mut controller, mins(35));
    assert_eq!((tap.writes(), tap.share("api")), (writes, Share::percent(10)));
    say(&mut controller, Verb::Resume, None).unwrap();
    tick(&mut controller);
    assert_eq!(tap.share("api"), Share::ZERO);
}

#[test]
fn advance_takes_one_step_without_its_dwell_and_is_used_up() {
    let mut slow = spec("api");
    slow["spec"]["traffic"]["rollout"] = json!({
        "steps": ["10%", "15%", "20%"], "advance": "evidence", "dwellMin": "20h", "bake": "1h",
    });
    let tap = region(&["api"]);
    let mut controller = controller(&tap, &[slow]);
    run(&tap, &mut controller, mins(15));
    assert_eq!(tap.shares(), [Share::percent(10)]);
    say(&mut controller, Verb::Advance, None).unwrap();
    run(&tap, &mut controller, mins(60));
    assert_eq!(tap.shares(), [Share::percent(10), Share::percent(15)]);
    assert!(tap.record("api").status.verbs.advance.is_none());
}

#[test]
fn rollback_moves_in_the_next_tick_and_stays_through_restarts_until_resume() {
    let (tap, mut first) = at_ten_percent();
    say(&mut first, Verb::Rollback, None).unwrap();
    let answered = tick(&mut first);
    assert_eq!(tap.share("api"), Share::ZERO, "no gate, dwell or metric is waited for");
    assert!(!answered.passes[0].answers.is_empty());
    drop(first);
    let mut second = controller(&tap, &[spec("api")]);
    run(&tap, &mut second, mins(40));
    assert_eq!(tap.shares(), [Share::percent(10), Share::ZERO]);
    let latch = tap.record("api").status.latch.unwrap();
    assert_eq!(latch.reason, RollbackReason::Operator { who: "mika".to_owned() });
    assert_eq!(latch.from, Share::percent(10));
    say(&mut second, Verb::Resume, None).unwrap();
    run(&tap, &mut second, mins(80));
    assert_eq!(tap.share("api"), Share::percent(25));
}
