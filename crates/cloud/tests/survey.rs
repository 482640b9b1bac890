//! A survey asks once for all, and what was not read spoils nothing else.
#![expect(clippy::unwrap_used, reason = "a test that cannot build its account must fail")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use cloud::survey::survey;
use cloud::{
    Error, ErrorKind, EventRuleId, Inventory, MinuteAsk, Quantiles, Resource, Result, SideMinute,
    Signals, TargetGroup,
};
use futures::executor::block_on;
use model::inventory::{
    Balancer, Controller, Deployment, EventRule, EventTarget, HealthCheck, HostedZone, Launch,
    PolicyInstance, RecordSet, Registration, RouterView, Routing, Rule, ScalableTarget, Scheduling,
    Service, StartedTasks, Strategy, TaskDefinition,
};
use model::observation::Gap;
use model::route::ServiceId;
use model::spec::{Aws, Migration};
use model::{Side, Span, Time};

/// An account in memory that counts what it is asked.
#[derive(Default)]
struct Account {
    services: BTreeMap<String, Service>,
    records: Vec<RecordSet>,
    event_rules: Vec<String>,
    denied: Vec<&'static str>,
    asked: Mutex<BTreeMap<&'static str, usize>>,
}

impl Account {
    fn ask(&self, operation: &'static str) -> Result<()> {
        *self.asked.lock().unwrap().entry(operation).or_default() += 1;
        if self.denied.contains(&operation) {
            return Err(Error::new(ErrorKind::Denied, operation, "no"));
        }
        Ok(())
    }

    fn asked(&self, operation: &str) -> usize {
        self.asked.lock().unwrap().get(operation).copied().unwrap_or(0)
    }

    fn each<K, T>(
        &self,
        operation: &'static str,
        ids: &[K],
        of: impl Fn(&K) -> Option<T>,
    ) -> Vec<Result<T>> {
        let may = self.ask(operation);
        let missing = || Error::new(ErrorKind::NotFound, operation, "MISSING");
        ids.iter().map(|id| may.clone().and_then(|()| of(id).ok_or_else(missing))).collect()
    }
}

#[async_trait]
impl Inventory for Account {
    async fn services(&self, ids: &[ServiceId]) -> Vec<Result<Service>> {
        self.each("services", ids, |id| self.services.get(&id.service).cloned())
    }
    async fn service_names(
        &self,
        _: &Arc<Aws>,
        _: &str,
        scheduling: Option<Scheduling>,
    ) -> Result<Vec<String>> {
        self.ask("names")?;
        let is_asked = |it: &&Service| scheduling.is_none_or(|asked| it.scheduling == asked);
        Ok(self.services.values().filter(is_asked).map(|it| it.name.clone()).collect())
    }
    async fn task_definitions(&self, ids: &[Resource]) -> Vec<Result<TaskDefinition>> {
        let of = |id: &Resource| {
            Some(TaskDefinition { arn: id.arn.clone(), ..TaskDefinition::default() })
        };
        self.each("definitions", ids, of)
    }
    async fn target_groups(&self, ids: &[Resource]) -> Vec<Result<model::inventory::TargetGroup>> {
        self.each("groups", ids, |id| {
            Some(model::inventory::TargetGroup {
                arn: id.arn.clone(),
                target_type: "ip".to_owned(),
                protocol: None,
                health_check: HealthCheck::default(),
                balancers: vec!["arn:lb".to_owned()],
                attributes: BTreeMap::new(),
            })
        })
    }
    async fn balancers(&self, ids: &[Resource]) -> Vec<Result<Balancer>> {
        self.each("balancers", ids, |_| None)
    }
    async fn rules(&self, ids: &[Resource]) -> Vec<Result<Rule>> {
        self.each("rules", ids, |_| None)
    }
    async fn rules_of(&self, _: &Resource) -> Result<Vec<Rule>> {
        self.ask("rulesOf").map(|()| Vec::new())
    }
    async fn zones(&self, _: &Arc<Aws>) -> Result<Vec<HostedZone>> {
        self.ask("zones").map(|()| Vec::new())
    }
    async fn records(&self, _: &Arc<Aws>, _: &str) -> Result<Vec<RecordSet>> {
        self.ask("records").map(|()| self.records.clone())
    }
    async fn policy_instances(&self, _: &Arc<Aws>) -> Result<Vec<PolicyInstance>> {
        self.ask("instances").map(|()| Vec::new())
    }
    async fn scalable_targets(&self, ids: &[ServiceId]) -> Vec<Result<Option<ScalableTarget>>> {
        self.each("scaling", ids, |_| Some(None))
    }
    async fn event_rules(&self, ids: &[EventRuleId]) -> Vec<Result<EventRule>> {
        self.each("eventRules", ids, |id| {
            self.event_rules.contains(&id.name).then(|| EventRule {
                arn: format!("arn:rule/{}", id.name),
                name: id.name.clone(),
                schedule: Some("rate(1 day)".to_owned()),
                pattern: None,
                is_enabled: true,
                managed_by: None,
            })
        })
    }
    async fn event_targets(&self, ids: &[EventRuleId]) -> Vec<Result<Vec<EventTarget>>> {
        self.each("eventTargets", ids, |id| {
            let tasks = |name: String| StartedTasks {
                task_definition: format!("arn:task/{name}"),
                ..StartedTasks::default()
            };
            let target = |name: String| EventTarget {
                id: name.clone(),
                arn: "arn:cluster".to_owned(),
                role: None,
                dead_letter: None,
                tasks: Some(tasks(name)),
            };
            // One of its own, and one that all rules start.
            Some(vec![target(id.name.clone()), target("common".to_owned())])
        })
    }
    async fn event_rule_names(&self, _: &Arc<Aws>, _: &str) -> Result<Vec<String>> {
        self.ask("eventRuleNames").map(|()| self.event_rules.clone())
    }
}

#[async_trait]
impl Signals for Account {
    async fn minutes(&self, asks: &[MinuteAsk]) -> Vec<Result<Vec<SideMinute>>> {
        self.each("minutes", asks, |ask| {
            assert_eq!(ask.until - ask.from, 7 * 1_440, "a week");
            assert_eq!(ask.until, 20_000 - 2, "of settled minutes");
            Some(Vec::new())
        })
    }
    async fn quantiles(&self, _: &TargetGroup, _: Time, _: Time) -> Result<Option<Quantiles>> {
        Ok(None)
    }
    fn settle(&self) -> Span {
        Span::from_mins(2)
    }
}

fn service(name: &str, scheduling: Scheduling) -> Service {
    Service {
        arn: format!("arn:aws:ecs:eu-west-1:123456789012:service/prd/{name}"),
        name: name.to_owned(),
        status: "ACTIVE".to_owned(),
        launch: Launch::Ec2,
        scheduling,
        controller: Controller::Ecs,
        deployment: Deployment {
            strategy: Strategy::Rolling,
            minimum_healthy_percent: None,
            maximum_percent: None,
            circuit_breaker: false,
            circuit_breaker_rolls_back: false,
        },
        desired: 1,
        running: 1,
        pending: 0,
        deployments: 1,
        grace: None,
        registrations: vec![Registration {
            target_group: Some(format!("arn:group/{name}")),
            classic: None,
            container: "app".to_owned(),
            port: 80,
            production_rule: None,
        }],
        registries: Vec::new(),
        network: None,
        task_definition: format!("arn:task/{name}"),
        platform_version: None,
        events: Vec::new(),
    }
}

/// An account with a pair of services for each name, a daemon, and a zone.
fn account(names: &[&str]) -> Account {
    let pair = |name: &&str| [(*name).to_owned(), format!("{name}-fargate")];
    let mut services: BTreeMap<String, Service> = names
        .iter()
        .flat_map(pair)
        .map(|name| (name.clone(), service(&name, Scheduling::Replica)))
        .collect();
    services.insert("agent".to_owned(), service("agent", Scheduling::Daemon));
    let record = |name: &str| RecordSet {
        name: name.to_owned(),
        record_type: "A".to_owned(),
        set_identifier: Some("ec2".to_owned()),
        routing: Routing::Weighted(1),
        ttl: None,
        alias: None,
        values: Vec::new(),
        health_check: None,
        policy_instance: None,
    };
    let records = ["a.example.com.", "A.Example.com", "other.example.com."].map(record).to_vec();
    Account { services, records, ..Account::default() }
}

fn migration(name: &str) -> Arc<Migration> {
    let json = serde_json::json!({
        "apiVersion": "ferry/v1",
        "kind": "Migration",
        "metadata": {"name": name},
        "spec": {
            "aws": {"region": "eu-west-1"},
            "ec2": {"cluster": "prd", "service": name},
            "fargate": {"cluster": "prd", "service": format!("{name}-fargate")},
            "workload": {"type": "loadBalanced"},
            "traffic": {
                "rollout": {},
                "router": {
                    "type": "route53Weighted",
                    "hostedZoneId": "Z1",
                    "records": [{"name": "a.example.com", "type": "A"}],
                    "ec2SetIdentifier": "ec2",
                    "fargateSetIdentifier": "fargate"
                }
            }
        }
    });
    Arc::new(serde_json::from_value(json).unwrap())
}

fn look(account: &Account, names: &[&str]) -> Vec<model::inventory::Landscape> {
    let migrations: Vec<Arc<Migration>> = names.iter().map(|name| migration(name)).collect();
    block_on(survey(account, account, Time::from_minute(20_000), &migrations))
}

#[test]
fn many_migrations_are_asked_for_together() {
    let names = ["a", "b", "c"];
    let account = account(&names);
    let landscapes = look(&account, &names);
    assert_eq!(landscapes.len(), 3);
    for landscape in &landscapes {
        for side in Side::ALL {
            let view = landscape.sides.get(side);
            assert!(view.task_definition.as_ref().unwrap().is_ok());
            assert_eq!(view.scaling, Some(Ok(None)));
            assert!(view.week.as_ref().unwrap().is_ok());
            assert_eq!(view.balancers.len(), 1, "one that was asked for, and is missing");
        }
        assert_eq!(landscape.daemons.as_ref().unwrap().as_ref().unwrap()[0].name, "agent");
    }
    for once in ["definitions", "groups", "balancers", "scaling", "records"] {
        assert_eq!(account.asked(once), 1, "{once}");
    }
    // The services of all migrations, then the daemons of their one cluster.
    assert_eq!((account.asked("services"), account.asked("names")), (2, 1));
}

#[test]
fn of_a_zone_the_records_of_the_migration_are_kept() {
    let landscapes = look(&account(&["a"]), &["a"]);
    let RouterView::Records(Ok(records)) = &landscapes[0].router else { panic!("no records") };
    assert_eq!(records.len(), 2, "however they are spelt");
}

#[test]
fn a_misspelt_service_is_told_what_there_is() {
    let landscapes = look(&account(&["tapple-api"]), &["tapple-app"]);
    let unread = landscapes[0].sides.ec2.service.clone().unwrap().unwrap_err();
    assert_eq!(unread.gap, Gap::NotFound);
    assert!(unread.message.ends_with("did you mean `tapple-api`?"), "{}", unread.message);
    // What the service names is not asked for.
    assert_eq!(landscapes[0].sides.ec2.task_definition, None);
}

#[test]
fn what_is_denied_spoils_nothing_else() {
    for (denied, spoilt) in [
        ("definitions", "the task definition"),
        ("groups", "the group"),
        ("scaling", "the scalable target"),
        ("minutes", "the week"),
        ("records", "the records"),
        ("names", "the daemons"),
    ] {
        let account = Account { denied: vec![denied], ..account(&["a"]) };
        let landscapes = look(&account, &["a"]);
        let here = &landscapes[0];
        let view = &here.sides.fargate;
        assert!(view.service.as_ref().unwrap().is_ok());
        let is_denied = [
            ("the task definition", view.task_definition.as_ref().is_some_and(|it| it.is_err())),
            ("the group", view.group.as_ref().is_some_and(|it| it.is_err())),
            ("the scalable target", view.scaling.as_ref().is_some_and(|it| it.is_err())),
            ("the week", view.week.as_ref().is_some_and(|it| it.is_err())),
            ("the records", matches!(&here.router, RouterView::Records(Err(_)))),
            ("the daemons", here.daemons.as_ref().is_some_and(|it| it.is_err())),
        ];
        for (what, is_denied) in is_denied {
            assert_eq!(is_denied, what == spoilt, "{what} with {denied} denied");
        }
    }
}

fn scheduled(name: &str, rules: &[&str]) -> Arc<Migration> {
    let mut migration = Migration::clone(&migration(name));
    let rules: Vec<serde_json::Value> =
        rules.iter().map(|rule| serde_json::json!({"name": rule})).collect();
    let workload = serde_json::json!({"type": "scheduled", "rules": rules});
    migration.spec.workload = serde_json::from_value(workload).unwrap();
    migration.spec.ec2.service = None;
    migration.spec.fargate.service = None;
    migration.spec.traffic.router = None;
    Arc::new(migration)
}

fn account_of_rules() -> Account {
    let event_rules = ["hourly", "nightly", "weekly"].map(str::to_owned).to_vec();
    Account { event_rules, ..account(&["a"]) }
}

#[test]
fn rules_of_all_migrations_are_asked_for_together() {
    let account = account_of_rules();
    let migrations = [
        scheduled("one", &["nightly", "hourly"]),
        migration("a"),
        scheduled("two", &["weekly", "nightly"]),
    ];
    let landscapes = block_on(survey(&account, &account, Time::from_minute(20_000), &migrations));
    let names = |index: usize| -> Vec<&str> {
        landscapes[index]
            .rules
            .iter()
            .map(|view| view.rule.as_ref().unwrap().name.as_str())
            .collect()
    };
    assert_eq!(names(0), ["nightly", "hourly"], "in the order of the file");
    assert_eq!(names(2), ["weekly", "nightly"]);
    assert!(landscapes[1].rules.is_empty());
    for view in landscapes.iter().flat_map(|it| &it.rules) {
        assert_eq!(view.targets.as_ref().unwrap().as_ref().unwrap().len(), 2);
        let definitions: Vec<&String> = view.task_definitions.keys().collect();
        assert_eq!(definitions, ["arn:task/common", &format!("arn:task/{}", view.name)]);
        assert!(view.task_definitions.values().all(|found| found.is_ok()));
    }
    for once in ["eventRules", "eventTargets"] {
        assert_eq!(account.asked(once), 1, "{once}");
    }
    // Those of services, and those of all rules.
    assert_eq!(account.asked("definitions"), 2);
    assert_eq!(account.asked("eventRuleNames"), 0);
}

#[test]
fn a_misspelt_rule_is_told_what_there_is_and_its_targets_are_not_asked_for() {
    let account = account_of_rules();
    let migrations = [scheduled("one", &["nightli", "weekly"])];
    let landscapes = block_on(survey(&account, &account, Time::from_minute(20_000), &migrations));
    let [gone, there] = &landscapes[0].rules[..] else { panic!("two rules") };
    let unread = gone.rule.clone().unwrap_err();
    assert!(unread.message.ends_with("did you mean `nightly`?"), "{}", unread.message);
    assert_eq!(gone.targets, None);
    assert!(there.rule.is_ok() && there.targets.is_some());
}

#[test]
fn what_is_denied_of_rules_spoils_nothing_else() {
    for denied in ["eventRules", "eventTargets", "definitions"] {
        let account = Account { denied: vec![denied], ..account_of_rules() };
        let migrations = [scheduled("one", &["nightly"])];
        let landscapes =
            block_on(survey(&account, &account, Time::from_minute(20_000), &migrations));
        let view = &landscapes[0].rules[0];
        assert_eq!(view.rule.is_err(), denied == "eventRules");
        assert_eq!(view.targets.as_ref().is_some_and(|it| it.is_err()), denied == "eventTargets");
        let is_denied = view.task_definitions.values().any(|found| found.is_err());
        assert_eq!(is_denied, denied == "definitions");
    }
}
