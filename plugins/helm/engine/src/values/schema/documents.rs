//! The documents that a schema is made of: which URLs, anchors and drafts their parts have.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::rc::Rc;

use super::budget::Budget;
use super::draft::Draft;
use super::formats;
use super::json::Json;
use super::metaschema;
use super::url::{decode, encode, resolve, split, unescape};
use crate::warning::Warning;

/// A place in a document: its URL and a pointer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Place {
    pub(super) url: Rc<str>,
    pub(super) pointer: String,
}

impl Place {
    pub(super) fn new(url: &Rc<str>, pointer: impl Into<String>) -> Self {
        Self { url: Rc::clone(url), pointer: pointer.into() }
    }

    pub(super) fn location(&self) -> String {
        format!("{}#{}", self.url, encode(&self.pointer))
    }

    /// What is there.
    pub(super) fn find<'a>(&self, document: &'a Json) -> Result<&'a Json, String> {
        let mut value = document;
        for part in self.pointer.split('/').skip(1) {
            let name = unescape(part).ok_or_else(|| format!("invalid json-pointer {}", quote(&self.location())))?;
            let found = match value {
                Json::Object(object) => object.get(&*name),
                Json::List(list) => name.parse::<usize>().ok().and_then(|index| list.get(index)),
                _ => None,
            };
            value = found.ok_or_else(|| format!("json-pointer in {} not found", quote(&self.location())))?;
        }
        Ok(value)
    }
}

/// A schema with a URL of its own: a document, or what has an `$id` in one.
#[derive(Clone, Debug)]
pub(super) struct Resource {
    pub(super) url: Rc<str>,
    pub(super) draft: Draft,
    anchors: BTreeMap<String, String>,
    dynamic_anchors: BTreeSet<String>,
}

impl Resource {
    fn new(url: Rc<str>, draft: Draft) -> Self {
        Self { url, draft, anchors: BTreeMap::new(), dynamic_anchors: BTreeSet::new() }
    }

    /// The anchors that `$dynamicRef` may move to, with their pointers.
    pub(super) fn dynamic_anchors(&self) -> impl Iterator<Item = (&String, &String)> {
        self.anchors.iter().filter(|(name, _)| self.dynamic_anchors.contains(*name))
    }
}

/// A document.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) content: Rc<Json>,
    /// By their pointers; the document itself is at the empty one.
    pub(super) resources: BTreeMap<String, Resource>,
    known: HashSet<String>,
}

impl Document {
    /// The pointer and the resource that a pointer is in.
    pub(super) fn resource(&self, pointer: &str) -> Option<(&str, &Resource)> {
        // The document itself, mostly.
        if let (1, Some((pointer, resource))) = (self.resources.len(), self.resources.get_key_value("")) {
            return Some((pointer, resource));
        }
        let mut pointer = pointer;
        loop {
            if let Some((pointer, resource)) = self.resources.get_key_value(pointer) {
                return Some((pointer, resource));
            }
            pointer = pointer.rsplit_once('/')?.0;
        }
    }

    pub(super) fn is_known(&self, pointer: &str) -> bool {
        self.known.contains(pointer)
    }
}

/// All documents at hand.
#[derive(Default, Debug)]
pub(super) struct Documents {
    documents: BTreeMap<Rc<str>, Document>,
    /// What there is to tell: references that are taken for allowing everything.
    pub(super) warnings: Vec<Warning>,
}

impl Documents {
    pub(super) fn get(&self, url: &str) -> Option<&Document> {
        self.documents.get(url)
    }

    pub(super) fn add(&mut self, url: &Rc<str>, content: Json, budget: &mut Budget) -> Result<(), String> {
        let content = Rc::new(content);
        let mut document = Document { content: Rc::clone(&content), resources: BTreeMap::new(), known: HashSet::new() };
        collect(&mut document, url, &content, url, String::new(), Draft::LATEST, budget)?;
        self.documents.insert(Rc::clone(url), document);
        Ok(())
    }

    /// Loads a document that a reference names; answers whether it is new.
    pub(super) fn load(&mut self, url: &Rc<str>, budget: &mut Budget) -> Result<bool, String> {
        if self.documents.contains_key(url) {
            return Ok(false);
        }
        let content = if let Some(text) = metaschema::document(url) {
            Json::parse(text.as_bytes())?
        } else if url.starts_with("urn:") {
            self.warnings
                .push(Warning::new("unresolved URN reference ignored; using permissive schema").with("urn", &**url));
            Json::Bool(true)
        } else {
            return Err(not_fetched(url));
        };
        self.add(url, content, budget)?;
        Ok(true)
    }

    /// Makes a place that no keyword leads to one of a schema.
    pub(super) fn add_subschema(&mut self, place: &Place, budget: &mut Budget) -> Result<(), String> {
        let Some(document) = self.documents.get_mut(&place.url) else { return Err(not_fetched(&place.url)) };
        let content = Rc::clone(&document.content);
        let value = place.find(&content)?;
        let Some((_, base)) = document.resource(&place.pointer) else { return Ok(()) };
        let (base, draft) = (Rc::clone(&base.url), base.draft);
        collect(document, &place.url, value, &base, place.pointer.clone(), draft, budget)
    }

    /// The place that a reference means, from a document and the URL of the resource that it stands in. Its
    /// document may have to be loaded.
    pub(super) fn resolve(&self, document: &Rc<str>, base: &str, reference: &str) -> Result<Target, String> {
        let (url, fragment) = split(reference);
        let fragment = decode(fragment).map_err(|error| format!("error in parsing {}: {error}", quote(reference)))?;
        formats::url(url).map_err(|error| format!("error in parsing {}: {error}", quote(url)))?;
        let url: Rc<str> = resolve(base, url).into();
        let within = self.documents.get(document).and_then(|found| {
            if url == *document {
                return found.resources.get_key_value("");
            }
            found.resources.iter().find(|(_, resource)| resource.url == url)
        });
        match within {
            Some((pointer, resource)) => Ok(Target::Here(at_fragment(document, pointer, resource, &fragment)?)),
            None => Ok(Target::Elsewhere { url, fragment }),
        }
    }

    /// The place in a document that has been loaded.
    pub(super) fn at(&self, url: &Rc<str>, fragment: &str) -> Result<Place, String> {
        match self.documents.get(url).and_then(|document| document.resources.get("")) {
            Some(resource) => at_fragment(url, "", resource, fragment),
            None => Err(not_fetched(url)),
        }
    }
}

/// What a reference means.
pub(super) enum Target {
    Here(Place),
    Elsewhere { url: Rc<str>, fragment: String },
}

fn at_fragment(document: &Rc<str>, pointer: &str, resource: &Resource, fragment: &str) -> Result<Place, String> {
    if fragment.is_empty() || fragment.starts_with('/') {
        return Ok(Place::new(document, format!("{pointer}{fragment}")));
    }
    match resource.anchors.get(fragment) {
        Some(pointer) => Ok(Place::new(document, pointer.clone())),
        None => {
            let reference = format!("{}#{}", resource.url, encode(fragment));
            Err(format!("anchor in {} not found in schema {}", quote(&reference), quote(document)))
        }
    }
}

/// Notes what a schema and those within it have of URLs and anchors.
fn collect(
    document: &mut Document,
    url: &Rc<str>,
    schema: &Json,
    base: &Rc<str>,
    pointer: String,
    fallback: Draft,
    budget: &mut Budget,
) -> Result<(), String> {
    if document.known.contains(&pointer) {
        return Ok(());
    }
    budget.spend(1 + pointer.len() / 16 + document.resources.len())?;
    let Some(object) = schema.object() else {
        if pointer.is_empty() {
            document.resources.insert(String::new(), Resource::new(Rc::clone(base), fallback));
        }
        document.known.insert(pointer);
        return Ok(());
    };

    let mut draft = match object.get("$schema").and_then(Json::text) {
        Some(stated) => Draft::from_url(stated).ok_or_else(|| not_fetched(split(stated).0))?,
        None => fallback,
    };
    if draft.id(object).is_none() && !pointer.is_empty() {
        draft = fallback;
    }
    let id = draft.id(object);
    let base: Rc<str> = match id {
        Some(id) if formats::url(id).is_err() => {
            return Err(format!("error in parsing id at {}", quote(&Place::new(url, pointer).location())));
        }
        Some(id) => resolve(base, id).into(),
        None => Rc::clone(base),
    };
    if id.is_some() || pointer.is_empty() {
        match document.resources.iter().find(|(_, resource)| resource.url == base) {
            Some((other, _)) if *other != pointer => {
                return Err(format!(
                    "duplicate id {} in {} at {} and {}",
                    quote(&base),
                    quote(url),
                    quote(&pointer),
                    quote(other)
                ));
            }
            Some(_) => {}
            None => drop(document.resources.insert(pointer.clone(), Resource::new(Rc::clone(&base), draft))),
        }
    }
    let mut inherited = fallback;
    if let Some(resource) = document.resources.values_mut().find(|resource| resource.url == base) {
        inherited = resource.draft;
        collect_anchors(resource, object, url, &pointer)?;
    }
    for (pointer, subschema) in draft.subschemas(object, &pointer) {
        collect(document, url, subschema, &base, pointer, inherited, budget)?;
    }
    document.known.insert(pointer);
    Ok(())
}

fn collect_anchors(
    resource: &mut Resource,
    object: &BTreeMap<Rc<str>, Json>,
    url: &str,
    pointer: &str,
) -> Result<(), String> {
    let text = |keyword: &str| object.get(keyword).and_then(Json::text);
    let mut anchors = Vec::new();
    if resource.draft < Draft::Draft2019 {
        if object.contains_key("$ref") {
            return Ok(());
        }
        // There an anchor is an `$id` with a fragment.
        if let Some(id) = text(resource.draft.id_keyword()) {
            let anchor = decode(split(id).1).map_err(|_| format!("error in parsing anchor at {}", quote(url)))?;
            anchors.extend(Some(anchor).filter(|anchor| !anchor.is_empty() && !anchor.starts_with('/')));
        }
    } else {
        anchors.extend(text("$anchor").map(|anchor| anchor.to_string()));
    }
    if resource.draft >= Draft::Draft2020
        && let Some(anchor) = text("$dynamicAnchor")
    {
        anchors.push(anchor.to_string());
        resource.dynamic_anchors.insert(anchor.to_string());
    }
    for anchor in anchors {
        match resource.anchors.get(&anchor) {
            Some(other) if other != pointer => {
                return Err(format!(
                    "duplicate anchor {} in {} at {} and {}",
                    quote(&anchor),
                    quote(url),
                    quote(other),
                    quote(pointer)
                ));
            }
            _ => drop(resource.anchors.insert(anchor, pointer.to_owned())),
        }
    }
    Ok(())
}

/// A schema that lies elsewhere: Helm would ask the network, or the disk it runs on.
fn not_fetched(url: &str) -> String {
    format!("failing loading {}: schemas outside of the chart are not fetched", quote(url))
}

/// Go's `%q`.
pub(super) fn quote(text: &str) -> String {
    String::from_utf8_lossy(&crate::format::quote::quote(text.as_bytes())).into_owned()
}
