//! Reads a story and tells what each pass said.

use std::fmt::Write as _;

use model::action::Action;
use model::condition::{ConditionStatus, Conditions};
use model::event::Severity;
use model::observation::{Bounds, Deployment, Gap, ScheduledBounds};
use model::ownership::{Foreign, Ownership};
use model::plan::{Plan, Reason};
use model::route::{Propagation, WeightPair};
use model::status::Said;
use model::verb::Verb;
use model::verdict::{VerdictKind, VerdictReason};
use model::{Side, Span};
use planner::Grant;
use serde_json::{Value, json};

use crate::world::{Marks, World, default_migration};

/// Tells a whole story.
pub(crate) fn tell(text: &str) -> String {
    let mut story = Story {
        migration: default_migration(),
        settings: json!({"apiVersion": "ferry/v1", "kind": "Settings"}),
        world: None,
        told: String::new(),
    };
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.starts_with('#') {
            writeln!(story.told, "{line}").expect("strings take all");
        } else if !line.is_empty() {
            let place = number + 1;
            story.line(line).unwrap_or_else(|why| panic!("line {place}: `{line}`: {why}"));
        }
    }
    story.told
}

struct Story {
    migration: Value,
    settings: Value,
    world: Option<World>,
    told: String,
}

type Read = Result<(), String>;

impl Story {
    fn line(&mut self, line: &str) -> Read {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        match verb {
            // spec PATH = JSON, settings PATH = JSON: may be said again later, as an edit.
            "spec" | "settings" => self.edit(verb, rest),
            "tick" => self.ticks(rest),
            _ => change(self.world(), verb, rest),
        }
    }

    fn world(&mut self) -> &mut World {
        self.world.get_or_insert_with(|| World::new(&self.migration, &self.settings))
    }

    fn edit(&mut self, what: &str, rest: &str) -> Read {
        let (path, value) = rest.split_once('=').ok_or("say PATH = JSON")?;
        let value: Value = serde_json::from_str(value.trim()).map_err(|error| error.to_string())?;
        let root = if what == "spec" { &mut self.migration["spec"] } else { &mut self.settings };
        put(root, path.trim(), value);
        if let Some(world) = &mut self.world {
            let fresh = World::new(&self.migration, &self.settings);
            (world.migration, world.settings) = (fresh.migration, fresh.settings);
            world.generation += 1;
        }
        Ok(())
    }

    /// `tick`, or `tick 5 every 1m`.
    fn ticks(&mut self, rest: &str) -> Read {
        let words: Vec<&str> = rest.split_whitespace().collect();
        let (count, every) = match words.as_slice() {
            [] => (1, Span::from_mins(1)),
            [count, "every", every] => (number(count)?, span(every)?),
            _ => return Err("say `tick` or `tick N every SPAN`".to_owned()),
        };
        for _ in 0..count {
            let world = self.world();
            let plan = world.plan();
            let told = report(world, &plan);
            world.carry_out(&plan);
            world.now = world.now + every;
            self.told.push_str(&told);
        }
        Ok(())
    }
}

fn put(root: &mut Value, path: &str, value: Value) {
    let mut at = root;
    let (parents, last) = path.rsplit_once('.').unwrap_or(("", path));
    for key in parents.split('.').filter(|key| !key.is_empty()) {
        if at[key].is_null() {
            at[key] = json!({});
        }
        at = &mut at[key];
    }
    if value.is_null() {
        at.as_object_mut().expect("a map").remove(last);
    } else {
        at[last] = value;
    }
}

fn change(world: &mut World, verb: &str, rest: &str) -> Read {
    let words: Vec<&str> = rest.split_whitespace().collect();
    match (verb, words.as_slice()) {
        ("ec2", words) => fleet(world, Side::Ec2, words)?,
        ("fargate", words) => fleet(world, Side::Fargate, words)?,
        ("both", words) => {
            fleet(world, Side::Ec2, words)?;
            fleet(world, Side::Fargate, words)?;
        }
        // live 90/10, or one pair per route.
        ("live", pairs) => {
            let routes = world.weights.values_mut();
            for (i, pair) in routes.enumerate() {
                *pair = weights(pairs.get(i).or(pairs.last()).ok_or("say EC2/FARGATE")?)?;
            }
        }
        ("routes", [word]) => {
            world.propagation = match *word {
                "pending" => Propagation::Pending,
                "failed" => Propagation::Failed,
                "divided" => Propagation::Divided,
                _ => Propagation::InSync { since: None },
            };
            world.split_gap = gap(word);
        }
        ("marks", words) => marks(world, words)?,
        // sticky 1h: each route holds clients for so long; sticky none.
        ("sticky", ["none"]) => world.sticky.clear(),
        ("sticky", [span]) => {
            let span: Span = parse(span)?;
            world.sticky = world.weights.keys().map(|key| (key.clone(), span)).collect();
        }
        ("load", ["unknown"]) => world.load_gap = Some(Gap::Throttled),
        ("load", ["known"]) => world.load_gap = None,
        ("load", [now, "peak", peak]) => {
            (world.now_rpm, world.peak_rpm) = (float(now)?, float(peak)?);
        }
        ("measured", ["followed"]) => world.measured = None,
        ("measured", [share]) => world.measured = Some(parse(share)?),
        ("verdict", ["minute", age, "ago"]) => world.verdict_age = number(age)?.into(),
        ("verdict", ["eta", eta]) => world.eta = Some(span(eta)?),
        ("verdict", [kind, reason @ ..]) => world.verdict = verdict(kind, &reason.join(" "))?,
        ("wait", [time]) => world.now = world.now + span(time)?,
        ("at", [time]) => world.now = parse(time)?,
        ("operator", words) => operator(world, words)?,
        ("attempt", ["lost"]) => world.status = model::status::Status::default(),
        ("lose", [routes]) => world.lost_routes = number(routes)? as usize,
        ("grant", ["open"]) => world.grant = Grant::Open,
        ("grant", ["none", "stepping", count]) => {
            world.grant = Grant::NoAdvance(Reason::StepBudget { stepping: number(count)? });
        }
        ("grant", ["none", "failures", count]) => {
            world.grant = Grant::NoAdvance(Reason::Brake { failures: number(count)? });
        }
        ("dependency", [name, condition, status]) => {
            let mut conditions = Conditions::default();
            let kind = parse(condition)?;
            let holds = ConditionStatus::from(*status == "true");
            let _changed = conditions.set(world.now, 1, kind, holds, "Story", "");
            let _before = world.dependencies.insert((*name).to_owned(), conditions);
        }
        _ => return Err("not a line of a story".to_owned()),
    }
    Ok(())
}

fn fleet(world: &mut World, side: Side, words: &[&str]) -> Read {
    let now = world.now;
    let fleet = world.fleets.get_mut(side);
    match words {
        ["healthy", "all"] => (fleet.healthy, fleet.targets_gap) = (None, None),
        ["healthy", "unknown"] => fleet.targets_gap = Some(Gap::Throttled),
        ["healthy", count] => fleet.healthy = Some(number(count)?),
        ["desired", count] => fleet.desired = number(count)?,
        ["bounds", "none"] => fleet.bounds = None,
        ["bounds", "unknown"] => fleet.scaling_gap = Some(Gap::Throttled),
        ["bounds", "known"] => fleet.scaling_gap = None,
        ["bounds", range] => {
            let (min, max) = range.split_once("..").ok_or("say MIN..MAX")?;
            let bounds = Bounds { min: number(min)?, max: number(max)? };
            fleet.bounds = Some(bounds);
            fleet.desired = fleet.desired.clamp(bounds.min, bounds.max);
        }
        ["suspended"] => fleet.suspended = true,
        ["scheduled", name, "in", time, "min", min] => fleet.scheduled.push(ScheduledBounds {
            name: (*name).to_owned(),
            at: now + span(time)?,
            min: Some(number(min)?),
            max: None,
        }),
        ["release", name] => fleet.release = (*name).to_owned(),
        ["service", "unknown"] => fleet.service_gap = Some(Gap::Throttled),
        ["service", "known"] => fleet.service_gap = None,
        ["deployment", "steady"] => fleet.deployment = Deployment::Steady,
        ["deployment", "failed"] => fleet.deployment = Deployment::Failed,
        ["deployment", "started"] => fleet.deployment = Deployment::InProgress { since: now },
        ["safe", "unknown"] => fleet.safe_rpm = None,
        ["safe", rpm] => fleet.safe_rpm = Some(float(rpm)?),
        ["requests", "shared"] => fleet.rpm = None,
        ["requests", rpm] => fleet.rpm = Some(float(rpm)?),
        _ => return Err("not a line about a side".to_owned()),
    }
    Ok(())
}

/// What the marks say of the service on EC2 and of a record.
fn marks(world: &mut World, words: &[&str]) -> Read {
    let thing = |thing: &str| thing.to_owned();
    let service = || thing("service prd/api");
    let ownership = match words {
        ["ours"] => Ownership::default(),
        ["missing"] => Ownership {
            unmarked: vec![service(), thing("record api.example.com")],
            others: Vec::new(),
        },
        ["of", owner] => Ownership {
            unmarked: Vec::new(),
            others: vec![Foreign { thing: service(), owner: thing(owner) }],
        },
        ["unknown"] => {
            world.marks.gap = Some(Gap::Denied);
            return Ok(());
        }
        ["unread"] => {
            world.marks.read_at = Some(world.now);
            return Ok(());
        }
        _ => return Err("not something that marks say".to_owned()),
    };
    world.marks = Marks { ownership, ..Marks::default() };
    Ok(())
}

fn operator(world: &mut World, words: &[&str]) -> Read {
    let said = Said { who: "alice".to_owned(), at: world.now };
    let verb = match words {
        ["pause"] => Verb::Pause,
        ["advance"] => Verb::Advance,
        ["rollback"] => Verb::Rollback,
        ["pin", share] => Verb::Pin { share: parse(share)? },
        ["freeze"] => Verb::Freeze,
        ["resume"] => Verb::Resume,
        _ => return Err("not something an operator says".to_owned()),
    };
    world.status.hear(verb, said).map_err(|contradiction| contradiction.to_string())
}

fn verdict(kind: &str, reason: &str) -> Result<(VerdictKind, VerdictReason), String> {
    let kind = serde_json::from_value(json!(kind)).map_err(|error| error.to_string())?;
    let (name, signal) = reason.split_once(' ').unwrap_or((reason, ""));
    let reason = match (name, signal) {
        ("loadCoverage", _) => json!({"type": name, "minutes": 10, "minutesNeeded": 60}),
        ("missingData", side) => json!({"type": name, "side": side}),
        (name, "") => json!({"type": name}),
        (name, signal) => json!({"type": name, "signal": signal}),
    };
    Ok((kind, serde_json::from_value(reason).map_err(|error| error.to_string())?))
}

fn report(world: &World, plan: &Plan) -> String {
    let live = world.live().map_or("mixed".to_owned(), |share| share.to_string());
    let mut told = format!(
        "\n== {} live {live}, healthy {} and {}, verdict {} {}\n{}\n",
        world.now,
        world.healthy(Side::Ec2),
        world.healthy(Side::Fargate),
        world.verdict.0.name(),
        world.verdict.1.name(),
        plan.report
    );
    for action in &plan.actions {
        writeln!(told, "  do    {action}").expect("strings take all");
        if let Action::SetWeights { sticky, .. } = action {
            for (route, span) in sticky {
                writeln!(told, "        {route} holds clients for {span}").expect("as above");
            }
        }
    }
    for event in &plan.events {
        let severity = match event.severity {
            Severity::Normal => "event",
            Severity::Warning => "ALERT",
        };
        writeln!(told, "  {severity} {}: {}", event.reason, event.message).expect("as above");
    }
    for condition in plan.status.conditions.iter() {
        let before = world.status.conditions.get(condition.kind);
        let words = |c: &model::condition::Condition| (c.status, c.reason.as_str().to_owned());
        if before.map(words) != Some(words(condition)) {
            let (kind, status, reason) = (condition.kind, condition.status, &condition.reason);
            writeln!(told, "  {kind}={status} {reason}").expect("as above");
        }
    }
    told
}

fn gap(word: &str) -> Option<Gap> {
    match word {
        "unknown" => Some(Gap::Throttled),
        "denied" => Some(Gap::Denied),
        _ => None,
    }
}

fn weights(pair: &str) -> Result<WeightPair, String> {
    let (ec2, fargate) = pair.split_once('/').ok_or("say EC2/FARGATE")?;
    Ok(WeightPair { ec2: number(ec2)?, fargate: number(fargate)? })
}

fn number(word: &str) -> Result<u32, String> {
    parse(word)
}

fn float(word: &str) -> Result<f64, String> {
    parse(word)
}

fn span(word: &str) -> Result<Span, String> {
    parse(word)
}

fn parse<T: std::str::FromStr>(word: &str) -> Result<T, String>
where
    T::Err: std::fmt::Display,
{
    word.parse().map_err(|error: T::Err| error.to_string())
}
