//! Recorded minutes as CSV: what `ferry judge` reads.
