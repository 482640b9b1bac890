//! The calendar of what follows, beside what really follows: nothing comes earlier than was said
//! at any moment before, and with nothing going wrong it comes not much later.

use std::sync::Arc;

use controller::Pass;
use model::plan::Refusal;
use model::settings::Settings;
use model::spec::Migration;
use model::{Share, Span, Time};
use planner::outlook::{End, Milestone, Outlook, Present, outlook};
use rehearsal::simulation::{Setup, Simulation};

use crate::world::{Router, START, Wish, setup, tide, week};

/// What really happened, and when.
type Happened = (Time, Milestone, Share);

/// What was said at one moment.
struct Said {
    at: Time,
    outlook: Outlook,
}

fn said(pass: &Pass, settings: &Settings) -> Said {
    let refusals: Vec<Refusal> = pass.plan.report.refusals().cloned().collect();
    let present = Present {
        now: pass.observation.at,
        spec: &pass.migration,
        settings,
        status: &pass.plan.status,
        verdict: &pass.verdict,
        coverage: pass.coverage.as_ref(),
        refusals: &refusals,
    };
    Said { at: present.now, outlook: outlook(&present) }
}

/// Runs until all is drained, or the days are over.
fn watch(setup: &Setup) -> (Vec<Said>, Vec<Happened>) {
    let mut simulation = Simulation::new(setup).expect("the region can be built");
    let end = START + Span::from_days(u64::from(setup.days));
    let (mut all, mut happened) = (Vec::new(), Vec::new());
    let (mut baked, mut drained) = (false, false);
    while simulation.next_at() < end && !drained {
        let tick = futures::executor::block_on(simulation.tick());
        let pass = tick.passes.into_iter().next().expect("it is managed");
        let (at, status) = (pass.observation.at, &pass.plan.status);
        let share = status.intended.as_ref().map_or(Share::ZERO, |intended| intended.share);
        if pass.plan.actions.iter().any(model::action::Action::is_advance) {
            happened.push((at, Milestone::Step, share));
        }
        if !baked && status.baked_at.is_some() {
            happened.push((at, Milestone::Baked, share));
        }
        if !drained && status.drained_at.is_some() {
            happened.push((at, Milestone::Drained, share));
        }
        (baked, drained) = (status.baked_at.is_some(), status.drained_at.is_some());
        all.push(said(&pass, &setup.settings));
    }
    assert_eq!(simulation.violations(), [], "a run with nothing going wrong");
    (all, happened)
}

/// How long it was said to take from the first word to its last entry, and how long it took.
struct Compared {
    said: Span,
    took: Span,
}

fn compare(name: &str, setup: &Setup) -> Compared {
    let (all, happened) = watch(setup);
    let mut checked = 0;
    for said in &all {
        let follows = happened.iter().filter(|(at, ..)| *at > said.at);
        for (entry, (at, what, share)) in said.outlook.entries.iter().zip(follows) {
            assert_eq!((entry.what, entry.share), (*what, *share), "{name}: said at {}", said.at);
            assert!(
                entry.at <= *at,
                "{name}: {what:?} of {share} came at {at}, and at {} it was said to come at {} at \
                 the earliest ({:?})",
                said.at,
                entry.at,
                entry.bound
            );
            checked += 1;
        }
    }
    assert!(checked > 100, "{name}: {checked} of {} words were checked", all.len());
    let first = all.iter().find(|said| !said.outlook.entries.is_empty()).expect("one was made");
    // What was done as it was said is not ahead any more.
    let happened: Vec<Happened> = happened.into_iter().filter(|(at, ..)| *at > first.at).collect();
    for (entry, (at, ..)) in first.outlook.entries.iter().zip(&happened) {
        println!(
            "{name}: {:?} {} said {} came {} ({})",
            entry.what,
            entry.share,
            entry.at,
            at,
            entry.bound.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string)
        );
    }
    assert_eq!(first.outlook.end, End::Drained);
    assert_eq!(first.outlook.entries.len(), happened.len(), "{name}: all of it came");
    let (last, (came, ..)) = (first.outlook.entries.last(), happened.last().expect("it ended"));
    let said = last.map_or(Span::ZERO, |entry| entry.at.since(first.at));
    let took = came.since(first.at);
    println!("{name}: said {said}, took {took}");
    Compared { said, took }
}

#[test]
fn by_dwell_nothing_comes_earlier_than_was_said_and_little_comes_later() {
    for router in [Router::Records, Router::Rules, Router::Policies] {
        let wish = Wish { router, ..Wish::default() };
        let compared = compare(&format!("{router:?}"), &setup(&wish, tide(300.0)));
        // Seven steps, each of which starts tasks and waits for metrics of it.
        let late = compared.took.secs_f64() - compared.said.secs_f64();
        assert!(late < 7.0 * 15.0 * 60.0, "{late} s later than was said");
    }
}

/// A file of the examples.
fn example(name: &str) -> Arc<Migration> {
    let path = format!("{}/../../config/examples/{name}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).expect("an example can be read");
    let documents = manifest::read(name, &text).expect("an example is valid");
    Arc::new(documents[0].migration().expect("it is a migration").clone())
}

#[test]
fn by_evidence_and_in_windows_nothing_comes_earlier_than_was_said() {
    let setup = Setup {
        migrations: vec![example("tapple-api.yaml")],
        days: 21,
        ..setup(&Wish::default(), week(4_000.0, 1))
    };
    compare("tapple-api", &setup);
}
