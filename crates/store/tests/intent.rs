//! Intents: one entry before and one after each mutation (C7), and done only when seen (C2).

use model::action::{Action, Direction};
use model::observation::{
    Bounds, Deployment, Gap, Observation, Scaling, ScheduledBounds, Seen, Service, Suspension,
};
use model::route::{Propagation, Split, WeightPair, Weights};
use model::{PerSide, Share, Side, Span, Time};
use store::{Answer, Contents, Happening, IntentError};

const NOW: Time = Time::from_minute(29_000_000);

fn weights(fargate: u32) -> Weights {
    Weights::from([("r".to_owned(), WeightPair { ec2: 100 - fargate, fargate })])
}

fn bounds(min: u32) -> Bounds {
    Bounds { min, max: 600 }
}

fn scheduled(name: &str, minutes: u64) -> ScheduledBounds {
    ScheduledBounds {
        name: name.to_owned(),
        at: NOW + Span::from_mins(minutes),
        min: Some(9),
        max: None,
    }
}

fn actions() -> Vec<Action> {
    vec![
        Action::SetWeights {
            sticky: model::route::Sticky::new(),
            share: Share::percent(5),
            expected: weights(1),
            weights: weights(5),
            direction: Direction::Advance,
        },
        Action::SetBounds { side: Side::Ec2, expected: bounds(10), bounds: bounds(90) },
    ]
}

/// What is seen at `minute` when everything that any test sets is done.
fn done(minute: u64) -> Observation {
    let at = NOW + Span::from_mins(minute);
    let service = Service {
        desired: 7,
        running: 7,
        pending: 0,
        release: "app:1".to_owned(),
        cpu_units: Some(1_024),
        deployment: Deployment::Steady,
    };
    let scaling = Scaling {
        bounds: bounds(90),
        suspended: Suspension::NONE,
        scheduled: vec![scheduled("ferry-a", 60)],
    };
    Observation {
        at,
        services: PerSide::from_fn(|_| Seen::known(service.clone(), at)),
        targets: PerSide::from_fn(|_| Seen::unknown(Gap::NotAsked)),
        vouched: PerSide::default(),
        scaling: PerSide::from_fn(|_| Seen::known(Some(scaling.clone()), at)),
        split: Seen::known(
            Split {
                sticky: model::route::Sticky::new(),
                weights: weights(5),
                propagation: Propagation::Pending,
            },
            at,
        ),
        load: Seen::unknown(Gap::NotAsked),
        ownership: Seen::unknown(Gap::NotAsked),
    }
}

#[test]
fn each_mutation_has_one_entry_before_and_one_after() {
    let mut contents = Contents::default();
    let before = contents.begin_intent(NOW, actions(), "proven").unwrap();
    let answers = vec![Answer::Written, Answer::Unknown { message: "timed out".to_owned() }];
    let after = contents.close_intent(NOW + Span::from_secs(3), answers.clone()).unwrap();
    let told: Vec<_> = before.iter().chain(&after).map(|entry| &entry.happening).collect();
    for (index, action) in actions().into_iter().enumerate() {
        let intended =
            Happening::Intended { intent: 1, position: index, action, why: "proven".to_owned() };
        let answered =
            Happening::Answered { intent: 1, position: index, answer: answers[index].clone() };
        assert_eq!(told.iter().filter(|it| ***it == intended).count(), 1);
        assert_eq!(told.iter().filter(|it| ***it == answered).count(), 1);
    }
    assert_eq!(told.len(), 4);
}

#[test]
fn intents_take_turns_and_never_share_a_number() {
    let mut contents = Contents::default();
    assert_eq!(contents.close_intent(NOW, Vec::new()), Err(IntentError::NoneOpen));
    contents.begin_intent(NOW, actions(), "").unwrap();
    assert_eq!(contents.begin_intent(NOW, actions(), ""), Err(IntentError::StillOpen(1)));
    let short = contents.close_intent(NOW, vec![Answer::Written]);
    assert_eq!(short, Err(IntentError::AnswersMissing { number: 1, answers: 1, actions: 2 }));
    contents.close_intent(NOW, vec![Answer::Written, Answer::AlreadySo]).unwrap();
    assert_eq!(contents.close_intent(NOW, Vec::new()), Err(IntentError::NoneOpen));
    contents.begin_intent(NOW, actions(), "").unwrap();
    assert_eq!(contents.intent.unwrap().number, 2);
}

fn closed(actions: Vec<Action>) -> Contents {
    let mut contents = Contents::default();
    let answers = vec![Answer::Written; actions.len()];
    contents.begin_intent(NOW, actions, "").expect("none is open");
    contents.close_intent(NOW + Span::from_mins(1), answers).expect("one is open");
    contents
}

#[test]
fn only_a_later_observation_shows_an_intent_done() {
    let mut contents = Contents::default();
    contents.begin_intent(NOW, actions(), "").unwrap();
    assert!(!contents.note_shown(&done(5)), "nobody knows yet what was sent");
    let mut contents = closed(actions());
    assert!(!contents.note_shown(&done(0)), "read before the calls ended");
    assert!(contents.note_shown(&done(2)));
    let shown_at = |contents: &Contents| contents.intent.clone().unwrap().outcome.unwrap().shown_at;
    assert_eq!(shown_at(&contents), Some(NOW + Span::from_mins(2)));
    assert!(!contents.note_shown(&done(3)), "noted once");
    assert_eq!(shown_at(&contents), Some(NOW + Span::from_mins(2)));
}

#[test]
fn every_kind_of_action_has_to_be_seen() {
    let side = Side::Fargate;
    type Undo = fn(&mut Observation);
    let kinds: [(Action, Undo); 5] = [
        (actions()[0].clone(), |seen| seen.split = Seen::unknown(Gap::Failed)),
        (actions()[1].clone(), |seen| {
            let Seen::Known { value: Some(target), .. } = &mut seen.scaling.ec2 else { return };
            target.bounds = bounds(10);
        }),
        (Action::SetDesired { side, expected: 5, desired: 7 }, |seen| {
            let Seen::Known { value, .. } = &mut seen.services.fargate else { return };
            value.desired = 5;
        }),
        (Action::PutScheduled { side, scheduled: scheduled("ferry-a", 60) }, |seen| {
            let Seen::Known { value: Some(target), .. } = &mut seen.scaling.fargate else { return };
            target.scheduled.clear();
        }),
        (Action::DeleteScheduled { side, name: "ferry-b".to_owned() }, |seen| {
            let Seen::Known { value: Some(target), .. } = &mut seen.scaling.fargate else { return };
            target.scheduled.push(scheduled("ferry-b", 60));
        }),
    ];
    for (action, undo) in kinds {
        let mut undone = done(2);
        undo(&mut undone);
        let mut contents = closed(vec![action]);
        assert!(!contents.note_shown(&undone), "{contents:?}");
        assert!(contents.note_shown(&done(2)), "{contents:?}");
    }
}

#[test]
fn a_scheduled_action_that_fired_was_done() {
    let mut contents = closed(vec![Action::PutScheduled {
        side: Side::Ec2,
        scheduled: scheduled("ferry-fired", 3),
    }]);
    assert!(!contents.note_shown(&done(2)), "not there and not yet due");
    assert!(contents.note_shown(&done(3)));
}
