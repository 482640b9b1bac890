//! A simulated AWS region.
