//! Where target groups stand, as CloudWatch names them: a group's metrics have its balancer as
//! their second dimension.
//!
//! What a group stands behind hardly ever changes, so it is remembered for an hour.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cloud::{Error, ErrorKind, Result, TargetGroup};
use model::spec::Aws;
use model::{Span, Time};

use crate::batches::{Answers, batches, gather, halving};
use crate::clients::{Call, Client, Clients, Question};
use crate::limits::Family;

pub(crate) const DESCRIBE_GROUPS: &str = "elasticloadbalancing:DescribeTargetGroups";

/// The ELBv2 API states 20 resources a call for balancers and tags, and nothing for groups and
/// rules.
pub(crate) const RESOURCES_MAX: usize = 20;

/// A group that is moved to another balancer has no metrics for as long as this.
const REMEMBERED: Span = Span::from_hours(1);

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
    known: Mutex<BTreeMap<TargetGroup, (Time, Standing)>>,
}

impl Groups {
    pub(crate) fn new(clients: Arc<Clients>) -> Self {
        Self { clients, known: Mutex::default() }
    }

    /// Where the groups stand; those that are not remembered are asked for.
    pub(crate) async fn standings(
        &self,
        groups: BTreeSet<TargetGroup>,
        question: Question,
    ) -> Answers<TargetGroup, Standing> {
        let now = self.clients.clock.now();
        let mut standings: Answers<TargetGroup, Standing> = {
            let known = self.known();
            let fresh = |group: &TargetGroup| {
                let (at, standing) = known.get(group)?;
                let is_fresh = *at <= now && now.since(*at) < REMEMBERED;
                is_fresh.then(|| (group.clone(), Ok(standing.clone())))
            };
            groups.iter().filter_map(fresh).collect()
        };
        let missing: Vec<TargetGroup> =
            groups.into_iter().filter(|group| !standings.contains_key(group)).collect();
        if missing.is_empty() {
            return standings;
        }
        let found = self.ask(&missing, question).await;
        let mut known = self.known();
        for (group, standing) in &found {
            match standing {
                Ok(standing) => known.insert(group.clone(), (now, standing.clone())),
                Err(_) => known.remove(group),
            };
        }
        standings.extend(found);
        standings
    }

    async fn ask(
        &self,
        groups: &[TargetGroup],
        question: Question,
    ) -> Answers<TargetGroup, Standing> {
        let asked = batches(groups, |group| Arc::clone(&group.account), RESOURCES_MAX);
        let behind = gather(asked.into_iter().map(|(account, groups)| async move {
            let client = self.clients.of(&account).await;
            let client = &client;
            halving(groups, |groups| describe(client, groups, question)).await
        }))
        .await;
        let balancers: BTreeSet<(Arc<Aws>, String)> = behind
            .iter()
            .filter_map(|(group, arn)| Some((Arc::clone(&group.account), arn.clone().ok()??)))
            .collect();
        let counts = gather(balancers.into_iter().map(|(account, balancer)| async move {
            let client = self.clients.of(&account).await;
            let count = count(&client, &balancer, question).await;
            Answers::from([((account, balancer), count)])
        }))
        .await;
        behind
            .into_iter()
            .map(|(group, balancer)| {
                let standing = balancer.and_then(|balancer| standing(&group, balancer, &counts));
                (group, standing)
            })
            .collect()
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<TargetGroup, (Time, Standing)>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The ARNs of the balancers that groups of one account stand behind.
async fn describe(
    client: &Client,
    groups: Vec<TargetGroup>,
    question: Question,
) -> Result<Answers<TargetGroup, Option<String>>> {
    let arns: Vec<String> = groups.iter().map(|group| group.arn.clone()).collect();
    let call = Call::new(DESCRIBE_GROUPS, Family::BalancerReads, question);
    let answer = client.read(call, || {
        let asked = client.balancers.describe_target_groups();
        asked.set_target_group_arns(Some(arns.clone())).send()
    });
    let answer = answer.await?;
    let mut behind: BTreeMap<String, Option<String>> = BTreeMap::new();
    for group in answer.target_groups() {
        if let Some(arn) = group.target_group_arn() {
            behind.insert(arn.to_owned(), group.load_balancer_arns().first().cloned());
        }
    }
    let found = |group: &TargetGroup| {
        behind.remove(&group.arn).ok_or_else(|| {
            let message = format!("the answer leaves out {}", group.arn);
            Error::new(ErrorKind::Partial, DESCRIBE_GROUPS, message)
        })
    };
    let mut found = found;
    Ok(groups
        .into_iter()
        .map(|group| {
            let it = found(&group);
            (group, it)
        })
        .collect())
}

/// How many groups a balancer has.
async fn count(client: &Client, balancer: &str, question: Question) -> Result<usize> {
    let call = Call::new(DESCRIBE_GROUPS, Family::BalancerReads, question);
    let answer = client.read(call, || {
        client.balancers.describe_target_groups().load_balancer_arn(balancer).send()
    });
    answer.await.map(|answer| answer.target_groups().len())
}

fn standing(
    group: &TargetGroup,
    balancer: Option<String>,
    counts: &Answers<(Arc<Aws>, String), usize>,
) -> Result<Standing> {
    let invalid = |message| Err(Error::new(ErrorKind::Invalid, DESCRIBE_GROUPS, message));
    let Some(name) = group.arn.rsplit(':').next().filter(|it| it.starts_with("targetgroup/"))
    else {
        return invalid(format!("`{}` is no ARN of a target group", group.arn));
    };
    let group_name = name.to_owned();
    let Some(arn) = balancer else {
        return Ok(Standing { group: group_name, balancer: None, alone: false });
    };
    let Some((_, name)) = arn.split_once("loadbalancer/").filter(|(_, it)| it.starts_with("app/"))
    else {
        return invalid(format!(
            "`{group_name}` is behind `{arn}`, which counts no requests: Ferry needs an \
             application load balancer"
        ));
    };
    let name = name.to_owned();
    let count = match counts.get(&(Arc::clone(&group.account), arn)) {
        Some(count) => count.clone()?,
        None => 0,
    };
    Ok(Standing { group: group_name, balancer: Some(name), alone: count == 1 })
}
