//! Error codes of AWS, by what they mean for Ferry.
//!
//! Sources: the error lists of each operation in the service models (botocore 1.44), and the
//! common errors of each service's API reference.

use cloud::ErrorKind;

/// What a code means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Nothing happened, and this is why.
    Kind(ErrorKind),
    /// The service failed: a write may have been made.
    Lost,
    /// A permission is missing.
    NotAllowed,
    /// The credentials were good once.
    Expired,
    /// The credentials were never good.
    Unknown,
    /// The signature does not hold: a wrong clock, or a wrong secret.
    Skewed,
}

/// What a code means, with what was said beside it and the HTTP status (0: not known).
pub(super) fn meaning(code: &str, said: &str, status: u16) -> Meaning {
    of_code(code, said).unwrap_or(match status {
        429 => Meaning::Kind(ErrorKind::Throttled),
        403 => Meaning::NotAllowed,
        404 => Meaning::Kind(ErrorKind::NotFound),
        500.. => Meaning::Lost,
        _ => Meaning::Kind(ErrorKind::Invalid),
    })
}

/// The codes that are known; those that are not go by their status.
fn of_code(code: &str, said: &str) -> Option<Meaning> {
    // ELBv2 drops the suffix on the wire, awsJson keeps it.
    let name = code.strip_suffix("Exception").unwrap_or(code);
    of_credentials(name).or_else(|| of_kind(name, said).map(Meaning::Kind)).or(match name {
        "InternalFailure"
        | "InternalError"
        | "InternalServerError"
        | "InternalServiceError"
        | "InternalServiceFault"
        | "InternalService"
        | "Internal"
        | "ServiceUnavailable"
        | "Server"
        | "RequestTimeout" => Some(Meaning::Lost),
        _ => None,
    })
}

fn of_credentials(name: &str) -> Option<Meaning> {
    Some(match name {
        "AccessDenied"
        | "NotAuthorized"
        | "UnauthorizedOperation"
        | "OptInRequired"
        | "FailedResourceAccess"
        | "Blocked"
        | "RegionDisabled" => Meaning::NotAllowed,
        "ExpiredToken" => Meaning::Expired,
        "UnrecognizedClient"
        | "InvalidClientTokenId"
        | "MissingAuthenticationToken"
        | "InvalidAccessKeyId"
        | "AuthFailure" => Meaning::Unknown,
        "SignatureDoesNotMatch"
        | "InvalidSignature"
        | "IncompleteSignature"
        | "RequestExpired"
        | "RequestTimeTooSkewed"
        | "RequestInTheFuture" => Meaning::Skewed,
        _ => return None,
    })
}

fn of_kind(name: &str, said: &str) -> Option<ErrorKind> {
    Some(match name {
        "Throttling"
        | "Throttled"
        | "RequestThrottled"
        | "TooManyRequests"
        | "RequestLimitExceeded"
        | "BandwidthLimitExceeded"
        | "SlowDown"
        | "EC2Throttled" => ErrorKind::Throttled,
        "PriorRequestNotComplete" | "ConcurrentModification" | "ConcurrentUpdate" => {
            ErrorKind::Busy
        }
        "ServiceNotFound"
        | "ServiceNotActive"
        | "ClusterNotFound"
        | "ObjectNotFound"
        | "ResourceNotFound"
        | "NoSuchHostedZone"
        | "NoSuchHealthCheck"
        | "NoSuchChange"
        | "NoSuchTrafficPolicy"
        | "NoSuchTrafficPolicyInstance"
        | "TargetGroupNotFound"
        | "ListenerNotFound"
        | "RuleNotFound"
        | "LoadBalancerNotFound" => ErrorKind::NotFound,
        // Application Auto Scaling checks the service before it looks for the target.
        "Validation" if said.contains("ECS service doesn't exist") => ErrorKind::NotFound,
        // ECS has no code of its own for a task definition that is not there.
        "Client" if said.contains("Unable to describe task definition") => ErrorKind::NotFound,
        // A quota, whatever the SDK's own list of throttles says.
        "LimitExceeded"
        | "TooManyTrafficPolicyVersionsForCurrentPolicy"
        | "TooManyTrafficPolicies"
        | "TooManyTrafficPolicyInstances"
        | "TooManyRules"
        | "TooManyTargetGroups"
        | "TooManyActions"
        | "TooManyUniqueTargetGroupsPerLoadBalancer"
        | "TargetGroupAssociationLimit"
        | "TooManyTags"
        | "PackedPolicyTooLarge" => ErrorKind::QuotaReached,
        "InvalidChangeBatch" if is_drift(said) => ErrorKind::Conflict,
        "TrafficPolicyInUse"
        | "TrafficPolicyAlreadyExists"
        | "TrafficPolicyInstanceAlreadyExists"
        | "PriorityInUse"
        | "Conflict" => ErrorKind::Conflict,
        // No data is not bad health.
        "HealthUnavailable" => ErrorKind::Partial,
        "InvalidChangeBatch"
        | "InvalidInput"
        | "InvalidParameter"
        | "InvalidParameterValue"
        | "InvalidParameterCombination"
        | "MissingParameter"
        | "InvalidFormat"
        | "Validation"
        | "ValidationError"
        | "Client"
        | "InvalidNextToken"
        | "InvalidTrafficPolicyDocument"
        | "ConflictingTypes"
        | "InvalidConfigurationRequest"
        | "InvalidLoadBalancerAction"
        | "IncompatibleProtocols"
        | "OperationNotPermitted"
        | "UnsupportedFeature"
        | "InvalidTarget"
        | "InvalidEventPattern"
        | "ManagedRule" => ErrorKind::Invalid,
        _ => return None,
    })
}

/// Whether a batch was refused because records are not as they were read.
fn is_drift(said: &str) -> bool {
    ["already exists", "not found", "do not match", "does not match"]
        .iter()
        .any(|words| said.contains(words))
}
