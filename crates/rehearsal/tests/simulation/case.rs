//! One seed: what is tried, and how it is held to the promises.
//!
//! ```text
//! two days with faults    |  faults are over, people mend what people must  |  rest
//! S, O, C, L2, L3 checked |  L1: a rest that has a name, within a bound      |  no write at all
//! ```
//!
//! Most cases hurry, so that much happens in two days: dwells of minutes, a bake of an hour. A
//! whole migration takes its time as a real one does, with faults for its first week.

use std::fmt::Write as _;

use controller::Pass;
use model::condition::ConditionType;
use model::plan::Reason;
use model::route::ServiceId;
use model::settings::Settings;
use model::status::RollbackReason;
use model::verdict::VerdictReason;
use model::{PerSide, Share, Side, Span, Time};
use region::Region;
use region::fault::{FaultRow, random};
use region::journal::Author;
use region::load::Load;
use region::request::{Request, Response};
use rehearsal::simulation::{Setup, Simulation};
use rehearsal::witness::{Trouble, TroubleKind};
use sampling::Generator;

use crate::world::{Router, START, Wish, at, flat, tide, week};

/// How long a case takes its time for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Pace {
    /// Faults come and go within this.
    faults_last: Span,
    /// A rest is reached within this after them.
    rest_within: Span,
    /// By which variable the case is replayed.
    variable: &'static str,
}

/// Seven or more steps of at most an hour each, bake and drain, for two migrations one after the
/// other, and a brake of six hours.
const HURRIED: Pace = Pace {
    faults_last: Span::from_days(2),
    rest_within: Span::from_hours(40),
    variable: "FERRY_SEED",
};
/// Seven or more steps of six hours, a day of bake and one of drain, for two one after the other.
const WHOLE: Pace = Pace {
    faults_last: Span::from_days(7),
    rest_within: Span::from_days(12),
    variable: "FERRY_WHOLE_SEED",
};

/// What burnt the budget before the faults ended is forgotten after this: the longest window of
/// the burn rates is six hours.
const FORGOTTEN_AFTER: Span = Span::from_hours(7);
/// No write is seen for this long at rest.
const REST_LASTS: Span = Span::from_hours(5);

/// Steps, and the most that one may add.
const STEPS: [(&str, &str); 5] = [
    ("1%, 5%, 10%, 25%, 50%, 75%, 100%", "25%"),
    ("1%, 5%, 10%, 25%, 50%, 75%, 100%", "25%"),
    ("0.5%, 3%, 20%, 60%, 100%", "40%"),
    ("5%, 15%, 25%, 35%, 45%, 55%, 65%, 75%, 85%, 95%, 100%", "10%"),
    ("10%, 100%", "90%"),
];

/// What one seed tries.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) seed: u64,
    pub(crate) wishes: Vec<Wish>,
    settings: Settings,
    load: Load,
    load_name: String,
    pub(crate) faults: Vec<FaultRow>,
    troubles: Vec<Trouble>,
    /// When the daemon is ended and started again.
    restarts: Vec<Time>,
    /// Whether somebody raises the attempt once the faults are over.
    rearmed: bool,
    pace: Pace,
}

impl Case {
    /// What `seed` tries: the same for ever, while this function stays the same.
    pub(crate) fn of(seed: u64) -> Self {
        let mut draws = Generator::new(seed).fork("case");
        let first = wish(&mut draws, "api");
        let mut wishes = vec![first];
        if draws.chance(0.25) {
            let mut second = wish(&mut draws, "web");
            if draws.chance(0.5) {
                second.cluster = "other".to_owned();
            }
            wishes.push(second);
        }
        let (load, load_name) = load(&mut draws, seed);
        let mut settings = Settings::default();
        settings.limits.brake_window = Span::from_hours(6);
        settings.limits.failures_before_brake = draws.pick(&[1, 2, 9]).copied().unwrap_or(2);
        settings.limits.stepping_at_once = draws.pick(&[1, 2]).copied().unwrap_or(1);
        Self {
            seed,
            wishes,
            settings,
            load,
            load_name,
            faults: random(seed, HURRIED.faults_last).faults,
            troubles: troubles(&mut draws, HURRIED),
            restarts: restarts(&mut draws, HURRIED),
            rearmed: draws.chance(0.5),
            pace: HURRIED,
        }
    }

    /// A whole migration: as `seed` tries it in a hurry, but with the time of a real one.
    pub(crate) fn whole(seed: u64) -> Self {
        let mut draws = Generator::new(seed).fork("whole");
        let mut case = Self::of(seed);
        for wish in &mut case.wishes {
            wish.unhurry();
        }
        case.faults = random(seed, WHOLE.faults_last).faults;
        case.troubles = troubles(&mut draws, WHOLE);
        case.restarts = restarts(&mut draws, WHOLE);
        case.pace = WHOLE;
        case
    }

    fn setup(&self) -> Setup {
        Setup {
            migrations: self.wishes.iter().map(Wish::migration).collect(),
            settings: self.settings.clone(),
            load: self.load.clone(),
            faults: self.faults.clone(),
            troubles: self.troubles.clone(),
            seed: self.seed,
            start: START,
            days: 21,
        }
    }

    /// Runs it all; what was broken comes back in words.
    pub(crate) fn run(&self, show: bool) -> Result<Kept, String> {
        let mut simulation = Simulation::new(&self.setup()).expect("the region can be built");
        let mut course =
            Course { case: self, show, last: Vec::new(), broken: Vec::new(), kept: Kept::Wholly };
        futures::executor::block_on(course.run(&mut simulation));
        course.broken.extend(simulation.violations().iter().map(ToString::to_string));
        if course.broken.is_empty() { Ok(course.kept) } else { Err(self.told(&course.broken)) }
    }

    fn told(&self, broken: &[String]) -> String {
        let mut text = format!("seed {} breaks promises:\n", self.seed);
        for (count, line) in broken.iter().enumerate() {
            if count == 8 {
                writeln!(text, "  ... and {} more", broken.len() - count).expect("a string");
                break;
            }
            writeln!(text, "  {line}").expect("a string takes all");
        }
        writeln!(text, "{self}").expect("a string takes all");
        write!(
            text,
            "Replay it with its timeline:\n  {}={} cargo nextest run -p rehearsal --no-capture \
             one_seed\n",
            self.pace.variable, self.seed
        )
        .expect("a string takes all");
        text
    }
}

impl std::fmt::Display for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for wish in &self.wishes {
            let Wish { name, cluster, router, routes, target, step_max, .. } = wish;
            writeln!(
                f,
                "  {name} in {cluster}: {routes} {router:?}, stepMax {step_max}, {target}"
            )?;
        }
        writeln!(f, "  load {}, limits {:?}", self.load_name, self.settings.limits)?;
        for fault in self.faults.iter().filter_map(|row| serde_json::to_string(row).ok()) {
            writeln!(f, "  fault {fault}")?;
        }
        for Trouble { from, until, kind } in &self.troubles {
            writeln!(f, "  store {kind:?} from {from} to {until}")?;
        }
        for restart in &self.restarts {
            writeln!(f, "  restart at {restart}")?;
        }
        write!(f, "  rearmed: {}", self.rearmed)
    }
}

fn wish(draws: &mut Generator, name: &str) -> Wish {
    let router = if draws.chance(0.5) { Router::Records } else { Router::Rules };
    let dwell = draws.pick(&["5m", "10m", "30m", "1h"]).copied().unwrap_or("10m");
    let advance = draws.pick(&["dwell", "dwell", "dwell", "evidence"]).copied().unwrap_or("dwell");
    let (steps, step_max) = draws.pick(&STEPS).copied().unwrap_or(STEPS[0]);
    let holdback = if draws.chance(0.2) { ", holdback: 1%" } else { "" };
    let target = if draws.chance(0.15) {
        "share: 30%".to_owned()
    } else {
        format!(
            "rollout: {{steps: [{steps}], advance: {advance}, dwellMin: {dwell}, bake: 1h{holdback}}}"
        )
    };
    Wish {
        name: name.to_owned(),
        cluster: "prd".to_owned(),
        router,
        routes: draws.pick(&[1, 1, 2]).copied().unwrap_or(1),
        target,
        step_max,
        ..Wish::default()
    }
}

fn load(draws: &mut Generator, seed: u64) -> (Load, String) {
    let level = draws.pick(&[5.0, 60.0, 600.0, 4_000.0]).copied().unwrap_or(60.0);
    match draws.below(3) {
        0 => (flat(level), format!("flat {level}")),
        1 => (tide(level), format!("tide {level}")),
        _ => (week(level, seed), format!("week {level}")),
    }
}

fn troubles(draws: &mut Generator, pace: Pace) -> Vec<Trouble> {
    let count = if draws.chance(0.3) { draws.integer_between(1, 3) } else { 0 };
    let mut trouble = || {
        let from = at(Span::from_secs(draws.below(pace.faults_last.as_secs() * 5 / 6)));
        let until = from + Span::from_secs(draws.integer_between(10, 1_800));
        let kind =
            if draws.chance(0.5) { TroubleKind::Unavailable } else { TroubleKind::LostReply };
        Trouble { from, until, kind }
    };
    (0..count).map(|_| trouble()).collect()
}

fn restarts(draws: &mut Generator, pace: Pace) -> Vec<Time> {
    let count = if draws.chance(0.3) { draws.integer_between(1, 3) } else { 0 };
    let mut restarts: Vec<Time> =
        (0..count).map(|_| at(Span::from_secs(draws.below(pace.faults_last.as_secs())))).collect();
    restarts.sort_unstable();
    restarts
}

/// How a case kept its promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kept {
    /// As it should.
    Wholly,
    /// The judge took chance for proof once the faults were over. It may, at the rate that
    /// `docs/decision-benchmark.md` measures.
    WithFalseAlarm,
}

/// A case as it runs.
struct Course<'a> {
    case: &'a Case,
    show: bool,
    /// The passes of the last tick.
    last: Vec<Pass>,
    broken: Vec<String>,
    kept: Kept,
}

impl Course<'_> {
    async fn run(&mut self, simulation: &mut Simulation) {
        let faults_end = at(self.case.pace.faults_last);
        for restart in &self.case.restarts {
            self.until(simulation, *restart).await;
            simulation.restart().expect("the specs were taken before");
            self.tell(simulation.next_at(), "the daemon is started again");
        }
        self.until(simulation, faults_end).await;
        self.tell(faults_end, "the faults are over");
        mend(simulation, &self.case.wishes[0]);
        self.until(simulation, faults_end + FORGOTTEN_AFTER).await;
        if self.case.rearmed {
            self.rearm(simulation);
            self.turn(simulation).await;
        }
        let from = simulation.next_at();
        while !self.is_at_rest() && simulation.next_at().since(from) < self.case.pace.rest_within {
            self.turn(simulation).await;
        }
        self.check_rest(from);
        self.stays(simulation).await;
    }

    async fn until(&mut self, simulation: &mut Simulation, end: Time) {
        while simulation.next_at() < end {
            self.turn(simulation).await;
        }
    }

    async fn turn(&mut self, simulation: &mut Simulation) {
        let before = simulation.violations().len();
        let tick = simulation.tick().await;
        if self.show {
            for pass in &tick.passes {
                self.show(pass);
            }
            for violation in simulation.violations().iter().skip(before) {
                println!("{violation}");
            }
        }
        self.last = tick.passes;
    }

    /// Somebody takes up every migration that fell back or was moved by hand.
    fn rearm(&mut self, simulation: &mut Simulation) {
        for (wish, pass) in self.case.wishes.iter().zip(&self.last) {
            let wish = Wish { attempt: 2, ..wish.clone() };
            assert_eq!(wish.name, pass.name, "passes come by name");
            simulation.manage(2, wish.migration()).expect("only the attempt is new");
        }
        self.tell(simulation.next_at(), "the attempt is raised");
    }

    fn is_at_rest(&self) -> bool {
        self.case.wishes.iter().zip(&self.last).all(|(wish, pass)| rest(wish, pass).is_some())
    }

    fn check_rest(&mut self, from: Time) {
        for (wish, pass) in self.case.wishes.iter().zip(&self.last) {
            match rest(wish, pass) {
                // Proof comes with load that may be days away; the wait has its name.
                None if waits_for_proof(wish, pass) || self.waits_for_place(pass) => {}
                None => {
                    let waits: Vec<String> =
                        pass.plan.report.refusals().map(ToString::to_string).collect();
                    self.broken.push(format!(
                        "L1: {} has found no rest since {from}: {} at {:?}",
                        pass.name,
                        waits.join("; "),
                        pass.plan.status.share.set
                    ));
                }
                Some(Rest::Fell) if self.case.rearmed && fell_by_comparison(pass) => {
                    self.kept = Kept::WithFalseAlarm;
                }
                Some(Rest::Fell) if self.case.rearmed => {
                    let latch = &pass.plan.status.latch;
                    self.broken.push(format!("L1: {} fell without a fault: {latch:?}", pass.name));
                }
                Some(Rest::Arrived | Rest::Fell | Rest::ByHand | Rest::Waits) => {}
            }
        }
    }

    /// Whether a migration waits for one that waits for proof, or for a person.
    fn waits_for_place(&self, pass: &Pass) -> bool {
        let waits = pass
            .plan
            .report
            .refusals()
            .any(|refusal| matches!(refusal.reason, Reason::StepBudget { .. }));
        let holds = |(wish, other): (&Wish, &Pass)| {
            waits_for_proof(wish, other) || rest(wish, other) == Some(Rest::Waits)
        };
        waits && self.case.wishes.iter().zip(&self.last).any(holds)
    }

    /// L1: at rest nothing is written. A migration that waits for proof may get it meanwhile, and
    /// goes on then; while it waits it is as quiet as one at rest.
    async fn stays(&mut self, simulation: &mut Simulation) {
        let (from, before) = (simulation.next_at(), writes(simulation));
        let stood = self.last.clone();
        let is_rest = self.is_at_rest();
        self.until(simulation, from + REST_LASTS).await;
        let pairs = || self.last.iter().zip(&stood);
        let goes_on = !is_rest && pairs().any(|(now, was)| went_on(was, now));
        // What tasks carry is fitted anew each day, and floors are counted with it.
        let has_learnt = pairs().any(|(now, was)| carried(now) != carried(was));
        let fell =
            |(now, was): (&Pass, &Pass)| fell_by_comparison(now) && was.plan.status.latch.is_none();
        if pairs().any(fell) {
            self.kept = Kept::WithFalseAlarm;
            return;
        }
        if writes(simulation) != before && !goes_on && !has_learnt {
            let late: Vec<String> = simulation.region().with(|region| {
                let entries = region.journal().entries().iter();
                let late = entries.filter(|e| e.author == Author::Caller && e.at > from);
                late.take(4).map(|entry| format!("{} at {}", entry.operation, entry.at)).collect()
            });
            self.broken.push(format!("L1: no rest after {from}: {}", late.join(", ")));
        }
    }

    fn tell(&self, at: Time, what: &str) {
        if self.show {
            println!("{at} ---- {what}");
        }
    }

    /// A pass on one line, where it says something new.
    fn show(&self, pass: &Pass) {
        let was = self.last.iter().find(|was| was.name == pass.name);
        let told = |pass: &Pass| {
            let status = &pass.plan.status;
            let refusals = pass.plan.report.refusals().take(2).map(ToString::to_string);
            format!(
                "{:?} {} | {}",
                status.share.set.map(|share| share.to_string()),
                pass.verdict.reason.name(),
                refusals.collect::<Vec<_>>().join("; ")
            )
        };
        if pass.plan.actions.is_empty()
            && was.is_some_and(|was| told(was) == told(pass) && was.findings == pass.findings)
        {
            return;
        }
        let at = pass.observation.at;
        let healthy = PerSide::from_fn(|side: Side| {
            pass.observation.targets.get(side).value().map(|targets| targets.healthy)
        });
        println!("{at} {} {} {:?}/{:?}", pass.name, told(pass), healthy.ec2, healthy.fargate);
        for (action, answer) in pass.plan.actions.iter().zip(&pass.answers) {
            println!("{at} {}    {action}: {answer}", pass.name);
        }
        for event in &pass.plan.events {
            println!("{at} {}    {}", pass.name, event.message);
        }
        for finding in &pass.findings {
            println!("{at} {}    audit: {finding}", pass.name);
        }
    }
}

/// Where a migration may stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rest {
    /// Where it was to go.
    Arrived,
    /// Back on EC2, until somebody raises the attempt.
    Fell,
    /// Where somebody put it, until somebody says more.
    ByHand,
    /// Waiting for people, or for more traffic than there is.
    Waits,
}

/// What a task of each side carries, by Ferry's word.
fn carried(pass: &Pass) -> PerSide<Option<f64>> {
    PerSide::from_fn(|side| pass.capacity.tasks.get(side).safe_requests_per_minute)
}

/// Whether a migration is on its way and nothing but proof is to blame: it is the only thing in
/// the way but tasks, which come after it, and a measured share that strays now and then; or it
/// came so late that the clock has yet to open what follows.
fn waits_for_proof(wish: &Wish, pass: &Pass) -> bool {
    let has_clock = pass.plan.report.refusals().any(|refusal| refusal.opens_at.is_some());
    let may_pass = is_unproven(pass) || (has_clock && wish.wants_proof());
    let mut refusals = pass.plan.report.refusals().peekable();
    refusals.peek().is_some()
        && refusals.all(|refusal| {
            if let Reason::NotProven { verdict } = &refusal.reason {
                return may_take_days(wish, verdict);
            }
            let passes = matches!(
                refusal.reason,
                Reason::CapacityShort { .. }
                    | Reason::FloorLow { .. }
                    | Reason::ShareNotFollowed { .. }
            );
            (passes && may_pass) || (refusal.opens_at.is_some() && wish.wants_proof())
        })
}

fn is_unproven(pass: &Pass) -> bool {
    pass.plan.report.refusals().any(|r| matches!(r.reason, Reason::NotProven { .. }))
}

/// Whether a verdict can honestly stand in the way for days after the faults.
fn may_take_days(wish: &Wish, verdict: &VerdictReason) -> bool {
    match verdict {
        // Fargate is a little slower in truth; that it is a person's to judge is said.
        VerdictReason::Suspicion { .. } | VerdictReason::WorseWithinBudget { .. } => true,
        // Proof comes with load, and load may be days away; who does not ask for proof does not
        // wait for it.
        VerdictReason::LoadCoverage { .. }
        | VerdictReason::SurgeUnseen
        | VerdictReason::Unproven { .. }
        | VerdictReason::Collecting
        | VerdictReason::Uncalibrated
        | VerdictReason::UnequalLoad
        | VerdictReason::InsufficientTraffic
        | VerdictReason::Settling => wish.wants_proof(),
        VerdictReason::CandidateDead
        | VerdictReason::Guard { .. }
        | VerdictReason::SmallShareGuard { .. }
        | VerdictReason::ProvenWorse { .. }
        | VerdictReason::BudgetBurn { .. }
        | VerdictReason::ProvenSafe
        | VerdictReason::ProvenAbsolute
        | VerdictReason::CommonMode { .. }
        | VerdictReason::MissingData { .. }
        | VerdictReason::EventsMissing { .. }
        | VerdictReason::ShareMismatch
        | VerdictReason::ReleasesDiffer => false,
    }
}

/// Whether the comparison alone brought a migration back: neither a guard, nor the budget, nor
/// lost capacity.
fn fell_by_comparison(pass: &Pass) -> bool {
    pass.plan.status.latch.as_ref().is_some_and(|latch| {
        matches!(
            latch.reason,
            RollbackReason::Verdict { verdict: VerdictReason::ProvenWorse { .. } }
        )
    })
}

/// Whether a migration came nearer to its end.
fn went_on(was: &Pass, now: &Pass) -> bool {
    let (was, now) = (&was.plan.status, &now.plan.status);
    let is_further = now.share.set > was.share.set
        || now.baked_at > was.baked_at
        || now.drained_at > was.drained_at;
    is_further && now.latch.is_none()
}

fn rest(wish: &Wish, pass: &Pass) -> Option<Rest> {
    let status = &pass.plan.status;
    let conditions = &status.conditions;
    if !pass.plan.actions.is_empty() {
        return None;
    }
    match &status.latch {
        Some(latch) if latch.reason == RollbackReason::MovedByHand => return Some(Rest::ByHand),
        Some(_) => {
            let is_back = status.share.set == Some(Share::ZERO);
            let is_held = status.floors.iter().any(|(_, floor)| floor.is_some())
                || status.saved.iter().any(|(_, saved)| saved.is_some());
            return (is_back && !is_held).then_some(Rest::Fell);
        }
        None => {}
    }
    if conditions.is_true(ConditionType::Drifted) {
        return Some(Rest::ByHand);
    }
    let is_over = if wish.is_share() {
        conditions.is_true(ConditionType::ShareReached)
    } else {
        conditions.is_true(ConditionType::Succeeded) && status.floors.ec2.is_none()
    };
    if is_over {
        return Some(Rest::Arrived);
    }
    // What the judge says today it may not say tomorrow.
    let waits = conditions.is_true(ConditionType::Stalled) && !is_unproven(pass);
    waits.then_some(Rest::Waits)
}

/// No fault comes any more, and people mend what Ferry must not: both sides run the same release again, as
/// fast as the first one.
fn mend(simulation: &Simulation, wish: &Wish) {
    simulation.region().with(|region| {
        region.forget_waiting_faults();
        let numbers = PerSide::from_fn(|side| release_number(region, wish, side));
        let newest = numbers.ec2.max(numbers.fargate);
        for (side, number) in numbers.iter() {
            let factor = region.truth(0).map_or(1.0, |truth| truth.sides.get(side).release_factor);
            region.release(side, 1.0 / factor);
            for _ in *number..newest {
                region.release(side, 1.0);
            }
        }
    });
}

/// Releases are numbered from 1 in the tag of the image.
fn release_number(region: &mut Region, wish: &Wish, side: Side) -> u32 {
    let service = match side {
        Side::Ec2 => wish.name.clone(),
        Side::Fargate => format!("{}-fargate", wish.name),
    };
    let account = std::sync::Arc::default();
    let id = ServiceId { account, cluster: wish.cluster.clone(), service };
    let Response::Service(service) = region.handle(&Request::DescribeService { id: &id }) else {
        panic!("the faults are over and {id} is there");
    };
    let tag = service.release.rsplit_once(':').map(|(_, tag)| tag.to_owned());
    tag.and_then(|tag| tag.parse().ok()).unwrap_or(1)
}

fn writes(simulation: &Simulation) -> usize {
    simulation.region().with(|region| region.journal().writes())
}
