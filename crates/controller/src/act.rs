//! Acting: what was recorded is sent, each action once, with what it expects to find.
//!
//! There is no choice here. Rollbacks leave before anything else; what is left of each migration
//! runs side by side with the others, so that a slow one delays nobody; weights that go towards
//! Fargate leave last, when the capacity they need was asked for. Nothing is retried: the next
//! tick looks at what became of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use cloud::{Cloud, Error, ErrorKind, Shift};
use futures::future::join_all;
use model::PerSide;
use model::action::Action;
use model::route::{Routes, ServiceId};
use store::Answer;

/// The actions of one migration that are on record.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    pub(crate) name: String,
    pub(crate) services: PerSide<ServiceId>,
    pub(crate) routes: Routes,
    pub(crate) actions: Vec<Action>,
}

/// Carries out all orders and answers each action, by migration and in its order's own order.
pub(crate) async fn act(cloud: &Cloud, orders: &[Order]) -> BTreeMap<String, Vec<Answer>> {
    let mut answers: BTreeMap<String, Vec<Option<Answer>>> =
        orders.iter().map(|order| (order.name.clone(), vec![None; order.actions.len()])).collect();
    let mut fill = |name: &str, position: usize, answer: Answer| {
        let slot = answers.get_mut(name).and_then(|slots| slots.get_mut(position));
        if let Some(slot) = slot {
            *slot = Some(answer);
        }
    };
    for (name, position, answer) in shift(cloud, orders, Action::is_rollback).await {
        fill(name, position, answer);
    }
    for (name, position, answer) in
        join_all(orders.iter().map(|order| scale(cloud, order))).await.concat()
    {
        fill(name, position, answer);
    }
    for (name, position, answer) in shift(cloud, orders, |action| !action.is_rollback()).await {
        fill(name, position, answer);
    }
    answers
        .into_iter()
        .map(|(name, slots)| {
            let unsent = || Answer::NotSent { why: "nothing carries this action out".to_owned() };
            (name, slots.into_iter().map(|slot| slot.unwrap_or_else(unsent)).collect())
        })
        .collect()
}

type Answered<'a> = (&'a str, usize, Answer);

/// Sends the changes of weights that `which` picks, together: the router decides what may share
/// a batch.
async fn shift<'a>(
    cloud: &Cloud,
    orders: &'a [Order],
    which: impl Fn(&Action) -> bool,
) -> Vec<Answered<'a>> {
    let mut owners = Vec::new();
    let mut shifts = Vec::new();
    for order in orders {
        for (position, action) in order.actions.iter().enumerate() {
            let Action::SetWeights { expected, weights, sticky, .. } = action else { continue };
            if which(action) {
                owners.push((order.name.as_str(), position));
                shifts.push(Shift {
                    sticky: sticky.clone(),
                    account: Arc::clone(&order.routes.account),
                    routes: order.routes.routes.clone(),
                    expected: expected.clone(),
                    weights: weights.clone(),
                    rollback: action.is_rollback(),
                });
            }
        }
    }
    if shifts.is_empty() {
        return Vec::new();
    }
    let results = cloud.router.set(&shifts).await;
    owners
        .into_iter()
        .zip(results)
        .map(|((name, position), result)| {
            let answer = match result {
                Ok(applied) if applied.written => Answer::Written,
                Ok(_) => Answer::AlreadySo,
                Err(error) => refused(&error),
            };
            (name, position, answer)
        })
        .collect()
}

/// Carries out all of one migration's actions but its weights, one after the other.
async fn scale<'a>(cloud: &Cloud, order: &'a Order) -> Vec<Answered<'a>> {
    let mut answers = Vec::new();
    for (position, action) in order.actions.iter().enumerate() {
        let result = match action {
            Action::SetWeights { .. } => continue,
            Action::SetBounds { side, expected, bounds } => {
                cloud.scaling.set_bounds(order.services.get(*side), *expected, *bounds).await
            }
            Action::SetDesired { side, expected, desired } => {
                cloud.services.set_desired(order.services.get(*side), *expected, *desired).await
            }
            Action::PutScheduled { side, scheduled } => {
                cloud.scaling.put_scheduled(order.services.get(*side), scheduled).await
            }
            Action::DeleteScheduled { side, name } => {
                cloud.scaling.delete_scheduled(order.services.get(*side), name).await
            }
        };
        let answer = result.map_or_else(|error| refused(&error), |()| Answer::Written);
        answers.push((order.name.as_str(), position, answer));
    }
    answers
}

fn refused(error: &Error) -> Answer {
    let message = error.to_string();
    match error.kind {
        ErrorKind::OutcomeUnknown | ErrorKind::Partial => Answer::Unknown { message },
        ErrorKind::Throttled
        | ErrorKind::Busy
        | ErrorKind::Denied
        | ErrorKind::NotFound
        | ErrorKind::Conflict
        | ErrorKind::Invalid
        | ErrorKind::QuotaReached
        | ErrorKind::Unreachable => Answer::Refused { message },
    }
}
