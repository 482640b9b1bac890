//! Why a load, a world or a policy cannot be replayed.

/// What stands in the way of a number; the operator who gave the input acts on it.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Error {
    /// The load is too short, not a number, or says nothing that could be learnt from.
    #[error("the load {problem}; {remedy}")]
    Load {
        /// What is wrong with it.
        problem: String,
        /// What would help.
        remedy: &'static str,
    },
    /// The world contradicts itself.
    #[error("the world is impossible")]
    World(#[source] capacity::Error),
    /// No number of tasks that the world allows keeps its objective.
    #[error("the world cannot keep its objective: {problem}; {remedy}")]
    Hopeless {
        /// Why not.
        problem: String,
        /// What would help.
        remedy: &'static str,
    },
    /// AWS would refuse an entry of the policy.
    #[error("the policy is refused")]
    Policy(#[source] capacity::Error),
    /// The policy reads what the replay has no model of.
    #[error("`{name}` cannot be replayed: {problem}; {remedy}")]
    NotModelled {
        /// The policy or alarm.
        name: String,
        /// What it reads.
        problem: String,
        /// What would help.
        remedy: &'static str,
    },
}
