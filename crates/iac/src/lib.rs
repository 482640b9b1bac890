//! What Terraform, CloudFormation and CDK leave to Ferry of exactly these migrations.
//!
//! ```text
//!                            +--> terraform       lifecycle blocks, import blocks
//! migrations ---> held ------+--> cloudformation  a fragment of a template, a stack policy
//!  (things, and what of      +--> cdk             a function that does both
//!   them Ferry writes)
//! ```
//!
//! Two programs that both set a weight or a count undo each other's work for ever, and one of them
//! may undo it in the middle of a rollback. So whoever declares these things says in its own
//! language that they are somebody else's. What a migration does not ask for is not printed.
//!
//! Deliberately absent: reading state or templates. Their addresses are known to those who have
//! them; here each thing is named by what AWS calls it, and labels are examples.

mod cdk;
mod cloudformation;
mod held;
mod label;
mod terraform;

pub use cdk::cdk;
pub use cloudformation::cloudformation;
pub use held::{Held, Thing, held};
pub use terraform::terraform;

/// What keys of tags begin with by which Ferry marks what it acts on.
pub const MARKS: &str = "ferry:";
