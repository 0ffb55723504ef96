//! The Swagger document in protobuf, as gnostic's `openapiv2.Document`, which Kubernetes' clients ask for.
//!
//! Answers of operations are left out; nothing reads them from this form.

use serde_json::{Map, Value};

/// The media type that is answered.
pub(crate) const MEDIA: &str = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

/// What clients may ask for it by; the first is no proper media type, and older.
const ASKED: [&str; 2] = ["application/com.github.proto-openapi.spec.v2@v1.0+protobuf", MEDIA];

/// Whether an `Accept` header asks for this form.
pub(crate) fn is_asked(accept: &str) -> bool {
    ASKED.iter().any(|media| accept.contains(media))
}

/// Encodes a document.
pub(super) fn encode(document: &Value) -> Vec<u8> {
    let mut out = Message::default();
    out.text(1, &document["swagger"]);
    out.message(2, |info| {
        info.text(1, &document["info"]["title"]);
        info.text(2, &document["info"]["version"]);
    });
    out.message(8, |paths| {
        for (name, path) in entries(&document["paths"]) {
            paths.message(2, |named| {
                named.string(1, name);
                named.message(2, |item| path_item(item, path));
            });
        }
    });
    out.message(9, |definitions| named_schemas(definitions, &document["definitions"]));
    out.0
}

/// A message in the making.
#[derive(Default)]
struct Message(Vec<u8>);

impl Message {
    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    fn bytes(&mut self, number: u64, bytes: &[u8]) {
        self.varint(number << 3 | 2);
        self.varint(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    fn string(&mut self, number: u64, text: &str) {
        self.bytes(number, text.as_bytes());
    }

    /// Text, if it is there.
    fn text(&mut self, number: u64, value: &Value) {
        if let Some(text) = value.as_str() {
            self.string(number, text);
        }
    }

    /// Every text of a list.
    fn texts(&mut self, number: u64, value: &Value) {
        items(value).for_each(|item| self.text(number, item));
    }

    /// A truth, if it holds.
    fn flag(&mut self, number: u64, value: &Value) {
        if value == &Value::Bool(true) {
            self.varint(number << 3);
            self.varint(1);
        }
    }

    /// A whole number, if it is there.
    fn whole(&mut self, number: u64, value: &Value) {
        if let Some(value) = value.as_i64() {
            self.varint(number << 3);
            self.varint(value.cast_unsigned());
        }
    }

    /// A number, if it is there.
    fn double(&mut self, number: u64, value: &Value) {
        if let Some(value) = value.as_f64() {
            self.varint(number << 3 | 1);
            self.0.extend_from_slice(&value.to_le_bytes());
        }
    }

    fn message(&mut self, number: u64, fill: impl FnOnce(&mut Self)) {
        let mut inner = Self::default();
        fill(&mut inner);
        self.bytes(number, &inner.0);
    }

    /// Any value, as YAML; JSON is YAML.
    fn any(&mut self, number: u64, value: &Value) {
        self.message(number, |any| any.string(2, &value.to_string()));
    }

    /// What begins with `x-`.
    fn extensions(&mut self, number: u64, fields: &Value) {
        for (name, value) in entries(fields).filter(|(name, _)| name.starts_with("x-")) {
            self.message(number, |named| {
                named.string(1, name);
                named.any(2, value);
            });
        }
    }
}

fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter)
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn path_item(out: &mut Message, path: &Value) {
    for (number, method) in [(2, "get"), (3, "put"), (4, "post"), (5, "delete"), (8, "patch")] {
        if let Some(operation) = path.get(method) {
            out.message(number, |out| {
                out.text(5, &operation["operationId"]);
                out.texts(6, &operation["produces"]);
                out.texts(7, &operation["consumes"]);
                items(&operation["parameters"])
                    .for_each(|parameter| out.message(8, |out| parameter_item(out, parameter)));
                out.extensions(13, operation);
            });
        }
    }
    items(&path["parameters"]).for_each(|parameter| out.message(9, |out| parameter_item(out, parameter)));
}

fn parameter_item(out: &mut Message, parameter: &Value) {
    out.message(1, |out| match parameter["in"].as_str() {
        Some("body") => out.message(1, |body| {
            body.text(2, &parameter["name"]);
            body.text(3, &parameter["in"]);
            body.flag(4, &parameter["required"]);
            body.message(5, |out| schema(out, &parameter["schema"]));
        }),
        Some("path") => out.message(2, |out| {
            out.message(4, |path| {
                path.flag(1, &parameter["required"]);
                path.text(2, &parameter["in"]);
                path.text(4, &parameter["name"]);
                path.text(5, &parameter["type"]);
                path.flag(19, &parameter["uniqueItems"]);
            });
        }),
        _ => out.message(2, |out| {
            out.message(3, |query| {
                query.text(2, &parameter["in"]);
                query.text(4, &parameter["name"]);
                query.text(6, &parameter["type"]);
                query.flag(20, &parameter["uniqueItems"]);
            });
        }),
    });
}

fn named_schemas(out: &mut Message, schemas: &Value) {
    for (name, each) in entries(schemas) {
        out.message(1, |named| {
            named.string(1, name);
            named.message(2, |out| schema(out, each));
        });
    }
}

fn schema(out: &mut Message, schema: &Value) {
    out.text(1, &schema["$ref"]);
    out.text(2, &schema["format"]);
    out.text(3, &schema["title"]);
    out.text(4, &schema["description"]);
    if let Some(default) = schema.get("default") {
        out.any(5, default);
    }
    out.double(6, &schema["multipleOf"]);
    out.double(7, &schema["maximum"]);
    out.flag(8, &schema["exclusiveMaximum"]);
    out.double(9, &schema["minimum"]);
    out.flag(10, &schema["exclusiveMinimum"]);
    out.whole(11, &schema["maxLength"]);
    out.whole(12, &schema["minLength"]);
    out.text(13, &schema["pattern"]);
    out.whole(14, &schema["maxItems"]);
    out.whole(15, &schema["minItems"]);
    out.flag(16, &schema["uniqueItems"]);
    out.whole(17, &schema["maxProperties"]);
    out.whole(18, &schema["minProperties"]);
    out.texts(19, &schema["required"]);
    items(&schema["enum"]).for_each(|value| out.any(20, value));
    match schema.get("additionalProperties") {
        Some(Value::Bool(allowed)) => out.message(21, |item| item.flag(2, &Value::Bool(*allowed))),
        Some(values) => out.message(21, |item| item.message(1, |out| self::schema(out, values))),
        None => {}
    }
    if schema["type"].is_string() {
        out.message(22, |kind| kind.text(1, &schema["type"]));
    }
    if let Some(item) = schema.get("items") {
        out.message(23, |list| list.message(1, |out| self::schema(out, item)));
    }
    if schema["properties"].is_object() {
        out.message(25, |properties| named_schemas(properties, &schema["properties"]));
    }
    out.extensions(31, schema);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::encode;

    #[test]
    fn messages_are_nested_by_length() {
        let document = json!({
            "swagger": "2.0", "info": {"title": "K", "version": "v"}, "paths": {},
            "definitions": {"A": {"type": "string", "x-y": [1]}},
        });
        let extension = [&[0xfa, 1, 12, 10, 3][..], b"x-y", &[18, 5, 18, 3][..], b"[1]"].concat();
        let schema = [&[0xb2, 1, 8, 10, 6][..], b"string", &extension].concat();
        let named = [&[10, 1][..], b"A", &[18, u8::try_from(schema.len()).unwrap_or(0)][..], &schema].concat();
        let definitions = [&[10, u8::try_from(named.len()).unwrap_or(0)][..], &named].concat();
        let expected = [
            &[10, 3][..],
            b"2.0",
            &[18, 6, 10, 1][..],
            b"K",
            &[18, 1][..],
            b"v",
            &[66, 0, 74, u8::try_from(definitions.len()).unwrap_or(0)][..],
            &definitions,
        ];
        assert_eq!(encode(&document), expected.concat());
    }
}
