//! A migration from start to stop, and on from there.

use std::time::Duration;

use tokio::time::sleep;

use crate::house::House;

#[tokio::test(start_paused = true)]
async fn a_migration_is_carried_and_an_idle_daemon_stops_at_once() {
    let house = House::of(&["api"], "act");
    let daemon = house.start("a");
    daemon.until_first_step("api").await;
    assert!(house.writes() > 0);
    assert!(daemon.stop().await <= Duration::from_secs(2));
    let writes = house.writes();
    sleep(Duration::from_secs(60)).await;
    assert_eq!(house.writes(), writes, "a daemon that is gone writes nothing");
}

#[tokio::test(start_paused = true)]
async fn a_new_process_goes_on_from_the_store() {
    let house = House::of(&["api"], "act");
    let daemon = house.start("a");
    daemon.until_first_step("api").await;
    let before = daemon.detail("api");
    daemon.stop().await;
    let daemon = house.start("b");
    daemon.until("the second process", |fleet| !fleet.migrations.is_empty()).await;
    let after = daemon.detail("api");
    assert_eq!(after.summary.generation, before.summary.generation, "the file is the same");
    assert_eq!(after.status.started_at, before.status.started_at);
    assert!(after.summary.share.set >= before.summary.share.set);
}

#[tokio::test(start_paused = true)]
async fn observe_writes_nothing() {
    let house = House::of(&["api"], "observe");
    let daemon = house.start("a");
    sleep(Duration::from_secs(60)).await;
    assert_eq!(house.writes(), 0);
    assert!(daemon.detail("api").plan.lines.iter().any(|line| line.said == "refused"));
}
