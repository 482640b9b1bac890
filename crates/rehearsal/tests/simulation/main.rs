//! Whole simulated runs, held to the promises.

#![expect(clippy::print_stdout, reason = "a replayed seed shows its timeline to a person")]

mod case;
mod catalogue;
mod crashes;
mod determinism;
mod faults;
mod fleet;
mod founding_incident;
mod intents;
mod latency;
mod outages;
mod outlook;
mod promises;
mod seeds;
mod traffic_flow;
mod world;
