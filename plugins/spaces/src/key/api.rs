//! DigitalOcean's API of keys, as far as it is used here.

use maps_sdk::http::{Api, Request, Response, all_pages};
use maps_sdk::{Class, Problem, Secret};
use serde::{Deserialize, Serialize};

use super::model::{Grant, Inputs};

const API: Api = Api::new("https://api.digitalocean.com/v2/spaces").credential("api");
/// The most that DigitalOcean gives in one page.
const PER_PAGE: u32 = 200;

/// A key as DigitalOcean tells of it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Live {
    pub(super) access_key: String,
    #[serde(default)]
    pub(super) name: String,
    #[serde(default)]
    pub(super) grants: Vec<Grant>,
}

/// A key with its secret, which is told once.
#[derive(Debug, Deserialize)]
pub(super) struct New {
    #[serde(flatten)]
    pub(super) live: Live,
    pub(super) secret_key: Secret,
}

#[derive(Deserialize)]
struct One<T> {
    key: T,
}

#[derive(Deserialize)]
struct Page {
    #[serde(default)]
    keys: Vec<Live>,
    #[serde(default)]
    meta: Option<Meta>,
}

#[derive(Deserialize)]
struct Meta {
    #[serde(default)]
    total: u32,
}

/// A key as it is to be.
#[derive(Serialize)]
struct Wanted<'i> {
    name: &'i str,
    grants: &'i [Grant],
}

impl<'i> From<&'i Inputs> for Wanted<'i> {
    fn from(inputs: &'i Inputs) -> Self {
        Self { name: &inputs.name, grants: &inputs.grants }
    }
}

/// Every key of the account. One cannot be asked for by itself: DigitalOcean's document and its answer differ.
pub(super) fn list() -> Result<Vec<Live>, Problem> {
    let page =
        |number: u32| API.get(&["keys"]).query("page", &number.to_string()).query("per_page", &PER_PAGE.to_string());
    all_pages(page, |answer| {
        let page: Page = answer.json()?;
        let pages = page.meta.map_or(1, |meta| meta.total.div_ceil(PER_PAGE));
        Ok((page.keys, pages))
    })
    .map_err(refused)
}

/// Makes a key.
pub(super) fn create(inputs: &Inputs) -> Result<Request, Problem> {
    API.post(&["keys"]).json(&Wanted::from(inputs))
}

/// The key that was made.
pub(super) fn created(answer: Response) -> Result<New, Problem> {
    Ok(answer.accepted().map_err(refused)?.json::<One<New>>()?.key)
}

/// Changes a key.
pub(super) fn update(id: &str, inputs: &Inputs) -> Result<Request, Problem> {
    API.put(&["keys", id]).json(&Wanted::from(inputs))
}

/// The key as it was changed; `None` if it is not there.
pub(super) fn updated(answer: Response) -> Result<Option<Live>, Problem> {
    if answer.status == 404 {
        return Ok(None);
    }
    Ok(Some(answer.accepted().map_err(refused)?.json::<One<Live>>()?.key))
}

/// Removes a key.
pub(super) fn delete(id: &str) -> Request {
    API.delete(&["keys", id])
}

/// Was it removed, or not there?
pub(super) fn deleted(answer: Response) -> Result<(), Problem> {
    if answer.status == 404 { Ok(()) } else { answer.accepted().map(drop).map_err(refused) }
}

fn refused(problem: Problem) -> Problem {
    match problem.class {
        Class::Denied => problem.help("the token needs the scope spaces_key, for reading and writing"),
        _ => problem,
    }
}
