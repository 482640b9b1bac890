//! Replays, floors, calendars, lints and conditions, each by what it promises.

#![expect(clippy::unwrap_used, reason = "what a test builds must be sound")]

mod calendars;
mod floors;
mod lints;
mod made;
mod replays;
mod searches;
mod verdicts;
