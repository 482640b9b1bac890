//! tmp
#![allow(clippy::all)]
use std::time::Instant;
use model::Time;
use tuning::load::Load;
use tuning::noise::Noise;
use tuning::physics::Physics;
use tuning::replay::Replay;
use tuning::shape::*;
fn main() {
    let world: model::spec::World = serde_json::from_value(serde_json::json!({
        "apiVersion": "ferry/v1", "kind": "World",
        "vcpu": 1.0, "cpuMsPerRequest": 14.0, "idleVcpu": 0.03, "kappa": 1.5,
        "baseLatency": {"medianMs": 40.0, "p99Ms": 150.0},
        "start": {"medianS": 50.0, "sigma": 0.25, "healthS": 15.0, "launchesPer10s": 80},
        "bootVcpu": 0.5, "drainS": 30.0, "timeoutS": 10.0,
        "metric": {"periodS": 60.0, "lagS": 120.0, "noise": 0.02},
        "slo": {"thresholdMs": 300.0, "objective": "99%"},
        "min": 30, "max": 600,
    })).unwrap();
    let text = std::fs::read_to_string("/work/shared/data/traces/push_synth_test_1min.csv").unwrap();
    let rates = text.lines().skip(1).map(|l| l.split(',').nth(1).unwrap().parse().unwrap()).collect();
    let load = Load::new(Time::from_secs(1767571200), rates).unwrap();
    let physics = Physics::new(&world).unwrap();
    let noise = Noise::new(0, load.ticks().len());
    let replay = Replay::new(&physics, &load, &noise);
    for (name, shape) in [("hand", Shape::Step(HAND)), ("ref", Shape::Step(Step{out_threshold:65.0,bounds:[19.0,29.0],adjustments:[22,44,105],out_cooldown:180,in_threshold:48.0,in_datapoints:1,in_percent:22,..HAND})),("tt60", Shape::Tracking(Tracking{resolution:Resolution::Standard,target:60.0,out_cooldown:300,in_cooldown:300})),("tt60h", Shape::Tracking(Tracking{resolution:Resolution::High,target:60.0,out_cooldown:60,in_cooldown:300}))] {
        let p = shape.requests(&Names::new("service/prd/api"));
        let cpu = || std::fs::read_to_string("/proc/self/schedstat").unwrap().split(" ").next().unwrap().parse::<f64>().unwrap()/1e9; let t = Instant::now(); let c = cpu();
        for _ in 0..100 { std::hint::black_box(replay.score(&p).unwrap()); }
        println!("{name} {:.0}/s wall {:.0}/s cpu", 100.0 / t.elapsed().as_secs_f64(), 100.0/(cpu()-c));
    }
}
