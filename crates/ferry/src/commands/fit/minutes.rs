//! The columns that a fit reads.

use analysis::csv::{self, Error, Layout, Problem, Row};
use capacity::fit::Minute;
use model::PerSide;

const LAYOUT: Layout = Layout {
    required: &["minute", "side", "requests", "tasks"],
    optional: &["cpu_percent", "p50_ms", "p99_ms", "slow_fraction"],
};

const REMEDY: &str = "write a number such as 41.5, or nothing when it is not known";

/// Reads recorded minutes.
pub(super) fn parse(text: &str) -> Result<PerSide<Vec<Minute>>, Error> {
    let mut minutes = PerSide { ec2: Vec::new(), fargate: Vec::new() };
    csv::rows(text, LAYOUT, |row| {
        let seconds = |column| Ok(number(row, column)?.map(|milliseconds| milliseconds / 1_000.0));
        let minute = Minute {
            minute: row.minute,
            requests: number(row, "requests")?,
            tasks: number(row, "tasks")?,
            cpu_percent: number(row, "cpu_percent")?,
            p50_seconds: seconds("p50_ms")?,
            p99_seconds: seconds("p99_ms")?,
            slow_fraction: number(row, "slow_fraction")?,
            in_motion: false,
        };
        minutes.get_mut(row.side).push(minute);
        Ok(())
    })?;
    Ok(minutes)
}

/// A number, whether or not it can be: what cannot is counted by the fit, which says so.
fn number(row: &Row<'_>, column: &'static str) -> Result<Option<f64>, Problem> {
    let read = |text: &str| {
        let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
        number.ok_or_else(|| csv::problem(column, text, REMEDY))
    };
    row.field(column).map(read).transpose()
}
