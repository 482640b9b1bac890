//! The loop.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use cloud::{Clock, Cloud};
use configuration::{Desired, Look, SETTINGS, Source};
use controller::{Controller, Tick, Unheard};
use model::Time;
use model::condition::ConditionType;
use model::settings::Settings;
use model::spec::Name;
use server::api::{DaemonStatus, Done, Heard, Orphan, Released};
use server::{Counts, Desk as _, Fleet, Metrics, Refused};
use store::{Answer, Leases, Store, Version};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, timeout};

use crate::guarded::{Fence, Guarded};
use crate::office::{Command, Office};
use crate::tenure::{Rank, Tenure};
use crate::view;

/// Between two looks at the files, and the longest rest.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// A tick under way may take this long when the process is told to stop: ECS gives 30 s by
/// default, and the lease has to be given up as well (F18).
const TICK_ENDS_WITHIN: Duration = Duration::from_secs(12);
/// A tick may take this long and keep the lease: one that hangs must not keep others from acting.
/// Its process is found dead soon after, see [`Office`].
const TICK_HOLDS_FOR: Duration = Duration::from_secs(60);
/// The store may take this long to let go.
const GOODBYE_WITHIN: Duration = Duration::from_secs(1);
/// Where the names of the migrations are kept that were managed last.
const MANAGED: &str = "managed";

/// What a daemon is made of.
pub struct Parts {
    /// The world.
    pub cloud: Cloud,
    /// The store.
    pub leases: Arc<dyn Leases>,
    /// The directory of files.
    pub directory: PathBuf,
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// Where readers look.
    pub office: Arc<Office>,
    /// Words that wait.
    pub words: mpsc::Receiver<Command>,
    /// This version of Ferry.
    pub version: String,
    /// This process, for others to read: host, process, start.
    pub owner: String,
    /// Whose marks are its own, where the world has marks.
    pub installation: Name,
}

/// The controller as a process.
pub struct Daemon {
    cloud: Cloud,
    clock: Arc<dyn Clock>,
    leases: Arc<dyn Leases>,
    metrics: Arc<Metrics>,
    office: Arc<Office>,
    words: mpsc::Receiver<Command>,
    tenure: Tenure,
    source: Option<Source>,
    directory: PathBuf,
    controller: Option<Controller>,
    settings: Settings,
    desired: BTreeMap<String, Desired>,
    /// Names that were managed and whose file cannot be read: neither managed nor given up.
    held: BTreeSet<String>,
    /// How many versions of each file this process has seen.
    generations: BTreeMap<String, u64>,
    /// What this version does not carry, by name.
    unsupported: BTreeMap<String, String>,
    next_at: Option<Time>,
    fleet: Fleet,
    installation: Name,
}

impl Daemon {
    /// A daemon that has not begun.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let Parts {
            cloud,
            leases,
            directory,
            metrics,
            office,
            words,
            version,
            owner,
            installation,
        } = parts;
        let fence = Arc::new(Fence::default());
        let clock = Arc::clone(&cloud.clock);
        office.keep_history(Arc::clone(&leases) as Arc<dyn Store>);
        let daemon = DaemonStatus { version, ..DaemonStatus::default() };
        Self {
            cloud: Guarded::around(cloud, Arc::clone(&metrics), Arc::clone(&fence)),
            clock,
            tenure: Tenure::new(Arc::clone(&leases), &owner, fence),
            leases,
            metrics,
            office,
            words,
            source: None,
            directory,
            controller: None,
            settings: Settings::default(),
            desired: BTreeMap::new(),
            held: BTreeSet::new(),
            generations: BTreeMap::new(),
            unsupported: BTreeMap::new(),
            next_at: None,
            fleet: Fleet { daemon, ..Fleet::default() },
            installation,
        }
    }

    /// Runs until `stop` says so. A tick under way may end first, within its bound; then the
    /// lease is given up.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            self.office.beat();
            self.keep_tenure().await;
            self.look().await;
            if self.is_due() && !self.tick(&mut stop).await {
                break;
            }
            self.office.publish(self.fleet.clone());
            let rest =
                rest(Arc::clone(&self.clock), self.next_at.filter(|_| self.controller.is_some()));
            let word = tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => break,
                word = self.words.recv() => word,
                () = rest => None,
            };
            if let Some(word) = word {
                self.hear(word).await;
            }
        }
        timeout(GOODBYE_WITHIN, self.tenure.end()).await.ok();
    }

    fn is_due(&self) -> bool {
        let now = self.clock.now();
        self.controller.is_some() && self.next_at.is_none_or(|next_at| now >= next_at)
    }

    /// Renews the lease. A token that is another one makes a new controller: what was learnt under
    /// the old one may have been overtaken.
    async fn keep_tenure(&mut self) {
        let (rank, is_news) = self.tenure.keep().await;
        if !is_news {
            return;
        }
        self.metrics.note_lease_transition();
        tracing::info!(?rank, "What this process may do has changed.");
        let daemon = &mut self.fleet.daemon;
        daemon.is_leader = matches!(rank, Rank::Acting(_));
        daemon.leader = None;
        daemon.store_problem = None;
        let store = match rank {
            Rank::Acting(token) => self.leases.under(token),
            Rank::Standby(owner) => {
                daemon.leader = Some(owner);
                self.controller = None;
                self.fleet.migrations.clear();
                return;
            }
            // What is known goes on being shown; nothing is saved, so nothing is done.
            Rank::Observing(why) => {
                daemon.store_problem = Some(why);
                if self.controller.is_some() {
                    return;
                }
                Arc::clone(&self.leases) as Arc<dyn Store>
            }
        };
        let controller = Controller::new(self.cloud.clone(), store, self.settings.clone());
        let mut controller = controller.of(self.installation.clone());
        for (name, desired) in &self.desired {
            let generation = self.generations.get(name).copied().unwrap_or(1);
            if let Err(error) = controller.manage(generation, Arc::clone(&desired.migration)) {
                self.unsupported.insert(name.clone(), format!("{}: {error}", desired.file));
            }
        }
        self.controller = Some(controller);
        self.next_at = None;
        self.find_orphans().await;
    }

    /// Looks at the files, and takes what changed.
    async fn look(&mut self) {
        let mut source = match self.source.take() {
            Some(source) => source,
            None => match self.remembered().await {
                Ok(names) => Source::new(self.directory.clone(), names),
                Err(error) => {
                    tracing::warn!(%error, "What was managed last cannot be read yet.");
                    return;
                }
            },
        };
        let looked = tokio::task::spawn_blocking(move || {
            let look = source.look();
            (source, look)
        });
        // The reader of files does not panic; if it did, the next look begins anew.
        let Ok((source, look)) = looked.await else { return };
        self.source = Some(source);
        if let Some(look) = look {
            self.take(look).await;
        }
    }

    /// The names that the last process managed: what vanished meanwhile is to be noticed.
    async fn remembered(&self) -> store::Result<BTreeSet<String>> {
        let fact = self.leases.load_fact(MANAGED).await?;
        Ok(fact.and_then(|fact| serde_json::from_slice(&fact.value).ok()).unwrap_or_default())
    }

    async fn take(&mut self, look: Look) {
        let Look { migrations, settings, problems, unconfirmed, held, files, hash } = look;
        let gone: Vec<String> =
            self.desired.keys().filter(|name| !migrations.contains_key(*name)).cloned().collect();
        let before = std::mem::replace(&mut self.desired, migrations);
        self.unsupported.clear();
        for (name, desired) in &self.desired {
            let was = before.get(name).map(|was| &was.migration);
            let seen = self.generations.entry(name.clone()).or_insert(0);
            if was != Some(&desired.migration) {
                *seen += 1;
            }
            let Some(controller) = &mut self.controller else { continue };
            if was != Some(&desired.migration)
                && let Err(error) = controller.manage(*seen, Arc::clone(&desired.migration))
            {
                self.unsupported.insert(name.clone(), format!("{}: {error}", desired.file));
            }
        }
        if let Some(controller) = &mut self.controller {
            controller.take_settings(settings.clone());
            for name in &gone {
                if let Err(error) = controller.let_go(name).await {
                    tracing::warn!(migration = name, %error, "Its record does not say that its file is gone.");
                }
            }
        }
        for name in &gone {
            tracing::info!(migration = name, "Its file is gone: it is not managed any more.");
            self.fleet.migrations.remove(name);
            self.fleet.counts.remove(name);
        }
        self.fleet.settings = Arc::new(settings.clone());
        self.settings = settings;
        let configuration = &mut self.fleet.daemon.configuration;
        configuration.files = files;
        configuration.hash = hash;
        configuration.unconfirmed = unconfirmed;
        configuration.problems = problems;
        configuration.problems.extend(self.unsupported.values().cloned());
        for problem in &configuration.problems {
            tracing::warn!(problem, "Part of the configuration was refused; what stood goes on.");
        }
        if configuration.problems.is_empty() && configuration.unconfirmed.is_empty() {
            configuration.loaded_at = Some(self.clock.now());
        } else {
            self.metrics.note_refused_reload();
            if configuration.loaded_at.is_none() && !self.desired.is_empty() {
                configuration.loaded_at = Some(self.clock.now());
            }
        }
        self.held = held;
        self.next_at = None;
        self.remember().await;
        self.find_orphans().await;
    }

    /// Keeps the names that are managed, for the process after this one.
    async fn remember(&self) {
        let mut names: BTreeSet<&str> = self.desired.keys().map(String::as_str).collect();
        names.extend(self.held.iter().map(String::as_str));
        names.extend(self.fleet.daemon.configuration.unconfirmed.iter().map(String::as_str));
        if self.settings != Settings::default() {
            names.insert(SETTINGS);
        }
        let Ok(value) = serde_json::to_vec(&names) else { return };
        let Some(store) = self.writable() else { return };
        let version = match store.load_fact(MANAGED).await {
            Ok(Some(fact)) if fact.value == value => return,
            Ok(fact) => fact.map_or(Version::NONE, |fact| fact.version),
            Err(_) => return,
        };
        if let Err(error) = store.save_fact(MANAGED, version, &value).await {
            tracing::warn!(%error, "What is managed could not be remembered.");
        }
    }

    fn writable(&self) -> Option<Arc<dyn Store>> {
        self.tenure.token().map(|token| self.leases.under(token))
    }

    /// Lists the records without a file. Where the store cannot say, what was known stays.
    async fn find_orphans(&mut self) {
        let Ok(names) = self.leases.list().await else { return };
        let mut orphans: BTreeMap<String, Orphan> = BTreeMap::new();
        let is_kept = |name: &String| self.desired.contains_key(name) || self.held.contains(name);
        for name in names.into_iter().filter(|name| !is_kept(name)) {
            if let Ok(Some(record)) = self.leases.load(&name).await {
                orphans.insert(name.clone(), view::orphan(&name, &record.contents));
            }
        }
        self.fleet.orphans = orphans;
    }

    /// One pass over everything. `false`: the process is to stop and the tick took too long.
    async fn tick(&mut self, stop: &mut watch::Receiver<bool>) -> bool {
        let Some(controller) = &mut self.controller else { return true };
        let began = Instant::now();
        let late = async {
            stop.wait_for(|stop| *stop).await.ok();
            sleep(TICK_ENDS_WITHIN).await;
        };
        let renewals = timeout(TICK_HOLDS_FOR, self.tenure.keep_on());
        let tick = tokio::select! {
            tick = controller.tick() => tick,
            // When renewals end by their timeout this branch is left out, and the tick goes on.
            Ok(never) = renewals => never,
            () = late => return false,
        };
        self.metrics.note_tick(began.elapsed());
        self.next_at = Some(tick.next_at);
        self.show(tick);
        true
    }

    /// Puts what a tick came to where readers find it.
    fn show(&mut self, tick: Tick) {
        self.fleet.daemon.at = Some(tick.at);
        let mut migrations = BTreeMap::new();
        for pass in tick.passes {
            let name = pass.name.clone();
            for (action, answer) in pass.plan.actions.iter().zip(&pass.answers) {
                self.metrics.note_write(action.name(), answer);
                tracing::info!(migration = name, %action, %answer, "A change was asked for.");
            }
            for event in &pass.plan.events {
                tracing::info!(migration = name, reason = event.reason, "{}", event.message);
            }
            let before = self.fleet.migrations.get(&name);
            let was_drifted = before
                .is_some_and(|before| before.status.conditions.is_true(ConditionType::Drifted));
            let counts = self.fleet.counts.entry(name.clone()).or_default();
            count(counts, &pass, was_drifted);
            migrations.insert(name, Arc::new(view::detail(pass)));
        }
        self.fleet.migrations = migrations;
    }

    async fn hear(&mut self, word: Command) {
        match word {
            Command::Say { name, verb, who, expected, answer } => {
                let said = match &mut self.controller {
                    Some(controller) => controller
                        .say(&name, verb, &who, expected.as_deref())
                        .await
                        .map_err(|unheard| refused(&unheard)),
                    None => Err(self.elsewhere()),
                };
                self.next_at = None;
                let heard =
                    said.map(|revision| Heard { name, revision, message: verb.to_string() });
                answer.send(heard).ok();
            }
            Command::Release { name, who, answer } => {
                let done = match &mut self.controller {
                    Some(controller) => {
                        controller.release(&name, &who).await.map_err(|unheard| refused(&unheard))
                    }
                    None => Err(self.elsewhere()),
                };
                let released = done.map(|done| Released {
                    done: done
                        .into_iter()
                        .map(|(action, answer)| Done {
                            action: action.to_string(),
                            answer: answer.to_string(),
                        })
                        .collect(),
                });
                self.find_orphans().await;
                answer.send(released).ok();
            }
            Command::Confirm { names, answer } => {
                let confirmed = match &mut self.source {
                    Some(source) => source
                        .confirm(&names)
                        .map_err(|pending| Refused::Conflict(pending.to_string())),
                    None => Err(self.elsewhere()),
                };
                self.look().await;
                answer.send(confirmed).ok();
            }
        }
    }

    fn elsewhere(&self) -> Refused {
        Refused::Unavailable(match &self.office.fleet().daemon.leader {
            Some(leader) => format!("another process acts ({leader}): say it there"),
            None => "this process does not act yet: try again".to_owned(),
        })
    }
}

/// Until the next tick or the next look at the files, whichever comes first.
async fn rest(clock: Arc<dyn Clock>, next_at: Option<Time>) {
    let tick = async {
        match next_at {
            Some(next_at) => clock.sleep_until(next_at).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = tick => {}
        () = sleep(LOOK_EVERY) => {}
    }
}

/// Counts what a pass did.
fn count(counts: &mut Counts, pass: &controller::Pass, was_drifted: bool) {
    let events = &pass.plan.events;
    let told = |reason: &str| events.iter().filter(|event| event.reason == reason).count() as u64;
    counts.rollbacks += told("RollingBack");
    let is_drifted = pass.plan.status.conditions.is_true(ConditionType::Drifted);
    counts.drifts += u64::from(is_drifted && !was_drifted);
    let steps = pass.plan.actions.iter().zip(&pass.answers);
    let steps = steps.filter(|(action, answer)| {
        action.is_advance() && matches!(answer, Answer::Written | Answer::AlreadySo)
    });
    counts.steps += steps.count() as u64;
}

fn refused(unheard: &Unheard) -> Refused {
    let message = unheard.to_string();
    match unheard {
        Unheard::Unknown(_) => Refused::NotFound(message),
        Unheard::Stale { .. }
        | Unheard::Contradiction(_)
        | Unheard::StillManaged(_)
        | Unheard::Frozen { .. }
        | Unheard::NotAdopted { .. } => Refused::Conflict(message),
        Unheard::Store(_) | Unheard::World(_) => Refused::Unavailable(message),
    }
}
