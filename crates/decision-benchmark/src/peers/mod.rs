//! What others do, on the same weeks: written from their sources' behaviour, not from their code.
//!
//! Each takes a week and the minute from which its alarm counts, and gives the first minute it
//! would roll back at.

mod burn;
mod kayenta;
mod threshold;

use crate::week::Week;

/// A peer's method.
pub(crate) struct Peer {
    pub(crate) name: &'static str,
    pub(crate) first: fn(&Week, usize) -> Option<usize>,
}

/// All of them, in the order of the tables.
pub(crate) const ALL: [Peer; 7] = [
    Peer { name: "Flagger, 5 failed checks (cumulative)", first: threshold::flagger },
    Peer { name: "Flagger, 5 in a row", first: threshold::consecutive },
    Peer { name: "Argo, 5-minute checks, failureLimit 3", first: threshold::argo },
    Peer { name: "Kayenta, 10 minutes", first: |week, start| kayenta::judge(week, start, 10, 1.0) },
    Peer {
        name: "Kayenta, 10 minutes, +25 %",
        first: |week, start| kayenta::judge(week, start, 10, 1.25),
    },
    Peer { name: "Kayenta, 60 minutes", first: |week, start| kayenta::judge(week, start, 60, 1.0) },
    Peer { name: "Burn rates 14.4 and 6", first: burn::judge },
];

#[cfg(test)]
mod tests {
    use crate::week::{MINUTES, SideWeek, Week};

    /// A week of 200 requests a minute on each side, none slow, none failing.
    pub(crate) fn week() -> Week {
        let zeros = || vec![0; MINUTES];
        let side = SideWeek {
            requests: vec![200; MINUTES],
            errors: zeros(),
            slow: [zeros(), zeros(), zeros()],
            slow_widened: [zeros(), zeros(), zeros()],
            p99: vec![0.25; MINUTES],
            seen: vec![true; MINUTES],
        };
        Week { candidate: side.clone(), baseline: side, began: None, shares: vec![500; MINUTES] }
    }
}
