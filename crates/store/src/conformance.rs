//! What any store must do. Every implementation runs [`CHECKS`] in its own tests.
