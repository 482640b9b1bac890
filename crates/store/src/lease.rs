//! Leases: which of several processes on one store may write.
//!
//! ```text
//! stand -- row free ----------------------------> take it: token + 1 ----> Held
//!       -- row is mine -------------------------> renew it: beat + 1 ----> Held
//!       -- another's, changed since last seen --> note it, and when -----> Standby
//!       -- another's, unchanged for a term -----> take it: token + 1 ----> Held
//! ```
//!
//! Time is what this process reads on its own monotonic clock. No instant is ever stored, so
//! clocks that differ or jump between processes cannot make two holders. A holder that was
//! paused does not know that its term is over; its token does, and every save asks for it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::{Error, Result, Store};

/// How long a row must stand unchanged before another may take it, unless told otherwise: what
/// client-go's leader election takes (`LeaseDuration`), and within what a fail-over may last (P13).
pub const LEASE_TERM: Duration = Duration::from_secs(15);

/// A number that rises with each new holder; a save under an older one is refused.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token(pub u64);

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The one row that says who may write. The default is that of a store nobody ever held.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lease {
    /// Who took it last, for people to read: tokens tell holders apart, names do not.
    pub owner: String,
    /// How often it was taken.
    pub token: Token,
    /// How often the holder has renewed it.
    pub beat: u64,
    /// Whether it is held; a holder that goes in good order gives it up.
    pub is_held: bool,
}

impl Lease {
    /// What a save through a handle with `token` must be told, if this is the row.
    ///
    /// # Errors
    /// `Fenced`: with a token unless this is its lease; without one while anybody holds it.
    pub fn check(&self, token: Option<Token>) -> Result<()> {
        let held = self.is_held.then_some(self.token);
        if held == token { Ok(()) } else { Err(self.fenced()) }
    }

    /// The error that names the holder.
    #[must_use]
    pub fn fenced(&self) -> Error {
        Error::Fenced { holder: self.is_held.then(|| self.owner.clone()) }
    }
}

/// A store that several processes can reach, of which one may write.
///
/// A handle without a token saves only while nobody holds the lease: a process that is alone
/// need not bother with leases, and one that forgot to cannot write beside another.
#[async_trait]
pub trait Leases: Store {
    /// The row as it is; [`Lease::default`] where it was never taken.
    ///
    /// # Errors
    /// `Corrupt`, `NewerSchema`, `Unavailable`.
    async fn lease(&self) -> Result<Lease>;

    /// Replaces the row if it still is `expected`. One conditional write, whatever the store.
    ///
    /// # Errors
    /// `Fenced` when it is another one: somebody was faster. Otherwise as [`Store::save`].
    async fn save_lease(&self, expected: &Lease, lease: &Lease) -> Result<()>;

    /// A handle on the same store whose every save is refused unless `token` holds the lease at
    /// that moment.
    fn under(&self, token: Token) -> Arc<dyn Store>;
}

/// Where a candidate stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It may write, through [`Leases::under`] this token.
    Held {
        /// The token.
        token: Token,
        /// When it must stop acting on the world unless it has renewed by then, on the clock
        /// that `now` was read from.
        until: Duration,
    },
    /// Another one may.
    Standby {
        /// Who.
        owner: String,
        /// Since when this process has seen no sign of it.
        since: Duration,
    },
}

/// One process that wants to hold the lease.
#[derive(Debug)]
pub struct Candidate {
    owner: String,
    term: Duration,
    mine: Option<Mine>,
    /// Another's row as it was last seen, and since when it has been like that.
    seen: Option<(Lease, Duration)>,
}

#[derive(Debug, Clone, Copy)]
struct Mine {
    token: Token,
    until: Duration,
}

impl Candidate {
    /// A candidate called `owner`, which is shown to others: host, process, start. All candidates
    /// of a store must be given the same `term`; [`LEASE_TERM`] is meant for all.
    #[must_use]
    pub fn new(owner: impl Into<String>, term: Duration) -> Self {
        Self { owner: owner.into(), term, mine: None, seen: None }
    }

    /// How often to call [`Candidate::stand`]: thrice in a term.
    #[must_use]
    pub fn every(&self) -> Duration {
        self.term / 3
    }

    /// Takes the lease, renews it, or stands by. `now` is the time on this process's monotonic
    /// clock since any moment, read before the call.
    ///
    /// After `Standby` or an error a holder may act until the last `until` it was given and no
    /// longer; a token that was lost never comes back, so what was learnt under it is to be
    /// loaded again.
    ///
    /// # Errors
    /// As [`Leases::lease`] and [`Leases::save_lease`], `Fenced` excepted.
    pub async fn stand(&mut self, store: &dyn Leases, now: Duration) -> Result<Standing> {
        let row = store.lease().await?;
        let next = match self.next(&row, now) {
            Ok(next) => next,
            Err(standby) => return Ok(standby),
        };
        match store.save_lease(&row, &next).await {
            Ok(()) => {
                // The last third is the margin (C1) for calls under way and clocks of other speeds.
                let until = now.saturating_add(self.term / 3 * 2);
                self.mine = Some(Mine { token: next.token, until });
                self.seen = None;
                Ok(Standing::Held { token: next.token, until })
            }
            Err(Error::Fenced { holder }) => {
                self.mine = None;
                Ok(Standing::Standby { owner: holder.unwrap_or_default(), since: now })
            }
            // Whether it was taken is not known. A renewal will be seen by its token; a lease
            // taken anew is nobody's, and is free again after a term.
            Err(error) => Err(error),
        }
    }

    /// Whether this candidate may act on the world at `now`.
    #[must_use]
    pub fn may_act(&self, now: Duration) -> bool {
        self.mine.is_some_and(|mine| now < mine.until)
    }

    /// Gives the lease up, so that a successor need not wait. Harmless where it is not held.
    ///
    /// # Errors
    /// As [`Candidate::stand`]; the lease then ends by itself after its term.
    pub async fn step_down(&mut self, store: &dyn Leases) -> Result<()> {
        let Some(mine) = self.mine.take() else { return Ok(()) };
        let row = store.lease().await?;
        if row.check(Some(mine.token)).is_err() {
            return Ok(());
        }
        match store.save_lease(&row, &Lease { is_held: false, ..row.clone() }).await {
            Err(Error::Fenced { .. }) => Ok(()),
            saved => saved,
        }
    }

    /// The row to put in place of `row`, or whom to stand by for.
    fn next(&mut self, row: &Lease, now: Duration) -> std::result::Result<Lease, Standing> {
        let mine = self.mine.map(|mine| mine.token);
        if row.is_held && mine == Some(row.token) {
            return Ok(Lease { beat: row.beat.saturating_add(1), ..row.clone() });
        }
        self.mine = None;
        let since = match &self.seen {
            Some((seen, since)) if seen == row => *since,
            Some(_) | None => now,
        };
        self.seen = Some((row.clone(), since));
        if row.is_held && now.saturating_sub(since) < self.term {
            return Err(Standing::Standby { owner: row.owner.clone(), since });
        }
        let token = Token(row.token.0.saturating_add(1));
        Ok(Lease { owner: self.owner.clone(), token, beat: 0, is_held: true })
    }
}
