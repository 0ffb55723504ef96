//! The kind `secrets/external-secret`.

use std::collections::BTreeMap;

use maps_sdk::{Context, Create, Delete, Find, Kind, Lookup, Outcome, Progress, Read, Report, Resource, Update, only};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{API, Place, Removed, Waiting, Write};
use crate::batch::Answered;

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

fn place(inputs: &Inputs) -> Place {
    Place::new(&inputs.namespace, &inputs.name)
}

fn target(inputs: &Inputs) -> &str {
    inputs.secret.as_deref().unwrap_or(&inputs.name)
}

fn objects(inputs: &Inputs) -> Vec<Value> {
    let data: Vec<Value> =
        inputs.data.iter().map(|(key, parameter)| json!({"secretKey": key, "remoteRef": {"key": parameter}})).collect();
    vec![json!({
        "apiVersion": API, "kind": "ExternalSecret",
        "metadata": {"name": inputs.name, "namespace": inputs.namespace},
        "spec": {
            "refreshInterval": inputs.refresh, "secretStoreRef": {"kind": "SecretStore", "name": inputs.store},
            "target": {"name": target(inputs), "creationPolicy": "Owner"}, "data": data,
        },
    })]
}

/// The settings as they are.
fn told(place: &Place, live: &Value) -> Resource<ExternalSecret> {
    let text = |pointer: &str| live.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let data = live.pointer("/spec/data").and_then(Value::as_array).into_iter().flatten();
    let pair = |item: &Value| {
        let parameter = item.pointer("/remoteRef/key")?.as_str()?;
        Some((item["secretKey"].as_str()?.to_owned(), parameter.to_owned()))
    };
    let secret = Some(text("/spec/target/name")).filter(|name| !name.is_empty() && *name != place.name);
    let inputs = Inputs {
        name: place.name.clone(),
        namespace: place.namespace.clone(),
        store: text("/spec/secretStoreRef/name"),
        secret,
        refresh: shortened(&text("/spec/refreshInterval")),
        data: data.filter_map(pair).collect(),
    };
    let outputs = Outputs { uid: super::uid(live), secret: target(&inputs).to_owned() };
    Resource { id: place.id(), inputs, outputs }
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

fn fetch(context: &Context, places: &[Place]) -> Vec<Answered<Option<Value>>> {
    let references: Vec<_> = places.iter().map(|place| place.of(API, "ExternalSecret")).collect();
    super::fetch(context, &references)
}

fn write(context: &Context, writes: &[Write<'_>], inputs: Vec<&Inputs>) -> Vec<Outcome<ExternalSecret>> {
    let lives = super::write(context, writes);
    let each = writes.iter().zip(lives).zip(inputs);
    each.map(|((write, live), inputs)| {
        super::outcome(write, live, |live| Resource {
            id: write.place.id(),
            inputs: inputs.clone(),
            outputs: Outputs { uid: super::uid(live), secret: target(inputs).to_owned() },
        })
    })
    .collect()
}

impl Kind for ExternalSecret {
    const NAME: &'static str = "secrets/external-secret";
    const DESCRIPTION: &'static str = "A Secret that External Secrets keeps equal to parameters of a store; it is \
                                       done when it is synced. An import takes `namespace/name`.";
    const SETTLE_MS: u64 = 2_000;
    const BATCH: u32 = 200;
    const DELETE_FIRST: bool = true;
    const HOMES: &'static [&'static str] = &["config.cluster"];
    type Inputs = Inputs;
    type Outputs = Outputs;
    type Checkpoint = Waiting;

    fn check(&self, _: &Context, inputs: &Inputs, report: &mut Report) {
        super::check_place(report, &inputs.namespace, &inputs.name);
        if inputs.data.is_empty() {
            report.invalid("data", "no-data", "name at least one parameter, under the key that it gets in the Secret");
        }
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        for key in inputs.data.keys().filter(|key| key.is_empty() || !key.chars().all(allowed)) {
            report.invalid(format!("data.{key}"), "bad-key", "a key is letters, digits, `-`, `_` and `.`");
        }
        let digits = inputs.refresh.trim_end_matches(|c: char| matches!(c, 's' | 'm' | 'h') || c.is_ascii_digit());
        if !digits.is_empty() || !inputs.refresh.starts_with(|c: char| c.is_ascii_digit()) {
            report.invalid("refresh", "bad-duration", "a duration is written like `1h`, `30m` or `90s`");
        }
    }

    fn find(&self, context: &Context, request: &Find<Self>) -> Answered<Lookup<Self>> {
        only(self.find_many(context, std::slice::from_ref(request)))
    }

    fn find_many(&self, context: &Context, requests: &[Find<Self>]) -> Vec<Answered<Lookup<Self>>> {
        let places: Vec<Place> = requests.iter().map(|request| place(&request.inputs)).collect();
        let found = fetch(context, &places).into_iter().zip(&places).zip(requests);
        let told = |((live, place), request): ((Answered<Option<Value>>, &Place), &Find<Self>)| {
            let ours = live?.filter(|live| super::token(live) == Some(request.token.as_str()));
            Ok(ours.map_or(Lookup::Absent, |live| Lookup::Found(told(place, &live))))
        };
        found.map(told).collect()
    }

    fn read(&self, context: &Context, request: &Read<Self>) -> Answered<Option<Resource<Self>>> {
        only(self.read_many(context, std::slice::from_ref(request)))
    }

    fn read_many(&self, context: &Context, requests: &[Read<Self>]) -> Vec<Answered<Option<Resource<Self>>>> {
        let places: Vec<Answered<Place>> = requests.iter().map(|request| Place::parse(&request.prior.id)).collect();
        let known: Vec<Place> = places.iter().filter_map(|place| place.as_ref().ok().cloned()).collect();
        let mut lives = fetch(context, &known).into_iter();
        let told = |place: Answered<Place>| {
            let place = place?;
            Ok(lives.next().unwrap_or(Ok(None))?.map(|live| told(&place, &live)))
        };
        places.into_iter().map(told).collect()
    }

    fn create(&self, context: &Context, request: &Create<Self>) -> Outcome<Self> {
        only(self.create_many(context, std::slice::from_ref(request)))
    }

    fn create_many(&self, context: &Context, requests: &[Create<Self>]) -> Vec<Outcome<Self>> {
        let writes: Vec<Write<'_>> = requests
            .iter()
            .map(|request| Write {
                step: request.step(),
                address: &request.address,
                token: request.token.clone(),
                place: place(&request.inputs),
                objects: objects(&request.inputs),
                checkpoint: request.checkpoint.as_ref(),
            })
            .collect();
        write(context, &writes, requests.iter().map(|request| &request.inputs).collect())
    }

    fn update(&self, context: &Context, request: &Update<Self>) -> Outcome<Self> {
        only(self.update_many(context, std::slice::from_ref(request)))
    }

    fn update_many(&self, context: &Context, requests: &[Update<Self>]) -> Vec<Outcome<Self>> {
        let places: Vec<Place> = requests.iter().map(|request| place(&request.inputs)).collect();
        let lives = fetch(context, &places).into_iter().map(|live| live.unwrap_or_default());
        let writes: Vec<Write<'_>> = requests
            .iter()
            .zip(lives)
            .zip(places)
            .map(|((request, live), place)| {
                let token = live.as_ref().and_then(super::token).unwrap_or_default().to_owned();
                let same = live.as_ref().is_some_and(|live| told(&place, live).inputs == request.inputs);
                Write {
                    step: request.step(),
                    address: &request.address,
                    token,
                    place,
                    objects: objects(&request.inputs),
                    checkpoint: super::at(request.checkpoint.as_ref(), same),
                }
            })
            .collect();
        write(context, &writes, requests.iter().map(|request| &request.inputs).collect())
    }

    fn delete(&self, context: &Context, request: &Delete<Self>) -> Answered<Progress<(), Waiting>> {
        only(self.delete_many(context, std::slice::from_ref(request)))
    }

    fn delete_many(&self, context: &Context, requests: &[Delete<Self>]) -> Vec<Answered<Progress<(), Waiting>>> {
        let removed: Vec<Answered<Removed<'_>>> = requests
            .iter()
            .map(|request| {
                let place = Place::parse(&request.prior.id)?;
                let references = vec![place.of(API, "ExternalSecret")];
                Ok(Removed { step: request.step(), place, references, checkpoint: request.checkpoint.as_ref() })
            })
            .collect();
        super::remove(context, &removed)
    }
}
