//! Files that are edited, spoilt and removed under a running daemon.

use std::collections::BTreeSet;
use std::time::Duration;

use model::Share;
use server::{Desk as _, Page, Refused};
use tokio::time::sleep;

use crate::house::{House, text};

#[tokio::test(start_paused = true)]
async fn a_bad_edit_is_refused_with_its_place_and_what_stood_goes_on() {
    let house = House::of(&["api"], "act");
    let daemon = house.start("a");
    daemon.until("the first look", |fleet| fleet.migrations.contains_key("api")).await;
    house.write("api", &text("api", "act").replace("steps:", "stepps:"));
    daemon.until("the refusal", |fleet| !fleet.daemon.configuration.problems.is_empty()).await;
    let problems = daemon.office.fleet().daemon.configuration.problems.clone();
    assert!(problems[0].starts_with("api.yaml:12:15: "), "{problems:?}");
    assert_eq!(daemon.detail("api").summary.generation, 1);
    house.write("api", &text("api", "act").replace("dwellMin: 30m", "dwellMin: 40m"));
    daemon
        .until("the new version", |fleet| {
            fleet.daemon.configuration.problems.is_empty()
                && fleet.migrations.get("api").is_some_and(|api| api.summary.generation == 2)
        })
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_removed_file_stops_managing_and_destroys_nothing() {
    let house = House::of(&["api", "web"], "act");
    let daemon = house.start("a");
    daemon.until_first_step("web").await;
    house.remove("web");
    daemon.until("the orphan", |fleet| fleet.orphans.contains_key("web")).await;
    let orphan = daemon.office.fleet().orphans["web"].clone();
    assert!(orphan.share >= Some(Share::percent(10)), "its traffic stays where it is");
    assert!(orphan.saved.fargate.is_some(), "what `release` restores is listed");
    let refused = daemon.office.release("api", "bob").await;
    assert!(matches!(refused, Err(Refused::Conflict(_))), "{refused:?}");
    let released = daemon.office.release("web", "bob").await.unwrap();
    assert!(released.done.iter().all(|done| done.answer == "written"), "{released:?}");
    assert!(!released.done.is_empty());
    let history = daemon.office.history("web", Page::After(0), 1000).await.unwrap();
    assert!(format!("{history:?}").contains("the bounds that were saved are restored"));
}

#[tokio::test(start_paused = true)]
async fn several_files_that_vanish_wait_for_a_confirmation() {
    let house = House::of(&["api", "web", "job"], "act");
    let daemon = house.start("a");
    daemon.until("all three", |fleet| fleet.migrations.len() == 3).await;
    house.remove("api");
    house.remove("web");
    daemon.until("the question", |fleet| fleet.daemon.configuration.unconfirmed.len() == 2).await;
    sleep(Duration::from_secs(5)).await;
    assert_eq!(daemon.office.fleet().migrations.len(), 3, "all are still managed");
    let wrong = BTreeSet::from(["api".to_owned()]);
    assert!(matches!(daemon.office.confirm(wrong, "bob").await, Err(Refused::Conflict(_))));
    let names = BTreeSet::from(["api".to_owned(), "web".to_owned()]);
    daemon.office.confirm(names, "bob").await.unwrap();
    daemon
        .until("their end", |fleet| fleet.migrations.len() == 1 && fleet.orphans.len() == 2)
        .await;
}

#[tokio::test(start_paused = true)]
async fn files_that_vanished_between_two_processes_are_noticed() {
    let house = House::of(&["api", "web", "job"], "act");
    let daemon = house.start("a");
    daemon.until("all three", |fleet| fleet.migrations.len() == 3).await;
    daemon.stop().await;
    house.remove("api");
    house.remove("web");
    let daemon = house.start("b");
    daemon.until("the question", |fleet| fleet.daemon.configuration.unconfirmed.len() == 2).await;
}
