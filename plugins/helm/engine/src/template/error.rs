//! Why a template could not be evaluated, with its place.

/// A failure while a template was evaluated.
#[derive(Clone, Debug, PartialEq)]
pub struct ExecError {
    /// The whole text, as Go says it: `template: q/templates/t.yaml:2:7: executing …`.
    pub message: String,
}
