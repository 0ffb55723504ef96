//! What a reviewer should look at first in a set of rules.

use serde::Serialize;

use super::grant::Effective;
use super::manifest::Interface;
use super::rule::{Effect, HttpRule};
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
        self.http.iter().for_each(|rule| rule_risks(rule, &mut risks));
        risks.sort_by_key(|risk| std::cmp::Reverse(risk.weight));
        risks
    }
}

fn rule_risks(rule: &HttpRule, risks: &mut Vec<Risk>) {
    let scope = &rule.scope;
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
    if !scope.sinks.is_empty() {
        mark(Weight::Wide, "sends-secrets", "sends secrets in its body");
    }
    if scope.url.exact_host().is_none() {
        mark(Weight::Wide, "any-host", "reaches every host of a domain");
    }
    if scope.url.has_rest() || writes && scope.url.has_open_path() {
        mark(Weight::Wide, "open-path", "leaves a part of the path open");
    }
}
