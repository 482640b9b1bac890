//! How many calls a whole fleet takes, held against what the APIs' own limits allow at least.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use aws::{Ledger, NoReply, Transport};
use bytes::Bytes;
use cloud::signals::Thresholds;
use cloud::{Applied, Clock as _, Cloud, ErrorKind, MinuteAsk, Shift, TargetGroup};
use model::route::{Route, Routes, ServiceId, WeightPair};
use model::spec::Aws;
use model::{PerSide, Side, Span, Time};
use region::load::Load;
use region::request::{Request, RouteChange};
use region::spec::{ApplicationSpec, MetricsSpec, RegionSpec, ServiceSpec, TrafficPolicySpec};
use region::{Region, SimulatedCloud};
use wire::{Place, Wire};

use crate::harness::{REGION, account, block_on, connect_counted};

/// Carries requests to a region and counts them by operation.
struct Counting {
    wire: Wire,
    calls: Arc<Mutex<BTreeMap<String, usize>>>,
    before_write: Arc<Mutex<Option<Meddling>>>,
}

/// What somebody else does right before the first write arrives.
type Meddling = Box<dyn FnOnce(&SimulatedCloud) + Send>;

#[async_trait]
impl Transport for Counting {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, NoReply> {
        let operation = operation(&request);
        if operation == "POST hostedzone"
            && let Some(meddle) = self.before_write.lock().expect("nobody panicked").take()
        {
            meddle(self.wire.region());
        }
        *self.calls.lock().expect("nobody panicked").entry(operation).or_default() += 1;
        self.wire.handle(&request).ok_or(NoReply)
    }
}

/// What the adapters say they sent, by operation.
#[derive(Default)]
struct Told(Mutex<BTreeMap<&'static str, usize>>);

impl Ledger for Told {
    fn sent(&self, operation: &'static str, _: Option<ErrorKind>) {
        *self.0.lock().expect("nobody panicked").entry(operation).or_default() += 1;
    }
}

/// The operation of a request; of Route 53, which names none, the method and first path segment.
fn operation(request: &http::Request<Bytes>) -> String {
    if let Some(target) = request.headers().get("x-amz-target") {
        let target = target.to_str().expect("a name");
        return target.rsplit('.').next().unwrap_or(target).to_owned();
    }
    if let Some((_, operation)) = request.uri().path().split_once("/operation/") {
        return operation.to_owned();
    }
    let body = String::from_utf8_lossy(request.body());
    if let Some((_, action)) = body.split_once("Action=") {
        return action.split('&').next().unwrap_or(action).to_owned();
    }
    let kind = request.uri().path().split('/').nth(2).unwrap_or_default();
    format!("{} {kind}", request.method())
}

/// A fleet: so many applications behind each kind of router.
struct Fleet {
    region: SimulatedCloud,
    cloud: Cloud,
    calls: Arc<Mutex<BTreeMap<String, usize>>>,
    before_write: Arc<Mutex<Option<Meddling>>>,
    told: Arc<Told>,
    routes: Vec<Route>,
    account: Arc<Aws>,
}

fn group(index: usize, side: Side) -> String {
    let name = side.name();
    format!(
        "arn:aws:elasticloadbalancing:{REGION}:123456789012:targetgroup/a{index}-{name}/\
         {index:016}"
    )
}

fn record(index: usize) -> Route {
    Route::Route53Record {
        zone: "Z1".to_owned(),
        name: format!("a{index}.example.com"),
        record_type: "A".to_owned(),
        ec2_set: "ec2".to_owned(),
        fargate_set: "fargate".to_owned(),
    }
}

fn rule(index: usize) -> Route {
    Route::AlbRule {
        rule: format!(
            "arn:aws:elasticloadbalancing:{REGION}:123456789012:listener-rule/app/a{index}/\
             {index:016}/2222222222222222/{index:016}"
        ),
        ec2_group: group(index, Side::Ec2),
        fargate_group: group(index, Side::Fargate),
    }
}

fn instance(index: usize) -> Route {
    Route::TrafficPolicyInstance {
        id: format!("instance-{index}"),
        ec2_endpoint: format!("ec2-{index}"),
        fargate_endpoint: format!("fargate-{index}"),
    }
}

fn id(account: &Arc<Aws>, index: usize, side: Side) -> ServiceId {
    ServiceId {
        account: Arc::clone(account),
        cluster: "prd".to_owned(),
        service: format!("a{index}-{}", side.name()),
    }
}

impl Fleet {
    async fn new(records: usize, rules: usize, instances: usize) -> Self {
        let kinds = std::iter::repeat_n(record as fn(usize) -> Route, records)
            .chain(std::iter::repeat_n(rule as fn(usize) -> Route, rules))
            .chain(std::iter::repeat_n(instance as fn(usize) -> Route, instances));
        let routes: Vec<Route> = kinds.enumerate().map(|(index, route)| route(index)).collect();
        let nowhere = Arc::default();
        let application = |(index, route): (usize, &Route)| {
            let sides = PerSide::from_fn(|side| {
                ServiceSpec::new(side, id(&nowhere, index, side), group(index, side))
            });
            let load = Load::new(vec![2.0]).expect("a rate");
            let (name, slow) = (format!("a{index}"), Span::from_millis(300));
            ApplicationSpec::new(name, load, vec![route.clone()], slow, sides)
                .expect("the default task")
        };
        let start = Time::from_secs(1_767_571_200);
        let mut spec = RegionSpec::new(start, routes.iter().enumerate().map(application).collect());
        spec.metrics = MetricsSpec::perfect();
        spec.traffic_policies = (records + rules..routes.len())
            .map(|index| {
                let (ec2, fargate) = (format!("ec2-{index}"), format!("fargate-{index}"));
                let endpoints = PerSide { ec2: ec2.as_str(), fargate: fargate.as_str() };
                let instances = vec![format!("instance-{index}")];
                TrafficPolicySpec::new(format!("policy-{index}"), "A", endpoints, instances)
            })
            .collect();
        let region = SimulatedCloud::new(Region::new(&spec, 3).expect("a region"));
        let (calls, before_write) = (Arc::default(), Arc::default());
        let wire = Wire::new(region.clone(), Place::default());
        let transport =
            Counting { wire, calls: Arc::clone(&calls), before_write: Arc::clone(&before_write) };
        let told = Arc::new(Told::default());
        let cloud = connect_counted(&region, Arc::new(transport), told.clone()).await;
        Self { region, cloud, calls, before_write, told, routes, account: account() }
    }

    async fn pass(&self, span: Span) {
        self.region.sleep_until(self.region.now() + span).await;
    }

    /// The calls since this was last asked.
    fn counted(&self) -> BTreeMap<String, usize> {
        std::mem::take(&mut *self.calls.lock().expect("nobody panicked"))
    }

    fn migrations(&self) -> Vec<Routes> {
        let alone = |route: &Route| Routes {
            account: Arc::clone(&self.account),
            routes: vec![route.clone()],
        };
        self.routes.iter().map(alone).collect()
    }

    /// Everything a tick may read of the whole fleet; all of it has an answer.
    async fn observe(&self) {
        let sides = || {
            let each = |index| Side::ALL.map(|side| (index, side));
            (0..self.routes.len()).flat_map(each)
        };
        let ids: Vec<ServiceId> =
            sides().map(|(index, side)| id(&self.account, index, side)).collect();
        let groups: Vec<TargetGroup> = sides()
            .map(|(index, side)| TargetGroup {
                account: Arc::clone(&self.account),
                arn: group(index, side),
            })
            .collect();
        let minute = (self.region.now() - self.cloud.signals.settle()).minute() - 1;
        let span = |millis| Some(Span::from_millis(millis));
        let asks: Vec<MinuteAsk> = ids
            .iter()
            .zip(&groups)
            .map(|(service, group)| MinuteAsk {
                service: service.clone(),
                group: group.clone(),
                thresholds: Thresholds {
                    slow: span(300),
                    slow_slo: span(330),
                    slow_p90: span(120),
                    slow_p50: span(50),
                },
                from: minute,
                until: minute + 1,
            })
            .collect();
        let Cloud { services, scaling, router, signals, .. } = &self.cloud;
        assert!(services.services(&ids).await.iter().all(Result::is_ok));
        assert!(services.targets(&groups).await.iter().all(Result::is_ok));
        assert!(scaling.scalable_targets(&ids).await.iter().all(Result::is_ok));
        assert!(router.observe(&self.migrations()).await.iter().all(Result::is_ok));
        assert!(signals.minutes(&asks).await.iter().all(Result::is_ok));
    }

    /// Moves every route from one pair to another.
    async fn shift(&self, from: WeightPair, to: WeightPair) -> Vec<cloud::Result<Applied>> {
        let shifts: Vec<Shift> = self
            .routes
            .iter()
            .map(|route| Shift {
                sticky: model::route::Sticky::new(),
                account: Arc::clone(&self.account),
                routes: vec![route.clone()],
                expected: [(route.key(), from)].into(),
                weights: [(route.key(), to)].into(),
                rollback: to.fargate < from.fargate,
            })
            .collect();
        self.cloud.router.set(&shifts).await
    }
}

const NOTHING: WeightPair = WeightPair { ec2: 100, fargate: 0 };
const ONE_IN_TEN: WeightPair = WeightPair { ec2: 90, fargate: 10 };

fn counts(counts: &[(&str, usize)]) -> BTreeMap<String, usize> {
    counts.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
}

#[test]
fn a_full_observation_takes_the_fewest_calls_that_the_apis_allow() {
    block_on(async {
        let fleet = Fleet::new(30, 20, 10).await;
        fleet.pass(Span::from_mins(10)).await;
        fleet.observe().await;
        let first = fleet.counted();
        // Read once: what a definition runs and a policy's version says never changes, and where
        // groups stand is remembered for an hour.
        for (operation, count) in [
            ("DescribeTaskDefinition", 120),
            ("GET trafficpolicy", 10),
            // All of the account, 400 a page.
            ("DescribeTargetGroups", 1),
        ] {
            assert_eq!(first.get(operation), Some(&count), "{operation}");
        }
        fleet.pass(Span::from_mins(1)).await;
        fleet.observe().await;
        let expected = counts(&[
            ("DescribeServices", 12),          // 120 services, 10 a call
            ("DescribeTargetHealth", 120),     // one a group
            ("DescribeScalableTargets", 3),    // 120 services, 50 a call
            ("DescribeScheduledActions", 1),   // the list of the account
            ("GET hostedzone", 1),             // 60 records, 300 a page
            ("DescribeRules", 1),              // 20 rules, 20 a call
            ("GET trafficpolicyinstances", 1), // the list of the account
            // Of each group seven series and four thresholds, of each service its CPU, and of 80
            // balancers their own errors, 500 series a call.
            ("GetMetricData", (120 * 12 + 80_usize).div_ceil(500)),
        ]);
        assert_eq!(fleet.counted(), expected);
    });
}

#[test]
fn as_many_requests_are_counted_as_arrive() {
    block_on(async {
        let fleet = Fleet::new(30, 20, 10).await;
        fleet.pass(Span::from_mins(10)).await;
        fleet.observe().await;
        let arrived = fleet.counted();
        let told = std::mem::take(&mut *fleet.told.0.lock().expect("nobody panicked"));
        assert_eq!(told.values().sum::<usize>(), arrived.values().sum::<usize>());
        for (operation, count) in [
            ("ecs:DescribeServices", "DescribeServices"),
            ("elasticloadbalancing:DescribeTargetHealth", "DescribeTargetHealth"),
            ("route53:ListResourceRecordSets", "GET hostedzone"),
            ("cloudwatch:GetMetricData", "GetMetricData"),
        ] {
            assert_eq!(told.get(operation), arrived.get(count), "{operation}");
            assert!(told.contains_key(operation), "{operation}");
        }
    });
}

#[test]
fn two_hundred_names_of_a_zone_are_shifted_by_one_write() {
    block_on(async {
        let fleet = Fleet::new(200, 0, 0).await;
        let applied = fleet.shift(NOTHING, ONE_IN_TEN).await;
        assert!(applied.iter().all(|it| it.as_ref().is_ok_and(|it| it.written)));
        // 400 records are read, 300 a page; 800 are written.
        assert_eq!(fleet.counted(), counts(&[("GET hostedzone", 2), ("POST hostedzone", 1)]));
        let again = fleet.shift(NOTHING, ONE_IN_TEN).await;
        assert!(again.iter().all(|it| it.as_ref().is_ok_and(|it| !it.written)));
        assert_eq!(fleet.counted(), counts(&[("GET hostedzone", 2)]), "nothing is written twice");
    });
}

/// A fleet of a thousand names at a tenth, looked at by nobody else for a while.
async fn thousand() -> Fleet {
    let fleet = Fleet::new(1_000, 0, 0).await;
    assert!(fleet.shift(NOTHING, ONE_IN_TEN).await.iter().all(Result::is_ok));
    fleet
}

/// Sends them back; only name 500, which somebody edits, is left where it is.
async fn back_within_six_seconds(fleet: &Fleet) -> BTreeMap<String, usize> {
    fleet.pass(Span::from_secs(5)).await;
    fleet.counted();
    let began = fleet.region.now();
    let back = fleet.shift(ONE_IN_TEN, NOTHING).await;
    let took = fleet.region.now().since(began);
    assert!(took <= Span::from_secs(6), "it took {took}");
    let failed: Vec<usize> = (0..1_000).filter(|place| back[*place].is_err()).collect();
    assert_eq!(failed, [500]);
    assert_eq!(back[500].as_ref().expect_err("it was edited").kind, ErrorKind::Conflict);
    fleet.counted()
}

#[test]
fn a_thousand_names_go_back_within_six_seconds_whatever_became_of_one() {
    block_on(async {
        let fleet = thousand().await;
        let drifted = fleet.migrations().remove(500);
        let key = drifted.routes[0].key();
        let by_hand = Shift {
            sticky: model::route::Sticky::new(),
            account: drifted.account,
            routes: drifted.routes,
            expected: [(key.clone(), ONE_IN_TEN)].into(),
            weights: [(key, WeightPair { ec2: 70, fargate: 30 })].into(),
            rollback: false,
        };
        assert!(fleet.cloud.router.set(&[by_hand]).await[0].is_ok());
        // 2,000 records in pages of 300; 250 pairs of four records a batch, none refused.
        let expected = counts(&[("GET hostedzone", 7), ("POST hostedzone", 4)]);
        assert_eq!(back_within_six_seconds(&fleet).await, expected);
    });
}

#[test]
fn a_thousand_names_go_back_within_six_seconds_though_one_is_edited_meanwhile() {
    block_on(async {
        let fleet = thousand().await;
        let edited = fleet.routes[500].clone();
        *fleet.before_write.lock().expect("nobody panicked") = Some(by_hand(edited, ONE_IN_TEN));
        let counted = back_within_six_seconds(&fleet).await;
        // One batch is refused, its names are looked at again, and all but one of them written.
        assert_eq!(counted.get("POST hostedzone"), Some(&5), "{counted:?}");
        assert!(counted.get("GET hostedzone").is_some_and(|it| (8..=10).contains(it)));
    });
}

/// Somebody who puts other weights.
fn by_hand(route: Route, expected: WeightPair) -> Meddling {
    Box::new(move |region| {
        let weights = WeightPair { ec2: 70, fargate: 30 };
        let change = RouteChange { route: &route, expected, weights };
        let request = Request::ChangeRoutes { changes: &[change] };
        region.with(|region| region.handle(&request)).done().expect("it is as expected");
    })
}

#[test]
fn a_record_edited_between_look_and_write_is_put_out_and_the_rest_goes_on() {
    block_on(async {
        let fleet = Fleet::new(50, 0, 0).await;
        let edited = fleet.routes[7].clone();
        *fleet.before_write.lock().expect("nobody panicked") = Some(by_hand(edited, NOTHING));
        let applied = fleet.shift(NOTHING, ONE_IN_TEN).await;
        for (place, answer) in applied.iter().enumerate() {
            let kind = answer.as_ref().map(|it| it.written).map_err(|error| error.kind);
            let expected = if place == 7 { Err(ErrorKind::Conflict) } else { Ok(true) };
            assert_eq!(kind, expected, "name {place}");
        }
        // Looked, refused, looked again, written.
        assert_eq!(fleet.counted(), counts(&[("GET hostedzone", 2), ("POST hostedzone", 2)]));
    });
}
