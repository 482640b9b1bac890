//! A file that is gone, and what `release` gives back.

use controller::{Controller, Unheard};
use futures::FutureExt as _;
use model::action::Action;
use model::condition::ConditionType;
use model::observation::{Bounds, Scaling, ScheduledBounds};
use model::verb::Verb;
use model::{PerSide, Share, Side, Span};
use serde_json::json;
use store::{Answer, Happening, Store as _};

use crate::tap::{SaveTrouble, Tap, Trouble};
use crate::world::{START, controller, frozen_or_not, id, refusals, region, run, spec, tick};

/// What the region's scalable targets have before Ferry comes.
const BEFORE: Bounds = Bounds { min: 2, max: 60 };

fn mins(minutes: u64) -> Span {
    Span::from_mins(minutes)
}

fn let_go(controller: &mut Controller) -> Result<(), Unheard> {
    controller.let_go("api").now_or_never().unwrap()
}

fn release(controller: &mut Controller) -> Result<Vec<(Action, Answer)>, Unheard> {
    controller.release("api", "mika").now_or_never().unwrap()
}

fn scaling(tap: &Tap, side: Side) -> Scaling {
    let request = region::request::Request::DescribeScalableTarget { id: &id("api", side) };
    tap.with_region(|region| region.handle(&request).scalable_target()).unwrap().unwrap()
}

fn bounds(tap: &Tap) -> PerSide<Bounds> {
    PerSide::from_fn(|side| scaling(tap, side).bounds)
}

fn put_scheduled(tap: &Tap, side: Side, name: &str) {
    let at = tap.now() + Span::from_hours(2);
    let scheduled = ScheduledBounds { name: name.to_owned(), at, min: Some(9), max: None };
    tap.with_region(|region| {
        let id = id("api", side);
        let request =
            region::request::Request::PutScheduledAction { id: &id, scheduled: &scheduled };
        region.handle(&request).done().unwrap();
    });
}

fn said(tap: &Tap) -> Vec<(String, String)> {
    let history = tap.history("api", 0, 1_000).now_or_never().unwrap().unwrap();
    let said = history.into_iter().filter_map(|numbered| match numbered.entry.happening {
        Happening::Said { who, what } => Some((who, what)),
        Happening::Event { .. }
        | Happening::Decision { .. }
        | Happening::Intended { .. }
        | Happening::Answered { .. } => None,
    });
    said.collect()
}

/// A migration that stands at a quarter, with floors of its own, whose file is gone.
fn orphan() -> (Tap, Controller) {
    let tap = region(&["api"]);
    let mut controller = controller(&tap, &[spec("api")]);
    run(&tap, &mut controller, mins(30));
    let_go(&mut controller).unwrap();
    (tap, controller)
}

#[test]
fn f28_a_migration_without_its_file_is_left_as_it_is_and_its_record_says_so() {
    let (tap, mut controller) = orphan();
    let (live, writes, saves) = (bounds(&tap), tap.writes(), tap.saves());
    let record = tap.record("api");
    assert!(record.status.conditions.is_true(ConditionType::Orphaned));
    assert!(said(&tap).last().unwrap().1.contains("not managed any more"));
    assert_eq!(controller.names().count(), 0);
    assert!(run(&tap, &mut controller, mins(60)).iter().all(|tick| tick.passes.is_empty()));
    assert_eq!((tap.writes(), tap.saves(), tap.share("api")), (writes, saves, Share::percent(25)));
    assert_eq!(bounds(&tap), live);
    assert_eq!(tap.record("api"), record);
    let word = controller.say("api", Verb::Pause, "mika", None).now_or_never().unwrap();
    assert_eq!(word, Err(Unheard::Unknown("api".to_owned())));
    let_go(&mut controller).unwrap();
    assert_eq!(tap.saves(), saves, "what is not managed cannot be let go again");
}

#[test]
fn a_file_that_comes_back_is_managed_again_from_what_is_live() {
    let (tap, mut controller) = orphan();
    let before = tap.record("api").status;
    controller.manage(1, crate::world::migration(spec("api"))).unwrap();
    tick(&mut controller);
    let record = tap.record("api");
    assert!(!record.status.conditions.is_true(ConditionType::Orphaned));
    assert_eq!(record.status.step, before.step);
    assert_eq!(record.status.saved, before.saved, "what was there before Ferry is not forgotten");
    run(&tap, &mut controller, mins(60));
    assert_eq!(tap.shares(), [Share::percent(10), Share::percent(25)]);
}

#[test]
fn a_record_that_cannot_be_saved_lets_go_all_the_same_and_says_so() {
    for trouble in refusals() {
        let tap = region(&["api"]);
        let mut controller = controller(&tap, &[spec("api")]);
        run(&tap, &mut controller, mins(10));
        tap.trouble_save(tap.saves() + 1, trouble.clone());
        let answer = let_go(&mut controller).unwrap_err();
        assert!(matches!(answer, Unheard::Store(_)), "{trouble:?}: {answer}");
        assert_eq!(controller.names().count(), 0, "{trouble:?}");
        let writes = tap.writes();
        run(&tap, &mut controller, mins(30));
        assert_eq!(tap.writes(), writes, "{trouble:?}");
    }
}

#[test]
fn release_gives_back_bounds_and_schedules_and_leaves_traffic_where_it_is() {
    let (tap, mut controller) = orphan();
    put_scheduled(&tap, Side::Ec2, "ferry-surge");
    put_scheduled(&tap, Side::Ec2, "nightly");
    assert_ne!(bounds(&tap).ec2, BEFORE, "there is something to give back");
    let saved = tap.record("api").status.saved;
    assert_eq!(saved.ec2, Some(BEFORE));
    let done = release(&mut controller).unwrap();
    assert!(done.iter().all(|(_, answer)| *answer == Answer::Written), "{done:?}");
    assert_eq!(bounds(&tap), PerSide::from_fn(|_| BEFORE));
    let left: Vec<String> =
        scaling(&tap, Side::Ec2).scheduled.into_iter().map(|action| action.name).collect();
    assert_eq!(left, ["nightly"], "what is not Ferry's stays");
    assert_eq!(tap.shares(), [Share::percent(10), Share::percent(25)]);
    let record = tap.record("api");
    assert_eq!((record.status.saved, record.status.floors), <_>::default());
    assert!(!record.intent.unwrap().is_open());
    let (who, what) = said(&tap).pop().unwrap();
    assert_eq!(who, "mika");
    assert!(what.starts_with("release"), "{what}");
    // Once is enough.
    let (writes, saves) = (tap.writes(), tap.saves());
    assert_eq!(release(&mut controller), Ok(Vec::new()));
    assert_eq!((tap.writes(), tap.saves()), (writes, saves));
}

#[test]
fn release_works_from_the_record_alone() {
    let (tap, first) = orphan();
    drop(first);
    let mut second = controller(&tap, &[]);
    assert!(!release(&mut second).unwrap().is_empty());
    assert_eq!(bounds(&tap).ec2, BEFORE);
}

#[test]
fn what_could_not_be_given_back_is_kept_for_the_next_release() {
    let (tap, mut controller) = orphan();
    let saved = tap.record("api").status.saved;
    tap.trouble("set_bounds", "ec2", Trouble::Refused(cloud::ErrorKind::Throttled));
    let done = release(&mut controller).unwrap();
    assert!(done.iter().any(|(_, answer)| matches!(answer, Answer::Refused { .. })), "{done:?}");
    assert_eq!(tap.record("api").status.saved, saved);
    tap.heal();
    let done = release(&mut controller).unwrap();
    assert!(!done.is_empty());
    assert_eq!(bounds(&tap).ec2, BEFORE);
    assert_eq!(tap.record("api").status.saved, PerSide::default());
}

#[test]
fn release_is_on_record_before_anything_is_written() {
    for trouble in refusals() {
        let (tap, mut controller) = orphan();
        let (live, writes) = (bounds(&tap), tap.writes());
        tap.trouble_save(tap.saves() + 1, trouble.clone());
        let answer = release(&mut controller).unwrap_err();
        assert!(matches!(answer, Unheard::Store(_)), "{trouble:?}: {answer}");
        assert_eq!((tap.writes(), bounds(&tap)), (writes, live), "{trouble:?}");
        // An intent that was left open is closed, and the release can be asked for again.
        release(&mut controller).unwrap();
        assert_eq!(bounds(&tap).ec2, BEFORE, "{trouble:?}");
    }
}

#[test]
fn what_is_managed_unknown_or_not_on_record_is_not_released() {
    let tap = region(&["api"]);
    let mut controller = controller(&tap, &[spec("api")]);
    run(&tap, &mut controller, mins(30));
    let writes = tap.writes();
    assert_eq!(release(&mut controller), Err(Unheard::StillManaged("api".to_owned())));
    let stranger = controller.release("web", "mika").now_or_never().unwrap();
    assert_eq!(stranger, Err(Unheard::Unknown("web".to_owned())));
    let_go(&mut controller).unwrap();
    let record = tap.load("api").now_or_never().unwrap().unwrap().unwrap();
    let mut old = record.contents.clone();
    old.adopted = None;
    tap.save("api", record.version, &old, &[]).now_or_never().unwrap().unwrap();
    let nameless = release(&mut controller).unwrap_err();
    assert!(matches!(nameless, Unheard::NotAdopted { .. }), "{nameless}");
    tap.make_unreadable();
    assert!(matches!(release(&mut controller), Err(Unheard::Store(_))));
    assert_eq!(tap.writes(), writes);
    assert!(tap.now() >= START + mins(30));
}

#[test]
fn nothing_is_given_back_while_writes_are_frozen() {
    let (tap, first) = orphan();
    drop(first);
    let (live, writes, saves) = (bounds(&tap), tap.writes(), tap.saves());
    let mut frozen = frozen_or_not(&tap, &[], true);
    let answer = release(&mut frozen).unwrap_err();
    assert!(matches!(answer, Unheard::Frozen { .. }), "{answer}");
    assert!(answer.to_string().contains("settings"), "{answer}");
    assert_eq!((bounds(&tap), tap.writes(), tap.saves()), (live, writes, saves));

    let tap = region(&["api"]);
    let mut controller = controller(&tap, &[spec("api")]);
    run(&tap, &mut controller, mins(30));
    controller.say("api", Verb::Freeze, "mika", None).now_or_never().unwrap().unwrap();
    let_go(&mut controller).unwrap();
    let writes = tap.writes();
    let answer = release(&mut controller).unwrap_err();
    assert!(answer.to_string().contains("mika") && answer.to_string().contains("resume"));
    assert_eq!(tap.writes(), writes);
    // The way out that the answer names.
    controller.manage(1, crate::world::migration(spec("api"))).unwrap();
    tick(&mut controller);
    controller.say("api", Verb::Resume, "mika", None).now_or_never().unwrap().unwrap();
    let_go(&mut controller).unwrap();
    release(&mut controller).unwrap();
    assert_eq!(bounds(&tap).ec2, BEFORE);
}

#[test]
fn a_record_whose_last_save_is_in_doubt_is_read_before_it_says_that_the_file_is_gone() {
    let tap = region(&["api"]);
    let mut controller = controller(&tap, &[spec("api")]);
    run(&tap, &mut controller, mins(10));
    tap.trouble_save(tap.saves() + 1, SaveTrouble::ReplyLost);
    controller.say("api", Verb::Pause, "mika", None).now_or_never().unwrap().unwrap_err();
    let_go(&mut controller).unwrap();
    let status = tap.record("api").status;
    assert!(status.conditions.is_true(ConditionType::Orphaned));
    assert!(status.verbs.pause.is_some(), "the word that arrived is not overwritten");

    let tap = region(&["api"]);
    let mut controller = crate::world::controller(&tap, &[spec("api")]);
    tap.make_unreadable();
    let unread = let_go(&mut controller).unwrap_err();
    assert!(matches!(unread, Unheard::Store(_)), "{unread}");

    tap.heal();
    let mut unborn = crate::world::controller(&tap, &[spec("api")]);
    let_go(&mut unborn).unwrap();
    assert_eq!(tap.saves(), 0, "of what never began there is no record");
}

#[test]
fn bounds_that_cannot_be_read_are_not_written() {
    let (tap, mut controller) = orphan();
    let (writes, saves) = (tap.writes(), tap.saves());
    tap.trouble("scalable_target", "fargate", Trouble::Refused(cloud::ErrorKind::Unreachable));
    let answer = release(&mut controller).unwrap_err();
    assert!(matches!(answer, Unheard::World(_)), "{answer}");
    assert_eq!((tap.writes(), tap.saves()), (writes, saves));
    tap.heal();
    release(&mut controller).unwrap();
    assert_eq!(bounds(&tap).ec2, BEFORE);
}

#[test]
fn what_was_saved_of_a_target_that_is_gone_is_kept_until_it_can_be_given_back() {
    let (tap, mut controller) = orphan();
    tap.trouble("scalable_target", "api", Trouble::Refused(cloud::ErrorKind::NotFound));
    assert_eq!(release(&mut controller), Ok(Vec::new()), "there is nothing to write to");
    assert_eq!(tap.record("api").status.saved.ec2, Some(BEFORE));
    tap.heal();
    release(&mut controller).unwrap();
    assert_eq!(bounds(&tap).ec2, BEFORE);
}

#[test]
fn a_migration_that_wrote_nothing_has_nothing_to_give_back() {
    let tap = region(&["api"]);
    let mut observe = spec("api");
    observe["spec"]["mode"] = json!("observe");
    let mut controller = controller(&tap, &[observe]);
    run(&tap, &mut controller, mins(10));
    let_go(&mut controller).unwrap();
    assert_eq!(release(&mut controller), Ok(Vec::new()));
    assert_eq!(tap.writes(), 0);
}
