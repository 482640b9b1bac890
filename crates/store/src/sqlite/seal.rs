//! Seals: what a row was when it was saved, so that no other content is taken for it.
//!
//! SQLite checks the structure of its pages and not what they hold: a flipped bit in a body, or a
//! page of an older transaction among newer ones, is read as if nothing had happened. So each row
//! carries a SHA-256 of its key and content, and one row carries the sum (exclusive or) of the
//! seals of all records, facts and the lease: rows that vanished or went back in time change it.
//! This finds accidents; it is no protection from somebody who means it.

use sha2::{Digest as _, Sha256};

pub(crate) type Seal = [u8; 32];

/// The seal of a row of `kind`. Each part is preceded by its length, so that no two lists of
/// parts are the same bytes.
pub(crate) fn seal(kind: &str, parts: &[&[u8]]) -> Seal {
    let mut digest = Sha256::new();
    for part in [kind.as_bytes()].iter().chain(parts) {
        digest.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
        digest.update(part);
    }
    digest.finalize().into()
}

/// Adds a seal to a sum, or takes it out again.
pub(crate) fn toggle(sum: &mut Seal, seal: &Seal) {
    for (sum, seal) in sum.iter_mut().zip(seal) {
        *sum ^= seal;
    }
}
