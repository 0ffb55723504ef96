//! Holds a parsed stack against what the plugins' kinds say, still without asking anyone.

use super::model::{CredentialDecl, ResourceDecl, Stack};
use crate::diagnostic::{self, Diagnostic, Span, suggest};
use crate::expr::{Reference, Scope, Template, path_keys};
use crate::name::KindName;
use crate::schema::{KindSchema, Kinds};
use crate::value::Value;

impl Stack {
    /// What is wrong with the resources' kinds, their inputs and what refers to them.
    pub fn check(&self, kinds: &Kinds) -> Vec<Diagnostic> {
        let mut diagnostics = Vec::new();
        for resource in self.resources.values() {
            match kinds.get(&resource.kind) {
                Some(kind) => self.resource(resource, kind, &mut diagnostics),
                None => diagnostics.push(unknown_kind(resource, kinds)),
            }
        }
        let templates = self.resources.values().map(|resource| &resource.with).chain(self.outputs.values());
        let templates = templates.chain(self.plugins.values().map(|plugin| &plugin.config));
        let templates = templates.chain(self.credentials.values().flat_map(CredentialDecl::templates));
        for template in templates.chain(self.checks.iter().map(|check| &check.assert)) {
            self.references(template, kinds, &mut diagnostics);
        }
        diagnostic::arrange(&mut diagnostics, "");
        diagnostics
    }

    fn resource(&self, resource: &ResourceDecl, kind: &KindSchema, diagnostics: &mut Vec<Diagnostic>) {
        match resource.with.evaluate(&BeforeAll(self)) {
            Ok(inputs) => {
                let violations = kind.check_inputs(&inputs);
                diagnostics.extend(violations.into_iter().map(|v| v.into_diagnostic(&resource.with, &resource.span)));
            }
            Err(diagnostic) => diagnostics.push(diagnostic),
        }
        let options = &resource.options;
        for path in options.ignore_changes.iter().chain(&options.replace_on_changes) {
            if kind.inputs.at(path_keys(path)).is_none() {
                let message = format!("`{}` has no input `{}`", resource.kind, super::yaml::shown(path));
                let help = suggest(path, kind.inputs.properties().map(|(name, _)| name));
                diagnostics.push(Diagnostic::error("unknown-input", message).at(&resource.span).maybe_help(help));
            }
        }
    }

    fn references(&self, template: &Template, kinds: &Kinds, diagnostics: &mut Vec<Diagnostic>) {
        for (reference, span) in template.spanned_references() {
            if let Reference::Resource(address, path) = reference {
                let kind = self.resources.get(&address).and_then(|resource| kinds.get(&resource.kind));
                if let Some(Err((key, known))) = kind.map(|kind| kind.check_reference(&path)) {
                    diagnostics.push(no_such_field(&address.to_string(), key, &known, &span));
                }
            }
        }
    }
}

/// Before anything is made: inputs are known, resources are not.
struct BeforeAll<'a>(&'a Stack);

impl Scope for BeforeAll<'_> {
    fn lookup(&self, reference: &Reference) -> Option<Value> {
        match reference {
            Reference::Input(name) => self.0.inputs.get(name).cloned(),
            Reference::Resource(..) | Reference::Output(_) => Some(Value::Unknown),
        }
    }
}

fn unknown_kind(resource: &ResourceDecl, kinds: &Kinds) -> Diagnostic {
    let (kind, plugin) = (&resource.kind, resource.kind.plugin());
    let of_plugin = kinds.keys().filter(|known| known.plugin() == plugin).map(KindName::as_str);
    Diagnostic::error("unknown-type", format!("the plugin `{plugin}` has no kind `{kind}`"))
        .at(&resource.kind_span)
        .maybe_help(suggest(kind.as_str(), of_plugin))
}

fn no_such_field(address: &str, key: &str, known: &[String], span: &Span) -> Diagnostic {
    Diagnostic::error("no-such-field", format!("`{address}` has no `{}`", super::yaml::shown(key)))
        .at(span)
        .maybe_help(suggest(key, known.iter().map(String::as_str)))
}
