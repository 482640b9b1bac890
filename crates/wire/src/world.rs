//! What an operation works with: the region, what is derived from it, and who calls.

use std::collections::BTreeMap;

use model::{Side, Time};
use region::Region;
use region::call::Call;
use region::request::{Request, Response};

use crate::Place;
use crate::inventory::Inventory;
use crate::rates::{Buckets, Counter};
use crate::refusal::{Code, Refusal};
use crate::services::dynamodb::Tables;
use crate::services::events::Bus;
use crate::services::route53::Record;

/// One request's view.
pub(crate) struct World<'a> {
    pub(crate) region: &'a mut Region,
    pub(crate) inventory: &'a Inventory,
    pub(crate) place: &'a Place,
    pub(crate) state: &'a mut State,
    pub(crate) now: Time,
    /// The caller's access key.
    pub(crate) caller: String,
}

impl World<'_> {
    /// Makes a call of the region: the one way through its border.
    pub(crate) fn call(
        &mut self,
        operation: &'static str,
        writes: bool,
        requests: &[Request<'_>],
    ) -> Result<Vec<Response>, Refusal> {
        Ok(self.region.call(&Call { operation, writes, requests })?)
    }

    /// Carries out behind the region's border what the region itself knows nothing of: also where
    /// its reply will be lost.
    pub(crate) fn carry_out<T>(
        &mut self,
        operation: &'static str,
        writes: bool,
        work: impl FnOnce(&mut Self) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        match self.call(operation, writes, &[]) {
            Err(refusal) if refusal.code != Code::Lost => Err(refusal),
            Err(lost) => work(self).and(Err(lost)),
            Ok(_) => work(self),
        }
    }

    /// A read of what has no request of its own: clusters, balancers, tags.
    pub(crate) fn look(&mut self, operation: &'static str) -> Result<(), Refusal> {
        self.call(operation, false, &[]).map(drop)
    }
}

/// What the wire remembers beside the region.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) buckets: Buckets,
    /// Calls of Datadog.
    pub(crate) datadog: Counter,
    /// Rules of EventBridge.
    pub(crate) bus: Bus,
    /// Tables of DynamoDB.
    pub(crate) tables: Tables,
    requests: u64,
    /// Roles that were assumed, by the access key that was given out.
    sessions: BTreeMap<String, Session>,
    /// When scheduled actions were put, by resource and name; others are as old as the region.
    pub(crate) scheduled_at: BTreeMap<(String, String), Time>,
    /// Changes of records, by id.
    pub(crate) changes: BTreeMap<String, Change>,
    /// Until when the last change of a zone is being processed.
    pub(crate) zone_busy_until: BTreeMap<String, Time>,
    /// Tags that were put, by the ARN of what carries them and by key.
    pub(crate) tags: BTreeMap<String, BTreeMap<String, String>>,
    /// Record sets that were put beside the pairs of the region, by zone.
    pub(crate) texts: BTreeMap<String, Vec<Record>>,
    /// What was written of rules beside their weights, by ARN.
    pub(crate) stickiness: BTreeMap<String, Stickiness>,
}

/// A change of records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) submitted: Time,
    /// When it is everywhere.
    pub(crate) in_sync_at: Time,
    pub(crate) comment: Option<String>,
}

/// The stickiness of a rule between its groups: kept and shown, and it binds nobody here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Stickiness {
    pub(crate) enabled: bool,
    pub(crate) seconds: Option<u32>,
    /// The side whose group was left out of the rule, in place of a weight of zero.
    pub(crate) without: Option<Side>,
}

/// A role that was assumed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Session {
    pub(crate) role_arn: String,
    pub(crate) name: String,
    pub(crate) until: Time,
}

impl State {
    /// Nothing but the rules that are there from the start.
    pub(crate) fn new(bus: Bus) -> Self {
        Self { bus, ..Self::default() }
    }

    /// In the shape that AWS gives them, and the same in every run.
    pub(crate) fn next_request_id(&mut self) -> String {
        self.requests += 1;
        format!("00000000-0000-4000-8000-{:012x}", self.requests)
    }

    pub(crate) fn begin_session(&mut self, session: Session) -> String {
        let key = format!("ASIAREGION{:010}", self.sessions.len() + 1);
        self.sessions.insert(key.clone(), session);
        key
    }

    pub(crate) fn session(&self, access_key: &str) -> Option<&Session> {
        self.sessions.get(access_key)
    }

    pub(crate) fn is_expired(&self, access_key: &str, now: Time) -> bool {
        self.sessions.get(access_key).is_some_and(|session| session.until <= now)
    }
}
