//! Deciding on a call of a service whose actions the host knows.

use super::StepScope;
use super::api_scope::ApiScope;
use super::bind::Pointer;
use super::decide::{Decision, Denial, claimed_steps, nearer, not_granted, places_fit};
use super::grant::Effective;
use super::interface::{Family, Half};
use super::names::Names;
use super::rule::{Effect, Operation, Rule, Scope};
use super::service::{About, Action, Service, What};
use crate::value::{Map, Value};

/// One call.
#[derive(Clone, Debug)]
pub struct ApiFacts<'a> {
    /// Which service.
    pub family: Family,
    /// The half it came through.
    pub half: Half,
    /// The mutation that is running; none outside the write phase.
    pub operation: Option<Operation>,
    /// As the guest gave it.
    pub action: &'a str,
    /// Its parameters, sealed values opened and marked secret.
    pub input: &'a Value,
    /// The requests of the batch that a write claims to serve: of an action with a list, one for each item.
    pub items: &'a [u32],
}

/// A call that has passed all that does not depend on a rule.
struct Asked<'a> {
    facts: &'a ApiFacts<'a>,
    action: &'static Action,
    /// The requests that it is held against: of an action with a list, one for each item.
    claimed: Vec<usize>,
    /// What is judged: the input, or of an action with a list the input once for each item of it.
    parts: Vec<Value>,
}

pub(super) fn decide_api<'a>(
    effective: &'a Effective,
    facts: &ApiFacts<'_>,
    scopes: &[StepScope],
) -> Result<Decision<'a>, Denial> {
    let Some(service) = facts.family.service() else { return Err(no_rule(facts, None)) };
    let asked = asked(service, facts, scopes)?;
    let mut nearest: Option<(u8, Denial)> = None;
    for rule in effective.rules_of(facts.family) {
        match judge(rule, &asked, scopes) {
            Ok(steps) => return Ok(Decision::Allow { rule: Some(rule), steps }),
            Err(found) => nearer(&mut nearest, found),
        }
    }
    let of_family = effective.declared_rules.iter().filter(|rule| rule.scope.family() == facts.family);
    let what = format!("{} {}", facts.family, asked.action.name);
    if let Some(rule) = of_family.into_iter().find(|rule| judge(rule, &asked, scopes).is_ok()) {
        return Err(not_granted(effective, rule, &what));
    }
    Err(match nearest {
        Some((1.., denial)) => denial,
        _ => no_rule(facts, Some(service)),
    })
}

fn no_rule(facts: &ApiFacts<'_>, service: Option<&Service>) -> Denial {
    let line = service.map(|service| service.rule_line(facts.half.effect(), facts.action)).unwrap_or_default();
    Denial {
        code: "api-no-rule",
        message: format!("no rule allows {} {}", facts.family, facts.action),
        help: format!("to declare it, add to `capabilities:` of plugin.yaml:\n{}:\n{line}", facts.family),
        rule: None,
    }
}

/// What can be said of a call before any rule is looked at.
fn asked<'a>(service: &Service, facts: &'a ApiFacts<'a>, scopes: &[StepScope]) -> Result<Asked<'a>, Denial> {
    let deny = |code, message: String, help: String| Err(Denial { code, message, help, rule: None });
    let Some(action) = service.action(facts.action) else {
        let names: Vec<_> = service.actions.iter().map(|action| action.name).collect();
        let message = format!("`{}` is no action of {} that maps knows", facts.action, facts.family);
        return deny(
            "api-action",
            message,
            format!("it knows {}; `http` with a credential of type `aws` does the rest", names.join(", ")),
        );
    };
    let what = format!("{} {}", facts.family, action.name);
    match (action.effect, facts.half) {
        (Effect::Write, Half::Read) => {
            let message = format!("{what} changes something and came through `{}-read`", facts.family);
            return deny("api-effect", message, format!("call it through `{}-write`", facts.family));
        }
        (Effect::Read, Half::Write) => {
            let message = format!("{what} is a read and came through `{}-write`", facts.family);
            return deny("api-effect", message, format!("call it through `{}-read`", facts.family));
        }
        _ => {}
    }
    let Value::Map(input) = facts.input.peek() else {
        return deny("api-input", format!("the input of {what} is no object"), "name its parameters".to_owned());
    };
    if let Some(name) = input.keys().find(|name| !action.parameters.contains(&name.as_str())) {
        let help = format!("it takes {}", action.parameters.join(", "));
        return deny("api-parameter", format!("`{name}` is no parameter of {what} that maps knows"), help);
    }
    if let Some(Err(why)) = action.guard.map(|guard| guard(input)) {
        return deny(
            "api-input",
            format!("{what} is refused: {why}"),
            "say it in the form that can be judged".to_owned(),
        );
    }
    let claimed = claimed_steps(facts.half, facts.operation, facts.items, &what, scopes)?;
    let Some(at) = action.each else {
        return Ok(Asked { facts, action, claimed, parts: vec![facts.input.clone()] });
    };
    let parts = parts(facts.input, at);
    if parts.is_empty() {
        return deny("api-input", format!("{what} names nothing at `{at}`"), "leave the call out".to_owned());
    }
    if facts.half == Half::Write && parts.len() != claimed.len() {
        let message =
            format!("{what} has {} items at `{at}` and claims to serve {} requests", parts.len(), claimed.len());
        return deny("write-items", message, "`items` has one request for each of them, in their order".to_owned());
    }
    Ok(Asked { facts, action, claimed, parts })
}

/// The input once for each item of its list at `at`, with that item alone in the list.
fn parts(input: &Value, at: &str) -> Vec<Value> {
    let keys: Vec<&str> = at.split('/').skip(1).collect();
    let mut list = input;
    for key in &keys {
        let next = match list.peek() {
            Value::Map(map) => map.get(*key),
            Value::List(items) => key.parse().ok().and_then(|index: usize| items.get(index)),
            _ => None,
        };
        let Some(next) = next else { return Vec::new() };
        list = next;
    }
    let Value::List(items) = list.peek() else { return Vec::new() };
    items.iter().map(|item| with_list(input, &keys, item)).collect()
}

/// A copy in which the list at the end of `keys` holds one item; nothing of the list itself is copied.
fn with_list(value: &Value, keys: &[&str], item: &Value) -> Value {
    let Some((key, rest)) = keys.split_first() else { return Value::List(vec![item.clone()]) };
    let inside = |name: &str, value: &Value| if name == *key { with_list(value, rest, item) } else { value.clone() };
    match value.peek() {
        Value::Map(map) => {
            Value::Map(map.iter().map(|(name, value)| (name.clone(), inside(name, value))).collect::<Map>())
        }
        Value::List(items) => {
            Value::List(items.iter().enumerate().map(|(at, value)| inside(&at.to_string(), value)).collect())
        }
        other => other.clone(),
    }
}

/// Holds the call against one rule. A refusal says how far it came, so that the message is about
/// the rule that was probably meant.
fn judge(rule: &Rule, asked: &Asked<'_>, scopes: &[StepScope]) -> Result<Vec<usize>, (u8, Denial)> {
    let id = &rule.id;
    let deny = |reached: u8, code, message: String, help: String| {
        Err((reached, Denial { code, message, help, rule: Some(id.clone()) }))
    };
    let Scope::Api(scope) = &rule.scope else { return deny(0, "api-no-rule", String::new(), String::new()) };
    if !scope.actions.contains(asked.action.name) {
        return deny(0, "api-no-rule", String::new(), String::new());
    }
    if let (Effect::Write, Some(operation)) = (rule.effect, asked.facts.operation)
        && !scope.operations.contains(&operation)
    {
        let message = format!("rule `{id}` does not serve `{operation}`");
        return deny(1, "api-operation", message, format!("add `{operation}` to its `operations`"));
    }
    for about in asked.action.about {
        if let Some(why) = asked.parts.iter().find_map(|part| outside(scope, about, part)) {
            let message = format!("rule `{id}` does not allow this {}: {why}", asked.action.name);
            let allowed = scope.fields.get(about.field).map(ToString::to_string).unwrap_or_default();
            return deny(2, "api-name", message, format!("its `{}` are {allowed}", about.field));
        }
    }
    bound(rule, scope, asked, scopes).map_err(|(step, why)| {
        let of =
            step.and_then(|step| scopes.get(step)).map_or_else(String::new, |scope| format!(" of {}", scope.address));
        let message = format!("rule `{id}` is bound to its step, and this call is not about it: {why}{of}");
        let help =
            format!("the rule is bound so that a call touches only the object of its step; it says: {}", rule.reason);
        (3, Denial { code: "api-binding", message, help, rule: Some(id.clone()) })
    })
}

/// Which requests the call is about, if its bound places equal their values.
fn bound(
    rule: &Rule,
    scope: &ApiScope,
    asked: &Asked<'_>,
    scopes: &[StepScope],
) -> Result<Vec<usize>, (Option<usize>, String)> {
    let fits = |part: &Value, step: usize| match scopes.get(step) {
        Some(of) => places_fit(&scope.bind.body, Some(part), "input", of).map_err(|why| (Some(step), why)),
        None => Err((None, "there is no such step".to_owned())),
    };
    match (rule.effect, asked.action.each) {
        (Effect::Write, Some(_)) => {
            asked.parts.iter().zip(&asked.claimed).try_for_each(|(part, step)| fits(part, *step))?;
            Ok(asked.claimed.clone())
        }
        (Effect::Write, None) => {
            asked.parts.iter().try_for_each(|part| asked.claimed.iter().try_for_each(|step| fits(part, *step)))?;
            Ok(asked.claimed.clone())
        }
        // A read serves somebody of the batch; one that is bound must be about one of them, item by item.
        (Effect::Read, _) => {
            let mut served = std::collections::BTreeSet::new();
            for part in &asked.parts {
                let fit: Vec<usize> = asked.claimed.iter().copied().filter(|step| fits(part, *step).is_ok()).collect();
                if fit.is_empty() && !scope.bind.is_empty() {
                    let first = asked.claimed.first().copied();
                    return Err(first.map_or((None, "there is no step".to_owned()), |step| {
                        fits(part, step).err().unwrap_or((None, "it is about another".to_owned()))
                    }));
                }
                served.extend(fit);
            }
            Ok(served.into_iter().collect())
        }
    }
}

/// Why what stands at a place is not among the names of the scope; places are told, never values.
fn outside(scope: &ApiScope, about: &About, part: &Value) -> Option<String> {
    let Some(names) = scope.fields.get(about.field) else {
        return Some(format!("it says nothing of `{}`", about.field));
    };
    let at = about.at;
    // The table's pointers are tested to be ones.
    let Ok(pointer) = at.parse::<Pointer>() else { return Some(format!("`{at}` is no place")) };
    let Ok(values) = pointer.find(part) else { return Some(format!("what stands at `{at}` can be read in two ways")) };
    match about.what {
        What::Name => values.into_iter().find_map(|value| {
            let Some(text) = value.and_then(Value::as_str) else { return Some(format!("there is no name at `{at}`")) };
            let field = scope.family.service()?.field(about.field)?;
            match (field.canonical)(text) {
                Err(why) => Some(format!("at `{at}`, {why}")),
                Ok(name) if names.allow(&name) => None,
                Ok(_) => Some(format!("the name at `{at}` is none of its `{}`", about.field)),
            }
        }),
        What::Allows | What::On => {
            let document = values.into_iter().next().flatten();
            let wider =
                document.map_or_else(|| Err("there is no policy"), |document| policy(document, about.what, names));
            wider.err().map(|why| format!("at `{at}`, {why}"))
        }
    }
}

/// Holds what a policy document allows, or on what, against patterns. Every part of it that could
/// widen it must be one that is understood here.
fn policy(document: &Value, what: What, names: &Names) -> Result<(), &'static str> {
    const SHAPE: &str = "the policy is no object with statements";
    let Value::Map(document) = document.peek() else { return Err(SHAPE) };
    if document.keys().any(|key| !matches!(key.as_str(), "Version" | "Id" | "Statement")) {
        return Err("the policy has a member that maps does not know");
    }
    let statements = match document.get("Statement").map(Value::peek) {
        Some(Value::List(statements)) => statements.iter().collect(),
        Some(one @ Value::Map(_)) => vec![one],
        _ => return Err(SHAPE),
    };
    let (positive, negative) = if what == What::Allows { ("Action", "NotAction") } else { ("Resource", "NotResource") };
    const KNOWN: [&str; 7] = ["Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"];
    for statement in statements {
        let Value::Map(statement) = statement.peek() else { return Err(SHAPE) };
        if statement.keys().any(|key| !KNOWN.contains(&key.as_str())) {
            return Err("a statement has a member that maps does not know");
        }
        match statement.get("Effect").and_then(Value::as_str) {
            Some("Deny") => continue,
            Some("Allow") => {}
            _ => return Err("a statement neither allows nor denies"),
        }
        if statement.contains_key(negative) {
            if names.is_any() {
                continue;
            }
            return Err("a statement allows all but some, which no pattern can hold");
        }
        let texts: Vec<&Value> = match statement.get(positive).map(Value::peek) {
            Some(Value::List(texts)) => texts.iter().collect(),
            Some(one) => vec![one],
            None => return Err("a statement does not say what it allows, or on what"),
        };
        if !texts.iter().all(|text| text.as_str().is_some_and(|text| names.allow_all_of(text))) {
            return Err("the policy is wider than the rule allows");
        }
    }
    Ok(())
}
