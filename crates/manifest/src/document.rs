//! Files into documents.

use model::settings::Settings;
use model::spec::{Migration, World};
use model::suggest::nearest;
use serde::Deserialize;

use crate::places::Places;
use crate::problem::{Finding, Place, Problem, shown};
use crate::tree::{Tree, Value};
use crate::{reader, rules, tree};

/// One valid document of a file.
#[derive(Debug, Clone)]
pub struct Document {
    /// The file's name as it was given.
    pub file: String,
    /// What it says.
    pub resource: Resource,
    places: Places,
}

/// What a document says.
#[derive(Debug, Clone, PartialEq)]
pub enum Resource {
    /// `kind: Migration`.
    Migration(Box<Migration>),
    /// `kind: Settings`.
    Settings(Box<Settings>),
    /// `kind: World`.
    World(Box<World>),
}

impl Document {
    /// The migration, if it is one.
    #[must_use]
    pub const fn migration(&self) -> Option<&Migration> {
        match &self.resource {
            Resource::Migration(migration) => Some(migration),
            Resource::Settings(_) | Resource::World(_) => None,
        }
    }

    /// The settings, if it is such.
    #[must_use]
    pub const fn settings(&self) -> Option<&Settings> {
        match &self.resource {
            Resource::Settings(settings) => Some(settings),
            Resource::Migration(_) | Resource::World(_) => None,
        }
    }

    /// The world, if it is one.
    #[must_use]
    pub const fn world(&self) -> Option<&World> {
        match &self.resource {
            Resource::World(world) => Some(world),
            Resource::Migration(_) | Resource::Settings(_) => None,
        }
    }

    /// A problem at the field `path` of this document, for findings that need more than the file.
    #[must_use]
    pub fn problem(
        &self,
        path: &str,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Problem {
        let broken =
            rules::Broken { path: path.to_owned(), message: message.into(), remedy: remedy.into() };
        located(&self.places, broken).in_file(&self.file)
    }
}

/// Kinds that are read elsewhere: right to exist, wrong among desired state.
const OTHER_KINDS: [&str; 2] = ["FaultScript", "Region"];
const KINDS: [&str; 3] = ["Migration", "Settings", "World"];
const API_VERSION: &str = "ferry/v1";

/// Reads every document of a file, in its order.
///
/// # Errors
///
/// Everything that is wrong with the file, in the order of its lines. Rules that span fields are
/// asked only of documents whose every field can be read.
pub fn read(file: &str, text: &str) -> Result<Vec<Document>, Vec<Problem>> {
    let (trees, mut findings) = tree::parse(text);
    let mut documents = Vec::new();
    for tree in content(trees, &mut findings) {
        let places = Places::of(&tree.root);
        if let Some(resource) = resource(&tree, &places, &mut findings) {
            documents.push(Document { file: file.to_owned(), resource, places });
        }
    }
    finish(file, documents, findings)
}

/// Whether a file holds documents of `kind` and of no other, whatever else is wrong with them.
#[must_use]
pub fn is_all(text: &str, kind: &str) -> bool {
    let (trees, _) = tree::parse(text);
    let trees = content(trees, &mut Vec::new());
    let is_one = |tree: &Tree| match tree.root.get("kind").map(|node| &node.value) {
        Some(Value::Text(found)) => found == kind,
        Some(_) | None => false,
    };
    !trees.is_empty() && trees.iter().all(is_one)
}

/// Reads every document of a file as a `T`, which is what `kind` stands for.
///
/// # Errors
///
/// As [`read`].
pub fn read_as<T: for<'de> Deserialize<'de>>(
    file: &str,
    text: &str,
    kind: &str,
) -> Result<Vec<T>, Vec<Problem>> {
    read_checked(file, text, kind, |_: &T| Vec::new())
}

/// As [`read_as`], and holds what can be read against `check`: it gives each objection with the
/// path of the field that it is about, such as `faults[2]`.
///
/// # Errors
///
/// As [`read`], the objections among the problems.
pub fn read_checked<T: for<'de> Deserialize<'de>>(
    file: &str,
    text: &str,
    kind: &str,
    check: impl Fn(&T) -> Vec<(String, String)>,
) -> Result<Vec<T>, Vec<Problem>> {
    let (trees, mut findings) = tree::parse(text);
    let mut values = Vec::new();
    for tree in content(trees, &mut findings) {
        if kind_of(&tree, &[kind], &mut findings).is_none() {
            continue;
        }
        let Some(value) = reader::deserialize::<T>(&tree, &mut findings) else { continue };
        let places = Places::of(&tree.root);
        let objections = check(&value).into_iter().map(|(path, message)| {
            located(&places, rules::Broken { path, message, remedy: String::new() })
        });
        findings.extend(objections);
        values.push(value);
    }
    finish(file, values, findings)
}

/// Reads a file whose one document is a list, and every entry of it as a `T`.
///
/// # Errors
///
/// As [`read`].
pub fn read_list<T: for<'de> Deserialize<'de>>(
    file: &str,
    text: &str,
) -> Result<Vec<T>, Vec<Problem>> {
    let (trees, mut findings) = tree::parse(text);
    let mut values = Vec::new();
    for tree in content(trees, &mut findings) {
        values.extend(reader::deserialize::<Vec<T>>(&tree, &mut findings).unwrap_or_default());
    }
    finish(file, values, findings)
}

fn finish<T>(
    file: &str,
    values: Vec<T>,
    mut findings: Vec<Finding>,
) -> Result<Vec<T>, Vec<Problem>> {
    if findings.is_empty() {
        return Ok(values);
    }
    findings.sort_by_key(|finding| (finding.place.line, finding.place.column));
    if let Some(last) = findings.get(tree::FINDINGS_MAX) {
        let more = Finding {
            place: last.place,
            path: String::new(),
            message: format!("{} more findings are not shown", findings.len() - tree::FINDINGS_MAX),
            remedy: "mend those above first".to_owned(),
        };
        findings.truncate(tree::FINDINGS_MAX);
        findings.push(more);
    }
    Err(findings.into_iter().map(|finding| finding.in_file(file)).collect())
}

/// The documents that hold something; a `---` at either end makes empty ones.
fn content(trees: Vec<Tree>, findings: &mut Vec<Finding>) -> Vec<Tree> {
    let is_empty = |tree: &Tree| {
        matches!(tree.root.value, Value::Null) && !tree.unusable.contains(&tree.root.id)
    };
    let trees: Vec<Tree> = trees.into_iter().filter(|tree| !is_empty(tree)).collect();
    if trees.is_empty() && findings.is_empty() {
        findings.push(Finding {
            place: Place { line: 1, column: 1 },
            path: String::new(),
            message: "the file holds no document".to_owned(),
            remedy: format!("start it with `apiVersion: {API_VERSION}` and `kind: Migration`"),
        });
    }
    trees
}

fn resource(tree: &Tree, places: &Places, findings: &mut Vec<Finding>) -> Option<Resource> {
    let kind = kind_of(tree, &KINDS, findings)?;
    let resource = match kind {
        "Settings" => Resource::Settings(Box::new(reader::deserialize(tree, findings)?)),
        "World" => Resource::World(Box::new(reader::deserialize(tree, findings)?)),
        _ => Resource::Migration(Box::new(reader::deserialize(tree, findings)?)),
    };
    let broken = match &resource {
        Resource::Migration(migration) => rules::migration(migration),
        Resource::Settings(settings) => rules::settings(settings),
        Resource::World(world) => rules::world(world),
    };
    findings.extend(broken.into_iter().map(|broken| located(places, broken)));
    Some(resource)
}

fn located(places: &Places, broken: rules::Broken) -> Finding {
    let rules::Broken { path, message, remedy } = broken;
    Finding { place: places.nearest(&path), path, message, remedy }
}

/// Which of `kinds` the document is. A wrong version is found here too: its fields may differ, so
/// that nothing else could be said of it with certainty.
fn kind_of<'k>(tree: &Tree, kinds: &[&'k str], findings: &mut Vec<Finding>) -> Option<&'k str> {
    let root = &tree.root;
    let mut say = |path: &str, message: String, remedy: String| {
        let place = Places::of(root).nearest(path);
        findings.push(Finding { place, path: path.to_owned(), message, remedy });
    };
    if !matches!(root.value, Value::Map(_)) {
        if !tree.unusable.contains(&root.id) {
            let start =
                format!("start it with `apiVersion: {API_VERSION}` and `kind: {}`", kinds[0]);
            say("", "the document is not a map of fields".to_owned(), start);
        }
        return None;
    }
    let version = root.get("apiVersion").map(|node| &node.value);
    match version {
        Some(Value::Text(version)) if version == API_VERSION => {}
        Some(Value::Text(version)) => say(
            "apiVersion",
            format!("unknown version `{}`", shown(version)),
            format!("write `{API_VERSION}`"),
        ),
        _ => say(
            "apiVersion",
            "the version of the format is missing".to_owned(),
            format!("write `apiVersion: {API_VERSION}`"),
        ),
    }
    let Some(Value::Text(kind)) = root.get("kind").map(|node| &node.value) else {
        let remedy = format!("write `kind: {}`", kinds.join("`, or `kind: "));
        say("kind", "the kind of the document is missing".to_owned(), remedy);
        return None;
    };
    let known = kinds.iter().find(|known| *known == kind).copied();
    if known.is_none() {
        let (message, remedy) = wrong_kind(kind, kinds);
        say("kind", message, remedy);
    }
    known.filter(|_| matches!(version, Some(Value::Text(version)) if version == API_VERSION))
}

fn wrong_kind(kind: &str, kinds: &[&str]) -> (String, String) {
    let here = format!("write `{}` here", kinds.join("`, `"));
    if KINDS.iter().chain(&OTHER_KINDS).any(|other| *other == kind) {
        return (format!("a `{kind}` does not belong here"), here);
    }
    let remedy =
        nearest(kind, kinds.iter().copied()).map_or(here, |near| format!("did you mean `{near}`?"));
    (format!("unknown kind `{}`", shown(kind)), remedy)
}
