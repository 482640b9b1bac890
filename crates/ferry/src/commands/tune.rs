//! `ferry tune`

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};
use tuning::noise::Noise;
use tuning::replay::{Minute, Replay, resource_id};
use tuning::shape::{Names, Resolution};
use tuning::surges::Event;
use tuning::tune::{self, Chosen, Judged, Proposal, REPLAYS_EXPECTED, Stress, propose};

use super::replay::{self, Inputs, failure, lints, sentence, table, with_the_week_after};
use super::yaml;
use crate::cli::{Form, Tune};
use crate::output::{Answer, Failure, is_watched, print, read, tell, write};

pub(crate) fn run(arguments: &Tune) -> Result<Answer, Failure> {
    let inputs = replay::inputs(&arguments.replayed)?;
    let current = arguments.current.as_deref().map(replay::policy).transpose()?;
    let events = events(arguments, &inputs)?;
    let resolutions: &[Resolution] = if arguments.standard_metrics {
        &[Resolution::Standard]
    } else {
        &[Resolution::Standard, Resolution::High]
    };
    let names = match &current {
        Some(policy) => Names::new(resource_id(policy)),
        None => Names::new(&format!("service/{}", arguments.service)),
    };
    let asked = tune::Inputs {
        world: &inputs.world,
        past: &inputs.load,
        events: &events,
        current: current.as_deref(),
        names,
        seed: arguments.replayed.seed,
        resolutions,
    };
    let bar = bar();
    let proposed = propose(&asked, |replayed| bar.set_position(replayed));
    bar.finish_and_clear();
    let proposal = proposed.map_err(|error| failure(&place(arguments, &error), &error))?;
    if let Some(current) = &current {
        let found = lints(current, &inputs, arguments.replayed.ratio);
        for lint in found.map_err(|error| failure(&place(arguments, &error), &error))? {
            tell(&sentence(&lint));
        }
    }
    explain(&proposal, &inputs);
    print(&match arguments.replayed.output {
        Form::Table => shown(&proposal),
        Form::Json => format!("{:#}\n", answer(&proposal)),
        Form::Yaml => yaml::text(&answer(&proposal)),
    })?;
    let Some(chosen) = &proposal.chosen else { return Ok(Answer::No) };
    let page = page(&asked, &inputs, &proposal, chosen)
        .map_err(|error| failure(&place(arguments, &error), &error))?;
    write(&arguments.report, &page)?;
    tell(&format!("The page with plots is {}.", arguments.report.display()));
    Ok(Answer::Yes)
}

/// The file that an error is about.
fn place(arguments: &Tune, error: &tuning::Error) -> String {
    let path = match error {
        tuning::Error::Load { .. } => Some(&arguments.replayed.load),
        tuning::Error::World(_) | tuning::Error::Hopeless { .. } => Some(&arguments.replayed.world),
        tuning::Error::Policy(_) | tuning::Error::NotModelled { .. } => arguments.current.as_ref(),
    };
    path.map_or_else(|| "tune".to_owned(), |path| path.display().to_string())
}

fn events(arguments: &Tune, inputs: &Inputs) -> Result<Vec<Event>, Failure> {
    let Some(path) = &arguments.events else { return Ok(Vec::new()) };
    tuning::events::read(&read(path)?, with_the_week_after(&inputs.load))
        .map_err(|error| Failure::bad_input(format!("{}: {error}", path.display())))
}

fn bar() -> ProgressBar {
    if !is_watched() {
        return ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
    }
    let style = ProgressStyle::with_template("replayed weeks {pos} {wide_bar} {percent:>3}%")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(REPLAYS_EXPECTED).with_style(style)
}

/// What a person must know beside the numbers.
fn explain(proposal: &Proposal, inputs: &Inputs) {
    for group in &proposal.surges.groups {
        tell(&format!("The surge `{}` came {} times.", group.name, group.samples.len()));
    }
    for event in &proposal.unknown {
        tell(&format!(
            "warning: nothing is known of the event `{}` at {}: it has no floor. Its load is learnt \
             when it has happened once.",
            event.name, event.at
        ));
    }
    for (candidate, shortfalls) in &proposal.rejected {
        for shortfall in shortfalls {
            let family = candidate.family();
            tell(&format!("Passed over {}: {shortfall}.", family_name(family)));
        }
    }
    let Some(chosen) = &proposal.chosen else {
        tell("Nothing is proposed: no candidate is better than what there is.");
        return;
    };
    let high = chosen.candidate.shape.resolution() == Resolution::High;
    if high && inputs.world.metric.period_s >= 60.0 {
        tell(
            "warning: this policy reads CPU every 20 seconds. Set the service's \
             monitoringConfiguration first, or its alarms see nothing and it never scales; \
             --standard-metrics searches without.",
        );
    }
    tell(
        "To apply it: PutScalingPolicy first; each answers with an ARN, which replaces the \
         policy's name in AlarmActions.",
    );
}

fn family_name(family: tune::Family) -> String {
    let kind = if family.steps { "steps" } else { "target tracking" };
    let floors = if family.floors { " with floors" } else { "" };
    format!("{kind}{floors} on metrics of {} s", family.resolution.seconds())
}

fn shown(proposal: &Proposal) -> String {
    let mut rows = Vec::new();
    if let Some(current) = &proposal.current {
        rows.push(("live policy".to_owned(), current.summary));
    }
    if let Some(chosen) = &proposal.chosen {
        let family = family_name(chosen.candidate.family());
        rows.push((format!("proposal: {family}"), chosen.proof.scheduled.summary));
        if chosen.candidate.floors.is_some() {
            rows.push(("  floors corrected live".to_owned(), chosen.proof.live.summary));
        }
        for stress in &chosen.proof.stress {
            rows.push((format!("  {}", stress.what), stress.scheduled.summary));
        }
    }
    if let Some(runner_up) = &proposal.runner_up {
        let family = family_name(runner_up.candidate.family());
        rows.push((format!("runner-up: {family}"), runner_up.proof.scheduled.summary));
    }
    let rows: Vec<_> = rows.iter().map(|(name, summary)| (name.as_str(), summary)).collect();
    table(&rows)
}

fn answer(proposal: &Proposal) -> Value {
    let chosen = proposal.chosen.as_ref();
    let proof = chosen.map(|chosen| &chosen.proof);
    let stress = |it: &Stress| {
        json!({
            "what": it.what,
            "heldBack": it.scheduled.summary,
            "heldBackLive": it.live.summary,
            "current": it.current.map(|judged| judged.summary),
        })
    };
    json!({
        "policy": chosen.map(|chosen| &chosen.policy),
        "proof": {
            "train": proof.map(|proof| proof.train.summary),
            "heldBack": proof.map(|proof| proof.scheduled.summary),
            "heldBackLive": proof.map(|proof| proof.live.summary),
            "current": proposal.current.map(|judged| judged.summary),
            "stress": proof.map(|proof| proof.stress.iter().map(stress).collect::<Vec<_>>()),
        },
        "runnerUp": proposal.runner_up.as_ref().map(|runner_up| json!({
            "policy": runner_up.policy,
            "heldBack": runner_up.proof.scheduled.summary,
        })),
    })
}

/// The week held back, replayed before and after with the same chances.
fn page(
    asked: &tune::Inputs<'_>,
    inputs: &Inputs,
    proposal: &Proposal,
    chosen: &Chosen,
) -> Result<String, tuning::Error> {
    let minutes = inputs.load.minutes().len();
    let week = inputs.load.slice(minutes.saturating_sub(tuning::load::WEEK_MINUTES)..minutes)?;
    let noise = Noise::new(asked.seed, week.ticks().len());
    let replay = Replay::new(&inputs.physics, &week, &noise);
    let before = asked.current.map(|policy| replay.minutes(policy)).transpose()?;
    let (_, after) = replay.minutes(&chosen.held_back_policy)?;
    let before = before.map(|(_, minutes)| drawn(&minutes));
    let (after_tasks, after_slow) = drawn(&after);
    let rows = rows(proposal, chosen);
    Ok(report::Week {
        name: asked.names.resource_id.trim_start_matches("service/"),
        start: week.start(),
        rates: week.minutes(),
        before: before
            .as_ref()
            .map(|(tasks, slow_percent)| report::Replayed { tasks, slow_percent }),
        after: report::Replayed { tasks: &after_tasks, slow_percent: &after_slow },
        table: &rows,
    }
    .html())
}

fn drawn(minutes: &[Minute]) -> (Vec<f64>, Vec<f64>) {
    let tasks = minutes.iter().map(|minute| f64::from(minute.serving)).collect();
    (tasks, minutes.iter().map(|minute| 100.0 * minute.slow_fraction).collect())
}

fn rows(proposal: &Proposal, chosen: &Chosen) -> Vec<Vec<String>> {
    let head = ["week held back", "slow %", "bad minutes", "task-hours", "peak tasks", "actions"];
    let row = |name: &str, judged: &Judged| {
        let it = &judged.summary;
        vec![
            name.to_owned(),
            format!("{:.3}", it.slow_percent),
            it.bad_minutes.to_string(),
            format!("{:.0}", it.task_hours),
            it.peak_tasks.to_string(),
            it.actions.to_string(),
        ]
    };
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    rows.extend(proposal.current.as_ref().map(|current| row("live policy", current)));
    rows.push(row("proposal, floors scheduled a week ahead", &chosen.proof.scheduled));
    rows.push(row("proposal, floors corrected live", &chosen.proof.live));
    rows.extend(
        chosen.proof.stress.iter().map(|it| row(&format!("proposal: {}", it.what), &it.scheduled)),
    );
    rows
}
