//! `ChangeResourceRecordSets`: all of a batch or nothing.
//!
//! The records of a zone are laid out, the batch's changes are made to them in order, and what
//! comes out must be the same pairs with other weights: the region makes and deletes no pairs.
//! Texts (TXT) may come and go.

use model::route::{Route, WeightPair};
use model::{Span, Time};
use region::request::{Request, Response, RouteChange};

use super::record::{Record, apex, pair, texts};
use super::{Address, no_zone};
use crate::input::Input;
use crate::inventory::{Zone, digest};
use crate::refusal::{Code, Refusal};
use crate::value::Fields;
use crate::world::{Change, World};

/// `ResourceRecord` elements of a batch; those of an `UPSERT` count twice (API reference).
const ELEMENTS_MAX: usize = 1_000;
/// Characters in all `Value` elements together; those of an `UPSERT` count twice (same place).
const CHARACTERS_MAX: usize = 32_000;
/// How long a change of a zone is being processed, and others of it are refused. AWS says that
/// it happens and not how long it takes: seconds at most, since batches in a row mostly pass.
const PROCESSING: Span = Span::from_secs(1);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Create,
    Delete,
    Upsert,
}

pub(super) fn make(
    world: &mut World<'_>,
    address: &Address,
    input: &Input<'_>,
) -> Result<Fields, Refusal> {
    const OPERATION: &str = "route53:ChangeResourceRecordSets";
    let id = address.part(1);
    let batch = input.needed("ChangeBatch")?;
    let comment = batch.text("Comment")?.map(str::to_owned);
    let changes = read(&batch)?;
    let inventory = world.inventory;
    let Some(zone) = inventory.zones.get(id) else {
        world.call(OPERATION, true, &[])?;
        return Err(no_zone(id));
    };
    if world.state.zone_busy_until.get(id).is_some_and(|until| *until > world.now) {
        let message = "The request was rejected because Route 53 was still processing a prior \
                       request.";
        return Err(Refusal::exactly("PriorRequestNotComplete", 400, message));
    }
    let Outcome { moves, texts } = outcome(world, id, zone, changes)?;
    let routes: Vec<RouteChange<'_>> = moves
        .iter()
        .map(|(route, expected, weights)| RouteChange {
            route,
            expected: *expected,
            weights: *weights,
        })
        .collect();
    let answer = world.call(OPERATION, true, &[Request::ChangeRoutes { changes: &routes }]);
    let is_made = match &answer {
        Ok(answers) => !matches!(answers.first(), Some(Response::Failed(_))),
        Err(refusal) => refusal.code == Code::Lost,
    };
    if is_made {
        world.state.texts.insert(id.to_owned(), texts);
        world.state.zone_busy_until.insert(id.to_owned(), world.now + PROCESSING);
    }
    if let Some(Response::Failed(error)) = answer?.pop() {
        return Err(bad_batch(&error.message));
    }
    let everywhere = moves.iter().filter_map(|(route, ..)| world.region.in_sync_at(route)).max();
    Ok(record_change(world, everywhere.unwrap_or(world.now), comment))
}

fn bad_batch(message: &str) -> Refusal {
    Refusal::exactly("InvalidChangeBatch", 400, format!("[{message}]"))
}

/// The changes of a batch, in order.
fn read(batch: &Input<'_>) -> Result<Vec<(Action, Record)>, Refusal> {
    let changes = batch.list_of("Changes", "Change")?.unwrap_or_default();
    if changes.is_empty() {
        return Err(Refusal::invalid("The change batch has no change"));
    }
    let mut read = Vec::with_capacity(changes.len());
    let (mut elements, mut characters) = (0, 0);
    for change in changes {
        let action = match change.needed_text("Action")? {
            "CREATE" => Action::Create,
            "DELETE" => Action::Delete,
            "UPSERT" => Action::Upsert,
            other => {
                let message = format!("Action is {other}, none of CREATE, DELETE and UPSERT");
                return Err(Refusal::invalid(message));
            }
        };
        let record = Record::read(&change.needed("ResourceRecordSet")?)?;
        let times = if action == Action::Upsert { 2 } else { 1 };
        elements += times * record.values.len().max(1);
        characters += times * record.values.iter().map(String::len).sum::<usize>();
        read.push((action, record));
    }
    if elements > ELEMENTS_MAX {
        return Err(bad_batch(&format!("Number of records limit of {ELEMENTS_MAX} exceeded.")));
    }
    if characters > CHARACTERS_MAX {
        let message = format!("Number of characters limit of {CHARACTERS_MAX} exceeded.");
        return Err(bad_batch(&message));
    }
    Ok(read)
}

type Move = (Route, WeightPair, WeightPair);

/// What becomes of a zone.
struct Outcome {
    moves: Vec<Move>,
    /// All texts that are there then.
    texts: Vec<Record>,
}

/// What the changes do to a zone.
fn outcome(
    world: &World<'_>,
    id: &str,
    zone: &Zone,
    changes: Vec<(Action, Record)>,
) -> Result<Outcome, Refusal> {
    let mut records = apex(zone).to_vec();
    records.extend_from_slice(texts(world, id));
    let mut pairs = Vec::new();
    for (application, route) in &zone.pairs {
        let Some(weights) = world.region.live_weights(route) else { continue };
        let Some(both) = pair(world, *application, route, weights) else { continue };
        pairs.push((route, weights, both.clone()));
        records.extend(both);
    }
    let before = records.clone();
    let mut touched = Vec::with_capacity(changes.len());
    for (action, record) in changes {
        let (name, kind, set) = record.key();
        touched.push((name.to_owned(), kind.to_owned(), set.map(str::to_owned)));
        apply(&mut records, action, record)?;
    }
    let mut moves = Vec::new();
    for (route, weights, both) in pairs {
        let is_touched = both.iter().any(|record| {
            let (name, kind, set) = record.key();
            let key = (name.to_owned(), kind.to_owned(), set.map(str::to_owned));
            touched.contains(&key)
        });
        if !is_touched {
            continue;
        }
        let [ec2, fargate] = both;
        let pair = WeightPair {
            ec2: new_weight(&mut records, &ec2)?,
            fargate: new_weight(&mut records, &fargate)?,
        };
        moves.push((route.clone(), weights, pair));
    }
    // What is left is of no pair.
    let (texts, rest): (Vec<Record>, Vec<Record>) = records.into_iter().partition(Record::is_text);
    check_rest(&before, &rest)?;
    for text in &texts {
        check_text(zone, text)?;
    }
    Ok(Outcome { moves, texts })
}

/// What is neither of a pair nor a text must be as it was.
fn check_rest(before: &[Record], after: &[Record]) -> Result<(), Refusal> {
    if let Some(other) = after.iter().find(|record| !before.contains(record)) {
        let message = format!(
            "{} cannot be made or changed: beside texts this region has no other records than \
             those of its file",
            named(other)
        );
        return Err(bad_batch(&message));
    }
    let is_kept = |it: &&Record| it.set.is_none() && !it.is_text();
    match before.iter().filter(is_kept).find(|it| !after.contains(it)) {
        Some(other) => Err(bad_batch(&format!("{} cannot be deleted", named(other)))),
        None => Ok(()),
    }
}

fn check_text(zone: &Zone, text: &Record) -> Result<(), Refusal> {
    let what = named(text);
    let is_within = text.name == zone.name || text.name.ends_with(&format!(".{}", zone.name));
    if !is_within {
        return Err(bad_batch(&format!("{what} is not permitted in zone {}", zone.name)));
    }
    let is_quoted =
        |value: &String| value.len() > 1 && value.starts_with('"') && value.ends_with('"');
    if text.ttl.is_none() || text.values.is_empty() || !text.values.iter().all(is_quoted) {
        let message = format!("{what} needs a TTL, and values in quotation marks");
        return Err(bad_batch(&message));
    }
    Ok(())
}

/// `resource record set [name='...', type='...', set identifier='...']`, as AWS names it.
fn named(record: &Record) -> String {
    let (name, kind, set) = record.key();
    let set = set.map(|set| format!(", set identifier='{set}'")).unwrap_or_default();
    format!("resource record set [name='{name}', type='{kind}'{set}]")
}

fn apply(records: &mut Vec<Record>, action: Action, record: Record) -> Result<(), Refusal> {
    let place = records.iter().position(|other| other.key() == record.key());
    match (action, place) {
        (Action::Create, Some(_)) => {
            let what = named(&record);
            Err(bad_batch(&format!("Tried to create {what} but it already exists")))
        }
        (Action::Create | Action::Upsert, None) => {
            records.push(record);
            Ok(())
        }
        (Action::Upsert, Some(place)) => {
            if let Some(known) = records.get_mut(place) {
                *known = record;
            }
            Ok(())
        }
        (Action::Delete, None) => {
            let what = named(&record);
            Err(bad_batch(&format!("Tried to delete {what} but it was not found")))
        }
        (Action::Delete, Some(place)) => {
            if records.get(place) != Some(&record) {
                let message = format!(
                    "Tried to delete {} but the values provided do not match the current values",
                    named(&record)
                );
                return Err(bad_batch(&message));
            }
            records.remove(place);
            Ok(())
        }
    }
}

/// Takes a pair's record out: it must be there, and differ in its weight alone.
fn new_weight(records: &mut Vec<Record>, before: &Record) -> Result<u32, Refusal> {
    let place = records.iter().position(|record| record.key() == before.key());
    let Some(record) = place.map(|place| records.remove(place)) else {
        let message = format!(
            "{} would be gone: this region keeps both records of a pair, at weight 0 where one \
             is to have nothing",
            named(before)
        );
        return Err(bad_batch(&message));
    };
    let unweighted = |record: &Record| Record { weight: None, ..record.clone() };
    let weight = record.weight.filter(|_| unweighted(&record) == unweighted(before));
    weight.ok_or_else(|| {
        let message = format!("of {} this region changes the weight alone", named(before));
        bad_batch(&message)
    })
}

fn record_change(world: &mut World<'_>, in_sync_at: Time, comment: Option<String>) -> Fields {
    let number = world.state.changes.len().to_string();
    let id = format!("C{}", digest(&["change", &number], 20).to_ascii_uppercase());
    let change = Change { submitted: world.now, in_sync_at, comment };
    let info = info(&id, &change, world.now);
    world.state.changes.insert(id, change);
    Fields::new().with("ChangeInfo", info)
}

fn info(id: &str, change: &Change, now: Time) -> Fields {
    let status = if change.in_sync_at > now { "PENDING" } else { "INSYNC" };
    Fields::new()
        .with("Id", format!("/change/{id}"))
        .with("Status", status)
        .with("SubmittedAt", change.submitted)
        .with_some("Comment", change.comment.as_ref())
}

pub(super) fn get(world: &mut World<'_>, address: &Address) -> Result<Fields, Refusal> {
    world.look("route53:GetChange")?;
    let id = address.part(1);
    let change = world.state.changes.get(id).ok_or_else(|| {
        Refusal::exactly("NoSuchChange", 404, format!("Could not find resource with ID: {id}"))
    })?;
    Ok(Fields::new().with("ChangeInfo", info(id, change, world.now)))
}

#[cfg(test)]
mod tests {
    use super::super::full_name;
    use super::*;

    fn record(set: &str, weight: u32) -> Record {
        Record {
            name: full_name("api.example.com"),
            kind: "A".to_owned(),
            set: Some(set.to_owned()),
            weight: Some(weight),
            ..Record::default()
        }
    }

    #[test]
    fn a_delete_must_say_what_is_there() {
        let mut records = vec![record("ec2", 100)];
        assert!(apply(&mut records, Action::Delete, record("ec2", 99)).is_err());
        assert!(apply(&mut records, Action::Create, record("ec2", 99)).is_err());
        assert!(apply(&mut records, Action::Delete, record("ec2", 100)).is_ok());
        assert!(apply(&mut records, Action::Delete, record("ec2", 100)).is_err());
        assert!(apply(&mut records, Action::Create, record("ec2", 99)).is_ok());
        assert_eq!(records, [record("ec2", 99)]);
    }
}
