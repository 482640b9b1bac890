//! Ferry's nouns.
//!
//! ```text
//! units        Share, Span, Time; side: Side, PerSide: what every other type is made of
//! spec         a Migration (and a World) as operators write it; settings: the daemon's own
//! route        weighted pairs and what they allow
//! minute       one row of paired counts, the judge's food
//! verdict      what the judge says: advance, hold or roll back, and why
//! observation  what one tick saw of one migration, with times and gaps
//! ownership    the marks that say whose a thing is
//! action       one change to the world, absolute and idempotent
//! plan         what one pass will do, and each reason why it does not do more
//! status       what is remembered between passes; condition, event: how people see it
//! inventory    what stands around a service in its account: for `preflight` and `init`
//! verb         what an operator can say
//! suggest      what a misspelt word was meant to be; text: sentences broken into lines
//! ```
//!
//! Deliberately absent: clocks, randomness, I/O, async, file formats but their types (the crate
//! `manifest` reads YAML into them). A `Time` is always an argument.

pub mod action;
pub mod capacity;
pub mod condition;
pub mod event;
pub mod inventory;
pub mod minute;
pub mod observation;
pub mod ownership;
pub mod plan;
pub mod route;
pub mod settings;
pub mod side;
pub mod spec;
pub mod status;
pub mod suggest;
pub mod text;
pub mod units;
pub mod verb;
pub mod verdict;

pub use side::{PerSide, Side};
pub use units::{Share, Span, Time};
