//! Whether each side can carry what it may have to.

use model::Side;

use crate::check::{Check, Said, Severity};
use crate::scene::{Scene, vcpu};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "capacity.maxOnFargate",
        severity: Severity::Blocker,
        finds: "the Fargate service may not have the vCPU that EC2 uses right now, so a migration \
                to all traffic can never end",
        remedy: "raise the maximum of Fargate's scalable target, or the CPU of its tasks",
        look: max_on_fargate,
    },
    Check {
        id: "capacity.maxBelowEc2",
        severity: Severity::Warning,
        finds: "the Fargate service may have less vCPU than EC2 may: the highest peak does not fit",
        remedy: "raise the maximum of Fargate's scalable target to that of EC2 times 1.25 to 1.6, \
                 for processors without bursts",
        look: max_below_ec2,
    },
    Check {
        id: "capacity.burst",
        severity: Severity::Warning,
        finds: "EC2's tasks use more CPU than they reserve, which Fargate's tasks cannot",
        remedy: "size Fargate's tasks by what was used, times 1.25, and not by what was reserved",
        look: burst,
    },
    Check {
        id: "capacity.smallerTask",
        severity: Severity::Warning,
        finds: "a Fargate task has less CPU than a task of EC2 reserves",
        remedy: "give it as much and a quarter more, or expect as many more tasks for the same load",
        look: smaller_task,
    },
    Check {
        id: "capacity.tinyTask",
        severity: Severity::Warning,
        finds: "a Fargate task has less than half a vCPU, too little for an even latency",
        remedy: "give it 512 CPU units or more",
        look: tiny_task,
    },
    Check {
        id: "capacity.memory",
        severity: Severity::Warning,
        finds: "a Fargate task has less memory than the containers of EC2's task may use",
        remedy: "give it what EC2's containers may use together; beyond it a task is killed",
        look: memory,
    },
    Check {
        id: "capacity.reserve",
        severity: Severity::Warning,
        finds: "EC2 may not grow to the tasks it has now: traffic could not come back whole",
        remedy: "raise the maximum of EC2's scalable target",
        look: reserve,
    },
    Check {
        id: "traffic.little",
        severity: Severity::Warning,
        finds: "EC2 has too few requests a minute for proof at small shares",
        remedy: "use fewer and larger steps, or `advance: dwell` for the small ones",
        look: little,
    },
    Check {
        id: "traffic.none",
        severity: Severity::Warning,
        finds: "no request of EC2's target group was counted in the last week",
        remedy: "see that the target group is the one with the users' traffic: without requests \
                 nothing can be judged",
        look: no_traffic,
    },
];

/// vCPU units of so many tasks.
fn units(tasks: u32, cpu: u32) -> u64 {
    u64::from(tasks) * u64::from(cpu)
}

fn whole(units: u64) -> String {
    vcpu(u32::try_from(units).unwrap_or(u32::MAX))
}

fn max_on_fargate(scene: &Scene<'_>, said: &mut Said) {
    // Of a worker one side is pinned, and bounds follow the share.
    if scene.is_worker() {
        return;
    }
    let (Some(service), Some(target)) = (scene.service(Side::Ec2), scene.scaling(Side::Fargate))
    else {
        return;
    };
    let (Some(ec2), Some(fargate)) = (scene.cpu(Side::Ec2), scene.cpu(Side::Fargate)) else {
        return;
    };
    let (now, most) = (units(service.running, ec2), units(target.bounds.max, fargate));
    if most < now {
        said.seen(format!(
            "EC2 runs {} tasks of {} vCPU, {} in all; Fargate may have {} of {}, {} in all.",
            service.running,
            vcpu(ec2),
            whole(now),
            target.bounds.max,
            vcpu(fargate),
            whole(most)
        ));
    }
}

fn max_below_ec2(scene: &Scene<'_>, said: &mut Said) {
    if scene.is_worker() {
        return;
    }
    let (Some(one), Some(other)) = (scene.scaling(Side::Ec2), scene.scaling(Side::Fargate)) else {
        return;
    };
    let (Some(ec2), Some(fargate)) = (scene.cpu(Side::Ec2), scene.cpu(Side::Fargate)) else {
        return;
    };
    let (may, most) = (units(one.bounds.max, ec2), units(other.bounds.max, fargate));
    if most < may {
        said.seen(format!(
            "EC2 may have {} tasks of {} vCPU, {} in all; Fargate {} of {}, {} in all.",
            one.bounds.max,
            vcpu(ec2),
            whole(may),
            other.bounds.max,
            vcpu(fargate),
            whole(most)
        ));
    }
}

fn burst(scene: &Scene<'_>, said: &mut Said) {
    let Some(p95) = scene.week(Side::Ec2).and_then(model::inventory::Week::cpu_p95) else { return };
    if p95 > 100.0 {
        let cpu = scene.cpu(Side::Ec2).map(vcpu);
        let of = cpu.map(|cpu| format!(" of {cpu} vCPU")).unwrap_or_default();
        said.seen(format!(
            "In 5 of 100 minutes of the last week the service used {p95:.0} %{of} and more."
        ));
    }
}

fn smaller_task(scene: &Scene<'_>, said: &mut Said) {
    if let (Some(ec2), Some(fargate)) = (scene.cpu(Side::Ec2), scene.cpu(Side::Fargate))
        && fargate < ec2
    {
        let (ec2, fargate) = (vcpu(ec2), vcpu(fargate));
        said.seen(format!("A task of EC2 reserves {ec2} vCPU, one of Fargate has {fargate}."));
    }
}

fn tiny_task(scene: &Scene<'_>, said: &mut Said) {
    if let Some(cpu) = scene.cpu(Side::Fargate).filter(|cpu| *cpu < 512)
        && scene.is_balanced()
    {
        said.seen(format!("A task of Fargate has {} vCPU.", vcpu(cpu)));
    }
}

fn memory(scene: &Scene<'_>, said: &mut Said) {
    let (Some(ec2), Some(fargate)) = (scene.task(Side::Ec2), scene.task(Side::Fargate)) else {
        return;
    };
    let most = |limit: &model::inventory::Container| limit.memory.or(limit.memory_reservation);
    let containers: u32 = ec2.containers.iter().filter_map(most).sum();
    let may = ec2.memory.unwrap_or(containers);
    if let Some(has) = fargate.memory.filter(|has| *has < may) {
        said.seen(format!("EC2's may use {may} MiB, Fargate's {has} MiB."));
    }
}

fn reserve(scene: &Scene<'_>, said: &mut Said) {
    let (Some(service), Some(target)) = (scene.service(Side::Ec2), scene.scaling(Side::Ec2)) else {
        return;
    };
    if target.bounds.max < service.running {
        said.seen(format!(
            "EC2 runs {} tasks and may have {}.",
            service.running, target.bounds.max
        ));
    }
}

/// A proof at 5 % within days needs some requests of Fargate in each minute: with fewer than this
/// many in all, 5 % of them are three a minute.
const REQUESTS_PER_MINUTE_MIN: u64 = 60;

fn little(scene: &Scene<'_>, said: &mut Said) {
    let Some(week) = scene.week(Side::Ec2).filter(|_| scene.is_balanced()) else { return };
    let minutes = week.minutes.iter().filter(|it| it.requests.is_some_and(|it| it > 0)).count();
    let minutes = u64::try_from(minutes).unwrap_or(u64::MAX);
    let Some(mean) = week.requests().checked_div(minutes) else { return };
    if mean < REQUESTS_PER_MINUTE_MIN {
        said.seen(format!("In the minutes with any it had {mean} requests on average."));
    }
}

fn no_traffic(scene: &Scene<'_>, said: &mut Said) {
    let Some(week) = scene.week(Side::Ec2).filter(|_| scene.is_balanced()) else { return };
    if week.requests() == 0 {
        let minutes = week.minutes.len();
        said.seen(format!("{minutes} minutes are known, and none has a request."));
    }
}
