//! Who asks for what: from the head of a request to the function that answers it.

use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use serde_json::{Map, Value};

use super::patching::{self, Kind as PatchKind, Patch};
use super::query::{DeleteOptions, Query, WriteOptions};
use super::read::{self, Selection};
use super::remove::{self, Removed};
use super::respond::{self, Accept, Include, View};
use super::state::State;
use super::target::Target;
use super::watch::Watch;
use super::write::{self, Write, Written};
use super::{Asked, Body, intake, not_served, plain, subresource};
use crate::admission;
use crate::apply::Operation;
use crate::auth::{self, Accounts, Attributes, User};
use crate::registry::Resource;
use crate::status::Refusal;

/// What becomes of a request.
pub(crate) enum Outcome {
    /// An answer.
    Answer(Response<Body>),
    /// A watch that is to begin.
    Watch(Box<Watch>),
}

/// A request for a resource, with all that was found out about it.
pub(crate) struct Ask<'a> {
    /// Who asks.
    pub(crate) user: &'a User,
    /// The request.
    pub(crate) request: &'a Request<Bytes>,
    /// What its path means.
    pub(crate) target: &'a Target,
    /// Its query.
    pub(crate) query: &'a Query,
    /// The resource.
    pub(crate) resource: &'a Arc<Resource>,
    /// What the client accepts.
    pub(crate) accept: Accept,
}

impl Ask<'_> {
    /// How objects are shown.
    pub(crate) fn view(&self, state: &State) -> View<'_> {
        View {
            resource: self.resource,
            version: &self.target.version,
            accept: self.accept,
            now: state.moment.seconds(),
            include: include(self.query),
        }
    }

    /// A write of this request.
    pub(crate) fn write<'w>(&'w self, options: &'w WriteOptions, agent: &'w str) -> Write<'w> {
        Write {
            resource: self.resource,
            version: &self.target.version,
            namespace: &self.target.namespace,
            subresource: &self.target.subresource,
            manager: options.manager.as_deref().unwrap_or(agent),
            operation: Operation::Update,
            user: Some(self.user),
            dry_run: options.dry_run,
        }
    }

    /// Under which name fields are owned when the client says none: the first part of its user agent.
    pub(crate) fn agent(&self) -> String {
        let agent = self.request.headers().get(http::header::USER_AGENT).and_then(|value| value.to_str().ok());
        let first = agent.unwrap_or_default().split('/').next().unwrap_or_default();
        let printable: String = first.chars().filter(|c| !c.is_control()).take(128).collect();
        if printable.is_empty() { "unknown".to_owned() } else { printable }
    }
}

fn include(query: &Query) -> Include {
    match query.get("includeObject") {
        Some("Object") => Include::Object,
        Some("None") => Include::None,
        _ => Include::Metadata,
    }
}

/// The verb of a request for a resource.
fn verb(method: &Method, target: &Target, query: &Query) -> &'static str {
    match (method.as_str(), target.name.is_empty()) {
        ("GET" | "HEAD", _) if target.watch => "watch",
        // One object by its name is read, whatever else is asked.
        ("GET" | "HEAD", true) if query.flag("watch") => "watch",
        ("GET" | "HEAD", true) => "list",
        ("GET" | "HEAD", false) => "get",
        ("POST", _) => "create",
        ("PUT", _) => "update",
        ("PATCH", _) => "patch",
        ("DELETE", true) => "deletecollection",
        ("DELETE", false) => "delete",
        _ => "",
    }
}

/// Whether a request changes anything, and what it is counted under.
pub(crate) fn classify(request: &Request<Bytes>) -> Asked {
    let query = Query::parse(request.uri().query());
    let path = request.uri().path();
    let Some(target) = Target::parse(path) else {
        return Asked { writes: !request.method().is_safe(), route: path.to_owned() };
    };
    let verb = verb(request.method(), &target, &query);
    let review = target.group == "authorization.k8s.io" || target.group == "authentication.k8s.io";
    let dry = query.get("dryRun") == Some("All");
    let writes = !matches!(verb, "get" | "list" | "watch") && !review && !dry;
    let sub = if target.subresource.is_empty() { String::new() } else { format!("/{}", target.subresource) };
    let dry = if dry { " (dry run)" } else { "" };
    Asked { writes, route: format!("{verb} {}/{}{sub}{dry}", target.api_version(), target.resource) }
}

/// Answers a request.
pub(crate) fn answer(state: &mut State, request: &Request<Bytes>) -> Result<Outcome, Refusal> {
    let query = Query::parse(request.uri().query());
    let path = request.uri().path();
    let Some(target) = Target::parse(path) else {
        let verb = request.method().as_str().to_ascii_lowercase();
        admitted(state, request, &Attributes::path(&verb, path))?;
        return plain::answer(state, request, &query).map(Outcome::Answer);
    };
    let verb = verb(request.method(), &target, &query);
    let selected = read_name(&query);
    let name = match verb {
        "list" | "watch" | "deletecollection" if target.name.is_empty() => selected.as_deref().unwrap_or_default(),
        _ => &target.name,
    };
    let asked = Attributes {
        verb,
        group: &target.group,
        resource: &target.resource,
        subresource: &target.subresource,
        name,
        namespace: target.access_namespace(),
        path: None,
    };
    let user = admitted(state, request, &asked)?;
    let Some(resource) = state.registry.find(&target.group, &target.version, &target.resource).cloned() else {
        return match state.registry.has_built_in(&target.group, &target.version) {
            true => Err(no_resource()),
            false => Ok(Outcome::Answer(not_served())),
        };
    };
    let accept = Accept::read(request.headers(), query.flag("pretty"))?;
    let ask = Ask { user: &user, request, target: &target, query: &query, resource: &resource, accept };
    let mut outcome = route(state, &ask, verb)?;
    if let (Some(deprecation), Outcome::Answer(response)) = (resource.deprecation(&target.version), &mut outcome) {
        respond::warn_first(response, deprecation);
    }
    Ok(outcome)
}

/// Who asks, if they may.
fn admitted(state: &State, request: &Request<Bytes>, asked: &Attributes<'_>) -> Result<User, Refusal> {
    let view = state.view();
    let accounts = Accounts { view: &view, keys: &state.keys };
    let user = auth::authenticate(&accounts, request.headers(), asked)?;
    auth::authorize(&view, &user, asked)?;
    Ok(user)
}

fn read_name(query: &Query) -> Option<String> {
    let fields = crate::selector::Fields::parse(query.get("fieldSelector")?).ok()?;
    fields.name().map(str::to_owned)
}

/// 404 for a resource that its group version does not have.
fn no_resource() -> Refusal {
    let message = "the server could not find the requested resource";
    let mut refusal = Refusal::new(StatusCode::NOT_FOUND, "NotFound", message);
    refusal.details = Some(Map::new());
    refusal
}

/// 405, with the empty details that the router gives it.
fn wrong_method() -> Refusal {
    let mut refusal = Refusal::method_not_allowed();
    refusal.details = Some(Map::new());
    refusal
}

/// Whether a user may also do this with what a write is about.
pub(crate) fn permit(state: &State, user: &User, write: &Write<'_>, verb: &str) -> Result<(), Refusal> {
    let asked = Attributes {
        verb,
        group: &write.resource.group,
        resource: &write.resource.plural,
        subresource: "",
        name: "",
        namespace: write.namespace,
        path: None,
    };
    auth::authorize(&state.view(), user, &asked)
}

fn route(state: &mut State, ask: &Ask<'_>, verb: &'static str) -> Result<Outcome, Refusal> {
    let Ask { target, resource, .. } = ask;
    if !target.namespace.is_empty() && !resource.namespaced {
        return Err(no_resource());
    }
    if !target.subresource.is_empty() {
        let Some(known) = resource.subresource(&target.version, &target.subresource) else { return Err(no_resource()) };
        if !known.verbs.contains(&verb) {
            return Err(wrong_method());
        }
        return subresource::answer(state, ask, verb);
    }
    if resource.namespaced && target.namespace.is_empty() && !target.name.is_empty() {
        return Err(no_resource());
    }
    let everywhere = resource.namespaced && target.namespace.is_empty();
    // Reviews that are asked at large belong to no namespace.
    if !resource.allows(verb) || (everywhere && !matches!(verb, "list" | "watch")) {
        return Err(wrong_method());
    }
    if verb == "create" && !target.name.is_empty() {
        return Err(wrong_method());
    }
    match verb {
        "get" => get(state, ask).map(Outcome::Answer),
        "list" => list(state, ask).map(Outcome::Answer),
        "watch" => {
            let Target { version, namespace, name, .. } = target;
            let now = state.moment.seconds();
            let watch = Watch::open(
                &state.store,
                resource,
                version,
                namespace,
                name,
                ask.query,
                ask.accept,
                include(ask.query),
                now,
            )?;
            Ok(Outcome::Watch(Box::new(watch)))
        }
        "create" => create(state, ask).map(Outcome::Answer),
        "update" => update(state, ask).map(Outcome::Answer),
        "patch" => patch(state, ask).map(Outcome::Answer),
        "delete" => delete(state, ask).map(Outcome::Answer),
        "deletecollection" => delete_all(state, ask).map(Outcome::Answer),
        _ => Err(wrong_method()),
    }
}

/// The object that a request is about.
pub(crate) fn existing(state: &State, ask: &Ask<'_>) -> Result<Arc<Value>, Refusal> {
    let Target { namespace, name, .. } = ask.target;
    let found = state.store.get(&ask.resource.key, namespace, name).cloned();
    found.ok_or_else(|| Refusal::not_found(ask.resource.subject(name)))
}

fn get(state: &State, ask: &Ask<'_>) -> Result<Response<Body>, Refusal> {
    let object = existing(state, ask)?;
    if let Some(asked) = read::revision(ask.query)?
        && asked > state.store.revision()
    {
        return Err(read::too_new(asked, state.store.revision()));
    }
    let view = ask.view(state);
    view.check(false, ask.query.get("includeObject"))?;
    Ok(respond::value(StatusCode::OK, ask.accept, &view.object(&object)))
}

fn list(state: &State, ask: &Ask<'_>) -> Result<Response<Body>, Refusal> {
    let selection = Selection::read(ask.query, ask.resource, &ask.target.version)?;
    let page = read::list(&state.store, ask.resource, &ask.target.namespace, ask.query, &selection)?;
    let view = ask.view(state);
    view.check(true, ask.query.get("includeObject"))?;
    let shown = view.list(page.objects.iter(), page.metadata);
    Ok(respond::value(StatusCode::OK, ask.accept, &shown))
}

/// An answer to a write.
pub(crate) fn written(state: &State, ask: &Ask<'_>, written: &Written) -> Response<Body> {
    let status = if written.created { StatusCode::CREATED } else { StatusCode::OK };
    let mut response = respond::value(status, ask.accept, &ask.view(state).object(&written.object));
    respond::warn(&mut response, &written.warnings);
    response
}

fn create(state: &mut State, ask: &Ask<'_>) -> Result<Response<Body>, Refusal> {
    let (resource, target) = (ask.resource, ask.target);
    let options = WriteOptions::read(ask.query, "CreateOptions", false)?;
    let (headers, body) = (ask.request.headers(), ask.request.body());
    let (mut object, mut warnings) = intake::object(headers, body, resource, &target.version, options.strictness)?;
    intake::settle_place(&mut object, &target.namespace, "")?;
    if subresource::is_review(resource) {
        let mut answer = subresource::review(state, ask, object)?;
        respond::warn(&mut answer, &warnings);
        return Ok(answer);
    }
    if &*resource.key == "/bindings" {
        return subresource::bind(state, ask);
    }
    if resource.terminating {
        let name = write::name_of(&object).to_owned();
        let why = "create not allowed while custom resource definition is terminating";
        return Err(Refusal::forbidden(resource.subject(&name), why));
    }
    let agent = ask.agent();
    let mut made = write::create(state, ask.write(&options, &agent), object)?;
    warnings.append(&mut made.warnings);
    made.warnings = warnings;
    Ok(written(state, ask, &made))
}

fn update(state: &mut State, ask: &Ask<'_>) -> Result<Response<Body>, Refusal> {
    let (resource, target) = (ask.resource, ask.target);
    let options = WriteOptions::read(ask.query, "UpdateOptions", false)?;
    let (headers, body) = (ask.request.headers(), ask.request.body());
    let (mut object, mut warnings) = intake::object(headers, body, resource, &target.version, options.strictness)?;
    intake::settle_place(&mut object, &target.namespace, &target.name)?;
    let agent = ask.agent();
    let write = ask.write(&options, &agent);
    let mut made = match state.store.get(&resource.key, &target.namespace, &target.name).cloned() {
        Some(old) => write::update(state, write, &old, object)?,
        None if resource.creates_on_update() => {
            state.may_create(&write)?;
            write::create(state, write, object)?
        }
        None => return Err(Refusal::not_found(resource.subject(&target.name))),
    };
    warnings.append(&mut made.warnings);
    made.warnings = warnings;
    Ok(written(state, ask, &made))
}

/// Carries out a patch of an object or of its status.
pub(crate) fn patch(state: &mut State, ask: &Ask<'_>) -> Result<Response<Body>, Refusal> {
    let kind = PatchKind::read(ask.request.headers(), ask.resource.built_in().is_none())?;
    let options = WriteOptions::read(ask.query, "PatchOptions", kind == PatchKind::Apply)?;
    let agent = ask.agent();
    let asked = Patch { kind, body: ask.request.body(), options: &options, name: &ask.target.name };
    let made = patching::patch(state, ask.write(&options, &agent), asked)?;
    Ok(written(state, ask, &made))
}

/// The options in a delete's body, if it has one.
fn delete_options(ask: &Ask<'_>) -> Result<DeleteOptions, Refusal> {
    let body = match ask.request.body().is_empty() {
        true => None,
        false => Some(intake::parse(ask.request.headers(), ask.request.body())?.value),
    };
    DeleteOptions::read(ask.query, body.as_ref())
}

fn admit_removal(state: &State, ask: &Ask<'_>, name: &str, old: &Value, dry_run: bool) -> Result<Vec<String>, Refusal> {
    let request = admission::Request {
        verb: admission::Verb::Delete,
        resource: ask.resource,
        version: &ask.target.version,
        namespace: &ask.target.namespace,
        name,
        subresource: "",
        user: Some(ask.user),
        dry_run,
        options: "DeleteOptions",
    };
    admission::validate(&state.view(), &request, None, Some(old))
}

fn delete(state: &mut State, ask: &Ask<'_>) -> Result<Response<Body>, Refusal> {
    let (resource, target) = (ask.resource, ask.target);
    let options = delete_options(ask)?;
    let old = existing(state, ask)?;
    let warnings = admit_removal(state, ask, &target.name, &old, options.dry_run)?;
    let removed = remove::remove(state, resource, &target.namespace, &old, &options)?;
    let view = ask.view(state);
    let body = removed.answer(resource, |object| view.object(object));
    let mut response = respond::value(StatusCode::OK, ask.accept, &body);
    respond::warn(&mut response, &warnings);
    Ok(response)
}

fn delete_all(state: &mut State, ask: &Ask<'_>) -> Result<Response<Body>, Refusal> {
    let (resource, target) = (ask.resource, ask.target);
    let options = delete_options(ask)?;
    let selection = Selection::read(ask.query, resource, &target.version)?;
    let page = read::list(&state.store, resource, &target.namespace, ask.query, &selection)?;
    let mut shown = Vec::new();
    for old in &page.objects {
        let namespace = old.pointer("/metadata/namespace").and_then(Value::as_str).unwrap_or_default();
        let name = write::name_of(old);
        admit_removal(state, ask, name, old, options.dry_run)?;
        let (Removed::Gone(object) | Removed::Marked(object)) =
            remove::remove(state, resource, namespace, old, &options)?;
        shown.push(object);
    }
    let body = ask.view(state).list(shown.iter(), page.metadata);
    Ok(respond::value(StatusCode::OK, ask.accept, &body))
}
