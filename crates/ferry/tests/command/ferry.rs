//! Running the binary in a folder of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_path_buf()
}

/// A file of the workspace.
pub(crate) fn example(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

/// An empty folder with files in it, which the binary runs in.
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// `name` must be the test's own: tests run at the same time.
    pub(crate) fn new(name: &str, files: &[(&str, &str)]) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        if path.exists() {
            fs::remove_dir_all(&path).unwrap();
        }
        fs::create_dir_all(&path).unwrap();
        for (file, text) in files {
            fs::write(path.join(file), text).unwrap();
        }
        Self(path)
    }

    /// Runs `ferry` here with arguments that stand between spaces.
    pub(crate) fn ferry(&self, arguments: &str) -> Answer {
        self.command(&arguments.split_whitespace().collect::<Vec<_>>())
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Answer {
        self.command_with(&[], arguments)
    }

    /// Runs `ferry` here with variables of the environment.
    pub(crate) fn command_with(&self, variables: &[(&str, &str)], arguments: &[&str]) -> Answer {
        let output = self.to_run(arguments).envs(variables.iter().copied()).output();
        Answer::of(&output.unwrap())
    }

    /// `ferry` about to run here.
    pub(crate) fn to_run(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ferry"));
        command
            .args(arguments)
            .current_dir(&self.0)
            .env_remove("FERRY_SERVER")
            .env_remove("FERRY_TOKEN")
            .env_remove("FERRY_TOKENS")
            .env_remove("AWS_ENDPOINT_URL")
            .env("COLUMNS", "100")
            .env("NO_COLOR", "1");
        command
    }

    /// Where it lies.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// The names of the files that lie here, in order.
    pub(crate) fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    pub(crate) fn read(&self, file: &str) -> String {
        fs::read_to_string(self.0.join(file)).unwrap()
    }
}

/// What the binary said and how it ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Answer {
    pub(crate) fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        Self {
            code: output.status.code(),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        }
    }
}
