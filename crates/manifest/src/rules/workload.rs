//! What follows from the kind of work: its own fields, SLOs, and the end of the migration.

use model::Span;
use model::spec::{Datadog, Migration, QueueWorker, ScalingMode, Scheduled, SloKind, Workload};

use super::Rules;

pub(super) fn check(migration: &Migration, rules: &mut Rules) {
    match &migration.spec.workload {
        Workload::LoadBalanced => {}
        Workload::QueueWorker(worker) => queue_worker(worker, rules),
        Workload::Scheduled(scheduled) => self::scheduled(scheduled, rules),
    }
    slos(migration, rules);
    scaling(migration, rules);
    spans(migration, rules);
}

fn queue_worker(worker: &QueueWorker, rules: &mut Rules) {
    let path = "spec.workload";
    rules.ask(
        !worker.queue.name.is_empty(),
        format!("{path}.queue.name"),
        "the name is empty",
        "name the queue",
    );
    rules.ask(
        worker.queue.age_max > Span::ZERO,
        format!("{path}.queue.ageMax"),
        "no message can be younger than 0s",
        "write the oldest a message may become, such as 5m",
    );
    rules.ask(
        worker.concurrency_max != Some(0),
        format!("{path}.concurrencyMax"),
        "0 tasks would stop the work",
        "write the most tasks of both sides together, or take the line out",
    );
}

fn scheduled(scheduled: &Scheduled, rules: &mut Rules) {
    let path = "spec.workload.rules";
    rules.ask(!scheduled.rules.is_empty(), path, "the list is empty", "name at least one rule");
    rules.unique(path, "", &scheduled.rules, |rule| format!("{}/{}", rule.bus, rule.name));
    for (place, rule) in scheduled.rules.iter().enumerate() {
        let path = format!("{path}[{place}]");
        rules.ask(
            !rule.name.is_empty(),
            format!("{path}.name"),
            "the name is empty",
            "name the rule",
        );
        rules.ask(
            !rule.bus.is_empty(),
            format!("{path}.bus"),
            "the name is empty",
            "write `default`",
        );
        rules.ask(
            rule.good_runs > 0,
            format!("{path}.goodRuns"),
            "a rule must be seen to work at least once",
            "write 1 or more",
        );
    }
}

fn slos(migration: &Migration, rules: &mut Rules) {
    let slos = &migration.spec.slos;
    // Queues are judged by the age of their messages, schedules by their runs.
    let balanced = matches!(migration.spec.workload, Workload::LoadBalanced);
    rules.ask(
        !slos.is_empty() || !balanced,
        "spec.slos",
        "there is no SLO, so nothing could be judged",
        "add at least one of `latency`, `availability` and `datadog`",
    );
    rules.unique("spec.slos", ".name", slos, |slo| slo.name.clone());
    for (place, slo) in slos.iter().enumerate() {
        let path = format!("spec.slos[{place}]");
        match &slo.kind {
            SloKind::Latency(latency) => rules.ask(
                latency.threshold > Span::ZERO,
                format!("{path}.latency.threshold"),
                "no request is faster than 0s",
                "write the slowest a request may be, such as 300ms",
            ),
            SloKind::Availability(_) => {}
            SloKind::Datadog(datadog) => self::datadog(datadog, &format!("{path}.datadog"), rules),
        }
    }
}

fn datadog(datadog: &Datadog, path: &str, rules: &mut Rules) {
    match datadog {
        Datadog::Queries(queries) => {
            for (field, query) in [("good", &queries.good), ("total", &queries.total)] {
                rules.ask(
                    query.contains("{env}"),
                    format!("{path}.{field}"),
                    "the query does not tell the sides apart",
                    "put `{env}` where the environment stands, such as `env:{env}`",
                );
            }
            rules.ask(
                queries.env.ec2 != queries.env.fargate,
                format!("{path}.env.fargate"),
                "both sides have the same environment",
                "give the twin its own `DD_ENV` and write it here",
            );
        }
        Datadog::Slo(slo) => rules.ask(
            slo.slo_id.ec2 != slo.slo_id.fargate,
            format!("{path}.sloId.fargate"),
            "both sides have the same SLO",
            "make one SLO per side",
        ),
    }
}

fn scaling(migration: &Migration, rules: &mut Rules) {
    let scaling = &migration.spec.scaling;
    rules.unique("spec.scaling.events", ".name", &scaling.events, |event| event.name.clone());
    rules.ask(
        scaling.mode != ScalingMode::Apply || scaling.bounds.is_some(),
        "spec.scaling.mode",
        "`apply` without `bounds` could set anything",
        "add `bounds`, or write `propose`",
    );
    let Some(bounds) = &scaling.bounds else { return };
    let path = "spec.scaling.bounds";
    rules.ask(
        bounds.min <= bounds.max && bounds.max > 0,
        format!("{path}.max"),
        format!("{} tasks at most and {} at least leaves no room", bounds.max, bounds.min),
        "write a `max` that is above 0 and not below `min`",
    );
    rules.ask(
        bounds.change_max.milli_percent() > 0,
        format!("{path}.changeMax"),
        "0% allows no change at all",
        "write the most that one change may be, such as 30%",
    );
}

fn spans(migration: &Migration, rules: &mut Rules) {
    let spec = &migration.spec;
    for (path, span, example) in [
        ("spec.rollback.unknownAfter", spec.rollback.unknown_after, "30m"),
        ("spec.rollback.within", spec.rollback.within, "5m"),
        ("spec.drain.quietFor", spec.drain.quiet_for, "72h"),
    ] {
        rules.ask(
            span > Span::ZERO,
            path,
            "0s is no time at all",
            format!("write such as {example}"),
        );
    }
    rules.ask(
        spec.drain.give_up_after > spec.drain.quiet_for,
        "spec.drain.giveUpAfter",
        format!(
            "after {} EC2 could not yet have been quiet for {}",
            spec.drain.give_up_after, spec.drain.quiet_for
        ),
        "write more than `quietFor`",
    );
}
