use aws_sdk_cloudwatch::primitives::DateTime;
use cloud::ErrorKind::{
    Busy, Conflict, Denied, Invalid, NotFound, OutcomeUnknown, Partial, QuotaReached, Throttled,
    Unreachable,
};

use super::codes::meaning;
use super::*;
use crate::testing::{Answer, Script, Wound, block_on, client};

fn attempt(operation: &'static str, intent: Intent) -> Attempt<'static> {
    Attempt { operation, intent, role: Some("arn:aws:iam::1:role/ferry") }
}

/// The error codes of a real service error, by the protocol it comes in.
async fn seen(operation: &'static str, answer: Answer) -> Error {
    let (clock, script) = (Wound::new(), Script::new([answer]));
    let client = client(&clock, &script).await;
    let attempt = attempt(operation, Intent::Read);
    let stamp = DateTime::from_secs(0);
    match operation {
        "ecs:DescribeServices" => {
            attempt.failed(&client.ecs.describe_services().send().await.unwrap_err())
        }
        "elasticloadbalancing:DescribeTargetHealth" => {
            let call = client.balancers.describe_target_health().target_group_arn("arn");
            attempt.failed(&call.send().await.unwrap_err())
        }
        "route53:ListResourceRecordSets" => {
            let call = client.dns.list_resource_record_sets().hosted_zone_id("Z1");
            attempt.failed(&call.send().await.unwrap_err())
        }
        "cloudwatch:GetMetricData" => {
            let call = client.metrics.get_metric_data().start_time(stamp).end_time(stamp);
            attempt.failed(&call.send().await.unwrap_err())
        }
        other => panic!("no call for {other}"),
    }
}

/// `{"__type": code, "message": said}` in CBOR; both are shorter than 256 bytes.
fn cbor(code: &str, said: &str) -> Vec<u8> {
    let text = |text: &str| {
        let mut bytes = vec![0x78, u8::try_from(text.len()).unwrap()];
        bytes.extend(text.bytes());
        bytes
    };
    [vec![0xa2], text("__type"), text(code), text("message"), text(said)].concat()
}

#[test]
fn every_protocol_gives_its_code_and_its_words() {
    block_on(async {
        let json = r#"{"__type":"ClusterNotFoundException","message":"Cluster not found."}"#;
        let query = "<ErrorResponse xmlns=\"http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/\">\
            <Error><Type>Sender</Type><Code>TargetGroupNotFound</Code>\
            <Message>One or more target groups not found</Message></Error></ErrorResponse>";
        let rest = "<?xml version=\"1.0\"?>\
            <ErrorResponse xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><Error>\
            <Type>Sender</Type><Code>NoSuchHostedZone</Code>\
            <Message>No hosted zone found with ID: Z1</Message></Error></ErrorResponse>";
        let cbor = cbor("com.amazonaws.cloudwatch#InvalidNextToken", "bad token");
        for (operation, answer, kind, said) in [
            ("ecs:DescribeServices", Answer::json(400, json), NotFound, "Cluster not found."),
            (
                "elasticloadbalancing:DescribeTargetHealth",
                Answer::xml(400, query),
                NotFound,
                "One or more target groups not found",
            ),
            ("route53:ListResourceRecordSets", Answer::xml(404, rest), NotFound, "ID: Z1"),
            (
                "cloudwatch:GetMetricData",
                Answer::of(400, "application/cbor", cbor),
                Invalid,
                "bad token",
            ),
        ] {
            let error = seen(operation, answer).await;
            assert_eq!((error.kind, error.operation), (kind, operation), "{error}");
            assert!(error.message.contains(said), "{error}");
        }
    });
}

#[test]
fn a_body_that_is_not_of_the_protocol_is_said_to_be_one() {
    block_on(async {
        for operation in [
            "ecs:DescribeServices",
            "elasticloadbalancing:DescribeTargetHealth",
            "route53:ListResourceRecordSets",
            "cloudwatch:GetMetricData",
        ] {
            for status in [200, 404, 502] {
                let page = Answer::of(status, "text/html", "<html>\n<b>Blocked</b> by policy");
                let error = seen(operation, page).await;
                if status == 200 && error.kind == Partial {
                    continue;
                }
                assert_eq!(error.kind, Unreachable, "{operation} {status}: {error}");
                let words = format!("HTTP {status} that begins `<html> <b>Blocked</b>");
                assert!(error.message.contains(&words), "{operation}: {error}");
            }
        }
    });
}

#[test]
fn codes_mean_what_the_reference_says() {
    let check = |code: &str, said: &str, expected: ErrorKind| {
        assert_eq!(meaning(code, said, 400), Meaning::Kind(expected), "{code}");
    };
    for (expected, codes) in [
        (
            Throttled,
            "Throttling ThrottlingException ThrottledException RequestThrottledException \
             TooManyRequestsException RequestLimitExceeded BandwidthLimitExceeded SlowDown",
        ),
        (
            Busy,
            "PriorRequestNotComplete ConcurrentModification ConcurrentUpdateException \
             ConcurrentModificationException",
        ),
        (
            NotFound,
            "ServiceNotFoundException ServiceNotActiveException ClusterNotFoundException \
             ObjectNotFoundException NoSuchHostedZone NoSuchTrafficPolicy \
             NoSuchTrafficPolicyInstance TargetGroupNotFound TargetGroupNotFoundException \
             RuleNotFound ListenerNotFound LoadBalancerNotFound ResourceNotFound",
        ),
        (
            QuotaReached,
            "LimitExceededException LimitExceeded TooManyTrafficPolicyVersionsForCurrentPolicy \
             TooManyTrafficPolicies TooManyRules TargetGroupAssociationLimit",
        ),
        (Conflict, "TrafficPolicyInUse TrafficPolicyInstanceAlreadyExists PriorityInUse"),
        (Partial, "HealthUnavailable"),
        (
            Invalid,
            "InvalidParameterException ClientException InvalidInput InvalidChangeBatch \
             ConflictingTypes InvalidTrafficPolicyDocument ValidationError ValidationException \
             UnsupportedFeatureException OperationNotPermitted InvalidNextToken \
             InvalidEventPatternException ManagedRuleException SomethingNew",
        ),
    ] {
        for code in codes.split_whitespace() {
            check(code, "", expected);
        }
    }
    let drift = "Tried to create resource record set [name='a', type='A'] but it already exists";
    check("InvalidChangeBatch", drift, Conflict);
    check("ValidationException", "ECS service doesn't exist: service/a/b", NotFound);
    check("ClientException", "Unable to describe task definition.", NotFound);
}

#[test]
fn a_code_that_nobody_knows_goes_by_its_status() {
    for (status, expected) in [
        (400, Meaning::Kind(Invalid)),
        (403, Meaning::NotAllowed),
        (404, Meaning::Kind(NotFound)),
        (429, Meaning::Kind(Throttled)),
        (500, Meaning::Lost),
        (503, Meaning::Lost),
    ] {
        assert_eq!(meaning("SomethingNew", "", status), expected, "{status}");
    }
}

#[test]
fn a_failing_service_leaves_a_write_unknown_and_a_read_unmade() {
    for code in ["ServerException", "InternalFailure", "InternalServiceException", "RequestTimeout"]
    {
        for (intent, kind) in [(Intent::Write, OutcomeUnknown), (Intent::Read, Unreachable)] {
            let error = attempt("ecs:UpdateService", intent).refused(code, "later", 400);
            assert_eq!(error.kind, kind, "{code}");
        }
    }
}

#[test]
fn what_is_denied_says_what_to_do() {
    let write = attempt("elasticloadbalancing:ModifyRule", Intent::Write);
    for (code, words) in [
        ("AccessDenied", "allow elasticloadbalancing:ModifyRule to `arn:aws:iam::1:role/ferry`"),
        ("AccessDeniedException", "allow elasticloadbalancing:ModifyRule"),
        ("ExpiredToken", "have expired"),
        ("ExpiredTokenException", "have expired"),
        ("UnrecognizedClientException", "does not know these credentials"),
        ("InvalidClientTokenId", "does not know these credentials"),
        ("SignatureDoesNotMatch", "clock"),
        ("InvalidSignatureException", "clock"),
        ("RequestExpired", "clock"),
    ] {
        let error = write.refused(code, "no", 403);
        assert_eq!(error.kind, Denied, "{code}");
        assert!(error.message.contains(words), "{code}: {error}");
    }
}

#[test]
fn an_empty_id_is_invalid_and_never_sent() {
    block_on(async {
        let (clock, script) = (Wound::new(), Script::new([]));
        let client = client(&clock, &script).await;
        let call = client.dns.list_resource_record_sets().hosted_zone_id("");
        let error = call.send().await.unwrap_err();
        let error = attempt("route53:ListResourceRecordSets", Intent::Read).failed(&error);
        assert_eq!(error.kind, Invalid);
        assert!(error.message.contains("empty"), "{error}");
        assert_eq!(script.asked().len(), 0);
    });
}
