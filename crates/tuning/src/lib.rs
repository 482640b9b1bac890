//! Replays of recorded load against scaling policies.

pub mod bound;
pub mod floors;
pub mod load;
pub mod noise;
pub mod physics;
pub mod replay;
pub mod score;
pub mod shape;
pub mod surges;
pub mod tune;

mod error;

pub use error::Error;
