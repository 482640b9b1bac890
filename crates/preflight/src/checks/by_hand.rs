//! What needs an API that Ferry has no client for: the command to look with, and what to compare.

use model::Side;
use model::inventory::{Container, Launch, tail_of};
use model::spec::{SloKind, Workload};

use crate::check::{Check, Said, Severity};
use crate::scene::{Aimed, Scene, listed, short, vcpu};

const fn look(
    id: &'static str,
    finds: &'static str,
    remedy: &'static str,
    look: fn(&Scene<'_>, &mut Said),
) -> Check {
    Check { id, severity: Severity::LookYourself, finds, remedy, look }
}

pub(super) const CHECKS: &[Check] = &[
    look(
        "network.addresses",
        "whether the subnets have addresses for all tasks of Fargate, one each",
        "have twice the greatest number of tasks free, since deployments double them; else add \
         subnets",
        addresses,
    ),
    look(
        "network.egress",
        "whether tasks without public addresses reach registry, logs and secrets",
        "have a NAT gateway in the route table, or endpoints for ecr.api, ecr.dkr, s3, logs, \
         secretsmanager and ssm",
        egress,
    ),
    look(
        "network.securityGroups",
        "whether databases, caches and internal services admit Fargate's tasks",
        "add the tasks' security group wherever that of EC2's instances is admitted, and the \
         balancer's to the tasks' on the container's port",
        security_groups,
    ),
    look(
        "quota.vcpu",
        "whether the account may run that much of Fargate",
        "have twice the vCPU of the greatest number of tasks, since deployments double them; else \
         ask for more",
        quota,
    ),
    look(
        "iam.taskRole",
        "whether the task role may do what the instances' role did",
        "add what EC2's instance profile allows and the application uses",
        task_role,
    ),
    look(
        "image.size",
        "how large the image is: Fargate pulls it for every task",
        "bring it under 1 GB, or make a SOCI index, so that scaling out takes less than a minute",
        image_size,
    ),
    look(
        "image.architecture",
        "whether the image is built for the processor of the task definition",
        "find the architecture of `runtimePlatform` among the manifests; else tasks end with \
         `exec format error`",
        image_architecture,
    ),
    look(
        "image.pullLimit",
        "how many pulls of Docker Hub one address of the NAT gateways makes",
        "have at most 100 pulls in 6 hours for each address (200 with an account); a scale-out \
         makes one for each task",
        pull_limit,
    ),
    look(
        "logs.group",
        "whether the log groups exist: Fargate's tasks do not start without",
        "make those that are missing, or allow `logs:CreateLogGroup` and set `awslogs-create-group`",
        log_group,
    ),
    look(
        "network.resolver",
        "whether names are resolved often enough to meet the limit of 1,024 packets a second",
        "find no such line; the limit is one task's on Fargate, an instance's on EC2",
        resolver,
    ),
    look(
        "capacity.ec2Instances",
        "whether EC2's instances stay for as long as traffic may come back",
        "keep their minimum at what carries the peak until the migration is decommissioned: what \
         scales in as tasks leave is not there for a rollback",
        instances,
    ),
    look(
        "account.retirement",
        "when AWS retires Fargate's tasks for maintenance",
        "set 7 or 14 days to be told before, and do not take retirements for failures",
        retirement,
    ),
    look(
        "cost.commitments",
        "what is paid for EC2 whether it runs or not",
        "count what stays committed: only Compute Savings Plans cover Fargate",
        commitments,
    ),
    look(
        "observability.hostTags",
        "whether monitors in Datadog ask for hosts, which Fargate has not",
        "group them by service or `ecs_launch_type` in place of `host`, and have `env` tell the \
         sides apart",
        host_tags,
    ),
    look(
        "scheduled.passRole",
        "whether a target's role may hand the task's roles to Fargate",
        "find `allowed` beside each role; else allow `iam:PassRole` on the task's two roles and \
         `ecs:RunTask` on its new task definition",
        pass_role,
    ),
    look(
        "scheduled.runs",
        "whether the runs of a rule end well today",
        "find no failed invocation, and as many runs that ended well as the rule fired: `goodRuns` \
         counts both on Fargate",
        runs,
    ),
    look(
        "queue.backlog",
        "how old messages get, and how long they are hidden while a task works",
        "have a visibility timeout above the longest piece of work and 120 s",
        queue,
    ),
];

/// Words as `A B C`.
fn spaced(words: &[String]) -> String {
    words.join(" ")
}

fn addresses(scene: &Scene<'_>, said: &mut Said) {
    let Some((subnets, _, _)) = scene.network() else { return };
    let need = scene.tasks_max().map_or_else(
        || "all tasks twice".to_owned(),
        |tasks| format!("{} ({tasks} tasks, twice)", u64::from(tasks) * 2),
    );
    let command = scene.aws(&format!(
        "ec2 describe-subnets --subnet-ids {} --query \
         'Subnets[].[SubnetId,AvailabilityZone,AvailableIpAddressCount]' --output table",
        spaced(&subnets)
    ));
    let subnets = listed(&subnets);
    said.look_with(format!("{subnets} together need free addresses for {need}."), command);
}

fn egress(scene: &Scene<'_>, said: &mut Said) {
    let Some((subnets, _, false)) = scene.network() else { return };
    let command = scene.aws(&format!(
        "ec2 describe-route-tables --filters Name=association.subnet-id,Values={} --query \
         'RouteTables[].Routes[].[DestinationCidrBlock,NatGatewayId,GatewayId]' --output table",
        subnets.join(",")
    ));
    said.look_with("Tasks get no public address (`assignPublicIp` is off).", command);
}

fn security_groups(scene: &Scene<'_>, said: &mut Said) {
    let Some((_, groups, _)) = scene.network() else { return };
    let command = scene.aws(&format!(
        "ec2 describe-security-groups --filters Name=ip-permission.group-id,Values={} --query \
         'SecurityGroups[].[GroupId,GroupName]' --output table",
        groups.join(",")
    ));
    said.look_with(
        format!(
            "Tasks will call from {}; this lists who admits it, to be compared with who admits the \
             instances' group.",
            groups.join(", ")
        ),
        command,
    );
}

fn quota(scene: &Scene<'_>, said: &mut Said) {
    let (Some(tasks), Some((_, task))) = (scene.tasks_max(), scene.future_task()) else { return };
    let Some(cpu) = task.cpu_reserved() else { return };
    let units = u64::from(tasks) * u64::from(cpu) * 2;
    let command = scene.aws(
        "service-quotas get-service-quota --service-code fargate --quota-code L-3032A538 --query \
         Quota.Value",
    );
    said.look_with(
        format!(
            "{tasks} tasks of {} vCPU, twice, are {} vCPU of Fargate On-Demand.",
            vcpu(cpu),
            vcpu(u32::try_from(units).unwrap_or(u32::MAX))
        ),
        command,
    );
}

fn task_role(scene: &Scene<'_>, said: &mut Said) {
    let Some((_, task)) = scene.future_task() else { return };
    let Some(role) = &task.task_role else { return };
    let name = role.rsplit('/').next().unwrap_or(role);
    said.look_with(
        format!("The task's role is {name}."),
        format!("aws iam list-attached-role-policies --role-name {name} --output table"),
    );
}

/// Account, region, repository and tag or digest of an image in ECR.
fn ecr(image: &str) -> Option<(&str, &str, &str, String)> {
    let (host, rest) = image.split_once('/')?;
    let mut parts = host.split('.');
    let account = parts.next()?;
    let [dkr, ecr, region] = [parts.next()?, parts.next()?, parts.next()?];
    if dkr != "dkr" || ecr != "ecr" {
        return None;
    }
    let (repository, id) = match (rest.split_once('@'), rest.split_once(':')) {
        (Some((repository, digest)), _) => {
            // A tag before the digest says nothing more.
            let repository = repository.split(':').next().unwrap_or(repository);
            (repository, format!("imageDigest={digest}"))
        }
        (None, Some((repository, tag))) => (repository, format!("imageTag={tag}")),
        (None, None) => (rest, "imageTag=latest".to_owned()),
    };
    Some((account, region, repository, id))
}

/// The application's container in the definition that Fargate runs or will run.
fn app<'a>(scene: &Scene<'a>) -> Option<&'a Container> {
    scene.future_task().and_then(|(side, _)| scene.app(side))
}

fn image_size(scene: &Scene<'_>, said: &mut Said) {
    let Some(app) = app(scene) else { return };
    let Some((account, region, repository, id)) = ecr(&app.image) else { return };
    said.look_with(
        format!("The image is {repository}."),
        format!(
            "aws ecr describe-images --registry-id {account} --repository-name {repository} \
             --image-ids {id} --query 'imageDetails[].imageSizeInBytes' --region {region}"
        ),
    );
}

fn image_architecture(scene: &Scene<'_>, said: &mut Said) {
    let (Some(app), Some((_, task))) = (app(scene), scene.future_task()) else { return };
    let Some((account, region, repository, id)) = ecr(&app.image) else { return };
    let wanted = task.architecture.as_deref().unwrap_or("X86_64");
    said.look_with(
        format!("The task definition asks for {wanted}."),
        format!(
            "aws ecr batch-get-image --registry-id {account} --repository-name {repository} \
             --image-ids {id} --query 'images[].imageManifest' --output text --region {region}"
        ),
    );
}

fn pull_limit(scene: &Scene<'_>, said: &mut Said) {
    let Some((_, task)) = scene.future_task() else { return };
    let is_hub = |it: &Container| super::task::is_docker_hub(&it.image);
    let Some((subnets, _, _)) = scene.network() else { return };
    if !task.containers.iter().any(is_hub) {
        return;
    }
    let tasks =
        scene.tasks_max().map_or_else(String::new, |most| format!(" for up to {most} tasks"));
    let command = scene.aws(&format!(
        "ec2 describe-route-tables --filters Name=association.subnet-id,Values={} --query \
         'RouteTables[].Routes[].NatGatewayId' --output text",
        subnets.join(",")
    ));
    said.look_with(
        format!("Images of Docker Hub are pulled{tasks} through these gateways."),
        command,
    );
}

fn log_group(scene: &Scene<'_>, said: &mut Said) {
    let Some((_, task)) = scene.future_task() else { return };
    let mut groups: Vec<&String> = task
        .containers
        .iter()
        .filter(|it| !it.log_options.contains_key("awslogs-create-group"))
        .filter_map(|it| it.log_options.get("awslogs-group"))
        .collect();
    groups.sort();
    groups.dedup();
    for group in groups {
        let command = scene.aws(&format!(
            "logs describe-log-groups --log-group-name-prefix {group} --query \
             'logGroups[].logGroupName'"
        ));
        said.look_with(format!("Logs go to {group}."), command);
    }
}

fn resolver(scene: &Scene<'_>, said: &mut Said) {
    let group = app(scene).and_then(|app| app.log_options.get("awslogs-group"));
    let Some(group) = group else { return };
    let command = scene.aws(&format!(
        "logs filter-log-events --log-group-name {group} --filter-pattern \
         '?EAI_AGAIN ?UnknownHost ?SERVFAIL' --max-items 20"
    ));
    said.look_with("No metric tells of names that were not resolved; logs do.", command);
}

fn instances(scene: &Scene<'_>, said: &mut Said) {
    let Some(service) = scene.service(Side::Ec2) else { return };
    let cluster = &scene.spec().ec2.cluster;
    let (seen, command) = match &service.launch {
        Launch::Providers(names) => (
            format!("EC2's tasks run on capacity providers {}.", names.join(", ")),
            scene.aws(&format!(
                "ecs describe-capacity-providers --capacity-providers {} --query \
                 'capacityProviders[].[name,autoScalingGroupProvider.autoScalingGroupArn,autoScalingGroupProvider.managedScaling.status]'",
                names.join(" ")
            )),
        ),
        Launch::Ec2 | Launch::Fargate | Launch::External => (
            format!("EC2's tasks run on the instances of cluster {cluster}."),
            scene.aws(&format!(
                "ecs list-container-instances --cluster {cluster} --status ACTIVE --query \
                 'length(containerInstanceArns)'"
            )),
        ),
    };
    said.look_with(seen, command);
}

fn retirement(scene: &Scene<'_>, said: &mut Said) {
    let command = scene.aws(
        "ecs list-account-settings --name fargateTaskRetirementWaitPeriod --effective-settings \
         --query 'settings[].value'",
    );
    said.look_with("Tasks are retired 0, 7 or 14 days after AWS says so.", command);
}

fn commitments(scene: &Scene<'_>, said: &mut Said) {
    if scene.service(Side::Ec2).is_some() {
        said.look_with(
            "Reserved Instances and EC2 Savings Plans go on costing after the move.",
            "aws savingsplans describe-savings-plans --states active --query \
             'savingsPlans[].[savingsPlanType,commitment,end]' --output table",
        );
    }
}

fn host_tags(scene: &Scene<'_>, said: &mut Said) {
    let in_task = scene.future_task().is_some_and(|(_, task)| {
        task.containers.iter().any(|it| {
            it.image.contains("datadog") || it.environment.keys().any(|key| key.starts_with("DD_"))
        })
    });
    let in_slos = scene.spec().slos.iter().any(|slo| matches!(slo.kind, SloKind::Datadog(_)));
    let on_hosts = scene
        .here
        .daemons
        .as_ref()
        .and_then(|it| it.as_ref().ok())
        .is_some_and(|daemons| daemons.iter().any(|daemon| daemon.name.contains("datadog")));
    if in_task || in_slos || on_hosts {
        said.look_with(
            "The service is watched by Datadog, whose host tags vanish with the hosts.",
            "curl -s -H \"DD-API-KEY: $DD_API_KEY\" -H \"DD-APPLICATION-KEY: $DD_APP_KEY\" \
             'https://api.datadoghq.com/api/v1/monitor' | grep -o '\"query\":\"[^\"]*by {[^}]*host[^}]*}[^\"]*\"'",
        );
    }
}

fn pass_role(scene: &Scene<'_>, said: &mut Said) {
    for Aimed { view, target, tasks, .. } in scene.aimed() {
        let Some(role) = &target.role else { continue };
        let definition = view.task_definitions.get(&tasks.task_definition);
        let task = definition.and_then(|found| found.as_ref().ok());
        let roles = task.iter().flat_map(|it| [&it.task_role, &it.execution_role]);
        let roles: Vec<&str> = roles.filter_map(|role| role.as_deref()).collect();
        let resources = if roles.is_empty() {
            String::new()
        } else {
            format!(" --resource-arns {}", roles.join(" "))
        };
        // IAM is global: the command has no region.
        said.look_with(
            format!("Tasks of rule {} are started with role {}.", view.name, short(role)),
            format!(
                "aws iam simulate-principal-policy --policy-source-arn {role} --action-names \
                 iam:PassRole{resources} --query \
                 'EvaluationResults[].[EvalResourceName,EvalDecision]' --output table"
            ),
        );
    }
}

fn runs(scene: &Scene<'_>, said: &mut Said) {
    let Workload::Scheduled(scheduled) = &scene.spec().workload else { return };
    for rule in &scheduled.rules {
        let command = scene.aws(&format!(
            "cloudwatch get-metric-statistics --namespace AWS/Events --metric-name \
             FailedInvocations --dimensions Name=RuleName,Value={} --start-time \
             \"$(date -u -d '7 days ago' +%FT%TZ)\" --end-time \"$(date -u +%FT%TZ)\" --period 86400 \
             --statistics Sum --query 'Datapoints[].[Timestamp,Sum]' --output table",
            rule.name
        ));
        said.look_with(
            format!("A run of rule {} that was never started leaves no failed task.", rule.name),
            command,
        );
    }
}

fn queue(scene: &Scene<'_>, said: &mut Said) {
    let Workload::QueueWorker(worker) = &scene.spec().workload else { return };
    let name = &worker.queue.name;
    let account = scene.service(Side::Ec2).map(|it| it.arn.as_str());
    let account = account.and_then(model::inventory::account_of).unwrap_or("ACCOUNT");
    let region = scene.region();
    let command = scene.aws(&format!(
        "sqs get-queue-attributes --queue-url https://sqs.{region}.amazonaws.com/{account}/{name} \
         --attribute-names VisibilityTimeout ApproximateNumberOfMessages"
    ));
    said.look_with(
        format!("Messages of {} may be {} old.", tail_of(name), worker.queue.age_max),
        command,
    );
}
