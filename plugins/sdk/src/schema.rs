//! The document that tells the host what kinds a plugin has, made from Rust types.
//!
//! A field is annotated where it is declared:
//! `#[schemars(extend("x-maps-replace" = true))]`, or with one of the names below.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use crate::kind::{Kind, Loss};

/// An input whose change makes the object anew.
pub const REPLACE: &str = "x-maps-replace";
/// A value that nobody may see; [`Secret`](crate::Secret) sets it by itself.
pub const SECRET: &str = "x-maps-secret";
/// An input that the service sets when the user leaves it out.
pub const COMPUTED: &str = "x-maps-computed";
/// On an output: what was fetched from elsewhere, each with its digest (`sha256:…`), which maps.lock pins.
pub const PINS: &str = "x-maps-pins";
/// An output that is fetched when something refers to it, and never stored.
pub const EPHEMERAL: &str = "x-maps-ephemeral";
/// On a list: the member that tells its items apart.
pub const KEY: &str = "x-maps-key";
/// An input whose referenced resource is the home of this one: gone together.
pub const LIVES_IN: &str = "x-maps-lives-in";

/// What the host is told of one kind.
pub(crate) fn document<K: Kind>() -> Value {
    let mut document = Map::new();
    document.insert("description".to_owned(), K::DESCRIPTION.into());
    document.insert("inputs".to_owned(), schema::<K::Inputs>());
    document.insert("outputs".to_owned(), schema::<K::Outputs>());
    document.insert("x-maps-batch".to_owned(), K::BATCH.into());
    document.insert("x-maps-delete-first".to_owned(), K::DELETE_FIRST.into());
    document.insert("x-maps-diff".to_owned(), K::DIFFS.into());
    if !K::HOMES.is_empty() {
        document.insert("x-maps-home".to_owned(), K::HOMES.into());
    }
    if K::LOOKUP {
        document.insert("x-maps-lookup".to_owned(), true.into());
    }
    if let Some(Loss { what, only_if }) = K::LOSES {
        let loss = only_if.map_or_else(|| json!({"what": what}), |input| json!({"what": what, "if": input}));
        document.insert("x-maps-loses".to_owned(), loss);
    }
    document.insert("x-maps-preview".to_owned(), K::PREVIEWS.into());
    document.insert("x-maps-settle-ms".to_owned(), K::SETTLE_MS.into());
    Value::Object(document)
}

/// JSON Schema 2020-12 without references, in the same order every time.
fn schema<T: JsonSchema>() -> Value {
    let generator = SchemaSettings::draft2020_12()
        .with(|settings| {
            settings.inline_subschemas = true;
            settings.meta_schema = None;
        })
        .into_generator();
    let mut schema = generator.into_root_schema_for::<T>().to_value();
    without_null(&mut schema);
    if let Some(root) = schema.as_object_mut() {
        root.remove("title");
    }
    schema
}

/// An optional field is one that may be left out, so its schema need not allow null as well. The
/// host treats null as left out before it looks at the schema.
fn without_null(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(without_null),
        Value::Object(map) => {
            map.values_mut().for_each(without_null);
            if map.get("default") == Some(&Value::Null) {
                map.remove("default");
            }
            if let Some(Value::Array(types)) = map.get_mut("type") {
                types.retain(|name| name != "null");
                if let [only] = types.as_slice() {
                    let only = only.clone();
                    map.insert("type".to_owned(), only);
                }
            }
            if let Some(Value::Array(allowed)) = map.get_mut("enum") {
                allowed.retain(|value| !value.is_null());
            }
            if let Some(Value::Array(choices)) = map.get_mut("anyOf") {
                choices.retain(|choice| *choice != json!({"type": "null"}));
                if choices.len() == 1
                    && let Some(Value::Object(only)) = choices.pop()
                {
                    map.remove("anyOf");
                    for (key, value) in only {
                        // What is said on the field goes before what is said on its type.
                        map.entry(key).or_insert(value);
                    }
                }
            }
        }
        _ => {}
    }
}
