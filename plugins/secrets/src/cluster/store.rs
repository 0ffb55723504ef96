//! The kind `secrets/secret-store`.

use maps_sdk::{Report, Secret, Update};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::held::{Held, InCluster};
use super::{API, Outputs};

/// The keys of the Secret that holds the access key.
const ID: &str = "access-key-id";
const SECRET: &str = "secret-access-key";

/// A SecretStore for the Parameter Store of AWS, with its credentials.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Inputs {
    /// The name of the store, and of the Secret with its credentials beside it.
    #[schemars(extend("x-maps-replace" = true))]
    pub name: String,
    /// The namespace that it serves.
    #[schemars(extend("x-maps-replace" = true))]
    pub namespace: String,
    /// The region of AWS: `eu-central-1`.
    pub region: String,
    /// The key's id: `${key.access_key_id}`.
    pub access_key_id: Secret,
    /// The key's secret: `${key.secret_access_key}`.
    pub secret_access_key: Secret,
}

/// Stores of External Secrets.
#[derive(Clone, Copy, Debug, Default)]
pub struct SecretStore;

impl Held for SecretStore {
    const NAME: &'static str = "secrets/secret-store";
    const DESCRIPTION: &'static str = "A SecretStore of External Secrets for the Parameter Store of AWS, with the \
                                       Secret that holds its access key. An import takes `namespace/name`.";
    const OBJECTS: &'static [(&'static str, &'static str)] = &[("v1", "Secret"), (API, "SecretStore")];
    type Inputs = Inputs;
    type Outputs = Outputs;

    fn check(inputs: &Inputs, report: &mut Report) {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if inputs.region.is_empty() || !inputs.region.chars().all(plain) {
            report.invalid("region", "bad-region", "a region of AWS is written like `eu-central-1`");
        }
    }

    fn place(inputs: &Inputs) -> (&str, &str) {
        (&inputs.namespace, &inputs.name)
    }

    fn objects(inputs: &Inputs) -> Vec<Value> {
        let metadata = json!({"name": inputs.name, "namespace": inputs.namespace});
        let reference = |key: &str| json!({"name": inputs.name, "key": key});
        let sealed = |secret: &Secret| json!({"$sealed": secret.handle()});
        vec![
            json!({
                "apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": "Opaque",
                "data": {ID: sealed(&inputs.access_key_id), SECRET: sealed(&inputs.secret_access_key)},
            }),
            json!({
                "apiVersion": API, "kind": "SecretStore", "metadata": metadata,
                "spec": {"provider": {"aws": {
                    "service": "ParameterStore", "region": inputs.region,
                    "auth": {"secretRef": {
                        "accessKeyIDSecretRef": reference(ID), "secretAccessKeySecretRef": reference(SECRET),
                    }},
                }}},
            }),
        ]
    }

    /// A credential that somebody took away is the empty text.
    fn told(namespace: &str, name: &str, lives: &[Option<Value>]) -> Inputs {
        let secret = lives.first().and_then(Option::as_ref);
        let value = |key: &str| {
            let handle = secret.and_then(|secret| secret.get("data")?.get(key)?.get("$sealed")?.as_str());
            Secret::from_handle(handle.unwrap_or_default())
        };
        Inputs {
            name: name.to_owned(),
            namespace: namespace.to_owned(),
            region: region(lives).unwrap_or_default().to_owned(),
            access_key_id: value(ID),
            secret_access_key: value(SECRET),
        }
    }

    fn outputs(_: &Inputs, last: &Value) -> Outputs {
        Outputs { uid: super::uid(last) }
    }

    /// Sealed values cannot be compared, so a key that is named as changed is written again.
    fn is_same(request: &Update<InCluster<Self>>, lives: &[Option<Value>]) -> bool {
        let keys = ["access_key_id", "secret_access_key"];
        lives.iter().all(Option::is_some)
            && region(lives) == Some(request.inputs.region.as_str())
            && !request.changed.iter().any(|path| keys.contains(&path.as_str()))
    }
}

/// Where the store, the last of the objects, reads.
fn region(lives: &[Option<Value>]) -> Option<&str> {
    lives.last()?.as_ref()?.pointer("/spec/provider/aws/region")?.as_str()
}
