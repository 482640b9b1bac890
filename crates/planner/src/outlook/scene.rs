//! A world without trouble, in which passes are made ahead of time.

use model::observation::{Deployment, Load, MeasuredShare, Observation, Seen, Service, Targets};
use model::ownership::Ownership;
use model::plan::{Plan, Reason, Refusal, Rule};
use model::route::{Propagation, Split, Sticky, WeightPair, Weights};
use model::settings::Settings;
use model::spec::{Migration, Mode, Target};
use model::status::{Said, Status};
use model::verb::Verb;
use model::verdict::{Coverage, Verdict, VerdictKind, VerdictReason};
use model::{PerSide, Share, Span, Time};

use super::{Bound, Milestone, Present};
use crate::facts;
use crate::plan::{Dependencies, Grant, Input, plan};

/// One pass follows another no sooner: the controller looks every ten seconds while something
/// moves, and a calendar of the earliest times may only be too early.
const LOOK_AGAIN: Span = Span::from_secs(1);

/// Tasks of each side: more than any floor, so that capacity is never what is waited for.
const TASKS: u32 = 1_000_000;

/// The minutes of a day, in which surges recur.
const DAY_MINUTES: i64 = 1_440;

/// A world without trouble.
pub(super) struct Scene {
    now: Time,
    spec: Migration,
    settings: Settings,
    status: Status,
    weights: Weights,
    verdict: Verdict,
    coverage: Option<Coverage>,
    /// What is known of the proof of the step that stood at the present.
    present: PresentProof,
}

/// The proof of the step that stands at the present.
struct PresentProof {
    /// That step, by its share: none that follows has the same.
    share: Option<Share>,
    /// Before then it cannot be there, and what it waits for.
    not_before: Option<(Time, Bound)>,
    /// Whether it is known what its coverage still misses.
    covered: bool,
}

/// What had been reached before a pass.
pub(super) struct Milestones {
    baked: bool,
    drained: bool,
}

impl Scene {
    /// The present with everything in the way taken out of it. `eta` is when the proof of the
    /// present step is expected, where it is not to be as early as it can be. `None` where no pass
    /// has read the weights yet.
    pub(super) fn of(
        present: &Present<'_>,
        in_the_way: &[Reason],
        eta: Option<Span>,
    ) -> Option<Self> {
        let mut status = present.status.clone();
        let intended = status.intended.clone()?;
        let is_back = status.latch.is_some() || status.verbs.rollback.is_some();
        let is_stopped = is_back || in_the_way.iter().any(takes_a_resume);
        let mut weights = intended.after;
        let mut spec = present.spec.clone();
        if is_stopped {
            let live = status.share.set.filter(|_| !is_back).unwrap_or(intended.share);
            // A resume takes everything back and contradicts nothing.
            status.hear(Verb::Resume, said(present.now)).ok();
            let weight_max = weight_max(present)?;
            weights.values_mut().for_each(|pair| *pair = WeightPair::for_share(live, weight_max));
        }
        if in_the_way.contains(&Reason::DeadlinePassed) {
            status.started_at = None;
        }
        spec.spec.mode = Mode::Act;
        spec.spec.paused = false;
        spec.spec.depends_on.clear();
        let settings = Settings { freeze: false, webhooks: Vec::new(), ..present.settings.clone() };
        Some(Self {
            now: present.now + LOOK_AGAIN,
            spec,
            settings,
            weights,
            verdict: present.verdict.clone(),
            coverage: present.coverage.cloned(),
            present: PresentProof::of(present, eta),
            status,
        })
    }

    pub(super) const fn now(&self) -> Time {
        self.now
    }

    pub(super) fn share(&self) -> Share {
        self.split().share().unwrap_or(Share::ZERO)
    }

    /// Lets as little time pass as lies between two passes.
    pub(super) fn look_again(&mut self) {
        self.go_to(self.now + LOOK_AGAIN);
    }

    fn go_to(&mut self, at: Time) {
        self.now = at;
        // It was looked at all the while, and EC2 was quiet.
        if self.status.quiet_seen_at.is_some() {
            self.status.quiet_seen_at = Some(at);
        }
    }

    /// Whether clients follow the weights.
    pub(super) fn is_settled(&self) -> bool {
        self.settled_at().is_some_and(|settled| settled <= self.now)
    }

    fn settled_at(&self) -> Option<Time> {
        self.status.step.as_ref().and_then(|step| step.settled_at)
    }

    pub(super) const fn milestones(&self) -> Milestones {
        Milestones {
            baked: self.status.baked_at.is_some(),
            drained: self.status.drained_at.is_some(),
        }
    }

    /// What the pass reached, with the share from then on.
    pub(super) fn reached(&self, before: &Milestones, plan: &Plan) -> Option<(Milestone, Share)> {
        let share = self.share();
        if plan.actions.iter().any(model::action::Action::is_advance) {
            Some((Milestone::Step, share))
        } else if !before.baked && self.status.baked_at.is_some() {
            Some((Milestone::Baked, share))
        } else if !before.drained && self.status.drained_at.is_some() {
            Some((Milestone::Drained, share))
        } else {
            None
        }
    }

    /// Plans a pass, and does at once what it plans.
    pub(super) fn pass(&mut self) -> Plan {
        let (observation, verdict) = (self.observation(), self.judged());
        let plan = plan(&Input {
            now: self.now,
            name: self.spec.name().as_str(),
            generation: self.status.observed_generation,
            spec: &self.spec,
            settings: &self.settings,
            status: &self.status,
            observation: &observation,
            verdict: &verdict,
            dependencies: &Dependencies::new(),
            grant: Grant::Open,
        });
        self.status = plan.status.clone();
        for action in &plan.actions {
            if let model::action::Action::SetWeights { weights, .. } = action {
                self.weights.clone_from(weights);
            }
        }
        plan
    }

    /// Lets time pass until the last of `refusals` opens, and says which that was; an error where
    /// one of them opens at no known time.
    pub(super) fn wait(&mut self, refusals: &[(Rule, &Refusal)]) -> Result<Option<Bound>, Reason> {
        // What is seen before clients have followed says nothing of the step.
        let Some(settled) = self.settled_at() else {
            self.look_again();
            return Ok(None);
        };
        if settled > self.now {
            let verified = self.status.step.as_ref().and_then(|step| step.verified_at);
            self.go_to(settled);
            return Ok(verified.map(|verified| Bound::Settling(settled.since(verified))));
        }
        let is_manual =
            refusals.iter().any(|(_, refusal)| refusal.reason == Reason::AwaitingOperator);
        let mut last: Option<(Time, Option<Bound>)> = None;
        for (rule, refusal) in refusals {
            let opening = match (&refusal.reason, refusal.opens_at) {
                // An operator's word does not wait for dwell.
                (Reason::AwaitingOperator, _) => continue,
                (Reason::DwellNotOver, _) if is_manual => continue,
                (Reason::NotProven { .. }, None) => {
                    self.proof_at().map(|(at, bound)| (at, Some(bound)))
                }
                (_, opens_at) => opens_at.map(|at| (at, self.bound(*rule, at))),
            };
            let Some((at, bound)) = opening else { return Err(refusal.reason.clone()) };
            if last.as_ref().is_none_or(|(latest, _)| at > *latest) {
                last = Some((at, bound));
            }
        }
        match last {
            Some((at, bound)) => {
                self.go_to(at.max(self.now + LOOK_AGAIN));
                Ok(bound)
            }
            None => {
                self.status.verbs.advance = Some(said(self.now));
                Ok(Some(Bound::Operator))
            }
        }
    }

    /// What opens `at`, for a rule that says so.
    fn bound(&self, rule: Rule, at: Time) -> Option<Bound> {
        let traffic = &self.spec.spec.traffic;
        let zone = || traffic.time_zone.clone();
        match rule {
            Rule::Dwell => Some(Bound::Dwell(match &traffic.target {
                Target::Rollout(rollout) => rollout.dwell_min,
                Target::Share(_) => Span::from_hours(1),
            })),
            Rule::Window => Some(Bound::Window(at, zone())),
            Rule::Freeze => Some(Bound::Freeze(at, zone())),
            Rule::Bake => match &traffic.target {
                Target::Rollout(rollout) => Some(Bound::Bake(rollout.bake)),
                Target::Share(_) => None,
            },
            Rule::Drain => Some(Bound::Quiet(self.spec.spec.drain.quiet_for)),
            Rule::Observed
            | Rule::Rollback
            | Rule::Promises
            | Rule::Drift
            | Rule::Latch
            | Rule::Releases
            | Rule::Mode
            | Rule::Paused
            | Rule::DependsOn
            | Rule::Deadline
            | Rule::Evidence
            | Rule::MeasuredShare
            | Rule::Deployment
            | Rule::Webhooks
            | Rule::Budget
            | Rule::Capacity
            | Rule::Step
            | Rule::Decommission => None,
        }
    }

    /// Before then no proof of the step that stands can be there, and what it waits for.
    fn proof_at(&self) -> Option<(Time, Bound)> {
        let settled = self.settled_at()?;
        let is_present = self.present.share == Some(self.share());
        let covered = if is_present && self.present.covered {
            None
        } else {
            self.coverage
                .as_ref()
                .filter(|coverage| self.share() >= coverage.share_min)
                .map(|coverage| covered_at(coverage, settled))
        };
        let known = self.present.not_before.clone().filter(|_| is_present);
        [covered, known].into_iter().flatten().max_by_key(|(at, _)| *at)
    }

    /// The judge of a world without trouble: all is proven as soon as it can be.
    fn judged(&self) -> Verdict {
        let is_proven = self.proof_at().is_none_or(|(at, _)| at <= self.now);
        let (kind, reason) = if is_proven {
            (VerdictKind::Advance, VerdictReason::ProvenSafe)
        } else {
            (VerdictKind::Hold, VerdictReason::Collecting)
        };
        Verdict { kind, reason, minute: Some(self.now.minute()), ..self.verdict.clone() }
    }

    fn split(&self) -> Split {
        Split {
            weights: self.weights.clone(),
            propagation: Propagation::InSync { since: None },
            sticky: Sticky::new(),
        }
    }

    fn observation(&self) -> Observation {
        let at = self.now;
        let share = self.share();
        let release = self.status.release.as_ref().map(|release| release.name.clone());
        let release = release.unwrap_or_default();
        let service = Service {
            desired: TASKS,
            running: TASKS,
            pending: 0,
            release,
            cpu_units: None,
            deployment: Deployment::Steady,
        };
        let targets = Targets { healthy: TASKS, ..Targets::default() };
        Observation {
            at,
            services: PerSide::from_fn(|_| Seen::known(service.clone(), at)),
            targets: PerSide::from_fn(|_| Seen::known(targets, at)),
            vouched: PerSide::default(),
            // Without a scalable target there are no bounds to be kept.
            scaling: PerSide::from_fn(|_| Seen::known(None, at)),
            split: Seen::known(self.split(), at),
            load: Seen::known(
                Load {
                    minute: at.minute(),
                    now_rpm: 1.0,
                    growth: 1.0,
                    peak_rpm: 1.0,
                    side_rpm: PerSide::from_fn(|side| Some(share.of(side, 1.0))),
                    safe_per_task_rpm: PerSide::from_fn(|_| Some(1.0)),
                    measured: Some(MeasuredShare { share, requests: 1, from_minute: at.minute() }),
                },
                at,
            ),
            ownership: Seen::known(Ownership::default(), at),
        }
    }
}

impl PresentProof {
    fn of(present: &Present<'_>, eta: Option<Span>) -> Self {
        let now = present.now;
        let step = present.status.step.as_ref();
        let share = step.map(|step| step.share);
        // Minutes that have passed and were not judged yet count when they are.
        let judged = present.verdict.minute.map_or(now, |minute| Time::from_minute(minute + 1));
        let proof = eta.map(|eta| (now + eta, Bound::Proof(eta)));
        let surge = || {
            let surges = &present.coverage?.surges;
            next_surge(surges, judged).map(|at| (at, Bound::Surge(at)))
        };
        let (covered, missing) = match (&present.verdict.kind, &present.verdict.reason) {
            (VerdictKind::Advance, _) => (true, None),
            (_, VerdictReason::LoadCoverage { minutes, minutes_needed }) => {
                let left = minutes_needed.saturating_sub(*minutes);
                let at = judged + Span::from_mins(u64::from(left));
                (true, Some((at, Bound::HighLoad(left))))
            }
            (_, VerdictReason::SurgeUnseen) => (true, surge()),
            // A `resume` has the step stand anew, and what it has shown still counts.
            (VerdictKind::Hold | VerdictKind::RollBack, _) => {
                let settled = step.and_then(|step| step.settled_at);
                let covered = |settled| {
                    let coverage = present.coverage.filter(|c| share >= Some(c.share_min))?;
                    Some(covered_at(coverage, settled))
                };
                (settled.is_some(), settled.and_then(covered))
            }
        };
        let not_before = [proof, missing].into_iter().flatten().max_by_key(|(at, _)| *at);
        Self { share, not_before, covered }
    }
}

/// When a step that settled then can have seen all that a proof must have seen.
fn covered_at(coverage: &Coverage, settled: Time) -> (Time, Bound) {
    let high = settled + Span::from_mins(u64::from(coverage.minutes));
    match next_surge(&coverage.surges, settled) {
        Some(surge) if surge > high => (surge, Bound::Surge(surge)),
        Some(_) | None => (high, Bound::HighLoad(coverage.minutes)),
    }
}

/// The next minute of the UTC day in which a surge recurs.
fn next_surge(surges: &std::collections::BTreeSet<i64>, from: Time) -> Option<Time> {
    let minute = from.minute();
    let of_day = minute.rem_euclid(DAY_MINUTES);
    let next = surges.range(of_day..).next().copied();
    let next = next.or_else(|| surges.first().map(|first| first + DAY_MINUTES))?;
    Some(Time::from_minute(minute - of_day + next))
}

/// What goes away only with a `resume`, or is gone with one.
const fn takes_a_resume(reason: &Reason) -> bool {
    matches!(
        reason,
        Reason::PausedByOperator { .. }
            | Reason::FrozenByOperator { .. }
            | Reason::Latched { .. }
            | Reason::Drifted { .. }
            | Reason::RoutesDisagree
    )
}

fn weight_max(present: &Present<'_>) -> Option<u32> {
    facts::limits(&present.spec.spec).map(|limits| limits.weight_max)
}

fn said(at: Time) -> Said {
    Said { who: "an operator".to_owned(), at }
}
