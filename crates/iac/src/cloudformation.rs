//! For CloudFormation: a fragment of a template, and a stack policy.
//!
//! Sources, in the CloudFormation User Guide and its Template Reference
//! (<https://docs.aws.amazon.com/AWSCloudFormation/latest/>):
//!
//! - an update changes resources where the new template differs from the stack's, and leaves
//!   alone what others changed in the others ("Understand update behaviors of stack resources");
//!   a resource that it changes is written with all properties of the template;
//! - a change set with the deployment mode `REVERT_DRIFT` compares with what is live, and puts the
//!   template's values back ("Using drift-aware change sets");
//! - of an existing service a `DesiredCount` that is left out is left as it is
//!   (`AWS::ECS::Service`); a scalable target's `MinCapacity`, a rule's `Actions`, a traffic policy
//!   instance's version must be there, and a weighted record is one by its `Weight`;
//! - a traffic policy's new `Document` is a new policy (`AWS::Route53::TrafficPolicy`);
//! - a stack policy denies changes, replacements and deletions by logical id, allows nothing that
//!   it does not name, can be overridden for one update, and never be taken away ("Prevent updates
//!   to stack resources");
//! - a service is imported by `ServiceArn` and `Cluster` (`AWS::ECS::Service`, primary identifier).

use std::fmt::Write as _;
use std::sync::Arc;

use model::spec::Migration;
use serde_json::{Value, json};

use crate::held::{Held, Thing, held};
use crate::label::{camel, labels, place, plain, quoted};

/// What updates of a stack must not do to a resource.
pub(crate) const NOTHING: [&str; 1] = ["Update:*"];
/// The same where releases are deployed by the stack.
pub(crate) const NO_END: [&str; 2] = ["Update:Replace", "Update:Delete"];

/// A resource as CloudFormation and CDK leave it.
pub(crate) struct Left {
    pub(crate) resource_type: &'static str,
    /// Which one it is, in a sentence.
    pub(crate) what: String,
    /// Properties that stay out of the template.
    pub(crate) out: &'static [&'static str],
    /// What updates of the stack must not do to it.
    pub(crate) denied: &'static [&'static str],
    /// What Ferry writes though it must be in the template.
    held: &'static str,
    /// Properties that say which one it is.
    known: Vec<(&'static str, String)>,
    /// What it is imported by.
    import: Option<String>,
}

const HEAD: &str = "\
# What Ferry holds of these migrations, for CloudFormation. Logical ids are examples: write your own
# into the stack policy behind the three dashes, which is JSON, and take out those of other stacks.
#
#   aws cloudformation set-stack-policy --stack-name NAME --stack-policy-body file://policy.json
#
# CloudFormation cannot ignore a property. It writes a resource only where its template differs from
# the stack's, and then with all that the template says: leave these as they are until Ferry is done.
# The policy refuses what would change them; --stack-policy-during-update-body lets one update
# through. In the end set the policy to one that allows all, since none can be taken away.
#
# Detected drift is what Ferry does. Never deploy with --deployment-mode REVERT_DRIFT meanwhile.
";

/// What CloudFormation leaves to Ferry of these migrations: a stream of two documents, a fragment
/// of a template in YAML and a stack policy in JSON.
#[must_use]
pub fn cloudformation(migrations: &[Arc<Migration>]) -> String {
    let all: Vec<Vec<Held>> = migrations.iter().map(|migration| held(migration)).collect();
    let flat = all.concat();
    let ids = labels(&flat, |it| camel(&it.words));
    let mut text = format!("{HEAD}Resources:\n");
    let mut id = ids.iter();
    for (migration, held) in migrations.iter().zip(&all) {
        line(&mut text, &format!("  # {}", plain(migration.name().as_str())));
        for (it, id) in held.iter().zip(&mut id) {
            write_resource(&mut text, id, &left(it));
        }
    }
    let resources: Vec<(String, &[&str])> =
        ids.into_iter().zip(&flat).map(|(id, it)| (id, left(it).denied)).collect();
    line(&mut text, "---");
    line(&mut text, &format!("{:#}", stack_policy(&resources)));
    text
}

/// Everything is allowed but what is denied by name.
fn stack_policy(resources: &[(String, &[&str])]) -> Value {
    let deny = |actions: &[&str]| {
        let ids = resources.iter().filter(|(_, denied)| *denied == actions);
        let named: Vec<String> = ids.map(|(id, _)| format!("LogicalResourceId/{id}")).collect();
        let statement =
            json!({"Effect": "Deny", "Principal": "*", "Action": actions, "Resource": named});
        (!named.is_empty()).then_some(statement)
    };
    let all = json!({"Effect": "Allow", "Principal": "*", "Action": "Update:*", "Resource": "*"});
    let denied = [deny(&NOTHING), deny(&NO_END)].into_iter().flatten();
    json!({"Statement": std::iter::once(all).chain(denied).collect::<Vec<Value>>()})
}

/// A resource that no update of its stack may touch.
fn new(
    resource_type: &'static str,
    what: &str,
    held: &'static str,
    known: Vec<(&'static str, String)>,
) -> Left {
    let (what, out, denied) = (plain(what), &[][..], &NOTHING[..]);
    Left { resource_type, what, out, denied, held, known, import: None }
}

pub(crate) fn left(held: &Held) -> Left {
    let at = place(&held.place);
    match &held.thing {
        Thing::Service { cluster, service, released, made } => {
            let import = made.then(|| format!("its ServiceArn and the Cluster {cluster}"));
            Left {
                out: &["DesiredCount"],
                denied: if *released { &NOTHING } else { &NO_END },
                import,
                ..new(
                    "AWS::ECS::Service",
                    &format!("service {service} of cluster {cluster}, {at}"),
                    if *released { "TaskDefinition" } else { "" },
                    vec![("Cluster", cluster.clone()), ("ServiceName", service.clone())],
                )
            }
        }
        Thing::ScalableTarget { cluster, service } => new(
            "AWS::ApplicationAutoScaling::ScalableTarget",
            &format!("the scalable target service/{cluster}/{service}, {at}, if it has one"),
            "MinCapacity, and scheduled actions whose names begin with `ferry-`",
            scaled(cluster, service),
        ),
        Thing::ScalingPolicies { cluster, service } => new(
            "AWS::ApplicationAutoScaling::ScalingPolicy",
            &format!("each scaling policy of service/{cluster}/{service}, {at}"),
            "its configuration",
            scaled(cluster, service),
        ),
        Thing::Record { zone, name, record_type, set } => new(
            "AWS::Route53::RecordSet",
            &format!("record {name} {record_type}, set identifier {set}, in zone {zone}"),
            "Weight",
            vec![
                ("HostedZoneId", zone.clone()),
                ("Name", format!("{name}.")),
                ("Type", record_type.clone()),
                ("SetIdentifier", set.clone()),
            ],
        ),
        Thing::ListenerRule { arn } => rule(arn),
        Thing::Listener { arn } => listener(arn),
        Thing::PolicyInstance { id } => instance(id),
        Thing::TrafficPolicy { instances } => policy(instances),
        Thing::ScheduledTask { bus, rule } => new(
            "AWS::Events::Rule",
            &format!("rule {rule} of bus {bus}, {at}"),
            "Targets",
            vec![("EventBusName", bus.clone()), ("Name", rule.clone())],
        ),
    }
}

// No property tells these from their like.

fn rule(arn: &str) -> Left {
    let resource_type = "AWS::ElasticLoadBalancingV2::ListenerRule";
    new(resource_type, &format!("rule {arn}"), "Actions", vec![])
}

fn listener(arn: &str) -> Left {
    let resource_type = "AWS::ElasticLoadBalancingV2::Listener";
    new(resource_type, &format!("listener {arn}"), "DefaultActions", vec![])
}

fn instance(id: &str) -> Left {
    let what = format!("traffic policy instance {id}");
    new("AWS::Route53::TrafficPolicyInstance", &what, "TrafficPolicyVersion", vec![])
}

fn policy(instances: &[String]) -> Left {
    let what = format!("the traffic policy of {}, one for each", instances.join(" and "));
    let held = "new versions; another Document would be another policy";
    new("AWS::Route53::TrafficPolicy", &what, held, vec![])
}

fn scaled(cluster: &str, service: &str) -> Vec<(&'static str, String)> {
    vec![
        ("ServiceNamespace", "ecs".to_owned()),
        ("ScalableDimension", "ecs:service:DesiredCount".to_owned()),
        ("ResourceId", format!("service/{cluster}/{service}")),
    ]
}

fn write_resource(text: &mut String, id: &str, left: &Left) {
    let Left { resource_type, what, out, denied: _, held, known, import } = left;
    line(text, &format!("  {id}: # {what}"));
    line(text, &format!("    Type: {resource_type}"));
    if let Some(import) = import {
        line(text, &format!("    # Import it by {}.", plain(import)));
        line(text, "    DeletionPolicy: Retain");
    }
    if !held.is_empty() {
        line(text, &format!("    # Ferry writes {held}."));
    }
    for property in *out {
        line(text, &format!("    # No {property}: what is left out is left as it is."));
    }
    if !known.is_empty() {
        line(text, "    Properties:");
    }
    for (property, value) in known {
        line(text, &format!("      {property}: {}", quoted(value)));
    }
}

fn line(text: &mut String, line: &str) {
    // Writing to a string cannot fail.
    writeln!(text, "{line}").ok();
}
