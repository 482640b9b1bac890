//! The arrows between crates, and what the pure ones may stand on.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, PackageId};
use system_tests::{root, sources};

/// One crate of the workspace and what it may use.
struct Row {
    name: &'static str,
    /// Pure crates have no async, no clock, no I/O and no randomness but a seeded argument.
    pure: bool,
    /// Crates it may use.
    uses: &'static [&'static str],
    /// Crates that its tests and benchmarks may use beside those.
    tests_use: &'static [&'static str],
}

const fn pure(
    name: &'static str,
    uses: &'static [&'static str],
    tests_use: &'static [&'static str],
) -> Row {
    Row { name, pure: true, uses, tests_use }
}

const fn edge(
    name: &'static str,
    uses: &'static [&'static str],
    tests_use: &'static [&'static str],
) -> Row {
    Row { name, pure: false, uses, tests_use }
}

/// Every crate of the workspace, lowest first; the picture is in `docs/architecture.md`.
const TABLE: &[Row] = &[
    pure("model", &[], &[]),
    pure("sampling", &[], &[]),
    pure("manifest", &["model"], &[]),
    edge("configuration", &["model", "manifest"], &[]),
    pure("preflight", &["model", "manifest"], &[]),
    pure("iam", &["model"], &["manifest"]),
    pure("iac", &["model"], &["manifest"]),
    pure("analysis", &["model"], &["sampling"]),
    pure("capacity", &["model", "sampling"], &[]),
    pure("tuning", &["model", "sampling", "capacity"], &[]),
    // Its property tests hear the audit as a second opinion; the audit never reads the planner.
    pure("planner", &["model", "analysis", "capacity"], &["audit", "manifest", "sampling"]),
    pure("audit", &["model"], &[]),
    edge("cloud", &["model"], &[]),
    edge("datadog", &["model", "cloud"], &[]),
    // Its benchmark saves a week of real evidence.
    edge("store", &["model"], &["analysis", "sampling"]),
    edge("region", &["model", "sampling", "capacity", "cloud"], &["manifest"]),
    edge("aws", &["model", "cloud"], &["iam", "manifest", "region", "wire"]),
    edge("wire", &["model", "capacity", "cloud", "region"], &[]),
    edge(
        "controller",
        &["model", "analysis", "capacity", "planner", "audit", "cloud", "store"],
        &["manifest", "region", "sampling"],
    ),
    edge(
        "rehearsal",
        &[
            "model",
            "manifest",
            "sampling",
            "analysis",
            "capacity",
            "planner",
            "cloud",
            "store",
            "region",
            "controller",
        ],
        &[],
    ),
    edge("report", &["model", "rehearsal"], &["manifest"]),
    // It works out the calendar of what follows when that is asked for.
    edge("server", &["model", "planner", "store"], &[]),
    edge(
        "daemon",
        &["model", "configuration", "cloud", "store", "region", "controller", "server"],
        &["manifest", "rehearsal"],
    ),
    edge("decision-benchmark", &["model", "sampling", "analysis"], &[]),
    edge(
        "ferry",
        &[
            "model",
            "manifest",
            "analysis",
            "capacity",
            "tuning",
            "planner",
            "audit",
            "cloud",
            "store",
            "region",
            "controller",
            "rehearsal",
            "report",
            "configuration",
            "server",
            "daemon",
            "preflight",
            "iam",
            "iac",
            "wire",
            "aws",
            "datadog",
        ],
        &[],
    ),
    edge("system-tests", &[], &["model", "manifest", "region", "rehearsal", "report"]),
];

/// Crates that bring what a pure crate must not have: waiting, entropy, clocks, sockets, files.
const IMPURE: [&str; 22] = [
    "async-std",
    "async-trait",
    "chrono",
    "fastrand",
    "futures",
    "futures-core",
    "futures-executor",
    "futures-util",
    "getrandom",
    "hyper",
    "indicatif",
    "mio",
    "rand",
    "reqwest",
    "rusqlite",
    "smol",
    "socket2",
    "tempfile",
    "time",
    "tokio",
    "ureq",
    "uuid",
];

fn metadata() -> Metadata {
    // Only what this machine builds: the rest need not even have been fetched.
    let version = Command::new("rustc").arg("-vV").output().expect("rustc runs");
    let version = String::from_utf8_lossy(&version.stdout).into_owned();
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    let host = host.expect("rustc says its host").to_owned();
    let mut command = MetadataCommand::new();
    command.manifest_path(root().join("Cargo.toml"));
    command.other_options(["--offline", "--locked", "--filter-platform", &host].map(String::from));
    command.exec().expect("cargo describes the workspace")
}

fn name<'a>(metadata: &'a Metadata, id: &PackageId) -> &'a str {
    metadata[id].name.as_str()
}

/// Everything a package stands on when it is built for use, itself included.
fn closure(metadata: &Metadata, package: &str) -> BTreeSet<String> {
    let resolve = metadata.resolve.as_ref().expect("dependencies are resolved");
    let nodes: BTreeMap<_, _> = resolve.nodes.iter().map(|node| (&node.id, node)).collect();
    let start = metadata.workspace_packages().into_iter().find(|it| it.name.as_str() == package);
    let mut open: Vec<&PackageId> = start.map(|it| &it.id).into_iter().collect();
    let mut found = BTreeSet::new();
    while let Some(id) = open.pop() {
        if !found.insert(id) {
            continue;
        }
        let used = nodes[id].deps.iter().filter(|dep| {
            dep.dep_kinds.iter().any(|kind| kind.kind != DependencyKind::Development)
        });
        open.extend(used.map(|dep| &dep.pkg));
    }
    found.into_iter().map(|id| name(metadata, id).to_owned()).collect()
}

fn row(package: &str) -> Option<&'static Row> {
    TABLE.iter().find(|row| row.name == package)
}

#[test]
fn every_crate_is_in_the_table_and_in_the_docs() {
    let architecture = sources().into_iter().find(|it| it.path == "docs/architecture.md");
    let architecture = architecture.expect("docs/architecture.md exists").text;
    for package in metadata().workspace_packages() {
        let name = package.name.as_str();
        assert!(
            row(name).is_some(),
            "crate {name} is not in TABLE of tests/tests/architecture.rs: decide what it may use, \
             add its row there and to the code map in docs/architecture.md"
        );
        let shown = if name == "system-tests" { "tests" } else { name };
        assert!(
            architecture.contains(&format!("`{shown}`")),
            "docs/architecture.md does not mention `{shown}`: add it to the code map"
        );
    }
}

#[test]
fn dependencies_point_one_way() {
    for package in metadata().workspace_packages() {
        let Some(row) = row(package.name.as_str()) else { continue };
        for dependency in package.dependencies.iter().filter(|it| it.path.is_some()) {
            let used = dependency.name.as_str();
            let for_tests = dependency.kind == DependencyKind::Development;
            let allowed = row.uses.contains(&used) || (for_tests && row.tests_use.contains(&used));
            assert!(
                allowed,
                "{} must not depend on {used}{}: turn the arrow round, move the type to `model`, \
                 or change TABLE of tests/tests/architecture.rs and say why in docs/architecture.md",
                row.name,
                if for_tests { ", not even in tests" } else { "" }
            );
        }
    }
}

/// The table itself has no circle: a crate uses only crates that stand above it.
#[test]
fn the_table_is_in_order() {
    for (index, row) in TABLE.iter().enumerate() {
        for used in row.uses {
            assert!(
                TABLE[..index].iter().any(|lower| lower.name == *used),
                "{} uses {used}, which must stand before it in TABLE",
                row.name
            );
        }
    }
}

#[test]
fn pure_crates_stand_on_nothing_impure() {
    let metadata = metadata();
    for row in TABLE.iter().filter(|row| row.pure) {
        for used in closure(&metadata, row.name) {
            assert!(
                !IMPURE.contains(&used.as_str()),
                "{} stands on {used}: pure crates have no async, clock, entropy or I/O; take time \
                 and seeds as arguments and leave the rest to `controller`",
                row.name
            );
            let own = TABLE.iter().find(|other| other.name == used);
            assert!(
                own.is_none_or(|other| other.pure),
                "{} is pure and stands on {used}, which is not",
                row.name
            );
        }
    }
}

#[test]
fn the_closures_that_are_checked_are_not_empty() {
    let metadata = metadata();
    assert!(closure(&metadata, "planner").contains("libm"), "what analysis uses is followed");
    assert!(closure(&metadata, "cloud").contains("async-trait"), "impurity would be found");
}

#[test]
fn the_planner_cannot_ask_the_world() {
    let used = closure(&metadata(), "planner");
    for forbidden in ["cloud", "store", "region", "controller"] {
        assert!(!used.contains(forbidden), "planner stands on {forbidden}: put it into its input");
    }
}

#[test]
fn the_audit_is_a_second_opinion() {
    let used = closure(&metadata(), "audit");
    for forbidden in ["planner", "capacity", "analysis"] {
        assert!(
            !used.contains(forbidden),
            "audit stands on {forbidden}: compute again what is needed, or one error passes both"
        );
    }
}

#[test]
fn only_aws_knows_the_sdk() {
    for package in metadata().workspace_packages() {
        for dependency in &package.dependencies {
            let is_sdk = ["aws-sdk-", "aws-config", "aws-smithy-", "aws-types"]
                .iter()
                .any(|prefix| dependency.name.starts_with(prefix));
            assert!(
                !is_sdk || package.name.as_str() == "aws",
                "{} depends on {}: only crate `aws` may, behind the traits of `cloud`",
                package.name,
                dependency.name
            );
        }
    }
}

#[test]
fn every_crate_is_under_the_workspace_lints() {
    // What is measured beside Ferry is not of the workspace, so that it costs no build of it.
    let is_of_it = |path: &str| path.ends_with("/Cargo.toml") && !path.starts_with("tests/peers/");
    for source in sources().iter().filter(|it| is_of_it(&it.path)) {
        assert!(
            source.text.contains("[lints]\nworkspace = true"),
            "{} does not take the workspace's lints: add `[lints]` with `workspace = true`",
            source.path
        );
    }
}
