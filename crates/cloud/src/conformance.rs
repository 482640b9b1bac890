//! What any implementation of the traits must do, as tests that each implementation runs.
//!
//! An implementation gives a [`Harness`]: a small world of its own making, a way to let time pass,
//! and a way to lose a reply. [`conformance_tests!`](crate::conformance_tests) then makes one test
//! of each claim, each in a fresh world:
//!
//! ```text
//! cloud::conformance_tests!(futures::executor::block_on, MyHarness::new());
//! ```
//!
//! The checks panic with the claim that does not hold, as tests do. They ask for nothing that AWS
//! does not promise: a world may answer later than at once, so they let time pass first.

pub mod clock;
pub mod marks;
pub mod router;
pub mod scaling;
pub mod services;
pub mod signals;

use async_trait::async_trait;
use model::Span;
use model::route::{Routes, ServiceId};

use crate::{Cloud, TargetGroup};

/// A world to hold the traits against.
///
/// It holds one migration: two services behind the routes below, all traffic on EC2, a steady load
/// of at least a hundred requests a minute for at least an hour, no noise in publication.
#[async_trait]
pub trait Harness: Send + Sync {
    /// The world's capabilities.
    fn cloud(&self) -> &Cloud;

    /// A service with traffic and a scalable target; at least two tasks are desired, the bounds
    /// leave room of ten tasks above that.
    fn service(&self) -> ServiceId;

    /// The target group of [`Self::service`].
    fn group(&self) -> TargetGroup;

    /// A service without a scalable target and without traffic.
    fn bare_service(&self) -> ServiceId;

    /// The target group of [`Self::bare_service`].
    fn idle_group(&self) -> TargetGroup;

    /// The routes between the two services, one at least, all at weight zero for Fargate.
    fn routes(&self) -> Routes;

    /// Lets time pass.
    async fn advance(&self, span: Span);

    /// The next call of `operation`, such as `ecs:UpdateService`, is carried out, and its reply is
    /// lost.
    async fn lose_next_reply(&self, operation: &'static str);
}

/// Makes a test of each claim: of all suites, or of those named after the harness.
///
/// The first argument runs a future to its end, the second makes a fresh [`Harness`]. With `marks`
/// before them it makes those on marks of ownership, which not every world has.
#[macro_export]
macro_rules! conformance_tests {
    (marks, $block_on:path, $harness:expr) => {
        $crate::conformance_tests!(@suite marks, $block_on, $harness;
            a_mark_is_put_and_seen
            a_missing_thing_spoils_no_other
            somebody_elses_mark_is_a_conflict
            a_mark_changes_hands_and_goes
        );
    };
    ($block_on:path, $harness:expr) => {
        $crate::conformance_tests!(@suite services, $block_on, $harness;
            answers_come_in_the_order_asked
            a_missing_group_spoils_no_other
            a_desired_count_is_set_and_seen
            a_stale_expectation_is_a_conflict
            a_repeated_write_is_no_conflict
            a_missing_service_is_not_found
            after_a_lost_reply_a_look_shows_the_truth
        );
        $crate::conformance_tests!(@suite scaling, $block_on, $harness;
            targets_come_in_the_order_asked
            bounds_are_set_and_seen
            a_stale_expectation_is_a_conflict
            a_repeated_write_is_no_conflict
            a_minimum_above_the_maximum_is_invalid
            a_service_without_target_is_not_found
            scaling_is_suspended_and_started_again
            a_stale_suspension_is_a_conflict
            bounds_move_the_desired_count
            a_scheduled_action_fires_alone
            a_scheduled_action_replaces_its_namesake
            a_scheduled_action_in_the_past_is_invalid
            deleting_what_is_not_there_is_done
            after_a_lost_reply_a_look_shows_the_truth
        );
        $crate::conformance_tests!(@suite router, $block_on, $harness;
            splits_come_in_the_order_asked
            half_a_split_is_no_split
            weights_are_set_verified_and_seen
            a_repeated_shift_writes_nothing
            a_stale_expectation_is_a_conflict_and_changes_nothing
            a_shift_without_any_weight_is_invalid
            a_shift_of_half_the_routes_is_invalid
            a_weight_above_the_limit_is_invalid
            a_change_spreads_in_time
            after_a_lost_reply_a_look_shows_the_truth
        );
        $crate::conformance_tests!(@suite signals, $block_on, $harness;
            answers_come_in_the_order_asked
            settled_minutes_are_aligned_and_complete
            errors_are_known_where_requests_are
            a_looser_threshold_never_counts_more
            a_minute_asked_twice_is_the_same
            no_data_is_not_zero
            the_future_is_unknown
            quantiles_need_traffic
        );
        $crate::conformance_tests!(@suite clock, $block_on, $harness;
            sleeping_reaches_its_time
            time_never_goes_back
        );
    };
    (@suite $suite:ident, $block_on:path, $harness:expr; $($claim:ident)+) => {
        mod $suite {
            use super::*;
            $(
                #[test]
                fn $claim() {
                    $block_on($crate::conformance::$suite::$claim(&$harness));
                }
            )+
        }
    };
}

/// The only answer to a question of one.
fn only<T>(answers: Vec<T>) -> T {
    let mut answers = answers.into_iter();
    let (first, second) = (answers.next(), answers.next());
    assert!(second.is_none(), "more answers than questions");
    first.expect("as many answers as questions")
}

/// A service that no world has.
fn missing_service(harness: &impl Harness) -> ServiceId {
    ServiceId {
        account: harness.service().account,
        cluster: "no-such-cluster".to_owned(),
        service: "no-such-service".to_owned(),
    }
}

/// A target group that no world has.
fn missing_group(harness: &impl Harness) -> TargetGroup {
    let arn = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/no-such-group/0";
    TargetGroup { account: harness.group().account, arn: arn.to_owned() }
}
