//! Elastic Load Balancing.

use std::sync::Arc;

use cloud::TargetGroup;
use model::Side;
use region::request::Request;

use crate::world::{RULE, elb, form, group, pass, rule, texts, wire};

fn modify(wire: &wire::Wire, weights: [&str; 2]) -> (u16, String) {
    let groups = [group("web", Side::Ec2), group("web", Side::Fargate)];
    form(
        wire,
        &[
            ("Action", "ModifyRule"),
            ("Version", "2015-12-01"),
            ("RuleArn", RULE),
            ("Actions.member.1.Type", "forward"),
            ("Actions.member.1.ForwardConfig.TargetGroups.member.1.TargetGroupArn", &groups[0]),
            ("Actions.member.1.ForwardConfig.TargetGroups.member.1.Weight", weights[0]),
            ("Actions.member.1.ForwardConfig.TargetGroups.member.2.TargetGroupArn", &groups[1]),
            ("Actions.member.1.ForwardConfig.TargetGroups.member.2.Weight", weights[1]),
        ],
    )
}

#[test]
fn every_target_is_described_with_its_state() {
    let wire = wire();
    let arn = group("api", Side::Ec2);
    let xml = elb(&wire, "DescribeTargetHealth", &[("TargetGroupArn", &arn)]);
    let targets = wire.region().with(|region| {
        region.handle(&Request::DescribeTargetHealth {
            group: &TargetGroup { account: Arc::default(), arn: arn.clone() },
        })
    });
    let targets = targets.targets().unwrap();
    let states = texts(&xml, "State");
    assert_eq!(states.iter().filter(|state| *state == "healthy").count(), targets.healthy as usize);
    assert!(targets.healthy > 1);
    let all = targets.healthy + targets.unhealthy + targets.initial + targets.draining;
    assert_eq!(states.len(), all as usize);
    let mut places: Vec<(String, String)> =
        texts(&xml, "Id").into_iter().zip(texts(&xml, "Port")).collect();
    places.sort();
    places.dedup();
    assert_eq!(places.len(), all as usize, "each target has a place of its own");
}

#[test]
fn a_group_that_is_not_there_is_not_found() {
    let (status, xml) = form(
        &wire(),
        &[
            ("Action", "DescribeTargetHealth"),
            ("Version", "2015-12-01"),
            ("TargetGroupArn", "arn:aws:elasticloadbalancing:ap-northeast-1:1:targetgroup/a/b"),
        ],
    );
    assert_eq!((status, texts(&xml, "Code")), (400, vec!["TargetGroupNotFound".to_owned()]));
}

#[test]
fn an_application_behind_records_has_a_balancer_for_each_side() {
    let wire = wire();
    let [ec2, fargate] = Side::ALL.map(|side| {
        let arn = group("api", side);
        let xml = elb(&wire, "DescribeTargetGroups", &[("TargetGroupArns.member.1", &arn)]);
        let document = roxmltree::Document::parse(&xml).unwrap();
        let arns = document.descendants().find(|it| it.tag_name().name() == "LoadBalancerArns");
        let balancer = arns.unwrap().first_element_child().unwrap().text().unwrap().to_owned();
        let xml = elb(&wire, "DescribeListeners", &[("LoadBalancerArn", &balancer)]);
        assert!(texts(&xml, "TargetGroupArn").contains(&arn), "{xml}");
        balancer
    });
    assert_ne!(ec2, fargate);
}

#[test]
fn an_application_behind_a_rule_has_one_balancer() {
    let wire = wire();
    let xml = elb(&wire, "DescribeLoadBalancers", &[("Names.member.1", "web")]);
    let arn = texts(&xml, "LoadBalancerArn").remove(0);
    assert!(arn.ends_with("loadbalancer/app/web/1111111111111111"), "{arn}");
    let xml = elb(&wire, "DescribeListeners", &[("LoadBalancerArn", &arn)]);
    let listener = texts(&xml, "ListenerArn").remove(0);
    let xml = elb(&wire, "DescribeRules", &[("ListenerArn", &listener)]);
    assert_eq!(texts(&xml, "RuleArn")[0], RULE);
    assert_eq!(texts(&xml, "Priority"), ["1", "default"]);
}

#[test]
fn weights_of_a_rule_are_written_and_read_again() {
    let wire = wire();
    let (status, xml) = modify(&wire, ["990", "10"]);
    assert_eq!((status, texts(&xml, "Weight")), (200, vec!["990".to_owned(), "10".to_owned()]));
    let route = rule();
    let live =
        wire.region().with(|region| region.handle(&Request::DescribeRoute { route: &route }));
    assert_eq!(live.route().unwrap().0, model::route::WeightPair { ec2: 990, fargate: 10 });
    pass(&wire, model::Span::from_mins(1));
    let xml = elb(&wire, "DescribeRules", &[("RuleArns.member.1", RULE)]);
    assert_eq!(texts(&xml, "Weight"), ["990", "10"]);
}

#[test]
fn weights_above_the_limit_are_refused() {
    let wire = wire();
    let (status, xml) = modify(&wire, ["1000", "0"]);
    assert_eq!((status, texts(&xml, "Code")), (400, vec!["ValidationError".to_owned()]));
    let xml = elb(&wire, "DescribeRules", &[("RuleArns.member.1", RULE)]);
    assert_eq!(texts(&xml, "Weight"), ["100", "0"]);
}

#[test]
fn a_group_that_stands_alone_has_everything() {
    let wire = wire();
    let arn = group("web", Side::Ec2);
    let (status, xml) = form(
        &wire,
        &[
            ("Action", "ModifyRule"),
            ("Version", "2015-12-01"),
            ("RuleArn", RULE),
            ("Actions.member.1.Type", "forward"),
            ("Actions.member.1.ForwardConfig.TargetGroups.member.1.TargetGroupArn", &arn),
        ],
    );
    assert_eq!(status, 200, "{xml}");
    let xml = elb(&wire, "DescribeRules", &[("RuleArns.member.1", RULE)]);
    assert_eq!(texts(&xml, "Weight"), ["100"]);
    let (status, _) = modify(&wire, ["90", "10"]);
    assert_eq!(status, 200);
    let xml = elb(&wire, "DescribeRules", &[("RuleArns.member.1", RULE)]);
    assert_eq!(texts(&xml, "Weight"), ["90", "10"]);
}

#[test]
fn names_in_a_policy_document_are_those_of_the_balancers() {
    let wire = wire();
    let xml = elb(&wire, "DescribeLoadBalancers", &[("Names.member.1", "flow-ec2")]);
    assert_eq!(texts(&xml, "DNSName"), ["flow-ec2.ap-northeast-1.elb.amazonaws.com"]);
}
