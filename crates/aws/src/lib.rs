//! The `cloud` traits over the AWS SDK.
//!
//! ```text
//! Services, Scaling, Signals, Router      one module each: what to ask in how few calls,
//!      |                                  and what the answers mean
//!      v
//! clients   a set for each account: region, role, credentials    errors   to kinds, with remedies
//!      |
//!      v
//! limits    a turn for each call, on the one clock
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
#![expect(dead_code, reason = "signals and routers, which come next, use it")]

mod batches;
mod clients;
mod errors;
mod groups;
mod http;
mod limits;
mod scaling;
mod services;
mod signals;
#[cfg(test)]
mod testing;
mod time;

use std::sync::Arc;

use cloud::{Scaling, Services, Signals};

pub use clients::{Credentials, Network, Settings};
pub use http::{NoReply, Transport};

/// Services, scalable targets and minutes in AWS.
pub async fn connect(
    settings: Settings,
) -> (Arc<dyn Services>, Arc<dyn Scaling>, Arc<dyn Signals>) {
    let clients = Arc::new(clients::Clients::new(settings).await);
    let groups = Arc::new(groups::Groups::new(Arc::clone(&clients)));
    let services = Arc::new(services::EcsServices::new(Arc::clone(&clients)));
    let signals = Arc::new(signals::Metrics::new(Arc::clone(&clients), groups));
    (services, Arc::new(scaling::Targets::new(clients)), signals)
}
