//! `ferry describe`

use model::capacity::{Fit, Ratio, Source, TaskCapacity};
use model::spec::{Advance, Mode, Router, SloKind, Spec, Target, Workload};
use model::status::{Status, Verbs};
use model::{PerSide, Side, Time};
use server::api::{Detail, Latest};
use store::Numbered;

use crate::cli::One;
use crate::commands::client::Client;
use crate::commands::show::get::tasks;
use crate::commands::show::history::{self, From, verdict_words};
use crate::commands::show::page::{Page, known};
use crate::output::{Answer, Failure, print, terminal_width};

/// The newest entries of history that are shown; `ferry history` shows more.
const LATEST: usize = 10;

/// Shows everything that is known of a migration.
pub(crate) fn run(arguments: &One) -> Result<Answer, Failure> {
    let client = Client::new(&arguments.server)?;
    let (detail, revision) = client.detail(&arguments.name)?;
    let mut page = Page::new(terminal_width());
    write(&mut page, &detail, &revision);
    page.heading("Latest history");
    match history::read(&client, &arguments.name, From::Before(None), LATEST) {
        Ok(entries) => latest(&mut page, &entries),
        // The daemon answers from memory, its store may be down: show what there is.
        Err(Failure::Unreachable(problem) | Failure::Refused(problem)) => {
            page.paragraph(2, &format!("could not be read: {problem}"));
        }
        Err(failure) => return Err(failure),
    }
    print(&page.finish())?;
    Ok(Answer::Yes)
}

fn latest(page: &mut Page, entries: &[Numbered]) {
    if entries.is_empty() {
        page.paragraph(2, "There is none yet.");
        return;
    }
    history::table(page, 2, entries);
}

fn write(page: &mut Page, detail: &Detail, revision: &str) {
    let (summary, status) = (&detail.summary, &detail.status);
    page.paragraph(0, &format!("{}: {}", summary.name, summary.doing));
    if !summary.labels.is_empty() {
        let labels: Vec<String> =
            summary.labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
        page.field("labels", labels.join(", "));
    }
    page.field("generation", summary.generation);
    page.field("revision", revision);
    page.field("looked at", detail.seen_at);
    wanted(page, &detail.migration.spec);
    live(page, detail);
    progress(page, status);
    said(page, &status.verbs);
    conditions(page, status);
}

fn wanted(page: &mut Page, spec: &Spec) {
    page.heading("What its file asks for");
    page.field(
        "mode",
        match spec.mode {
            Mode::Observe => "observe: decides and reports, writes nothing",
            Mode::Act => "act",
        },
    );
    page.field("attempt", spec.attempt);
    if spec.paused {
        page.field("paused", "yes");
    }
    for dependency in &spec.depends_on {
        page.field("depends on", format!("{} being {}", dependency.name, dependency.condition));
    }
    page.field("region", &spec.aws.region);
    page.field("EC2", place(&spec.ec2.cluster, spec.ec2.service.as_deref()));
    page.field("Fargate", place(&spec.fargate.cluster, spec.fargate.service.as_deref()));
    page.field("workload", workload(&spec.workload));
    if let Some(router) = &spec.traffic.router {
        page.field("router", routes(router));
    }
    page.field("target", target(&spec.traffic.target));
    page.field("largest step", spec.traffic.step_max);
    page.field("deadline", spec.traffic.deadline);
    for slo in &spec.slos {
        page.field("SLO", format!("{}: {}", slo.name, objective(&slo.kind)));
    }
}

fn place(cluster: &str, service: Option<&str>) -> String {
    service.map_or_else(|| format!("cluster {cluster}"), |service| format!("{cluster}/{service}"))
}

fn workload(workload: &Workload) -> String {
    match workload {
        Workload::LoadBalanced => "requests through a load balancer".to_owned(),
        Workload::QueueWorker(worker) => format!("messages of the queue {}", worker.queue.name),
        Workload::Scheduled(scheduled) => format!("{} scheduled rules", scheduled.rules.len()),
    }
}

fn routes(router: &Router) -> String {
    match router {
        Router::Route53TrafficPolicy(policy) => {
            let ids: Vec<&str> = policy.instances.iter().map(|one| one.id.as_str()).collect();
            format!("Route 53 traffic policy instances {}", ids.join(", "))
        }
        Router::Route53Weighted(weighted) => {
            let records: Vec<String> = weighted
                .records
                .iter()
                .map(|record| format!("{} {}", record.name, record.record_type))
                .collect();
            format!("Route 53 weighted records {}", records.join(", "))
        }
        Router::AlbWeighted(weighted) => {
            format!("weighted target groups in {} listener rules", weighted.rule_arns.len())
        }
    }
}

fn target(target: &Target) -> String {
    match target {
        Target::Share(share) => format!("{share} on Fargate, held"),
        Target::Rollout(rollout) => {
            let steps: Vec<String> = rollout.steps.iter().map(ToString::to_string).collect();
            let by = match rollout.advance {
                Advance::Evidence => "by evidence",
                Advance::Dwell => "by dwell",
                Advance::Manual => "by an operator's word",
            };
            format!(
                "{}, each {by} and after {} at least; bake {}",
                steps.join(", "),
                rollout.dwell_min,
                rollout.bake
            )
        }
    }
}

fn objective(slo: &SloKind) -> String {
    match slo {
        SloKind::Latency(latency) => {
            format!("{} of requests within {}", latency.objective, latency.threshold)
        }
        SloKind::Availability(availability) => {
            format!("{} of requests without a server error", availability.objective)
        }
        SloKind::Datadog(_) => slo.objective().map_or_else(
            || "from Datadog, with its own objective".to_owned(),
            |objective| format!("{objective} good, from Datadog"),
        ),
    }
}

fn live(page: &mut Page, detail: &Detail) {
    let (summary, status) = (&detail.summary, &detail.status);
    page.heading("What is live");
    let share = &summary.share;
    page.field(
        "share",
        format!(
            "wanted {}, set {}, measured {}",
            known(share.wanted),
            known(share.set),
            known(share.measured)
        ),
    );
    page.field("tasks", format!("{} running (healthy), EC2 / Fargate", tasks(&summary.tasks)));
    page.field("floors", sides(&status.floors, |floor| format!("{floor} tasks")));
    page.field(
        "saved bounds",
        sides(&status.saved, |bounds| format!("{}..{} tasks", bounds.min, bounds.max)),
    );
    for side in Side::ALL {
        page.field(&side.to_string(), minute(detail.latest.get(side)));
    }
    for side in Side::ALL {
        page.field(&format!("a task of {side}"), carries(detail.capacity.tasks.get(side)));
    }
    if let Some(ratio) = &detail.capacity.ratio {
        let Ratio { low, estimate, high } = ratio;
        page.field(
            "a Fargate task",
            format!("carries {estimate:.2} of what an EC2 task does ({low:.2} to {high:.2})"),
        );
    }
    let verdict = &detail.verdict;
    page.field("verdict", format!("{}: {}", verdict_words(verdict.kind), verdict.reason));
}

/// What a task carries, and where that is known from.
fn carries(task: &TaskCapacity) -> String {
    let TaskCapacity { safe_requests_per_minute, source, fit, refused } = task;
    let rate = safe_requests_per_minute.map_or_else(
        || "nothing is known".to_owned(),
        |rpm| format!("{:.1} requests/s", rpm / 60.0),
    );
    let from = match source {
        Source::Unknown => None,
        Source::Prior => Some("until it has shown more, from an EC2 task".to_owned()),
        Source::Measured => Some("seen within the objective".to_owned()),
        Source::Fitted => fit.as_ref().map(|fit| {
            let Fit { at, minutes, safe_cpu_percent, .. } = fit;
            format!("at {safe_cpu_percent:.0} % CPU, fitted to {minutes} minutes at {at}")
        }),
    };
    let refused = refused.as_ref().map(|why| format!("no fit: {why}"));
    let notes = fit.iter().flat_map(|fit| fit.notes.iter().cloned());
    [Some(rate), from, refused].into_iter().flatten().chain(notes).collect::<Vec<_>>().join("; ")
}

/// The newest settled minute of a side.
fn minute(latest: &Latest) -> String {
    let Latest { p99_ms, requests_per_minute, slow_ratio } = latest;
    let parts = [
        p99_ms.map(|ms| format!("p99 {ms:.0} ms")),
        requests_per_minute.map(|rate| format!("{rate:.0} requests per minute")),
        slow_ratio.map(|ratio| format!("{:.2} % slow", ratio * 100.0)),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() { "no settled minute is known".to_owned() } else { parts.join(", ") }
}

fn sides<T>(values: &PerSide<Option<T>>, words: impl Fn(&T) -> String) -> String {
    let of = |side: Side| {
        let value = values.get(side).as_ref();
        format!("{side} {}", value.map_or_else(|| "none".to_owned(), &words))
    };
    Side::ALL.map(of).join(", ")
}

fn progress(page: &mut Page, status: &Status) {
    page.heading(&format!("Attempt {}", status.attempt));
    page.field("began", known(status.started_at));
    match &status.step {
        Some(step) => page.field(
            "step",
            format!(
                "{}: decided {}, verified {}, settled {}",
                step.share,
                step.decided_at,
                known(step.verified_at),
                known(step.settled_at)
            ),
        ),
        None => page.field("step", "none yet"),
    }
    if let Some(latch) = &status.latch {
        page.field(
            "rolled back",
            format!(
                "attempt {} at {} from {}, because {}; raise `spec.attempt` or `ferry resume`",
                latch.attempt, latch.at, latch.from, latch.reason
            ),
        );
    }
    if let Some(release) = &status.release {
        page.field("release", format!("{} on both sides since {}", release.name, release.since));
    }
    let times = [
        ("last step since", status.full_since),
        ("baked", status.baked_at),
        ("EC2 quiet since", status.quiet_since),
        ("drained", status.drained_at),
        ("unknown since", status.unknown_since),
        ("short since", status.short_since),
    ];
    for (label, at) in times {
        if let Some(at) = at {
            page.field(label, at);
        }
    }
}

fn said(page: &mut Page, verbs: &Verbs) {
    let Verbs { pause, pin, rollback, advance, freeze } = verbs;
    let plain =
        [("pause", pause), ("rollback", rollback), ("advance", advance), ("freeze", freeze)];
    let mut lines: Vec<(Time, String)> = plain
        .into_iter()
        .filter_map(|(verb, said)| Some((verb, said.as_ref()?)))
        .map(|(verb, said)| (said.at, format!("{verb}: {} at {}", said.who, said.at)))
        .collect();
    lines.extend(pin.as_ref().map(|pin| {
        let said = &pin.said;
        (said.at, format!("pin at {}: {} at {}", pin.share, said.who, said.at))
    }));
    lines.sort();
    page.heading("What operators said, and what stands until `ferry resume`");
    if lines.is_empty() {
        page.paragraph(2, "Nothing.");
    }
    for (_, line) in &lines {
        page.paragraph(2, line);
    }
}

fn conditions(page: &mut Page, status: &Status) {
    page.heading("Conditions");
    let rows: Vec<[String; 5]> = status
        .conditions
        .iter()
        .map(|condition| {
            [
                condition.kind.to_string(),
                condition.status.to_string(),
                condition.last_transition_time.to_string(),
                condition.reason.to_string(),
                condition.message.clone(),
            ]
        })
        .collect();
    if rows.is_empty() {
        page.paragraph(2, "None was set yet.");
    } else {
        page.table(2, ["TYPE", "STATUS", "SINCE", "REASON", "MESSAGE"], &rows);
    }
}
