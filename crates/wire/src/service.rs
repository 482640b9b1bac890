//! The services: how their requests are told apart, and what they call their errors.

use crate::protocol::Protocol;
use crate::refusal::Code;

/// A service of AWS that is served here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Service {
    Ecs,
    LoadBalancing,
    Autoscaling,
    CloudWatch,
    DynamoDb,
    Events,
    Route53,
    Sts,
}

impl Service {
    pub(crate) const ALL: [Self; 8] = [
        Self::Ecs,
        Self::LoadBalancing,
        Self::Autoscaling,
        Self::CloudWatch,
        Self::DynamoDb,
        Self::Events,
        Self::Route53,
        Self::Sts,
    ];

    /// As IAM and people name it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Ecs => "ecs",
            Self::LoadBalancing => "elasticloadbalancing",
            Self::Autoscaling => "application-autoscaling",
            Self::CloudWatch => "cloudwatch",
            Self::DynamoDb => "dynamodb",
            Self::Events => "events",
            Self::Route53 => "route53",
            Self::Sts => "sts",
        }
    }

    /// What stands before the operation in `x-amz-target`.
    pub(crate) const fn target_prefix(self) -> Option<&'static str> {
        match self {
            Self::Ecs => Some("AmazonEC2ContainerServiceV20141113"),
            Self::Autoscaling => Some("AnyScaleFrontendService"),
            Self::CloudWatch => Some(CLOUDWATCH_SERVICE),
            Self::DynamoDb => Some("DynamoDB_20120810"),
            Self::Events => Some("AWSEvents"),
            Self::LoadBalancing | Self::Route53 | Self::Sts => None,
        }
    }

    /// The version of the API that forms name.
    pub(crate) const fn form_version(self) -> Option<&'static str> {
        match self {
            Self::LoadBalancing => Some("2015-12-01"),
            Self::Sts => Some("2011-06-15"),
            Self::Ecs
            | Self::Autoscaling
            | Self::CloudWatch
            | Self::DynamoDb
            | Self::Events
            | Self::Route53 => None,
        }
    }

    pub(crate) const fn xml_namespace(self) -> Option<&'static str> {
        match self {
            Self::LoadBalancing => {
                Some("http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/")
            }
            Self::Sts => Some("https://sts.amazonaws.com/doc/2011-06-15/"),
            Self::Route53 => Some("https://route53.amazonaws.com/doc/2013-04-01/"),
            Self::Ecs | Self::Autoscaling | Self::CloudWatch | Self::DynamoDb | Self::Events => {
                None
            }
        }
    }

    /// Whether requests may be signed for any region.
    pub(crate) const fn is_global(self) -> bool {
        match self {
            // Route 53 is signed for us-east-1, and STS has an endpoint without region.
            Self::Route53 | Self::Sts => true,
            Self::Ecs
            | Self::LoadBalancing
            | Self::Autoscaling
            | Self::CloudWatch
            | Self::DynamoDb
            | Self::Events => false,
        }
    }

    /// The code and status of a refusal. Sources: the error shapes of each service's model, and
    /// the lists "Common Errors" of their API references.
    pub(crate) const fn code(self, code: Code, protocol: Protocol) -> (&'static str, u16) {
        let json = matches!(protocol, Protocol::Json10 | Protocol::Json11 | Protocol::Cbor);
        match code {
            Code::Exactly(name, status) => (name, status),
            Code::Invalid => self.invalid(),
            Code::Missing => match self {
                Self::CloudWatch => ("MissingParameter", 400),
                Self::Ecs
                | Self::LoadBalancing
                | Self::Autoscaling
                | Self::DynamoDb
                | Self::Events
                | Self::Route53
                | Self::Sts => self.invalid(),
            },
            Code::Serialization => match protocol {
                Protocol::Json10 | Protocol::Json11 | Protocol::Cbor => {
                    ("SerializationException", 400)
                }
                Protocol::Query | Protocol::RestXml => ("MalformedInput", 400),
            },
            Code::UnknownOperation => match protocol {
                Protocol::Json10 | Protocol::Json11 => ("UnknownOperationException", 400),
                Protocol::Cbor => ("UnknownOperationException", 404),
                Protocol::Query | Protocol::RestXml => ("InvalidAction", 400),
            },
            Code::Denied if self.is_exceptional() => ("AccessDeniedException", 400),
            Code::Denied => ("AccessDenied", 403),
            Code::Throttled if self.is_exceptional() => ("ThrottlingException", 400),
            Code::Throttled => ("Throttling", 400),
            Code::Limit if self.is_exceptional() => ("LimitExceededException", 400),
            Code::Limit => ("LimitExceeded", 400),
            Code::NotFound | Code::Conflict | Code::Busy => self.invalid(),
            Code::NoSignature if json => ("MissingAuthenticationTokenException", 400),
            Code::NoSignature => ("MissingAuthenticationToken", 403),
            Code::WrongRegion if json => ("InvalidSignatureException", 400),
            Code::WrongRegion => ("SignatureDoesNotMatch", 403),
            Code::Expired if json => ("ExpiredTokenException", 400),
            Code::Expired => ("ExpiredToken", 403),
            Code::Internal | Code::Lost => match self {
                Self::CloudWatch => ("InternalServiceError", 500),
                Self::Ecs => ("ServerException", 500),
                Self::Autoscaling => ("InternalServiceException", 500),
                Self::DynamoDb => ("InternalServerError", 500),
                Self::Events => ("InternalException", 500),
                Self::LoadBalancing | Self::Route53 | Self::Sts => ("InternalFailure", 500),
            },
        }
    }

    const fn invalid(self) -> (&'static str, u16) {
        match self {
            Self::Ecs => ("InvalidParameterException", 400),
            Self::LoadBalancing | Self::Sts => ("ValidationError", 400),
            Self::Autoscaling | Self::DynamoDb | Self::Events => ("ValidationException", 400),
            Self::CloudWatch => ("InvalidParameterValue", 400),
            Self::Route53 => ("InvalidInput", 400),
        }
    }

    /// Whether its codes end in `Exception`, as those of the services that began with JSON do.
    const fn is_exceptional(self) -> bool {
        match self {
            Self::Ecs | Self::Autoscaling | Self::DynamoDb | Self::Events => true,
            Self::LoadBalancing | Self::CloudWatch | Self::Route53 | Self::Sts => false,
        }
    }

    /// What a code is called in `__type`: CloudWatch's shapes have names beside their codes.
    pub(crate) fn error_shape(self, code: &str) -> String {
        if self != Self::CloudWatch {
            return code.to_owned();
        }
        let shape = match code {
            "InvalidParameterValue" => "InvalidParameterValueException",
            "InvalidParameterCombination" => "InvalidParameterCombinationException",
            "MissingParameter" => "MissingRequiredParameterException",
            "InternalServiceError" => "InternalServiceFault",
            "LimitExceeded" => "LimitExceededFault",
            other => other,
        };
        format!("com.amazonaws.cloudwatch#{shape}")
    }

    /// What the message of an error is called: the models do not agree.
    pub(crate) fn message_member(self, code: &str) -> &'static str {
        match self {
            Self::Autoscaling => "Message",
            Self::DynamoDb if code == "TransactionCanceledException" => "Message",
            Self::DynamoDb if code == "IdempotentParameterMismatchException" => "Message",
            Self::CloudWatch if code == "InternalServiceError" => "Message",
            Self::Ecs
            | Self::CloudWatch
            | Self::DynamoDb
            | Self::Events
            | Self::LoadBalancing
            | Self::Route53
            | Self::Sts => "message",
        }
    }
}

/// CloudWatch's name in `x-amz-target` and in the paths of rpcv2Cbor.
pub(crate) const CLOUDWATCH_SERVICE: &str = "GraniteServiceVersion20100801";
