use cloud::Clock as _;

use super::*;
use crate::testing::{Answer, Script, Told, Wound, block_on, client, counted};

const FULL: &str = r#"{"failures":[],"services":[]}"#;
const THROTTLED: &str = r#"{"__type":"ThrottlingException","message":"Rate exceeded"}"#;

fn call(operation: &'static str, clock: &Wound) -> Call {
    let family = match operation.split_once(':') {
        Some(("route53", _)) => Family::Dns,
        _ => Family::ServiceReads,
    };
    let question = Question { lane: Lane::Ordinary, until: clock.now() + PATIENCE };
    Call::new(operation, family, question)
}

/// What one DescribeServices makes of the answers, and how many requests that took.
fn describe(answers: impl IntoIterator<Item = Answer>) -> (Result<()>, usize, Span) {
    block_on(async {
        let (clock, script) = (Wound::new(), Script::new(answers));
        let client = client(&clock, &script).await;
        let began = clock.now();
        let call = call("ecs:DescribeServices", &clock);
        let answer = client.read(call, || client.ecs.describe_services().services("api").send());
        let answer = answer.await.map(drop);
        (answer, script.asked().len(), clock.now().since(began))
    })
}

/// What one UpdateService makes of the answers, and how many requests that took.
fn update(answers: impl IntoIterator<Item = Answer>) -> (Result<()>, usize) {
    block_on(async {
        let (clock, script) = (Wound::new(), Script::new(answers));
        let client = client(&clock, &script).await;
        let call = call("ecs:UpdateService", &clock);
        let answer = client.write(call, || client.ecs.update_service().service("api").send()).await;
        (answer.map(drop), script.asked().len())
    })
}

#[test]
fn calls_are_signed_for_their_region_by_the_one_clock() {
    block_on(async {
        let (clock, script) = (Wound::new(), Script::new([Answer::json(200, FULL)]));
        let client = client(&clock, &script).await;
        let call = call("ecs:DescribeServices", &clock);
        client.read(call, || client.ecs.describe_services().send()).await.unwrap();
        let asked = script.asked();
        let header = |name: &str| asked[0].headers()[name].to_str().unwrap().to_owned();
        assert_eq!(asked[0].uri().host(), Some("ecs.eu-west-1.amazonaws.com"));
        assert_eq!(header("x-amz-date"), "20260105T000000Z");
        assert!(header("authorization").contains("/20260105/eu-west-1/ecs/aws4_request"));
        assert!(header("x-amz-user-agent").contains("app/ferry"), "{}", header("x-amz-user-agent"));
    });
}

#[test]
fn a_throttled_read_is_made_again_later() {
    let answers = [Answer::json(400, THROTTLED), Answer::json(200, FULL)];
    let (answer, requests, waited) = describe(answers);
    assert_eq!((answer, requests), (Ok(()), 2));
    assert!(waited >= Span::from_secs(1), "the family pauses a second: {waited}");
}

#[test]
fn a_read_is_tried_three_times_at_most() {
    let answers = (0..4).map(|_| Answer::json(400, THROTTLED));
    let (answer, requests, _) = describe(answers);
    assert_eq!((answer.map_err(|error| error.kind), requests), (Err(ErrorKind::Throttled), 3));
    let answers = (0..4).map(|_| Answer::lost());
    let (answer, requests, _) = describe(answers);
    assert_eq!((answer.map_err(|error| error.kind), requests), (Err(ErrorKind::Unreachable), 3));
}

#[test]
fn what_will_not_pass_is_not_tried_again() {
    for code in ["LimitExceededException", "AccessDeniedException", "InvalidParameterException"] {
        let body = format!(r#"{{"__type":"{code}","message":"no"}}"#);
        let (answer, requests, _) = describe([Answer::json(400, &body)]);
        assert!(answer.is_err());
        assert_eq!(requests, 1, "{code}");
    }
}

#[test]
fn a_write_is_sent_once_whatever_comes_back() {
    let failed = r#"{"__type":"ServerException","message":"Service Unavailable"}"#;
    for (answer, kind) in [
        (Answer::lost(), ErrorKind::OutcomeUnknown),
        (Answer::json(500, failed), ErrorKind::OutcomeUnknown),
        (Answer::json(400, failed), ErrorKind::OutcomeUnknown),
        (Answer::json(200, r#"{"service":"#), ErrorKind::OutcomeUnknown),
        (Answer::of(502, "text/html", "<html>Bad Gateway</html>"), ErrorKind::OutcomeUnknown),
        (Answer::json(400, THROTTLED), ErrorKind::Throttled),
    ] {
        let (answer, requests) = update([answer]);
        assert_eq!(answer.map_err(|error| error.kind), Err(kind));
        assert_eq!(requests, 1);
    }
}

#[test]
fn a_write_that_a_busy_zone_refused_is_made_when_it_is_free() {
    let busy = |code: &str| {
        Answer::xml(
            400,
            &format!(
                "<ErrorResponse xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><Error>\
                 <Type>Sender</Type><Code>{code}</Code><Message>later</Message></Error>\
                 </ErrorResponse>"
            ),
        )
    };
    let done =
        "<DeleteTrafficPolicyResponse xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"/>";
    let prior = "PriorRequestNotComplete";
    for (answers, expected, requests) in [
        (vec![busy(prior), Answer::xml(200, done)], Ok(()), 2),
        (vec![busy(prior), busy(prior), busy(prior)], Err(ErrorKind::Busy), 3),
        (vec![busy(prior), Answer::lost()], Err(ErrorKind::OutcomeUnknown), 2),
        (vec![busy("Throttling")], Err(ErrorKind::Throttled), 1),
    ] {
        block_on(async {
            let (clock, script) = (Wound::new(), Script::new(answers));
            let client = client(&clock, &script).await;
            let call = call("route53:DeleteTrafficPolicy", &clock);
            let sent = || client.dns.delete_traffic_policy().id("p").version(1).send();
            let answer = client.write_in_turn(call, sent).await.map(drop);
            assert_eq!(answer.map_err(|error| error.kind), expected);
            assert_eq!(script.asked().len(), requests);
        });
    }
}

#[test]
fn an_endpoint_that_is_down_is_reached_by_no_write() {
    block_on(async {
        // Nobody listens on a port that was free a moment ago.
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let (clock, told) = (Wound::new(), Arc::new(Told::default()));
        let settings = Settings {
            clock: clock.clone(),
            network: Network::Https,
            credentials: Credentials::Keys { id: "AKIA".to_owned(), secret: "s".to_owned() },
            region: Some("eu-west-1".to_owned()),
            endpoint: Some(format!("http://127.0.0.1:{port}")),
            ledger: told.clone(),
        };
        let client = Clients::new(settings).await.of(&Aws::default()).await;
        let call = call("ecs:UpdateService", &clock);
        let error = client.write(call, || client.ecs.update_service().service("api").send()).await;
        let error = error.map(drop).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unreachable, "{error}");
        assert_eq!(told.all(), [], "nothing left this process");
    });
}

#[test]
fn a_role_is_assumed_once_for_all_its_calls() {
    let assumed = "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
        <AssumeRoleResult><Credentials><AccessKeyId>ASIAROLE</AccessKeyId>\
        <SecretAccessKey>secret</SecretAccessKey><SessionToken>token</SessionToken>\
        <Expiration>2026-01-05T01:00:00Z</Expiration></Credentials></AssumeRoleResult>\
        </AssumeRoleResponse>";
    block_on(async {
        let script = Script::new([
            Answer::xml(200, assumed),
            Answer::json(200, FULL),
            Answer::json(200, FULL),
            Answer::xml(200, assumed),
            Answer::json(200, FULL),
        ]);
        let (clock, told) = (Wound::new(), Arc::new(Told::default()));
        let clients = counted(clock.clone(), script.clone(), told.clone()).await;
        let role = Some("arn:aws:iam::999900001111:role/ferry".to_owned());
        let account = Aws { region: "ap-northeast-1".to_owned(), assume_role_arn: role };
        for wait in [0, 1, 3_600] {
            clock.wind(Span::from_secs(wait));
            let client = clients.of(&account).await;
            let call = call("ecs:DescribeServices", &clock);
            client.read(call, || client.ecs.describe_services().send()).await.unwrap();
            assert_eq!(client.payer(Family::ServiceReads), "999900001111/ap-northeast-1");
            assert_eq!(client.payer(Family::Dns), "999900001111");
        }
        let hosts: Vec<_> =
            script.asked().iter().map(|it| it.uri().host().unwrap().to_owned()).collect();
        let (sts, ecs) = ("sts.ap-northeast-1.amazonaws.com", "ecs.ap-northeast-1.amazonaws.com");
        assert_eq!(hosts, [sts, ecs, ecs, sts, ecs], "renewed when it ran out");
        let (sts, ecs) = (("sts:AssumeRole", None), ("ecs:DescribeServices", None));
        assert_eq!(told.all(), [sts, ecs, ecs, sts, ecs], "each is counted");
        let signed = script.asked()[1].headers()["authorization"].to_str().unwrap().to_owned();
        assert!(signed.contains("ASIAROLE"), "{signed}");
    });
}

#[test]
fn a_role_that_may_not_be_assumed_is_denied_by_name() {
    let body = "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error>\
        <Type>Sender</Type><Code>AccessDenied</Code><Message>User is not authorized</Message>\
        </Error></ErrorResponse>";
    block_on(async {
        let (clock, script) = (Wound::new(), Script::new([Answer::xml(403, body)]));
        let told = Arc::new(Told::default());
        let clients = counted(clock.clone(), script.clone(), told.clone()).await;
        let role = Some("arn:aws:iam::999900001111:role/ferry".to_owned());
        let client = clients.of(&Aws { region: String::new(), assume_role_arn: role }).await;
        let call = call("ecs:UpdateService", &clock);
        let error = client.write(call, || client.ecs.update_service().service("api").send()).await;
        let error = error.map(drop).unwrap_err();
        assert_eq!((error.kind, error.operation), (ErrorKind::Denied, "ecs:UpdateService"));
        for words in ["sts:AssumeRole", "role/ferry", "AccessDenied"] {
            assert!(error.message.contains(words), "{error}");
        }
        let denied = ("sts:AssumeRole", Some(ErrorKind::Denied));
        assert_eq!(told.all(), [denied], "the call itself could not be signed");
    });
}

#[test]
fn every_attempt_counts_with_what_became_of_it() {
    block_on(async {
        let answers =
            [Answer::json(400, THROTTLED), Answer::lost(), Answer::json(200, FULL), Answer::lost()];
        let (clock, script, told) = (Wound::new(), Script::new(answers), Arc::new(Told::default()));
        let clients = counted(clock.clone(), script.clone(), told.clone()).await;
        let client = clients.of(&Aws::default()).await;
        let describe = call("ecs:DescribeServices", &clock);
        let read = client.read(describe, || client.ecs.describe_services().services("api").send());
        read.await.unwrap();
        let update = call("ecs:UpdateService", &clock);
        let sent = || client.ecs.update_service().service("api").send();
        client.write(update, sent).await.unwrap_err();
        let (read, write) = ("ecs:DescribeServices", "ecs:UpdateService");
        let expected = [
            (read, Some(ErrorKind::Throttled)),
            (read, Some(ErrorKind::Unreachable)),
            (read, None),
            (write, Some(ErrorKind::OutcomeUnknown)),
        ];
        assert_eq!((told.all(), script.asked().len()), (expected.to_vec(), 4));
    });
}

#[test]
fn what_had_no_turn_counts_as_no_request() {
    block_on(async {
        let script = Script::new((0..25).map(|_| Answer::json(200, FULL)));
        let (clock, told) = (Wound::new(), Arc::new(Told::default()));
        let clients = counted(clock.clone(), script.clone(), told.clone()).await;
        let client = clients.of(&Aws::default()).await;
        let at_once = Question { lane: Lane::Ordinary, until: clock.now() };
        let call = Call::new("ecs:DescribeServices", Family::ServiceReads, at_once);
        let mut refused = 0;
        for _ in 0..40 {
            let answer = client.read(call, || client.ecs.describe_services().send()).await;
            refused += usize::from(answer.is_err());
        }
        // The burst of the family.
        assert_eq!((script.asked().len(), refused), (25, 15));
        assert_eq!(told.all().len(), 25);
    });
}

#[test]
fn waits_between_attempts_grow_and_stay_within_bounds() {
    for millis in [0, 1, 499, 999] {
        let now = Time::from_millis(1_767_571_200_000 + millis);
        for (attempts, least) in [(1, 500), (2, 1_000), (3, 2_000)] {
            let wait = backoff(BACKOFF, attempts, now).as_millis();
            assert!((least..=2 * least).contains(&wait), "{wait} ms after {attempts}");
        }
    }
}
