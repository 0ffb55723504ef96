//! The kind `kube/object`: an existing object, read and never written.

use std::collections::BTreeMap;

use maps_sdk::{
    Class, Context, Create, Delete, Find, Kind, Lookup, Outcome, Preview, Previewed, Problem, Progress, Read, Report,
    Resource, Update, only,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::id::{ObjectId, scope_of};
use crate::jsonpath::JsonPath;
use crate::ready::Status;
use crate::single::{self, Answer};
use crate::taken::{Taken, duration};
use crate::wait::Goal;

/// Between two looks at an object that is not yet as it is waited for.
const RETRY_MS: u64 = 5_000;
/// How long is waited where the timeout cannot be read, which a check has refused.
const TIMEOUT_MS: u64 = 600_000;

/// An object that something else made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Inputs {
    /// `apps/v1`, or `v1` for the core group.
    pub api_version: String,
    /// `Deployment`.
    pub kind: String,
    /// Left out for kinds that are in no namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
    /// What to read of it, by JSONPath: `{address: "{.status.loadBalancer.ingress[0].ip}"}`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, String>,
    /// May it be missing? Then `found` tells.
    #[serde(default)]
    pub optional: bool,
    /// What has to be so before it is read, as `kubectl wait --for` has it: `condition=Ready`,
    /// `jsonpath={.status.loadBalancer.ingress[0].ip}`. A missing object is then waited for as well.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub wait: Vec<String>,
    /// How long that may take: `90s`, `10m`, `1h`.
    #[serde(default = "ten_minutes")]
    pub timeout: String,
}

fn ten_minutes() -> String {
    "10m".to_owned()
}

/// Since when is waited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    taken: Taken,
}

/// What is there.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// Is it there?
    #[schemars(extend("x-maps-computed" = true))]
    pub found: bool,
    /// Empty where it is not there.
    #[schemars(extend("x-maps-computed" = true))]
    pub uid: String,
    /// What was asked for; what is not there is left out. A path with `[*]` or a filter gives a list.
    #[schemars(extend("x-maps-computed" = true))]
    pub fields: Map<String, Value>,
}

/// Existing objects.
#[derive(Clone, Copy, Debug, Default)]
pub struct Object;

fn id(inputs: &Inputs) -> ObjectId {
    let Inputs { api_version, kind, namespace, name, .. } = inputs.clone();
    ObjectId { api_version, kind, namespace, name }
}

/// A name for what is read; nothing is called by it.
fn label(inputs: &Inputs) -> String {
    let parts = [&inputs.api_version, &inputs.kind].into_iter().chain(&inputs.namespace).chain([&inputs.name]);
    parts.map(String::as_str).collect::<Vec<_>>().join("/")
}

fn told(inputs: &Inputs, live: Option<&Value>) -> Resource<Object> {
    let fields = live.map(|live| fields(inputs, live)).unwrap_or_default();
    let outputs = Outputs { found: live.is_some(), uid: live.map(single::uid).unwrap_or_default(), fields };
    Resource { id: label(inputs), inputs: inputs.clone(), outputs }
}

fn fields(inputs: &Inputs, live: &Value) -> Map<String, Value> {
    let read = inputs.fields.iter().filter_map(|(name, path)| {
        let path = JsonPath::parse(path).ok()?;
        let found = path.all(live);
        let value = match path.is_many() {
            true => Value::Array(found.into_iter().cloned().collect()),
            false => found.first().map(|value| (*value).clone())?,
        };
        Some((name.clone(), value))
    });
    read.collect()
}

fn missing(inputs: &Inputs) -> Problem {
    let message = format!("there is no {}", id(inputs).shown());
    let help = "make it first, name what makes it in `options: {depends_on: […]}`, or say `optional: true`";
    Problem::new(Class::NotFound, "object-missing", message).help(help)
}

/// What is still waited for.
fn lacks(inputs: &Inputs, live: Option<&Value>) -> Option<String> {
    let Some(live) = live else {
        return (!inputs.wait.is_empty()).then(|| "it is not there yet".to_owned());
    };
    let open = |text: &String| match Goal::parse(text).ok()?.status(live) {
        Status::Ready => None,
        Status::Waits(why) | Status::Failed(why) => Some(why),
        Status::Silent => Some("its controller has said nothing yet".to_owned()),
    };
    inputs.wait.iter().find_map(open)
}

fn waits(inputs: &Inputs, since: Option<&Waiting>, why: &str) -> Outcome<Object> {
    let taken = since.map_or_else(Taken::begin, |waiting| waiting.taken);
    let shown = id(inputs).shown();
    if taken.ms() >= duration(&inputs.timeout).unwrap_or(TIMEOUT_MS) {
        let message = format!("{shown} is not as it is waited for within {}: {why}", inputs.timeout);
        let help = "look at it with kubectl, and run again: it is then waited for once more";
        return Err(Problem::internal("timed-out", message).help(help));
    }
    let waiting = Waiting { taken: taken.and(RETRY_MS) };
    Ok(Progress::pending(waiting, RETRY_MS).id(label(inputs)).note(format!("{shown}: {why}")))
}

/// What is there, as a finished step, or what is waited for.
fn seen(context: &Context, all: &[(&Inputs, Option<&Waiting>)]) -> Vec<Outcome<Object>> {
    let ids: Vec<_> = all.iter().map(|(inputs, _)| id(inputs)).collect();
    let lives = single::fetch(context, &ids);
    let told = |((inputs, since), live): (&(&Inputs, Option<&Waiting>), Answer<Option<Value>>)| {
        let live = live?;
        match (lacks(inputs, live.as_ref()), live) {
            (Some(why), _) => waits(inputs, *since, &why),
            (None, None) if !inputs.optional => Err(missing(inputs)),
            (None, live) => Ok(Progress::Done(told(inputs, live.as_ref()))),
        }
    };
    all.iter().zip(lives).map(told).collect()
}

impl Kind for Object {
    const NAME: &'static str = "kube/object";
    const DESCRIPTION: &'static str = "An object of a Kubernetes cluster that something else made, to read from.";
    const SETTLE_MS: u64 = 0;
    const BATCH: u32 = 500;
    const PREVIEWS: bool = true;
    const LOOKUP: bool = true;
    const HOMES: &'static [&'static str] = &["config.cluster"];
    type Inputs = Inputs;
    type Outputs = Outputs;
    type Checkpoint = Waiting;

    fn check(&self, _: &Context, inputs: &Inputs, report: &mut Report) {
        for (field, value) in [("api_version", &inputs.api_version), ("kind", &inputs.kind), ("name", &inputs.name)] {
            if value.is_empty() {
                report.invalid(field, "empty", format!("`{field}` is empty"));
            }
        }
        for (name, path) in &inputs.fields {
            if let Err(message) = JsonPath::parse(path) {
                report.invalid(format!("fields.{name}"), "bad-path", message);
            }
        }
        for (at, goal) in inputs.wait.iter().enumerate() {
            if let Err(message) = Goal::parse(goal) {
                report.invalid(format!("wait[{at}]"), "bad-wait", message);
            }
        }
        if duration(&inputs.timeout).is_none() {
            report.invalid("timeout", "bad-duration", "a duration is written like `90s`, `10m` or `1h30m`");
        }
        if inputs.optional && !inputs.wait.is_empty() {
            let message = "what is waited for is not optional: leave one of them out";
            report.across(&["wait", "optional"], "optional-wait", message);
        }
        let scope = scope_of(crate::id::group(&inputs.api_version), &inputs.kind);
        if scope == Some(crate::id::Scope::Namespaced) && inputs.namespace.is_none() {
            let message = format!("a {} is in a namespace: say which", inputs.kind);
            report.across(&["namespace", "kind", "api_version"], "no-namespace", message);
        }
    }

    fn preview(&self, context: &Context, request: &Preview<Self>) -> Answer<Previewed> {
        only(self.preview_many(context, std::slice::from_ref(request)))
    }

    fn preview_many(&self, context: &Context, requests: &[Preview<Self>]) -> Vec<Answer<Previewed>> {
        let known = |request: &&Preview<Self>| {
            ["api_version", "kind", "namespace", "name", "fields", "wait"].iter().all(|path| request.known.at(path))
        };
        // What was read for this plan already is not read again.
        let read = |request: &Preview<Self>| {
            request.prior.as_ref().is_some_and(|p| p.inputs.as_ref() == Some(&request.inputs))
        };
        let asked: Vec<&Preview<Self>> = requests.iter().filter(known).filter(|request| !read(request)).collect();
        let ids: Vec<_> = asked.iter().map(|request| id(&request.inputs)).collect();
        let mut lives = if ids.is_empty() { Vec::new() } else { single::fetch(context, &ids) }.into_iter();
        let previewed = |request: &Preview<Self>| {
            if !known(&request) || read(request) {
                return Ok(Previewed::default());
            }
            // What is not there may yet be made by the same plan.
            let Some(live) = lives.next().unwrap_or(Ok(None))? else { return Ok(Previewed::default()) };
            // What is still waited for will be other than it is.
            if lacks(&request.inputs, Some(&live)).is_some() {
                return Ok(Previewed::default());
            }
            let outputs = told(&request.inputs, Some(&live)).outputs;
            let outputs = json!({"found": outputs.found, "uid": outputs.uid, "fields": outputs.fields});
            Ok(Previewed { outputs, objects: Vec::new() })
        };
        requests.iter().map(previewed).collect()
    }

    fn find(&self, _: &Context, _: &Find<Self>) -> Answer<Lookup<Self>> {
        Ok(Lookup::Absent)
    }

    fn read(&self, context: &Context, request: &Read<Self>) -> Answer<Option<Resource<Self>>> {
        only(self.read_many(context, std::slice::from_ref(request)))
    }

    fn read_many(&self, context: &Context, requests: &[Read<Self>]) -> Vec<Answer<Option<Resource<Self>>>> {
        let known: Vec<Answer<&Inputs>> =
            requests.iter().map(|r| r.prior.inputs.as_ref().ok_or_else(no_import)).collect();
        let ids: Vec<_> = known.iter().flatten().map(|inputs| id(inputs)).collect();
        let mut lives = if ids.is_empty() { Vec::new() } else { single::fetch(context, &ids) }.into_iter();
        let told = |inputs: Answer<&Inputs>| {
            let inputs = inputs?;
            let live = lives.next().unwrap_or(Ok(None))?;
            Ok((live.is_some() || inputs.optional).then(|| told(inputs, live.as_ref())))
        };
        known.into_iter().map(told).collect()
    }

    fn create(&self, context: &Context, request: &Create<Self>) -> Outcome<Self> {
        only(self.create_many(context, std::slice::from_ref(request)))
    }

    fn create_many(&self, context: &Context, requests: &[Create<Self>]) -> Vec<Outcome<Self>> {
        let asked = |request| -> (&Inputs, Option<&Waiting>) {
            let request: &Create<Self> = request;
            (&request.inputs, request.checkpoint.as_ref())
        };
        seen(context, &requests.iter().map(asked).collect::<Vec<_>>())
    }

    fn update(&self, context: &Context, request: &Update<Self>) -> Outcome<Self> {
        only(self.update_many(context, std::slice::from_ref(request)))
    }

    fn update_many(&self, context: &Context, requests: &[Update<Self>]) -> Vec<Outcome<Self>> {
        let asked = |request| -> (&Inputs, Option<&Waiting>) {
            let request: &Update<Self> = request;
            (&request.inputs, request.checkpoint.as_ref())
        };
        seen(context, &requests.iter().map(asked).collect::<Vec<_>>())
    }

    fn delete(&self, _: &Context, _: &Delete<Self>) -> Answer<Progress<(), Waiting>> {
        Ok(Progress::Done(()))
    }
}

fn no_import() -> Problem {
    Problem::invalid("no-import", "an object that is only read has nothing to import").help("leave `import` out")
}
