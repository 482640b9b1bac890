//! All traffic to EC2 at once, without a daemon, a store or any evidence.
//!
//! For the hour in which the daemon itself is what fails. It knows what a migration's file says
//! and what is live, and nothing else. Each write is the daemon's own: it carries the weights that
//! were read just before, so that of two who write at once one is refused, looks again and goes on
//! from there.

use cloud::{Applied, Cloud, Error, ErrorKind, Result, Shift, TargetGroup};
use model::observation::Targets;
use model::route::{Route, ServiceId, Split, Sticky, WeightPair, Weights};
use model::{Share, Span};

use crate::Managed;

/// How often a change is tried that is refused for a passing reason, or whose end is not known.
const TRIES_MAX: u32 = 8;
/// Before the second try; twice as long before each one after. Together they outlast the minute
/// that Route 53 may take over a change that it has accepted.
const FIRST_PAUSE: Span = Span::from_millis(500);

/// What is live of a migration.
#[derive(Debug, Clone)]
pub struct Standing {
    /// Its weights.
    pub split: Result<Split>,
    /// EC2's targets. They are a warning's worth: what cannot be read stops nothing.
    pub ec2: Result<Targets>,
}

impl Standing {
    /// Whether EC2 is known to have nobody who would answer.
    #[must_use]
    pub fn is_dark(&self) -> bool {
        self.ec2.as_ref().is_ok_and(|targets| targets.healthy == 0)
    }

    /// Whether EC2 has all traffic by every route.
    #[must_use]
    pub fn is_back(&self) -> bool {
        self.split.as_ref().is_ok_and(|split| split.share_max() == Some(Share::ZERO))
    }
}

/// What is live of each migration, in their order.
pub async fn look(cloud: &Cloud, migrations: &[&Managed]) -> Vec<Standing> {
    let (splits, targets) =
        futures::join!(observe(cloud, migrations), ec2_targets(cloud, migrations));
    splits.into_iter().zip(targets).map(|(split, ec2)| Standing { split, ec2 }).collect()
}

/// Sends all traffic of each migration to EC2, and gives what is live then, in their order.
///
/// The changes leave together, as rollbacks, batched as the router batches them. One that meets
/// other weights than were read is read and tried again, since every way to get there is right; so
/// is one whose end is not known. What was refused for good, or too often, is an error.
pub async fn send_back(cloud: &Cloud, migrations: &[&Managed]) -> Vec<Result<Weights>> {
    let mut answers: Vec<Option<Result<Weights>>> = vec![None; migrations.len()];
    let mut pause = FIRST_PAUSE;
    for tried in 1..=TRIES_MAX {
        let open: Vec<usize> =
            (0..answers.len()).filter(|at| is_open(answers[*at].as_ref())).collect();
        if open.is_empty() {
            break;
        }
        if tried > 1 {
            cloud.clock.sleep_until(cloud.clock.now() + pause).await;
            pause = pause + pause;
        }
        let asked: Vec<&Managed> = open.iter().map(|at| migrations[*at]).collect();
        for (at, answer) in open.into_iter().zip(attempt(cloud, &asked).await) {
            answers[at] = Some(answer);
        }
    }
    answers.into_iter().flatten().collect()
}

/// Whether there is something left to try.
fn is_open(answer: Option<&Result<Weights>>) -> bool {
    match answer {
        None => true,
        Some(Ok(_)) => false,
        Some(Err(error)) => error.is_passing() || error.kind == ErrorKind::Conflict,
    }
}

/// One look and, where it is needed, one write of each.
async fn attempt(cloud: &Cloud, migrations: &[&Managed]) -> Vec<Result<Weights>> {
    let splits = observe(cloud, migrations).await;
    let is_away = |split: &Split| split.share_max() != Some(Share::ZERO);
    let away = |(migration, split): (&&Managed, &Result<Split>)| {
        let split = split.as_ref().ok().filter(|split| is_away(split))?;
        Some(shift(migration, split))
    };
    let shifts: Vec<Shift> = migrations.iter().zip(&splits).filter_map(away).collect();
    let mut applied = cloud.router.set(&shifts).await.into_iter();
    splits
        .into_iter()
        .map(|split| match split {
            Ok(split) if is_away(&split) => applied.next().map_or_else(unanswered, verified),
            Ok(split) => Ok(split.weights),
            Err(error) => Err(error),
        })
        .collect()
}

fn unanswered<T>() -> Result<T> {
    Err(Error::new(ErrorKind::Partial, "router.set", "no answer"))
}

/// What is live after a write, if it is what was wanted.
fn verified(applied: Result<Applied>) -> Result<Weights> {
    let live = applied?.weights;
    if live.values().all(|pair| pair.share() == Some(Share::ZERO)) {
        return Ok(live);
    }
    let message = "other weights are live than were written";
    Err(Error::new(ErrorKind::Conflict, "router.set", message))
}

fn shift(migration: &Managed, split: &Split) -> Shift {
    let all_to_ec2 = |route: &Route| {
        (route.key(), WeightPair::for_share(Share::ZERO, route.limits().weight_max))
    };
    Shift {
        account: migration.routes.account.clone(),
        routes: migration.routes.routes.clone(),
        expected: split.weights.clone(),
        weights: migration.routes.routes.iter().map(all_to_ec2).collect(),
        rollback: true,
        sticky: Sticky::new(),
    }
}

async fn observe(cloud: &Cloud, migrations: &[&Managed]) -> Vec<Result<Split>> {
    let routes: Vec<_> = migrations.iter().map(|migration| migration.routes.clone()).collect();
    cloud.router.observe(&routes).await
}

/// EC2's targets of each migration, asked for together: a look at one group after the other would
/// take seconds for a fleet, in the one hour in which they count.
async fn ec2_targets(cloud: &Cloud, migrations: &[&Managed]) -> Vec<Result<Targets>> {
    let groups = ec2_groups(cloud, migrations).await;
    let known: Vec<TargetGroup> = groups.iter().flatten().cloned().collect();
    let mut answers = cloud.services.targets(&known).await.into_iter();
    groups
        .into_iter()
        .map(|group| {
            group.and_then(|_| answers.next().unwrap_or_else(|| Err(missing("no answer"))))
        })
        .collect()
}

/// The group that each migration's file names, or else its service.
async fn ec2_groups(cloud: &Cloud, migrations: &[&Managed]) -> Vec<Result<TargetGroup>> {
    let unnamed = migrations.iter().filter(|migration| migration.groups.ec2.is_none());
    let services: Vec<ServiceId> =
        unnamed.map(|migration| migration.services.ec2.clone()).collect();
    let mut found = cloud.services.target_groups(&services).await.into_iter();
    let named = |migration: &&Managed| match &migration.groups.ec2 {
        Some(group) => Ok(group.clone()),
        None => found
            .next()
            .unwrap_or_else(|| Err(missing("no answer")))?
            .ok_or_else(|| missing("the service has no target group")),
    };
    migrations.iter().map(named).collect()
}

fn missing(what: &str) -> Error {
    Error::new(ErrorKind::NotFound, "services.targets", what)
}
