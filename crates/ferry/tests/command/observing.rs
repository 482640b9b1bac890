//! `ferry run --cloud aws` against a region on a port: what it sees over the wire is what is so.

use std::fmt::Write as _;
use std::time::Duration;

use cloud::Clock as _;
use controller::Controller;
use futures::executor::block_on;
use model::settings::Settings;
use model::{Span, Time};
use region::{Region, RegionSpec, SimulatedCloud};
use store::{MemoryStore, Numbered, SqliteStore, Store};

use crate::ferry::Folder;
use crate::region::serving;
use crate::running::{Running, until};
use crate::stage::KEYS;

/// How long the region is watched.
const WATCHED: Span = Span::from_days(7);
const SEED: u64 = 5;

/// A day's load that rises and falls, and a hand that moves weights now and then: to Fargate over
/// days, and back when it is slow there.
fn scenario() -> String {
    let mut load = String::new();
    for minute in 0..1_440_u32 {
        let of_day = f64::from(minute) / 1_440.0 * std::f64::consts::TAU;
        write!(load, "{:.3}, ", 90.0 - 50.0 * of_day.cos()).unwrap();
    }
    let group = |side: &str, id: &str| {
        format!("arn:aws:elasticloadbalancing:ap-northeast-1:123456789012:targetgroup/{side}/{id}")
    };
    let (ec2, fargate) =
        (group("api-ec2", "0123456789abcdef"), group("api-fg", "123456789abcdef0"));
    format!(
        "apiVersion: ferry/v1\nkind: Region\nseed: {SEED}\nstart: 2026-01-05T00:00:00Z\n\
         applications:\n\
         - name: api\n  load: [{load}]\n  slowThreshold: 300ms\n  routes:\n  - route:\n      \
         {{type: route53Record, zone: Z0EXAMPLE, name: api.example.com, recordType: A, ec2Set: \
         ec2, fargateSet: fargate}}\n  sides:\n    ec2:\n      id: {{cluster: prd, service: \
         api}}\n      targetGroupArn: {ec2}\n    fargate:\n      id: {{cluster: prd, service: \
         api-fargate}}\n      targetGroupArn: {fargate}\n\
         faults:\n\
         - {{at: 5h, type: edit, target: fargate.min, value: \"40\"}}\n\
         - {{at: 6h, type: edit, target: weights, value: 10%}}\n\
         - {{at: 30h, type: edit, target: weights, value: 25%}}\n\
         - {{at: 2d2h, for: 40m, type: metricGap, side: fargate}}\n\
         - {{at: 3d, for: 3h, type: latency, side: fargate, factor: 1.6}}\n\
         - {{at: 3d4h, type: edit, target: weights, value: 0%}}\n\
         - {{at: 4d, type: edit, target: weights, value: 50%}}\n\
         - {{at: 5d, for: 30m, type: errors, side: fargate, rate: 20%}}\n"
    )
}

const MIGRATION: &str = "
apiVersion: ferry/v1
kind: Migration
metadata: {name: api}
spec:
  mode: observe
  aws: {region: ap-northeast-1}
  ec2: {cluster: prd, service: api}
  fargate: {cluster: prd, service: api-fargate}
  workload: {type: loadBalanced}
  traffic:
    router:
      type: route53Weighted
      hostedZoneId: Z0EXAMPLE
      records: [{name: api.example.com, type: A}]
      ec2SetIdentifier: ec2
      fargateSetIdentifier: fargate
    rollout: {steps: [10%, 25%, 50%, 75%, 100%], advance: evidence, dwellMin: 1h, bake: 48h}
  slos:
    - {name: latency, latency: {threshold: 300ms, objective: 99%}}
    - {name: availability, availability: {objective: 99.9%}}
";

/// Verdicts and events up to `end`, one line of JSON for each.
fn told(entries: &[Numbered], end: Time) -> String {
    let entries = entries.iter().filter(|numbered| numbered.entry.at < end);
    entries.map(|numbered| serde_json::to_string(&numbered.entry).unwrap() + "\n").collect()
}

fn history(store: &dyn Store) -> Vec<Numbered> {
    let mut all = Vec::new();
    loop {
        let after = all.last().map_or(0, |last: &Numbered| last.sequence);
        let page = block_on(store.history("api", after, 1_000)).unwrap();
        if page.is_empty() {
            return all;
        }
        all.extend(page);
    }
}

/// The same region and controller in this process.
fn in_process(scenario: &str) -> (Vec<Numbered>, Time) {
    let spec: RegionSpec = manifest::read_as("region.yaml", scenario, "Region").unwrap().remove(0);
    let world = SimulatedCloud::new(Region::new(&spec, SEED).unwrap());
    let store = std::sync::Arc::new(MemoryStore::new());
    let kept = std::sync::Arc::clone(&store) as std::sync::Arc<dyn Store>;
    let mut controller = Controller::new(world.cloud(), kept, Settings::default());
    let documents = manifest::read("api.yaml", MIGRATION).unwrap();
    let migration = documents[0].migration().unwrap().clone();
    controller.manage(1, std::sync::Arc::new(migration)).unwrap();
    let end = world.now() + WATCHED;
    while world.now() < end {
        let tick = block_on(controller.tick());
        block_on(world.sleep_until(tick.next_at));
    }
    (history(store.as_ref()), end)
}

#[test]
fn a_week_observed_over_the_wire_is_judged_as_in_the_same_process() {
    let scenario = scenario();
    let (expected, end) = in_process(&scenario);
    let (_served, region) = serving("observed-region", &scenario);
    let folder = Folder::new("observing", &[]);
    std::fs::create_dir(folder.path().join("config")).unwrap();
    std::fs::write(folder.path().join("config/api.yaml"), MIGRATION).unwrap();
    let url = format!("http://{}", region.address);
    let arguments = format!(
        "--cloud aws --endpoint-url {url} --clock region:{url} --config config --store kept.sqlite"
    );
    let mut ferry = Running::ferry_with(&folder, &KEYS, &arguments);
    until("the end of the week", Duration::from_secs(600), || {
        let (_, body) = region.get("/_region/clock")?;
        let now: serde_json::Value = serde_json::from_str(&body).ok()?;
        (now["now"].as_str()?.parse::<Time>().ok()? > end).then_some(())
    });
    ferry.terminate();
    let (status, _) = ferry.end_within(Duration::from_secs(20));
    assert!(status.success(), "{status}");
    let store = SqliteStore::open(&folder.path().join("kept.sqlite")).unwrap().store;
    let (expected, seen) = (told(&expected, end), told(&history(&store), end));
    let verdicts = expected.lines().filter(|line| line.contains("decision")).count();
    assert!(verdicts >= 10, "a week in which little was decided proves little:\n{expected}");
    for (line, (expected, seen)) in expected.lines().zip(seen.lines()).enumerate() {
        assert_eq!(expected, seen, "entry {line}");
    }
    assert_eq!(expected, seen, "one of them says more");
}

#[test]
fn an_endpoint_that_is_down_is_said_and_watched_for() {
    let folder = Folder::new("observing-down", &[]);
    std::fs::create_dir(folder.path().join("config")).unwrap();
    std::fs::write(folder.path().join("config/api.yaml"), MIGRATION).unwrap();
    let arguments = "--cloud aws --config config --endpoint-url http://127.0.0.1:9";
    let mut ferry = Running::ferry_with(&folder, &KEYS, arguments);
    let message = until("a condition", Duration::from_secs(90), || {
        let (_, body) = ferry.get("/api/v1/migrations/api")?;
        let seen: serde_json::Value = serde_json::from_str(&body).ok()?;
        let conditions = seen["status"]["conditions"].to_string();
        conditions.contains("PastUnknown").then_some(conditions)
    });
    assert!(message.contains("could not be reached"), "{message}");
    ferry.terminate();
    let (status, _) = ferry.end_within(Duration::from_secs(20));
    assert!(status.success(), "{status}");
}

#[test]
fn a_clock_that_is_no_regions_is_one_clear_error() {
    let folder = Folder::new("observing-clock", &[]);
    std::fs::create_dir(folder.path().join("config")).unwrap();
    std::fs::write(folder.path().join("config/api.yaml"), MIGRATION).unwrap();
    let run =
        |clock: &str| folder.ferry(&format!("run --cloud aws --config config --clock {clock}"));
    let answer = run("region:http://127.0.0.1:9");
    assert_eq!(answer.code, Some(3), "{}", answer.stderr);
    assert!(answer.stderr.contains("--clock region:http://127.0.0.1:9/: "), "{}", answer.stderr);
    let answer = run("wall");
    assert_eq!(answer.code, Some(2), "{}", answer.stderr);
    assert!(answer.stderr.contains("write `system`, or `region:`"), "{}", answer.stderr);
}
