//! All traffic to EC2 by hand: no daemon, no store.

use cloud::ErrorKind;
use controller::Managed;
use controller::break_glass::{Standing, look, send_back};
use futures::executor::block_on;
use model::observation::Bounds;
use model::route::{WeightPair, Weights};
use model::{Share, Side, Span};
use region::request::Request;

use crate::tap::{Tap, Trouble};
use crate::world::{id, migration, region, spec};

fn managed(names: &[&str]) -> Vec<Managed> {
    let each = names.iter().map(|name| Managed::new(1, migration(spec(name))).unwrap());
    each.collect()
}

fn send(tap: &Tap, migrations: &[Managed]) -> Vec<cloud::Result<Weights>> {
    let migrations: Vec<&Managed> = migrations.iter().collect();
    block_on(send_back(&tap.cloud(), &migrations))
}

fn stand(tap: &Tap, name: &str) -> Standing {
    let migrations = managed(&[name]);
    block_on(look(&tap.cloud(), &[&migrations[0]])).remove(0)
}

#[test]
fn all_traffic_goes_back_in_one_write_and_then_there_is_nothing_to_do() {
    let tap = region(&["api", "web"]);
    tap.put_weights("api", 40, 60);
    tap.put_weights("web", 0, 255);
    let (migrations, writes) = (managed(&["api", "web"]), tap.writes());
    assert!(!stand(&tap, "api").is_back());
    for again in [2, 2] {
        let live = send(&tap, &migrations);
        for (migration, weights) in migrations.iter().zip(live) {
            let pairs: Vec<WeightPair> = weights.unwrap().into_values().collect();
            assert_eq!(pairs, [WeightPair { ec2: 100, fargate: 0 }], "{}", migration.name);
            assert_eq!(tap.share(&migration.name), Share::ZERO);
        }
        assert_eq!(tap.writes() - writes, again, "each once");
    }
    assert!(stand(&tap, "api").is_back());
}

#[test]
fn weights_of_another_hand_that_mean_the_same_are_left_alone() {
    let tap = region(&["api"]);
    tap.put_weights("api", 7, 0);
    let writes = tap.writes();
    let live = send(&tap, &managed(&["api"])).remove(0).unwrap();
    assert_eq!(live.into_values().collect::<Vec<_>>(), [WeightPair { ec2: 7, fargate: 0 }]);
    assert_eq!(tap.writes(), writes);
}

#[test]
fn a_write_whose_end_is_not_known_is_looked_at_before_it_is_sent_again() {
    for (trouble, writes_wanted) in [(Trouble::ReplyLost, 1), (Trouble::RequestLost, 0)] {
        let tap = region(&["api"]);
        tap.put_weights("api", 40, 60);
        let writes = tap.writes();
        tap.trouble("set", "api", trouble);
        let answer = send(&tap, &managed(&["api"])).remove(0);
        assert_eq!(tap.writes() - writes, writes_wanted, "{trouble:?}");
        match trouble {
            Trouble::ReplyLost => assert!(answer.is_ok(), "it was there when it was looked at"),
            Trouble::RequestLost | Trouble::Refused(_) => {
                assert_eq!(answer.unwrap_err().kind, ErrorKind::OutcomeUnknown);
                assert_eq!(tap.calls("set"), 8, "tried for a minute");
            }
        }
    }
}

#[test]
fn what_passes_is_tried_again_and_what_does_not_is_told_at_once() {
    for (kind, tries) in [
        (ErrorKind::Conflict, 8),
        (ErrorKind::Busy, 8),
        (ErrorKind::Throttled, 8),
        (ErrorKind::Denied, 1),
        (ErrorKind::Invalid, 1),
    ] {
        let tap = region(&["api", "web"]);
        tap.put_weights("api", 40, 60);
        tap.put_weights("web", 40, 60);
        tap.trouble("set", "api", Trouble::Refused(kind));
        let began = tap.now();
        let answers = send(&tap, &managed(&["api", "web"]));
        assert_eq!(answers[0].as_ref().unwrap_err().kind, kind);
        assert!(answers[1].is_ok(), "one that fails keeps no other from going back");
        assert_eq!(tap.calls("set"), tries + 1, "{kind:?}");
        let waited = tap.now().since(began).as_millis();
        assert_eq!(waited >= 60_000, tries > 1, "{kind:?}: {waited} ms");
    }
}

#[test]
fn what_cannot_be_read_is_an_error_of_that_migration_alone() {
    let tap = region(&["api", "web"]);
    tap.put_weights("api", 40, 60);
    tap.put_weights("web", 40, 60);
    tap.trouble("split", "api", Trouble::Refused(ErrorKind::NotFound));
    let answers = send(&tap, &managed(&["api", "web"]));
    assert_eq!(answers[0].as_ref().unwrap_err().kind, ErrorKind::NotFound);
    assert!(answers[1].is_ok());
    assert_eq!((tap.share("api"), tap.share("web")), (Share::percent(60), Share::ZERO));
}

#[test]
fn an_ec2_side_that_nobody_answers_on_is_seen() {
    let tap = region(&["api"]);
    tap.put_weights("api", 0, 100);
    assert!(!stand(&tap, "api").is_dark());
    tap.with_region(|region| {
        let (id, none) = (id("api", Side::Ec2), Bounds { min: 0, max: 0 });
        let write = Request::RegisterScalableTarget { id: &id, bounds: none };
        region.handle(&write).done().unwrap();
    });
    tap.advance_to(tap.now() + Span::from_mins(20));
    assert!(stand(&tap, "api").is_dark());
}
