//! Weighted pairs of every kind, through one router.
//!
//! ```text
//! observe   records     zones: from each wanted name on, a page of 300 records
//!           rules       DescribeRules, 20 a call
//!           policies    cloud::traffic_flow over the calls
//! set       rollbacks of every kind, then what goes forward; each kind in its own batches
//! ```

mod forward;
mod policies;
mod records;
mod rules;
mod spread;
pub(crate) mod zone;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use cloud::{Applied, Error, ErrorKind, Result, Router, Shift};
use model::route::{Route, Routes, Split};

use crate::clients::{Clients, Question};
use crate::limits::Lane;

use policies::Policies;
use records::Records;
use rules::Rules;

/// [`Router`] over Route 53 and Elastic Load Balancing.
pub(crate) struct Routing {
    clients: Arc<Clients>,
    records: Records,
    policies: Policies,
    rules: Rules,
}

/// Something of several, with its place among them.
type Placed<'a, T> = (usize, &'a T);

/// Answers by the places of the questions.
type Fates<T> = BTreeMap<usize, Result<T>>;

/// What a migration's routes are moved by; all of them are of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Records,
    Policies,
    Rules,
}

impl Kind {
    fn of(routes: &[Route]) -> Result<Self> {
        let invalid = |message| Error::new(ErrorKind::Invalid, zone::LIST, message);
        let mut kinds = routes.iter().map(|route| match route {
            Route::Route53Record { .. } => Self::Records,
            Route::TrafficPolicyInstance { .. } => Self::Policies,
            Route::AlbRule { .. } => Self::Rules,
        });
        let first = kinds.next().ok_or_else(|| invalid("no route at all"))?;
        if kinds.all(|kind| kind == first) {
            return Ok(first);
        }
        Err(invalid("routes of several kinds cannot move together: make them of one kind"))
    }
}

impl Routing {
    pub(crate) fn new(clients: Arc<Clients>) -> Self {
        Self {
            records: Records::new(Arc::clone(&clients)),
            policies: Policies::new(Arc::clone(&clients)),
            rules: Rules::new(Arc::clone(&clients)),
            clients,
        }
    }

    async fn look(
        &self,
        asked: &BTreeMap<Kind, Vec<Placed<'_, Routes>>>,
        question: Question,
    ) -> Fates<Split> {
        let of = |kind| asked.get(&kind).map_or(&[][..], Vec::as_slice);
        let (mut fates, policies, rules) = futures::join!(
            self.records.observe(of(Kind::Records), question),
            self.policies.observe(of(Kind::Policies), question),
            self.rules.observe(of(Kind::Rules), question),
        );
        fates.extend(policies);
        fates.extend(rules);
        fates
    }

    async fn shift(
        &self,
        asked: &BTreeMap<Kind, Vec<Placed<'_, Shift>>>,
        question: Question,
    ) -> Fates<Applied> {
        let of = |kind| asked.get(&kind).map_or(&[][..], Vec::as_slice);
        let (mut fates, policies, rules) = futures::join!(
            self.records.set(of(Kind::Records), question),
            self.policies.set(of(Kind::Policies), question),
            self.rules.set(of(Kind::Rules), question),
        );
        fates.extend(policies);
        fates.extend(rules);
        fates
    }
}

#[async_trait]
impl Router for Routing {
    async fn observe(&self, migrations: &[Routes]) -> Vec<Result<Split>> {
        let question = self.clients.question(Lane::Ordinary);
        let placed = migrations.iter().enumerate();
        let (asked, mut fates) = by_kind(placed, |migration| &migration.routes);
        fates.extend(self.look(&asked, question).await);
        fates.into_values().collect()
    }

    async fn set(&self, shifts: &[Shift]) -> Vec<Result<Applied>> {
        let mut fates = Fates::new();
        for (lane, is_rollback) in [(Lane::Rollback, true), (Lane::Ordinary, false)] {
            let placed = shifts.iter().enumerate().filter(|(_, it)| it.rollback == is_rollback);
            let (asked, refused) = by_kind(placed, |shift| &shift.routes);
            fates.extend(refused);
            if !asked.is_empty() {
                fates.extend(self.shift(&asked, self.clients.question(lane)).await);
            }
        }
        fates.into_values().collect()
    }
}

/// Questions by the kind of their routes; those of no one kind are answered at once.
fn by_kind<'a, T, A>(
    placed: impl Iterator<Item = (usize, &'a T)>,
    routes: impl Fn(&T) -> &[Route],
) -> (BTreeMap<Kind, Vec<Placed<'a, T>>>, Fates<A>) {
    let (mut kinds, mut fates) = (BTreeMap::new(), Fates::new());
    for (place, it) in placed {
        match Kind::of(routes(it)) {
            Ok(kind) => kinds.entry(kind).or_insert_with(Vec::new).push((place, it)),
            Err(error) => {
                fates.insert(place, Err(error));
            }
        }
    }
    (kinds, fates)
}

/// What became of the parts of one shift that AWS does not change together.
#[derive(Debug, Default)]
struct Parts {
    written: usize,
    failed: Vec<Error>,
}

impl Parts {
    fn note(&mut self, outcome: Result<()>) {
        match outcome {
            Ok(()) => self.written += 1,
            Err(error) => self.failed.push(error),
        }
    }

    /// The answer to the shift. Where one part was made and another was not, the shift was
    /// neither.
    fn close(mut self, shift: &Shift) -> Result<Applied> {
        if self.failed.is_empty() {
            return Ok(Applied { weights: shift.weights.clone(), written: self.written > 0 });
        }
        let is_unknown = |error: &Error| error.kind == ErrorKind::OutcomeUnknown;
        let told = self.failed.iter().position(is_unknown).unwrap_or(0);
        let all = self.written + self.failed.len();
        let error = self.failed.swap_remove(told);
        if self.written == 0 || is_unknown(&error) {
            return Err(error);
        }
        let message = format!("{} of {all} parts were changed; {error}", self.written);
        Err(Error::new(ErrorKind::OutcomeUnknown, error.operation, message))
    }
}
