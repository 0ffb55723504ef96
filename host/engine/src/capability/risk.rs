//! What a reviewer should look at first in a set of rules.

use std::net::IpAddr;

use serde::Serialize;

use super::api_scope::ApiScope;
use super::files::FilesScope;
use super::grant::Effective;
use super::http_scope::HttpScope;
use super::interface::Interface;
use super::kube::{KubeScope, Verb};
use super::rule::{Effect, Rule, Scope};
use crate::name::RuleId;

/// How much it opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Weight {
    /// Wider than it may need to be.
    Wide,
    /// Must not be overlooked.
    Loud,
}

/// One mark.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Risk {
    /// How much.
    pub weight: Weight,
    /// Stable, in kebab-case.
    pub code: &'static str,
    /// The rule, if it is one's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<RuleId>,
    /// In plain words.
    pub message: String,
}

impl Effective {
    /// What to look at, the loudest first.
    pub fn risks(&self) -> Vec<Risk> {
        let mut risks = Vec::new();
        if self.plain.contains(&Interface::Reveal) {
            let message = "sees secrets in clear".to_owned();
            risks.push(Risk { weight: Weight::Loud, code: "reveal", rule: None, message });
        }
        for shown in &self.shown {
            let message = format!("sees in clear {}", shown.outline());
            risks.push(Risk { weight: Weight::Wide, code: "reveals-secrets", rule: None, message });
        }
        if !self.private.is_empty() {
            let hosts: Vec<_> = self.private.iter().map(String::as_str).collect();
            let message = format!("reaches {} at private addresses too", hosts.join(", "));
            risks.push(Risk { weight: Weight::Loud, code: "private-address", rule: None, message });
        }
        for (at, rule) in self.rules.iter().enumerate() {
            match &rule.scope {
                Scope::Http(scope) => http_risks(rule, scope, &mut risks),
                Scope::Api(scope) => api_risks(rule, scope, &mut risks),
                Scope::Kube(scope) => kube_risks(rule, scope, &mut risks),
                Scope::Files(scope) => risks.extend(any_file(rule, scope)),
            }
            // Which of the two allows a call is decided by their order alone.
            let open = self.rules.iter().enumerate().find(|(other, open)| *other != at && unseals(open, rule));
            if let Some((_, open)) = open {
                let message = format!("`{}` reads unsealed what `{}` seals", open.id, rule.id);
                let rule = Some(open.id.clone());
                risks.push(Risk { weight: Weight::Loud, code: "unsealed-beside", rule, message });
            }
        }
        risks.sort_by_key(|risk| std::cmp::Reverse(risk.weight));
        risks
    }
}

/// Does a rule allow what another one allows, and seal less of the answers?
fn unseals(open: &Rule, sealed: &Rule) -> bool {
    let (Some(one), Some(other)) = (open.http(), sealed.http()) else { return false };
    open.effect == sealed.effect
        && !one.seal.holds(&other.seal)
        && one.url.meet(&other.url).is_some()
        && !one.methods.is_disjoint(&other.methods)
}

/// Words in a path behind which services keep what opens doors.
const SECRETIVE: [&str; 8] =
    ["credential", "credentials", "kubeconfig", "password", "passwords", "secret", "secrets", "token"];

fn http_risks(rule: &Rule, scope: &HttpScope, risks: &mut Vec<Risk>) {
    let mut mark = |weight, code, message: &str| {
        risks.push(Risk { weight, code, rule: Some(rule.id.clone()), message: format!("`{}` {message}", rule.id) });
    };
    let writes = rule.effect == Effect::Write;
    if writes && !scope.url.is_bound() && scope.bind.is_empty() {
        mark(Weight::Loud, "unbound-write", "writes without being bound to its step");
    }
    if !writes && scope.methods.contains("POST") {
        mark(Weight::Loud, "post-read", "calls POST a read, so a plan may send it");
    }
    if !scope.url.is_secure() {
        mark(Weight::Loud, "not-encrypted", "is not encrypted on its way");
    }
    if scope.url.exact_host().is_some_and(is_near) {
        mark(Weight::Loud, "near-address", "reaches this machine or its own network");
    }
    let secretive = scope.url.literals().any(|segment| SECRETIVE.contains(&segment.to_ascii_lowercase().as_str()));
    if !writes && secretive && scope.seal.is_nothing() {
        mark(Weight::Loud, "unsealed-secret", "reads what is named like a secret, and seals nothing of it");
    }
    if !scope.sinks.is_empty() {
        mark(Weight::Wide, "sends-secrets", "sends secrets in its body");
    }
    if scope.url.exact_host().is_none() {
        let hosts = if scope.url.names_any_host() {
            "every host: narrow it by the stack's `grant:`"
        } else {
            "every host of a domain"
        };
        mark(Weight::Wide, "any-host", &format!("reaches {hosts}"));
    }
    if scope.url.has_rest() || writes && scope.url.has_open_path() {
        mark(Weight::Wide, "open-path", "leaves a part of the path open");
    }
}

fn api_risks(rule: &Rule, scope: &ApiScope, risks: &mut Vec<Risk>) {
    let mut mark = |weight, code, message: String| {
        risks.push(Risk { weight, code, rule: Some(rule.id.clone()), message: format!("`{}` {message}", rule.id) });
    };
    if rule.effect == Effect::Write && scope.bind.is_empty() {
        mark(Weight::Loud, "unbound-write", "writes without being bound to its step".to_owned());
    }
    for (field, names) in scope.fields.iter().filter(|(_, names)| names.is_any()) {
        // What a policy may allow is not bound by what the rule itself may call.
        let (weight, code) = match *field {
            "allows" | "on" => (Weight::Loud, "any-policy"),
            _ => (Weight::Wide, "any-name"),
        };
        mark(weight, code, format!("leaves `{field}` open: {names}"));
    }
    if !scope.sinks.is_empty() {
        mark(Weight::Wide, "sends-secrets", "sends secrets".to_owned());
    }
}

fn kube_risks(rule: &Rule, scope: &KubeScope, risks: &mut Vec<Risk>) {
    let mut mark = |weight, code, message: String| {
        risks.push(Risk { weight, code, rule: Some(rule.id.clone()), message: format!("`{}` {message}", rule.id) });
    };
    let writes = rule.effect == Effect::Write;
    if writes && scope.bind.is_empty() && scope.objects.is_none() {
        mark(Weight::Loud, "unbound-write", "writes without being bound to its step".to_owned());
    }
    if let Some(manager) = scope.manager.as_deref().filter(|_| writes) {
        mark(Weight::Wide, "field-manager", format!("applies in the name of the field manager `{manager}`"));
    }
    if !scope.escalates.is_empty() {
        let words: Vec<_> = scope.escalates.iter().map(ToString::to_string).collect();
        let message = format!("writes roles whose holders can undo the rules: {}", words.join(", "));
        mark(Weight::Loud, "escalates", message);
    }
    let kinds = scope.groups.is_any() && scope.resources.is_any();
    if kinds && scope.namespaces.is_any() {
        // General plugins declare this; a stack says what it is for.
        let does = if writes { "writes" } else { "reads" };
        let message = format!("{does} every kind in every namespace: narrow it by the stack's `grant:`");
        mark(if writes { Weight::Loud } else { Weight::Wide }, "any-object", message);
    } else {
        for (field, open) in [("resources", kinds), ("namespaces", scope.namespaces.is_any())] {
            if open {
                mark(Weight::Wide, "any-name", format!("leaves `{field}` open"));
            }
        }
    }
    let secrets = scope.groups.allow("core") && scope.resources.allow("secrets");
    let reads = scope.verbs.contains(&Verb::Get) || scope.verbs.contains(&Verb::List);
    if secrets && reads {
        mark(Weight::Wide, "reads-secrets", "reads Secrets, whose values stay sealed".to_owned());
    }
    if !scope.sinks.is_empty()
        || secrets && scope.verbs.iter().any(|verb| !matches!(verb, Verb::Get | Verb::List | Verb::Delete))
    {
        mark(Weight::Wide, "sends-secrets", "sends secrets".to_owned());
    }
}

/// General plugins declare every file; a stack says which they are for.
fn any_file(rule: &Rule, scope: &FilesScope) -> Option<Risk> {
    let message = format!("`{}` reads every file of the stack's folder: narrow it by the stack's `grant:`", rule.id);
    let risk = Risk { weight: Weight::Wide, code: "any-file", rule: Some(rule.id.clone()), message };
    scope.patterns.is_any().then_some(risk)
}

/// Names and addresses that lead to this machine or to the network that it stands in.
fn is_near(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    let near = match address {
        Ok(IpAddr::V4(v4)) => v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_unspecified(),
        Ok(IpAddr::V6(v6)) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
        Err(_) => false,
    };
    let inside = ["localhost", "local", "internal", "lan", "home.arpa"];
    near || inside.iter().any(|name| host == *name || host.strip_suffix(name).is_some_and(|rest| rest.ends_with('.')))
}
