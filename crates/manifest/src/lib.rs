//! Reads Ferry's YAML files into model types, and says where and how a file is wrong.
//!
//! ```text
//! text --tree--> nodes with places --reader--> Migration | Settings | World --rules--> Document
//!         |                            |                                       |
//!         +----------------------------+--> Problem {file, line, column} <-----+-- set
//! ```
//!
//! - [`read`] turns one file into [`Document`]s, or into every [`Problem`] it can find in it;
//!   [`read_as`] and [`read_checked`] do the same for one kind that is defined elsewhere, and
//!   [`read_list`] for a list without a kind.
//! - [`check_set`] finds what only several documents together show: names twice, dependencies in a
//!   circle, two migrations that would move the same weights.
//! - [`schema`] gives the JSON Schema of a kind, for editors.
//!
//! Deliberately absent: reading files (text and its name are arguments), and YAML's anchors,
//! aliases and tags, which make a reviewed file mean something else than it shows.

mod document;
mod fault;
mod places;
mod problem;
mod reader;
mod rules;
mod schema;
mod set;
mod tree;

pub use document::{Document, Resource, is_all, read, read_as, read_checked, read_list};
pub use problem::Problem;
pub use schema::{Kind, schema};
pub use set::{check_set, owned};
