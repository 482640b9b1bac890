//! A check as data, and what it finds.

use std::fmt;

use serde::Serialize;

use crate::scene::Scene;

/// One question to a landscape.
#[derive(Debug, Clone, Copy)]
pub struct Check {
    /// Its stable name.
    pub id: &'static str,
    /// How grave what it finds is.
    pub severity: Severity,
    /// What it finds, as a clause: "a record ... has a TTL above 60 s".
    pub finds: &'static str,
    /// What to do about it, in the imperative.
    pub remedy: &'static str,
    pub(crate) look: fn(&Scene<'_>, &mut Said),
}

impl Check {
    pub(crate) fn look(&self, scene: &Scene<'_>) -> Vec<Finding> {
        let mut said = Said::default();
        (self.look)(scene, &mut said);
        let finding = |(said, remedy, command): (String, Option<String>, Option<String>)| Finding {
            check: self.id,
            severity: self.severity,
            migration: scene.name().to_owned(),
            said,
            remedy: remedy.unwrap_or_else(|| self.remedy.to_owned()),
            command,
        };
        said.0.into_iter().map(finding).collect()
    }
}

/// How grave a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Severity {
    /// The migration cannot go well like this.
    Blocker,
    /// It may go wrong, or go slower.
    Warning,
    /// Ferry has no client for what would tell: a person has to look.
    LookYourself,
    /// Good to know.
    Info,
}

impl Severity {
    /// All of them, gravest first.
    pub const ALL: [Self; 4] = [Self::Blocker, Self::Warning, Self::LookYourself, Self::Info];

    /// The word in JSON and in documents.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Blocker => "blocker",
            Self::Warning => "warning",
            Self::LookYourself => "lookYourself",
            Self::Info => "info",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Something that a check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// The check's id.
    pub check: &'static str,
    /// How grave it is.
    pub severity: Severity,
    /// The migration it is about.
    pub migration: String,
    /// What was seen, as a sentence.
    pub said: String,
    /// What to do, in the imperative.
    pub remedy: String,
    /// The command to look with, where one shows more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
}

/// What a check says: what was seen, a remedy where the check's own is too general, a command.
#[derive(Debug, Default)]
pub(crate) struct Said(Vec<(String, Option<String>, Option<String>)>);

impl Said {
    /// What was seen; the remedy is the check's own.
    pub(crate) fn seen(&mut self, said: impl Into<String>) {
        self.0.push((said.into(), None, None));
    }

    /// What was seen, and what to do in this case.
    pub(crate) fn remedied(&mut self, said: impl Into<String>, remedy: impl Into<String>) {
        self.0.push((said.into(), Some(remedy.into()), None));
    }

    /// What cannot be seen from here, and the command that shows it.
    pub(crate) fn look_with(&mut self, said: impl Into<String>, command: impl Into<String>) {
        self.0.push((said.into(), None, Some(command.into())));
    }
}
