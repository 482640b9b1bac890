//! What is wrong with a file, where, and what to do.

use std::fmt;

/// One finding in one file.
///
/// Displays as `config/api.yaml:12:7: spec.traffic.shre: unknown field `shre`, did you mean
/// `share`?`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The file's name as it was given.
    pub file: String,
    /// The line, counted from 1.
    pub line: usize,
    /// The column in characters, counted from 1.
    pub column: usize,
    /// The field, such as `spec.traffic.rollout.steps[3]`; empty for the file as a whole.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// What to do, as an end of the sentence that `message` begins; empty where that says it.
    pub remedy: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, column, path, message, remedy } = self;
        write!(f, "{file}:{line}:{column}: ")?;
        if !path.is_empty() {
            write!(f, "{path}: ")?;
        }
        f.write_str(message)?;
        if remedy.is_empty() { Ok(()) } else { write!(f, ", {remedy}") }
    }
}

impl std::error::Error for Problem {}

/// A place in a text, both counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

/// A finding that does not know its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) place: Place,
    pub(crate) path: String,
    pub(crate) message: String,
    pub(crate) remedy: String,
}

impl Finding {
    pub(crate) fn in_file(self, file: &str) -> Problem {
        let Self { place: Place { line, column }, path, message, remedy } = self;
        Problem { file: file.to_owned(), line, column, path, message, remedy }
    }
}

/// As much of a text from a file as a message should repeat.
pub(crate) fn shown(text: &str) -> String {
    const LETTERS_MAX: usize = 60;
    if text.chars().count() <= LETTERS_MAX {
        text.to_owned()
    } else {
        text.chars().take(LETTERS_MAX).chain(['…']).collect()
    }
}
