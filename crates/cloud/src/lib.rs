//! The traits through which the world is seen and changed.
