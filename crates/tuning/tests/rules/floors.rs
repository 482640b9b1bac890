use proptest::prelude::*;
use tuning::floors::{Floors, Learn, Level, scheduled};
use tuning::load::{DAY_MINUTES, Load, WEEK_MINUTES};
use tuning::physics::Physics;
use tuning::surges::{Event, Occurrence, Surges};

use crate::made::{days, names, world};

const FLOORS: Floors = Floors { quantile: 0.75, gain: 1.0, lead: 4, hold: 5 };

#[test]
fn a_surge_of_most_days_is_found_with_its_minute_and_ratio() {
    let surges = Surges::find(&days(7), &[]);
    let [group] = surges.groups.as_slice() else { panic!("{surges:?}") };
    let minute = group.minute_of_day.unwrap();
    assert!((720..=722).contains(&minute), "{minute}");
    assert_eq!(group.samples.len(), 7);
    for sample in &group.samples {
        let ratio = sample.peak / sample.level;
        assert!((1.8..2.6).contains(&ratio), "{ratio}");
    }
}

#[test]
fn a_surge_of_one_day_does_not_recur() {
    let mut minutes: Vec<f64> = (0..WEEK_MINUTES).map(|_| 1_000.0).collect();
    for minute in &mut minutes[2_000..2_010] {
        *minute = 3_000.0;
    }
    let load = Load::new(days(1).start(), minutes).unwrap();
    assert_eq!(Surges::find(&load, &[]), Surges::default());
}

/// A calendar knows what a day does not repeat.
#[test]
fn an_announced_surge_is_learnt_from_those_of_its_name_and_an_unknown_one_is_said() {
    let mut minutes: Vec<f64> = (0..2 * WEEK_MINUTES).map(|_| 1_000.0).collect();
    for minute in &mut minutes[2_000..2_010] {
        *minute = 3_000.0;
    }
    let load = Load::new(days(1).start(), minutes).unwrap();
    let (past, coming) =
        (load.slice(0..WEEK_MINUTES).unwrap(), load.slice(WEEK_MINUTES..2 * WEEK_MINUTES).unwrap());
    let event = |load: &Load, minute| Event {
        at: load.horizon().at_minute(minute),
        name: "sale".to_owned(),
    };
    let events = [event(&past, 2_000), event(&coming, 5_000)];
    let surges = Surges::find(&past, &events);
    let expected = surges.expected(coming.horizon(), &events);
    assert_eq!(expected, [Occurrence { minute: 5_000, group: 0 }]);
    let physics = Physics::new(&world()).unwrap();
    let minimums = FLOORS.minimums(&physics, &surges, &expected, Learn::All, Level::Past);
    assert_eq!(minimums, [(4_996, physics.tasks_for(3_000.0)), (5_005, 10)]);

    let nothing = Surges::find(&past, &[]);
    assert_eq!(nothing.unknown(coming.horizon(), &events), [&events[1]]);
    assert!(nothing.expected(coming.horizon(), &events).is_empty());
}

#[test]
fn floors_of_a_training_week_are_learnt_from_its_other_days() {
    let mut minutes = days(7).minutes().to_vec();
    // The surge of the third day alone is four times as high.
    for minute in &mut minutes[2 * DAY_MINUTES + 720..2 * DAY_MINUTES + 730] {
        *minute *= 4.0;
    }
    let load = Load::new(days(1).start(), minutes).unwrap();
    let physics = Physics::new(&world()).unwrap();
    let surges = Surges::find(&load, &[]);
    let expected = surges.expected(load.horizon(), &[]);
    let highest = Floors { quantile: 1.0, ..FLOORS };
    let of_day = |learn, day: usize| {
        let minimums = highest.minimums(&physics, &surges, &expected, learn, Level::Past);
        let of = minimums.iter().filter(|(minute, _)| minute / DAY_MINUTES == day);
        of.map(|(_, min)| *min).max().unwrap()
    };
    assert!(of_day(Learn::OtherDays, 2) < of_day(Learn::OtherDays, 3) / 2);
    assert_eq!(of_day(Learn::All, 2), of_day(Learn::All, 3));
}

#[test]
fn where_floors_overlap_the_greatest_holds_and_the_minimum_comes_back_once() {
    let physics = Physics::new(&world()).unwrap();
    let surges = Surges::find(&days(7), &[]);
    let near = [Occurrence { minute: 720, group: 0 }, Occurrence { minute: 724, group: 0 }];
    let minimums = FLOORS.minimums(&physics, &surges, &near, Learn::All, Level::Past);
    assert_eq!(minimums.first().map(|(minute, _)| *minute), Some(716));
    assert_eq!(minimums.last(), Some(&(729, physics.world().min)));
    assert_eq!(minimums.len(), 2);
    let requests = scheduled(days(7).horizon(), &minimums, &names());
    let text = serde_json::to_string(&requests).unwrap();
    assert!(text.contains("at(2026-01-05T11:56:00)") && text.contains("at(2026-01-05T12:09:00)"));
}

proptest! {
    /// A floor that is corrected live knows only minutes that have been published when it is set.
    #[test]
    fn a_live_floor_does_not_see_what_comes(factor in 0.1..9.0_f64, lead in 2_usize..8) {
        let past = days(7);
        let physics = Physics::new(&world()).unwrap();
        let surges = Surges::find(&past, &[]);
        let expected = surges.expected(past.horizon(), &[]);
        let floors = Floors { lead, ..FLOORS };
        let set_at = expected[3].minute - lead;
        let mut later = past.minutes().to_vec();
        for minute in &mut later[set_at - 2..] {
            *minute *= factor;
        }
        let later = Load::new(past.start(), later).unwrap();
        let of = |load: &Load| {
            let all = floors.minimums(&physics, &surges, &expected, Learn::All, Level::Live(load));
            all.into_iter().find(|(minute, _)| *minute == set_at)
        };
        prop_assert!(of(&past).is_some());
        prop_assert_eq!(of(&past), of(&later));
    }
}
