//! Whose things are: the marks that say which Ferry may change them (O1).
//!
//! A mark is a tag, or a TXT record where AWS keeps no tags. It names one migration of one
//! installation, so that neither two daemons nor two files can change the same thing in turn.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::spec::{Name, NameError};

/// The key of a tag that is a mark, and what a TXT record that is one begins with.
pub const MARK_KEY: &str = "ferry:owner";

/// The installation that is meant where none is named.
pub const INSTALLATION_DEFAULT: &str = "ferry";

/// The TXT record in which the mark of the records of `name` stands, without the final dot.
///
/// An asterisk is one only at the beginning of a name ("Using an asterisk in the names of hosted
/// zones and records", Route 53 developer guide), so that a wildcard's mark has a word in its place.
#[must_use]
pub fn mark_name(name: &str) -> String {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    match ["*.", "\\052."].iter().find_map(|star| name.strip_prefix(star)) {
        Some(rest) => format!("_ferry-wildcard.{rest}"),
        None => format!("_ferry.{name}"),
    }
}

/// Who may change a thing; written `INSTALLATION/MIGRATION`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Owner {
    /// The daemons that share a store.
    pub installation: Name,
    /// One of their migrations.
    pub migration: Name,
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.installation, self.migration)
    }
}

impl FromStr for Owner {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let (installation, migration) = text.split_once('/').unwrap_or((text, ""));
        Ok(Self { installation: installation.parse()?, migration: migration.parse()? })
    }
}

/// What the marks of all that a migration changes say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ownership {
    /// Things without a mark, in words.
    pub unmarked: Vec<String>,
    /// Things that are marked as somebody else's.
    pub others: Vec<Foreign>,
}

/// A thing that is marked as somebody else's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Foreign {
    /// The thing, in words.
    pub thing: String,
    /// The mark as it stands.
    pub owner: String,
}

impl Ownership {
    /// Whether everything carries the mark of who asked.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        self.unmarked.is_empty() && self.others.is_empty()
    }

    /// Takes note of what `thing` carries.
    pub fn note(&mut self, thing: String, mark: Option<String>, wanted: &Owner) {
        match mark {
            None => self.unmarked.push(thing),
            Some(owner) if owner == wanted.to_string() => {}
            Some(owner) => self.others.push(Foreign { thing, owner }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_stands_beside_its_name() {
        for (name, marked) in [
            ("api.example.com", "_ferry.api.example.com"),
            ("API.example.com.", "_ferry.api.example.com"),
            ("*.example.com", "_ferry-wildcard.example.com"),
            ("\\052.example.com.", "_ferry-wildcard.example.com"),
        ] {
            assert_eq!(mark_name(name), marked, "{name}");
        }
    }

    #[test]
    fn the_usual_installation_has_a_name_that_could_be_written() {
        assert_eq!(INSTALLATION_DEFAULT.parse(), Ok(Name::usual_installation()));
    }

    #[test]
    fn an_owner_is_read_as_it_is_written() {
        let owner: Owner = "ferry/tapple-api".parse().unwrap();
        assert_eq!(owner.to_string(), "ferry/tapple-api");
        for wrong in ["", "ferry", "ferry/", "/api", "ferry/Api", "a/b/c"] {
            assert!(wrong.parse::<Owner>().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn only_the_very_same_mark_is_ones_own() {
        let wanted: Owner = "ferry/api".parse().unwrap();
        let mut seen = Ownership::default();
        seen.note("one".to_owned(), Some("ferry/api".to_owned()), &wanted);
        assert!(seen.is_whole());
        seen.note("two".to_owned(), None, &wanted);
        seen.note("three".to_owned(), Some("ferry/api2".to_owned()), &wanted);
        assert_eq!(seen.unmarked, ["two"]);
        assert_eq!(seen.others, [Foreign { thing: "three".into(), owner: "ferry/api2".into() }]);
        assert!(!seen.is_whole());
    }
}
