//! Scalable targets of Application Auto Scaling: bounds and scheduled actions.

use async_trait::async_trait;
use model::observation::{Bounds, ScheduledBounds, Suspension};
use model::route::ServiceId;

use crate::Result;

/// Scalable targets of ECS services.
#[async_trait]
pub trait Scaling: Send + Sync {
    /// The scalable target of each service, in the order asked; `None` where it has none.
    async fn scalable_targets(
        &self,
        ids: &[ServiceId],
    ) -> Vec<Result<Option<model::observation::Scaling>>>;

    /// Sets the bounds, if they are `expected` now. A desired count outside the new bounds
    /// is moved to the nearest one by AWS, at once.
    ///
    /// # Errors
    /// `Conflict` when the bounds are neither `expected` nor `bounds`; `NotFound` where there is
    /// no scalable target; `Invalid` when min exceeds max; transport kinds.
    async fn set_bounds(&self, id: &ServiceId, expected: Bounds, bounds: Bounds) -> Result<()>;

    /// Suspends exactly these kinds of scaling, if those that are `expected` are suspended now.
    ///
    /// # Errors
    /// `Conflict` when neither `expected` nor `suspended` is so; `NotFound` where there is no
    /// scalable target; transport kinds.
    async fn set_suspended(
        &self,
        id: &ServiceId,
        expected: Suspension,
        suspended: Suspension,
    ) -> Result<()>;

    /// Puts a one-shot scheduled action, replacing the one of the same name.
    ///
    /// # Errors
    /// `NotFound` where there is no scalable target; `Invalid` for a time that has passed;
    /// `QuotaReached` beyond 200 actions a target; transport kinds.
    async fn put_scheduled(&self, id: &ServiceId, scheduled: &ScheduledBounds) -> Result<()>;

    /// Deletes a scheduled action; deleting one that is not there is done already.
    ///
    /// # Errors
    /// Transport kinds.
    async fn delete_scheduled(&self, id: &ServiceId, name: &str) -> Result<()>;
}
