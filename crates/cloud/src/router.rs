//! Weighted pairs: records, policy instances, listener rules.

use std::sync::Arc;

use async_trait::async_trait;
use model::Side;
use model::route::{Route, Routes, Split, Sticky, WeightPair, Weights};
use model::spec::Aws;

use crate::{Error, ErrorKind, Result};

/// A wanted change of all routes of one migration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shift {
    /// The account of the routes.
    pub account: Arc<Aws>,
    /// The migration's routes.
    pub routes: Vec<Route>,
    /// What each route must hold for the change to be made.
    pub expected: Weights,
    /// What each route is to hold.
    pub weights: Weights,
    /// Whether traffic goes back to EC2: such a change leaves first, and never shares a batch
    /// with others.
    pub rollback: bool,
    /// Routes that are to hold clients for so long, where they do not now.
    pub sticky: Sticky,
}

/// What a shift asks of one route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked<'a> {
    /// Which.
    pub route: &'a Route,
    /// What it must hold.
    pub expected: WeightPair,
    /// What it is to hold.
    pub weights: WeightPair,
}

impl Shift {
    /// What is asked of each route, in the order of [`Shift::routes`].
    ///
    /// # Errors
    /// `Invalid`, in the name of `operation`, for a shift that may not be sent anywhere: of no
    /// route or not of all, without any weight, or with one that the route cannot hold.
    pub fn asked(&self, operation: &'static str) -> Result<Vec<Asked<'_>>> {
        let invalid = |message: String| Err(Error::new(ErrorKind::Invalid, operation, message));
        if self.routes.is_empty() {
            return invalid("a shift of no route".to_owned());
        }
        let mut asked = Vec::with_capacity(self.routes.len());
        for route in &self.routes {
            let key = route.key();
            let (Some(expected), Some(weights)) = (self.expected.get(&key), self.weights.get(&key))
            else {
                return invalid(format!("no weights for the route {key}"));
            };
            if weights.share().is_none() {
                return invalid(format!("all weights of {key} are zero"));
            }
            let max = route.limits().weight_max;
            for (side, weight) in [(Side::Ec2, weights.ec2), (Side::Fargate, weights.fargate)] {
                if weight > max {
                    return invalid(format!("the weight {weight} of {side} is above {max}"));
                }
            }
            asked.push(Asked { route, expected: *expected, weights: *weights });
        }
        Ok(asked)
    }
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
    async fn observe(&self, migrations: &[Routes]) -> Vec<Result<Split>>;

    /// Makes the changes, batching what may share a batch; answers in the order asked.
    ///
    /// An all-zero or empty set of weights is `Invalid`; a route that holds neither what is
    /// expected nor what is wanted makes its change `Conflict`; on `OutcomeUnknown` the change
    /// may have been made. Routes that already hold what is wanted are left alone.
    ///
    /// A rollback lets clients go that a route holds at Fargate.
    async fn set(&self, shifts: &[Shift]) -> Vec<Result<Applied>>;
}
