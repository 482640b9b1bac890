//! Verdicts: what the judge says of the sides, and why.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Share, Side, Span};

/// Advance, hold or roll back, with the reason and the evidence behind it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Verdict {
    /// What to do.
    pub kind: VerdictKind,
    /// Why.
    pub reason: VerdictReason,
    /// The newest minute judged; `None` before the first.
    pub minute: Option<i64>,
    /// The evidence, in natural logarithms, beside its thresholds.
    pub evidence: Evidence,
}

/// The three things a judge can say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum VerdictKind {
    /// Fargate is proven no worse than the margin: the step may end.
    Advance,
    /// Neither proven.
    Hold,
    /// Fargate is proven worse, or evidently failing.
    RollBack,
}

impl VerdictKind {
    /// The word used in JSON, labels and timelines.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Advance => "advance",
            Self::Hold => "hold",
            Self::RollBack => "rollBack",
        }
    }
}

/// Evidence of each signal and of all together, in natural logarithms.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Evidence {
    /// ln M: evidence of harm over all signals.
    pub harm: f64,
    /// Rolling back needs `harm` at least here: ln(T_max / alpha).
    pub harm_threshold: f64,
    /// Advancing needs each signal's `safe` at least here: ln(1 / beta).
    pub safe_threshold: f64,
    /// By signal name.
    pub signals: BTreeMap<String, SignalEvidence>,
    /// Minutes of this step that counted.
    pub minutes: u32,
    /// When the safe evidence will be enough at the present rate, if it ever will.
    pub eta: Option<Span>,
}

/// Evidence of one signal, in natural logarithms.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SignalEvidence {
    /// That Fargate is worse.
    pub harm: f64,
    /// That Fargate is no worse than the margin.
    pub safe: f64,
    /// Fargate's burn of the error budget over the last hour; 1 spends it exactly.
    pub burn_fargate: f64,
    /// EC2's burn over the last hour.
    pub burn_ec2: f64,
}

/// What a proof must have seen besides enough requests (A6), learnt from EC2's past.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Coverage {
    /// Asked for from this share upwards.
    pub share_min: Share,
    /// Minutes of high load that are needed on each step.
    pub minutes: u32,
    /// Minutes of the UTC day in which a surge recurs, of which one must have been seen; none:
    /// no surge recurs.
    pub surges: BTreeSet<i64>,
}

/// Why the judge says what it says. Each names what an operator would look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "type")]
pub enum VerdictReason {
    /// Fargate has no healthy target although traffic is sent there (A7).
    CandidateDead,
    /// Five minutes of plain disaster on one signal (2.5).
    Guard {
        /// The signal's name.
        signal: String,
    },
    /// The guard for small shares (A3).
    SmallShareGuard {
        /// The signal's name.
        signal: String,
    },
    /// Comparative proof of harm, with the budget burning where the policy asks for it.
    ProvenWorse {
        /// The signal's name.
        signal: String,
    },
    /// Fargate burns its error budget and EC2 does not (A8).
    BudgetBurn {
        /// The signal's name.
        signal: String,
    },
    /// Every signal proves Fargate no worse than the margin.
    ProvenSafe,
    /// Proven by the absolute SLO alone: both sides too clean, or too unlike, to compare.
    ProvenAbsolute,
    /// Proven slower, but inside the budget: a person should look.
    WorseWithinBudget {
        /// The signal's name.
        signal: String,
    },
    /// Both sides burn alike: not the migration's doing.
    CommonMode {
        /// The signal's name.
        signal: String,
    },
    /// Evidence of harm is half way to proof.
    Suspicion {
        /// The signal's name.
        signal: String,
    },
    /// A side's minutes are missing, late or unusable.
    MissingData {
        /// The side whose minutes are missing.
        side: Side,
    },
    /// Events of an objective that is counted elsewhere do not come.
    EventsMissing {
        /// The objective's name.
        signal: String,
        /// The side whose events are missing.
        side: Side,
    },
    /// An objective that is counted elsewhere is not proven to be met on Fargate.
    Unproven {
        /// The objective's name.
        signal: String,
    },
    /// Requests per task differ too much between the sides to compare them (A5).
    UnequalLoad,
    /// The measured share does not agree with the weights.
    ShareMismatch,
    /// Weights or releases have just changed; the minutes since do not count yet.
    Settling,
    /// Load has not yet been high enough for the proof to mean anything (A6).
    LoadCoverage {
        /// Minutes of high load seen at this share.
        minutes: u32,
        /// How many are asked for.
        minutes_needed: u32,
    },
    /// The recurring surge has not been seen at this share yet (A6).
    SurgeUnseen,
    /// DNS routers draw different clients and the difference was not learnt (A10).
    Uncalibrated,
    /// Not enough requests for any proof in the time there is.
    InsufficientTraffic,
    /// The sides run different releases.
    ReleasesDiffer,
    /// Nothing wrong: the proof is being collected.
    Collecting,
}

impl VerdictReason {
    /// The reason's name, as conditions, events and metric labels show it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::CandidateDead => "CandidateDead",
            Self::Guard { .. } => "Guard",
            Self::SmallShareGuard { .. } => "SmallShareGuard",
            Self::ProvenWorse { .. } => "ProvenWorse",
            Self::BudgetBurn { .. } => "BudgetBurn",
            Self::ProvenSafe => "ProvenSafe",
            Self::ProvenAbsolute => "ProvenAbsolute",
            Self::WorseWithinBudget { .. } => "WorseWithinBudget",
            Self::CommonMode { .. } => "CommonMode",
            Self::Suspicion { .. } => "Suspicion",
            Self::MissingData { .. } => "MissingData",
            Self::EventsMissing { .. } => "EventsMissing",
            Self::Unproven { .. } => "Unproven",
            Self::UnequalLoad => "UnequalLoad",
            Self::ShareMismatch => "ShareMismatch",
            Self::Settling => "Settling",
            Self::LoadCoverage { .. } => "LoadCoverage",
            Self::SurgeUnseen => "SurgeUnseen",
            Self::Uncalibrated => "Uncalibrated",
            Self::InsufficientTraffic => "InsufficientTraffic",
            Self::ReleasesDiffer => "ReleasesDiffer",
            Self::Collecting => "Collecting",
        }
    }
}

impl fmt::Display for VerdictReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CandidateDead => f.write_str("Fargate has no healthy target"),
            Self::Guard { signal } => write!(f, "{signal} is failing on Fargate"),
            Self::SmallShareGuard { signal } => {
                write!(f, "{signal} is failing on Fargate's few requests")
            }
            Self::ProvenWorse { signal } => write!(f, "{signal} is proven worse on Fargate"),
            Self::BudgetBurn { signal } => {
                write!(f, "Fargate burns the error budget of {signal} and EC2 does not")
            }
            Self::ProvenSafe => f.write_str("every signal is proven no worse on Fargate"),
            Self::ProvenAbsolute => f.write_str("Fargate is proven to meet the SLO"),
            Self::WorseWithinBudget { signal } => {
                write!(f, "{signal} is proven worse on Fargate but within its budget")
            }
            Self::CommonMode { signal } => write!(f, "{signal} is failing on both sides alike"),
            Self::Suspicion { signal } => write!(f, "{signal} looks worse on Fargate"),
            Self::MissingData { side } => write!(f, "minutes of {side} are missing"),
            Self::EventsMissing { signal, side } => {
                write!(f, "events of {signal} are missing for {side}")
            }
            Self::Unproven { signal } => write!(f, "{signal} is not proven to be met on Fargate"),
            Self::UnequalLoad => f.write_str("tasks of the two sides carry unequal load"),
            Self::ShareMismatch => f.write_str("the measured share does not follow the weights"),
            Self::Settling => f.write_str("weights or releases have just changed"),
            Self::LoadCoverage { minutes, minutes_needed } => {
                write!(f, "{minutes} of {minutes_needed} minutes of high load seen at this share")
            }
            Self::SurgeUnseen => f.write_str("the recurring surge has not come at this share yet"),
            Self::Uncalibrated => {
                f.write_str("the sides may draw different clients and this was not calibrated")
            }
            Self::InsufficientTraffic => f.write_str("too little traffic to prove anything"),
            Self::ReleasesDiffer => f.write_str("the sides run different releases"),
            Self::Collecting => f.write_str("collecting evidence"),
        }
    }
}
