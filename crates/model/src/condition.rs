//! Conditions with the meaning they have in Kubernetes: observations, not states of a machine.
//!
//! Each type stands at most once; one that was never set is `Unknown`. The summary of a migration,
//! which is bounded work, is [`ConditionType::Succeeded`] and stands first in every listing.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Time;

mod unacted;

pub use unacted::{fields_not_acted_on, settings_not_acted_on};

/// What a condition is about; an adjective or a past participle, in the order of listings.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum ConditionType {
    /// The summary: all traffic is on Fargate, the bake and the drain are over.
    Succeeded,
    /// The spec was read, is valid and can be carried out as far as can be seen.
    Accepted,
    /// Something is being done now, or waited for with a known end.
    Progressing,
    /// Nothing will change without somebody: the reason says what is missing.
    Stalled,
    /// The service level is in danger or cannot be seen on a side that takes traffic.
    Degraded,
    /// Traffic went back to EC2 and stays there until `spec.attempt` is raised or `resume`.
    RolledBack,
    /// Both sides run the tasks that the next share, and the way back from it, need.
    CapacityReady,
    /// The wanted share is live and the measured share agrees with it.
    ShareReached,
    /// Fargate was proven at the present share.
    Verified,
    /// Minutes of both sides arrive, complete and in time.
    DataAvailable,
    /// Weights, floors or services differ from what Ferry last set.
    Drifted,
    /// The time at the last step is over without a reason to go back.
    Baked,
    /// EC2 is quiet.
    Drained,
    /// The spec asks for things that this version reads but does not do.
    FieldsNotActedOn,
    /// No step forward is taken because an operator said so.
    Paused,
    /// Its file is gone: nothing is looked at or changed any more.
    Orphaned,
}

impl ConditionType {
    /// Every type, the summary first.
    pub const ALL: [Self; 16] = [
        Self::Succeeded,
        Self::Accepted,
        Self::Progressing,
        Self::Stalled,
        Self::Degraded,
        Self::RolledBack,
        Self::CapacityReady,
        Self::ShareReached,
        Self::Verified,
        Self::DataAvailable,
        Self::Drifted,
        Self::Baked,
        Self::Drained,
        Self::FieldsNotActedOn,
        Self::Paused,
        Self::Orphaned,
    ];

    /// The word in files, labels and messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Succeeded => "Succeeded",
            Self::Accepted => "Accepted",
            Self::Progressing => "Progressing",
            Self::Stalled => "Stalled",
            Self::Degraded => "Degraded",
            Self::RolledBack => "RolledBack",
            Self::CapacityReady => "CapacityReady",
            Self::ShareReached => "ShareReached",
            Self::Verified => "Verified",
            Self::DataAvailable => "DataAvailable",
            Self::Drifted => "Drifted",
            Self::Baked => "Baked",
            Self::Drained => "Drained",
            Self::FieldsNotActedOn => "FieldsNotActedOn",
            Self::Paused => "Paused",
            Self::Orphaned => "Orphaned",
        }
    }
}

impl fmt::Display for ConditionType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for ConditionType {
    type Err = UnknownConditionType;

    fn from_str(text: &str) -> Result<Self, UnknownConditionType> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.name() == text)
            .ok_or_else(|| UnknownConditionType(text.to_owned()))
    }
}

/// A condition type that this version does not know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a condition")]
pub struct UnknownConditionType(String);

/// Whether a condition holds.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub enum ConditionStatus {
    /// It holds.
    True,
    /// It does not hold.
    False,
    /// It is not known whether it holds.
    #[default]
    Unknown,
}

impl From<bool> for ConditionStatus {
    fn from(holds: bool) -> Self {
        if holds { Self::True } else { Self::False }
    }
}

impl fmt::Display for ConditionStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// One word for programs: letters and digits, the first an upper-case letter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct Reason(Cow<'static, str>);

impl Reason {
    /// The word.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn is_valid(text: &str) -> bool {
        text.starts_with(|c: char| c.is_ascii_uppercase())
            && text.bytes().all(|b| b.is_ascii_alphanumeric())
    }

    fn made_of(text: &str) -> Self {
        let mut word = String::new();
        let mut capital = true;
        for letter in text.chars() {
            if !letter.is_ascii_alphanumeric() || (word.is_empty() && letter.is_ascii_digit()) {
                capital = true;
            } else if capital {
                word.push(letter.to_ascii_uppercase());
                capital = false;
            } else {
                word.push(letter);
            }
        }
        if word.is_empty() { Self(Cow::Borrowed("Unspecified")) } else { Self(Cow::Owned(word)) }
    }
}

/// Anything that is not already such a word is made into one: `too slow` is `TooSlow`, and nothing
/// at all is `Unspecified`, since a condition without a reason is of no use to a program.
impl From<&'static str> for Reason {
    fn from(text: &'static str) -> Self {
        if Self::is_valid(text) { Self(Cow::Borrowed(text)) } else { Self::made_of(text) }
    }
}

impl<'de> Deserialize<'de> for Reason {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Ok(if Self::is_valid(&text) { Self(Cow::Owned(text)) } else { Self::made_of(&text) })
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One observation of a migration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    /// What it is about.
    #[serde(rename = "type")]
    pub kind: ConditionType,
    /// Whether it holds.
    pub status: ConditionStatus,
    /// The generation of the spec that this was seen under.
    pub observed_generation: u64,
    /// When `status` last changed.
    pub last_transition_time: Time,
    /// Why, for programs.
    pub reason: Reason,
    /// Why, for people: a full sentence.
    pub message: String,
}

/// The conditions of one migration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Conditions(BTreeMap<ConditionType, Condition>);

impl Conditions {
    /// Records what was seen of `kind` at `now` under `generation` of the spec.
    ///
    /// The transition time stays unless the status changes. Returns whether anything but the
    /// generation changed: what is worth an event.
    pub fn set(
        &mut self,
        now: Time,
        generation: u64,
        kind: ConditionType,
        status: ConditionStatus,
        reason: impl Into<Reason>,
        message: impl Into<String>,
    ) -> bool {
        let before = self.0.get(&kind);
        let last_transition_time = match before {
            Some(before) if before.status == status => before.last_transition_time,
            Some(_) | None => now,
        };
        let condition = Condition {
            kind,
            status,
            observed_generation: generation,
            last_transition_time,
            reason: reason.into(),
            message: message.into(),
        };
        let changed = before.is_none_or(|before| {
            (before.status, &before.reason, &before.message)
                != (condition.status, &condition.reason, &condition.message)
        });
        self.0.insert(kind, condition);
        changed
    }

    /// What was seen of `kind`; `None` if it was never set, which means unknown.
    #[must_use]
    pub fn get(&self, kind: ConditionType) -> Option<&Condition> {
        self.0.get(&kind)
    }

    /// The status of `kind`, unknown if it was never set.
    #[must_use]
    pub fn status(&self, kind: ConditionType) -> ConditionStatus {
        self.get(kind).map_or(ConditionStatus::Unknown, |condition| condition.status)
    }

    /// Whether `kind` is known to hold.
    #[must_use]
    pub fn is_true(&self, kind: ConditionType) -> bool {
        self.status(kind) == ConditionStatus::True
    }

    /// Takes out what no longer applies at all; the type is unknown again.
    pub fn remove(&mut self, kind: ConditionType) -> Option<Condition> {
        self.0.remove(&kind)
    }

    /// All that were set, the summary first.
    pub fn iter(&self) -> impl Iterator<Item = &Condition> {
        self.0.values()
    }
}

/// A list, as in Kubernetes, so that a reader may rely on its order.
impl Serialize for Conditions {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

/// Types of another version are passed over: stored status must outlive up- and downgrades.
impl<'de> Deserialize<'de> for Conditions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Stored {
            #[serde(rename = "type")]
            kind: String,
            status: ConditionStatus,
            observed_generation: u64,
            last_transition_time: Time,
            reason: Reason,
            message: String,
        }
        let known = Vec::<Stored>::deserialize(deserializer)?.into_iter().filter_map(|stored| {
            let kind = stored.kind.parse().ok()?;
            let condition = Condition {
                kind,
                status: stored.status,
                observed_generation: stored.observed_generation,
                last_transition_time: stored.last_transition_time,
                reason: stored.reason,
                message: stored.message,
            };
            Some((kind, condition))
        });
        Ok(Self(known.collect()))
    }
}

impl JsonSchema for Conditions {
    fn schema_name() -> Cow<'static, str> {
        "Conditions".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let condition = generator.subschema_for::<Condition>();
        json_schema!({"type": "array", "items": condition})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(conditions: &mut Conditions, at: i64, generation: u64, status: ConditionStatus) -> bool {
        conditions.set(
            Time::from_secs(at),
            generation,
            ConditionType::Progressing,
            status,
            "Stepping",
            "On the way.",
        )
    }

    #[test]
    fn transition_time_stays_unless_the_status_changes() {
        let mut conditions = Conditions::default();
        assert!(set(&mut conditions, 10, 1, ConditionStatus::True));
        assert!(!set(&mut conditions, 20, 2, ConditionStatus::True), "nothing to tell");
        let seen = conditions.get(ConditionType::Progressing).unwrap();
        assert_eq!(seen.last_transition_time, Time::from_secs(10));
        assert_eq!(seen.observed_generation, 2);
        assert!(set(&mut conditions, 30, 2, ConditionStatus::Unknown));
        let seen = conditions.get(ConditionType::Progressing).unwrap();
        assert_eq!(seen.last_transition_time, Time::from_secs(30));
        // A change of words is told, but is no transition.
        let (kind, status) = (ConditionType::Progressing, ConditionStatus::Unknown);
        assert!(conditions.set(Time::from_secs(40), 2, kind, status, "Waiting", "For a window."));
        let seen = conditions.get(ConditionType::Progressing).unwrap();
        assert_eq!(seen.last_transition_time, Time::from_secs(30));
    }

    #[test]
    fn what_was_never_set_is_unknown() {
        let conditions = Conditions::default();
        for kind in ConditionType::ALL {
            assert_eq!(conditions.status(kind), ConditionStatus::Unknown);
            assert!(!conditions.is_true(kind));
            assert_eq!(kind.name().parse(), Ok(kind));
        }
    }

    #[test]
    fn listings_keep_their_order_with_the_summary_first() {
        let mut conditions = Conditions::default();
        for kind in ConditionType::ALL.into_iter().rev() {
            conditions.set(Time::from_secs(0), 1, kind, ConditionStatus::False, "New", "New.");
        }
        let listed: Vec<_> = conditions.iter().map(|condition| condition.kind).collect();
        assert_eq!(listed, ConditionType::ALL);
        assert_eq!(listed[0], ConditionType::Succeeded);
    }

    #[test]
    fn stored_conditions_of_another_version_are_passed_over() {
        let mut conditions = Conditions::default();
        set(&mut conditions, 10, 1, ConditionStatus::True);
        let mut json = serde_json::to_value(&conditions).unwrap();
        let mut other = json[0].clone();
        other["type"] = "Levitated".into();
        json.as_array_mut().unwrap().push(other);
        assert_eq!(serde_json::from_value::<Conditions>(json).unwrap(), conditions);
    }

    #[test]
    fn reasons_are_always_one_word() {
        for (text, reason) in [
            ("ProvenWorse", "ProvenWorse"),
            ("too slow", "TooSlow"),
            ("5xx", "Xx"),
            ("", "Unspecified"),
            ("--", "Unspecified"),
        ] {
            assert_eq!(Reason::from(text).as_str(), reason);
        }
    }
}
