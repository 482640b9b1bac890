use aws_sdk_route53::types::{ResourceRecord, RrType};

use super::*;

fn record(set: &str, weight: i64, value: &str) -> ResourceRecordSet {
    ResourceRecordSet::builder()
        .name("api.example.com.")
        .r#type(RrType::A)
        .set_identifier(set)
        .weight(weight)
        .ttl(60)
        .health_check_id("check")
        .resource_records(ResourceRecord::builder().value(value).build().unwrap())
        .build()
        .unwrap()
}

fn edit(value: &str) -> Edit {
    let records = [record("ec2", 100, value), record("fargate", 0, value)];
    let pair = Pair::find(&records, "key", "ec2", "fargate").unwrap();
    Edit { key: "key".to_owned(), pair, wanted: WeightPair { ec2: 90, fargate: 10 } }
}

#[test]
fn a_change_takes_away_exactly_what_was_read() {
    let changes = edit("192.0.2.1").changes().unwrap();
    let of = |action: ChangeAction| -> Vec<ResourceRecordSet> {
        let those = changes.iter().filter(|it| it.action == action);
        those.map(|it| it.resource_record_set.clone().unwrap()).collect()
    };
    let (old, new) = (of(ChangeAction::Delete), of(ChangeAction::Create));
    assert_eq!(old, [record("ec2", 100, "192.0.2.1"), record("fargate", 0, "192.0.2.1")]);
    assert_eq!(new, [record("ec2", 90, "192.0.2.1"), record("fargate", 10, "192.0.2.1")]);
    assert_eq!(changes.len(), 4);
}

#[test]
fn a_pair_needs_both_sets_and_their_weights() {
    let kind = |records: &[ResourceRecordSet]| {
        Pair::find(records, "key", "ec2", "fargate").map(|pair| pair.weights).map_err(|it| it.kind)
    };
    let (ec2, fargate) = (record("ec2", 255, "x"), record("fargate", 0, "x"));
    assert_eq!(kind(&[ec2.clone(), fargate.clone()]), Ok(WeightPair { ec2: 255, fargate: 0 }));
    assert_eq!(kind(&[]), Err(ErrorKind::NotFound));
    assert_eq!(kind(std::slice::from_ref(&ec2)), Err(ErrorKind::NotFound));
    let mut plain = fargate;
    plain.weight = None;
    assert_eq!(kind(&[ec2, plain]), Err(ErrorKind::Invalid));
}

#[test]
fn a_batch_holds_what_route_53_takes_and_no_shift_is_torn() {
    let shifts = |count: usize, value: &str| -> Vec<(usize, Vec<Edit>)> {
        (0..count).map(|place| (place, vec![edit(value); 2])).collect()
    };
    let sizes = |shifts, shared| -> Vec<usize> {
        cut(shifts, shared).iter().map(|batch| batch.iter().map(|(_, it)| it.len()).sum()).collect()
    };
    // Two pairs of each shift are eight records.
    assert_eq!(sizes(shifts(200, "192.0.2.1"), true), [250, 150], "1,000 records");
    assert_eq!(sizes(shifts(5, &"x".repeat(2_000)), true), [4, 4, 2], "32,000 characters");
    assert_eq!(sizes(shifts(3, "192.0.2.1"), false), [2, 2, 2], "each on its own");
}
