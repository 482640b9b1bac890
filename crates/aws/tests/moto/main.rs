//! A second opinion on the adapters: moto, an emulator of AWS that other people wrote, over TCP.
//!
//! `tests/aws/second_opinion.py` starts moto and puts a small world there with boto3, which is
//! yet another's reading of the same APIs. [`reading`] holds what the adapters read against what
//! boto3 put; [`claims`] runs the suites of `cloud::conformance`; [`allowed`] holds the calls
//! against the policies that are printed for them.
//!
//! What moto cannot answer for (moto 5.2.5):
//!
//! - **CloudWatch.** The SDK speaks CBOR to it and moto does not: `GetMetricData` and
//!   `DescribeAlarms` are answered with a page in HTML. So there is no suite on signals, and a
//!   scalable target whose policies have alarms is not read whole.
//! - **Traffic Flow.** moto has none of its operations.
//! - **Time.** Nothing happens by itself: no task starts, no deployment ends, no bound moves a
//!   count, no scheduled action fires, and every change of records is in sync at once.
//! - **Quotas, throttles.** moto has none. Of denials it knows those by an action's name.
//!
//! Where moto differs from AWS beside that, the adapters follow AWS and the test says so:
//!
//! - what is registered in a target group is healthy at once, and a deployment is never over;
//! - a scheduled action is taken for a service that has no scalable target;
//! - a `DELETE` of a weighted record takes the records of its set identifier out of all names and
//!   types, so that the world gives each type identifiers of its own;
//! - a `DELETE` that does not match is `InvalidInput` and not `InvalidChangeBatch`: the adapters read
//!   first, and never send one here.
#![expect(clippy::unwrap_used, reason = "a test whose world cannot be built must fail")]

mod allowed;
mod claims;
mod reading;
mod server;
