//! The two records of a pair, their replacement, and what fits into one batch.

use aws_sdk_route53::types::{Change, ChangeAction, ResourceRecordSet};
use cloud::{Error, ErrorKind, Result};
use model::route::WeightPair;

use super::CHANGE;
use crate::routers::zone::LIST;

/// Route 53 API, ChangeResourceRecordSets: 1,000 records a batch, those of every change counted.
const RECORDS_MAX: usize = 1_000;
/// And 32,000 characters in all their values.
const CHARACTERS_MAX: usize = 32_000;

/// Two record sets as they were read.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pair {
    ec2: ResourceRecordSet,
    fargate: ResourceRecordSet,
    pub(super) weights: WeightPair,
}

/// A pair that is to hold other weights.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Edit {
    /// The route's key.
    pub(super) key: String,
    pub(super) pair: Pair,
    pub(super) wanted: WeightPair,
}

impl Pair {
    /// The pair among the records of its name.
    pub(super) fn find(
        records: &[ResourceRecordSet],
        key: &str,
        ec2_set: &str,
        fargate_set: &str,
    ) -> Result<Self> {
        let find = |set: &str| {
            let record = records.iter().find(|record| record.set_identifier() == Some(set));
            let record = record.ok_or_else(|| {
                let sets: Vec<&str> = records.iter().filter_map(|it| it.set_identifier()).collect();
                let message = format!("{key} has no record set `{set}`, only {sets:?}");
                Error::new(ErrorKind::NotFound, LIST, message)
            })?;
            let weight = record.weight().and_then(|weight| u32::try_from(weight).ok());
            let weight = weight.ok_or_else(|| {
                let message = format!("the record set `{set}` of {key} has no weight");
                Error::new(ErrorKind::Invalid, LIST, message)
            })?;
            Ok((record.clone(), weight))
        };
        let ((ec2, ec2_weight), (fargate, fargate_weight)) = (find(ec2_set)?, find(fargate_set)?);
        let weights = WeightPair { ec2: ec2_weight, fargate: fargate_weight };
        Ok(Self { ec2, fargate, weights })
    }
}

impl Edit {
    /// Both records taken away as they were read and made again with their new weights, even
    /// where one weight stays: the batch then holds only if the whole pair is as it was read.
    pub(super) fn changes(&self) -> Result<Vec<Change>> {
        let Self { pair: Pair { ec2, fargate, .. }, wanted, .. } = self;
        let mut changes = Vec::with_capacity(4);
        for (record, weight) in [(ec2, wanted.ec2), (fargate, wanted.fargate)] {
            let mut renewed = record.clone();
            renewed.weight = Some(i64::from(weight));
            changes.push(change(ChangeAction::Delete, record.clone())?);
            changes.push(change(ChangeAction::Create, renewed)?);
        }
        Ok(changes)
    }

    /// Records and characters, each record once to be taken away and once to be made.
    fn size(&self) -> (usize, usize) {
        let (mut records, mut characters) = (0, 0);
        for record in [&self.pair.ec2, &self.pair.fargate] {
            let values = record.resource_records();
            records += 2 * values.len().max(1);
            characters += 2 * values.iter().map(|it| it.value().len()).sum::<usize>();
        }
        (records, characters)
    }
}

fn change(action: ChangeAction, record: ResourceRecordSet) -> Result<Change> {
    Change::builder()
        .action(action)
        .resource_record_set(record)
        .build()
        .map_err(|error| Error::new(ErrorKind::Invalid, CHANGE, error.to_string()))
}

/// The edits of a zone, shift by shift, cut into what a batch takes; a shift is never torn.
pub(super) fn cut(shifts: Vec<(usize, Vec<Edit>)>, shared: bool) -> Vec<Vec<(usize, Vec<Edit>)>> {
    let mut batches: Vec<Vec<(usize, Vec<Edit>)>> = Vec::new();
    let (mut records, mut characters) = (0, 0);
    for (place, edits) in shifts {
        let size = edits.iter().map(Edit::size).fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
        (records, characters) = (records + size.0, characters + size.1);
        let fits = shared && records <= RECORDS_MAX && characters <= CHARACTERS_MAX;
        match batches.last_mut() {
            Some(last) if fits => last.push((place, edits)),
            Some(_) | None => {
                (records, characters) = size;
                batches.push(vec![(place, edits)]);
            }
        }
    }
    batches
}

#[cfg(test)]
mod tests;
