//! What judging values by schemas may cost: a schema can be made to take for ever.

use crate::memory;

/// Steps that one chart's values may take, with those of the charts within: many times what the
/// largest schemas of public charts do.
const MAX_STEPS: usize = 5_000_000;

/// What is left of it.
#[derive(Debug)]
pub(crate) struct Budget(usize);

impl Budget {
    pub(crate) fn new() -> Self {
        Self(MAX_STEPS)
    }

    pub(super) fn spend(&mut self, steps: usize) -> Result<(), String> {
        match self.0.checked_sub(steps) {
            Some(left) => {
                self.0 = left;
                memory::check(0)
            }
            None => Err(format!("the schema takes more than the maximum of {MAX_STEPS} steps")),
        }
    }
}
