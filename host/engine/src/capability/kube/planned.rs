//! Holding the objects that a plan names against the rules, before the first of them is written.

use super::decide::in_place;
use super::{ObjectKey, Place, group_name};
use crate::capability::decide::{Denial, not_granted};
use crate::capability::grant::Effective;
use crate::capability::interface::Family;
use crate::capability::rule::{Effect, Rule, Scope};

/// Refuses an object that no rule would let the plugin write, so that a plan fails where its run would stop halfway. Of
/// its kind the resource is not known yet, and whether it has a namespace: what only these decide is left to the call.
///
/// # Errors
/// When the manifest or the stack's grant leaves no rule for it.
pub fn plannable(effective: &Effective, object: &ObjectKey) -> Result<(), Denial> {
    let writes = |rule: &&Rule| rule.scope.family() == Family::Kube && rule.effect == Effect::Write;
    // What a plugin names that writes to no cluster are no objects of one.
    let mut declared = effective.declared_rules.iter().filter(writes).peekable();
    if declared.peek().is_none() || effective.rules.iter().filter(writes).any(|rule| may_write(rule, object)) {
        return Ok(());
    }
    let place = object.namespace.as_ref().map(|namespace| format!("{namespace}/")).unwrap_or_default();
    let what = format!("writing the {} {place}{}", object.kind, object.name);
    match declared.find(|rule| may_write(rule, object)) {
        Some(rule) => Err(not_granted(effective, rule, &what)),
        None => Err(Denial {
            code: "kube-no-rule",
            message: format!("no rule allows {what}, which the plan names"),
            help: "a write rule of `kube` in plugin.yaml says groups, resources, namespaces and names".to_owned(),
            rule: None,
        }),
    }
}

fn may_write(rule: &Rule, object: &ObjectKey) -> bool {
    let Scope::Kube(scope) = &rule.scope else { return false };
    let place = match &object.namespace {
        Some(namespace) => in_place(scope, Place::Namespace(namespace)) || in_place(scope, Place::Cluster),
        None => true,
    };
    scope.groups.allow(group_name(&object.group)) && scope.names.allow(&object.name) && place
}
