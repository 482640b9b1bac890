//! `ferry init` and `ferry preflight` against a simulated region on a port, and against what is
//! none.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::thread;

use crate::ferry::{Answer, Folder, example};
use crate::running::Running;

/// `ferry region` with the example's services, six hours after its start.
pub(crate) fn region(folder: &Folder) -> Running {
    let arguments =
        ["region", "--listen", "127.0.0.1:0", "--speed", "0", "--scenario", "region.yaml"];
    let serving = |line: &str| {
        let rest = line.split("http://").nth(1)?;
        Some(rest.split(|it: char| it == '/' || it.is_whitespace()).next()?.to_owned())
    };
    let region = Running::start(&mut folder.to_run(&arguments), serving);
    let body = r#"{"until": "2026-01-05T06:00:00Z"}"#;
    let mut stream = std::net::TcpStream::connect(&region.address).unwrap();
    write!(
        stream,
        "POST /_region/advance HTTP/1.1\r\nhost: region\r\nconnection: close\r\ncontent-length: \
         {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    region
}

/// The example, which answers as often as it is asked: its clock stands still here, and with it
/// its turns.
pub(crate) fn scenario() -> String {
    let text = example("config/examples/region.yaml");
    text.replacen("seed: 1\n", "seed: 1\nrateLimits: false\n", 1)
}

fn folder(name: &str) -> Folder {
    Folder::new(name, &[("region.yaml", &scenario())])
}

/// Runs `ferry` without any credentials or region of this machine's environment.
pub(crate) fn ferry(folder: &Folder, address: &str, arguments: &str) -> Answer {
    let endpoint = format!("http://{address}");
    let mut all: Vec<&str> = arguments.split_whitespace().collect();
    all.extend(["--endpoint-url", &endpoint]);
    let mut command = folder.to_run(&all);
    for name in ["AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_SESSION_TOKEN"] {
        command.env_remove(name);
    }
    command.env("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE").env("AWS_SECRET_ACCESS_KEY", "secret");
    Answer::of(&command.output().unwrap())
}

pub(crate) fn draft(service: &str) -> String {
    format!("init --cluster prd --service {service} --region ap-northeast-1 -o {service}.yaml")
}

#[test]
fn a_draft_finds_the_router_of_each_kind_and_passes_on_to_preflight() {
    let folder = folder("drafts");
    let region = region(&folder);
    for (service, router) in [
        ("api", "type: route53Weighted"),
        ("search", "type: route53TrafficPolicy"),
        ("web", "type: albWeighted"),
    ] {
        let answer = ferry(&folder, &region.address, &draft(service));
        assert_eq!(answer.code, Some(0), "{}", answer.stderr);
        let text = folder.read(&format!("{service}.yaml"));
        assert!(text.contains(router) && !text.contains("REPLACE-ME"), "{text}");
        assert!(text.contains(&format!("service: {service}-fargate")), "{text}");
        assert!(text.contains("the 99th percentile of"), "the week was read: {text}");
        let valid = folder.ferry(&format!("validate {service}.yaml"));
        assert_eq!(valid.code, Some(0), "{}", valid.stderr);
    }
    let looked = ferry(&folder, &region.address, "preflight api.yaml search.yaml web.yaml -o json");
    assert_eq!(looked.code, Some(1), "{}", looked.stderr);
    let report: serde_json::Value = serde_json::from_str(&looked.stdout).unwrap();
    assert_eq!(report["migrations"], serde_json::json!(["api", "search", "web"]));
    let blockers: Vec<&str> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| finding["severity"] == "blocker")
        .map(|finding| finding["check"].as_str().unwrap())
        .collect();
    // All that the region has not: its tasks need no roles.
    assert_eq!(blockers, ["task.role"; 3], "{}", looked.stdout);
}

#[test]
fn a_draft_never_replaces_a_file() {
    let folder = Folder::new("draft-kept", &[("api.yaml", "mine")]);
    // Nothing is asked of anybody first.
    let answer = ferry(&folder, "127.0.0.1:1", &draft("api"));
    assert_eq!(answer.code, Some(2));
    assert!(answer.stderr.contains("is there already and is left as it is"), "{}", answer.stderr);
    assert_eq!(folder.read("api.yaml"), "mine");
}

#[test]
fn what_is_not_there_is_said_with_what_is() {
    let folder = folder("not-there");
    let region = region(&folder);
    let misspelt = ferry(&folder, &region.address, &draft("seach"));
    assert_eq!(misspelt.code, Some(2), "{}", misspelt.stderr);
    assert!(misspelt.stderr.contains("did you mean `search`?"), "{}", misspelt.stderr);
    let fargate = ferry(&folder, &region.address, &draft("api-fargate"));
    assert_eq!(fargate.code, Some(2));
    assert!(fargate.stderr.contains("name the service on EC2"), "{}", fargate.stderr);
    let elsewhere = "init --cluster prd --service api --region eu-west-1";
    let elsewhere = ferry(&folder, &region.address, elsewhere);
    assert_eq!(elsewhere.code, Some(3), "{}", elsewhere.stderr);
    assert!(elsewhere.stderr.contains("this is ap-northeast-1"), "{}", elsewhere.stderr);
}

/// The draft of `api`, changed.
fn changed(folder: &Folder, address: &str, from: &str, to: &str) -> Answer {
    let answer = ferry(folder, address, &draft("api"));
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    let text = folder.read("api.yaml");
    assert!(text.contains(from), "{from} is not in {text}");
    std::fs::write(folder.path().join("api.yaml"), text.replace(from, to)).unwrap();
    ferry(folder, address, "preflight api.yaml")
}

#[test]
fn a_file_that_does_not_fit_the_account_is_told_where() {
    let cases = [
        ("type: A}", "type: AAAA}", "api.example.com has no AAAA record in the zone; it has A."),
        ("ec2SetIdentifier: ec2", "ec2SetIdentifier: old", "identifier `old`; it has `ec2` and"),
        ("service: api-fargate", "service: api-fargat", "did you mean `api-fargate`?"),
        ("hostedZoneId: Z0EXAMPLE", "hostedZoneId: ZOTHER", "NoSuchHostedZone"),
        (
            "service: api}",
            "service: api, targetGroupArn: 'arn:aws:elasticloadbalancing:ap-northeast-1:123456789012:targetgroup/gone/0'}",
            "TargetGroupNotFound",
        ),
    ];
    for (at, (from, to, says)) in cases.into_iter().enumerate() {
        let folder = folder(&format!("unfit-{at}"));
        let region = region(&folder);
        let answer = changed(&folder, &region.address, from, to);
        assert_eq!(answer.code, Some(1), "{}", answer.stderr);
        let flat = answer.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.contains(says), "{says} is not in {}", answer.stdout);
    }
}

#[test]
fn two_files_of_one_record_are_a_blocker() {
    let folder = folder("one-record");
    let region = region(&folder);
    assert_eq!(ferry(&folder, &region.address, &draft("api")).code, Some(0));
    let second = folder.read("api.yaml").replace("  name: api\n", "  name: other\n");
    std::fs::write(folder.path().join("other.yaml"), second).unwrap();
    let answer = ferry(&folder, &region.address, "preflight api.yaml other.yaml");
    assert_eq!(answer.code, Some(1));
    assert!(answer.stdout.contains("migration.sameRoute"), "{}", answer.stdout);
    assert!(answer.stdout.contains("`api` moves record api.example.com A"), "{}", answer.stdout);
}

#[test]
fn a_denied_read_names_its_action() {
    let denied = "faults:\n  - {at: 0s, for: 30d, type: denied, api: 'ecs:DescribeServices'}\n";
    let text = format!("{}\n{denied}", scenario());
    let folder = Folder::new("denied", &[("region.yaml", &text)]);
    let region = region(&folder);
    let answer = ferry(&folder, &region.address, &draft("api"));
    assert_eq!(answer.code, Some(3), "{}", answer.stderr);
    assert!(answer.stderr.contains("allow ecs:DescribeServices"), "{}", answer.stderr);
}

/// A server that answers everything with the same.
fn always(status: &'static str, kind: &'static str, body: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut begun = [0_u8; 65_536];
            if !stream.read(&mut begun).is_ok_and(|count| count > 0) {
                continue;
            }
            write!(
                stream,
                "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\nconnection: close\r\ncontent-length: \
                 {}\r\n\r\n{body}",
                body.len()
            )
            .ok();
        }
    });
    address
}

#[test]
fn when_nothing_can_be_read_one_sentence_says_why() {
    let file = example("config/examples/tapple-api.yaml");
    let folder = Folder::new("nothing-read", &[("api.yaml", &file)]);
    let expired = always(
        "400 Bad Request",
        "application/x-amz-json-1.1",
        r#"{"__type":"ExpiredTokenException","message":"The security token is expired"}"#,
    );
    let page = always("200 OK", "text/html", "<html>Please log in</html>");
    for (address, says) in [
        (expired.as_str(), "the credentials have expired, renew them"),
        (page.as_str(), "is there a proxy between"),
        ("127.0.0.1:1", "the endpoint was not reached"),
    ] {
        let answer = ferry(&folder, address, "preflight api.yaml");
        assert_eq!(answer.code, Some(3), "{}{}", answer.stdout, answer.stderr);
        assert!(answer.stderr.contains(says), "{says} is not in {}", answer.stderr);
        assert_eq!(answer.stderr.lines().count(), 1, "{}", answer.stderr);
        assert_eq!(answer.stdout, "");
    }
}

#[test]
fn bad_input_is_refused_before_anything_is_asked() {
    let settings = example("config/examples/settings.yaml");
    let folder = Folder::new("account-input", &[("settings.yaml", &settings)]);
    for (arguments, says) in [
        ("preflight gone.yaml", "gone.yaml: cannot be read"),
        ("preflight settings.yaml", "holds no migration"),
        ("init --cluster arn:aws:ecs:x --service api", "write the name, not the ARN"),
        ("init --cluster prd --service api --fargate-service api", "name the twin"),
    ] {
        let answer = folder.ferry(arguments);
        assert_eq!(answer.code, Some(2), "{arguments}: {}", answer.stderr);
        assert!(answer.stderr.contains(says), "{arguments}: {}", answer.stderr);
    }
}
