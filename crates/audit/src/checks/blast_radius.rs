//! S7: not too many migrations at once, and none after too many failures.

use model::Share;

use super::Notes;
use crate::facts::Facts;

pub(super) fn look(facts: &Facts<'_>, notes: &mut Notes) {
    let limits = facts.input.settings.limits;
    for shift in facts.advances() {
        let Some(fleet) = facts.input.fleet else {
            notes.fatal(shift.index, "it is not known what the other migrations are at");
            continue;
        };
        if fleet.failures >= limits.failures_before_brake {
            let failures = fleet.failures;
            notes.fatal(shift.index, format!("{failures} rollbacks of late brake every step"));
        }
        // A migration that has begun holds its place already.
        if facts.live_share() != Some(Share::ZERO) {
            continue;
        }
        for (stepping, most, place) in [
            (fleet.stepping, limits.stepping_at_once, "in all"),
            (fleet.stepping_in_cluster, limits.per_cluster, "in this cluster"),
        ] {
            if stepping >= most {
                notes.fatal(
                    shift.index,
                    format!("{stepping} other migrations are stepping {place} and {most} may"),
                );
            }
        }
    }
}
