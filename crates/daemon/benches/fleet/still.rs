//! A world that stands still and answers at once.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use cloud::signals::Quantiles;
use cloud::{
    Applied, Clock, Cloud, Error, ErrorKind, MinuteAsk, Result, Router, Scaling, Services, Shift,
    SideMinute, Signals, TargetGroup,
};
use model::minute::Counts;
use model::observation::{self, Bounds, Deployment, ScheduledBounds, Service, Suspension, Targets};
use model::route::{Propagation, Route, Routes, ServiceId, Split, WeightPair, Weights};
use model::{Span, Time};
use tokio::time::Instant;

const TASKS: u32 = 40;
/// What both sides together are asked in a minute, at most.
const REQUESTS: f64 = 6_000.0;

/// A world of services that all have what they need and never change.
pub(crate) struct Still {
    began: Instant,
    start: Time,
    bounds: Mutex<BTreeMap<ServiceId, Bounds>>,
    pair: WeightPair,
    weights: Mutex<BTreeMap<String, WeightPair>>,
}

impl Still {
    pub(crate) fn new(
        names: impl Iterator<Item = String>,
        (ec2, fargate): (u32, u32),
    ) -> Arc<Self> {
        let bounds = Bounds { min: TASKS, max: 400 };
        let ids = names.flat_map(|name| [name.clone(), format!("{name}-fargate")]);
        let ids = ids.map(|service| ServiceId {
            account: Arc::default(),
            cluster: "prd".to_owned(),
            service,
        });
        Arc::new(Self {
            began: Instant::now(),
            start: Time::from_secs(1_767_571_200),
            bounds: Mutex::new(ids.map(|id| (id, bounds)).collect()),
            pair: WeightPair { ec2, fargate },
            weights: Mutex::default(),
        })
    }

    pub(crate) fn cloud(still: &Arc<Self>) -> Cloud {
        Cloud {
            services: Arc::clone(still) as Arc<dyn Services>,
            scaling: Arc::clone(still) as Arc<dyn Scaling>,
            router: Arc::clone(still) as Arc<dyn Router>,
            signals: Arc::clone(still) as Arc<dyn Signals>,
            objectives: Arc::new(cloud::NoObjectives),
            marks: None,
            clock: Arc::clone(still) as Arc<dyn Clock>,
        }
    }

    fn pair(&self, route: &Route) -> WeightPair {
        self.weights.lock().unwrap().get(&route.key()).copied().unwrap_or(self.pair)
    }

    /// A day's curve, with a little unrest from the minute's own number.
    fn minute(&self, ask: &MinuteAsk, minute: i64) -> SideMinute {
        let is_fargate = ask.service.service.ends_with("-fargate");
        let share = self.pair.share().map_or(0.0, model::Share::ratio);
        let share = if is_fargate { share } else { 1.0 - share };
        let of_day = f64::from(u32::try_from(minute.rem_euclid(1_440)).unwrap()) / 1_440.0;
        let curve = 0.7 - 0.3 * (of_day * std::f64::consts::TAU).cos();
        let unrest =
            1.0 + f64::from(u32::try_from((minute * 7_919).rem_euclid(101)).unwrap()) / 1e4;
        let requests = rounded(REQUESTS * curve * unrest * share);
        let of = |ratio: f64| Some(rounded(REQUESTS * curve * unrest * share * ratio));
        SideMinute {
            minute,
            counts: Counts {
                requests: Some(requests),
                slow: of(0.002),
                slow_slo: of(0.002),
                slow_p90: of(0.1),
                slow_p50: of(0.5),
                errors: of(0.0001),
            },
            healthy: Some(TASKS),
            cpu_percent: Some(30.0),
            p50_ms: Some(40.0),
            p99_ms: Some(180.0),
        }
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a number of requests")]
fn rounded(value: f64) -> u64 {
    value.round() as u64
}

#[async_trait]
impl Clock for Still {
    fn now(&self) -> Time {
        let passed = u64::try_from(self.began.elapsed().as_millis()).unwrap();
        self.start + Span::from_millis(passed)
    }

    async fn sleep_until(&self, until: Time) {
        let left = until.since(self.now());
        tokio::time::sleep(std::time::Duration::from_secs_f64(left.secs_f64())).await;
    }
}

#[async_trait]
impl Services for Still {
    async fn services(&self, ids: &[ServiceId]) -> Vec<Result<Service>> {
        let service = |_| {
            Ok(Service {
                desired: TASKS,
                running: TASKS,
                pending: 0,
                release: "app:1".to_owned(),
                cpu_units: Some(1_024),
                deployment: Deployment::Steady,
            })
        };
        ids.iter().map(service).collect()
    }

    async fn target_groups(&self, ids: &[ServiceId]) -> Vec<Result<Option<TargetGroup>>> {
        let group = |id: &ServiceId| TargetGroup {
            account: Arc::clone(&id.account),
            arn: format!("targetgroup/{}", id.service),
        };
        ids.iter().map(|id| Ok(Some(group(id)))).collect()
    }

    async fn targets(&self, groups: &[TargetGroup]) -> Vec<Result<Targets>> {
        let targets = Targets { healthy: TASKS, ..Targets::default() };
        groups.iter().map(|_| Ok(targets)).collect()
    }

    async fn set_desired(&self, _: &ServiceId, _: u32, _: u32) -> Result<()> {
        Ok(())
    }
}

#[async_trait]
impl Scaling for Still {
    async fn scalable_targets(
        &self,
        ids: &[ServiceId],
    ) -> Vec<Result<Option<observation::Scaling>>> {
        let bounds = self.bounds.lock().unwrap();
        let scaling = |id| {
            let bounds = *bounds.get(id)?;
            Some(observation::Scaling {
                bounds,
                suspended: Suspension::NONE,
                scheduled: Vec::new(),
            })
        };
        ids.iter().map(|id| Ok(scaling(id))).collect()
    }

    async fn set_bounds(&self, id: &ServiceId, _: Bounds, bounds: Bounds) -> Result<()> {
        self.bounds.lock().unwrap().insert(id.clone(), bounds);
        Ok(())
    }

    async fn set_suspended(
        &self,
        id: &ServiceId,
        expected: Suspension,
        suspended: Suspension,
    ) -> Result<()> {
        let _ = (id, expected, suspended);
        Err(Error::new(ErrorKind::Invalid, "RegisterScalableTarget", "nothing is suspended here"))
    }

    async fn put_scheduled(&self, _: &ServiceId, _: &ScheduledBounds) -> Result<()> {
        Err(Error::new(ErrorKind::Invalid, "PutScheduledAction", "nothing is scheduled here"))
    }

    async fn delete_scheduled(&self, _: &ServiceId, _: &str) -> Result<()> {
        Ok(())
    }
}

#[async_trait]
impl Router for Still {
    async fn observe(&self, migrations: &[Routes]) -> Vec<Result<Split>> {
        let split = |Routes { routes, .. }: &Routes| {
            let weights: Weights =
                routes.iter().map(|route| (route.key(), self.pair(route))).collect();
            Ok(Split {
                sticky: model::route::Sticky::new(),
                weights,
                propagation: Propagation::InSync { since: Some(self.start) },
            })
        };
        migrations.iter().map(split).collect()
    }

    async fn set(&self, shifts: &[Shift]) -> Vec<Result<Applied>> {
        let apply = |shift: &Shift| {
            self.weights.lock().unwrap().extend(shift.weights.clone());
            Ok(Applied { weights: shift.weights.clone(), written: true })
        };
        shifts.iter().map(apply).collect()
    }
}

#[async_trait]
impl Signals for Still {
    async fn minutes(&self, asks: &[MinuteAsk]) -> Vec<Result<Vec<SideMinute>>> {
        let read = |ask: &MinuteAsk| {
            Ok((ask.from..ask.until).map(|minute| self.minute(ask, minute)).collect())
        };
        asks.iter().map(read).collect()
    }

    async fn quantiles(&self, _: &TargetGroup, _: Time, _: Time) -> Result<Option<Quantiles>> {
        Ok(Some(Quantiles { p50: Span::from_millis(40), p90: Span::from_millis(110) }))
    }

    fn settle(&self) -> Span {
        Span::from_mins(3)
    }
}
