//! The draft of a migration, from a live service and what points at it.
//!
//! ```text
//! Around --> routers: what splits, or could, between this service and another --> one, or none
//!        --> numbers: thresholds from the week, bounds from the scalable target
//!        --> text: YAML with a comment beside each thing that was found or is to be decided
//! ```
//!
//! What is written always validates. Where something cannot be known a placeholder stands that
//! matches nothing, with a comment of what to write, and a remark says so.

mod numbers;
mod routers;
mod scheduled;
mod yaml;

use model::inventory::{
    Balancer, HostedZone, PolicyInstance, RecordSet, Rule, ScalableTarget, Service, TargetGroup,
    Unread, Week,
};
use model::spec::Router;

pub use scheduled::{Jobs, draft as draft_of_rules};

use routers::Candidate;
use yaml::Lines;

/// A service and what was found around it.
#[derive(Debug, Clone)]
pub struct Around {
    /// The region it is in.
    pub region: String,
    /// Its cluster.
    pub cluster: String,
    /// The service.
    pub service: Service,
    /// The target group its requests come through.
    pub group: Option<TargetGroup>,
    /// The balancers before it.
    pub balancers: Vec<Balancer>,
    /// The rules of these balancers.
    pub rules: Vec<Rule>,
    /// Hosted zones with their records.
    pub zones: Vec<(HostedZone, Vec<RecordSet>)>,
    /// Policy instances of the account.
    pub instances: Vec<PolicyInstance>,
    /// Its scalable target.
    pub scaling: Option<ScalableTarget>,
    /// Its last week.
    pub week: Option<Week>,
    /// The twin.
    pub twin: Twin,
    /// What was not read.
    pub unread: Vec<Unread>,
}

/// How much is known of the service on Fargate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Twin {
    /// It was named on the command line.
    Named(String),
    /// One service on Fargate is called alike.
    Found(String),
    /// None, or several.
    Unknown(Vec<String>),
}

/// A draft: the file, and what its reader has to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// YAML that validates.
    pub text: String,
    /// Sentences for the person who asked.
    pub remarks: Vec<String>,
}

/// Writes a migration for the service that `around` is about.
#[must_use]
pub fn draft(around: &Around) -> Draft {
    let mut remarks: Vec<String> = around
        .unread
        .iter()
        .map(|it| format!("{} was not read: {}", it.operation, it.message))
        .collect();
    let mut lines = Lines::default();
    let Around { cluster, service, .. } = around;
    head(&format!("{cluster}/{}", yaml::plain(&service.name)), &service.name, &NEXT, &mut lines);
    places(around, &mut lines, &mut remarks);
    let is_balanced = around.service.registrations.iter().any(|it| it.target_group.is_some());
    if is_balanced {
        lines.put(1, "workload: {type: loadBalanced}");
    } else {
        worker(&mut lines, &mut remarks);
    }
    lines.blank();
    traffic(around, is_balanced, &mut lines, &mut remarks);
    if is_balanced {
        numbers::slos(around.week.as_ref(), &mut lines, &mut remarks);
    }
    numbers::scaling(around.scaling.as_ref(), &mut lines, &mut remarks);
    tail(&mut lines);
    Draft { text: lines.text(), remarks }
}

/// What to do with a draft. What needs a load to be rehearsed under comes last.
const NEXT: [&str; 3] = [
    "ferry validate FILE      whether it is a migration",
    "ferry preflight FILE     what stands in its way",
    "ferry rehearse FILE      how it would go in a simulated region",
];

/// What every draft begins with: `what` is migrated, and called after `name`; then `next`.
fn head(what: &str, name: &str, next: &[&str], lines: &mut Lines) {
    let said = format!(
        "A draft of the migration of {what}, from what was found around it. Read it from top to \
         bottom, then:"
    );
    lines.comment(0, &said);
    lines.comment(0, "");
    for command in next {
        lines.put(0, &format!("#   {command}"));
    }
    lines.comment(0, "");
    lines.comment(
        0,
        "What is left out has the default of `ferry schema migration`; config/examples/\
         tapple-api.yaml explains every part.",
    );
    lines.put(0, "apiVersion: ferry/v1");
    lines.put(0, "kind: Migration");
    lines.put(0, "metadata:");
    lines.comment(1, "Unique for one daemon; part of metrics and web addresses.");
    lines.put(1, &format!("name: {}", yaml::label(name)));
    lines.put(0, "spec:");
    lines.comment(1, "Decide and report, write nothing. `act` moves traffic.");
    lines.put(1, "mode: observe");
    lines.blank();
}

fn places(around: &Around, lines: &mut Lines, remarks: &mut Vec<String>) {
    let Around { region, cluster, service, twin, .. } = around;
    lines.put(1, &format!("aws: {{region: {}}}", yaml::scalar(region)));
    let ours =
        format!("cluster: {}, service: {}", yaml::scalar(cluster), yaml::scalar(&service.name));
    if let [_, _, ..] = service.registrations.as_slice() {
        let count = service.registrations.len();
        lines.comment(
            1,
            &format!(
                "The service registers in {count} target groups. The first is judged; name another \
                 with `targetGroupArn` if the users' traffic is there."
            ),
        );
    }
    lines.put(1, &format!("ec2: {{{ours}}}"));
    let name = match twin {
        Twin::Named(name) => name.clone(),
        Twin::Found(name) => {
            let said = format!(
                "The only service on Fargate in this cluster that is called alike: {name}."
            );
            lines.comment(1, &said);
            name.clone()
        }
        Twin::Unknown(alike) => {
            let name = yaml::shortened(&service.name, "-fargate");
            let found = if alike.is_empty() {
                format!("No service on Fargate was found that is called like {}.", service.name)
            } else {
                format!("Several services on Fargate are called alike: {}.", alike.join(", "))
            };
            lines.comment(
                1,
                &format!(
                    "{found} Write the name of the twin here (and its cluster), or build one of \
                     this name: the same release, its own target group of type `ip`."
                ),
            );
            remarks.push(format!("{found} The draft says `{name}`: correct it."));
            name
        }
    };
    let twin = format!("cluster: {}, service: {}", yaml::scalar(cluster), yaml::scalar(&name));
    lines.put(1, &format!("fargate: {{{twin}}}"));
    lines.blank();
}

fn worker(lines: &mut Lines, remarks: &mut Vec<String>) {
    lines.comment(
        1,
        "The service is behind no target group, so it is taken for one that works off a queue: its \
         share is of tasks, and there is no router. Write the queue's name and the oldest that a \
         message may become.",
    );
    lines.put(1, "workload: {type: queueWorker, queue: {name: replace-me, ageMax: 5m}}");
    remarks.push(
        "The service is behind no target group: the draft takes it for a queue worker, and its \
         queue is to be named."
            .to_owned(),
    );
}

fn traffic(around: &Around, is_balanced: bool, lines: &mut Lines, remarks: &mut Vec<String>) {
    lines.put(1, "traffic:");
    if is_balanced {
        router(around, lines, remarks);
        lines.blank();
    }
    lines.comment(2, "Below 5 % there is too little traffic to prove anything: those steps look for crashes only.");
    lines.put(2, "rollout:");
    lines.put(3, "steps: [1%, 5%, 10%, 25%, 50%, 75%, 100%]");
    lines.put(3, "dwellMin: 1h");
    lines.comment(3, "At 100 %, EC2 still able to take everything back.");
    lines.put(3, "bake: 48h");
    hours(lines);
}

/// When steps may be taken.
fn hours(lines: &mut Lines) {
    lines.comment(
        2,
        "Steps forward only while people are there to look: write your zone and hours.",
    );
    lines.put(2, "timeZone: UTC");
    lines.comment(2, "windows:");
    lines.put(2, "#   - {days: [Mon, Tue, Wed, Thu], from: \"10:00\", to: \"17:00\"}");
    lines.put(2, "deadline: 21d");
    lines.blank();
}

fn router(around: &Around, lines: &mut Lines, remarks: &mut Vec<String>) {
    let found = routers::find(around);
    let (whole, partial): (Vec<&Candidate>, Vec<&Candidate>) =
        found.iter().partition(|candidate| candidate.router.is_some());
    if let [candidate] = whole.as_slice()
        && let Some(router) = &candidate.router
    {
        lines.comment(2, &candidate.because);
        yaml::router(router, lines);
        return;
    }
    let why = if whole.is_empty() {
        "Nothing was found that splits traffic between this service and another."
    } else {
        "Several things were found that split this service's traffic; none was taken."
    };
    lines.comment(
        2,
        &format!(
            "{why} What stands here matches nothing, so that no preflight passes: put in its place \
             what turns the share into weights."
        ),
    );
    for candidate in whole.iter().chain(&partial) {
        lines.comment(2, "");
        lines.comment(2, &candidate.because);
        if let Some(router) = &candidate.router {
            let mut aside = Lines::default();
            yaml::router(router, &mut aside);
            for line in aside.text().lines() {
                lines.put(0, &format!("    # {}", line.trim_start_matches("    ")));
            }
        }
    }
    remarks.push(format!("{why} The draft holds a placeholder in `spec.traffic.router`."));
    remarks.extend(whole.iter().chain(&partial).map(|it| it.because.clone()));
    yaml::router(&placeholder(), lines);
}

/// A router that matches nothing.
fn placeholder() -> Router {
    use model::spec::{Record, RecordType, Route53Weighted};
    Router::Route53Weighted(Route53Weighted {
        aws: None,
        hosted_zone_id: "REPLACE-ME".to_owned(),
        records: vec![Record {
            name: "replace-me.example.com".to_owned(),
            record_type: RecordType::A,
        }],
        ec2_set_identifier: "ec2".to_owned(),
        fargate_set_identifier: "fargate".to_owned(),
    })
}

fn tail(lines: &mut Lines) {
    lines.comment(
        1,
        "Fargate burns its error budget and EC2 does not: all traffic goes back. EC2 keeps tasks \
         for the peak, so that it can take everything within this.",
    );
    lines.put(1, "rollback: {when: slo, within: 5m, reserve: peak}");
    lines.blank();
    lines.comment(1, "Ferry never takes the EC2 side down unless told to.");
    lines.put(1, "decommission: {mode: manual}");
}
