//! The tick over a simulated region: what is saved before what is done, and what comes of faults.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on must fail")]

mod accounts;
mod batches;
mod break_glass;
mod catalogue;
mod crashes;
mod events;
mod intents;
mod learning;
mod letting_go;
mod records;
mod restarts;
mod tap;
mod turns;
mod words;
mod world;
