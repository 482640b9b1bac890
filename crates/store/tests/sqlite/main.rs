//! The SQLite store keeps every promise of a store, and its file survives what files go through.

mod conformance;
mod crashes;
mod damage;
mod drilled;
mod opening;
mod place;
mod processes;
#[path = "../../drill/story.rs"]
mod story;
mod troubles;
