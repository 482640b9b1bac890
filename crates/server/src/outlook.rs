//! The calendar of what follows, from what the last pass left to be seen.

use model::plan::Refusal;
use model::settings::Settings;
use planner::outlook::{self, End, Entry, Present, outlook};

use crate::api;

/// What follows for a migration.
pub(crate) fn of(detail: &api::Detail, settings: &Settings) -> api::Outlook {
    let refusals: Vec<Refusal> = detail
        .plan
        .lines
        .iter()
        .filter_map(|line| Some(Refusal { reason: line.reason.clone()?, opens_at: line.opens_at }))
        .collect();
    let outlook::Outlook { in_the_way, entries, end } = outlook(&Present {
        now: detail.seen_at,
        spec: &detail.migration,
        settings,
        status: &detail.status,
        verdict: &detail.verdict,
        coverage: detail.coverage.as_ref(),
        refusals: &refusals,
    });
    api::Outlook {
        name: detail.summary.name.clone(),
        doing: detail.summary.doing.clone(),
        now: detail.plan.clone(),
        in_the_way: in_the_way.iter().map(ToString::to_string).collect(),
        calendar: entries.into_iter().map(coming).collect(),
        end: ends(end),
    }
}

fn coming(entry: Entry) -> api::Coming {
    let Entry { at, expected, what, share, bound } = entry;
    api::Coming {
        at,
        expected,
        what: match what {
            outlook::Milestone::Step => api::Milestone::Step,
            outlook::Milestone::Baked => api::Milestone::Baked,
            outlook::Milestone::Drained => api::Milestone::Drained,
        },
        share,
        bound: bound.as_ref().map(|bound| bound.name().to_owned()),
        why: bound.map_or_else(String::new, |bound| bound.to_string()),
    }
}

fn ends(end: End) -> api::End {
    let (kind, at, message) = match end {
        End::Drained => {
            (api::EndKind::Drained, None, "All traffic is on Fargate and EC2 is quiet.".to_owned())
        }
        End::Held(share) => {
            (api::EndKind::Held, None, format!("{share} is what is asked for, and is held."))
        }
        End::Stopped { at, reason } => (api::EndKind::Stopped, Some(at), reason.to_string()),
        End::Unknown => (
            api::EndKind::Unknown,
            None,
            "Not known: no pass has read the live weights yet, or there are too many steps."
                .to_owned(),
        ),
    };
    api::End { kind, at, message }
}
