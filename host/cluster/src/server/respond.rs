//! Answers: what the client accepts, and objects in that form.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use serde_json::{Map, Value, json};

use super::Body;
use crate::decode;
use crate::invalid::Invalid;
use crate::registry::Resource;
use crate::status::Refusal;
use crate::table;

/// The encoding of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Media {
    /// `application/json`
    Json,
    /// `application/yaml`
    Yaml,
}

/// The form that objects are asked for in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// As they are.
    Whole,
    /// `meta.k8s.io/v1` Table.
    Table,
    /// `meta.k8s.io/v1` PartialObjectMetadata, of one object.
    Metadata,
    /// `meta.k8s.io/v1` PartialObjectMetadataList.
    MetadataList,
}

/// What the client accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Accept {
    /// The encoding.
    pub(crate) media: Media,
    /// The form.
    pub(crate) form: Form,
    /// Whether JSON is indented.
    pub(crate) pretty: bool,
}

impl Accept {
    /// JSON, as it is.
    pub(crate) const JSON: Self = Self { media: Media::Json, form: Form::Whole, pretty: false };

    /// The first of the header's choices that is served.
    pub(crate) fn read(headers: &HeaderMap, pretty: bool) -> Result<Self, Refusal> {
        let Some(accept) =
            headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).filter(|text| !text.is_empty())
        else {
            return Ok(Self { pretty, ..Self::JSON });
        };
        for choice in accept.split(',') {
            let mut parts = choice.split(';').map(str::trim);
            let media = match parts.next().unwrap_or_default() {
                "application/json" | "*/*" | "application/*" => Media::Json,
                "application/yaml" => Media::Yaml,
                _ => continue,
            };
            let parameters: Vec<(&str, &str)> = parts.filter_map(|part| part.split_once('=')).collect();
            let get = |name: &str| parameters.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
            let form = match (get("as"), get("g"), get("v")) {
                (None, _, _) => Form::Whole,
                (Some("Table"), Some("meta.k8s.io"), Some("v1" | "v1beta1")) => Form::Table,
                (Some("PartialObjectMetadata"), Some("meta.k8s.io"), Some("v1" | "v1beta1")) => Form::Metadata,
                (Some("PartialObjectMetadataList"), Some("meta.k8s.io"), Some("v1" | "v1beta1")) => Form::MetadataList,
                _ => continue,
            };
            return Ok(Self { media, form, pretty });
        }
        let served = "application/json, application/yaml, application/vnd.kubernetes.protobuf";
        let message = format!("406: Not Acceptable\n\nAvailable representations: {served}");
        let mut refusal = Refusal::new(StatusCode::NOT_ACCEPTABLE, "NotAcceptable", message);
        refusal.details = Some(Map::new());
        Err(refusal)
    }
}

/// An answer of text.
pub(crate) fn text(status: StatusCode, body: impl Into<Bytes>) -> Response<Body> {
    with_type(status, "text/plain; charset=utf-8", body.into())
}

/// An answer of a media type of its own.
pub(crate) fn with_type(status: StatusCode, media: &'static str, body: Bytes) -> Response<Body> {
    let mut response = Response::new(Body::Whole(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    response
}

/// An answer of JSON or YAML.
pub(crate) fn value(status: StatusCode, accept: Accept, value: &Value) -> Response<Body> {
    match accept.media {
        Media::Json => with_type(status, "application/json", encode(value, accept.pretty)),
        Media::Yaml => {
            let text = serde_saphyr::to_string(value).unwrap_or_default();
            with_type(status, "application/yaml", Bytes::from(text))
        }
    }
}

fn encode(value: &Value, pretty: bool) -> Bytes {
    let mut bytes =
        if pretty { serde_json::to_vec_pretty(value) } else { serde_json::to_vec(value) }.unwrap_or_default();
    bytes.push(b'\n');
    Bytes::from(bytes)
}

/// A refusal, which is JSON whatever is accepted.
pub(crate) fn refusal(refusal: &Refusal) -> Response<Body> {
    if refusal.plain {
        return text(refusal.code, refusal.message.clone());
    }
    let mut response = value(refusal.code, Accept::JSON, &refusal.body());
    if let Some(seconds) = refusal.retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// Adds `Warning` headers.
pub(crate) fn warn(response: &mut Response<Body>, warnings: &[String]) {
    let mut told: Vec<&String> = Vec::new();
    for warning in warnings {
        if told.contains(&warning) {
            continue;
        }
        told.push(warning);
        let quoted = warning.replace('\\', "\\\\").replace('"', "\\\"").replace(['\n', '\r'], " ");
        if let Ok(value) = HeaderValue::from_str(&format!("299 - \"{quoted}\"")) {
            response.headers_mut().append(header::WARNING, value);
        }
    }
}

/// Adds a `Warning` header before those that are there.
pub(crate) fn warn_first(response: &mut Response<Body>, warning: String) {
    let others: Vec<HeaderValue> = response.headers().get_all(header::WARNING).iter().cloned().collect();
    response.headers_mut().remove(header::WARNING);
    warn(response, &[warning]);
    for other in others {
        response.headers_mut().append(header::WARNING, other);
    }
}

/// Objects of one resource in the version and form that are asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View<'a> {
    /// The resource.
    pub(crate) resource: &'a Arc<Resource>,
    /// The version that was asked for.
    pub(crate) version: &'a str,
    /// What the client accepts.
    pub(crate) accept: Accept,
    /// Seconds since 1970, for ages.
    pub(crate) now: i64,
    /// What a Table's rows hold of their objects: `Metadata` (the default), `Object`, `None`.
    pub(crate) include: Include,
}

/// `includeObject` of a Table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Include {
    /// Metadata.
    Metadata,
    /// All.
    Object,
    /// Nothing.
    None,
}

impl View<'_> {
    /// An object in the version that was asked for.
    pub(crate) fn versioned(&self, object: &Value) -> Value {
        let mut object = object.clone();
        if let Some(kind) = self.resource.built_in()
            && self.version != self.resource.stored
        {
            kind.behaviour.from_stored(&mut object, self.version);
        }
        if let Some(fields) = object.as_object_mut() {
            fields.insert("apiVersion".to_owned(), Value::from(self.resource.api_version(self.version)));
            fields.insert("kind".to_owned(), Value::from(self.resource.kind.as_str()));
        }
        object
    }

    /// Whether what was found can be shown in the form that is asked for: one object, or a list of them.
    pub(crate) fn check(&self, listed: bool, include: Option<&str>) -> Result<(), Refusal> {
        if let (Form::Table, Some(asked)) = (self.accept.form, include)
            && !["Metadata", "Object", "None", ""].contains(&asked)
        {
            let why = "must be 'Metadata', 'Object', 'None', or empty";
            let wrong = Invalid::invalid("includeObject", &Value::from(asked), why);
            return Err(Refusal::bad_request(format!("Unable to convert to Table as requested: {wrong}")));
        }
        let (form, kind) = match (self.accept.form, listed) {
            (Form::Metadata, true) => ("PartialObjectMetadata", "a list"),
            (Form::MetadataList, false) => ("PartialObjectMetadataList", "not a list"),
            _ => return Ok(()),
        };
        let list = if listed { "List" } else { "" };
        let (package, name) = match self.resource.built_in() {
            Some(_) => (decode::internal(&self.resource.group), self.resource.kind.as_str()),
            None => ("unstructured", "Unstructured"),
        };
        let message = format!("you requested {form}, but the requested object is {kind} (*{package}.{name}{list})");
        Err(Refusal::new(StatusCode::NOT_ACCEPTABLE, "NotAcceptable", message))
    }

    /// One object.
    pub(crate) fn object(&self, object: &Value) -> Value {
        match self.accept.form {
            Form::Whole => self.versioned(object),
            Form::Metadata | Form::MetadataList => partial(object, true),
            Form::Table => {
                let revision = object.pointer("/metadata/resourceVersion").cloned();
                let metadata = revision.map(|revision| ("resourceVersion".to_owned(), revision));
                self.table(std::iter::once(object), &metadata.into_iter().collect(), true)
            }
        }
    }

    /// A list with its own metadata.
    pub(crate) fn list<'o>(
        &self,
        objects: impl Iterator<Item = &'o Arc<Value>>,
        metadata: Map<String, Value>,
    ) -> Value {
        let objects = objects.map(Arc::as_ref);
        match self.accept.form {
            Form::Whole => {
                let custom = self.resource.built_in().is_none();
                let mut metadata = metadata;
                if custom {
                    // Lists of custom resources always name where they go on.
                    metadata.entry("continue").or_insert_with(|| Value::from(""));
                }
                let items = objects.map(|object| {
                    let mut object = self.versioned(object);
                    if let (false, Some(fields)) = (custom, object.as_object_mut()) {
                        // Built-in lists name the kind once.
                        fields.remove("apiVersion");
                        fields.remove("kind");
                    }
                    object
                });
                json!({
                    "kind": self.resource.list_kind, "apiVersion": self.resource.api_version(self.version),
                    "metadata": metadata, "items": items.collect::<Vec<_>>(),
                })
            }
            Form::Metadata | Form::MetadataList => json!({
                "kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "metadata": metadata,
                "items": objects.map(|object| partial(object, true)).collect::<Vec<_>>(),
            }),
            Form::Table => self.table(objects, &metadata, true),
        }
    }

    /// A Table; watches send its columns with the first event only.
    pub(crate) fn table<'o>(
        &self,
        objects: impl Iterator<Item = &'o Value>,
        metadata: &Map<String, Value>,
        headed: bool,
    ) -> Value {
        let rows = objects.map(|object| {
            let cells = table::cells(self.resource, self.version, object, self.now);
            let shown = match self.include {
                Include::Metadata => partial(object, true),
                Include::Object => self.versioned(object),
                Include::None => Value::Null,
            };
            let mut row = json!({"cells": cells, "object": shown});
            let conditions = table::conditions(self.resource, object);
            if let (false, Some(fields)) = (conditions.is_empty(), row.as_object_mut()) {
                fields.insert("conditions".to_owned(), Value::Array(conditions));
            }
            row
        });
        let rows: Vec<Value> = rows.collect();
        let columns = headed.then(|| table::columns(self.resource, self.version));
        json!({
            "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata,
            "columnDefinitions": columns, "rows": rows,
        })
    }
}

/// The metadata of an object, as `meta.k8s.io/v1` shows it.
fn partial(object: &Value, typed: bool) -> Value {
    let metadata = object.get("metadata").cloned().unwrap_or_else(|| json!({}));
    match typed {
        true => json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": metadata}),
        false => json!({"metadata": metadata}),
    }
}
