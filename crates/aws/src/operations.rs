//! Every operation that is called: what a role has to be allowed.

/// An operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operation {
    /// As IAM names it.
    pub action: &'static str,
    /// Whether it changes something.
    pub writes: bool,
}

const fn reads(action: &'static str) -> Operation {
    Operation { action, writes: false }
}

const fn writes(action: &'static str) -> Operation {
    Operation { action, writes: true }
}

/// Every operation of a daemon, by service.
pub const OPERATIONS: [Operation; 26] = [
    reads("application-autoscaling:DescribeScalableTargets"),
    reads("application-autoscaling:DescribeScheduledActions"),
    writes("application-autoscaling:DeleteScheduledAction"),
    writes("application-autoscaling:PutScheduledAction"),
    writes("application-autoscaling:RegisterScalableTarget"),
    reads("cloudwatch:GetMetricData"),
    reads("ecs:DescribeServices"),
    reads("ecs:DescribeTaskDefinition"),
    writes("ecs:UpdateService"),
    reads("elasticloadbalancing:DescribeRules"),
    reads("elasticloadbalancing:DescribeTargetGroups"),
    reads("elasticloadbalancing:DescribeTargetHealth"),
    writes("elasticloadbalancing:ModifyListener"),
    writes("elasticloadbalancing:ModifyRule"),
    reads("route53:GetChange"),
    reads("route53:GetTrafficPolicy"),
    reads("route53:GetTrafficPolicyInstance"),
    reads("route53:ListResourceRecordSets"),
    reads("route53:ListTrafficPolicyInstances"),
    reads("route53:ListTrafficPolicyInstancesByPolicy"),
    reads("route53:ListTrafficPolicyVersions"),
    writes("route53:ChangeResourceRecordSets"),
    writes("route53:CreateTrafficPolicyVersion"),
    writes("route53:DeleteTrafficPolicy"),
    writes("route53:UpdateTrafficPolicyInstance"),
    // Only where a role is given.
    reads("sts:AssumeRole"),
];

/// What only a survey of an account calls beside those: `ferry init` and `ferry preflight`.
pub const SURVEY_OPERATIONS: [Operation; 11] = [
    reads("application-autoscaling:DescribeScalingPolicies"),
    reads("cloudwatch:DescribeAlarms"),
    reads("ecs:ListServices"),
    reads("elasticloadbalancing:DescribeListeners"),
    reads("elasticloadbalancing:DescribeLoadBalancerAttributes"),
    reads("elasticloadbalancing:DescribeLoadBalancers"),
    reads("elasticloadbalancing:DescribeTargetGroupAttributes"),
    reads("events:DescribeRule"),
    reads("events:ListRules"),
    reads("events:ListTargetsByRule"),
    reads("route53:ListHostedZones"),
];

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::path::Path;

    use iam::Part;

    use super::*;

    const SERVICES: [&str; 7] = [
        "application-autoscaling:",
        "cloudwatch:",
        "ecs:",
        "elasticloadbalancing:",
        "events:",
        "route53:",
        "sts:",
    ];

    /// The operations that the sources beside this file name, tests left out.
    fn named(directory: &Path, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                named(&path, found);
            } else if !["operations.rs", "tests.rs", "testing.rs"].contains(&name.as_str()) {
                let text = std::fs::read_to_string(&path).unwrap();
                let quoted = text.split('"').skip(1).step_by(2);
                let is_operation = |it: &&str| {
                    let mut services = SERVICES.iter();
                    services.any(|service| it.starts_with(service))
                        && it.bytes().all(|letter| letter.is_ascii_graphic())
                };
                found.extend(quoted.filter(is_operation).map(ToOwned::to_owned));
            }
        }
    }

    #[test]
    fn every_operation_that_is_called_is_listed_and_no_other() {
        let mut found = BTreeSet::new();
        named(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
        let listed = OPERATIONS.iter().chain(&SURVEY_OPERATIONS);
        let listed: BTreeSet<String> = listed.map(|it| it.action.to_owned()).collect();
        assert_eq!(found, listed);
        assert_eq!(listed.len(), OPERATIONS.len() + SURVEY_OPERATIONS.len(), "each in one list");
    }

    #[test]
    fn policies_allow_what_is_called_and_nothing_else() {
        let allowed: BTreeMap<&str, Part> =
            iam::ALLOWED.iter().map(|row| (row.action, row.part)).collect();
        assert_eq!(allowed.len(), iam::ALLOWED.len(), "each once");
        assert_eq!(allowed.len(), OPERATIONS.len() + SURVEY_OPERATIONS.len());
        for Operation { action, writes } in OPERATIONS {
            let part = allowed.get(action).copied();
            assert!(matches!(part, Some(Part::Observer | Part::Mutator)), "{action}");
            assert!(!writes || part == Some(Part::Mutator), "{action} changes something");
        }
        for Operation { action, .. } in SURVEY_OPERATIONS {
            assert_eq!(allowed.get(action), Some(&Part::Survey), "{action}");
        }
    }

    #[test]
    fn what_changes_something_is_said_by_its_name() {
        for Operation { action, writes } in OPERATIONS.into_iter().chain(SURVEY_OPERATIONS) {
            let (_, verb) = action.split_once(':').unwrap();
            let reads = ["Describe", "Get", "List", "Assume"].iter().any(|it| verb.starts_with(it));
            assert_eq!(writes, !reads, "{action}");
        }
    }
}
