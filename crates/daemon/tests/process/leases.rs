//! Of several processes on one store one acts.

use std::time::Duration;

use model::verb::Verb;
use server::{Desk as _, Refused};
use tokio::time::{Instant, sleep};

use crate::house::House;

#[tokio::test(start_paused = true)]
async fn of_two_daemons_on_one_store_one_acts_and_the_other_takes_over() {
    let house = House::of(&["api"], "act");
    let first = house.start("first");
    first.until("the lease", |fleet| fleet.daemon.is_leader).await;
    let second = house.start("second");
    second.until("standing by", |fleet| fleet.daemon.leader.as_deref() == Some("first")).await;
    for _ in 0..60 {
        sleep(Duration::from_secs(1)).await;
        let leaders = [&first, &second].map(|daemon| daemon.office.fleet().daemon.is_leader);
        assert!(leaders != [true, true], "two may act");
    }
    let told = second.office.say("api", Verb::Pause, "bob", None).await;
    assert!(matches!(told, Err(Refused::Unavailable(why)) if why.contains("first")));
    first.stop().await;
    // It gave the lease up, so nobody waits for the end of its term.
    let began = Instant::now();
    second.until("the take-over", |fleet| fleet.daemon.is_leader).await;
    assert!(began.elapsed() <= Duration::from_secs(6), "{:?}", began.elapsed());
    second.until("going on", |fleet| fleet.migrations.contains_key("api")).await;
}

#[tokio::test(start_paused = true)]
async fn a_killed_holder_is_followed_within_its_term() {
    let house = House::of(&["api"], "act");
    let first = house.start("first");
    first.until("the lease", |fleet| fleet.daemon.is_leader).await;
    let second = house.start("second");
    second.until("standing by", |fleet| fleet.daemon.leader.is_some()).await;
    first.running.abort();
    let began = Instant::now();
    second.until("the take-over", |fleet| fleet.daemon.is_leader).await;
    assert!(began.elapsed() <= Duration::from_secs(25), "{:?}", began.elapsed());
}
