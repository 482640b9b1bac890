//! One migration while the controller watches it, and how it is first looked at.

use std::collections::BTreeMap;
use std::sync::Arc;

use analysis::Fold;
use analysis::events::{EventFold, with_events};
use cloud::{Cloud, MinuteAsk, SideMinute, TargetGroup};
use model::capacity::{Capacity, TaskCapacity};
use model::condition::ConditionType;
use model::observation::{Gap, HostMinute, Load, Seen};
use model::route::ServiceId;
use model::spec::SloKind;
use model::verdict::Verdict;
use model::{PerSide, Side, Span, Time};
use planner::Parts;
use serde::{Deserialize, Serialize};
use store::{Contents, EVIDENCE_BYTES_MAX, Evidence, Store, Version};

use crate::events::{self, EventWatch};
use crate::fitting::Fitting;
use crate::judging::{self, Frozen, FrozenQuantiles};
use crate::load::LoadLog;
use crate::managed::Managed;
use crate::minutes::{self, MinuteLog};
use crate::observe::{EVERY_CALM, Sight};
use crate::record::Decisions;
use crate::safe::SafeRates;
use crate::tick;

/// How much of the past is read when a migration is first looked at: a week holds every
/// recurring hour once.
const HISTORY: Span = Span::from_days(7);
/// What could not be learnt is tried again this often: a week of minutes is much to ask for.
const RETRY_EVERY: Span = EVERY_CALM;
/// Minutes asked for at once: GetMetricData gives at most 100,800 datapoints a call, and a
/// minute of a side is at most ten of them.
const HISTORY_MINUTES_AT_ONCE: i64 = 1_440;

/// One migration while the controller watches it.
pub(crate) struct Watch {
    pub(crate) managed: Managed,
    /// Target groups, once they are known.
    pub(crate) groups: PerSide<Option<TargetGroup>>,
    /// What was in the store, with what this process made of it since.
    pub(crate) contents: Contents,
    /// The version the store is known to hold; `None` until it was read.
    pub(crate) version: Option<Version>,
    /// How the minutes are judged; `None` until EC2's past is known.
    pub(crate) judge: Option<Judge>,
    pub(crate) minutes: MinuteLog,
    /// Objectives whose events are counted elsewhere.
    pub(crate) events: Vec<EventWatch>,
    pub(crate) load: LoadLog,
    pub(crate) safe: SafeRates,
    pub(crate) fitting: Fitting,
    /// The names under which its parts are seen.
    pub(crate) parts: Parts,
    /// The newest minute of each side, for people.
    pub(crate) latest: PerSide<Latest>,
    /// Whether it may be moving or suspect, so that it is looked at more often.
    pub(crate) urgent: bool,
    /// Whether a step waits for nothing but a new reading of targets.
    pub(crate) asks_health: bool,
    /// When evidence was last put into the store.
    pub(crate) checkpoint_at: Option<Time>,
    /// When the record was last saved.
    pub(crate) saved_at: Option<Time>,
    /// What the judge said and the history does not yet.
    pub(crate) decisions: Decisions,
    /// Whether an intent was seen done since the record was last saved.
    pub(crate) is_shown: bool,
    /// What must be known and is not; nothing moves until it is.
    pub(crate) blind: Option<Blind>,
    /// When groups and past were last asked for without success.
    asked_at: Option<Time>,
}

/// The target groups of services that were asked for.
pub(crate) type Found = BTreeMap<ServiceId, cloud::Result<Option<TargetGroup>>>;

/// What must be known before anything may move, and is not: a sentence for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Blind {
    /// The record cannot be read or written: nothing is decided without it.
    Store(String),
    /// The groups or EC2's past are not known: there is nothing to judge by.
    Past(String),
}

/// The evidence so far and what it is judged by.
pub(crate) struct Judge {
    pub(crate) frozen: Frozen,
    pub(crate) settings: analysis::Settings,
    pub(crate) fold: Fold,
}

/// The newest settled minute of a side, for people.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Latest {
    /// 99th percentile of latency in milliseconds.
    pub p99_ms: Option<f64>,
    /// Requests per minute.
    pub requests_per_minute: Option<f64>,
    /// Requests slower than the SLO over all requests.
    pub slow_ratio: Option<f64>,
}

/// A week of minutes, boiled down.
#[derive(Default)]
struct Past {
    load: LoadLog,
    safe: SafeRates,
    /// Requests of both sides by minute.
    totals: BTreeMap<i64, u64>,
}

/// The part of a checkpoint that every method reads.
#[derive(Deserialize)]
struct LearntCheckpoint {
    frozen: Frozen,
    carried: SafeRates,
    #[serde(default)]
    fitting: Fitting,
}

/// The part of a checkpoint that only its own method reads.
#[derive(Deserialize)]
struct FoldCheckpoint {
    fold: Fold,
    /// By the name of the objective.
    #[serde(default)]
    events: BTreeMap<String, EventFold>,
}

/// Both, to be written.
#[derive(Serialize)]
struct CheckpointRef<'a> {
    frozen: &'a Frozen,
    carried: &'a SafeRates,
    fitting: &'a Fitting,
    fold: &'a Fold,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    events: BTreeMap<&'a str, &'a EventFold>,
}

impl Watch {
    pub(crate) fn new(managed: Managed) -> Self {
        Self {
            parts: parts(&managed, &managed.groups),
            groups: managed.groups.clone(),
            events: events::watches(&managed.objectives, &[], &BTreeMap::new()),
            managed,
            contents: Contents::default(),
            version: None,
            judge: None,
            minutes: MinuteLog::default(),
            load: LoadLog::default(),
            safe: SafeRates::default(),
            fitting: Fitting::default(),
            latest: PerSide::default(),
            urgent: true,
            asks_health: false,
            checkpoint_at: None,
            saved_at: None,
            decisions: Decisions::default(),
            is_shown: false,
            blind: None,
            asked_at: None,
        }
    }

    /// Takes a new version of the spec. Evidence stays: what was seen stays true, and the judge
    /// goes by the new objectives from the next minute on. A group that was found stays while
    /// the service is the one it was found from.
    pub(crate) fn take_spec(&mut self, managed: Managed) {
        self.groups = PerSide::from_fn(|side| {
            let is_same = managed.services.get(side) == self.managed.services.get(side);
            let found = self.groups.get(side).clone().filter(|_| is_same);
            managed.groups.get(side).clone().or(found)
        });
        self.asked_at = None;
        self.parts = parts(&managed, &self.groups);
        self.events = events::watches(&managed.objectives, &self.events, &BTreeMap::new());
        self.managed = managed;
        if let Some(judge) = &mut self.judge {
            judge.settings = judging::settings(&self.managed, &judge.frozen);
        }
        self.urgent = true;
    }

    /// Reads the record, where it was not read yet. What fails is tried again, and said meanwhile.
    pub(crate) async fn remember(&mut self, store: &Arc<dyn Store>) {
        if self.version.is_none()
            && let Err(error) = self.load(store).await
        {
            self.blind = Some(Blind::Store(error.to_string()));
        }
    }

    /// Whether the groups or EC2's past are to be asked for now.
    pub(crate) fn is_to_learn(&self, now: Time) -> bool {
        let waits = |at: Time| at <= now && now.since(at) < RETRY_EVERY;
        let is_known = self.judge.is_some() && self.groups.iter().all(|(_, g)| g.is_some());
        self.version.is_some() && !is_known && !self.asked_at.is_some_and(waits)
    }

    /// Takes the target groups that were found. What was not is asked for again, and said
    /// meanwhile.
    pub(crate) fn take_groups(&mut self, now: Time, found: &Found) {
        match self.fill_groups(found) {
            Ok(()) if self.judge.is_some() => self.blind = None,
            Ok(()) => {}
            Err(why) => {
                self.asked_at = Some(now);
                self.blind = Some(Blind::Past(why));
            }
        }
    }

    /// Learns EC2's past, the last thing that must be known before anything can be said. What
    /// fails is tried again, and said meanwhile.
    pub(crate) async fn learn(&mut self, cloud: &Cloud, now: Time) {
        self.asked_at = Some(now);
        self.blind = self.learn_past(cloud, now).await.err().map(Blind::Past);
    }

    /// Reads the record. A record that cannot be read is not an empty one: without it nothing
    /// is ever written.
    async fn load(&mut self, store: &Arc<dyn Store>) -> store::Result<()> {
        match store.load(&self.managed.name).await? {
            Some(record) => {
                self.version = Some(record.version);
                self.contents = record.contents;
                self.count_on();
            }
            None => self.version = Some(Version::NONE),
        }
        if matches!(self.blind, Some(Blind::Store(_))) {
            self.blind = None;
            self.asked_at = None;
        }
        Ok(())
    }

    /// Goes on with the record's count of the spec's versions, and takes the file's absence back.
    fn count_on(&mut self) {
        if let Some(adopted) = &self.contents.adopted {
            let is_new = adopted.migration != self.managed.migration;
            let known = adopted.generation.saturating_add(u64::from(is_new));
            self.managed.generation = self.managed.generation.max(known);
        }
        self.contents.status.conditions.remove(ConditionType::Orphaned);
    }

    /// The services whose groups are not known.
    pub(crate) fn without_group(&self) -> impl Iterator<Item = &ServiceId> {
        let sides = Side::ALL.into_iter().filter(|side| self.groups.get(*side).is_none());
        sides.map(|side| self.managed.services.get(side))
    }

    fn fill_groups(&mut self, found: &Found) -> Result<(), String> {
        for side in Side::ALL {
            if self.groups.get(side).is_some() {
                continue;
            }
            let service = self.managed.services.get(side);
            let found = match found.get(service) {
                Some(Ok(found)) => found.clone(),
                Some(Err(error)) => return Err(format!("The {side} target group: {error}.")),
                None => return Err(format!("The {side} target group was not asked for.")),
            };
            let none = || format!("The service {service} of {side} has no target group.");
            *self.groups.get_mut(side) = Some(found.ok_or_else(none)?);
            self.parts = parts(&self.managed, &self.groups);
        }
        Ok(())
    }

    /// Reads a week of minutes for the load's peaks and freezes the thresholds that the
    /// comparison uses, or goes on from the checkpoint in the store. Thresholds that were frozen
    /// stay so even where the evidence beside them was folded by another method: by now EC2's
    /// past is the past of the migration.
    async fn learn_past(&mut self, cloud: &Cloud, now: Time) -> Result<(), String> {
        let Some(ec2) = self.groups.ec2.clone() else { return Ok(()) };
        let from = now - HISTORY;
        let evidence = self.contents.evidence.as_ref();
        let learnt = evidence.map(read_learnt).transpose()?;
        let quantiles = match &learnt {
            Some(learnt) => learnt.frozen.quantiles,
            None => {
                let known = cloud.signals.quantiles(&ec2, from, now).await;
                let known = known.map_err(|error| format!("EC2's latency: {error}."))?;
                known.ok_or("EC2 had no traffic in the last week to learn from.")?.into()
            }
        };
        let until = (now - cloud.signals.settle()).minute();
        let past = self.read_past(cloud, quantiles, from.minute(), until).await;
        let past = past.map_err(|error| format!("The minutes of the last week: {error}."))?;
        // The week's minutes are among those that a checkpoint's rates rest on already.
        let LearntCheckpoint { frozen, carried, fitting } = learnt.unwrap_or_else(|| {
            let frozen = Frozen::learn(quantiles, &past.totals);
            LearntCheckpoint { frozen, carried: past.safe, fitting: Fitting::default() }
        });
        let settings = judging::settings(&self.managed, &frozen);
        let read = self.contents.evidence.as_ref().and_then(read_fold);
        let (fold, kept) = read.map(|read| (read.fold, read.events)).unzip();
        self.events = events::watches(&self.managed.objectives, &[], &kept.unwrap_or_default());
        if let Some(minute) = fold.as_ref().and_then(Fold::minute) {
            self.minutes.go_on_from(minute + 1);
        }
        let fold = fold.unwrap_or_else(|| Fold::new(&settings));
        (self.load, self.safe, self.fitting) = (past.load, carried, fitting);
        self.judge = Some(Judge { frozen, settings, fold });
        Ok(())
    }

    /// Reads the minutes `[from, until)` of both sides. It is all or nothing: half a week is not
    /// a week, and what is read again after a failure must not count twice.
    async fn read_past(
        &self,
        cloud: &Cloud,
        quantiles: FrozenQuantiles,
        from: i64,
        until: i64,
    ) -> cloud::Result<Past> {
        let mut past = Past::default();
        let mut begin = from;
        while begin < until {
            let end = until.min(begin + HISTORY_MINUTES_AT_ONCE);
            let asks: Vec<MinuteAsk> = Side::ALL
                .into_iter()
                .filter_map(|side| self.ask(side, quantiles, begin, end))
                .collect();
            let mut minutes = BTreeMap::<i64, PerSide<Option<SideMinute>>>::new();
            for (side, answer) in Side::ALL.into_iter().zip(cloud.signals.minutes(&asks).await) {
                for read in answer? {
                    let minute = minutes.entry(read.minute).or_default();
                    *minute.get_mut(side) = Some(read);
                }
            }
            for (minute, sides) in minutes {
                for (side, read) in sides.iter() {
                    let Some(read) = read else { continue };
                    let requests = minutes::requests(read);
                    past.load.push(side, minute, requests);
                    past.safe.push(side, read, self.latency_budget());
                    if let Some(requests) = requests {
                        *past.totals.entry(minute).or_default() += requests;
                    }
                }
            }
            begin = end;
        }
        Ok(past)
    }

    /// Requests per minute that one task of each side carries safely, where it is known.
    fn per_task_rpm(&self) -> PerSide<Option<f64>> {
        let safe = self.safe.per_task_rpm(self.fitting.rates());
        PerSide::from_fn(|side| Some(safe.get(side).as_ref()?.0))
    }

    /// What tasks carry and where that is from, for people.
    pub(crate) fn capacity(&self) -> Capacity {
        let safe = self.safe.per_task_rpm(self.fitting.rates());
        let tasks = PerSide::from_fn(|side| {
            let (fit, refused) = self.fitting.shown(side);
            let (safe_requests_per_minute, source) = safe.get(side).unzip();
            let source = source.unwrap_or_default();
            TaskCapacity { safe_requests_per_minute, source, fit, refused }
        });
        Capacity { tasks, ratio: self.fitting.ratio() }
    }

    /// The error budget of the first latency SLO.
    pub(crate) fn latency_budget(&self) -> Option<f64> {
        let slos = &self.managed.migration.spec.slos;
        slos.iter().find_map(|slo| match &slo.kind {
            SloKind::Latency(latency) => Some(latency.objective.budget()),
            SloKind::Availability(_) | SloKind::Datadog(_) => None,
        })
    }

    /// Remembers what the sides look like now, for the minutes that are read later.
    pub(crate) fn note_contexts(&mut self, now: Time, sight: &Sight) {
        let seen = PerSide::from_fn(|side| tick::context(now, sight, self, side));
        self.minutes.note(now, seen);
    }

    /// What balancers counted themselves in the newest settled minute that was read.
    pub(crate) fn hosts(
        &self,
        latest: i64,
        answers: &PerSide<Option<Vec<SideMinute>>>,
    ) -> impl Iterator<Item = (&TargetGroup, HostMinute)> {
        let newest = answers.clone().map(|answer| {
            let mut settled = answer.into_iter().flatten().filter(|read| read.minute <= latest);
            settled.rfind(|read| read.healthy.is_some())
        });
        Side::ALL.into_iter().filter_map(move |side| {
            let read = newest.get(side).as_ref()?;
            let hosts = HostMinute { minute: read.minute, healthy: read.healthy? };
            Some((self.groups.get(side).as_ref()?, hosts))
        })
    }

    /// Folds new and corrected minutes into load and evidence. Both sides' rows are taken
    /// minute by minute, as they would have come one by one: a side that ran ahead by an answer
    /// of many minutes would have the other's rows counted as missing and then as corrections.
    pub(crate) fn take_minutes(
        &mut self,
        now: Time,
        latest: i64,
        answers: &PerSide<Option<Vec<SideMinute>>>,
    ) {
        let busy = self.load.load(latest, self.per_task_rpm()).map(|load| load.now_rpm);
        let step = self.contents.status.step.as_ref();
        let budget = self.latency_budget();
        let mut rows = Vec::new();
        for (side, answer) in answers.iter() {
            let Some(answer) = answer else { continue };
            let answer: Vec<SideMinute> = answer
                .iter()
                .map(|read| self.minutes.with_silence(side, read, busy, step))
                .collect();
            if let Some(newest) = answer.iter().rev().find(|read| read.counts.requests.is_some()) {
                *self.latest.get_mut(side) = Latest::of(newest);
            }
            for read in answer.iter().filter(|read| read.minute <= latest) {
                self.load.push(side, read.minute, minutes::requests(read));
                self.safe.push(side, read, budget);
            }
            rows.extend(self.minutes.take(side, now, latest, &answer, step));
        }
        rows.sort_by_key(|row| (row.minute, row.side));
        let safe = self.per_task_rpm();
        let Some(judge) = &mut self.judge else { return };
        for mut row in rows {
            row.context.surge = judge.frozen.surge_due(row.minute);
            row.context.safe_per_task = safe.get(row.side).and_then(whole);
            judge.fold.push(&judge.settings, &row);
        }
    }

    /// The load as of now, or why it is not known.
    pub(crate) fn seen_load(&self, now: Time, latest: i64) -> Seen<Load> {
        match self.load.load(latest, self.per_task_rpm()) {
            Some(load) => Seen::known(load, now),
            None => Seen::unknown(Gap::NotFound),
        }
    }

    /// What the judge says now.
    pub(crate) fn verdict(&self, now: Time) -> Verdict {
        match &self.judge {
            Some(judge) => {
                let verdict = judge.fold.verdict(&judge.settings, now);
                let objectives = self.events.iter().map(|it| (it.target(), it.fold()));
                with_events(verdict, &judge.settings, objectives, now)
            }
            None => tick::unjudged(),
        }
    }

    /// An ask for the minutes `[from, until)` of one side.
    pub(crate) fn ask(
        &self,
        side: Side,
        quantiles: FrozenQuantiles,
        from: i64,
        until: i64,
    ) -> Option<MinuteAsk> {
        Some(MinuteAsk {
            service: self.managed.services.get(side).clone(),
            group: self.groups.get(side).clone()?,
            thresholds: judging::thresholds(side, self.managed.latency_threshold, quantiles),
            from,
            until,
        })
    }

    /// Puts the evidence into what is saved next.
    ///
    /// Serialising plain data into a string has nothing to fail on, and a fold is bounded well
    /// below what a record takes. If it ever were not so the last checkpoint stays, which is
    /// older and as good: a record that cannot be saved would keep even a rollback from leaving.
    pub(crate) fn checkpoint(&mut self, now: Time) {
        let Some(judge) = &self.judge else { return };
        let checkpoint = CheckpointRef {
            frozen: &judge.frozen,
            carried: &self.safe,
            fitting: &self.fitting,
            fold: &judge.fold,
            events: events::folds(&self.events),
        };
        if let Ok(fold) = serde_json::to_string(&checkpoint)
            && fold.len() <= EVIDENCE_BYTES_MAX
        {
            let method = analysis::METHOD_VERSION;
            self.contents.evidence = Some(Evidence { method, fold: fold.into() });
        }
        self.checkpoint_at = Some(now);
    }
}

impl Latest {
    #[expect(clippy::cast_precision_loss, reason = "requests per minute are far below 2^53")]
    fn of(read: &SideMinute) -> Self {
        let requests = read.counts.requests.map(|requests| requests as f64);
        let slow = read.counts.slow.map(|slow| slow as f64);
        Self {
            p99_ms: read.p99_ms,
            requests_per_minute: requests,
            slow_ratio: slow.zip(requests).map(|(slow, requests)| slow / requests.max(1.0)),
        }
    }
}

fn parts(managed: &Managed, groups: &PerSide<Option<TargetGroup>>) -> Parts {
    let group = |side: Side| groups.get(side).as_ref().map(|group| group.arn.clone());
    Parts::of(&managed.migration, PerSide::from_fn(group))
}

/// What a checkpoint learnt. One that cannot be read is not taken for none: thresholds
/// learnt anew, in the middle of a migration, would hide what the migration did.
fn read_learnt(evidence: &Evidence) -> Result<LearntCheckpoint, String> {
    serde_json::from_str(&evidence.fold)
        .map_err(|error| format!("The evidence in the store cannot be read: {error}."))
}

/// The evidence of a checkpoint; one of another method cannot be gone on from.
fn read_fold(evidence: &Evidence) -> Option<FoldCheckpoint> {
    (evidence.method == analysis::METHOD_VERSION)
        .then(|| serde_json::from_str::<FoldCheckpoint>(&evidence.fold).ok())
        .flatten()
        .filter(|read| read.fold.is_current())
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to lie between 1 and a thousand million"
)]
fn whole(rate: f64) -> Option<u32> {
    (1.0..1e9).contains(&rate).then_some(rate as u32)
}
