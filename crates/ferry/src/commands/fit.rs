//! `ferry fit`

mod minutes;

use std::path::{Path, PathBuf};

use capacity::fit::{Answer as SideAnswer, Fit as Fits, Fitted, Prior, Question, Reservation, fit};
use capacity::task::LatencyObjective;
use clap::Args;
use model::spec::Objective;
use model::{PerSide, Side, Span};

use crate::cli::Format;
use crate::commands::show::page::Page;
use crate::output::{Answer, Failure, print, read, terminal_width};

#[derive(Debug, Args)]
pub(crate) struct Fit {
    /// Recorded minutes, one row for each minute and side.
    ///
    /// Columns in any order: minute,side,requests,tasks and, as far as known,
    /// cpu_percent,p50_ms,p99_ms,slow_fraction. `minute` is an integer or an RFC 3339 time;
    /// `cpu_percent` is of what the tasks reserve; `slow_fraction` counts requests above the SLO's
    /// threshold. A minute needs CPU, and p99_ms or slow_fraction; others are left out and counted.
    #[arg(value_name = "CSV")]
    file: PathBuf,
    /// Slower requests are slow.
    #[arg(long, value_name = "SPAN", default_value = "300ms")]
    slo_threshold: Span,
    /// So many requests must not be.
    #[arg(long, value_name = "PERCENT", default_value = "99%")]
    objective: Objective,
    /// vCPU that a task reserves on EC2.
    #[arg(long, value_name = "X", default_value_t = 1.0, value_parser = vcpu)]
    ec2_vcpu: f64,
    /// vCPU that a task reserves on Fargate.
    #[arg(long, value_name = "X", default_value_t = 1.0, value_parser = vcpu)]
    fargate_vcpu: f64,
    /// vCPU that a task can use on EC2; default: 1, that of one event loop, or what is seen in use.
    #[arg(long, value_name = "X", value_parser = vcpu)]
    ec2_usable_vcpu: Option<f64>,
    /// The same on Fargate, at most what it reserves.
    #[arg(long, value_name = "X", value_parser = vcpu)]
    fargate_usable_vcpu: Option<f64>,
    /// What `ferry fit -o json` printed before, of a load test or of an earlier hour.
    ///
    /// It counts as half an hour of minutes and is left out where the minutes contradict it. With
    /// it a quarter of an hour is enough, and the load may be constant.
    #[arg(long, value_name = "JSON")]
    prior: Option<PathBuf>,
    /// Where the draws of the bootstrap come from: the same inputs and seed give the same bytes.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// What to print.
    #[arg(short, long, value_enum, default_value_t = Format::Text)]
    output: Format,
}

/// More vCPU than any host has: a slip of the unit.
const VCPU_MAX: f64 = 1_000.0;

fn vcpu(text: &str) -> Result<f64, String> {
    let vcpu = text.parse::<f64>().ok().filter(|vcpu| *vcpu > 0.0 && *vcpu <= VCPU_MAX);
    vcpu.ok_or_else(|| "write vCPU as a number above 0, such as 0.5; 1024 CPU units are 1".into())
}

/// Fits a recording; the answer is no where a side of it has no number.
pub(crate) fn run(arguments: &Fit) -> Result<Answer, Failure> {
    let text = read(&arguments.file)?;
    let minutes = minutes::parse(&text)
        .map_err(|error| Failure::bad_input(format!("{}: {error}", arguments.file.display())))?;
    let fits = fit(&minutes, &question(arguments)?);
    print(&match arguments.output {
        Format::Text => page(&fits, arguments),
        Format::Json => {
            let json = serde_json::to_string_pretty(&fits);
            json.expect("keys are strings and numbers are finite") + "\n"
        }
    })?;
    let refused = fits.sides.iter().any(|(_, side)| matches!(side, Some(SideAnswer::Refused(_))));
    Ok(if refused { Answer::No } else { Answer::Yes })
}

fn question(arguments: &Fit) -> Result<Question, Failure> {
    let Fit { fargate_vcpu, fargate_usable_vcpu, .. } = *arguments;
    if let Some(usable) = fargate_usable_vcpu.filter(|usable| *usable > fargate_vcpu) {
        return Err(Failure::bad_input(format!(
            "--fargate-usable-vcpu: {usable} is more than the {fargate_vcpu} that the task \
             reserves, and Fargate gives no more"
        )));
    }
    let reserves = |vcpu, usable_vcpu| Reservation { vcpu, usable_vcpu };
    Ok(Question {
        objective: LatencyObjective {
            threshold_seconds: arguments.slo_threshold.secs_f64(),
            slow_fraction_max: arguments.objective.budget(),
        },
        tasks: PerSide {
            ec2: reserves(arguments.ec2_vcpu, arguments.ec2_usable_vcpu),
            fargate: reserves(fargate_vcpu, fargate_usable_vcpu),
        },
        prior: match &arguments.prior {
            Some(path) => prior(path)?,
            None => PerSide { ec2: None, fargate: None },
        },
        seed: arguments.seed,
    })
}

fn prior(path: &Path) -> Result<PerSide<Option<Prior>>, Failure> {
    let name = path.display();
    let text = read(path)?;
    let fits: Fits = serde_json::from_str(&text).map_err(|error| {
        Failure::bad_input(format!(
            "{name}: is not what `ferry fit -o json` prints: {error}; fit the load test's minutes \
             and keep what that prints"
        ))
    })?;
    if fits.schema != capacity::fit::SCHEMA {
        let (found, known) = (&fits.schema, capacity::fit::SCHEMA);
        let problem = format!("{name}: schema is `{found}` and only `{known}` can be read");
        return Err(Failure::bad_input(problem));
    }
    let prior = fits.sides.map(|side| side.as_ref()?.fitted().map(Fitted::prior));
    if prior.iter().all(|(_, prior)| prior.is_none()) {
        return Err(Failure::bad_input(format!("{name}: no side of it was fitted")));
    }
    if let Some((side, _)) = prior.iter().find(|(_, p)| p.is_some_and(|p| !p.is_sound())) {
        let problem = format!("{name}: the numbers of {side} are not those of a task");
        return Err(Failure::bad_input(problem));
    }
    Ok(prior)
}

/// The answer for people: what it comes to, the numbers, and what to know before using them.
fn page(fits: &Fits, arguments: &Fit) -> String {
    let mut page = Page::new(terminal_width());
    for (side, answer) in fits.sides.iter() {
        if let Some(answer) = answer {
            page.paragraph(0, &verdict(side, answer, arguments));
        }
    }
    if let Some(ratio) = &fits.ratio {
        let tasks = |ratio: f64| 1.0 / ratio;
        page.paragraph(
            0,
            &format!(
                "What one EC2 task carries takes {:.2} Fargate tasks ({:.2} to {:.2}); a request \
                 costs {:.2} times the CPU ({:.2} to {:.2}). {} minutes are of both sides.",
                tasks(ratio.safe_load.estimate),
                tasks(ratio.safe_load.high),
                tasks(ratio.safe_load.low),
                ratio.cpu_per_request.estimate,
                ratio.cpu_per_request.low,
                ratio.cpu_per_request.high,
                ratio.minutes_paired,
            ),
        );
    }
    let numbers = numbers(fits);
    if !numbers.is_empty() {
        page.heading("Numbers");
        page.table(2, ["", "EC2", "Fargate"], &numbers);
    }
    for (side, answer) in fits.sides.iter() {
        remarks(&mut page, side, answer.as_ref());
    }
    page.finish()
}

fn verdict(side: Side, answer: &SideAnswer, arguments: &Fit) -> String {
    match answer {
        SideAnswer::Fitted(fitted) => format!(
            "A task on {side} surely carries {:.1} requests/s, at {:.0} % CPU, with {} of them \
             within {}.",
            fitted.safe_requests_per_second,
            fitted.safe_cpu_percent,
            arguments.objective,
            arguments.slo_threshold,
        ),
        SideAnswer::Refused(refused) => format!("No number for {side}: {}.", refused.reason),
    }
}

fn numbers(fits: &Fits) -> Vec<[String; 3]> {
    let fitted = fits.sides.clone().map(|side| side.and_then(|side| side.fitted().cloned()));
    if fitted.iter().all(|(_, side)| side.is_none()) {
        return Vec::new();
    }
    let row = |label: &str, of: &dyn Fn(&Fitted) -> String| {
        let cell = |side: &Option<Fitted>| side.as_ref().map_or_else(|| "–".to_owned(), of);
        [label.to_owned(), cell(&fitted.ec2), cell(&fitted.fargate)]
    };
    let milliseconds = |seconds: f64| format!("{:.1} ms", 1_000.0 * seconds);
    vec![
        row("safe load", &|f| format!("{:.1} requests/s", f.safe_requests_per_second)),
        row("best estimate", &|f| {
            let percent = 100.0 * f.estimate_error;
            format!("{:.1} requests/s ± {percent:.1} %", f.estimated_requests_per_second)
        }),
        row("found by", &|f| f.method.name().to_owned()),
        row("CPU there", &|f| format!("{:.1} %", f.safe_cpu_percent)),
        row("utilisation there", &|f| format!("{:.0} %", 100.0 * f.safe_utilisation)),
        row("loads seen", &|f| {
            let seen = &f.seen;
            let (low, high) = (seen.requests_per_second_min, seen.requests_per_second_max);
            format!("{low:.1} to {high:.1} requests/s")
        }),
        row("utilisation seen", &|f| format!("{:.0} %", 100.0 * f.seen.utilisation_max)),
        row("CPU of a request", &|f| milliseconds(f.parameters.cpu_seconds_per_request)),
        row("CPU idle", &|f| format!("{:.3} vCPU", f.parameters.idle_vcpu)),
        row("tail factor", &|f| format!("{:.2}", f.parameters.kappa)),
        row("off the CPU, median", &|f| milliseconds(f.parameters.base_latency.median_seconds)),
        row("off the CPU, p99", &|f| milliseconds(f.parameters.base_latency.p99_seconds)),
        row("minutes used", &|f| f.seen.minutes.to_string()),
    ]
}

/// Notes, and minutes that were not used.
fn remarks(page: &mut Page, side: Side, answer: Option<&SideAnswer>) {
    let (notes, dropped) = match answer {
        None => return,
        Some(SideAnswer::Fitted(fitted)) => (fitted.notes.as_slice(), fitted.dropped),
        Some(SideAnswer::Refused(refused)) => ([].as_slice(), refused.dropped),
    };
    if notes.is_empty() && dropped.total() == 0 {
        return;
    }
    page.heading(&side.to_string());
    for note in notes {
        page.paragraph(2, &format!("{note}."));
    }
    if dropped.total() > 0 {
        page.paragraph(2, &format!("{} minutes were not used: {dropped}.", dropped.total()));
    }
}
