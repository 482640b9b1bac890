//! What can be wrong, one thing at a time.

mod capacity;
mod routers;
mod scheduled;
mod services;

use std::sync::Arc;

use model::Side;
use model::inventory::{
    Balancer, Container, Landscape, PolicyInstance, RecordSet, RouterView, Rule, ScalableTarget,
    Service, SideView, TargetGroup, TaskDefinition, Week,
};
use model::spec::Migration;

use crate::Case;

pub(crate) fn all() -> impl Iterator<Item = &'static Case> {
    let lists = [
        services::SERVICES,
        services::GROUPS,
        routers::RECORDS,
        routers::POLICIES,
        routers::RULES,
        scheduled::RULES,
        capacity::SCALING,
        capacity::CAPACITY,
        capacity::TASKS,
    ];
    lists.into_iter().flatten()
}

fn migration(all: &mut Landscape) -> &mut Migration {
    Arc::make_mut(&mut all.migration)
}

fn service(all: &mut Landscape, side: Side) -> &mut Service {
    all.sides.get_mut(side).service.as_mut().unwrap().as_mut().unwrap()
}

fn task(all: &mut Landscape, side: Side) -> &mut TaskDefinition {
    all.sides.get_mut(side).task_definition.as_mut().unwrap().as_mut().unwrap()
}

fn app(all: &mut Landscape, side: Side) -> &mut Container {
    &mut task(all, side).containers[0]
}

fn group(all: &mut Landscape, side: Side) -> &mut TargetGroup {
    all.sides.get_mut(side).group.as_mut().unwrap().as_mut().unwrap()
}

fn balancer(all: &mut Landscape, side: Side) -> &mut Balancer {
    all.sides.get_mut(side).balancers[0].as_mut().unwrap()
}

fn target(all: &mut Landscape, side: Side) -> &mut ScalableTarget {
    all.sides.get_mut(side).scaling.as_mut().unwrap().as_mut().unwrap().as_mut().unwrap()
}

fn week(all: &mut Landscape, side: Side) -> &mut Week {
    all.sides.get_mut(side).week.as_mut().unwrap().as_mut().unwrap()
}

fn sets(all: &mut Landscape) -> &mut Vec<RecordSet> {
    match &mut all.router {
        RouterView::Records(Ok(sets)) => sets,
        RouterView::Records(Err(_))
        | RouterView::None
        | RouterView::Policies(_)
        | RouterView::Rules(_) => panic!("no records"),
    }
}

fn instance(all: &mut Landscape) -> &mut PolicyInstance {
    match &mut all.router {
        RouterView::Policies(Ok(instances)) => &mut instances[0],
        RouterView::Policies(Err(_))
        | RouterView::None
        | RouterView::Records(_)
        | RouterView::Rules(_) => panic!("no instances"),
    }
}

fn rule(all: &mut Landscape) -> &mut Rule {
    match &mut all.router {
        RouterView::Rules(rules) => rules[0].1.as_mut().unwrap(),
        RouterView::None | RouterView::Records(_) | RouterView::Policies(_) => panic!("no rules"),
    }
}

/// The twin is not there yet: EC2's task definition is what will be translated.
fn without_twin(all: &mut Landscape) {
    all.sides.fargate = SideView::default();
}
