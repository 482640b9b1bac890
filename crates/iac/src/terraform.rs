//! For Terraform: `lifecycle` and `import` blocks.
//!
//! Sources, besides the pages of each resource under
//! <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/>:
//!
//! - `ignore_changes` addresses attributes and elements of lists and maps, but no elements of
//!   sets; `prevent_destroy` holds for as long as the block is there
//!   (<https://developer.hashicorp.com/terraform/language/meta-arguments/lifecycle>);
//! - tags that others add are taken away at the next apply, unless the provider's `ignore_tags`
//!   names their prefix (the provider's guide "Resource Tagging");
//! - `weighted_routing_policy` and `action` are lists, `target_group` within `forward` is a set,
//!   and the provider reads a traffic policy's newest version, replaces the policy where its
//!   document differs, and deletes all versions with it (the provider's sources:
//!   `internal/service/route53/{record,traffic_policy}.go`, `elbv2/listener_rule.go`);
//! - deregistering a scalable target deletes its policies and scheduled actions (Application Auto
//!   Scaling API, DeregisterScalableTarget).

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;

use model::spec::Migration;

use crate::MARKS;
use crate::held::{Held, Thing, held};
use crate::label::{labels, place, plain, snake};

/// One resource with what is to be left of it.
struct Resource {
    resource_type: &'static str,
    /// Which one it is, and why.
    comments: Vec<String>,
    ignored: Vec<&'static str>,
    /// Why it must not be destroyed while Ferry holds it.
    kept: Option<&'static str>,
    /// What it is imported by.
    import: Option<String>,
}

const HEAD: &str = "\
# What Ferry holds of these migrations, for Terraform. Labels are examples: each lifecycle block
# belongs into the resource that its comments describe. Write the values that are live in the end
# into the configuration before the blocks are taken out: they count again from then on.
#
# An apply that changes anything else of a record, a scalable target or a policy instance writes
# the weight, minimum or version with it that it read at its refresh. Let none run during a step.
";

/// What Terraform leaves to Ferry of these migrations, in its language.
#[must_use]
pub fn terraform(migrations: &[Arc<Migration>]) -> String {
    let all: Vec<Vec<Held>> = migrations.iter().map(|migration| held(migration)).collect();
    let flat = all.concat();
    let mut labels = labels(&flat, |it| snake(&it.words)).into_iter();
    let mut text = format!("{HEAD}{}", marks(&flat));
    for (migration, held) in migrations.iter().zip(&all) {
        line(&mut text, &format!("\n# {}", plain(migration.name().as_str())));
        for (it, label) in held.iter().zip(&mut labels) {
            write_resource(&mut text, &label, &resource(it));
        }
    }
    text
}

/// Tags and records by which Ferry marks what it acts on.
fn marks(held: &[Held]) -> String {
    let is_tagged = |thing: &Thing| {
        matches!(thing, Thing::Service { .. } | Thing::ListenerRule { .. } | Thing::Listener { .. })
    };
    let mut text = String::new();
    if held.iter().any(|it| is_tagged(&it.thing)) {
        line(
            &mut text,
            "\n# Ferry's marks of ownership are tags, which Terraform would take away.",
        );
        let roles: BTreeSet<&String> =
            held.iter().filter_map(|it| it.place.assume_role_arn.as_ref()).collect();
        for role in roles {
            line(&mut text, &format!("# Also in the provider for the account of {}.", plain(role)));
        }
        line(&mut text, "provider \"aws\" {\n  ignore_tags {");
        line(&mut text, &format!("    key_prefixes = [\"{MARKS}\"]\n  }}\n}}"));
    }
    let names: BTreeSet<(&String, &String)> = held
        .iter()
        .filter_map(|it| match &it.thing {
            Thing::Record { zone, name, .. } => Some((zone, name)),
            Thing::Service { .. }
            | Thing::ScalableTarget { .. }
            | Thing::ScalingPolicies { .. }
            | Thing::ListenerRule { .. }
            | Thing::Listener { .. }
            | Thing::PolicyInstance { .. }
            | Thing::TrafficPolicy { .. }
            | Thing::ScheduledTask { .. } => None,
        })
        .collect();
    if !names.is_empty() {
        line(
            &mut text,
            "\n# TXT records are Ferry's marks as well. Terraform leaves alone what it did not make:",
        );
        line(
            &mut text,
            "# do not import them, and keep programs that own a whole zone from deleting them:",
        );
        for (zone, name) in names {
            line(&mut text, &format!("#   _ferry.{} in {}", plain(name), plain(zone)));
        }
    }
    text
}

/// A resource of which these attributes are ignored.
fn new(resource_type: &'static str, comments: &[String], ignored: &[&'static str]) -> Resource {
    Resource {
        resource_type,
        comments: comments.iter().map(|it| plain(it)).collect(),
        ignored: ignored.to_vec(),
        kept: None,
        import: None,
    }
}

fn resource(held: &Held) -> Resource {
    let at = place(&held.place);
    match &held.thing {
        Thing::Service { cluster, service, released, made } => {
            let what = format!("Service {service} of cluster {cluster}, {at}.");
            let ignored: &[&str] =
                if *released { &["desired_count", "task_definition"] } else { &["desired_count"] };
            let import = made.then(|| format!("{cluster}/{service}"));
            Resource { import, ..new("aws_ecs_service", &[what], ignored) }
        }
        Thing::ScalableTarget { cluster, service } => {
            scalable_target(&format!("service/{cluster}/{service}, {at}"))
        }
        Thing::ScalingPolicies { cluster, service } => new(
            "aws_appautoscaling_policy",
            &[format!("Each policy of service/{cluster}/{service}, {at}.")],
            &[
                "policy_type",
                "step_scaling_policy_configuration",
                "target_tracking_scaling_policy_configuration",
            ],
        ),
        Thing::Record { zone, name, record_type, set } => new(
            "aws_route53_record",
            &[format!("{name} {record_type}, set_identifier {set}, in zone {zone}.")],
            &["weighted_routing_policy[0].weight"],
        ),
        Thing::ListenerRule { arn } => forward("aws_lb_listener_rule", arn, &at, "action"),
        Thing::Listener { arn } => forward("aws_lb_listener", arn, &at, "default_action"),
        Thing::PolicyInstance { id } => {
            let version = ["traffic_policy_version"];
            new("aws_route53_traffic_policy_instance", &[format!("{id}.")], &version)
        }
        Thing::TrafficPolicy { instances } => traffic_policy(instances),
        Thing::ScheduledTask { bus, rule } => new(
            "aws_cloudwatch_event_target",
            &[format!("The ECS target of rule {rule} of bus {bus}, {at}.")],
            &["ecs_target"],
        ),
    }
}

fn scalable_target(what: &str) -> Resource {
    let comments = [
        format!("{what}, if it has one."),
        "max_capacity stays yours; a floor of Ferry's may stand at it.".to_owned(),
    ];
    Resource {
        kept: Some("its end deletes Ferry's scheduled minimums, the way back, as well"),
        ..new("aws_appautoscaling_target", &comments, &["min_capacity"])
    }
}

fn forward(resource_type: &'static str, arn: &str, at: &str, ignored: &'static str) -> Resource {
    let comments = [
        format!("{arn}, {at}."),
        "Groups and their weights are a set, of which nothing less can be named.".to_owned(),
    ];
    new(resource_type, &comments, &[ignored])
}

fn traffic_policy(instances: &[String]) -> Resource {
    let comments = [
        format!("The policy of {}.", instances.join(" and ")),
        "The newest version is read, which is Ferry's: without this the policy would be".to_owned(),
        "replaced. One for each policy.".to_owned(),
    ];
    Resource {
        kept: Some("its end deletes every version, the way back as well"),
        ..new("aws_route53_traffic_policy", &comments, &["comment", "document"])
    }
}

fn write_resource(text: &mut String, label: &str, resource: &Resource) {
    let Resource { resource_type, comments, ignored, kept, import } = resource;
    if let Some(id) = import {
        let to = format!("{resource_type}.{label}");
        line(text, &format!("\nimport {{\n  to = {to}\n  id = {}\n}}", hcl(id)));
    }
    line(text, &format!("\nresource \"{resource_type}\" \"{label}\" {{"));
    for comment in comments {
        line(text, &format!("  # {comment}"));
    }
    line(text, "  lifecycle {");
    if let Some(why) = kept {
        line(text, &format!("    # Not destroyed: {why}."));
        line(text, "    prevent_destroy = true");
    }
    let names = ignored.join(", ");
    let pad = if kept.is_some() { " " } else { "" };
    line(text, &format!("    ignore_changes {pad}= [{names}]\n  }}\n}}"));
}

/// A string without templates ("Strings and Templates": `${` and `%{` are doubled).
fn hcl(text: &str) -> String {
    let quoted = crate::label::quoted(text);
    quoted.replace("${", "$${").replace("%{", "%%{")
}

fn line(text: &mut String, line: &str) {
    // Writing to a string cannot fail.
    writeln!(text, "{line}").ok();
}
