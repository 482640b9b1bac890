//! `ferry region` and `ferry run --cloud aws` in lockstep: two processes and what passed between
//! them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use controller::Managed;
use model::{Span, Time};
use region::fault::FaultRow;
use region::load::{Load, Recorded};
use serde_json::Value;

use crate::ferry::{Answer, Folder};
use crate::region::serving;
use crate::running::{Running, until};
use crate::traces::traces;

/// Anything signs requests to a region.
pub(crate) const KEYS: [(&str, &str); 3] = [
    ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
    ("AWS_SECRET_ACCESS_KEY", "secret"),
    ("AWS_EC2_METADATA_DISABLED", "true"),
];

const START: &str = "2026-01-05T00:00:00Z";
/// More than any of these migrations takes.
const REGION_DAYS: u32 = 21;
/// No machine is so slow that a migration of days takes longer.
const LIMIT: Duration = Duration::from_secs(600);

/// The routers, as a migration's file has them.
pub(crate) const RECORDS: &str = "
      type: route53Weighted
      hostedZoneId: Z0EXAMPLE
      records: [{name: api.example.com, type: A}, {name: api.example.com, type: AAAA}]
      ec2SetIdentifier: ec2
      fargateSetIdentifier: fargate";
pub(crate) const TRAFFIC_FLOW: &str = "
      type: route53TrafficPolicy
      instances: [{id: 8f2a4c66-1d3b-4e5f-9a7c-0b1c2d3e4f50}]
      ec2Endpoint: ec2
      fargateEndpoint: fargate";
pub(crate) const RULE: &str = "
      type: albWeighted
      ruleArns: [\"arn:aws:elasticloadbalancing:ap-northeast-1:123456789012:listener-rule/app/web/\
                 456789abcdef0123/56789abcdef01234/6789abcdef012345\"]
      ec2TargetGroupArn: arn:aws:elasticloadbalancing:ap-northeast-1:123456789012:targetgroup/\
                 web-ec2/789abcdef0123456
      fargateTargetGroupArn: arn:aws:elasticloadbalancing:ap-northeast-1:123456789012:targetgroup/\
                 web-fargate/89abcdef01234567";

/// The API of the examples behind a router, in steps of an hour, without windows.
pub(crate) fn migration(router: &str) -> String {
    format!(
        "apiVersion: ferry/v1
kind: Migration
metadata: {{name: api}}
spec:
  mode: act
  aws: {{region: ap-northeast-1}}
  ec2: {{cluster: prd, service: api}}
  fargate: {{cluster: prd, service: api-fargate}}
  workload: {{type: loadBalanced}}
  traffic:
    router:{router}
    rollout: {{steps: [1%, 5%, 25%, 50%, 75%, 100%], advance: dwell, dwellMin: 1h, bake: 6h}}
  slos:
    - {{name: latency, latency: {{threshold: 300ms, objective: 99%}}}}
    - {{name: availability, availability: {{objective: 99.9%}}}}
  drain: {{quietFor: 1h, requestsPerMinuteMax: 200}}
"
    )
}

/// Two processes about one migration.
pub(crate) struct Stage {
    pub(crate) folder: Folder,
    pub(crate) region: Running,
    pub(crate) start: Time,
    _served: Folder,
}

impl Stage {
    /// A region with a week of past, and a folder with the migration; nobody has adopted it.
    /// `None`, said aloud, where the recorded load is not there.
    pub(crate) fn new(test: &str, migration: &str, faults: &str) -> Option<Self> {
        let scenario = scenario(migration, faults)?;
        let (served, region) = serving(&format!("{test}-region"), &scenario);
        let folder = Folder::new(test, &[]);
        std::fs::create_dir(folder.path().join("config")).unwrap();
        std::fs::write(folder.path().join("config/api.yaml"), migration).unwrap();
        let start = START.parse().unwrap();
        let stage = Self { folder, region, start, _served: served };
        stage.advance_to(start);
        Some(stage)
    }

    /// The same, adopted.
    pub(crate) fn adopted(test: &str, migration: &str, faults: &str) -> Option<Self> {
        let stage = Self::new(test, migration, faults)?;
        let answer = stage.ferry("adopt config/api.yaml --yes");
        assert_eq!(answer.code, Some(0), "{}\n{}", answer.stdout, answer.stderr);
        Some(stage)
    }

    fn advance_to(&self, until: Time) {
        let (status, body) =
            self.region.post("/_region/advance", &format!("{{\"until\": \"{until}\"}}"));
        assert_eq!(status, 200, "{body}");
    }

    /// A command of ferry's that looks into the region.
    pub(crate) fn ferry(&self, arguments: &str) -> Answer {
        let mut all: Vec<&str> = arguments.split_whitespace().collect();
        let endpoint = format!("http://{}", self.region.address);
        all.extend(["--endpoint-url", &endpoint]);
        Answer::of(&self.folder.to_run(&all).envs(KEYS).output().unwrap())
    }

    /// The daemon, whose waiting moves the region's clock.
    pub(crate) fn daemon(&self) -> Running {
        self.daemon_with(&KEYS)
    }

    pub(crate) fn daemon_with(&self, variables: &[(&str, &str)]) -> Running {
        let url = format!("http://{}", self.region.address);
        let arguments = format!(
            "--cloud aws --endpoint-url {url} --clock region:{url} --config config \
             --store kept.sqlite"
        );
        Running::ferry_with(&self.folder, variables, &arguments)
    }

    /// How long the region has been watched.
    pub(crate) fn passed(&self) -> Span {
        let (_, body) = self.region.get("/_region/clock").unwrap();
        let now: Value = serde_json::from_str(&body).unwrap();
        now["now"].as_str().unwrap().parse::<Time>().unwrap().since(self.start)
    }

    /// Waits until the migration's status is so, or the region has been watched for `most`.
    pub(crate) fn until(
        &self,
        ferry: &Running,
        what: &str,
        most: Span,
        is_so: impl Fn(&Value) -> bool,
    ) -> Value {
        until(what, LIMIT, || {
            let passed = self.passed();
            let seen = self.status(ferry)?;
            if is_so(&seen) {
                return Some(seen);
            }
            assert!(passed <= most, "{what} has not come in {passed}: {seen:#}");
            None
        })
    }

    /// What the daemon shows of the migration.
    pub(crate) fn status(&self, ferry: &Running) -> Option<Value> {
        let (status, body) = ferry.get("/api/v1/migrations/api")?;
        (status == 200).then(|| serde_json::from_str(&body).unwrap())
    }

    /// How many requests that change something a daemon has sent, by operation.
    pub(crate) fn written(ferry: &Running) -> BTreeMap<String, u64> {
        let text = ferry.metrics("its requests", |_| true);
        let mut written = BTreeMap::new();
        for operation in aws::OPERATIONS.iter().filter(|operation| operation.writes) {
            let (_, name) = operation.action.split_once(':').unwrap();
            let series = format!("ferry_aws_api_requests_total{{operation=\"{name}\",");
            let counts = text.lines().filter(|line| line.starts_with(&series));
            let sent: u64 =
                counts.map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()).sum();
            if sent > 0 {
                written.insert(name.to_owned(), sent);
            }
        }
        written
    }

    /// Every change that was asked for in the region.
    pub(crate) fn journal(&self) -> Vec<Change> {
        let (_, body) = self.region.get("/_region/journal").unwrap();
        let journal: Value = serde_json::from_str(&body).unwrap();
        let entries = journal["entries"].as_array().unwrap();
        entries.iter().map(|entry| Change(entry.clone())).collect()
    }
}

/// A change that was asked for.
#[derive(Debug, Clone)]
pub(crate) struct Change(Value);

impl Change {
    pub(crate) fn is_ours(&self) -> bool {
        self.0["author"] == "caller"
    }

    pub(crate) fn is_made(&self) -> bool {
        self.0["outcome"] == "made" || self.0["outcome"] == "madeReplyLost"
    }

    pub(crate) fn at(&self) -> Time {
        self.0["at"].as_str().unwrap().parse().unwrap()
    }

    /// The share of one route before and after, in parts per thousand, where it is about one.
    pub(crate) fn shares(&self) -> Option<(u64, u64)> {
        let change = &self.0["change"];
        let share = |pair: &Value| {
            let (ec2, fargate) = (pair["ec2"].as_u64()?, pair["fargate"].as_u64()?);
            Some((1_000 * fargate + (ec2 + fargate) / 2) / (ec2 + fargate))
        };
        if change["type"] != "weights" {
            return None;
        }
        Some((share(&change["before"])?, share(&change["after"])?))
    }

    /// The minimum of a service before and after, where it is about one.
    pub(crate) fn minimums(&self) -> Option<(&str, u64, u64)> {
        let change = &self.0["change"];
        let least = |bounds: &Value| bounds["min"].as_u64();
        let service = change["service"]["service"].as_str()?;
        Some((service, least(&change["before"])?, least(&change["after"])?))
    }
}

/// Whether a condition of a status holds.
pub(crate) fn holds(seen: &Value, kind: &str) -> bool {
    condition(seen, kind).is_some_and(|condition| condition["status"] == "True")
}

pub(crate) fn condition<'a>(seen: &'a Value, kind: &str) -> Option<&'a Value> {
    let conditions = seen["status"]["conditions"].as_array()?;
    conditions.iter().find(|condition| condition["type"] == kind)
}

/// The region of a migration on three weeks of a football site, seven and a half times as busy.
fn scenario(migration: &str, faults: &str) -> Option<String> {
    let trace = traces()?.join("worldcup98_1998-05-11_to_07-14_1min.csv");
    let recorded = Recorded::read(&std::fs::read_to_string(trace).unwrap()).unwrap();
    let weeks = recorded.load.rates()[..21 * 1_440].to_vec();
    let load = Load::new(weeks).unwrap().scaled(7.5).unwrap();
    let documents = manifest::read("api.yaml", migration).unwrap();
    let migration = documents[0].migration().unwrap().clone();
    let managed = Managed::new(1, Arc::new(migration)).unwrap();
    let faults: Vec<FaultRow> = manifest::read_as("faults.yaml", &script(faults), "FaultScript")
        .map(|scripts: Vec<region::fault::FaultScript>| scripts)
        .unwrap()
        .into_iter()
        .flat_map(|script| script.faults)
        .collect();
    let spec = rehearsal::world::build(
        std::slice::from_ref(&managed),
        &load,
        START.parse().unwrap(),
        REGION_DAYS,
        &faults,
    );
    Some(serde_json::to_string(&spec.unwrap()).unwrap())
}

fn script(faults: &str) -> String {
    let faults = if faults.is_empty() { " []" } else { faults };
    format!("apiVersion: ferry/v1\nkind: FaultScript\nfaults:{faults}\n")
}
