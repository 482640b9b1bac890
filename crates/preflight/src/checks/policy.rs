//! Traffic Flow: policy instances and the documents they follow.

use model::Side;
use model::inventory::{Document, Item, PolicyInstance, RouterView, is_same_name};
use model::spec::{Route53TrafficPolicy, Router};

use crate::check::{Check, Said, Severity};
use crate::scene::{Scene, listed};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "policy.missing",
        severity: Severity::Blocker,
        finds: "the account has no policy instance of an id that the file gives",
        remedy: "give the id of one that it has, or the role of the account that has it \
                 (`spec.traffic.router.aws`)",
        look: missing,
    },
    Check {
        id: "policy.state",
        severity: Severity::Blocker,
        finds: "a policy instance is not `Applied`: its last change failed or is still under way",
        remedy: "wait until it is applied; where it failed, update it to a version that works",
        look: state,
    },
    Check {
        id: "policy.document",
        severity: Severity::Blocker,
        finds: "a policy's document splits nowhere between the two endpoints of the file, or by \
                weights that are none",
        remedy: "add a weighted rule with both endpoints, or name the endpoints it has in \
                 `spec.traffic.router`",
        look: document,
    },
    Check {
        id: "policy.versions",
        severity: Severity::Blocker,
        finds: "a policy has nearly used up the 1,000 version numbers that it has for ever",
        remedy: "make a new policy of the current document and update the instance to it",
        look: versions,
    },
    Check {
        id: "policy.targetHealth",
        severity: Severity::Blocker,
        finds: "a policy goes by the health of an endpoint whose service runs no task",
        remedy: "start tasks there until they are healthy, or set `EvaluateTargetHealth` to false \
                 in the document",
        look: target_health,
    },
    Check {
        id: "policy.pointElsewhere",
        severity: Severity::Warning,
        finds: "an endpoint of the document is another balancer than the one its service is behind",
        remedy: "correct the endpoint's value in a new version, or its name in the file",
        look: elsewhere,
    },
];

/// Route 53 takes versions up to 1,000, and Ferry leaves the last twelve to rollbacks; a migration
/// of the seven default steps makes about fifteen.
const VERSION_MAX: u32 = 950;

/// The file's instances with what was read of them.
fn instances<'a>(scene: &Scene<'a>) -> Vec<(&'a Route53TrafficPolicy, &'a PolicyInstance)> {
    let Some(Router::Route53TrafficPolicy(router)) = &scene.spec().traffic.router else {
        return Vec::new();
    };
    let RouterView::Policies(Ok(all)) = &scene.here.router else { return Vec::new() };
    let ours = all.iter().filter(|it| router.instances.iter().any(|ours| ours.id == it.id));
    ours.map(|instance| (router, instance)).collect()
}

/// Those that can be read as documents.
fn documents<'a>(
    scene: &Scene<'a>,
) -> Vec<(&'a Route53TrafficPolicy, &'a PolicyInstance, Document)> {
    let read = |(router, instance): (&'a Route53TrafficPolicy, &'a PolicyInstance)| {
        let text = instance.document.as_ref().ok()?;
        Some((router, instance, Document::read(text).ok()?))
    };
    instances(scene).into_iter().filter_map(read).collect()
}

/// Instances that answer with plain values, whose TTL is theirs.
pub(super) fn plain<'a>(scene: &Scene<'a>) -> Vec<&'a PolicyInstance> {
    let documents = documents(scene).into_iter().filter(|(router, _, document)| {
        [&router.ec2_endpoint, &router.fargate_endpoint]
            .iter()
            .any(|endpoint| document.plain.contains(endpoint))
    });
    documents.map(|(_, instance, _)| instance).collect()
}

fn missing(scene: &Scene<'_>, said: &mut Said) {
    let Some(Router::Route53TrafficPolicy(router)) = &scene.spec().traffic.router else { return };
    let RouterView::Policies(Ok(all)) = &scene.here.router else { return };
    for wanted in &router.instances {
        if !all.iter().any(|instance| instance.id == wanted.id) {
            let known: Vec<String> =
                all.iter().take(5).map(|it| format!("{} ({})", it.id, it.name)).collect();
            let has = if known.is_empty() { "none".to_owned() } else { listed(&known) };
            said.seen(format!(
                "Policy instance {} is not there; the account has {has}.",
                wanted.id
            ));
        }
    }
}

fn state(scene: &Scene<'_>, said: &mut Said) {
    for (_, PolicyInstance { id, state, message, .. }) in instances(scene) {
        if state != "Applied" {
            let message = if message.is_empty() { String::new() } else { format!(": {message}") };
            said.seen(format!("Policy instance {id} is {state}{message}."));
        }
    }
}

fn item<'a>(items: &'a [Item], endpoint: &str) -> Option<&'a Item> {
    items.iter().find(|item| item.endpoint.as_deref() == Some(endpoint))
}

fn document(scene: &Scene<'_>, said: &mut Said) {
    for (router, instance) in instances(scene) {
        let Ok(text) = &instance.document else { continue };
        let (policy, version) = (&instance.policy, instance.version);
        let read = match Document::read(text) {
            Ok(read) => read,
            Err(problem) => {
                said.seen(format!("Policy {policy} version {version} cannot be read: {problem}."));
                continue;
            }
        };
        let (ec2, fargate) = (&router.ec2_endpoint, &router.fargate_endpoint);
        let both = |items: &[Item]| Some((item(items, ec2)?.weight, item(items, fargate)?.weight));
        let splits: Vec<_> = read.splits.values().filter_map(|items| both(items)).collect();
        if splits.is_empty() {
            let known: Vec<String> = read.endpoints.keys().map(|it| format!("`{it}`")).collect();
            said.seen(format!(
                "Policy {policy} version {version} has no weighted rule with `{ec2}` and \
                 `{fargate}`; its endpoints are {}.",
                listed(&known)
            ));
        }
        for (ec2, fargate) in splits {
            let is_split = |weight: Option<u32>| weight.is_some_and(|weight| weight <= 255);
            if !is_split(ec2) || !is_split(fargate) {
                said.seen(format!("Policy {policy} version {version} has a weight that is none."));
            } else if ec2 == Some(0) && fargate == Some(0) {
                said.seen(format!("Policy {policy} version {version} has the weights 0 and 0."));
            }
        }
    }
}

fn versions(scene: &Scene<'_>, said: &mut Said) {
    for (_, PolicyInstance { policy, version, .. }) in instances(scene) {
        if *version >= VERSION_MAX {
            said.seen(format!("Policy {policy} is at version {version} of 1,000."));
        }
    }
}

fn target_health(scene: &Scene<'_>, said: &mut Said) {
    for (router, instance, document) in documents(scene) {
        for (side, endpoint) in
            [(Side::Ec2, &router.ec2_endpoint), (Side::Fargate, &router.fargate_endpoint)]
        {
            let is_empty = scene.service(side).is_some_and(|service| service.running == 0);
            let evaluates = document
                .splits
                .values()
                .filter_map(|items| item(items, endpoint))
                .any(|item| item.evaluate_target_health);
            if is_empty && evaluates {
                said.seen(format!(
                    "Policy {} goes by the health of `{endpoint}`, and {} runs 0 tasks.",
                    instance.policy,
                    scene.called(side)
                ));
            }
        }
    }
}

fn elsewhere(scene: &Scene<'_>, said: &mut Said) {
    for (router, instance, document) in documents(scene) {
        for (side, endpoint) in
            [(Side::Ec2, &router.ec2_endpoint), (Side::Fargate, &router.fargate_endpoint)]
        {
            let own: Vec<&str> = scene.balancers(side).map(|it| it.dns_name.as_str()).collect();
            let Some(value) = document.endpoints.get(endpoint) else { continue };
            if !own.is_empty() && !own.iter().any(|own| is_same_name(own, value)) {
                said.seen(format!(
                    "Endpoint `{endpoint}` of policy {} is {value}, and {} is behind {}.",
                    instance.policy,
                    scene.called(side),
                    listed(&own)
                ));
            }
        }
    }
}
