//! Seeded random numbers and distributions whose bytes agree across machines.
//!
//! ```text
//! seed ─> Generator ─ fork("load") ─> Generator ─ normal(), poisson(), binomial(), …
//!                   └ fork("faults") ─> …           (an extra draw here moves nothing there)
//!
//! uniform ─> quantile::binomial(u, n, p)            (the same u: monotone in p and n)
//! ```
//!
//! Every floating-point function comes from `libm`, so a seed means the same numbers on every
//! processor. Deliberately absent: entropy, clocks and global state; a seed is always an argument.

mod continuous;
mod discrete;
mod generator;
pub mod quantile;
mod special;

pub use generator::Generator;
