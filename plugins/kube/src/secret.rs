//! The kind `kube/secret`.

use std::collections::BTreeMap;

use maps_sdk::kube::{Delete as Removal, Deletion};
use maps_sdk::{
    Context, Create, Delete, Find, Kind, Lookup, Outcome, Problem, Progress, Read, Report, Resource, Secret, Step,
    Update, only,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::id::{ObjectId, is_label, is_subdomain, text};
use crate::single::{self, Answer, Removing, Texts};
use crate::taken::Taken;

/// What Kubernetes takes when no type is given.
const OPAQUE: &str = "Opaque";
/// How long the finalizers of a Secret may take.
const TIMEOUT_MS: u64 = 600_000;
/// Between two looks at one that is going.
const RETRY_MS: u64 = 2_000;

/// A Secret.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Inputs {
    /// A new name is a new Secret.
    #[schemars(extend("x-maps-replace" = true))]
    pub name: String,
    /// Another namespace makes it anew.
    #[serde(default = "default_namespace")]
    #[schemars(extend("x-maps-replace" = true))]
    pub namespace: String,
    /// `kubernetes.io/tls`, `kubernetes.io/dockerconfigjson`; another type makes it anew.
    #[serde(default = "opaque", rename = "type")]
    #[schemars(extend("x-maps-replace" = true))]
    pub kind: String,
    /// The values as they are, each under its key: the host encodes them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub string_data: BTreeMap<String, Secret>,
    /// May nobody change the values? Then `replace_on_changes: [string_data]` makes a changed one anew.
    #[serde(default)]
    pub immutable: bool,
    /// Labels beside those that others set.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: Texts,
    /// Annotations beside those that others set.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: Texts,
    /// Take fields that other field managers own.
    #[serde(default)]
    pub force: bool,
}

fn default_namespace() -> String {
    "default".to_owned()
}

fn opaque() -> String {
    OPAQUE.to_owned()
}

/// What the cluster tells of it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// The same as long as it is the same Secret.
    pub uid: String,
}

/// Secrets.
#[derive(Clone, Copy, Debug, Default)]
pub struct Secrets;

fn of(namespace: &str, name: &str) -> ObjectId {
    let (namespace, name) = (Some(namespace.to_owned()), name.to_owned());
    ObjectId { api_version: "v1".to_owned(), kind: "Secret".to_owned(), namespace, name }
}

fn id(inputs: &Inputs) -> ObjectId {
    of(&inputs.namespace, &inputs.name)
}

/// As a resource's id has it: `namespace/name`.
fn named(id: &str) -> Answer<ObjectId> {
    match id.split_once('/') {
        Some((namespace, name)) if !namespace.is_empty() && !name.is_empty() => Ok(of(namespace, name)),
        _ => Err(Problem::invalid("bad-id", format!("`{id}` names no Secret")).help("write `namespace/name`")),
    }
}

fn object(inputs: &Inputs) -> Value {
    let data: Map<String, Value> =
        inputs.string_data.iter().map(|(key, value)| (key.clone(), json!({"$sealed": value.handle()}))).collect();
    let mut object = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": inputs.name,
            "namespace": inputs.namespace,
            "labels": inputs.labels,
            "annotations": inputs.annotations,
        },
        "type": inputs.kind,
        "data": data,
    });
    if inputs.immutable {
        object["immutable"] = true.into();
    }
    object
}

/// What of the object can be compared.
fn without_data(inputs: &Inputs) -> Value {
    let mut object = object(inputs);
    if let Value::Object(map) = &mut object {
        map.remove("data");
    }
    object
}

/// The settings as they are; of keys those that were set, for others set theirs.
fn told(live: &Value, before: Option<&Inputs>) -> Resource<Secrets> {
    let part = |pointer: &str| text(live, pointer).unwrap_or_default().to_owned();
    let data = live.get("data").and_then(Value::as_object).into_iter().flatten();
    let data = data.filter(|(key, _)| before.is_none_or(|before| before.string_data.contains_key(*key)));
    let sealed = data.filter_map(|(key, value)| {
        Some((key.clone(), Secret::from_handle(value.get("$sealed").and_then(Value::as_str)?)))
    });
    let inputs = Inputs {
        name: part("/metadata/name"),
        namespace: part("/metadata/namespace"),
        kind: text(live, "/type").unwrap_or(OPAQUE).to_owned(),
        string_data: sealed.collect(),
        immutable: live.get("immutable") == Some(&Value::Bool(true)),
        labels: single::kept(single::texts(live, "/metadata/labels"), before.map(|before| &before.labels)),
        annotations: single::annotations(live, before.map(|before| &before.annotations)),
        force: before.is_some_and(|before| before.force),
    };
    let id = format!("{}/{}", inputs.namespace, inputs.name);
    Resource { id, inputs, outputs: Outputs { uid: single::uid(live) } }
}

impl Kind for Secrets {
    const NAME: &'static str = "kube/secret";
    const DESCRIPTION: &'static str =
        "A Secret of a Kubernetes cluster, whose values the plugin never sees. An import takes `namespace/name`.";
    const SETTLE_MS: u64 = 2_000;
    const BATCH: u32 = 500;
    const DELETE_FIRST: bool = true;
    const HOMES: &'static [&'static str] = &["config.cluster"];
    type Inputs = Inputs;
    type Outputs = Outputs;
    type Checkpoint = Removing;

    fn check(&self, _: &Context, inputs: &Inputs, report: &mut Report) {
        if !is_subdomain(&inputs.name) {
            let message = "the name of a Secret is lower-case letters, digits, dashes and dots, and begins and ends \
                           with a letter or digit";
            report.invalid("name", "bad-name", message);
        }
        if !is_label(&inputs.namespace) {
            report.invalid("namespace", "bad-namespace", crate::namespace::NAME_RULE);
        }
        single::check_texts(report, &inputs.labels, &inputs.annotations);
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        for key in inputs.string_data.keys() {
            if key.is_empty() || key.len() > 253 || !key.chars().all(allowed) || key == "." || key.starts_with("..") {
                let message = "a key is up to 253 letters, digits, `-`, `_` and `.`";
                report.invalid(format!("string_data.{key}"), "bad-key", message);
            }
        }
        let wanted: &[&str] = match inputs.kind.as_str() {
            "kubernetes.io/tls" => &["tls.crt", "tls.key"],
            "kubernetes.io/dockerconfigjson" => &[".dockerconfigjson"],
            "kubernetes.io/dockercfg" => &[".dockercfg"],
            "kubernetes.io/ssh-auth" => &["ssh-privatekey"],
            _ => &[],
        };
        for key in wanted.iter().filter(|key| !inputs.string_data.contains_key(**key)) {
            let message = format!("a Secret of the type {} has the key `{key}`", inputs.kind);
            report.across(&["string_data", "type"], "missing-key", message);
        }
    }

    fn find(&self, context: &Context, request: &Find<Self>) -> Answer<Lookup<Self>> {
        only(self.find_many(context, std::slice::from_ref(request)))
    }

    fn find_many(&self, context: &Context, requests: &[Find<Self>]) -> Vec<Answer<Lookup<Self>>> {
        let ids: Vec<_> = requests.iter().map(|request| id(&request.inputs)).collect();
        let found = single::find(context, &ids, requests.iter().map(|request| request.token.as_str()));
        let told = |(request, live): (&Find<Self>, Answer<Option<Value>>)| {
            Ok(live?.map_or(Lookup::Absent, |live| Lookup::Found(told(&live, Some(&request.inputs)))))
        };
        requests.iter().zip(found).map(told).collect()
    }

    fn read(&self, context: &Context, request: &Read<Self>) -> Answer<Option<Resource<Self>>> {
        only(self.read_many(context, std::slice::from_ref(request)))
    }

    fn read_many(&self, context: &Context, requests: &[Read<Self>]) -> Vec<Answer<Option<Resource<Self>>>> {
        let ids: Vec<Answer<ObjectId>> = requests.iter().map(|request| named(&request.prior.id)).collect();
        let known: Vec<ObjectId> = ids.iter().filter_map(|id| id.as_ref().ok().cloned()).collect();
        let mut lives = single::fetch(context, &known).into_iter();
        let told = |(request, id): (&Read<Self>, Answer<ObjectId>)| {
            id?;
            let live = lives.next().unwrap_or(Ok(None))?;
            Ok(live.map(|live| told(&live, request.prior.inputs.as_ref())))
        };
        requests.iter().zip(ids).map(told).collect()
    }

    fn create(&self, context: &Context, request: &Create<Self>) -> Outcome<Self> {
        only(self.create_many(context, std::slice::from_ref(request)))
    }

    fn create_many(&self, context: &Context, requests: &[Create<Self>]) -> Vec<Outcome<Self>> {
        let each = requests.iter();
        write(
            context,
            &each.map(|r| (r.step(), r.address.clone(), r.token.clone(), r.inputs.clone())).collect::<Vec<_>>(),
        )
    }

    fn update(&self, context: &Context, request: &Update<Self>) -> Outcome<Self> {
        only(self.update_many(context, std::slice::from_ref(request)))
    }

    fn update_many(&self, context: &Context, requests: &[Update<Self>]) -> Vec<Outcome<Self>> {
        let ids: Vec<_> = requests.iter().map(|request| id(&request.inputs)).collect();
        let lives = single::fetch(context, &ids);
        // One that is as it should be is not written again; values cannot be compared here.
        let same = |(request, live): (&Update<Self>, &Answer<Option<Value>>)| {
            let values = request.changed.iter().any(|path| path.starts_with("string_data"));
            let found = told(live.as_ref().ok()?.as_ref()?, Some(&request.inputs));
            let same = !values && without_data(&found.inputs) == without_data(&request.inputs);
            let (id, outputs) = (found.id, found.outputs);
            same.then(|| Ok(Progress::Done(Resource { id, inputs: request.inputs.clone(), outputs })))
        };
        let done: Vec<_> = requests.iter().zip(&lives).map(same).collect();
        let open = requests.iter().zip(&lives).zip(&done).filter(|(_, done)| done.is_none());
        let each = open.map(|((request, live), _)| {
            (request.step(), request.address.clone(), single::token(live), request.inputs.clone())
        });
        let written = write(context, &each.collect::<Vec<_>>());
        single::merged(done, written)
    }

    fn delete(&self, context: &Context, request: &Delete<Self>) -> Answer<Progress<(), Removing>> {
        only(self.delete_many(context, std::slice::from_ref(request)))
    }

    fn delete_many(&self, context: &Context, requests: &[Delete<Self>]) -> Vec<Answer<Progress<(), Removing>>> {
        let cluster = match crate::cluster::cluster(context) {
            Ok(cluster) => cluster,
            Err(problem) => return requests.iter().map(|_| Err(problem.clone())).collect(),
        };
        let ids: Vec<Answer<ObjectId>> = requests.iter().map(|request| named(&request.prior.id)).collect();
        let removals = requests.iter().zip(&ids).filter_map(|(request, id)| {
            let uid = request.prior.outputs.as_ref().map(|outputs| outputs.uid.clone());
            let removal = Removal { uid, ..Removal::any(id.as_ref().ok()?.reference()) };
            Some((vec![request.step()], removal))
        });
        let mut answers = cluster.delete_all(removals.collect()).into_iter();
        let told = |(request, id): (&Delete<Self>, Answer<ObjectId>)| {
            let id = id?;
            gone(request, &id, answers.next().unwrap_or(Ok(Deletion::UnderWay)))
        };
        requests.iter().zip(ids).map(told).collect()
    }
}

/// What is written: step, address, token, and the settings.
type Task = (Step, String, String, Inputs);

fn write(context: &Context, each: &[Task]) -> Vec<Outcome<Secrets>> {
    let writes = each.iter().map(|(step, address, token, inputs)| single::Write {
        step: *step,
        id: id(inputs),
        object: object(inputs),
        address,
        token,
        force: inputs.force,
    });
    let applied = single::apply(context, &writes.collect::<Vec<_>>());
    let told = |((.., inputs), live): (&Task, Answer<Value>)| {
        let live = live.map_err(|problem| match inputs.immutable || problem.message.contains("immutable") {
            true => Problem {
                help: problem.help.clone().or_else(|| {
                    Some(
                        "an immutable Secret is made anew with `options: {replace_on_changes: [string_data]}`"
                            .to_owned(),
                    )
                }),
                ..problem
            },
            false => problem,
        })?;
        Ok(Progress::Done(Resource { inputs: inputs.clone(), ..told(&live, Some(inputs)) }))
    };
    each.iter().zip(applied).map(told).collect()
}

fn gone(request: &Delete<Secrets>, id: &ObjectId, answer: Answer<Deletion>) -> Answer<Progress<(), Removing>> {
    match answer {
        Ok(Deletion::Absent | Deletion::Gone) => return Ok(Progress::Done(())),
        Ok(Deletion::UnderWay) => {}
        Err(problem) if crate::manifest::is_over(id, &problem) => return Ok(Progress::Done(())),
        Err(problem) => return Err(crate::manifest::told(id, problem)),
    }
    let taken = request.checkpoint.as_ref().map_or_else(Taken::begin, |checkpoint| checkpoint.taken);
    if taken.ms() >= TIMEOUT_MS {
        let problem = Problem::internal("timed-out", format!("{} is not gone within 10m", id.shown()));
        return Err(problem.help("what holds its finalizers has to let go; then run again"));
    }
    let note = format!("{} waits for its finalizers", id.shown());
    Ok(Progress::pending(Removing { taken: taken.and(RETRY_MS) }, RETRY_MS).id(request.prior.id.clone()).note(note))
}
