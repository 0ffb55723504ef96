//! The kind `kube/namespace`.

use std::collections::BTreeMap;

use maps_sdk::kube::Cluster;
use maps_sdk::{Class, Loss, Problem, Report, Update};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::id::{ObjectId, is_label, text};
use crate::mark;
use crate::single::{self, InCluster, Single, Texts, Waits};

/// What names of namespaces are.
pub(crate) const NAME_RULE: &str =
    "the name of a namespace is up to 63 lower-case letters, digits and dashes, and begins and ends with none of these";
/// What the labels of Pod Security Admission begin with.
const POD_SECURITY: &str = "pod-security.kubernetes.io/";

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

/// Namespaces.
#[derive(Clone, Copy, Debug, Default)]
pub struct Namespace;

fn id(name: &str) -> ObjectId {
    ObjectId { api_version: "v1".to_owned(), kind: "Namespace".to_owned(), namespace: None, name: name.to_owned() }
}

impl Single for Namespace {
    const NAME: &'static str = "kube/namespace";
    const DESCRIPTION: &'static str =
        "A namespace of a Kubernetes cluster; with it goes all that is in it. An import takes its name.";
    const BATCH: u32 = 200;
    const RETRY_MS: u64 = 3_000;
    const LOSES: Option<Loss> = Some(Loss { what: "all that is in it, whoever made it", only_if: None });
    type Inputs = Inputs;

    fn check(inputs: &Inputs, report: &mut Report) {
        if !is_label(&inputs.name) {
            report.invalid("name", "bad-name", NAME_RULE);
        }
        mark::check(report, &inputs.labels, &inputs.annotations);
        if let Some(key) =
            inputs.labels.keys().find(|key| inputs.pod_security.is_some() && key.starts_with(POD_SECURITY))
        {
            report.invalid(format!("labels.{key}"), "label-twice", "`pod_security` sets this label");
        }
    }

    fn id(inputs: &Inputs) -> ObjectId {
        id(&inputs.name)
    }

    fn named(name: &str) -> Result<ObjectId, Problem> {
        Ok(id(name))
    }

    fn resource_id(id: &ObjectId) -> String {
        id.name.clone()
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

    fn force(inputs: &Inputs) -> bool {
        inputs.force
    }

    fn told(live: &Value, before: Option<&Inputs>) -> Inputs {
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
        Inputs {
            name: text(live, "/metadata/name").unwrap_or_default().to_owned(),
            labels,
            annotations: single::annotations(live, before.map(|before| &before.annotations)),
            pod_security: (any || known.is_some()).then_some(found),
            force: before.is_some_and(|before| before.force),
        }
    }

    fn is_same(request: &Update<InCluster<Self>>, found: &Inputs) -> bool {
        Self::object(found) == Self::object(&request.inputs)
    }

    /// A new one waits until it is gone.
    fn is_going(live: &Value) -> bool {
        text(live, "/status/phase") == Some("Terminating")
    }

    fn written(inputs: &Inputs, live: &Value) -> Result<(), Problem> {
        if text(live, "/metadata/deletionTimestamp").is_none() {
            return Ok(());
        }
        let message = format!("the namespace {} is still being deleted", inputs.name);
        Err(Problem::new(Class::Unavailable, "namespace-going", message))
    }

    fn waits(cluster: &Cluster, id: &ObjectId) -> Waits {
        let held = match cluster.get(&id.reference()) {
            Ok(Some(live)) => crate::remove::holds(&live),
            _ => String::new(),
        };
        Waits {
            what: format!("the namespace {}", id.name),
            note: "is being deleted with all that is in it".to_owned(),
            held,
            help: "what holds the finalizers has to let go; then run again",
        }
    }
}
