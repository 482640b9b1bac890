use aws_sdk_elasticloadbalancingv2::types::AuthenticateOidcActionConfig;

use super::*;

const GROUPS: Groups<'static> = Groups { ec2: "arn:ec2", fargate: "arn:fargate" };

fn tuple(arn: &str, weight: i32) -> TargetGroupTuple {
    TargetGroupTuple::builder().target_group_arn(arn).weight(weight).build()
}

fn forward(tuples: &[TargetGroupTuple], sticky: Option<i32>) -> Action {
    let stickiness = sticky.map(|seconds| {
        TargetGroupStickinessConfig::builder().enabled(true).duration_seconds(seconds).build()
    });
    let config = ForwardActionConfig::builder()
        .set_target_groups(Some(tuples.to_vec()))
        .set_target_group_stickiness_config(stickiness)
        .build();
    Action::builder().r#type(ActionTypeEnum::Forward).order(2).forward_config(config).build()
}

fn wanted(ec2: u32, fargate: u32, rollback: bool) -> Wanted {
    Wanted { weights: pair(ec2, fargate), rollback, sticky: None }
}

fn pair(ec2: u32, fargate: u32) -> WeightPair {
    WeightPair { ec2, fargate }
}

#[test]
fn weights_are_read_of_both_groups_of_one_and_of_none() {
    let (ec2, fargate, other) =
        (tuple("arn:ec2", 90), tuple("arn:fargate", 10), tuple("arn:other", 5));
    for (tuples, expected) in [
        (vec![ec2.clone(), fargate.clone()], Some(pair(90, 10))),
        (vec![fargate.clone(), other.clone(), ec2.clone()], Some(pair(90, 10))),
        (vec![ec2.clone()], Some(pair(100, 0))),
        (vec![fargate], Some(pair(0, 100))),
        (vec![ec2, other.clone()], Some(pair(90, 0))),
        (vec![other], None),
    ] {
        assert_eq!(weights(&[forward(&tuples, None)], GROUPS), expected, "{tuples:?}");
    }
    let short = Action::builder().r#type(ActionTypeEnum::Forward).target_group_arn("arn:ec2");
    assert_eq!(weights(&[short.build()], GROUPS), Some(pair(100, 0)));
    let redirect = Action::builder().r#type(ActionTypeEnum::Redirect).build();
    assert_eq!(weights(&[redirect], GROUPS), None);
}

#[test]
fn nothing_changes_but_the_two_weights() {
    let oidc = AuthenticateOidcActionConfig::builder().issuer("https://id").client_id("me").build();
    let sign_in = Action::builder()
        .r#type(ActionTypeEnum::AuthenticateOidc)
        .order(1)
        .authenticate_oidc_config(oidc)
        .build();
    let tuples = [tuple("arn:other", 7), tuple("arn:ec2", 100), tuple("arn:fargate", 0)];
    let before = [sign_in, forward(&tuples, Some(60))];
    let after = rewrite(&before, GROUPS, wanted(90, 10, false));
    let kept = after[0].authenticate_oidc_config().unwrap();
    assert_eq!(kept.use_existing_client_secret(), Some(true), "the secret is never read");
    assert_eq!((kept.issuer(), after[0].order()), (Some("https://id"), Some(1)));
    let tuples = [tuple("arn:other", 7), tuple("arn:ec2", 90), tuple("arn:fargate", 10)];
    assert_eq!(after[1..], [forward(&tuples, Some(60))]);
}

#[test]
fn a_single_group_named_in_the_short_way_becomes_a_pair() {
    let short = Action::builder().r#type(ActionTypeEnum::Forward).target_group_arn("arn:ec2");
    let after = rewrite(&[short.build()], GROUPS, wanted(99, 1, false));
    assert_eq!(after[0].target_group_arn(), None, "one group may not be named beside two");
    assert_eq!(weights(&after, GROUPS), Some(pair(99, 1)));
}

#[test]
fn a_rollback_lets_go_of_clients_that_a_cookie_holds() {
    let tuples = [tuple("arn:ec2", 90), tuple("arn:fargate", 10)];
    let sticky = [forward(&tuples, Some(3_600))];
    let back = rewrite(&sticky, GROUPS, wanted(100, 0, true));
    let config = back[0].forward_config().unwrap();
    assert_eq!(config.target_groups(), [tuple("arn:ec2", 100)]);
    let stickiness = config.target_group_stickiness_config().unwrap();
    assert_eq!((stickiness.enabled(), stickiness.duration_seconds()), (Some(false), None));
    let loose = rewrite(&[forward(&tuples, None)], GROUPS, wanted(100, 0, true));
    assert_eq!(loose, [forward(&[tuple("arn:ec2", 100), tuple("arn:fargate", 0)], None)]);
    let onward = rewrite(&sticky, GROUPS, wanted(100, 0, false));
    assert_eq!(weights(&onward, GROUPS), Some(pair(100, 0)), "who goes forward keeps cookies");
    assert!(onward[0].forward_config().unwrap().target_groups().len() == 2);
}

#[test]
fn the_next_step_forward_holds_clients_again() {
    let tuples = [tuple("arn:ec2", 100), tuple("arn:fargate", 0)];
    let loose = [forward(&tuples[..1], None)];
    let hold = Wanted { sticky: Some(Span::from_secs(600)), ..wanted(90, 10, false) };
    let held = rewrite(&loose, GROUPS, hold);
    assert_eq!(held, [forward(&[tuple("arn:ec2", 90), tuple("arn:fargate", 10)], Some(600))]);
    assert_eq!(sticky(&held), Some(Span::from_secs(600)));
    assert_eq!(sticky(&loose), None);
    let longer = rewrite(&[forward(&tuples, Some(3_600))], GROUPS, hold);
    assert_eq!(sticky(&longer), Some(Span::from_hours(1)), "what somebody set since stays");
    let back = rewrite(&held, GROUPS, Wanted { rollback: true, ..hold });
    assert_eq!(sticky(&back), Some(Span::from_secs(600)), "some traffic stays on Fargate");
    let all_back = Wanted { weights: pair(100, 0), rollback: true, ..hold };
    assert_eq!(sticky(&rewrite(&held, GROUPS, all_back)), None);
}
