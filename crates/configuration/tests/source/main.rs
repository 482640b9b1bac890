//! Claims about a watched directory, each on a real one.

mod directory;
mod edits;
mod restarts;
mod vanishing;
