//! Data goes to standard output, everything else to standard error.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;

/// A command that ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Done, or yes.
    Yes,
    /// It ran, and the answer is no.
    No,
}

impl From<Answer> for ExitCode {
    fn from(answer: Answer) -> Self {
        match answer {
            Answer::Yes => Self::SUCCESS,
            Answer::No => Self::from(1),
        }
    }
}

/// A command that could not run.
#[derive(Debug)]
pub(crate) enum Failure {
    /// What was given cannot be used; one line for each problem.
    BadInput(Vec<String>),
    /// It was understood, and the answer is no, for this reason.
    Refused(String),
    /// Something that is needed could not be reached or written.
    Unreachable(String),
    /// Whoever read our output went away, which is their right.
    ReaderGone,
}

impl Failure {
    /// One problem with what was given.
    pub(crate) fn bad_input(problem: impl Display) -> Self {
        Self::BadInput(vec![problem.to_string()])
    }

    /// Says it on standard error and gives the exit code.
    pub(crate) fn report(&self) -> ExitCode {
        match self {
            Self::BadInput(problems) => {
                for problem in problems {
                    tell(&format!("error: {problem}"));
                }
                ExitCode::from(2)
            }
            Self::Refused(reason) => {
                tell(&format!("error: {reason}"));
                ExitCode::from(1)
            }
            Self::Unreachable(problem) => {
                tell(&format!("error: {problem}"));
                ExitCode::from(3)
            }
            Self::ReaderGone => ExitCode::SUCCESS,
        }
    }
}

/// Writes data to standard output.
pub(crate) fn print(data: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    let written = stdout.write_all(data.as_bytes()).and_then(|()| stdout.flush());
    written.map_err(|error| {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Failure::ReaderGone
        } else {
            Failure::Unreachable(format!("cannot write to standard output: {error}"))
        }
    })
}

/// Writes a line to standard error. If even that fails there is nobody left to tell.
pub(crate) fn tell(line: &str) {
    writeln!(io::stderr().lock(), "{line}").ok();
}

/// Whether a person watches standard error.
pub(crate) fn is_watched() -> bool {
    io::stderr().is_terminal()
}

/// Reads a file whole.
pub(crate) fn read(path: &Path) -> Result<String, Failure> {
    let shown = path.display();
    let bytes = std::fs::read(path)
        .map_err(|error| Failure::bad_input(format!("{shown}: cannot be read: {error}")))?;
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Failure::bad_input(format!("{shown}: is not UTF-8 text (byte {at}); save it as UTF-8"))
    })
}

/// Writes a file whole: beside it first, so that a failure leaves what was there.
pub(crate) fn write(path: &Path, data: &str) -> Result<(), Failure> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".partial");
    std::fs::write(&beside, data).and_then(|()| std::fs::rename(&beside, path)).map_err(|error| {
        std::fs::remove_file(&beside).ok();
        Failure::Unreachable(format!("{}: cannot be written: {error}", path.display()))
    })
}

/// Whether standard output shows colours: a terminal, and nobody asked for none
/// (<https://no-color.org>).
pub(crate) fn is_coloured() -> bool {
    io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Columns of the terminal that standard output goes to, or those that fit most pages and logs.
/// `COLUMNS` overrides both.
pub(crate) fn terminal_width() -> usize {
    const WIDTH_DEFAULT: usize = 120;
    let wanted = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let seen =
        || terminal_size::terminal_size_of(io::stdout()).map(|(columns, _)| usize::from(columns.0));
    wanted.or_else(seen).unwrap_or(WIDTH_DEFAULT).clamp(60, 400)
}

/// Text from elsewhere made safe for a terminal: no control character in it can move the cursor or
/// set a colour.
pub(crate) fn plain(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}
