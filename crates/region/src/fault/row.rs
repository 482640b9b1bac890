//! Fault scripts as they are written.

use std::fmt;
use std::str::FromStr;

use model::{Share, Side, Span};
use serde::de::{Deserializer, Error as _};
use serde::{Deserialize, Serialize, Serializer};

use super::{ApiName, DeathReason, Edit, Effect, Fault, Sides, Trigger};
use crate::Error;

/// A fault script as it is written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FaultScript {
    /// `ferry/v1`.
    pub api_version: String,
    /// `FaultScript`.
    pub kind: String,
    /// The faults, in any order.
    pub faults: Vec<FaultRow>,
}

/// A fault as it is written: `type` says which of the other fields belong.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct FaultRow {
    /// Starts this long after the rehearsal's start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Span>,
    /// Starts the first time the live share reaches this.
    #[serde(skip_serializing_if = "Option::is_none", with = "optional_percent")]
    pub when_share: Option<Share>,
    /// Lasts this long.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r#for: Option<Span>,
    /// What goes wrong.
    pub r#type: String,
    /// `ec2`, `fargate` or `both`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub side: Option<String>,
    /// Of latency or load.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub factor: Option<f64>,
    /// Until the factor is reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ramp: Option<Span>,
    /// Of requests that fail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<Fraction>,
    /// Of published minutes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delay: Option<Span>,
    /// Of tasks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    /// Of deaths.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Which calls: `*`, a service or an operation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api: Option<String>,
    /// Of calls or clients.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fraction: Option<Fraction>,
    /// Which call since the fault began, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nth: Option<u64>,
    /// Of what reads answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age: Option<Span>,
    /// What is edited: `weights`, or `ec2.desired`, `fargate.min`, and so on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// What it becomes: a share or a count.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "share_or_count")]
    pub value: Option<String>,
    /// How long a slow resolver keeps an answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl: Option<Span>,
    /// The call at which the process dies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call: Option<u64>,
}

/// A part of something, written `5%`.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Fraction(f64);

impl Fraction {
    /// A number from 0 to 1; `None` for anything else.
    #[must_use]
    pub fn new(fraction: f64) -> Option<Self> {
        (0.0..=1.0).contains(&fraction).then_some(Self(fraction))
    }

    /// As a number from 0 to 1.
    #[must_use]
    pub const fn get(self) -> f64 {
        self.0
    }
}

impl fmt::Display for Fraction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Ten digits say every fraction anybody writes and hide what binary adds to them.
        let percent = libm::round(self.0 * 1e12) / 1e10;
        write!(f, "{percent}%")
    }
}

impl FromStr for Fraction {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.strip_suffix('%')
            .and_then(|number| number.trim().parse::<f64>().ok())
            .and_then(|percent| Self::new(percent / 100.0))
            .ok_or_else(|| format!("`{text}` is not a fraction: write a percentage such as 5%"))
    }
}

impl Serialize for Fraction {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Fraction {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// An optional share written `30%`.
mod optional_percent {
    use super::{Deserialize, Deserializer, Serialize, Serializer, Share};
    use serde::de::Error as _;

    #[expect(clippy::ref_option, reason = "the signature that serde calls")]
    pub(super) fn serialize<S: Serializer>(
        share: &Option<Share>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        share.map(|share| share.to_string()).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Share>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| text.parse().map_err(D::Error::custom)).transpose()
    }
}

/// Reads `30%` and `5` alike.
fn share_or_count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    struct ShareOrCount;
    impl serde::de::Visitor<'_> for ShareOrCount {
        type Value = Option<String>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a share such as 30% or a number of tasks")
        }
        fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
            Ok(Some(text.to_owned()))
        }
        fn visit_u64<E: serde::de::Error>(self, count: u64) -> Result<Self::Value, E> {
            Ok(Some(count.to_string()))
        }
        fn visit_i64<E: serde::de::Error>(self, count: i64) -> Result<Self::Value, E> {
            Ok(Some(count.to_string()))
        }
    }
    deserializer.deserialize_any(ShareOrCount)
}

impl FaultScript {
    /// A script of `faults`.
    #[must_use]
    pub fn new(faults: Vec<FaultRow>) -> Self {
        Self { api_version: "ferry/v1".to_owned(), kind: "FaultScript".to_owned(), faults }
    }

    /// Checks every row.
    ///
    /// # Errors
    /// [`Error::Fault`] with the first row that cannot be carried out, and what would be right.
    pub fn faults(&self) -> Result<Vec<Fault>, Error> {
        for (part, is, wants) in
            [("apiVersion", &self.api_version, "ferry/v1"), ("kind", &self.kind, "FaultScript")]
        {
            if is != wants {
                let problem = format!("is `{is}`: write {wants}");
                return Err(Error::Spec { part: part.to_owned(), problem });
            }
        }
        self.numbered().map(|(number, fault)| checked(number, fault)).collect()
    }

    /// Every row that cannot be carried out, counted from 1, and what would be right.
    #[must_use]
    pub fn problems(&self) -> Vec<(usize, String)> {
        self.numbered().filter_map(|(number, fault)| Some((number, fault.err()?))).collect()
    }

    fn numbered(&self) -> impl Iterator<Item = (usize, Result<Fault, String>)> {
        self.faults.iter().enumerate().map(|(index, row)| (index + 1, row.fault()))
    }
}

fn checked(number: usize, fault: Result<Fault, String>) -> Result<Fault, Error> {
    fault.map_err(|problem| Error::Fault { number, problem })
}

/// The fields each type takes beside `at`, `whenShare`, `for` and `type`; those with a `?` may be
/// left out.
const FIELDS: [(&str, &[&str]); 15] = [
    ("latency", &["side", "factor", "ramp?"]),
    ("errors", &["side", "rate"]),
    ("metricGap", &["side"]),
    ("metricDelay", &["delay"]),
    ("metricNull", &["side"]),
    ("taskDeath", &["side", "count", "reason"]),
    ("placement", &["side"]),
    ("throttle", &["api", "fraction"]),
    ("lostReply", &["api", "nth"]),
    ("staleRead", &["api", "age"]),
    ("denied", &["api"]),
    ("edit", &["target", "value"]),
    ("slowResolver", &["fraction", "ttl"]),
    ("surge", &["factor"]),
    ("release", &["side", "factor"]),
];

/// The largest factor of latency or load: beyond it nothing is left to learn.
const FACTOR_MAX: f64 = 1000.0;
/// The longest that anything in a script lasts: ten years.
const SPAN_MAX: Span = Span::from_days(3660);

impl FaultRow {
    /// The fault this row means.
    fn fault(&self) -> Result<Fault, String> {
        if self.r#type == "crash" {
            return Err("`crash` is not supported yet: leave it out".to_owned());
        }
        let Some((_, fields)) = FIELDS.iter().find(|(name, _)| *name == self.r#type) else {
            let names: Vec<&str> = FIELDS.iter().map(|(name, _)| *name).collect();
            return Err(format!("type `{}` is not one of {}", self.r#type, names.join(", ")));
        };
        self.check_fields(fields)?;
        self.check_spans()?;
        let trigger = match (self.at, self.when_share) {
            (Some(at), None) => Trigger::At(at),
            (None, Some(share)) if share > Share::ZERO => Trigger::WhenShare(share),
            (None, Some(_)) => return Err("`whenShare` must be above 0%".to_owned()),
            (Some(_), Some(_)) | (None, None) => {
                return Err("give one of `at` and `whenShare`".to_owned());
            }
        };
        Ok(Fault { trigger, lasts: self.r#for, effect: self.effect()? })
    }

    fn check_fields(&self, fields: &[&str]) -> Result<(), String> {
        let given = [
            ("side", self.side.is_some()),
            ("factor", self.factor.is_some()),
            ("ramp", self.ramp.is_some()),
            ("rate", self.rate.is_some()),
            ("delay", self.delay.is_some()),
            ("count", self.count.is_some()),
            ("reason", self.reason.is_some()),
            ("api", self.api.is_some()),
            ("fraction", self.fraction.is_some()),
            ("nth", self.nth.is_some()),
            ("age", self.age.is_some()),
            ("target", self.target.is_some()),
            ("value", self.value.is_some()),
            ("ttl", self.ttl.is_some()),
            ("call", self.call.is_some()),
        ];
        let takes = || fields.join(", ").replace('?', "");
        for (name, given) in given {
            let required = fields.contains(&name);
            let allowed = required || fields.iter().any(|f| f.strip_suffix('?') == Some(name));
            if given && !allowed {
                return Err(format!(
                    "`{name}` does not belong to {}, which takes {}",
                    self.r#type,
                    takes()
                ));
            }
            if required && !given {
                return Err(format!("{} needs `{name}`; it takes {}", self.r#type, takes()));
            }
        }
        Ok(())
    }

    fn check_spans(&self) -> Result<(), String> {
        let spans = [
            ("at", self.at),
            ("for", self.r#for),
            ("ramp", self.ramp),
            ("delay", self.delay),
            ("age", self.age),
            ("ttl", self.ttl),
        ];
        for (name, span) in spans {
            if span.is_some_and(|span| span > SPAN_MAX) {
                return Err(format!("`{name}` is longer than ten years"));
            }
            if span == Some(Span::ZERO) && !matches!(name, "at" | "ramp") {
                return Err(format!("`{name}` must be longer than 0s"));
            }
        }
        Ok(())
    }

    fn effect(&self) -> Result<Effect, String> {
        Ok(match self.r#type.as_str() {
            "latency" => Effect::Latency {
                sides: self.sides()?,
                factor: self.checked_factor()?,
                ramp: self.ramp.unwrap_or(Span::ZERO),
            },
            "errors" => Effect::Errors { sides: self.sides()?, rate: fraction(self.rate) },
            "metricGap" => Effect::MetricGap { sides: self.sides()? },
            "metricDelay" => Effect::MetricDelay { delay: self.delay.unwrap_or_default() },
            "metricNull" => Effect::MetricNull { side: self.one_side()? },
            "taskDeath" => Effect::TaskDeath {
                side: self.one_side()?,
                count: self.count.filter(|count| *count > 0).ok_or("`count` must be above 0")?,
                reason: self.death_reason()?,
            },
            "placement" => Effect::Placement { side: self.one_side()? },
            "throttle" => Effect::Throttle { api: self.api()?, fraction: fraction(self.fraction) },
            "lostReply" => Effect::LostReply {
                api: self.api()?,
                nth: self.nth.filter(|nth| *nth > 0).ok_or("`nth` counts from 1")?,
            },
            "staleRead" => {
                Effect::StaleRead { api: self.api()?, age: self.age.unwrap_or_default() }
            }
            "denied" => Effect::Denied { api: self.api()? },
            "edit" => Effect::Edit(self.edit()?),
            "slowResolver" => Effect::SlowResolver {
                fraction: fraction(self.fraction),
                ttl: self.ttl.unwrap_or_default(),
            },
            "surge" => Effect::Surge { factor: self.checked_factor()? },
            "release" => Effect::Release { sides: self.sides()?, factor: self.checked_factor()? },
            other => return Err(format!("type `{other}` is not known")),
        })
    }

    fn sides(&self) -> Result<Sides, String> {
        match self.side.as_deref() {
            Some("both") => Ok(Sides::Both),
            Some(name) => Ok(Sides::One(
                side(name)
                    .ok_or_else(|| format!("side `{name}` is not one of ec2, fargate, both"))?,
            )),
            None => Err("`side` is missing".to_owned()),
        }
    }

    fn one_side(&self) -> Result<Side, String> {
        let name = self.side.as_deref().unwrap_or_default();
        side(name).ok_or_else(|| format!("side `{name}` is not one of ec2, fargate"))
    }

    fn checked_factor(&self) -> Result<f64, String> {
        let factor = self.factor.unwrap_or(f64::NAN);
        if factor > 0.0 && factor <= FACTOR_MAX {
            Ok(factor)
        } else {
            Err(format!("factor {factor} must be above 0 and at most {FACTOR_MAX}"))
        }
    }

    fn death_reason(&self) -> Result<DeathReason, String> {
        use DeathReason::{DiskFull, ImagePull, Network, OutOfMemory};
        let name = self.reason.as_deref().unwrap_or_default();
        [DiskFull, OutOfMemory, ImagePull, Network]
            .into_iter()
            .find(|reason| reason.name() == name)
            .ok_or_else(|| {
                format!("reason `{name}` is not one of diskFull, outOfMemory, imagePull, network")
            })
    }

    fn api(&self) -> Result<ApiName, String> {
        let name = self.api.as_deref().unwrap_or_default();
        ApiName::new(name).ok_or_else(|| {
            format!(
                "api `{name}` is not `*`, one of {}, or one of their operations such as ecs:UpdateService",
                super::API_SERVICES.join(", ")
            )
        })
    }

    fn edit(&self) -> Result<Edit, String> {
        let target = self.target.as_deref().unwrap_or_default();
        let value = self.value.as_deref().unwrap_or_default();
        if target == "weights" {
            let share = value.parse::<Share>().map_err(|error| error.to_string())?;
            return Ok(Edit::Weights(share));
        }
        let unknown = || {
            format!(
                "target `{target}` is not weights, or ec2 or fargate followed by .desired, .min or .max"
            )
        };
        let (name, what) = target.split_once('.').ok_or_else(unknown)?;
        let side = side(name).ok_or_else(unknown)?;
        let edit: fn(Side, u32) -> Edit = match what {
            "desired" => Edit::Desired,
            "min" => Edit::Min,
            "max" => Edit::Max,
            _ => return Err(unknown()),
        };
        let count = value.parse().ok().filter(|count| *count <= crate::TASKS_MAX);
        let count = count.ok_or_else(|| {
            format!("value `{value}` is not a number of tasks up to {}", crate::TASKS_MAX)
        })?;
        Ok(edit(side, count))
    }
}

fn side(name: &str) -> Option<Side> {
    Side::ALL.into_iter().find(|side| side.name() == name)
}

fn fraction(given: Option<Fraction>) -> f64 {
    given.map_or(0.0, Fraction::get)
}

#[cfg(test)]
mod tests;
