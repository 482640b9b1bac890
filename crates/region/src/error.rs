//! Why a file that describes a region cannot be taken.

/// What is wrong with a load, a fault script or a region; who wrote it acts on it.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Error {
    /// A row of a load file.
    #[error("line {line}: {problem}; {remedy}")]
    LoadRow {
        /// The line, counted from 1, header included.
        line: u64,
        /// What is wrong with it.
        problem: String,
        /// What to do about it.
        remedy: &'static str,
    },
    /// A load file as a whole.
    #[error("{problem}; {remedy}")]
    Load {
        /// What is wrong with it.
        problem: String,
        /// What to do about it.
        remedy: &'static str,
    },
    /// One fault of a script.
    #[error("fault {number}: {problem}")]
    Fault {
        /// Its place in the list, counted from 1.
        number: usize,
        /// What is wrong with it, and what would be right.
        problem: String,
    },
    /// A part of a region's description.
    #[error("`{part}`: {problem}")]
    Spec {
        /// Which part, as the file names it.
        part: String,
        /// What is wrong with it, and what would be right.
        problem: String,
    },
    /// The parameters of a task, policy or alarm.
    #[error("`{part}`: {source}")]
    Capacity {
        /// Which part, as the file names it.
        part: String,
        /// What is wrong with it.
        source: capacity::Error,
    },
}
