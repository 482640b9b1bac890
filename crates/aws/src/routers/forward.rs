//! The weighted forward of a listener rule: reading it, and changing nothing but its weights.

use aws_sdk_elasticloadbalancingv2::types::{
    Action, ActionTypeEnum, ForwardActionConfig, TargetGroupStickinessConfig, TargetGroupTuple,
};
use model::Span;
use model::route::WeightPair;

/// The two groups of a route.
#[derive(Debug, Clone, Copy)]
pub(super) struct Groups<'a> {
    pub(super) ec2: &'a str,
    pub(super) fargate: &'a str,
}

/// What a rule is to hold.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    pub(super) weights: WeightPair,
    /// Whether traffic goes back to EC2.
    pub(super) rollback: bool,
    /// How long clients are to be held again, where they are not now.
    pub(super) sticky: Option<Span>,
}

/// How long a rule holds clients at the group they were sent to; `None` where it does not.
pub(super) fn sticky(actions: &[Action]) -> Option<Span> {
    let forward = actions.iter().find(|action| is_forward(action))?;
    let config = forward.forward_config()?.target_group_stickiness_config()?;
    let seconds = config.duration_seconds().filter(|_| config.enabled().unwrap_or(false))?;
    Some(Span::from_secs(u64::try_from(seconds).ok()?))
}

/// The weights of the two groups in a rule's actions; `None` where neither is forwarded to.
///
/// A group that is left out has weight zero. One that stands alone has everything, whatever its
/// weight: that is 100 and 0.
pub(super) fn weights(actions: &[Action], groups: Groups<'_>) -> Option<WeightPair> {
    let tuples = tuples(actions.iter().find(|action| is_forward(action))?);
    let find = |arn: &str| tuples.iter().find(|tuple| tuple.target_group_arn() == Some(arn));
    // Where weights are left out each group counts 1 (ELBv2 API).
    let weight = |tuple: &TargetGroupTuple| u32::try_from(tuple.weight().unwrap_or(1)).ok();
    match (find(groups.ec2), find(groups.fargate)) {
        (Some(ec2), Some(fargate)) => {
            Some(WeightPair { ec2: weight(ec2)?, fargate: weight(fargate)? })
        }
        (Some(_), None) if tuples.len() == 1 => Some(WeightPair { ec2: 100, fargate: 0 }),
        (None, Some(_)) if tuples.len() == 1 => Some(WeightPair { ec2: 0, fargate: 100 }),
        (Some(ec2), None) => Some(WeightPair { ec2: weight(ec2)?, fargate: 0 }),
        (None, Some(fargate)) => Some(WeightPair { ec2: 0, fargate: weight(fargate)? }),
        (None, None) => None,
    }
}

/// The actions with other weights for the two groups, and everything else as it is.
///
/// A rollback takes Fargate's group out where clients are held there by a cookie, with the
/// stickiness itself: at weight zero they would stay. The next step forward puts both back.
pub(super) fn rewrite(
    actions: &[Action],
    groups: Groups<'_>,
    Wanted { weights: wanted, rollback, sticky }: Wanted,
) -> Vec<Action> {
    let mut actions: Vec<Action> = actions.iter().cloned().map(sendable).collect();
    let Some(forward) = actions.iter_mut().find(|action| is_forward(action)) else {
        return actions;
    };
    let mut tuples = tuples(forward);
    let stickiness = forward.forward_config().and_then(|it| it.target_group_stickiness_config());
    let is_sticky = stickiness.and_then(TargetGroupStickinessConfig::enabled).unwrap_or(false);
    let released = rollback && is_sticky && wanted.fargate == 0;
    let held = sticky.and_then(|span| i32::try_from(span.as_secs()).ok()).filter(|_| !is_sticky);
    let stickiness = match held {
        _ if released => Some(TargetGroupStickinessConfig::builder().enabled(false).build()),
        Some(seconds) => {
            let config = TargetGroupStickinessConfig::builder().enabled(true);
            Some(config.duration_seconds(seconds).build())
        }
        None => stickiness.cloned(),
    };
    put(&mut tuples, groups.ec2, Some(wanted.ec2));
    put(&mut tuples, groups.fargate, (!released).then_some(wanted.fargate));
    let config = ForwardActionConfig::builder()
        .set_target_groups(Some(tuples))
        .set_target_group_stickiness_config(stickiness)
        .build();
    // Beside several groups a single one must not be named as well.
    forward.target_group_arn = None;
    forward.forward_config = Some(config);
    actions
}

fn is_forward(action: &Action) -> bool {
    action.r#type() == Some(&ActionTypeEnum::Forward)
}

/// The groups of a forward, also where it names a single one in the short way.
fn tuples(forward: &Action) -> Vec<TargetGroupTuple> {
    let several = forward.forward_config().map_or(&[][..], |config| config.target_groups());
    if !several.is_empty() {
        return several.to_vec();
    }
    let single = forward.target_group_arn();
    single
        .map(|arn| TargetGroupTuple::builder().target_group_arn(arn).build())
        .into_iter()
        .collect()
}

/// Gives a group a weight, or takes it out.
fn put(tuples: &mut Vec<TargetGroupTuple>, arn: &str, weight: Option<u32>) {
    let Some(weight) = weight.and_then(|weight| i32::try_from(weight).ok()) else {
        tuples.retain(|tuple| tuple.target_group_arn() != Some(arn));
        return;
    };
    match tuples.iter_mut().find(|tuple| tuple.target_group_arn() == Some(arn)) {
        Some(tuple) => tuple.weight = Some(weight),
        None => {
            let tuple = TargetGroupTuple::builder().target_group_arn(arn).weight(weight).build();
            tuples.push(tuple);
        }
    }
}

/// An action as it may be sent back: the secret of a sign-in is never read, and kept only when
/// that is asked for.
fn sendable(mut action: Action) -> Action {
    if let Some(config) = &mut action.authenticate_oidc_config
        && config.client_secret.is_none()
    {
        config.use_existing_client_secret = Some(true);
    }
    action
}

#[cfg(test)]
mod tests;
