//! What the host knows of the services that have an interface of their own: their actions, what each
//! changes, which names it is about, and where secrets stand in it. An action or a parameter that
//! is not here is refused, since nobody could say what it does.

mod iam;
mod route53;
mod s3;
mod ssm;

use std::fmt::Write as _;

pub(super) use iam::IAM;
pub(super) use route53::ROUTE53;
pub(super) use s3::S3;
pub(super) use ssm::SSM;

use super::names::Shape;
use super::rule::Effect;
use crate::value::{Map, Value};

/// One service.
#[derive(Debug)]
pub struct Service {
    /// As in plugin.yaml.
    pub name: &'static str,
    /// What rules say names of.
    pub fields: &'static [Field],
    /// What it can do.
    pub actions: &'static [Action],
}

/// A sort of names that rules limit.
#[derive(Debug)]
pub struct Field {
    /// As in plugin.yaml: `names`.
    pub name: &'static str,
    /// What such names look like.
    pub shape: Shape,
    /// Brings a name to the one form in which it is judged.
    pub canonical: Canonical,
}

/// How a name gets its one form, or why it has none: whatever a service would read as another name
/// than it seems to be is refused.
pub type Canonical = fn(&str) -> Result<String, &'static str>;

/// One action.
#[derive(Clone, Copy, Debug)]
pub struct Action {
    /// As in the API reference.
    pub name: &'static str,
    /// Does it change anything?
    pub effect: Effect,
    /// The parameters that may be given.
    pub parameters: &'static [&'static str],
    /// Which names it is about, and where they stand in its input.
    pub about: &'static [About],
    /// Where it has a list of what it serves: one item of the batch for each.
    pub each: Option<&'static str>,
    /// Where secrets may be opened, if a rule says so too.
    pub sinks: &'static [&'static str],
    /// What of its answer is always sealed.
    pub seals: &'static [&'static str],
    /// Refuses inputs whose form would let them mean more than `about` shows.
    pub guard: Option<Guard>,
}

/// Holds the input of an action against the one form in which it can be judged.
pub type Guard = fn(&Map) -> Result<(), &'static str>;

/// Names in the input of an action.
#[derive(Debug)]
pub struct About {
    /// The field of the service.
    pub field: &'static str,
    /// A JSON pointer into the input.
    pub at: &'static str,
    /// What stands there.
    pub what: What,
}

/// What stands at a place of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// A name, which must be there.
    Name,
    /// A policy document, of which the actions are judged that it allows.
    Allows,
    /// A policy document, of which the resources are judged that it allows something on.
    On,
}

impl Service {
    /// The action of this name.
    pub fn action(&self, name: &str) -> Option<&'static Action> {
        self.actions.iter().find(|action| action.name == name)
    }

    /// The field of this name.
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// A rule as one would write it; printed in refusals.
    pub fn rule_line(&self, effect: Effect, action: &str) -> String {
        let mut line = format!("  - {{id: …, effect: {}, actions: [{action}]", effect.name());
        let known = self.action(action);
        let concerned = |field: &&Field| known.is_none_or(|action| action.concerns(field.name));
        for field in self.fields.iter().filter(concerned) {
            // Writing to a string cannot fail.
            let _ = write!(line, ", {}: […]", field.name);
        }
        line.push_str(", credential: …, reason: …}");
        line
    }
}

impl Action {
    /// Is it about names of this field?
    pub fn concerns(&self, field: &str) -> bool {
        self.about.iter().any(|about| about.field == field)
    }
}

/// What most actions are, so that each says only what is its own.
const READ: Action = Action {
    name: "",
    effect: Effect::Read,
    parameters: &[],
    about: &[],
    each: None,
    sinks: &[],
    seals: &[],
    guard: None,
};
const WRITE: Action = Action { effect: Effect::Write, ..READ };

const fn name(field: &'static str, at: &'static str) -> About {
    About { field, at, what: What::Name }
}

/// Only these members, so that nothing stands beside what is judged.
fn only(map: &Map, known: &[&str]) -> bool {
    map.keys().all(|key| known.contains(&key.as_str()))
}

fn map_at<'v>(map: &'v Map, key: &str) -> Option<&'v Map> {
    match map.get(key)?.peek() {
        Value::Map(inside) => Some(inside),
        _ => None,
    }
}

fn list_at<'v>(map: &'v Map, key: &str) -> Option<&'v [Value]> {
    match map.get(key)?.peek() {
        Value::List(items) => Some(items),
        _ => None,
    }
}

/// A word of these characters beside letters and digits.
fn word(text: &str, more: &[u8], why: &'static str) -> Result<String, &'static str> {
    let fits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || more.contains(&byte));
    if fits { Ok(text.to_owned()) } else { Err(why) }
}

#[cfg(test)]
mod tests {
    use super::super::bind::Pointer;
    use super::super::interface::Family;

    #[test]
    fn the_tables_name_places_that_are_there() {
        for service in Family::ALL.iter().filter_map(|family| family.service()) {
            for action in service.actions {
                let places = action.about.iter().map(|about| about.at).chain(action.each);
                for place in places.chain(action.sinks.iter().copied()).chain(action.seals.iter().copied()) {
                    assert!(place.parse::<Pointer>().is_ok(), "{} {place}", action.name);
                }
                for place in
                    action.about.iter().map(|about| about.at).chain(action.each).chain(action.sinks.iter().copied())
                {
                    let first = place.split('/').nth(1).unwrap_or_default();
                    assert!(action.parameters.contains(&first), "{} {place}", action.name);
                }
                assert!(action.about.iter().all(|about| service.field(about.field).is_some()), "{}", action.name);
                assert_eq!(
                    service.actions.iter().filter(|other| other.name == action.name).count(),
                    1,
                    "{}",
                    action.name
                );
            }
        }
    }
}
