//! Why a parameter or an AWS request cannot be taken.

/// What is wrong with a parameter or a request; the operator who wrote it acts on it.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Error {
    /// A number outside what the model means.
    #[error("`{name}` is {value}: it must be {must}")]
    Parameter {
        /// The parameter, as the public type names it.
        name: &'static str,
        /// What was given.
        value: f64,
        /// What it must be.
        must: &'static str,
    },
    /// A step policy's adjustments break a rule of Application Auto Scaling.
    #[error("step adjustments are refused: {0}")]
    Steps(crate::steps::StepsFault),
    /// A request field that Application Auto Scaling or CloudWatch would refuse.
    #[error("`{field}` of `{name}` is refused: {problem}")]
    Request {
        /// The policy, alarm, action or target.
        name: String,
        /// The request's field, in AWS's spelling.
        field: &'static str,
        /// What is wrong, and what would be right.
        problem: String,
    },
    /// A schedule expression that cannot be read.
    #[error(
        "schedule `{expression}` cannot be read: {problem}; write at(yyyy-mm-ddThh:mm:ss), rate(5 minutes) or cron(minute hour day-of-month month day-of-week year)"
    )]
    Schedule {
        /// The expression as written.
        expression: String,
        /// What is wrong with it.
        problem: String,
    },
}

/// Passes a finite number through when `holds`, or names it.
pub(crate) fn check(
    name: &'static str,
    value: f64,
    must: &'static str,
    holds: impl Fn(f64) -> bool,
) -> Result<f64, Error> {
    if value.is_finite() && holds(value) {
        Ok(value)
    } else {
        Err(Error::Parameter { name, value, must })
    }
}

/// Passes a finite number above zero through, or names it.
pub(crate) fn positive(name: &'static str, value: f64) -> Result<f64, Error> {
    check(name, value, "a number above zero", |v| v > 0.0)
}

/// Passes a finite number of at least zero through, or names it.
pub(crate) fn not_negative(name: &'static str, value: f64) -> Result<f64, Error> {
    check(name, value, "zero or a number above it", |v| v >= 0.0)
}
