//! Conditions.

use serde::{Deserialize, Serialize};

/// Conditions of a migration.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Conditions(Vec<()>);
