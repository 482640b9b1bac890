//! What can be wrong with records, policies and rules.

use model::inventory::{Document, Forward, Landscape, RecordSet, RouterView, Routing};
use model::spec::Router;
use model::{Side, Span};

use super::{group, instance, migration, rule, service, sets};
use crate::base::{self, Kind, SPLIT};
use crate::{Case, case};

use Kind::{Policy, Records, Rule as AlbRule};
use Side::{Ec2, Fargate};

pub(super) const RECORDS: &[Case] = &[
    case(
        "records.missing",
        Records,
        |it| {
            sets(it).remove(1);
        },
        "`fargate`; it has `ec2`",
    ),
    case("records.missing", Records, |it| sets(it).clear(), "none with a set identifier"),
    case(
        "records.type",
        Records,
        |it| sets(it).retain(|set| set.record_type == "AAAA"),
        "no A record in the zone; it has AAAA",
    ),
    case(
        "records.notWeighted",
        Records,
        |it| sets(it)[0].routing = Routing::Other("latency".into()),
        "goes by latency",
    ),
    case(
        "records.notWeighted",
        Records,
        |it| sets(it)[0].routing = Routing::Simple,
        "a simple record",
    ),
    case(
        "records.allZero",
        Records,
        |it| sets(it)[0].routing = Routing::Weighted(0),
        "weights 0 and 0",
    ),
    case(
        "records.disagree",
        Records,
        |it| sets(it)[1].routing = Routing::Weighted(50),
        "A at 100 and 50",
    ),
    case(
        "records.others",
        Records,
        |it| {
            let third =
                RecordSet { set_identifier: Some("canary".into()), ..base::record("A", Ec2, 5) };
            sets(it).push(third);
        },
        "`canary` has the weight 5",
    ),
    case(
        "records.evaluateTargetHealth",
        Records,
        |it| service(it, Fargate).running = 0,
        "runs 0 tasks",
    ),
    case(
        "records.healthCheck",
        Records,
        |it| sets(it)[0].health_check = Some("hc-1".into()),
        "hc-1",
    ),
    case(
        "records.pointElsewhere",
        Records,
        |it| sets(it)[1].alias.as_mut().unwrap().dns_name = "old-1.elb.amazonaws.com.".into(),
        "points at old-1.elb.amazonaws.com",
    ),
    case(
        "dns.ttl",
        Records,
        |it| {
            let set = &mut sets(it)[0];
            set.alias = None;
            set.values = vec!["192.0.2.1".into()];
            set.ttl = Some(Span::from_mins(5));
        },
        "TTL of 5m",
    ),
    case(
        "dns.ttl",
        Policy,
        |it| {
            let it = instance(it);
            it.ttl = Span::from_mins(10);
            it.document = Ok(base::document(SPLIT).replace("application-load-balancer", "value"));
        },
        "TTL of 10m",
    ),
    case(
        "arn.region",
        AlbRule,
        |it| alb(it, |text| text.replace("ap-northeast-1", "us-east-1")),
        "is of us-east-1",
    ),
    case(
        "arn.account",
        AlbRule,
        |it| alb(it, |text| text.replace("123456789012", "210987654321")),
        "of account 210987654321",
    ),
];

/// Changes the first rule's ARN in the file.
fn alb(all: &mut Landscape, change: impl Fn(&str) -> String) {
    match &mut migration(all).spec.traffic.router {
        Some(Router::AlbWeighted(alb)) => alb.rule_arns[0] = change(&alb.rule_arns[0]),
        Some(Router::Route53Weighted(_) | Router::Route53TrafficPolicy(_)) | None => {
            panic!("no rules")
        }
    }
}

pub(super) const POLICIES: &[Case] = &[
    case(
        "policy.missing",
        Policy,
        |it| instance(it).id = "i-2".into(),
        "the account has i-2 (api.example.com.)",
    ),
    case(
        "policy.state",
        Policy,
        |it| {
            instance(it).state = "Failed".into();
            instance(it).message = "no such zone".into();
        },
        "is Failed: no such zone",
    ),
    case("policy.document", Policy, |it| instance(it).document = Ok("{".into()), "cannot be read"),
    case(
        "policy.document",
        Policy,
        |it| {
            instance(it).document =
                Ok(base::document(r#"{"EndpointReference":"ec2","Weight":"1"}"#));
        },
        "its endpoints are `ec2` and `fargate`",
    ),
    case(
        "policy.document",
        Policy,
        |it| instance(it).document = Ok(base::document(SPLIT).replace("\"100\"", "\"300\"")),
        "a weight that is none",
    ),
    case(
        "policy.document",
        Policy,
        |it| instance(it).document = Ok(base::document(SPLIT).replace("\"100\"", "\"0\"")),
        "weights 0 and 0",
    ),
    case("policy.versions", Policy, |it| instance(it).version = 990, "990 of 1,000"),
    case(
        "policy.targetHealth",
        Policy,
        |it| service(it, Fargate).running = 0,
        "`fargate`, and the Fargate service",
    ),
    case(
        "policy.pointElsewhere",
        Policy,
        |it| {
            let text =
                base::document(SPLIT).replace(base::dns_name(Fargate), "old-1.elb.amazonaws.com");
            assert!(Document::read(&text).is_ok());
            instance(it).document = Ok(text);
        },
        "is old-1.elb.amazonaws.com",
    ),
];

pub(super) const RULES: &[Case] = &[
    case(
        "alb.groups",
        AlbRule,
        |it| {
            rule(it).forwards.pop();
        },
        "forwards to api-ec2, not to api-fargate",
    ),
    case("alb.allZero", AlbRule, |it| rule(it).forwards[0].weight = 0, "weights 0 and 0"),
    case(
        "alb.otherBalancer",
        AlbRule,
        |it| {
            group(it, Fargate).balancers = vec![
                "arn:aws:elasticloadbalancing:ap-northeast-1:1:loadbalancer/app/other/1".into(),
            ];
        },
        "is behind other, and the rule is of prd-api-ec2",
    ),
    case(
        "alb.stickyGroups",
        AlbRule,
        |it| {
            group(it, Ec2).attributes.insert("stickiness.enabled".into(), "true".into());
        },
        "api-ec2 has `stickiness.enabled`",
    ),
    case(
        "alb.stickiness",
        AlbRule,
        |it| rule(it).stickiness = Some(Span::from_hours(1)),
        "holds clients for 1h",
    ),
    case(
        "alb.otherGroups",
        AlbRule,
        |it| {
            rule(it).forwards.push(Forward {
                group: "arn:aws:elasticloadbalancing:ap-northeast-1:1:targetgroup/beta/1".into(),
                weight: 3,
            });
        },
        "gives beta the weight 3",
    ),
    case(
        "alb.otherActions",
        AlbRule,
        |it| rule(it).other_actions.push("authenticate-oidc".into()),
        "authenticate-oidc",
    ),
    case(
        "alb.disagree",
        AlbRule,
        |it| {
            let mut second = rule(it).clone();
            second.forwards[1].weight = 100;
            let RouterView::Rules(rules) = &mut it.router else { panic!("no rules") };
            rules.push((second.arn.clone(), Ok(second)));
        },
        "at 100 and 0",
    ),
];
