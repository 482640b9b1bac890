//! What it takes to move many names of one zone at once: requests, time, processor time.
//!
//! `cargo bench -p ferry --bench shifting` does it in a simulated region in this process, behind
//! the wire protocols and the SDK, on the region's clock, by which the adapters' limits and Route
//! 53's own (five requests a second, a second for each change of a zone) pass: times are of that
//! clock, and waits cost none of the wall's.
//!
//! `... -- shift URL ZONE NAMES` moves pairs that stand on a server from 90 and 10 to 100 and 0, on
//! the wall's clock, and says nothing: `tests/peers/octodns/compare` measures that process beside
//! another tool's.
#![expect(clippy::print_stdout, reason = "the table is what it is run for")]
#![expect(clippy::unwrap_used, reason = "a measurement that cannot go on must fail")]

mod zone;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use aws::{Credentials, Ledger, Network, Settings};
use cloud::{Applied, Cloud, ErrorKind, Shift};
use daemon::System;
use model::Span;
use model::route::{Route, WeightPair};
use model::spec::Aws;

use zone::{Meddling, Transporting, Zone};

pub(crate) const REGION: &str = "ap-northeast-1";
const NOTHING: WeightPair = WeightPair { ec2: 100, fargate: 0 };
const TENTH: WeightPair = WeightPair { ec2: 90, fargate: 10 };
/// What somebody else puts.
pub(crate) const BY_HAND: WeightPair = WeightPair { ec2: 70, fargate: 30 };

/// What was sent, by operation.
#[derive(Default)]
struct Sent(Mutex<BTreeMap<&'static str, usize>>);

impl Ledger for Sent {
    fn sent(&self, operation: &'static str, _: Option<ErrorKind>) {
        *self.0.lock().unwrap().entry(operation).or_default() += 1;
    }
}

fn account() -> Arc<Aws> {
    Arc::new(Aws { region: REGION.to_owned(), assume_role_arn: None })
}

fn settings(clock: Arc<dyn cloud::Clock>, network: Network, ledger: Arc<dyn Ledger>) -> Settings {
    Settings {
        clock,
        network,
        credentials: Credentials::Keys { id: "AKIAEXAMPLE".to_owned(), secret: "s".to_owned() },
        region: Some(REGION.to_owned()),
        endpoint: None,
        ledger,
    }
}

/// A shift of its own for each name, as for as many migrations.
fn shifts(routes: &[Route], from: WeightPair, to: WeightPair) -> Vec<Shift> {
    let shift = |route: &Route| Shift {
        sticky: model::route::Sticky::new(),
        account: account(),
        routes: vec![route.clone()],
        expected: [(route.key(), from)].into(),
        weights: [(route.key(), to)].into(),
        rollback: to.fargate < from.fargate,
    };
    routes.iter().map(shift).collect()
}

async fn set(
    cloud: &Cloud,
    routes: &[Route],
    from: WeightPair,
    to: WeightPair,
) -> Vec<cloud::Result<Applied>> {
    cloud.router.set(&shifts(routes, from, to)).await
}

/// When somebody else edits one of the names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Drift {
    Never,
    /// Ferry sees it when it looks.
    BeforeTheLook,
    /// Route 53 refuses the batch that it is in.
    BeforeTheWrite,
}

async fn rollback(names: usize, drift: Drift) {
    let zone = Zone::new(names);
    let (sent, meddling) = (Arc::new(Sent::default()), Meddling::default());
    let transport = Arc::new(Transporting { wire: zone.wire(), meddling: meddling.clone() });
    let clock = Arc::new(zone.region());
    let network = Network::Own(transport);
    let cloud = aws::connect(settings(clock, network, sent.clone())).await;
    assert!(set(&cloud, &zone.routes, NOTHING, TENTH).await.iter().all(Result::is_ok));
    zone.pass(Span::from_mins(2));
    let edited = zone.routes[names / 2].clone();
    match drift {
        Drift::Never => {}
        Drift::BeforeTheLook => zone.edit(&edited, TENTH),
        Drift::BeforeTheWrite => meddling.before_next_write(&zone, edited, TENTH),
    }
    zone.pass(Span::from_secs(5));
    sent.0.lock().unwrap().clear();
    let began = zone.now();
    #[expect(clippy::disallowed_methods, reason = "a measurement of this machine")]
    let wall = Instant::now();
    let back = set(&cloud, &zone.routes, TENTH, NOTHING).await;
    let (took, wall) = (zone.now().since(began), wall.elapsed());
    let failed: Vec<usize> = (0..names).filter(|place| back[*place].is_err()).collect();
    let expected = if drift == Drift::Never { vec![] } else { vec![names / 2] };
    assert_eq!(failed, expected, "the edited one is put out, and no other");
    let sent = sent.0.lock().unwrap();
    let of = |operation: &str| sent.get(operation).copied().unwrap_or(0);
    println!(
        "| {names} names back, edited by somebody: {drift:?} | {} | {} | {:.2} s | {:.2} s |",
        of("route53:ListResourceRecordSets"),
        of("route53:ChangeResourceRecordSets"),
        took.secs_f64(),
        wall.as_secs_f64()
    );
}

/// Moves pairs that stand on a server.
async fn shift(url: &str, zone: &str, names: usize) {
    let settings = settings(Arc::new(System), Network::Https, Arc::new(()));
    let cloud = aws::connect(Settings { endpoint: Some(url.to_owned()), ..settings }).await;
    let route = |number: usize| Route::Route53Record {
        zone: zone.to_owned(),
        name: format!("n{number:04}.ferry.test"),
        record_type: "A".to_owned(),
        ec2_set: format!("ec2-{number:04}"),
        fargate_set: format!("fargate-{number:04}"),
    };
    let routes: Vec<Route> = (0..names).map(route).collect();
    for answer in set(&cloud, &routes, TENTH, NOTHING).await {
        assert!(answer.unwrap().written);
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|it| it != "--bench").collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    if let [mode, url, zone, names] = &arguments[..]
        && mode == "shift"
    {
        runtime.block_on(shift(url, zone, names.parse().unwrap()));
        return;
    }
    println!(
        "| What | Lists | Changes | On the region's clock | Wall, the region's work included |"
    );
    println!("|---|---|---|---|---|");
    runtime.block_on(async {
        rollback(200, Drift::Never).await;
        for drift in [Drift::Never, Drift::BeforeTheLook, Drift::BeforeTheWrite] {
            rollback(1_000, drift).await;
        }
    });
}
