//! The two sides of a migration.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The EC2 service or its Fargate twin.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "camelCase")]
pub enum Side {
    /// The service on EC2 instances: where traffic comes from and goes back to.
    Ec2,
    /// The twin on Fargate.
    Fargate,
}

impl Side {
    /// Both sides, EC2 first: the order of every listing.
    pub const ALL: [Self; 2] = [Self::Ec2, Self::Fargate];

    /// The side that is not this one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Ec2 => Self::Fargate,
            Self::Fargate => Self::Ec2,
        }
    }

    /// The word used in files, labels and messages: `ec2` or `fargate`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ec2 => "ec2",
            Self::Fargate => "fargate",
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ec2 => "EC2",
            Self::Fargate => "Fargate",
        })
    }
}

/// One value for each side.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PerSide<T> {
    /// EC2's value.
    pub ec2: T,
    /// Fargate's value.
    pub fargate: T,
}

impl<T> PerSide<T> {
    /// Builds both values with `of`.
    pub fn from_fn(mut of: impl FnMut(Side) -> T) -> Self {
        Self { ec2: of(Side::Ec2), fargate: of(Side::Fargate) }
    }

    /// The value of one side.
    pub const fn get(&self, side: Side) -> &T {
        match side {
            Side::Ec2 => &self.ec2,
            Side::Fargate => &self.fargate,
        }
    }

    /// The value of one side, to change.
    pub const fn get_mut(&mut self, side: Side) -> &mut T {
        match side {
            Side::Ec2 => &mut self.ec2,
            Side::Fargate => &mut self.fargate,
        }
    }

    /// Both values, EC2 first.
    pub fn iter(&self) -> impl Iterator<Item = (Side, &T)> {
        [(Side::Ec2, &self.ec2), (Side::Fargate, &self.fargate)].into_iter()
    }

    /// Each value put through `f`.
    pub fn map<U>(self, mut f: impl FnMut(T) -> U) -> PerSide<U> {
        PerSide { ec2: f(self.ec2), fargate: f(self.fargate) }
    }
}
