//! One migration while the controller watches it, and how it is first looked at.

use std::collections::BTreeMap;
use std::sync::Arc;

use analysis::Fold;
use cloud::{Cloud, MinuteAsk, SideMinute, TargetGroup};
use model::observation::{Gap, Load, Seen};
use model::spec::SloKind;
use model::verdict::Verdict;
use model::{PerSide, Side, Span, Time};
use planner::Parts;
use serde::{Deserialize, Serialize};
use store::{Contents, Evidence, Store, Version};

use crate::judging::{self, Frozen, FrozenQuantiles};
use crate::load::LoadLog;
use crate::managed::Managed;
use crate::minutes::{self, MinuteLog};
use crate::observe::Sight;
use crate::safe::SafeRates;
use crate::tick;

/// How much of the past is read when a migration is first looked at: a week holds every
/// recurring hour once.
const HISTORY: Span = Span::from_days(7);
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
    pub(crate) load: LoadLog,
    pub(crate) safe: SafeRates,
    /// The names under which its parts are seen.
    pub(crate) parts: Parts,
    /// The newest minute of each side, for people.
    pub(crate) latest: PerSide<Latest>,
    /// Whether it may be moving or suspect, so that it is looked at more often.
    pub(crate) urgent: bool,
    /// When evidence was last put into the store.
    pub(crate) checkpoint_at: Option<Time>,
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

/// A checkpoint of evidence as it stands in the store.
#[derive(Deserialize)]
struct Checkpoint {
    frozen: Frozen,
    fold: Fold,
}

/// The same, to be written.
#[derive(Serialize)]
struct CheckpointRef<'a> {
    frozen: &'a Frozen,
    fold: &'a Fold,
}

impl Watch {
    pub(crate) fn new(managed: Managed) -> Self {
        Self {
            parts: parts(&managed, &managed.groups),
            groups: managed.groups.clone(),
            managed,
            contents: Contents::default(),
            version: None,
            judge: None,
            minutes: MinuteLog::default(),
            load: LoadLog::default(),
            safe: SafeRates::default(),
            latest: PerSide::default(),
            urgent: true,
            checkpoint_at: None,
        }
    }

    /// Takes a new version of the spec. Evidence stays: what was seen stays true, and the judge
    /// goes by the new objectives from the next minute on.
    pub(crate) fn take_spec(&mut self, managed: Managed) {
        self.groups = PerSide::from_fn(|side| {
            managed.groups.get(side).clone().or_else(|| self.groups.get(side).clone())
        });
        self.parts = parts(&managed, &self.groups);
        self.managed = managed;
        if let Some(judge) = &mut self.judge {
            judge.settings = judging::settings(&self.managed, &judge.frozen);
        }
        self.urgent = true;
    }

    /// Learns what must be known before anything can be said: the record, the target groups
    /// and EC2's past. What fails is tried again at the next tick.
    pub(crate) async fn open(&mut self, cloud: &Cloud, store: &Arc<dyn Store>, now: Time) {
        if self.version.is_none() {
            self.load(store).await;
        }
        self.find_groups(cloud).await;
        if self.version.is_some() && self.judge.is_none() {
            self.learn_past(cloud, now).await;
        }
    }

    /// Reads the record. A record that cannot be read is not an empty one: without it nothing
    /// is ever written.
    async fn load(&mut self, store: &Arc<dyn Store>) {
        match store.load(&self.managed.name).await {
            Ok(Some(record)) => {
                self.version = Some(record.version);
                self.contents = record.contents;
            }
            Ok(None) => self.version = Some(Version::NONE),
            Err(_) => {}
        }
    }

    async fn find_groups(&mut self, cloud: &Cloud) {
        for side in Side::ALL {
            if self.groups.get(side).is_none() {
                let found = cloud.services.target_group(self.managed.services.get(side)).await;
                *self.groups.get_mut(side) = found.ok().flatten();
                self.parts = parts(&self.managed, &self.groups);
            }
        }
    }

    /// Reads a week of minutes for the load's peaks and freezes the thresholds that the
    /// comparison uses, or goes on from the checkpoint in the store.
    async fn learn_past(&mut self, cloud: &Cloud, now: Time) {
        let (Some(ec2), Some(_)) = (&self.groups.ec2, &self.groups.fargate) else { return };
        let resumed = self.contents.evidence.as_ref().and_then(resume);
        let from = now - HISTORY;
        let quantiles = match &resumed {
            Some(checkpoint) => Some(checkpoint.frozen.quantiles),
            None => cloud.signals.quantiles(ec2, from, now).await.ok().flatten().map(Into::into),
        };
        let Some(quantiles) = quantiles else { return };
        let until = (now - cloud.signals.settle()).minute();
        let Some(totals) = self.read_past(cloud, quantiles, from.minute(), until).await else {
            return;
        };
        let frozen = match &resumed {
            Some(checkpoint) => checkpoint.frozen.clone(),
            None => Frozen::learn(quantiles, &totals),
        };
        let settings = judging::settings(&self.managed, &frozen);
        let fold = resumed.map_or_else(|| Fold::new(&settings), |checkpoint| checkpoint.fold);
        self.judge = Some(Judge { frozen, settings, fold });
    }

    /// Reads the minutes `[from, until)` of both sides into the load log and gives their total
    /// requests. `None` if any part could not be read: half a week is not a week.
    async fn read_past(
        &mut self,
        cloud: &Cloud,
        quantiles: FrozenQuantiles,
        from: i64,
        until: i64,
    ) -> Option<BTreeMap<i64, u64>> {
        let mut totals = BTreeMap::<i64, u64>::new();
        let mut begin = from;
        while begin < until {
            let end = until.min(begin + HISTORY_MINUTES_AT_ONCE);
            let asks: Vec<MinuteAsk> = Side::ALL
                .into_iter()
                .filter_map(|side| self.ask(side, quantiles, begin, end))
                .collect();
            let mut minutes = BTreeMap::<i64, PerSide<Option<SideMinute>>>::new();
            for (side, answer) in Side::ALL.into_iter().zip(cloud.signals.minutes(&asks).await) {
                for read in answer.ok()? {
                    let minute = minutes.entry(read.minute).or_default();
                    *minute.get_mut(side) = Some(read);
                }
            }
            for (minute, sides) in minutes {
                for (side, read) in sides.iter() {
                    let Some(read) = read else { continue };
                    self.learn(side, read);
                    *totals.entry(minute).or_default() += read.counts.requests.unwrap_or(0);
                }
            }
            begin = end;
        }
        Some(totals)
    }

    /// Takes a minute into what is known of load and of what tasks carry.
    fn learn(&mut self, side: Side, read: &SideMinute) {
        self.load.push(side, read.minute, minutes::requests(read));
        self.safe.push(side, read, self.latency_budget());
    }

    /// The error budget of the first latency SLO; without one any speed is good enough.
    fn latency_budget(&self) -> f64 {
        let slos = &self.managed.migration.spec.slos;
        let budget = slos.iter().find_map(|slo| match &slo.kind {
            SloKind::Latency(latency) => Some(latency.objective.budget()),
            SloKind::Availability(_) | SloKind::Datadog(_) => None,
        });
        budget.unwrap_or(1.0)
    }

    /// Remembers what the sides look like now, for the minutes that are read later.
    pub(crate) fn note_contexts(&mut self, now: Time, sight: &Sight) {
        let seen = PerSide::from_fn(|side| tick::context(sight, self, side));
        self.minutes.note(now, seen);
    }

    /// Folds an answer's new and corrected minutes into load and evidence.
    pub(crate) fn take_minutes(
        &mut self,
        side: Side,
        now: Time,
        latest: i64,
        answer: &[SideMinute],
    ) {
        let busy = self.load.load(latest, self.safe.per_task_rpm()).map(|load| load.now_rpm);
        let answer: Vec<SideMinute> =
            answer.iter().map(|read| self.minutes.with_silence(side, read, busy)).collect();
        let rows = self.minutes.take(side, now, latest, &answer);
        if let Some(newest) = answer.iter().rev().find(|read| read.counts.requests.is_some()) {
            *self.latest.get_mut(side) = Latest::of(newest);
        }
        for read in answer.iter().filter(|read| read.minute <= latest) {
            self.load.push(side, read.minute, minutes::requests(read));
            if rows.iter().any(|row| row.minute == read.minute) {
                self.safe.push(side, read, self.latency_budget());
            }
        }
        let safe = *self.safe.per_task_rpm().get(side);
        let Some(judge) = &mut self.judge else { return };
        for mut row in rows {
            row.context.surge = judge.frozen.surge_due(row.minute);
            row.context.safe_per_task = safe.and_then(whole);
            judge.fold.push(&judge.settings, &row);
        }
    }

    /// The load as of now, or why it is not known.
    pub(crate) fn seen_load(&self, now: Time, latest: i64) -> Seen<Load> {
        match self.load.load(latest, self.safe.per_task_rpm()) {
            Some(load) => Seen::known(load, now),
            None => Seen::unknown(Gap::NotFound),
        }
    }

    /// What the judge says now.
    pub(crate) fn verdict(&self, now: Time) -> Verdict {
        match &self.judge {
            Some(judge) => judge.fold.verdict(&judge.settings, now),
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
    pub(crate) fn checkpoint(&mut self, now: Time) {
        let Some(judge) = &self.judge else { return };
        let checkpoint = CheckpointRef { frozen: &judge.frozen, fold: &judge.fold };
        // Serialising plain data into a string has nothing to fail on; if it ever did, the last
        // checkpoint stays, which is older and as good.
        if let Ok(fold) = serde_json::to_string(&checkpoint) {
            let method = analysis::METHOD_VERSION;
            self.contents.evidence = Some(Evidence { method, fold: fold.into() });
            self.checkpoint_at = Some(now);
        }
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
    let group = |side: Side| groups.get(side).as_ref().map(|group| group.0.clone());
    Parts::of(&managed.migration, PerSide::from_fn(group))
}

/// Reads a checkpoint; one of another method cannot be gone on from.
fn resume(evidence: &Evidence) -> Option<Checkpoint> {
    (evidence.method == analysis::METHOD_VERSION)
        .then(|| serde_json::from_str(&evidence.fold).ok())
        .flatten()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to lie between 1 and a thousand million"
)]
fn whole(rate: f64) -> Option<u32> {
    (1.0..1e9).contains(&rate).then_some(rate as u32)
}
