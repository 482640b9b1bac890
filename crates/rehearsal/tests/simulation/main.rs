//! Whole simulated runs, held to the promises.

mod case;
mod determinism;
mod fleet;
mod seeds;
mod world;
