//! Seeded random numbers and distributions whose bytes agree across machines.
