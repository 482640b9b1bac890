//! A real Prometheus and its promtool, from the distribution's package.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use crate::ferry::{Answer, Folder, root};
use crate::running::{Running, until};

/// The rules as they are shipped.
pub(crate) const RULES: &str = "deploy/prometheus/ferry.rules.yaml";

const MISSING: &str = "promtool and prometheus are needed: run tests/run, which installs them, or \
                       `apt-get install prometheus`";

/// Runs promtool at the root of the workspace with `input`.
pub(crate) fn promtool(arguments: &[&str], input: &str) -> Answer {
    let mut child = Command::new("promtool")
        .args(arguments)
        .current_dir(root())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect(MISSING);
    let written = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    // Where it stops reading its answer says why.
    written.ok();
    Answer::of(&output)
}

/// One series of an answer and its value now.
#[derive(Debug, Deserialize)]
pub(crate) struct Sample {
    pub(crate) metric: BTreeMap<String, String>,
    value: (f64, String),
}

impl Sample {
    /// A number as Prometheus writes it.
    pub(crate) fn value(&self) -> &str {
        &self.value.1
    }

    pub(crate) fn label(&self, label: &str) -> &str {
        self.metric.get(label).map_or("", String::as_str)
    }
}

/// A Prometheus that scrapes one target each second and evaluates the rules as they are shipped.
pub(crate) struct Prometheus(Running);

impl Prometheus {
    pub(crate) fn watching(folder: &Folder, target: &str) -> Self {
        let rules = root().join(RULES);
        let config = format!(
            "global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: [{}]
scrape_configs:
  - job_name: ferry
    static_configs: [{{targets: [\"{target}\"]}}]
",
            rules.display()
        );
        std::fs::write(folder.path().join("prometheus.yaml"), config).unwrap();
        Self::start(folder.path())
    }

    fn start(folder: &Path) -> Self {
        let mut command = Command::new("prometheus");
        command.current_dir(folder).args([
            "--config.file=prometheus.yaml",
            "--storage.tsdb.path=prometheus",
            "--web.listen-address=127.0.0.1:0",
        ]);
        assert!(promtool(&["--version"], "").code == Some(0), "{MISSING}");
        let prometheus = Self(Running::start(&mut command, |line| {
            let (_, address) = line.split_once("\"Listening on\" address=")?;
            Some(address.trim().to_owned())
        }));
        until("a Prometheus that is ready", Duration::from_secs(60), || {
            prometheus.0.get("/-/ready").filter(|(status, _)| *status == 200)
        });
        prometheus
    }

    /// The data of an answer of the API, or why there is none.
    pub(crate) fn ask(&self, path: &str) -> Result<Value, String> {
        let (_, body) = self.0.get(path).ok_or_else(|| "it does not answer".to_owned())?;
        let mut answer: Value = serde_json::from_str(&body).map_err(|error| error.to_string())?;
        match answer["status"].as_str() {
            Some("success") => Ok(answer["data"].take()),
            Some(_) | None => Err(answer["error"].to_string()),
        }
    }

    /// The value of an expression now.
    pub(crate) fn query(&self, expression: &str) -> Result<Vec<Sample>, String> {
        let mut data = self.ask(&format!("/api/v1/query?query={}", encoded(expression)))?;
        serde_json::from_value(data["result"].take()).map_err(|error| error.to_string())
    }
}

/// Text as part of a query (RFC 3986).
fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            write!(encoded, "%{byte:02X}").ok();
        }
        encoded
    })
}
