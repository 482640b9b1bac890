//! `ferry explain`

use model::verdict::{Evidence, Verdict};
use server::api::{Detail, Planned};

use crate::cli::One;
use crate::commands::client::Client;
use crate::commands::show::history::verdict_words;
use crate::commands::show::page::{Page, UNKNOWN};
use crate::commands::show::plan::{done, title};
use crate::output::{Answer, Failure, print, terminal_width};

/// Says why a migration stands where it stands.
pub(crate) fn run(arguments: &One) -> Result<Answer, Failure> {
    let (detail, _) = Client::new(&arguments.server)?.detail(&arguments.name)?;
    print(&page(&detail, terminal_width()))?;
    Ok(Answer::Yes)
}

fn page(detail: &Detail, width: usize) -> String {
    let mut page = Page::new(width);
    page.paragraph(0, &format!("{}: {}", detail.summary.name, detail.summary.doing));
    verdict(&mut page, &detail.verdict);
    evidence(&mut page, &detail.verdict.evidence);
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
    page.field("counted", format!("{} minutes of this step", verdict.evidence.minutes));
    page.field(
        "enough in",
        verdict.evidence.eta.map_or_else(
            || "not known, or never at the present rate".to_owned(),
            |eta| format!("{eta}, at the present rate"),
        ),
    );
}

fn evidence(page: &mut Page, evidence: &Evidence) {
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
    page.paragraph(
        2,
        &format!(
            "Harm of all signals together rolls back at {harm:.2}; a step is proven when every \
             signal is safe at {safe:.2}. A burn of 1 spends the error budget exactly."
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
