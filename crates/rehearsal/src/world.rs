//! The region a migration is rehearsed in.

use controller::Managed;
use model::observation::Bounds;
use model::route::Route;
use model::{PerSide, Side, Span, Time};
use region::fault::FaultRow;
use region::load::{Load, WEEK_MINUTES};
use region::spec::{
    ApplicationSpec, RegionSpec, ScalingSpec, ServiceSpec, SlowClients, TrafficPolicySpec,
};

/// The region runs this long before the controller first looks at it, so that there is a past to
/// learn from, as there is in AWS.
pub const HISTORY: Span = Span::from_days(7);
/// The latency that counts as slow in the region's own books when the spec has no latency SLO.
const SLOW_DEFAULT: Span = Span::from_millis(300);
/// Bounds of the two scalable targets where the spec says nothing: room for "up to 600 tasks" on
/// EC2 with a third to spare, and a quarter more on Fargate, whose tasks carry less.
const BOUNDS: PerSide<Bounds> =
    PerSide { ec2: Bounds { min: 10, max: 800 }, fargate: Bounds { min: 2, max: 1_000 } };

/// Clients that keep DNS answers for too long: most of them for hours, a few for days. What is
/// left after weeks is for a fault script to add (`slowResolver`).
const SLOW_CLIENTS: [SlowClients; 3] = [
    SlowClients { fraction: 0.01, ttl: Span::from_hours(3) },
    SlowClients { fraction: 0.002, ttl: Span::from_hours(24) },
    SlowClients { fraction: 0.0002, ttl: Span::from_hours(72) },
];

/// Builds the region: for each migration both services, their balancers and the routes, and a
/// week of past. `load` begins again when it is over.
///
/// # Errors
/// [`region::Error`] for a load or services that no region can have.
pub fn build(
    migrations: &[Managed],
    load: &Load,
    start: Time,
    days: u32,
    faults: &[FaultRow],
) -> Result<RegionSpec, region::Error> {
    let load = with_past(load, days)?;
    let applications = migrations.iter().map(|managed| application(managed, &load));
    let applications = applications.collect::<Result<Vec<_>, region::Error>>()?;
    let mut spec = RegionSpec::new(start - HISTORY, applications);
    spec.traffic_policies = migrations.iter().flat_map(policies).collect();
    spec.clients.slow = SLOW_CLIENTS.to_vec();
    spec.faults = faults
        .iter()
        .cloned()
        .map(|row| FaultRow { at: row.at.map(|at| at + HISTORY), ..row })
        .collect();
    Ok(spec)
}

fn application(managed: &Managed, load: &Load) -> Result<ApplicationSpec, region::Error> {
    let sides = PerSide::from_fn(|side| {
        let id = managed.services.get(side).clone();
        let group = match managed.groups.get(side) {
            Some(group) => group.arn.clone(),
            None => format!("targetgroup/{}", id.service),
        };
        let scaling = ScalingSpec::by_hand(&id, bounds(managed, side));
        let mut service = ServiceSpec::new(side, id, group);
        service.scaling = Some(scaling);
        service.desired = BOUNDS.get(side).min;
        service
    });
    let slow = managed.latency_threshold.unwrap_or(SLOW_DEFAULT);
    let mut application = ApplicationSpec::new(
        &managed.name,
        load.clone(),
        managed.routes.routes.clone(),
        slow,
        sides,
    )?;
    application.objectives = managed.objectives.iter().map(|it| it.sources.clone()).collect();
    Ok(application)
}

/// A policy for each instance, as A and AAAA have: its document has the endpoints by the names that
/// the spec gives them, and all traffic on EC2.
fn policies(managed: &Managed) -> impl Iterator<Item = TrafficPolicySpec> {
    let instances = managed.routes.routes.iter().filter_map(|route| match route {
        Route::TrafficPolicyInstance { id, ec2_endpoint, fargate_endpoint } => {
            let endpoints = PerSide { ec2: ec2_endpoint.as_str(), fargate: fargate_endpoint };
            Some((id, endpoints))
        }
        Route::Route53Record { .. } | Route::AlbRule { .. } => None,
    });
    instances.map(|(id, endpoints)| {
        TrafficPolicySpec::new(format!("policy-of-{id}"), "A", endpoints, vec![id.clone()])
    })
}

/// EC2 has the bounds that the spec names, since they are those of the service that exists.
fn bounds(managed: &Managed, side: Side) -> Bounds {
    let named = managed.migration.spec.scaling.bounds;
    match (side, named) {
        (Side::Ec2, Some(named)) => Bounds { min: named.min, max: named.max },
        (Side::Ec2 | Side::Fargate, _) => *BOUNDS.get(side),
    }
}

/// The load with a past in front: the week before the start is the load's own first week, or the
/// load over and over where it is shorter, ending where the load begins.
///
/// The last week of a long trace would come before the first one if it simply began earlier, and
/// what the controller learns of high load from a finale it would wait for in the first round.
fn with_past(load: &Load, days: u32) -> Result<Load, region::Error> {
    let played = load.rates();
    let past = played.get(..WEEK_MINUTES).unwrap_or(&played);
    let skipped = (past.len() - WEEK_MINUTES % past.len()) % past.len();
    // Whole weeks, so that the region does not begin again before the rehearsal is over.
    let minutes = usize::try_from(days).unwrap_or(usize::MAX).div_ceil(7) * WEEK_MINUTES;
    let past = past.iter().cycle().skip(skipped).take(WEEK_MINUTES);
    Load::new(past.chain(played.iter().cycle().take(minutes)).copied().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_is_read_as_it_was_written() {
        let load = Load::new(vec![100.0]).unwrap();
        let id = |service: &str| model::route::ServiceId {
            account: std::sync::Arc::default(),
            cluster: "prd".to_owned(),
            service: service.to_owned(),
        };
        let side = |side: Side, name: &str| {
            let mut service = ServiceSpec::new(side, id(name), format!("targetgroup/{name}"));
            service.scaling = Some(ScalingSpec::by_hand(&id(name), *BOUNDS.get(side)));
            service
        };
        let sides =
            PerSide { ec2: side(Side::Ec2, "api"), fargate: side(Side::Fargate, "api-fargate") };
        let slow = Span::from_millis(300);
        let application = ApplicationSpec::new("api", load, Vec::new(), slow, sides).unwrap();
        let spec = RegionSpec::new(Time::from_secs(1_767_571_200), vec![application]);
        let written = serde_json::to_string(&spec).unwrap();
        let read: Vec<RegionSpec> = manifest::read_as("region.yaml", &written, "Region").unwrap();
        assert_eq!(read, [spec]);
    }

    #[test]
    fn the_past_is_the_loads_own_and_ends_where_the_load_begins() {
        for (length, before, after) in [
            // Three weeks: the first one comes twice.
            (3 * WEEK_MINUTES, WEEK_MINUTES - 1, 0),
            // A week, and a load that does not divide one.
            (WEEK_MINUTES, WEEK_MINUTES - 1, 0),
            (1_000, 999, 0),
            (1, 0, 0),
        ] {
            #[expect(clippy::cast_precision_loss, reason = "a few weeks of minutes")]
            let load = Load::new((0..length).map(|minute| minute as f64).collect()).unwrap();
            let load = with_past(&load, 22).unwrap();
            let rates = load.rates();
            assert_eq!(rates.len(), 5 * WEEK_MINUTES);
            #[expect(clippy::cast_precision_loss, reason = "a few weeks of minutes")]
            let (before, after) = (before as f64, f64::from(after));
            assert_eq!(rates[WEEK_MINUTES - 1..=WEEK_MINUTES], [before, after], "{length}");
            #[expect(clippy::cast_precision_loss, reason = "a few weeks of minutes")]
            let last = ((4 * WEEK_MINUTES - 1) % length) as f64;
            assert_eq!(rates.last(), Some(&last), "{length}");
        }
    }
}
