//! Answers requests to a declared collection and its objects, from the store.

use http::StatusCode;
use serde_json::{Map, Value};

use super::item::{Item, key, shelf, until};
use super::model::{By, Collection, Computed, Creation, Id, Like, Paging, ServiceModel, Shown};
use super::pointer::Pointer;
use super::service::{Refusal, wrapped};
use super::{ITEM_BYTES, ITEMS, path};
use crate::clock::{Now, date};
use crate::entropy;
use crate::service::{Answer, Call};
use crate::store::Transaction;

/// One request to a collection or to one of its objects, whose path is the last segment then.
pub(super) struct Request<'r, 't> {
    pub(super) service: &'r ServiceModel,
    pub(super) collection: &'r Collection,
    pub(super) call: &'r Call,
    /// Decoded.
    pub(super) path: Vec<String>,
    pub(super) now: Now,
    pub(super) transaction: &'r mut Transaction<'t>,
}

/// Where the store counts a service's objects.
const COUNTERS: &str = "declared-counters";

impl Request<'_, '_> {
    /// The objects that the path goes through must be there.
    pub(super) fn parents_exist(&self) -> Result<(), Refusal> {
        for parent in self.collection.path.parents() {
            let above = self.service.collections.iter().find(|above| above.path.same_as(&parent));
            let path = self.path.get(..=parent.len()).ok_or_else(Refusal::not_found)?;
            self.item(above.ok_or_else(Refusal::not_found)?, path)?;
        }
        Ok(())
    }

    fn item(&self, collection: &Collection, path: &[String]) -> Result<Item, Refusal> {
        let item: Option<Item> = self.transaction.get(&shelf(&self.service.host, collection), &key(path))?;
        item.filter(|item| !item.is_gone(self.now)).ok_or_else(Refusal::not_found)
    }

    fn shelf(&self) -> String {
        shelf(&self.service.host, self.collection)
    }

    /// `GET` of the collection.
    pub(super) fn list(&mut self) -> Result<Answer, Refusal> {
        let above = format!("{}/", key(&self.path));
        let mut items = Vec::new();
        for (key, value) in self.transaction.entries(&self.shelf()) {
            if key.starts_with(&above) {
                let item: Item = serde::Deserialize::deserialize(value)?;
                items.push(item);
            }
        }
        items.retain(|item| !item.is_gone(self.now));
        items.sort_by_key(|item| item.order);
        let states = self.collection.states.as_ref();
        let mut views: Vec<(u64, Value)> = items.iter().map(|item| (item.order, item.view(states, self.now))).collect();
        for (parameter, pointer) in &self.collection.filters {
            if let Some(wanted) = self.call.query(parameter) {
                views.retain(|(_, view)| pointer.get(view).is_some_and(|value| is_asked_for(value, wanted)));
            }
        }
        let total = views.len();
        let mut body = Value::Object(Map::new());
        if let Some(paging) = &self.collection.paging {
            views = page(self.call, paging, views, &mut body)?;
            if let Some(pointer) = &paging.total {
                pointer.set(&mut body, total.into());
            }
        }
        let views = Value::Array(views.into_iter().map(|(_, view)| view).collect());
        let body = match &self.collection.wrap_many {
            None => views,
            Some(name) => {
                Pointer::member(name).set(&mut body, views);
                body
            }
        };
        Ok(Answer::json(StatusCode::OK, &body))
    }

    /// `POST` to the collection.
    pub(super) fn post(&mut self) -> Result<Answer, Refusal> {
        if self.collection.creation != Creation::Post {
            let message = "an object is made by a PUT to its own path";
            return Err(Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message));
        }
        let sent = self.body()?;
        self.create(sent)
    }

    /// `GET` of an object.
    pub(super) fn get(&mut self) -> Result<Answer, Refusal> {
        let item = self.item(self.collection, &self.path)?;
        Ok(self.told(StatusCode::OK, item.view(self.collection.states.as_ref(), self.now)))
    }

    /// `PUT` of an object: all of it anew.
    pub(super) fn put(&mut self) -> Result<Answer, Refusal> {
        let sent = self.body()?;
        match self.item(self.collection, &self.path) {
            Ok(item) => self.change(item, sent, Sent::Whole),
            Err(refusal) if refusal.status == StatusCode::NOT_FOUND && self.collection.creation == Creation::Put => {
                self.create(sent)
            }
            Err(refusal) => Err(refusal),
        }
    }

    /// `PATCH` of an object: what is sent is merged into it, and null takes away.
    pub(super) fn patch(&mut self) -> Result<Answer, Refusal> {
        let item = self.item(self.collection, &self.path)?;
        let mut merged = item.body.clone();
        merge(&mut merged, self.body()?);
        self.change(item, merged, Sent::Part)
    }

    /// `DELETE` of an object, with all that is below it.
    pub(super) fn delete(&mut self) -> Result<Answer, Refusal> {
        let mut item = self.item(self.collection, &self.path)?;
        let (shelf, key) = (self.shelf(), key(&self.path));
        self.remove_below(&format!("{key}/"));
        match &self.collection.states {
            Some(states) if states.deleting.is_some() => {
                if !item.is_going() {
                    item.gone_ms = Some(self.now.virtual_ms.saturating_add(states.after_ms));
                    self.transaction.put(&shelf, &key, &item)?;
                }
            }
            _ => self.transaction.remove(&shelf, &key),
        }
        Ok(Answer::empty(self.collection.statuses.deleted))
    }

    fn remove_below(&mut self, above: &str) {
        let below = self.service.collections.iter().filter(|below| below.path.below(&self.collection.path));
        for shelf in below.map(|below| shelf(&self.service.host, below)) {
            let entries = self.transaction.entries(&shelf).into_iter().map(|(key, _)| key);
            let keys: Vec<String> = entries.filter(|key| key.starts_with(above)).map(str::to_owned).collect();
            keys.iter().for_each(|key| self.transaction.remove(&shelf, key));
        }
    }

    /// The body: a JSON object.
    fn body(&self) -> Result<Value, Refusal> {
        let bad = |message: &str| Refusal::new(StatusCode::BAD_REQUEST, "bad_request", message);
        if self.call.body.len() > ITEM_BYTES {
            return Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "the body is too large"));
        }
        let body: Value = serde_json::from_slice(&self.call.body).map_err(|_| bad("the body is no JSON"))?;
        if body.is_object() { Ok(body) } else { Err(bad("the body is no JSON object")) }
    }

    fn create(&mut self, mut sent: Value) -> Result<Answer, Refusal> {
        let collection = self.collection;
        collection.own().for_each(|pointer| pointer.remove(&mut sent));
        fill(&mut sent, &collection.defaults);
        self.holds(&sent, Sent::Whole)?;
        let order = self.count()?;
        let mut path = self.path.clone();
        match &collection.id {
            Id::Path(field) => {
                if let (Some(field), Some(id)) = (field, path.last()) {
                    field.set(&mut sent, id.as_str().into());
                }
            }
            Id::From(pointer) => path.push(self.id_from(&sent, pointer)?),
            Id::Made { field, like } => {
                let id = match like {
                    Like::Uuid => Value::from(entropy::uuid()?),
                    Like::Hex => Value::from(entropy::hex(12)?),
                    Like::Number => Value::from(order),
                };
                path.push(text(&id));
                field.set(&mut sent, id);
            }
        }
        if self.item(collection, &path).is_ok() {
            return Err(self.taken("its id is taken"));
        }
        self.is_unique(&sent, &key(&path))?;
        let mut once = Vec::new();
        for (pointer, shown) in &collection.secrets {
            let secret = Value::from(entropy::hex(20)?);
            match shown {
                Shown::Always => pointer.set(&mut sent, secret),
                Shown::Once => once.push((pointer, secret)),
            }
        }
        self.compute(&mut sent, &path, Computed::Created);
        self.compute(&mut sent, &path, Computed::Path);
        self.compute(&mut sent, &path, Computed::Updated);
        collection.hidden.iter().for_each(|pointer| pointer.remove(&mut sent));
        let states = collection.states.as_ref();
        let until = until(states.and_then(|states| states.creating.as_ref()), states, self.now);
        let mut item = Item { body: sent, shown: Value::Null, order, until, gone_ms: None };
        item.show(collection);
        self.transaction.put(&self.shelf(), &key(&path), &item)?;
        let mut view = item.view(states, self.now);
        once.into_iter().for_each(|(pointer, secret)| pointer.set(&mut view, secret));
        Ok(self.told(collection.statuses.created, view))
    }

    fn change(&mut self, mut item: Item, mut wanted: Value, sent: Sent) -> Result<Answer, Refusal> {
        let collection = self.collection;
        if item.is_going() {
            return Err(self.taken("it is being deleted"));
        }
        if sent == Sent::Whole {
            fill(&mut wanted, &collection.defaults);
        }
        for pointer in collection.own() {
            match pointer.get(&item.body) {
                Some(own) => pointer.set(&mut wanted, own.clone()),
                None => pointer.remove(&mut wanted),
            }
        }
        for pointer in &collection.fixed {
            match (pointer.get(&item.body).cloned(), pointer.get(&wanted)) {
                (Some(before), None) => pointer.set(&mut wanted, before),
                (before, after) if before.as_ref() != after => {
                    return Err(self.invalid(format!("{pointer} cannot be changed")));
                }
                _ => {}
            }
        }
        self.holds(&wanted, sent)?;
        if let Id::From(pointer) = &collection.id
            && pointer.get(&wanted) != pointer.get(&item.body)
        {
            return Err(self.invalid(format!("{pointer} is its id and cannot be changed")));
        }
        let key = key(&self.path);
        self.is_unique(&wanted, &key)?;
        collection.hidden.iter().for_each(|pointer| pointer.remove(&mut wanted));
        let path = self.path.clone();
        self.compute(&mut wanted, &path, Computed::Updated);
        let states = collection.states.as_ref();
        if let Some(updating) = states.and_then(|states| states.updating.as_ref()) {
            item.until = until(Some(updating), states, self.now);
        }
        item.body = wanted;
        item.show(collection);
        self.transaction.put(&self.shelf(), &key, &item)?;
        Ok(self.told(collection.statuses.updated, item.view(states, self.now)))
    }

    /// What is required is there, and it is not too large.
    fn holds(&self, body: &Value, sent: Sent) -> Result<(), Refusal> {
        let missing = self.collection.required.iter().find(|pointer| {
            // A part need not say again what is never told.
            let kept = sent == Sent::Part && self.collection.hidden.contains(pointer);
            !kept && pointer.get(body).is_none()
        });
        if let Some(missing) = missing {
            return Err(self.invalid(format!("{missing} is missing")));
        }
        match body.to_string().len() > ITEM_BYTES {
            true => Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "the object is too large")),
            false => Ok(()),
        }
    }

    /// No other object beside it has what must be unique.
    fn is_unique(&self, body: &Value, own: &str) -> Result<(), Refusal> {
        if self.collection.unique.is_empty() {
            return Ok(());
        }
        let above = own.rsplit_once('/').map_or("", |(above, _)| above);
        for (key, other) in self.transaction.entries(&self.shelf()) {
            let beside = key.rsplit_once('/').is_some_and(|(its, _)| its == above) && key != own;
            let gone = other["gone_ms"].as_u64().is_some_and(|at| at <= self.now.virtual_ms);
            let same =
                |pointer: &&Pointer| pointer.get(body).is_some_and(|value| pointer.get(&other["body"]) == Some(value));
            if beside
                && !gone
                && let Some(taken) = self.collection.unique.iter().find(same)
            {
                return Err(self.taken(format!("{taken} is taken")));
            }
        }
        Ok(())
    }

    /// The number of a new object. The collection must have room for it.
    fn count(&mut self) -> Result<u64, Refusal> {
        let (shelf, now) = (self.shelf(), self.now.virtual_ms);
        let gone = |value: &Value| value["gone_ms"].as_u64().is_some_and(|at| at <= now);
        let entries = self.transaction.entries(&shelf);
        if entries.len() >= ITEMS {
            let keys: Vec<String> = entries.iter().filter(|(_, v)| gone(v)).map(|(key, _)| (*key).to_owned()).collect();
            if keys.is_empty() {
                let message = format!("the local cloud holds {ITEMS} objects of a kind at most");
                return Err(Refusal::new(StatusCode::INSUFFICIENT_STORAGE, "full", message));
            }
            keys.iter().for_each(|key| self.transaction.remove(&shelf, key));
        }
        let last: Option<u64> = self.transaction.get(COUNTERS, &self.service.host)?;
        let next = last.unwrap_or_default().saturating_add(1);
        self.transaction.put(COUNTERS, &self.service.host, &next)?;
        Ok(next)
    }

    fn id_from(&self, body: &Value, pointer: &Pointer) -> Result<String, Refusal> {
        let id = pointer.get(body).filter(|value| value.is_string() || value.is_number()).map(text);
        id.filter(|id| path::is_segment(id))
            .ok_or_else(|| self.invalid(format!("{pointer} is missing, or cannot be an id")))
    }

    fn compute(&self, body: &mut Value, path: &[String], which: Computed) {
        for (pointer, computed) in self.collection.computed.iter().filter(|(_, computed)| *computed == which) {
            let value = match computed {
                Computed::Created | Computed::Updated => date(self.now.real_ms),
                Computed::Path => key(path),
            };
            pointer.set(body, value.into());
        }
    }

    fn told(&self, status: StatusCode, view: Value) -> Answer {
        Answer::json(status, &wrapped(self.collection.wrap_one.as_ref(), view))
    }

    fn invalid(&self, message: impl Into<String>) -> Refusal {
        Refusal::new(self.collection.statuses.invalid, "invalid", message)
    }

    fn taken(&self, message: impl Into<String>) -> Refusal {
        Refusal::new(self.collection.statuses.taken, "conflict", message)
    }
}

/// What a body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sent {
    /// The whole object.
    Whole,
    /// A part of it, merged with the rest.
    Part,
}

/// A value as a path or a query says it.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Does a query's value ask for this? One that is in a list is asked for too.
fn is_asked_for(value: &Value, wanted: &str) -> bool {
    match value {
        Value::Array(items) => items.iter().any(|item| text(item) == wanted),
        value => text(value) == wanted,
    }
}

/// Puts what is missing.
fn fill(body: &mut Value, defaults: &Map<String, Value>) {
    let Value::Object(fields) = body else { return };
    for (name, default) in defaults {
        match (fields.get_mut(name), default) {
            (None, default) => {
                fields.insert(name.clone(), default.clone());
            }
            (Some(given @ Value::Object(_)), Value::Object(inner)) => fill(given, inner),
            _ => {}
        }
    }
}

/// A merge patch, RFC 7396.
fn merge(target: &mut Value, patch: Value) {
    let Value::Object(patch) = patch else {
        *target = patch;
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(fields) = target else { return };
    for (name, value) in patch {
        match value {
            Value::Null => {
                fields.remove(&name);
            }
            value => merge(fields.entry(name).or_insert(Value::Null), value),
        }
    }
}

/// Cuts the page that is asked for, and tells in `body` where the next one begins.
fn page(
    call: &Call,
    paging: &Paging,
    views: Vec<(u64, Value)>,
    body: &mut Value,
) -> Result<Vec<(u64, Value)>, Refusal> {
    let number = |name: &str| match call.query(name).map(str::parse::<u64>) {
        None => Ok(None),
        Some(Ok(number)) => Ok(Some(number)),
        Some(Err(_)) => {
            Err(Refusal::new(StatusCode::BAD_REQUEST, "bad_request", format!("{name} must be a whole number")))
        }
    };
    let size = number(&paging.size)?.and_then(|size| usize::try_from(size).ok()).unwrap_or(paging.default);
    let size = size.clamp(1, paging.most);
    match &paging.by {
        By::Page(parameter) => {
            let page = number(parameter)?.unwrap_or(1).max(1);
            let skipped = usize::try_from(page - 1).unwrap_or(usize::MAX).saturating_mul(size);
            Ok(views.into_iter().skip(skipped).take(size).collect())
        }
        By::Cursor { parameter, next } => {
            let after = number(parameter)?.unwrap_or_default();
            let mut rest: Vec<_> = views.into_iter().filter(|(order, _)| *order > after).collect();
            let more = rest.len() > size;
            rest.truncate(size);
            if let Some((last, _)) = rest.last().filter(|_| more) {
                next.set(body, last.to_string().into());
            }
            Ok(rest)
        }
    }
}
