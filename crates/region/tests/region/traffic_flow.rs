//! Traffic Flow as the router moves it and as the region carries it out.

use std::sync::Arc;

use cloud::traffic_flow::{MARK, PolicyVersion};
use cloud::{ErrorKind, Router as _, Shift, TrafficFlow as _};
use futures::executor::block_on;
use model::route::{Propagation, Route, Routes, Split, WeightPair, Weights};
use model::{PerSide, Share, Side, Span};
use region::fault::{Edit, FaultRow};
use region::journal::{Author, Change, Entry};
use region::request::{Request, Response};
use region::spec::TrafficPolicySpec;
use region::{Region, RegionSpec, SimulatedCloud};

use crate::world::{pass, quiet, record};

const fn pair(ec2: u32, fargate: u32) -> WeightPair {
    WeightPair { ec2, fargate }
}

fn instance(id: &str) -> Route {
    Route::TrafficPolicyInstance {
        id: id.to_owned(),
        ec2_endpoint: "old".to_owned(),
        fargate_endpoint: "new".to_owned(),
    }
}

fn policy(id: &str, record_type: &str, instances: &[&str]) -> TrafficPolicySpec {
    let endpoints = PerSide { ec2: "old", fargate: "new" };
    let instances = instances.iter().map(|id| (*id).to_owned()).collect();
    TrafficPolicySpec::new(id, record_type, endpoints, instances)
}

/// As people write them: split by country, with a page for bad days, by strings and numbers.
const BY_COUNTRY: &str = r#"{"AWSPolicyFormatVersion":"2023-05-09", "RecordType":"A",
  "StartRule":"where", "Notes":["kept",1.50],
  "Endpoints":{"old":{"Type":"application-load-balancer","Value":"a.elb.amazonaws.com"},
    "new":{"Type":"application-load-balancer","Value":"b.elb.amazonaws.com"},
    "sorry":{"Type":"s3-website","Region":"ap-northeast-1","Value":"sorry"}},
  "Rules":{"where":{"RuleType":"geo","Locations":[{"Country":"JP","RuleReference":"japan"},
      {"IsDefault":"true","RuleReference":"world"}]},
    "world":{"RuleType":"weighted","Items":[{"Weight":"0","EndpointReference":"new"},
      {"EndpointReference":"old","Weight" : "255","HealthCheck":"hc-1"}]},
    "japan":{"RuleType":"weighted","Items":[{"EndpointReference":"old","Weight":255},
      {"EndpointReference":"new","Weight":0},{"EndpointReference":"sorry","Weight":"0"}]}}}"#;

/// An application behind these instances.
fn spec(routes: &[&str], policies: Vec<TrafficPolicySpec>) -> RegionSpec {
    let mut spec = quiet(100.0, record());
    let application = &mut spec.applications[0];
    application.routes = routes
        .iter()
        .map(|id| region::spec::RouteSpec {
            route: instance(id),
            traffic: 1.0 / routes.len() as f64,
        })
        .collect();
    application.sides.fargate.desired = 30;
    spec.traffic_policies = policies;
    spec
}

fn routes(routes: &[Route]) -> Routes {
    Routes { account: Arc::default(), routes: routes.to_vec() }
}

struct Flow {
    cloud: SimulatedCloud,
    routes: Vec<Route>,
}

impl Flow {
    fn new(routes: &[&str], policies: Vec<TrafficPolicySpec>) -> Self {
        Self::with(&spec(routes, policies))
    }

    fn with(spec: &RegionSpec) -> Self {
        let routes = spec.applications[0].routes.iter().map(|route| route.route.clone()).collect();
        Self { cloud: SimulatedCloud::new(Region::new(spec, 5).expect("a region")), routes }
    }

    /// A and AAAA of one name.
    fn pair() -> Self {
        let policies = vec![policy("p4", "A", &["v4"]), policy("p6", "AAAA", &["v6"])];
        Self::new(&["v4", "v6"], policies)
    }

    fn single() -> Self {
        Self::new(&["v4"], vec![policy("p4", "A", &["v4"])])
    }

    fn look(&self) -> Split {
        let mut splits = block_on(self.cloud.observe(&[routes(&self.routes)]));
        splits.remove(0).expect("the instances are there")
    }

    fn shift(&self, weights: WeightPair, rollback: bool) -> Shift {
        let expected = self.look().weights;
        let weights = expected.keys().map(|key| (key.clone(), weights)).collect();
        let Routes { account, routes } = routes(&self.routes);
        let sticky = model::route::Sticky::new();
        Shift { account, routes, expected, weights, rollback, sticky }
    }

    fn set(&self, shift: &Shift) -> Result<bool, (ErrorKind, String)> {
        let answer = block_on(self.cloud.set(std::slice::from_ref(shift))).remove(0);
        answer.map(|applied| applied.written).map_err(|error| (error.kind, error.message))
    }

    fn go(&self, fargate: u32, rollback: bool) -> Result<bool, (ErrorKind, String)> {
        self.set(&self.shift(pair(100 - fargate, fargate), rollback))
    }

    fn pass(&self, span: Span) {
        self.cloud.with(|region| pass(region, span));
    }

    fn versions(&self, policy: &str) -> Vec<PolicyVersion> {
        block_on(self.cloud.versions(policy)).expect("the policy is there")
    }

    fn numbers(&self, policy: &str) -> Vec<u32> {
        self.versions(policy).iter().map(|version| version.number).collect()
    }

    /// The operations of Ferry's writes since there were `before` entries.
    fn writes(&self, before: usize) -> Vec<&'static str> {
        let entries = self.journal();
        let own = entries.iter().skip(before).filter(|entry| entry.author == Author::Caller);
        own.map(|entry| entry.operation).collect()
    }

    fn journal(&self) -> Vec<Entry> {
        self.cloud.with(|region| region.journal().entries().to_vec())
    }

    fn share(&self) -> f64 {
        self.cloud.with(|region| region.truth(0)).expect("an application").share_realised
    }

    fn ask(&self, request: &Request<'_>) -> Response {
        self.cloud.with(|region| region.handle(request))
    }
}

const UPDATE: &str = "route53:UpdateTrafficPolicyInstance";
const CREATE: &str = "route53:CreateTrafficPolicyVersion";

fn row(name: &str, api: &str) -> FaultRow {
    FaultRow {
        at: Some(Span::ZERO),
        r#type: name.to_owned(),
        api: Some(api.to_owned()),
        ..FaultRow::default()
    }
}

#[test]
fn a_step_writes_nothing_but_the_weights_of_every_rule() {
    let by_hand = TrafficPolicySpec { document: BY_COUNTRY.to_owned(), ..policy("p", "A", &["i"]) };
    let flow = Flow::new(&["i"], vec![by_hand]);
    assert_eq!(flow.look().weights.values().next(), Some(&pair(255, 0)));
    assert_eq!(flow.go(10, false), Ok(true));
    let expected = BY_COUNTRY
        .replace(
            r#""Weight":"0","EndpointReference":"new""#,
            r#""Weight":"10","EndpointReference":"new""#,
        )
        .replace(r#""Weight" : "255""#, r#""Weight" : "90""#)
        .replace(r#""old","Weight":255"#, r#""old","Weight":90"#)
        .replace(r#""new","Weight":0}"#, r#""new","Weight":10}"#);
    let versions = flow.versions("p");
    assert_eq!(versions.last().unwrap().document, expected);
    assert!(versions.last().unwrap().comment.starts_with(MARK));
    flow.pass(Span::from_mins(5));
    assert_eq!(flow.go(0, true), Ok(true));
    assert_eq!(flow.look().weights.values().next(), Some(&pair(100, 0)));
}

#[test]
fn a_rollback_is_one_write_for_each_instance() {
    let flow = Flow::pair();
    for share in [1, 10, 25] {
        assert_eq!(flow.go(share, false), Ok(true));
        flow.pass(Span::from_mins(5));
    }
    let before = flow.journal().len();
    assert_eq!(flow.go(0, true), Ok(true));
    assert_eq!(flow.writes(before), [UPDATE, UPDATE]);
    assert_eq!(flow.look().share(), Some(Share::ZERO));
    // So it is where the team's own document says 0 % by other weights.
    let by_hand = TrafficPolicySpec { document: BY_COUNTRY.to_owned(), ..policy("p", "A", &["i"]) };
    let flow = Flow::new(&["i"], vec![by_hand]);
    for share in [1, 5, 10, 25, 50, 75, 100] {
        assert_eq!(flow.go(share, false), Ok(true));
        flow.pass(Span::from_mins(5));
    }
    let before = flow.journal().len();
    assert_eq!(flow.go(0, true), Ok(true));
    assert_eq!(flow.writes(before), [UPDATE], "the oldest version of all is still there");
    let made = flow.writes(0).into_iter().filter(|operation| *operation == CREATE).count();
    assert_eq!(made, 8, "one for each step and the way back, which was never made anew");
}

#[test]
fn another_attempt_uses_the_versions_that_are_left() {
    let flow = Flow::single();
    for share in [1, 5, 10, 25] {
        assert_eq!(flow.go(share, false), Ok(true));
        flow.pass(Span::from_mins(5));
    }
    assert_eq!(flow.go(0, true), Ok(true));
    flow.pass(Span::from_mins(5));
    let before = flow.journal().len();
    assert_eq!(flow.go(1, false), Ok(true));
    assert_eq!(flow.writes(before), [UPDATE], "though it is old enough to be deleted");
}

#[test]
fn no_step_is_taken_before_the_way_back_is_ready() {
    let by_hand = TrafficPolicySpec { document: BY_COUNTRY.to_owned(), ..policy("p", "A", &["i"]) };
    let mut world = spec(&["i"], vec![by_hand]);
    world.faults = vec![FaultRow { r#for: Some(Span::from_mins(9)), ..row("denied", CREATE) }];
    let flow = Flow::with(&world);
    flow.pass(Span::from_mins(1));
    assert_eq!(flow.go(5, false).map_err(|(kind, _)| kind), Err(ErrorKind::Denied));
    assert_eq!(flow.look().share(), Some(Share::ZERO));
    flow.pass(Span::from_mins(10));
    assert_eq!(flow.go(5, false), Ok(true));
}

#[test]
fn an_instance_found_on_the_way_can_go_back_as_well() {
    let document = policy("p", "A", &["i"]).document.replace("\"100\"", "\"70\"");
    let document = document.replace("\"0\"", "\"30\"");
    let mut world = spec(&["i"], vec![TrafficPolicySpec { document, ..policy("p", "A", &["i"]) }]);
    world.applications[0].share = Share::percent(30);
    let flow = Flow::with(&world);
    let before = flow.journal().len();
    assert_eq!(flow.go(0, true), Ok(true));
    assert_eq!(flow.writes(before), [CREATE, UPDATE]);
}

#[test]
fn versions_stay_few_and_only_those_of_ferry_go() {
    let flow = Flow::new(&["v4"], vec![policy("p4", "A", &["v4", "somebody"])]);
    let document = flow.versions("p4")[0].document.clone();
    for note in ["by the team", ""] {
        let made = block_on(flow.cloud.create_version("p4", &document, note));
        assert!(made.is_ok());
    }
    let mut most = 0;
    for step in 1..=60 {
        assert_eq!(flow.go(step, false), Ok(true), "{step}");
        flow.pass(Span::from_mins(5));
        most = most.max(flow.numbers("p4").len());
        if step == 3 {
            // Somebody else's instance uses one of them from now on.
            let used = flow.versions("p4").last().unwrap().number;
            flow.cloud.with(|region| region.point_instance("somebody", used));
        }
    }
    // Three of the team, one in somebody's use, the last three and the new one.
    assert!(most <= 8, "{most} versions at once");
    let numbers = flow.numbers("p4");
    let used = block_on(flow.cloud.instance("somebody")).unwrap().version;
    for kept in [1, 2, 3, used] {
        assert!(numbers.contains(&kept), "{kept} of {numbers:?}");
    }
    // Nothing in use was even asked for.
    assert!(flow.journal().iter().all(|entry| entry.outcome.made()));
    assert_eq!(flow.go(0, true), Ok(true));
}

#[test]
fn old_versions_that_cannot_be_deleted_stop_no_step_until_they_are_too_many() {
    let mut world = spec(&["v4"], vec![policy("p4", "A", &["v4"])]);
    world.faults = vec![row("denied", "route53:DeleteTrafficPolicy")];
    let flow = Flow::with(&world);
    flow.pass(Span::from_mins(1));
    let mut refused = None;
    for step in 1..=40 {
        if let Err((kind, _)) = flow.go(step, false) {
            refused = Some((step, kind));
            break;
        }
        flow.pass(Span::from_mins(5));
    }
    assert_eq!(refused, Some((22, ErrorKind::Denied)));
    assert_eq!(flow.go(0, true), Ok(true), "a rollback collects nothing");
}

#[test]
fn any_state_is_seen_and_stops_no_rollback() {
    for (state, expected) in [
        ("Applied", Propagation::InSync { since: None }),
        ("Creating", Propagation::Pending),
        ("Updating", Propagation::Pending),
        ("Deleting", Propagation::Pending),
        ("Failed", Propagation::Failed),
        ("applied", Propagation::Pending),
        ("SomethingNew", Propagation::Pending),
        ("", Propagation::Pending),
    ] {
        let flow = Flow::pair();
        assert_eq!(flow.go(25, false), Ok(true));
        flow.pass(Span::from_mins(5));
        flow.cloud.with(|region| region.instance_says("v6", state, "because"));
        assert_eq!(flow.look().propagation, expected, "{state}");
        assert_eq!(flow.go(0, true), Ok(true), "{state}");
        flow.pass(Span::from_mins(5));
        let split = flow.look();
        assert_eq!(split.share(), Some(Share::ZERO), "{state}");
        assert_eq!(split.propagation, Propagation::InSync { since: None }, "{state}");
    }
}

#[test]
fn a_change_that_failed_is_made_again() {
    let flow = Flow::pair();
    assert_eq!(flow.go(50, false), Ok(true));
    flow.cloud.with(|region| region.instance_says("v6", "Failed", "too many records"));
    flow.pass(Span::from_mins(10));
    // Half of the traffic never got there.
    assert!((flow.share() - 0.25).abs() < 0.02, "{}", flow.share());
    let before = flow.journal().len();
    assert_eq!(flow.go(50, false), Ok(true));
    assert_eq!(flow.writes(before), [UPDATE], "of the one that failed, and no new version");
    flow.pass(Span::from_mins(10));
    assert!((flow.share() - 0.5).abs() < 0.02, "{}", flow.share());
    assert_eq!(flow.go(50, false), Ok(false));
}

#[test]
fn half_a_change_is_told_and_the_next_one_does_the_rest() {
    for rollback in [false, true] {
        let flow = Flow::pair();
        assert_eq!(flow.go(10, false), Ok(true));
        flow.pass(Span::from_mins(5));
        let used = block_on(flow.cloud.instance("v6")).unwrap().version;
        // Somebody saves the same version again in the console: an update is under way.
        flow.cloud.with(|region| region.point_instance("v6", used));
        let target = if rollback { 0 } else { 25 };
        let (kind, message) = flow.go(target, rollback).unwrap_err();
        assert_eq!(kind, ErrorKind::OutcomeUnknown);
        assert!(
            message.contains("1 of 2") && message.contains("PriorRequestNotComplete"),
            "{message}"
        );
        let split = flow.look();
        assert_eq!((split.share(), split.propagation), (None, Propagation::Pending));
        flow.pass(Span::from_mins(5));
        let before = flow.journal().len();
        assert_eq!(flow.go(target, rollback), Ok(true));
        assert_eq!(flow.writes(before), [UPDATE], "what was made is made use of");
        assert_eq!(flow.look().share(), pair(100 - target, target).share());
    }
}

#[test]
fn a_version_whose_reply_was_lost_is_not_made_twice() {
    let mut world = spec(&["v4"], vec![policy("p4", "A", &["v4"])]);
    world.faults = vec![FaultRow { nth: Some(1), ..row("lostReply", CREATE) }];
    let flow = Flow::with(&world);
    flow.pass(Span::from_mins(1));
    assert_eq!(flow.go(5, false).map_err(|(kind, _)| kind), Err(ErrorKind::OutcomeUnknown));
    assert_eq!(flow.numbers("p4"), [1, 2]);
    assert_eq!(flow.go(5, false), Ok(true));
    assert_eq!(flow.numbers("p4"), [1, 2]);
}

#[test]
fn rules_that_differ_hold_steps_and_no_rollback() {
    let by_hand = TrafficPolicySpec { document: BY_COUNTRY.to_owned(), ..policy("p", "A", &["i"]) };
    let flow = Flow::new(&["i"], vec![by_hand]);
    assert_eq!(flow.go(10, false), Ok(true));
    flow.pass(Span::from_mins(5));
    // Somebody gives Japan more by hand.
    let document = flow.versions("p").last().unwrap().document.clone();
    let differing = document.replace(r#""old","Weight":90"#, r#""old","Weight":40"#);
    let made = block_on(flow.cloud.create_version("p", &differing, "by hand")).unwrap().number;
    flow.cloud.with(|region| region.point_instance("i", made));
    flow.pass(Span::from_mins(5));
    let split = flow.look();
    assert_eq!(split.propagation, Propagation::Divided);
    assert_eq!(split.weights.values().next(), Some(&pair(40, 10)), "what asks for most");
    let (kind, message) = flow.go(25, false).unwrap_err();
    assert_eq!(kind, ErrorKind::Conflict);
    assert!(message.contains("policy p") && message.contains("`japan` 40/10"), "{message}");
    assert_eq!(flow.go(0, true), Ok(true));
    assert_eq!(flow.look().share(), Some(Share::ZERO));
}

#[test]
fn a_document_without_the_endpoints_is_named() {
    let flow = Flow::single();
    let Route::TrafficPolicyInstance { id, ec2_endpoint, .. } = instance("v4") else { return };
    let fargate_endpoint = "green".to_owned();
    let route = Route::TrafficPolicyInstance { id, ec2_endpoint, fargate_endpoint };
    let error = block_on(flow.cloud.observe(&[routes(&[route])])).remove(0).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Invalid);
    let words = ["policy p4 version 1", "`green`", "`new`, `old`"];
    assert!(words.iter().all(|word| error.message.contains(word)), "{}", error.message);
}

#[test]
fn answers_that_live_long_are_refused_on_the_way_up_only() {
    let document = policy("p", "A", &["i"]).document.replace("application-load-balancer", "value");
    let slow = TrafficPolicySpec { document, ttl: Span::from_mins(5), ..policy("p", "A", &["i"]) };
    let flow = Flow::new(&["i"], vec![slow]);
    let (kind, message) = flow.go(5, false).unwrap_err();
    assert_eq!(kind, ErrorKind::Invalid);
    assert!(message.contains("TTL of 5m"), "{message}");
    // An alias of a balancer has the balancer's 60 s, whatever the instance says.
    let alias = TrafficPolicySpec { ttl: Span::from_mins(5), ..policy("p", "A", &["i"]) };
    let flow = Flow::new(&["i"], vec![alias]);
    assert_eq!(flow.go(5, false), Ok(true));
    assert_eq!(block_on(flow.cloud.instance("i")).unwrap().ttl, Span::from_mins(5), "kept");
}

#[test]
fn the_last_versions_of_a_policy_are_left_to_rollbacks() {
    let flow = Flow::single();
    let document = flow.versions("p4")[0].document.clone();
    assert_eq!(flow.go(50, false), Ok(true));
    flow.pass(Span::from_mins(5));
    let create = |document: &str| {
        flow.ask(&Request::CreatePolicyVersion { policy: "p4", document, comment: "" })
    };
    while flow.versions("p4").last().unwrap().number < 988 {
        assert!(create(&document).policy_version().is_ok());
    }
    let (kind, message) = flow.go(75, false).unwrap_err();
    assert_eq!(kind, ErrorKind::QuotaReached);
    assert!(message.contains("988 of 1000") && message.contains("new policy"), "{message}");
    assert_eq!(flow.go(20, true), Ok(true), "EC2 can take a part only");
    while flow.versions("p4").last().unwrap().number < 1_000 {
        assert!(create(&document).policy_version().is_ok());
    }
    let full = create(&document).policy_version().unwrap_err();
    assert_eq!(full.kind, ErrorKind::QuotaReached);
    assert!(full.message.starts_with("TooManyTrafficPolicyVersionsForCurrentPolicy"), "{full}");
    flow.pass(Span::from_mins(5));
    assert_eq!(flow.go(0, true), Ok(true), "the way back needs no version");
}

#[test]
fn numbers_are_given_once() {
    let flow = Flow::single();
    let document = flow.versions("p4")[0].document.clone();
    let create = || block_on(flow.cloud.create_version("p4", &document, "")).unwrap().number;
    assert_eq!((create(), create()), (2, 3));
    assert_eq!(block_on(flow.cloud.delete_version("p4", 3)), Ok(()));
    assert_eq!(create(), 4);
    assert_eq!(flow.numbers("p4"), [1, 2, 4]);
}

#[test]
fn errors_have_the_names_that_aws_gives_them() {
    let flow = Flow::pair();
    let document = flow.versions("p4")[0].document.clone();
    let ipv6 = flow.versions("p6")[0].document.clone();
    let ttl = Span::from_secs(60);
    let update = |id, policy, number| Request::UpdatePolicyInstance { id, ttl, policy, number };
    let create = |policy, document| Request::CreatePolicyVersion { policy, document, comment: "" };
    let cases = [
        (
            Request::GetPolicyInstance { id: "x" },
            ErrorKind::NotFound,
            "NoSuchTrafficPolicyInstance",
        ),
        (
            Request::GetPolicyVersion { policy: "p4", number: 9 },
            ErrorKind::NotFound,
            "NoSuchTrafficPolicy",
        ),
        (Request::ListPolicyVersions { policy: "x" }, ErrorKind::NotFound, "NoSuchTrafficPolicy"),
        (
            Request::ListPolicyInstances { policy: "p4", number: 7 },
            ErrorKind::NotFound,
            "NoSuchTrafficPolicy",
        ),
        (create("x", &document), ErrorKind::NotFound, "NoSuchTrafficPolicy"),
        (create("p4", "{}"), ErrorKind::Invalid, "InvalidTrafficPolicyDocument"),
        (create("p4", &ipv6), ErrorKind::Invalid, "InvalidTrafficPolicyDocument"),
        (update("x", "p4", 1), ErrorKind::NotFound, "NoSuchTrafficPolicyInstance"),
        (update("v4", "p4", 9), ErrorKind::NotFound, "NoSuchTrafficPolicy"),
        (update("v4", "p6", 1), ErrorKind::Invalid, "ConflictingTypes"),
        (
            Request::DeletePolicyVersion { policy: "p4", number: 1 },
            ErrorKind::Conflict,
            "TrafficPolicyInUse",
        ),
        (
            Request::DeletePolicyVersion { policy: "p4", number: 5 },
            ErrorKind::NotFound,
            "NoSuchTrafficPolicy",
        ),
    ];
    for (request, kind, name) in cases {
        let Response::Failed(error) = flow.ask(&request) else { panic!("{request:?}") };
        assert_eq!(error.kind, kind, "{request:?}");
        assert!(error.message.starts_with(&format!("{name}:")), "{error}");
    }
    assert!(flow.ask(&update("v4", "p4", 1)).policy_instance().is_ok());
    let busy = flow.ask(&update("v4", "p4", 1)).policy_instance().unwrap_err();
    assert_eq!(busy.kind, ErrorKind::Busy);
    assert!(busy.message.starts_with("PriorRequestNotComplete:"), "{busy}");
}

#[test]
fn clients_follow_after_the_instance_is_applied() {
    let flow = Flow::single();
    assert_eq!(flow.go(50, false), Ok(true));
    let mut applied_after = None;
    for tick in 1..=60_u64 {
        flow.pass(Span::from_secs(10));
        let is_applied = flow.look().propagation != Propagation::Pending;
        if !is_applied {
            assert!(flow.share() < 1e-9, "nothing moves before");
        } else if applied_after.is_none() {
            applied_after = Some(10 * tick);
        }
    }
    let applied_after = applied_after.expect("it is applied in ten minutes");
    assert!((20..=130).contains(&applied_after), "{applied_after} s");
    assert!((flow.share() - 0.5).abs() < 0.01, "{}", flow.share());
    let side = flow.cloud.with(|region| region.truth(0)).unwrap().sides;
    assert!(side.get(Side::Fargate).healthy > 0);
}

#[test]
fn an_outsider_edits_in_the_console_and_is_seen() {
    let flow = Flow::pair();
    assert_eq!(flow.go(25, false), Ok(true));
    flow.pass(Span::from_mins(5));
    flow.cloud.with(|region| region.edit(Edit::Weights(Share::percent(5))));
    assert_eq!(flow.look().share(), Some(Share::percent(5)));
    // A change that expects what was there before is refused whole.
    let keys = flow.look().weights;
    let stale = |weights: WeightPair| -> Weights {
        keys.keys().map(|key| (key.clone(), weights)).collect()
    };
    let shift = Shift {
        sticky: model::route::Sticky::new(),
        account: Arc::default(),
        routes: flow.routes.clone(),
        expected: stale(pair(75, 25)),
        weights: stale(pair(50, 50)),
        rollback: false,
    };
    assert_eq!(flow.set(&shift).map_err(|(kind, _)| kind), Err(ErrorKind::Conflict));
    let outside = flow.journal().into_iter().filter(|entry| entry.author == Author::Outsider);
    let moved: Vec<WeightPair> = outside
        .filter_map(|entry| match entry.change {
            Change::Weights { after, .. } => Some(after),
            Change::Desired { .. }
            | Change::Bounds { .. }
            | Change::Scheduled { .. }
            | Change::PolicyVersion { .. }
            | Change::Nothing => None,
        })
        .collect();
    assert_eq!(moved, [pair(95, 5), pair(95, 5)]);
}

#[test]
fn a_region_says_which_policy_cannot_be() {
    let problem = |routes: &[&str], policies: Vec<TrafficPolicySpec>| {
        Region::new(&spec(routes, policies), 1).map(drop).unwrap_err().to_string()
    };
    let twice = vec![policy("p", "A", &["i"]), policy("p", "A", &["j"])];
    assert!(problem(&["i"], twice).contains("two policies"));
    let twice = vec![policy("p", "A", &["i"]), policy("q", "A", &["i"])];
    assert!(problem(&["i"], twice).contains("two instances of the id `i`"));
    assert!(problem(&["i"], Vec::new()).contains("no policy in trafficPolicies"));
    let text = |document: String| vec![TrafficPolicySpec { document, ..policy("p", "A", &["i"]) }];
    assert!(problem(&["i"], text("{}".to_owned())).contains("AWSPolicyFormatVersion"));
    let moved = policy("p", "A", &["i"]).document.replace("\"0\"", "\"100\"");
    assert!(problem(&["i"], text(moved)).contains("100/100"));
    let other = policy("p", "A", &["i"]).document.replace("new", "blue");
    assert!(problem(&["i"], text(other)).contains("no weighted rule"));
}
