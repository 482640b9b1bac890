//! Room for tasks on EC2 instances, and how more of it comes.

use std::collections::VecDeque;

use model::Time;
use serde::{Deserialize, Serialize};

use super::span;
use crate::Error;
use crate::error::{not_negative, positive};
use crate::normal;

/// A cluster's instances as one service sees them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RoomParameters {
    /// Tasks that fit on one instance.
    pub tasks_per_instance: u32,
    /// Instances at the start.
    pub instances: u32,
    /// The most instances there can be.
    pub instances_max: u32,
    /// From the failed placement to the order for instances, in seconds: alarms take 60 to 180.
    pub order_seconds: f64,
    /// Median time of an instance to join, in seconds.
    pub instance_seconds: f64,
    /// Sigma of its logarithm.
    pub sigma: f64,
}

impl Default for RoomParameters {
    fn default() -> Self {
        Self {
            tasks_per_instance: 4,
            instances: 10,
            instances_max: 200,
            order_seconds: 120.0,
            instance_seconds: 150.0,
            sigma: 0.25,
        }
    }
}

/// Instances that are there and instances that are coming.
#[derive(Debug, Clone, PartialEq)]
pub struct Room {
    parameters: RoomParameters,
    instances: u32,
    /// In order of arrival.
    coming: VecDeque<(Time, u32)>,
}

impl Room {
    /// The instances of the start.
    ///
    /// # Errors
    /// [`Error::Parameter`] names the first parameter that is out of range.
    pub fn new(parameters: RoomParameters) -> Result<Self, Error> {
        positive("tasksPerInstance", f64::from(parameters.tasks_per_instance))?;
        positive("orderSeconds", parameters.order_seconds)?;
        positive("instanceSeconds", parameters.instance_seconds)?;
        not_negative("sigma", parameters.sigma)?;
        let instances = parameters.instances.min(parameters.instances_max);
        Ok(Self { parameters, instances, coming: VecDeque::new() })
    }

    /// Instances that have joined.
    #[must_use]
    pub const fn instances(&self) -> u32 {
        self.instances
    }

    /// Tasks that fit in all.
    #[must_use]
    pub const fn tasks_max(&self) -> u32 {
        self.instances.saturating_mul(self.parameters.tasks_per_instance)
    }

    /// How many of `wanted` new tasks find a place beside the `placed` ones at `now`.
    ///
    /// For those that do not, instances are ordered, as many as are missing and not coming yet;
    /// `uniform` is how slow they are. The scheduler tries again, so ask again each tick.
    pub fn place(&mut self, now: Time, placed: u32, wanted: u32, uniform: f64) -> u32 {
        self.arrive(now);
        let fit = wanted.min(self.tasks_max().saturating_sub(placed));
        let missing = (wanted - fit).div_ceil(self.parameters.tasks_per_instance);
        let coming: u32 = self.coming.iter().map(|(_, count)| *count).sum();
        let room = self.parameters.instances_max.saturating_sub(self.instances + coming);
        let order = missing.saturating_sub(coming).min(room);
        if order > 0 {
            let stretch = libm::exp(self.parameters.sigma * normal::quantile(uniform));
            let joins = self.parameters.order_seconds + self.parameters.instance_seconds * stretch;
            let at = now + span(joins);
            let after = self.coming.iter().rev().take_while(|(other, _)| *other > at).count();
            self.coming.insert(self.coming.len() - after, (at, order));
        }
        fit
    }

    /// Takes instances away that carry no task, down to what `placed` tasks need.
    pub fn shrink(&mut self, placed: u32, instances_min: u32) {
        let needed = placed.div_ceil(self.parameters.tasks_per_instance).max(instances_min);
        self.instances = self.instances.min(needed.max(1));
    }

    fn arrive(&mut self, now: Time) {
        while let Some((at, count)) = self.coming.front().copied() {
            if at > now {
                break;
            }
            self.coming.pop_front();
            self.instances = self.instances.saturating_add(count);
        }
    }
}
