//! `ferry plan`

use model::Time;
use server::api::{Detail, Planned, Spoken};

use crate::cli::One;
use crate::commands::client::Client;
use crate::commands::show::page::Page;
use crate::output::{Answer, Failure, print, terminal_width};

/// Shows what the last pass did and refused, and which refusals end by themselves.
pub(crate) fn run(arguments: &One) -> Result<Answer, Failure> {
    let (detail, _) = Client::new(&arguments.server)?.detail(&arguments.name)?;
    print(&page(&detail, terminal_width()))?;
    Ok(Answer::Yes)
}

fn page(detail: &Detail, width: usize) -> String {
    let mut page = Page::new(width);
    let plan = &detail.plan;
    page.paragraph(0, &format!("{}: {}", detail.summary.name, detail.summary.doing));
    page.heading(&title("Now", plan.at));
    done(&mut page, plan);
    page.heading("What stands against the next step");
    if let Some(next) = plan.next {
        page.paragraph(2, &format!("The next step is {next}."));
    }
    let refusals: Vec<&Spoken> = plan.lines.iter().filter(|line| is_refused(line)).collect();
    if refusals.is_empty() {
        page.paragraph(2, "Nothing.");
    }
    for line in &refusals {
        page.paragraph(2, &format!("{}: {}", line.rule, line.message));
    }
    calendar(&mut page, &refusals);
    page.finish()
}

/// The changes of a pass and what became of them.
pub(super) fn done(page: &mut Page, plan: &Planned) {
    if plan.actions.is_empty() {
        page.paragraph(2, "Nothing was to be done.");
    }
    for action in &plan.actions {
        page.paragraph(2, &format!("{}: {}", action.action, action.answer));
    }
}

/// What opens by itself, in order of time; and what does not.
fn calendar(page: &mut Page, refusals: &[&Spoken]) {
    page.heading("What follows by itself");
    let mut opening: Vec<(Time, &str)> =
        refusals.iter().filter_map(|line| Some((line.opens_at?, line.rule.as_str()))).collect();
    opening.sort_unstable();
    for (at, rule) in &opening {
        page.paragraph(2, &format!("{at}  {rule} opens"));
    }
    let waiting: Vec<&str> = refusals
        .iter()
        .filter(|line| line.opens_at.is_none())
        .map(|line| line.rule.as_str())
        .collect();
    if !waiting.is_empty() {
        page.paragraph(2, &format!("At no known time: {}.", waiting.join(", ")));
    }
    if opening.is_empty() && waiting.is_empty() {
        page.paragraph(2, "Nothing is waited for.");
    }
    page.paragraph(
        2,
        "This is what the last pass knew, not a forecast: a rule that opens may close again, and \
         steps after the next one are not looked at.",
    );
}

pub(super) fn title(words: &str, at: Option<Time>) -> String {
    match at {
        Some(at) => format!("{words} (pass of {at})"),
        None => format!("{words} (there was no pass yet)"),
    }
}

/// As the wire says it.
fn is_refused(line: &Spoken) -> bool {
    line.said == "refused"
}
