//! The fold: a log of rows in arrival order becomes a state, and corrections rewind it.

use std::collections::{BTreeMap, VecDeque};

use model::minute::Minute;
use model::verdict::Verdict;
use model::{Side, Time};
use serde::{Deserialize, Serialize, Serializer};

use crate::pairing::Row;
use crate::prepared::{Prepared, Preparing};
use crate::rows::{self, Rows};
use crate::rules;
use crate::settings::Settings;
use crate::state::State;

/// The version of the method: evidence of another version is not continued but started anew.
pub const METHOD_VERSION: u32 = 1;

/// The evidence of one migration, folded from its log of minutes.
///
/// The same log gives the same bytes; a fold read back goes on exactly where it was written.
/// A minute is judged once both sides' rows are there, or once a row of the third minute after it
/// is. Rows of the last 15 minutes that arrive or change later rewind the state; older ones are
/// counted in [`Arrivals`] and change nothing.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(from = "Kept")]
pub struct Fold {
    version: u32,
    head: State,
    /// Earlier states, the oldest first: where a rewind starts from.
    snapshots: VecDeque<State>,
    /// Rows since the oldest snapshot and those not judged yet.
    rows: Rows,
    arrivals: Arrivals,
    /// For a fold that was read back: the newest minute it had judged. The states up to there
    /// were not kept and are judged again as soon as the settings are known.
    unjudged_up_to: Option<i64>,
}

/// A fold as it is written: the newest state that no row can change any more, and the rows
/// since. Judging half an hour again costs less than writing two more states.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kept {
    version: u32,
    base: Option<State>,
    judged: Option<i64>,
    rows: BTreeMap<i64, rows::Pair>,
    arrivals: Arrivals,
}

impl Serialize for Fold {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let judged = self.minute();
        let base = self.snapshots.iter().rev().find(|state| is_final(state, judged));
        let first = base.and_then(|base| base.minute).map_or(i64::MIN, |minute| minute + 1);
        let kept = Kept {
            version: self.version,
            base: base.cloned(),
            judged,
            rows: self.rows.since(first),
            arrivals: self.arrivals.clone(),
        };
        kept.serialize(serializer)
    }
}

impl From<Kept> for Fold {
    fn from(kept: Kept) -> Self {
        let Kept { version, base, judged, rows, arrivals } = kept;
        Self {
            version,
            head: base.clone().unwrap_or_default(),
            snapshots: base.into_iter().collect(),
            rows: rows.into(),
            arrivals,
            unjudged_up_to: judged,
        }
    }
}

/// Whether no row that may still come can change `state` while `judged` is the newest minute.
fn is_final(state: &State, judged: Option<i64>) -> bool {
    state.minute.zip(judged).is_some_and(|(minute, judged)| minute <= judged - REWIND_MINUTES)
}

/// What became of the rows of a log.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Arrivals {
    /// Rows seen.
    pub rows: u64,
    /// Rows that said nothing new.
    pub duplicates: u64,
    /// Rows that changed a judged minute and rewound the state.
    pub corrections: u64,
    /// Rows that came more than 15 minutes after their minute, or filled a judged gap.
    pub recovered: u64,
    /// Rows too old to be taken in.
    pub late: u64,
    /// The newest of the rows too old to be taken in, at most sixteen.
    pub late_rows: VecDeque<LateRow>,
    /// Rows of minutes that had not begun when they were seen, or beyond any calendar.
    pub refused: u64,
}

/// A row that came too late.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LateRow {
    /// Its minute.
    pub minute: i64,
    /// Its side.
    pub side: Side,
}

/// A minute with a side missing is judged when a row this many minutes newer is there.
const WATERMARK_MINUTES: i64 = 3;
/// Corrections reach this far back from the newest judged minute.
const REWIND_MINUTES: i64 = 15;
/// States are kept every this many minutes; a rewind replays at most twice as many.
const SNAPSHOT_MINUTES: i64 = 16;
/// After a longer gap the windows are empty anyway: the state is carried over, not stepped.
const STEPPED_MINUTES_MAX: i64 = 1_440;
const LATE_ROWS_MAX: usize = 16;
/// Some 19,000 years: minutes beyond cannot be put into milliseconds with room to spare.
const MINUTE_MAX: u64 = 10_000_000_000;

impl Fold {
    /// An empty fold.
    #[must_use]
    pub fn new(_settings: &Settings) -> Self {
        Self {
            version: METHOD_VERSION,
            head: State::default(),
            snapshots: VecDeque::new(),
            rows: Rows::default(),
            arrivals: Arrivals::default(),
            unjudged_up_to: None,
        }
    }

    /// Whether this fold was made by the present method; if not, start a new one from the log.
    #[must_use]
    pub const fn is_current(&self) -> bool {
        self.version == METHOD_VERSION
    }

    /// What became of the rows so far.
    #[must_use]
    pub const fn arrivals(&self) -> &Arrivals {
        &self.arrivals
    }

    /// The newest minute judged.
    #[must_use]
    pub const fn minute(&self) -> Option<i64> {
        match self.unjudged_up_to {
            Some(judged) => Some(judged),
            None => self.head.minute,
        }
    }

    /// Takes in one row.
    pub fn push(&mut self, settings: &Settings, minute: &Minute) {
        self.push_watched(&Preparing::new(settings), minute, |_| {});
    }

    /// Takes in one row and shows every state that a newly judged minute leads to.
    pub(crate) fn push_watched(
        &mut self,
        prepared: &Preparing<'_>,
        minute: &Minute,
        mut watch: impl FnMut(&State),
    ) {
        self.judge_again(prepared);
        self.arrivals.rows += 1;
        let (number, seen_at) = (minute.minute, minute.seen_at.minute());
        if number.unsigned_abs() > MINUTE_MAX || number > seen_at {
            self.arrivals.refused += 1;
            return;
        }
        let judged = self.head.minute;
        if judged.is_some_and(|judged| number <= judged - REWIND_MINUTES) {
            self.note_late(number, minute.side);
            return;
        }
        let slot = self.rows.entry(number).get_mut(minute.side);
        let row = Row::new(minute);
        if slot.as_ref().is_some_and(|old| row.revision <= old.revision) {
            self.arrivals.duplicates += 1;
            return;
        }
        let is_new = slot.is_none();
        *slot = Some(row);
        let is_judged = judged.is_some_and(|judged| number <= judged);
        let is_old = seen_at - number > REWIND_MINUTES;
        if is_new && (is_judged || is_old) {
            self.arrivals.recovered += 1;
        }
        if is_judged {
            self.arrivals.corrections += 1;
            self.rewind(prepared, number);
        }
        self.judge_ready(prepared, &mut watch);
    }

    fn note_late(&mut self, minute: i64, side: Side) {
        self.arrivals.late += 1;
        self.arrivals.late_rows.push_back(LateRow { minute, side });
        if self.arrivals.late_rows.len() > LATE_ROWS_MAX {
            self.arrivals.late_rows.pop_front();
        }
    }

    /// Goes back to before `minute` and forward again over what is known now.
    fn rewind(&mut self, prepared: &Preparing<'_>, minute: i64) {
        let target = self.head.minute;
        while self.snapshots.back().is_some_and(|s| s.minute.is_some_and(|m| m >= minute)) {
            self.snapshots.pop_back();
        }
        self.head = self.snapshots.back().cloned().unwrap_or_default();
        self.unjudged_up_to = target;
        self.judge_again(prepared);
    }

    /// Judges what had been judged before.
    fn judge_again(&mut self, prepared: &Preparing<'_>) {
        let Some(target) = self.unjudged_up_to.take() else { return };
        while let Some(next) = self.next_minute().filter(|next| *next <= target) {
            self.step(prepared.get(), next);
        }
    }

    /// Judges all minutes that wait for nothing more.
    fn judge_ready(&mut self, prepared: &Preparing<'_>, watch: &mut impl FnMut(&State)) {
        let newest = self.rows.newest();
        while let (Some(next), Some(newest)) = (self.next_minute(), newest) {
            let rows = self.rows.get(next);
            let is_whole = rows.ec2.is_some() && rows.fargate.is_some();
            if next > newest || (!is_whole && newest < next + WATERMARK_MINUTES) {
                break;
            }
            self.step(prepared.get(), next);
            watch(&self.head);
        }
    }

    /// The minute to judge next: the one after the head, or the first there is.
    fn next_minute(&self) -> Option<i64> {
        let following = self.head.minute.map(|minute| minute + 1);
        let first = self.rows.first_from(following.unwrap_or(i64::MIN))?.0;
        Some(match following {
            Some(following) if first - following <= STEPPED_MINUTES_MAX => following,
            Some(_) | None => first,
        })
    }

    fn step(&mut self, prepared: &Prepared<'_>, minute: i64) {
        let is_jump = self.head.minute.is_some_and(|head| minute != head + 1);
        if is_jump {
            self.head.jump();
        }
        self.head.advance(prepared, minute, self.rows.get(minute));
        if minute.rem_euclid(SNAPSHOT_MINUTES) == 0 {
            self.snapshots.push_back(self.head.clone());
            self.forget(minute);
        }
    }

    /// Drops the snapshots and rows that no rewind can need any more.
    fn forget(&mut self, head: i64) {
        let is_old = |state: &State| is_final(state, Some(head));
        while self.snapshots.get(1).is_some_and(is_old) {
            self.snapshots.pop_front();
        }
        if let Some(oldest) = self.snapshots.front().filter(|s| is_old(s)).and_then(|s| s.minute) {
            self.rows.forget_before(oldest + 1);
        }
    }

    /// What the evidence says at `now`.
    #[must_use]
    pub fn verdict(&self, settings: &Settings, now: Time) -> Verdict {
        let prepared = Preparing::new(settings);
        if self.unjudged_up_to.is_none() {
            return rules::verdict(prepared.get(), &self.head, now);
        }
        let mut judged = self.clone();
        judged.judge_again(&prepared);
        rules::verdict(prepared.get(), &judged.head, now)
    }
}

#[cfg(test)]
mod tests {
    use model::Time;
    use model::minute::{Context, Counts};

    use super::*;

    #[test]
    fn a_fold_forgets_what_no_row_can_change_any_more() {
        let settings = Settings::default();
        let mut fold = Fold::new(&settings);
        for minute in 0..400 {
            for side in Side::ALL {
                fold.push(
                    &settings,
                    &Minute {
                        minute,
                        side,
                        revision: 0,
                        seen_at: Time::from_minute(minute + 1),
                        counts: Counts::default(),
                        context: Context::default(),
                    },
                );
            }
            let kept: Vec<Option<i64>> = fold.snapshots.iter().map(|state| state.minute).collect();
            // States of every sixteenth minute: what came 14 minutes ago may still be corrected.
            let newest = minute / 16 * 16;
            let oldest = (newest - 16).max(0);
            assert_eq!(kept, (oldest..=newest).step_by(16).map(Some).collect::<Vec<_>>());
            let first = fold.rows.first_from(i64::MIN).map(|(first, _)| *first);
            let is_needed = |from: i64| first == Some(from);
            assert!(is_needed(if minute < 16 { 0 } else { oldest + 1 }), "{first:?} at {minute}");
        }
    }
}
