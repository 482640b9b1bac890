//! First looks: what must be known of migrations before anything can be said of them.
//!
//! ```text
//! records ─► target groups of all, in few calls ─► the past of each, some migrations at a time
//! ```
//!
//! A week of minutes is eight calls or so for each migration, so that a thousand of them take
//! minutes. A pass begins with some, for a while, and the next one goes on: lease and health are
//! the process's, and whoever is known already is looked after meanwhile.

use std::collections::BTreeMap;
use std::sync::Arc;

use cloud::Cloud;
use futures::future::join_all;
use model::route::ServiceId;
use model::{Span, Time};
use store::Store;

use crate::watch::{Found, Watch};

/// For so long a pass goes on beginning with migrations. A look at a large fleet takes three
/// quarters of a minute at first, and a pass of more than a minute no longer renews its lease.
const BEGINS_FOR: Span = Span::from_secs(15);
/// Migrations that are learnt of at once. With fewer, calls would wait for answers instead of
/// turns.
const AT_ONCE: usize = 16;

/// Whether a pass learnt of all that it could.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Opening {
    /// It did; what failed is tried again in its time.
    Done,
    /// Some were not begun with.
    GoesOn,
}

/// Reads the records that were not read yet, and learns of migrations that are not known.
pub(crate) async fn open(
    cloud: &Cloud,
    store: &Arc<dyn Store>,
    watches: &mut BTreeMap<String, Watch>,
    now: Time,
) -> Opening {
    join_all(watches.values_mut().map(|watch| watch.remember(store))).await;
    let mut open: Vec<&mut Watch> =
        watches.values_mut().filter(|watch| watch.is_to_learn(now)).collect();
    let found = find_groups(cloud, &open).await;
    for watch in &mut open {
        watch.take_groups(now, &found);
    }
    open.retain(|watch| watch.is_to_learn(now));
    let mut some = open.chunks_mut(AT_ONCE).peekable();
    while let Some(watches) = some.next() {
        join_all(watches.iter_mut().map(|watch| watch.learn(cloud, now))).await;
        if some.peek().is_some() && cloud.clock.now() >= now + BEGINS_FOR {
            return Opening::GoesOn;
        }
    }
    Opening::Done
}

/// The groups that no spec names, asked for together.
async fn find_groups(cloud: &Cloud, watches: &[&mut Watch]) -> Found {
    let ids: Vec<ServiceId> =
        watches.iter().flat_map(|watch| watch.without_group().cloned()).collect();
    if ids.is_empty() {
        return Found::new();
    }
    let answers = cloud.services.target_groups(&ids).await;
    ids.into_iter().zip(answers).collect()
}
