//! Files that describe faults and loads.

use std::path::{Path, PathBuf};

use region::fault::FaultScript;
use region::load::Recorded;
use region::{Region, RegionSpec};

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("a readable folder").path())
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .collect();
    files.sort();
    files
}

#[test]
fn every_example_of_faults_can_be_carried_out() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/examples/faults");
    let files = files(&folder, "yaml");
    assert!(files.len() >= 8, "{} examples", files.len());
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let scripts = manifest::read_as::<FaultScript>(&name, &text, "FaultScript")
            .unwrap_or_else(|problems| panic!("{name}: {problems:?}"));
        for script in scripts {
            script.faults().unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }
}

#[test]
fn every_recorded_trace_is_a_load() {
    // The traces are no part of the project; where they lie beside it, all of them must be read.
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/traces");
    let traces = files(&folder, "csv");
    if traces.is_empty() {
        println!("no traces in {}: nothing was read", folder.display());
    }
    for trace in traces {
        let name = trace.file_name().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&trace).unwrap();
        let recorded = Recorded::read(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let report = recorded.report;
        let expected = if name.contains("5min") { 300 } else { 60 };
        assert_eq!(report.period_seconds, expected, "{name}");
        assert!(report.minutes >= 7 * 1440, "{name}: {report:?}");
        assert!(report.interpolated * 20 < report.rows, "{name}: {report:?}");
        assert!(recorded.load.peak() > recorded.load.mean(), "{name}");
        println!("{name}: {report:?}, mean {} rps", recorded.load.mean());
    }
}

#[test]
fn a_region_is_read_as_it_was_written() {
    let mut spec = crate::world::quiet(100.0, crate::world::record());
    let application = &mut spec.applications[0];
    application.objectives = vec![model::PerSide::from_fn(|side| {
        cloud::objectives::Source::Slo(side.name().to_owned())
    })];
    application.sides.fargate.scaling = None;
    application.sides.fargate.error_rate = 0.5;
    application.sides.ec2.desired += 1;
    application.share = model::Share::percent(7);
    spec.rate_limits = false;
    let text = serde_json::to_string(&spec).unwrap();
    assert!(text.contains("\"kind\":\"Region\""), "{text}");
    assert_eq!(serde_json::from_str::<RegionSpec>(&text).unwrap(), spec);
    let misspelt = text.replacen("applications", "aplications", 1);
    assert!(serde_json::from_str::<RegionSpec>(&misspelt).is_err());
}

#[test]
fn what_a_file_leaves_out_is_as_in_the_benchmark() {
    let spec = crate::world::quiet(100.0, crate::world::record());
    let mut short = serde_json::to_value(&spec).unwrap();
    let application = &mut short["applications"][0];
    application["routes"][0].as_object_mut().unwrap().remove("traffic");
    application.as_object_mut().unwrap().remove("share");
    for side in ["ec2", "fargate"] {
        let service = application["sides"][side].as_object_mut().unwrap();
        service.retain(|field, _| ["id", "targetGroupArn"].contains(&field.as_str()));
    }
    assert_eq!(serde_json::from_value::<RegionSpec>(short).unwrap(), spec);
}

#[test]
fn regions_that_cannot_be_are_refused() {
    type Spoil = fn(&mut RegionSpec);
    let spoils: [(&str, Spoil); 9] = [
        ("start", |spec| spec.start = spec.start + model::Span::from_secs(1)),
        ("applications", |spec| spec.applications.clear()),
        ("clients.concentration", |spec| spec.clients.concentration = f64::NAN),
        ("metrics", |spec| spec.metrics.lag_min = model::Span::from_hours(1)),
        ("api", |spec| spec.applications[0].routes.clear()),
        ("api", |spec| spec.applications[0].routes[0].traffic = 0.5),
        ("api", |spec| spec.applications[0].sides.ec2.desired = 1_000_000),
        ("targetGroupArn", |spec| {
            let sides = &mut spec.applications[0].sides;
            sides.ec2.target_group_arn = sides.fargate.target_group_arn.clone();
        }),
        ("task", |spec| {
            spec.applications[0].sides.fargate.task.cpu_seconds_per_request = 0.0;
        }),
    ];
    for (part, spoil) in spoils {
        let mut spec = crate::world::quiet(100.0, crate::world::record());
        assert!(Region::new(&spec, 1).is_ok());
        spoil(&mut spec);
        let error = Region::new(&spec, 1).unwrap_err().to_string();
        assert!(error.contains(part), "{part}: {error}");
    }
}
