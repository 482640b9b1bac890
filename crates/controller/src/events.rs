//! Objectives whose events are counted elsewhere: what is asked for, and what is made of it.
//!
//! They are of another source than a side's requests, which fails for itself: while events do not
//! come the requests are judged as ever, and only a step forward waits for both.

use std::collections::BTreeMap;

use analysis::events::{EventFold, EventRow, Target};
use cloud::objectives::Source;
use cloud::{EventAsk, EventMinute, Objectives, Result};
use model::spec::Objective;
use model::status::Step;
use model::{PerSide, Side, Time};

use crate::managed::Counted;
use crate::minutes::MinuteLog;
use crate::watch::Watch;

/// After a start minutes are fetched this far back: the longest window of the burn rates.
const CATCH_UP_MINUTES: i64 = 6 * 60;
/// A minute that is missing is asked for again for so long: later it would change nothing.
const AGAIN_MINUTES: i64 = 15;
/// Of an objective that is not known yet nothing was folded, and any budget reads that alike.
const BUDGET_UNKNOWN: f64 = 0.001;

/// One objective of a migration.
#[derive(Debug, Clone)]
pub(crate) struct EventWatch {
    counted: Counted,
    /// What the source says where the spec says nothing.
    learnt: Option<Objective>,
    fold: EventFold,
    /// In which minute the source was last asked for its objective.
    learnt_at: Option<i64>,
    /// The newest minute that was asked for, and the newest that came.
    asked: PerSide<Option<i64>>,
    known: PerSide<Option<i64>>,
    /// Why the last ask gave nothing.
    trouble: Option<String>,
}

/// One side of one objective of one migration.
type Owner = (String, usize, Side);

/// What was answered for an objective, by side.
type Answers = Vec<(Side, Result<Vec<EventMinute>>)>;

impl EventWatch {
    fn new(counted: Counted, fold: EventFold) -> Self {
        let known = PerSide::from_fn(|_| fold.minute());
        Self {
            counted,
            learnt: None,
            learnt_at: None,
            fold,
            asked: PerSide::default(),
            known,
            trouble: None,
        }
    }

    fn objective(&self) -> Option<Objective> {
        self.counted.objective.or(self.learnt)
    }

    /// The objective as the judge takes it.
    pub(crate) fn target(&self) -> Target<'_> {
        let budget = self.objective().map_or(BUDGET_UNKNOWN, Objective::budget);
        Target { name: &self.counted.name, budget }
    }

    pub(crate) const fn fold(&self) -> &EventFold {
        &self.fold
    }

    /// What is wrong with the source, in words for people.
    pub(crate) fn trouble(&self) -> Option<String> {
        let why = self.trouble.as_ref()?;
        Some(format!("The events of {}: {why}.", self.counted.name))
    }

    /// The minutes to ask for when `latest` is the newest settled one: each once a minute at most.
    fn due(&mut self, side: Side, latest: i64) -> Option<EventAsk> {
        self.objective()?;
        let asked = self.asked.get_mut(side);
        if *asked == Some(latest) {
            return None;
        }
        *asked = Some(latest);
        let oldest = latest + 1 - CATCH_UP_MINUTES;
        let again = latest + 1 - AGAIN_MINUTES;
        let from = self.known.get(side).map_or(oldest, |known| again.min(known + 1).max(oldest));
        Some(EventAsk { source: self.counted.sources.get(side).clone(), from, until: latest + 1 })
    }

    /// Takes an answer's minutes of both sides in the order of their minutes: a side that ran
    /// ahead by an answer of many would have the other's judged as missing.
    fn take(&mut self, answers: Answers, log: &MinuteLog, step: Option<&Step>) {
        self.trouble = None;
        let mut rows: Vec<(i64, Side, EventRow)> = Vec::new();
        for (side, answer) in answers {
            let minutes = match answer {
                Ok(minutes) => minutes,
                Err(error) => {
                    self.trouble = Some(error.to_string());
                    continue;
                }
            };
            for EventMinute { minute, total, bad } in minutes {
                let context = log.noted(side, minute, step);
                let settled = context.settled.unwrap_or(false);
                rows.push((minute, side, EventRow { total, bad, share: context.share, settled }));
            }
        }
        rows.sort_by_key(|(minute, side, _)| (*minute, *side));
        let budget = self.objective().map_or(BUDGET_UNKNOWN, Objective::budget);
        let target = Target { name: &self.counted.name, budget };
        for (minute, side, row) in rows {
            self.fold.push(&target, minute, side, row);
            let known = self.known.get_mut(side);
            *known = (*known).max(Some(minute));
        }
    }
}

/// The watches of a migration's objectives; one whose sources are as before goes on.
pub(crate) fn watches(
    wanted: &[Counted],
    before: &[EventWatch],
    kept: &BTreeMap<String, EventFold>,
) -> Vec<EventWatch> {
    let one = |counted: &Counted| {
        let is_same = |old: &&EventWatch| {
            old.counted.name == counted.name && old.counted.sources == counted.sources
        };
        match before.iter().find(is_same) {
            Some(old) => EventWatch { counted: counted.clone(), ..old.clone() },
            None => {
                let fold = kept.get(&counted.name).cloned().unwrap_or_default();
                EventWatch::new(counted.clone(), fold)
            }
        }
    };
    wanted.iter().map(one).collect()
}

/// The evidence of each, by name, as it is stored.
pub(crate) fn folds(watches: &[EventWatch]) -> BTreeMap<&str, &EventFold> {
    watches.iter().map(|watch| (watch.counted.name.as_str(), &watch.fold)).collect()
}

/// Asks for all minutes that are due, in one call, and folds what is new into evidence.
pub(crate) async fn read(
    objectives: &dyn Objectives,
    now: Time,
    watches: &mut BTreeMap<String, Watch>,
) {
    learn(objectives, now, watches).await;
    let latest = (now - objectives.settle()).minute() - 1;
    let mut owners: Vec<Owner> = Vec::new();
    let mut asks: Vec<EventAsk> = Vec::new();
    for (name, watch) in watches.iter_mut() {
        // What was judged before a restart comes with the rest of the evidence.
        let events = watch.events.iter_mut().filter(|_| watch.judge.is_some());
        for (place, event) in events.enumerate() {
            for side in Side::ALL {
                if let Some(ask) = event.due(side, latest) {
                    owners.push((name.clone(), place, side));
                    asks.push(ask);
                }
            }
        }
    }
    if asks.is_empty() {
        return;
    }
    let mut read = BTreeMap::<(String, usize), Answers>::new();
    for ((name, place, side), answer) in owners.into_iter().zip(objectives.minutes(&asks).await) {
        read.entry((name, place)).or_default().push((side, answer));
    }
    for ((name, place), answers) in read {
        let Some(watch) = watches.get_mut(&name) else { continue };
        let step = watch.contents.status.step.as_ref();
        if let Some(event) = watch.events.get_mut(place) {
            event.take(answers, &watch.minutes, step);
        }
    }
}

/// Asks sources for the objectives that the specs leave to them.
async fn learn(objectives: &dyn Objectives, now: Time, watches: &mut BTreeMap<String, Watch>) {
    for event in watches.values_mut().flat_map(|watch| &mut watch.events) {
        if event.objective().is_some() || event.learnt_at == Some(now.minute()) {
            continue;
        }
        // A spec names one SLO for each side; they are held to one objective, EC2's.
        event.learnt_at = Some(now.minute());
        match objectives.objective(&event.counted.sources.ec2).await {
            Ok(Some(objective)) => {
                event.learnt = Some(objective);
                event.trouble = None;
            }
            Ok(None) => event.trouble = Some(no_objective(&event.counted.sources.ec2)),
            Err(error) => event.trouble = Some(error.to_string()),
        }
    }
}

fn no_objective(source: &Source) -> String {
    match source {
        Source::Slo(id) => format!("the SLO {id} has no target; write its `objective`"),
        Source::Queries { .. } => "two queries need an `objective`".to_owned(),
    }
}
