//! What goes over the wire, and what becomes of answers that are none.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use cloud::objectives::Source;
use cloud::{Clock, Error, ErrorKind, EventAsk, EventMinute, Objectives as _, Result};
use datadog::{Datadog, Keys, SETTLE};
use model::spec::Objective;
use model::{Span, Time};
use serde_json::{Value, json};

const START: i64 = 29_000_000;

/// What the other end says, and what it was asked.
#[derive(Clone, Default)]
struct Script {
    answers: Arc<Mutex<Vec<(StatusCode, HeaderMap, String)>>>,
    asked: Arc<Mutex<Vec<(String, String, HeaderMap)>>>,
}

struct Still(Mutex<Time>);

#[async_trait]
impl Clock for Still {
    fn now(&self) -> Time {
        *self.0.lock().expect("no test panicked with it")
    }
    async fn sleep_until(&self, until: Time) {
        *self.0.lock().expect("no test panicked with it") = until;
    }
}

async fn answer(
    State(script): State<Script>,
    uri: Uri,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let asked = (uri.path().to_owned(), query.unwrap_or_default(), headers);
    script.asked.lock().expect("no test panicked with it").push(asked);
    script.answers.lock().expect("no test panicked with it").remove(0).into_response()
}

struct Peer {
    datadog: Datadog,
    script: Script,
    clock: Arc<Still>,
}

impl Peer {
    async fn new() -> Self {
        let script = Script::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("it is bound"));
        let app = Router::new().fallback(answer).with_state(script.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        let clock = Arc::new(Still(Mutex::new(Time::from_minute(START + 100))));
        let keys = Keys::new("the-api-key", "the-application-key").expect("two keys");
        let site = url.parse().expect("a URL");
        let datadog = Datadog::new(&site, &keys, Arc::clone(&clock) as Arc<dyn Clock>);
        Self { datadog: datadog.expect("a client"), script, clock }
    }

    fn says(&self, status: u16, headers: &[(&'static str, &str)], body: &str) {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().expect("a header"));
        }
        let status = StatusCode::from_u16(status).expect("a status");
        let mut answers = self.script.answers.lock().expect("no test panicked with it");
        answers.push((status, map, body.to_owned()));
    }

    async fn asks(&self, from: i64, until: i64) -> Result<Vec<EventMinute>> {
        let source = Source::Queries {
            good: "sum:good{env:prd}.as_count()".to_owned(),
            total: "sum:all{env:prd}.as_count()".to_owned(),
        };
        self.datadog.minutes(&[EventAsk { source, from, until }]).await.remove(0)
    }

    fn asked(&self) -> Vec<(String, String, HeaderMap)> {
        self.script.asked.lock().expect("no test panicked with it").clone()
    }
}

fn counts(from: i64, good: &[u32], total: &[u32]) -> String {
    let series = |index: usize, values: &[u32]| -> Value {
        let points = (from..).zip(values).map(|(minute, value)| json!([minute * 60_000, value]));
        json!({"interval": 60, "query_index": index, "pointlist": points.collect::<Vec<_>>()})
    };
    json!({"status": "ok", "series": [series(0, good), series(1, total)]}).to_string()
}

#[tokio::test]
async fn both_counts_come_with_one_call_that_carries_the_keys() {
    let peer = Peer::new().await;
    peer.says(200, &[], &counts(START, &[9, 8], &[10, 10]));
    let minutes = peer.asks(START, START + 2).await.expect("an answer");
    let minute = |minute, bad| EventMinute { minute: START + minute, total: 10, bad };
    assert_eq!(minutes, [minute(0, 1), minute(1, 2)]);
    let asked = peer.asked();
    let [(path, query, headers)] = asked.as_slice() else { panic!("{asked:?}") };
    assert_eq!(path, "/api/v1/query");
    let rollup = "rollup%28sum%2C+60%29";
    for part in [
        format!("from={}", START * 60),
        format!("to={}", (START + 2) * 60),
        format!("good%7Benv%3Aprd%7D.as_count%28%29.{rollup}%2Csum%3Aall"),
    ] {
        assert!(query.contains(&part), "{part} is not in {query}");
    }
    assert_eq!(headers["dd-api-key"], "the-api-key");
    assert_eq!(headers["dd-application-key"], "the-application-key");
}

#[tokio::test]
async fn the_newest_buckets_are_neither_asked_for_nor_used() {
    let peer = Peer::new().await;
    // It is minute 100, so that minute 97 ended two minutes ago and 98 did not.
    peer.says(200, &[], &counts(START + 96, &[1, 1, 1, 1], &[1, 1, 1, 1]));
    let minutes = peer.asks(START + 96, START + 100).await.expect("an answer");
    let newest = minutes.last().map(|it| it.minute - START);
    assert_eq!(newest, Some(97), "{SETTLE} after its end");
    assert!(peer.asked()[0].1.contains(&format!("to={}", (START + 98) * 60)));
    assert_eq!(peer.asks(START + 98, START + 100).await, Ok(vec![]));
    assert_eq!(peer.asked().len(), 1, "nothing was asked where nothing can be complete");
}

#[tokio::test]
async fn a_week_is_asked_for_day_by_day() {
    let peer = Peer::new().await;
    let from = START - 7 * 1_440;
    for day in 0..7 {
        peer.says(200, &[], &counts(from + day * 1_440, &[1; 1_440], &[2; 1_440]));
    }
    let minutes = peer.asks(from, START).await.expect("an answer");
    assert_eq!(minutes.len(), 7 * 1_440);
    assert!(minutes.is_sorted_by_key(|it| it.minute));
    assert_eq!(peer.asked().len(), 7);
}

#[tokio::test]
async fn a_spent_limit_is_waited_for_until_its_reset_and_not_asked_again() {
    let peer = Peer::new().await;
    peer.says(429, &[("x-ratelimit-reset", "30")], r#"{"errors": ["Rate limit exceeded"]}"#);
    let kind = |answer: Result<Vec<EventMinute>>| answer.map_err(|error| error.kind);
    assert_eq!(kind(peer.asks(START, START + 1).await), Err(ErrorKind::Throttled));
    assert_eq!(kind(peer.asks(START, START + 1).await), Err(ErrorKind::Throttled));
    assert_eq!(peer.asked().len(), 1, "what would be refused is not asked");
    peer.clock.sleep_until(peer.clock.now() + Span::from_secs(30)).await;
    peer.says(200, &[], &counts(START, &[1], &[1]));
    assert_eq!(peer.asks(START, START + 1).await.map(|minutes| minutes.len()), Ok(1));
}

#[tokio::test]
async fn the_last_call_of_a_period_begins_the_pause() {
    let peer = Peer::new().await;
    let limits = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "5")];
    peer.says(200, &limits, &counts(START, &[1], &[1]));
    assert!(peer.asks(START, START + 1).await.is_ok());
    let error = peer.asks(START, START + 1).await.expect_err("the limit is spent");
    assert_eq!(error.kind, ErrorKind::Throttled);
    assert_eq!(peer.asked().len(), 1);
}

#[tokio::test]
async fn what_is_no_answer_says_what_to_do_and_never_a_key() {
    let peer = Peer::new().await;
    let forbidden = r#"{"errors": ["Forbidden"]}"#;
    let cases = [
        (403, forbidden, ErrorKind::Denied, "Datadog answered 403 (Forbidden); check DD_API_KEY"),
        (401, "", ErrorKind::Denied, "Datadog answered 401; check DD_API_KEY"),
        (400, r#"{"errors": ["bad query"]}"#, ErrorKind::Invalid, "400 (bad query); check the"),
        (404, "<html>", ErrorKind::NotFound, "Datadog answered 404; check the id"),
        (503, "", ErrorKind::Unreachable, "Datadog answered 503; asked again"),
        (302, "", ErrorKind::Unreachable, "Datadog answered 302"),
        (200, "<html>login</html>", ErrorKind::Unreachable, "answered with something else"),
        (200, r#"{"series": 3}"#, ErrorKind::Unreachable, "answered with something else"),
    ];
    for (status, body, kind, words) in cases {
        peer.says(status, &[], body);
        let error: Error = peer.asks(START, START + 1).await.expect_err("it is no answer");
        assert_eq!(error.kind, kind, "{status} {body}: {error}");
        assert!(error.to_string().contains(words), "{status} {body}: {error}");
        assert!(!format!("{error:?}").contains("key\""), "{error:?}");
    }
}

#[tokio::test]
async fn nobody_at_the_other_end_is_unreachable() {
    let site = "http://127.0.0.1:9".parse().expect("a URL");
    let keys = Keys::new("the-api-key", "the-application-key").expect("two keys");
    let clock = Arc::new(Still(Mutex::new(Time::from_minute(START + 100))));
    let datadog = Datadog::new(&site, &keys, clock).expect("a client");
    let error = datadog.objective(&Source::Slo("abc".to_owned())).await.expect_err("nobody");
    assert_eq!(error.kind, ErrorKind::Unreachable);
    assert!(error.message.starts_with("http://127.0.0.1:9/: "), "{error}");
    assert!(!error.message.contains("-key"), "{error}");
}

#[tokio::test]
async fn an_slo_is_counted_by_its_own_queries() {
    let peer = Peer::new().await;
    let slo = json!({"data": {
        "type": "metric",
        "query": {"numerator": "sum:good{*}", "denominator": "sum:all{*}"},
        "thresholds": [{"target": 99.9, "timeframe": "30d"}],
    }});
    let source = Source::Slo("a/../b".to_owned());
    peer.says(200, &[], &slo.to_string());
    let objective = peer.datadog.objective(&source).await;
    assert_eq!(objective, Ok(Objective::from_milli_percent(99_900)));
    assert_eq!(peer.asked()[0].0, "/api/v1/slo/a%2F..%2Fb", "an id is one part of the path");
    peer.says(200, &[], &slo.to_string());
    peer.says(200, &[], &counts(START, &[3], &[4]));
    let ask = EventAsk { source, from: START, until: START + 1 };
    let minutes = peer.datadog.minutes(&[ask]).await.remove(0);
    assert_eq!(minutes, Ok(vec![EventMinute { minute: START, total: 4, bad: 1 }]));
    assert!(peer.asked()[2].1.contains("good%7B*%7D.rollup"), "{:?}", peer.asked()[2]);
}

#[tokio::test]
async fn a_history_is_what_datadog_says_itself() {
    let peer = Peer::new().await;
    let series = json!({
        "times": [START * 60_000], "numerator": {"values": [99]}, "denominator": {"values": [100]},
    });
    let body = json!({"data": {"overall": {"sli_value": 99.0}, "series": series}});
    peer.says(200, &[], &body.to_string());
    let history = peer.datadog.history("abc", START, START + 60).await.expect("an answer");
    assert_eq!((history.sli_percent, history.buckets.len()), (Some(99.0), 1));
    let (path, query, _) = peer.asked().remove(0);
    assert_eq!(path, "/api/v1/slo/abc/history");
    assert_eq!(query, format!("from_ts={}&to_ts={}", START * 60, (START + 60) * 60));
}

#[tokio::test]
async fn answers_come_in_the_order_asked_and_one_that_fails_spoils_no_other() {
    let peer = Peer::new().await;
    let ask = |from: i64| EventAsk {
        source: Source::Queries { good: "sum:a{*}".to_owned(), total: "sum:b{*}".to_owned() },
        from,
        until: from + 1,
    };
    // The first has nothing to ask for, so that the order of calls is known.
    peer.says(400, &[], "");
    let answers = peer.datadog.minutes(&[ask(START + 99), ask(START)]).await;
    let found: Vec<_> =
        answers.iter().map(|it| it.as_ref().map(Vec::len).map_err(|error| error.kind)).collect();
    assert_eq!(found, [Ok(0), Err(ErrorKind::Invalid)]);
}
