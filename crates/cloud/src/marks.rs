//! The marks that say whose a thing is: tags, and TXT records where AWS keeps no tags.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use model::route::{Route, ServiceId};
use model::spec::Aws;

use crate::Result;

/// Something that a migration changes and that can carry a mark.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Thing {
    /// An ECS service, and with it its scalable target: a tag.
    Service(ServiceId),
    /// A rule: a tag. Records and policy instances: a TXT record beside the name they answer,
    /// so that records of one name share a mark.
    Route {
        /// Where it is and as whom it is reached.
        account: Arc<Aws>,
        /// The route.
        route: Route,
    },
}

impl fmt::Display for Thing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service(id) => write!(f, "service {id}"),
            Self::Route { route: Route::Route53Record { name, .. }, .. } => {
                write!(f, "record {name}")
            }
            Self::Route { route: Route::TrafficPolicyInstance { id, .. }, .. } => {
                write!(f, "policy instance {id}")
            }
            Self::Route { route: Route::AlbRule { rule, .. }, .. } => write!(f, "rule {rule}"),
        }
    }
}

/// The marks of a world in which there are others.
#[async_trait]
pub trait Marks: Send + Sync {
    /// The mark of each thing, in the order asked; `None` where it has none. A missing thing is
    /// `NotFound`.
    async fn marks(&self, things: &[Thing]) -> Vec<Result<Option<String>>>;

    /// Gives a thing another mark, or with `None` takes it away, if it carries `expected` now.
    ///
    /// # Errors
    /// `Conflict` when it carries neither what is expected nor what is wanted; `NotFound` for a
    /// missing thing; transport kinds.
    async fn set_mark(
        &self,
        thing: &Thing,
        expected: Option<&str>,
        mark: Option<&str>,
    ) -> Result<()>;
}
