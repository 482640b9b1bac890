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

    /// The target group a service registers its tasks in; `None` where it has none. A service
    /// with several has its first one given.
    ///
    /// # Errors
    /// `NotFound` for a missing service; transport kinds.
    async fn target_group(&self, id: &ServiceId) -> Result<Option<TargetGroup>>;

    /// Targets of each group by health, in the order asked.
    async fn targets(&self, groups: &[TargetGroup]) -> Vec<Result<Targets>>;

    /// Sets the desired count, if it is `expected` now.
    ///
    /// # Errors
    /// `Conflict` when it is neither `expected` nor `desired`; `NotFound`; transport kinds.
    async fn set_desired(&self, id: &ServiceId, expected: u32, desired: u32) -> Result<()>;
}
