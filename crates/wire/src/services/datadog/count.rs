//! What is counted, minute by minute.

use std::collections::BTreeMap;

use cloud::EventAsk;
use cloud::objectives::Source;
use model::Side;
use model::minute::Counts;

use crate::inventory::Member;
use crate::world::World;

/// A count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Count {
    /// Of an objective in the region's file: its good events, or all.
    Objective { source: Source, is_good: bool },
    /// Of sides of applications, by their places in the inventory.
    Metric { name: Metric, members: Vec<usize> },
}

/// A metric of requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Metric {
    Requests,
    Slow,
    Errors,
    Good,
}

impl Metric {
    const ALL: [(&'static str, Self); 4] = [
        ("requests", Self::Requests),
        ("slow", Self::Slow),
        ("errors", Self::Errors),
        ("good", Self::Good),
    ];

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(it, _)| *it == name).map(|(_, metric)| metric)
    }
}

/// Minutes with their counts.
pub(super) type Minutes = BTreeMap<i64, u64>;

/// The queries by which an SLO counts: good events, then all.
pub(super) fn queries_of_slo(id: &str) -> [String; 2] {
    ["good", "total"].map(|what| format!("sum:slo.{what}{{slo:{id}}}.as_count()"))
}

/// What tells sides apart.
fn env(member: &Member) -> String {
    match member.side {
        Side::Ec2 => member.id.cluster.clone(),
        Side::Fargate => format!("{}-fargate", member.id.cluster),
    }
}

/// Every source of objectives.
pub(super) fn sources(world: &World<'_>) -> Vec<Source> {
    let applications = world.region.applications().count();
    let all = (0..applications).flat_map(|index| world.region.objectives(index));
    all.flat_map(|sides| Side::ALL.map(|side| sides.get(side).clone())).collect()
}

/// What a query without its rollup counts; `None` where it is none that is understood.
pub(super) fn find(world: &World<'_>, query: &str) -> Option<Count> {
    let of_objective = sources(world).into_iter().find_map(|source| {
        let [good, total] = match &source {
            Source::Queries { good, total } => [good.clone(), total.clone()],
            Source::Slo(id) => queries_of_slo(id),
        };
        let is_good = if good == query {
            true
        } else if total == query {
            false
        } else {
            return None;
        };
        Some(Count::Objective { source, is_good })
    });
    if of_objective.is_some() {
        return of_objective;
    }
    let plain = query.strip_prefix("sum:")?;
    let plain = plain.strip_suffix(".as_count()").unwrap_or(plain);
    let (name, tags) = plain.strip_suffix('}')?.split_once('{')?;
    let name = Metric::named(name)?;
    let tags: Vec<(&str, &str)> = tags
        .split(',')
        .map(str::trim)
        .filter(|tag| *tag != "*")
        .map(|tag| tag.split_once(':'))
        .collect::<Option<_>>()?;
    let names: Vec<&str> = world.region.applications().collect();
    let has = |member: &Member, (key, value): &(&str, &str)| match *key {
        "application" => names.get(member.application) == Some(value),
        "env" => env(member) == *value,
        _ => false,
    };
    let members = world.inventory.members.iter().enumerate();
    let members = members.filter(|(_, member)| tags.iter().all(|tag| has(member, tag)));
    Some(Count::Metric { name, members: members.map(|(place, _)| place).collect() })
}

/// The minutes `[from, until)` of a count that are published.
pub(super) fn minutes(
    world: &World<'_>,
    count: &Count,
    from: i64,
    until: i64,
) -> Result<Minutes, String> {
    match count {
        Count::Objective { source, is_good } => {
            let ask = EventAsk { source: source.clone(), from, until };
            let events = world.region.events(&ask).map_err(|error| error.message)?;
            let of = |total: u64, bad: u64| if *is_good { total - bad } else { total };
            Ok(events.iter().map(|it| (it.minute, of(it.total, it.bad))).collect())
        }
        Count::Metric { name, members } => {
            let mut all = Minutes::new();
            for place in members {
                let Some(member) = world.inventory.members.get(*place) else { continue };
                for (minute, count) in of_member(world, member, *name, from, until) {
                    *all.entry(minute).or_default() += count;
                }
            }
            Ok(all)
        }
    }
}

fn of_member(world: &World<'_>, member: &Member, name: Metric, from: i64, until: i64) -> Minutes {
    let counted = world.region.counted(member.application, member.side, from, until);
    let of = |(minute, counts): (i64, Counts)| {
        let (requests, slow, errors) = (counts.requests?, counts.slow?, counts.errors?);
        let count = match name {
            Metric::Requests => requests,
            Metric::Slow => slow,
            Metric::Errors => errors,
            Metric::Good => requests - (slow + errors).min(requests),
        };
        Some((minute, count))
    };
    counted.filter_map(of).collect()
}
