//! What lies below objects: status, scale, finalize, tokens, bindings, evictions; and the reviews of access.

use http::{Response, StatusCode};
use serde_json::{Map, Value, json};

use super::dispatch::{Ask, Outcome, existing, patch, written};
use super::patching::{Kind as PatchKind, carry_out, config_warnings, read_config};
use super::query::{DeleteOptions, WriteOptions};
use super::respond::{self, Accept};
use super::state::State;
use super::write::{self, Write, metadata_of, name_of};
use super::{Body, intake, remove};
use crate::apply::{self, Operation};
use crate::auth::{self, Accounts};
use crate::decode;
use crate::kinds::{eviction, pod_binding};
use crate::registry::Resource;
use crate::schema;
use crate::status::{Refusal, Subject};

/// Whether objects of a resource are questions about access, answered and forgotten.
pub(crate) fn is_review(resource: &Resource) -> bool {
    matches!(resource.group.as_str(), "authorization.k8s.io" | "authentication.k8s.io")
}

/// Answers a question about access.
pub(crate) fn review(state: &State, ask: &Ask<'_>, mut object: Value) -> Result<Response<Body>, Refusal> {
    let options = WriteOptions::read(ask.query, "CreateOptions", false)?;
    let agent = ask.agent();
    metadata_of(&mut object);
    ask.write(&options, &agent).note(None, &mut object, &state.moment.stamp());
    let view = state.view();
    let accounts = Accounts { view: &view, keys: &state.keys };
    let answer = auth::review(&accounts, ask.user, &ask.resource.kind, object);
    let answer = answer.ok_or_else(|| Refusal::not_found(ask.resource.subject("")))??;
    Ok(respond::value(StatusCode::CREATED, ask.accept, &answer))
}

/// Answers a request for a subresource.
pub(crate) fn answer(state: &mut State, ask: &Ask<'_>, verb: &str) -> Result<Outcome, Refusal> {
    let response = match (ask.target.subresource.as_str(), verb) {
        ("scale", _) => scale(state, ask, verb),
        ("status" | "ephemeralcontainers" | "resize" | "approval", "get") => {
            let object = existing(state, ask)?;
            Ok(respond::value(StatusCode::OK, ask.accept, &ask.view(state).object(&object)))
        }
        ("status" | "ephemeralcontainers" | "resize" | "approval", "patch") => patch(state, ask),
        ("status" | "finalize" | "ephemeralcontainers" | "resize" | "approval", "update") => update(state, ask),
        ("token", "create") => token(state, ask),
        ("binding", "create") => bind(state, ask),
        ("eviction", "create") => evict(state, ask),
        ("log", "get") => {
            let pod = existing(state, ask)?;
            let last = ask.query.get("tailLines").and_then(|lines| lines.parse().ok());
            let lines = state.logs.read(&ask.target.namespace, name_of(&pod), last);
            Ok(respond::text(StatusCode::OK, lines))
        }
        ("exec" | "attach" | "portforward", _) => {
            let pod = existing(state, ask)?;
            let placed = pod.pointer("/spec/nodeName").and_then(Value::as_str).is_some_and(|node| !node.is_empty());
            Err(Refusal::bad_request(match placed {
                true => "Upgrade request required".to_owned(),
                false => format!("pod {} does not have a host assigned", name_of(&pod)),
            }))
        }
        _ => Err(Refusal::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "ServiceUnavailable",
            "no endpoints available: nothing runs in this cluster",
        )),
    };
    response.map(Outcome::Answer)
}

fn update(state: &mut State, ask: &Ask<'_>) -> Result<Response<Body>, Refusal> {
    let options = WriteOptions::read(ask.query, "UpdateOptions", false)?;
    let (headers, body) = (ask.request.headers(), ask.request.body());
    let (mut object, mut warnings) =
        intake::object(headers, body, ask.resource, &ask.target.version, options.strictness)?;
    intake::settle_place(&mut object, &ask.target.namespace, &ask.target.name)?;
    let old = existing(state, ask)?;
    let agent = ask.agent();
    let mut made = write::update(state, ask.write(&options, &agent), &old, object)?;
    warnings.append(&mut made.warnings);
    made.warnings = warnings;
    Ok(written(state, ask, &made))
}

/// Where a kind has its replicas: wanted, there, and the selector of its Pods, as JSON pointers.
struct ScalePaths {
    wanted: String,
    there: String,
    selector: Option<String>,
}

fn scale_paths(ask: &Ask<'_>) -> ScalePaths {
    let pointer = |path: &str| path.replace('.', "/");
    match ask.resource.custom(&ask.target.version).and_then(|version| version.scale.as_ref()) {
        None => ScalePaths {
            wanted: "/spec/replicas".to_owned(),
            there: "/status/replicas".to_owned(),
            selector: Some("/spec/selector".to_owned()),
        },
        Some(scale) => {
            let path = |name: &str| scale[name].as_str().map(pointer);
            ScalePaths {
                wanted: path("specReplicasPath").unwrap_or_default(),
                there: path("statusReplicasPath").unwrap_or_default(),
                selector: path("labelSelectorPath"),
            }
        }
    }
}

/// A selector as text: `a=b,c in (d,e)`.
fn selector_text(selector: &Value) -> String {
    if let Some(text) = selector.as_str() {
        return text.to_owned();
    }
    let labels = selector.get("matchLabels").or_else(|| selector.get("matchExpressions").is_none().then_some(selector));
    let mut parts: Vec<String> = labels
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .filter_map(|(key, value)| Some(format!("{key}={}", value.as_str()?)))
        .collect();
    for expression in selector.get("matchExpressions").and_then(Value::as_array).into_iter().flatten() {
        let key = expression["key"].as_str().unwrap_or_default();
        let values: Vec<&str> =
            expression["values"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        parts.push(match expression["operator"].as_str() {
            Some("In") => format!("{key} in ({})", values.join(",")),
            Some("NotIn") => format!("{key} notin ({})", values.join(",")),
            Some("Exists") => key.to_owned(),
            _ => format!("!{key}"),
        });
    }
    parts.sort();
    parts.join(",")
}

/// The Scale of an object.
fn scale_of(object: &Value, paths: &ScalePaths) -> Value {
    let mut metadata = Map::new();
    for field in ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"] {
        if let Some(value) = object.pointer(&format!("/metadata/{field}")) {
            metadata.insert(field.to_owned(), value.clone());
        }
    }
    let count = |pointer: &str| object.pointer(pointer).and_then(Value::as_i64).unwrap_or_default();
    let mut spec = Map::new();
    if count(&paths.wanted) != 0 {
        spec.insert("replicas".to_owned(), Value::from(count(&paths.wanted)));
    }
    let mut status = Map::from_iter([("replicas".to_owned(), Value::from(count(&paths.there)))]);
    let selector = paths.selector.as_ref().and_then(|pointer| object.pointer(pointer)).map(selector_text);
    if let Some(selector) = selector.filter(|text| !text.is_empty()) {
        status.insert("selector".to_owned(), Value::from(selector));
    }
    json!({"kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": metadata, "spec": spec, "status": status})
}

/// Where each served version has its replicas, as paths; none where it has no `scale`.
fn replicas_of(resource: &Resource) -> Vec<(String, String)> {
    let of_version = |version: &str| match resource.built_in() {
        Some(_) => Some("spec.replicas".to_owned()),
        None => {
            let scale = resource.custom(version)?.scale.as_ref()?;
            Some(scale["specReplicasPath"].as_str()?.trim_start_matches('.').to_owned())
        }
    };
    let versions = resource.versions.iter();
    versions.filter_map(|version| Some((resource.api_version(&version.name), of_version(&version.name)?))).collect()
}

fn scale(state: &mut State, ask: &Ask<'_>, verb: &str) -> Result<Response<Body>, Refusal> {
    let old = existing(state, ask)?;
    let paths = scale_paths(ask);
    let mut current = scale_of(&old, &paths);
    if verb == "get" {
        return Ok(respond::value(StatusCode::OK, ask.accept, &current));
    }
    let replicas = replicas_of(ask.resource);
    let replicas: Vec<(&str, &str)> =
        replicas.iter().map(|(version, path)| (version.as_str(), path.as_str())).collect();
    let owners = old.pointer("/metadata/managedFields");
    if let Some(entries) = apply::scale::to_scale(owners, &replicas) {
        metadata_of(&mut current).insert("managedFields".to_owned(), entries);
    }
    let (options, mut wanted, mut warnings) = wanted_scale(state, ask, verb, &current)?;
    intake::settle_place(&mut wanted, &ask.target.namespace, &ask.target.name)?;
    let count = wanted.pointer("/spec/replicas").and_then(Value::as_i64).unwrap_or_default();
    if count < 0 {
        let wrong =
            crate::invalid::Invalid::invalid("spec.replicas", &json!(count), "must be greater than or equal to 0");
        let subject = Subject { group: "autoscaling", resource: "Scale", name: name_of(&old) };
        return Err(Refusal::invalid(subject, &[wrong]));
    }
    let mut object = Value::clone(&old);
    set(&mut object, &paths.wanted, Value::from(count));
    let version = ask.resource.api_version(&ask.target.version);
    let owners = apply::scale::to_parent(owners, wanted.pointer("/metadata/managedFields"), &version, &replicas);
    let metadata = metadata_of(&mut object);
    match owners {
        Some(entries) => metadata.insert("managedFields".to_owned(), entries),
        None => metadata.remove("managedFields"),
    };
    for field in ["resourceVersion", "uid"] {
        match wanted.pointer(&format!("/metadata/{field}")).filter(|value| value.is_string()) {
            Some(value) => metadata.insert(field.to_owned(), value.clone()),
            None => metadata.remove(field),
        };
    }
    let agent = ask.agent();
    let stored = ask.resource.stored.clone();
    let version = if ask.resource.version(&stored).is_some() { &stored } else { &ask.target.version };
    // Whose the replicas are is settled, as after an apply.
    let write = Write { version, operation: Operation::Apply, ..ask.write(&options, &agent) };
    let made = write::update(state, write, &old, object)?;
    warnings.extend(made.warnings);
    let mut response = respond::value(StatusCode::OK, ask.accept, &scale_of(&made.object, &paths));
    respond::warn(&mut response, &warnings);
    Ok(response)
}

/// The Scale that a client wants, with its owners, and what the client is to be warned of.
fn wanted_scale(
    state: &State,
    ask: &Ask<'_>,
    verb: &str,
    current: &Value,
) -> Result<(WriteOptions, Value, Vec<String>), Refusal> {
    let node = schema::builtin("io.k8s.api.autoscaling.v1.Scale");
    let headers = ask.request.headers();
    let subject = Subject { group: "autoscaling", resource: "scales", name: name_of(current) };
    let target = apply::Target { node, kind: "Scale", reset: &[], subject };
    let agent = ask.agent();
    let now = state.moment.stamp();
    let named = ask.query.get("fieldManager").filter(|name| !name.is_empty());
    let writer = apply::Writer {
        manager: named.unwrap_or(&agent),
        operation: Operation::Update,
        subresource: "scale",
        api_version: "autoscaling/v1",
        now: &now,
    };
    let kind = match verb {
        "patch" => Some(PatchKind::read(headers, ask.resource.built_in().is_none())?),
        _ => None,
    };
    if kind == Some(PatchKind::Apply) {
        let options = WriteOptions::read(ask.query, "PatchOptions", true)?;
        let config = read_config(ask.request.body())?;
        let writer = apply::Writer { operation: Operation::Apply, ..writer };
        let mut scale = apply::apply(Some(current), &config.value, target, writer, options.force)?;
        let warnings = config_warnings(config.duplicates, options.strictness)?;
        decode::typed(&mut scale, node, "Scale", "v1")?;
        return Ok((options, scale, warnings));
    }
    let (options, mut scale, warnings) = match kind {
        Some(kind) => {
            let options = WriteOptions::read(ask.query, "PatchOptions", false)?;
            let what = (kind, &ask.request.body()[..], options.strictness);
            let patched = carry_out(current.clone(), what, node, &|scale| decode::fit(scale, node))?;
            (options, patched.object, patched.faults)
        }
        None => {
            let options = WriteOptions::read(ask.query, "UpdateOptions", false)?;
            let scale = intake::of_kind(headers, ask.request.body(), ("autoscaling", "v1", "Scale"))?;
            (options, scale, Vec::new())
        }
    };
    apply::note(Some(current), &mut scale, target, writer);
    Ok((options, scale, warnings))
}

/// Sets what a JSON pointer of plain names leads to.
fn set(object: &mut Value, pointer: &str, value: Value) {
    let mut parts = pointer.split('/').filter(|part| !part.is_empty()).peekable();
    let mut at = object;
    while let Some(part) = parts.next() {
        if !at.is_object() {
            *at = json!({});
        }
        let Some(fields) = at.as_object_mut() else { return };
        if parts.peek().is_none() {
            fields.insert(part.to_owned(), value);
            return;
        }
        at = fields.entry(part).or_insert_with(|| json!({}));
    }
}

fn token(state: &mut State, ask: &Ask<'_>) -> Result<Response<Body>, Refusal> {
    existing(state, ask)?;
    let mut request =
        intake::of_kind(ask.request.headers(), ask.request.body(), ("authentication.k8s.io", "v1", "TokenRequest"))?;
    metadata_of(&mut request);
    if let Some(spec) = crate::object::make(&mut request, "spec").filter(|spec| spec.get("expirationSeconds").is_none())
    {
        spec["expirationSeconds"] = Value::from(auth::TOKEN_SECONDS);
    }
    let options = WriteOptions::read(ask.query, "CreateOptions", false)?;
    let (agent, now) = (ask.agent(), state.moment.stamp());
    let target = apply::Target {
        node: schema::builtin("io.k8s.api.authentication.v1.TokenRequest"),
        kind: "TokenRequest",
        reset: &[],
        subject: Subject { group: "authentication.k8s.io", resource: "tokenrequests", name: "" },
    };
    let manager = ask.write(&options, &agent).manager;
    let api_version = "authentication.k8s.io/v1";
    let operation = Operation::Update;
    apply::note(
        None,
        &mut request,
        target,
        apply::Writer { manager, operation, subresource: "token", api_version, now: &now },
    );
    let id = state.random.uid();
    let view = state.view();
    let accounts = Accounts { view: &view, keys: &state.keys };
    let answer = auth::issue(&accounts, &ask.target.namespace, &ask.target.name, request, &id)?;
    Ok(respond::value(StatusCode::CREATED, ask.accept, &answer))
}

/// `Status: Success`, 201.
fn success() -> Response<Body> {
    let body = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201});
    respond::value(StatusCode::CREATED, Accept::JSON, &body)
}

/// Puts a Pod on the node that a Binding names: no other rule of Pods is asked.
pub(crate) fn bind(state: &mut State, ask: &Ask<'_>) -> Result<Response<Body>, Refusal> {
    let binding = intake::of_kind(ask.request.headers(), ask.request.body(), ("", "v1", "Binding"))?;
    let options = WriteOptions::read(ask.query, "CreateOptions", false)?;
    let (name, namespace) = (name_of(&binding), &ask.target.namespace);
    if !ask.target.name.is_empty() && ask.target.name != name {
        return Err(Refusal::bad_request("name in URL does not match name in Binding object"));
    }
    let wrong: Vec<String> = pod_binding::validate(&binding).iter().map(ToString::to_string).collect();
    if !wrong.is_empty() {
        let message = match wrong.as_slice() {
            [one] => one.clone(),
            all => format!("[{}]", all.join(", ")),
        };
        return Err(Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "", message));
    }
    let about = |resource| Subject { group: "", resource, name };
    let unknown = || Refusal::not_found(about("pods"));
    let resource = state.registry.by_name("/pods").cloned().ok_or_else(unknown)?;
    let pod = state.store.get(&resource.key, namespace, name).cloned().ok_or_else(unknown)?;
    let now = state.moment.stamp();
    let bound = pod_binding::bound(&pod, &binding, &now);
    let bound = bound.map_err(|why| Refusal::conflict(about("pods/binding"), &why))?;
    if !options.dry_run {
        state.put(&resource, namespace, name, bound);
    }
    Ok(success())
}

/// Deletes a Pod, if the budgets for disruption let it go.
fn evict(state: &mut State, ask: &Ask<'_>) -> Result<Response<Body>, Refusal> {
    let eviction = intake::of_kind(ask.request.headers(), ask.request.body(), ("policy", "v1", "Eviction"))?;
    let namespace = &ask.target.namespace;
    if name_of(&eviction) != ask.target.name {
        return Err(Refusal::bad_request("name in URL does not match name in Eviction object"));
    }
    let mut options = DeleteOptions::read(ask.query, eviction.get("deleteOptions"))?;
    options.dry_run |= WriteOptions::read(ask.query, "CreateOptions", false)?.dry_run;
    let mut pod = existing(state, ask)?;
    let now = state.moment.stamp();
    let budgets = state.registry.by_name("policy/poddisruptionbudgets").cloned();
    if let Some(budgets) = budgets {
        let known = state.store.list(&budgets.key, namespace);
        let paid = eviction::allow(&pod, known.map(|(_, budget)| &**budget), &now)?;
        if let Some(paid) = paid.filter(|_| !options.dry_run)
            && let Some(old) = state.store.get(&budgets.key, namespace, name_of(&paid)).cloned()
        {
            let write = Write {
                resource: &budgets,
                version: "v1",
                namespace,
                subresource: "status",
                manager: "kube-apiserver",
                operation: Operation::Update,
                user: None,
                dry_run: false,
            };
            write::update(state, write, &old, paid)?;
        }
    }
    if !options.dry_run {
        let mut noted = Value::clone(&pod);
        eviction::note(&mut noted, &now);
        pod = state.put(ask.resource, namespace, &ask.target.name, noted);
    }
    remove::remove(state, ask.resource, namespace, &pod, &options)?;
    Ok(success())
}
