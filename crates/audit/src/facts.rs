//! What all checks share: the plan in the light of what was seen.

use model::plan::Plan;

use crate::Input;

pub(crate) struct Facts<'a> {
    pub(crate) input: Input<'a>,
    pub(crate) plan: &'a Plan,
}

impl<'a> Facts<'a> {
    pub(crate) fn new(input: &Input<'a>, plan: &'a Plan) -> Self {
        Self { input: *input, plan }
    }
}
