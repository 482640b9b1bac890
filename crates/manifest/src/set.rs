//! What only several documents together show.

use std::collections::{BTreeMap, BTreeSet};

use model::spec::{Migration, Name, Router, Workload};
use model::suggest::nearest;

use crate::document::Document;
use crate::problem::Problem;

/// Everything that is wrong with documents as a set, each of them valid on its own.
#[must_use]
pub fn check_set<'a>(documents: impl IntoIterator<Item = &'a Document>) -> Vec<Problem> {
    let documents: Vec<&Document> = documents.into_iter().collect();
    let mut problems = Vec::new();
    one_settings(&documents, &mut problems);
    let migrations = by_name(&documents, &mut problems);
    dependencies(&migrations, &mut problems);
    circles(&migrations, &mut problems);
    owners(&migrations, &mut problems);
    problems
}

type Migrations<'a> = BTreeMap<&'a Name, (&'a Document, &'a Migration)>;

fn one_settings(documents: &[&Document], problems: &mut Vec<Problem>) {
    let mut settings = documents.iter().filter(|document| document.settings().is_some());
    let Some(first) = settings.next() else { return };
    problems.extend(settings.map(|second| {
        let message = format!("a second `Settings`; the first is in {}", first.file);
        second.problem("kind", message, "keep one per daemon")
    }));
}

fn by_name<'a>(documents: &[&'a Document], problems: &mut Vec<Problem>) -> Migrations<'a> {
    let mut migrations = Migrations::new();
    for document in documents {
        let Some(migration) = document.migration() else { continue };
        let name = migration.name();
        if let Some((first, _)) = migrations.get(name) {
            let message =
                format!("a second migration named `{name}`; the first is in {}", first.file);
            problems.push(document.problem("metadata.name", message, "give each its own name"));
        } else {
            migrations.insert(name, (document, migration));
        }
    }
    migrations
}

fn dependencies(migrations: &Migrations<'_>, problems: &mut Vec<Problem>) {
    for (document, migration) in migrations.values() {
        for (place, other) in migration.spec.depends_on.iter().enumerate() {
            if migrations.contains_key(&other.name) {
                continue;
            }
            let names = migrations.keys().filter(|name| **name != migration.name());
            let remedy = nearest(other.name.as_str(), names.map(|name| name.as_str())).map_or_else(
                || "add its file, or take the line out".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            let message = format!("there is no migration named `{}`", other.name);
            let path = format!("spec.dependsOn[{place}].name");
            problems.push(document.problem(&path, message, remedy));
        }
    }
}

/// Each circle once, at the migration of it that comes first by name.
fn circles(migrations: &Migrations<'_>, problems: &mut Vec<Problem>) {
    let mut cleared = BTreeSet::new();
    for name in migrations.keys() {
        let mut trail: Vec<&Name> = Vec::new();
        // Depth first without recursion: who is to be visited, and how deep the trail was then.
        let mut open = vec![(*name, 0)];
        while let Some((next, depth)) = open.pop() {
            trail.truncate(depth);
            if let Some(start) = trail.iter().position(|seen| *seen == next) {
                problems.extend(circle(migrations, &trail[start..]));
                continue;
            }
            if !cleared.insert(next) {
                continue;
            }
            trail.push(next);
            let Some((_, migration)) = migrations.get(next) else { continue };
            for other in migration.spec.depends_on.iter().rev() {
                open.push((&other.name, trail.len()));
            }
        }
    }
}

fn circle(migrations: &Migrations<'_>, names: &[&Name]) -> Option<Problem> {
    let first = names.first()?;
    let (document, migration) = migrations.get(first)?;
    // One that waits for itself is a finding of its own file.
    let second = names.get(1)?;
    let place = migration.spec.depends_on.iter().position(|other| other.name == **second)?;
    let words: Vec<&str> = names.iter().chain([first]).map(|name| name.as_str()).collect();
    let message = format!("{} wait for each other", words.join(" -> "));
    let path = format!("spec.dependsOn[{place}].name");
    Some(document.problem(&path, message, "take one of these out"))
}

/// Two migrations that move the same thing would undo each other without end.
fn owners(migrations: &Migrations<'_>, problems: &mut Vec<Problem>) {
    let mut owners: BTreeMap<String, &Name> = BTreeMap::new();
    for (name, (document, migration)) in migrations {
        for (path, key) in owned(migration) {
            if let Some(owner) = owners.get(key.as_str()) {
                let message = format!("{key} is already moved by `{owner}`");
                problems.push(document.problem(&path, message, "leave it to one migration"));
            } else {
                owners.insert(key, name);
            }
        }
    }
}

/// What a migration writes to, each with the path that says so: `(path, words)`.
#[must_use]
pub fn owned(migration: &Migration) -> Vec<(String, String)> {
    let spec = &migration.spec;
    let place = format!(
        "{}{}",
        spec.aws.region,
        spec.aws.assume_role_arn.as_ref().map(|role| format!(" as {role}")).unwrap_or_default()
    );
    let mut owned = Vec::new();
    for (path, cluster, service) in [
        ("spec.ec2.service", &spec.ec2.cluster, &spec.ec2.service),
        ("spec.fargate.service", &spec.fargate.cluster, &spec.fargate.service),
    ] {
        if let Some(service) = service {
            owned.push((path.to_owned(), format!("service {cluster}/{service} in {place}")));
        }
    }
    if let Workload::Scheduled(scheduled) = &spec.workload {
        owned.extend(scheduled.rules.iter().enumerate().map(|(index, rule)| {
            let path = format!("spec.workload.rules[{index}].name");
            (path, format!("rule {} of bus {} in {place}", rule.name, rule.bus))
        }));
    }
    let path = "spec.traffic.router";
    match &spec.traffic.router {
        None => {}
        Some(Router::Route53TrafficPolicy(router)) => {
            owned.extend(router.instances.iter().enumerate().map(|(place, instance)| {
                (
                    format!("{path}.instances[{place}].id"),
                    format!("policy instance {}", instance.id),
                )
            }));
        }
        Some(Router::Route53Weighted(router)) => {
            owned.extend(router.records.iter().enumerate().map(|(place, record)| {
                let name = record.name.trim_end_matches('.').to_ascii_lowercase();
                let (zone, kind) = (&router.hosted_zone_id, record.record_type);
                (format!("{path}.records[{place}]"), format!("record {name} {kind} of zone {zone}"))
            }));
        }
        Some(Router::AlbWeighted(router)) => {
            owned.extend(router.rule_arns.iter().enumerate().map(|(place, rule)| {
                (format!("{path}.ruleArns[{place}]"), format!("rule {rule}"))
            }));
        }
    }
    owned
}
