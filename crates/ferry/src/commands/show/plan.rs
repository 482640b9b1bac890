//! `ferry plan`

use model::{Span, Time};
use server::api::{Coming, EndKind, Milestone, Outlook, Planned, Spoken};

use crate::cli::{Format, Shown};
use crate::commands::client::Client;
use crate::commands::show::page::{Page, UNKNOWN, known};
use crate::output::{Answer, Failure, print, terminal_width};

/// Shows what the last pass did and refused, and the calendar of what follows.
pub(crate) fn run(arguments: &Shown) -> Result<Answer, Failure> {
    let outlook = read(&Client::new(&arguments.server)?, &arguments.name)?;
    print(&match arguments.output {
        Format::Text => page(&outlook, terminal_width()),
        Format::Json => {
            serde_json::to_string(&outlook).expect("keys are strings and numbers are numbers")
                + "\n"
        }
    })?;
    Ok(Answer::Yes)
}

/// What follows for a migration.
pub(super) fn read(client: &Client, name: &str) -> Result<Outlook, Failure> {
    client.get(&["api", "v1", "migrations", name, "plan"], &[])
}

fn page(outlook: &Outlook, width: usize) -> String {
    let mut page = Page::new(width);
    let plan = &outlook.now;
    page.paragraph(0, &format!("{}: {}", outlook.name, outlook.doing));
    page.heading(&title("Now", plan.at));
    done(&mut page, plan);
    page.heading(&match plan.next {
        Some(next) => format!("What stands against the next step, to {next}"),
        None => "What stands against a next step".to_owned(),
    });
    against(&mut page, plan);
    calendar(&mut page, outlook);
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

fn against(page: &mut Page, plan: &Planned) {
    let rows: Vec<[String; 3]> = plan
        .lines
        .iter()
        .filter(|line| is_refused(line))
        .map(|line| [line.rule.clone(), known(line.opens_at), line.message.clone()])
        .collect();
    if rows.is_empty() {
        page.paragraph(2, "Nothing.");
    } else {
        page.table(2, ["RULE", "OPENS", "WHY"], &rows);
    }
}

/// What follows, in order of time.
fn calendar(page: &mut Page, outlook: &Outlook) {
    page.heading("What follows, at the earliest, if every verdict is good");
    if !outlook.in_the_way.is_empty() {
        page.paragraph(2, "Nothing, before this is gone, and it ends at no known time:");
        for sentence in &outlook.in_the_way {
            page.paragraph(4, sentence);
        }
        if !outlook.calendar.is_empty() {
            page.paragraph(2, "If it were gone now:");
        }
    }
    let now = outlook.now.at.unwrap_or(Time::from_secs(0));
    if outlook.calendar.iter().any(|coming| coming.expected.is_some()) {
        let rows: Vec<[String; 6]> = outlook
            .calendar
            .iter()
            .map(|coming| {
                let [at, until, share, what, why] = row(coming, now);
                let expected = coming.expected.map_or_else(|| UNKNOWN.to_owned(), minute);
                [at, until, expected, share, what, why]
            })
            .collect();
        let header = ["EARLIEST", "IN", "EXPECTED", "SHARE", "WHAT", "WAITS FOR"];
        page.table(2, header, &rows);
        page.paragraph(
            2,
            "Expected is with the present step's proof at its present rate, and all later ones as \
             early as they can be.",
        );
    } else if !outlook.calendar.is_empty() {
        let rows: Vec<[String; 5]> =
            outlook.calendar.iter().map(|coming| row(coming, now)).collect();
        page.table(2, ["EARLIEST", "IN", "SHARE", "WHAT", "WAITS FOR"], &rows);
    }
    let end = &outlook.end;
    page.paragraph(
        2,
        &match (end.kind, end.at) {
            (EndKind::Stopped, Some(at)) => {
                format!("There it stops, {}: {}", minute(at), end.message)
            }
            (EndKind::Drained | EndKind::Held | EndKind::Stopped | EndKind::Unknown, _) => {
                format!("Then: {}", end.message)
            }
        },
    );
}

fn row(coming: &Coming, now: Time) -> [String; 5] {
    let what = match coming.what {
        Milestone::Step => "step",
        Milestone::Baked => "bake over",
        Milestone::Drained => "EC2 drained",
    };
    let why = if coming.why.is_empty() { UNKNOWN } else { &coming.why };
    let until = whole_minutes(coming.at.since(now));
    [minute(coming.at), until, coming.share.to_string(), what.to_owned(), why.to_owned()]
}

/// A span to the minute: seconds of a forecast are no use to anybody.
pub(super) fn whole_minutes(span: Span) -> String {
    Span::from_mins(span.as_mins()).to_string()
}

/// A time to the minute, with its day of the week.
pub(super) fn minute(at: Time) -> String {
    at.to_jiff().strftime("%a %Y-%m-%d %H:%MZ").to_string()
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
