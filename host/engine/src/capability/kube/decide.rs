//! Deciding on a call of a Kubernetes cluster.

use std::collections::BTreeSet;

use super::roles::escalations;
use super::{CLUSTER, KubeScope, ObjectKey, Objects, Verb, group_name};
use crate::capability::StepScope;
use crate::capability::decide::{Decision, Denial, claimed_steps, nearer, not_granted, places_fit};
use crate::capability::grant::Effective;
use crate::capability::interface::{Family, Half};
use crate::capability::rule::{Effect, Operation, Rule, Scope};
use crate::value::{Map, Value};

/// Where the objects of a call are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place<'a> {
    /// In this namespace.
    Namespace(&'a str),
    /// In none: the kind has none.
    Cluster,
    /// In all namespaces.
    All,
}

/// One call, its kind already found by the server's discovery.
#[derive(Clone, Debug)]
pub struct KubeFacts<'a> {
    /// The half it came through.
    pub half: Half,
    /// The mutation that is running; none outside the write phase.
    pub operation: Option<Operation>,
    /// The host of the API server.
    pub server: &'a str,
    /// What it does; none for the discovery of a group.
    pub verb: Option<Verb>,
    /// Empty for the core group; of a discovery, `*` is all of them.
    pub group: &'a str,
    /// The plural.
    pub resource: &'a str,
    /// The kind.
    pub kind: &'a str,
    /// Where.
    pub place: Place<'a>,
    /// Of one object; none for whatever a list finds.
    pub name: Option<&'a str>,
    /// What is applied or created, sealed values opened and marked secret.
    pub object: Option<&'a Value>,
    /// The object as the cluster has it, where the host looked, because a rule goes by its marks.
    pub live: Option<&'a Value>,
    /// The requests of the batch that a write claims to serve.
    pub items: &'a [u32],
}

/// Resources that act instead of being kept, beside the subresources, which are never called.
const NEVER: [(&str, &str); 1] = [("", "bindings")];

pub(in crate::capability) fn decide_kube<'a>(
    effective: &'a Effective,
    facts: &KubeFacts<'_>,
    scopes: &[StepScope],
) -> Result<Decision<'a>, Denial> {
    let what = facts.outline();
    let Some(verb) = facts.verb else { return discovery(effective, facts, &what, scopes) };
    if facts.resource.contains('/') || NEVER.contains(&(facts.group, facts.resource)) {
        return Err(Denial {
            code: "kube-never",
            message: format!("{what} is what no plugin may ever do with a cluster"),
            help: "objects are read, applied, created and deleted; nothing else".to_owned(),
            rule: None,
        });
    }
    if verb.effect() != facts.half.effect() {
        let (took, takes) = (facts.half.effect().name(), verb.effect().name());
        return Err(Denial {
            code: "kube-effect",
            message: format!("{what} is a {takes} and came through `kube-{took}`"),
            help: format!("call it through `kube-{takes}`"),
            rule: None,
        });
    }
    let claimed = claimed_steps(facts.half, facts.operation, facts.items, &what, scopes)?;
    let call = facts.value();
    let mut nearest: Option<(u8, Denial)> = None;
    for rule in effective.rules_of(Family::Kube) {
        match judge(rule, facts, verb, &call, &claimed, scopes) {
            Ok(steps) => return Ok(Decision::Allow { rule: Some(rule), steps }),
            Err(found) => nearer(&mut nearest, found),
        }
    }
    let of_family = effective.declared_rules.iter().filter(|rule| rule.scope.family() == Family::Kube);
    let declared = of_family.into_iter().find(|rule| judge(rule, facts, verb, &call, &claimed, scopes).is_ok());
    match (declared, nearest) {
        // The manifest asks for it, and only the operator can say yes.
        (Some(_), Some((_, denial))) if denial.code == "kube-escalation" => Err(Denial {
            help: format!(
                "if the cluster is to have it, add to the plugin in the stack:\nallow:\n  escalates: [{}]",
                facts.escalations()
            ),
            ..denial
        }),
        (Some(rule), _) => Err(not_granted(effective, rule, &what)),
        (None, Some((1.., denial))) => Err(denial),
        (None, _) => Err(no_rule(facts, verb, &what)),
    }
}
/// The rule that may allow a write by what the object carries in the cluster, for which the host has to look there.
pub fn marked_by<'a>(effective: &'a Effective, facts: &KubeFacts<'_>) -> Option<&'a Rule> {
    let marks = |scope: &KubeScope| scope.objects.as_ref().is_some_and(|sources| sources.contains(&Objects::Marked));
    effective.rules_of(Family::Kube).find(|rule| match &rule.scope {
        Scope::Kube(scope) => {
            facts.verb.is_some_and(|verb| scope.verbs.contains(&verb))
                && facts.operation.is_some_and(|operation| scope.operations.contains(&operation))
                && scope.groups.allow(group_name(facts.group))
                && scope.resources.allow(facts.resource)
                && in_place(scope, facts.place)
                && facts.name.is_some_and(|name| scope.names.allow(name))
                && marks(scope)
        }
        _ => false,
    })
}

/// In the place of a group: the discovery of all of them. Which kinds a cluster has is no secret to whoever may do
/// anything there.
const EVERY: &str = "*";

/// Which resources a group has may be asked by whoever may do anything with one of them.
fn discovery<'a>(
    effective: &'a Effective,
    facts: &KubeFacts<'_>,
    what: &str,
    scopes: &[StepScope],
) -> Result<Decision<'a>, Denial> {
    let opens = |rule: &&Rule| {
        let Scope::Kube(scope) = &rule.scope else { return false };
        let group = facts.group == EVERY || scope.groups.allow(group_name(facts.group));
        group && scope.servers.allow(facts.server)
    };
    let rule = effective.rules_of(Family::Kube).find(opens);
    let steps = (0..scopes.len()).collect();
    rule.map(|rule| Decision::Allow { rule: Some(rule), steps }).ok_or_else(|| Denial {
        code: "kube-no-rule",
        message: format!("no rule allows {what}"),
        help: format!(
            "rules of `kube` in effect name neither its group `{}` nor any other that holds it, or not its server",
            group_name(facts.group)
        ),
        rule: None,
    })
}

fn no_rule(facts: &KubeFacts<'_>, verb: Verb, what: &str) -> Denial {
    let namespace = match facts.place {
        Place::Namespace(namespace) => namespace,
        Place::Cluster => CLUSTER,
        Place::All => "**",
    };
    let (group, resource, name) = (group_name(facts.group), facts.resource, facts.name.unwrap_or("**"));
    Denial {
        code: "kube-no-rule",
        message: format!("no rule allows {what}"),
        help: format!(
            "to declare it, add to `capabilities:` of plugin.yaml:\nkube:\n  - {{id: …, effect: {}, verbs: [{verb}], groups: [{group}], resources: [{resource}], namespaces: [\"{namespace}\"], names: [\"{name}\"], reason: …}}",
            verb.effect().name()
        ),
        rule: None,
    }
}

impl KubeFacts<'_> {
    /// `apply deployments.apps maps/web`.
    pub fn outline(&self) -> String {
        let Some(verb) = self.verb else { return format!("the discovery of {}", group_name(self.group)) };
        let dot = if self.group.is_empty() { "" } else { "." };
        let place = match self.place {
            Place::Namespace(namespace) => format!("{namespace}/"),
            Place::Cluster => String::new(),
            Place::All => "*/".to_owned(),
        };
        format!("{verb} {}{dot}{} {place}{}", self.resource, self.group, self.name.unwrap_or("*"))
    }

    /// What the role that is written would let its holder do.
    fn escalations(&self) -> String {
        let found = self.object.map(|object| escalations(self.group, self.resource, object)).unwrap_or_default();
        found.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    }

    /// The call as bindings see it.
    fn value(&self) -> Value {
        let text = |text: &str| Value::String(text.to_owned());
        let mut call = Map::new();
        call.insert("group".to_owned(), text(self.group));
        call.insert("resource".to_owned(), text(self.resource));
        call.insert("kind".to_owned(), text(self.kind));
        if let Place::Namespace(namespace) = self.place {
            call.insert("namespace".to_owned(), text(namespace));
        }
        call.extend(self.name.map(|name| ("name".to_owned(), text(name))));
        call.extend(self.object.map(|object| ("object".to_owned(), object.clone())));
        Value::Map(call)
    }

    /// What the call is about, as steps name objects.
    fn key(&self) -> Option<ObjectKey> {
        let namespace = match self.place {
            Place::Namespace(namespace) => Some(namespace.to_owned()),
            Place::Cluster => None,
            Place::All => return None,
        };
        Some(ObjectKey {
            group: self.group.to_owned(),
            kind: self.kind.to_owned(),
            namespace,
            name: self.name?.to_owned(),
        })
    }
}

/// Holds the call against one rule. A refusal says how far it came, so that the message is about
/// the rule that was probably meant.
fn judge(
    rule: &Rule,
    facts: &KubeFacts<'_>,
    verb: Verb,
    call: &Value,
    claimed: &[usize],
    scopes: &[StepScope],
) -> Result<Vec<usize>, (u8, Denial)> {
    let id = &rule.id;
    let deny = |reached: u8, code, message: String, help: String| {
        Err((reached, Denial { code, message, help, rule: Some(id.clone()) }))
    };
    let Scope::Kube(scope) = &rule.scope else { return deny(0, "kube-no-rule", String::new(), String::new()) };
    let kind = scope.groups.allow(group_name(facts.group)) && scope.resources.allow(facts.resource);
    if !scope.verbs.contains(&verb) || !kind {
        return deny(0, "kube-no-rule", String::new(), String::new());
    }
    let what = facts.outline();
    if !scope.servers.allow(facts.server) {
        let message = format!("rule `{id}` does not allow the server {}", facts.server);
        return deny(1, "kube-server", message, format!("its `servers` are {}", scope.servers));
    }
    if let (Effect::Write, Some(operation)) = (rule.effect, facts.operation)
        && !scope.operations.contains(&operation)
    {
        let message = format!("rule `{id}` does not serve `{operation}`");
        return deny(2, "kube-operation", message, format!("add `{operation}` to its `operations`"));
    }
    if !in_place(scope, facts.place) {
        let message = format!("rule `{id}` does not allow {what}: the namespace is none of its `namespaces`");
        return deny(3, "kube-namespace", message, format!("they are {}", scope.namespaces));
    }
    let named = match facts.name {
        Some(name) => scope.names.allow(name),
        None => scope.names.allow_every("*"),
    };
    if !named {
        let message = format!("rule `{id}` does not allow {what}: the name is none of its `names`");
        return deny(4, "kube-name", message, format!("they are {}", scope.names));
    }
    let found = facts.object.map(|object| escalations(facts.group, facts.resource, object)).unwrap_or_default();
    let beyond: Vec<_> = found.difference(&scope.escalates).map(|word| format!("`{word}`")).collect();
    if !beyond.is_empty() {
        let message = format!(
            "rule `{id}` does not allow {what}: whoever holds it could undo the rules, by {}",
            beyond.join(", ")
        );
        let help = format!("if the cluster is to have it, a rule says `escalates: [{}]`", beyond.join(", "));
        return deny(5, "kube-escalation", message, help.replace('`', ""));
    }
    let held = |step: usize| match scopes.get(step) {
        Some(of) => of_step(scope, facts, of).and_then(|()| places_fit(&scope.bind.body, Some(call), "call", of)),
        None => Err("there is no such step".to_owned()),
    };
    let refused = |step: Option<usize>, why: &str| {
        let of =
            step.and_then(|step| scopes.get(step)).map_or_else(String::new, |scope| format!(" of {}", scope.address));
        let message = format!("rule `{id}` is bound to its step, and {what} is not about it: {why}{of}");
        let help =
            format!("the rule is bound so that a call touches only what its step is about; it says: {}", rule.reason);
        deny(6, "kube-binding", message, help)
    };
    match rule.effect {
        Effect::Write => match claimed.iter().find_map(|step| held(*step).err().map(|why| (*step, why))) {
            Some((step, why)) => refused(Some(step), &why),
            None => Ok(claimed.to_vec()),
        },
        // A read serves somebody of the batch; one that is bound must be about one of them.
        Effect::Read => {
            let fit: Vec<usize> = claimed.iter().copied().filter(|step| held(*step).is_ok()).collect();
            if fit.is_empty() && !scope.bind.is_empty() {
                return refused(claimed.first().copied(), "it is about another");
            }
            Ok(fit)
        }
    }
}

pub(super) fn in_place(scope: &KubeScope, place: Place<'_>) -> bool {
    match place {
        // What is named like the place of those that are in none is no namespace.
        Place::Namespace(namespace) => !namespace.contains('/') && scope.namespaces.allow(namespace),
        Place::Cluster => scope.namespaces.allow(CLUSTER),
        Place::All => scope.namespaces.allow_every("*"),
    }
}

/// Is the object one that the step names? The kind's own place counts, so that a namespace at an object that
/// can have none makes no difference.
fn of_step(scope: &KubeScope, facts: &KubeFacts<'_>, step: &StepScope) -> Result<(), String> {
    let Some(sources) = &scope.objects else { return Ok(()) };
    let Some(key) = facts.key() else { return Err("it is about more than one object".to_owned()) };
    let clustered = facts.place == Place::Cluster;
    let is_it = |named: &ObjectKey| {
        named.group == key.group
            && named.kind == key.kind
            && named.name == key.name
            && (clustered || named.namespace == key.namespace)
    };
    let prior = || ObjectKey::recorded(&step.outputs);
    let named = sources.iter().any(|source| match source {
        Objects::Planned => step.planned.iter().any(is_it),
        Objects::Prior => prior().iter().any(is_it),
        Objects::Marked => facts.live.is_some() && places_fit(&scope.marks.body, facts.live, "object", step).is_ok(),
    });
    if named {
        return Ok(());
    }
    let sources: BTreeSet<_> = sources.iter().map(ToString::to_string).collect();
    Err(format!("it is none of the objects {}", sources.into_iter().collect::<Vec<_>>().join(" or ")))
}
