//! An independent second opinion on a plan, written without reading the planner.
