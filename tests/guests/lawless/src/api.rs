//! The service's own shape of a thing.

use maps_sdk::http::Api;
use maps_sdk::{Problem, Secret};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::thing::Inputs;

pub(crate) const API: Api = Api::new("https://api.lawless.example/v1").credential("api");

/// A thing as the service tells of it.
#[derive(Clone, Deserialize)]
pub(crate) struct Told {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) region: String,
    pub(crate) size: u32,
    pub(crate) breaks: String,
    pub(crate) status: String,
    pub(crate) made_at: String,
    /// A handle, or in clear where no rule seals it.
    key: Value,
}

impl Told {
    /// What was begun has ended.
    pub(crate) fn is_ready(&self) -> bool {
        self.status == "active"
    }

    /// The key's handle.
    pub(crate) fn key(&self) -> Option<Secret> {
        serde_json::from_value(self.key.clone()).ok()
    }

    /// The key in clear, if it came so.
    pub(crate) fn key_in_clear(&self) -> Option<&str> {
        self.key.as_str()
    }

    /// Is it as it should be?
    pub(crate) fn is_as(&self, inputs: &Inputs) -> bool {
        self.size == inputs.size && self.breaks == inputs.breaks
    }
}

/// The thing with this id, if it is there. The host would know a key again that it has sealed in the
/// same call, so that one who is to leak it asks for it in clear alone.
pub(crate) fn get(id: &str, breaks: &str) -> Result<Option<Told>, Problem> {
    let sealed = API.get(&["things", id]);
    let asked = if ["keeps-key", "logs-key"].contains(&breaks) { sealed.query("clear", "1") } else { sealed };
    asked.read()?.accepted_or_absent()?.map(|answer| answer.json()).transpose()
}

/// The first thing that this token made, or any at all, if it is there.
pub(crate) fn with_token(token: Option<&str>) -> Result<Option<Told>, Problem> {
    #[derive(Deserialize)]
    struct List {
        things: Vec<Told>,
    }
    let all = API.get(&["things"]);
    let asked = token.map_or(all.clone(), |token| all.query("token", token));
    let list: List = asked.read()?.accepted()?.json()?;
    Ok(list.things.into_iter().next())
}

/// What a thing is made of.
pub(crate) fn body(inputs: &Inputs, token: &str) -> Value {
    let Inputs { name, region, size, breaks } = inputs;
    json!({"name": name, "region": region, "size": size, "breaks": breaks, "token": token})
}
