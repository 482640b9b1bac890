//! `ferry init`

mod rules;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use cloud::survey::last_week;
use cloud::{Error, ErrorKind, Inventory, Resource, Result as Answered, TargetGroup};
use model::inventory::{
    Balancer, HostedZone, PolicyInstance, RecordSet, Rule, Service, Unread, region_of,
};
use model::route::ServiceId;
use model::spec::Aws;
use preflight::{Around, Twin, draft, draft_of_rules};

use crate::commands::account::{Account, Endpoint};
use crate::output::{Answer, Failure, print, tell};

/// Zones are read whole, at five calls a second for the account.
const ZONES_MAX: usize = 50;
/// Services that are called alike; more than these are not one service and its twin.
const ALIKE_MAX: usize = 20;

#[derive(Debug, Args)]
pub(crate) struct Init {
    /// The ECS cluster by name.
    #[arg(long, value_name = "NAME", value_parser = ecs_name)]
    cluster: String,
    /// The service on EC2 by name.
    #[arg(
        long,
        value_name = "NAME",
        value_parser = ecs_name,
        required_unless_present = "rules",
        conflicts_with = "rules"
    )]
    service: Option<String>,
    /// In place of a service, a rule of EventBridge that starts tasks; several times for several,
    /// in the order in which they are to move.
    #[arg(long = "rule", value_name = "NAME", conflicts_with = "fargate_service")]
    rules: Vec<String>,
    /// The event bus of the rules.
    #[arg(long, value_name = "NAME", default_value = "default")]
    bus: String,
    /// The region; default: that of the environment.
    #[arg(long, value_name = "NAME")]
    region: Option<String>,
    /// The twin on Fargate by name; default: the only one that is called alike, if there is one.
    #[arg(long, value_name = "NAME", value_parser = ecs_name)]
    fargate_service: Option<String>,
    /// Where to write the draft; an existing file is left as it is. Default: standard output.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    endpoint: Endpoint,
}

/// ECS API, CreateService: "Up to 255 letters, numbers, underscores, and hyphens".
fn ecs_name(text: &str) -> Result<String, String> {
    let is_letter = |it: u8| it.is_ascii_alphanumeric() || it == b'-' || it == b'_';
    if (1..=255).contains(&text.len()) && text.bytes().all(is_letter) {
        return Ok(text.to_owned());
    }
    Err("write the name, not the ARN: letters, digits, hyphens and underscores".to_owned())
}

/// Reads a live service and writes a migration for it.
pub(crate) fn run(arguments: &Init) -> Result<Answer, Failure> {
    if arguments.service.is_some() && arguments.fargate_service == arguments.service {
        return Err(Failure::bad_input(
            "--fargate-service: both sides name the same service: name the twin",
        ));
    }
    if let Some(path) = &arguments.output
        && path.exists()
    {
        return Err(taken(path));
    }
    let account = Account::connect(arguments.region.clone(), &arguments.endpoint)?;
    let drafted = match &arguments.service {
        Some(service) => draft(&account.ask(look(&account, arguments, service))?),
        None => draft_of_rules(&account.ask(rules::look(&*account.inventory, arguments))?),
    };
    match &arguments.output {
        None => print(&drafted.text)?,
        Some(path) => {
            create(path, &drafted.text)?;
            tell(&format!("The draft is {}.", path.display()));
        }
    }
    for remark in &drafted.remarks {
        tell(&format!("note: {}", crate::output::plain(remark)));
    }
    Ok(Answer::Yes)
}

fn taken(path: &Path) -> Failure {
    Failure::bad_input(format!(
        "{}: is there already and is left as it is: name another file",
        path.display()
    ))
}

/// Writes a file that was not there.
fn create(path: &Path, text: &str) -> Result<(), Failure> {
    let file = std::fs::OpenOptions::new().write(true).create_new(true).open(path);
    let written = file.and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| {
        if error.kind() == std::io::ErrorKind::AlreadyExists {
            return taken(path);
        }
        Failure::Unreachable(format!("{}: cannot be written: {error}", path.display()))
    })
}

/// Answers, and what was not answered.
struct Notes(Vec<Unread>);

impl Notes {
    /// The answer, or nothing with a note.
    fn take<T>(&mut self, answer: Answered<T>) -> Option<T> {
        answer.map_err(|error| self.0.push(Unread::from(error))).ok()
    }

    fn all<T>(&mut self, answers: Vec<Answered<T>>) -> Vec<T> {
        answers.into_iter().filter_map(|answer| self.take(answer)).collect()
    }
}

async fn look(account: &Account, arguments: &Init, service: &str) -> Result<Around, Failure> {
    let inventory = &*account.inventory;
    let place = Arc::new(Aws {
        region: arguments.region.clone().unwrap_or_default(),
        assume_role_arn: None,
    });
    let id = ServiceId {
        account: Arc::clone(&place),
        cluster: arguments.cluster.clone(),
        service: service.to_owned(),
    };
    let service = self::service(inventory, &id).await?;
    let mut notes = Notes(Vec::new());
    let resource = |arn: &str| Resource { account: Arc::clone(&place), arn: arn.to_owned() };
    let arn = service.registrations.iter().find_map(|it| it.target_group.clone());
    let groups: Vec<Resource> = arn.iter().map(|arn| resource(arn)).collect();
    let group = notes.all(inventory.target_groups(&groups).await).into_iter().next();
    let behind: Vec<Resource> =
        group.iter().flat_map(|it| &it.balancers).map(|arn| resource(arn)).collect();
    let balancers: Vec<Balancer> = notes.all(inventory.balancers(&behind).await);
    let mut rules: Vec<Rule> = Vec::new();
    for balancer in &behind {
        rules.extend(notes.take(inventory.rules_of(balancer).await).unwrap_or_default());
    }
    // What is behind no balancer is in no zone either.
    let (zones, instances) = if behind.is_empty() {
        (Vec::new(), Vec::new())
    } else {
        names(inventory, &place, &mut notes).await
    };
    let scaling = notes.all(inventory.scalable_targets(std::slice::from_ref(&id)).await);
    let week = match &group {
        Some(group) => {
            let group = TargetGroup { account: Arc::clone(&place), arn: group.arn.clone() };
            let now = account.cloud.clock.now();
            let week = last_week(&*account.cloud.signals, now, &id, group).await;
            notes.take(week)
        }
        None => None,
    };
    let twin = match &arguments.fargate_service {
        Some(name) => Twin::Named(name.clone()),
        None => twin(inventory, &id, &mut notes).await,
    };
    Ok(Around {
        region: arguments
            .region
            .clone()
            .or_else(|| region_of(&service.arn).map(str::to_owned))
            .unwrap_or_default(),
        cluster: arguments.cluster.clone(),
        service,
        group,
        balancers,
        rules,
        zones,
        instances,
        scaling: scaling.into_iter().next().flatten(),
        week,
        twin,
        unread: notes.0,
    })
}

/// The service, which everything else is found from.
async fn service(inventory: &dyn Inventory, id: &ServiceId) -> Result<Service, Failure> {
    let answer = inventory.services(std::slice::from_ref(id)).await.pop();
    let error = match answer {
        Some(Ok(service)) if service.launch.is_fargate() => {
            return Err(Failure::bad_input(format!(
                "--service {}: runs on Fargate: name the service on EC2",
                id.service
            )));
        }
        Some(Ok(service)) => return Ok(service),
        Some(Err(error)) => error,
        None => Error::new(ErrorKind::Partial, "ecs:DescribeServices", "the answer is empty"),
    };
    if error.kind != ErrorKind::NotFound {
        return Err(Failure::Unreachable(error.to_string()));
    }
    let mut unread = Unread::from(error);
    cloud::survey::suggest(inventory, id, &mut unread).await;
    Err(Failure::bad_input(format!(
        "{id} was not found: {}. Is the region right ({})?",
        unread.message,
        if id.account.region.is_empty() { "that of the environment" } else { &id.account.region }
    )))
}

/// Zones with their records, and policy instances.
async fn names(
    inventory: &dyn Inventory,
    place: &Arc<Aws>,
    notes: &mut Notes,
) -> (Vec<(HostedZone, Vec<RecordSet>)>, Vec<PolicyInstance>) {
    let mut all = Vec::new();
    let zones = notes.take(inventory.zones(place).await).unwrap_or_default();
    if zones.len() > ZONES_MAX {
        tell(&format!(
            "note: the account has {} hosted zones, of which the first {ZONES_MAX} are read.",
            zones.len()
        ));
    }
    for zone in zones.into_iter().take(ZONES_MAX) {
        let records = notes.take(inventory.records(place, &zone.id).await);
        all.extend(records.map(|records| (zone, records)));
    }
    let instances = notes.take(inventory.policy_instances(place).await).unwrap_or_default();
    (all, instances)
}

/// The service on Fargate that is called alike.
async fn twin(inventory: &dyn Inventory, id: &ServiceId, notes: &mut Notes) -> Twin {
    let names = inventory.service_names(&id.account, &id.cluster, None).await;
    let names = notes.take(names).unwrap_or_default();
    let alike: Vec<ServiceId> = names
        .into_iter()
        .filter(|name| {
            *name != id.service && (name.contains(&id.service) || id.service.contains(name))
        })
        .take(ALIKE_MAX)
        .map(|service| ServiceId { service, ..id.clone() })
        .collect();
    let found = notes.all(inventory.services(&alike).await);
    let mut on_fargate: Vec<String> =
        found.into_iter().filter(|it| it.launch.is_fargate()).map(|it| it.name).collect();
    match on_fargate.as_mut_slice() {
        [one] => Twin::Found(std::mem::take(one)),
        _ => Twin::Unknown(on_fargate),
    }
}
