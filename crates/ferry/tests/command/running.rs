//! `ferry run` and other servers as processes of their own, and waiting for what they do.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::ferry::Folder;

/// No machine is so slow that a server needs longer to say where it listens.
const BEGINS_WITHIN: Duration = Duration::from_secs(60);
/// Between two looks of [`until`].
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// The time of this machine, which the processes under test live by too.
#[expect(clippy::disallowed_methods, reason = "other processes are waited for on the real clock")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Looks until there is something to see.
///
/// # Panics
/// If `limit` passes first; the message says what did not come.
pub(crate) fn until<T>(what: &str, limit: Duration, mut look: impl FnMut() -> Option<T>) -> T {
    let began = now();
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(began.elapsed() < limit, "{what} did not come within {limit:?}");
        thread::sleep(LOOK_EVERY);
    }
}

/// A process that serves HTTP, ended with this value.
pub(crate) struct Running {
    child: Child,
    /// What it says on standard error, line by line; disconnected when it ends.
    lines: Receiver<String>,
    said: Vec<String>,
    /// Host and port.
    pub(crate) address: String,
}

impl Running {
    /// `ferry run` in `folder` on a port of its own.
    pub(crate) fn ferry(folder: &Folder, arguments: &str) -> Self {
        Self::ferry_with(folder, &[], arguments)
    }

    /// The same with variables of the environment.
    pub(crate) fn ferry_with(folder: &Folder, variables: &[(&str, &str)], arguments: &str) -> Self {
        let mut all = vec!["run", "--listen", "127.0.0.1:0"];
        all.extend(arguments.split_whitespace());
        Self::daemon(folder.to_run(&all).envs(variables.iter().copied()))
    }

    /// A whole command that runs a daemon.
    pub(crate) fn daemon(command: &mut Command) -> Self {
        Self::start(command, |line| {
            let address = line.strip_prefix("Serving on http://")?;
            address.strip_suffix("/ until SIGTERM.").map(str::to_owned)
        })
    }

    /// Starts a server; `serving` finds the address in the line that tells it.
    pub(crate) fn start(command: &mut Command, serving: impl Fn(&str) -> Option<String>) -> Self {
        let command = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (speaker, lines) = channel();
        // Read to the end, whether or not anybody listens: a full pipe would stop the process.
        thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                speaker.send(line).ok();
            }
        });
        let mut running = Self { child, lines, said: Vec::new(), address: String::new() };
        let began = now();
        while running.address.is_empty() {
            let left = BEGINS_WITHIN.saturating_sub(began.elapsed());
            match running.lines.recv_timeout(left) {
                Ok(line) => {
                    running.address = serving(&line).unwrap_or_default();
                    running.said.push(line);
                }
                Err(error) => panic!("it does not serve ({error}): {:#?}", running.said),
            }
        }
        running
    }

    /// The status and body of what is there; `None` while nobody answers.
    pub(crate) fn get(&self, path: &str) -> Option<(u16, String)> {
        let mut stream = TcpStream::connect(&self.address).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        // HTTP/1.0: the body ends with the connection.
        write!(stream, "GET {path} HTTP/1.0\r\nHost: {}\r\n\r\n", self.address).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        let status = head.split_whitespace().nth(1)?.parse().ok()?;
        Some((status, body.to_owned()))
    }

    /// The same after a body of JSON was sent.
    pub(crate) fn post(&self, path: &str, body: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let (host, length) = (&self.address, body.len());
        write!(
            stream,
            "POST {path} HTTP/1.0\r\nHost: {host}\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split_whitespace().nth(1).unwrap().parse().unwrap(), body.to_owned())
    }

    /// `/metrics` once `is_wanted`.
    pub(crate) fn metrics(&self, what: &str, is_wanted: impl Fn(&str) -> bool) -> String {
        until(what, BEGINS_WITHIN, || {
            let (status, text) = self.get("/metrics")?;
            (status == 200 && is_wanted(&text)).then_some(text)
        })
    }

    /// Sends SIGTERM.
    pub(crate) fn terminate(&self) {
        self.signal("TERM");
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let (signal, pid) = (format!("-{name}"), self.child.id().to_string());
        let killed = Command::new("kill").args([&signal, &pid]).status().unwrap();
        assert!(killed.success(), "kill {signal} {pid}");
    }

    /// Waits for the end: how it ended, and how long that took.
    ///
    /// # Panics
    /// If it lives for longer than `limit`.
    pub(crate) fn end_within(&mut self, limit: Duration) -> (ExitStatus, Duration) {
        let began = now();
        loop {
            match self.lines.recv_timeout(limit.saturating_sub(began.elapsed())) {
                Ok(line) => self.said.push(line),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    panic!("it still runs after {limit:?}: {:#?}", self.said)
                }
            }
        }
        (self.child.wait().unwrap(), began.elapsed())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// The text of a migration that steps by dwell alone, in a day or so.
pub(crate) fn migration(name: &str) -> String {
    format!(
        "apiVersion: ferry/v1
kind: Migration
metadata: {{name: {name}}}
spec:
  mode: act
  aws: {{region: eu-west-1}}
  ec2: {{cluster: {name}, service: {name}}}
  fargate: {{cluster: {name}, service: {name}-fargate}}
  workload: {{type: loadBalanced}}
  traffic:
    router: {{type: route53Weighted, hostedZoneId: Z1, records: [{{name: {name}.example.com, type: A}}], ec2SetIdentifier: ec2, fargateSetIdentifier: fargate}}
    rollout: {{steps: [10%, 25%, 50%, 75%, 100%], advance: dwell, dwellMin: 30m, bake: 6h}}
  slos:
    - {{name: latency, latency: {{threshold: 300ms, objective: 99%}}}}
    - {{name: availability, availability: {{objective: 99.9%}}}}
"
    )
}

/// A folder with a directory `config` of migrations of these names.
pub(crate) fn folder(test: &str, names: &[&str]) -> Folder {
    let folder = Folder::new(test, &[]);
    let config = folder.path().join("config");
    std::fs::create_dir(&config).unwrap();
    for name in names {
        std::fs::write(config.join(format!("{name}.yaml")), migration(name)).unwrap();
    }
    folder
}
