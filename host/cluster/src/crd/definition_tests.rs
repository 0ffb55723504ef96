//! Definitions that are right, wrong, and changed, in upstream's words.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use crate::crd::tests::widgets;

fn texts(errors: &[Invalid]) -> Vec<String> {
    errors.iter().map(ToString::to_string).collect()
}

fn created(mut crd: Value) -> Value {
    Definitions.default(&mut crd);
    Definitions.prepare_create(&mut crd);
    crd
}

fn check(change: impl FnOnce(&mut Value), expected: &[&str]) {
    let mut crd = widgets();
    change(&mut crd);
    assert_eq!(texts(&Definitions.validate(&created(crd))), expected);
}

fn version(crd: &mut Value) -> &mut Value {
    &mut crd["spec"]["versions"][0]
}

fn schema(schema: Value) -> impl FnOnce(&mut Value) {
    move |crd| {
        let version = version(crd);
        *version = json!({"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": schema}});
    }
}

#[test]
fn a_definition_is_defaulted() {
    let mut crd = widgets();
    crd["spec"]["names"] = json!({"plural": "widgets", "kind": "Widget"});
    crd["spec"].as_object_mut().unwrap().remove("conversion");
    let crd = created(crd);
    assert_eq!(
        crd["spec"]["names"],
        json!({"plural": "widgets", "kind": "Widget", "singular": "widget", "listKind": "WidgetList"})
    );
    assert_eq!(crd["spec"]["conversion"], json!({"strategy": "None"}));
    assert_eq!(
        crd["status"],
        json!({"acceptedNames": {"kind": "", "plural": ""}, "conditions": null, "storedVersions": ["v1"]})
    );
    assert_eq!(texts(&Definitions.validate(&crd)), Vec::<String>::new());
}

#[test]
fn names_and_groups() {
    check(
        |crd| crd["metadata"]["name"] = json!("gadgets.kd.example.com"),
        &["metadata.name: Invalid value: \"gadgets.kd.example.com\": must be spec.names.plural+\".\"+spec.group"],
    );
    check(
        |crd| {
            crd["spec"]["group"] = json!("kd");
            crd["metadata"]["name"] = json!("widgets.kd");
        },
        &["spec.group: Invalid value: \"kd\": should be a domain with at least one dot"],
    );
    check(
        |crd| crd["spec"]["scope"] = json!("Galaxy"),
        &["spec.scope: Unsupported value: \"Galaxy\": supported values: \"Cluster\", \"Namespaced\""],
    );
    check(
        |crd| crd["spec"]["names"]["listKind"] = json!("Widget"),
        &["spec.names.listKind: Invalid value: \"Widget\": kind and listKind may not be the same"],
    );
    check(
        |crd| crd["spec"]["names"]["shortNames"] = json!(["W"]),
        &[
            "spec.names.shortNames[0]: Invalid value: \"W\": a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
        ],
    );
    check(
        |crd| {
            crd["spec"]["group"] = json!("x.k8s.io");
            crd["metadata"]["name"] = json!("widgets.x.k8s.io");
        },
        &[
            "metadata.annotations[api-approved.kubernetes.io]: Required value: protected groups must have approval annotation \"api-approved.kubernetes.io\", see https://github.com/kubernetes/enhancements/pull/1111",
        ],
    );
}

#[test]
fn versions() {
    check(
        |crd| version(crd)["storage"] = json!(false),
        &[
            "spec.versions: Invalid value: [{\"Name\":\"v1\",\"Served\":true,\"Storage\":false,\"Deprecated\":false,\"DeprecationWarning\":null,\"Schema\":null,\"Subresources\":null,\"AdditionalPrinterColumns\":null,\"SelectableFields\":null}]: must have exactly one version marked as storage version",
            "status.storedVersions: Invalid value: []: must have at least one stored version",
        ],
    );
    check(
        |crd| version(crd)["schema"] = Value::Null,
        &[
            "spec.versions[0].schema.openAPIV3Schema: Required value",
            "spec.selectableFields: Invalid value: \"\": may only be set when validations.schema is included",
        ],
    );
    check(
        |crd| version(crd)["deprecationWarning"] = json!("old"),
        &["spec.versions[0].deprecationWarning: Invalid value: \"old\": can only be set for deprecated versions"],
    );
    check(
        |crd| version(crd)["additionalPrinterColumns"] = json!([{"name": "A", "type": "text", "jsonPath": "spec"}]),
        &[
            "spec.additionalPrinterColumns[0].type: Invalid value: \"text\": must be one of boolean,date,integer,number,string",
            "spec.additionalPrinterColumns[0].JSONPath: Invalid value: \"spec\": must be a simple json path starting with .",
        ],
    );
    check(
        |crd| version(crd)["subresources"]["scale"] = json!({"specReplicasPath": ".size", "labelSelectorPath": ".x"}),
        &[
            "spec.subresources.scale.specReplicasPath: Invalid value: \".size\": should be a json path under .spec",
            "spec.subresources.scale.statusReplicasPath: Required value",
            "spec.subresources.scale.labelSelectorPath: Invalid value: \".x\": should be a json path under either .spec or .status",
        ],
    );
    check(
        |crd| {
            let mut second = version(crd).clone();
            second["name"] = json!("v2");
            second["storage"] = json!(false);
            second["schema"]["openAPIV3Schema"]["properties"]["more"] = json!({});
            crd["spec"]["versions"].as_array_mut().unwrap().push(second);
        },
        &[
            "spec.versions[1].schema.openAPIV3Schema.properties[more].type: Required value: must not be empty for specified object fields",
            "spec.selectableFields: Invalid value: \"\": may only be set when validations.schema is included",
        ],
    );
}

#[test]
fn schemas() {
    check(
        schema(json!({"type": "object", "properties": {"spec": {"properties": {"a": {"type": "string"}}}}})),
        &[
            "spec.validation.openAPIV3Schema.properties[spec].type: Required value: must not be empty for specified object fields",
        ],
    );
    check(
        schema(json!({"type": "object", "properties": {"a": {"type": "text"}}})),
        &[
            "spec.validation.openAPIV3Schema.properties[a].type: Unsupported value: \"text\": supported values: \"array\", \"boolean\", \"integer\", \"number\", \"object\", \"string\"",
        ],
    );
    check(
        schema(
            json!({"type": "object", "properties": {"a": {"type": "array", "items": {"type": "string"}, "uniqueItems": true}}}),
        ),
        &[
            "spec.validation.openAPIV3Schema.properties[a].uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic",
        ],
    );
    check(
        schema(
            json!({"type": "object", "properties": {"a": {"type": "object", "properties": {"b": {"type": "string"}}, "additionalProperties": {"type": "string"}}}}),
        ),
        &[
            "spec.validation.openAPIV3Schema.properties[a].additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive",
        ],
    );
    check(
        schema(
            json!({"type": "object", "properties": {"a": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"], "items": {"type": "object", "properties": {"k": {"type": "string"}}}}}}),
        ),
        &[
            "spec.validation.openAPIV3Schema.properties[a].items.properties[k].default: Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property",
        ],
    );
    check(
        schema(
            json!({"type": "object", "properties": {"a": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "object"}}}}),
        ),
        &[
            "spec.validation.openAPIV3Schema.properties[a].items.x-kubernetes-map-type: Invalid value: null: must be atomic as item of a list with x-kubernetes-list-type=set",
        ],
    );
    check(
        schema(json!({"type": "object", "properties": {"a": {"$ref": "#/x"}}})),
        &["spec.validation.openAPIV3Schema.properties[a].$ref: Forbidden: $ref is not supported"],
    );
    check(
        schema(
            json!({"type": "object", "properties": {"metadata": {"type": "object", "properties": {"name": {"type": "string", "default": "x"}}}}}),
        ),
        &[
            "spec.validation.openAPIV3Schema.properties[metadata].properties[name].default: Forbidden: must not be set in top-level metadata",
        ],
    );
    check(
        schema(json!({"type": "object", "properties": {"a": {"type": "string", "pattern": "["}}})),
        &[
            "spec.validation.openAPIV3Schema.properties[a].pattern: Invalid value: \"[\": must be a valid regular expression, but isn't: error parsing regexp: missing closing ]: `[`",
        ],
    );
    let mut crd = widgets();
    version(&mut crd)["schema"]["openAPIV3Schema"]["maxProperties"] = json!(3);
    let found = texts(&Definitions.validate(&created(crd)));
    let (start, end) = (
        "spec.validation.openAPIV3Schema: Invalid value: ",
        "XPreserveUnknownFields XValidations] fields are allowed at the root of the schema if the status subresource is enabled",
    );
    assert!(found.len() == 1 && found[0].starts_with(start) && found[0].ends_with(end), "{found:?}");
}

#[test]
fn rules() {
    let spec = |properties: Value, rules: Value| json!({"type": "object", "properties": {"spec": {"type": "object", "properties": properties, "x-kubernetes-validations": rules}}});
    let at = "spec.validation.openAPIV3Schema.properties[spec].x-kubernetes-validations[0]";
    check(
        schema(spec(json!({"a": {"type": "string"}}), json!([{"rule": "self.b == 1"}]))),
        &[&format!(
            "{at}.rule: Invalid value: {{\"Rule\":\"self.b == 1\",\"Message\":\"\",\"MessageExpression\":\"\",\"Reason\":null,\"FieldPath\":\"\",\"OptionalOldSelf\":null}}: compilation failed: ERROR: <input>:1:5: undefined field 'b'\n | self.b == 1\n | ....^"
        )],
    );
    check(
        schema(spec(json!({"a": {"type": "string"}}), json!([{"rule": " "}]))),
        &[&format!("{at}.rule: Required value")],
    );
    check(
        schema(spec(
            json!({"a": {"type": "string"}}),
            json!([{"rule": "self.a != ''", "reason": "Why", "fieldPath": ".b"}]),
        )),
        &[
            &format!(
                "{at}.reason: Unsupported value: \"Why\": supported values: \"FieldValueDuplicate\", \"FieldValueForbidden\", \"FieldValueInvalid\", \"FieldValueRequired\""
            ),
            &format!("{at}.fieldPath: Invalid value: \".b\": must be a valid path"),
        ],
    );
    let far = "exceeds budget by factor of more than 100x (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)";
    let list = json!({"l": {"type": "array", "items": {"type": "string"}}});
    check(
        schema(spec(list, json!([{"rule": "self.l.all(x, self.l.all(y, x == y))"}]))),
        &[
            &format!("{at}.rule: Forbidden: estimated rule cost {far}"),
            &format!(
                "{at}.rule: Forbidden: contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema"
            ),
            &format!(
                "spec.validation.openAPIV3Schema: Forbidden: x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema {far}"
            ),
        ],
    );
    let numbers = json!({"min": {"type": "integer"}, "max": {"type": "integer"}});
    check(
        schema(spec(
            numbers.clone(),
            json!([{"rule": "self.min <= self.max", "messageExpression": "'min (%d) over max (%d)'.format([self.min, self.max])"}]),
        )),
        &[],
    );
    check(
        schema(spec(
            numbers,
            json!([{"rule": "self.min <= self.max", "messageExpression": "'min (' + string(self.min) + ')'"}]),
        )),
        &[
            &format!("{at}.messageExpression: Forbidden: estimated messageExpression cost {far}"),
            &format!(
                "{at}.messageExpression: Forbidden: contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema"
            ),
            &format!(
                "spec.validation.openAPIV3Schema: Forbidden: x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema {far}"
            ),
        ],
    );
    let items = json!({"l": {"type": "array", "maxItems": 3, "items": {"type": "object", "properties": {"k": {"type": "string", "maxLength": 9}}, "x-kubernetes-validations": [{"rule": "self.k == oldSelf.k"}]}}});
    let within = "spec.validation.openAPIV3Schema.properties[spec].properties[l]";
    check(
        schema(spec(items, json!([]))),
        &[&format!(
            "{within}.items.x-kubernetes-validations[0].rule: Invalid value: \"self.k == oldSelf.k\": oldSelf cannot be used on the uncorrelatable portion of the schema within {within}"
        )],
    );
    check(
        schema(spec(json!({"a": {"type": "integer"}}), json!([{"rule": "self.a > 0", "optionalOldSelf": true}]))),
        &[&format!("{at}.optionalOldSelf: Invalid value: true: may not be set if oldSelf is not used in rule")],
    );
}

#[test]
fn what_may_change() {
    let old = created(widgets());
    let mut established = old.clone();
    established["status"]["conditions"] = json!([{"type": "Established", "status": "True"}]);
    let check = |old: &Value, change: &dyn Fn(&mut Value), expected: &[&str]| {
        let mut new = old.clone();
        change(&mut new);
        Definitions.prepare_update(&mut new, old);
        assert_eq!(texts(&Definitions.validate_update(&new, old)), expected);
    };
    let rescope = |crd: &mut Value| crd["spec"]["scope"] = json!("Cluster");
    check(&old, &rescope, &[]);
    check(&established, &rescope, &["spec.scope: Invalid value: \"Cluster\": field is immutable"]);
    check(
        &established,
        &|crd| crd["spec"]["group"] = json!("other.example.com"),
        &["spec.group: Invalid value: \"other.example.com\": field is immutable"],
    );
    check(
        &established,
        &|crd| crd["spec"]["versions"][0]["name"] = json!("v2"),
        &[
            "status.storedVersions[0]: Invalid value: \"v1\": missing from spec.versions; v1 was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in v1 and removes v1 from status.storedVersions",
        ],
    );
}

#[test]
fn formats_that_nobody_knows() {
    let mut crd = widgets();
    schema(
        json!({"type": "object", "properties": {"a": {"type": "string", "format": "magic"}, "b": {"type": "integer", "format": "int32"}, "c": {"type": "integer", "format": "uint8"}}}),
    )(&mut crd);
    assert_eq!(Definitions.warnings(&crd, None), ["unrecognized format \"magic\"", "unrecognized format \"uint8\""]);
    assert_eq!(Definitions.warnings(&crd, Some(&crd)), Vec::<String>::new());
}
