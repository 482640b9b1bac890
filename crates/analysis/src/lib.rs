//! From paired minutes to evidence to a verdict.
