//! The directory, and what of it is in force.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use model::settings::Settings;

use crate::SETTINGS;
use crate::files::{self, Content, Entry, Listing, Reading};
use crate::look::{Look, Taken};
use crate::vanished::{Fate, Missing, Names, decide};

/// More are not read by anybody; the files with further ones are mended one after the other.
const PROBLEMS_MAX: usize = 200;

/// A directory of desired-state files.
#[derive(Debug)]
pub struct Source {
    directory: PathBuf,
    /// What the last look listed.
    listing: Option<Result<Listing, String>>,
    readings: BTreeMap<String, Reading>,
    taken: Taken,
    /// Remembered names of which no document has been taken yet.
    unknown: Names,
    /// Names that the last look missed.
    missing: Names,
    asked: Names,
    confirmed: Option<Names>,
    /// The next look decides something even if no file changes.
    due: bool,
    /// The directory has been read once.
    begun: bool,
}

/// A confirmation of something else than what waits for one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the removal of {} does not wait for a confirmation{}", words(.named),
    if .pending.is_empty() { ", and nothing else does".to_owned() } else {
        format!(": that of {} does; look again and confirm exactly those names", words(.pending))
    }
)]
pub struct NotPending {
    /// What was to be confirmed.
    pub named: BTreeSet<String>,
    /// What waits.
    pub pending: BTreeSet<String>,
}

impl Source {
    /// A directory that has not been looked at yet. `remembered` are the names that were managed
    /// when the last process ended, [`SETTINGS`] among them if there were settings, so that what
    /// vanished meanwhile is noticed.
    #[must_use]
    pub fn new(directory: PathBuf, remembered: BTreeSet<String>) -> Self {
        Self {
            directory,
            listing: None,
            readings: BTreeMap::new(),
            taken: Taken::default(),
            unknown: remembered,
            missing: Names::new(),
            asked: Names::new(),
            confirmed: None,
            due: false,
            begun: false,
        }
    }

    /// Reads what changed since the last look. `None`: nothing did, which costs the metadata of
    /// each file. Reads files, so it may take as long as the disk does.
    pub fn look(&mut self) -> Option<Look> {
        let listing = files::list(&self.directory);
        let is_news = listing.as_ref().is_ok_and(|listing| self.read(listing))
            || self.listing.as_ref() != Some(&listing);
        if !is_news && !self.due {
            return None;
        }
        self.due = false;
        let problems = match &listing {
            Ok(_) => self.take(),
            Err(unreadable) => {
                self.missing.clear();
                vec![unreadable.clone()]
            }
        };
        let files = listing.as_ref().map_or(0, Listing::len);
        self.listing = Some(listing);
        Some(self.shown(problems, files))
    }

    /// Confirms the removal of exactly these names, to be taken by the next look. If more or
    /// fewer are missing by then, it is asked again.
    ///
    /// # Errors
    ///
    /// When these are not the names in [`Look::unconfirmed`] of the last look.
    pub fn confirm(&mut self, names: &BTreeSet<String>) -> Result<(), NotPending> {
        if names.is_empty() || *names != self.asked {
            return Err(NotPending { named: names.clone(), pending: self.asked.clone() });
        }
        self.confirmed = Some(names.clone());
        self.due = true;
        Ok(())
    }

    /// Reads the files whose stamp changed. Whether any was read with another result.
    fn read(&mut self, listing: &Listing) -> bool {
        let before = self.readings.len();
        self.readings.retain(|file, _| listing.contains_key(file));
        let mut is_news = self.readings.len() != before;
        for (file, stamp) in listing {
            let last = self.readings.get(file);
            if last.is_some_and(|last| last.stamp == *stamp && !last.retry) {
                continue;
            }
            let mut reading = files::read(&self.directory, file, stamp);
            let is_same = last.is_some_and(|last| last.says_the_same_as(&reading));
            // Times of files are as coarse as the kernel's ticks: one more reading at the next
            // look finds what was written in the same tick as this one.
            reading.retry |= !is_same;
            is_news |= !is_same;
            self.readings.insert(file.clone(), reading);
        }
        is_news
    }

    /// Takes what the files say, as far as it can be taken. What cannot, in words.
    fn take(&mut self) -> Vec<String> {
        if !self.begun {
            self.begun = true;
            if self.readings.values().any(|reading| reading.content.mentions_settings()) {
                self.unknown.insert(SETTINGS.to_owned());
            }
        }
        let (files, mut problems) = self.candidate();
        let missing = self.missing_from(&files);
        let fate = decide(&Missing {
            names: &missing,
            before: &self.missing,
            unknown: &self.unknown,
            asked: &self.asked,
            confirmed: self.confirmed.as_ref(),
            others_remain: files.values().flatten().any(|entry| entry.migration.is_some()),
            all_read: problems.is_empty(),
        });
        let stay = self
            .taken
            .entries()
            .filter(|entry| missing.contains(&entry.name) && !fate.removed.contains(&entry.name));
        let kept = stay.map(|entry| (entry.name.clone(), Arc::clone(entry))).collect();
        let candidate = Taken { files, kept };
        let contradictions = manifest::check_set(candidate.entries().map(|it| &it.document));
        problems.extend(contradictions.iter().map(ToString::to_string));
        if contradictions.is_empty() {
            self.unknown.retain(|name| missing.contains(name) && !fate.removed.contains(name));
            self.taken = candidate;
        }
        self.note(fate, missing, contradictions.is_empty());
        problems
    }

    /// Remembers what was decided about missing names, for the next look.
    fn note(&mut self, fate: Fate, missing: Names, is_taken: bool) {
        let Fate { removed, asked, by_confirmation, undecided } = fate;
        self.missing = missing;
        self.due = undecided;
        // A removal that was confirmed and contradicts another document stays confirmed: it is
        // taken when that document is mended.
        if by_confirmation && !is_taken {
            self.asked = removed;
        } else {
            self.asked = asked;
            self.confirmed = None;
        }
    }

    /// The documents of each file, the last good ones where it has a problem; and the problems.
    fn candidate(&self) -> (BTreeMap<String, Vec<Arc<Entry>>>, Vec<String>) {
        let mut candidate = BTreeMap::new();
        let mut problems = Vec::new();
        for (file, reading) in &self.readings {
            let entries = match &reading.content {
                Content::Documents(entries) => Some(entries),
                Content::Problems { said, .. } => {
                    problems.extend(said.iter().cloned());
                    self.taken.files.get(file)
                }
            };
            if let Some(entries) = entries {
                candidate.insert(file.clone(), entries.clone());
            }
        }
        (candidate, problems)
    }

    /// The names in force, or remembered, that no file holds.
    fn missing_from(&self, files: &BTreeMap<String, Vec<Arc<Entry>>>) -> Names {
        let found: BTreeSet<&String> = files.values().flatten().map(|entry| &entry.name).collect();
        let known = self.taken.entries().map(|entry| &entry.name).chain(&self.unknown);
        known.filter(|name| !found.contains(name)).cloned().collect()
    }

    fn shown(&self, mut problems: Vec<String>, files: usize) -> Look {
        let held: Names = self.unknown.difference(&self.asked).cloned().collect();
        if problems.len() > PROBLEMS_MAX {
            let more = problems.len() - PROBLEMS_MAX;
            problems.truncate(PROBLEMS_MAX);
            problems.push(format!("{more} more problems are not shown, mend those above first"));
        }
        if !problems.is_empty() && !held.is_empty() {
            problems.push(format!(
                "no document is known of {}, managed before the restart; held as they are until \
                 the problems above are mended",
                words(&held)
            ));
        }
        if !self.asked.is_empty() {
            problems.push(format!(
                "no file holds {} any more; kept until exactly these names are confirmed, or \
                 their files are back",
                words(&self.asked)
            ));
        }
        let settings = self.taken.settings().cloned().unwrap_or_else(|| Settings {
            freeze: self.unknown.contains(SETTINGS),
            ..Settings::default()
        });
        if self.unknown.contains(SETTINGS) {
            problems.push(
                "the settings are not known; everything is frozen until their file can be read, or \
                 their removal is asked for and confirmed"
                    .to_owned(),
            );
        }
        Look {
            migrations: self.taken.migrations(),
            settings,
            problems,
            unconfirmed: self.asked.clone(),
            held,
            files,
            hash: self.taken.hash(),
        }
    }
}

fn words(names: &Names) -> String {
    /// Enough to recognise what happened.
    const NAMES_MAX: usize = 20;
    if names.is_empty() {
        return "nothing".to_owned();
    }
    let mut shown: Vec<String> =
        names.iter().take(NAMES_MAX).map(|name| format!("`{name}`")).collect();
    if names.len() > NAMES_MAX {
        shown.push(format!("{} more", names.len() - NAMES_MAX));
    }
    shown.join(", ")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// The stamp of the first version is made that of the second, as it is when both were written
    /// within one tick of the kernel's clock.
    #[test]
    fn a_second_write_in_the_same_tick_is_found_by_the_next_look() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("settings.yaml");
        let settings = |at_once: u32| {
            format!("apiVersion: ferry/v1\nkind: Settings\nlimits: {{perCluster: {at_once}}}\n")
        };
        fs::write(&file, settings(1)).unwrap();
        let mut source = Source::new(directory.path().to_owned(), Names::new());
        assert_eq!(source.look().unwrap().settings.limits.per_cluster, 1);
        fs::write(&file, settings(2)).unwrap();
        let listing = files::list(directory.path()).unwrap();
        let reading = source.readings.get_mut("settings.yaml").unwrap();
        reading.stamp = listing["settings.yaml"].clone();
        source.listing = Some(Ok(listing));
        assert_eq!(source.look().unwrap().settings.limits.per_cluster, 2);
        assert_eq!(source.look(), None);
    }
}
