//! Amazon DynamoDB, by the lease that it is for.

use serde_json::{Value, json};
use wire::Wire;

use crate::world::{ask, fault, json, json_request, spec, wire, wire_of};

fn call(wire: &Wire, operation: &str, body: &Value) -> (u16, Value) {
    json(wire, &format!("DynamoDB_20120810.{operation}"), body)
}

fn with_table(wire: Wire) -> Wire {
    let body = json!({
        "TableName": "ferry",
        "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
        "BillingMode": "PAY_PER_REQUEST",
    });
    ask(&wire, "DynamoDB_20120810.CreateTable", &body);
    wire
}

/// Takes the lease, or takes it over.
fn acquire(wire: &Wire, me: &str, now: u64) -> (u16, Value) {
    let body = json!({
        "TableName": "ferry",
        "Key": {"pk": {"S": "lease"}},
        "UpdateExpression": "SET #owner = :me, expires_at = :until ADD #token :one",
        "ConditionExpression": "attribute_not_exists(pk) OR expires_at < :now OR #owner = :me",
        "ExpressionAttributeNames": {"#owner": "owner", "#token": "token"},
        "ExpressionAttributeValues": {
            ":me": {"S": me}, ":until": {"N": (now + 15).to_string()},
            ":now": {"N": now.to_string()}, ":one": {"N": "1"},
        },
        "ReturnValues": "ALL_NEW",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    });
    call(wire, "UpdateItem", &body)
}

#[test]
fn a_lease_is_held_by_one_and_its_token_rises() {
    let wire = with_table(wire());
    let (status, answer) = acquire(&wire, "a", 100);
    assert_eq!((status, &answer["Attributes"]["token"]["N"]), (200, &json!("1")));
    let (status, answer) = acquire(&wire, "b", 110);
    assert_eq!((status, &answer["__type"]), (400, &json!("ConditionalCheckFailedException")));
    assert_eq!(answer["Item"]["owner"]["S"], "a");
    let (status, answer) = acquire(&wire, "b", 116);
    assert_eq!((status, &answer["Attributes"]["token"]["N"]), (200, &json!("2")));
}

#[test]
fn a_fenced_transaction_changes_nothing() {
    let wire = with_table(wire());
    acquire(&wire, "a", 100);
    let save = |token: &str, value: &str| {
        let body = json!({"TransactItems": [
            {"ConditionCheck": {
                "TableName": "ferry", "Key": {"pk": {"S": "lease"}},
                "ConditionExpression": "#token = :token",
                "ExpressionAttributeNames": {"#token": "token"},
                "ExpressionAttributeValues": {":token": {"N": token}},
            }},
            {"Put": {"TableName": "ferry", "Item": {"pk": {"S": "api"}, "saved": {"S": value}}}},
        ]});
        call(&wire, "TransactWriteItems", &body)
    };
    assert_eq!(save("1", "first").0, 200);
    acquire(&wire, "b", 200);
    let (status, answer) = save("1", "second");
    assert_eq!((status, &answer["__type"]), (400, &json!("TransactionCanceledException")));
    assert_eq!(answer["CancellationReasons"][0]["Code"], "ConditionalCheckFailed");
    assert_eq!(answer["CancellationReasons"][1]["Code"], "None");
    let body = json!({"TableName": "ferry", "Key": {"pk": {"S": "api"}}, "ConsistentRead": true});
    let (_, answer) = call(&wire, "GetItem", &body);
    assert_eq!(answer["Item"]["saved"]["S"], "first");
}

#[test]
fn a_reserved_word_an_unused_name_and_a_missing_table_are_refused() {
    let wire = with_table(wire());
    let put = |condition: &str, names: &Value| {
        let mut body = json!({
            "TableName": "ferry", "Item": {"pk": {"S": "x"}}, "ConditionExpression": condition,
        });
        if !names.is_null() {
            body["ExpressionAttributeNames"] = names.clone();
        }
        call(&wire, "PutItem", &body)
    };
    for (condition, names) in [
        ("attribute_not_exists(token)", Value::Null),
        ("attribute_not_exists(pk)", json!({"#unused": "a"})),
        ("attribute_not_exists(#absent)", Value::Null),
        ("attribute_not_exists(pk", Value::Null),
        ("pk pk", Value::Null),
    ] {
        let (status, answer) = put(condition, &names);
        assert_eq!(
            (status, &answer["__type"]),
            (400, &json!("ValidationException")),
            "{condition}"
        );
    }
    assert_eq!(put("attribute_not_exists(pk)", &Value::Null).0, 200);
    assert_eq!(
        put("attribute_not_exists(pk)", &Value::Null).1["__type"],
        "ConditionalCheckFailedException"
    );
    let body = json!({"TableName": "nothing", "Key": {"pk": {"S": "x"}}});
    assert_eq!(call(&wire, "GetItem", &body).1["__type"], "ResourceNotFoundException");
}

#[test]
fn conditions_mean_what_they_say() {
    let wire = with_table(wire());
    let item = json!({"pk": {"S": "x"}, "a": {"N": "5"}, "b": {"S": "hello"}});
    assert_eq!(call(&wire, "PutItem", &json!({"TableName": "ferry", "Item": item})).0, 200);
    let values = json!({":4": {"N": "4"}, ":5": {"N": "5.0"}, ":6": {"N": "6"}, ":h": {"S": "he"}});
    for (condition, holds) in [
        ("a = :5 AND a <> :4 AND a < :6 AND begins_with(b, :h)", true),
        ("a BETWEEN :4 AND :6 AND a IN (:4, :5) AND NOT a = :6 AND begins_with(b, :h)", true),
        ("(a = :4 OR a = :5) AND (b = :h OR a >= :6)", false),
        ("a > :4 AND a <= :5 AND NOT (a = :6 OR b = :h)", true),
        ("c = :4 OR c < :5 OR attribute_exists(c) OR a = :6 OR b = :h", false),
    ] {
        let body = json!({
            "TableName": "ferry", "Key": {"pk": {"S": "x"}},
            "UpdateExpression": "SET seen = if_not_exists(seen, :4) + :4",
            "ConditionExpression": condition, "ExpressionAttributeValues": values,
        });
        let (status, answer) = call(&wire, "UpdateItem", &body);
        assert_eq!(status == 200, holds, "{condition}: {answer}");
    }
    let body = json!({"TableName": "ferry", "Key": {"pk": {"S": "x"}}, "ReturnValues": "ALL_OLD"});
    let (_, answer) = call(&wire, "DeleteItem", &body);
    assert_eq!(answer["Attributes"]["seen"]["N"], "16");
}

#[test]
fn a_write_whose_reply_is_lost_is_made() {
    let mut spec = spec();
    let mut lost = fault("lostReply", "*");
    lost.nth = Some(2);
    spec.faults = vec![lost];
    let wire = with_table(wire_of(&spec, 1));
    let put = json!({"TableName": "ferry", "Item": {"pk": {"S": "x"}}});
    assert!(wire.handle(&json_request("DynamoDB_20120810.PutItem", &put)).is_none());
    let body = json!({"TableName": "ferry", "Key": {"pk": {"S": "x"}}});
    assert_eq!(call(&wire, "GetItem", &body).1["Item"]["pk"]["S"], "x");
}
