//! What Prometheus scrapes.
//!
//! What is true of a migration is read from the [`Fleet`] when somebody asks and kept nowhere, so
//! that a migration which is gone leaves no series behind. The number of series is
//! [`series_max`] of the number of migrations: every label is a migration's name or a word of a
//! closed list, never an id, an address or a message.

use std::time::Duration;

use model::condition::{ConditionStatus, ConditionType};
use model::plan::Rule;
use model::spec::SloKind;
use model::verdict::VerdictKind;
use model::{PerSide, Side};
use prometheus::core::Collector;
use prometheus::{
    Encoder as _, Gauge, GaugeVec, Histogram, HistogramOpts, IntCounter, IntCounterVec, Opts,
    Registry, TextEncoder,
};

use crate::api::Detail;
use crate::desk::{Counts, Fleet};

/// Signals the judge compares, as they are named in its evidence.
const SIGNALS: [&str; 4] = ["slow_slo", "slow_p90", "slow_p50", "errors"];
/// What the judge can say.
const VERDICTS: [VerdictKind; 3] = [VerdictKind::Advance, VerdictKind::Hold, VerdictKind::RollBack];
/// What can become of a call to the world, as labels.
const OUTCOMES: [&str; 11] = [
    "ok",
    "throttled",
    "busy",
    "denied",
    "notFound",
    "conflict",
    "invalid",
    "quotaReached",
    "unreachable",
    "partial",
    "outcomeUnknown",
];
/// The labels of answers and requests.
const CALL_LABELS: [&str; 3] = ["service", "operation", "outcome"];
/// Fine where a tick over one migration ends, coarse where a thousand do.
const TICK_SECONDS: [f64; 10] = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0];

/// One kind of call to the world, for [`Metrics::new`] to begin its counters at zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ApiCall {
    /// Such as `ecs`.
    pub service: &'static str,
    /// Such as `DescribeServices`.
    pub operation: &'static str,
}

/// What is counted over the life of the process.
pub struct Metrics {
    registry: Registry,
    per_migration: bool,
    tick_seconds: Histogram,
    ticks: IntCounter,
    answers: IntCounterVec,
    requests: IntCounterVec,
    writes: IntCounterVec,
    reload_failures: IntCounter,
    lease_transitions: IntCounter,
}

impl Metrics {
    /// Counters at zero. `answers` are the kinds that the daemon may get, `requests` those that
    /// it may send to AWS.
    ///
    /// # Panics
    /// When two metrics have one name: a defect that the first start shows.
    #[must_use]
    pub fn new(
        version: &str,
        answers: &[ApiCall],
        requests: &[ApiCall],
        per_migration: bool,
    ) -> Self {
        let registry = Registry::new();
        let counter = |name: &str, help: &str| registered(&registry, IntCounter::new(name, help));
        let counters = |name: &str, help: &str, labels: &[&str]| {
            registered(&registry, IntCounterVec::new(Opts::new(name, help), labels))
        };
        let metrics = Self {
            tick_seconds: registered(
                &registry,
                Histogram::with_opts(
                    HistogramOpts::new(
                        "ferry_tick_duration_seconds",
                        "How long one pass over all migrations took.",
                    )
                    .buckets(TICK_SECONDS.to_vec()),
                ),
            ),
            ticks: counter("ferry_ticks_total", "Passes over all migrations."),
            answers: counters(
                "ferry_cloud_answers_total",
                "Answers to what was asked of AWS and Datadog, one for each thing that was asked for.",
                &CALL_LABELS,
            ),
            requests: counters(
                "ferry_aws_api_requests_total",
                "Requests that were sent to AWS, each attempt, by what became of them.",
                &CALL_LABELS,
            ),
            writes: counters(
                "ferry_writes_total",
                "Changes that were asked for, by what became of them.",
                &["action", "outcome"],
            ),
            reload_failures: counter(
                "ferry_config_reload_failures_total",
                "Looks at the configuration in which something was refused.",
            ),
            lease_transitions: counter(
                "ferry_lease_transitions_total",
                "How often this process began or ceased to be the one that acts.",
            ),
            per_migration,
            registry,
        };
        metrics.begin(version, answers, requests);
        metrics
    }

    /// Series that are to be there from the first scrape on, so that no first increase is missed.
    fn begin(&self, version: &str, answers: &[ApiCall], requests: &[ApiCall]) {
        let info = registered(
            &self.registry,
            GaugeVec::new(Opts::new("ferry_build_info", "The version that runs."), &["version"]),
        );
        info.with_label_values(&[version]).set(1.0);
        for (counters, calls) in [(&self.answers, answers), (&self.requests, requests)] {
            for ApiCall { service, operation } in calls {
                for outcome in OUTCOMES {
                    counters.with_label_values(&[service, operation, &outcome]);
                }
            }
        }
        for action in ACTIONS {
            for outcome in ANSWERS {
                self.writes.with_label_values(&[action, outcome]);
            }
        }
        #[cfg(target_os = "linux")]
        self.registry
            .register(Box::new(prometheus::process_collector::ProcessCollector::for_self()))
            .expect("process metrics have names of their own");
    }

    /// Notes a pass over all migrations.
    pub fn note_tick(&self, took: Duration) {
        self.ticks.inc();
        self.tick_seconds.observe(took.as_secs_f64());
    }

    /// Notes what the world answered to one thing that was asked of it, in however many requests;
    /// `outcome` is `ok` or the name of an error's kind.
    pub fn note_answer(&self, call: ApiCall, outcome: &str) {
        self.answers.with_label_values(&[call.service, call.operation, outcome]).inc();
    }

    /// Notes a request that was sent to AWS; `outcome` as above.
    pub fn note_request(&self, call: ApiCall, outcome: &str) {
        self.requests.with_label_values(&[call.service, call.operation, outcome]).inc();
    }

    /// Notes what became of a change.
    pub fn note_write(&self, action: &str, answer: &store::Answer) {
        self.writes.with_label_values(&[action, answer_label(answer)]).inc();
    }

    /// Notes a look at the configuration in which something was refused.
    pub fn note_refused_reload(&self) {
        self.reload_failures.inc();
    }

    /// Notes that this process began or ceased to act.
    pub fn note_lease_transition(&self) {
        self.lease_transitions.inc();
    }

    /// All metrics in the text format 0.0.4 (Prometheus, "Exposition formats").
    #[must_use]
    pub fn render(&self, fleet: &Fleet) -> String {
        let mut families = self.registry.gather();
        families.extend(of_daemon(fleet));
        if self.per_migration {
            families.extend(of_migrations(fleet));
        }
        families.retain(|family| !family.get_metric().is_empty());
        families.sort_by(|a, b| a.name().cmp(b.name()));
        let mut text = Vec::new();
        // Writing to memory fails only for a family without metrics, and there is none.
        TextEncoder::new().encode(&families, &mut text).ok();
        String::from_utf8(text).unwrap_or_default()
    }
}

/// The actions there are, as [`model::action::Action::name`] gives them.
const ACTIONS: [&str; 5] =
    ["SetWeights", "SetBounds", "SetDesired", "PutScheduled", "DeleteScheduled"];
const ANSWERS: [&str; 5] = ["written", "alreadySo", "refused", "unknown", "notSent"];

const fn answer_label(answer: &store::Answer) -> &'static str {
    match answer {
        store::Answer::Written => "written",
        store::Answer::AlreadySo => "alreadySo",
        store::Answer::Refused { .. } => "refused",
        store::Answer::Unknown { .. } => "unknown",
        store::Answer::NotSent { .. } => "notSent",
    }
}

fn registered<C: Collector + Clone + 'static>(
    registry: &Registry,
    made: prometheus::Result<C>,
) -> C {
    let made = made.expect("names and labels are written in this file");
    registry.register(Box::new(made.clone())).expect("each name is registered once");
    made
}

type Families = Vec<prometheus::proto::MetricFamily>;

/// Gauges that live for one scrape.
struct Scrape {
    families: Families,
}

impl Scrape {
    fn gauge(&mut self, name: &str, help: &str, value: f64) {
        if let Ok(gauge) = Gauge::new(name, help) {
            gauge.set(value);
            self.families.extend(gauge.collect());
        }
    }

    /// One gauge for each set of label values; NaN is kept: it says "not known".
    fn gauges(&mut self, name: &str, help: &str, labels: &[&str], values: &[(Vec<&str>, f64)]) {
        if let Ok(gauges) = GaugeVec::new(Opts::new(name, help), labels) {
            for (words, value) in values {
                gauges.with_label_values(words).set(*value);
            }
            self.families.extend(gauges.collect());
        }
    }

    fn counters(&mut self, name: &str, help: &str, values: &[(&str, u64)]) {
        if let Ok(counters) = IntCounterVec::new(Opts::new(name, help), &["migration"]) {
            for (migration, value) in values {
                counters.with_label_values(&[migration]).inc_by(*value);
            }
            self.families.extend(counters.collect());
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts and seconds are far below 2^53")]
fn of_daemon(fleet: &Fleet) -> Families {
    let daemon = &fleet.daemon;
    let configuration = &daemon.configuration;
    let mut scrape = Scrape { families: Vec::new() };
    let is_whole = configuration.problems.is_empty() && configuration.unconfirmed.is_empty();
    scrape.gauge(
        "ferry_config_last_reload_successful",
        "Whether all of the configuration was taken at the last look.",
        f64::from(u8::from(is_whole && configuration.loaded_at.is_some())),
    );
    scrape.gauge(
        "ferry_config_last_reload_success_timestamp_seconds",
        "When all of the configuration was last taken.",
        configuration.loaded_at.map_or(f64::NAN, |at| at.as_secs() as f64),
    );
    scrape.gauge(
        "ferry_config_unconfirmed_removals",
        "Files that are gone and whose removal waits for a confirmation.",
        configuration.unconfirmed.len() as f64,
    );
    scrape.gauge(
        "ferry_leader",
        "Whether this process is the one that acts.",
        f64::from(u8::from(daemon.is_leader)),
    );
    scrape.gauge(
        "ferry_store_writable",
        "Whether the store takes records; without it nothing is changed.",
        f64::from(u8::from(daemon.store_problem.is_none())),
    );
    scrape.gauge(
        "ferry_last_tick_timestamp_seconds",
        "When the last pass over all migrations began, on the clock that Ferry lives by.",
        daemon.at.map_or(f64::NAN, |at| at.as_secs() as f64),
    );
    scrape.gauge("ferry_migrations", "Migrations that are managed.", fleet.migrations.len() as f64);
    scrape.gauge(
        "ferry_orphans",
        "Migrations with a record and without a file.",
        fleet.orphans.len() as f64,
    );
    scrape.families
}

/// What holds for each migration: [`PER_MIGRATION`] series of each.
fn of_migrations(fleet: &Fleet) -> Families {
    let mut scrape = Scrape { families: Vec::new() };
    shares(&mut scrape, fleet);
    states(&mut scrape, fleet);
    decisions(&mut scrape, fleet);
    sides(&mut scrape, fleet);
    objectives(&mut scrape, fleet);
    evidence(&mut scrape, fleet);
    let count = |of: fn(&Counts) -> u64| -> Vec<(&str, u64)> {
        let counted = |name: &String| fleet.counts.get(name).map_or(0, of);
        fleet.migrations.keys().map(|name| (name.as_str(), counted(name))).collect()
    };
    scrape.counters(
        "ferry_migration_rollbacks_total",
        "Times that traffic was sent back to EC2.",
        &count(|counts| counts.rollbacks),
    );
    scrape.counters("ferry_migration_steps_total", "Steps forward.", &count(|counts| counts.steps));
    scrape.counters(
        "ferry_migration_drifts_total",
        "Times that somebody else changed what Ferry had set.",
        &count(|counts| counts.drifts),
    );
    scrape.families
}

/// Series of each migration: the sum over [`of_migrations`].
const PER_MIGRATION: usize = (1 + 2 + 1)
    + (2 + 1 + 1 + ConditionType::ALL.len())
    + (VERDICTS.len() + Rule::ALL.len())
    + 2 * 8
    + 2
    + (2 * SIGNALS.len() + 2 + 2 * SIGNALS.len())
    + 3;

/// The most series that there are with so many migrations, process metrics excepted; `calls` are
/// the kinds of answers and of requests together.
#[must_use]
pub const fn series_max(migrations: usize, calls: usize) -> usize {
    // Each bucket, +Inf, sum and count; four counters and the build; the daemon's gauges.
    let of_process = TICK_SECONDS.len() + 3 + 4 + 8;
    of_process + calls * OUTCOMES.len() + ACTIONS.len() * ANSWERS.len() + migrations * PER_MIGRATION
}

fn each<'a>(
    fleet: &'a Fleet,
    of: impl Fn(&'a Detail) -> Vec<(Vec<&'a str>, f64)>,
) -> Vec<(Vec<&'a str>, f64)> {
    let labelled = |(name, detail): (&'a String, &'a std::sync::Arc<Detail>)| {
        of(detail).into_iter().map(move |(mut words, value)| {
            words.insert(0, name.as_str());
            (words, value)
        })
    };
    fleet.migrations.iter().flat_map(labelled).collect()
}

fn ratio(share: Option<model::Share>) -> f64 {
    share.map_or(f64::NAN, model::Share::ratio)
}

fn shares(scrape: &mut Scrape, fleet: &Fleet) {
    let shares = |detail: &Detail| detail.summary.share;
    scrape.gauges(
        "ferry_migration_desired_weight_ratio",
        "Share of traffic that is wanted on Fargate; NaN: not known.",
        &["migration"],
        &each(fleet, |detail| vec![(vec![], ratio(shares(detail).wanted))]),
    );
    scrape.gauges(
        "ferry_migration_live_weight_ratio",
        "Share of traffic that the live weights send to a side; NaN: not known.",
        &["migration", "side"],
        &each(fleet, |detail| {
            let fargate = ratio(shares(detail).set);
            vec![(vec!["ec2"], 1.0 - fargate), (vec!["fargate"], fargate)]
        }),
    );
    scrape.gauges(
        "ferry_migration_measured_share_ratio",
        "Share of requests that really reached Fargate; NaN: not known.",
        &["migration"],
        &each(fleet, |detail| vec![(vec![], ratio(shares(detail).measured))]),
    );
}

#[expect(clippy::cast_precision_loss, reason = "generations and seconds are far below 2^53")]
fn states(scrape: &mut Scrape, fleet: &Fleet) {
    scrape.gauges(
        "ferry_migration_generation",
        "Version of the file.",
        &["migration"],
        &each(fleet, |detail| vec![(vec![], detail.summary.generation as f64)]),
    );
    scrape.gauges(
        "ferry_migration_observed_generation",
        "Version of the file that the status answers to.",
        &["migration"],
        &each(fleet, |detail| vec![(vec![], detail.status.observed_generation as f64)]),
    );
    scrape.gauges(
        "ferry_migration_seen_timestamp_seconds",
        "When it was last looked at, on the clock that Ferry lives by.",
        &["migration"],
        &each(fleet, |detail| vec![(vec![], detail.seen_at.as_secs() as f64)]),
    );
    scrape.gauges(
        "ferry_migration_judged_timestamp_seconds",
        "End of the newest minute that was judged; NaN: none.",
        &["migration"],
        &each(fleet, |detail| {
            let end = detail.verdict.minute.map_or(f64::NAN, |minute| (minute * 60 + 60) as f64);
            vec![(vec![], end)]
        }),
    );
    scrape.gauges(
        "ferry_migration_condition",
        "Whether a condition holds: 1 yes, 0 no, NaN not known.",
        &["migration", "condition"],
        &each(fleet, |detail| {
            let value = |kind| match detail.status.conditions.status(kind) {
                ConditionStatus::True => 1.0,
                ConditionStatus::False => 0.0,
                ConditionStatus::Unknown => f64::NAN,
            };
            ConditionType::ALL.into_iter().map(|kind| (vec![kind.name()], value(kind))).collect()
        }),
    );
}

fn decisions(scrape: &mut Scrape, fleet: &Fleet) {
    let flag = |holds: bool| f64::from(u8::from(holds));
    scrape.gauges(
        "ferry_migration_verdict",
        "What the judge says: 1 for the verdict that stands, 0 for the others.",
        &["migration", "verdict"],
        &each(fleet, |detail| {
            let value = |kind: VerdictKind| (vec![kind.name()], flag(detail.verdict.kind == kind));
            VERDICTS.into_iter().map(value).collect()
        }),
    );
    scrape.gauges(
        "ferry_migration_refused",
        "Whether a rule or gate refused to go on in the last pass: 1 yes, 0 no or not asked.",
        &["migration", "rule"],
        &each(fleet, |detail| {
            let refuses = |rule: Rule| {
                let lines = &detail.plan.lines;
                lines.iter().any(|line| line.rule == rule.name() && line.said == "refused")
            };
            Rule::ALL.into_iter().map(|rule| (vec![rule.name()], flag(refuses(rule)))).collect()
        }),
    );
}

fn sides(scrape: &mut Scrape, fleet: &Fleet) {
    let by_side = |value: &dyn Fn(Side) -> f64| -> Vec<(Vec<&'static str>, f64)> {
        Side::ALL.into_iter().map(|side| (vec![side.name()], value(side))).collect()
    };
    let known = |value: Option<f64>| value.unwrap_or(f64::NAN);
    let tasks = |detail: &Detail, side, of: fn(&crate::api::Tasks) -> Option<u32>| {
        known(detail.summary.tasks.get(side).as_ref().and_then(of).map(f64::from))
    };
    let mut gauges = |name: &str, help: &str, value: &dyn Fn(&Detail, Side) -> f64| {
        let values = each(fleet, |detail| by_side(&|side| value(detail, side)));
        scrape.gauges(name, help, &["migration", "side"], &values);
    };
    gauges("ferry_migration_desired_tasks", "Tasks asked for; NaN: not known.", &|detail, side| {
        tasks(detail, side, |tasks| Some(tasks.desired))
    });
    gauges("ferry_migration_running_tasks", "Tasks running; NaN: not known.", &|detail, side| {
        tasks(detail, side, |tasks| Some(tasks.running))
    });
    gauges(
        "ferry_migration_healthy_tasks",
        "Tasks that pass health checks; NaN: not known.",
        &|detail, side| tasks(detail, side, |tasks| tasks.healthy),
    );
    gauges(
        "ferry_migration_floor_tasks",
        "Fewest tasks that Ferry promised to keep; NaN: none.",
        &|detail, side| known(detail.status.floors.get(side).map(f64::from)),
    );
    gauges(
        "ferry_migration_safe_requests_per_second_per_task",
        "Requests that a task carries within the latency objective; NaN: not known.",
        &|detail, side| {
            let task = PerSide::get(&detail.capacity.tasks, side);
            known(task.safe_requests_per_minute.map(|rpm| rpm / 60.0))
        },
    );
    let latest = |detail: &Detail, side| *PerSide::get(&detail.latest, side);
    gauges(
        "ferry_migration_latency_p99_seconds",
        "99th percentile of latency in the newest settled minute; NaN: not known.",
        &|detail, side| known(latest(detail, side).p99_ms.map(|ms| ms / 1_000.0)),
    );
    gauges(
        "ferry_migration_requests_per_second",
        "Requests in the newest settled minute; NaN: not known.",
        &|detail, side| known(latest(detail, side).requests_per_minute.map(|rpm| rpm / 60.0)),
    );
    gauges(
        "ferry_migration_slow_ratio",
        "Slow requests over all requests in the newest settled minute; NaN: not known.",
        &|detail, side| known(latest(detail, side).slow_ratio),
    );
}

/// What the sides are held to: the first latency SLO, which is the one that is judged.
fn objectives(scrape: &mut Scrape, fleet: &Fleet) {
    let judged = |detail: &Detail| {
        detail.migration.spec.slos.iter().find_map(|slo| match &slo.kind {
            SloKind::Latency(latency) => Some((latency.threshold, latency.objective)),
            SloKind::Availability(_) | SloKind::Datadog(_) => None,
        })
    };
    scrape.gauges(
        "ferry_migration_slo_latency_seconds",
        "Latency from which on the SLO counts a request as slow; NaN: no such SLO.",
        &["migration"],
        &each(fleet, |detail| {
            let threshold = judged(detail).map(|(threshold, _)| threshold.secs_f64());
            vec![(vec![], threshold.unwrap_or(f64::NAN))]
        }),
    );
    scrape.gauges(
        "ferry_migration_slo_slow_ratio",
        "Slow requests over all requests that the SLO allows; NaN: no such SLO.",
        &["migration"],
        &each(fleet, |detail| {
            let budget = judged(detail).map(|(_, objective)| objective.budget());
            vec![(vec![], budget.unwrap_or(f64::NAN))]
        }),
    );
}

fn evidence(scrape: &mut Scrape, fleet: &Fleet) {
    let of = |detail: &Detail, signal: &str| detail.verdict.evidence.signals.get(signal).copied();
    scrape.gauges(
        "ferry_migration_evidence",
        "Evidence that Fargate is worse (harm) or no worse (safe), as a natural logarithm.",
        &["migration", "signal", "kind"],
        &each(fleet, |detail| {
            let pair = |signal: &'static str| {
                let found = of(detail, signal);
                [
                    (vec![signal, "harm"], found.map_or(f64::NAN, |found| found.harm)),
                    (vec![signal, "safe"], found.map_or(f64::NAN, |found| found.safe)),
                ]
            };
            SIGNALS.into_iter().flat_map(pair).collect()
        }),
    );
    scrape.gauges(
        "ferry_migration_evidence_threshold",
        "What evidence of harm rolls back, and evidence of safety advances, at.",
        &["migration", "kind"],
        &each(fleet, |detail| {
            let evidence = &detail.verdict.evidence;
            vec![(vec!["harm"], evidence.harm_threshold), (vec!["safe"], evidence.safe_threshold)]
        }),
    );
    scrape.gauges(
        "ferry_migration_burn_rate",
        "Burn of the error budget over the last hour; 1 spends it exactly, NaN: not known.",
        &["migration", "signal", "side"],
        &each(fleet, |detail| {
            let pair = |signal: &'static str| {
                let found = of(detail, signal);
                [
                    (vec![signal, "ec2"], found.map_or(f64::NAN, |found| found.burn_ec2)),
                    (vec![signal, "fargate"], found.map_or(f64::NAN, |found| found.burn_fargate)),
                ]
            };
            SIGNALS.into_iter().flat_map(pair).collect()
        }),
    );
}
