//! The drafts of JSON Schema, and where in each a schema holds schemas.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::json::Json;
use super::url::{escape, split};

/// A draft.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Draft {
    Draft4,
    Draft6,
    Draft7,
    Draft2019,
    Draft2020,
}

/// What a keyword holds.
#[derive(Clone, Copy, PartialEq)]
enum Holds {
    Schema,
    Properties,
    Items,
    SchemaOrItems,
}

/// Keywords that hold schemas, and since which draft.
const KEYWORDS: &[(&str, Draft, Holds)] = &[
    ("$defs", Draft::Draft2019, Holds::Properties),
    ("additionalItems", Draft::Draft4, Holds::Schema),
    ("additionalProperties", Draft::Draft4, Holds::Schema),
    ("allOf", Draft::Draft4, Holds::Items),
    ("anyOf", Draft::Draft4, Holds::Items),
    ("contains", Draft::Draft6, Holds::Schema),
    ("contentSchema", Draft::Draft2019, Holds::Schema),
    ("definitions", Draft::Draft4, Holds::Properties),
    ("dependencies", Draft::Draft4, Holds::Properties),
    ("dependentSchemas", Draft::Draft2019, Holds::Properties),
    ("else", Draft::Draft7, Holds::Schema),
    ("if", Draft::Draft7, Holds::Schema),
    ("items", Draft::Draft4, Holds::SchemaOrItems),
    ("not", Draft::Draft4, Holds::Schema),
    ("oneOf", Draft::Draft4, Holds::Items),
    ("patternProperties", Draft::Draft4, Holds::Properties),
    ("prefixItems", Draft::Draft2020, Holds::Items),
    ("properties", Draft::Draft4, Holds::Properties),
    ("propertyNames", Draft::Draft6, Holds::Schema),
    ("then", Draft::Draft7, Holds::Schema),
    ("unevaluatedItems", Draft::Draft2019, Holds::Schema),
    ("unevaluatedProperties", Draft::Draft2019, Holds::Schema),
];

impl Draft {
    /// The one that holds where a schema names none.
    pub(super) const LATEST: Self = Self::Draft2020;

    /// The draft of a `$schema`.
    pub(super) fn from_url(url: &str) -> Option<Self> {
        let (url, fragment) = split(url);
        let name = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))?;
        if !fragment.is_empty() {
            return None;
        }
        Some(match name {
            "json-schema.org/schema" => Self::LATEST,
            "json-schema.org/draft/2020-12/schema" => Self::Draft2020,
            "json-schema.org/draft/2019-09/schema" => Self::Draft2019,
            "json-schema.org/draft-07/schema" => Self::Draft7,
            "json-schema.org/draft-06/schema" => Self::Draft6,
            "json-schema.org/draft-04/schema" => Self::Draft4,
            _ => return None,
        })
    }

    /// Where its own schema is.
    pub(super) fn url(self) -> &'static str {
        match self {
            Self::Draft4 => "http://json-schema.org/draft-04/schema",
            Self::Draft6 => "http://json-schema.org/draft-06/schema",
            Self::Draft7 => "http://json-schema.org/draft-07/schema",
            Self::Draft2019 => "https://json-schema.org/draft/2019-09/schema",
            Self::Draft2020 => "https://json-schema.org/draft/2020-12/schema",
        }
    }

    /// The keyword with a schema's URL.
    pub(super) fn id_keyword(self) -> &'static str {
        if self == Self::Draft4 { "id" } else { "$id" }
    }

    /// The URL that a schema gives itself, without fragment.
    pub(super) fn id(self, schema: &BTreeMap<Rc<str>, Json>) -> Option<&str> {
        // Before 2019, what stands beside a reference is nothing.
        if self < Self::Draft2019 && schema.contains_key("$ref") {
            return None;
        }
        let (url, _) = split(schema.get(self.id_keyword())?.text()?);
        Some(url).filter(|url| !url.is_empty())
    }

    /// The schemas right within one, with their pointers.
    pub(super) fn subschemas<'a>(
        self,
        schema: &'a BTreeMap<Rc<str>, Json>,
        pointer: &str,
    ) -> BTreeMap<String, &'a Json> {
        let mut found = BTreeMap::new();
        for (key, value) in schema {
            let known = KEYWORDS.iter().find(|(keyword, since, _)| **keyword == **key && self >= *since);
            let Some((keyword, _, holds)) = known else { continue };
            let place = format!("{pointer}/{}", escape(keyword));
            match (holds, value) {
                (Holds::Properties, Json::Object(properties)) => {
                    found.extend(properties.iter().map(|(name, value)| (format!("{place}/{}", escape(name)), value)));
                }
                (Holds::Items | Holds::SchemaOrItems, Json::List(items)) => {
                    found.extend(items.iter().enumerate().map(|(index, value)| (format!("{place}/{index}"), value)));
                    if *holds == Holds::SchemaOrItems {
                        found.insert(place, value);
                    }
                }
                (Holds::Schema | Holds::SchemaOrItems, value) => drop(found.insert(place, value)),
                _ => {}
            }
        }
        found
    }
}
