//! The kind `cnpg/cluster`: a database of PostgreSQL with its standbys.

pub mod begin;
mod change;
mod check;
mod fields;
mod image;
pub mod model;
mod parameters;
mod state;
mod words;

use maps_kube_objects::id::ObjectId;
use maps_kube_objects::ready::Status;
use maps_kube_objects::taken::duration;
use maps_sdk::kube::{Cluster, ListOptions, TypeMeta};
use maps_sdk::{Known, Loss, Problem, Report};
use serde_json::{Value, json};

use crate::custom::{Custom, text};
use crate::extension::Extension;
use crate::fields::Field;
pub use model::{Inputs, Outputs};

/// What PostgreSQL listens on.
const PORT: u16 = 5432;

/// Databases.
#[derive(Clone, Copy, Debug, Default)]
pub struct Databases;

impl Custom for Databases {
    const NAME: &'static str = "cnpg/cluster";
    const DESCRIPTION: &'static str = "A PostgreSQL database with its standbys, volumes and backups, which CloudNativePG \
                                       keeps; it is done when it is healthy. Deleting it deletes its volumes: say \
                                       `options: {protect: true}`. An import takes `namespace/name`.";
    const KIND: &'static str = "Cluster";
    const LOSES: Option<Loss> =
        Some(Loss { what: "its volumes and all data in them; backups last as long as their bucket", only_if: None });
    const FIELDS: &'static [Field] = fields::FIELDS;
    const OWN: &'static [&'static str] = &["wait", "timeout"];
    type Inputs = Inputs;
    type Outputs = Outputs;

    fn check(inputs: &Inputs, report: &mut Report) {
        check::check(inputs, report);
    }

    fn place(inputs: &Inputs) -> (&str, &str) {
        (&inputs.namespace, &inputs.name)
    }

    fn refusal(old: &Inputs, new: &Inputs, known: &Known) -> Option<Problem> {
        change::refusal(old, new, known)
    }

    fn patience(inputs: &Inputs) -> Option<u64> {
        inputs.wait.then(|| duration(&inputs.timeout)).flatten()
    }

    fn state(inputs: &Inputs, live: &Value) -> Status {
        state::state(inputs, live)
    }

    fn explain(cluster: &Cluster, id: &ObjectId) -> Vec<String> {
        state::explain(cluster, id)
    }

    /// All that is known of it beforehand.
    fn planned(inputs: &Inputs, known: &Known) -> Value {
        let Inputs { name, namespace, .. } = inputs;
        let host = |part: &str| format!("{name}-{part}.{namespace}.svc");
        let mut planned = json!({
            "name": name, "namespace": namespace, "port": PORT, "write_host": host("rw"), "read_host": host("r"),
            "read_only_host": host("ro"), "ca_secret": format!("{name}-ca"),
        });
        let begins =
            ["bootstrap", "bootstrap.initdb.secret", "bootstrap.recovery.secret", "bootstrap.pg_basebackup.secret"];
        if begins.iter().all(|path| known.at(path)) {
            planned["app_secret"] = app_secret(inputs).into();
        }
        let superuser = inputs.superuser.as_ref().filter(|superuser| superuser.enabled);
        if let Some(superuser) = superuser.filter(|_| known.at("superuser.enabled") && known.at("superuser.secret")) {
            let own = || format!("{name}-superuser");
            planned["superuser_secret"] = superuser.secret.clone().unwrap_or_else(own).into();
        }
        planned
    }

    fn outputs(inputs: &Inputs, live: &Value) -> Result<Outputs, Problem> {
        let told = |pointer: &str| Some(text(live, pointer).to_owned()).filter(|text| !text.is_empty());
        let mut all = Self::planned(inputs, &Known::default());
        all["uid"] = text(live, "/metadata/uid").into();
        all["phase"] = text(live, "/status/phase").into();
        all["healthy"] = (state::state(inputs, live) == Status::Ready).into();
        all["primary"] = told("/status/currentPrimary").into();
        all["image"] = told("/status/image").into();
        let ready = live.pointer("/status/readyInstances").and_then(Value::as_u64).unwrap_or_default();
        all["ready_instances"] = u32::try_from(ready).unwrap_or(u32::MAX).into();
        serde_json::from_value(all).map_err(|error| Problem::internal("bad-outputs", error.to_string()))
    }

    /// Its volume claims go after it; until they have, their volumes are there and cost.
    fn belongings(id: &ObjectId) -> Vec<ListOptions> {
        let list = |kind: &str| ListOptions {
            namespace: id.namespace.clone(),
            label_selector: Some(state::selector(&id.name)),
            ..ListOptions::all(TypeMeta::new("v1", kind))
        };
        vec![list("Pod"), list("PersistentVolumeClaim")]
    }

    fn farewell(inputs: Option<&Inputs>, id: &ObjectId) -> Option<String> {
        let store = inputs.and_then(|inputs| inputs.backup.as_ref()).map(|backup| &backup.object_store.destination);
        let archived = inputs.is_some_and(|inputs| inputs.plugins.iter().any(Extension::archives));
        let kept = match store {
            Some(store) => format!("and its backups in {store} last as long as that bucket"),
            None if archived => "and the backups of its plugin last as long as their bucket".to_owned(),
            None => "and there are no backups of it".to_owned(),
        };
        Some(format!("the database {} goes with its volumes, {kept}", id.place()))
    }
}

fn app_secret(inputs: &Inputs) -> String {
    let given = inputs.bootstrap.as_ref().and_then(|bootstrap| bootstrap.application()?.secret.cloned());
    given.unwrap_or_else(|| format!("{}-app", inputs.name))
}
