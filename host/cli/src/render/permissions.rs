//! The IAM policies that a stack's plugins need, one for each of the stack's credentials of AWS.

use std::collections::BTreeMap;

use maps_engine::PluginName;
use maps_engine::capability::{CredentialKind, permissions};
use maps_engine::name::RuleId;
use serde_json::{Value as Json, json};

use super::style::{CHANGE, paint};
use crate::inspected::Inspected;

/// The policies, by the stack's credential.
pub(crate) struct PermissionsView {
    policies: BTreeMap<String, Vec<Json>>,
    /// Rules of `http` whose calls are signed: what they need, no table says.
    silent: Vec<(PluginName, RuleId)>,
}

impl PermissionsView {
    /// Of the rules in effect, and of no others.
    pub(crate) fn of(plugins: &[Inspected]) -> Self {
        let mut view = Self { policies: BTreeMap::new(), silent: Vec::new() };
        for Inspected { wanted, .. } in plugins {
            let given = |rule: &RuleId| wanted.allowance.rules.get(rule)?.credential.as_ref();
            let from = |name: &str| {
                let mut uses = wanted.effective.rules.iter().filter(|rule| rule.credential.as_deref() == Some(name));
                uses.find_map(|rule| given(&rule.id)).map(|credential| credential.from.clone())
            };
            for (credential, statements) in permissions(&wanted.effective) {
                let credential = from(&credential).unwrap_or(credential);
                view.policies.entry(credential).or_default().extend(statements);
            }
            let signed = wanted.effective.rules.iter().filter(|rule| {
                let kind = given(&rule.id).map(|credential| &credential.kind);
                rule.http().is_some() && matches!(kind, Some(CredentialKind::Aws { .. }))
            });
            view.silent.extend(signed.map(|rule| (wanted.name.clone(), rule.id.clone())));
        }
        // Two plugins may have rules of one name, and no two statements may.
        for statements in view.policies.values_mut() {
            let mut seen: BTreeMap<String, usize> = BTreeMap::new();
            for statement in statements {
                let Some(sid) = statement["Sid"].as_str().map(str::to_owned) else { continue };
                let times = seen.entry(sid.clone()).or_default();
                *times += 1;
                if *times > 1 {
                    statement["Sid"] = json!(format!("{sid}No{times}"));
                }
            }
        }
        view
    }

    /// What makes the policies incomplete.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let warning = |(plugin, rule): &(PluginName, RuleId)| {
            format!("{} what the rule {rule} of {plugin} signs is not in it\n", paint(CHANGE.bold(), "warning:"))
        };
        self.silent.iter().map(warning).collect()
    }

    /// To be pasted: the policy, or where there are several credentials an object of theirs.
    pub(crate) fn text(&self) -> String {
        let mut policies = self.policies.values().map(policy);
        let shown = match (policies.next(), self.policies.len()) {
            (Some(one), 1) => one,
            _ => json!(
                self.policies.iter().map(|(name, statements)| (name, policy(statements))).collect::<BTreeMap<_, _>>()
            ),
        };
        format!("{shown:#}\n")
    }

    /// For programs.
    pub(crate) fn event(&self) -> Json {
        let policies: BTreeMap<_, _> = self.policies.iter().map(|(name, said)| (name, policy(said))).collect();
        let silent = self.silent.iter().map(|(plugin, rule)| json!({"plugin": plugin, "rule": rule}));
        json!({"event": "iam-policies", "policies": policies, "silent": silent.collect::<Vec<_>>()})
    }
}

fn policy(statements: &Vec<Json>) -> Json {
    json!({"Version": "2012-10-17", "Statement": statements})
}
