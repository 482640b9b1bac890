//! Claims at the wire, with requests as AWS clients send them.
#![expect(clippy::unwrap_used, reason = "a test that finds something else fails")]
#![expect(
    clippy::float_cmp,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "counts of tests are small, and measures agree to the bit"
)]

mod autoscaling;
mod balancing;
mod cloudwatch;
mod datadog;
mod dynamodb;
mod ecs;
mod entrance;
mod events;
mod route53;
mod world;
