//! `ferry explain`

use model::spec::RollbackWhen;
use model::verdict::{Coverage, Evidence, Verdict};
use server::api::{Coming, Detail, Milestone, Outlook, Planned};

use crate::cli::One;
use crate::commands::client::Client;
use crate::commands::show::history::verdict_words;
use crate::commands::show::page::{Page, UNKNOWN};
use crate::commands::show::plan::{self, done, minute, title, whole_minutes};
use crate::output::{Answer, Failure, print, terminal_width};

/// Says why a migration stands where it stands.
pub(crate) fn run(arguments: &One) -> Result<Answer, Failure> {
    let client = Client::new(&arguments.server)?;
    let (detail, _) = client.detail(&arguments.name)?;
    let outlook = plan::read(&client, &arguments.name)?;
    print(&page(&detail, &outlook, terminal_width()))?;
    Ok(Answer::Yes)
}

fn page(detail: &Detail, outlook: &Outlook, width: usize) -> String {
    let mut page = Page::new(width);
    page.paragraph(0, &format!("{}: {}", detail.summary.name, detail.summary.doing));
    verdict(&mut page, &detail.verdict);
    if let Some(coverage) = &detail.coverage {
        page.field("must have seen", asked(coverage));
    }
    eta(&mut page, detail, outlook);
    evidence(&mut page, &detail.verdict.evidence, detail.migration.spec.rollback.when);
    rules(&mut page, &detail.plan);
    page.heading("What was done");
    done(&mut page, &detail.plan);
    page.heading("What the audit found");
    if detail.findings.is_empty() {
        page.paragraph(2, "Nothing.");
    }
    for finding in &detail.findings {
        page.paragraph(2, finding);
    }
    page.finish()
}

fn verdict(page: &mut Page, verdict: &Verdict) {
    page.heading(&format!("Verdict: {}", verdict_words(verdict.kind)));
    page.field("because", format!("{} ({})", verdict.reason, verdict.reason.name()));
    match verdict.minute {
        Some(minute) => page.field("newest minute", model::Time::from_minute(minute)),
        None => page.field("newest minute", "none was judged yet"),
    }
    page.field(
        "compared",
        format!("{} minutes of this step count towards the proof", verdict.evidence.minutes),
    );
    page.field(
        "enough in",
        verdict.evidence.eta.map_or_else(
            || "not known, or never at the present rate".to_owned(),
            |eta| format!("{eta}, at the present rate"),
        ),
    );
}

/// What a proof must have seen, in words.
fn asked(coverage: &Coverage) -> String {
    let begins = |minute: &&i64| !coverage.surges.contains(&(**minute - 1));
    let surges: Vec<String> = coverage
        .surges
        .iter()
        .filter(begins)
        .map(|minute| format!("{:02}:{:02}", minute / 60, minute % 60))
        .collect();
    let surge = match surges.as_slice() {
        [] => String::new(),
        times => format!(", and one of the surges that begin at {} UTC", times.join(", ")),
    };
    format!(
        "at {} and above: {} minutes of high load on each step{surge}",
        coverage.share_min, coverage.minutes
    )
}

/// When the next step comes, and when all traffic is on Fargate.
fn eta(page: &mut Page, detail: &Detail, outlook: &Outlook) {
    page.heading("When, at the earliest, if every verdict is good");
    let steps = || outlook.calendar.iter().filter(|coming| coming.what == Milestone::Step);
    let first = steps().next().map(|coming| ("next step", coming));
    let last = steps().next_back().map(|coming| ("last step", coming));
    let drained = outlook.calendar.iter().rfind(|coming| coming.what == Milestone::Drained);
    let drained = drained.map(|coming| ("EC2 drained", coming));
    for (label, coming) in [first, last, drained].into_iter().flatten() {
        page.field(label, when(coming, detail.seen_at));
    }
    if outlook.calendar.is_empty() {
        page.field("nothing", &outlook.end.message);
    }
    if !outlook.in_the_way.is_empty() {
        page.field("but first", outlook.in_the_way.join(" "));
    }
}

fn when(coming: &Coming, now: model::Time) -> String {
    let in_time = whole_minutes(coming.at.since(now));
    let mut words = vec![format!("{}, in {in_time}, {}", minute(coming.at), coming.share)];
    let at_present = |at| format!("{} at the present rate of proof", minute(at));
    words.extend(coming.expected.map(at_present));
    words.extend((!coming.why.is_empty()).then(|| coming.why.clone()));
    words.join("; ")
}

fn evidence(page: &mut Page, evidence: &Evidence, when: RollbackWhen) {
    page.heading("Evidence, in natural logarithms");
    let (harm, safe) = (evidence.harm_threshold, evidence.safe_threshold);
    let mut rows: Vec<[String; 5]> = evidence
        .signals
        .iter()
        .map(|(name, signal)| {
            [
                name.clone(),
                format!("{:.2}", signal.harm),
                format!("{:.2} of {safe:.2}", signal.safe),
                format!("{:.2}", signal.burn_fargate),
                format!("{:.2}", signal.burn_ec2),
            ]
        })
        .collect();
    let all = format!("{:.2} of {harm:.2}", evidence.harm);
    let unknown = || UNKNOWN.to_owned();
    rows.push(["together".to_owned(), all, unknown(), unknown(), unknown()]);
    let header = ["SIGNAL", "HARM", "SAFE", "BURN FARGATE", "BURN EC2"];
    page.table(2, header, &rows);
    let back = match when {
        RollbackWhen::Relative | RollbackWhen::Either => "traffic goes back",
        RollbackWhen::Slo => {
            "since `rollback.when` is `slo`, traffic goes back only if the error budget is at stake"
        }
    };
    page.paragraph(
        2,
        &format!(
            "From a harm of {harm:.2} of all signals together Fargate is proven worse, and {back}. \
             A step is proven by comparison when every signal is safe at {safe:.2}. A burn of 1 \
             spends the error budget exactly."
        ),
    );
}

fn rules(page: &mut Page, plan: &Planned) {
    page.heading(&title("What each rule said", plan.at));
    if plan.lines.is_empty() {
        page.paragraph(2, "No rule has spoken.");
        return;
    }
    let rows: Vec<[String; 3]> = plan
        .lines
        .iter()
        .map(|line| {
            let opens = line.opens_at.map(|at| format!(" (opens at {at})")).unwrap_or_default();
            [line.rule.clone(), line.said.clone(), format!("{}{opens}", line.message)]
        })
        .collect();
    page.table(2, ["RULE", "SAID", "WHY"], &rows);
}
