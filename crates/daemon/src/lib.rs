//! The controller as a process.
//!
//! ```text
//! files --> configuration --+
//! words --> Office ---------+--> Daemon::run: lease, files, words, tick --> store, world
//!                                   |
//!            server <-- Fleet <-----+ (replaced after each tick)
//! ```
//!
//! [`Daemon::run`] is the loop; one pass over it shows the order of everything. All that must
//! survive is in the store, so the loop may end at any line. [`Guarded`] stands between the
//! controller and the world: it counts answers, and lets no write through once the lease is over.
//!
//! Deliberately absent: any decision about a migration (the controller's), files (the crate
//! `configuration`), HTTP (the crate `server`).

mod guarded;
mod office;
mod paced;
mod run;
mod system;
mod tenure;
mod view;

pub use guarded::{ANSWERS, Fence, Guarded};
pub use office::{Command, Office};
pub use paced::Paced;
pub use run::{Daemon, Parts};
pub use system::System;
