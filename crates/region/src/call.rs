//! A call as it comes over the wire: one answer of the border for any number of requests.

use cloud::{Error, ErrorKind};
use model::Span;

use crate::Region;
use crate::region::refused;
use crate::request::{Request, Response};

/// One call of an API that carries any number of requests, or none: what a list of clusters is
/// made of has no request of its own, and the border meets the call all the same.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// The operation, as IAM names it.
    pub operation: &'static str,
    /// Whether it may change anything.
    pub writes: bool,
    /// What it asks for, in order.
    pub requests: &'a [Request<'a>],
}

impl Region {
    /// Answers a call at the present, each request by itself: `DescribeServices` of ten services
    /// is throttled once or not at all, and one missing service spoils no other.
    ///
    /// # Errors
    /// What met the call as a whole: `Denied` or `Throttled` before anything was carried out,
    /// `Unreachable` or `OutcomeUnknown` where the reply was lost.
    pub fn call(&mut self, call: &Call<'_>) -> Result<Vec<Response>, Error> {
        self.show(call.operation, call.writes, false);
        let answers = self.meet(call.operation).and_then(|age| self.answer_all(call, age));
        self.show(call.operation, call.writes, true);
        answers
    }

    fn answer_all(&mut self, call: &Call<'_>, age: Span) -> Result<Vec<Response>, Error> {
        let Call { operation, writes, requests } = *call;
        let answers: Vec<Response> = requests
            .iter()
            .map(|request| self.carry_out(request, operation, age).unwrap_or_else(Response::Failed))
            .collect();
        if self.is_reply_lost(operation) {
            let done = answers.iter().any(|answer| !matches!(answer, Response::Failed(_)));
            return Err(self.lose(writes, operation, done));
        }
        Ok(answers)
    }

    /// Brings a call to the border: how old its answer is, or why it is turned away.
    pub(crate) fn meet(&mut self, operation: &'static str) -> Result<Span, Error> {
        self.journal.count(operation);
        if self.disturbances.is_empty() {
            return Ok(Span::ZERO);
        }
        let (denied, throttled) = self.disturbances.refusals(operation, self.now());
        // The draw is made whether it matters or not, so that a fault moves nothing else.
        let lot = self.border.uniform();
        if denied {
            let message = "the role is not authorized to perform this operation";
            return Err(refused(ErrorKind::Denied, operation, message));
        }
        if lot < throttled {
            return Err(refused(ErrorKind::Throttled, operation, "Rate exceeded"));
        }
        Ok(self.disturbances.age(operation, self.now()))
    }

    /// Whether the reply to a call that was just carried out gets lost.
    pub(crate) fn is_reply_lost(&mut self, operation: &'static str) -> bool {
        !self.disturbances.is_empty() && self.disturbances.loses_reply(operation, self.now())
    }

    /// What the caller is told whose reply was lost.
    pub(crate) fn lose(&mut self, writes: bool, operation: &'static str, done: bool) -> Error {
        if !writes {
            return refused(ErrorKind::Unreachable, operation, "no reply came in time");
        }
        if done {
            self.journal.lose_last_reply();
        }
        refused(ErrorKind::OutcomeUnknown, operation, "no reply came in time")
    }
}
