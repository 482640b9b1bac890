//! Tests of Ferry as a whole: the architecture, the state of the sources, and the built binary.
//!
//! The tests themselves stand in `tests/tests/`; this library holds what they share.

use std::fs;
use std::path::{Path, PathBuf};

/// A file of the workspace that holds text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Where, from the root of the workspace, with `/` between the parts.
    pub path: String,
    /// What it says.
    pub text: String,
}

/// The root of the workspace.
///
/// # Panics
/// If this package was moved out of it.
#[must_use]
pub fn root() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().expect("this package lies in the workspace").to_path_buf()
}

/// Every text file of the workspace in the order of its path, without what is built or fetched.
///
/// # Panics
/// If the workspace cannot be read.
#[must_use]
pub fn sources() -> Vec<Source> {
    let mut found = Vec::new();
    walk(&root(), "", &mut found);
    found.sort_by(|one, other| one.path.cmp(&other.path));
    found
}

/// What is not the project's: version control, builds, a browser's packages.
const SKIPPED: [&str; 3] = [".git", "target", "node_modules"];

fn walk(folder: &Path, prefix: &str, found: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).expect("the workspace can be read") {
        let entry = entry.expect("the workspace can be read");
        let name = entry.file_name().to_string_lossy().into_owned();
        let kind = entry.file_type().expect("the workspace can be read");
        let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}/{name}") };
        if SKIPPED.contains(&name.as_str()) {
            continue;
        }
        if kind.is_dir() {
            walk(&entry.path(), &path, found);
        } else if kind.is_file()
            && let Ok(text) = fs::read_to_string(entry.path())
        {
            found.push(Source { path, text });
        }
    }
}

/// The code of a Rust file, line by line: comments are gone and string literals are empty.
#[must_use]
pub fn code_lines(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut rest = text.chars().peekable();
    let mut last = ' ';
    while let Some(letter) = rest.next() {
        match letter {
            '/' if rest.peek() == Some(&'/') => {
                while rest.next_if(|next| *next != '\n').is_some() {}
            }
            '"' => {
                push(&mut lines, '"');
                let raw = raw_hashes(lines.last().map_or("", String::as_str));
                skip_string(&mut rest, raw, &mut lines);
                push(&mut lines, '"');
            }
            // A character literal, so that '"' does not open a string; a lifetime is left alone.
            '\'' if !last.is_alphanumeric() => skip_character(&mut rest, &mut lines),
            '\n' => lines.push(String::new()),
            other => push(&mut lines, other),
        }
        last = letter;
    }
    lines
}

fn push(lines: &mut [String], letter: char) {
    if let Some(line) = lines.last_mut() {
        line.push(letter);
    }
}

/// How many `#` stand before the quotation mark that ends `line`, if it opens a raw string.
fn raw_hashes(line: &str) -> Option<usize> {
    let before = line.strip_suffix('"')?;
    let hashes = before.bytes().rev().take_while(|byte| *byte == b'#').count();
    before.get(..before.len() - hashes)?.ends_with('r').then_some(hashes)
}

type Letters<'a> = std::iter::Peekable<std::str::Chars<'a>>;

fn skip_string(rest: &mut Letters<'_>, raw: Option<usize>, lines: &mut Vec<String>) {
    while let Some(letter) = rest.next() {
        match (letter, raw) {
            ('\n', _) => lines.push(String::new()),
            ('\\', None) => lines.extend((rest.next() == Some('\n')).then(String::new)),
            ('"', None) => return,
            ('"', Some(hashes)) => {
                let closing = rest.clone().take(hashes).filter(|next| *next == '#').count();
                if closing == hashes {
                    for _ in 0..hashes {
                        rest.next();
                    }
                    return;
                }
            }
            _ => {}
        }
    }
}

fn skip_character(rest: &mut Letters<'_>, lines: &mut [String]) {
    let mut ahead = rest.clone();
    let first = ahead.next();
    let is_literal = first == Some('\\') || ahead.next() == Some('\'');
    push(lines, '\'');
    if !is_literal {
        return;
    }
    if rest.next() == Some('\\') {
        rest.next();
    }
    while rest.next().is_some_and(|next| next != '\'') {}
    push(lines, '\'');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_what_is_neither_comment_nor_text() {
        for (text, code) in [
            ("a // b \"c\"\nd", "a \nd"),
            ("a(\"b // c\") // d", "a(\"\") "),
            ("a(r#\"b \" c\"#, d)", "a(r#\"\", d)"),
            ("a('\"', b) // c", "a('', b) "),
            ("a('\\'', b)", "a('', b)"),
            ("fn a<'b>(c: &'b str)", "fn a<'b>(c: &'b str)"),
            ("\"a\nb\"\nc", "\"\n\"\nc"),
            ("/// a.ln()\nb", "\nb"),
        ] {
            assert_eq!(code_lines(text).join("\n"), code, "{text}");
        }
    }
}
