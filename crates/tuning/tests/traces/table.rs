//! The rows that need no search, beside another program's.

use tuning::load::Load;
use tuning::shape::Names;

use crate::rows::{ROWS, Row};
use crate::weeks::{push, row, worldcup};

/// Within 2 % of the task-hours and 0.1 points of the slow requests.
fn check(load: Option<Load>, of: impl Fn(&Row) -> (f64, f64)) {
    let Some(load) = load else { return };
    let mut apart = Vec::new();
    for expected in ROWS {
        let policy = expected.shape.requests(&Names::new("service/prd/api"));
        let got = row(&(expected.world)(), &load, &policy);
        let (slow, hours) = of(expected);
        let line = format!(
            "{:<16} slow {:6.3} ({slow:6.3})  bad {:5.1} hours {:8.1} ({hours:8.1}, {:+.2} %) actions {}",
            expected.name,
            got.slow_percent,
            got.bad_minutes,
            got.task_hours,
            100.0 * (got.task_hours / hours - 1.0),
            got.actions,
        );
        if (got.slow_percent - slow).abs() > 0.1 || (got.task_hours / hours - 1.0).abs() > 0.02 {
            apart.push(line);
        }
    }
    assert!(apart.is_empty(), "{apart:#?}");
}

#[test]
fn rows_of_push_7d_agree_with_another_program() {
    check(push("test"), |row| row.push);
}

#[test]
fn rows_of_worldcup_7d_agree_with_another_program() {
    check(worldcup(17), |row| row.worldcup);
}
