//! Whose turn it is where a look has fewer turns than there are things to look at.
//!
//! AWS gives so many calls a second, however large the fleet. A look takes what it can have
//! without waiting long, and what is left has its turn in the next one, ten seconds later: what
//! moves is held up by nothing, and the work is the same whatever happens.

use std::collections::BTreeMap;

use model::Time;
use model::spec::Aws;

/// How pressing a look is, the most pressing first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Need {
    /// It may be moving, or is suspect.
    Moves,
    /// Nobody else speaks for it, or something waits for it.
    Asked,
    /// It rests, and another witness says that it is as it was.
    Rests,
}

/// Something that is due.
#[derive(Debug, Clone)]
pub(crate) struct Waiting<K> {
    pub(crate) key: K,
    pub(crate) need: Need,
    /// Since when it waits: those that wait longest come first.
    pub(crate) since: Option<Time>,
}

/// How much of what is due one look takes, of each account and region.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Turns {
    /// At most, all together.
    pub(crate) most: usize,
    /// At most of those that rest.
    pub(crate) resting: usize,
}

impl Turns {
    /// The keys whose turn it is, in order of need, and whether any has to wait.
    pub(crate) fn take<K>(
        self,
        mut waiting: Vec<Waiting<K>>,
        account: impl Fn(&K) -> Aws,
    ) -> (Vec<K>, bool) {
        let mut accounts = BTreeMap::<Aws, [usize; 3]>::new();
        for one in &waiting {
            *place(accounts.entry(account(&one.key)).or_default(), one.need) += 1;
        }
        for left in accounts.values_mut() {
            *left = self.share_out(*left);
        }
        waiting.sort_by_key(|one| (one.need, one.since));
        let before = waiting.len();
        let mut taken = Vec::with_capacity(before);
        for one in waiting {
            let left = place(accounts.entry(account(&one.key)).or_default(), one.need);
            if *left > 0 {
                *left -= 1;
                taken.push(one.key);
            }
        }
        let waits = taken.len() < before;
        (taken, waits)
    }

    /// How many of each need have their turn. A third of all turns is kept for what does not
    /// move, where it is wanted: however much moves, the rest is seen as well.
    fn share_out(self, [moving, asked, resting]: [usize; 3]) -> [usize; 3] {
        let kept = (self.most / 3).min(asked.saturating_add(resting));
        let moving = moving.min(self.most.saturating_sub(kept));
        let asked = asked.min(self.most.saturating_sub(moving));
        let left = self.most.saturating_sub(moving).saturating_sub(asked);
        [moving, asked, resting.min(self.resting).min(left)]
    }
}

const fn place(counts: &mut [usize; 3], need: Need) -> &mut usize {
    let [moving, asked, resting] = counts;
    match need {
        Need::Moves => moving,
        Need::Asked => asked,
        Need::Rests => resting,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TURNS: Turns = Turns { most: 75, resting: 34 };

    fn account(region: &str) -> Aws {
        Aws { region: region.to_owned(), ..Aws::default() }
    }

    fn waiting(key: &'static str, need: Need, since: i64) -> Waiting<&'static str> {
        Waiting { key, need, since: Some(Time::from_secs(since)) }
    }

    #[test]
    fn what_moves_is_looked_at_first_and_then_what_waits_longest() {
        let never = Waiting { key: "never", need: Need::Rests, since: None };
        let all = vec![
            waiting("calm-1", Need::Rests, 300),
            waiting("calm-2", Need::Rests, 60),
            never,
            waiting("asked", Need::Asked, 310),
            waiting("moving-1", Need::Moves, 300),
            waiting("moving-2", Need::Moves, 290),
        ];
        let (order, waits) = TURNS.take(all, |_| account("a"));
        assert_eq!(order, ["moving-2", "moving-1", "asked", "never", "calm-2", "calm-1"]);
        assert!(!waits);
    }

    #[test]
    fn a_look_takes_what_ten_seconds_have_turns_for() {
        for (due, taken) in [
            ([40, 0, 1_960], [40, 0, 34]),
            ([0, 0, 2_000], [0, 0, 34]),
            ([0, 2_000, 0], [0, 75, 0]),
            ([40, 1_960, 0], [40, 35, 0]),
            ([40, 10, 1_950], [40, 10, 25]),
            ([2_000, 0, 0], [75, 0, 0]),
            ([1_000, 0, 1_000], [50, 0, 25]),
            ([1_000, 1_000, 1_000], [50, 25, 0]),
            ([1_000, 4, 3], [68, 4, 3]),
            ([0, 0, 0], [0, 0, 0]),
        ] {
            assert_eq!(TURNS.share_out(due), taken, "{due:?}");
        }
    }

    #[test]
    fn each_account_and_region_has_its_own_turns() {
        let one = Turns { most: 1, resting: 1 };
        let all = vec![
            waiting("a-1", Need::Rests, 1),
            waiting("b-1", Need::Rests, 3),
            waiting("a-2", Need::Rests, 2),
        ];
        let (order, waits) = one.take(all, |key| account(&key[..1]));
        assert_eq!(order, ["a-1", "b-1"]);
        assert!(waits, "one of the first account has to wait");
    }
}
