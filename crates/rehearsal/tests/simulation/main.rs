//! Whole simulated runs, held to the promises.

mod case;
mod determinism;
mod faults;
mod fleet;
mod promises;
mod seeds;
mod world;
