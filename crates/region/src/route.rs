//! One weighted pair, and how clients follow it.

use std::collections::VecDeque;

use model::route::{Follows, Propagation, Route, WeightPair};
use model::{PerSide, Side, Span, Time};
use sampling::Generator;

use crate::fleet::TICK_SECONDS;
use crate::spec::ClientsSpec;

/// A change is everywhere after this long: "generally within 60 seconds" (Route 53, GetChange).
const PROPAGATION_SECONDS: (f64, f64) = (10.0, 60.0);
/// A policy instance makes a whole new group of records before it answers with them. AWS says "a
/// brief delay"; the AWS provider of Terraform waits up to four minutes.
const APPLICATION_SECONDS: (f64, f64) = (20.0, 120.0);
/// The realised share of a split with few resolvers keeps this much of its deviation from one
/// minute to the next: their answers live a minute.
const WANDER_PERSISTENCE: f64 = 0.5;

/// One weighted pair.
#[derive(Debug, Clone)]
pub(crate) struct Pair {
    pub(crate) route: Route,
    pub(crate) key: String,
    /// The part of the application's requests that come through it.
    pub(crate) traffic: f64,
    /// The weights as written.
    pub(crate) written: WeightPair,
    /// Changes on their way to the edges, oldest first.
    spreading: VecDeque<(Time, WeightPair)>,
    in_sync_since: Option<Time>,
    /// The weights that answers and requests follow.
    in_force: WeightPair,
    clients: Option<Clients>,
    propagation: Generator,
}

/// Clients behind DNS resolvers, in classes that ask again after different times.
#[derive(Debug, Clone)]
struct Clients {
    classes: Vec<Class>,
    /// Clients that faults made slow, with the time to live that made them so.
    faulty: Vec<(Span, Class)>,
    concentration: f64,
    wander: f64,
    draws: Generator,
}

#[derive(Debug, Clone, Copy)]
struct Class {
    /// The part of requests it makes.
    fraction: f64,
    /// Its realised share.
    share: f64,
    /// The part of its distance to the answered share that it covers in a tick.
    follows: f64,
}

impl Class {
    fn new(fraction: f64, ttl: Span, share: f64) -> Self {
        let follows = -libm::expm1(-TICK_SECONDS / ttl.secs_f64().max(1.0));
        Self { fraction, share, follows }
    }
}

impl Pair {
    pub(crate) fn new(
        route: Route,
        traffic: f64,
        weights: WeightPair,
        clients: &ClientsSpec,
        draws: &Generator,
    ) -> Self {
        let share = answered(weights, PerSide { ec2: true, fargate: true });
        let clients = match route.limits().follows {
            Follows::Resolvers { .. } => Some(Clients::new(clients, share, draws)),
            Follows::Requests { .. } => None,
        };
        Self {
            key: route.key(),
            route,
            traffic,
            written: weights,
            spreading: VecDeque::new(),
            in_sync_since: None,
            in_force: weights,
            clients,
            propagation: draws.fork("propagation"),
        }
    }

    /// The weights of a policy document, before anything was written.
    pub(crate) fn start_with(&mut self, weights: WeightPair) {
        self.written = weights;
        self.in_force = weights;
    }

    /// How long a policy instance takes to make its new records.
    pub(crate) fn application_time(&mut self) -> Span {
        let (low, high) = APPLICATION_SECONDS;
        millis(self.propagation.uniform_between(low, high))
    }

    /// Changes that are on their way never come into force.
    pub(crate) fn stop_spreading(&mut self) {
        self.spreading.clear();
    }

    /// Writes the weights; they are in force at once on a balancer, later in DNS.
    pub(crate) fn write(&mut self, weights: WeightPair, now: Time) {
        self.written = weights;
        if self.clients.is_none() {
            self.in_force = weights;
            return;
        }
        self.write_from(weights, now);
    }

    /// Writes weights that begin to spread through DNS at `from`.
    pub(crate) fn write_from(&mut self, weights: WeightPair, from: Time) {
        self.written = weights;
        let (low, high) = PROPAGATION_SECONDS;
        let at = from + millis(self.propagation.uniform_between(low, high));
        // A later change is never in sync before an earlier one.
        let at = self.spreading.back().map_or(at, |(before, _)| at.max(*before));
        self.spreading.push_back((at, weights));
        self.in_sync_since = None;
    }

    /// Whether the change is everywhere at `now`.
    pub(crate) fn propagation(&self, now: Time) -> Propagation {
        match self.spreading.back() {
            Some((at, _)) if *at > now => Propagation::Pending,
            Some((at, _)) => Propagation::InSync { since: Some(*at) },
            None => Propagation::InSync { since: self.in_sync_since },
        }
    }

    /// When the last change is, or was, everywhere.
    pub(crate) fn in_sync_at(&self) -> Option<Time> {
        self.spreading.back().map(|(at, _)| *at).or(self.in_sync_since)
    }

    /// Lets changes that are everywhere by `now` come into force.
    pub(crate) fn spread(&mut self, now: Time) {
        while let Some((at, weights)) = self.spreading.front().copied().filter(|(at, _)| *at <= now)
        {
            self.in_force = weights;
            self.in_sync_since = Some(at);
            self.spreading.pop_front();
        }
    }

    /// The part of this pair's requests that reach Fargate in a tick. `alive` says which sides
    /// have a healthy target.
    pub(crate) fn step(&mut self, alive: PerSide<bool>) -> f64 {
        match &mut self.clients {
            Some(clients) => clients.step(answered(self.in_force, alive)),
            // A balancer has no failover between the groups of one rule.
            None => self.in_force.share_f64(),
        }
    }

    /// Once a minute: the realised split wanders.
    pub(crate) fn wander(&mut self) {
        if let Some(clients) = &mut self.clients {
            let fresh = libm::sqrt(1.0 - WANDER_PERSISTENCE * WANDER_PERSISTENCE);
            clients.wander =
                WANDER_PERSISTENCE * clients.wander + fresh * clients.draws.standard_normal();
        }
    }

    /// Faults make these parts of the clients slow; others are well again.
    pub(crate) fn slow_clients(&mut self, slow: &[(f64, Span)]) {
        let Some(clients) = &mut self.clients else { return };
        if clients.faulty.is_empty() && slow.is_empty() {
            return;
        }
        let mut before = std::mem::take(&mut clients.faulty);
        for &(fraction, ttl) in slow {
            // Those that were slow already keep the answer they have.
            let known = before.iter().position(|(other, class)| {
                *other == ttl && class.fraction.total_cmp(&fraction).is_eq()
            });
            let class = match known {
                Some(place) => before.swap_remove(place).1,
                None => Class::new(fraction, ttl, clients.prompt_share()),
            };
            clients.faulty.push((ttl, class));
        }
    }
}

impl Clients {
    fn new(spec: &ClientsSpec, share: f64, draws: &Generator) -> Self {
        // Clients ask again at any point of the TTL: half of it has passed on average.
        let prompt = 1.0 - spec.slow.iter().map(|slow| slow.fraction).sum::<f64>();
        let half = Span::from_millis(spec.ttl.as_millis() / 2);
        let mut classes = vec![Class::new(prompt.max(0.0), half, share)];
        classes.extend(spec.slow.iter().map(|slow| Class::new(slow.fraction, slow.ttl, share)));
        Self {
            classes,
            faulty: Vec::new(),
            concentration: spec.concentration,
            wander: 0.0,
            draws: draws.fork("wander"),
        }
    }

    fn prompt_share(&self) -> f64 {
        self.classes.first().map_or(0.0, |class| class.share)
    }

    fn step(&mut self, answered: f64) -> f64 {
        let mut share = 0.0;
        for class in &mut self.classes {
            class.share += (answered - class.share) * class.follows;
            share += class.fraction * class.share;
        }
        let mut well = 1.0;
        let mut faulty = 0.0;
        for (_, class) in &mut self.faulty {
            class.share += (answered - class.share) * class.follows;
            faulty += class.fraction * class.share;
            well -= class.fraction;
        }
        let share = faulty + well.max(0.0) * share;
        let deviation = libm::sqrt((share * (1.0 - share)).max(0.0) * self.concentration);
        // Below a hundredth of a per mille nobody is left to wander.
        if !(1e-5..=1.0 - 1e-5).contains(&share) {
            return share.clamp(0.0, 1.0);
        }
        (share + deviation * self.wander).clamp(0.0, 1.0)
    }
}

/// The share that DNS answers give, as Route 53 weighs records whose targets' health it knows.
///
/// A side without a healthy target drops out of the answers. Where that leaves only records of
/// weight zero, those are answered; where no side is healthy, all are treated as healthy; where
/// all weights are zero, all are equally likely (Route 53 developer guide, "How Amazon Route 53
/// chooses records when health checking is configured").
pub(crate) fn answered(weights: WeightPair, alive: PerSide<bool>) -> f64 {
    match (alive.ec2, alive.fargate) {
        (true, false) => 0.0,
        (false, true) => 1.0,
        (true, true) | (false, false) => weights.share_f64(),
    }
}

/// The share of a pair of weights; one half where both are zero.
pub(crate) trait ShareOfWeights {
    fn share_f64(self) -> f64;
}

impl ShareOfWeights for WeightPair {
    fn share_f64(self) -> f64 {
        let total = f64::from(self.ec2) + f64::from(self.fargate);
        if total > 0.0 { f64::from(self.fargate) / total } else { 0.5 }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "seconds to minutes, never negative"
)]
fn millis(seconds: f64) -> Span {
    Span::from_millis((seconds * 1000.0) as u64)
}

/// Whether a pair of weights may be written.
pub(crate) fn weights_fault(route: &Route, weights: WeightPair) -> Option<String> {
    let max = route.limits().weight_max;
    for (side, weight) in [(Side::Ec2, weights.ec2), (Side::Fargate, weights.fargate)] {
        if weight > max {
            return Some(format!("the weight {weight} of {side} is above {max}"));
        }
    }
    (weights.ec2 == 0 && weights.fargate == 0).then(|| "all weights are zero".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unhealthy_sides_drop_out_of_answers() {
        let weights = |ec2, fargate| WeightPair { ec2, fargate };
        let alive = |ec2, fargate| PerSide { ec2, fargate };
        for (pair, health, share) in [
            (weights(75, 25), alive(true, true), 0.25),
            (weights(75, 25), alive(true, false), 0.0),
            (weights(75, 25), alive(false, true), 1.0),
            (weights(75, 25), alive(false, false), 0.25),
            // The record of weight zero is answered when all others are unhealthy.
            (weights(0, 100), alive(true, false), 0.0),
            (weights(100, 0), alive(false, true), 1.0),
            (weights(0, 0), alive(true, true), 0.5),
        ] {
            assert!((answered(pair, health) - share).abs() < 1e-12, "{pair:?} {health:?}");
        }
    }
}
