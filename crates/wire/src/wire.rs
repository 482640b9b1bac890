//! The entrance: a request in, a response out.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::{Request, Response};
use model::Time;
use region::{Region, SimulatedCloud};

use crate::clock;
use crate::dispatch::{self, Heading};
use crate::input::Input;
use crate::inventory::Inventory;
use crate::protocol::{Answer, Called, Protocol, put};
use crate::rates;
use crate::refusal::{Code, Refusal};
use crate::service::Service;
use crate::services;
use crate::services::events::Bus;
use crate::world::{State, World};

/// Where a region stands in AWS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The region's name, such as `ap-northeast-1`.
    pub region: String,
    /// The account's id of twelve digits.
    pub account: String,
}

impl Default for Place {
    /// Tokyo, in the account of AWS's own examples.
    fn default() -> Self {
        Self { region: "ap-northeast-1".to_owned(), account: "123456789012".to_owned() }
    }
}

/// A region that speaks the protocols of AWS. Cheap to clone: clones are one region.
#[derive(Debug, Clone)]
pub struct Wire {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    cloud: SimulatedCloud,
    place: Place,
    inventory: Inventory,
    state: Mutex<State>,
}

impl Wire {
    /// Puts the protocols before `region`.
    #[must_use]
    pub fn new(region: SimulatedCloud, place: Place) -> Self {
        let (inventory, bus) =
            region.with(|region| (Inventory::new(region, &place), Bus::new(region.event_rules())));
        let state = Mutex::new(State::new(bus));
        Self { shared: Arc::new(Shared { cloud: region, place, inventory, state }) }
    }

    /// The region behind it.
    #[must_use]
    pub fn region(&self) -> &SimulatedCloud {
        &self.shared.cloud
    }

    /// Answers a request at the region's present. `None`: the reply is lost (fault `lostReply`);
    /// a server closes the connection, a connector fails the call.
    #[must_use]
    pub fn handle(&self, request: &Request<Bytes>) -> Option<Response<Bytes>> {
        let Shared { cloud, place, inventory, state } = &*self.shared;
        if request.uri().path().starts_with(clock::PATH) {
            return Some(clock::answer(request, cloud));
        }
        // Whoever panicked while it held the state left it whole.
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut response, now) = cloud.with(|region| {
            let response = answer(request, region, inventory, place, &mut state);
            (response, region.now())
        });
        // Clients that set their clocks by it follow the region's.
        if let Some(response) = &mut response {
            let date = now.to_jiff().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
            put(response, "date", &date);
        }
        response
    }
}

fn answer(
    request: &Request<Bytes>,
    region: &mut Region,
    inventory: &Inventory,
    place: &Place,
    state: &mut State,
) -> Option<Response<Bytes>> {
    let now = region.now();
    if request.uri().path().starts_with(services::datadog::PATH) {
        let caller = String::new();
        let mut world = World { region, inventory, place, state, now, caller };
        return services::datadog::answer(&mut world, request);
    }
    let request_id = state.next_request_id();
    let parameters = dispatch::parameters(request);
    let pairs = parameters.as_deref().unwrap_or_default();
    let Some(heading) = dispatch::heading(request, pairs) else {
        return Some(unknown_service(request, &request_id));
    };
    let Heading { service, protocol, operation } = heading;
    let operation = match service {
        Service::Route53 => services::route53::operation(request).unwrap_or_default().to_owned(),
        Service::Ecs
        | Service::LoadBalancing
        | Service::Autoscaling
        | Service::CloudWatch
        | Service::DynamoDb
        | Service::Events
        | Service::Sts => operation,
    };
    let called = Called { service, protocol, operation: &operation, request_id: &request_id };
    let caller = match admitted(request, pairs, &called, state, place, now) {
        Ok(access_key) => access_key,
        Err(refusal) => return Some(called.refuse(&refusal)),
    };
    if region.rate_limits() && !within_rate(&called, state, now) {
        let refusal = Refusal::new(Code::Throttled, "Rate exceeded");
        return Some(called.refuse(&refusal));
    }
    let mut world = World { region, inventory, place, state, now, caller };
    let answer = parameters.clone().and_then(|pairs| {
        let body = dispatch::body(request, protocol, &pairs)?;
        operate(&mut world, &called, request, &Input::new(&body))
    });
    match answer {
        Ok(answer) => Some(called.answer(answer)),
        Err(refusal) if refusal.code == Code::Lost => None,
        Err(refusal) => Some(called.refuse(&refusal)),
    }
}

fn operate(
    world: &mut World<'_>,
    called: &Called<'_>,
    request: &Request<Bytes>,
    input: &Input<'_>,
) -> Result<Answer, Refusal> {
    let operation = called.operation;
    match called.service {
        Service::Ecs => services::ecs::answer(world, operation, input).map(Answer::from),
        Service::LoadBalancing => services::elb::answer(world, operation, input).map(Answer::from),
        Service::Sts => services::sts::answer(world, operation, input).map(Answer::from),
        Service::Autoscaling => {
            services::autoscaling::answer(world, operation, input).map(Answer::from)
        }
        Service::CloudWatch => {
            services::cloudwatch::answer(world, operation, input).map(Answer::from)
        }
        Service::DynamoDb => services::dynamodb::answer(world, operation, input).map(Answer::from),
        Service::Events => services::events::answer(world, operation, input).map(Answer::from),
        Service::Route53 => services::route53::answer(world, operation, request, input),
    }
}

/// Who calls, by the access key; or why nobody is let in.
fn admitted(
    request: &Request<Bytes>,
    pairs: &[(String, String)],
    called: &Called<'_>,
    state: &State,
    place: &Place,
    now: Time,
) -> Result<String, Refusal> {
    let Some(signer) = dispatch::signer(request, pairs) else {
        return Err(Refusal::new(Code::NoSignature, "Missing Authentication Token"));
    };
    if !called.service.is_global() && signer.region != place.region {
        let message = format!(
            "Credential should be scoped to a valid region: this is {}, and the request is signed \
             for {}.",
            place.region, signer.region
        );
        return Err(Refusal::new(Code::WrongRegion, message));
    }
    if state.is_expired(&signer.access_key, now) {
        let message = "The security token included in the request is expired";
        return Err(Refusal::new(Code::Expired, message));
    }
    Ok(signer.access_key)
}

fn within_rate(called: &Called<'_>, state: &mut State, now: Time) -> bool {
    let rate = rates::of(called.service, called.operation);
    rate.is_none_or(|rate| state.buckets.take(rate, now))
}

/// What is no request of any service here.
fn unknown_service(request: &Request<Bytes>, request_id: &str) -> Response<Bytes> {
    let names = Service::ALL.map(Service::name).join(", ");
    let message = format!("This region serves {names}; the request is for none of them.");
    let is_json = dispatch::text(request.headers(), "x-amz-target").is_some();
    let protocol = if is_json { Protocol::Json11 } else { Protocol::Query };
    // Any service will do: it is only told by its protocol.
    let called = Called { service: Service::Sts, protocol, operation: "", request_id };
    called.refuse(&Refusal::new(Code::UnknownOperation, message))
}
