//! The fold: what order, repetition, correction and absence of rows may and may not do.

use analysis::settings::{Settings, When};
use analysis::{Fold, METHOD_VERSION};
use model::minute::Minute;
use model::verdict::VerdictKind;
use model::{Side, Time};
use proptest::prelude::*;

use crate::log::{CALM, Log};

fn settings() -> Settings {
    Settings { when: When::Either, ..Settings::default() }
}

fn fold(rows: &[Minute]) -> Fold {
    let mut fold = Fold::new(&settings());
    for row in rows {
        fold.push(&settings(), row);
    }
    fold
}

fn bytes(fold: &Fold) -> String {
    serde_json::to_string(fold).expect("a fold has only string keys")
}

/// What the fold concludes, without the count of how its rows arrived.
fn conclusion(fold: &Fold) -> String {
    let verdict = fold.verdict(&settings(), Time::from_minute(fold.minute().unwrap_or(0) + 1));
    serde_json::to_string(&verdict).expect("a verdict has only string keys")
}

/// A day in which something happens: steps, an incident on both sides, a gap, a regression.
fn eventful() -> Vec<Minute> {
    let mut log = Log::new(10);
    log.each(|context| context.release = Some("v1".to_owned()));
    log.run(200, CALM, CALM.requests(110));
    log.run(20, CALM.errors(0.05), CALM.requests(110).errors(0.05));
    log.share(25).run(150, CALM, CALM.requests(330));
    log.run_seen(12, Some(CALM), None);
    log.run(100, CALM, CALM.requests(330));
    log.run(90, CALM, CALM.requests(330).slow(0.02).slower(1.3));
    log.rows
}

#[test]
fn the_same_log_gives_the_same_bytes() {
    let rows = eventful();
    assert_eq!(bytes(&fold(&rows)), bytes(&fold(&rows)));
    let (changes, again) = analysis::judge::judge_log(&settings(), &rows);
    assert_eq!(bytes(&fold(&rows)), bytes(&again));
    let json = serde_json::to_string(&changes).unwrap();
    assert_eq!(
        json,
        serde_json::to_string(&analysis::judge::judge_log(&settings(), &rows).0).unwrap()
    );
    assert!(changes.len() > 3, "{json}");
}

#[test]
fn a_checkpoint_is_small_enough_to_store() {
    let size = bytes(&fold(&eventful())).len();
    assert!(size < 200_000, "{size} bytes");
}

#[test]
fn a_fold_of_another_method_says_so() {
    let written = bytes(&fold(&eventful()));
    let other = written.replace(&format!("\"version\":{METHOD_VERSION}"), "\"version\":0");
    assert!(serde_json::from_str::<Fold>(&written).unwrap().is_current());
    assert!(!serde_json::from_str::<Fold>(&other).unwrap().is_current());
}

#[test]
fn older_corrections_are_counted_and_named() {
    let mut rows = eventful();
    let before = conclusion(&fold(&rows));
    let mut late = rows[100].clone();
    late.revision = 1;
    late.counts.errors = Some(50);
    rows.push(late.clone());
    let fold = fold(&rows);
    assert_eq!(conclusion(&fold), before);
    assert_eq!(fold.arrivals().late, 1);
    let named = fold.arrivals().late_rows.front().copied().unwrap();
    assert_eq!((named.minute, named.side), (late.minute, late.side));
}

#[test]
fn minutes_fetched_after_a_gap_are_marked_recovered() {
    let mut rows = eventful();
    for row in rows.iter_mut().skip(400).take(100) {
        row.seen_at = Time::from_minute(row.minute + 60);
    }
    let fold = fold(&rows);
    assert_eq!(fold.arrivals().recovered, 100);
    assert_eq!(conclusion(&fold), conclusion(&self::fold(&eventful())));
}

#[test]
fn rows_from_the_future_or_beyond_the_calendar_are_refused() {
    let rows = eventful();
    let mut broken = rows.clone();
    for minute in [i64::MAX, i64::MIN, 1_000_000] {
        let mut row = rows[50].clone();
        row.minute = minute;
        broken.insert(60, row);
    }
    let fold = fold(&broken);
    assert_eq!(fold.arrivals().refused, 3);
    assert_eq!(conclusion(&fold), conclusion(&self::fold(&rows)));
}

#[test]
fn a_month_of_silence_is_stepped_over() {
    let mut rows = eventful();
    let last = rows.last().unwrap().minute;
    let mut later: Vec<Minute> = eventful();
    for row in &mut later {
        row.minute += last + 44_000;
        row.seen_at = Time::from_minute(row.minute + 1);
    }
    rows.extend(later);
    assert_eq!(fold(&rows).minute(), rows.last().map(|row| row.minute));
}

/// An hour of both sides.
fn hour() -> Vec<Minute> {
    let mut log = Log::new(50);
    log.run(60, CALM, CALM);
    log.rows
}

/// A row of an hour, of this minute and side.
fn row_of(rows: &[Minute], minute: i64, side: Side) -> Minute {
    let row = rows.iter().find(|row| row.minute == minute && row.side == side);
    row.cloned().expect("a row of each minute and side")
}

#[test]
fn each_row_is_counted_as_what_it_was() {
    let rows = hour();
    let of = |minute, revision| Minute { revision, ..row_of(&rows, minute, Side::Ec2) };
    // Minute 59 is judged; what is 15 minutes older can change nothing any more.
    for (row, duplicates, corrections, late) in [
        (of(50, 0), 1, 0, 0),
        (of(50, 1), 0, 1, 0),
        (of(45, 1), 0, 1, 0),
        (of(44, 1), 0, 0, 1),
        (of(0, 1), 0, 0, 1),
    ] {
        let mut with_row = rows.clone();
        with_row.push(row);
        let fold = fold(&with_row);
        let found = fold.arrivals();
        assert_eq!(found.rows, 121);
        assert_eq!(
            (found.duplicates, found.corrections, found.late, found.recovered, found.refused),
            (duplicates, corrections, late, 0, 0)
        );
    }
    let mut twice = rows.clone();
    twice.extend([of(50, 2), of(50, 1), of(50, 2), of(50, 3)]);
    let fold = fold(&twice);
    assert_eq!((fold.arrivals().corrections, fold.arrivals().duplicates), (2, 2));
}

#[test]
fn a_row_is_recovered_that_fills_a_judged_gap_or_comes_more_than_fifteen_minutes_late() {
    let rows = hour();
    let missing = row_of(&rows, 50, Side::Fargate);
    let mut filled = rows.clone();
    filled.retain(|row| *row != missing);
    filled.push(missing);
    let found = fold(&filled).arrivals().clone();
    assert_eq!((found.recovered, found.corrections, found.duplicates), (1, 1, 0));
    for (minutes, recovered) in [(15, 0), (16, 1)] {
        let mut late = rows.clone();
        let last = late.last_mut().expect("rows");
        last.seen_at = Time::from_minute(last.minute + minutes);
        let found = fold(&late).arrivals().clone();
        assert_eq!((found.recovered, found.corrections), (recovered, 0), "{minutes} minutes");
    }
}

#[test]
fn a_row_may_be_of_the_minute_in_which_it_was_seen_and_of_no_later_one() {
    for (early, refused) in [(0, 0), (1, 1)] {
        let mut rows = hour();
        let last = rows.last_mut().expect("rows");
        last.seen_at = Time::from_minute(last.minute - early);
        assert_eq!(fold(&rows).arrivals().refused, refused, "{early} minutes early");
    }
    for (minute, refused) in [(10_000_000_000, 0), (10_000_000_001, 1)] {
        for minute in [minute, -minute] {
            let mut row = hour().swap_remove(0);
            (row.minute, row.seen_at) = (minute, Time::from_millis(i64::MAX));
            assert_eq!(fold(&[row]).arrivals().refused, refused, "minute {minute}");
        }
    }
}

#[test]
fn the_newest_sixteen_rows_that_came_too_late_are_named() {
    for count in [15, 16, 17, 30] {
        let mut rows = hour();
        let late: Vec<Minute> = rows.iter().take(count).cloned().collect();
        rows.extend(late.iter().cloned());
        let fold = fold(&rows);
        assert_eq!(fold.arrivals().late, count as u64);
        let named: Vec<i64> = fold.arrivals().late_rows.iter().map(|row| row.minute).collect();
        let newest: Vec<i64> =
            late.iter().skip(count.saturating_sub(16)).map(|row| row.minute).collect();
        assert_eq!(named, newest);
    }
}

#[test]
fn a_minute_with_a_side_missing_waits_for_a_row_three_minutes_newer() {
    let mut log = Log::new(50);
    log.run_seen(9, Some(CALM), None);
    let mut fold = Fold::new(&settings());
    for row in &log.rows {
        fold.push(&settings(), row);
        let judged = (row.minute >= 3).then(|| row.minute - 3);
        assert_eq!(fold.minute(), judged, "minute {} is there", row.minute);
    }
    // With both sides nothing is waited for, and what came before is not judged out of turn.
    let mut whole = Log::new(50);
    whole.run(5, CALM, CALM);
    let mut fold = Fold::new(&settings());
    for row in &whole.rows {
        fold.push(&settings(), row);
        let judged = if row.side == Side::Fargate { row.minute } else { row.minute - 1 };
        assert_eq!(fold.minute(), (judged >= 0).then_some(judged));
    }
}

#[test]
fn a_day_of_silence_is_missing_data_and_a_longer_one_a_new_beginning() {
    for (silent, is_missing) in [(20, true), (1_440, true), (1_441, false)] {
        let mut log = Log::new(50);
        log.run(60, CALM, CALM);
        log.minute += silent;
        // The silent minutes are waited for until three newer ones are there.
        log.run(4, CALM, CALM);
        let reason = log.verdict(&settings()).reason.name();
        assert_eq!(reason == "MissingData", is_missing, "{silent} minutes: {reason}");
        let judged = log.fold(&settings()).minute();
        assert_eq!(judged, Some(63 + silent));
    }
}

#[test]
fn a_checkpoint_holds_the_rows_since_its_state_and_no_more() {
    let mut log = Log::new(50);
    for minutes in 1..100 {
        log.run(1, CALM, CALM);
        let fold = log.fold(&settings());
        let kept = serde_json::to_value(&fold).expect("a fold has only string keys");
        let rows = kept["rows"].as_object().expect("rows by minute");
        let first = rows.keys().filter_map(|minute| minute.parse::<i64>().ok()).min();
        // A state of every sixteenth minute is kept, once nothing that comes can change it.
        let newest = minutes - 1;
        let base = (newest - 15 >= 0).then(|| (newest - 15) / 16 * 16);
        assert_eq!(kept["base"]["minute"].as_i64(), base, "after {minutes} minutes");
        assert_eq!(first, Some(base.map_or(0, |base| base + 1)), "after {minutes} minutes");
        assert_eq!(kept["judged"].as_i64(), Some(newest));
    }
}

#[test]
fn a_checkpoint_says_what_the_fold_said_when_it_was_written() {
    let rows = eventful();
    for at in [1, 40, 401, 640, rows.len()] {
        let written = fold(&rows[..at]);
        let read: Fold = serde_json::from_str(&bytes(&written)).expect("a fold");
        assert_eq!(read.minute(), written.minute());
        assert_eq!(conclusion(&read), conclusion(&written), "after {at} rows");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_checkpoint_and_the_rest_are_the_whole(at in 0_usize..1_100) {
        let rows = eventful();
        let (before, after) = rows.split_at(at.min(rows.len()));
        let mut resumed: Fold = serde_json::from_str(&bytes(&fold(before))).unwrap();
        for row in after {
            resumed.push(&settings(), row);
        }
        prop_assert!(bytes(&resumed) == bytes(&fold(&rows)), "resumed at {}", at);
    }

    #[test]
    fn duplicates_change_nothing_but_their_count(
        picks in prop::collection::vec((0_usize..1_100, 0_usize..40), 1..40),
    ) {
        let rows = eventful();
        let mut repeated = rows.clone();
        for (index, later) in picks {
            // A row again, up to 15 minutes after itself.
            let row = rows[index.min(rows.len() - 1)].clone();
            let place = repeated.iter().position(|r| *r == row).unwrap() + 1 + later.min(28);
            repeated.insert(place.min(repeated.len()), row);
        }
        let fold_again = fold(&repeated);
        prop_assert_eq!(conclusion(&fold_again), conclusion(&fold(&rows)));
        prop_assert!(fold_again.arrivals().duplicates > 0 || fold_again.arrivals().late > 0);
    }

    #[test]
    fn corrections_of_the_last_minutes_end_where_a_clean_log_does(
        picks in prop::collection::vec((0_usize..1_000, 1_usize..14), 1..12),
    ) {
        // Some rows come first with other counts, and corrected up to 14 minutes later.
        let clean = eventful();
        let mut wrong = clean.clone();
        let mut corrections: Vec<(i64, Minute)> = Vec::new();
        for (index, delay) in picks {
            let index = index.min(clean.len() - 40);
            let mut right = clean[index].clone();
            right.revision = 1;
            wrong[index].counts.errors = Some(60);
            wrong[index].counts.slow_p90 = None;
            corrections.push((right.minute + i64::try_from(delay).unwrap(), right));
        }
        let mut rows = Vec::new();
        for row in wrong {
            for (_, right) in corrections.extract_if(.., |(due, _)| *due < row.minute) {
                rows.push(right);
            }
            rows.push(row);
        }
        let fold_of_corrected = fold(&rows);
        prop_assert!(fold_of_corrected.arrivals().late == 0);
        prop_assert_eq!(conclusion(&fold_of_corrected), conclusion(&fold(&clean)));
    }

    #[test]
    fn missing_rows_never_roll_back_and_never_advance(
        mask in prop::collection::vec(0_u8..4, 60), side in prop::bool::ANY,
    ) {
        let mut log = Log::new(50);
        log.run(240, CALM, CALM);
        let baseline = fold(&log.rows);
        prop_assert!(baseline.minute().is_some());
        log.run(300, CALM, CALM);
        let rows: Vec<Minute> = log.rows.into_iter().filter(|row| {
            let place = usize::try_from(row.minute).unwrap() / 5 % mask.len();
            row.minute < 240 || match mask[place] { 0 => true, 1 => row.side == Side::Ec2, 2 => row.side == Side::Fargate, _ => false }
        }).collect();
        let (changes, _) = analysis::judge::judge_log(&settings(), &rows);
        prop_assert!(changes.iter().all(|change| change.verdict != VerdictKind::RollBack));
        // One whole side missing from the start proves nothing at all.
        let kept = if side { Side::Ec2 } else { Side::Fargate };
        let half: Vec<Minute> = rows.into_iter().filter(|row| row.side == kept).collect();
        let (changes, _) = analysis::judge::judge_log(&settings(), &half);
        prop_assert!(changes.iter().all(|change| change.verdict == VerdictKind::Hold));
    }

    #[test]
    fn no_row_panics(
        minutes in prop::collection::vec((any::<i64>(), any::<i32>(), prop::option::of(any::<u64>()), prop::option::of(any::<u64>()), any::<bool>()), 0..60),
    ) {
        let mut fold = Fold::new(&settings());
        for (wild, near, requests, bad, is_ec2) in minutes {
            for minute in [wild, i64::from(near), i64::from(near % 100)] {
                let mut log = Log::new(10);
                log.run(1, CALM, CALM);
                let mut row = log.rows[usize::from(is_ec2)].clone();
                row.minute = minute;
                row.seen_at = Time::from_millis(i64::MAX);
                row.counts.requests = requests;
                row.counts.slow_p90 = bad;
                row.counts.errors = bad;
                row.context.tasks = Some(0);
                fold.push(&settings(), &row);
            }
        }
        let verdict = fold.verdict(&settings(), Time::from_millis(i64::MIN));
        prop_assert!(!verdict.evidence.harm.is_nan());
    }
}
