//! The kind `kube/secret`.

use std::collections::BTreeMap;

use maps_sdk::kube::{Cluster, TypeMeta};
use maps_sdk::{Problem, Report, Secret, Update};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::id::{ObjectId, is_label, is_subdomain, text};
use crate::mark;
use crate::single::{self, InCluster, Single, Texts, Waits};

/// What Kubernetes takes when no type is given.
const OPAQUE: &str = "Opaque";

/// A Secret.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Inputs {
    /// A new name is a new Secret.
    #[schemars(extend("x-maps-replace" = true))]
    pub name: String,
    /// Another namespace makes it anew.
    #[serde(default = "default_namespace")]
    #[schemars(extend("x-maps-replace" = true))]
    pub namespace: String,
    /// `kubernetes.io/tls`, `kubernetes.io/dockerconfigjson`; another type makes it anew.
    #[serde(default = "opaque", rename = "type")]
    #[schemars(extend("x-maps-replace" = true))]
    pub kind: String,
    /// The values as they are, each under its key: the host encodes them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub string_data: BTreeMap<String, Secret>,
    /// May nobody change the values? Then `replace_on_changes: [string_data]` makes a changed one anew.
    #[serde(default)]
    pub immutable: bool,
    /// Labels beside those that others set.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: Texts,
    /// Annotations beside those that others set.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: Texts,
    /// Take fields that other field managers own.
    #[serde(default)]
    pub force: bool,
}

fn default_namespace() -> String {
    "default".to_owned()
}

fn opaque() -> String {
    OPAQUE.to_owned()
}

/// Secrets.
#[derive(Clone, Copy, Debug, Default)]
pub struct Secrets;

fn kind() -> TypeMeta {
    TypeMeta::new("v1", "Secret")
}

/// What of the object can be compared.
fn without_data(inputs: &Inputs) -> Value {
    let mut object = Secrets::object(inputs);
    if let Value::Object(map) = &mut object {
        map.remove("data");
    }
    object
}

impl Single for Secrets {
    const NAME: &'static str = "kube/secret";
    const DESCRIPTION: &'static str =
        "A Secret of a Kubernetes cluster, whose values the plugin never sees. An import takes `namespace/name`.";
    const BATCH: u32 = 500;
    const RETRY_MS: u64 = 2_000;
    type Inputs = Inputs;

    fn check(inputs: &Inputs, report: &mut Report) {
        if !is_subdomain(&inputs.name) {
            let message = "the name of a Secret is lower-case letters, digits, dashes and dots, and begins and ends \
                           with a letter or digit";
            report.invalid("name", "bad-name", message);
        }
        if !is_label(&inputs.namespace) {
            report.invalid("namespace", "bad-namespace", crate::namespace::NAME_RULE);
        }
        mark::check(report, &inputs.labels, &inputs.annotations);
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        for key in inputs.string_data.keys() {
            if key.is_empty() || key.len() > 253 || !key.chars().all(allowed) || key == "." || key.starts_with("..") {
                let message = "a key is up to 253 letters, digits, `-`, `_` and `.`";
                report.invalid(format!("string_data.{key}"), "bad-key", message);
            }
        }
        let wanted: &[&str] = match inputs.kind.as_str() {
            "kubernetes.io/tls" => &["tls.crt", "tls.key"],
            "kubernetes.io/dockerconfigjson" => &[".dockerconfigjson"],
            "kubernetes.io/dockercfg" => &[".dockercfg"],
            "kubernetes.io/ssh-auth" => &["ssh-privatekey"],
            _ => &[],
        };
        for key in wanted.iter().filter(|key| !inputs.string_data.contains_key(**key)) {
            let message = format!("a Secret of the type {} has the key `{key}`", inputs.kind);
            report.across(&["string_data", "type"], "missing-key", message);
        }
    }

    fn id(inputs: &Inputs) -> ObjectId {
        ObjectId::namespaced(kind(), &inputs.namespace, &inputs.name)
    }

    fn named(id: &str) -> Result<ObjectId, Problem> {
        ObjectId::parse(kind(), id)
    }

    fn resource_id(id: &ObjectId) -> String {
        id.place()
    }

    fn object(inputs: &Inputs) -> Value {
        let data: Map<String, Value> =
            inputs.string_data.iter().map(|(key, value)| (key.clone(), json!({"$sealed": value.handle()}))).collect();
        let mut object = json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {
                "name": inputs.name,
                "namespace": inputs.namespace,
                "labels": inputs.labels,
                "annotations": inputs.annotations,
            },
            "type": inputs.kind,
            "data": data,
        });
        if inputs.immutable {
            object["immutable"] = true.into();
        }
        object
    }

    fn force(inputs: &Inputs) -> bool {
        inputs.force
    }

    fn told(live: &Value, before: Option<&Inputs>) -> Inputs {
        let part = |pointer: &str| text(live, pointer).unwrap_or_default().to_owned();
        let data = live.get("data").and_then(Value::as_object).into_iter().flatten();
        let data = data.filter(|(key, _)| before.is_none_or(|before| before.string_data.contains_key(*key)));
        let sealed = data.filter_map(|(key, value)| {
            Some((key.clone(), Secret::from_handle(value.get("$sealed").and_then(Value::as_str)?)))
        });
        Inputs {
            name: part("/metadata/name"),
            namespace: part("/metadata/namespace"),
            kind: text(live, "/type").unwrap_or(OPAQUE).to_owned(),
            string_data: sealed.collect(),
            immutable: live.get("immutable") == Some(&Value::Bool(true)),
            labels: single::kept(single::texts(live, "/metadata/labels"), before.map(|before| &before.labels)),
            annotations: single::annotations(live, before.map(|before| &before.annotations)),
            force: before.is_some_and(|before| before.force),
        }
    }

    /// Values cannot be compared here.
    fn is_same(request: &Update<InCluster<Self>>, found: &Inputs) -> bool {
        let values = request.changed.iter().any(|path| path.starts_with("string_data"));
        !values && without_data(found) == without_data(&request.inputs)
    }

    fn explained(inputs: &Inputs, problem: Problem) -> Problem {
        if problem.help.is_some() || !(inputs.immutable || problem.message.contains("immutable")) {
            return problem;
        }
        problem.help("an immutable Secret is made anew with `options: {replace_on_changes: [string_data]}`")
    }

    fn waits(_: &Cluster, id: &ObjectId) -> Waits {
        Waits {
            what: id.shown(),
            note: "waits for its finalizers".to_owned(),
            held: String::new(),
            help: "what holds its finalizers has to let go; then run again",
        }
    }
}
