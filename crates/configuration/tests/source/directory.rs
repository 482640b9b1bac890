//! A real directory with real files, for the tests.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use configuration::{Look, Source};
use model::spec::{Migration, Target};

pub(crate) struct Directory(tempfile::TempDir);

impl Directory {
    pub(crate) fn with(files: &[(&str, String)]) -> Self {
        let directory = Self(tempfile::tempdir().expect("a directory is made"));
        for (file, text) in files {
            directory.write(file, text);
        }
        directory
    }

    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.0.path().join(file)
    }

    /// Writes in place.
    pub(crate) fn write(&self, file: &str, text: impl AsRef<[u8]>) {
        fs::write(self.path(file), text).expect("a file is written");
    }

    pub(crate) fn remove(&self, files: &[&str]) {
        for file in files {
            fs::remove_file(self.path(file)).expect("the file is there");
        }
    }

    pub(crate) fn rename(&self, from: &str, to: &str) {
        fs::rename(self.path(from), self.path(to)).expect("the file is there");
    }

    pub(crate) fn source(&self) -> Source {
        self.restarted(&[])
    }

    pub(crate) fn restarted(&self, remembered: &[&str]) -> Source {
        Source::new(self.0.path().to_owned(), names(remembered))
    }
}

pub(crate) fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// A valid migration to `share`, at line 1 of its document.
pub(crate) fn migration(name: &str, share: &str) -> String {
    format!(
        "apiVersion: ferry/v1
kind: Migration
metadata: {{name: {name}}}
spec:
  aws: {{region: ap-northeast-1}}
  ec2: {{cluster: prd, service: {name}}}
  fargate: {{cluster: prd, service: {name}-fargate}}
  workload: {{type: loadBalanced}}
  traffic:
    router: {{type: route53Weighted, hostedZoneId: Z1, records: [{{name: {name}.example.com, type: A}}], ec2SetIdentifier: ec2, fargateSetIdentifier: fargate}}
    share: {share}
  slos: [{{name: up, availability: {{objective: 99%}}}}]
"
    )
}

/// As [`migration`], waiting for another.
pub(crate) fn dependent(name: &str, on: &str) -> String {
    let depends = format!("spec:\n  dependsOn: [{{name: {on}}}]\n");
    migration(name, "10%").replacen("spec:\n", &depends, 1)
}

pub(crate) fn settings(freeze: bool) -> String {
    format!("apiVersion: ferry/v1\nkind: Settings\nfreeze: {freeze}\n")
}

/// The managed names, each with the share it is to have.
pub(crate) fn shares(look: &Look) -> Vec<String> {
    let shown = look.migrations.iter().map(|(name, desired)| {
        assert_eq!(name, desired.migration.name().as_str());
        let share = share(&desired.migration);
        format!("{name} {share}")
    });
    shown.collect()
}

fn share(migration: &Migration) -> String {
    match &migration.spec.traffic.target {
        Target::Share(share) => share.to_string(),
        Target::Rollout(_) => panic!("the files of these tests say a share"),
    }
}

/// The next look, which must find something new.
pub(crate) fn news(source: &mut Source) -> Look {
    source.look().expect("something changed")
}

/// The next look, which must take everything.
pub(crate) fn taken(source: &mut Source) -> Look {
    let look = news(source);
    assert_eq!(look.problems, Vec::<String>::new());
    look
}

/// Looks until nothing is new, as the daemon does; the last look that was.
pub(crate) fn settled(source: &mut Source) -> Look {
    let mut last = news(source);
    for _ in 0..5 {
        match source.look() {
            Some(look) => last = look,
            None => return last,
        }
    }
    panic!("still something new: {last:?}");
}

pub(crate) fn assert_said(look: &Look, words: &str) {
    assert!(
        look.problems.iter().any(|problem| problem.contains(words)),
        "`{words}` is not in {:#?}",
        look.problems
    );
}
