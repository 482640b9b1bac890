//! What the judge promises, told through its public interface.

mod amendments;
mod arrivals;
mod events;
mod log;
mod verdicts;
