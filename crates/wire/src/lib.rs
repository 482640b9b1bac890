//! The AWS wire protocols over a simulated region.
//!
//! ```text
//! http::Request ─► dispatch: which service, protocol, operation, signer
//!                     │
//!                  protocol: JSON | CBOR | form | XML ─► input: one tree
//!                     │
//!                  rates ─► the operation, in its service's module ─► region::Region::call
//!                     │                                                (faults, journal)
//! http::Response ◄─ protocol: one tree of values, or a refusal with the service's code
//! ```
//!
//! [`Wire::handle`] is the one entrance for all services, without a network: a test's connector
//! calls it, and [`serve`] does on a port. An operation is written once, whatever protocols its
//! service speaks.
//!
//! What the region knows is shown as it is. What AWS has around it and the region has not (ARNs,
//! balancers, clusters, zones) is derived from it, always the same way: see [`inventory`].
//!
//! The clock is the region's: `GET /_region/clock` reads it, `POST /_region/advance` moves it, and
//! [`keep_pace`] lets it run beside the wall's.
//!
//! Signatures are read for who signs, in which region; they are not verified, since nothing here
//! is secret. A request without one is refused as AWS refuses it.

mod clock;
mod dispatch;
mod input;
mod inventory;
mod protocol;
mod rates;
mod refusal;
mod serve;
mod service;
mod services;
mod value;
mod wire;
mod world;

pub use serve::{keep_pace, serve};
pub use wire::{Place, Wire};
