//! Which faults act at a moment.

use model::{PerSide, Share, Side, Span, Time};

use crate::fault::{ApiName, DeathReason, Effect, Fault, Trigger};
use crate::fleet::Launches;
use crate::minute::Published;

/// Tasks that a fault goes on killing die this often.
const DEATHS_EVERY: Span = Span::from_mins(10);

/// The faults of a script and which of them act.
#[derive(Debug, Clone)]
pub(crate) struct Disturbances {
    faults: Vec<State>,
    /// Nothing changes before.
    due: Time,
    /// What acts now, summed up for the tick.
    pub(crate) now: Effects,
}

#[derive(Debug, Clone)]
struct State {
    fault: Fault,
    since: Option<Time>,
    until: Option<Time>,
    deaths_due: Option<Time>,
    /// Calls that a lost reply has counted.
    calls: u64,
    over: bool,
}

/// What acts at a moment.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Effects {
    pub(crate) sides: PerSide<SideEffects>,
    pub(crate) load_factor: f64,
    pub(crate) metric_delay: Span,
    pub(crate) slow_clients: Vec<(f64, Span)>,
    /// Whether any latency is still ramping, so that the next tick must look again.
    ramping: bool,
}

/// What acts on one side.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct SideEffects {
    pub(crate) latency: f64,
    pub(crate) error_rate: f64,
    pub(crate) published: Published,
    pub(crate) launches: Launches,
}

/// Something a fault does once.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Blow {
    Deaths { side: Side, count: u32, reason: DeathReason },
    Edit(crate::fault::Edit),
    Release { side: Side, factor: f64 },
}

impl Default for Effects {
    fn default() -> Self {
        let calm = SideEffects {
            latency: 1.0,
            error_rate: 0.0,
            published: Published::Whole,
            launches: Launches::Possible,
        };
        Self {
            sides: PerSide { ec2: calm, fargate: calm },
            load_factor: 1.0,
            metric_delay: Span::ZERO,
            slow_clients: Vec::new(),
            ramping: false,
        }
    }
}

impl Disturbances {
    pub(crate) fn new(faults: Vec<Fault>, start: Time) -> Self {
        let mut disturbances = Self { faults: Vec::new(), due: start, now: Effects::default() };
        disturbances.add(faults, start);
        disturbances
    }

    /// Adds faults whose times count from `start`.
    pub(crate) fn add(&mut self, faults: Vec<Fault>, start: Time) {
        let state = |fault: Fault| {
            let since = match fault.trigger {
                Trigger::At(after) => Some(start + after),
                Trigger::WhenShare(_) => None,
            };
            let until = since.zip(fault.lasts).map(|(since, lasts)| since + lasts);
            State { deaths_due: since, fault, since, until, calls: 0, over: false }
        };
        self.faults.extend(faults.into_iter().map(state));
        self.due = self.due.min(start);
    }

    /// Whether any read may answer with the past.
    pub(crate) fn stale_age_max(&self) -> Option<Span> {
        self.faults
            .iter()
            .filter_map(|state| {
                if let Effect::StaleRead { age, .. } = &state.fault.effect {
                    Some(*age)
                } else {
                    None
                }
            })
            .max()
    }

    /// The live share has reached `share`: faults that waited for it start.
    pub(crate) fn share_reached(&mut self, share: Share, now: Time) {
        for state in &mut self.faults {
            if let Trigger::WhenShare(wanted) = state.fault.trigger
                && state.since.is_none()
                && share >= wanted
            {
                state.since = Some(now);
                state.until = state.fault.lasts.map(|lasts| now + lasts);
                state.deaths_due = Some(now);
                self.due = now;
            }
        }
    }

    /// What waits for a share waits no more: it will not happen.
    pub(crate) fn forget_waiting(&mut self) {
        self.faults.retain(|state| state.since.is_some());
    }

    /// The faults that act at `now`; one that happens once acts for ever, in its consequences.
    pub(crate) fn acting(&self, now: Time) -> impl Iterator<Item = &Fault> {
        self.faults.iter().filter(move |state| state.acts(now)).map(|state| &state.fault)
    }

    /// Brings what acts up to `now`; gives what happens once, in the script's order.
    pub(crate) fn step(&mut self, now: Time) -> Vec<Blow> {
        if now < self.due && !self.now.ramping {
            return Vec::new();
        }
        let mut blows = Vec::new();
        let mut effects = Effects::default();
        let mut due = Time::from_millis(i64::MAX);
        for state in &mut self.faults {
            state.step(now, &mut effects, &mut blows);
            due = due.min(state.due(now));
        }
        self.due = due;
        self.now = effects;
        blows
    }

    /// Faults at the border that act now, in the script's order.
    pub(crate) fn at_border(&self, now: Time) -> impl Iterator<Item = &Effect> {
        self.faults.iter().filter(move |state| state.acts(now)).map(|state| &state.fault.effect)
    }

    /// Counts a call of `operation`; true when its reply is to be lost.
    pub(crate) fn loses_reply(&mut self, operation: &str, now: Time) -> bool {
        let mut lost = false;
        for state in &mut self.faults {
            if !state.acts(now) {
                continue;
            }
            if let Effect::LostReply { api, nth } = &state.fault.effect
                && api.meets(operation)
            {
                state.calls += 1;
                lost |= state.calls == *nth;
            }
        }
        lost
    }

    /// How old the answers of `operation` are now.
    pub(crate) fn age(&self, operation: &str, now: Time) -> Span {
        self.at_border(now)
            .filter_map(|effect| {
                if let Effect::StaleRead { api, age } = effect
                    && api.meets(operation)
                {
                    Some(*age)
                } else {
                    None
                }
            })
            .max()
            .unwrap_or(Span::ZERO)
    }

    /// Whether calls of `operation` are denied, and which part of them is throttled.
    pub(crate) fn refusals(&self, operation: &str, now: Time) -> (bool, f64) {
        let meets = |api: &ApiName| api.meets(operation);
        let (mut denied, mut passes) = (false, 1.0);
        for effect in self.at_border(now) {
            if let Effect::Denied { api } = effect {
                denied |= meets(api);
            }
            if let Effect::Throttle { api, fraction } = effect
                && meets(api)
            {
                passes *= 1.0 - fraction;
            }
        }
        (denied, 1.0 - passes)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.faults.is_empty()
    }
}

impl State {
    fn acts(&self, now: Time) -> bool {
        self.since.is_some_and(|since| since <= now) && self.until.is_none_or(|until| now < until)
    }

    /// When it changes next.
    fn due(&self, now: Time) -> Time {
        let never = Time::from_millis(i64::MAX);
        let ahead = |time: Option<Time>| time.filter(|time| *time > now).unwrap_or(never);
        let deaths = if self.over { never } else { ahead(self.deaths_due) };
        ahead(self.since).min(ahead(self.until)).min(deaths)
    }

    fn step(&mut self, now: Time, effects: &mut Effects, blows: &mut Vec<Blow>) {
        let Some(since) = self.since.filter(|since| *since <= now) else { return };
        self.strike(now, blows);
        if !self.acts(now) {
            return;
        }
        match &self.fault.effect {
            Effect::Latency { sides, factor, ramp } => {
                let done = if *ramp > Span::ZERO {
                    (now.since(since).secs_f64() / ramp.secs_f64()).min(1.0)
                } else {
                    1.0
                };
                effects.ramping |= done < 1.0;
                let factor = 1.0 + (factor - 1.0) * done;
                on(effects, *sides, |side| side.latency *= factor);
            }
            Effect::Errors { sides, rate } => on(effects, *sides, |side| {
                side.error_rate = 1.0 - (1.0 - side.error_rate) * (1.0 - rate);
            }),
            Effect::MetricGap { sides } => {
                on(effects, *sides, |side| side.published = Published::Never);
            }
            Effect::MetricDelay { delay } => {
                effects.metric_delay = effects.metric_delay.max(*delay);
            }
            Effect::MetricNull { side } => {
                let side = effects.sides.get_mut(*side);
                side.published = side.published.worse(Published::Null);
            }
            Effect::Placement { side } => {
                effects.sides.get_mut(*side).launches = Launches::Unplaced;
            }
            Effect::TaskDeath { side, reason: DeathReason::ImagePull, .. } => {
                effects.sides.get_mut(*side).launches = Launches::Die;
            }
            Effect::SlowResolver { fraction, ttl } => effects.slow_clients.push((*fraction, *ttl)),
            Effect::Surge { factor } => effects.load_factor *= factor,
            Effect::TaskDeath { .. }
            | Effect::Throttle { .. }
            | Effect::LostReply { .. }
            | Effect::StaleRead { .. }
            | Effect::Denied { .. }
            | Effect::Edit(_)
            | Effect::Release { .. } => {}
        }
    }

    /// What happens once, or once in a while.
    fn strike(&mut self, now: Time, blows: &mut Vec<Blow>) {
        let Some(due) = self.deaths_due.filter(|due| *due <= now && !self.over) else { return };
        match &self.fault.effect {
            Effect::TaskDeath { side, count, reason } => {
                blows.push(Blow::Deaths { side: *side, count: *count, reason: *reason });
                let next = due + DEATHS_EVERY;
                self.over = self.until.is_none_or(|until| next >= until);
                self.deaths_due = Some(next);
                return;
            }
            Effect::Edit(edit) => blows.push(Blow::Edit(*edit)),
            Effect::Release { sides, factor } => {
                for side in Side::ALL.into_iter().filter(|side| sides.has(*side)) {
                    blows.push(Blow::Release { side, factor: *factor });
                }
            }
            Effect::Latency { .. }
            | Effect::Errors { .. }
            | Effect::MetricGap { .. }
            | Effect::MetricDelay { .. }
            | Effect::MetricNull { .. }
            | Effect::Placement { .. }
            | Effect::Throttle { .. }
            | Effect::LostReply { .. }
            | Effect::StaleRead { .. }
            | Effect::Denied { .. }
            | Effect::SlowResolver { .. }
            | Effect::Surge { .. } => {}
        }
        self.over = true;
    }
}

fn on(effects: &mut Effects, sides: crate::fault::Sides, mut act: impl FnMut(&mut SideEffects)) {
    for side in Side::ALL.into_iter().filter(|side| sides.has(*side)) {
        act(effects.sides.get_mut(side));
    }
}
