//! The order of everything.

use std::collections::BTreeMap;
use std::sync::Arc;

use audit::Finding;
use cloud::{Cloud, MinuteAsk, SideMinute};
use model::action::Action;
use model::capacity::Capacity;
use model::minute::Context;
use model::observation::{Deployment, Observation, Seen};
use model::plan::Plan;
use model::settings::Settings;
use model::spec::{Migration, Name};
use model::verdict::{Coverage, Evidence, Verdict, VerdictKind, VerdictReason};
use model::{PerSide, Side, Time};
use planner::History;
use store::{Answer, Store};

use crate::act::{self, Order};
use crate::decide::{self, Proposal};
use crate::events;
use crate::fitting;
use crate::managed::{Managed, Unsupported};
use crate::minutes;
use crate::observe::{EVERY_URGENT, Sight, Subject};
use crate::open::{self, Opening};
use crate::record;
use crate::watch::{Latest, Watch};

/// Carries migrations through one world.
pub struct Controller {
    pub(crate) cloud: Cloud,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) settings: Settings,
    pub(crate) watches: BTreeMap<String, Watch>,
    pub(crate) sight: Sight,
    /// Whose marks are its own.
    installation: Name,
    /// Automatic rollbacks of late: what the brake counts.
    history: History,
    /// Whether the last pass learnt of all that it could.
    opening: Opening,
}

/// What a tick came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Tick {
    /// When it began.
    pub at: Time,
    /// When the next one is due.
    pub next_at: Time,
    /// One pass for each migration, by name.
    pub passes: Vec<Pass>,
}

/// One migration's part of a tick.
#[derive(Debug, Clone, PartialEq)]
pub struct Pass {
    /// The migration.
    pub name: String,
    /// What was seen.
    pub observation: Observation,
    /// What the judge said.
    pub verdict: Verdict,
    /// What was decided. Its actions are those that the audit permitted.
    pub plan: Plan,
    /// What the audit found.
    pub findings: Vec<Finding>,
    /// What became of each action of the plan.
    pub answers: Vec<Answer>,
    /// The version of the spec that was planned for.
    pub generation: u64,
    /// The spec.
    pub migration: Arc<Migration>,
    /// The newest settled minute of each side, for people.
    pub latest: PerSide<Latest>,
    /// What a proof must have seen; `None` where nothing is asked or the past is not known.
    pub coverage: Option<Coverage>,
    /// What tasks carry, for people.
    pub capacity: Capacity,
}

impl Controller {
    /// A controller of one world that manages nothing yet, of the usual installation.
    #[must_use]
    pub fn new(cloud: Cloud, store: Arc<dyn Store>, settings: Settings) -> Self {
        Self {
            cloud,
            store,
            settings,
            watches: BTreeMap::new(),
            sight: Sight::default(),
            installation: Name::usual_installation(),
            history: History::default(),
            opening: Opening::Done,
        }
    }

    /// The same, of another installation: only what is marked as that one's is written.
    #[must_use]
    pub fn of(self, installation: Name) -> Self {
        Self { installation, ..self }
    }

    /// Begins to manage a migration, or takes a new version of its spec.
    ///
    /// `generation` counts the versions that the caller has seen, from 1. Where the record knows
    /// of more, it is counted on from there.
    ///
    /// # Errors
    /// [`Unsupported`] for what this version does not carry; what was managed before stays.
    pub fn manage(
        &mut self,
        generation: u64,
        migration: Arc<Migration>,
    ) -> Result<(), Unsupported> {
        let managed = Managed::new(generation, migration)?;
        match self.watches.get_mut(&managed.name) {
            Some(watch) => {
                if watch.managed.routes != managed.routes {
                    // Weights of other routes say nothing of these.
                    self.sight.snapshot.splits.remove(&managed.name);
                    self.sight.snapshot.ownerships.remove(&managed.name);
                }
                self.sight.distrust(&managed);
                watch.take_spec(managed);
            }
            None => {
                self.watches.insert(managed.name.clone(), Watch::new(managed));
            }
        }
        Ok(())
    }

    /// Takes new settings from the next tick on.
    pub fn take_settings(&mut self, settings: Settings) {
        self.settings = settings;
    }

    /// The names of all migrations that are managed, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.watches.keys().map(String::as_str)
    }

    /// One pass over everything.
    pub async fn tick(&mut self) -> Tick {
        let now = self.cloud.clock.now();
        self.opening = open::open(&self.cloud, &self.store, &mut self.watches, now).await;
        self.observe(now).await;
        self.read_minutes(now).await;
        let latest = self.latest(now);
        fitting::refresh(&self.cloud, &self.sight, now, latest, &mut self.watches).await;
        events::read(self.cloud.objectives.as_ref(), now, &mut self.watches).await;
        let proposals = self.propose(now);
        let mut decided =
            decide::decide(now, &self.settings, &self.watches, proposals, &self.history);
        let orders = self.record(now, &mut decided).await;
        let answers = act::act(&self.cloud, &orders).await;
        let passes = self.close(now, decided, answers).await;
        Tick { at: now, next_at: self.next_at(now), passes }
    }

    async fn observe(&mut self, now: Time) {
        let subjects: Vec<Subject<'_>> = self
            .watches
            .values()
            .map(|watch| Subject {
                managed: &watch.managed,
                groups: &watch.groups,
                urgent: watch.urgent,
                asks_health: watch.asks_health,
            })
            .collect();
        self.sight.refresh(&self.cloud, &self.installation, now, &subjects).await;
    }

    /// Asks for all minutes that are due, in one call, and folds what is new into evidence.
    async fn read_minutes(&mut self, now: Time) {
        let latest = self.latest(now);
        let mut owners: Vec<(String, Side)> = Vec::new();
        let mut asks: Vec<MinuteAsk> = Vec::new();
        for (name, watch) in &mut self.watches {
            watch.note_contexts(now, &self.sight);
            let Some(judge) = &watch.judge else { continue };
            for side in Side::ALL {
                let Some((from, until)) = watch.minutes.due(side, latest) else { continue };
                if let Some(ask) = watch.ask(side, judge.frozen.quantiles, from, until) {
                    owners.push((name.clone(), side));
                    asks.push(ask);
                }
            }
        }
        if asks.is_empty() {
            return;
        }
        let mut read = BTreeMap::<String, PerSide<Option<Vec<SideMinute>>>>::new();
        let answers = self.cloud.signals.minutes(&asks).await;
        for ((name, side), answer) in owners.into_iter().zip(answers) {
            // A failed ask is no news: the minutes stay missing and are asked for again.
            *read.entry(name).or_default().get_mut(side) = answer.ok();
        }
        for (name, answers) in read {
            if let Some(watch) = self.watches.get_mut(&name) {
                for (group, hosts) in watch.hosts(latest, &answers) {
                    self.sight.note_hosts(group, hosts);
                }
                watch.take_minutes(now, latest, &answers);
            }
        }
    }

    /// Judges and plans each migration for itself, as if it were alone.
    fn propose(&mut self, now: Time) -> BTreeMap<String, Proposal> {
        let latest = self.latest(now);
        for watch in self.watches.values() {
            let load = watch.seen_load(now, latest);
            self.sight.snapshot.loads.insert(watch.managed.name.clone(), load);
        }
        self.sight.snapshot.at = now;
        self.watches
            .iter_mut()
            .map(|(name, watch)| {
                let observation = planner::project(&self.sight.snapshot, &watch.parts);
                watch.is_shown |= watch.contents.note_shown(&observation);
                let verdict = watch.verdict(now);
                (name.clone(), Proposal { observation, verdict })
            })
            .collect()
    }

    /// Saves every intent; only what is saved is acted on.
    async fn record(&mut self, now: Time, decided: &mut [Pass]) -> Vec<Order> {
        let mut orders = Vec::new();
        for pass in decided {
            let Some(watch) = self.watches.get_mut(&pass.name) else { continue };
            if let Err(unsaved) = record::intend(&self.store, watch, now, pass).await {
                // The record is read again before anything else is decided.
                watch.version = None;
                let why = unsaved.to_string();
                let not_sent = |_| Answer::NotSent { why: why.clone() };
                pass.answers = pass.plan.actions.iter().map(not_sent).collect();
            } else if !pass.plan.actions.is_empty() {
                if pass.plan.actions.iter().any(moves_weights) {
                    watch.minutes.unsettle(now);
                }
                orders.push(Order {
                    name: pass.name.clone(),
                    services: watch.managed.services.clone(),
                    routes: watch.managed.routes.clone(),
                    actions: pass.plan.actions.clone(),
                });
            }
        }
        orders
    }

    /// Saves what became of each intent, and decides how soon to look again.
    async fn close(
        &mut self,
        now: Time,
        mut decided: Vec<Pass>,
        mut answers: BTreeMap<String, Vec<Answer>>,
    ) -> Vec<Pass> {
        for pass in &mut decided {
            let Some(watch) = self.watches.get_mut(&pass.name) else { continue };
            if let Some(answers) = answers.remove(&pass.name) {
                pass.answers.clone_from(&answers);
                if record::conclude(&self.store, watch, now, answers).await.is_err() {
                    // The record keeps an open intent; the next pass reads it again, closes it
                    // as unknown, and rests on what is live.
                    watch.version = None;
                }
                self.sight.doubt(&watch.managed, &pass.plan.actions, &pass.answers);
                self.sight.distrust(&watch.managed);
            }
            self.history.note(&pass.name, &pass.plan.status);
            watch.urgent = decide::is_urgent(pass);
            watch.asks_health = decide::asks_health(&pass.plan);
        }
        self.history.forget(now, &self.settings);
        decided
    }

    /// The newest minute that is settled.
    fn latest(&self, now: Time) -> i64 {
        (now - self.cloud.signals.settle()).minute() - 1
    }

    /// When the next minute settles, so that what it says is acted on at once and not up to a
    /// minute later; sooner while something moves, or was due and had no turn.
    fn next_at(&self, now: Time) -> Time {
        match self.opening {
            Opening::Done => {}
            // The next ones' turn is now.
            Opening::GoesOn => return now,
        }
        let settles = Time::from_secs((self.latest(now) + 2) * 60) + self.cloud.signals.settle();
        let urgent = self.watches.values().any(|watch| watch.urgent);
        if urgent || self.sight.waits { settles.min(now + EVERY_URGENT) } else { settles }
    }
}

const fn moves_weights(action: &Action) -> bool {
    matches!(action, Action::SetWeights { .. })
}

/// The verdict before there is anything to judge: hold, because the past is not known yet.
pub(crate) fn unjudged() -> Verdict {
    Verdict {
        kind: VerdictKind::Hold,
        reason: VerdictReason::MissingData { side: Side::Ec2 },
        minute: None,
        evidence: Evidence::default(),
    }
}

/// What a side looks like now, for the minutes that are read later.
pub(crate) fn context(now: Time, sight: &Sight, watch: &Watch, side: Side) -> Context {
    let seen = &sight.snapshot;
    let split = seen.splits.get(&watch.managed.name).and_then(Seen::value);
    let service = seen.services.get(watch.managed.services.get(side)).and_then(Seen::value);
    let group = watch.groups.get(side).as_ref().map(|group| &group.arn);
    let targets = group.and_then(|group| seen.targets.get(group)).and_then(Seen::value);
    let step = watch.contents.status.step.as_ref();
    Context {
        share: split.and_then(|split| split.share()),
        // The step says when clients will have followed, and says so as soon as it is verified.
        settled: Some(step.is_some_and(|step| minutes::is_settled(step, now.minute()))),
        tasks: targets.map(|targets| targets.healthy),
        healthy: targets.map(|targets| targets.healthy),
        safe_per_task: None,
        cpu_centi_percent: None,
        release: service.map(|service| service.release.clone()),
        deploying: service.map(|service| match service.deployment {
            Deployment::Steady | Deployment::Failed => false,
            Deployment::InProgress { .. } => true,
        }),
        surge: None,
    }
}
