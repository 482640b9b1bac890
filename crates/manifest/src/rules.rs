//! What a document must say beyond the form of its fields.
//!
//! A rule names the field at fault by its path; the reader finds the place. Rules ask only what
//! the file alone can answer: whether a service exists is not their business.

mod identity;
mod settings;
mod traffic;
mod workload;
mod world;

use std::collections::BTreeSet;

use model::spec::Migration;

pub(crate) use settings::settings;
pub(crate) use world::world;

/// A rule that a document breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Broken {
    pub(crate) path: String,
    pub(crate) message: String,
    pub(crate) remedy: String,
}

/// Collects broken rules.
#[derive(Default)]
struct Rules(Vec<Broken>);

impl Rules {
    /// Notes `message` about `path` unless `holds`.
    fn ask(
        &mut self,
        holds: bool,
        path: impl Into<String>,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        if !holds {
            let (path, message, remedy) = (path.into(), message.into(), remedy.into());
            self.0.push(Broken { path, message, remedy });
        }
    }

    /// No two entries of the list at `path` may be the same by `key`.
    fn unique<T, K: Ord + ToString>(
        &mut self,
        path: &str,
        field: &str,
        items: &[T],
        key: impl Fn(&T) -> K,
    ) {
        let mut seen = BTreeSet::new();
        for (place, item) in items.iter().enumerate() {
            let key = key(item);
            let shown = key.to_string();
            let holds = seen.insert(key);
            self.ask(
                holds,
                format!("{path}[{place}]{field}"),
                format!("`{shown}` is listed twice"),
                "keep one",
            );
        }
    }
}

/// What a migration must say.
pub(crate) fn migration(migration: &Migration) -> Vec<Broken> {
    let mut rules = Rules::default();
    identity::check(migration, &mut rules);
    workload::check(migration, &mut rules);
    traffic::check(migration, &mut rules);
    rules.0
}
