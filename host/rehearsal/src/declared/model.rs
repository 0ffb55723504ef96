//! What a declaration says.

use std::collections::BTreeMap;

use http::{Method, StatusCode};
use serde_json::{Map, Value};

use super::path::Template;
use super::pointer::Pointer;

/// How the local cloud plays the services of one plugin.
#[derive(Debug, Clone, PartialEq)]
pub struct Declaration {
    /// The plugin that declares them.
    pub(crate) plugin: String,
    /// The services, each on a host of its own.
    pub(crate) services: Vec<ServiceModel>,
}

impl Declaration {
    /// The hosts that it plays.
    pub fn hosts(&self) -> impl Iterator<Item = &str> {
        self.services.iter().map(|service| service.host.as_str())
    }
}

/// Hosts of clouds that maps itself plays, or is to play: no plugin plays them.
const FIRST_PARTY: [&str; 2] = ["digitalocean.com", "amazonaws.com"];

/// Is the host one that only maps itself plays?
pub fn is_first_party(host: &str) -> bool {
    FIRST_PARTY
        .iter()
        .any(|domain| host == *domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.')))
}

/// One service.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ServiceModel {
    /// The logical host.
    pub(crate) host: String,
    /// What every request must carry; nothing if absent.
    pub(crate) credential: Option<Credential>,
    /// Where a refusal has its code.
    pub(super) error_code: Pointer,
    /// Where a refusal has its message.
    pub(super) error_message: Pointer,
    /// The most exact path first.
    pub(super) collections: Vec<Collection>,
    /// In the order in which they are written.
    pub(super) recorded: Vec<Recorded>,
}

/// How a request carries a credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Credential {
    /// `Authorization: Bearer …`
    Bearer,
    /// `Authorization: Basic …`
    Basic,
    /// A header of its own.
    Header(String),
}

/// A collection of objects.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Collection {
    pub(super) path: Template,
    pub(super) id: Id,
    pub(super) creation: Creation,
    /// Fields in which no two objects are the same.
    pub(super) unique: Vec<Pointer>,
    /// Fields that must be there.
    pub(super) required: Vec<Pointer>,
    /// Fields that stay as they were made.
    pub(super) fixed: Vec<Pointer>,
    /// Fields that are taken and never told.
    pub(super) hidden: Vec<Pointer>,
    /// What is there when it was not sent.
    pub(super) defaults: Map<String, Value>,
    pub(super) computed: Vec<(Pointer, Computed)>,
    pub(super) secrets: Vec<(Pointer, Shown)>,
    /// Query parameters of the list, and the fields that they ask for.
    pub(super) filters: BTreeMap<String, Pointer>,
    pub(super) wrap_one: Option<String>,
    pub(super) wrap_many: Option<String>,
    pub(super) paging: Option<Paging>,
    pub(super) states: Option<States>,
    pub(super) statuses: Statuses,
}

/// Where an object's id comes from.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Id {
    /// It is made up, and told in this field.
    Made { field: Pointer, like: Like },
    /// It is one of the fields that were sent.
    From(Pointer),
    /// It is the last segment of the path that made the object, and told in this field if there is one.
    Path(Option<Pointer>),
}

/// What a made-up id looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Like {
    Uuid,
    Number,
    Hex,
}

/// What makes an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Creation {
    /// `POST` to the collection.
    Post,
    /// `PUT` to the object's own path, which also replaces it.
    Put,
}

/// A field that the service fills in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Computed {
    /// When it was made.
    Created,
    /// When it was changed last.
    Updated,
    /// The path of the object.
    Path,
}

/// When a secret that the service makes is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    /// In the answer to the creation alone.
    Once,
    /// Always.
    Always,
}

/// How a list comes in pages.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Paging {
    pub(super) by: By,
    /// The parameter that says how many a page holds.
    pub(super) size: String,
    pub(super) default: usize,
    pub(super) most: usize,
    /// Where the number of all objects is told.
    pub(super) total: Option<Pointer>,
}

/// How a page is asked for.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum By {
    /// By its number, from 1.
    Page(String),
    /// By what the page before told at `next`.
    Cursor { parameter: String, next: Pointer },
}

/// How an object comes and goes, in virtual time.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct States {
    pub(super) field: Pointer,
    pub(super) ready: String,
    pub(super) creating: Option<String>,
    pub(super) updating: Option<String>,
    pub(super) deleting: Option<String>,
    pub(super) after_ms: u64,
}

/// The statuses that services differ in.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Statuses {
    pub(super) created: StatusCode,
    pub(super) updated: StatusCode,
    pub(super) deleted: StatusCode,
    pub(super) invalid: StatusCode,
    pub(super) taken: StatusCode,
}

/// A fixed answer.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Recorded {
    pub(super) method: Method,
    pub(super) path: Template,
    /// Parameters that must be there with these values.
    pub(super) query: BTreeMap<String, String>,
    pub(super) status: StatusCode,
    pub(super) headers: Vec<(http::HeaderName, http::HeaderValue)>,
    pub(super) body: Option<Value>,
}

impl Collection {
    /// Fields that are the service's own: what is sent there is passed over.
    pub(super) fn own(&self) -> impl Iterator<Item = &Pointer> {
        let id = match &self.id {
            Id::Made { field, .. } => Some(field),
            Id::Path(field) => field.as_ref(),
            Id::From(_) => None,
        };
        let computed = self.computed.iter().map(|(pointer, _)| pointer);
        let secrets = self.secrets.iter().map(|(pointer, _)| pointer);
        id.into_iter().chain(computed).chain(secrets).chain(self.states.iter().map(|states| &states.field))
    }
}
