//! Ferry's nouns.
//!
//! ```text
//! units      Side, Share, Span, Time: what every other type is made of
//! spec       Migration and Settings as operators write them
//! minute     one row of paired counts, the judge's food
//! verdict    what the judge says: advance, hold or roll back, and why
//! observation what one tick saw of one migration, with ages and gaps
//! plan       what one pass will do, and each reason why it does not do more
//! status     what is remembered between passes: conditions, step, latch, floors
//! ```
//!
//! Deliberately absent: clocks, randomness, I/O, async. A `Time` is always an argument.

pub mod minute;
pub mod side;
pub mod units;
pub mod verdict;

pub use side::{PerSide, Side};
pub use units::{Share, Span, Time};
