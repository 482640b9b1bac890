//! What becomes of names of which no document is left.

use std::collections::BTreeSet;

use crate::SETTINGS;

pub(crate) type Names = BTreeSet<String>;

/// What is known when names are missing.
pub(crate) struct Missing<'a> {
    /// All that are missing.
    pub(crate) names: &'a Names,
    /// Those among them that the look before missed too.
    pub(crate) before: &'a Names,
    /// Remembered names of which this process has never seen a document.
    pub(crate) unknown: &'a Names,
    /// Names whose removal was asked for already.
    pub(crate) asked: &'a Names,
    /// Names whose removal was confirmed since.
    pub(crate) confirmed: Option<&'a Names>,
    /// Whether a migration remains.
    pub(crate) others_remain: bool,
    /// Whether every file could be read.
    pub(crate) all_read: bool,
}

/// What becomes of missing names; those in neither set are kept without asking.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Fate {
    pub(crate) removed: Names,
    pub(crate) asked: Names,
    /// The removal follows a confirmation.
    pub(crate) by_confirmation: bool,
    /// The next look has to decide, even if nothing changes until then.
    pub(crate) undecided: bool,
}

pub(crate) fn decide(missing: &Missing<'_>) -> Fate {
    let Missing { names, before, unknown, asked, confirmed, others_remain, all_read } = missing;
    // While a file cannot be read, a name that is only remembered may stand in it.
    let askable: Names =
        names.iter().filter(|name| *all_read || !unknown.contains(*name)).cloned().collect();
    if askable.is_empty() {
        return Fate::default();
    }
    if *confirmed == Some(&askable) {
        return Fate { removed: askable, by_confirmation: true, ..Fate::default() };
    }
    let is_one = names.len() == 1 && *others_remain;
    let must_ask = names.contains(SETTINGS) || !asked.is_disjoint(names);
    if !is_one || must_ask {
        return Fate { asked: askable, ..Fate::default() };
    }
    if !before.is_superset(names) {
        return Fate { undecided: true, ..Fate::default() };
    }
    if *all_read {
        Fate { removed: askable, ..Fate::default() }
    } else {
        Fate { asked: askable, ..Fate::default() }
    }
}
