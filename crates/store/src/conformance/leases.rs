//! What a store must do that several processes can reach.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use crate::{Candidate, Error, Lease, Leases, Result, Standing, Token, Version};

use super::{contents, entry};

/// A check of one claim, on an empty store.
pub type Check = for<'a> fn(&'a dyn Leases) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// Every claim with its check.
pub const CHECKS: &[(&str, Check)] = &[
    ("a new store is held by nobody", |store| Box::pin(free(store))),
    ("the row is replaced only if it is the one expected", |store| Box::pin(compared(store))),
    ("only the holder saves", |store| Box::pin(fenced(store))),
    ("a holder that was paused is fenced off", |store| Box::pin(paused(store))),
    ("a holder that renews keeps the lease", |store| Box::pin(renewed(store))),
    ("a lease that was given up is free at once", |store| Box::pin(given_up(store))),
    ("giving up what was lost changes nothing", |store| Box::pin(given_up_late(store))),
    ("a holder that learns of its loss stops at once", |store| Box::pin(learnt(store))),
    ("a lease that another gave up is taken anew", |store| Box::pin(taken_anew(store))),
    ("clocks that differ do not make two holders", |store| Box::pin(other_clock(store))),
];

const TERM: Duration = Duration::from_secs(15);

const fn at(second: u64) -> Duration {
    Duration::from_secs(second)
}

async fn free(store: &dyn Leases) {
    assert_eq!(store.lease().await, Ok(Lease::default()));
    assert!(saves(store, None).await.is_ok(), "a process that is alone need not bother");
    let refused = saves(store, Some(Token(0))).await;
    assert_eq!(refused, Err(Error::Fenced { holder: None }), "a token nobody was given");
}

async fn compared(store: &dyn Leases) {
    let held = Lease { owner: "a".to_owned(), token: Token(1), beat: 0, is_held: true };
    assert_eq!(store.save_lease(&Lease::default(), &held).await, Ok(()));
    assert_eq!(store.lease().await, Ok(held.clone()));
    let others = [
        Lease::default(),
        Lease { owner: "b".to_owned(), ..held.clone() },
        Lease { token: Token(2), ..held.clone() },
        Lease { beat: 1, ..held.clone() },
        Lease { is_held: false, ..held.clone() },
    ];
    let next = Lease { owner: "b".to_owned(), token: Token(2), beat: 0, is_held: true };
    for expected in others {
        let found = store.save_lease(&expected, &next).await;
        assert_eq!(found, Err(Error::Fenced { holder: Some("a".to_owned()) }), "{expected:?}");
        assert_eq!(store.lease().await, Ok(held.clone()));
    }
    assert_eq!(store.save_lease(&held, &next).await, Ok(()));
}

async fn fenced(store: &dyn Leases) {
    let mut first = Candidate::new("first", TERM);
    let token = holds(&mut first, store, 0).await;
    let mut second = Candidate::new("second", TERM);
    let standing = second.stand(store, at(1)).await;
    assert_eq!(standing, Ok(Standing::Standby { owner: "first".to_owned(), since: at(1) }));
    let by_first = Err(Error::Fenced { holder: Some("first".to_owned()) });
    for other in [None, Some(Token(token.0 + 1)), Some(Token(0))] {
        assert_eq!(saves(store, other).await, by_first, "under {other:?}");
        assert_eq!(saves_fact(store, other).await, by_first, "under {other:?}");
    }
    assert_eq!(store.list().await, Ok(Vec::new()), "what was refused left nothing behind");
    assert_eq!(store.history("api", 0, 10).await, Ok(Vec::new()));
    assert_eq!(store.load_fact("pause").await, Ok(None));
    assert!(saves(store, Some(token)).await.is_ok());
    assert!(saves_fact(store, Some(token)).await.is_ok());
    let seen = store.load("api").await.map(|record| record.is_some());
    assert_eq!(seen, Ok(true), "reading needs no lease");
}

async fn paused(store: &dyn Leases) {
    let mut first = Candidate::new("first", TERM);
    let old = holds(&mut first, store, 0).await;
    let mut second = Candidate::new("second", TERM);
    stands_by(&mut second, store, 0).await;
    stands_by(&mut second, store, 14).await;
    let new = holds(&mut second, store, 15).await;
    assert!(new > old, "tokens rise");
    let refused = saves(store, Some(old)).await;
    assert_eq!(refused, Err(Error::Fenced { holder: Some("second".to_owned()) }));
    assert!(!first.may_act(at(10)), "long before, the first had to stop acting");
    stands_by(&mut first, store, 16).await;
    assert!(saves(store, Some(new)).await.is_ok());
}

async fn renewed(store: &dyn Leases) {
    let mut first = Candidate::new("first", TERM);
    let mut second = Candidate::new("second", TERM);
    let token = holds(&mut first, store, 0).await;
    for second_of in (5..200).step_by(5) {
        stands_by(&mut second, store, second_of).await;
        assert_eq!(holds(&mut first, store, second_of).await, token, "renewing keeps the token");
        assert!(first.may_act(at(second_of + 9)) && !first.may_act(at(second_of + 10)));
    }
}

async fn given_up(store: &dyn Leases) {
    let mut first = Candidate::new("first", TERM);
    let mut second = Candidate::new("second", TERM);
    let old = holds(&mut first, store, 0).await;
    stands_by(&mut second, store, 0).await;
    assert_eq!(first.step_down(store).await, Ok(()));
    assert!(!first.may_act(at(0)));
    assert_eq!(saves(store, Some(old)).await, Err(Error::Fenced { holder: None }));
    let new = holds(&mut second, store, 1).await;
    assert!(new > old);
    assert_eq!(second.step_down(store).await, Ok(()));
    assert!(holds(&mut first, store, 2).await > new, "and back");
}

async fn given_up_late(store: &dyn Leases) {
    let mut first = Candidate::new("first", TERM);
    let mut second = Candidate::new("second", TERM);
    holds(&mut first, store, 0).await;
    stands_by(&mut second, store, 0).await;
    let token = holds(&mut second, store, 15).await;
    assert_eq!(first.step_down(store).await, Ok(()));
    assert!(saves(store, Some(token)).await.is_ok(), "the successor still holds it");
}

async fn learnt(store: &dyn Leases) {
    let mut first = Candidate::new("first", TERM);
    let old = holds(&mut first, store, 0).await;
    let row = store.lease().await.expect("it is read");
    let next = Lease { owner: "b".to_owned(), token: Token(old.0 + 1), beat: 0, is_held: true };
    assert_eq!(store.save_lease(&row, &next).await, Ok(()));
    assert!(first.may_act(at(1)), "it cannot know");
    stands_by(&mut first, store, 1).await;
}

async fn taken_anew(store: &dyn Leases) {
    let mut first = Candidate::new("first", TERM);
    let old = holds(&mut first, store, 0).await;
    let row = store.lease().await.expect("it is read");
    let free = Lease { is_held: false, ..row.clone() };
    assert_eq!(store.save_lease(&row, &free).await, Ok(()));
    let new = holds(&mut first, store, 1).await;
    assert!(new > old, "what was saved under the old token is to be loaded again");
    assert!(saves(store, Some(new)).await.is_ok());
}

/// What is compared is how long a row stood still on one's own clock.
async fn other_clock(store: &dyn Leases) {
    let mut first = Candidate::new("first", TERM);
    let mut ahead = Candidate::new("ahead", TERM);
    holds(&mut first, store, 100).await;
    stands_by(&mut ahead, store, 1_000_000).await;
    holds(&mut first, store, 105).await;
    stands_by(&mut ahead, store, 1_000_020).await;
    let back = ahead.stand(store, at(3)).await;
    assert!(matches!(back, Ok(Standing::Standby { .. })), "a clock that went back: {back:?}");
    holds(&mut ahead, store, 1_000_035).await;
}

async fn holds(candidate: &mut Candidate, store: &dyn Leases, second: u64) -> Token {
    match candidate.stand(store, at(second)).await {
        Ok(Standing::Held { token, until }) => {
            assert!(
                until > at(second) && until < at(second) + TERM,
                "there is a margin: {until:?}"
            );
            assert!(candidate.may_act(at(second)));
            token
        }
        other => panic!("{candidate:?} should hold the lease: {other:?}"),
    }
}

async fn stands_by(candidate: &mut Candidate, store: &dyn Leases, second: u64) {
    let standing = candidate.stand(store, at(second)).await;
    assert!(matches!(standing, Ok(Standing::Standby { .. })), "{candidate:?}: {standing:?}");
    assert!(!candidate.may_act(at(second)));
}

async fn saves(store: &dyn Leases, token: Option<Token>) -> Result<Version> {
    let version = store.load("api").await?.map_or(Version::NONE, |record| record.version);
    match token {
        Some(token) => store.under(token).save("api", version, &contents(1), &[entry(1)]).await,
        None => store.save("api", version, &contents(1), &[entry(1)]).await,
    }
}

async fn saves_fact(store: &dyn Leases, token: Option<Token>) -> Result<Version> {
    let version = store.load_fact("pause").await?.map_or(Version::NONE, |fact| fact.version);
    match token {
        Some(token) => store.under(token).save_fact("pause", version, b"yes").await,
        None => store.save_fact("pause", version, b"yes").await,
    }
}
