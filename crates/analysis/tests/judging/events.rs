//! Objectives whose events are counted elsewhere.

use analysis::Settings;
use analysis::events::{EventFold, EventRow, Target, with_events};
use analysis::settings::{CommonMode, When};
use model::verdict::{Evidence, Verdict, VerdictKind, VerdictReason};
use model::{PerSide, Share, Side, Time};

const START: i64 = 29_000_000;
const TARGET: Target<'static> = Target { name: "apm-latency", budget: 0.01 };

/// Events and bad ones of a minute.
type Counts = (u64, u64);

#[derive(Default)]
struct Log {
    fold: EventFold,
    next: i64,
}

impl Log {
    fn new() -> Self {
        Self { fold: EventFold::default(), next: START }
    }

    /// `minutes` more, settled at a quarter of traffic; `None` where a side's counts are missing.
    fn run(&mut self, minutes: i64, ec2: Option<Counts>, fargate: Option<Counts>) {
        self.run_at(minutes, Share::percent(25), ec2, fargate);
    }

    fn run_at(&mut self, minutes: i64, share: Share, ec2: Option<Counts>, fargate: Option<Counts>) {
        for _ in 0..minutes {
            for (side, counts) in [(Side::Ec2, ec2), (Side::Fargate, fargate)] {
                if let Some((total, bad)) = counts {
                    let row = EventRow { total, bad, share: Some(share), settled: true };
                    self.fold.push(&TARGET, self.next, side, row);
                }
            }
            self.next += 1;
        }
    }

    fn verdict(&self, base: VerdictKind, settings: &Settings) -> (VerdictKind, VerdictReason) {
        let verdict = with_events(said(base), settings, [(TARGET, &self.fold)], self.now());
        (verdict.kind, verdict.reason)
    }

    /// What is said where the requests would let the step advance.
    fn says(&self) -> (VerdictKind, VerdictReason) {
        self.verdict(VerdictKind::Advance, &Settings::default())
    }

    fn now(&self) -> Time {
        Time::from_minute(self.next + 2)
    }
}

fn said(kind: VerdictKind) -> Verdict {
    let reason = match kind {
        VerdictKind::Advance => VerdictReason::ProvenSafe,
        VerdictKind::Hold => VerdictReason::ShareMismatch,
        VerdictKind::RollBack => VerdictReason::CandidateDead,
    };
    Verdict { kind, reason, minute: Some(START), evidence: Evidence::default() }
}

fn signal() -> String {
    TARGET.name.to_owned()
}

const GOOD: Option<Counts> = Some((1_000, 1));
const PROVEN: (VerdictKind, VerdictReason) = (VerdictKind::Advance, VerdictReason::ProvenSafe);

fn proven() -> Log {
    let mut log = Log::new();
    log.run(30, Some((3_000, 3)), GOOD);
    log
}

#[test]
fn an_objective_that_is_met_stands_in_no_way_and_shows_its_evidence() {
    let log = proven();
    assert_eq!(log.says(), PROVEN);
    let settings = Settings::default();
    let base = said(VerdictKind::Advance);
    let verdict = with_events(base, &settings, [(TARGET, &log.fold)], log.now());
    let evidence = verdict.evidence.signals["apm-latency"];
    assert!(evidence.safe > 3.0, "ln 20 and more: {evidence:?}");
    let burns = (evidence.burn_fargate - 0.1).abs() + (evidence.burn_ec2 - 0.1).abs();
    assert!(burns < 1e-12, "one in a thousand is a tenth of 1 %: {evidence:?}");
}

#[test]
fn a_step_is_proven_with_its_own_events_only() {
    let mut log = Log::new();
    log.run(1, GOOD, Some((50, 0)));
    let unproven = (VerdictKind::Hold, VerdictReason::Unproven { signal: signal() });
    assert_eq!(log.says(), unproven, "fifty good events prove nothing of 1 %");
    log.run(30, GOOD, GOOD);
    assert_eq!(log.says(), PROVEN);
    log.run_at(1, Share::percent(50), GOOD, Some((50, 0)));
    assert_eq!(log.says(), unproven);
}

#[test]
fn minutes_before_clients_follow_prove_nothing() {
    let mut log = Log::new();
    for _ in 0..30 {
        let row =
            EventRow { total: 1_000, bad: 0, share: Some(Share::percent(25)), settled: false };
        for side in Side::ALL {
            log.fold.push(&TARGET, log.next, side, row);
        }
        log.next += 1;
    }
    assert_eq!(log.says(), (VerdictKind::Hold, VerdictReason::Unproven { signal: signal() }));
}

#[test]
fn below_five_percent_nothing_is_asked_to_be_proven() {
    let mut log = Log::new();
    log.run_at(10, Share::percent(1), GOOD, Some((10, 0)));
    assert_eq!(log.says(), PROVEN);
}

#[test]
fn a_disaster_on_fargate_rolls_back_whatever_the_requests_say() {
    let mut log = proven();
    log.run(5, GOOD, Some((100, 40)));
    let guard = (VerdictKind::RollBack, VerdictReason::Guard { signal: signal() });
    for base in [VerdictKind::Advance, VerdictKind::Hold] {
        assert_eq!(log.verdict(base, &Settings::default()), guard);
    }
}

#[test]
fn a_budget_that_burns_on_fargate_alone_rolls_back_and_only_where_the_slo_is_asked() {
    let mut log = proven();
    // Seven times the budget for six hours: below what the guard takes for a disaster.
    log.run(360, GOOD, Some((1_000, 70)));
    let burn = (VerdictKind::RollBack, VerdictReason::BudgetBurn { signal: signal() });
    assert_eq!(log.says(), burn);
    let relative = Settings { when: When::Relative, ..Settings::default() };
    let (kind, _) = log.verdict(VerdictKind::Advance, &relative);
    assert_eq!(kind, VerdictKind::Hold, "what burns is not proven either");
}

#[test]
fn what_has_left_the_six_hours_hides_no_burn() {
    let mut log = Log::new();
    log.run(60, GOOD, Some((1_000_000, 0)));
    log.run(370, GOOD, Some((1_000, 70)));
    assert_eq!(log.says().1, VerdictReason::BudgetBurn { signal: signal() });
}

#[test]
fn one_cluster_of_bad_events_rolls_nothing_back() {
    let mut log = proven();
    // A tenth of an hour's events, all bad, in two minutes: a burn of 20 over the hour and more
    // over five minutes.
    log.run(60, GOOD, Some((10, 0)));
    log.run(2, GOOD, Some((60, 60)));
    assert_eq!(log.says().0, VerdictKind::Hold, "{:?}", log.says());
    log.run(1, GOOD, Some((60, 60)));
    assert_eq!(log.says().0, VerdictKind::RollBack, "the third minute is no cluster");
}

#[test]
fn a_bad_event_amid_good_ones_makes_no_burning_minute() {
    let mut log = proven();
    log.run(57, GOOD, Some((10, 0)));
    // One in a hundred is the budget itself, far from a burn of 14.4.
    log.run(3, GOOD, Some((100, 1)));
    log.run(2, GOOD, Some((300, 300)));
    assert_eq!(log.says().0, VerdictKind::Hold, "{:?}", log.says());
}

#[test]
fn both_sides_burning_alike_hold_unless_told_otherwise() {
    let mut log = proven();
    log.run(60, Some((1_000, 80)), Some((1_000, 80)));
    let reason = VerdictReason::CommonMode { signal: signal() };
    assert_eq!(log.says(), (VerdictKind::Hold, reason.clone()));
    let settings = Settings { on_common_mode: CommonMode::RollBack, ..Settings::default() };
    let verdict = log.verdict(VerdictKind::Advance, &settings);
    assert_eq!(verdict, (VerdictKind::RollBack, reason.clone()));
    log.run(5, Some((0, 0)), Some((0, 0)));
    let verdict = log.verdict(VerdictKind::Advance, &settings);
    assert_eq!(verdict, (VerdictKind::Hold, reason), "what is not seen now rolls nothing back");
}

#[test]
fn events_that_do_not_come_hold_and_name_their_side() {
    let missing =
        |side| (VerdictKind::Hold, VerdictReason::EventsMissing { signal: signal(), side });
    let mut log = proven();
    log.run(20, GOOD, None);
    assert_eq!(log.says(), missing(Side::Fargate));
    let mut log = proven();
    log.run(20, None, GOOD);
    assert_eq!(log.says(), missing(Side::Ec2));
    assert_eq!(Log::new().says(), missing(Side::Ec2), "nothing has come yet");
    // The verdict is asked for three minutes after the newest one that is there.
    let mut log = proven();
    log.next += 15;
    assert_eq!(log.says(), PROVEN, "the newest is of eighteen minutes ago");
    log.next += 1;
    assert_eq!(log.says(), missing(Side::Fargate), "and of nineteen");
}

#[test]
fn a_side_without_traffic_is_not_missed() {
    let mut log = Log::new();
    log.run_at(30, Share::FULL, None, GOOD);
    assert_eq!(log.says(), PROVEN);
    let mut log = Log::new();
    log.run_at(30, Share::ZERO, GOOD, None);
    assert_eq!(log.says(), PROVEN);
}

#[test]
fn a_minute_with_one_side_is_judged_when_one_three_minutes_newer_is_there() {
    let mut log = Log::new();
    log.run(3, GOOD, None);
    assert_eq!(log.fold.minute(), None);
    log.run(1, GOOD, None);
    assert_eq!(log.fold.minute(), Some(START));
}

#[test]
fn what_the_requests_say_stands_where_it_is_stronger() {
    let mut burning = proven();
    burning.run(5, GOOD, Some((100, 40)));
    let dead = (VerdictKind::RollBack, VerdictReason::CandidateDead);
    assert_eq!(burning.verdict(VerdictKind::RollBack, &Settings::default()), dead);
    let mut silent = proven();
    silent.run(20, GOOD, None);
    let missing = VerdictReason::EventsMissing { signal: signal(), side: Side::Fargate };
    let held = silent.verdict(VerdictKind::Hold, &Settings::default());
    assert_eq!(held, (VerdictKind::Hold, missing), "sight is missing, which is graver");
    let mut unproven = Log::new();
    unproven.run(1, GOOD, Some((50, 0)));
    let held = (VerdictKind::Hold, VerdictReason::ShareMismatch);
    assert_eq!(unproven.verdict(VerdictKind::Hold, &Settings::default()), held);
}

#[test]
fn of_several_objectives_a_rollback_is_told_before_a_hold() {
    let (mut silent, mut failing) = (proven(), proven());
    silent.run(20, GOOD, None);
    failing.run(15, GOOD, GOOD);
    failing.run(5, GOOD, Some((100, 40)));
    let other = Target { name: "apm-errors", ..TARGET };
    let both = [(TARGET, &silent.fold), (other, &failing.fold)];
    let base = said(VerdictKind::Advance);
    let verdict = with_events(base, &Settings::default(), both, silent.now());
    assert_eq!(verdict.kind, VerdictKind::RollBack);
    assert_eq!(verdict.reason, VerdictReason::Guard { signal: other.name.to_owned() });
    assert_eq!(verdict.evidence.signals.len(), 2);
}

#[test]
fn of_two_holds_the_graver_one_is_told_and_of_two_alike_the_first() {
    let (mut silent, mut unproven) = (proven(), Log::new());
    silent.run(20, GOOD, None);
    unproven.run(50, GOOD, Some((1, 0)));
    let first = (TARGET, &unproven.fold);
    let told = |then: (Target<'static>, &EventFold)| {
        let base = said(VerdictKind::Advance);
        with_events(base, &Settings::default(), [first, then], silent.now()).reason
    };
    let other = Target { name: "apm-errors", ..TARGET };
    let missing =
        VerdictReason::EventsMissing { signal: other.name.to_owned(), side: Side::Fargate };
    assert_eq!(told((other, &silent.fold)), missing);
    assert_eq!(told((other, &unproven.fold)), VerdictReason::Unproven { signal: signal() });
}

#[test]
fn the_order_of_the_sides_and_a_row_told_twice_change_nothing() {
    let row = |minute: i64| EventRow {
        total: 900 + u64::try_from(minute - START).expect("later"),
        bad: 2,
        share: Some(Share::percent(25)),
        settled: true,
    };
    let mut folds = PerSide { ec2: EventFold::default(), fargate: EventFold::default() };
    for minute in START..START + 40 {
        for side in Side::ALL {
            folds.ec2.push(&TARGET, minute, side, row(minute));
        }
        for side in [Side::Fargate, Side::Ec2, Side::Fargate] {
            folds.fargate.push(&TARGET, minute, side, row(minute));
        }
        let again = EventRow { bad: 800, ..row(minute) };
        folds.fargate.push(&TARGET, minute, Side::Ec2, again);
    }
    assert_eq!(folds.ec2, folds.fargate);
}

#[test]
fn a_fold_read_back_goes_on_where_it_was_written() {
    let mut log = proven();
    // One side is ahead, so that something waits.
    let row = EventRow { total: 9, bad: 0, share: Some(Share::percent(25)), settled: true };
    log.fold.push(&TARGET, log.next, Side::Ec2, row);
    let text = serde_json::to_string(&log.fold).expect("plain data");
    let mut back: EventFold = serde_json::from_str(&text).expect("it was written");
    assert_eq!(back, log.fold);
    back.push(&TARGET, log.next, Side::Fargate, row);
    assert_eq!(back.minute(), Some(log.next));
}

#[test]
fn a_day_without_any_minute_empties_the_windows() {
    for silence in [1_439, 1_440, 1_441, 2 * 1_440] {
        let mut log = proven();
        log.run(5, GOOD, Some((100, 40)));
        log.next += silence;
        log.run(10, GOOD, GOOD);
        assert_eq!(log.says(), PROVEN, "what was {silence} minutes ago burns no more");
    }
}

#[test]
fn good_events_of_before_a_long_silence_hide_no_burn() {
    let mut log = proven();
    log.run(40, GOOD, Some((1_000_000, 0)));
    log.next += 1_441;
    // Without EC2 beside it no guard looks.
    log.run(70, None, Some((1_000, 150)));
    assert_eq!(log.says().1, VerdictReason::BudgetBurn { signal: signal() });
}

#[test]
fn suspicion_of_a_small_share_does_not_outlast_a_long_silence() {
    let fires = |before: i64, silence: i64, after: i64| {
        let mut log = Log::new();
        log.run(before, GOOD, Some((2, 2)));
        log.next += silence;
        log.run(after, GOOD, Some((2, 2)));
        log.says().0 == VerdictKind::RollBack
    };
    assert!(fires(5, 0, 0) && !fires(4, 0, 0), "the guard's own claims are beside it");
    assert!(fires(4, 0, 3));
    assert!(!fires(4, 1_441, 3));
}

#[test]
fn what_was_proven_and_burns_now_is_not_met() {
    let mut log = proven();
    log.run(60, GOOD, Some((1_000, 20)));
    assert_eq!(log.says(), (VerdictKind::Hold, VerdictReason::Unproven { signal: signal() }));
    log.run(60, GOOD, GOOD);
    assert_eq!(log.says(), PROVEN, "it is over");
    log.run(60, GOOD, Some((1_000, 10)));
    assert_eq!(log.says().0, VerdictKind::Hold, "all of the budget is not within it");
    log.run(1, GOOD, Some((1_000, 9)));
    assert_eq!(log.says(), PROVEN);
}

#[test]
fn what_was_proven_of_a_step_stands_after_a_silence_once_a_few_minutes_are_there() {
    let few = Some((1, 0));
    for silence in [60, 1_439, 1_440, 2_000] {
        let mut log = proven();
        log.next += silence;
        log.run(5, few, few);
        assert_eq!(log.fold.minute(), Some(log.next - 1));
        let missing = VerdictReason::EventsMissing { signal: signal(), side: Side::Fargate };
        assert_eq!(log.says(), (VerdictKind::Hold, missing), "after {silence} minutes");
        log.run(1, few, few);
        assert_eq!(log.says(), PROVEN, "six of the last fifteen minutes are there");
    }
}
