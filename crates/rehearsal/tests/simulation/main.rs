//! Whole simulated runs, held to the promises.

mod case;
mod seeds;
mod world;
