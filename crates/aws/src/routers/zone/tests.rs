use model::spec::Aws;

use super::*;
use crate::limits::Lane;
use crate::testing::{Answer, Script, Wound, block_on, clients};

fn record(name: &str, kind: &str, set: &str) -> String {
    format!(
        "<ResourceRecordSet><Name>{name}</Name><Type>{kind}</Type>\
         <SetIdentifier>{set}</SetIdentifier><Weight>1</Weight></ResourceRecordSet>"
    )
}

/// A page; `next` is where the one after it begins.
fn page(records: &[(&str, &str, &str)], next: Option<(&str, &str, &str)>) -> Answer {
    let records: String = records.iter().map(|(name, kind, set)| record(name, kind, set)).collect();
    let next = next.map_or_else(
        || "<IsTruncated>false</IsTruncated>".to_owned(),
        |(name, kind, set)| {
            format!(
                "<IsTruncated>true</IsTruncated><NextRecordName>{name}</NextRecordName>\
                 <NextRecordType>{kind}</NextRecordType>\
                 <NextRecordIdentifier>{set}</NextRecordIdentifier>"
            )
        },
    );
    let body = format!(
        "<ListResourceRecordSetsResponse xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\">\
         <ResourceRecordSets>{records}</ResourceRecordSets>{next}<MaxItems>300</MaxItems>\
         </ListResourceRecordSetsResponse>"
    );
    Answer::xml(200, &body)
}

/// The sets of each wanted name, and the queries that were sent.
fn read_zone(answers: Vec<Answer>, wanted: &[(&str, &str)]) -> (Vec<Vec<String>>, Vec<String>) {
    block_on(async {
        let script = Script::new(answers);
        let clients = clients(Wound::new(), script.clone()).await;
        let client = clients.of(&Aws::default()).await;
        let names: Vec<Name> = wanted.iter().map(|(name, kind)| Name::new(name, kind)).collect();
        let question = clients.question(Lane::Ordinary);
        let found = read(&client, "Z1", names.iter().cloned().collect(), question).await.unwrap();
        let sets = names.iter().map(|name| {
            let records = found.get(name).map_or(&[][..], Vec::as_slice);
            records.iter().map(|it| it.set_identifier().unwrap().to_owned()).collect()
        });
        let queries =
            script.asked().iter().map(|it| it.uri().query().unwrap().to_owned()).collect();
        (sets.collect(), queries)
    })
}

#[test]
fn names_that_lie_together_share_a_call() {
    let first = [
        ("a.example.com.", "A", "ec2"),
        ("a.example.com.", "A", "fargate"),
        ("a.example.com.", "AAAA", "ec2"),
        ("b.example.com.", "A", "ec2"),
        ("c.example.com.", "A", "other"),
    ];
    let (found, queries) = read_zone(
        vec![page(&first, None)],
        &[("a.example.com", "A"), ("a.example.com", "AAAA"), ("b.example.com", "A")],
    );
    assert_eq!(found, [vec!["ec2", "fargate"], vec!["ec2"], vec!["ec2"]]);
    assert_eq!(queries, ["name=a.example.com.&type=A&maxitems=300"]);
}

#[test]
fn names_far_apart_are_gone_to_directly() {
    let (found, queries) = read_zone(
        vec![
            page(&[("a.example.com.", "A", "ec2")], Some(("b.example.com.", "A", "x"))),
            page(&[("x.example.com.", "A", "ec2")], Some(("y.example.com.", "A", "x"))),
        ],
        &[("x.example.com", "A"), ("a.example.com", "A")],
    );
    assert_eq!(found, [["ec2"], ["ec2"]]);
    let starts: Vec<_> = queries.iter().map(|it| it.split('&').next().unwrap()).collect();
    assert_eq!(starts, ["name=a.example.com.", "name=x.example.com."]);
}

#[test]
fn records_that_a_page_tears_apart_are_read_whole() {
    let (found, queries) = read_zone(
        vec![
            page(
                &[("a.example.com.", "A", "ec2"), ("b.example.com.", "A", "ec2")],
                Some(("b.example.com.", "A", "fargate")),
            ),
            page(
                &[("b.example.com.", "A", "ec2"), ("b.example.com.", "A", "fargate")],
                Some(("c.example.com.", "A", "ec2")),
            ),
        ],
        &[("a.example.com", "A"), ("b.example.com", "A")],
    );
    assert_eq!(found, [vec!["ec2"], vec!["ec2", "fargate"]]);
    assert_eq!(queries.len(), 2);
}

#[test]
fn a_name_longer_than_a_page_goes_on_where_it_was_torn() {
    let (found, queries) = read_zone(
        vec![
            page(&[("a.example.com.", "A", "ec2")], Some(("a.example.com.", "A", "fargate"))),
            page(&[("a.example.com.", "A", "fargate")], None),
        ],
        &[("a.example.com", "A")],
    );
    assert_eq!(found, [["ec2", "fargate"]]);
    assert!(queries[1].contains("identifier=fargate"), "{queries:?}");
}

#[test]
fn a_name_that_is_not_there_takes_one_call() {
    let (found, queries) = read_zone(
        vec![page(&[("z.example.com.", "A", "ec2")], Some(("zz.example.com.", "A", "x")))],
        &[("gone.example.com", "A")],
    );
    assert_eq!((found, queries.len()), (vec![Vec::new()], 1));
}

#[test]
fn names_are_the_same_however_route_53_writes_them() {
    for (one, other) in [
        ("api.example.com", "API.example.com."),
        ("*.example.com", "\\052.example.com."),
        ("under_score.example.com", "under\\137score.example.com."),
    ] {
        assert_eq!(Name::new(one, "A"), Name::new(other, "A"));
    }
    assert_eq!(Name::new("\\052.example.com", "A").text(), "*.example.com.");
    assert!(Name::new("a.z.com", "A") < Name::new("b.a.org", "A"), "com comes before org");
}
