//! How much load there is, and what tasks were seen to carry, from settled minutes.

use std::collections::VecDeque;

use model::observation::{Load, MeasuredShare};
use model::{PerSide, Share, Side};

/// Minutes over which the present load, the sides' rates and the real share are taken.
const RECENT_MINUTES: i64 = 10;
/// One entry for each of them.
const RECENT_MAX: usize = 10;
/// Minutes that one remembered maximum stands for.
const BLOCK_MINUTES: i64 = 10;
/// A week of such blocks: the load that a rollback must be able to carry is the week's highest.
const BLOCKS_MAX: i64 = 7 * 24 * 6;
/// Load may grow by this factor until the next settled minute is seen: settled minutes are two
/// to three minutes old, and outside announced surges load hardly grows by a quarter in that
/// time. Surges are covered by the week's peak, not by this factor.
const GROWTH: f64 = 1.25;

/// A side that brought at most this part of the other's requests when it was last heard of may
/// fall silent without hiding any load: one with no targets left says nothing at all.
const NEGLIGIBLE: f64 = 0.01;

/// One settled minute of both sides.
#[derive(Debug, Clone, Copy)]
struct Recent {
    minute: i64,
    requests: PerSide<Option<u64>>,
}

/// What recent minutes say about load, for one migration.
#[derive(Debug, Clone, Default)]
pub(crate) struct LoadLog {
    recent: VecDeque<Recent>,
    /// What each side brought when it was last heard of.
    last: PerSide<Option<(i64, u64)>>,
    /// The highest total of a block of ten minutes, with the block's number, for each block that
    /// is higher than all later ones: oldest and highest first.
    blocks: VecDeque<(i64, u64)>,
}

impl LoadLog {
    /// Takes one side's count of a minute; a later report of the same minute replaces it.
    pub(crate) fn push(&mut self, side: Side, minute: i64, requests: Option<u64>) {
        let Some(entry) = self.entry(minute) else { return };
        *entry.requests.get_mut(side) = requests;
        // A minute that is known in part is at least that much, and peaks only grow.
        let total =
            entry.requests.ec2.unwrap_or(0).saturating_add(entry.requests.fargate.unwrap_or(0));
        self.raise_block(minute.div_euclid(BLOCK_MINUTES), total);
        let last = self.last.get_mut(side);
        if let Some(requests) = requests
            && last.is_none_or(|(newest, _)| newest <= minute)
        {
            *last = Some((minute, requests));
        }
        while self.recent.len() > RECENT_MAX {
            self.recent.pop_front();
        }
    }

    /// The entry of `minute`, made if it is new; `None` for a minute long gone.
    fn entry(&mut self, minute: i64) -> Option<&mut Recent> {
        let at = self.recent.partition_point(|recent| recent.minute < minute);
        if self.recent.get(at).is_none_or(|recent| recent.minute != minute) {
            if at == 0 && !self.recent.is_empty() {
                return None;
            }
            let requests = PerSide { ec2: None, fargate: None };
            self.recent.insert(at, Recent { minute, requests });
        }
        self.recent.get_mut(at)
    }

    /// Takes `total` into its block. Only blocks that are higher than all later ones can still
    /// be the week's highest: the rest are dropped at once, and the first one left is it.
    fn raise_block(&mut self, block: i64, total: u64) {
        if self.blocks.back().is_some_and(|(newest, _)| *newest > block) {
            return;
        }
        while self.blocks.back().is_some_and(|(_, highest)| *highest <= total) {
            self.blocks.pop_back();
        }
        if self.blocks.back().is_none_or(|(newest, _)| *newest != block) {
            self.blocks.push_back((block, total));
        }
        let oldest = block - BLOCKS_MAX;
        while self.blocks.front().is_some_and(|(number, _)| *number <= oldest) {
            self.blocks.pop_front();
        }
    }

    /// The load as of `latest`, the newest settled minute. `None` when no recent minute is known
    /// as a whole: no data is not no load, and one side's load is not that of both.
    #[expect(clippy::cast_precision_loss, reason = "requests per minute are far below 2^53")]
    pub(crate) fn load(
        &self,
        latest: i64,
        safe_per_task_rpm: PerSide<Option<f64>>,
    ) -> Option<Load> {
        let recent = || self.recent.iter().filter(move |r| r.minute > latest - RECENT_MINUTES);
        let whole = || recent().filter_map(|r| Some((r.minute, self.total(r)?)));
        let minute = whole().map(|(minute, _)| minute).max()?;
        let now = whole().map(|(_, total)| total).max()?;
        let peak = self.blocks.front().map_or(0, |(_, highest)| *highest).max(now);
        let side_rpm = PerSide::from_fn(|side| {
            let counts: Vec<u64> = recent().filter_map(|r| *r.requests.get(side)).collect();
            (!counts.is_empty()).then(|| counts.iter().sum::<u64>() as f64 / counts.len() as f64)
        });
        Some(Load {
            minute,
            now_rpm: now as f64,
            growth: GROWTH,
            peak_rpm: peak as f64,
            side_rpm,
            safe_per_task_rpm,
            measured: self.measured(latest),
        })
    }

    /// The requests of both sides, unless one is silent that may have had some.
    #[expect(clippy::cast_precision_loss, reason = "requests per minute are far below 2^53")]
    fn total(&self, recent: &Recent) -> Option<u64> {
        let silent = |side: Side, other: u64| {
            let last = self.last.get(side).map_or(0, |(_, requests)| requests);
            (last as f64 <= NEGLIGIBLE * other as f64).then_some(other)
        };
        match (recent.requests.ec2, recent.requests.fargate) {
            (Some(ec2), Some(fargate)) => Some(ec2.saturating_add(fargate)),
            (Some(ec2), None) => silent(Side::Fargate, ec2),
            (None, Some(fargate)) => silent(Side::Ec2, fargate),
            (None, None) => None,
        }
    }

    /// The real share over the recent minutes in which both sides are known.
    #[expect(clippy::cast_precision_loss, reason = "requests of ten minutes are far below 2^53")]
    fn measured(&self, latest: i64) -> Option<MeasuredShare> {
        let mut counted = self
            .recent
            .iter()
            .filter(|r| r.minute > latest - RECENT_MINUTES)
            .filter_map(|r| Some((r.minute, r.requests.ec2?, r.requests.fargate?)))
            .peekable();
        let from_minute = counted.peek()?.0;
        let (ec2, fargate) =
            counted.fold((0, 0), |(e, f), (_, ec2, fargate)| (e + ec2, f + fargate));
        let requests = ec2 + fargate;
        let share = Share::from_ratio(fargate as f64 / requests as f64)?;
        Some(MeasuredShare { share, requests, from_minute })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(minutes: &[(i64, Option<u64>, Option<u64>)]) -> LoadLog {
        let mut log = LoadLog::default();
        for (minute, ec2, fargate) in minutes {
            log.push(Side::Ec2, *minute, *ec2);
            log.push(Side::Fargate, *minute, *fargate);
        }
        log
    }

    const UNKNOWN: PerSide<Option<f64>> = PerSide { ec2: None, fargate: None };

    #[test]
    fn no_data_is_not_no_load() {
        assert!(log(&[]).load(100, UNKNOWN).is_none());
        assert!(log(&[(100, None, None)]).load(100, UNKNOWN).is_none());
        // Heard of an hour ago is not heard of.
        assert!(log(&[(40, Some(10), Some(10))]).load(100, UNKNOWN).is_none());
    }

    #[test]
    fn the_share_counts_only_minutes_in_which_both_sides_are_known() {
        let log = log(&[(98, Some(75), Some(25)), (99, Some(1000), None), (100, None, Some(1000))]);
        let load = log.load(100, UNKNOWN).unwrap();
        let measured = load.measured.unwrap();
        assert_eq!((measured.share, measured.requests), (Share::percent(25), 100));
        assert_eq!(measured.from_minute, 98);
    }

    #[test]
    fn a_side_that_fell_silent_is_not_taken_for_no_load() {
        let mut log = log(&[(80, Some(500), Some(500))]);
        for minute in 81..101 {
            log.push(Side::Ec2, minute, Some(500));
        }
        assert!(log.load(100, UNKNOWN).is_none(), "half of the load is out of sight");
        assert!(log.load(88, UNKNOWN).is_none());
        // A side without targets says nothing, and had next to nothing before.
        let mut quiet = LoadLog::default();
        quiet.push(Side::Ec2, 99, Some(500));
        assert!((quiet.load(100, UNKNOWN).unwrap().now_rpm - 500.0).abs() < 1e-9);
        quiet.push(Side::Fargate, 99, Some(5));
        quiet.push(Side::Ec2, 100, Some(600));
        assert!((quiet.load(100, UNKNOWN).unwrap().now_rpm - 600.0).abs() < 1e-9);
    }

    #[test]
    fn blocks_are_forgotten_by_age_even_where_minutes_are_missing() {
        let mut log = LoadLog::default();
        log.push(Side::Ec2, 5, Some(900));
        log.push(Side::Ec2, 5 + 8 * 1_440, Some(100));
        assert!((log.load(5 + 8 * 1_440, UNKNOWN).unwrap().peak_rpm - 100.0).abs() < 1e-9);
    }

    #[test]
    fn the_peak_outlives_the_recent_minutes_by_a_week() {
        let mut log = LoadLog::default();
        log.push(Side::Ec2, 5, Some(900));
        for minute in 6..10_070 {
            log.push(Side::Ec2, minute, Some(100));
        }
        assert!((log.load(10_069, UNKNOWN).unwrap().peak_rpm - 900.0).abs() < 1e-9);
        for minute in 10_070..10_100 {
            log.push(Side::Ec2, minute, Some(100));
        }
        assert!((log.load(10_099, UNKNOWN).unwrap().peak_rpm - 100.0).abs() < 1e-9);
    }

    #[test]
    fn a_corrected_minute_replaces_the_first_report() {
        let mut log = log(&[(99, Some(50), Some(50)), (100, Some(50), Some(50))]);
        log.push(Side::Fargate, 99, Some(150));
        assert_eq!(log.load(100, UNKNOWN).unwrap().measured.unwrap().requests, 300);
    }
}
