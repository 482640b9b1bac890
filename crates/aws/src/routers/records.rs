//! Weighted records: pairs of record sets of one name and type.
//!
//! ```text
//! set   read the names ─► as expected? ─► DELETE both as read, CREATE both anew: one atomic batch
//!       of all shifts of a zone ─► refused? read again, put out what differs, the rest once more
//! ```
//!
//! DELETE of exactly what was read makes the batch a compare-and-swap: a stale writer fails.

mod batch;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

use aws_sdk_route53::types::{ChangeBatch, ChangeStatus, ResourceRecordSet};
use cloud::{Applied, Asked, Error, ErrorKind, Result, Shift};
use model::route::{Propagation, Route, Routes, Split, Sticky, WeightPair, Weights};
use model::spec::Aws;
use model::{Span, Time};

use super::spread::{Key, Spread};
use super::zone::{self, LIST, Name};
use super::{Fates, Parts, Placed};
use crate::batches::{Answers, all_failed, gather};
use crate::clients::{Call, Clients, Question};
use crate::limits::{Family, locked};

use batch::{Edit, Pair, cut};

const CHANGE: &str = "route53:ChangeResourceRecordSets";
const GET_CHANGE: &str = "route53:GetChange";

/// Route 53 refuses a change of a zone while it works on the one before, and does not say for how
/// long that is. A change that is sent at once is mostly refused, takes a turn all the same, and
/// waits longer than this before it is sent again: of 1,000 names, which are four batches, that
/// made up to two seconds.
const BETWEEN_CHANGES: Span = Span::from_secs(1);

/// Weighted records of all zones.
pub(super) struct Records {
    clients: Arc<Clients>,
    spread: Mutex<Spread>,
    /// When each zone was last changed.
    changed: Mutex<BTreeMap<Zone, Time>>,
}

/// A zone of an account.
type Zone = (Arc<Aws>, String);

/// What is to be read of each zone.
type Names = BTreeMap<Zone, BTreeSet<Name>>;

/// What was read, by zone and name.
type Read = Answers<(Zone, Name), Vec<ResourceRecordSet>>;

/// Who shares a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sharing {
    /// All shifts of a zone.
    Zone,
    /// None: what spoils a batch is to spoil no other.
    Nobody,
}

/// A shift with what it changes in each of its zones.
struct Planned<'a> {
    place: usize,
    shift: &'a Shift,
    edits: BTreeMap<Zone, Vec<Edit>>,
}

impl Records {
    pub(super) fn new(clients: Arc<Clients>) -> Self {
        Self { clients, spread: Mutex::default(), changed: Mutex::default() }
    }

    pub(super) async fn observe(
        &self,
        migrations: &[Placed<'_, Routes>],
        question: Question,
    ) -> Fates<Split> {
        let mut names = Names::new();
        for (_, migration) in migrations {
            add_names(&mut names, &migration.account, &migration.routes);
        }
        let read = self.read(names, question).await;
        let pairs: BTreeMap<usize, Result<Weights>> = migrations
            .iter()
            .map(|(place, migration)| (*place, weights(&read, migration)))
            .collect();
        self.follow(migrations, &pairs, question).await;
        let spread = self.spread();
        let split = |(place, migration): &Placed<'_, Routes>| {
            let weights = pairs.get(place)?.clone();
            let propagation =
                |key: &String| spread.propagation(&(Arc::clone(&migration.account), key.clone()));
            let split = weights.map(|weights| {
                let in_sync = Propagation::InSync { since: None };
                let propagation = weights.keys().map(propagation).fold(in_sync, Propagation::and);
                Split { weights, propagation, sticky: Sticky::new() }
            });
            Some((*place, split))
        };
        migrations.iter().filter_map(split).collect()
    }

    /// Takes note of what was read and asks for changes that are still spreading.
    async fn follow(
        &self,
        migrations: &[Placed<'_, Routes>],
        pairs: &BTreeMap<usize, Result<Weights>>,
        question: Question,
    ) {
        let now = self.clients.clock.now();
        let mut keys: BTreeSet<Key> = BTreeSet::new();
        let open = {
            let mut spread = self.spread();
            for (place, migration) in migrations {
                let Some(Ok(weights)) = pairs.get(place) else { continue };
                for (key, pair) in weights {
                    let key = (Arc::clone(&migration.account), key.clone());
                    spread.see(&key, *pair, now);
                    keys.insert(key);
                }
            }
            spread.open(keys.iter())
        };
        let states = gather(open.into_iter().map(|(account, id)| async move {
            let client = self.clients.of(&account).await;
            let call = Call::new(GET_CHANGE, Family::Dns, question);
            let answer = client.read(call, || client.dns.get_change().id(&id).send()).await;
            let status = answer.map(|it| it.change_info.map(|info| info.status));
            Answers::from([(id, status)])
        }))
        .await;
        let now = self.clients.clock.now();
        let mut spread = self.spread();
        for (id, state) in states {
            match state {
                Ok(Some(ChangeStatus::Insync)) => spread.synced(&id, now),
                Err(error) if error.kind == ErrorKind::NotFound => spread.forgotten(&id, now),
                // Not yet, or not known: pending either way.
                Ok(_) | Err(_) => {}
            }
        }
    }

    /// The records of routes, each zone in as few calls as its names take.
    async fn read(&self, names: Names, question: Question) -> Read {
        gather(names.into_iter().map(|(zone, names)| async move {
            let client = self.clients.of(&zone.0).await;
            let keys: Vec<_> = names.iter().map(|name| (zone.clone(), name.clone())).collect();
            match zone::read(&client, &zone.1, names, question).await {
                Ok(mut found) => keys
                    .into_iter()
                    .map(|key| {
                        let records = found.remove(&key.1).unwrap_or_default();
                        (key, Ok(records))
                    })
                    .collect(),
                Err(error) => all_failed(&keys, &error),
            }
        }))
        .await
    }

    pub(super) async fn set(
        &self,
        shifts: &[Placed<'_, Shift>],
        question: Question,
    ) -> Fates<Applied> {
        let mut fates = Fates::new();
        let mut open: Vec<Placed<'_, Shift>> = shifts.to_vec();
        for sharing in [Sharing::Zone, Sharing::Zone, Sharing::Nobody] {
            if open.is_empty() {
                break;
            }
            let (answers, again) = self.round(&open, sharing, question).await;
            fates.extend(answers);
            open.retain(|(place, _)| again.contains(place));
        }
        fates
    }

    /// Reads, compares and writes once. Says as well which shifts failed because a batch was
    /// refused, perhaps for what another one put there.
    async fn round(
        &self,
        shifts: &[Placed<'_, Shift>],
        sharing: Sharing,
        question: Question,
    ) -> (Fates<Applied>, BTreeSet<usize>) {
        let mut names = Names::new();
        for (_, shift) in shifts {
            add_names(&mut names, &shift.account, &shift.routes);
        }
        let read = self.read(names, question).await;
        let (mut fates, mut planned) = (Fates::new(), Vec::new());
        for (place, shift) in shifts {
            match plan(&read, shift) {
                Ok(edits) => planned.push(Planned { place: *place, shift, edits }),
                Err(error) => {
                    fates.insert(*place, Err(error));
                }
            }
        }
        let mut parts = self.write(&planned, sharing, question).await;
        let mut again = BTreeSet::new();
        for Planned { place, shift, .. } in planned {
            let parts = parts.remove(&place).unwrap_or_default();
            let is_refused =
                |error: &Error| matches!(error.kind, ErrorKind::Conflict | ErrorKind::Invalid);
            if parts.written == 0 && !parts.failed.is_empty() && parts.failed.iter().all(is_refused)
            {
                again.insert(place);
            }
            fates.insert(place, parts.close(shift));
        }
        (fates, again)
    }

    /// Writes what is planned: zones at once, the batches of one zone after each other.
    async fn write(
        &self,
        planned: &[Planned<'_>],
        sharing: Sharing,
        question: Question,
    ) -> BTreeMap<usize, Parts> {
        let mut zones: BTreeMap<Zone, Vec<(usize, Vec<Edit>)>> = BTreeMap::new();
        for Planned { place, edits, .. } in planned {
            for (zone, edits) in edits {
                zones.entry(zone.clone()).or_default().push((*place, edits.clone()));
            }
        }
        let answers = gather(zones.into_iter().map(|(zone, edits)| async move {
            let mut answers: Answers<(usize, Zone), ()> = Answers::new();
            for batch in cut(edits, sharing == Sharing::Zone) {
                let outcome = self.write_batch(&zone, &batch, question).await;
                for (place, _) in batch {
                    answers.insert((place, zone.clone()), outcome.clone());
                }
            }
            answers
        }))
        .await;
        let mut parts: BTreeMap<usize, Parts> = BTreeMap::new();
        for ((place, _), outcome) in answers {
            parts.entry(place).or_default().note(outcome);
        }
        parts
    }

    /// Waits until Route 53 has most likely done with the last change of a zone, but no longer than
    /// the question may.
    async fn wait_for(&self, zone: &Zone, question: Question) {
        let changed = locked(&self.changed).get(zone).copied();
        let Some(free) = changed.map(|at| at + BETWEEN_CHANGES) else { return };
        if free > self.clients.clock.now() {
            self.clients.clock.sleep_until(free.min(question.until)).await;
        }
    }

    async fn write_batch(
        &self,
        place: &Zone,
        batch: &[(usize, Vec<Edit>)],
        question: Question,
    ) -> Result<()> {
        let (account, zone) = place;
        let edits = || batch.iter().flat_map(|(_, edits)| edits);
        let changes = edits().map(Edit::changes).collect::<Result<Vec<_>>>()?.concat();
        let changes = ChangeBatch::builder().comment("ferry").set_changes(Some(changes)).build();
        let changes =
            changes.map_err(|error| Error::new(ErrorKind::Invalid, CHANGE, error.to_string()))?;
        let client = self.clients.of(account).await;
        self.wait_for(place, question).await;
        let call = Call::new(CHANGE, Family::Dns, question);
        let answer = client.write_in_turn(call, || {
            let sent = client.dns.change_resource_record_sets().hosted_zone_id(zone);
            sent.change_batch(changes.clone()).send()
        });
        let answer = answer.await;
        // A change whose answer was lost may have been made.
        if !answer.as_ref().is_err_and(|error| error.kind != ErrorKind::OutcomeUnknown) {
            locked(&self.changed).insert(place.clone(), self.clients.clock.now());
        }
        let answer = answer?;
        let mut spread = self.spread();
        for edit in edits() {
            let key = (Arc::clone(account), edit.key.clone());
            match &answer.change_info {
                Some(info) => spread.made(key, edit.wanted, &info.id),
                None => spread.see(&key, edit.wanted, self.clients.clock.now()),
            }
        }
        Ok(())
    }

    fn spread(&self) -> MutexGuard<'_, Spread> {
        locked(&self.spread)
    }
}

/// The zone and name of a record.
fn place_of(account: &Arc<Aws>, route: &Route) -> Option<(Zone, Name)> {
    match route {
        Route::Route53Record { zone, name, record_type, .. } => {
            Some(((Arc::clone(account), zone.clone()), Name::new(name, record_type)))
        }
        Route::TrafficPolicyInstance { .. } | Route::AlbRule { .. } => None,
    }
}

fn add_names(names: &mut Names, account: &Arc<Aws>, routes: &[Route]) {
    for (zone, name) in routes.iter().filter_map(|route| place_of(account, route)) {
        names.entry(zone).or_default().insert(name);
    }
}

/// The two records of a route.
fn pair_of(read: &Read, account: &Arc<Aws>, route: &Route) -> Result<Pair> {
    let (Some(place), Route::Route53Record { ec2_set, fargate_set, .. }) =
        (place_of(account, route), route)
    else {
        let message = format!("{} is no record", route.key());
        return Err(Error::new(ErrorKind::Invalid, LIST, message));
    };
    match read.get(&place) {
        Some(Ok(records)) => Pair::find(records, &route.key(), ec2_set, fargate_set),
        Some(Err(error)) => Err(error.clone()),
        None => Err(Error::new(ErrorKind::Partial, LIST, "the answer leaves it out")),
    }
}

/// The live weights of a migration.
fn weights(read: &Read, migration: &Routes) -> Result<Weights> {
    let pair = |route: &Route| -> Result<(String, WeightPair)> {
        Ok((route.key(), pair_of(read, &migration.account, route)?.weights))
    };
    migration.routes.iter().map(pair).collect()
}

/// What a shift changes in each zone; nothing where it is all as wanted.
fn plan(read: &Read, shift: &Shift) -> Result<BTreeMap<Zone, Vec<Edit>>> {
    let mut edits: BTreeMap<Zone, Vec<Edit>> = BTreeMap::new();
    for Asked { route, expected, weights } in shift.asked(CHANGE)? {
        let pair = pair_of(read, &shift.account, route)?;
        let live = pair.weights;
        if live == weights {
            continue;
        }
        if live != expected {
            let message = format!("{} holds {}/{}", route.key(), live.ec2, live.fargate);
            return Err(Error::new(ErrorKind::Conflict, LIST, message));
        }
        if let Some((zone, _)) = place_of(&shift.account, route) {
            edits.entry(zone).or_default().push(Edit { key: route.key(), pair, wanted: weights });
        }
    }
    Ok(edits)
}
