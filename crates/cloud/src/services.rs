//! ECS services and the health of their targets.

use std::sync::Arc;

use async_trait::async_trait;
use model::observation::{Service, Targets};
use model::route::ServiceId;
use model::spec::Aws;

use crate::Result;

/// A target group by ARN, with the account it is in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TargetGroup {
    /// Where it is and as whom it is reached.
    pub account: Arc<Aws>,
    /// Its ARN.
    pub arn: String,
}

/// ECS services and the health of their targets.
#[async_trait]
pub trait Services: Send + Sync {
    /// The services, in the order asked. A missing or inactive one is `NotFound`.
    async fn services(&self, ids: &[ServiceId]) -> Vec<Result<Service>>;

    /// The target group each service registers its tasks in, in the order asked; `None` where it
    /// has none. A service with several has its first one given; a missing one is `NotFound`.
    async fn target_groups(&self, ids: &[ServiceId]) -> Vec<Result<Option<TargetGroup>>>;

    /// Targets of each group by health, in the order asked. Those that are asked for first are
    /// looked at first: where there is no time for all, the last are `Throttled`.
    async fn targets(&self, groups: &[TargetGroup]) -> Vec<Result<Targets>>;

    /// Sets the desired count, if it is `expected` now.
    ///
    /// # Errors
    /// `Conflict` when it is neither `expected` nor `desired`; `NotFound`; transport kinds.
    async fn set_desired(&self, id: &ServiceId, expected: u32, desired: u32) -> Result<()>;
}
