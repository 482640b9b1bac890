//! Replays of recorded load against scaling policies.

pub mod load;
pub mod noise;
pub mod physics;
pub mod replay;
pub mod score;
pub mod shape;

mod error;

pub use error::Error;
