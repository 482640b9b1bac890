//! What operators say.

use std::time::Duration;

use model::Share;
use model::verb::Verb;
use server::{Desk as _, Refused};
use tokio::time::sleep;

use crate::house::House;

#[tokio::test(start_paused = true)]
async fn an_operators_word_is_stored_and_stronger_than_the_file() {
    let house = House::of(&["api"], "act");
    let daemon = house.start("a");
    daemon.until_first_step("api").await;
    let stale = daemon.office.say("api", Verb::Advance, "bob", Some("1-0")).await;
    assert!(matches!(stale, Err(Refused::Conflict(_))), "{stale:?}");
    daemon.office.say("api", Verb::Rollback, "bob", None).await.unwrap();
    daemon
        .until("the way back", |fleet| {
            fleet.migrations["api"].summary.share.set == Some(Share::ZERO)
        })
        .await;
    let forward = daemon.office.say("api", Verb::Advance, "eve", None).await;
    assert!(matches!(forward, Err(Refused::Conflict(why)) if why.contains("bob")));
    daemon.stop().await;
    let daemon = house.start("b");
    sleep(Duration::from_secs(30)).await;
    assert_eq!(daemon.share("api"), Some(Share::ZERO), "a new process remembers");
    daemon.office.say("api", Verb::Resume, "bob", None).await.unwrap();
    daemon
        .until("a step again", |fleet| {
            fleet.migrations["api"].summary.share.set >= Some(Share::percent(10))
        })
        .await;
}
