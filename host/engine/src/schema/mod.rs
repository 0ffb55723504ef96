//! A kind's schema: JSON Schema 2020-12 plus the `x-maps-…` annotations that steer the engine.
//!
//! Read from the document that a component carries, without executing it. Only what the engine
//! can hold a value against is understood; a document that says more is refused as a whole, since
//! a rule that is silently ignored is worse than none.

mod mark;
mod parse;
#[cfg(test)]
mod tests;
mod validate;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use crate::name::KindName;

pub use mark::carry_secrecy;
pub use parse::{DEFAULT_SETTLE_MS, SchemaError};
pub use validate::Violation;

/// The kinds of a plugin.
pub type Kinds = BTreeMap<KindName, KindSchema>;

/// What the engine knows of a kind.
#[derive(Clone, Debug)]
pub struct KindSchema {
    /// The kind.
    pub kind: KindName,
    /// The whole document: `{"inputs": SCHEMA, "outputs": SCHEMA, "x-maps-…": …}`.
    pub document: Json,
    /// What it is, in a sentence.
    pub description: String,
    /// What the user sets.
    pub inputs: Schema,
    /// What the provider tells.
    pub outputs: Schema,
    /// How long a dead process's last call may take to land.
    pub settle_ms: u64,
    /// How many objects one call may serve.
    pub batch: usize,
    /// A replacement deletes the old object before it makes the new one.
    pub delete_first: bool,
    /// The kind compares by itself.
    pub diffs: bool,
    /// The kind previews.
    pub previews: bool,
    /// The kind only looks: nothing outside goes with what is deleted of it.
    pub lookup: bool,
    /// What goes for good with an object that is deleted.
    pub loses: Option<Loss>,
    /// Inputs whose referenced resource is the home of this one, beside those marked one by one.
    pub home: Vec<String>,
}

/// What goes for good with an object, beside itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// In plain words, as they follow "goes with".
    pub what: String,
    /// The input, true or false, without which the delete is refused, and nothing lost.
    pub only_if: Option<String>,
}

/// What a value must be like.
#[derive(Clone, Debug, Default)]
pub struct Schema {
    /// Its type, and the rules of that type.
    pub shape: Shape,
    /// What the engine does with it.
    pub flags: Flags,
    /// What it is, for people.
    pub description: Option<String>,
    /// What the provider takes when it is left out.
    pub default: Option<Json>,
    /// The only values it may have.
    pub one_of: Option<Vec<Json>>,
}

/// What the engine does with a value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// Its change replaces the object.
    pub replace: bool,
    /// Nobody may see it.
    pub secret: bool,
    /// The provider sets it when the user leaves it out.
    pub computed: bool,
    /// Of an output: does it hold what was fetched from elsewhere, each with its digest, for maps.lock?
    pub pins: bool,
    /// An output that is fetched when something refers to it, and never stored.
    pub ephemeral: bool,
    /// The resource it refers to is the home of this one.
    pub lives_in: bool,
    /// Of a list: the member that tells its items apart.
    pub key: Option<String>,
}

/// A type and its rules.
#[derive(Clone, Debug, Default)]
pub enum Shape {
    /// Anything.
    #[default]
    Any,
    /// True or false.
    Bool,
    /// A number without a fraction.
    Integer(Range),
    /// A number.
    Number(Range),
    /// Text.
    Text {
        /// The fewest and the most characters.
        length: Sizes,
        /// What it must match.
        pattern: Option<Pattern>,
    },
    /// A list.
    List {
        /// What its items are like.
        items: Box<Schema>,
        /// The fewest and the most items.
        length: Sizes,
        /// May no two items be equal?
        unique: bool,
    },
    /// A map with declared members.
    Object {
        /// The members.
        properties: BTreeMap<String, Schema>,
        /// Those that must be there.
        required: BTreeSet<String>,
        /// What other members are like; none means that there are no others.
        additional: Option<Box<Schema>>,
    },
    /// One of several forms.
    OneOf(Vec<Schema>),
}

/// Bounds of a number, both inclusive unless said otherwise.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Range {
    /// The least.
    pub minimum: Option<f64>,
    /// The greatest.
    pub maximum: Option<f64>,
    /// More than this.
    pub above: Option<f64>,
    /// Less than this.
    pub below: Option<f64>,
    /// A multiple of this.
    pub multiple_of: Option<f64>,
}

/// Bounds of a length, both inclusive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sizes {
    /// The least.
    pub least: usize,
    /// The most.
    pub most: Option<usize>,
}

/// A regular expression of linear time.
#[derive(Clone, Debug)]
pub struct Pattern {
    /// As written.
    pub text: String,
    regex: regex_lite::Regex,
}

impl Schema {
    /// What is said of the value at a path of keys and indexes: `node_pools`, `0`, `size`.
    pub fn at<'s>(&'s self, path: impl IntoIterator<Item = &'s str>) -> Option<&'s Self> {
        path.into_iter().try_fold(self, |schema, key| schema.member(key))
    }

    /// What is said of a member or an item.
    pub fn member(&self, key: &str) -> Option<&Self> {
        match &self.shape {
            Shape::Object { properties, additional, .. } => properties.get(key).or(additional.as_deref()),
            Shape::List { items, .. } if key.bytes().all(|b| b.is_ascii_digit()) => Some(items),
            Shape::OneOf(forms) => forms.iter().find_map(|form| form.member(key)),
            _ => None,
        }
    }

    /// What is said of the items of a list.
    pub fn item(&self) -> Option<&Self> {
        match &self.shape {
            Shape::List { items, .. } => Some(items),
            Shape::OneOf(forms) => forms.iter().find_map(Self::item),
            _ => None,
        }
    }

    /// The declared members of a map.
    pub fn properties(&self) -> impl Iterator<Item = (&str, &Self)> + Clone {
        let properties = match &self.shape {
            Shape::Object { properties, .. } => Some(properties),
            _ => None,
        };
        properties.into_iter().flatten().map(|(name, schema)| (name.as_str(), schema))
    }

    /// May a map of this schema have members that are not declared, or is it no map at all?
    fn is_open(&self) -> bool {
        match &self.shape {
            Shape::Any => true,
            Shape::Object { additional, .. } => additional.is_some(),
            Shape::OneOf(forms) => forms.iter().any(Self::is_open),
            _ => false,
        }
    }
}

impl KindSchema {
    /// The outputs that are fetched when something refers to them, and never stored.
    pub fn ephemeral_outputs(&self) -> impl Iterator<Item = &str> {
        self.outputs.properties().filter(|(_, schema)| schema.flags.ephemeral).map(|(name, _)| name)
    }

    /// The inputs whose referenced resource is the home of this one.
    pub fn home_inputs(&self) -> impl Iterator<Item = &str> {
        let marked = self.inputs.properties().filter(|(_, schema)| schema.flags.lives_in).map(|(name, _)| name);
        marked.chain(self.home.iter().map(String::as_str))
    }

    /// Can a reference to an object of this kind use this path? It resolves to outputs first, then
    /// to inputs; `id` is always there.
    ///
    /// # Errors
    /// The key that is not there, and those that are.
    pub fn check_reference<'p>(&self, path: &'p [String]) -> Result<(), (&'p str, Vec<String>)> {
        let Some((first, rest)) = path.split_first() else { return Ok(()) };
        if first == "id" && rest.is_empty() {
            return Ok(());
        }
        let found = self.outputs.member(first).or_else(|| self.inputs.member(first));
        let Some(mut at) = found else {
            if self.outputs.is_open() {
                return Ok(());
            }
            let names = self.outputs.properties().chain(self.inputs.properties()).map(|(name, _)| name.to_owned());
            let known: BTreeSet<String> = names.chain(["id".to_owned()]).collect();
            return Err((first, known.into_iter().collect()));
        };
        for key in rest {
            if at.is_open() {
                return Ok(());
            }
            match at.member(key) {
                Some(member) => at = member,
                None => return Err((key, at.properties().map(|(name, _)| name.to_owned()).collect())),
            }
        }
        Ok(())
    }
}
