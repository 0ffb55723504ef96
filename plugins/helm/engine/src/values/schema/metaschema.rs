//! What each draft says of schemas themselves: as much of its own schema as judges, without what describes.

use super::draft::Draft;

/// The document at a URL of json-schema.org.
pub(super) fn document(url: &str) -> Option<String> {
    let name = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))?;
    let name = name.strip_prefix("json-schema.org/")?;
    Some(match name {
        "schema" => return document(Draft::LATEST.url()),
        "draft-04/schema" => DRAFT_4.to_owned(),
        "draft-06/schema" => draft_6_or_7(Draft::Draft6),
        "draft-07/schema" => draft_6_or_7(Draft::Draft7),
        _ => {
            let (draft, reference, anchor, name) = if let Some(name) = name.strip_prefix("draft/2020-12/") {
                ("2020-12", "\"$dynamicRef\":\"#meta\"", "\"$dynamicAnchor\":\"meta\"", name)
            } else {
                let name = name.strip_prefix("draft/2019-09/")?;
                ("2019-09", "\"$recursiveRef\":\"#\"", "\"$recursiveAnchor\":true", name)
            };
            let body = vocabulary(draft == "2020-12", name)?;
            let head = format!(
                "{{\"$schema\":\"https://json-schema.org/draft/{draft}/schema\",\
                 \"$id\":\"https://json-schema.org/draft/{draft}/{name}\",{anchor},\"type\":[\"object\",\"boolean\"],"
            );
            head + &body.replace("SCHEMA", &format!("{{{reference}}}")) + "}"
        }
    })
}

const DRAFT_4: &str = r##"{
"$schema":"http://json-schema.org/draft-04/schema#","id":"http://json-schema.org/draft-04/schema#",
"definitions":{
"schemaArray":{"type":"array","minItems":1,"items":{"$ref":"#"}},
"count":{"type":"integer","minimum":0},
"count0":{"allOf":[{"$ref":"#/definitions/count"},{"default":0}]},
"type":{"enum":["array","boolean","integer","null","number","object","string"]},
"strings":{"type":"array","items":{"type":"string"},"minItems":1,"uniqueItems":true}},
"type":"object",
"properties":{
"id":{"type":"string","format":"uri-reference"},"$schema":{"type":"string","format":"uri"},"$ref":{"type":"string"},
"title":{"type":"string"},"description":{"type":"string"},
"multipleOf":{"type":"number","minimum":0,"exclusiveMinimum":true},
"maximum":{"type":"number"},"exclusiveMaximum":{"type":"boolean"},
"minimum":{"type":"number"},"exclusiveMinimum":{"type":"boolean"},
"maxLength":{"$ref":"#/definitions/count"},"minLength":{"$ref":"#/definitions/count0"},
"pattern":{"type":"string","format":"regex"},
"additionalItems":{"anyOf":[{"type":"boolean"},{"$ref":"#"}]},
"items":{"anyOf":[{"$ref":"#"},{"$ref":"#/definitions/schemaArray"}]},
"maxItems":{"$ref":"#/definitions/count"},"minItems":{"$ref":"#/definitions/count0"},
"uniqueItems":{"type":"boolean"},
"maxProperties":{"$ref":"#/definitions/count"},"minProperties":{"$ref":"#/definitions/count0"},
"required":{"$ref":"#/definitions/strings"},
"additionalProperties":{"anyOf":[{"type":"boolean"},{"$ref":"#"}]},
"definitions":{"type":"object","additionalProperties":{"$ref":"#"}},
"properties":{"type":"object","additionalProperties":{"$ref":"#"}},
"patternProperties":{"type":"object","additionalProperties":{"$ref":"#"}},
"dependencies":{"type":"object","additionalProperties":{"anyOf":[{"$ref":"#"},{"$ref":"#/definitions/strings"}]}},
"enum":{"type":"array","minItems":1,"uniqueItems":true},
"type":{"anyOf":[{"$ref":"#/definitions/type"},
{"type":"array","items":{"$ref":"#/definitions/type"},"minItems":1,"uniqueItems":true}]},
"format":{"type":"string"},
"allOf":{"$ref":"#/definitions/schemaArray"},"anyOf":{"$ref":"#/definitions/schemaArray"},
"oneOf":{"$ref":"#/definitions/schemaArray"},"not":{"$ref":"#"}},
"dependencies":{"exclusiveMaximum":["maximum"],"exclusiveMinimum":["minimum"]}
}"##;

fn draft_6_or_7(draft: Draft) -> String {
    let (number, added) = match draft {
        Draft::Draft6 => {
            ("06", "\"patternProperties\":{\"type\":\"object\",\"additionalProperties\":{\"$ref\":\"#\"}},")
        }
        _ => (
            "07",
            r##""$comment":{"type":"string"},"readOnly":{"type":"boolean"},"writeOnly":{"type":"boolean"},
"patternProperties":{"type":"object","additionalProperties":{"$ref":"#"},"propertyNames":{"format":"regex"}},
"contentMediaType":{"type":"string"},"contentEncoding":{"type":"string"},"examples":{"type":"array"},
"if":{"$ref":"#"},"then":{"$ref":"#"},"else":{"$ref":"#"},"##,
        ),
    };
    let body = r##"
"definitions":{
"schemaArray":{"type":"array","minItems":1,"items":{"$ref":"#"}},
"count":{"type":"integer","minimum":0},
"count0":{"allOf":[{"$ref":"#/definitions/count"},{"default":0}]},
"type":{"enum":["array","boolean","integer","null","number","object","string"]},
"strings":{"type":"array","items":{"type":"string"},"uniqueItems":true}},
"type":["object","boolean"],
"properties":{
"$id":{"type":"string","format":"uri-reference"},"$schema":{"type":"string","format":"uri"},
"$ref":{"type":"string","format":"uri-reference"},
"title":{"type":"string"},"description":{"type":"string"},
"multipleOf":{"type":"number","exclusiveMinimum":0},
"maximum":{"type":"number"},"exclusiveMaximum":{"type":"number"},
"minimum":{"type":"number"},"exclusiveMinimum":{"type":"number"},
"maxLength":{"$ref":"#/definitions/count"},"minLength":{"$ref":"#/definitions/count0"},
"pattern":{"type":"string","format":"regex"},
"additionalItems":{"$ref":"#"},
"items":{"anyOf":[{"$ref":"#"},{"$ref":"#/definitions/schemaArray"}]},
"maxItems":{"$ref":"#/definitions/count"},"minItems":{"$ref":"#/definitions/count0"},
"uniqueItems":{"type":"boolean"},"contains":{"$ref":"#"},
"maxProperties":{"$ref":"#/definitions/count"},"minProperties":{"$ref":"#/definitions/count0"},
"required":{"$ref":"#/definitions/strings"},
"additionalProperties":{"$ref":"#"},
"definitions":{"type":"object","additionalProperties":{"$ref":"#"}},
"properties":{"type":"object","additionalProperties":{"$ref":"#"}},
ADDED
"dependencies":{"type":"object","additionalProperties":{"anyOf":[{"$ref":"#"},{"$ref":"#/definitions/strings"}]}},
"propertyNames":{"$ref":"#"},
"enum":{"type":"array","minItems":1,"uniqueItems":true},
"type":{"anyOf":[{"$ref":"#/definitions/type"},
{"type":"array","items":{"$ref":"#/definitions/type"},"minItems":1,"uniqueItems":true}]},
"format":{"type":"string"},
"allOf":{"$ref":"#/definitions/schemaArray"},"anyOf":{"$ref":"#/definitions/schemaArray"},
"oneOf":{"$ref":"#/definitions/schemaArray"},"not":{"$ref":"#"}}
}"##;
    let url = format!("http://json-schema.org/draft-{number}/schema#");
    format!("{{\"$schema\":\"{url}\",\"$id\":\"{url}\",{}", body.replace("ADDED", added))
}

/// A document of the drafts since 2019, without its head. `SCHEMA` is where any schema may stand.
fn vocabulary(latest: bool, name: &str) -> Option<String> {
    Some(match (name, latest) {
        ("schema", true) => {
            r##""allOf":[{"$ref":"meta/core"},{"$ref":"meta/applicator"},{"$ref":"meta/unevaluated"},
{"$ref":"meta/validation"},{"$ref":"meta/meta-data"},{"$ref":"meta/format-annotation"},{"$ref":"meta/content"}],
"properties":{
"definitions":{"type":"object","additionalProperties":SCHEMA},
"dependencies":{"type":"object","additionalProperties":{"anyOf":[SCHEMA,{"$ref":"meta/validation#/$defs/strings"}]}},
"$recursiveAnchor":{"$ref":"meta/core#/$defs/anchor"},"$recursiveRef":{"$ref":"meta/core#/$defs/reference"}}"##
                .to_owned()
        }
        ("schema", false) => r##""allOf":[{"$ref":"meta/core"},{"$ref":"meta/applicator"},{"$ref":"meta/validation"},
{"$ref":"meta/meta-data"},{"$ref":"meta/format"},{"$ref":"meta/content"}],
"properties":{
"definitions":{"type":"object","additionalProperties":SCHEMA},
"dependencies":{"type":"object","additionalProperties":{"anyOf":[SCHEMA,{"$ref":"meta/validation#/$defs/strings"}]}}}"##
            .to_owned(),
        ("meta/core", _) => {
            let (anchor, added) = if latest {
                ("^[A-Za-z_][-A-Za-z0-9._]*$", r##""$dynamicRef":{"$ref":"#/$defs/reference"},"$dynamicAnchor":{"$ref":"#/$defs/anchor"}"##)
            } else {
                ("^[A-Za-z][-A-Za-z0-9.:_]*$", r##""$recursiveRef":{"$ref":"#/$defs/reference"},"$recursiveAnchor":{"type":"boolean"}"##)
            };
            r##""properties":{
"$id":{"$ref":"#/$defs/reference","pattern":"^[^#]*#?$"},"$schema":{"$ref":"#/$defs/uri"},
"$ref":{"$ref":"#/$defs/reference"},"$anchor":{"$ref":"#/$defs/anchor"},ADDED,
"$vocabulary":{"type":"object","propertyNames":{"$ref":"#/$defs/uri"},"additionalProperties":{"type":"boolean"}},
"$comment":{"type":"string"},"$defs":{"type":"object","additionalProperties":SCHEMA}},
"$defs":{"anchor":{"type":"string","pattern":"ANCHOR"},"uri":{"type":"string","format":"uri"},
"reference":{"type":"string","format":"uri-reference"}}"##
                .replace("ADDED", added)
                .replace("ANCHOR", anchor)
        }
        ("meta/applicator", _) => {
            let added = if latest {
                r##""prefixItems":{"$ref":"#/$defs/schemaArray"},"items":SCHEMA"##
            } else {
                r##""additionalItems":SCHEMA,"unevaluatedItems":SCHEMA,"unevaluatedProperties":SCHEMA,
"items":{"anyOf":[SCHEMA,{"$ref":"#/$defs/schemaArray"}]}"##
            };
            r##""properties":{ADDED,
"contains":SCHEMA,"additionalProperties":SCHEMA,
"properties":{"type":"object","additionalProperties":SCHEMA},
"patternProperties":{"type":"object","additionalProperties":SCHEMA,"propertyNames":{"format":"regex"}},
"dependentSchemas":{"type":"object","additionalProperties":SCHEMA},
"propertyNames":SCHEMA,"if":SCHEMA,"then":SCHEMA,"else":SCHEMA,
"allOf":{"$ref":"#/$defs/schemaArray"},"anyOf":{"$ref":"#/$defs/schemaArray"},
"oneOf":{"$ref":"#/$defs/schemaArray"},"not":SCHEMA},
"$defs":{"schemaArray":{"type":"array","minItems":1,"items":SCHEMA}}"##
                .replace("ADDED", added)
        }
        ("meta/unevaluated", true) => {
            r##""properties":{"unevaluatedItems":SCHEMA,"unevaluatedProperties":SCHEMA}"##.to_owned()
        }
        ("meta/validation", _) => r##""properties":{
"type":{"anyOf":[{"$ref":"#/$defs/type"},{"type":"array","items":{"$ref":"#/$defs/type"},"minItems":1,"uniqueItems":true}]},
"enum":{"type":"array"},
"multipleOf":{"type":"number","exclusiveMinimum":0},
"maximum":{"type":"number"},"exclusiveMaximum":{"type":"number"},
"minimum":{"type":"number"},"exclusiveMinimum":{"type":"number"},
"maxLength":{"$ref":"#/$defs/count"},"minLength":{"$ref":"#/$defs/count0"},
"pattern":{"type":"string","format":"regex"},
"maxItems":{"$ref":"#/$defs/count"},"minItems":{"$ref":"#/$defs/count0"},"uniqueItems":{"type":"boolean"},
"maxContains":{"$ref":"#/$defs/count"},"minContains":{"$ref":"#/$defs/count"},
"maxProperties":{"$ref":"#/$defs/count"},"minProperties":{"$ref":"#/$defs/count0"},
"required":{"$ref":"#/$defs/strings"},
"dependentRequired":{"type":"object","additionalProperties":{"$ref":"#/$defs/strings"}}},
"$defs":{"count":{"type":"integer","minimum":0},"count0":{"$ref":"#/$defs/count","default":0},
"type":{"enum":["array","boolean","integer","null","number","object","string"]},
"strings":{"type":"array","items":{"type":"string"},"uniqueItems":true}}"##
            .to_owned(),
        ("meta/meta-data", _) => r##""properties":{"title":{"type":"string"},"description":{"type":"string"},
"deprecated":{"type":"boolean"},"readOnly":{"type":"boolean"},"writeOnly":{"type":"boolean"},
"examples":{"type":"array"}}"##
            .to_owned(),
        ("meta/format-annotation", true) | ("meta/format", false) => {
            r##""properties":{"format":{"type":"string"}}"##.to_owned()
        }
        ("meta/content", _) => r##""properties":{"contentEncoding":{"type":"string"},
"contentMediaType":{"type":"string"},"contentSchema":SCHEMA}"##
            .to_owned(),
        _ => return None,
    })
}
