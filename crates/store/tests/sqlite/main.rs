//! The SQLite store keeps every promise of a store, and its file survives what files go through.

mod conformance;
mod opening;
mod place;
