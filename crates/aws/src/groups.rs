//! Where target groups stand, as CloudWatch names them: a group's metrics have its balancer as
//! their second dimension.
//!
//! All groups of an account and region are listed, 400 a call, since that says as well which
//! balancers have one group alone. What a group stands behind hardly ever changes, so a list is
//! remembered for an hour.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use cloud::{Error, ErrorKind, Result, TargetGroup};
use model::spec::Aws;
use model::{Span, Time};

use crate::batches::{Answers, PAGES_MAX, gather, too_many_pages};
use crate::clients::{Call, Client, Clients, Question};
use crate::limits::{Family, locked};

pub(crate) const DESCRIBE_GROUPS: &str = "elasticloadbalancing:DescribeTargetGroups";

/// The ELBv2 API states 20 resources a call for balancers and tags, and nothing for rules.
pub(crate) const RESOURCES_MAX: usize = 20;
/// ELBv2 API: `PageSize` is 400 at most.
const PAGE_SIZE: i32 = 400;

/// A group that is moved to another balancer has no metrics for as long as this.
const REMEMBERED: Span = Span::from_hours(1);
/// A group that is not in a list this young is not there; in an older one it may be new.
const WHOLE_FOR: Span = Span::from_secs(60);

/// A target group in the words of CloudWatch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Standing {
    /// `targetgroup/NAME/ID`.
    pub(crate) group: String,
    /// `app/NAME/ID`; `None` while no listener forwards to the group.
    pub(crate) balancer: Option<String>,
    /// Whether the balancer has no other group, so that what it answers itself is this group's.
    pub(crate) alone: bool,
}

/// What is remembered of target groups.
pub(crate) struct Groups {
    clients: Arc<Clients>,
    known: Mutex<BTreeMap<Arc<Aws>, Listed>>,
}

/// The groups of an account and region.
struct Listed {
    at: Time,
    /// The balancer of each group, by their ARNs.
    balancers: BTreeMap<String, Option<String>>,
    /// How many groups each balancer has.
    counts: BTreeMap<String, usize>,
}

impl Groups {
    pub(crate) fn new(clients: Arc<Clients>) -> Self {
        Self { clients, known: Mutex::default() }
    }

    /// Where the groups stand.
    pub(crate) async fn standings(
        &self,
        groups: BTreeSet<TargetGroup>,
        question: Question,
    ) -> Answers<TargetGroup, Standing> {
        let failed = self.refresh(&groups, question).await;
        let known = locked(&self.known);
        let standing = |group: TargetGroup| {
            let standing = match (known.get(&group.account), failed.get(&group.account)) {
                (_, Some(error)) => Err(error.clone()),
                (Some(listed), None) => listed.standing(&group),
                (None, None) => Err(missing(&group)),
            };
            (group, standing)
        };
        groups.into_iter().map(standing).collect()
    }

    /// Lists the accounts whose list is too old for what is asked; gives those that failed.
    async fn refresh(
        &self,
        groups: &BTreeSet<TargetGroup>,
        question: Question,
    ) -> BTreeMap<Arc<Aws>, Error> {
        let now = self.clients.clock.now();
        let due: BTreeSet<Arc<Aws>> = {
            let known = locked(&self.known);
            let is_due = |group: &&TargetGroup| {
                known.get(&group.account).is_none_or(|listed| !listed.serves(group, now))
            };
            groups.iter().filter(is_due).map(|group| Arc::clone(&group.account)).collect()
        };
        let lists = gather(due.into_iter().map(|account| async move {
            let client = self.clients.of(&account).await;
            let listed = list(&client, now, question).await;
            Answers::from([(account, listed)])
        }))
        .await;
        let mut failed = BTreeMap::new();
        let mut known = locked(&self.known);
        for (account, listed) in lists {
            match listed {
                Ok(listed) => {
                    known.insert(account, listed);
                }
                Err(error) => {
                    failed.insert(account, error);
                }
            }
        }
        failed
    }
}

impl Listed {
    /// Whether this list can say where a group stands.
    fn serves(&self, group: &TargetGroup, now: Time) -> bool {
        let most = if self.balancers.contains_key(&group.arn) { REMEMBERED } else { WHOLE_FOR };
        self.at <= now && now.since(self.at) < most
    }

    fn standing(&self, group: &TargetGroup) -> Result<Standing> {
        let invalid = |message| Err(Error::new(ErrorKind::Invalid, DESCRIBE_GROUPS, message));
        let Some(balancer) = self.balancers.get(&group.arn) else { return Err(missing(group)) };
        let Some(name) = group.arn.rsplit(':').next().filter(|it| it.starts_with("targetgroup/"))
        else {
            return invalid(format!("`{}` is no ARN of a target group", group.arn));
        };
        let group = name.to_owned();
        let Some(arn) = balancer else {
            return Ok(Standing { group, balancer: None, alone: false });
        };
        let tail = arn.split_once("loadbalancer/").map(|(_, tail)| tail);
        match tail.filter(|tail| tail.starts_with("app/")) {
            Some(tail) => {
                let alone = self.counts.get(arn) == Some(&1);
                Ok(Standing { group, balancer: Some(tail.to_owned()), alone })
            }
            None => invalid(format!(
                "`{group}` is behind `{arn}`, which counts no requests: Ferry needs an \
                 application load balancer"
            )),
        }
    }
}

/// All groups of an account and region.
async fn list(client: &Client, at: Time, question: Question) -> Result<Listed> {
    let mut listed = Listed { at, balancers: BTreeMap::new(), counts: BTreeMap::new() };
    let mut marker = None;
    for _ in 0..PAGES_MAX {
        let call = Call::new(DESCRIBE_GROUPS, Family::BalancerReads, question);
        let page = client.read(call, || {
            let asked = client.balancers.describe_target_groups().page_size(PAGE_SIZE);
            asked.set_marker(marker.clone()).send()
        });
        let page = page.await?;
        for group in page.target_groups() {
            let balancer = group.load_balancer_arns().first().cloned();
            if let Some(balancer) = &balancer {
                *listed.counts.entry(balancer.clone()).or_default() += 1;
            }
            if let Some(arn) = group.target_group_arn() {
                listed.balancers.insert(arn.to_owned(), balancer);
            }
        }
        marker = page.next_marker;
        if marker.is_none() {
            return Ok(listed);
        }
    }
    Err(too_many_pages(DESCRIBE_GROUPS))
}

fn missing(group: &TargetGroup) -> Error {
    let message = format!("there is no target group {}", group.arn);
    Error::new(ErrorKind::NotFound, DESCRIBE_GROUPS, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(arn: &str) -> TargetGroup {
        TargetGroup { account: Arc::default(), arn: arn.to_owned() }
    }

    fn listed() -> Listed {
        let balancer = |name: &str| Some(format!("arn:aws:elb:x:1:loadbalancer/{name}"));
        let balancers = BTreeMap::from([
            ("arn:targetgroup/a/1".to_owned(), balancer("app/own/1")),
            ("arn:targetgroup/b/1".to_owned(), balancer("app/shared/1")),
            ("arn:targetgroup/c/1".to_owned(), balancer("app/shared/1")),
            ("arn:targetgroup/d/1".to_owned(), None),
            ("arn:targetgroup/e/1".to_owned(), balancer("net/flat/1")),
        ]);
        let mut counts = BTreeMap::new();
        for arn in balancers.values().flatten() {
            *counts.entry(arn.clone()).or_default() += 1;
        }
        Listed { at: Time::from_secs(1_000), balancers, counts }
    }

    #[test]
    fn a_balancers_own_errors_are_a_groups_where_it_is_alone() {
        let standing = |arn: &str| listed().standing(&group(arn)).map_err(|error| error.kind);
        let of = |group: &str, balancer: Option<&str>, alone| Standing {
            group: group.to_owned(),
            balancer: balancer.map(ToOwned::to_owned),
            alone,
        };
        for (arn, expected) in [
            ("arn:targetgroup/a/1", Ok(of("targetgroup/a/1", Some("app/own/1"), true))),
            ("arn:targetgroup/b/1", Ok(of("targetgroup/b/1", Some("app/shared/1"), false))),
            ("arn:targetgroup/d/1", Ok(of("targetgroup/d/1", None, false))),
            ("arn:targetgroup/e/1", Err(ErrorKind::Invalid)),
            ("arn:targetgroup/gone/1", Err(ErrorKind::NotFound)),
        ] {
            assert_eq!(standing(arn), expected, "{arn}");
        }
    }

    #[test]
    fn a_list_serves_an_hour_and_a_minute_for_what_it_has_not() {
        let (known, gone) = (group("arn:targetgroup/a/1"), group("arn:targetgroup/gone/1"));
        let after = |span| Time::from_secs(1_000) + span;
        for (span, expected) in [
            (Span::from_secs(59), (true, true)),
            (Span::from_secs(60), (true, false)),
            (Span::from_mins(60), (false, false)),
        ] {
            let now = after(span);
            assert_eq!((listed().serves(&known, now), listed().serves(&gone, now)), expected);
        }
    }
}
