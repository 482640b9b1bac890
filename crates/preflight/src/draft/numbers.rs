//! Thresholds and bounds, from what was measured.

use model::inventory::{ScalableTarget, Week};

use super::yaml::Lines;

/// Thresholds that people write, within one power of ten: the next one above is at most half as
/// much again.
const STEPS: [u64; 9] = [100, 150, 200, 250, 300, 400, 500, 600, 800];
/// What stands where nothing was measured.
const THRESHOLD_DEFAULT_MS: u64 = 500;
/// Slower than this is no latency that users wait for.
const THRESHOLD_MAX_MS: f64 = 600_000.0;

/// Objectives that people write, strictest first, in thousandths of a percent.
const OBJECTIVES: [u64; 6] = [99_900, 99_500, 99_000, 98_000, 95_000, 90_000];

pub(super) fn slos(week: Option<&Week>, lines: &mut Lines, remarks: &mut Vec<String>) {
    lines.put(1, "slos:");
    let usual = week.and_then(Week::p99_usual_ms);
    let threshold = match usual {
        Some(usual) => {
            let threshold = rounded_up(usual);
            lines.comment(
                2,
                &format!(
                    "From the last 7 days on EC2: for 95 of 100 requests the 99th percentile of \
                     their minute was {usual:.0} ms or less. Rounded up to the next of 100, 150, \
                     200, 250, 300, 400, 500, 600, 800 (times ten or a tenth). If you promise your \
                     users something else, write that."
                ),
            );
            threshold
        }
        None => {
            lines.comment(
                2,
                "No latency was measured in the last 7 days: write how slow a request may be.",
            );
            remarks.push(format!(
                "No latency was measured in the last 7 days; the draft says {THRESHOLD_DEFAULT_MS} ms."
            ));
            THRESHOLD_DEFAULT_MS
        }
    };
    lines.put(2, "- name: latency");
    lines.put(3, &format!("latency: {{threshold: {threshold}ms, objective: 99%}}"));
    availability(week, lines, remarks);
    lines.blank();
}

fn availability(week: Option<&Week>, lines: &mut Lines, remarks: &mut Vec<String>) {
    let (requests, errors) = week.map_or((0, 0), |week| (week.requests(), week.errors()));
    let objective = objective(requests, errors);
    if requests == 0 {
        lines.comment(2, "No request was counted in the last 7 days: write what you promise.");
    } else {
        lines.comment(
            2,
            &format!(
                "{} of {} requests failed in the last 7 days: the strictest of 99.9, 99.5, 99, 98, \
                 95 and 90 % that leaves twice that as budget.",
                grouped(errors),
                grouped(requests)
            ),
        );
    }
    if requests > 0 && !fits(requests, errors, objective) {
        remarks.push(format!(
            "{} of {} requests failed in the last 7 days: more than any objective of the draft \
             leaves room for.",
            grouped(errors),
            grouped(requests)
        ));
    }
    lines.put(2, "- name: availability");
    lines.put(3, &format!("availability: {{objective: {}%}}", percent(objective)));
}

/// The strictest objective whose budget is twice the errors.
fn objective(requests: u64, errors: u64) -> u64 {
    let fitting = OBJECTIVES.into_iter().find(|it| fits(requests, errors, *it));
    fitting.unwrap_or(OBJECTIVES[OBJECTIVES.len() - 1])
}

fn fits(requests: u64, errors: u64, objective: u64) -> bool {
    let budget = u128::from(requests) * u128::from(100_000 - objective);
    u128::from(errors) * 2 * 100_000 <= budget
}

/// The next threshold that people write.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the value is clamped between 1 and ten minutes of milliseconds, and whole"
)]
fn rounded_up(ms: f64) -> u64 {
    let ms = libm::ceil(ms.clamp(1.0, THRESHOLD_MAX_MS)) as u64;
    let mut scale = 1;
    // In tenths of a step, so that 1 ms to 80 ms have their steps as well.
    loop {
        let next = STEPS.into_iter().map(|step| (step * scale).div_ceil(100));
        if let Some(found) = next.into_iter().find(|step| *step >= ms) {
            return found;
        }
        scale *= 10;
    }
}

pub(super) fn scaling(
    target: Option<&ScalableTarget>,
    lines: &mut Lines,
    remarks: &mut Vec<String>,
) {
    let Some(target) = target else {
        lines.comment(
            1,
            "The service has no scalable target, so that there are no bounds to take over.",
        );
        lines.put(1, "scaling: {mode: observe}");
        lines.blank();
        remarks.push(
            "The service has no scalable target: Ferry has no minimum to keep its floor with."
                .to_owned(),
        );
        return;
    };
    let (min, max) = (target.bounds.min, target.bounds.max);
    lines.comment(1, &format!("EC2's scalable target goes from {min} to {max} tasks."));
    if min <= max && max > 0 {
        lines.put(1, "scaling:");
        lines.put(2, "mode: observe");
        lines.put(2, &format!("bounds: {{min: {min}, max: {max}, changeMax: 30%}}"));
    } else {
        lines.put(1, "scaling: {mode: observe}");
    }
    lines.blank();
}

/// Thousandths of a percent as percent: `99.9`.
fn percent(milli: u64) -> String {
    let text = format!("{}.{:03}", milli / 1_000, milli % 1_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// `60,480,000`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let first = digits.len() % 3;
    let mut grouped = digits.get(..first).unwrap_or_default().to_owned();
    let rest = digits.get(first..).unwrap_or_default();
    for (at, digit) in rest.chars().enumerate() {
        if at % 3 == 0 && !grouped.is_empty() {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_are_rounded_up_to_what_people_write() {
        for (ms, threshold) in [
            (0.0, 1),
            (1.2, 2),
            (14.0, 15),
            (15.1, 20),
            (99.0, 100),
            (100.0, 100),
            (101.0, 150),
            (183.0, 200),
            (640.0, 800),
            (801.0, 1_000),
            (1_234.5, 1_500),
            (1e12, 600_000),
        ] {
            assert_eq!(rounded_up(ms), threshold, "{ms}");
        }
    }

    #[test]
    fn the_objective_leaves_twice_the_errors_as_budget() {
        for (requests, errors, milli) in [
            (0, 0, 99_900),
            (1_000_000, 500, 99_900),
            (1_000_000, 501, 99_500),
            (1_000_000, 30_000, 90_000),
            (1_000, 900, 90_000),
        ] {
            assert_eq!(objective(requests, errors), milli, "{errors} of {requests}");
        }
        assert_eq!(percent(99_900), "99.9");
        assert_eq!(percent(99_000), "99");
    }

    #[test]
    fn long_numbers_are_grouped() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(60_480_000), "60,480,000");
    }
}
