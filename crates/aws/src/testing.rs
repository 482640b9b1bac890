//! A clock that tests wind, and a transport that answers from a script.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use cloud::{Clock, ErrorKind};
use model::{Span, Time};

use crate::clients::{Client, Clients, Credentials, Network, Settings};
use crate::http::{NoReply, Transport};
use crate::ledger::Ledger;

/// A clock on which waiting takes no time.
pub(crate) struct Wound(Mutex<Time>);

impl Wound {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new(Time::from_secs(1_767_571_200))))
    }

    pub(crate) fn wind(&self, span: Span) {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *now = *now + span;
    }
}

#[async_trait]
impl Clock for Wound {
    fn now(&self) -> Time {
        *self.0.lock().unwrap()
    }

    async fn sleep_until(&self, until: Time) {
        {
            let mut now = self.0.lock().unwrap();
            *now = until.max(*now);
        }
        // Whoever waits on the same clock has their turn as well.
        tokio::task::yield_now().await;
    }
}

/// Answers in the order given, and keeps what was asked.
#[derive(Default)]
pub(crate) struct Script {
    answers: Mutex<VecDeque<Result<http::Response<Bytes>, NoReply>>>,
    asked: Mutex<Vec<http::Request<Bytes>>>,
}

impl Script {
    pub(crate) fn new(answers: impl IntoIterator<Item = Answer>) -> Arc<Self> {
        let answers = answers.into_iter().map(|answer| answer.0).collect();
        Arc::new(Self { answers: Mutex::new(answers), asked: Mutex::default() })
    }

    /// The requests so far.
    pub(crate) fn asked(&self) -> Vec<http::Request<Bytes>> {
        self.asked.lock().unwrap().clone()
    }
}

#[async_trait]
impl Transport for Script {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, NoReply> {
        self.asked.lock().unwrap().push(request);
        self.answers.lock().unwrap().pop_front().expect("the script has ended")
    }
}

/// One answer of a script.
pub(crate) struct Answer(Result<http::Response<Bytes>, NoReply>);

impl Answer {
    pub(crate) fn of(status: u16, kind: &str, body: impl Into<Bytes>) -> Self {
        let mut response = http::Response::builder().status(status).header("content-type", kind);
        if kind == "application/cbor" {
            response = response.header("smithy-protocol", "rpc-v2-cbor");
        }
        Self(Ok(response.body(body.into()).unwrap()))
    }

    /// A body of awsJson.
    pub(crate) fn json(status: u16, body: &str) -> Self {
        Self::of(status, "application/x-amz-json-1.1", body.to_owned())
    }

    /// A body of awsQuery or restXml.
    pub(crate) fn xml(status: u16, body: &str) -> Self {
        Self::of(status, "text/xml", body.to_owned())
    }

    pub(crate) const fn lost() -> Self {
        Self(Err(NoReply))
    }
}

/// What was told of requests, in order.
#[derive(Default)]
pub(crate) struct Told(Mutex<Vec<(&'static str, Option<ErrorKind>)>>);

impl Told {
    pub(crate) fn all(&self) -> Vec<(&'static str, Option<ErrorKind>)> {
        self.0.lock().unwrap().clone()
    }
}

impl Ledger for Told {
    fn sent(&self, operation: &'static str, failed: Option<ErrorKind>) {
        self.0.lock().unwrap().push((operation, failed));
    }
}

/// Runs a future of the SDK, which needs a timer.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// Clients that sign with made-up keys and reach nothing but `transport`.
pub(crate) async fn clients(clock: Arc<dyn Clock>, transport: Arc<dyn Transport>) -> Clients {
    counted(clock, transport, Arc::new(())).await
}

/// The same, with somebody who is told of requests.
pub(crate) async fn counted(
    clock: Arc<dyn Clock>,
    transport: Arc<dyn Transport>,
    ledger: Arc<dyn Ledger>,
) -> Clients {
    let keys = Credentials::Keys { id: "AKIAEXAMPLE".to_owned(), secret: "secret".to_owned() };
    Clients::new(Settings {
        clock,
        network: Network::Own(transport),
        credentials: keys,
        region: Some("eu-west-1".to_owned()),
        endpoint: None,
        ledger,
    })
    .await
}

/// The client of the process's own account over a script.
pub(crate) async fn client(clock: &Arc<Wound>, script: &Arc<Script>) -> Arc<Client> {
    let clients = clients(clock.clone(), script.clone()).await;
    clients.of(&model::spec::Aws::default()).await
}

/// A value in CBOR; numbers are floating-point, and `{"epoch": n}` is a time.
pub(crate) fn cbor(value: &serde_json::Value) -> Vec<u8> {
    use serde_json::Value;
    let head = |major: u8, count: usize| {
        let count = u32::try_from(count).unwrap().to_be_bytes();
        [vec![major << 5 | 26], count.to_vec()].concat()
    };
    let text = |text: &str| [head(3, text.len()), text.as_bytes().to_vec()].concat();
    let number = |number: f64| [vec![0xfb], number.to_be_bytes().to_vec()].concat();
    match value {
        Value::Null => vec![0xf6],
        Value::Bool(flag) => vec![if *flag { 0xf5 } else { 0xf4 }],
        Value::Number(it) => number(it.as_f64().unwrap()),
        Value::String(it) => text(it),
        Value::Array(items) => {
            [head(4, items.len()), items.iter().flat_map(cbor).collect()].concat()
        }
        Value::Object(members) => match members.get("epoch") {
            Some(epoch) => [vec![0xc1], number(epoch.as_f64().unwrap())].concat(),
            None => {
                let members = members.iter().flat_map(|(name, it)| [text(name), cbor(it)].concat());
                let count = value.as_object().unwrap().len();
                [head(5, count), members.collect()].concat()
            }
        },
    }
}
