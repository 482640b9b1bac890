//! The operations, a module for each service.

pub(crate) mod autoscaling;
pub(crate) mod cloudwatch;
pub(crate) mod datadog;
pub(crate) mod dynamodb;
pub(crate) mod ecs;
pub(crate) mod elb;
pub(crate) mod events;
pub(crate) mod route53;
pub(crate) mod sts;

use crate::refusal::{Code, Refusal};
use crate::service::Service;

/// The refusal of an operation that is not served.
pub(crate) fn unknown(service: Service, operation: &str, known: &[&str]) -> Refusal {
    let name = if operation.is_empty() { "This request" } else { operation };
    let message = if known.is_empty() {
        format!("{name} is not served: this region has nothing of {}.", service.name())
    } else {
        format!("{name} is not served: of {} this region has {}.", service.name(), known.join(", "))
    };
    Refusal::new(Code::UnknownOperation, message)
}

/// A page of a list: from the place that a token says, at most `size` items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Page<T> {
    pub(crate) items: Vec<T>,
    /// Where the next page begins.
    pub(crate) next: Option<String>,
}

impl<T> Page<T> {
    /// # Errors
    /// The token, where it is none of this list.
    pub(crate) fn of(all: Vec<T>, token: Option<&str>, size: usize) -> Result<Self, String> {
        let length = all.len();
        let begin = match token {
            None => 0,
            Some(token) => token
                .strip_prefix("from-")
                .and_then(|place| place.parse::<usize>().ok())
                .filter(|place| *place <= length)
                .ok_or_else(|| token.to_owned())?,
        };
        let end = begin.saturating_add(size).min(length);
        let next = (end < length).then(|| format!("from-{end}"));
        Ok(Self { items: all.into_iter().skip(begin).take(end - begin).collect(), next })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_hold_every_item_once() {
        let (mut seen, mut token) = (Vec::new(), None::<String>);
        loop {
            let page = Page::of((0..25).collect(), token.as_deref(), 10).unwrap();
            seen.extend(page.items);
            token = page.next;
            if token.is_none() {
                break;
            }
        }
        assert_eq!(seen, (0..25).collect::<Vec<_>>());
        assert_eq!(Page::of(vec![1], Some("elsewhere"), 10), Err("elsewhere".to_owned()));
    }
}
