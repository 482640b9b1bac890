//! A whole planned migration, run against a simulated region.

pub mod record;
