//! Seeing: what is due is read in batches, what is not due keeps its last value and its age.

use std::collections::{BTreeMap, BTreeSet};

use cloud::{Cloud, Error, TargetGroup, Thing};
use model::action::Action;
use model::observation::{Gap, HostMinute, Scaling, Seen, Service, Targets, Witness};
use model::ownership::Ownership;
use model::route::{Routes, ServiceId, Split};
use model::spec::{Mode, Name};
use model::{PerSide, Span, Time};
use planner::Snapshot;
use store::Answer;

use crate::managed::Managed;
use crate::turns::{Need, Turns, Waiting};

/// How often services and targets are read while something moves or is suspect.
pub(crate) const EVERY_URGENT: Span = Span::from_secs(10);
/// How often they are read otherwise: the finest grain at which minutes can change a verdict.
pub(crate) const EVERY_CALM: Span = Span::from_secs(60);
/// How often weights are read when Ferry has no reason to expect a change;
/// this bounds how long a change made by hand stays unseen.
pub(crate) const EVERY_AUDIT: Span = Span::from_mins(5);

/// Services of an account and region in one look: 50 calls of ten, of which the `aws` crate sends
/// half at once and the rest within three seconds.
const SERVICES: Turns = Turns { most: 500, resting: 500 };
/// Target groups of an account and region in one look, a call each. Elastic Load Balancing gives
/// back ten calls a second, and the `aws` crate takes eight of them: six looks a minute of 75 are
/// 450 of 480 turns. Those that rest while balancers vouch for them take 34, nearly what is there
/// without waiting: 200 groups are read every minute, and 2,000 in ten minutes.
const TARGETS: Turns = Turns { most: 75, resting: 34 };
/// So long a reading of targets stands without being read again, from when it was made or last
/// vouched for. The newest minute of a balancer is three minutes old at most when it is read; one
/// or two may be missed.
const VOUCHED_FOR: Span = Span::from_mins(5);

/// What is due this soon is read now: ticks begin a little after they are due, some more than
/// others, and a reading must not wait for another tick because of that.
const EARLY: Span = Span::from_secs(5);

/// Everything that was seen, each with its own age or gap, and what is due next.
#[derive(Debug, Default)]
pub(crate) struct Sight {
    pub(crate) snapshot: Snapshot,
    /// When each was last asked for, whether or not an answer came: a failing call is not
    /// repeated faster than a good one.
    asked: Asked,
    /// Whether something was due that had no turn in the last look.
    pub(crate) waits: bool,
}

#[derive(Debug, Default)]
struct Asked {
    services: BTreeMap<ServiceId, Time>,
    targets: BTreeMap<TargetGroup, Time>,
    scaling: BTreeMap<ServiceId, Time>,
    splits: BTreeMap<String, Time>,
    marks: BTreeMap<String, Time>,
}

/// A migration to look at, and whether it may be moving.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subject<'a> {
    pub(crate) managed: &'a Managed,
    pub(crate) groups: &'a PerSide<Option<TargetGroup>>,
    pub(crate) urgent: bool,
    /// Whether a step waits for nothing but a new reading of targets.
    pub(crate) asks_health: bool,
}

impl Sight {
    /// Reads what is due, in as few calls as the world takes.
    pub(crate) async fn refresh(
        &mut self,
        cloud: &Cloud,
        installation: &Name,
        now: Time,
        subjects: &[Subject<'_>],
    ) {
        let (groups, groups_wait) = self.groups_in_turn(now, subjects);
        let (ids, ids_wait) = services_in_turn(&mut self.asked.services, now, subjects);
        self.waits = groups_wait || ids_wait;
        let Self { snapshot, asked, .. } = self;
        let Snapshot { services, targets, scaling, splits, ownerships, .. } = snapshot;
        // Side by side: each waits for turns of its own.
        futures::join!(
            refresh_services(services, cloud, now, ids),
            refresh_targets(targets, cloud, now, groups),
            refresh_scaling(scaling, &mut asked.scaling, cloud, now, subjects),
            refresh_splits(splits, &mut asked.splits, cloud, now, subjects),
            refresh_marks(ownerships, &mut asked.marks, (cloud, installation), now, subjects),
        );
    }

    /// The groups whose targets are read now, and whether others have to wait.
    fn groups_in_turn(&mut self, now: Time, subjects: &[Subject<'_>]) -> (Vec<TargetGroup>, bool) {
        let due = due(now, &self.asked.targets, subjects, EVERY_CALM, |subject| {
            subject.groups.iter().filter_map(|(_, group)| group.clone()).collect()
        });
        let waiting = due.into_iter().map(|due| Waiting {
            need: match due {
                Due { urgent: true, .. } => Need::Moves,
                Due { asks_health: true, .. } => Need::Asked,
                Due { ref key, .. } if self.stands(now, &key.arn) => Need::Rests,
                Due { .. } => Need::Asked,
            },
            since: self.snapshot.targets.get(&due.key.arn).and_then(Seen::at),
            key: due.key,
        });
        let (groups, waits) = TARGETS.take(waiting.collect(), |group| (*group.account).clone());
        note_asked(&mut self.asked.targets, now, &groups);
        (groups, waits)
    }

    /// Whether what was read of a group's targets stands: it is not old, or its balancer went on
    /// counting as many healthy hosts.
    fn stands(&self, now: Time, group: &str) -> bool {
        let read_at = self.snapshot.targets.get(group).and_then(Seen::at);
        let stood_until = match self.snapshot.witness(group) {
            Some(Witness::Other) => None,
            Some(Witness::Same(until)) => Some(until),
            Some(Witness::Silent) | None => read_at,
        };
        stood_until.is_some_and(|until| until <= now && now.since(until) <= VOUCHED_FOR)
    }

    /// Takes what a balancer counted itself in the newest settled minute.
    pub(crate) fn note_hosts(&mut self, group: &TargetGroup, hosts: HostMinute) {
        self.snapshot.hosts.insert(group.arn.clone(), hosts);
    }

    /// Drops all that was seen of a migration that is not managed any more. What another one
    /// shares with it is read again.
    pub(crate) fn forget(&mut self, managed: &Managed) {
        self.distrust(managed);
        self.snapshot.splits.remove(&managed.name);
        self.snapshot.loads.remove(&managed.name);
        self.snapshot.ownerships.remove(&managed.name);
        self.asked.marks.remove(&managed.name);
        for (_, id) in managed.services.iter() {
            self.snapshot.services.remove(id);
            self.snapshot.scaling.remove(id);
        }
    }

    /// Forgets when a migration's weights and bounds were read, so that they are read again
    /// before anything is decided on them: after a write, and after a failed one.
    pub(crate) fn distrust(&mut self, managed: &Managed) {
        self.asked.splits.remove(&managed.name);
        for (_, id) in managed.services.iter() {
            self.asked.scaling.remove(id);
            self.asked.services.remove(id);
        }
    }

    /// Takes out what an action may have changed of whose outcome nobody knows: should the next
    /// reading fail, what was read before the call is no ground to send it again.
    ///
    /// Weights stay. The planner tells readings of them from before a write by their age, and a
    /// rollback goes by the last ones there are: they are what it expects to find, so that sent
    /// once more it either arrives or changes nothing.
    pub(crate) fn doubt(&mut self, managed: &Managed, actions: &[Action], answers: &[Answer]) {
        let is_unknown = |(_, answer): &(_, &Answer)| matches!(answer, Answer::Unknown { .. });
        for (action, _) in actions.iter().zip(answers).filter(is_unknown) {
            match action {
                Action::SetWeights { .. } => {}
                Action::SetBounds { side, .. }
                | Action::PutScheduled { side, .. }
                | Action::DeleteScheduled { side, .. } => {
                    let id = managed.services.get(*side).clone();
                    self.snapshot.scaling.insert(id, Seen::unknown(Gap::Failed));
                }
                Action::SetDesired { side, .. } => {
                    let id = managed.services.get(*side).clone();
                    self.snapshot.services.insert(id, Seen::unknown(Gap::Failed));
                }
            }
        }
    }
}

/// The services that are read now, and whether others have to wait.
fn services_in_turn(
    asked: &mut BTreeMap<ServiceId, Time>,
    now: Time,
    subjects: &[Subject<'_>],
) -> (Vec<ServiceId>, bool) {
    let due = due(now, asked, subjects, EVERY_CALM, |subject| {
        subject.managed.services.iter().map(|(_, id)| id.clone()).collect()
    });
    let waiting = due.into_iter().map(|due| Waiting {
        need: if due.urgent { Need::Moves } else { Need::Rests },
        since: asked.get(&due.key).copied(),
        key: due.key,
    });
    let (ids, waits) = SERVICES.take(waiting.collect(), |id| (*id.account).clone());
    note_asked(asked, now, &ids);
    (ids, waits)
}

async fn refresh_services(
    seen: &mut BTreeMap<ServiceId, Seen<Service>>,
    cloud: &Cloud,
    now: Time,
    ids: Vec<ServiceId>,
) {
    if !ids.is_empty() {
        let answers = cloud.services.services(&ids).await;
        take(seen, now, ids, answers);
    }
}

async fn refresh_targets(
    seen: &mut BTreeMap<String, Seen<Targets>>,
    cloud: &Cloud,
    now: Time,
    groups: Vec<TargetGroup>,
) {
    if !groups.is_empty() {
        let answers = cloud.services.targets(&groups).await;
        let arns = groups.into_iter().map(|group| group.arn).collect();
        take(seen, now, arns, answers);
    }
}

async fn refresh_scaling(
    seen: &mut BTreeMap<ServiceId, Seen<Option<Scaling>>>,
    asked: &mut BTreeMap<ServiceId, Time>,
    cloud: &Cloud,
    now: Time,
    subjects: &[Subject<'_>],
) {
    let due = due(now, asked, subjects, EVERY_CALM, |subject| {
        subject.managed.services.iter().map(|(_, id)| id.clone()).collect()
    });
    let due: Vec<ServiceId> = due.into_iter().map(|due| due.key).collect();
    note_asked(asked, now, &due);
    if !due.is_empty() {
        let answers = cloud.scaling.scalable_targets(&due).await;
        take(seen, now, due, answers);
    }
}

async fn refresh_splits(
    seen: &mut BTreeMap<String, Seen<Split>>,
    asked: &mut BTreeMap<String, Time>,
    cloud: &Cloud,
    now: Time,
    subjects: &[Subject<'_>],
) {
    let due = due(now, asked, subjects, EVERY_AUDIT, |subject| vec![subject.managed.name.clone()]);
    let due: Vec<String> = due.into_iter().map(|due| due.key).collect();
    note_asked(asked, now, &due);
    if due.is_empty() {
        return;
    }
    let wanted: BTreeSet<&String> = due.iter().collect();
    let (names, routes): (Vec<String>, Vec<Routes>) = subjects
        .iter()
        .filter(|subject| wanted.contains(&subject.managed.name))
        .map(|subject| (subject.managed.name.clone(), subject.managed.routes.clone()))
        .unzip();
    let answers = cloud.router.observe(&routes).await;
    take(seen, now, names, answers);
}

/// Reads the marks of what acts, as often as weights at rest. Where nobody else is, all is its own.
async fn refresh_marks(
    seen: &mut BTreeMap<String, Seen<Ownership>>,
    asked: &mut BTreeMap<String, Time>,
    (cloud, installation): (&Cloud, &Name),
    now: Time,
    subjects: &[Subject<'_>],
) {
    let Some(marks) = &cloud.marks else {
        let own = || Seen::known(Ownership::default(), now);
        seen.extend(subjects.iter().map(|subject| (subject.managed.name.clone(), own())));
        return;
    };
    let acting: Vec<Subject<'_>> = subjects
        .iter()
        .filter(|subject| subject.managed.migration.spec.mode == Mode::Act)
        .map(|subject| Subject { urgent: false, ..*subject })
        .collect();
    let due = due(now, asked, &acting, EVERY_AUDIT, |subject| vec![subject.managed.name.clone()]);
    let due: Vec<String> = due.into_iter().map(|due| due.key).collect();
    note_asked(asked, now, &due);
    let due: BTreeSet<&String> = due.iter().collect();
    let looked: Vec<(&Managed, Vec<Thing>)> = acting
        .iter()
        .filter(|subject| due.contains(&subject.managed.name))
        .map(|subject| (subject.managed, subject.managed.things()))
        .collect();
    let all: Vec<Thing> = looked.iter().flat_map(|(_, things)| things).cloned().collect();
    if all.is_empty() {
        return;
    }
    let mut answers = marks.marks(&all).await.into_iter();
    for (managed, things) in looked {
        let owner = managed.owner(installation);
        let mut ownership = Ok(Ownership::default());
        for (thing, answer) in things.iter().zip(answers.by_ref()) {
            ownership = ownership.and_then(|mut ownership: Ownership| {
                ownership.note(thing.to_string(), answer?, &owner);
                Ok(ownership)
            });
        }
        take(seen, now, vec![managed.name.clone()], vec![ownership]);
    }
}

/// Something that is due, and what the migrations want that ask for it.
struct Due<K> {
    key: K,
    urgent: bool,
    asks_health: bool,
}

/// What is due, each once, in the order of subjects.
fn due<K: Ord + Clone>(
    now: Time,
    asked: &BTreeMap<K, Time>,
    subjects: &[Subject<'_>],
    calm: Span,
    keys: impl Fn(&Subject<'_>) -> Vec<K>,
) -> Vec<Due<K>> {
    let mut all: Vec<Due<K>> = Vec::new();
    let mut places = BTreeMap::<K, usize>::new();
    for subject in subjects {
        let every = if subject.urgent { EVERY_URGENT } else { calm };
        for key in keys(subject) {
            let is_due =
                asked.get(&key).is_none_or(|at| now.since(*at) + EARLY >= every || *at > now);
            if !is_due {
                continue;
            }
            match places.get(&key).and_then(|place| all.get_mut(*place)) {
                Some(due) => {
                    due.urgent |= subject.urgent;
                    due.asks_health |= subject.asks_health;
                }
                None => {
                    places.insert(key.clone(), all.len());
                    let Subject { urgent, asks_health, .. } = *subject;
                    all.push(Due { key, urgent, asks_health });
                }
            }
        }
    }
    all
}

fn note_asked<K: Ord + Clone>(asked: &mut BTreeMap<K, Time>, now: Time, keys: &[K]) {
    asked.extend(keys.iter().map(|key| (key.clone(), now)));
}

/// Keeps what was answered. Where asking again may well succeed the last value stays, with its
/// true age, so that whoever uses it can see how old it is; any other error leaves a gap.
fn take<K: Ord, T>(
    seen: &mut BTreeMap<K, Seen<T>>,
    now: Time,
    keys: Vec<K>,
    answers: Vec<Result<T, Error>>,
) {
    for (key, answer) in keys.into_iter().zip(answers) {
        match answer {
            Ok(value) => {
                seen.insert(key, Seen::known(value, now));
            }
            Err(error)
                if error.is_passing() && seen.get(&key).is_some_and(|old| old.at().is_some()) => {}
            Err(error) => {
                seen.insert(key, Seen::unknown(error.gap()));
            }
        }
    }
}
