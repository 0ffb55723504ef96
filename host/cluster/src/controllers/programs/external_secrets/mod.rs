//! The external-secrets operator: Secrets with what a store outside of the cluster has. It acts while its
//! Deployment is available.

mod data;
mod store;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};

use base64::Engine;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::controllers::api::{Change, Deletion, Key, Resource};
use crate::controllers::deployment::DEPLOYMENTS;
use crate::controllers::object::{
    annotation, condition, controlled_by, ensure, fields, integer, is_deleted, items, name, namespace, text, uid,
};
use crate::controllers::programs::image_name;
use crate::controllers::{Controller, Desk, Picks};
use crate::status::Refusal;

const GROUP: &str = "external-secrets.io";
const EXTERNAL: Resource = Resource::of(GROUP, "externalsecrets");
const STORES: Resource = Resource::of(GROUP, "secretstores");
const CLUSTER_STORES: Resource = Resource::of(GROUP, "clustersecretstores");
const SECRETS: Resource = Resource::of("", "secrets");
const MANAGER: &str = "external-secrets";
const COMPONENT: &str = "external-secrets";
const CREATED_BY: &str = "reconcile.external-secrets.io/created-by";
const MANAGED: &str = "reconcile.external-secrets.io/managed";
const DATA_HASH: &str = "reconcile.external-secrets.io/data-hash";
/// Virtual milliseconds until what failed is tried again.
const RETRY: u64 = 10_000;

/// Syncs Secrets. It remembers when each is due to be read again, in virtual time.
#[derive(Debug, Default)]
pub(in crate::controllers) struct Operator {
    due: HashMap<String, u64>,
}

/// The image of the operator, of its webhook and of what makes the webhook's certificates.
const IMAGE: &str = "external-secrets";

/// Whether a Deployment is the operator's own, not that of its webhook: by its image and arguments, or by its name
/// where the image is called otherwise.
fn is_operator(deployment: &Value) -> bool {
    let name = name(deployment);
    let named = name.contains(IMAGE) && !name.ends_with("-webhook") && !name.ends_with("-cert-controller");
    let containers = items(deployment, "/spec/template/spec/containers");
    let own = containers.iter().find(|container| image_name(text(container, "/image")) == IMAGE);
    own.map_or(named, |own| {
        let all = items(own, "/command").iter().chain(items(own, "/args"));
        all.filter_map(Value::as_str).all(|argument| argument != "webhook" && argument != "certcontroller")
    })
}

impl Controller for Operator {
    fn observe(&mut self, change: &Change, picks: &mut Picks<'_>) {
        let Some(object) = change.object() else { return };
        let place = namespace(object).to_owned();
        let mut pick = |resource: &Resource, place: Option<&str>| {
            for found in picks.api.list(resource, place) {
                picks.add(Key::to(resource, &found));
            }
        };
        if [EXTERNAL, STORES, CLUSTER_STORES].contains(&change.resource) {
            if change.new.is_none() {
                self.due.remove(uid(object));
            }
            match change.resource == EXTERNAL {
                true => picks.add(Key::to(&EXTERNAL, object)),
                false => {
                    pick(&EXTERNAL, (!place.is_empty()).then_some(place.as_str()));
                    picks.add(Key::to(&change.resource, object));
                }
            }
        } else if change.resource == DEPLOYMENTS && is_operator(object) {
            for resource in [STORES, CLUSTER_STORES, EXTERNAL] {
                pick(&resource, None);
            }
        } else if change.resource == SECRETS {
            // A target that was changed, or a key that a store reads with.
            for resource in [STORES, EXTERNAL] {
                pick(&resource, Some(&place));
            }
            pick(&CLUSTER_STORES, None);
        }
    }

    fn look(&mut self, key: &Key, desk: &mut Desk<'_>) -> Result<(), Refusal> {
        let runs =
            |deployment: &Value| is_operator(deployment) && integer(deployment, "/status/availableReplicas") > Some(0);
        if !desk.api.list(&DEPLOYMENTS, None).iter().any(|deployment| runs(deployment)) {
            return Ok(());
        }
        let Some(object) = desk.api.get(key).filter(|object| !is_deleted(object)) else { return Ok(()) };
        if key.resource != EXTERNAL {
            return store::validate(key, &object, desk);
        }
        self.sync(key, &object, desk)
    }
}

/// What tells whether an ExternalSecret was synced as it is now.
fn version(external: &Value) -> String {
    let metadata = json!([external.pointer("/metadata/labels"), external.pointer("/metadata/annotations")]);
    let generation = integer(external, "/metadata/generation").unwrap_or(1);
    format!("{generation}-{}", hash(&metadata.to_string()))
}

fn hash(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().take(28).map(|byte| format!("{byte:02x}")).collect()
}

fn hash_of(data: &Map<String, Value>) -> String {
    let sorted: BTreeMap<&String, &Value> = data.iter().collect();
    hash(&json!(sorted).to_string())
}

/// The name of the Secret that is to be.
fn target(external: &Value) -> &str {
    match text(external, "/spec/target/name") {
        "" => name(external),
        stated => stated,
    }
}

impl Operator {
    fn sync(&mut self, key: &Key, external: &Value, desk: &mut Desk<'_>) -> Result<(), Refusal> {
        let now = desk.api.now().millis;
        let there = desk.api.get(&Key::new(&SECRETS, &key.namespace, target(external)));
        let data = there.as_ref().and_then(|secret| fields(secret, "/data").cloned()).unwrap_or_default();
        let intact = text(external, "/spec/target/creationPolicy") == "None"
            || there.as_ref().is_some_and(|secret| annotation(secret, DATA_HASH) == Some(hash_of(&data).as_str()));
        let due = self.due.get(uid(external)).copied();
        let current = text(external, "/status/syncedResourceVersion") == version(external);
        if current && intact && matches!(text(external, "/spec/refreshPolicy"), "CreatedOnce" | "OnChange") {
            return Ok(());
        }
        if current && intact && due.is_none_or(|due| now < due) {
            // After a restart the interval begins anew.
            return self.wait(key, external, due, desk);
        }
        let gathered = data::gather(external, desk);
        let emptied = matches!(&gathered, Ok(data) if data.is_empty())
            && text(external, "/spec/target/deletionPolicy") == "Delete";
        let outcome = match gathered {
            Ok(_) if emptied => take_away(external, desk),
            gathered => {
                gathered.and_then(|data| data::shape(external, &data)).and_then(|shape| put(external, shape, desk))
            }
        };
        let mut new = external.clone();
        let before = condition(external, "Ready").cloned();
        let (status, reason, message) = match &outcome {
            Ok(()) if emptied => ("True", "SecretDeleted", "secret deleted due to DeletionPolicy"),
            Ok(()) => ("True", "SecretSynced", "secret synced"),
            Err(Failure::Data(_)) => ("False", "SecretSyncedError", "could not get secret data from provider"),
            Err(Failure::Target(_)) => ("False", "SecretSyncedError", "could not update secret"),
        };
        let mut told = json!({
            "type": "Ready", "status": status, "reason": reason, "message": message,
            "lastTransitionTime": desk.timestamp(),
        });
        if let Some(before) = before.filter(|before| text(before, "/status") == status) {
            told["lastTransitionTime"] = before["lastTransitionTime"].clone();
        }
        let fields = ensure(&mut new, &["status"]);
        fields["conditions"] = json!([told]);
        match outcome {
            Ok(()) => {
                fields["refreshTime"] = json!(desk.timestamp());
                fields["syncedResourceVersion"] = json!(version(external));
                if text(external, "/spec/target/creationPolicy") != "None" {
                    fields["binding"] = json!({"name": target(external)});
                }
                desk.api.update(&EXTERNAL, "status", new, MANAGER)?;
                self.due.remove(uid(external));
                self.wait(key, external, None, desk)
            }
            Err(Failure::Data(why) | Failure::Target(why)) => {
                desk.warning(external, COMPONENT, "UpdateFailed", &why);
                if new.get("status") != external.get("status") {
                    desk.api.update(&EXTERNAL, "status", new, MANAGER)?;
                }
                desk.again_after(RETRY, key.clone());
                Ok(())
            }
        }
    }

    /// Waits until it has to be read again.
    fn wait(&mut self, key: &Key, external: &Value, due: Option<u64>, desk: &mut Desk<'_>) -> Result<(), Refusal> {
        let Some(interval) = data::interval(text(external, "/spec/refreshInterval")) else { return Ok(()) };
        let now = desk.api.now().millis;
        let due = due.unwrap_or(now + interval);
        self.due.insert(uid(external).to_owned(), due);
        desk.again_after(due.saturating_sub(now), key.clone());
        Ok(())
    }
}

/// Why an ExternalSecret could not be synced; the text has no secret in it.
#[derive(Debug)]
enum Failure {
    /// The store did not give it.
    Data(String),
    /// The Secret could not be written.
    Target(String),
}

/// The Secret that is to be.
#[derive(Debug)]
struct Shape {
    kind: Option<String>,
    labels: Map<String, Value>,
    annotations: Map<String, Value>,
    data: BTreeMap<String, Vec<u8>>,
}

/// Takes the Secret away, since nothing of it is left outside.
fn take_away(external: &Value, desk: &mut Desk<'_>) -> Result<(), Failure> {
    let key = Key::new(&SECRETS, namespace(external), target(external));
    let own = |secret: &Value| {
        crate::controllers::object::controller(secret).is_some_and(|owner| text(owner, "/uid") == uid(external))
    };
    if !desk.api.get(&key).is_some_and(|secret| own(&secret)) {
        return Ok(());
    }
    desk.api.delete(&key, &Deletion::default()).map_err(|refusal| Failure::Target(refusal.message))?;
    desk.normal(external, COMPONENT, "Deleted", "Deleted Secret due to DeletionPolicy");
    Ok(())
}

/// Writes the Secret, as the creation policy says.
fn put(external: &Value, shape: Shape, desk: &mut Desk<'_>) -> Result<(), Failure> {
    let policy = text(external, "/spec/target/creationPolicy");
    if policy == "None" {
        return Ok(());
    }
    let title = target(external);
    let there = desk.api.get(&Key::new(&SECRETS, namespace(external), title));
    if policy == "Merge" && there.is_none() {
        return Err(Failure::Target(format!(
            "the desired secret {title} was not found. With creationPolicy=Merge the secret won't be created"
        )));
    }
    let mut secret = there.as_ref().map_or_else(
        || json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": title, "namespace": namespace(external)}}),
        |there| Value::clone(there),
    );
    let owner = crate::controllers::object::controller(&secret).cloned();
    if policy != "Orphan" && policy != "Merge" {
        match owner {
            Some(owner) if text(&owner, "/uid") != uid(external) => {
                return Err(Failure::Target("target is owned by another ExternalSecret".to_owned()));
            }
            Some(_) => {}
            None => secret["metadata"]["ownerReferences"] = json!([controlled_by(external)]),
        }
        let creator = hash(&format!("{}/{}", namespace(external), name(external)));
        *ensure(&mut secret, &["metadata", "labels", CREATED_BY]) = json!(creator);
        if let Some(kept) = secret.get_mut("data").and_then(Value::as_object_mut) {
            kept.retain(|field, _| shape.data.contains_key(field));
        }
    }
    *ensure(&mut secret, &["metadata", "labels", MANAGED]) = json!("true");
    for (part, values) in [("labels", shape.labels), ("annotations", shape.annotations)] {
        for (key, value) in values {
            *ensure(&mut secret, &["metadata", part, &key]) = value;
        }
    }
    for (field, bytes) in &shape.data {
        let encoded = base64::engine::general_purpose::STANDARD.encode(bytes);
        *ensure(&mut secret, &["data", field]) = json!(encoded);
    }
    let whole = fields(&secret, "/data").cloned().unwrap_or_default();
    *ensure(&mut secret, &["metadata", "annotations", DATA_HASH]) = json!(hash_of(&whole));
    if there.is_none() {
        secret["type"] = json!(shape.kind.unwrap_or_else(|| "Opaque".to_owned()));
    }
    let immutable = crate::controllers::object::truth(external, "/spec/target/immutable");
    if immutable {
        secret["immutable"] = json!(true);
    }
    let written = match there {
        None => desk.api.create(&SECRETS, secret, MANAGER).map(|_| Some(("Created", "Created Secret"))),
        Some(there) if secret != *there => {
            desk.api.update(&SECRETS, "", secret, MANAGER).map(|_| Some(("Updated", "Updated Secret")))
        }
        Some(_) => Ok(None),
    };
    match written {
        Ok(Some((reason, message))) => {
            desk.normal(external, COMPONENT, reason, message);
            Ok(())
        }
        Ok(None) => Ok(()),
        Err(refusal) => Err(Failure::Target(refusal.message)),
    }
}
