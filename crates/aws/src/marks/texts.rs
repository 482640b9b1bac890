//! TXT records that are marks: `_ferry.NAME` beside the records of `NAME`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aws_sdk_route53::error::BuildError;
use aws_sdk_route53::types::{
    Change, ChangeAction, ChangeBatch, ResourceRecord, ResourceRecordSet, RrType,
};
use cloud::{Error, ErrorKind, Result};
use model::ownership::{MARK_KEY, mark_name};
use model::spec::Aws;

use crate::batches::{Answers, gather};
use crate::clients::{Call, Client, Clients, Question};
use crate::limits::Family;
use crate::routers::zone::{self, Name};

pub(super) const CHANGE: &str = "route53:ChangeResourceRecordSets";

/// Nobody resolves a mark.
const TTL_SECONDS: i64 = 300;

/// Where a mark is written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Text {
    zone: String,
    name: String,
}

impl Text {
    /// The mark of the records of `name`.
    pub(super) fn beside(zone: &str, name: &str) -> Self {
        Self { zone: zone.to_owned(), name: mark_name(name) }
    }
}

/// The record sets of marks, `None` where there is none, each zone in as few calls as it takes.
pub(super) async fn read(
    clients: &Clients,
    texts: &[(Arc<Aws>, Text)],
    question: Question,
) -> Answers<(Arc<Aws>, Text), Option<ResourceRecordSet>> {
    let mut zones: BTreeMap<(Arc<Aws>, String), BTreeSet<Text>> = BTreeMap::new();
    for (account, text) in texts {
        let zone = (Arc::clone(account), text.zone.clone());
        zones.entry(zone).or_default().insert(text.clone());
    }
    gather(zones.into_iter().map(|((account, zone), texts)| async move {
        let client = clients.of(&account).await;
        let name = |text: &Text| Name::new(&text.name, RrType::Txt.as_str());
        let found = zone::read(&client, &zone, texts.iter().map(name).collect(), question).await;
        let answer = |text: Text| {
            let first = |found: &BTreeMap<Name, Vec<ResourceRecordSet>>| {
                found.get(&name(&text)).and_then(|all| all.first().cloned())
            };
            let record = found.as_ref().map(first).map_err(Error::clone);
            ((Arc::clone(&account), text), record)
        };
        texts.into_iter().map(answer).collect()
    }))
    .await
}

/// The owner that a record set names.
pub(super) fn mark(record: &ResourceRecordSet) -> Option<String> {
    record.resource_records().iter().find_map(|value| owner(value.value()).map(ToOwned::to_owned))
}

/// A value is a text in quotation marks: `"ferry:owner=INSTALLATION/MIGRATION"`.
fn owner(value: &str) -> Option<&str> {
    value.strip_prefix('"')?.strip_prefix(MARK_KEY)?.strip_prefix('=')?.strip_suffix('"')
}

/// Puts `mark` in the place of the one in `live`, in one batch that fails where that has changed.
/// Other texts of the name stay.
pub(super) async fn write(
    client: &Client,
    text: &Text,
    live: Option<&ResourceRecordSet>,
    mark: Option<&str>,
    question: Question,
) -> Result<()> {
    let built = batch(text, live, mark)
        .map_err(|error| Error::new(ErrorKind::Invalid, CHANGE, error.to_string()))?;
    let call = Call::new(CHANGE, Family::Dns, question);
    let sent = || {
        let sent = client.dns.change_resource_record_sets().hosted_zone_id(&text.zone);
        sent.change_batch(built.clone()).send()
    };
    client.write(call, sent).await.map(drop)
}

fn batch(
    text: &Text,
    live: Option<&ResourceRecordSet>,
    mark: Option<&str>,
) -> std::result::Result<ChangeBatch, BuildError> {
    let change = |action, record: ResourceRecordSet| {
        Change::builder().action(action).resource_record_set(record).build()
    };
    let value = |value: &str| ResourceRecord::builder().value(value).build();
    let before = live.map_or(&[][..], ResourceRecordSet::resource_records);
    let others = before.iter().filter(|value| owner(value.value()).is_none());
    let mut values: Vec<ResourceRecord> = others.cloned().collect();
    if let Some(mark) = mark {
        values.push(value(&format!("\"{MARK_KEY}={mark}\""))?);
    }
    let mut changes = Vec::new();
    if let Some(live) = live {
        changes.push(change(ChangeAction::Delete, live.clone())?);
    }
    if !values.is_empty() {
        let record = ResourceRecordSet::builder()
            .name(format!("{}.", text.name))
            .r#type(RrType::Txt)
            .ttl(live.and_then(ResourceRecordSet::ttl).unwrap_or(TTL_SECONDS))
            .set_resource_records(Some(values))
            .build()?;
        changes.push(change(ChangeAction::Create, record)?);
    }
    ChangeBatch::builder().comment("ferry adopt").set_changes(Some(changes)).build()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(values: &[&str]) -> ResourceRecordSet {
        let values = values.iter().map(|it| ResourceRecord::builder().value(*it).build().unwrap());
        ResourceRecordSet::builder()
            .name("_ferry.api.example.com.")
            .r#type(RrType::Txt)
            .ttl(60)
            .set_resource_records(Some(values.collect()))
            .build()
            .unwrap()
    }

    #[test]
    fn only_a_text_that_begins_as_one_is_a_mark() {
        let found = |values: &[&str]| mark(&record(values));
        assert_eq!(found(&["\"ferry:owner=ferry/api\""]).as_deref(), Some("ferry/api"));
        let both = ["\"v=spf1 -all\"", "\"ferry:owner=ferry/api\""];
        assert_eq!(found(&both).as_deref(), Some("ferry/api"));
        for other in ["\"v=spf1 -all\"", "ferry:owner=ferry/api", "\"ferry:owner\"", "\"\""] {
            assert_eq!(found(&[other]), None, "{other}");
        }
    }

    #[test]
    fn texts_of_others_stay() {
        let text = Text::beside("Z1", "api.example.com");
        let live = record(&["\"v=spf1 -all\"", "\"ferry:owner=blue/api\""]);
        let made = |mark| {
            let batch = batch(&text, Some(&live), mark).unwrap();
            let values = |change: &Change| -> Vec<String> {
                let record = change.resource_record_set().unwrap();
                record.resource_records().iter().map(|it| it.value().to_owned()).collect()
            };
            assert_eq!(batch.changes()[0].resource_record_set(), Some(&live));
            values(&batch.changes()[1])
        };
        assert_eq!(made(Some("ferry/api")), ["\"v=spf1 -all\"", "\"ferry:owner=ferry/api\""]);
        assert_eq!(made(None), ["\"v=spf1 -all\""]);
    }
}
