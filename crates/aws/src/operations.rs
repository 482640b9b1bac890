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
pub const OPERATIONS: [Operation; 28] = [
    reads("application-autoscaling:DescribeScalableTargets"),
    reads("application-autoscaling:DescribeScheduledActions"),
    writes("application-autoscaling:DeleteScheduledAction"),
    writes("application-autoscaling:PutScheduledAction"),
    writes("application-autoscaling:RegisterScalableTarget"),
    reads("cloudwatch:GetMetricData"),
    reads("ecs:DescribeServices"),
    reads("ecs:DescribeTaskDefinition"),
    writes("ecs:UpdateService"),
    reads("elasticloadbalancing:DescribeListeners"),
    reads("elasticloadbalancing:DescribeRules"),
    reads("elasticloadbalancing:DescribeTags"),
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

/// What only `ferry adopt` calls; it reads marks as a daemon does, and writes those of records with
/// an operation that a daemon has as well.
pub const ADOPTION_OPERATIONS: [Operation; 4] = [
    writes("ecs:TagResource"),
    writes("ecs:UntagResource"),
    writes("elasticloadbalancing:AddTags"),
    writes("elasticloadbalancing:RemoveTags"),
];

/// What only a survey of an account calls beside those: `ferry init` and `ferry preflight`.
pub const SURVEY_OPERATIONS: [Operation; 10] = [
    reads("application-autoscaling:DescribeScalingPolicies"),
    reads("cloudwatch:DescribeAlarms"),
    reads("ecs:ListServices"),
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
    use std::collections::BTreeSet;
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
        let listed: Vec<&str> = all().map(|it| it.action).collect();
        assert_eq!(found, listed.iter().map(|it| (*it).to_owned()).collect());
        assert_eq!(found.len(), listed.len(), "each in one list");
    }

    fn all() -> impl Iterator<Item = Operation> {
        OPERATIONS.into_iter().chain(ADOPTION_OPERATIONS).chain(SURVEY_OPERATIONS)
    }

    #[test]
    fn policies_allow_what_is_called_and_nothing_else() {
        let allowed: BTreeSet<(&str, Part)> =
            iam::ALLOWED.iter().map(|row| (row.action, row.part)).collect();
        assert_eq!(allowed.len(), iam::ALLOWED.len(), "each once");
        let mut called = BTreeSet::new();
        for Operation { action, writes } in OPERATIONS {
            let observes = allowed.contains(&(action, Part::Observer));
            let mutates = allowed.contains(&(action, Part::Mutator));
            assert!(observes != mutates, "{action}: by one of them");
            assert!(!writes || mutates, "{action} changes something");
            called.insert((action, if mutates { Part::Mutator } else { Part::Observer }));
        }
        // A survey looks at listeners whatever the router is.
        called.insert(("elasticloadbalancing:DescribeListeners", Part::Survey));
        // Marks of records are records.
        called.insert(("route53:ChangeResourceRecordSets", Part::Adopter));
        called.extend(ADOPTION_OPERATIONS.map(|it| (it.action, Part::Adopter)));
        called.extend(SURVEY_OPERATIONS.map(|it| (it.action, Part::Survey)));
        assert_eq!(called, allowed);
    }

    #[test]
    fn what_changes_something_is_said_by_its_name() {
        for Operation { action, writes } in all() {
            let (_, verb) = action.split_once(':').unwrap();
            let reads = ["Describe", "Get", "List", "Assume"].iter().any(|it| verb.starts_with(it));
            assert_eq!(writes, !reads, "{action}");
        }
    }
}
