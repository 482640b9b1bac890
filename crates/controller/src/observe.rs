//! Seeing: what is due is read in batches, what is not due keeps its last value and its age.

use std::collections::{BTreeMap, BTreeSet};

use cloud::{Cloud, Error, TargetGroup, Thing};
use model::action::Action;
use model::observation::{Gap, Scaling, Seen, Service, Targets};
use model::ownership::Ownership;
use model::route::{Routes, ServiceId, Split};
use model::spec::{Mode, Name};
use model::{PerSide, Span, Time};
use planner::Snapshot;
use store::Answer;

use crate::managed::Managed;

/// How often services and targets are read while something moves or is suspect.
pub(crate) const EVERY_URGENT: Span = Span::from_secs(10);
/// How often they are read otherwise: the finest grain at which minutes can change a verdict.
pub(crate) const EVERY_CALM: Span = Span::from_secs(60);
/// How often weights are read when Ferry has no reason to expect a change;
/// this bounds how long a change made by hand stays unseen.
pub(crate) const EVERY_AUDIT: Span = Span::from_mins(5);

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
        let Self { snapshot, asked } = self;
        let Snapshot { services, targets, scaling, splits, ownerships, .. } = snapshot;
        // Side by side: each waits for turns of its own.
        futures::join!(
            refresh_services(services, &mut asked.services, cloud, now, subjects),
            refresh_targets(targets, &mut asked.targets, cloud, now, subjects),
            refresh_scaling(scaling, &mut asked.scaling, cloud, now, subjects),
            refresh_splits(splits, &mut asked.splits, cloud, now, subjects),
            refresh_marks(ownerships, &mut asked.marks, (cloud, installation), now, subjects),
        );
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

async fn refresh_services(
    seen: &mut BTreeMap<ServiceId, Seen<Service>>,
    asked: &mut BTreeMap<ServiceId, Time>,
    cloud: &Cloud,
    now: Time,
    subjects: &[Subject<'_>],
) {
    let due = due(now, asked, subjects, EVERY_CALM, |subject| {
        subject.managed.services.iter().map(|(_, id)| id.clone()).collect()
    });
    if !due.is_empty() {
        let answers = cloud.services.services(&due).await;
        take(seen, now, due, answers);
    }
}

async fn refresh_targets(
    seen: &mut BTreeMap<String, Seen<Targets>>,
    asked: &mut BTreeMap<TargetGroup, Time>,
    cloud: &Cloud,
    now: Time,
    subjects: &[Subject<'_>],
) {
    let groups = |subject: &Subject<'_>| {
        subject.groups.iter().filter_map(|(_, group)| group.clone()).collect()
    };
    let mut due = due(now, asked, subjects, EVERY_CALM, groups);
    if !due.is_empty() {
        let urgent = subjects.iter().filter(|subject| subject.urgent).flat_map(groups).collect();
        put_in_turn(&mut due, &urgent, seen);
        let answers = cloud.services.targets(&due).await;
        let arns = due.into_iter().map(|group| group.arn).collect();
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

/// Puts groups into the order of need: what moves, then what was read longest ago. A group takes a
/// call of its own, and a large fleet has more of them than a minute has turns.
fn put_in_turn(
    due: &mut [TargetGroup],
    urgent: &BTreeSet<TargetGroup>,
    seen: &BTreeMap<String, Seen<Targets>>,
) {
    let read_at = |group: &TargetGroup| seen.get(&group.arn).and_then(Seen::at);
    due.sort_by_cached_key(|group| (!urgent.contains(group), read_at(group)));
}

/// The keys that are due, each once, in the order of subjects.
fn due<K: Ord + Clone>(
    now: Time,
    asked: &mut BTreeMap<K, Time>,
    subjects: &[Subject<'_>],
    calm: Span,
    keys: impl Fn(&Subject<'_>) -> Vec<K>,
) -> Vec<K> {
    let mut due = Vec::new();
    for subject in subjects {
        let every = if subject.urgent { EVERY_URGENT } else { calm };
        for key in keys(subject) {
            if asked.get(&key).is_none_or(|at| now.since(*at) + EARLY >= every || *at > now) {
                asked.insert(key.clone(), now);
                due.push(key);
            }
        }
    }
    due
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_moves_is_looked_at_first_and_then_what_was_seen_longest_ago() {
        let group = |arn: &str| TargetGroup { account: Default::default(), arn: arn.to_owned() };
        let at = |secs| Seen::known(Targets::default(), Time::from_secs(secs));
        let seen = BTreeMap::from([
            ("calm-1".to_owned(), at(300)),
            ("calm-2".to_owned(), at(60)),
            ("calm-3".to_owned(), Seen::unknown(Gap::Throttled)),
            ("moving-1".to_owned(), at(300)),
            ("moving-2".to_owned(), at(290)),
        ]);
        let names = ["calm-1", "calm-2", "calm-3", "calm-4", "moving-1", "moving-2"];
        let mut due = names.map(group);
        put_in_turn(&mut due, &["moving-1", "moving-2"].map(group).into(), &seen);
        let order = due.each_ref().map(|group| group.arn.as_str());
        assert_eq!(order, ["moving-2", "moving-1", "calm-3", "calm-4", "calm-2", "calm-1"]);
    }
}
