//! The kind `kube/namespace`.

use std::collections::BTreeMap;

use maps_sdk::kube::{Cluster, Delete as Removal, Deletion};
use maps_sdk::{
    Context, Create, Delete, Find, Kind, Lookup, Outcome, Problem, Progress, Read, Report, Resource, Step, Update, only,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::id::{ObjectId, is_label, text};
use crate::single::{self, Answer, Removing, Texts};
use crate::taken::Taken;

/// What names of namespaces are.
pub(crate) const NAME_RULE: &str =
    "the name of a namespace is up to 63 lower-case letters, digits and dashes, and begins and ends with none of these";
/// What the labels of Pod Security Admission begin with.
const POD_SECURITY: &str = "pod-security.kubernetes.io/";
/// How long the contents of a namespace may take to go.
const TIMEOUT_MS: u64 = 600_000;
/// Between two looks at one that is going.
const RETRY_MS: u64 = 3_000;

/// A namespace.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Inputs {
    /// A new name is a new namespace, and what was in the old one goes.
    #[schemars(extend("x-maps-replace" = true))]
    pub name: String,
    /// Labels beside those that others set.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: Texts,
    /// Annotations beside those that others set.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: Texts,
    /// What Pods of the namespace may do (Pod Security Admission).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pod_security: Option<PodSecurity>,
    /// Take labels and annotations that other field managers own.
    #[serde(default)]
    pub force: bool,
}

/// Levels of the Pod Security Standards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PodSecurity {
    /// Pods beyond it are refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enforce: Option<Level>,
    /// Pods beyond it are noted in the API server's audit log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audit: Option<Level>,
    /// Whoever makes Pods beyond it is warned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warn: Option<Level>,
}

/// A level of the Pod Security Standards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Anything.
    Privileged,
    /// No known escalations.
    Baseline,
    /// Hardened.
    Restricted,
}

impl Level {
    const ALL: [(Self, &'static str); 3] =
        [(Self::Privileged, "privileged"), (Self::Baseline, "baseline"), (Self::Restricted, "restricted")];

    fn word(self) -> &'static str {
        Self::ALL.into_iter().find(|(level, _)| *level == self).map_or("privileged", |(_, word)| word)
    }

    fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(_, name)| *name == word).map(|(level, _)| level)
    }
}

/// What the cluster tells of it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// The same as long as it is the same namespace.
    pub uid: String,
}

/// Namespaces.
#[derive(Clone, Copy, Debug, Default)]
pub struct Namespace;

fn id(name: &str) -> ObjectId {
    ObjectId { api_version: "v1".to_owned(), kind: "Namespace".to_owned(), namespace: None, name: name.to_owned() }
}

fn object(inputs: &Inputs) -> Value {
    let mut labels = inputs.labels.clone();
    if let Some(levels) = &inputs.pod_security {
        for (mode, level) in [("enforce", levels.enforce), ("audit", levels.audit), ("warn", levels.warn)] {
            labels.extend(level.map(|level| (format!("{POD_SECURITY}{mode}"), level.word().to_owned())));
        }
    }
    json!({
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": inputs.name, "labels": labels, "annotations": inputs.annotations},
    })
}

/// The settings as they are; of labels and annotations those that were set, for others set theirs.
fn told(live: &Value, before: Option<&Inputs>) -> Resource<Namespace> {
    let name = text(live, "/metadata/name").unwrap_or_default().to_owned();
    let all = single::texts(live, "/metadata/labels");
    let level = |mode: &str| all.get(&format!("{POD_SECURITY}{mode}")).and_then(|word| Level::of(word));
    let known = before.and_then(|before| before.pod_security.as_ref());
    let of = |mode: &str, is_known: fn(&PodSecurity) -> Option<Level>| match before {
        Some(_) => known.and_then(is_known).and_then(|_| level(mode)),
        None => level(mode),
    };
    let found = PodSecurity {
        enforce: of("enforce", |levels| levels.enforce),
        audit: of("audit", |levels| levels.audit),
        warn: of("warn", |levels| levels.warn),
    };
    let any = found.enforce.is_some() || found.audit.is_some() || found.warn.is_some();
    let mut labels = single::kept(all, before.map(|before| &before.labels));
    if before.is_none() {
        labels.retain(|key, _| !key.starts_with(POD_SECURITY) && key != "kubernetes.io/metadata.name");
    }
    let inputs = Inputs {
        name: name.clone(),
        labels,
        annotations: single::annotations(live, before.map(|before| &before.annotations)),
        pod_security: (any || known.is_some()).then_some(found),
        force: before.is_some_and(|before| before.force),
    };
    Resource { id: name, inputs, outputs: Outputs { uid: single::uid(live) } }
}

impl Kind for Namespace {
    const NAME: &'static str = "kube/namespace";
    const DESCRIPTION: &'static str =
        "A namespace of a Kubernetes cluster; with it goes all that is in it. An import takes its name.";
    const SETTLE_MS: u64 = 2_000;
    const BATCH: u32 = 200;
    const DELETE_FIRST: bool = true;
    const HOMES: &'static [&'static str] = &["config.cluster"];
    type Inputs = Inputs;
    type Outputs = Outputs;
    type Checkpoint = Removing;

    fn check(&self, _: &Context, inputs: &Inputs, report: &mut Report) {
        if !is_label(&inputs.name) {
            report.invalid("name", "bad-name", NAME_RULE);
        }
        single::check_texts(report, &inputs.labels, &inputs.annotations);
        if let Some(key) =
            inputs.labels.keys().find(|key| inputs.pod_security.is_some() && key.starts_with(POD_SECURITY))
        {
            report.invalid(format!("labels.{key}"), "label-twice", "`pod_security` sets this label");
        }
    }

    fn find(&self, context: &Context, request: &Find<Self>) -> Answer<Lookup<Self>> {
        only(self.find_many(context, std::slice::from_ref(request)))
    }

    fn find_many(&self, context: &Context, requests: &[Find<Self>]) -> Vec<Answer<Lookup<Self>>> {
        let ids: Vec<_> = requests.iter().map(|request| id(&request.inputs.name)).collect();
        let tokens = requests.iter().map(|request| request.token.as_str());
        let found = single::find(context, &ids, tokens);
        let told = |(request, live): (&Find<Self>, Answer<Option<Value>>)| {
            Ok(live?.map_or(Lookup::Absent, |live| Lookup::Found(told(&live, Some(&request.inputs)))))
        };
        requests.iter().zip(found).map(told).collect()
    }

    fn read(&self, context: &Context, request: &Read<Self>) -> Answer<Option<Resource<Self>>> {
        only(self.read_many(context, std::slice::from_ref(request)))
    }

    fn read_many(&self, context: &Context, requests: &[Read<Self>]) -> Vec<Answer<Option<Resource<Self>>>> {
        let ids: Vec<_> = requests.iter().map(|request| id(&request.prior.id)).collect();
        let lives = single::fetch(context, &ids);
        let told = |(request, live): (&Read<Self>, Answer<Option<Value>>)| {
            // One that is going is as good as gone, and a new one waits until it is.
            let live = live?.filter(|live| text(live, "/status/phase") != Some("Terminating"));
            Ok(live.map(|live| told(&live, request.prior.inputs.as_ref())))
        };
        requests.iter().zip(lives).map(told).collect()
    }

    fn create(&self, context: &Context, request: &Create<Self>) -> Outcome<Self> {
        only(self.create_many(context, std::slice::from_ref(request)))
    }

    fn create_many(&self, context: &Context, requests: &[Create<Self>]) -> Vec<Outcome<Self>> {
        let each = |request: &Create<Self>| {
            (request.step(), request.address.clone(), request.token.clone(), request.inputs.clone())
        };
        write(context, &requests.iter().map(each).collect::<Vec<_>>())
    }

    fn update(&self, context: &Context, request: &Update<Self>) -> Outcome<Self> {
        only(self.update_many(context, std::slice::from_ref(request)))
    }

    fn update_many(&self, context: &Context, requests: &[Update<Self>]) -> Vec<Outcome<Self>> {
        let ids: Vec<_> = requests.iter().map(|request| id(&request.prior.id)).collect();
        let lives = single::fetch(context, &ids);
        // One that is as it should be is not written again.
        let same = |(request, live): (&Update<Self>, &Answer<Option<Value>>)| {
            let found = told(live.as_ref().ok()?.as_ref()?, Some(&request.inputs));
            let same = object(&found.inputs) == object(&request.inputs);
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
        let removal = |request: &Delete<Self>| {
            let uid = request.prior.outputs.as_ref().map(|outputs| outputs.uid.clone());
            (vec![request.step()], Removal { uid, ..Removal::any(id(&request.prior.id).reference()) })
        };
        let answers = cluster.delete_all(requests.iter().map(removal).collect());
        requests.iter().zip(answers).map(|(request, answer)| gone(&cluster, request, answer)).collect()
    }
}

/// What is written: step, address, token, and the settings.
type Task = (Step, String, String, Inputs);

fn write(context: &Context, each: &[Task]) -> Vec<Outcome<Namespace>> {
    let writes = each.iter().map(|(step, address, token, inputs)| single::Write {
        step: *step,
        id: id(&inputs.name),
        object: object(inputs),
        address,
        token,
        force: inputs.force,
    });
    let applied = single::apply(context, &writes.collect::<Vec<_>>());
    let told = |((.., inputs), live): (&Task, Answer<Value>)| {
        let live = live?;
        if text(&live, "/metadata/deletionTimestamp").is_some() {
            let problem = Problem::new(
                maps_sdk::Class::Unavailable,
                "namespace-going",
                format!("the namespace {} is still being deleted", inputs.name),
            );
            return Err(problem);
        }
        let resource = told(&live, Some(inputs));
        Ok(Progress::Done(Resource { inputs: inputs.clone(), ..resource }))
    };
    each.iter().zip(applied).map(told).collect()
}

/// Is it gone, and if not, what keeps it?
fn gone(cluster: &Cluster, request: &Delete<Namespace>, answer: Answer<Deletion>) -> Answer<Progress<(), Removing>> {
    let id = id(&request.prior.id);
    match answer {
        Ok(Deletion::Absent | Deletion::Gone) => return Ok(Progress::Done(())),
        Ok(Deletion::UnderWay) => {}
        Err(problem) if crate::manifest::is_over(&id, &problem) => return Ok(Progress::Done(())),
        Err(problem) => return Err(crate::manifest::told(&id, problem)),
    }
    let held = match cluster.get(&id.reference()) {
        Ok(Some(live)) => crate::manifest::holds(&live),
        _ => String::new(),
    };
    let taken = request.checkpoint.as_ref().map_or_else(Taken::begin, |checkpoint| checkpoint.taken);
    if taken.ms() >= TIMEOUT_MS {
        let message = format!("the namespace {} is not gone within 10m{held}", id.name);
        let problem = Problem::internal("timed-out", message);
        return Err(problem.help("what holds the finalizers has to let go; then run again"));
    }
    let note = format!("the namespace {} is being deleted with all that is in it{held}", id.name);
    Ok(Progress::pending(Removing { taken: taken.and(RETRY_MS) }, RETRY_MS).id(id.name).note(note))
}
