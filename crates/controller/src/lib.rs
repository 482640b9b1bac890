//! The tick: observe, project, judge, plan, admit, audit, record, act.
