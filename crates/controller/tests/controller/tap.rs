//! Fakes that stand before a world and a store: they count calls, fail some, and end the process.

use std::collections::BTreeMap;
use std::future::pending;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use cloud::objectives::Source;
use cloud::signals::Quantiles;
use cloud::{
    Applied, Clock, Cloud, Error, ErrorKind, EventAsk, EventMinute, MinuteAsk, Objectives, Result,
    Router, Scaling, Services, Shift, SideMinute, Signals, TargetGroup,
};
use model::observation::{self, Bounds, ScheduledBounds, Service, Suspension, Targets};
use model::route::{Routes, ServiceId, Split};
use model::spec::Objective;
use model::{Span, Time};
use region::SimulatedCloud;
use store::{Contents, Entry, Fact, MemoryStore, Numbered, Record, Store, Version};

/// How a call of the world goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Nothing happens and the caller is told so.
    Refused(ErrorKind),
    /// It is done and the caller is told that nobody knows.
    ReplyLost,
    /// Nothing happens and the caller is told that nobody knows.
    RequestLost,
}

/// How a save goes wrong.
#[derive(Debug, Clone)]
pub(crate) enum SaveTrouble {
    /// Nothing is saved.
    Refused(store::Error),
    /// It is saved and the caller is told that nobody knows.
    ReplyLost,
}

#[derive(Debug, Default)]
struct State {
    calls: BTreeMap<&'static str, u32>,
    /// By operation and a part of what it is about.
    troubles: Vec<(&'static str, String, Trouble)>,
    /// By the number of the save.
    save_troubles: BTreeMap<u32, SaveTrouble>,
    saves: u32,
    conflicts: u32,
    is_unreadable: bool,
    corrections: BTreeMap<i64, u64>,
    /// The target groups of each call that asked for any, and when.
    groups: Vec<(Time, Vec<String>)>,
    /// The part of Fargate's events that are bad beside those of the region.
    bad_percent: u64,
    /// What every SLO of the source has for a target.
    target: Option<Objective>,
    /// How far the process's clock is ahead of the world's, in seconds.
    skew: i64,
    /// What each look at a past takes.
    past_takes: Option<Span>,
    /// Points that are passed before the process ends.
    fuse: Option<u32>,
}

/// One region and one store with a tap on every call.
#[derive(Clone)]
pub(crate) struct Tap {
    inner: SimulatedCloud,
    kept: Arc<MemoryStore>,
    state: Arc<Mutex<State>>,
}

impl Tap {
    pub(crate) fn new(inner: SimulatedCloud) -> Self {
        Self { inner, kept: Arc::new(MemoryStore::new()), state: Arc::default() }
    }

    pub(crate) fn cloud(&self) -> Cloud {
        let tap = Arc::new(self.clone());
        Cloud {
            services: Arc::clone(&tap) as Arc<dyn Services>,
            scaling: Arc::clone(&tap) as Arc<dyn Scaling>,
            router: Arc::clone(&tap) as Arc<dyn Router>,
            signals: Arc::clone(&tap) as Arc<dyn Signals>,
            objectives: Arc::clone(&tap) as Arc<dyn Objectives>,
            marks: None,
            clock: tap,
        }
    }

    pub(crate) fn store(&self) -> Arc<dyn Store> {
        Arc::new(self.clone())
    }

    pub(crate) fn inner(&self) -> &SimulatedCloud {
        &self.inner
    }

    fn with<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        look(&mut self.state.lock().unwrap())
    }

    /// How often `operation` was called.
    pub(crate) fn calls(&self, operation: &str) -> u32 {
        self.with(|state| state.calls.get(operation).copied().unwrap_or(0))
    }

    /// The target groups that were asked for since this was last called, by call.
    pub(crate) fn groups(&self) -> Vec<(Time, Vec<String>)> {
        self.with(|state| std::mem::take(&mut state.groups))
    }

    pub(crate) fn saves(&self) -> u32 {
        self.with(|state| state.saves)
    }

    /// Saves that met another process's.
    pub(crate) fn conflicts(&self) -> u32 {
        self.with(|state| state.conflicts)
    }

    /// From now on calls of `operation` about something that contains `about` go wrong.
    pub(crate) fn trouble(&self, operation: &'static str, about: &str, trouble: Trouble) {
        self.with(|state| state.troubles.push((operation, about.to_owned(), trouble)));
    }

    pub(crate) fn heal(&self) {
        self.with(|state| {
            state.troubles.clear();
            state.is_unreadable = false;
            state.fuse = None;
        });
    }

    pub(crate) fn trouble_save(&self, number: u32, trouble: SaveTrouble) {
        self.with(|state| state.save_troubles.insert(number, trouble));
    }

    pub(crate) fn make_unreadable(&self) {
        self.with(|state| state.is_unreadable = true);
    }

    /// From now on this part of Fargate's events is bad, though its requests are not.
    pub(crate) fn fail_events(&self, percent: u64) {
        self.with(|state| state.bad_percent = percent);
    }

    /// Every SLO of the source has this target.
    pub(crate) fn set_target(&self, target: &str) {
        self.with(|state| state.target = target.parse().ok());
    }

    /// The source corrects the requests of a minute on EC2.
    pub(crate) fn correct(&self, minute: i64, by: u64) {
        self.with(|state| state.corrections.insert(minute, by));
    }

    /// The process's clock jumps to so many seconds ahead of the world's.
    pub(crate) fn skew(&self, seconds: i64) {
        self.with(|state| state.skew = seconds);
    }

    /// Each look at a past takes this long.
    pub(crate) fn slow_past(&self, span: Span) {
        self.with(|state| state.past_takes = Some(span));
    }

    /// The process ends after passing `points` places at which it may.
    pub(crate) fn light(&self, points: u32) {
        self.with(|state| state.fuse = Some(points));
    }

    /// A place at which the process may end: it never gets past.
    async fn point(&self) {
        let is_over = self.with(|state| match &mut state.fuse {
            Some(0) => true,
            Some(left) => {
                *left -= 1;
                false
            }
            None => false,
        });
        if is_over {
            pending::<()>().await;
        }
    }

    fn count(&self, operation: &'static str, about: &str) -> Option<Trouble> {
        self.with(|state| {
            *state.calls.entry(operation).or_default() += 1;
            let hit = state
                .troubles
                .iter()
                .find(|(of, part, _)| *of == operation && about.contains(part.as_str()));
            hit.map(|(_, _, trouble)| *trouble)
        })
    }

    fn failed<T>(&self, operation: &'static str, about: &str) -> Option<Result<T>> {
        match self.count(operation, about)? {
            Trouble::Refused(kind) => Some(Err(Error::new(kind, operation, "a fault"))),
            Trouble::ReplyLost | Trouble::RequestLost => Some(Err(lost(operation))),
        }
    }

    async fn write(
        &self,
        operation: &'static str,
        about: &ServiceId,
        write: impl Future<Output = Result<()>> + Send,
    ) -> Result<()> {
        self.point().await;
        let answer = match self.count(operation, &about.service) {
            Some(Trouble::Refused(kind)) => Err(Error::new(kind, operation, "a fault")),
            Some(Trouble::ReplyLost) => write.await.and(Err(lost(operation))),
            Some(Trouble::RequestLost) => Err(lost(operation)),
            None => write.await,
        };
        self.point().await;
        answer
    }
}

fn lost(operation: &'static str) -> Error {
    Error::new(ErrorKind::OutcomeUnknown, operation, "the reply was lost")
}

#[async_trait]
impl Clock for Tap {
    fn now(&self) -> Time {
        let ahead = self.with(|state| state.skew * 1_000);
        Time::from_millis(self.inner.now().as_millis() + ahead)
    }

    async fn sleep_until(&self, until: Time) {
        self.inner.sleep_until(until).await;
    }
}

#[async_trait]
impl Services for Tap {
    async fn services(&self, ids: &[ServiceId]) -> Vec<Result<Service>> {
        let _ = self.count("services", "");
        let answers = self.inner.services(ids).await;
        let failed = |id: &ServiceId| self.failed("service", &id.service);
        ids.iter().zip(answers).map(|(id, answer)| failed(id).unwrap_or(answer)).collect()
    }

    async fn target_groups(&self, ids: &[ServiceId]) -> Vec<Result<Option<TargetGroup>>> {
        let answers = self.inner.target_groups(ids).await;
        let failed = |id: &ServiceId| self.failed("target_group", &id.service);
        ids.iter().zip(answers).map(|(id, answer)| failed(id).unwrap_or(answer)).collect()
    }

    async fn targets(&self, groups: &[TargetGroup]) -> Vec<Result<Targets>> {
        let _ = self.count("targets", "");
        let arns = groups.iter().map(|group| group.arn.clone()).collect();
        self.with(|state| state.groups.push((self.inner.now(), arns)));
        let answers = self.inner.targets(groups).await;
        let failed = |group: &TargetGroup| self.failed("target", &group.arn);
        groups.iter().zip(answers).map(|(it, answer)| failed(it).unwrap_or(answer)).collect()
    }

    async fn set_desired(&self, id: &ServiceId, expected: u32, desired: u32) -> Result<()> {
        self.write("set_desired", id, self.inner.set_desired(id, expected, desired)).await
    }
}

#[async_trait]
impl Scaling for Tap {
    async fn scalable_targets(
        &self,
        ids: &[ServiceId],
    ) -> Vec<Result<Option<observation::Scaling>>> {
        let _ = self.count("scalable_targets", "");
        let answers = self.inner.scalable_targets(ids).await;
        // A target that is not there is an answer and no error.
        let failed = |id: &ServiceId| match self.failed("scalable_target", &id.service)? {
            Err(error) if error.kind == ErrorKind::NotFound => Some(Ok(None)),
            failed => Some(failed),
        };
        ids.iter().zip(answers).map(|(id, answer)| failed(id).unwrap_or(answer)).collect()
    }

    async fn set_bounds(&self, id: &ServiceId, expected: Bounds, bounds: Bounds) -> Result<()> {
        self.write("set_bounds", id, self.inner.set_bounds(id, expected, bounds)).await
    }

    async fn set_suspended(
        &self,
        id: &ServiceId,
        expected: Suspension,
        suspended: Suspension,
    ) -> Result<()> {
        self.write("set_suspended", id, self.inner.set_suspended(id, expected, suspended)).await
    }

    async fn put_scheduled(&self, id: &ServiceId, scheduled: &ScheduledBounds) -> Result<()> {
        self.write("put_scheduled", id, self.inner.put_scheduled(id, scheduled)).await
    }

    async fn delete_scheduled(&self, id: &ServiceId, name: &str) -> Result<()> {
        self.write("delete_scheduled", id, self.inner.delete_scheduled(id, name)).await
    }
}

#[async_trait]
impl Router for Tap {
    async fn observe(&self, migrations: &[Routes]) -> Vec<Result<Split>> {
        let _ = self.count("observe", "");
        let answers = self.inner.observe(migrations).await;
        let failed = |asked: &Routes| self.failed("split", &asked.routes[0].key());
        migrations.iter().zip(answers).map(|(m, answer)| failed(m).unwrap_or(answer)).collect()
    }

    async fn set(&self, shifts: &[Shift]) -> Vec<Result<Applied>> {
        self.point().await;
        let mut answers = Vec::new();
        for shift in shifts {
            let answer = match self.count("set", &shift.routes[0].key()) {
                Some(Trouble::Refused(kind)) => Err(Error::new(kind, "set", "a fault")),
                Some(Trouble::RequestLost) => Err(lost("set")),
                trouble => {
                    let answer = self.inner.set(std::slice::from_ref(shift)).await.remove(0);
                    if trouble.is_some() { Err(lost("set")) } else { answer }
                }
            };
            answers.push(answer);
        }
        self.point().await;
        answers
    }
}

#[async_trait]
impl Signals for Tap {
    async fn minutes(&self, asks: &[MinuteAsk]) -> Vec<Result<Vec<SideMinute>>> {
        let _ = self.count("minutes", "");
        let answers = Signals::minutes(&self.inner, asks).await;
        let corrections = self.with(|state| state.corrections.clone());
        let mut all = Vec::new();
        for (ask, answer) in asks.iter().zip(answers) {
            let mut answer = self.failed("minute", &ask.service.service).unwrap_or(answer);
            for read in answer.iter_mut().flatten() {
                let by = corrections.get(&read.minute).filter(|_| ask.group.arn.contains("ec2"));
                if let (Some(by), Some(requests)) = (by, &mut read.counts.requests) {
                    *requests += by;
                }
            }
            all.push(answer);
        }
        all
    }

    async fn quantiles(
        &self,
        group: &TargetGroup,
        from: Time,
        until: Time,
    ) -> Result<Option<Quantiles>> {
        if let Some(span) = self.with(|state| state.past_takes) {
            self.inner.sleep_until(self.inner.now() + span).await;
        }
        match self.failed("quantiles", &group.arn) {
            Some(failed) => failed,
            None => self.inner.quantiles(group, from, until).await,
        }
    }

    fn settle(&self) -> Span {
        Signals::settle(&self.inner)
    }
}

#[async_trait]
impl Objectives for Tap {
    async fn minutes(&self, asks: &[EventAsk]) -> Vec<Result<Vec<EventMinute>>> {
        let _ = self.count("events", "");
        let answers = Objectives::minutes(&self.inner, asks).await;
        let bad_percent = self.with(|state| state.bad_percent);
        let mut all = Vec::new();
        for (ask, answer) in asks.iter().zip(answers) {
            let about = match &ask.source {
                Source::Queries { good, .. } => good,
                Source::Slo(id) => id,
            };
            let mut answer = self.failed("event", about).unwrap_or(answer);
            for event in answer.iter_mut().flatten() {
                if about.contains("fargate") {
                    event.bad += (event.total - event.bad) * bad_percent / 100;
                }
            }
            all.push(answer);
        }
        all
    }

    async fn objective(&self, source: &Source) -> Result<Option<Objective>> {
        let Source::Slo(id) = source else { return Ok(None) };
        self.failed("objective", id).unwrap_or(Ok(self.with(|state| state.target)))
    }

    fn settle(&self) -> Span {
        Objectives::settle(&self.inner)
    }
}

#[async_trait]
impl Store for Tap {
    async fn list(&self) -> store::Result<Vec<String>> {
        self.kept.list().await
    }

    async fn load(&self, name: &str) -> store::Result<Option<Record>> {
        if self.with(|state| state.is_unreadable) {
            return Err(store::Error::Unavailable { message: "a fault".to_owned() });
        }
        self.kept.load(name).await
    }

    async fn save(
        &self,
        name: &str,
        expected: Version,
        contents: &Contents,
        entries: &[Entry],
    ) -> store::Result<Version> {
        self.point().await;
        let trouble = self.with(|state| {
            state.saves += 1;
            state.save_troubles.remove(&state.saves)
        });
        let saved = match trouble {
            Some(SaveTrouble::Refused(error)) => Err(error),
            Some(SaveTrouble::ReplyLost) => {
                self.kept.save(name, expected, contents, entries).await?;
                Err(store::Error::OutcomeUnknown { message: "a fault".to_owned() })
            }
            None => self.kept.save(name, expected, contents, entries).await,
        };
        let is_conflict = matches!(saved, Err(store::Error::Conflict { .. }));
        self.with(|state| state.conflicts += u32::from(is_conflict));
        self.point().await;
        saved
    }

    async fn history(&self, name: &str, after: u64, limit: usize) -> store::Result<Vec<Numbered>> {
        self.kept.history(name, after, limit).await
    }

    async fn latest(&self, name: &str, before: u64, limit: usize) -> store::Result<Vec<Numbered>> {
        self.kept.latest(name, before, limit).await
    }

    async fn load_fact(&self, key: &str) -> store::Result<Option<Fact>> {
        self.kept.load_fact(key).await
    }

    async fn save_fact(
        &self,
        key: &str,
        expected: Version,
        value: &[u8],
    ) -> store::Result<Version> {
        self.kept.save_fact(key, expected, value).await
    }
}
