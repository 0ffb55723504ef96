//! Creating and changing objects: the one way in, for clients and for controllers alike.

use std::sync::Arc;

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::State;
use crate::admission;
use crate::apply::{self, Operation, Target, Writer};
use crate::auth::{self, Attributes, User};
use crate::invalid::Invalid;
use crate::kinds::metadata;
use crate::registry::Resource;
use crate::status::{Refusal, Subject};

/// Who writes what, and where.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Write<'a> {
    /// The resource.
    pub(crate) resource: &'a Arc<Resource>,
    /// The version that is spoken.
    pub(crate) version: &'a str,
    /// The namespace, empty for none.
    pub(crate) namespace: &'a str,
    /// `status`, or empty.
    pub(crate) subresource: &'a str,
    /// The name under which fields are owned.
    pub(crate) manager: &'a str,
    /// Whether by server-side apply.
    pub(crate) operation: Operation,
    /// Who asks; controllers are `None`, and pass no admission.
    pub(crate) user: Option<&'a User>,
    /// Whether nothing is to be stored.
    pub(crate) dry_run: bool,
}

impl Write<'_> {
    fn target(&self) -> Option<Target<'_>> {
        let served = self.resource.version(self.version).or_else(|| self.resource.versions.first())?;
        Some(Target {
            node: served.node.get(),
            kind: &self.resource.kind,
            reset: self.resource.reset_fields(self.subresource),
            subject: self.resource.subject(""),
        })
    }

    /// Merges an applied configuration into what is there.
    pub(crate) fn apply(&self, live: Option<&Value>, config: &Value, force: bool, now: &str) -> Result<Value, Refusal> {
        let target = self.target().ok_or_else(|| Refusal::internal("no structure is known"))?;
        let name = config.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
        let target = Target { subject: self.resource.subject(name), ..target };
        let api_version = self.resource.api_version(self.version);
        apply::apply(live, config, target, self.writer(&api_version, now), force)
    }

    fn writer<'w>(&'w self, api_version: &'w str, now: &'w str) -> Writer<'w> {
        Writer { manager: self.manager, operation: self.operation, subresource: self.subresource, api_version, now }
    }

    /// Notes who owns which field.
    pub(crate) fn note(&self, live: Option<&Value>, object: &mut Value, now: &str) {
        let api_version = self.resource.api_version(self.version);
        if let Some(target) = self.target() {
            apply::note(live, object, target, self.writer(&api_version, now));
        }
    }

    fn ask<'r>(&'r self, verb: admission::Verb, name: &'r str, options: &'r str) -> admission::Request<'r> {
        admission::Request {
            verb,
            resource: self.resource,
            version: self.version,
            namespace: self.namespace,
            name,
            subresource: self.subresource,
            user: self.user,
            dry_run: self.dry_run,
            options,
        }
    }
}

/// An object that was written, and what the client is warned of.
#[derive(Debug)]
pub(crate) struct Written {
    /// The object, as it is stored.
    pub(crate) object: Arc<Value>,
    /// Warnings.
    pub(crate) warnings: Vec<String>,
    /// Whether it was made.
    pub(crate) created: bool,
}

/// When owners came to stand there twice: after plugins changed the object.
const AFTER_ADMISSION: &str = " after mutating admission happens";

/// The metadata of an object, made if it has none.
pub(crate) fn metadata_of(object: &mut Value) -> &mut Map<String, Value> {
    if !object.is_object() {
        *object = json!({});
    }
    // The line above made it an object, and so does the one below for the field.
    let fields = match object {
        Value::Object(fields) => fields,
        _ => unreachable!("it was just made an object"),
    };
    let metadata = fields.entry("metadata").or_insert_with(|| json!({}));
    if !metadata.is_object() {
        *metadata = json!({});
    }
    match metadata {
        Value::Object(metadata) => metadata,
        _ => unreachable!("it was just made an object"),
    }
}

/// The name of an object, empty if it has none.
pub(crate) fn name_of(object: &Value) -> &str {
    object.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default()
}

/// Stores a new object, in the version that is spoken, decoded, with its name and namespace settled.
pub(crate) fn create(state: &mut State, write: Write<'_>, mut object: Value) -> Result<Written, Refusal> {
    let now = state.moment.stamp();
    let resource = Arc::clone(write.resource);
    resource.default(&mut object, write.version);
    let metadata = metadata_of(&mut object);
    for system in ["uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"] {
        metadata.remove(system);
    }
    let mut warnings: Vec<String> = metadata::single_owners(&mut object, "").into_iter().collect();
    write.note(None, &mut object, &now);
    let given_name = name_of(&object).to_owned();
    if write.user.is_some() {
        let ask = write.ask(admission::Verb::Create, &given_name, "CreateOptions");
        warnings.extend(admission::mutate(&state.view(), &ask, &mut object, None)?);
    }
    warnings.extend(metadata::single_owners(&mut object, AFTER_ADMISSION));
    escalates(state, &write, "create", &object, None)?;
    resource.to_stored(&mut object, write.version);
    let metadata = metadata_of(&mut object);
    metadata.insert("uid".to_owned(), Value::from(state.random.uid()));
    metadata.insert("creationTimestamp".to_owned(), Value::from(now.as_str()));
    let generate = metadata.get("generateName").and_then(Value::as_str).unwrap_or_default().to_owned();
    if given_name.is_empty() && !generate.is_empty() {
        let base: String = generate.chars().take(58).collect();
        metadata.insert("name".to_owned(), Value::from(format!("{base}{}", state.random.suffix(5))));
    }
    state.allocate(&resource, &mut object, None)?;
    resource.prepare_create(&mut object);
    name_requester(&resource, &mut object, write.user);
    resource.encode(&mut object);
    let name = name_of(&object).to_owned();
    let mut wrong = metadata::validate(&object, resource.namespaced, &|text| resource.validate_name(text));
    wrong.extend(resource.validate(&object, write.version));
    refuse_invalid(&resource, &name, &wrong)?;
    warnings.extend(resource.warnings(&object, None));
    if write.user.is_some() {
        let ask = write.ask(admission::Verb::Create, &name, "CreateOptions");
        warnings.extend(admission::validate(&state.view(), &ask, Some(&object), None)?);
    }
    if object.pointer("/metadata/resourceVersion").and_then(Value::as_str).is_some_and(|text| !matches!(text, "" | "0"))
    {
        let message = "resourceVersion should not be set on objects to be created";
        return Err(Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "", message));
    }
    metadata_of(&mut object).remove("resourceVersion");
    if state.store.get(&resource.key, write.namespace, &name).is_some() {
        return Err(Refusal::already_exists(resource.subject(&name)));
    }
    let object = match write.dry_run {
        true => Arc::new(object),
        false => state.put(&resource, write.namespace, &name, object),
    };
    Ok(Written { object, warnings, created: true })
}

fn refuse_invalid(resource: &Resource, name: &str, wrong: &[Invalid]) -> Result<(), Refusal> {
    match wrong {
        [] => Ok(()),
        wrong => Err(Refusal::invalid(resource.kind_subject(name), wrong)),
    }
}

/// Stores a changed object, in the version that is spoken, decoded, with its name and namespace settled.
pub(crate) fn update(
    state: &mut State,
    write: Write<'_>,
    old: &Arc<Value>,
    mut object: Value,
) -> Result<Written, Refusal> {
    let now = state.moment.stamp();
    let resource = Arc::clone(write.resource);
    let name = name_of(old).to_owned();
    check_revision(&resource, &name, old, &object)?;
    resource.default(&mut object, write.version);
    metadata::prepare_update(&mut object, old);
    let revision = old.pointer("/metadata/resourceVersion").cloned().unwrap_or_default();
    let metadata = metadata_of(&mut object);
    metadata.remove("selfLink");
    metadata.insert("resourceVersion".to_owned(), revision);
    let before = versioned(&resource, old, write.version);
    let mut warnings: Vec<String> = metadata::single_owners(&mut object, "").into_iter().collect();
    write.note(Some(&before), &mut object, &now);
    if write.user.is_some() {
        let ask = write.ask(admission::Verb::Update, &name, "UpdateOptions");
        warnings.extend(admission::mutate(&state.view(), &ask, &mut object, Some(old))?);
    }
    warnings.extend(metadata::single_owners(&mut object, AFTER_ADMISSION));
    escalates(state, &write, "update", &object, Some(old))?;
    resource.to_stored(&mut object, write.version);
    state.allocate(&resource, &mut object, Some(old))?;
    resource.prepare_update(&mut object, old, write.subresource);
    resource.encode(&mut object);
    let mut wrong = metadata::validate_update(&object, old);
    wrong.extend(resource.validate_update(&object, old, write.subresource, write.version));
    refuse_invalid(&resource, &name, &wrong)?;
    warnings.extend(resource.warnings(&object, Some(old)));
    if write.user.is_some() {
        let ask = write.ask(admission::Verb::Update, &name, "UpdateOptions");
        warnings.extend(admission::validate(&state.view(), &ask, Some(&object), Some(old))?);
    }
    apply::keep_times(old, &mut object);
    let object = if object == **old {
        Arc::clone(old)
    } else if write.dry_run {
        Arc::new(object)
    } else if is_finished(&resource, &object) {
        state.remove(&resource, write.namespace, &name, object)
    } else {
        state.put(&resource, write.namespace, &name, object)
    };
    Ok(Written { object, warnings, created: false })
}

/// A request for a certificate tells who made it, whatever it says.
fn name_requester(resource: &Resource, object: &mut Value, user: Option<&User>) {
    let is_request = &*resource.key == "certificates.k8s.io/certificatesigningrequests";
    let Some(spec) = object.get_mut("spec").and_then(Value::as_object_mut).filter(|_| is_request) else { return };
    ["username", "uid", "groups", "extra"].iter().for_each(|field| drop(spec.remove(*field)));
    if let Some(Value::Object(info)) = user.map(User::info) {
        spec.extend(info);
    }
}

/// Refuses Roles and bindings that give more than their author has.
fn escalates(state: &State, write: &Write<'_>, verb: &str, object: &Value, old: Option<&Value>) -> Result<(), Refusal> {
    let Some(user) = write.user else { return Ok(()) };
    let asked = Attributes {
        verb,
        group: &write.resource.group,
        resource: &write.resource.plural,
        subresource: write.subresource,
        name: name_of(object),
        namespace: write.namespace,
        path: None,
    };
    auth::check_escalation(&state.view(), user, &asked, object, old)
}

/// Whether an object that is being deleted has nothing left that holds it.
pub(crate) fn is_finished(resource: &Resource, object: &Value) -> bool {
    let metadata = &object["metadata"];
    let held = metadata["finalizers"].as_array().is_some_and(|list| !list.is_empty());
    let grace = metadata["deletionGracePeriodSeconds"].as_i64().unwrap_or_default();
    let namespace = &*resource.key == "/namespaces"
        && object.pointer("/spec/finalizers").and_then(Value::as_array).is_some_and(|list| !list.is_empty());
    metadata["deletionTimestamp"].is_string() && !held && grace == 0 && !namespace
}

/// An object in a served version.
pub(crate) fn versioned(resource: &Resource, object: &Value, version: &str) -> Value {
    let mut object = object.clone();
    if let Some(kind) = resource.built_in()
        && version != resource.stored
    {
        kind.behaviour.from_stored(&mut object, version);
    }
    if let Some(stored) = resource.custom(&resource.stored) {
        // What a schema says by now holds for what is there already.
        stored.prune(&mut object);
        stored.default(&mut object);
    }
    if let Some(fields) = object.as_object_mut() {
        fields.insert("apiVersion".to_owned(), Value::from(resource.api_version(version)));
    }
    if let Some(known) = resource.custom(version).filter(|_| version != resource.stored) {
        // What an earlier schema had kept is not there any more.
        known.prune(&mut object);
    }
    object
}

/// Refuses a change of something else than what is there.
fn check_revision(resource: &Resource, name: &str, old: &Value, object: &Value) -> Result<(), Refusal> {
    let given = object.pointer("/metadata/resourceVersion").and_then(Value::as_str).unwrap_or_default();
    let current = old.pointer("/metadata/resourceVersion").and_then(Value::as_str).unwrap_or_default();
    match given {
        "" | "0" if resource.updates_unconditionally() => {}
        "" | "0" => {
            let wrong = Invalid::invalid("metadata.resourceVersion", &json!(0), "must be specified for an update");
            return Err(Refusal::invalid(
                Subject { group: &resource.group, resource: &resource.plural, name },
                &[wrong],
            ));
        }
        given if given == current => {}
        given if given.parse::<u64>().is_err() => {
            let why = format!("strconv.ParseUint: parsing {given:?}: invalid syntax");
            let wrong = Invalid::invalid("metadata.resourceVersion", &json!(given), why);
            return Err(Refusal::invalid(resource.kind_subject(name), &[wrong]));
        }
        _ => {
            let why = "the object has been modified; please apply your changes to the latest version and try again";
            return Err(Refusal::conflict(resource.subject(name), why));
        }
    }
    let uid = object.pointer("/metadata/uid").and_then(Value::as_str).unwrap_or_default();
    let known = old.pointer("/metadata/uid").and_then(Value::as_str).unwrap_or_default();
    if !uid.is_empty() && uid != known {
        let key =
            resource.storage_key(old.pointer("/metadata/namespace").and_then(Value::as_str).unwrap_or_default(), name);
        let why = format!(
            "StorageError: invalid object, Code: 4, Key: {key}, ResourceVersion: 0, AdditionalErrorMsg: Precondition \
             failed: UID in precondition: {uid}, UID in object meta: {known}"
        );
        return Err(Refusal::conflict(resource.subject(name), &why));
    }
    Ok(())
}
