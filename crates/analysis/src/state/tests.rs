use super::*;
use crate::calibration::Margin;
use crate::pairing::rows_of;
use crate::settings::{Coverage, Settings};
use crate::window::Length;

type Rows = PerSide<Option<Row>>;

/// A state that is taken from minute to minute.
struct Run {
    settings: Settings,
    state: State,
    next: i64,
}

impl Run {
    fn new(settings: Settings) -> Self {
        Self { settings, state: State::default(), next: 0 }
    }

    fn minutes(&mut self, count: u32, rows: &Rows) -> &mut Self {
        for _ in 0..count {
            self.state.advance(&Prepared::new(&self.settings), self.next, rows);
            self.next += 1;
        }
        self
    }

    fn counted(&self) -> u32 {
        self.state.step.counted
    }
}

/// A minute of 1,000 requests on each side, two of them bad, at this share.
fn calm(percent: u16) -> Rows {
    at(percent, rows_of((1_000, 2), (1_000, 2)))
}

fn at(percent: u16, rows: Rows) -> Rows {
    with(rows, |row| row.share = Some(Share::percent(percent)))
}

fn with(rows: Rows, edit: impl Fn(&mut Row)) -> Rows {
    rows.map(|row| {
        row.map(|mut row| {
            edit(&mut row);
            row
        })
    })
}

fn fargate(mut rows: Rows, edit: impl Fn(&mut Row)) -> Rows {
    edit(rows.fargate.as_mut().expect("a row"));
    rows
}

fn ec2(mut rows: Rows, edit: impl Fn(&mut Row)) -> Rows {
    edit(rows.ec2.as_mut().expect("a row"));
    rows
}

#[test]
fn minutes_count_while_clients_have_followed_and_nothing_changes() {
    let mut run = Run::new(Settings::default());
    assert_eq!(run.minutes(40, &calm(50)).counted(), 40);
    let before = run.state.clone();
    for (rows, why) in [
        (fargate(calm(50), |row| row.settled = Some(false)), "Fargate's clients"),
        (ec2(calm(50), |row| row.settled = Some(false)), "EC2's clients"),
        (fargate(calm(50), |row| row.deploying = Some(true)), "a deployment on Fargate"),
        (ec2(calm(50), |row| row.deploying = Some(true)), "a deployment on EC2"),
        (
            fargate(with(calm(50), |row| row.release = Some(1)), |row| row.release = Some(2)),
            "two releases",
        ),
    ] {
        run.state = before.clone();
        run.next = 40;
        let requests = run.state.step.absolutes.get(Slo::Latency).requests();
        assert_eq!(run.minutes(60, &rows).counted(), 40, "{why}");
        let after = run.state.step.absolutes.get(Slo::Latency).requests();
        assert!((after - requests).abs() < 1e-9, "{why}");
    }
}

#[test]
fn a_new_share_begins_with_twenty_dropped_minutes_and_the_first_one_with_none() {
    let mut run = Run::new(Settings::default());
    assert_eq!(run.minutes(1, &calm(10)).counted(), 1);
    assert_eq!(run.minutes(20, &calm(25)).counted(), 0);
    assert_eq!(run.minutes(1, &calm(25)).counted(), 1);
    // Minutes of which nobody says the share are of the one before.
    let unsaid = rows_of((1_000, 2), (1_000, 2));
    assert_eq!(run.minutes(5, &unsaid).counted(), 6);
    assert_eq!(run.state.live.share, Some(Share::percent(25)));
    assert_eq!(run.state.step.elapsed, 26);
}

#[test]
fn a_release_that_is_first_heard_of_is_no_new_one() {
    let mut run = Run::new(Settings::default());
    run.minutes(40, &calm(50));
    let of = |release| with(calm(50), |row| row.release = Some(release));
    assert_eq!(run.minutes(1, &of(1)).counted(), 41);
    assert_eq!(run.minutes(1, &calm(50)).counted(), 42, "not said again");
    assert_eq!(run.minutes(1, &of(1)).counted(), 43);
    // Another one voids what was proven, and is given twenty minutes.
    assert_eq!(run.minutes(20, &of(2)).counted(), 0);
    assert_eq!(run.minutes(1, &of(2)).counted(), 1);
}

#[test]
fn a_deployment_is_given_twenty_minutes_from_its_end() {
    let mut run = Run::new(Settings::default());
    run.minutes(40, &calm(50)).minutes(60, &ec2(calm(50), |row| row.deploying = Some(true)));
    assert_eq!(run.counted(), 40);
    run.minutes(1, &calm(50));
    assert!(run.state.transient.is_dropping());
    assert_eq!(run.minutes(19, &calm(50)).counted(), 40);
    assert_eq!(run.minutes(1, &calm(50)).counted(), 41);
}

#[test]
fn the_deadline_counts_from_the_first_traffic() {
    let mut run = Run::new(Settings::default());
    run.minutes(7, &calm(0));
    assert_eq!(run.state.began, None);
    run.minutes(5, &calm(10)).minutes(5, &calm(0)).minutes(5, &calm(25));
    assert_eq!(run.state.began, Some(7));
    let mut unsaid = Run::new(Settings::default());
    unsaid.minutes(2, &rows_of((9, 0), (9, 0)));
    assert_eq!(unsaid.state.began, Some(0), "an unknown share may be any");
}

#[test]
fn a_side_is_dead_when_traffic_goes_to_no_healthy_target() {
    for (percent, healthy, is_dead) in
        [(1, Some(0), true), (1, Some(1), false), (1, None, false), (0, Some(0), false)]
    {
        let mut run = Run::new(Settings::default());
        run.minutes(1, &fargate(calm(percent), |row| row.healthy = healthy));
        assert_eq!(run.state.live.is_dead, is_dead, "{healthy:?} healthy at {percent} %");
    }
    let mut unsaid = Run::new(Settings::default());
    unsaid.minutes(1, &fargate(rows_of((9, 0), (9, 0)), |row| row.healthy = Some(0)));
    assert!(!unsaid.state.live.is_dead, "nothing may be sent there");
}

#[test]
fn a_side_without_traffic_is_not_missed() {
    let without = |percent, side| {
        let mut rows = calm(percent);
        *rows.get_mut(side) = None;
        rows
    };
    let incomplete = ec2(calm(50), |row| row.counts.slow_p50 = None);
    for (rows, missed) in [
        (calm(50), None),
        (without(50, Side::Ec2), Some(Side::Ec2)),
        (without(50, Side::Fargate), Some(Side::Fargate)),
        (without(99, Side::Ec2), Some(Side::Ec2)),
        (without(100, Side::Ec2), None),
        (without(100, Side::Fargate), Some(Side::Fargate)),
        (without(0, Side::Fargate), None),
        (without(0, Side::Ec2), Some(Side::Ec2)),
        (incomplete, Some(Side::Ec2)),
    ] {
        let mut run = Run::new(Settings::default());
        assert_eq!(run.minutes(15, &rows).state.gaps.side(), missed, "{rows:?}");
    }
}

#[test]
fn ec2_is_compared_with_up_to_95_percent_and_fargate_proven_from_5_on() {
    let live = |per_mille| Live { share: Share::from_per_mille(per_mille), ..Live::default() };
    assert!(live(950).is_comparable() && !live(951).is_comparable());
    assert!(live(50).is_provable() && !live(49).is_provable());
    assert!(Live::default().is_comparable() && Live::default().is_provable(), "not known");
}

#[test]
fn a_proof_alone_is_of_minutes_with_ec2_while_ec2_has_a_part() {
    let requests = |percent, rows| {
        let mut run = Run::new(Settings::default());
        run.minutes(5, &at(percent, rows)).state.step.absolutes.get(Slo::Latency).requests()
    };
    let both = rows_of((100, 0), (200, 0));
    let alone = rows_of((0, 0), (200, 0));
    for (percent, rows, seen) in [
        (50, both, 1_000.0),
        (50, alone, 0.0),
        (95, alone, 0.0),
        (96, alone, 1_000.0),
        (96, both, 1_000.0),
        (4, both, 0.0),
        (5, both, 1_000.0),
        (96, rows_of((100, 0), (0, 0)), 0.0),
    ] {
        assert!((requests(percent, rows) - seen).abs() < 1e-9, "{percent} %: {seen}");
    }
}

#[test]
fn fargates_own_errors_are_held_against_ec2s_and_a_quarter_of_the_budget() {
    let bound =
        |slo, windows: &Windows, is_comparable| absolute_bound(slo, 0.001, windows, is_comparable);
    let unknown = Windows::default();
    let mut known = Windows::default();
    for minute in 0..10 {
        known.add(minute, &rows_of((1_000, 3), (1_000, 0)), |_| Some(0.001));
    }
    known.close(9);
    for (windows, is_comparable, expected) in [
        (&known, true, 0.003_25),
        (&known, false, 0.003_25),
        // Not known yet: the strictest it can be, or the budget where EC2 has nothing left.
        (&unknown, true, 0.000_25),
        (&unknown, false, 0.001),
    ] {
        let found = bound(Slo::Availability, windows, is_comparable);
        assert!((found - expected).abs() < 1e-12, "{found} instead of {expected}");
        let latency = bound(Slo::Latency, windows, is_comparable);
        assert!((latency - 0.001).abs() < 1e-12);
    }
    // From the first minute on, and by the block after that.
    let mut run = Run::new(Settings::default());
    run.minutes(1, &at(50, rows_of((1_000, 0), (1_000, 0))));
    assert!(run.state.step.absolutes.get(Slo::Availability).evidence() > 0.0);
    assert!((run.state.bounds.get(Slo::Availability).fraction - 0.000_25).abs() < 1e-12);
    run.minutes(9, &at(50, rows_of((1_000, 3), (1_000, 0))));
    // 27 of 10,000 in the first block.
    assert!((run.state.bounds.get(Slo::Availability).fraction - 0.002_95).abs() < 1e-12);
}

#[test]
fn high_load_is_of_both_sides_together() {
    for (ec2, fargate, high) in [(29, 1, 3), (28, 1, 0), (1, 29, 3)] {
        let coverage = Some(Coverage::of_high_load(30.0, true));
        let mut run = Run::new(Settings { coverage, ..Settings::default() });
        run.minutes(3, &at(50, rows_of((ec2, 0), (fargate, 0))));
        assert_eq!(run.state.step.seen.high_minutes, high, "{ec2} and {fargate}");
    }
}

#[test]
fn the_noise_is_learnt_from_the_excess_over_a_fair_split() {
    let mut run = Run::new(Settings::default());
    let mut dispersion = Dispersion::default();
    for minute in 0_u32..400 {
        let wave = u64::from(minute % 7 * (minute / 60 % 3));
        let (on_ec2, on_fargate) = ((600, 9 + wave), (200, 3 + 2 * (wave % 5)));
        run.minutes(1, &at(25, rows_of(on_ec2, on_fargate)));
        // A quarter of requests, a quarter of the bad ones.
        let (bad, bad_fargate) = (float(on_ec2.1 + on_fargate.1), float(on_fargate.1));
        dispersion.add(bad_fargate - bad * 0.25, bad * 0.25 * 0.75);
        if minute % 10 == 9 {
            dispersion.close(minute % 60 == 59);
        }
        let learnt = &run.state.signals.get(Signal::SlowP90).dispersion;
        assert_eq!(learnt, &dispersion, "minute {minute}");
    }
    assert!((dispersion.noise() - Dispersion::default().noise()).abs() > 1e-6, "it was learnt");
}

#[test]
fn evidence_of_harm_and_safety_is_that_of_each_minutes_split() {
    let mut run = Run::new(Settings::default());
    let (mut detector, mut proof) = (Detector::default(), Proof::default());
    let mut dispersion = Dispersion::default();
    let mut fair = Hypotheses::default();
    for minute in 0..9 {
        let bad_fargate = 2 + minute % 3;
        run.minutes(1, &at(25, rows_of((600, 9), (200, bad_fargate))));
        let pair = Pair {
            requests_fargate: 200.0,
            bad_fargate: float(bad_fargate),
            requests_ec2: 600.0,
            bad_ec2: 9.0,
        };
        fair.move_to(&pair, &Margin { harm: 1.0, safe: 1.0 });
        let variance = pair.bad() * 0.25 * 0.75;
        let phi = dispersion.phi(variance);
        dispersion.add(pair.bad_fargate - pair.bad() * 0.25, variance);
        detector.add(&pair, &fair.harm, phi, 1.2);
        detector.record_excess(minute.try_into().unwrap(), pair.bad_fargate - pair.bad() * 0.25);
        proof.add(&pair, &fair.safe, dispersion.phi_safe(variance), 1.2);
    }
    assert_eq!(run.state.signals.get(Signal::SlowP50).detector, detector);
    assert_eq!(run.state.step.proofs.get(Signal::SlowP50), &proof);
}

#[test]
fn unequal_load_and_too_small_a_share_prove_nothing_by_comparison() {
    let busy = |rows| ec2(fargate(rows, |row| row.tasks = Some(100)), |row| row.tasks = Some(50));
    let mut run = Run::new(Settings::default());
    run.minutes(10, &busy(calm(50)));
    assert_eq!(run.counted(), 10, "not known before the block is over");
    assert!(run.state.load.is_unequal());
    let evidence = |run: &Run| run.state.step.proofs.get(Signal::SlowP90).information();
    let before = evidence(&run);
    run.minutes(10, &busy(calm(50)));
    assert_eq!(run.counted(), 10);
    assert!((evidence(&run) - before).abs() < 1e-12);
    let mut small = Run::new(Settings::default());
    small.minutes(30, &calm(4));
    assert_eq!((small.counted(), evidence(&small).to_bits()), (0, 0.0_f64.to_bits()));
    // Without a pair there is nothing to count.
    let mut silent = Run::new(Settings::default());
    silent.minutes(30, &at(50, rows_of((1_000, 2), (0, 0))));
    assert_eq!(silent.counted(), 0);
    let mut full = Run::new(Settings::default());
    full.minutes(30, &calm(96));
    assert_eq!(full.counted(), 0, "too little is left to compare with");
}

#[test]
fn after_a_day_of_silence_windows_are_empty_and_evidence_stands() {
    let mut run = Run::new(Settings::default());
    let bad = at(50, rows_of((1_000, 0), (1_000, 100)));
    let busy = fargate(ec2(bad, |row| row.tasks = Some(9)), |row| row.tasks = Some(1));
    run.minutes(20, &busy);
    let before = run.state.clone();
    run.state.jump();
    let state = &run.state;
    let detector = |state: &State| state.signals.get(Signal::Errors).detector.clone();
    assert!(detector(&before).is_still_worse() && !detector(state).is_still_worse());
    let statistic = |state: &State| detector(state).statistic().to_bits();
    assert_eq!(statistic(state), statistic(&before));
    assert_eq!(state.windows.get(Slo::Latency).sum(Length::Hours6), &Counted::default());
    assert!(before.load.is_unequal() && !state.load.is_unequal());
    assert!(before.guards.get(Slo::Latency).alarm(19, 0.001).is_some());
    assert!(state.guards.get(Slo::Latency).alarm(19, 0.001).is_none());
}
