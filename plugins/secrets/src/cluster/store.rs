//! The kind `secrets/secret-store`.

use maps_sdk::{
    Context, Create, Delete, Find, Kind, Lookup, Outcome, Progress, Read, Report, Resource, Secret, Update, only,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{API, Outputs, Place, Removed, Waiting, Write};
use crate::batch::Answered;

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

fn place(inputs: &Inputs) -> Place {
    Place::new(&inputs.namespace, &inputs.name)
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

/// The settings as they are; a credential that somebody took away is the empty text.
fn told(place: &Place, secret: Option<&Value>, store: &Value) -> Resource<SecretStore> {
    let region = store.pointer("/spec/provider/aws/region").and_then(Value::as_str).unwrap_or_default();
    let value = |key: &str| {
        let handle = secret.and_then(|secret| secret.get("data")?.get(key)?.get("$sealed")?.as_str());
        Secret::from_handle(handle.unwrap_or_default())
    };
    let inputs = Inputs {
        name: place.name.clone(),
        namespace: place.namespace.clone(),
        region: region.to_owned(),
        access_key_id: value(ID),
        secret_access_key: value(SECRET),
    };
    Resource { id: place.id(), inputs, outputs: Outputs { uid: super::uid(store) } }
}

/// The Secret and the store, as far as they are there.
type Both = (Option<Value>, Option<Value>);

/// Those of each place.
fn fetch(context: &Context, places: &[Place]) -> Vec<Answered<Both>> {
    let both = |place: &Place| [place.of("v1", "Secret"), place.of(API, "SecretStore")];
    let references: Vec<_> = places.iter().flat_map(both).collect();
    let mut answers = super::fetch(context, &references).into_iter();
    let missing = || maps_sdk::Problem::internal("no-answer", "the host answered too few objects");
    let pair = |_: &Place| {
        let secret = answers.next().ok_or_else(missing)?;
        let store = answers.next().ok_or_else(missing)?;
        Ok((secret?, store?))
    };
    places.iter().map(pair).collect()
}

fn write(context: &Context, writes: &[Write<'_>], inputs: Vec<&Inputs>) -> Vec<Outcome<SecretStore>> {
    let lives = super::write(context, writes);
    let each = writes.iter().zip(lives).zip(inputs);
    each.map(|((write, live), inputs)| {
        super::outcome(write, live, |live| Resource {
            id: write.place.id(),
            inputs: inputs.clone(),
            outputs: Outputs { uid: super::uid(live) },
        })
    })
    .collect()
}

impl Kind for SecretStore {
    const NAME: &'static str = "secrets/secret-store";
    const DESCRIPTION: &'static str = "A SecretStore of External Secrets for the Parameter Store of AWS, with the \
                                       Secret that holds its access key. An import takes `namespace/name`.";
    const SETTLE_MS: u64 = 2_000;
    const BATCH: u32 = 200;
    const DELETE_FIRST: bool = true;
    const HOMES: &'static [&'static str] = &["config.cluster"];
    type Inputs = Inputs;
    type Outputs = Outputs;
    type Checkpoint = Waiting;

    fn check(&self, _: &Context, inputs: &Inputs, report: &mut Report) {
        super::check_place(report, &inputs.namespace, &inputs.name);
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if inputs.region.is_empty() || !inputs.region.chars().all(plain) {
            report.invalid("region", "bad-region", "a region of AWS is written like `eu-central-1`");
        }
    }

    fn find(&self, context: &Context, request: &Find<Self>) -> Answered<Lookup<Self>> {
        only(self.find_many(context, std::slice::from_ref(request)))
    }

    fn find_many(&self, context: &Context, requests: &[Find<Self>]) -> Vec<Answered<Lookup<Self>>> {
        let places: Vec<Place> = requests.iter().map(|request| place(&request.inputs)).collect();
        let found = fetch(context, &places).into_iter().zip(&places).zip(requests);
        let told = |((live, place), request): ((Answered<Both>, &Place), &Find<Self>)| {
            let (secret, store) = live?;
            // With the Secret alone it was begun, and goes on as if nothing was there: an apply makes both.
            let ours = store.filter(|store| super::token(store) == Some(request.token.as_str()));
            Ok(ours.map_or(Lookup::Absent, |store| Lookup::Found(told(place, secret.as_ref(), &store))))
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
            let (secret, store) = lives.next().unwrap_or(Ok((None, None)))?;
            Ok(store.map(|store| told(&place, secret.as_ref(), &store)))
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
            .map(|((request, (secret, store)), place)| {
                let token = store.as_ref().and_then(super::token).unwrap_or_default().to_owned();
                let region = store.as_ref().and_then(|store| store.pointer("/spec/provider/aws/region")?.as_str());
                let keys = ["access_key_id", "secret_access_key"];
                let same = secret.is_some()
                    && region == Some(request.inputs.region.as_str())
                    && !request.changed.iter().any(|path| keys.contains(&path.as_str()));
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
                let references = vec![place.of(API, "SecretStore"), place.of("v1", "Secret")];
                Ok(Removed { step: request.step(), place, references, checkpoint: request.checkpoint.as_ref() })
            })
            .collect();
        super::remove(context, &removed)
    }
}
