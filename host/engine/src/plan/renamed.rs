//! Tells what looks like a resource that was given another name: to the plan it is one object that goes and one that
//! comes, and what was in the first is lost.

use super::{Action, Step};
use crate::diagnostic::Diagnostic;
use crate::name::Address;
use crate::session::Session;

/// An address as it stands in a list of YAML.
fn written(address: &Address) -> String {
    if address.as_str().contains('[') { format!("'{address}'") } else { address.to_string() }
}

/// A warning for each resource that comes with the very inputs of one of its kind that leaves.
pub(super) fn renamed(session: &Session<'_>, steps: &[Step]) -> Vec<Diagnostic> {
    let mut leaving: Vec<&Step> =
        steps.iter().filter(|step| step.action == Action::Delete && !step.deposed && !step.lookup).collect();
    let mut warnings = Vec::new();
    for comes in steps.iter().filter(|step| step.action == Action::Create) {
        let same = |leaves: &&Step| {
            leaves.kind == comes.kind && leaves.old.as_ref().map(|old| &old.inputs) == comes.new_inputs.as_ref()
        };
        let Some(at) = leaving.iter().position(same) else { continue };
        let leaves = leaving.swap_remove(at);
        let (from, to) = (&leaves.address, &comes.address);
        let message = format!("`{from}` is no longer in the stack, and `{to}` is new with the same inputs");
        let (old, new) = (written(from), written(to));
        let help = format!("if it was renamed, say so: `moved: [{{from: {old}, to: {new}}}]`; its object then stays");
        let warning = Diagnostic::warning("renamed", message).help(help);
        warnings.push(match session.stack.resources.get(to) {
            Some(resource) => warning.at(&resource.span),
            None => warning,
        });
    }
    warnings
}
