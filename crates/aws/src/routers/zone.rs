//! Records of a hosted zone, read in few calls.
//!
//! A list starts at any name and gives up to 300 records in the order of the zone. So each call
//! starts at the first name that is wanted and not read yet: names that lie close together share
//! a call, those far apart take one each, and never are there more calls than wanted names.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_route53::types::{ResourceRecordSet, RrType};
use cloud::Result;

use crate::batches::{PAGES_MAX, too_many_pages};
use crate::clients::{Call, Client, Question};
use crate::limits::Family;

pub(crate) const LIST: &str = "route53:ListResourceRecordSets";

/// Route 53 API: `MaxItems` is 300 at most.
const RECORDS_MAX: i32 = 300;

/// A name and type within a zone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Name {
    /// Labels from the last to the first: the order of a zone.
    labels: Vec<String>,
    record_type: String,
}

impl Name {
    pub(crate) fn new(name: &str, record_type: &str) -> Self {
        let plain = unescaped(name).to_ascii_lowercase();
        let labels = plain.trim_end_matches('.').rsplit('.').map(ToOwned::to_owned).collect();
        Self { labels, record_type: record_type.to_owned() }
    }

    fn of(record: &ResourceRecordSet) -> Self {
        Self::new(&record.name, record.r#type.as_str())
    }

    /// As Route 53 takes it.
    fn text(&self) -> String {
        let mut labels: Vec<&str> = self.labels.iter().map(String::as_str).collect();
        labels.reverse();
        format!("{}.", labels.join("."))
    }
}

/// Route 53 writes what is no letter, digit, hyphen or underscore as `\ooo`, such as `\052` for
/// an asterisk.
fn unescaped(name: &str) -> String {
    let mut plain = String::with_capacity(name.len());
    let mut rest = name;
    while let Some((before, after)) = rest.split_once('\\') {
        plain.push_str(before);
        let code = after.get(..3).and_then(|digits| u8::from_str_radix(digits, 8).ok());
        match code {
            Some(code) => {
                plain.push(char::from(code));
                rest = after.get(3..).unwrap_or_default();
            }
            None => {
                plain.push('\\');
                rest = after;
            }
        }
    }
    plain.push_str(rest);
    plain
}

/// The records of each wanted name, whole; a name without any is absent.
pub(crate) async fn read(
    client: &Client,
    zone: &str,
    wanted: BTreeSet<Name>,
    question: Question,
) -> Result<BTreeMap<Name, Vec<ResourceRecordSet>>> {
    let mut found: BTreeMap<Name, Vec<ResourceRecordSet>> = BTreeMap::new();
    let mut open = wanted;
    // Where a page ended within the records of one name.
    let mut within: Option<String> = None;
    for _ in 0..PAGES_MAX {
        let Some(start) = open.first().cloned() else { return Ok(found) };
        let call = Call::new(LIST, Family::Dns, question);
        let page = client.read(call, || {
            let asked = client.dns.list_resource_record_sets().hosted_zone_id(zone);
            let asked = asked.max_items(RECORDS_MAX).start_record_name(start.text());
            let asked = asked.start_record_type(RrType::from(start.record_type.as_str()));
            asked.set_start_record_identifier(within.clone()).send()
        });
        let page = page.await?;
        let mut seen = BTreeSet::new();
        for record in page.resource_record_sets {
            let name = Name::of(&record);
            if open.contains(&name) {
                found.entry(name.clone()).or_default().push(record);
                seen.insert(name);
            }
        }
        if !page.is_truncated {
            return Ok(found);
        }
        let next = page.next_record_name.zip(page.next_record_type);
        let next = next.map(|(name, kind)| Name::new(&name, kind.as_str()));
        // What goes on on the next page is not whole yet.
        let torn = next.filter(|next| seen.contains(next));
        open.retain(|name| !seen.contains(name) && *name != start || Some(name) == torn.as_ref());
        within = None;
        if let Some(torn) = torn {
            if torn == start {
                within = page.next_record_identifier;
            } else {
                // It is read again from its first record on.
                found.remove(&torn);
            }
        }
    }
    Err(too_many_pages(LIST))
}

#[cfg(test)]
mod tests;
