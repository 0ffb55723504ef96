//! What templates may ask for of the host: randomness, the time, and objects of the cluster if there is one.

use std::cell::Cell;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use maps_helm_engine::function::Failure;
use maps_helm_engine::template::World;
use maps_helm_engine::value::{Map, Value};
use maps_helm_engine::yaml;
use maps_kube_objects::cluster::is_unknown_kind;
use maps_sdk::kube::{Cluster, ListOptions, ObjectReference, TypeMeta};
use maps_sdk::{Secret, clock, random, reveal};
use serde_json::{Value as Json, json};

/// Random bytes of one call to the host.
const RANDOM: usize = 4096;

/// The world of one rendering. Without a cluster nothing is looked up.
#[derive(Default)]
pub(crate) struct Host {
    cluster: Option<Cluster>,
    /// One moment for the whole rendering.
    now: Cell<Option<u64>>,
    /// Did a template draw randomness, or look at the clock?
    drew: Cell<bool>,
}

impl Host {
    /// With a cluster to look objects up in.
    pub(crate) fn of(cluster: Cluster) -> Self {
        Self { cluster: Some(cluster), ..Self::default() }
    }

    /// Would another rendering of the same make another text?
    pub(crate) fn drew(&self) -> bool {
        self.drew.get()
    }
}

impl World for Host {
    fn lookup(&mut self, api_version: &str, kind: &str, namespace: &str, name: &str) -> Result<Value, Failure> {
        let nothing = || Ok(Value::Map(Map::new()));
        let Some(cluster) = &self.cluster else { return nothing() };
        let type_meta = TypeMeta::new(api_version, kind);
        let namespace = (!namespace.is_empty()).then(|| namespace.to_owned());
        let found = if name.is_empty() {
            let list = ListOptions { kind: type_meta, namespace, label_selector: None, field_selector: None };
            cluster.list(&list).map(|items| {
                Some(json!({"apiVersion": api_version, "kind": format!("{kind}List"), "metadata": {}, "items": items}))
            })
        } else {
            // What is named without its namespace is of the namespace `default` to no program: a kind in none has none.
            cluster.get(&ObjectReference { kind: type_meta, namespace, name: name.to_owned() })
        };
        match found {
            Ok(Some(mut object)) => {
                open(&mut object, &format!("{kind} {name}"))?;
                yaml::parse_numbers(object.to_string().as_bytes()).map_err(Failure::Error)
            }
            Ok(None) => nothing(),
            Err(problem) if is_unknown_kind(&problem) => nothing(),
            Err(problem) => Err(Failure::Error(format!("{kind} {name}: {}", problem.message))),
        }
    }

    fn random(&mut self, bytes: &mut [u8]) -> Result<(), Failure> {
        self.drew.set(true);
        for chunk in bytes.chunks_mut(RANDOM) {
            let drawn = random::bytes(u32::try_from(chunk.len()).unwrap_or_default());
            chunk.iter_mut().zip(drawn).for_each(|(byte, drawn)| *byte = drawn);
        }
        Ok(())
    }

    fn now(&mut self) -> Result<(i64, u32), Failure> {
        self.drew.set(true);
        let ms = self.now.get().unwrap_or_else(clock::now);
        self.now.set(Some(ms));
        let seconds = i64::try_from(ms / 1000).unwrap_or(i64::MAX);
        Ok((seconds, u32::try_from(ms % 1000).unwrap_or_default() * 1_000_000))
    }
}

/// Opens what is sealed in an object that was looked up: a template sees a Secret's `data` in base64, as the API has
/// it, or nothing of it.
fn open(value: &mut Json, what: &str) -> Result<(), Failure> {
    match value {
        Json::Object(map) => {
            if let Some(Json::String(handle)) = map.get("$sealed").filter(|_| map.len() == 1) {
                let secret: Json = reveal::open(&Secret::from_handle(handle.as_str())).map_err(|problem| {
                    Failure::Error(format!(
                        "the chart looks at what the Secret {what} holds, and that is sealed ({}): let the plugin see \
                         it with `allow: {{reveal: true}}`, or set the value so that the chart need not look",
                        problem.message
                    ))
                })?;
                let encoded = match secret {
                    Json::String(text) => BASE64.encode(text),
                    Json::Object(bytes) => bytes.get("base64").and_then(Json::as_str).unwrap_or_default().to_owned(),
                    other => BASE64.encode(other.to_string()),
                };
                *value = Json::String(encoded);
                return Ok(());
            }
            map.values_mut().try_for_each(|value| open(value, what))
        }
        Json::Array(items) => items.iter_mut().try_for_each(|value| open(value, what)),
        _ => Ok(()),
    }
}
