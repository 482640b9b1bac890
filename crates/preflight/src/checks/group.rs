//! Target groups and the balancers before them.

use model::Side;
use model::Span;
use model::inventory::Balancer;

use crate::check::{Check, Said, Severity};
use crate::scene::{Scene, listed, sentence, short};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "targetGroup.none",
        severity: Severity::Blocker,
        finds: "a service that should take requests registers in no target group",
        remedy: "put the service behind a target group of type `ip` (Fargate) or `instance` (EC2)",
        look: none,
    },
    Check {
        id: "targetGroup.same",
        severity: Severity::Blocker,
        finds: "both services register in one target group, so their traffic cannot be told apart",
        remedy: "give the Fargate service a target group of its own",
        look: same,
    },
    Check {
        id: "targetGroup.type",
        severity: Severity::Blocker,
        finds: "Fargate's target group is not of type `ip`, the only one that Fargate's tasks can \
                register in",
        remedy: "make a new target group of type `ip` (the type of one cannot be changed) and \
                 register the service there",
        look: target_type,
    },
    Check {
        id: "targetGroup.unattached",
        severity: Severity::Blocker,
        finds: "no balancer sends requests to a target group: its targets never become healthy",
        remedy: "attach it to a rule or listener, with weight 0 where it shares a rule",
        look: unattached,
    },
    Check {
        id: "balancer.state",
        severity: Severity::Blocker,
        finds: "a balancer is not active",
        remedy: "wait until it is provisioned, or make a new one where it failed",
        look: state,
    },
    Check {
        id: "balancer.notApplication",
        severity: Severity::Warning,
        finds: "a balancer is not an application load balancer: it counts no requests, errors or \
                latency",
        remedy: "judge by SLOs from Datadog: the balancer's metrics hold none",
        look: kind,
    },
    Check {
        id: "targetGroup.slowHealth",
        severity: Severity::Warning,
        finds: "a new Fargate task waits more than a minute for its health checks before it takes \
                requests",
        remedy: "shorten it: an interval of 10 s and a healthy threshold of 2 are enough for most",
        look: slow_health,
    },
    Check {
        id: "targetGroup.healthCheckDiffers",
        severity: Severity::Warning,
        finds: "the two target groups ask for health in different ways",
        remedy: "copy EC2's path and matcher, so that both sides mean the same by healthy",
        look: health_differs,
    },
    Check {
        id: "targetGroup.deregistration",
        severity: Severity::Warning,
        finds: "targets drain for less time on Fargate than on EC2, so that long requests are cut \
                off when a task ends",
        remedy: "give both groups the deregistration delay that the slowest request needs",
        look: deregistration,
    },
    Check {
        id: "balancer.differs",
        severity: Severity::Warning,
        finds: "the two balancers differ in what clients can tell",
        remedy: "give Fargate's balancer the attributes of EC2's",
        look: differs,
    },
    Check {
        id: "balancer.accessLogs",
        severity: Severity::Info,
        finds: "EC2's balancer writes no access logs, so clients that stay behind cannot be named",
        remedy: "turn on `access_logs.s3.enabled` before the last step",
        look: access_logs,
    },
    Check {
        id: "targetGroup.algorithm",
        severity: Severity::Info,
        finds: "Fargate's target group gives each task the same number of requests, and Fargate's \
                processors differ",
        remedy: "consider `load_balancing.algorithm.type=least_outstanding_requests`",
        look: algorithm,
    },
];

fn none(scene: &Scene<'_>, said: &mut Said) {
    if !scene.is_balanced() {
        return;
    }
    for (side, service) in scene.services() {
        if service.registrations.is_empty() {
            said.seen(format!("{} has no load balancer.", sentence(&scene.called(side))));
        }
    }
}

fn same(scene: &Scene<'_>, said: &mut Said) {
    if let (Some(ec2), Some(fargate)) = (scene.group(Side::Ec2), scene.group(Side::Fargate))
        && ec2.arn == fargate.arn
    {
        said.seen(format!("Both register in {}.", short(&ec2.arn)));
    }
}

fn target_type(scene: &Scene<'_>, said: &mut Said) {
    if let Some(group) = scene.group(Side::Fargate).filter(|group| group.target_type != "ip") {
        said.seen(format!("{} is of type `{}`.", short(&group.arn), group.target_type));
    }
}

fn unattached(scene: &Scene<'_>, said: &mut Said) {
    for (side, group) in scene.groups().filter(|(_, group)| group.balancers.is_empty()) {
        said.seen(format!("{} of {} has no balancer.", short(&group.arn), scene.called(side)));
    }
}

/// The balancers of both sides, each once.
fn balancers<'a>(scene: &Scene<'a>) -> Vec<&'a Balancer> {
    let mut all: Vec<&Balancer> = Vec::new();
    for balancer in Side::ALL.into_iter().flat_map(|side| scene.balancers(side)) {
        if !all.iter().any(|known| known.arn == balancer.arn) {
            all.push(balancer);
        }
    }
    all
}

fn state(scene: &Scene<'_>, said: &mut Said) {
    for balancer in balancers(scene) {
        if let Some(state) = balancer.state.as_deref().filter(|state| *state != "active") {
            said.seen(format!("{} is {state}.", short(&balancer.arn)));
        }
    }
}

fn kind(scene: &Scene<'_>, said: &mut Said) {
    for balancer in balancers(scene).into_iter().filter(|it| it.kind != "application") {
        said.seen(format!("{} is a {} load balancer.", short(&balancer.arn), balancer.kind));
    }
}

fn slow_health(scene: &Scene<'_>, said: &mut Said) {
    let Some(group) = scene.group(Side::Fargate) else { return };
    let check = &group.health_check;
    let (Some(interval), Some(healthy)) = (check.interval, check.healthy) else { return };
    let wait = Span::from_millis(interval.as_millis().saturating_mul(u64::from(healthy)));
    if wait > Span::from_mins(1) {
        let name = short(&group.arn);
        said.seen(format!("{name} asks {healthy} times, {interval} apart: {wait} in all."));
    }
}

fn health_differs(scene: &Scene<'_>, said: &mut Said) {
    let (Some(ec2), Some(fargate)) = (scene.group(Side::Ec2), scene.group(Side::Fargate)) else {
        return;
    };
    let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| "none".to_owned());
    let (one, other) = (&ec2.health_check, &fargate.health_check);
    for (what, one, other) in
        [("path", &one.path, &other.path), ("matcher", &one.matcher, &other.matcher)]
    {
        if one != other {
            let (one, other) = (shown(one), shown(other));
            said.seen(format!("The {what} is `{one}` on EC2 and `{other}` on Fargate."));
        }
    }
}

const DELAY: &str = "deregistration_delay.timeout_seconds";

fn deregistration(scene: &Scene<'_>, said: &mut Said) {
    let (Some(ec2), Some(fargate)) = (scene.group(Side::Ec2), scene.group(Side::Fargate)) else {
        return;
    };
    if let (Some(one), Some(other)) = (ec2.seconds(DELAY), fargate.seconds(DELAY))
        && other < one
    {
        said.seen(format!("Targets drain for {one} on EC2 and {other} on Fargate."));
    }
}

/// Attributes that a client can tell; the rest may well differ.
const TOLD: [&str; 6] = [
    "idle_timeout.timeout_seconds",
    "client_keep_alive.seconds",
    "routing.http2.enabled",
    "routing.http.desync_mitigation_mode",
    "routing.http.preserve_host_header.enabled",
    "routing.http.xff_header_processing.mode",
];

fn differs(scene: &Scene<'_>, said: &mut Said) {
    let (Some(ec2), Some(fargate)) =
        (scene.balancers(Side::Ec2).next(), scene.balancers(Side::Fargate).next())
    else {
        return;
    };
    if ec2.arn == fargate.arn {
        return;
    }
    for key in TOLD {
        if let (Some(one), Some(other)) = (ec2.attributes.get(key), fargate.attributes.get(key))
            && one != other
        {
            said.seen(format!("`{key}` is {one} on EC2's and {other} on Fargate's."));
        }
    }
    if let (Some(one), Some(other)) = (&ec2.scheme, &fargate.scheme)
        && one != other
    {
        said.seen(format!("EC2's is {one} and Fargate's {other}."));
    }
    let lost: Vec<&String> = ec2.zones.iter().filter(|it| !fargate.zones.contains(it)).collect();
    if !lost.is_empty() {
        said.remedied(
            format!("Fargate's has no nodes in {}, and EC2's has.", listed(&lost)),
            "add subnets of these zones to Fargate's balancer, so that one zone less can be lost",
        );
    }
}

fn access_logs(scene: &Scene<'_>, said: &mut Said) {
    for balancer in scene.balancers(Side::Ec2) {
        let value = balancer.attributes.get("access_logs.s3.enabled");
        if value.is_some_and(|value| value == "false") {
            said.seen(format!("{} has `access_logs.s3.enabled` false.", short(&balancer.arn)));
        }
    }
}

fn algorithm(scene: &Scene<'_>, said: &mut Said) {
    let Some(group) = scene.group(Side::Fargate) else { return };
    if group.attributes.get("load_balancing.algorithm.type").is_some_and(|it| it == "round_robin") {
        said.seen(format!("{} goes round robin.", short(&group.arn)));
    }
}
