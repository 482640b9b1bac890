//! With the policies that are printed every call is allowed that moto serves, and without any one
//! of their actions the call it is for is refused.
//!
//! moto 5.2.5 checks signatures, but of GET, which it gets wrong, and of policies the actions; it
//! knows no resource of a request, and takes every condition for not met. So what is tried are the
//! actions of the printed policies, on everything.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use aws::Credentials;
use cloud::{Clock as _, Cloud, Error, ErrorKind, Result, Shift, TargetGroup, Thing};
use iam::{ALLOWED, Part};
use manifest::Resource;
use model::Span;
use model::observation::{Bounds, ScheduledBounds};
use model::route::{Propagation, Route, Routes, ServiceId, Split, Sticky, WeightPair};
use model::spec::{Aws, Migration};
use serde_json::{Value, json};

use crate::claims::{records, rule};
use crate::server::{Server, Wound, block_on, connect_with};

/// What an observer or a mutator may and nobody tries here, and why.
const NOT_TRIED: [(&str, &str); 13] = [
    ("cloudwatch:GetMetricData", "moto does not speak CBOR"),
    (
        "elasticloadbalancing:DescribeListeners",
        "asked for with a listener's ARN in `ruleArns` alone",
    ),
    ("elasticloadbalancing:DescribeTargetGroups", "asked for with metrics alone"),
    ("elasticloadbalancing:ModifyListener", "moto's listener here forwards to no group"),
    ("route53:CreateTrafficPolicyVersion", "moto has no Traffic Flow"),
    ("route53:DeleteTrafficPolicy", "moto has no Traffic Flow"),
    ("route53:GetTrafficPolicy", "moto has no Traffic Flow"),
    ("route53:GetTrafficPolicyInstance", "moto has no Traffic Flow"),
    ("route53:ListTrafficPolicyInstances", "moto has no Traffic Flow"),
    ("route53:ListTrafficPolicyInstancesByPolicy", "moto has no Traffic Flow"),
    ("route53:ListTrafficPolicyVersions", "moto has no Traffic Flow"),
    ("route53:UpdateTrafficPolicyInstance", "moto has no Traffic Flow"),
    ("sts:AssumeRole", "it would be tried on a role's trust, of which moto has its own idea"),
];

/// A question or a change.
type Ask = fn(&World) -> Result<()>;

/// The actions that are tried, each by a question or a change that is refused without it.
const TRIED: [(&str, Ask); 15] = [
    ("application-autoscaling:DeleteScheduledAction", |world| {
        block_on(world.cloud.scaling.delete_scheduled(&world.service(), "ferry-floor"))
    }),
    ("application-autoscaling:DescribeScalableTargets", World::scaling),
    ("application-autoscaling:DescribeScheduledActions", World::scaling),
    ("application-autoscaling:PutScheduledAction", |world| {
        let at = world.clock.now() + Span::from_hours(1);
        let floor = ScheduledBounds { name: "ferry-floor".to_owned(), at, min: Some(3), max: None };
        block_on(world.cloud.scaling.put_scheduled(&world.service(), &floor))
    }),
    ("application-autoscaling:RegisterScalableTarget", |world| {
        let (from, to) = (Bounds { min: 2, max: 40 }, Bounds { min: 3, max: 40 });
        block_on(world.cloud.scaling.set_bounds(&world.service(), from, to))
    }),
    ("ecs:DescribeServices", World::services),
    ("ecs:DescribeTaskDefinition", World::services),
    ("ecs:UpdateService", |world| {
        block_on(world.cloud.services.set_desired(&world.service(), 4, 5))
    }),
    ("elasticloadbalancing:DescribeRules", |world| world.split(&world.rule).map(drop)),
    ("elasticloadbalancing:DescribeTags", World::marks),
    ("elasticloadbalancing:DescribeTargetHealth", |world| {
        let arn = world.group.clone();
        let group = TargetGroup { account: Arc::clone(&world.account), arn };
        block_on(world.cloud.services.targets(&[group])).remove(0).map(drop)
    }),
    ("elasticloadbalancing:ModifyRule", |world| world.shift(&world.rule)),
    ("route53:ChangeResourceRecordSets", |world| world.shift(&world.records)),
    ("route53:GetChange", |world| {
        world.shift(&world.records)?;
        let propagation = world.split(&world.records)?.propagation;
        if matches!(propagation, Propagation::InSync { .. }) {
            return Ok(());
        }
        // Whoever may not ask for a change takes it for one that is under way.
        Err(Error::new(ErrorKind::Denied, "route53:GetChange", format!("{propagation:?}")))
    }),
    ("route53:ListResourceRecordSets", |world| world.split(&world.records).map(drop)),
];

/// The adapters before moto, as one user.
struct World {
    cloud: Cloud,
    clock: Arc<Wound>,
    account: Arc<Aws>,
    records: Vec<Route>,
    rule: Vec<Route>,
    group: String,
}

impl World {
    fn of(server: &Server, credentials: Credentials) -> Self {
        let account = server.account();
        let (cloud, _, clock) = block_on(connect_with(&server.url(), &account.region, credentials));
        let (records, rule, group) = (records(server), rule(server), server.text("/groups/ec2"));
        Self { cloud, clock, account, records, rule, group }
    }

    fn service(&self) -> ServiceId {
        let (cluster, service) = ("prd".to_owned(), "api".to_owned());
        ServiceId { account: Arc::clone(&self.account), cluster, service }
    }

    fn services(&self) -> Result<()> {
        block_on(self.cloud.services.services(&[self.service()])).remove(0).map(drop)
    }

    fn scaling(&self) -> Result<()> {
        block_on(self.cloud.scaling.scalable_targets(&[self.service()])).remove(0).map(drop)
    }

    fn marks(&self) -> Result<()> {
        let marks = self.cloud.marks.as_ref().expect("AWS has marks");
        let of = |route: &Route| Thing::Route {
            account: Arc::clone(&self.account),
            route: route.clone(),
        };
        let things: Vec<Thing> = self.rule.iter().map(of).collect();
        block_on(marks.marks(&things)).into_iter().try_for_each(|mark| mark.map(drop))
    }

    fn split(&self, routes: &[Route]) -> Result<Split> {
        let asked = Routes { account: Arc::clone(&self.account), routes: routes.to_vec() };
        block_on(self.cloud.router.observe(&[asked])).remove(0)
    }

    /// Moves a hundredth from where it is.
    fn shift(&self, routes: &[Route]) -> Result<()> {
        let expected = self.split(routes)?.weights;
        let moved = |pair: &WeightPair| WeightPair { ec2: pair.ec2 - 1, fargate: pair.fargate + 1 };
        let weights = expected.iter().map(|(key, pair)| (key.clone(), moved(pair))).collect();
        let (account, routes) = (Arc::clone(&self.account), routes.to_vec());
        let sticky = Sticky::new();
        let shift = Shift { account, routes, expected, weights, sticky, rollback: false };
        block_on(self.cloud.router.set(&[shift])).remove(0).map(drop)
    }
}

fn example(name: &str) -> Arc<Migration> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    let text = std::fs::read_to_string(root.join(format!("config/examples/{name}.yaml"))).unwrap();
    let documents = manifest::read("example.yaml", &text).unwrap();
    let migrations = documents.into_iter().find_map(|document| match document.resource {
        Resource::Migration(migration) => Some(*migration),
        Resource::Settings(_) | Resource::World(_) => None,
    });
    Arc::new(migrations.unwrap())
}

/// The actions that `ferry iam-policy` prints for an observer and a mutator.
fn printed() -> BTreeSet<&'static str> {
    let names = ["tapple-api", "tapple-api-alb", "tapple-api-traffic-flow"];
    let migrations = names.map(example);
    let policies = [Part::Observer, Part::Mutator]
        .map(|part| iam::policy(&migrations, part, None, Some("123456789012")));
    let statements = policies.into_iter().flat_map(|policy| policy.statement);
    statements.flat_map(|statement| statement.action).collect()
}

/// A policy of these actions as moto understands it.
fn policy<'a>(actions: impl Iterator<Item = &'a str>) -> Value {
    let actions: Vec<&str> = actions.collect();
    json!({"Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]})
}

/// moto denies in one shape of XML, whatever a service speaks: the adapters mostly know no more of
/// it than the status.
fn is_denied(error: &Error) -> bool {
    error.kind == ErrorKind::Denied || error.message.contains("HTTP 403")
}

#[test]
fn what_the_policies_print_is_allowed_and_each_action_of_them_is_needed() {
    let printed = printed();
    let mut server = Server::start("small");
    for (action, ask) in TRIED {
        let without = policy(printed.iter().copied().filter(|it| *it != action));
        let keys = server.allow(&without);
        let refused = ask(&World::of(&server, keys)).expect_err(action);
        assert!(is_denied(&refused), "without {action}: {refused}");
    }
    let keys = server.allow(&policy(printed.iter().copied()));
    let world = World::of(&server, keys);
    for (action, ask) in TRIED {
        ask(&world).unwrap_or_else(|error| panic!("with all, {action}: {error}"));
    }
    let look = server.look();
    assert_eq!((&look["desired"]["api"], &look["rule"]["fargate"]), (&5.into(), &1.into()));
}

#[test]
fn every_action_of_an_observer_and_a_mutator_is_tried_or_has_a_reason() {
    let tried = TRIED.iter().map(|(action, _)| *action);
    let all: Vec<&str> = tried.chain(NOT_TRIED.iter().map(|(action, _)| *action)).collect();
    let wanted: BTreeSet<&str> = ALLOWED
        .iter()
        .filter(|it| matches!(it.part, Part::Observer | Part::Mutator))
        .map(|it| it.action)
        .collect();
    assert_eq!(all.iter().copied().collect::<BTreeSet<_>>(), wanted);
    assert_eq!(all.len(), wanted.len(), "each once");
}
