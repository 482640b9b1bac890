//! Claims on [`Marks`](crate::Marks).

use std::sync::Arc;

use model::route::Routes;

use super::{Harness, missing_service, only};
use crate::{ErrorKind, Marks, Thing};

const OURS: &str = "ferry/api";
const OTHERS: &str = "blue/api";

fn marks(harness: &impl Harness) -> Arc<dyn Marks> {
    harness.cloud().marks.clone().expect("a world with marks")
}

/// Both services and the first route.
fn things(harness: &impl Harness) -> Vec<Thing> {
    let Routes { account, routes } = harness.routes();
    let route = routes.into_iter().next().expect("one route at least");
    vec![
        Thing::Service(harness.service()),
        Thing::Route { account, route },
        Thing::Service(harness.bare_service()),
    ]
}

async fn look(harness: &impl Harness, thing: &Thing) -> Option<String> {
    only(marks(harness).marks(std::slice::from_ref(thing)).await).expect("a thing of the world")
}

/// Nothing is marked from the start, and a mark that was put is seen on its thing alone.
///
/// # Panics
/// When it is not so.
pub async fn a_mark_is_put_and_seen(harness: &impl Harness) {
    let things = things(harness);
    for (place, thing) in things.iter().enumerate() {
        assert_eq!(look(harness, thing).await, None, "{thing}");
        marks(harness).set_mark(thing, None, Some(OURS)).await.expect("nobody has marked it");
        let seen = marks(harness).marks(&things).await;
        let seen: Vec<Option<String>> = seen.into_iter().map(|it| it.expect("a mark")).collect();
        let marked = |other: usize| (other <= place).then(|| OURS.to_owned());
        assert_eq!(seen, (0..things.len()).map(marked).collect::<Vec<_>>(), "{thing}");
    }
}

/// Answers keep the order of the questions, and a missing thing spoils no other.
///
/// # Panics
/// When they do not.
pub async fn a_missing_thing_spoils_no_other(harness: &impl Harness) {
    let all = things(harness);
    marks(harness).set_mark(&all[2], None, Some(OURS)).await.expect("nobody has marked it");
    let missing = Thing::Service(missing_service(harness));
    let asked = [all[2].clone(), missing.clone(), all[1].clone(), all[0].clone(), all[2].clone()];
    let answers = marks(harness).marks(&asked).await;
    let kinds = answers.iter().map(|answer| answer.as_ref().map_err(|error| error.kind));
    let (ours, none) = (Some(OURS.to_owned()), None);
    let expected = [Ok(&ours), Err(ErrorKind::NotFound), Ok(&none), Ok(&none), Ok(&ours)];
    assert_eq!(kinds.collect::<Vec<_>>(), expected);
    let answer = marks(harness).set_mark(&missing, None, Some(OURS)).await;
    assert_eq!(answer.map_err(|error| error.kind), Err(ErrorKind::NotFound));
}

/// A mark that is not the expected one is left alone; one that is as wanted needs no write.
///
/// # Panics
/// When it is not so.
pub async fn somebody_elses_mark_is_a_conflict(harness: &impl Harness) {
    for thing in things(harness) {
        let set = |expected: Option<&'static str>, mark: Option<&'static str>| {
            let (marks, thing) = (marks(harness), thing.clone());
            async move { marks.set_mark(&thing, expected, mark).await.map_err(|error| error.kind) }
        };
        set(None, Some(OTHERS)).await.expect("nobody has marked it");
        assert_eq!(set(None, Some(OURS)).await, Err(ErrorKind::Conflict), "{thing}");
        assert_eq!(set(Some(OURS), None).await, Err(ErrorKind::Conflict), "{thing}");
        assert_eq!(look(harness, &thing).await.as_deref(), Some(OTHERS), "{thing}");
        set(None, Some(OTHERS)).await.expect("it is so already");
    }
}

/// A mark can change hands, and be taken away.
///
/// # Panics
/// When it cannot.
pub async fn a_mark_changes_hands_and_goes(harness: &impl Harness) {
    for thing in things(harness) {
        for (expected, mark) in
            [(None, Some(OTHERS)), (Some(OTHERS), Some(OURS)), (Some(OURS), None), (None, None)]
        {
            marks(harness).set_mark(&thing, expected, mark).await.expect("as expected");
            assert_eq!(look(harness, &thing).await.as_deref(), mark, "{thing}");
        }
    }
}
