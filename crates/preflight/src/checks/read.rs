//! What could not be read.

use std::collections::BTreeMap;

use model::Side;
use model::inventory::{Found, Landscape, PolicyInstance, RouterView, RuleView, Unread, tail_of};
use model::observation::Gap;

use crate::check::{Check, Said, Severity};
use crate::scene::{Scene, listed, sentence};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "read.denied",
        severity: Severity::Blocker,
        finds: "AWS refuses a read that Ferry needs all along",
        remedy: "give Ferry valid credentials of a role that is allowed this action, then look \
                 again",
        look: |scene, said| unread(scene, said, Kind::Denied),
    },
    Check {
        id: "read.missing",
        severity: Severity::Blocker,
        finds: "something that the file names does not exist there",
        remedy: "correct the name, or the region or role in `spec.aws`, or make what is missing",
        look: |scene, said| unread(scene, said, Kind::Missing),
    },
    Check {
        id: "read.failed",
        severity: Severity::Blocker,
        finds: "a read that Ferry needs failed, was throttled or came back incomplete",
        remedy: "see that the endpoint is reached, then look again: nothing is known of it",
        look: |scene, said| unread(scene, said, Kind::Failed),
    },
    Check {
        id: "read.partly",
        severity: Severity::Warning,
        finds: "something that only preflight looks at was not read, so checks of it say nothing",
        remedy: "if it was denied allow the action to the role that runs preflight, if it was \
                 throttled wait, otherwise do what the error says; then look again",
        look: |scene, said| unread(scene, said, Kind::Beside),
    },
    Check {
        id: "twin.toBuild",
        severity: Severity::Warning,
        finds: "the Fargate service is not there yet, and `provision` says how to build it",
        remedy: "build it as `spec.fargate.provision` says; until it is there no share moves",
        look: to_build,
    },
];

/// How it stands with something that was asked for and not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Denied,
    Missing,
    Failed,
    /// Ferry itself does without it.
    Beside,
    /// The twin, which is yet to be built.
    ToBuild,
}

/// Something that was asked for.
struct Asked<'a> {
    what: String,
    /// Whether the daemon reads it as well, or it is what the migration moves.
    is_needed: bool,
    answer: Result<(), &'a Unread>,
}

impl<'a> Asked<'a> {
    fn new<T>(what: impl Into<String>, is_needed: bool, found: &'a Found<T>) -> Self {
        Self { what: what.into(), is_needed, answer: found.as_ref().map(drop) }
    }
}

/// The first reason why nothing was read, if nothing was: what is not there was at least looked
/// for.
pub(crate) fn nothing_read(landscapes: &[Landscape]) -> Option<&Unread> {
    let mut first = None;
    for index in 0..landscapes.len() {
        for asked in Scene::new(landscapes, index).into_iter().flat_map(all_asked) {
            match asked.answer {
                Err(unread) if unread.gap != Gap::NotFound => first = first.or(Some(unread)),
                Ok(()) | Err(_) => return None,
            }
        }
    }
    first
}

fn all_asked(scene: Scene<'_>) -> Vec<Asked<'_>> {
    let mut all = Vec::new();
    for side in Side::ALL {
        let (view, called) = (scene.view(side), scene.called(side));
        all.extend(view.service.iter().map(|it| Asked::new(&called, true, it)));
        let of = |what: &str| format!("{what} of {called}");
        let definition = view.task_definition.iter();
        all.extend(definition.map(|it| Asked::new(of("the task definition"), false, it)));
        all.extend(view.group.iter().map(|it| Asked::new(of("the target group"), true, it)));
        all.extend(view.balancers.iter().map(|it| Asked::new(of("the balancer"), false, it)));
        all.extend(view.scaling.iter().map(|it| Asked::new(of("the scalable target"), true, it)));
        all.extend(view.week.iter().map(|it| Asked::new(of("the last week"), true, it)));
    }
    let daemons = scene.here.daemons.iter();
    all.extend(daemons.map(|it| Asked::new("the daemon services of the cluster", false, it)));
    match &scene.here.router {
        RouterView::None => {}
        RouterView::Records(records) => {
            all.push(Asked::new("the records of the hosted zone", true, records));
        }
        RouterView::Policies(instances) => {
            all.push(Asked::new("the policy instances", true, instances));
            let documents = instances.iter().flatten();
            all.extend(documents.map(
                |PolicyInstance { id, policy, version, document, .. }| {
                    let what = format!("version {version} of policy {policy} of instance {id}");
                    Asked::new(what, true, document)
                },
            ));
        }
        RouterView::Rules(rules) => {
            all.extend(rules.iter().map(|(arn, it)| Asked::new(format!("rule {arn}"), true, it)));
        }
    }
    all.extend(scene.here.rules.iter().flat_map(asked_of_rule));
    all
}

fn asked_of_rule(view: &RuleView) -> Vec<Asked<'_>> {
    let called = format!("rule {} of bus {}", view.name, view.bus);
    let mut all = vec![Asked::new(&called, true, &view.rule)];
    let targets = view.targets.iter();
    all.extend(targets.map(|it| Asked::new(format!("the targets of {called}"), true, it)));
    let definitions = view.task_definitions.iter();
    all.extend(definitions.map(|(arn, it)| {
        Asked::new(format!("the task definition {} of {called}", tail_of(arn)), false, it)
    }));
    all
}

fn kind(scene: Scene<'_>, asked: &Asked<'_>, unread: &Unread) -> Kind {
    let is_planned = scene.spec().fargate.provision.is_some();
    match unread.gap {
        Gap::NotFound if is_planned && asked.what == scene.called(Side::Fargate) => Kind::ToBuild,
        Gap::NotFound => Kind::Missing,
        _ if !asked.is_needed => Kind::Beside,
        Gap::Denied => Kind::Denied,
        Gap::NotAsked | Gap::Throttled | Gap::Failed | Gap::Partial => Kind::Failed,
    }
}

/// One finding for each thing that AWS said, however much it was said of.
fn unread(scene: &Scene<'_>, said: &mut Said, wanted: Kind) {
    let mut by_answer: BTreeMap<(&str, &str, Gap), Vec<String>> = BTreeMap::new();
    for asked in all_asked(*scene) {
        let Err(unread) = asked.answer else { continue };
        if kind(*scene, &asked, unread) == wanted {
            let key = (unread.operation.as_str(), unread.message.as_str(), unread.gap);
            by_answer.entry(key).or_default().push(asked.what);
        }
    }
    for ((operation, message, gap), what) in by_answer {
        let what = sentence(&listed(&what));
        let region = scene.region();
        let told = match (wanted, gap) {
            (Kind::Missing, _) => {
                format!("{what} was not found in {region}: {operation}: {message}.")
            }
            (_, Gap::Denied) => format!("{what}: {operation} said no: {message}."),
            (Kind::Denied | Kind::Failed | Kind::Beside | Kind::ToBuild, _) => {
                format!("{what}: {operation} failed: {message}.")
            }
        };
        match wanted {
            Kind::Denied | Kind::Beside => said.remedied(told, remedy(operation, gap)),
            Kind::Missing | Kind::Failed | Kind::ToBuild => said.seen(told),
        }
    }
}

/// What helps against each reason why something was not read.
fn remedy(operation: &str, gap: Gap) -> String {
    match gap {
        Gap::Denied => format!(
            "allow {operation} to the role that is used here, with credentials that are valid"
        ),
        Gap::Throttled => format!(
            "wait and look again: others use up what AWS gives of {operation}, or too much was \
             asked for at once"
        ),
        Gap::Partial => "look again: the answer left it out".to_owned(),
        Gap::NotAsked | Gap::NotFound | Gap::Failed => format!(
            "do what the error says, or see that the endpoint of {operation} is reached, then \
             look again"
        ),
    }
}

fn to_build(scene: &Scene<'_>, said: &mut Said) {
    let called = scene.called(Side::Fargate);
    let is_planned = all_asked(*scene).iter().any(|asked| {
        asked.answer.is_err_and(|unread| kind(*scene, asked, unread) == Kind::ToBuild)
    });
    if is_planned {
        said.seen(format!("{} is not there yet.", sentence(&called)));
    }
}
