//! The tables, in Markdown.

use crate::run::{WeekResult, delay};
use crate::scenario::{Scenario, Target};

/// A scenario and its weeks.
pub(crate) struct Ran {
    pub(crate) scenario: Scenario,
    pub(crate) weeks: Vec<WeekResult>,
}

type Alarm = dyn Fn(&WeekResult) -> Option<usize>;

/// A method: its name and the alarm it raised in a week.
pub(crate) struct Method {
    pub(crate) name: String,
    pub(crate) alarm: Box<Alarm>,
    pub(crate) is_peer: bool,
}

impl Ran {
    /// The weeks that a method judged: peers judge the first ones only.
    fn judged(&self, method: &Method) -> impl Iterator<Item = &WeekResult> {
        self.weeks.iter().filter(|week| !method.is_peer || !week.peers.is_empty())
    }

    fn delays(&self, method: &Method) -> Vec<f64> {
        let mut delays: Vec<f64> =
            self.judged(method).map(|w| delay(w.began, (method.alarm)(w))).collect();
        delays.sort_by(f64::total_cmp);
        delays
    }

    fn part(&self, is_so: impl Fn(&WeekResult) -> bool) -> f64 {
        part(self.weeks.iter(), is_so)
    }
}

fn part<'w>(
    weeks: impl Iterator<Item = &'w WeekResult>,
    is_so: impl Fn(&WeekResult) -> bool,
) -> f64 {
    let (mut count, mut all) = (0.0, 0.0_f64);
    for week in weeks {
        all += 1.0;
        count += f64::from(u8::from(is_so(week)));
    }
    count / all.max(1.0)
}

/// The part of weeks without a regression that end in a rollback.
pub(crate) fn false_weeks(runs: &[Ran], methods: &[Method]) -> Vec<String> {
    table(runs, methods, |ran, method, is_ours| {
        let part = part(ran.judged(method), |week| (method.alarm)(week).is_some());
        let cell = percent(part);
        match ran.scenario.target {
            Target::FalseWeeks(most) if is_ours => {
                format!("{cell} (<= {}{})", percent(most), miss(part > most))
            }
            Target::FalseWeeks(_) | Target::Delay(_) | Target::NeverAdvances | Target::None => cell,
        }
    })
}

/// Median and p90 of the minutes from regression to rollback.
pub(crate) fn delays(runs: &[Ran], methods: &[Method]) -> Vec<String> {
    table(runs, methods, |ran, method, is_ours| {
        let delays = ran.delays(method);
        let median = quantile(&delays, 0.5);
        let day =
            part(ran.judged(method), |week| delay(week.began, (method.alarm)(week)) <= 1_440.0);
        let found = if day < 1.0 { format!(" {}", percent(day)) } else { String::new() };
        let cell = format!("{} ({}){found}", number(median), number(quantile(&delays, 0.9)));
        match ran.scenario.target {
            Target::Delay(most) if is_ours => {
                format!("{cell} [<= {}{}]", number(most), miss(median > most || day < 1.0))
            }
            Target::FalseWeeks(_) | Target::Delay(_) | Target::NeverAdvances | Target::None => cell,
        }
    })
}

/// Minutes to each proof of safety.
pub(crate) fn proofs(runs: &[Ran]) -> Vec<String> {
    let mut lines = vec![
        "| scenario | slow_slo | slow_p90 | slow_p50 | errors | all four |".to_owned(),
        "|---|---|---|---|---|---|".to_owned(),
    ];
    for ran in runs.iter().filter(|ran| ran.weeks.iter().any(|w| w.proofs.is_some())) {
        let median = |index: usize| {
            let mut times: Vec<f64> = ran
                .weeks
                .iter()
                .filter_map(|w| w.proofs.as_ref())
                .map(|p| delay(None, p.signals.get(index).copied().unwrap_or(p.all)))
                .collect();
            times.sort_by(f64::total_cmp);
            quantile(&times, 0.5)
        };
        let target = match ran.scenario.name.get(..2) {
            Some("N2") => Some(385.0),
            Some("N3") => Some(485.0),
            _ => None,
        };
        let all = median(4);
        let target = target.map_or(String::new(), |most: f64| {
            format!(" [<= {}{}]", number(most), miss(all > most))
        });
        let cells: Vec<String> = (0..4).map(|i| number(median(i))).collect();
        lines.push(format!(
            "| {} | {} | **{}**{target} |",
            ran.scenario.name,
            cells.join(" | "),
            number(all)
        ));
    }
    lines
}

/// How often a candidate that is not safe was let through.
pub(crate) fn wrong_advances(runs: &[Ran]) -> Vec<String> {
    let mut lines = vec![
        "| scenario | slow_slo | slow_p90 | slow_p50 | errors | advance within a week | rolled back within a week |".to_owned(),
        "|---|---|---|---|---|---|---|".to_owned(),
    ];
    for ran in runs {
        let proven = |index: usize| {
            let timed = ran.weeks.iter().filter(|w| w.proofs.is_some());
            percent(part(timed, |w| {
                w.proofs.as_ref().is_some_and(|p| p.signals.get(index).is_some_and(Option::is_some))
            }))
        };
        let advanced = ran.part(|w| w.relative.advance.is_some());
        let most = if matches!(ran.scenario.target, Target::NeverAdvances) { 0.0 } else { 0.05 };
        let cells: Vec<String> = (0..4).map(proven).collect();
        lines.push(format!(
            "| {} | {} | {} [<= {}{}] | {} |",
            ran.scenario.name,
            cells.join(" | "),
            percent(advanced),
            percent(most),
            miss(advanced > most),
            percent(ran.part(|w| w.relative.rollback.is_some())),
        ));
    }
    lines
}

/// What the rollbacks of Ferry's method gave as their reason.
pub(crate) fn reasons(runs: &[Ran]) -> Vec<String> {
    let mut lines =
        vec!["| scenario | `relative` | `slo` |".to_owned(), "|---|---|---|".to_owned()];
    for ran in runs {
        let count = |of: &dyn Fn(&WeekResult) -> Option<&'static str>| {
            let mut counts = std::collections::BTreeMap::<&str, u32>::new();
            for reason in ran.weeks.iter().filter_map(of) {
                *counts.entry(reason).or_default() += 1;
            }
            let parts: Vec<String> = counts.iter().map(|(r, n)| format!("{r} {n}")).collect();
            parts.join(", ")
        };
        lines.push(format!(
            "| {} | {} | {} |",
            ran.scenario.name,
            count(&|w| w.relative.reason),
            count(&|w| w.slo.reason),
        ));
    }
    lines
}

fn table(
    runs: &[Ran],
    methods: &[Method],
    cell: impl Fn(&Ran, &Method, bool) -> String,
) -> Vec<String> {
    let names: Vec<String> = methods.iter().map(|m| m.name.clone()).collect();
    let mut lines = vec![
        format!("| scenario | {} |", names.join(" | ")),
        format!("|{}", "---|".repeat(names.len() + 1)),
    ];
    for ran in runs {
        let cells: Vec<String> = methods
            .iter()
            .enumerate()
            .map(|(index, method)| cell(ran, method, index == 0))
            .collect();
        lines.push(format!("| {} | {} |", ran.scenario.name, cells.join(" | ")));
    }
    lines
}

/// The value below which a part `q` of the sorted values lies, halfway between neighbours.
fn quantile(sorted: &[f64], q: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return f64::INFINITY };
    let place = q * f64::from(u32::try_from(last).unwrap_or(u32::MAX));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index")]
    let at = |place: f64| sorted.get(place as usize).copied().unwrap_or(f64::INFINITY);
    let (low, high) = (at(libm::floor(place)), at(libm::ceil(place)));
    // Both may be infinite, whose difference is no number.
    if high <= low { low } else { low + (high - low) * (place - libm::floor(place)) }
}

fn number(value: f64) -> String {
    if value.is_finite() { format!("{value:.0}") } else { "none".to_owned() }
}

fn percent(part: f64) -> String {
    format!("{} %", (part * 1_000.0).round() / 10.0)
}

const fn miss(is_missed: bool) -> &'static str {
    if is_missed { " MISS" } else { "" }
}
