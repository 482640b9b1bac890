//! Capacity of a task, and the semantics of Application Auto Scaling, alarms and task starts.
