use model::PerSide;

use super::*;
use crate::pairing::{Row, rows_of};
use crate::settings::Settings;

/// A state after these minutes on Fargate: how many, and how many slow ones of 400 requests.
fn after(settings: &Settings, minutes: &[(u32, u64)]) -> State {
    let prepared = Prepared::new(settings);
    let mut state = State::default();
    let slow = minutes.iter().flat_map(|(count, slow)| (0..*count).map(move |_| *slow));
    for (minute, slow) in (0_i64..).zip(slow) {
        let mut rows: PerSide<Option<Row>> = rows_of((400, 0), (400, slow));
        for row in [&mut rows.ec2, &mut rows.fargate].into_iter().flatten() {
            row.share = Some(Share::percent(50));
        }
        state.advance(&prepared, minute, &rows);
    }
    state
}

#[test]
fn a_budget_is_comfortable_while_less_than_a_quarter_is_spent_in_the_hour_and_in_six() {
    let slo = Settings::default();
    let relative = Settings { when: When::Relative, ..Settings::default() };
    // One slow request of 400 is a quarter of 1 %.
    for (settings, minutes, is_comfortable) in [
        (&slo, &[(350, 1), (1, 0)][..], true),
        (&slo, &[(359, 1)], false),
        (&slo, &[(290, 0), (60, 1)], false),
        (&slo, &[(290, 2), (60, 0)], false),
        (&relative, &[(360, 0)], false),
    ] {
        let state = after(settings, minutes);
        let prepared = Prepared::new(settings);
        let view = View::new(&prepared, &state, Time::from_minute(360));
        assert_eq!(view.is_comfortable(Slo::Latency), is_comfortable, "{minutes:?}");
    }
    let none = Settings { budgets: BTreeMap::new(), ..Settings::default() };
    let state = after(&none, &[(60, 0)]);
    let prepared = Prepared::new(&none);
    let view = View::new(&prepared, &state, Time::from_minute(60));
    assert!(!view.is_comfortable(Slo::Latency), "no objective");
}
