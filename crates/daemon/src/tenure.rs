//! Whether this process is the one that acts.

use std::sync::Arc;
use std::time::Duration;

use store::{Candidate, LEASE_TERM, Leases, Standing, Token};

use crate::guarded::Fence;

/// What this process may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Rank {
    /// It acts, under this token.
    Acting(Token),
    /// Another one acts.
    Standby(String),
    /// The store does not say: look, show, and change nothing.
    Observing(String),
}

/// This process's candidacy, and the fence that follows it.
pub(crate) struct Tenure {
    leases: Arc<dyn Leases>,
    candidate: Candidate,
    fence: Arc<Fence>,
    due: Duration,
    rank: Option<Rank>,
    /// Whether the rank has changed since it was last asked for.
    is_news: bool,
}

impl Tenure {
    pub(crate) fn new(leases: Arc<dyn Leases>, owner: &str, fence: Arc<Fence>) -> Self {
        let candidate = Candidate::new(owner, LEASE_TERM);
        Self { leases, candidate, fence, due: Duration::ZERO, rank: None, is_news: false }
    }

    /// Renews or asks again, if it is time to; gives the rank, and whether it is another one than
    /// was given last.
    pub(crate) async fn keep(&mut self) -> (Rank, bool) {
        let rank = match &self.rank {
            Some(rank) if self.fence.now() < self.due => rank.clone(),
            Some(_) | None => self.stand().await,
        };
        (rank, std::mem::take(&mut self.is_news))
    }

    /// Renews beside a tick that takes longer than a renewal may wait. What changes is told by
    /// the next [`Tenure::keep`]; the fence and the store know it at once.
    pub(crate) async fn keep_on(&mut self) -> ! {
        loop {
            tokio::time::sleep(self.due.saturating_sub(self.fence.now())).await;
            self.stand().await;
        }
    }

    async fn stand(&mut self) -> Rank {
        let now = self.fence.now();
        let stood = self.candidate.stand(self.leases.as_ref(), now).await;
        // Not before: a call that is dropped midway is made again at once.
        self.due = now + self.candidate.every();
        let rank = match stood {
            Ok(Standing::Held { token, until }) => {
                self.fence.open_until(until);
                Rank::Acting(token)
            }
            Ok(Standing::Standby { owner, since: _ }) => {
                self.fence.close();
                Rank::Standby(owner)
            }
            // A renewal that failed leaves what was granted before; the fence knows its end.
            Err(error) => Rank::Observing(error.to_string()),
        };
        self.is_news |= self.rank.as_ref() != Some(&rank);
        self.rank = Some(rank.clone());
        rank
    }

    /// The token this process acts under.
    pub(crate) const fn token(&self) -> Option<Token> {
        match &self.rank {
            Some(Rank::Acting(token)) => Some(*token),
            Some(Rank::Standby(_) | Rank::Observing(_)) | None => None,
        }
    }

    /// Gives the lease up, so that a successor need not wait for its end.
    pub(crate) async fn end(&mut self) {
        self.fence.close();
        if let Err(error) = self.candidate.step_down(self.leases.as_ref()).await {
            tracing::warn!(%error, "The lease could not be given up; it ends by itself.");
        }
    }
}
