//! A plugin that does with a cluster what its config says: `{"in": OPERATION, "do": VERB, "object": …}`. It
//! adds nothing and hides nothing, so that what is refused is refused by the host. Without orders it is honest:
//! it applies a ConfigMap of its step's name, and deletes it.

use maps_sdk::kube::{Apply, Cluster, Delete as Deleting, ListOptions, ObjectReference, TypeMeta};
use maps_sdk::schemars::{self, JsonSchema};
use maps_sdk::serde_json::{Value, json};
use maps_sdk::{
    Context, Create, Delete, Find, Kind, Lookup, Outcome, Preview, Previewed, Problem, Progress, Read, Resource,
    Secret, Step, Update,
};
use serde::{Deserialize, Serialize};

#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Inputs {
    name: String,
    size: u32,
    secret: Secret,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Outputs {
    /// What it says that it made.
    #[serde(default)]
    objects: Vec<Named>,
}

#[derive(Clone, Serialize, Deserialize, JsonSchema)]
struct Named {
    api_version: String,
    kind: String,
    namespace: String,
    name: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Orders {
    #[serde(rename = "in")]
    operation: String,
    #[serde(rename = "do")]
    verb: String,
    object: Value,
    /// The cluster's kubeconfig, as it came or as a text of one's own.
    cluster: Option<Value>,
    selector: Option<String>,
    /// Where its object is, if not in `red`.
    namespace: Option<String>,
    /// An object of another's that it says is its own.
    claims: Option<Named>,
    /// Does it tell what it was shown, as the message of a problem?
    tells: bool,
}

fn cluster(orders: &Orders) -> Cluster {
    let named = orders.cluster.as_ref().and_then(|value| value["$sealed"].as_str().or(value.as_str()));
    Cluster::new(&Secret::<String>::from_handle(named.unwrap_or_default()))
}

/// Does as ordered, if this is the operation for it.
fn act(context: &Context, operation: &str, step: Step, inputs: &Inputs) -> Result<(), Problem> {
    let orders: Orders = context.config()?;
    if orders.operation.is_empty() {
        return honest(&orders, operation, step, inputs);
    }
    if orders.operation != operation {
        return Ok(());
    }
    let mut object = orders.object.clone();
    put(&mut object, &maps_sdk::serde_json::to_value(&inputs.secret).unwrap_or_default());
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let kind = TypeMeta::new(text("/apiVersion"), text("/kind"));
    let namespace = Some(text("/metadata/namespace")).filter(|namespace| !namespace.is_empty());
    let reference = ObjectReference { kind: kind.clone(), namespace: namespace.clone(), name: text("/metadata/name") };
    let cluster = cluster(&orders);
    match orders.verb.as_str() {
        "apply" => cluster.apply(step, Apply::new(&object, true)?).map(drop),
        "create" => cluster.create(step, &object).map(drop),
        "dry-run" => maps_sdk::only(cluster.dry_run_all(vec![Apply::new(&object, true)?])).map(drop),
        "delete" => cluster.delete(step, Deleting::any(reference)).map(drop),
        "list" => {
            let (label_selector, field_selector) = (orders.selector, None);
            let shown = cluster.list(&ListOptions { kind, namespace, label_selector, field_selector })?;
            tell(orders.tells, &json!(shown))
        }
        _ => tell(orders.tells, &json!(cluster.get(&reference)?)),
    }
}

/// Takes what it was shown out of the sandbox, if it is ordered to.
fn tell(tells: bool, shown: &Value) -> Result<(), Problem> {
    if tells { Err(Problem::invalid("shown", shown.to_string())) } else { Ok(()) }
}

/// What it does where nobody orders anything else.
fn honest(orders: &Orders, operation: &str, step: Step, inputs: &Inputs) -> Result<(), Problem> {
    let (cluster, mine) = (cluster(orders), own(orders, inputs));
    let metadata = json!({"name": mine.name, "namespace": mine.namespace});
    let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata});
    let Some(reference) = ObjectReference::of(&object) else { return Ok(()) };
    match operation {
        "create" | "update" => cluster.apply(step, Apply::new(&object, false)?).map(drop),
        "delete" => cluster.delete(step, Deleting::any(reference)).map(drop),
        _ => Ok(()),
    }
}

/// What it plans.
fn own(orders: &Orders, inputs: &Inputs) -> Named {
    let namespace = orders.namespace.clone().unwrap_or_else(|| "red".to_owned());
    Named { api_version: "v1".to_owned(), kind: "ConfigMap".to_owned(), namespace, name: inputs.name.clone() }
}

/// Puts the sealed value of the step where the object says so.
fn put(object: &mut Value, secret: &Value) {
    match object {
        Value::String(text) if text == "«secret»" => *object = secret.clone(),
        Value::Object(members) => members.values_mut().for_each(|member| put(member, secret)),
        Value::Array(items) => items.iter_mut().for_each(|item| put(item, secret)),
        _ => {}
    }
}

struct Thing;

impl Kind for Thing {
    const NAME: &'static str = "red-kube/thing";
    const DESCRIPTION: &'static str = "Whatever it is said to be.";
    const PREVIEWS: bool = true;
    type Inputs = Inputs;
    type Outputs = Outputs;
    type Checkpoint = ();

    fn preview(&self, context: &Context, request: &Preview<Self>) -> Result<Previewed, Problem> {
        act(context, "preview", Step::FIRST, &request.inputs)?;
        let planned = own(&context.config()?, &request.inputs);
        let objects = vec![maps_sdk::serde_json::to_value(planned).unwrap_or_default()];
        Ok(Previewed { outputs: Value::Null, objects })
    }

    fn find(&self, context: &Context, request: &Find<Self>) -> Result<Lookup<Self>, Problem> {
        let orders: Orders = context.config()?;
        let found = || thing(context, request.inputs.clone());
        Ok(match orders.verb.as_str() {
            "found" => Lookup::Found(found()?),
            "unfinished" => Lookup::Unfinished(found()?, ()),
            "unusable" => Lookup::Unusable(found()?, "it is of no use".to_owned()),
            _ => Lookup::Absent,
        })
    }

    fn read(&self, context: &Context, request: &Read<Self>) -> Result<Option<Resource<Self>>, Problem> {
        let Some(inputs) = request.prior.inputs.clone() else { return Ok(None) };
        act(context, "read", Step::FIRST, &inputs)?;
        let objects = request.prior.outputs.as_ref().map(|outputs| outputs.objects.clone()).unwrap_or_default();
        Ok(Some(Resource { outputs: Outputs { objects }, ..thing(context, inputs)? }))
    }

    fn create(&self, context: &Context, request: &Create<Self>) -> Outcome<Self> {
        act(context, "create", request.step(), &request.inputs)?;
        Ok(Progress::Done(thing(context, request.inputs.clone())?))
    }

    fn update(&self, context: &Context, request: &Update<Self>) -> Outcome<Self> {
        act(context, "update", request.step(), &request.inputs)?;
        Ok(Progress::Done(thing(context, request.inputs.clone())?))
    }

    fn delete(&self, context: &Context, request: &Delete<Self>) -> Result<Progress<(), ()>, Problem> {
        if let Some(inputs) = &request.prior.inputs {
            act(context, "delete", request.step(), inputs)?;
        }
        Ok(Progress::Done(()))
    }
}

fn thing(context: &Context, inputs: Inputs) -> Result<Resource<Thing>, Problem> {
    let orders: Orders = context.config()?;
    let objects = [own(&orders, &inputs)].into_iter().chain(orders.claims).collect();
    Ok(Resource { id: inputs.name.clone(), inputs, outputs: Outputs { objects } })
}

maps_sdk::plugin!(Thing);
