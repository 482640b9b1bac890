//! One side: from its minutes to an answer.

use model::Side;

use super::admit::{agrees, count, is_sound, says_too_little, unusable, usable_assumed};
use super::answer::{Fitted, Method, Note, Refusal, Refused, Seen};
use super::bootstrap::Draw;
use super::isotonic::{self, Disagreement, Share};
use super::line::{self, Line, Reading};
use super::prior::Prior;
use super::select::{self, Dropped, Point, Selected};
use super::tail::{self, Frame, Row, Slopes, Unknowns};
use super::{Minute, Question, ceiling, robust};
use crate::task::{LatencyObjective, TaskModel};

/// A cost that is less certain than this is taken from the other side, where that knows better.
const COST_ERROR_MAX: f64 = 0.10;

/// A ceiling this near to what is reserved is the reservation itself.
const CEILING_NOTED: f64 = 0.95;

/// The part of minutes below the highest load that counts: one miscounted minute proves nothing.
pub(super) const HIGHEST: f64 = 0.97;

/// Utilisation that minutes should have reached; the model's errors grow beyond what was seen.
const UTILISATION_WANTED: f64 = 0.5;

/// A minute with this many times the slow part that is allowed, in natural logarithms, or as many
/// times less, counts half: the model is fitted where the answer lies.
const FOCUS: f64 = 1.5;

/// A minute with this many times the slow requests that are expected is an incident, and counts no
/// more than that.
const WILD: f64 = 4.0;

/// Minutes are near the limit where so many times fewer or more requests are expected to be slow
/// than are allowed; elsewhere it is the model's shape that shows.
const NEAR: f64 = 3.0;

/// So many minutes beyond the limit, and those near it lie on both sides of it. With fewer the
/// correction errs towards less, by 2 % of the load at two minutes.
const BEYOND_MIN: f64 = 8.0;

/// How far beyond what was seen, above or below, an answer may lie, in utilisation.
const EXTRAPOLATION_MAX: f64 = 0.1;

/// Of the draws' safe loads the one that is exceeded in 95 % of them.
const SURE: f64 = 0.05;

/// What is taken off it: against queues that are not of the model's family it is 3 to 7 % too
/// hopeful (docs/performance.md).
const DERATE: f64 = 0.05;

/// A side whose minutes can be fitted.
#[derive(Debug, Clone)]
pub(super) struct Prepared {
    objective: LatencyObjective,
    vcpu: f64,
    usable: f64,
    pub(super) points: Vec<Point>,
    prior: Option<Prior>,
    pub(super) line: Line,
    /// Relative standard error of what a request costs.
    cost_error: f64,
    /// Whether what a request costs comes from the other side.
    pub(super) cost_is_shared: bool,
    pub(super) unknowns: Unknowns,
    /// How much latencies vary from minute to minute.
    soft: f64,
    /// A first fit, by which minutes near the objective's limit count more.
    focus: Option<TaskModel>,
    /// What was searched: [`Self::rows`] with how they change about the unknowns.
    rows: Vec<Row>,
    dropped: Dropped,
    notes: Vec<Note>,
}

impl Prepared {
    /// Chooses the minutes and says why they cannot be fitted, where they cannot.
    pub(super) fn new(
        side: Side,
        minutes: &[Minute],
        question: &Question,
    ) -> Result<Self, Refused> {
        let tasks = question.tasks.get(side);
        let prior = question.prior.get(side);
        if !is_sound(question.objective, tasks, prior.as_ref()) {
            return Err(Refused { reason: Refusal::Question, dropped: Dropped::default() });
        }
        let selected = select::select(side, minutes, tasks);
        let mut notes = Vec::new();
        if selected.missing > 0 {
            notes.push(Note::Gaps { minutes: selected.missing });
        }
        let unusable = unusable(side, tasks, &selected, minutes.len());
        let Selected { mut points, mut dropped, .. } = selected;
        let refuse = |reason, dropped| Err(Refused { reason, dropped });
        if let Some(reason) = unusable {
            return refuse(reason, dropped);
        }
        let prior = prior.filter(|prior| agrees(prior, &points, &mut notes));
        if let Some(reason) = says_too_little(&points, prior.is_some()) {
            return refuse(reason, dropped);
        }
        let bend = ceiling::find(&points);
        if let Some(bend) = bend {
            let all = points.len();
            points.retain(|point| point.rate < bend.rate);
            dropped.saturated = count(all - points.len());
            let cpu_percent = 100.0 * bend.used / tasks.vcpu;
            if says_too_little(&points, prior.is_some()).is_some() {
                return refuse(Refusal::CeilingOnly { cpu_percent }, dropped);
            }
            if cpu_percent < 100.0 * CEILING_NOTED {
                notes.push(Note::MetricCeiling { cpu_percent });
            }
        }
        let usable = tasks.usable_vcpu.or(bend.map(|bend| bend.used)).unwrap_or_else(|| {
            let vcpu = usable_assumed(side, tasks.vcpu, &points);
            notes.push(Note::UsableAssumed { vcpu });
            vcpu
        });
        let readings = readings(&points, prior.as_ref(), |_| 1.0);
        let Some(line) = line::fit(&readings).filter(|line| line.cost > 0.0 && line.idle < usable)
        else {
            return refuse(Refusal::CpuWithoutLoad, dropped);
        };
        let cost_error = line::cost_error(&readings, line);
        Self {
            objective: question.objective,
            vcpu: tasks.vcpu,
            usable,
            points,
            prior,
            line,
            cost_error,
            cost_is_shared: false,
            unknowns: [0.0; 3],
            soft: tail::SOFT,
            focus: None,
            rows: Vec::new(),
            dropped,
            notes,
        }
        .searched()
    }

    /// With the unknowns that its line and minutes give.
    fn searched(mut self) -> Result<Self, Refused> {
        (self.focus, self.soft) = (None, tail::SOFT);
        let frame = self.frame(self.line);
        let mut rows = self.rows(0.0);
        let first = tail::search(&frame, &rows);
        let noise = first.and_then(|first| tail::noise(&frame, &rows, first));
        self.soft = noise.unwrap_or(tail::SOFT);
        self.focus = first.and_then(|unknowns| frame.model(&unknowns));
        let frame = self.frame(self.line);
        rows = self.rows(0.0);
        let found = first.and_then(|first| {
            let unknowns = tail::refine(&frame, &rows, first)?;
            tail::keep_slopes(&frame, &mut rows, unknowns)?;
            Some(unknowns)
        });
        match found {
            Some(unknowns) => Ok(Self { unknowns, rows, ..self }),
            None => Err(self.refused(Refusal::CpuWithoutLoad)),
        }
    }

    const fn refused(&self, reason: Refusal) -> Refused {
        Refused { reason, dropped: self.dropped }
    }

    const fn frame(&self, line: Line) -> Frame {
        Frame {
            vcpu: self.vcpu,
            usable: self.usable,
            idle: line.idle,
            cost: line.cost,
            objective: self.objective,
            soft: self.soft,
        }
    }

    /// CPU readings, each minute counted `weight` times.
    pub(super) fn readings(&self, weight: impl Fn(i64) -> f64) -> Vec<Reading> {
        readings(&self.points, self.prior.as_ref(), weight)
    }

    /// Own minutes, then the prior's; `shift` makes the prior's task stronger or weaker.
    fn rows(&self, shift: f64) -> Vec<Row> {
        let threshold = self.objective.threshold_seconds;
        let own = self.points.iter().map(|point| (*point, 1.0));
        let prior = self.prior.map(|prior| prior.points(threshold, shift)).unwrap_or_default();
        let row = |(point, weight): (Point, f64)| Row {
            point,
            weight: weight * self.relevance(&point),
            slopes: Slopes::default(),
        };
        own.chain(prior).map(row).collect()
    }

    /// The rows of a draw, with the slopes of the rows that were searched.
    fn rows_drawn(&self, weight: impl Fn(i64) -> f64, shift: f64) -> Vec<Row> {
        let mut rows = match self.prior {
            None => self.rows.clone(),
            Some(_) => self.rows(shift),
        };
        for (row, kept) in rows.iter_mut().zip(&self.rows) {
            row.slopes = kept.slopes;
        }
        for (row, point) in rows.iter_mut().zip(&self.points) {
            row.weight *= weight(point.minute);
        }
        rows.retain(|row| row.weight > 0.0);
        rows
    }

    /// What a minute says about the limit: most where about as many are slow as may be.
    fn relevance(&self, point: &Point) -> f64 {
        let Some(model) = &self.focus else { return 1.0 };
        let LatencyObjective { threshold_seconds, slow_fraction_max } = self.objective;
        let slow = model.slow_fraction(model.utilisation(point.rate), 0.0, threshold_seconds);
        let away = libm::log(slow.max(f64::MIN_POSITIVE) / slow_fraction_max) / FOCUS;
        1.0 / (1.0 + away * away)
    }

    /// The fit of one draw of the bootstrap.
    pub(super) fn draw(&self, line: Line, weight: impl Fn(i64) -> f64, shift: f64) -> Option<Draw> {
        let frame = self.frame(line);
        let rows = self.rows_drawn(&weight, shift);
        let unknowns = tail::redraw(&frame, &rows, self.unknowns)?;
        let model = frame.model(&unknowns)?;
        let model_rate = self.safe_rate(&model, &rows);
        Some(Draw { model, model_rate, isotonic_rate: self.crossing(weight), cost: line.cost })
    }

    /// The most requests a second that `model` allows, with the slow part as it was seen on the
    /// whole.
    ///
    /// The fit follows the middle of minutes; an objective counts their requests, of which bad
    /// minutes have more than good ones make up for.
    fn safe_rate(&self, model: &TaskModel, rows: &[Row]) -> Option<f64> {
        let LatencyObjective { threshold_seconds, slow_fraction_max } = self.objective;
        let (mut seen, mut modelled, mut beyond) = (0.0, 0.0, 0.0);
        for row in rows {
            let Some(slow) = row.point.slow else { continue };
            let utilisation = model.utilisation(row.point.rate);
            let expected = model.slow_fraction(utilisation, 0.0, threshold_seconds);
            if (slow_fraction_max / NEAR..=slow_fraction_max * NEAR).contains(&expected) {
                seen += row.weight * slow.min(WILD * expected);
                modelled += row.weight * expected;
            }
            if expected >= slow_fraction_max {
                beyond += row.weight;
            }
        }
        let lift = if beyond >= BEYOND_MIN { (seen / modelled).max(1.0) } else { 1.0 };
        let slow_fraction_max = slow_fraction_max / lift;
        model.safe_rate(LatencyObjective { threshold_seconds, slow_fraction_max })
    }

    /// Slow parts by load, each minute counted `weight` times.
    fn shares(&self, weight: impl Fn(i64) -> f64) -> Vec<Share> {
        let share =
            |p: &Point| p.slow.map(|slow| Share { rate: p.rate, slow, weight: weight(p.minute) });
        let mut shares: Vec<Share> = self.points.iter().filter_map(share).collect();
        shares.sort_by(|a, b| a.rate.total_cmp(&b.rate));
        shares
    }

    fn crossing(&self, weight: impl Fn(i64) -> f64) -> Option<f64> {
        let curve = isotonic::rising(self.shares(weight).into_iter());
        isotonic::crossing(&curve, self.objective.slow_fraction_max, self.rate_max())
    }

    fn missed_throughout(&self) -> Refusal {
        let lowest = self.points.iter().map(|point| point.rate).fold(f64::INFINITY, f64::min);
        Refusal::MissedThroughout { requests_per_second: lowest }
    }

    fn rate_max(&self) -> f64 {
        let mut rates: Vec<f64> = self.points.iter().map(|point| point.rate).collect();
        robust::quantile(&mut rates, HIGHEST).unwrap_or(0.0)
    }

    /// The best estimate of the safe load by the model.
    pub(super) fn estimate(&self) -> Option<f64> {
        self.safe_rate(&self.model()?, &self.rows)
    }

    fn model(&self) -> Option<TaskModel> {
        self.frame(self.line).model(&self.unknowns)
    }

    /// The answer that the minutes and the draws about them give.
    pub(super) fn answer(mut self, draws: &[Option<Draw>]) -> Result<Fitted, Refused> {
        let Some(model) = self.model() else { return Err(self.refused(Refusal::CpuWithoutLoad)) };
        let slow_idle = model.slow_fraction(0.0, 0.0, self.objective.threshold_seconds);
        let disagreement = self.disagreement(draws);
        let (method, estimate) = match disagreement {
            None => (Method::Model, self.safe_rate(&model, &self.rows)),
            Some(found) => {
                let utilisation = model.utilisation(found.rate);
                let Disagreement { seen, modelled, .. } = found;
                self.notes.push(Note::ModelDisagrees { utilisation, seen, modelled });
                (Method::Isotonic, self.crossing(|_| 1.0))
            }
        };
        let Some(estimate) = estimate.filter(|rate| *rate > 0.0) else {
            let reason = match method {
                Method::Model => Refusal::SloUnreachable { slow_fraction: slow_idle },
                Method::Isotonic => self.missed_throughout(),
            };
            return Err(self.refused(reason));
        };
        let mut rates: Vec<f64> = draws
            .iter()
            .map(|draw| draw.as_ref().and_then(|draw| draw.rate(method)).unwrap_or(0.0))
            .collect();
        let sure = (1.0 - DERATE) * robust::quantile(&mut rates, SURE).unwrap_or(0.0);
        if sure <= 0.0 {
            return Err(self.refused(Refusal::Unproven));
        }
        let seen = self.seen(&model);
        let lowest = model.utilisation(seen.requests_per_second_min);
        if model.utilisation(estimate) < lowest - EXTRAPOLATION_MAX {
            return Err(self.refused(self.missed_throughout()));
        }
        let safe = self.hold(sure, estimate, method, &seen, &model);
        let has_slow = self.points.iter().any(|point| point.slow.is_some());
        if !has_slow {
            self.notes.push(Note::Unchecked);
        }
        Ok(Fitted {
            safe_requests_per_second: safe,
            safe_cpu_percent: model.cpu_percent(safe, false),
            safe_utilisation: model.utilisation(safe),
            estimated_requests_per_second: estimate,
            estimate_error: error(&rates, estimate),
            method,
            parameters: *model.parameters(),
            cpu_noise: line::noise(&self.readings(|_| 1.0), self.line),
            seen,
            dropped: self.dropped,
            notes: self.notes,
        })
    }

    fn seen(&self, model: &TaskModel) -> Seen {
        let lowest = self.points.iter().map(|point| point.rate).fold(f64::INFINITY, f64::min);
        let own = self.rate_max();
        // What a prior has seen counts as seen: it agrees with the minutes.
        let with_prior = |own: f64, of: fn(&Seen) -> f64, best: fn(f64, f64) -> f64| {
            self.prior.map_or(own, |prior| best(own, of(&prior.seen)))
        };
        let highest = with_prior(own, |seen| seen.requests_per_second_max, f64::max);
        Seen {
            minutes: count(self.points.len()),
            requests_per_second_min: with_prior(
                lowest,
                |seen| seen.requests_per_second_min,
                f64::min,
            ),
            requests_per_second_max: highest,
            utilisation_max: model.utilisation(highest),
        }
    }

    /// Holds `sure` to what may be said beyond the loads that were seen.
    fn hold(
        &mut self,
        sure: f64,
        estimate: f64,
        method: Method,
        seen: &Seen,
        model: &TaskModel,
    ) -> f64 {
        let beyond = match method {
            Method::Model => EXTRAPOLATION_MAX,
            Method::Isotonic => 0.0,
        };
        let utilisation = (seen.utilisation_max + beyond).min(1.0);
        let limit = utilisation * model.service_rate();
        let wanted = UTILISATION_WANTED.min(model.utilisation(estimate));
        if seen.utilisation_max < wanted {
            let utilisation_max = seen.utilisation_max;
            self.notes.push(Note::WidenLoad { utilisation_max });
        }
        if sure > limit {
            self.notes.push(Note::Held { utilisation });
        }
        sure.min(limit)
    }

    fn disagreement(&self, draws: &[Option<Draw>]) -> Option<Disagreement> {
        let LatencyObjective { threshold_seconds, slow_fraction_max } = self.objective;
        let band = |rate: f64| {
            let slow = |draw: &Draw| {
                let utilisation = draw.model.utilisation(rate);
                draw.model.slow_fraction(utilisation, 0.0, threshold_seconds)
            };
            let mut slow: Vec<f64> = draws.iter().flatten().map(slow).collect();
            let mut at = |part| robust::quantile(&mut slow, part);
            Some([at(0.025)?, at(0.5)?, at(0.975)?])
        };
        isotonic::disagreement(&self.shares(|_| 1.0), slow_fraction_max, band)
    }
}

/// A side that was asked for: what can be fitted of it, or why nothing.
pub(super) type Asked = Option<Result<Prepared, Refused>>;

/// Lets a side whose own load says too little of what a request costs take that from the other.
pub(super) fn share_cost(ec2: Asked, fargate: Asked) -> (Asked, Asked) {
    let (Some(Ok(ec2)), Some(Ok(fargate))) = (&ec2, &fargate) else { return (ec2, fargate) };
    let is_vague = |side: &Prepared| side.cost_error > COST_ERROR_MAX;
    let (to_ec2, to_fargate) = (is_vague(ec2), is_vague(fargate));
    let shared = line::fit_shared(&ec2.readings(|_| 1.0), &fargate.readings(|_| 1.0));
    let take = |side: &Prepared, line: Line, is_vague: bool| {
        let mut side = side.clone();
        if is_vague && line.cost > 0.0 && line.idle < side.usable {
            side.line = line;
            side.cost_is_shared = true;
            side.notes.push(Note::CostShared);
            return side.searched();
        }
        Ok(side)
    };
    match shared {
        // Two vague sides know no better together than their load allows.
        Some((first, second)) if to_ec2 != to_fargate => {
            (Some(take(ec2, first, to_ec2)), Some(take(fargate, second, to_fargate)))
        }
        Some(_) | None => (Some(Ok(ec2.clone())), Some(Ok(fargate.clone()))),
    }
}

fn readings(points: &[Point], prior: Option<&Prior>, weight: impl Fn(i64) -> f64) -> Vec<Reading> {
    let own = points.iter().map(|p| (p.rate, p.used, weight(p.minute)));
    // Latencies do not matter here, nor does their threshold.
    let prior = prior.map(|prior| prior.points(1.0, 0.0)).unwrap_or_default();
    let prior = prior.iter().map(|(point, weight)| (point.rate, point.used, *weight));
    own.chain(prior)
        .filter(|(_, _, weight)| *weight > 0.0)
        .map(|(rate, used, weight)| Reading { rate, used, weight })
        .collect()
}

/// The standard deviation of the logarithm of `rates` about `estimate`, by their middle half.
fn error(rates: &[f64], estimate: f64) -> f64 {
    let logarithms =
        rates.iter().filter(|rate| **rate > 0.0).map(|rate| libm::log(*rate / estimate));
    let logarithms: Vec<f64> = logarithms.collect();
    let middle = robust::median(&mut logarithms.clone()).unwrap_or(0.0);
    robust::deviation(logarithms.into_iter(), middle).unwrap_or(0.0)
}
