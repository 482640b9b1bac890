//! S7 and L3: what holds for all migrations together.

use std::collections::BTreeMap;

use controller::{Pass, Tick};
use model::settings::Settings;
use model::status::RollbackReason;
use model::{Share, Time};
use region::SimulatedCloud;
use region::journal::{Author, Change, Entry};

use super::{Verdicts, Violation, Watched};

/// What is remembered of all migrations together.
#[derive(Debug, Clone)]
pub(super) struct Fleet {
    settings: Settings,
    /// When attempts were rolled back automatically, by migration.
    failures: Vec<(Time, String)>,
}

impl Fleet {
    pub(super) fn new(settings: &Settings) -> Self {
        Self { settings: settings.clone(), failures: Vec::new() }
    }

    /// L3: every migration has its pass in every tick, whatever becomes of the others.
    #[expect(clippy::unused_self, reason = "a check of the fleet like the other")]
    pub(super) fn every_one_is_passed(
        &self,
        tick: &Tick,
        watched: &BTreeMap<String, Watched>,
        violations: &mut Vec<Violation>,
    ) {
        for name in watched.keys() {
            let passes = tick.passes.iter().filter(|pass| pass.name == *name).count();
            if passes != 1 {
                let mut verdicts = Verdicts { migration: name, into: violations };
                verdicts.broken("L3", tick.at, format!("{passes} passes in one tick"));
            }
        }
    }

    /// S7: a migration starts only while fewer than the limit are on their way, counted by their
    /// true weights, and none moves on while the brake is on. What is on its way goes on, also
    /// where a person put more there than the limit would have let start.
    pub(super) fn within_limits(
        &mut self,
        world: &SimulatedCloud,
        tick: &Tick,
        changes: &[Entry],
        watched: &BTreeMap<String, Watched>,
        violations: &mut Vec<Violation>,
    ) {
        let limits = self.settings.limits;
        self.failures.retain(|(at, _)| tick.at.since(*at) < limits.brake_window);
        let braked = self.failures.len() >= count(limits.failures_before_brake);
        for pass in &tick.passes {
            let Some(owner) = watched.get(&pass.name) else { continue };
            let Some((at, from)) = first_rise(owner, changes) else { continue };
            let mut verdicts = Verdicts { migration: &pass.name, into: violations };
            if braked {
                let failures = self.failures.len();
                verdicts.broken("S7", at, format!("a step after {failures} rollbacks"));
            }
            if from > Share::ZERO {
                continue;
            }
            let on_their_way: Vec<&Pass> = tick
                .passes
                .iter()
                .filter(|other| {
                    watched.get(&other.name).is_some_and(|o| is_stepping(world, o, other))
                })
                .collect();
            let in_cluster =
                on_their_way.iter().filter(|other| shares_cluster(watched, pass, other));
            let in_cluster = in_cluster.count();
            if on_their_way.len() > count(limits.stepping_at_once) {
                let number = on_their_way.len();
                verdicts.broken("S7", at, format!("a step with {number} on their way"));
            }
            if in_cluster > count(limits.per_cluster) {
                verdicts.broken("S7", at, format!("a step with {in_cluster} in one cluster"));
            }
        }
        for pass in &tick.passes {
            self.note_failure(pass);
        }
    }

    fn note_failure(&mut self, pass: &Pass) {
        let Some(latch) = &pass.plan.status.latch else { return };
        let is_automatic = match latch.reason {
            RollbackReason::Verdict { .. } | RollbackReason::CapacityLost { .. } => true,
            RollbackReason::ShareLowered
            | RollbackReason::Operator { .. }
            | RollbackReason::MovedByHand => false,
        };
        let entry = (latch.at, pass.name.clone());
        if is_automatic && !self.failures.contains(&entry) {
            self.failures.push(entry);
        }
    }
}

/// When Ferry first raised the share of `owner` in this tick, and from where.
fn first_rise(owner: &Watched, changes: &[Entry]) -> Option<(Time, Share)> {
    changes.iter().find_map(|entry| match &entry.change {
        Change::Weights { before, after, .. }
            if entry.author == Author::Caller
                && entry.outcome.made()
                && owner.owns(&entry.change) =>
        {
            let before = before.share()?;
            (after.share()? > before).then_some((entry.at, before))
        }
        Change::Weights { .. }
        | Change::Desired { .. }
        | Change::Bounds { .. }
        | Change::Scheduled { .. }
        | Change::PolicyVersion { .. }
        | Change::Nothing => None,
    })
}

/// Whether a migration is between its first step and its goal, by its true weights.
fn is_stepping(world: &SimulatedCloud, owner: &Watched, pass: &Pass) -> bool {
    let truth = owner.index.and_then(|index| world.with(|region| region.truth(index)));
    let Some(truth) = truth else { return false };
    let status = &pass.plan.status;
    let wanted = status.share.wanted.unwrap_or(Share::FULL);
    let is_there = status.full_since.is_some() || truth.share_max >= wanted;
    truth.share_max > Share::ZERO && !is_there && status.latch.is_none()
}

fn shares_cluster(watched: &BTreeMap<String, Watched>, one: &Pass, other: &Pass) -> bool {
    let clusters = |pass: &Pass| watched.get(&pass.name).map(|w| w.managed.services.clone());
    match (clusters(one), clusters(other)) {
        (Some(one), Some(other)) => {
            one.iter().any(|(_, one)| other.iter().any(|(_, other)| one.cluster == other.cluster))
        }
        _ => false,
    }
}

fn count(limit: u32) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX)
}
