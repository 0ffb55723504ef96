//! What expressions see of the stack's resources.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::diagnostic::Diagnostic;
use crate::expr::{Reference, Scope, Template, select};
use crate::journal::Recorded;
use crate::name::{Address, PluginName};
use crate::schema::KindSchema;
use crate::stack::Stack;
use crate::value::{Map, Value};

/// One resource as expressions see it: outputs first, then inputs, then `id`.
#[derive(Clone, Debug)]
pub(crate) struct View {
    members: Value,
}

impl View {
    /// A made object. What its schema declares and it lacks is null; an ephemeral output that was
    /// not fetched is unknown.
    pub(crate) fn of(schema: Option<&KindSchema>, id: &Value, inputs: &Value, outputs: &Value) -> Self {
        let mut members = Map::from([("id".to_owned(), id.clone())]);
        if let Some(schema) = schema {
            let declared = schema.inputs.properties().map(|(name, _)| (name, Value::Null));
            let outputs = schema.outputs.properties().map(|(name, shape)| {
                let ephemeral = shape.flags.ephemeral;
                (name, if ephemeral { Value::Unknown } else { Value::Null })
            });
            members.extend(declared.chain(outputs).map(|(name, value)| (name.to_owned(), value)));
        }
        for part in [inputs, outputs].into_iter().filter_map(Value::as_map) {
            members.extend(part.iter().map(|(name, value)| (name.clone(), value.clone())));
        }
        Self { members: Value::Map(members) }
    }

    /// As state has it.
    pub(crate) fn recorded(schema: Option<&KindSchema>, object: &Recorded) -> Self {
        Self::of(schema, &Value::from(object.id.as_str()), &object.inputs, &object.outputs)
    }

    /// Takes over what another view knows of these members.
    pub(crate) fn take<'n>(&mut self, names: impl Iterator<Item = &'n str>, from: &Self) {
        if let Value::Map(members) = &mut self.members {
            for name in names {
                if let Some(value) = from.members.get(name) {
                    members.insert(name.to_owned(), value.clone());
                }
            }
        }
    }
}

/// The views of a stack's resources.
pub(crate) type Views = BTreeMap<Address, Arc<View>>;

/// What an expression can look up.
pub(crate) struct Sight<'a> {
    pub(crate) stack: &'a Stack,
    pub(crate) views: &'a Views,
    /// Set while `checks` are evaluated.
    pub(crate) outputs: Option<&'a Map>,
    /// Leaves ephemeral outputs unknown: for what is going to be stored.
    pub(crate) stored: Option<&'a Ephemeral>,
}

impl Scope for Sight<'_> {
    fn lookup(&self, reference: &Reference) -> Option<Value> {
        match reference {
            Reference::Input(name) => self.stack.inputs.get(name).cloned(),
            Reference::Output(name) => self.outputs?.get(name).cloned(),
            Reference::Resource(address, path) => {
                let Some(view) = self.views.get(address) else { return Some(Value::Unknown) };
                if let (Some(ephemeral), Some(names)) = (path.first(), self.stored.and_then(|e| e.get(address)))
                    && names.contains(ephemeral)
                {
                    return Some(Value::Unknown);
                }
                select(&view.members, path)
            }
        }
    }
}

/// By resource, the ephemeral outputs that something in the stack refers to.
pub(crate) type Ephemeral = BTreeMap<Address, BTreeSet<String>>;

/// Finds them: an ephemeral output is fetched only if it is referred to.
pub(crate) fn ephemeral<'s>(stack: &Stack, schema: impl Fn(&Address) -> Option<&'s KindSchema>) -> Ephemeral {
    let mut found = Ephemeral::new();
    let templates = (stack.resources.values().map(|resource| &resource.with))
        .chain(stack.plugins.values().map(|plugin| &plugin.config))
        .chain(stack.outputs.values())
        .chain(stack.checks.iter().map(|check| &check.assert));
    for reference in templates.flat_map(Template::references) {
        let Reference::Resource(address, path) = reference else { continue };
        let Some(schema) = schema(&address) else { continue };
        let named = |name: &&str| path.first().is_none_or(|first| first == name);
        let names: Vec<String> = schema.ephemeral_outputs().filter(named).map(str::to_owned).collect();
        if !names.is_empty() {
            found.entry(address).or_default().extend(names);
        }
    }
    found
}

/// The resources that a template refers to.
pub(crate) fn referred(template: &Template) -> BTreeSet<Address> {
    let addresses = template.references().into_iter().filter_map(|reference| match reference {
        Reference::Resource(address, _) => Some(address),
        Reference::Input(_) | Reference::Output(_) => None,
    });
    addresses.collect()
}

/// A plugin's config with what is known in `views`; an empty map if it has none.
pub(crate) fn config(sight: &Sight<'_>, plugin: &PluginName) -> Result<Option<Value>, Diagnostic> {
    let Some(declared) = sight.stack.plugins.get(plugin) else { return Ok(None) };
    let value = declared.config.evaluate(sight)?;
    Ok(Some(if matches!(value, Value::Null) { Value::Map(Map::new()) } else { value }))
}
