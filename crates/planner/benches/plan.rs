//! How fast a pass is planned: at least 100,000 a second on one core.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use model::Span;
use serde_json::json;

#[expect(dead_code, reason = "stories use more of the world than the bench does")]
#[path = "../tests/world/mod.rs"]
mod world;

use world::{World, default_migration};

/// A migration in the middle of a dwell, in its second look: the pass that is made most often.
fn standing(windows: bool) -> World {
    let mut migration = default_migration();
    if windows {
        migration["spec"]["traffic"]["windows"] =
            json!([{"days": ["Mon", "Tue", "Wed", "Thu"], "from": "10:00", "to": "17:00"}]);
        migration["spec"]["traffic"]["timeZone"] = json!("Asia/Tokyo");
    }
    let settings = json!({"apiVersion": "ferry/v1", "kind": "Settings"});
    let mut world = World::new(&migration, &settings);
    world.weights.values_mut().for_each(|pair| (pair.ec2, pair.fargate) = (75, 25));
    world.now = "2026-01-05T08:30:00Z".parse().expect("a Monday evening in Tokyo");
    for _ in 0..3 {
        let plan = world.plan();
        world.carry_out(&plan);
        world.now = world.now + Span::from_mins(1);
    }
    world
}

fn bench(criterion: &mut Criterion) {
    for (name, windows) in [("dwell", false), ("outside a window", true)] {
        let world = standing(windows);
        let scene = world.scene();
        criterion.bench_function(&format!("plan, {name}"), |bencher| {
            bencher.iter(|| black_box(world.plan_scene(black_box(&scene))));
        });
    }
}

criterion_group!(benches, bench);
criterion_main!(benches);
