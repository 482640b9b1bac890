//! A server as the daemon has it, with a desk that remembers what was said to it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use manifest::Resource;
use model::capacity::{Capacity, Fit, Source, TaskCapacity};
use model::condition::{ConditionStatus, ConditionType};
use model::event::{Event, Severity};
use model::observation::Bounds;
use model::plan::Reason;
use model::route::WeightPair;
use model::status::{Intended, Said, ShareStatus, Status, Step};
use model::verb::Verb;
use model::verdict::{Coverage, Evidence, SignalEvidence, Verdict, VerdictKind, VerdictReason};
use model::{PerSide, Share, Span, Time};
use server::api::{
    Configuration, DaemonStatus, Detail, Done, Heard, Latest, Orphan, Planned, Released, Shares,
    Spoken, Summary, Tasks,
};
use server::{Access, Desk, Fleet, Metrics, Page, Refused, Tokens};
use store::{Entry, Happening, Numbered};
use tokio::runtime::Runtime;

use crate::ferry::{Answer, Folder, example};

pub(crate) const OPERATOR: &str = "operatoroperatoroperatoroperatoroperatoroperator";
pub(crate) const VIEWER: &str = "viewerviewerviewerviewerviewerviewerviewerviewer";

/// What reached the desk: migration, word, speaker, revision.
pub(crate) type Word = (String, Verb, String, Option<String>);

/// A desk whose answers the test decides.
#[derive(Default)]
pub(crate) struct FakeDesk {
    pub(crate) fleet: Fleet,
    pub(crate) history: Vec<Numbered>,
    pub(crate) refused: BTreeMap<String, Refused>,
    pub(crate) heartbeat_age: Duration,
    pub(crate) heard: Mutex<Vec<Word>>,
}

#[async_trait]
impl Desk for FakeDesk {
    fn fleet(&self) -> Arc<Fleet> {
        Arc::new(self.fleet.clone())
    }

    fn heartbeat_age(&self) -> Duration {
        self.heartbeat_age
    }

    fn heartbeat_age_max(&self) -> Duration {
        Duration::from_secs(60)
    }

    async fn history(
        &self,
        name: &str,
        page: Page,
        limit: usize,
    ) -> Result<Vec<Numbered>, Refused> {
        if let Some(refused) = self.refused.get(name) {
            return Err(refused.clone());
        }
        let all = self.history.iter().cloned();
        Ok(match page {
            Page::After(after) => all.filter(|e| e.sequence > after).take(limit).collect(),
            Page::Before(before) => all.rev().filter(|e| e.sequence < before).take(limit).collect(),
        })
    }

    async fn say(
        &self,
        name: &str,
        verb: Verb,
        who: &str,
        expected: Option<&str>,
    ) -> Result<Heard, Refused> {
        let expected = expected.map(str::to_owned);
        self.heard.lock().unwrap().push((name.to_owned(), verb, who.to_owned(), expected));
        match self.refused.get(name) {
            Some(refused) => Err(refused.clone()),
            None => Ok(Heard {
                name: name.to_owned(),
                revision: "8".to_owned(),
                message: verb.to_string(),
            }),
        }
    }

    async fn release(&self, name: &str, _who: &str) -> Result<Released, Refused> {
        if let Some(refused) = self.refused.get(name) {
            return Err(refused.clone());
        }
        let answer = if name == "stuck" { "not done: no permission" } else { "written" };
        let action = "EC2's bounds 20..600".to_owned();
        Ok(Released { done: vec![Done { action, answer: answer.to_owned() }] })
    }

    async fn confirm(&self, names: BTreeSet<String>, _who: &str) -> Result<(), Refused> {
        if names == self.fleet.daemon.configuration.unconfirmed {
            Ok(())
        } else {
            Err(Refused::Conflict("exactly `gone` waits for a confirmation".to_owned()))
        }
    }
}

/// A server on a port of its own, for as long as this lives.
pub(crate) struct Office {
    pub(crate) desk: Arc<FakeDesk>,
    pub(crate) url: String,
    folder: Folder,
    _runtime: Runtime,
}

impl Office {
    /// `name` must be the test's own.
    pub(crate) fn new(name: &str, desk: FakeDesk) -> Self {
        let tokens = format!("operator alice {OPERATOR}\nviewer eve {VIEWER}\n");
        let access = Access::Tokens(Tokens::parse(&tokens).unwrap());
        let desk = Arc::new(desk);
        let metrics = Arc::new(Metrics::new("0.1.0", &[], &[], false));
        let router = server::router(desk.clone(), metrics, access);
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.unwrap();
        // Bound before the first request is sent: nobody has to wait for it.
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let address: SocketAddr = listener.local_addr().unwrap();
        runtime.spawn(async move { axum::serve(listener, router).await });
        let folder = Folder::new(name, &[("token", &format!("{OPERATOR}\n"))]);
        Self { desk, url: format!("http://{address}"), folder, _runtime: runtime }
    }

    /// Runs `ferry` as an operator.
    pub(crate) fn ferry(&self, arguments: &str) -> Answer {
        self.ferry_as(Some(OPERATOR), arguments)
    }

    pub(crate) fn ferry_as(&self, token: Option<&str>, arguments: &str) -> Answer {
        let arguments: Vec<&str> = arguments.split_whitespace().collect();
        let mut variables = vec![("FERRY_SERVER", self.url.as_str())];
        variables.extend(token.map(|token| ("FERRY_TOKEN", token)));
        self.folder.command_with(&variables, &arguments)
    }

    pub(crate) fn heard(&self) -> Vec<Word> {
        self.desk.heard.lock().unwrap().clone()
    }
}

pub(crate) fn at(hour: i64) -> Time {
    "2026-01-05T00:00:00Z".parse::<Time>().unwrap() + Span::from_hours(u64::try_from(hour).unwrap())
}

/// Two migrations on their way, an orphan, a daemon without a problem and some history.
pub(crate) fn desk() -> FakeDesk {
    let migrations = ["api", "web"].map(|name| (name.to_owned(), Arc::new(detail(name))));
    let orphan = Orphan {
        name: "old".to_owned(),
        share: Some(Share::percent(50)),
        saved: PerSide { ec2: Some("20..600".to_owned()), fargate: None },
        floors: PerSide { ec2: Some(300), fargate: Some(310) },
    };
    let daemon = DaemonStatus {
        version: "0.1.0".to_owned(),
        at: Some(at(30)),
        configuration: Configuration {
            files: 2,
            hash: "ab".repeat(32),
            loaded_at: Some(at(1)),
            problems: Vec::new(),
            unconfirmed: BTreeSet::from(["gone".to_owned()]),
        },
        is_leader: true,
        leader: None,
        store_problem: None,
    };
    let fleet = Fleet {
        daemon,
        settings: Arc::default(),
        migrations: BTreeMap::from(migrations),
        orphans: BTreeMap::from([("old".to_owned(), orphan)]),
        counts: BTreeMap::new(),
    };
    FakeDesk { fleet, history: history(3), ..FakeDesk::default() }
}

pub(crate) fn history(count: u64) -> Vec<Numbered> {
    let numbered = |sequence| {
        let happening = match sequence % 3 {
            1 => Happening::Said { who: "alice".to_owned(), what: Verb::Pause.to_string() },
            2 => Happening::Decision {
                verdict: VerdictKind::Hold,
                reason: VerdictReason::Collecting,
            },
            _ => Happening::Event {
                event: Event {
                    at: at(2),
                    severity: Severity::Warning,
                    reason: "Drifted".to_owned(),
                    message: "Somebody else moved the weights from 10% to 20%, and Ferry leaves \
                              them there until `resume`."
                        .to_owned(),
                },
            },
        };
        Numbered { sequence, entry: Entry { at: at(2), happening } }
    };
    (1..=count).map(numbered).collect()
}

fn detail(name: &str) -> Detail {
    let text = example("config/examples/tapple-api.yaml");
    let documents = manifest::read("tapple-api.yaml", &text).unwrap();
    let mut migrations = documents.into_iter().filter_map(|document| match document.resource {
        Resource::Migration(migration) => Some(*migration),
        Resource::Settings(_) | Resource::World(_) => None,
    });
    let shares =
        Shares { wanted: Some(Share::percent(25)), set: Some(Share::percent(10)), measured: None };
    let tasks = |running, healthy| Some(Tasks { desired: running, running, healthy });
    Detail {
        summary: Summary {
            name: name.to_owned(),
            labels: BTreeMap::from([("team".to_owned(), "api".to_owned())]),
            generation: 3,
            revision: "7".to_owned(),
            share: shares,
            tasks: PerSide { ec2: tasks(420, Some(418)), fargate: tasks(48, None) },
            p99_ms: PerSide { ec2: Some(181.6), fargate: None },
            verdict: "hold".to_owned(),
            doing: "Waits for evidence at 10% before it takes the step to 25%.".to_owned(),
            since: None,
            conditions: vec![ConditionType::Paused],
        },
        migration: migrations.next().unwrap(),
        status: status(),
        seen_at: at(30),
        verdict: verdict(),
        plan: plan(),
        findings: vec!["The plan keeps every promise.".to_owned()],
        coverage: Some(Coverage {
            share_min: Share::percent(25),
            minutes: 60,
            surges: (720..730).collect(),
        }),
        capacity: capacity(),
        latest: PerSide {
            ec2: Latest {
                p99_ms: Some(181.6),
                requests_per_minute: Some(540_000.0),
                slow_ratio: Some(0.004),
            },
            fargate: Latest::default(),
        },
    }
}

fn capacity() -> Capacity {
    let ec2 = TaskCapacity {
        safe_requests_per_minute: Some(2_412.0),
        source: Source::Fitted,
        fit: Some(Fit {
            at: at(10),
            minutes: 1_290,
            estimated_requests_per_minute: 2_610.0,
            safe_cpu_percent: 58.3,
            notes: Vec::new(),
        }),
        refused: None,
    };
    let fargate = TaskCapacity {
        safe_requests_per_minute: Some(1_809.0),
        source: Source::Prior,
        fit: None,
        refused: Some("only 12 minutes can be used and it takes 45".to_owned()),
    };
    Capacity { tasks: PerSide { ec2, fargate }, ratio: None }
}

fn status() -> Status {
    let mut status = Status { attempt: 1, started_at: Some(at(3)), ..Status::default() };
    status.step = Some(Step {
        share: Share::percent(10),
        decided_at: at(20),
        verified_at: Some(at(21)),
        settled_at: None,
    });
    status.share = ShareStatus { set: Some(Share::percent(10)), ..ShareStatus::default() };
    let weights = |fargate| {
        [("api.example.com/A".to_owned(), WeightPair { ec2: 100 - fargate, fargate })].into()
    };
    let (before, after) = (weights(5), weights(10));
    status.intended = Some(Intended { at: at(20), share: Share::percent(10), before, after });
    status.saved.ec2 = Some(Bounds { min: 20, max: 600 });
    status.floors = PerSide { ec2: Some(420), fargate: Some(48) };
    status.verbs.pause = Some(Said { who: "alice".to_owned(), at: at(22) });
    let (kind, is) = (ConditionType::Paused, ConditionStatus::True);
    status.conditions.set(at(22), 3, kind, is, "Operator", "alice paused it.");
    let (kind, is) = (ConditionType::Progressing, ConditionStatus::False);
    let message = "The next step waits until alice takes back the pause, and until the evidence \
                   is enough.";
    status.conditions.set(at(22), 3, kind, is, "Paused", message);
    status
}

fn verdict() -> Verdict {
    let signal =
        |harm, safe, burn_fargate| SignalEvidence { harm, safe, burn_fargate, burn_ec2: 0.4 };
    Verdict {
        kind: VerdictKind::Hold,
        reason: VerdictReason::Collecting,
        minute: Some(at(30).minute()),
        evidence: Evidence {
            harm: 0.2,
            harm_threshold: 8.5,
            safe_threshold: 3.0,
            signals: BTreeMap::from([
                ("errors".to_owned(), signal(-0.3, 3.4, 0.1)),
                ("slow_slo".to_owned(), signal(0.2, 1.25, 0.55)),
            ]),
            minutes: 95,
            eta: Some(Span::from_mins(130)),
        },
    }
}

fn plan() -> Planned {
    let line = |rule: &str, said: &str, message: &str, opens_at, reason| Spoken {
        rule: rule.to_owned(),
        said: said.to_owned(),
        message: message.to_owned(),
        opens_at,
        reason,
    };
    let paused = Reason::PausedByOperator { who: "alice".to_owned() };
    let at = |hour| Some(at(hour));
    Planned {
        at: at(30),
        lines: vec![
            line("rollback", "open", "", None, None),
            line("paused", "refused", "alice paused it", None, Some(paused)),
            line("window", "refused", "outside the windows", at(34), Some(Reason::OutsideWindow)),
            line("dwell", "refused", "at 10% for 40m of 1h", at(31), Some(Reason::DwellNotOver)),
        ],
        actions: vec![Done {
            action: "EC2's floor from 400 to 420".to_owned(),
            answer: "written".to_owned(),
        }],
        next: Some(Share::percent(25)),
    }
}
