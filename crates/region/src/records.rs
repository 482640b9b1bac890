//! The minutes of a side, as long as `CloudWatch` keeps them.

use std::collections::VecDeque;

use crate::minute::SideRecord;

/// Data points of a minute are available for 15 days (`GetMetricData` API reference,
/// "Retention").
pub(crate) const MINUTES_KEPT: i64 = 15 * 1_440;
const KEPT_MAX: usize = 15 * 1_440;

/// The newest minutes of a side, without a hole, oldest first.
#[derive(Debug, Clone)]
pub(crate) struct Records {
    /// The number of the oldest one kept.
    first: i64,
    kept: VecDeque<SideRecord>,
}

impl Records {
    /// No minute yet; `first` will be the first.
    pub(crate) const fn new(first: i64) -> Self {
        Self { first, kept: VecDeque::new() }
    }

    /// Takes the next minute.
    pub(crate) fn push(&mut self, record: SideRecord) {
        if self.kept.len() == KEPT_MAX {
            self.kept.pop_front();
            self.first += 1;
        }
        self.kept.push_back(record);
    }

    pub(crate) fn last(&self) -> Option<&SideRecord> {
        self.kept.back()
    }

    /// Those of `[from, until)` that are kept, with their numbers.
    pub(crate) fn between(
        &self,
        from: i64,
        until: i64,
    ) -> impl Iterator<Item = (i64, &SideRecord)> {
        let place = |minute: i64| {
            let place = usize::try_from(minute.saturating_sub(self.first)).unwrap_or(0);
            place.min(self.kept.len())
        };
        let (begin, end) = (place(from), place(until).max(place(from)));
        (self.first..).zip(&self.kept).skip(begin).take(end - begin)
    }

    /// The newest minute that is so.
    pub(crate) fn newest(&self, is_so: impl Fn(&SideRecord) -> bool) -> Option<i64> {
        let place = self.kept.iter().rposition(is_so)?;
        Some(self.first.saturating_add(i64::try_from(place).unwrap_or(i64::MAX)))
    }
}
