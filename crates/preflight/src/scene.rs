//! One landscape as checks see it: what was read, by short names.

use model::Side;
use model::inventory::{
    Balancer, Container, EventRule, EventTarget, Landscape, Registration, RuleView, ScalableTarget,
    Service, SideView, StartedTasks, TargetGroup, TaskDefinition, Week, tail_of,
};
use model::spec::{Migration, Spec, Workload};

/// One landscape, beside all others that were given.
#[derive(Clone, Copy)]
pub(crate) struct Scene<'a> {
    pub(crate) all: &'a [Landscape],
    pub(crate) index: usize,
    pub(crate) here: &'a Landscape,
}

/// A target that starts tasks, with the rule it is of.
#[derive(Clone, Copy)]
pub(crate) struct Aimed<'a> {
    pub(crate) view: &'a RuleView,
    pub(crate) rule: &'a EventRule,
    pub(crate) target: &'a EventTarget,
    pub(crate) tasks: &'a StartedTasks,
}

impl Aimed<'_> {
    /// `Target report of rule nightly`.
    pub(crate) fn called(&self) -> String {
        format!("Target {} of rule {}", self.target.id, self.rule.name)
    }
}

impl<'a> Scene<'a> {
    pub(crate) fn new(all: &'a [Landscape], index: usize) -> Option<Self> {
        all.get(index).map(|here| Self { all, index, here })
    }

    pub(crate) fn migration(self) -> &'a Migration {
        &self.here.migration
    }

    pub(crate) fn spec(self) -> &'a Spec {
        &self.here.migration.spec
    }

    pub(crate) fn name(self) -> &'a str {
        self.here.migration.name().as_str()
    }

    pub(crate) fn is_balanced(self) -> bool {
        matches!(self.spec().workload, Workload::LoadBalanced)
    }

    pub(crate) fn is_worker(self) -> bool {
        matches!(self.spec().workload, Workload::QueueWorker(_))
    }

    pub(crate) fn view(self, side: Side) -> &'a SideView {
        self.here.sides.get(side)
    }

    /// The service where it was read.
    pub(crate) fn service(self, side: Side) -> Option<&'a Service> {
        self.view(side).service.as_ref()?.as_ref().ok()
    }

    pub(crate) fn services(self) -> impl Iterator<Item = (Side, &'a Service)> {
        Side::ALL.into_iter().filter_map(move |side| Some((side, self.service(side)?)))
    }

    pub(crate) fn task(self, side: Side) -> Option<&'a TaskDefinition> {
        self.view(side).task_definition.as_ref()?.as_ref().ok()
    }

    /// The task definition that Fargate will run: the twin's own, or EC2's that is yet to be
    /// translated.
    pub(crate) fn future_task(self) -> Option<(Side, &'a TaskDefinition)> {
        let of = |side| self.task(side).map(|task| (side, task));
        of(Side::Fargate).or_else(|| of(Side::Ec2))
    }

    pub(crate) fn group(self, side: Side) -> Option<&'a TargetGroup> {
        self.view(side).group.as_ref()?.as_ref().ok()
    }

    pub(crate) fn groups(self) -> impl Iterator<Item = (Side, &'a TargetGroup)> {
        Side::ALL.into_iter().filter_map(move |side| Some((side, self.group(side)?)))
    }

    pub(crate) fn balancers(self, side: Side) -> impl Iterator<Item = &'a Balancer> {
        self.view(side).balancers.iter().filter_map(|it| it.as_ref().ok())
    }

    /// The scalable target where it was read and there is one.
    pub(crate) fn scaling(self, side: Side) -> Option<&'a ScalableTarget> {
        self.view(side).scaling.as_ref()?.as_ref().ok()?.as_ref()
    }

    pub(crate) fn week(self, side: Side) -> Option<&'a Week> {
        self.view(side).week.as_ref()?.as_ref().ok()
    }

    /// The rules that were read, with their targets where those were.
    pub(crate) fn rules(self) -> impl Iterator<Item = (&'a RuleView, &'a EventRule)> {
        self.here.rules.iter().filter_map(|view| Some((view, view.rule.as_ref().ok()?)))
    }

    /// The targets that start tasks.
    pub(crate) fn aimed(self) -> impl Iterator<Item = Aimed<'a>> {
        self.rules().flat_map(|(view, rule)| {
            let targets = view.targets.iter().flatten().flatten();
            targets.filter_map(move |target| {
                Some(Aimed { view, rule, target, tasks: target.tasks.as_ref()? })
            })
        })
    }

    /// Where requests of a service go, first registration first.
    pub(crate) fn registration(self, side: Side) -> Option<&'a Registration> {
        self.service(side)?.registrations.first()
    }

    /// The container that is the application, not a sidecar.
    pub(crate) fn app(self, side: Side) -> Option<&'a Container> {
        let name = self.registration(side).map(|it| it.container.as_str());
        self.task(side)?.container(name)
    }

    /// CPU units of a task.
    pub(crate) fn cpu(self, side: Side) -> Option<u32> {
        self.task(side)?.cpu_reserved()
    }

    /// `the EC2 service prd/api`.
    pub(crate) fn called(self, side: Side) -> String {
        let spec = self.spec();
        let (word, cluster, service) = match side {
            Side::Ec2 => ("EC2", &spec.ec2.cluster, &spec.ec2.service),
            Side::Fargate => ("Fargate", &spec.fargate.cluster, &spec.fargate.service),
        };
        let service = service.as_deref().unwrap_or("?");
        format!("the {word} service {cluster}/{service}")
    }

    pub(crate) fn region(self) -> &'a str {
        &self.spec().aws.region
    }

    /// A command of the AWS CLI in the migration's region.
    pub(crate) fn aws(self, words: &str) -> String {
        format!("aws {words} --region {}", self.region())
    }

    /// Subnets and security groups that Fargate's tasks will be in: those of the twin, else of the
    /// plan for it.
    pub(crate) fn network(self) -> Option<(Vec<String>, Vec<String>, bool)> {
        let live = self.service(Side::Fargate).and_then(|service| service.network.as_ref());
        let planned = self.spec().fargate.provision.as_ref().map(|it| &it.network);
        match (live, planned) {
            (Some(live), _) => {
                Some((live.subnets.clone(), live.security_groups.clone(), live.public_ip))
            }
            (None, Some(planned)) => Some((
                planned.subnets.clone(),
                planned.security_groups.clone(),
                planned.assign_public_ip,
            )),
            (None, None) => None,
        }
    }

    /// The most tasks that the twin may have: its own maximum, else EC2's.
    pub(crate) fn tasks_max(self) -> Option<u32> {
        let target = self.scaling(Side::Fargate).or_else(|| self.scaling(Side::Ec2));
        let desired = self.service(Side::Ec2).map(|service| service.desired);
        target.map(|target| target.bounds.max).or(desired)
    }
}

/// The name of a resource in an ARN: `api` of `.../targetgroup/api/73e2d6bc24d8a067`.
pub(crate) fn short(arn: &str) -> &str {
    let tail = tail_of(arn);
    let mut parts = tail.split('/');
    match (parts.next(), parts.next(), parts.next()) {
        (Some("loadbalancer" | "listener" | "listener-rule"), Some(_), Some(name)) => name,
        (Some(_), Some(name), _) => name,
        _ => tail,
    }
}

/// A first letter in upper case.
pub(crate) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// `one`, `one and two`, `one, two and three`.
pub(crate) fn listed<T: AsRef<str>>(words: &[T]) -> String {
    match words {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [before @ .., last] => {
            let before: Vec<&str> = before.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", before.join(", "), last.as_ref())
        }
    }
}

/// CPU units as vCPU: `1`, `0.75`.
pub(crate) fn vcpu(units: u32) -> String {
    let thousandths = u64::from(units) * 1_000 / 1_024;
    let text = format!("{}.{:03}", thousandths / 1_000, thousandths % 1_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
