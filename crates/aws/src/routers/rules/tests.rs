use cloud::Router as _;
use model::route::Weights;

use super::*;
use crate::routers::Routing;
use crate::testing::{Answer, Script, Wound, block_on, clients};

const RULE: &str = "arn:aws:elasticloadbalancing:x:1:listener-rule/app/web/1/2/3";

fn route() -> Route {
    Route::AlbRule {
        rule: RULE.to_owned(),
        ec2_group: "arn:ec2".to_owned(),
        fargate_group: "arn:fargate".to_owned(),
    }
}

fn actions(name: &str, ec2: u32, fargate: u32) -> String {
    format!(
        "<{name}><member><Type>forward</Type><ForwardConfig><TargetGroups>\
         <member><TargetGroupArn>arn:ec2</TargetGroupArn><Weight>{ec2}</Weight></member>\
         <member><TargetGroupArn>arn:fargate</TargetGroupArn><Weight>{fargate}</Weight></member>\
         </TargetGroups></ForwardConfig></member></{name}>"
    )
}

fn reply(operation: &str, body: &str) -> Answer {
    let body = format!(
        "<{operation}Response xmlns=\"http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/\">\
         <{operation}Result>{body}</{operation}Result></{operation}Response>"
    );
    Answer::xml(200, &body)
}

fn rule(operation: &str, is_default: bool, ec2: u32, fargate: u32) -> Answer {
    let actions = actions("Actions", ec2, fargate);
    let body = format!(
        "<Rules><member><RuleArn>{RULE}</RuleArn><IsDefault>{is_default}</IsDefault>{actions}\
         </member></Rules>"
    );
    reply(operation, &body)
}

/// What a shift from 100/0 to 90/10 comes to, and the calls it took.
fn shift(answers: Vec<Answer>) -> (Result<Applied>, Vec<String>) {
    block_on(async {
        let script = Script::new(answers);
        let routing = Routing::new(Arc::new(clients(Wound::new(), script.clone()).await));
        let weights = |ec2, fargate| Weights::from([(route().key(), WeightPair { ec2, fargate })]);
        let shift = Shift {
            sticky: model::route::Sticky::new(),
            account: Arc::default(),
            routes: vec![route()],
            expected: weights(100, 0),
            weights: weights(90, 10),
            rollback: false,
        };
        let answer = routing.set(&[shift]).await.remove(0);
        let body = |request: &http::Request<bytes::Bytes>| {
            String::from_utf8_lossy(request.body()).into_owned()
        };
        (answer, script.asked().iter().map(body).collect())
    })
}

#[test]
fn an_answer_that_shows_other_weights_is_no_success() {
    let (answer, calls) =
        shift(vec![rule("DescribeRules", false, 100, 0), rule("ModifyRule", false, 95, 5)]);
    assert_eq!(answer.unwrap_err().kind, ErrorKind::OutcomeUnknown);
    assert_eq!(calls.len(), 2);
}

#[test]
fn the_default_rule_is_changed_through_its_listener() {
    let modified =
        format!("<Listeners><member>{}</member></Listeners>", actions("DefaultActions", 90, 10));
    let (answer, calls) =
        shift(vec![rule("DescribeRules", true, 100, 0), reply("ModifyListener", &modified)]);
    assert!(answer.unwrap().written);
    assert!(calls[1].contains("Action=ModifyListener"), "{}", calls[1]);
    assert!(calls[1].contains("listener%2Fapp%2Fweb%2F1%2F2&"), "{}", calls[1]);
}

#[test]
fn a_rule_that_holds_something_else_is_left_alone() {
    let (answer, calls) = shift(vec![rule("DescribeRules", false, 50, 50)]);
    assert_eq!(answer.unwrap_err().kind, ErrorKind::Conflict);
    assert_eq!(calls.len(), 1);
}
