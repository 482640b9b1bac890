//! The `cloud` traits over the AWS SDK.
//!
//! ```text
//! Services, Scaling, Signals, Router, Marks  one module each: what to ask in how few calls,
//!      |                                  and what the answers mean
//!      v
//! clients   a set for each account: region, role, credentials    errors   to kinds, with remedies
//!      |
//!      v
//! limits    a turn for each call, on the one clock         ledger    a count of what was sent
//!      |
//!      v
//! http      HTTPS with ring, or what a test puts there           time     the one clock
//! ```
//!
//! Nothing of the SDK crosses this border. Reads are tried three times, writes once: a write
//! whose answer is lost is `OutcomeUnknown`, and only a look tells more.
//!
//! Deliberately absent: policy, memory of what was read (but for what never changes), and any
//! call that would create or delete what carries traffic.

mod batches;
mod clients;
mod errors;
mod groups;
mod http;
mod inventory;
mod ledger;
mod limits;
mod marks;
mod operations;
mod routers;
mod scaling;
mod services;
mod signals;
#[cfg(test)]
mod testing;
mod time;

use std::sync::Arc;

use cloud::{Cloud, Inventory, NoObjectives};

use clients::Clients;
use groups::Groups;
use marks::Tags;
use routers::Routing;
use scaling::Targets;
use services::EcsServices;
use signals::Metrics;

pub use clients::{Credentials, Network, Settings};
pub use http::{NoReply, Transport};
pub use ledger::Ledger;
pub use operations::{ADOPTION_OPERATIONS, OPERATIONS, Operation, SURVEY_OPERATIONS};

/// The world of the `cloud` traits in AWS. Nothing is asked before the first question.
///
/// AWS keeps no objectives: whoever has another source of them puts it in their place.
pub async fn connect(settings: Settings) -> Cloud {
    connect_with_inventory(settings).await.0
}

/// The same with what people ask beside it, over the same clients and limits.
pub async fn connect_with_inventory(settings: Settings) -> (Cloud, Arc<dyn Inventory>) {
    let clock = Arc::clone(&settings.clock);
    let clients = Arc::new(Clients::new(settings).await);
    let groups = Arc::new(Groups::new(Arc::clone(&clients)));
    let cloud = Cloud {
        services: Arc::new(EcsServices::new(Arc::clone(&clients))),
        scaling: Arc::new(Targets::new(Arc::clone(&clients))),
        router: Arc::new(Routing::new(Arc::clone(&clients))),
        signals: Arc::new(Metrics::new(Arc::clone(&clients), groups)),
        objectives: Arc::new(NoObjectives),
        marks: Some(Arc::new(Tags::new(Arc::clone(&clients)))),
        clock,
    };
    (cloud, Arc::new(inventory::Account::new(clients)))
}
