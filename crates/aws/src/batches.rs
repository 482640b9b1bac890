//! Many questions in few calls, and their answers in the order asked.

use std::collections::{BTreeMap, BTreeSet};

use cloud::{Error, ErrorKind, Result};
use futures::StreamExt as _;
use futures::stream;

/// Calls of one question that are under way at once. The limits say how fast calls are made; this
/// says how many connections that may take.
const CONCURRENT_MAX: usize = 16;

/// Pages of one list, at most: a list that does not end is a fault of whoever gives it.
pub(crate) const PAGES_MAX: usize = 1_000;

/// Answers by what was asked for.
pub(crate) type Answers<K, T> = BTreeMap<K, Result<T>>;

/// The answers in the order asked, each as often as it was asked for. What the world left out
/// is `Partial`, in the name of `operation`.
pub(crate) fn in_order<K: Ord, T: Clone>(
    asked: &[K],
    answers: &Answers<K, T>,
    operation: &'static str,
) -> Vec<Result<T>> {
    asked
        .iter()
        .map(|key| match answers.get(key) {
            Some(answer) => answer.clone(),
            None => Err(Error::new(ErrorKind::Partial, operation, "the answer leaves it out")),
        })
        .collect()
}

/// What is asked for, once each, grouped by what may share a call and cut to what a call takes.
pub(crate) fn batches<K: Ord + Clone, G: Ord + Clone>(
    asked: &[K],
    group: impl Fn(&K) -> G,
    most: usize,
) -> Vec<(G, Vec<K>)> {
    let mut groups: BTreeMap<G, BTreeSet<&K>> = BTreeMap::new();
    for key in asked {
        groups.entry(group(key)).or_default().insert(key);
    }
    let mut batches = Vec::new();
    for (group, keys) in groups {
        let keys: Vec<K> = keys.into_iter().cloned().collect();
        batches.extend(keys.chunks(most.max(1)).map(|part| (group.clone(), part.to_vec())));
    }
    batches
}

/// The answers of all calls: several at once, each with its own fate.
pub(crate) async fn gather<K: Ord, T>(
    calls: impl IntoIterator<Item = impl Future<Output = Answers<K, T>>>,
) -> Answers<K, T> {
    let calls = stream::iter(calls).buffer_unordered(CONCURRENT_MAX);
    let all = |mut all: Answers<K, T>, some| {
        all.extend(some);
        std::future::ready(all)
    };
    calls.fold(Answers::new(), all).await
}

/// The answers of a call that one bad member fails for all: its halves are asked again, until
/// those that are to blame stand alone.
pub(crate) async fn halving<K: Ord + Clone, T, F>(
    keys: Vec<K>,
    ask: impl Fn(Vec<K>) -> F,
) -> Answers<K, T>
where
    F: Future<Output = Result<Answers<K, T>>>,
{
    let mut all = Answers::new();
    let mut open = vec![keys];
    while let Some(keys) = open.pop() {
        match ask(keys.clone()).await {
            Ok(some) => all.extend(some),
            Err(error) if keys.len() > 1 && is_of_a_member(error.kind) => {
                let (first, second) = keys.split_at(keys.len() / 2);
                open.extend([second.to_vec(), first.to_vec()]);
            }
            Err(error) => all.extend(all_failed(&keys, &error)),
        }
    }
    all
}

/// Whether a call may have failed for one of what it asked for.
const fn is_of_a_member(kind: ErrorKind) -> bool {
    match kind {
        ErrorKind::NotFound | ErrorKind::Invalid => true,
        ErrorKind::Throttled
        | ErrorKind::Busy
        | ErrorKind::Denied
        | ErrorKind::Conflict
        | ErrorKind::QuotaReached
        | ErrorKind::Unreachable
        | ErrorKind::Partial
        | ErrorKind::OutcomeUnknown => false,
    }
}

/// The same error for every member of a batch.
pub(crate) fn all_failed<'a, K: Ord + Clone + 'a, T>(
    keys: impl IntoIterator<Item = &'a K>,
    error: &Error,
) -> Answers<K, T> {
    keys.into_iter().map(|key| (key.clone(), Err(error.clone()))).collect()
}

/// The error of a list that does not end.
pub(crate) fn too_many_pages(operation: &'static str) -> Error {
    let message = format!("the list has not ended after {PAGES_MAX} pages");
    Error::new(ErrorKind::Partial, operation, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_hold_each_key_once_and_no_more_than_a_call_takes() {
        let asked = [5, 12, 3, 5, 11, 4, 12];
        let found = batches(&asked, |key| key / 10, 2);
        assert_eq!(found, [(0, vec![3, 4]), (0, vec![5]), (1, vec![11, 12])]);
    }

    #[test]
    fn a_bad_member_is_found_in_few_calls_and_fails_alone() {
        let calls = std::cell::Cell::new(0);
        let answers = futures::executor::block_on(halving((0..16).collect(), |keys: Vec<i32>| {
            calls.set(calls.get() + 1);
            let answer = if keys.contains(&11) {
                Err(Error::new(ErrorKind::NotFound, "elasticloadbalancing:DescribeRules", "11"))
            } else {
                Ok(keys.into_iter().map(|key| (key, Ok(key))).collect())
            };
            std::future::ready(answer)
        }));
        assert_eq!(calls.get(), 9, "two for each halving, and the first");
        let failed: Vec<i32> =
            answers.iter().filter(|(_, answer)| answer.is_err()).map(|(key, _)| *key).collect();
        assert_eq!((answers.len(), failed), (16, vec![11]));
    }

    #[test]
    fn what_is_left_out_is_partial_and_spoils_no_other() {
        let answers: Answers<i32, &str> = [(1, Ok("one"))].into();
        let found = in_order(&[2, 1, 1], &answers, "ecs:DescribeServices");
        assert_eq!(found[0].as_ref().unwrap_err().kind, ErrorKind::Partial);
        assert_eq!(found[1..], [Ok("one"), Ok("one")]);
    }
}
