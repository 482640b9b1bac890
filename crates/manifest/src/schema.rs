//! JSON Schema of the kinds, for editors and for others who write the files.

use model::settings::Settings;
use model::spec::{Migration, World};

/// A kind that has a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `kind: Migration`.
    Migration,
    /// `kind: Settings`.
    Settings,
    /// `kind: World`.
    World,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Migration, Self::Settings, Self::World];

    /// The word in files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Migration => "Migration",
            Self::Settings => "Settings",
            Self::World => "World",
        }
    }
}

/// The JSON Schema (draft 2020-12) of a kind.
///
/// It knows each field, its type and its form; what spans fields only [`crate::read`] knows.
#[must_use]
pub fn schema(kind: Kind) -> serde_json::Value {
    let schema = match kind {
        Kind::Migration => schemars::schema_for!(Migration),
        Kind::Settings => schemars::schema_for!(Settings),
        Kind::World => schemars::schema_for!(World),
    };
    schema.to_value()
}
