//! The claims of `cloud::conformance` over moto, each in a fresh world.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use async_trait::async_trait;
use cloud::conformance::Harness;
use cloud::{Cloud, TargetGroup};
use model::Span;
use model::route::{Route, Routes, ServiceId};
use model::spec::Aws;

use crate::server::{Proxy, Server, Wound, block_on, connect};

/// moto's world as the suites want it.
struct Moto {
    cloud: Cloud,
    clock: Arc<Wound>,
    proxy: Proxy,
    account: Arc<Aws>,
    groups: [String; 2],
    routes: Vec<Route>,
}

impl Moto {
    fn new(server: &Server, routes: Vec<Route>) -> Self {
        let proxy = Proxy::before(&server.url());
        let account = server.account();
        let (cloud, _, clock) = block_on(connect(&proxy.url, &account.region));
        let groups = ["/groups/ec2", "/groups/fargate"].map(|pointer| server.text(pointer));
        Self { cloud, clock, proxy, account, groups, routes }
    }

    fn id(&self, service: &str) -> ServiceId {
        let (account, service) = (Arc::clone(&self.account), service.to_owned());
        ServiceId { account, cluster: "prd".to_owned(), service }
    }

    fn group_of(&self, index: usize) -> TargetGroup {
        TargetGroup { account: Arc::clone(&self.account), arn: self.groups[index].clone() }
    }
}

#[async_trait]
impl Harness for Moto {
    fn cloud(&self) -> &Cloud {
        &self.cloud
    }
    fn service(&self) -> ServiceId {
        self.id("api")
    }
    fn group(&self) -> TargetGroup {
        self.group_of(0)
    }
    fn bare_service(&self) -> ServiceId {
        self.id("api-fargate")
    }
    fn idle_group(&self) -> TargetGroup {
        self.group_of(1)
    }
    fn routes(&self) -> Routes {
        Routes { account: Arc::clone(&self.account), routes: self.routes.clone() }
    }
    async fn advance(&self, span: Span) {
        self.clock.wind(span);
    }
    async fn lose_next_reply(&self, operation: &'static str) {
        self.proxy.lose(operation);
    }
}

/// The pairs of records that boto3 put.
pub(crate) fn records(server: &Server) -> Vec<Route> {
    let set = |record_type: &str, side| server.text(&format!("/sets/{record_type}/{side}"));
    let route = |record_type: &str| Route::Route53Record {
        zone: server.text("/zone"),
        name: "api.example.com".to_owned(),
        record_type: record_type.to_owned(),
        ec2_set: set(record_type, "ec2"),
        fargate_set: set(record_type, "fargate"),
    };
    vec![route("A"), route("AAAA")]
}

/// The rule that boto3 put.
pub(crate) fn rule(server: &Server) -> Vec<Route> {
    vec![Route::AlbRule {
        rule: server.text("/rule"),
        ec2_group: server.text("/groups/ec2"),
        fargate_group: server.text("/groups/fargate"),
    }]
}

type Claim = (&'static str, fn(&Moto));

macro_rules! claims {
    ($suite:ident: $($claim:ident)+) => {
        &[$((stringify!($claim), |moto: &Moto| {
            block_on(cloud::conformance::$suite::$claim(moto));
        })),+]
    };
}

/// All that are made of a router.
const ROUTER: &[Claim] = claims!(router:
    splits_come_in_the_order_asked
    half_a_split_is_no_split
    weights_are_set_verified_and_seen
    a_repeated_shift_writes_nothing
    a_stale_expectation_is_a_conflict_and_changes_nothing
    a_shift_without_any_weight_is_invalid
    a_shift_of_half_the_routes_is_invalid
    a_weight_above_the_limit_is_invalid
    a_change_spreads_in_time
    after_a_lost_reply_a_look_shows_the_truth
);

/// All that are made of services.
const SERVICES: &[Claim] = claims!(services:
    answers_come_in_the_order_asked
    a_missing_group_spoils_no_other
    a_desired_count_is_set_and_seen
    a_stale_expectation_is_a_conflict
    a_repeated_write_is_no_conflict
    a_missing_service_is_not_found
    after_a_lost_reply_a_look_shows_the_truth
);

/// Those on scaling that ask for nothing to happen by itself.
const SCALING: &[Claim] = claims!(scaling:
    targets_come_in_the_order_asked
    bounds_are_set_and_seen
    a_stale_expectation_is_a_conflict
    a_repeated_write_is_no_conflict
    a_minimum_above_the_maximum_is_invalid
    scaling_is_suspended_and_started_again
    a_stale_suspension_is_a_conflict
    a_scheduled_action_replaces_its_namesake
    a_scheduled_action_in_the_past_is_invalid
    deleting_what_is_not_there_is_done
    after_a_lost_reply_a_look_shows_the_truth
);

/// Those that cannot hold: moto moves no count and fires no action, and it takes an action of a
/// service without a scalable target, which AWS refuses (`ObjectNotFoundException`).
const NOT_IN_MOTO: &[Claim] = claims!(scaling:
    bounds_move_the_desired_count
    a_scheduled_action_fires_alone
    a_service_without_target_is_not_found
);

/// The claims that do not hold in the worlds of a server.
fn broken(
    server: &mut Server,
    claims: &[Claim],
    routes: fn(&Server) -> Vec<Route>,
) -> Vec<&'static str> {
    let mut broken = Vec::new();
    for (name, claim) in claims {
        server.fresh();
        let moto = Moto::new(server, routes(server));
        if catch_unwind(AssertUnwindSafe(|| claim(&moto))).is_err() {
            broken.push(*name);
        }
    }
    broken
}

const NONE: [&str; 0] = [];

#[test]
fn records_are_moved_as_every_router_moves() {
    assert_eq!(broken(&mut Server::start("small"), ROUTER, records), NONE);
}

#[test]
fn rules_are_moved_as_every_router_moves() {
    assert_eq!(broken(&mut Server::start("small"), ROUTER, rule), NONE);
}

#[test]
fn services_and_bounds_are_seen_and_set_as_everywhere() {
    let mut server = Server::start("small");
    assert_eq!(broken(&mut server, SERVICES, rule), NONE);
    assert_eq!(broken(&mut server, SCALING, rule), NONE);
    // When moto learns to, these belong to the others.
    let all: Vec<&str> = NOT_IN_MOTO.iter().map(|(name, _)| *name).collect();
    assert_eq!(broken(&mut server, NOT_IN_MOTO, rule), all);
}
