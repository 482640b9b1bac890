//! The rows that a fold still needs, by minute.

use std::collections::{BTreeMap, VecDeque};

use model::PerSide;

use crate::pairing::Row;

/// Both sides of a minute; a side that is not there has not been seen.
pub(crate) type Pair = PerSide<Option<Row>>;

/// Rows by minute, the oldest first.
///
/// Rows come nearly in order and the judged ones are forgotten soon, so what is looked for is
/// among the last few: a search from the back takes fewer steps than any tree.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Rows(VecDeque<(i64, Pair)>);

/// What [`Rows::get`] gives for a minute that nobody reported.
const NONE: Pair = PerSide { ec2: None, fargate: None };

impl Rows {
    /// How many minutes are before `minute`.
    fn before(&self, minute: i64) -> usize {
        let mut before = self.0.len();
        while let Some((number, _)) = before.checked_sub(1).and_then(|last| self.0.get(last))
            && *number >= minute
        {
            before -= 1;
        }
        before
    }

    /// The rows of `minute`.
    pub(crate) fn get(&self, minute: i64) -> &Pair {
        match self.0.get(self.before(minute)) {
            Some((number, rows)) if *number == minute => rows,
            Some(_) | None => &NONE,
        }
    }

    /// The place of one minute's rows.
    pub(crate) fn entry(&mut self, minute: i64) -> &mut Pair {
        let index = self.before(minute);
        if self.0.get(index).is_none_or(|(number, _)| *number != minute) {
            self.0.insert(index, (minute, NONE));
        }
        &mut self.0[index].1
    }

    /// The first minute that is not before `minute`.
    pub(crate) fn first_from(&self, minute: i64) -> Option<i64> {
        self.0.get(self.before(minute)).map(|(number, _)| *number)
    }

    pub(crate) fn newest(&self) -> Option<i64> {
        self.0.back().map(|(number, _)| *number)
    }

    /// Forgets everything before `minute`.
    pub(crate) fn forget_before(&mut self, minute: i64) {
        while self.0.front().is_some_and(|(number, _)| *number < minute) {
            self.0.pop_front();
        }
    }

    /// Everything from `minute` on, as it is written.
    pub(crate) fn since(&self, minute: i64) -> BTreeMap<i64, Pair> {
        self.0.iter().skip(self.before(minute)).copied().collect()
    }
}

impl From<BTreeMap<i64, Pair>> for Rows {
    fn from(rows: BTreeMap<i64, Pair>) -> Self {
        Self(rows.into_iter().collect())
    }
}
