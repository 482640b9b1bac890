//! `kind: Settings`: what holds for all migrations of one daemon.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Span;
use crate::event::Severity;
use crate::spec::{ApiVersion, Freeze, Name, TimeZone, Window};

/// `kind: Settings`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub enum SettingsKind {
    /// The only value.
    #[default]
    Settings,
}

/// What holds for all migrations of one daemon; one such file per daemon.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Settings {
    /// `ferry/v1`.
    pub api_version: ApiVersion,
    /// `Settings`.
    pub kind: SettingsKind,
    /// How much may move at once.
    #[serde(default)]
    pub limits: Limits,
    /// No write at all while true, rollback included; observing and judging go on.
    #[serde(default)]
    pub freeze: bool,
    /// Calls per second that Ferry allows itself, by API name; absent: the built-in shares.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub api_budgets: BTreeMap<Name, ApiBudget>,
    /// Windows and freezes that hold for every migration they select, beside its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calendars: Vec<Calendar>,
    /// Outside gates that are asked before each step.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub webhooks: Vec<Webhook>,
    /// Who is told what.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notifications: Vec<Notification>,
}

/// How much may move at once, over all migrations (S7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Limits {
    /// Migrations between their first step and their bake; by default 3.
    pub stepping_at_once: u32,
    /// The same within one cluster; by default 1.
    pub per_cluster: u32,
    /// This many automatic rollbacks within `brakeWindow` stop every step forward; by default 2.
    pub failures_before_brake: u32,
    /// How long a rollback counts towards the brake; by default 24 hours.
    pub brake_window: Span,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            stepping_at_once: 3,
            per_cluster: 1,
            failures_before_brake: 2,
            brake_window: Span::from_hours(24),
        }
    }
}

/// What Ferry allows itself of one API.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ApiBudget {
    /// Calls per second, above zero.
    pub per_second: f64,
    /// Calls that may come at once; at least one.
    pub burst: u32,
}

/// Windows and freezes for many migrations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Calendar {
    /// Its name in messages.
    pub name: Name,
    /// Migrations that carry all these labels; empty: all.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Hours in which steps forward may be taken; none: always.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub windows: Vec<Window>,
    /// Days without a step forward.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub freezes: Vec<Freeze>,
    /// The zone of both; by default UTC.
    #[serde(default)]
    pub time_zone: TimeZone,
}

/// An outside gate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Webhook {
    /// Its name in messages.
    pub name: Name,
    /// Where the question is posted.
    pub url: String,
    /// Migrations that carry all these labels; empty: all.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// How long to wait for the answer; by default 10 seconds. No answer keeps the gate closed.
    #[serde(default = "webhook_timeout")]
    pub timeout: Span,
}

const fn webhook_timeout() -> Span {
    Span::from_secs(10)
}

/// Who is told what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Notification {
    /// Its name in messages.
    pub name: Name,
    /// Where messages are posted as JSON.
    pub url: String,
    /// Migrations that carry all these labels; empty: all.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// The least that is told; by default `warning`.
    #[serde(default = "warnings")]
    #[schemars(with = "String", extend("enum" = ["normal", "warning"]))]
    pub least: Severity,
}

const fn warnings() -> Severity {
    Severity::Warning
}
