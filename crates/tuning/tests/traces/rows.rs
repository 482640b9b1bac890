//! Rows of the table in capacity-and-scaling, section 4, that need no search.
//!
//! The numbers beside them are those of another program, written in C and Python by somebody else;
//! `tests/peers/scaling/compare` runs it and Ferry beside each other.

use capacity::steps::AdjustmentType;
use model::spec::World;
use tuning::shape::{HAND, Resolution, Shape, Step, Tracking};

use crate::weeks::world;

/// What another program gave for the same policy, load and world: a mean of three seeds.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) shape: Shape,
    pub(crate) world: fn() -> World,
    /// Percent of slow requests, and task-hours.
    pub(crate) push: (f64, f64),
    pub(crate) worldcup: (f64, f64),
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

pub(crate) const ROWS: &[Row] = &[
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
