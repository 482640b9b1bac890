use std::collections::BTreeSet;
use std::sync::Mutex;

use futures::executor::block_on;

use super::*;

/// Two instances of a policy each, and calls that fail as told.
#[derive(Default)]
struct Calls {
    instances: Mutex<BTreeMap<String, PolicyInstance>>,
    versions: Mutex<BTreeMap<String, Vec<PolicyVersion>>>,
    /// Policies of which no version can be made.
    denied: BTreeSet<&'static str>,
    /// Instances whose update is answered and not made.
    deaf: BTreeSet<&'static str>,
}

const DOCUMENT: &str = r#"{"Rules":{"split":{"RuleType":"weighted","Items":[
    {"EndpointReference":"ec2","Weight":"70"},{"EndpointReference":"fargate","Weight":"30"}]}}}"#;

impl Calls {
    fn new() -> Self {
        let calls = Self::default();
        for id in ["v4", "v6"] {
            let policy = format!("of-{id}");
            let first =
                PolicyVersion { number: 1, document: DOCUMENT.to_owned(), comment: String::new() };
            calls.versions.lock().unwrap().insert(policy.clone(), vec![first]);
            let instance = PolicyInstance {
                id: id.to_owned(),
                policy,
                version: 1,
                ttl: Span::from_secs(60),
                state: "Applied".to_owned(),
                message: String::new(),
            };
            calls.instances.lock().unwrap().insert(id.to_owned(), instance);
        }
        calls
    }

    fn version_of(&self, id: &str) -> u32 {
        self.instances.lock().unwrap()[id].version
    }
}

fn missing(operation: &'static str) -> Error {
    Error::new(ErrorKind::NotFound, operation, "nothing")
}

#[async_trait]
impl TrafficFlow for Calls {
    async fn instance(&self, id: &str) -> Result<PolicyInstance> {
        self.instances.lock().unwrap().get(id).cloned().ok_or_else(|| missing(GET_INSTANCE))
    }

    async fn version(&self, policy: &str, number: u32) -> Result<PolicyVersion> {
        let versions = self.versions(policy).await?;
        let found = versions.into_iter().find(|version| version.number == number);
        found.ok_or_else(|| missing(GET_VERSION))
    }

    async fn versions(&self, policy: &str) -> Result<Vec<PolicyVersion>> {
        self.versions.lock().unwrap().get(policy).cloned().ok_or_else(|| missing(GET_VERSION))
    }

    async fn users(&self, policy: &str, number: u32) -> Result<Vec<String>> {
        let instances = self.instances.lock().unwrap();
        let users = instances.values().filter(|it| it.policy == policy && it.version == number);
        Ok(users.map(|instance| instance.id.clone()).collect())
    }

    async fn create_version(
        &self,
        policy: &str,
        document: &str,
        comment: &str,
    ) -> Result<PolicyVersion> {
        if self.denied.contains(policy) {
            return Err(Error::new(ErrorKind::Denied, CREATE_VERSION, "not authorized"));
        }
        let mut versions = self.versions.lock().unwrap();
        let versions = versions.get_mut(policy).ok_or_else(|| missing(CREATE_VERSION))?;
        let number = versions.last().map_or(1, |last| last.number + 1);
        let (document, comment) = (document.to_owned(), comment.to_owned());
        versions.push(PolicyVersion { number, document, comment });
        Ok(versions.last().unwrap().clone())
    }

    async fn update_instance(
        &self,
        instance: &PolicyInstance,
        number: u32,
    ) -> Result<PolicyInstance> {
        let mut instances = self.instances.lock().unwrap();
        let live = instances.get_mut(&instance.id).ok_or_else(|| missing(UPDATE_INSTANCE))?;
        if !self.deaf.contains(instance.id.as_str()) {
            live.version = number;
        }
        Ok(live.clone())
    }

    async fn delete_version(&self, policy: &str, number: u32) -> Result<()> {
        let mut versions = self.versions.lock().unwrap();
        let versions = versions.get_mut(policy).ok_or_else(|| missing(GET_VERSION))?;
        versions.retain(|version| version.number != number);
        Ok(())
    }
}

fn route(id: &str) -> Route {
    Route::TrafficPolicyInstance {
        id: id.to_owned(),
        ec2_endpoint: "ec2".to_owned(),
        fargate_endpoint: "fargate".to_owned(),
    }
}

fn shift(weights: WeightPair, rollback: bool) -> Shift {
    let routes = vec![route("v4"), route("v6")];
    let all = |pair: WeightPair| routes.iter().map(|route| (route.key(), pair)).collect();
    let expected = all(WeightPair { ec2: 70, fargate: 30 });
    Shift {
        sticky: model::route::Sticky::new(),
        account: std::sync::Arc::default(),
        expected,
        weights: all(weights),
        routes,
        rollback,
    }
}

#[test]
fn what_keeps_one_instance_from_going_back_keeps_no_other() {
    let calls = Calls { denied: BTreeSet::from(["of-v4"]), ..Calls::new() };
    let part = shift(WeightPair { ec2: 90, fargate: 10 }, true);
    let error = block_on(set(&calls, &part)).unwrap_err();
    assert_eq!(error.kind, ErrorKind::OutcomeUnknown);
    assert!(error.message.contains("1 of 2 instances were updated"), "{error}");
    assert!(error.message.contains("not authorized"), "{error}");
    assert_eq!((calls.version_of("v4"), calls.version_of("v6")), (1, 2));
    // Forward, nothing moves unless all can.
    let calls = Calls { denied: BTreeSet::from(["of-v6"]), ..Calls::new() };
    let step = shift(WeightPair { ec2: 50, fargate: 50 }, false);
    assert_eq!(block_on(set(&calls, &step)).unwrap_err().kind, ErrorKind::Denied);
    assert_eq!((calls.version_of("v4"), calls.version_of("v6")), (1, 1));
}

#[test]
fn an_update_that_is_answered_with_another_version_is_not_believed() {
    let calls = Calls { deaf: BTreeSet::from(["v6"]), ..Calls::new() };
    let back = shift(WeightPair { ec2: 100, fargate: 0 }, true);
    let error = block_on(set(&calls, &back)).unwrap_err();
    assert_eq!(error.kind, ErrorKind::OutcomeUnknown);
    assert!(error.message.contains("v6") && error.message.contains("version 1"), "{error}");
    assert_eq!(calls.version_of("v4"), 2);
}

#[test]
fn routes_of_two_kinds_are_refused() {
    let calls = Calls::new();
    let rule = Route::AlbRule {
        rule: "rule".to_owned(),
        ec2_group: "a".to_owned(),
        fargate_group: "b".to_owned(),
    };
    let error = block_on(observe(&calls, &[route("v4"), rule])).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Invalid);
}
