//! What any implementation of the traits must do.
