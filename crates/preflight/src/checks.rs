//! The list of all checks, by what they look at.

mod by_hand;
mod capacity;
mod group;
mod policy;
mod read;
mod records;
mod rule;
mod scaling;
mod scheduled;
mod service;
mod task;
mod together;

use crate::check::Check;

pub(crate) use read::nothing_read;

/// Every check, in the order in which findings of one severity are shown: what Ferry cannot do
/// without first.
pub fn all() -> impl Iterator<Item = &'static Check> {
    let lists: [&'static [Check]; 12] = [
        read::CHECKS,
        together::CHECKS,
        service::CHECKS,
        group::CHECKS,
        records::CHECKS,
        policy::CHECKS,
        rule::CHECKS,
        scheduled::CHECKS,
        scaling::CHECKS,
        capacity::CHECKS,
        task::CHECKS,
        by_hand::CHECKS,
    ];
    lists.into_iter().flatten()
}
