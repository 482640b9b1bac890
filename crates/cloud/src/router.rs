//! Weighted pairs: records, policy instances, listener rules.

use async_trait::async_trait;
use model::route::{Route, Split, Weights};

use crate::Result;

/// A wanted change of all routes of one migration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shift {
    /// The migration's routes.
    pub routes: Vec<Route>,
    /// What each route must hold for the change to be made.
    pub expected: Weights,
    /// What each route is to hold.
    pub weights: Weights,
    /// Whether traffic goes back to EC2: such a change leaves first, and never shares a batch
    /// with others.
    pub rollback: bool,
}

/// A change that was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// The weights as the world holds them after the change.
    pub weights: Weights,
    /// Whether anything had to be written: a repeated change writes nothing.
    pub written: bool,
}

/// Weighted pairs of every kind.
#[async_trait]
pub trait Router: Send + Sync {
    /// The live weights of each migration's routes, in the order asked. A migration of which
    /// one route cannot be read is an error as a whole: half a split is not a split.
    async fn observe(&self, migrations: &[Vec<Route>]) -> Vec<Result<Split>>;

    /// Makes the changes, batching what may share a batch; answers in the order asked.
    ///
    /// An all-zero or empty set of weights is `Invalid`; a route that holds neither what is
    /// expected nor what is wanted makes its change `Conflict`; on `OutcomeUnknown` the change
    /// may have been made. Routes that already hold what is wanted are left alone.
    async fn set(&self, shifts: &[Shift]) -> Vec<Result<Applied>>;
}
