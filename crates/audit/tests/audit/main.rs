//! Every check: plans that break exactly one promise, and the nearest ones that break none.

mod case;
mod effects;
mod ownership;
mod permission;
mod reserve;
mod safety;
mod steps;
mod totality;
mod writes;
