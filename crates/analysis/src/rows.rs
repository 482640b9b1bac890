//! The rows that a fold still needs, by minute.

use std::collections::BTreeMap;

use model::PerSide;

use crate::pairing::Row;

/// Both sides of a minute; a side that is not there has not been seen.
pub(crate) type Pair = PerSide<Option<Row>>;

/// Rows by minute, the oldest first.
///
/// Rows come nearly in order and the judged ones are forgotten soon, so what is looked for is
/// among the last few: a search from the back takes fewer steps than any tree.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Rows(Vec<(i64, Pair)>);

const NONE: Pair = PerSide { ec2: None, fargate: None };

impl Rows {
    /// How many minutes are before `minute`.
    fn before(&self, minute: i64) -> usize {
        self.0.iter().rposition(|(number, _)| *number < minute).map_or(0, |last| last + 1)
    }

    /// The first minute that is not before `minute`, with its rows.
    pub(crate) fn first_from(&self, minute: i64) -> Option<&(i64, Pair)> {
        self.0.get(self.before(minute))
    }

    /// The rows of `minute`; none of a minute that nobody reported.
    pub(crate) fn get(&self, minute: i64) -> &Pair {
        match self.first_from(minute) {
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

    pub(crate) fn newest(&self) -> Option<i64> {
        self.0.last().map(|(number, _)| *number)
    }

    /// Forgets everything before `minute`.
    pub(crate) fn forget_before(&mut self, minute: i64) {
        self.0.drain(..self.before(minute));
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn row(revision: u32) -> Row {
        Row { revision, ..Row::default() }
    }

    proptest! {
        #[test]
        fn rows_hold_what_a_tree_would(
            steps in prop::collection::vec((0..40_i64, 0..3_u8), 1..200),
        ) {
            let (mut rows, mut tree) = (Rows::default(), BTreeMap::<i64, Pair>::new());
            for (step, (minute, what)) in (0_u32..).zip(steps) {
                if what == 0 {
                    rows.forget_before(minute / 2);
                    tree = tree.split_off(&(minute / 2));
                } else {
                    rows.entry(minute).ec2 = Some(row(step));
                    tree.entry(minute).or_default().ec2 = Some(row(step));
                }
                prop_assert_eq!(rows.get(minute), &tree.get(&minute).copied().unwrap_or_default());
                prop_assert_eq!(rows.newest(), tree.last_key_value().map(|(newest, _)| *newest));
                let next = tree.range(minute..).next().map(|(number, rows)| (*number, *rows));
                prop_assert_eq!(rows.first_from(minute).copied(), next);
                let since: BTreeMap<i64, Pair> =
                    tree.range(minute..).map(|(number, rows)| (*number, *rows)).collect();
                prop_assert_eq!(rows.since(minute), since);
                prop_assert_eq!(Rows::from(tree.clone()).since(i64::MIN), tree.clone());
            }
        }
    }
}
