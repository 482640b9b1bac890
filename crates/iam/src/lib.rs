//! The least IAM policies for exactly these migrations.
//!
//! ```text
//! migrations ---> places (by role) ---> statements, a row of ALLOWED each ---> Policy
//! ```
//!
//! [`ALLOWED`] has one row for each operation that Ferry calls: for whom, and on what. What AWS
//! lets be narrowed is narrowed, after the Service Authorization Reference
//! (<https://docs.aws.amazon.com/service-authorization/latest/reference/>): to services, zones,
//! record names, rules and instances by name; where only `*` is possible, to regions.
//!
//! Deliberately absent: any call, and any role that is not Ferry's own (ECS passes roles, Ferry
//! does not).

mod allowed;
mod arn;
mod places;
mod policy;

pub use allowed::{ALLOWED, Allowed, Part, Scope};
pub use places::roles;
pub use policy::{Policy, SIZE_MAX, Statement, Values, policy};
