//! The one function that decides whether a host call is allowed. Every interface passes it.

use std::collections::{BTreeMap, BTreeSet};

use super::StepScope;
use super::address::RequestUrl;
use super::bind::{Pointer, Template};
use super::decide_api::{ApiFacts, decide_api};
use super::files::{FilesFacts, decide_files};
use super::grant::Effective;
use super::http_scope::HttpScope;
use super::interface::{Family, Half, Interface, http_rule_line};
use super::kube::{KubeFacts, decide_kube};
use super::pattern::Mismatch;
use super::rule::{Effect, Operation, Rule};
use crate::name::RuleId;
use crate::problem::{Class, Problem};
use crate::value::Value;

/// What a call is, as far as rules care.
#[derive(Clone, Debug)]
pub enum Facts<'a> {
    /// A call of an interface without rules.
    Plain(Interface),
    /// One HTTP request.
    Http(HttpFacts<'a>),
    /// One call of a service whose actions the host knows.
    Api(ApiFacts<'a>),
    /// One call of a Kubernetes cluster.
    Kube(KubeFacts<'a>),
    /// One call about files.
    Files(FilesFacts<'a>),
}

/// One HTTP request.
#[derive(Clone, Debug)]
pub struct HttpFacts<'a> {
    /// The half it came through.
    pub half: Half,
    /// The mutation that is running; none outside the write phase.
    pub operation: Option<Operation>,
    /// As the guest gave it.
    pub method: &'a str,
    /// Where to.
    pub url: &'a RequestUrl,
    /// The credential that the guest asks to be added.
    pub credential: Option<&'a str>,
    /// The JSON body, its sealed values opened and marked secret; none without a JSON body.
    pub body: Option<&'a Value>,
    /// The requests of the batch that a write claims to serve.
    pub items: &'a [u32],
}

/// Yes or no.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision<'a> {
    /// Yes.
    Allow {
        /// The rule that says so; none for an interface without rules.
        rule: Option<&'a Rule>,
        /// Which requests of the batch it concerns.
        steps: Vec<usize>,
    },
    /// No.
    Deny(Denial),
}

/// No, and what would have to be said where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    /// Stable, in kebab-case.
    pub code: &'static str,
    /// What is refused and why, in one sentence.
    pub message: String,
    /// The line to add, or why the rule is bound as it is.
    pub help: String,
    /// The rule that came nearest.
    pub rule: Option<RuleId>,
}

impl From<Denial> for Problem {
    fn from(denial: Denial) -> Self {
        Self::new(Class::Denied, denial.code, denial.message).help(denial.help)
    }
}

/// Decides. `scopes` are the requests of the guest call's batch, in order.
pub fn decide<'a>(effective: &'a Effective, facts: &Facts<'_>, scopes: &[StepScope]) -> Decision<'a> {
    match facts {
        Facts::Plain(interface) if effective.plain.contains(interface) => {
            Decision::Allow { rule: None, steps: (0..scopes.len()).collect() }
        }
        Facts::Plain(interface) => Decision::Deny(missing(effective, *interface)),
        Facts::Http(http) => decide_http(effective, http, scopes).unwrap_or_else(Decision::Deny),
        Facts::Api(api) => decide_api(effective, api, scopes).unwrap_or_else(Decision::Deny),
        Facts::Kube(kube) => decide_kube(effective, kube, scopes).unwrap_or_else(Decision::Deny),
        Facts::Files(files) => decide_files(effective, *files, scopes).unwrap_or_else(Decision::Deny),
    }
}

fn missing(effective: &Effective, interface: Interface) -> Denial {
    let (code, message, help) = if effective.declared.contains(&interface) {
        let help = format!("to grant it, add to the plugin in the stack:\n{}", effective.grant_lines(interface));
        ("capability-not-granted", format!("`{interface}` is declared and not granted"), help)
    } else {
        let help = format!("add to `capabilities:` of plugin.yaml: `{}`", interface.declaration());
        ("capability-not-declared", format!("`{interface}` is not declared"), help)
    };
    Denial { code, message, help, rule: None }
}

fn decide_http<'a>(
    effective: &'a Effective,
    facts: &HttpFacts<'_>,
    scopes: &[StepScope],
) -> Result<Decision<'a>, Denial> {
    let what = format!("{} {}", facts.method, facts.url);
    let claimed = claimed_steps(facts.half, facts.operation, facts.items, &what, scopes)?;
    let mut nearest: Option<(u8, Denial)> = None;
    for rule in effective.rules_of(Family::Http) {
        match judge(rule, facts, scopes, &claimed) {
            Ok(steps) => return Ok(Decision::Allow { rule: Some(rule), steps }),
            Err(found) => nearer(&mut nearest, found),
        }
    }
    let declared = effective.declared_rules.iter().find(|rule| judge(rule, facts, scopes, &claimed).is_ok());
    if let Some(rule) = declared {
        return Err(not_granted(effective, rule, &what));
    }
    Err(match nearest {
        // Reached 0 means another place altogether: no rule to speak of.
        Some((1.., denial)) => denial,
        _ => no_rule(facts),
    })
}

/// Keeps the refusal of the rule that the call came nearest to.
pub(super) fn nearer(nearest: &mut Option<(u8, Denial)>, found: (u8, Denial)) {
    if nearest.as_ref().is_none_or(|(best, _)| found.0 > *best) {
        *nearest = Some(found);
    }
}

/// A rule of the manifest would allow it, and the stack does not grant that.
pub(super) fn not_granted(effective: &Effective, rule: &Rule, what: &str) -> Denial {
    let id = &rule.id;
    let family = rule.scope.family();
    let narrowed = effective.rules.iter().any(|granted| granted.id == *id);
    let line = format!("grant:\n  {family}:\n    - {{id: {id}}}");
    let (less, help) = if narrowed {
        (
            "granted for less",
            // A plugin that passes it on makes one line of it.
            format!(
                "widen `{id}` under the plugin's `grant:` in the stack; without what narrows it there, it is granted whole"
            ),
        )
    } else {
        ("not granted", format!("to grant it, add to the plugin in the stack:\n{line}"))
    };
    Denial {
        code: match family {
            Family::Http => "http-not-granted",
            Family::Kube => "kube-not-granted",
            Family::Files => "files-not-granted",
            _ => "api-not-granted",
        },
        message: format!("{what} is declared by rule `{id}` and {less}"),
        help,
        rule: Some(id.clone()),
    }
}

fn no_rule(facts: &HttpFacts<'_>) -> Denial {
    let mut place = facts.url.as_url().clone();
    place.set_query(None);
    Denial {
        code: "http-no-rule",
        message: format!("no rule allows {} {}", facts.method, facts.url),
        help: format!(
            "to declare it, add to `capabilities:` of plugin.yaml:\n{}",
            http_rule(facts.half.effect(), facts.method, place.as_str())
        ),
        rule: None,
    }
}

fn http_rule(effect: Effect, method: &str, url: &str) -> String {
    format!("http:\n{}", http_rule_line(effect, method, url))
}

/// The requests that the call is held against: those a write claims, or all of them for a read.
pub(super) fn claimed_steps(
    half: Half,
    operation: Option<Operation>,
    items: &[u32],
    what: &str,
    scopes: &[StepScope],
) -> Result<Vec<usize>, Denial> {
    let deny = |code, message: String| {
        let help = "`items` names the requests of this batch that the call serves, by index, each once".to_owned();
        Err(Denial { code, message, help, rule: None })
    };
    if half == Half::Read {
        return Ok((0..scopes.len()).collect());
    }
    if operation.is_none() {
        return Err(Denial {
            code: "write-outside-apply",
            message: format!("{what} came through a write half while nothing may be changed"),
            help: "only `create`, `update` and `delete` may write".to_owned(),
            rule: None,
        });
    }
    if items.is_empty() {
        return deny(
            "write-serves-nothing",
            "a write says which requests it serves, and this one names none".to_owned(),
        );
    }
    let mut steps = Vec::with_capacity(items.len());
    // A batch may have a thousand.
    let mut seen = vec![false; scopes.len()];
    for item in items {
        match usize::try_from(*item) {
            Ok(step) if step >= scopes.len() => {
                return deny("write-unknown-item", format!("item {item} is not in this batch of {}", scopes.len()));
            }
            Ok(step) if std::mem::replace(&mut seen[step], true) => {
                return deny("write-repeated-item", format!("item {item} is claimed twice"));
            }
            Ok(step) => steps.push(step),
            Err(_) => return deny("write-unknown-item", format!("item {item} is not in this batch")),
        }
    }
    Ok(steps)
}

/// Holds the call against one rule. A refusal says how far it came, so that the message is about
/// the rule that was probably meant.
fn judge(
    rule: &Rule,
    facts: &HttpFacts<'_>,
    scopes: &[StepScope],
    claimed: &[usize],
) -> Result<Vec<usize>, (u8, Denial)> {
    let deny = |reached: u8, code, message: String, help: String| {
        Err((reached, Denial { code, message, help, rule: Some(rule.id.clone()) }))
    };
    let id = &rule.id;
    let Some(scope) = rule.http() else { return deny(0, "http-no-rule", String::new(), String::new()) };
    if !scope.url.covers(facts.url) {
        return deny(0, "http-no-rule", String::new(), String::new());
    }
    if !scope.methods.contains(facts.method) {
        let message = format!("rule `{id}` does not allow {} {}", facts.method, facts.url);
        let help = format!(
            "add to `capabilities:` of plugin.yaml:\n{}",
            http_rule(facts.half.effect(), facts.method, &scope.url.to_string())
        );
        return deny(1, "http-method", message, help);
    }
    match (rule.effect, facts.half) {
        (Effect::Write, Half::Read) => {
            let message = format!("{} {} changes something and came through `http-read`", facts.method, facts.url);
            return deny(2, "http-effect", message, format!("rule `{id}` is a write: call it through `http-write`"));
        }
        (Effect::Read, Half::Write) => {
            let message = format!("{} {} is a read and came through `http-write`", facts.method, facts.url);
            return deny(2, "http-effect", message, format!("rule `{id}` is a read: call it through `http-read`"));
        }
        _ => {}
    }
    if let (Effect::Write, Some(operation)) = (rule.effect, facts.operation)
        && !scope.operations.contains(&operation)
    {
        let message = format!("rule `{id}` does not serve `{}`", operation.name());
        return deny(3, "http-operation", message, format!("add `{}` to its `operations`", operation.name()));
    }
    if facts.credential.is_some() && facts.credential != rule.credential.as_deref() {
        let asked = facts.credential.unwrap_or_default();
        let message = format!("rule `{id}` does not use the credential `{asked}`");
        return deny(4, "http-credential", message, format!("add `credential: {asked}` to rule `{id}` of plugin.yaml"));
    }
    if let Some((name, _)) = facts.url.query().iter().find(|(name, _)| !scope.allows_parameter(name)) {
        let message = format!("rule `{id}` does not allow the query parameter `{name}`");
        return deny(5, "http-query", message, format!("add `{name}` to `query` of rule `{id}` of plugin.yaml"));
    }
    let http = scope;
    let held: Vec<_> =
        claimed.iter().filter_map(|step| scopes.get(*step).map(|scope| (*step, bound(http, facts, scope)))).collect();
    let refused = |why: &str, step: Option<&usize>| {
        let of =
            step.and_then(|step| scopes.get(*step)).map_or_else(String::new, |scope| format!(" of {}", scope.address));
        let message = format!("rule `{id}` is bound to its step, and this call is not about it: {why}{of}");
        deny(
            6,
            "http-binding",
            message,
            format!("the rule is bound so that a call touches only the object of its step; it says: {}", rule.reason),
        )
    };
    let is_bound = scope.url.is_bound() || !scope.bind.is_empty();
    match rule.effect {
        // A read serves somebody of the batch; one that is bound must be about one of them.
        Effect::Read => {
            let fit: Vec<_> = held.iter().filter(|(_, result)| result.is_ok()).map(|(step, _)| *step).collect();
            match held.iter().find_map(|(step, result)| result.as_ref().err().map(|why| (step, why))) {
                Some((step, why)) if fit.is_empty() => refused(why, Some(step)),
                None if is_bound && fit.is_empty() => refused("there is no step", None),
                _ => Ok(fit),
            }
        }
        // A write must be about every request that it claims to serve.
        Effect::Write => match held.iter().find_map(|(step, result)| result.as_ref().err().map(|why| (step, why))) {
            Some((step, why)) => refused(why, Some(step)),
            None => Ok(claimed.to_vec()),
        },
    }
}

/// Do the bound parts equal the step's values? The answer names places, never values.
fn bound(http: &HttpScope, facts: &HttpFacts<'_>, scope: &StepScope) -> Result<(), String> {
    match http.url.matches(facts.url, scope) {
        Ok(()) => {}
        Err(Mismatch::Bound { placeholder, .. }) => return Err(format!("a segment of the path is not {placeholder}")),
        Err(Mismatch::Elsewhere) => return Err("the URL is another".to_owned()),
    }
    places_fit(&http.bind.body, facts.body, "body", scope)?;
    for (name, templates) in &http.bind.query {
        let mut values = facts.url.query().iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let (first, second) = (values.next(), values.next());
        let wrong = |template: &&Template| second.is_some() || !template.equals_text(first, scope);
        if let Some(template) = templates.iter().find(wrong) {
            return Err(format!("the query parameter `{name}` is not {template}"));
        }
    }
    Ok(())
}

/// Do the bound places of a JSON value equal the step's values?
pub(super) fn places_fit(
    bind: &BTreeMap<Pointer, BTreeSet<Template>>,
    value: Option<&Value>,
    whole: &str,
    scope: &StepScope,
) -> Result<(), String> {
    for (pointer, templates) in bind {
        let actual = value.map(|value| pointer.find(value));
        let equal = |template: &&Template| match &actual {
            Some(Ok(values)) => values.iter().all(|value| template.equals(*value, scope)),
            _ => false,
        };
        let wrong = |template: &&Template| !equal(template);
        if let Some(template) = templates.iter().find(wrong) {
            return Err(format!("`{pointer}` in the {whole} is not {template}"));
        }
    }
    Ok(())
}
