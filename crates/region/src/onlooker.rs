//! Somebody who looks on at every call: the places at which a caller's process may end.

use std::fmt;
use std::sync::Arc;

use crate::Region;

/// A moment of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// The call, as IAM names it.
    pub operation: &'static str,
    /// Whether it may change anything.
    pub writes: bool,
    /// Whether it was carried out; its caller has not been told yet.
    pub done: bool,
}

type Look = dyn Fn(&Region, Moment) + Send + Sync;

/// Is shown the region just before and just after it carries out each call.
#[derive(Clone)]
pub(crate) struct Onlooker(Arc<Look>);

impl fmt::Debug for Onlooker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Onlooker")
    }
}

impl Region {
    /// From now on `look` is shown every call. It must not call back.
    pub fn look_on(&mut self, look: impl Fn(&Self, Moment) + Send + Sync + 'static) {
        self.onlooker = Some(Onlooker(Arc::new(look)));
    }

    /// The same region for somebody else: both go on from here with the same chance, and nobody
    /// looks on at the new one.
    #[must_use]
    pub fn fork(&self) -> Self {
        let mut fork = self.clone();
        fork.onlooker = None;
        fork
    }

    pub(crate) fn show(&self, operation: &'static str, writes: bool, done: bool) {
        if let Some(Onlooker(look)) = &self.onlooker {
            look(self, Moment { operation, writes, done });
        }
    }
}
