//! One application: its load, the pairs that split it, and its two sides.

use cloud::objectives::Source;
use model::{PerSide, Share, Side, Span, Time};
use sampling::Generator;

use crate::autoscaling::Publication;
use crate::count::Draw;
use crate::disturbance::Effects;
use crate::fleet::TICK_SECONDS;
use crate::load::Load;
use crate::minute::{Chance, Gathering, Published, SideRecord};
use crate::route::{Pair, ShareOfWeights as _};
use crate::service::Service;
use crate::spec::{ApplicationSpec, ClientsSpec, MetricsSpec, NoiseSpec};
use crate::weather::{Sky, Weather};
use crate::{Error, truth};

/// One application.
#[derive(Debug, Clone)]
pub(crate) struct Application {
    pub(crate) name: String,
    pub(crate) load: Load,
    pub(crate) pairs: Vec<Pair>,
    pub(crate) sides: PerSide<Service>,
    pub(crate) truth: Vec<truth::Minute>,
    /// Requests per second in the last tick, and the share of them that reached Fargate.
    pub(crate) demand_rps: f64,
    pub(crate) share_realised: f64,
    weather: Weather,
    sky: PerSide<Sky>,
    chance: PerSide<Generator>,
    metrics: MetricsSpec,
    pub(crate) slow_threshold: Span,
    /// Where each side's events of an objective are counted.
    pub(crate) objectives: Vec<PerSide<Source>>,
    demand: f64,
    to_fargate: f64,
    latency: PerSide<f64>,
    error_rate: PerSide<f64>,
    published: PerSide<Published>,
}

impl Application {
    pub(crate) fn new(
        spec: &ApplicationSpec,
        clients: &ClientsSpec,
        noise: NoiseSpec,
        metrics: MetricsSpec,
        start: Time,
        draws: &Generator,
    ) -> Result<Self, Error> {
        let draws = draws.fork(&spec.name);
        let service = |side: Side| {
            let draws = draws.fork("service");
            Service::new(side, spec.sides.get(side), spec.slow_threshold, start, &draws)
        };
        let pairs = spec.routes.iter().map(|route| {
            let weight_max = route.route.limits().weight_max;
            let weights = model::route::WeightPair::for_share(spec.share, weight_max);
            let draws = draws.fork("route").fork(&route.route.key());
            Pair::new(route.route.clone(), route.traffic, weights, clients, &draws)
        });
        let mut weather = Weather::new(noise, &draws.fork("weather"));
        let sky = weather.minute();
        let mut application = Self {
            name: spec.name.clone(),
            load: spec.load.clone(),
            pairs: pairs.collect(),
            sides: PerSide { ec2: service(Side::Ec2)?, fargate: service(Side::Fargate)? },
            truth: Vec::new(),
            demand_rps: spec.load.rate(0),
            share_realised: spec.share.ratio(),
            weather,
            sky,
            chance: PerSide::from_fn(|side| draws.fork("minute").fork(side.name())),
            metrics,
            slow_threshold: spec.slow_threshold,
            objectives: spec.objectives.clone(),
            demand: 0.0,
            to_fargate: 0.0,
            latency: PerSide { ec2: 0.0, fargate: 0.0 },
            error_rate: PerSide { ec2: 0.0, fargate: 0.0 },
            published: PerSide { ec2: Published::Whole, fargate: Published::Whole },
        };
        application.prepare_minute();
        Ok(application)
    }

    /// The share that the weights say, over all pairs.
    pub(crate) fn share_written(&self) -> f64 {
        let traffic: f64 = self.pairs.iter().map(|pair| pair.traffic).sum();
        let share: f64 =
            self.pairs.iter().map(|pair| pair.traffic * pair.written.share_f64()).sum();
        if traffic > 0.0 { share / traffic } else { 0.0 }
    }

    /// The largest share any pair's weights say.
    pub(crate) fn share_written_max(&self) -> Share {
        self.pairs.iter().filter_map(|pair| pair.written.share()).max().unwrap_or(Share::ZERO)
    }

    /// Ten seconds from `now`, `seconds` after the start.
    pub(crate) fn tick(&mut self, now: Time, seconds: f64, effects: &Effects) {
        let end = now + Span::from_secs(10);
        let demand = self.load.rate_at(seconds + 0.5 * TICK_SECONDS) * effects.load_factor;
        let alive = PerSide { ec2: self.sides.ec2.alive(), fargate: self.sides.fargate.alive() };
        let mut share = 0.0;
        for pair in &mut self.pairs {
            pair.spread(now);
            share += pair.traffic * pair.step(alive);
        }
        self.demand_rps = demand;
        self.share_realised = share;
        self.demand += demand * TICK_SECONDS;
        self.to_fargate += share * demand * TICK_SECONDS;
        for (side, rate) in [(Side::Ec2, demand * (1.0 - share)), (Side::Fargate, demand * share)] {
            let acting = effects.sides.get(side);
            let service = self.sides.get_mut(side);
            let cpu_factor = self.sky.get(side).cpu;
            service.step(now, end, rate.max(0.0), acting.launches, cpu_factor);
            *self.latency.get_mut(side) += acting.latency * service.release.factor_at(now);
            *self.error_rate.get_mut(side) += acting.error_rate;
            let published = self.published.get_mut(side);
            *published = published.worse(acting.published);
        }
    }

    /// Closes the minute that ended at `now`.
    pub(crate) fn close_minute(&mut self, now: Time, effects: &Effects) {
        for side in Side::ALL {
            self.close_side(side, now, effects);
        }
        let [ec2, fargate] = Side::ALL.map(|side| {
            let service = self.sides.get(side);
            let last = service.minutes.last();
            truth::SideMinute {
                requests: last.map_or(0, |minute| minute.requests),
                slow: last.map_or(0, |minute| minute.slow),
                errors: last.map_or(0, |minute| minute.errors),
                unanswered: last.map_or(0, |minute| minute.unanswered),
                healthy_min: last.map_or(0, |minute| minute.healthy_min),
                running: service.fleet.running(),
            }
        });
        let realised = if self.demand > 0.0 { self.to_fargate / self.demand } else { 0.0 };
        self.truth.push(truth::Minute {
            minute: now.minute() - 1,
            share_written: self.share_written(),
            share_realised: realised,
            sides: PerSide { ec2, fargate },
        });
        self.demand = 0.0;
        self.to_fargate = 0.0;
        for pair in &mut self.pairs {
            pair.wander();
        }
        self.sky = self.weather.minute();
        self.prepare_minute();
    }

    fn close_side(&mut self, side: Side, now: Time, effects: &Effects) {
        let ticks = 6.0;
        let sky = self.sky.get(side);
        let draws = self.chance.get_mut(side);
        // Always the same draws, so that what happens in one minute moves no other minute.
        let [requests, errors, unanswered, slow, lag, publication] =
            [(); 6].map(|()| draws.uniform());
        let metrics = &self.metrics;
        let (least, most) = (metrics.lag_min.secs_f64(), metrics.lag_max.secs_f64());
        let lag = millis(least + (most - least).max(0.0) * lag) + effects.metric_delay;
        let service = self.sides.get_mut(side);
        let mut published = *self.published.get(side);
        if published == Published::Whole {
            published = if publication < metrics.missing {
                Published::Never
            } else if publication < metrics.missing + metrics.backfilled {
                Published::Short
            } else {
                Published::Whole
            };
        }
        let faulty = self.error_rate.get(side) / ticks;
        let usual = (service.error_rate * sky.errors).min(1.0);
        let chance = Chance {
            requests: Draw::new(requests),
            errors: Draw::new(errors),
            unanswered,
            slow: Draw::new(slow),
            error_rate: 1.0 - (1.0 - usual) * (1.0 - faulty),
            latency_factor: sky.latency * self.latency.get(side) / ticks,
            cpu_factor: sky.cpu,
            published,
            published_at: now + lag,
        };
        let record = SideRecord::new(
            &service.gathering,
            chance,
            &service.table,
            self.slow_threshold.secs_f64(),
        );
        if let Some(autoscaling) = &mut service.autoscaling {
            let published = match published {
                Published::Whole | Published::Short => true,
                Published::Null | Published::Never => false,
            };
            let publication = Publication { lag, cpu_factor: sky.cpu, published };
            autoscaling.close_minute(now, publication);
        }
        service.minutes.push(record);
        service.gathering = Gathering::default();
    }

    fn prepare_minute(&mut self) {
        self.latency = PerSide { ec2: 0.0, fargate: 0.0 };
        self.error_rate = PerSide { ec2: 0.0, fargate: 0.0 };
        self.published = PerSide { ec2: Published::Whole, fargate: Published::Whole };
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a positive lag of minutes; `as` saturates"
)]
fn millis(seconds: f64) -> Span {
    Span::from_millis((seconds * 1000.0) as u64)
}
