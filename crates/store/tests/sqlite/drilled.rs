//! A store in a process of its own, and what a test does to it.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// The program, as cargo has built it for these tests.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_store-drill");

/// A running drill.
pub(crate) struct Drill {
    child: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
    /// What it said of the file when it opened it.
    pub(crate) opened: String,
}

impl Drill {
    pub(crate) fn start(path: &Path) -> Self {
        Self::start_as(Command::new(PROGRAM).arg(path))
    }

    /// Starts it by another command line, which ends with the program and the path.
    pub(crate) fn start_as(command: &mut Command) -> Self {
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("the drill was built");
        let orders = child.stdin.take().expect("it is piped");
        let answers = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut drill = Self { child, orders, answers, opened: String::new() };
        drill.opened = drill.hear();
        drill
    }

    pub(crate) fn order(&mut self, line: &str) {
        writeln!(self.orders, "{line}").expect("it is alive");
    }

    /// The next line it says; empty when it says no more.
    pub(crate) fn hear(&mut self) -> String {
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("it speaks UTF-8");
        line.trim_end().to_owned()
    }

    pub(crate) fn ask(&mut self, line: &str) -> String {
        self.order(line);
        self.hear()
    }

    /// Ends it as `kill -9` does. Returns what it had said and nobody had heard yet.
    pub(crate) fn kill(mut self) -> Vec<String> {
        self.child.kill().expect("it is alive");
        self.child.wait().expect("it ends");
        self.answers.lines().map_while(Result::ok).collect()
    }

    /// Has it finish what it was told and end.
    pub(crate) fn end(self) {
        let Self { mut child, orders, answers, .. } = self;
        drop(orders);
        let said: Vec<_> = answers.lines().map_while(Result::ok).collect();
        let status = child.wait().expect("it ends");
        assert!(status.success(), "{status}, after {said:?}");
    }
}

/// The shim between a drill and the system, built by the compiler that built SQLite.
pub(crate) struct Shim {
    library: PathBuf,
    pub(crate) trace: PathBuf,
    fault: PathBuf,
    folder: PathBuf,
}

impl Shim {
    /// Builds it into `beside`; it watches `folder`.
    pub(crate) fn build(beside: &Path, folder: &Path) -> Self {
        let library = beside.join("shim.so");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sqlite/shim.c");
        let mut compiler = Command::new(std::env::var_os("CC").unwrap_or_else(|| "cc".into()));
        compiler.args(["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o"].map(OsStr::new));
        let status = compiler.arg(&library).arg(source).arg("-ldl").status();
        assert!(status.expect("there is a C compiler: it has built SQLite").success());
        let (trace, fault) = (beside.join("trace"), beside.join("fault"));
        Self { library, trace, fault, folder: folder.to_owned() }
    }

    pub(crate) fn start(&self, path: &Path) -> Drill {
        let mut command = Command::new(PROGRAM);
        command.arg(path).env("LD_PRELOAD", &self.library).env("DRILL_FOLDER", &self.folder);
        command.env("DRILL_TRACE", &self.trace).env("DRILL_FAULT", &self.fault);
        Drill::start_as(&mut command)
    }

    /// From now on every `call` (`write` or `sync`) on files whose path ends with `file` fails
    /// with this error number.
    pub(crate) fn fail(&self, call: &str, number: i32, file: &str) {
        // Put in place whole: the drill may look at any moment.
        let new = self.fault.with_extension("new");
        std::fs::write(&new, format!("{call} {number} {file}")).expect("it can be written");
        std::fs::rename(new, &self.fault).expect("it can be renamed");
    }

    pub(crate) fn heal(&self) {
        std::fs::remove_file(&self.fault).expect("something was failing");
    }
}
