//! Judging a week.
fn main() {}
