//! What befalls the daemon and not the region: its files, its end, its store.

use futures::executor::block_on;
use model::condition::ConditionType;
use model::settings::Settings;
use model::{Share, Span};
use rehearsal::simulation::{Setup, Simulation};
use rehearsal::witness::{Trouble, TroubleKind};
use store::{Contents, Intent, Store as _};

use crate::world::{
    Router, Wish, at, faults, flat, quick, run, setup, share, started, steps, tide,
};

const ROUTERS: [Router; 3] = [Router::Records, Router::Rules, Router::Policies];
/// Four steps of twenty minutes, with time to settle.
const ALL_STEPS: Span = Span::from_hours(4);

fn mins(minutes: u64) -> Span {
    Span::from_mins(minutes)
}

fn record(simulation: &Simulation, name: &str) -> Contents {
    let record = block_on(simulation.store().load(name)).expect("it can be read");
    record.expect("it was saved").contents
}

fn writes(simulation: &Simulation) -> usize {
    simulation.region().with(|region| region.journal().writes())
}

#[test]
fn f14_bad_files_and_edits_there_and_back_change_no_step() {
    for router in ROUTERS {
        let mut simulation = started(router, flat(60.0), &[]);
        let good = quick(router).text();
        let patient = good.replace("dwellMin: 20m", "dwellMin: 2h");
        let bad = [
            good.replace("steps:", "stepps:"),
            good.replace("attempt: 1", "attempt: 1\n  attempt: 2"),
            good.replace("5%, 25%", "25%, 5%"),
            good[..good.len() / 2].to_owned(),
            good.replace("mode: act", "mode: \u{0}"),
            String::new(),
        ];
        let (mut generation, mut refused, mut ticks) = (1, 0, 0);
        while simulation.next_at() < at(ALL_STEPS) {
            block_on(simulation.tick());
            ticks += 1;
            let minute = simulation.next_at().minute();
            let texts: &[&str] = match minute % 10 {
                0 => &[&patient],
                5 => &[&good],
                _ => &[],
            };
            for text in texts.iter().copied().chain(bad.iter().map(String::as_str)) {
                let Ok(documents) = manifest::read("api.yaml", text) else {
                    refused += 1;
                    continue;
                };
                let Some(migration) = documents.first().and_then(|read| read.migration()) else {
                    refused += usize::from(documents.is_empty());
                    continue;
                };
                generation += 1;
                simulation.manage(generation, migration.clone().into()).expect("it is supported");
            }
        }
        assert_eq!(refused, ticks * bad.len(), "every bad one is refused each time");
        assert!(generation > 20 && ticks > 200, "{generation} {ticks}");
        assert_eq!((steps(&simulation).len(), share(&simulation)), (4, Share::FULL));
        assert_eq!(simulation.violations(), []);
    }
}

#[test]
fn f18_a_stop_after_any_tick_leaves_no_intent_open_and_loses_no_step() {
    for router in ROUTERS {
        let mut calm = started(router, flat(60.0), &[]);
        run(&mut calm, ALL_STEPS, |_, _| {});
        let mut simulation = started(router, flat(60.0), &[]);
        while simulation.next_at() < at(ALL_STEPS) {
            block_on(simulation.tick());
            // A signal is heard between ticks: the one that was under way is finished.
            let is_open = record(&simulation, "api").intent.is_some_and(|it| Intent::is_open(&it));
            assert!(!is_open, "{router:?} at {}", simulation.next_at());
            simulation.restart().expect("the specs are known");
        }
        assert_eq!((steps(&simulation).len(), share(&simulation)), (4, Share::FULL), "{router:?}");
        assert_eq!(writes(&simulation), writes(&calm), "{router:?}");
        assert_eq!(simulation.violations(), []);
    }
}

fn without_store(router: Router, rows: &[&str], from: Span, until: Span) -> Simulation {
    let trouble = Trouble { from: at(from), until: at(until), kind: TroubleKind::Unavailable };
    let base = setup(&quick(router), flat(600.0));
    let setup = Setup { faults: faults(rows), troubles: vec![trouble], ..base };
    Simulation::new(&setup).expect("the region can be built")
}

#[test]
fn f19_f20_without_its_store_ferry_changes_nothing_says_so_and_goes_on_afterwards() {
    let (from, until) = (mins(40), mins(160));
    for router in ROUTERS {
        let mut simulation = without_store(router, &[], from, until);
        run(&mut simulation, from, |_, _| {});
        let (stands, before) = (share(&simulation), writes(&simulation));
        assert!(stands > Share::ZERO && stands < Share::FULL, "{stands}");
        let mut said = 0;
        run(&mut simulation, until, |_, tick| {
            let shown = serde_json::to_string(&tick.passes[0].plan.status.conditions);
            said += usize::from(shown.expect("it is plain").contains("StoreUnavailable"));
        });
        assert_eq!((share(&simulation), writes(&simulation)), (stands, before), "{router:?}");
        assert!(said > 60, "{router:?}: said {said} times");
        run(&mut simulation, until + ALL_STEPS, |_, _| {});
        assert_eq!((steps(&simulation).len(), share(&simulation)), (4, Share::FULL), "{router:?}");
        assert_eq!(simulation.violations(), []);
    }
}

#[test]
fn f19_f20_a_rollback_that_cannot_be_recorded_leaves_as_soon_as_it_can() {
    let (from, until) = (mins(70), mins(120));
    for router in ROUTERS {
        let errors = "{at: 75m, type: errors, side: fargate, rate: 40%}";
        let mut simulation = without_store(router, &[errors], from, until);
        run(&mut simulation, until, |_, _| {});
        assert!(share(&simulation) > Share::ZERO, "{router:?}: what is not recorded is not done");
        run(&mut simulation, until + mins(2), |_, _| {});
        assert_eq!(share(&simulation), Share::ZERO, "{router:?}");
        assert!(record(&simulation, "api").status.latch.is_some());
    }
}

#[test]
fn f21_what_is_denied_is_named_and_nothing_else_suffers() {
    let denied = "{at: 30m, for: 3h, type: denied, api: 'elasticloadbalancing:ModifyRule'}";
    let mut simulation = started(Router::Rules, flat(60.0), &[denied]);
    let mut named = 0;
    run(&mut simulation, Span::from_hours(9), |_, tick| {
        let pass = &tick.passes[0];
        let names = |text: &str| text.contains("elasticloadbalancing:ModifyRule");
        named += usize::from(pass.answers.iter().any(|answer| names(&answer.to_string())));
        assert_eq!(pass.plan.status.latch, None);
    });
    // A step that does not land is sent again for a while, then asked for anew.
    assert!(named > 3, "named {named} times");
    assert_eq!(share(&simulation), Share::FULL);
    assert_eq!(simulation.violations(), []);
}

#[test]
fn f26_what_is_kept_of_a_migration_does_not_grow_with_its_age() {
    let wish = Wish { target: "share: 50%".to_owned(), ..quick(Router::Records) };
    let storm = "{at: 0s, type: throttle, api: '*', fraction: 5%}";
    let setup = Setup { faults: faults(&[storm]), ..setup(&wish, tide(60.0)) };
    let mut simulation = Simulation::new(&setup).expect("the region can be built");
    let mut sizes = Vec::new();
    for day in 1..=12 {
        run(&mut simulation, Span::from_days(day), |_, _| {});
        let kept = serde_json::to_string(&record(&simulation, "api")).expect("it is plain");
        sizes.push(kept.len());
    }
    let (early, late) = sizes.split_at(6);
    let most = |sizes: &[usize]| sizes.iter().copied().max().unwrap_or(0);
    assert!(most(late) <= most(early) + most(early) / 50, "{sizes:?} bytes");
    assert_eq!(simulation.violations(), []);
}

#[test]
fn f28_a_file_that_is_removed_in_flight_stops_everything_and_destroys_nothing() {
    for router in ROUTERS {
        for minute in [3, 25, 60, 100] {
            let names = ["api", "web"];
            let wish = |name: &str| Wish {
                name: name.to_owned(),
                cluster: name.to_owned(),
                ..quick(router)
            };
            let base = setup(&quick(router), flat(60.0));
            let migrations = names.map(|name| wish(name).migration()).to_vec();
            let setup = Setup { migrations, settings: Settings::default(), ..base };
            let mut simulation = Simulation::new(&setup).expect("the region can be built");
            run(&mut simulation, mins(minute), |_, _| {});
            block_on(simulation.let_go("api")).expect("its record says so");
            let stands = share(&simulation);
            let kept = record(&simulation, "api");
            assert!(kept.status.conditions.is_true(ConditionType::Orphaned));
            // Whatever was asked for it from here on would be nobody's, and is a violation.
            run(&mut simulation, Span::from_hours(8), |simulation, tick| {
                assert_eq!((tick.passes.len(), share(simulation)), (1, stands));
            });
            assert_eq!(record(&simulation, "api"), kept, "its floors and saved bounds stay listed");
            let web = simulation.region().with(|region| region.truth(1)).expect("it is there");
            assert_eq!(web.share_max, Share::FULL, "the other goes its way");
            simulation.manage(1, wish("api").migration()).expect("it is supported");
            run(&mut simulation, Span::from_hours(16), |simulation, tick| {
                assert!(share(simulation) >= stands, "{minute} min: it goes on from where it was");
                let conditions = &tick.passes[0].plan.status.conditions;
                assert!(!conditions.is_true(ConditionType::Orphaned));
            });
            assert_eq!(share(&simulation), Share::FULL, "{router:?} {minute} min");
            assert_eq!(simulation.violations(), []);
        }
    }
}
