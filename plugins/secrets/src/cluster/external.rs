//! The kind `secrets/external-secret`.

use std::collections::BTreeMap;

use maps_sdk::{Report, Update};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::API;
use super::held::{Held, InCluster};

/// What an ExternalSecret copies into a Secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Inputs {
    /// Its name.
    #[schemars(extend("x-maps-replace" = true))]
    pub name: String,
    /// Its namespace, in which the store and the Secret are too.
    #[schemars(extend("x-maps-replace" = true))]
    pub namespace: String,
    /// The store that it reads by: `${store.name}`.
    pub store: String,
    /// The Secret that it keeps; its own name unless this says another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// How often it reads again: `1h`, `30m`.
    #[serde(default = "hourly")]
    pub refresh: String,
    /// Parameters by the keys of the Secret: `{password: /maps/postgres/password}`.
    pub data: BTreeMap<String, String>,
    /// More keys of the Secret, as texts in which `{{ .password }}` is the value under that key of `data`:
    /// `{username: maps}`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub template: BTreeMap<String, String>,
    /// The Secret's type, `Opaque` unless this says another: `kubernetes.io/basic-auth`. A type cannot be changed, so
    /// that another one makes it anew.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-maps-replace" = true))]
    pub kind: Option<String>,
}

fn hourly() -> String {
    "1h".to_owned()
}

/// What the cluster tells of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// The same as long as it is the same object.
    pub uid: String,
    /// The Secret that holds the values.
    pub secret: String,
}

/// Secrets that External Secrets keeps.
#[derive(Clone, Copy, Debug, Default)]
pub struct ExternalSecret;

fn target(inputs: &Inputs) -> &str {
    inputs.secret.as_deref().unwrap_or(&inputs.name)
}

impl Held for ExternalSecret {
    const NAME: &'static str = "secrets/external-secret";
    const DESCRIPTION: &'static str = "A Secret that External Secrets keeps equal to parameters of a store; it is \
                                       done when it is synced. An import takes `namespace/name`.";
    const OBJECTS: &'static [(&'static str, &'static str)] = &[(API, "ExternalSecret")];
    type Inputs = Inputs;
    type Outputs = Outputs;

    fn check(inputs: &Inputs, report: &mut Report) {
        if inputs.data.is_empty() {
            report.invalid("data", "no-data", "name at least one parameter, under the key that it gets in the Secret");
        }
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        for (field, keys) in [("data", &inputs.data), ("template", &inputs.template)] {
            for key in keys.keys().filter(|key| key.is_empty() || !key.chars().all(allowed)) {
                report.invalid(format!("{field}.{key}"), "bad-key", "a key is letters, digits, `-`, `_` and `.`");
            }
        }
        let digits = inputs.refresh.trim_end_matches(|c: char| matches!(c, 's' | 'm' | 'h') || c.is_ascii_digit());
        if !digits.is_empty() || !inputs.refresh.starts_with(|c: char| c.is_ascii_digit()) {
            report.invalid("refresh", "bad-duration", "a duration is written like `1h`, `30m` or `90s`");
        }
    }

    fn place(inputs: &Inputs) -> (&str, &str) {
        (&inputs.namespace, &inputs.name)
    }

    fn objects(inputs: &Inputs) -> Vec<Value> {
        let data: Vec<Value> = inputs
            .data
            .iter()
            .map(|(key, parameter)| json!({"secretKey": key, "remoteRef": {"key": parameter}}))
            .collect();
        let mut target = json!({"name": target(inputs), "creationPolicy": "Owner"});
        if !inputs.template.is_empty() || inputs.kind.is_some() {
            // Merged: without that, a template's keys take the place of those of `data`.
            let mut template = json!({"engineVersion": "v2", "mergePolicy": "Merge"});
            if let Some(kind) = &inputs.kind {
                template["type"] = json!(kind);
            }
            if !inputs.template.is_empty() {
                template["data"] = json!(inputs.template);
            }
            target["template"] = template;
        }
        vec![json!({
            "apiVersion": API, "kind": "ExternalSecret",
            "metadata": {"name": inputs.name, "namespace": inputs.namespace},
            "spec": {
                "refreshInterval": inputs.refresh, "secretStoreRef": {"kind": "SecretStore", "name": inputs.store},
                "target": target, "data": data,
            },
        })]
    }

    fn told(namespace: &str, name: &str, lives: &[Option<Value>]) -> Inputs {
        let live = lives.last().and_then(Option::as_ref).unwrap_or(&Value::Null);
        let text = |pointer: &str| live.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        let data = live.pointer("/spec/data").and_then(Value::as_array).into_iter().flatten();
        let pair = |item: &Value| {
            let parameter = item.pointer("/remoteRef/key")?.as_str()?;
            Some((item["secretKey"].as_str()?.to_owned(), parameter.to_owned()))
        };
        Inputs {
            name: name.to_owned(),
            namespace: namespace.to_owned(),
            store: text("/spec/secretStoreRef/name"),
            secret: Some(text("/spec/target/name")).filter(|secret| !secret.is_empty() && secret != name),
            refresh: shortened(&text("/spec/refreshInterval")),
            data: data.filter_map(pair).collect(),
            template: live
                .pointer("/spec/target/template/data")
                .and_then(Value::as_object)
                .into_iter()
                .flatten()
                .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
                .collect(),
            kind: Some(text("/spec/target/template/type")).filter(|kind| !kind.is_empty()),
        }
    }

    fn outputs(inputs: &Inputs, last: &Value) -> Outputs {
        Outputs { uid: super::uid(last), secret: target(inputs).to_owned() }
    }

    fn is_same(request: &Update<InCluster<Self>>, lives: &[Option<Value>]) -> bool {
        let inputs = &request.inputs;
        lives.iter().all(Option::is_some) && Self::told(&inputs.namespace, &inputs.name, lives) == *inputs
    }
}

/// A duration as people write it: the server tells `1h` as `1h0m0s`.
fn shortened(duration: &str) -> String {
    let mut text = duration;
    for zero in ["0s", "0m"] {
        if let Some(rest) = text.strip_suffix(zero)
            && rest.ends_with(['h', 'm'])
        {
            text = rest;
        }
    }
    text.to_owned()
}
