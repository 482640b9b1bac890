//! The region held against what it claims to be.
#![expect(clippy::cast_precision_loss, reason = "counts of small worlds")]
#![expect(
    clippy::print_stdout,
    reason = "a test says which traces it found, or that it found none"
)]

mod border;
mod faults;
mod files;
mod physics;
mod traffic_flow;
mod world;
