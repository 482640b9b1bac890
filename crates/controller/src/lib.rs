//! The tick: observe, project, judge, plan, admit, audit, record, act.
//!
//! ```text
//!            cloud                       pure                        store, cloud
//!  open ---> observe ---> judge ---> plan, admit, audit ---> record ---> act ---> close
//!   |          |            |               |                  |          |         |
//!  first look  Sight     minutes,         Pass              intent      each      outcome
//!  record,     services, evidence         (report,          saved       action    saved
//!  past        weights   verdict           actions)         first       once
//! ```
//!
//! [`Controller::tick`] is the table of contents; each stage is one module. The controller holds
//! no state that matters: what it must remember is in the store, what it must know is in AWS,
//! and a tick that is cut short anywhere leaves nothing that the next one has to repair.
//!
//! Between ticks people speak: `command` takes verbs into the record, which the next tick reads.
//!
//! Deliberately absent: any choice at act time, any sleep (the caller waits until
//! [`Tick::next_at`]), and any knowledge of which world this is.

mod act;
pub mod adoption;
pub mod break_glass;
mod command;
mod decide;
mod events;
mod fitting;
mod judging;
mod load;
mod managed;
mod minutes;
mod observe;
mod open;
mod record;
mod safe;
mod surge;
mod tick;
mod turns;
mod watch;

pub use command::{Unheard, revision};
pub use managed::{Managed, Unsupported};
pub use tick::{Controller, Pass, Tick};
pub use watch::Latest;
