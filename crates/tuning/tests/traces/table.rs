//! Rows of the table in capacity-and-scaling, section 4, that need no search.

use capacity::steps::AdjustmentType;
use model::spec::World;
use tuning::load::Load;
use tuning::shape::{HAND, Names, Resolution, Shape, Step, Tracking};

use crate::weeks::{push, row, world, worldcup};

/// What another program gave for the same policy, load and world: a mean of three seeds.
struct Row {
    name: &'static str,
    shape: Shape,
    world: fn() -> World,
    push: (f64, f64),
    worldcup: (f64, f64),
}

const fn tracking(resolution: Resolution, target: f64, out_cooldown: u32) -> Shape {
    Shape::Tracking(Tracking { resolution, target, out_cooldown, in_cooldown: 300 })
}

fn ec2() -> World {
    let mut world = world();
    world.cpu_ms_per_request = 12.0;
    world.idle_vcpu = 0.0;
    world.start.median_s = 12.0;
    world
}

const TASKS: Step =
    Step { adjustments: [10, 30, 60], adjustment_type: AdjustmentType::ChangeInCapacity, ..HAND };

const ROWS: &[Row] = &[
    Row {
        name: "hand %",
        shape: Shape::Step(HAND),
        world,
        push: (1.989, 22_727.0),
        worldcup: (0.484, 14_548.0),
    },
    Row {
        name: "hand tasks",
        shape: Shape::Step(TASKS),
        world,
        push: (2.071, 22_634.0),
        worldcup: (0.578, 14_440.0),
    },
    Row {
        name: "hand % cd60",
        shape: Shape::Step(Step { out_cooldown: 60, ..HAND }),
        world,
        push: (1.831, 24_237.0),
        worldcup: (0.351, 15_176.0),
    },
    Row {
        name: "hand % EC2",
        shape: Shape::Step(HAND),
        world: ec2,
        push: (1.844, 18_189.0),
        worldcup: (0.223, 11_727.0),
    },
    Row {
        name: "hand tasks EC2",
        shape: Shape::Step(TASKS),
        world: ec2,
        push: (1.714, 18_279.0),
        worldcup: (0.241, 11_783.0),
    },
    Row {
        name: "TT 70",
        shape: tracking(Resolution::Standard, 70.0, 300),
        world,
        push: (5.807, 15_742.0),
        worldcup: (2.772, 10_782.0),
    },
    Row {
        name: "TT 60",
        shape: tracking(Resolution::Standard, 60.0, 300),
        world,
        push: (3.922, 18_619.0),
        worldcup: (0.844, 12_573.0),
    },
    Row {
        name: "TT 50",
        shape: tracking(Resolution::Standard, 50.0, 300),
        world,
        push: (2.055, 22_795.0),
        worldcup: (0.272, 15_174.0),
    },
    Row {
        name: "TT 50 cd60",
        shape: tracking(Resolution::Standard, 50.0, 60),
        world,
        push: (1.941, 24_253.0),
        worldcup: (0.229, 15_717.0),
    },
    Row {
        name: "TT 60 cd60",
        shape: tracking(Resolution::Standard, 60.0, 60),
        world,
        push: (3.896, 20_282.0),
        worldcup: (0.676, 13_034.0),
    },
    Row {
        name: "TT 40 cd60",
        shape: tracking(Resolution::Standard, 40.0, 60),
        world,
        push: (0.282, 30_108.0),
        worldcup: (0.081, 19_896.0),
    },
    Row {
        name: "TT 30 cd60",
        shape: tracking(Resolution::Standard, 30.0, 60),
        world,
        push: (0.048, 40_048.0),
        worldcup: (0.032, 26_844.0),
    },
    Row {
        name: "TT 60 20 s",
        shape: tracking(Resolution::High, 60.0, 60),
        world,
        push: (2.074, 19_810.0),
        worldcup: (0.612, 12_934.0),
    },
    Row {
        name: "TT 50 20 s",
        shape: tracking(Resolution::High, 50.0, 60),
        world,
        push: (0.858, 23_691.0),
        worldcup: (0.215, 15_622.0),
    },
];

/// Within 2 % of the task-hours and 0.1 points of the slow requests.
fn check(load: Option<Load>, of: impl Fn(&Row) -> (f64, f64)) {
    let Some(load) = load else { return };
    let mut apart = Vec::new();
    for expected in ROWS {
        let policy = expected.shape.requests(&Names::new("service/prd/api"));
        let got = row(&(expected.world)(), &load, &policy);
        let (slow, hours) = of(expected);
        let line = format!(
            "{:<16} slow {:6.3} ({slow:6.3})  bad {:5.1} hours {:8.1} ({hours:8.1}, {:+.2} %) actions {}",
            expected.name,
            got.slow_percent,
            got.bad_minutes,
            got.task_hours,
            100.0 * (got.task_hours / hours - 1.0),
            got.actions,
        );
        if (got.slow_percent - slow).abs() > 0.1 || (got.task_hours / hours - 1.0).abs() > 0.02 {
            apart.push(line);
        }
    }
    assert!(apart.is_empty(), "{apart:#?}");
}

#[test]
fn rows_of_push_7d_agree_with_another_program() {
    check(push("test"), |row| row.push);
}

#[test]
fn rows_of_worldcup_7d_agree_with_another_program() {
    check(worldcup(17), |row| row.worldcup);
}
