//! What the adapters make of a world in trouble.

use cloud::conformance::Harness as _;
use cloud::signals::Thresholds;
use cloud::{ErrorKind, MinuteAsk, Result, Shift, SideMinute};
use model::Span;
use model::route::WeightPair;
use region::SimulatedCloud;
use region::fault::{FaultRow, Fraction};

use crate::harness::{Behind, block_on, record, rule};

fn fault(kind: &str) -> FaultRow {
    FaultRow { at: Some(Span::ZERO), r#type: kind.to_owned(), ..FaultRow::default() }
}

fn disturb(region: &SimulatedCloud, row: &FaultRow) {
    region.with(|region| region.disturb(row)).expect("a fault");
}

fn fraction(part: f64) -> Option<Fraction> {
    Fraction::new(part)
}

/// An hour in which half the traffic goes to Fargate, answers fail and grow slow, and at last
/// all tasks of Fargate are gone.
async fn troubled_hour(behind: &Behind) {
    let region = behind.region();
    let routes = behind.routes();
    let weights = |pair: WeightPair| routes.routes.iter().map(|it| (it.key(), pair)).collect();
    let half = Shift {
        sticky: model::route::Sticky::new(),
        account: routes.account.clone(),
        expected: weights(WeightPair { ec2: 100, fargate: 0 }),
        weights: weights(WeightPair { ec2: 50, fargate: 50 }),
        routes: routes.routes.clone(),
        rollback: false,
    };
    assert!(behind.cloud().router.set(&[half]).await[0].is_ok());
    behind.advance(Span::from_mins(10)).await;
    let side = Some("both".to_owned());
    disturb(region, &FaultRow { side: side.clone(), rate: fraction(0.03), ..fault("errors") });
    disturb(region, &FaultRow { side, factor: Some(3.0), ..fault("latency") });
    behind.advance(Span::from_mins(20)).await;
    let fargate = Some("fargate".to_owned());
    let reason = Some("network".to_owned());
    disturb(region, &FaultRow { side: fargate, count: Some(50), reason, ..fault("taskDeath") });
    behind.advance(Span::from_mins(30)).await;
}

/// The last hour of both sides, through the adapters and from the region itself.
async fn both_views(behind: &Behind) -> [Vec<Result<Vec<SideMinute>>>; 2] {
    let until = behind.region().with(|region| region.now()).minute();
    let span = |millis| Some(Span::from_millis(millis));
    let thresholds = Thresholds {
        slow: span(300),
        slow_slo: span(330),
        slow_p90: span(120),
        slow_p50: span(50),
    };
    let sides = [(behind.service(), behind.group()), (behind.bare_service(), behind.idle_group())];
    let asks = sides.map(|(service, group)| MinuteAsk {
        service,
        group,
        thresholds,
        from: until - 60,
        until,
    });
    let own = behind.region().cloud().signals.minutes(&asks).await;
    [behind.cloud().signals.minutes(&asks).await, own]
}

#[test]
fn minutes_through_the_wire_are_those_that_the_region_knows() {
    let behind = Behind::connector(vec![record("A")], vec![]);
    block_on(async {
        troubled_hour(&behind).await;
        let [seen, own] = both_views(&behind).await;
        let all: Vec<&SideMinute> = own.iter().flatten().flatten().collect();
        let errors = |minute: &&&SideMinute| minute.counts.errors > Some(0);
        assert!(all.iter().filter(errors).count() > 60, "the hour was troubled");
        let is_dead = |minute: &&SideMinute| minute.counts.errors == minute.counts.requests;
        assert!(all.iter().any(is_dead), "a side was dead");
        assert_eq!(seen, own);
    });
}

/// Behind one balancer nobody can tell whose requests it answered itself with an error.
#[test]
fn behind_one_balancer_only_its_own_errors_are_left_out() {
    let behind = Behind::connector(vec![rule()], vec![]);
    block_on(async {
        troubled_hour(&behind).await;
        let [seen, own] = both_views(&behind).await;
        for (seen, own) in seen.iter().flatten().flatten().zip(own.iter().flatten().flatten()) {
            assert!(seen.counts.errors <= own.counts.errors, "{seen:?} {own:?}");
            let without = |minute: &SideMinute| {
                let mut minute = minute.clone();
                minute.counts.errors = None;
                if own.counts.errors == own.counts.requests {
                    // Nothing was answered, and nothing says that it was not.
                    (minute.counts.slow, minute.counts.slow_slo) = (None, None);
                    (minute.counts.slow_p90, minute.counts.slow_p50) = (None, None);
                }
                minute
            };
            assert_eq!(without(seen), without(own));
        }
    });
}

#[test]
fn a_storm_of_throttles_passes_and_blames_nobody_else() {
    let behind = Behind::connector(vec![record("A")], vec![]);
    block_on(async {
        let api = Some("ecs:DescribeServices".to_owned());
        let storm = FaultRow {
            api,
            fraction: fraction(1.0),
            r#for: Some(Span::from_mins(1)),
            ..fault("throttle")
        };
        disturb(behind.region(), &storm);
        let services = &behind.cloud().services;
        let ids = [behind.service()];
        assert_eq!(
            services.services(&ids).await[0].as_ref().unwrap_err().kind,
            ErrorKind::Throttled
        );
        assert!(services.targets(&[behind.group()]).await[0].is_ok());
        behind.advance(Span::from_mins(1)).await;
        assert!(services.services(&ids).await[0].is_ok());
    });
}

#[test]
fn what_is_denied_names_itself_and_takes_nothing_else_down() {
    let behind = Behind::connector(vec![record("A")], vec![]);
    block_on(async {
        let api = "elasticloadbalancing:DescribeTargetHealth";
        disturb(behind.region(), &FaultRow { api: Some(api.to_owned()), ..fault("denied") });
        let services = &behind.cloud().services;
        let error = services.targets(&[behind.group()]).await.remove(0).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Denied);
        assert!(error.message.contains(&format!("allow {api}")), "{error}");
        assert!(services.services(&[behind.service()]).await[0].is_ok());
        assert!(behind.cloud().router.observe(&[behind.routes()]).await[0].is_ok());
    });
}

#[test]
fn another_region_than_the_credentials_are_for_is_told_in_words() {
    let behind = Behind::connector(vec![record("A")], vec![]);
    block_on(async {
        let mut elsewhere = behind.service();
        let account = std::sync::Arc::make_mut(&mut elsewhere.account);
        account.region = "eu-west-1".to_owned();
        let asked = [elsewhere, behind.service()];
        let answers = behind.cloud().services.services(&asked).await;
        let error = answers[0].as_ref().unwrap_err();
        assert_eq!(error.kind, ErrorKind::Denied, "{error}");
        assert!(error.message.contains("eu-west-1"), "{error}");
        assert!(answers[1].is_ok(), "the other region's is there");
    });
}
