//! F9 and F10: a process that stood still between an intent and its call, and two processes on one
//! store.

use std::sync::Arc;

use cloud::{ErrorKind, Shift};
use controller::Controller;
use futures::executor::block_on;
use model::action::Action;
use model::settings::Settings;
use model::{Share, Span};
use region::journal::Author;
use rehearsal::fork::{Forks, Place};
use rehearsal::simulation::{Setup, Simulation};
use rehearsal::witness::{Trouble, TroubleKind};
use store::{Answer, Contents, Intent, Store};

use crate::world::{Router, at, faults, flat, quick, run, setup, share, started, steps};

const ROUTERS: [Router; 3] = [Router::Records, Router::Rules, Router::Policies];
/// Four steps of twenty minutes, with time to settle.
const ALL_STEPS: Span = Span::from_hours(4);

fn record(simulation: &Simulation) -> Contents {
    let record = block_on(simulation.store().load("api")).expect("it can be read");
    record.expect("it was saved").contents
}

/// The change of weights that is on record as begun and has no outcome.
fn begun(simulation: &Simulation, router: Router) -> Option<Shift> {
    let record = block_on(simulation.store().load("api")).expect("it can be read")?;
    let intent = record.contents.intent.filter(Intent::is_open)?;
    let routes = controller::Managed::new(1, quick(router).migration()).ok()?.routes;
    intent.actions.into_iter().find_map(|action| match action {
        Action::SetWeights { ref expected, ref weights, ref sticky, .. } => Some(Shift {
            sticky: sticky.clone(),
            account: routes.account.clone(),
            routes: routes.routes.clone(),
            expected: expected.clone(),
            weights: weights.clone(),
            rollback: action.is_rollback(),
        }),
        Action::SetBounds { .. }
        | Action::SetDesired { .. }
        | Action::PutScheduled { .. }
        | Action::DeleteScheduled { .. } => None,
    })
}

fn is_saved(place: &Place) -> bool {
    place.operation == "store:Save" && place.done
}

/// Sends a change that has been overtaken: nothing comes of it.
fn deliver(simulation: &Simulation, shift: &Shift) {
    let before = share(simulation);
    let router = simulation.region().cloud().router;
    let answer = block_on(router.set(std::slice::from_ref(shift))).remove(0);
    match answer {
        Ok(applied) => assert!(!applied.written, "{:?}", shift.routes),
        Err(error) => assert_eq!(error.kind, ErrorKind::Conflict, "{:?}", shift.routes),
    }
    assert_eq!(share(simulation), before);
}

#[test]
fn f9_a_holder_that_stood_still_between_intent_and_call_moves_nothing_when_it_goes_on() {
    for router in ROUTERS {
        let mut simulation = started(router, flat(60.0), &[]);
        let forks = Forks::of(&simulation, is_saved);
        let mut late = 0;
        while simulation.next_at() < at(ALL_STEPS) {
            let forked = block_on(simulation.tick_forked(&forks)).expect("the specs are known").1;
            // Where the intent is saved the one process stands still; another goes on.
            for (_, mut other) in forked {
                let Some(shift) = begun(&other, router) else { continue };
                late += 1;
                let stood = share(&other);
                while share(&other) == stood {
                    assert!(other.next_at() < at(ALL_STEPS), "{router:?}: it takes no step");
                    block_on(other.tick());
                }
                for after in [0, 10, 70] {
                    let until = other.next_at().since(at(Span::ZERO)) + Span::from_mins(after);
                    run(&mut other, until, |_, _| {});
                    deliver(&other, &shift);
                }
                run(&mut other, ALL_STEPS + ALL_STEPS, |_, _| {});
                assert_eq!((steps(&other).len(), share(&other)), (4, Share::FULL), "{router:?}");
                assert_eq!(other.violations(), []);
            }
        }
        assert_eq!(late, 4, "{router:?}: one for each step");
    }
}

#[test]
fn f9_an_outcome_that_could_not_be_saved_is_read_and_its_write_is_not_sent_again() {
    for router in ROUTERS {
        let mut simulation = started(router, flat(60.0), &[]);
        // The call was made; what the process knew of it is lost.
        let forks = Forks::of(&simulation, |place| place.operation == "store:Save" && !place.done);
        let mut unsaid = 0;
        while simulation.next_at() < at(ALL_STEPS) {
            let forked = block_on(simulation.tick_forked(&forks)).expect("the specs are known").1;
            for (_, mut other) in forked {
                if begun(&other, router).is_none() {
                    continue;
                }
                unsaid += 1;
                let (sent, stands) = (steps(&other).len(), share(&other));
                let first = block_on(other.tick());
                let weights = |action: &Action| matches!(action, Action::SetWeights { .. });
                assert!(!first.passes[0].plan.actions.iter().any(weights), "{router:?}");
                let until = other.next_at().since(at(Span::ZERO)) + Span::from_mins(15);
                run(&mut other, until, |_, _| {});
                assert_eq!((steps(&other).len(), share(&other)), (sent, stands), "{router:?}");
                let Some(intent) = record(&other).intent else { panic!("{router:?}: it is lost") };
                let outcome = intent.outcome.expect("it was closed");
                let is_unknown = |answer: &Answer| matches!(answer, Answer::Unknown { .. });
                // Unless another intent has followed, it was closed as what it was.
                if intent.actions.iter().any(weights) {
                    assert!(outcome.answers.iter().all(is_unknown), "{:?}", outcome.answers);
                    assert!(outcome.shown_at.is_some(), "{router:?}: it was seen done");
                }
                assert_eq!(other.violations(), []);
            }
        }
        assert_eq!(unsaid, 4, "{router:?}: one for each step");
    }
}

/// How often a daemon has changed the region.
fn changes(simulation: &Simulation) -> usize {
    simulation.region().with(|region| {
        let entries = region.journal().entries().iter();
        entries.filter(|it| it.author == Author::Caller && it.outcome.made()).count()
    })
}

#[test]
fn f10_two_daemons_on_one_store_take_each_step_once() {
    for router in ROUTERS {
        let lost = Trouble {
            from: at(Span::from_mins(30)),
            until: at(Span::from_mins(50)),
            kind: TroubleKind::LostReply,
        };
        let throttled = "{at: 50m, for: 1h, type: throttle, api: '*', fraction: 30%}";
        let base = setup(&quick(router), flat(60.0));
        let setup = Setup { faults: faults(&[throttled]), troubles: vec![lost], ..base };
        let mut one = Simulation::new(&setup).expect("the region can be built");
        let store = Arc::clone(one.store()) as Arc<dyn Store>;
        let mut two = Controller::new(one.region().cloud(), store, Settings::default());
        two.manage(1, quick(router).migration()).expect("it is supported");
        let mut acted = [0, 0];
        while one.next_at() < at(ALL_STEPS + ALL_STEPS) {
            let before = changes(&one);
            block_on(one.tick());
            let between = changes(&one);
            block_on(two.tick());
            // What is so already is written by nobody, whatever was asked for.
            let wrote = [between > before, changes(&one) > between];
            assert_ne!(wrote, [true, true], "{router:?}: both wrote at {}", one.next_at());
            acted = [acted[0] + usize::from(wrote[0]), acted[1] + usize::from(wrote[1])];
        }
        assert!(
            acted[0] > 0 && acted[1] > 0,
            "{router:?}: both act, now one, now the other: {acted:?}"
        );
        assert_eq!((steps(&one).len(), share(&one)), (4, Share::FULL), "{router:?}");
        assert!(!record(&one).intent.is_some_and(|intent| intent.is_open()));
    }
}
