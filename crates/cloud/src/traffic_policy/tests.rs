use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const NAMES: Endpoints<'static> = Endpoints { ec2: "ec2", fargate: "fargate" };

const fn pair(ec2: u32, fargate: u32) -> WeightPair {
    WeightPair { ec2, fargate }
}

/// As people write them: odd blanks, an unknown member, a number among strings, a health check.
const BY_HAND: &str = r#"{ "AWSPolicyFormatVersion":"2015-10-01",
  "RecordType" : "A", "StartRule":"where",
  "Zebra": {"kept": 1.10, "big": 12345678901234567890123},
  "Endpoints":{"fargate":{"Type":"application-load-balancer","Value":"b.elb.amazonaws.com"},
               "ec2":{"Type":"application-load-balancer","Value":"a.elb.amazonaws.com"},
               "sorry":{"Type":"s3-website","Region":"ap-northeast-1","Value":"sorry"}},
  "Rules":{
    "where":{"RuleType":"geo","Locations":[{"Country":"JP","RuleReference":"japan"},
             {"IsDefault":"true","RuleReference":"world"}]},
    "world":{"RuleType":"weighted","Items":[
       {"Weight":"7","EndpointReference":"sorry"},
       {"EndpointReference":"fargate","Weight" :"10","HealthCheck":"hc-1"},
       {"EndpointReference":"ec2","EvaluateTargetHealth":"true","Weight": "90"} ]},
    "japan":{"Items":[{"EndpointReference":"ec2","Weight":90},
       {"EndpointReference":"fargate","Weight":10,"Odd":"\u00e9"}],"RuleType":"weighted"},
    "sorry":{"RuleType":"weighted","Items":[{"EndpointReference":"sorry","Weight":"90"},
       {"EndpointReference":"ec2","Weight":"10"}]}}}"#;

#[test]
fn all_rules_that_hold_both_endpoints_are_read_and_move_together() {
    let reading = read(BY_HAND, NAMES).unwrap();
    let rules: Vec<(&str, WeightPair)> = reading.rules().collect();
    assert_eq!(rules, [("japan", pair(90, 10)), ("world", pair(90, 10))]);
    assert!(reading.agrees());
    let moved = rewrite(BY_HAND, NAMES, pair(75, 25)).unwrap();
    let reading = read(&moved, NAMES).unwrap();
    assert!(reading.agrees());
    assert_eq!(reading.pair(), pair(75, 25));
}

#[test]
fn nothing_but_the_weights_changes_not_even_a_blank() {
    let moved = rewrite(BY_HAND, NAMES, pair(5, 255)).unwrap();
    let expected = BY_HAND
        .replace(r#""fargate","Weight" :"10""#, r#""fargate","Weight" :"255""#)
        .replace(r#""Weight": "90""#, r#""Weight": "5""#)
        .replace(r#""ec2","Weight":90}"#, r#""ec2","Weight":5}"#)
        .replace(r#""fargate","Weight":10,"#, r#""fargate","Weight":255,"#);
    assert_eq!(moved, expected);
    assert_ne!(moved, BY_HAND);
    assert_eq!(rewrite(BY_HAND, NAMES, pair(90, 10)).unwrap(), BY_HAND);
}

#[test]
fn the_rule_that_asks_for_most_speaks_for_rules_that_differ() {
    let text = BY_HAND.replace(r#""fargate","Weight":10"#, r#""fargate","Weight":60"#);
    let reading = read(&text, NAMES).unwrap();
    assert!(!reading.agrees());
    assert_eq!(reading.pair(), pair(90, 60));
    // Going back brings all of them back.
    let back = rewrite(&text, NAMES, pair(100, 0)).unwrap();
    assert!(read(&back, NAMES).unwrap().agrees());
}

#[test]
fn what_cannot_be_moved_says_what_and_where() {
    let document = |items: &str| {
        format!(
            r#"{{"RecordType":"A","StartRule":"split","Endpoints":{{"ec2":{{}},"blue":{{}}}},
                "Rules":{{"split":{{"RuleType":"weighted","Items":[{items}]}}}}}}"#
        )
    };
    let ec2 = r#"{"EndpointReference":"ec2","Weight":"90"}"#;
    let fargate = |weight: &str| format!(r#"{{"EndpointReference":"fargate","Weight":{weight}}}"#);
    let twice =
        |name: &str| DocumentError::Twice { rule: "split".to_owned(), endpoint: name.to_owned() };
    assert_eq!(
        read(&document(&format!("{ec2},{ec2},{}", fargate("\"1\""))), NAMES),
        Err(twice("ec2"))
    );
    for weight in ["\"256\"", "\"-1\"", "\"+1\"", "1.0", "\"ten\"", "null", "\"\"", "true", "[1]"] {
        let read = read(&document(&format!("{ec2},{}", fargate(weight))), NAMES);
        let Err(DocumentError::Weight { rule, endpoint, weight: said }) = read else {
            panic!("{weight}: {read:?}")
        };
        assert_eq!((rule.as_str(), endpoint.as_str()), ("split", "fargate"));
        // `null` is the same as nothing.
        assert!(said == weight || (weight == "null" && said == "nothing"), "{said}");
    }
    let none = read(&document(ec2), NAMES).unwrap_err();
    assert!(none.to_string().contains("`blue`, `ec2`"), "{none}");
    // A rule of another kind is no split, whatever it holds.
    let failover = document(&format!("{ec2},{}", fargate("\"1\""))).replace("weighted", "failover");
    assert!(matches!(read(&failover, NAMES), Err(DocumentError::NoRule { .. })));
    for text in ["", "[]", "{\"Rules\":[]}", "{\"Rules\":{\"a\":3}}"] {
        let read = read(text, NAMES);
        assert!(matches!(read, Err(DocumentError::NotAPolicy { .. })), "{text}: {read:?}");
    }
    assert!(matches!(read("{}", NAMES), Err(DocumentError::NoRule { .. })));
}

#[test]
fn a_document_is_the_same_however_it_is_laid_out() {
    let value: Value = serde_json::from_str(BY_HAND).unwrap();
    assert!(is_same(BY_HAND, &value.to_string()));
    assert!(!is_same(BY_HAND, &rewrite(BY_HAND, NAMES, pair(1, 2)).unwrap()));
    assert!(!is_same("{", "["));
    assert_eq!(record_type(BY_HAND).as_deref(), Some("A"));
    assert!(!is_plain(BY_HAND, NAMES));
    assert!(is_plain(&BY_HAND.replace("application-load-balancer", "value"), NAMES));
}

/// JSON that nobody here knows.
fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "\\PC{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map("\\PC{1,6}", inner, 0..3)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// A weighted rule with both endpoints among others, in any order.
fn split() -> impl Strategy<Value = Value> {
    let weight = || (0_u32..=255, any::<bool>());
    let others = prop::collection::vec((weight(), anything()), 0..3);
    (weight(), weight(), others, anything(), any::<prop::sample::Index>()).prop_map(
        |(ec2, fargate, others, odd, turn)| {
            let said = |(weight, is_text): (u32, bool)| {
                if is_text { json!(weight.to_string()) } else { json!(weight) }
            };
            let mut items = vec![
                json!({"EndpointReference": "ec2", "Weight": said(ec2), "Odd": odd}),
                json!({"Weight": said(fargate), "EndpointReference": "fargate"}),
            ];
            items.extend(others.into_iter().map(|(weight, odd)| {
                json!({"EndpointReference": "other", "Weight": said(weight), "\u{20ac}": odd})
            }));
            let length = items.len();
            items.rotate_left(turn.index(length));
            json!({"RuleType": "weighted", "Items": items})
        },
    )
}

fn document() -> impl Strategy<Value = Value> {
    let splits = prop::collection::btree_map("[a-e]{1,2}", split(), 1..4);
    let others = prop::collection::btree_map("[x-z]{1,2}", anything(), 0..3);
    (splits, others, any::<bool>()).prop_map(|(splits, others, has_single)| {
        let mut rules: serde_json::Map<String, Value> = splits.into_iter().collect();
        if has_single {
            let items = json!([{"EndpointReference": "ec2", "Weight": "3"}]);
            rules.insert("single".to_owned(), json!({"RuleType": "weighted", "Items": items}));
        }
        let mut document: serde_json::Map<String, Value> = others.into_iter().collect();
        document.insert("Rules".to_owned(), Value::Object(rules));
        Value::Object(document)
    })
}

/// The value with the weights of both endpoints set to null in rules that hold both.
fn without_weights(mut value: Value) -> Value {
    for rule in value["Rules"].as_object_mut().unwrap().values_mut() {
        let items = rule["Items"].as_array_mut().unwrap();
        let has = |name: &str| items.iter().any(|item| item["EndpointReference"] == name);
        if has("ec2") && has("fargate") {
            for item in items.iter_mut().filter(|item| item["EndpointReference"] != "other") {
                item["Weight"] = Value::Null;
            }
        }
    }
    value
}

proptest! {
    #[test]
    fn everything_but_the_weights_is_kept(
        document in document(),
        is_pretty in any::<bool>(),
        (ec2, fargate) in (0_u32..=255, 0_u32..=255),
    ) {
        let text = if is_pretty {
            serde_json::to_string_pretty(&document).unwrap()
        } else {
            document.to_string()
        };
        let wanted = pair(ec2, fargate);
        let moved = rewrite(&text, NAMES, wanted).unwrap();
        let reading = read(&moved, NAMES).unwrap();
        prop_assert!(reading.agrees());
        prop_assert_eq!(reading.pair(), wanted);
        let value: Value = serde_json::from_str(&moved).unwrap();
        prop_assert_eq!(without_weights(value), without_weights(document));
        // Twice is the same, and the way back is the way back.
        prop_assert_eq!(&rewrite(&moved, NAMES, wanted).unwrap(), &moved);
        let before = read(&text, NAMES).unwrap();
        if before.agrees() {
            prop_assert_eq!(rewrite(&moved, NAMES, before.pair()).unwrap(), text);
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,60}", cut in any::<prop::sample::Index>()) {
        prop_assert!(read(&text, NAMES).is_err());
        let place = cut.index(BY_HAND.len());
        let part = BY_HAND.get(..place).unwrap_or_default();
        prop_assert!(read(part, NAMES).is_err());
        prop_assert!(rewrite(part, NAMES, pair(1, 1)).is_err());
    }
}
