//! The kind `{{name}}/note`.

use maps_sdk::http::{Api, Response};
use maps_sdk::{
    Context, Create, Delete, Find, Kind, Lookup, Outcome, Problem, Progress, Read, Report,
    Resource, Update,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The host adds the credential that plugin.yaml calls `api`; this code never sees it.
const API: Api = Api::new("https://api.notes.example/v1").credential("api");

/// A note.
#[derive(Clone, Copy, Debug, Default)]
pub struct Note;

/// What the user sets.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Inputs {
    /// A new title is a new note.
    #[schemars(extend("x-maps-replace" = true))]
    pub title: String,
    /// What it says.
    #[serde(default)]
    pub text: String,
}

/// What the service tells.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// When it was made.
    pub created_at: String,
}

/// A note as the service has it.
#[derive(Deserialize)]
struct Live {
    id: String,
    title: String,
    #[serde(default)]
    text: String,
    created_at: String,
}

impl Kind for Note {
    const NAME: &'static str = "{{name}}/note";
    const DESCRIPTION: &'static str = "A note.";
    // Titles are unique, so that a note must go before its replacement can have the same.
    const DELETE_FIRST: bool = true;
    type Inputs = Inputs;
    type Outputs = Outputs;
    type Checkpoint = ();

    fn check(&self, _: &Context, inputs: &Inputs, report: &mut Report) {
        if inputs.title.trim().is_empty() {
            report.invalid("title", "empty-title", "a note has a title");
        }
    }

    fn find(&self, _: &Context, request: &Find<Self>) -> Result<Lookup<Self>, Problem> {
        #[derive(Deserialize)]
        struct List {
            notes: Vec<Live>,
        }
        let list: List = API
            .get(&["notes"])
            .query("reference", &request.token)
            .read()?
            .accepted()?
            .json()?;
        Ok(list
            .notes
            .into_iter()
            .next()
            .map_or(Lookup::Absent, |live| Lookup::Found(resource(live))))
    }

    fn read(&self, _: &Context, request: &Read<Self>) -> Result<Option<Resource<Self>>, Problem> {
        let answer = API
            .get(&["notes", &request.prior.id])
            .read()?
            .accepted_or_absent()?;
        answer.map(note).transpose()
    }

    fn create(&self, _: &Context, request: &Create<Self>) -> Outcome<Self> {
        let Inputs { title, text } = &request.inputs;
        let body = json!({"title": title, "text": text, "reference": request.token});
        let made = API
            .post(&["notes"])
            .json(&body)?
            .write(request.step())?
            .accepted()?;
        Ok(Progress::Done(note(made)?))
    }

    fn update(&self, _: &Context, request: &Update<Self>) -> Outcome<Self> {
        let at = ["notes", request.prior.id.as_str()];
        let live: Live = API.get(&at).read()?.accepted()?.json()?;
        // The host may ask again after a crash: what is so already is not written again.
        if live.text == request.inputs.text {
            return Ok(Progress::Done(resource(live)));
        }
        let body = json!({"text": request.inputs.text});
        let changed = API.patch(&at).json(&body)?.write(request.step())?;
        Ok(Progress::Done(note(changed.accepted()?)?))
    }

    fn delete(&self, _: &Context, request: &Delete<Self>) -> Result<Progress<(), ()>, Problem> {
        API.delete(&["notes", &request.prior.id])
            .write(request.step())?
            .accepted_or_absent()?;
        Ok(Progress::Done(()))
    }
}

fn note(answer: Response) -> Result<Resource<Note>, Problem> {
    Ok(resource(answer.json()?))
}

fn resource(live: Live) -> Resource<Note> {
    let Live {
        id,
        title,
        text,
        created_at,
    } = live;
    Resource {
        id,
        inputs: Inputs { title, text },
        outputs: Outputs { created_at },
    }
}
