//! Documents of rendered templates: split, told apart, and put in the order of installation.

use std::cmp::Ordering;

use bstr::{BStr, ByteSlice};

use super::head::Head;
use crate::value::Str;

/// The kinds that have a place, in the order in which Helm 4.1.4 installs them; all others follow by name.
const INSTALL_ORDER: [&str; 38] = [
    "PriorityClass",
    "Namespace",
    "NetworkPolicy",
    "ResourceQuota",
    "LimitRange",
    "PodSecurityPolicy",
    "PodDisruptionBudget",
    "ServiceAccount",
    "Secret",
    "SecretList",
    "ConfigMap",
    "StorageClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "CustomResourceDefinition",
    "ClusterRole",
    "ClusterRoleList",
    "ClusterRoleBinding",
    "ClusterRoleBindingList",
    "Role",
    "RoleList",
    "RoleBinding",
    "RoleBindingList",
    "Service",
    "DaemonSet",
    "Pod",
    "ReplicationController",
    "ReplicaSet",
    "Deployment",
    "HorizontalPodAutoscaler",
    "StatefulSet",
    "Job",
    "CronJob",
    "IngressClass",
    "Ingress",
    "APIService",
    "MutatingWebhookConfiguration",
    "ValidatingWebhookConfiguration",
];

/// When a hook runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Event {
    /// `pre-install`.
    PreInstall,
    /// `post-install`.
    PostInstall,
    /// `pre-delete`.
    PreDelete,
    /// `post-delete`.
    PostDelete,
    /// `pre-upgrade`.
    PreUpgrade,
    /// `post-upgrade`.
    PostUpgrade,
    /// `pre-rollback`.
    PreRollback,
    /// `post-rollback`.
    PostRollback,
    /// `test`, and `test-success`, as Helm 2 called it.
    Test,
}

impl Event {
    /// The event of this name in an annotation.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "pre-install" => Self::PreInstall,
            "post-install" => Self::PostInstall,
            "pre-delete" => Self::PreDelete,
            "post-delete" => Self::PostDelete,
            "pre-upgrade" => Self::PreUpgrade,
            "post-upgrade" => Self::PostUpgrade,
            "pre-rollback" => Self::PreRollback,
            "post-rollback" => Self::PostRollback,
            "test" | "test-success" => Self::Test,
            _ => return None,
        })
    }

    /// Its name in an annotation and in a stored release.
    pub fn name(self) -> &'static str {
        match self {
            Self::PreInstall => "pre-install",
            Self::PostInstall => "post-install",
            Self::PreDelete => "pre-delete",
            Self::PostDelete => "post-delete",
            Self::PreUpgrade => "pre-upgrade",
            Self::PostUpgrade => "post-upgrade",
            Self::PreRollback => "pre-rollback",
            Self::PostRollback => "post-rollback",
            Self::Test => "test",
        }
    }
}

/// A document that becomes an object of the cluster.
#[derive(Clone, Debug, PartialEq)]
pub struct Manifest {
    /// The template it came from: `chart/templates/a.yaml`.
    pub source: Str,
    /// Its text, without the white space around it.
    pub content: Str,
    /// `apiVersion`; empty where there is none.
    pub api_version: Str,
    /// `kind`; empty where there is none.
    pub kind: Str,
    /// `metadata.name`; empty where there is none.
    pub name: Str,
}

/// A document that is applied when something happens, and is no part of the release's manifest.
#[derive(Clone, Debug, PartialEq)]
pub struct Hook {
    /// The document.
    pub manifest: Manifest,
    /// When it runs; never empty.
    pub events: Vec<Event>,
    /// Its place among those of one event: smaller ones first.
    pub weight: i64,
    /// `before-hook-creation`, `hook-succeeded`, `hook-failed`, as the annotation has them, in lower case.
    pub delete_policies: Vec<String>,
    /// `hook-succeeded`, `hook-failed`: when its log is shown.
    pub output_log_policies: Vec<String>,
}

/// Manifests and hooks, each in their order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sorted {
    /// What is installed.
    pub manifests: Vec<Manifest>,
    /// What runs around that.
    pub hooks: Vec<Hook>,
}

/// Splits and sorts the outputs of templates. `files` come by path, in the order of its bytes.
///
/// # Errors
/// A document that is no YAML, or has no head as objects have it, in Helm's words.
pub fn sort<'a>(files: impl IntoIterator<Item = (&'a Str, &'a [u8])>) -> Result<Sorted, String> {
    let mut sorted = Sorted::default();
    for (source, content) in files {
        let partial = source.rsplit_str("/").next().is_some_and(|base| base.starts_with(b"_"));
        if partial || content.trim().is_empty() {
            continue;
        }
        for document in split(content.as_bstr()) {
            let head = Head::read(document).map_err(|why| format!("YAML parse error on {source}: {why}"))?;
            head.file(source, document, &mut sorted);
        }
    }
    sorted.manifests.sort_by(|a, b| by_kind(&a.kind, &b.kind));
    sorted.hooks.sort_by(|a, b| by_kind(&a.manifest.kind, &b.manifest.kind));
    Ok(sorted)
}

/// The documents of a stream, as Helm's pattern `(?:^|\s*\n)---\s*` splits it: three dashes that begin a line
/// part documents whatever follows them, and take the white space around them along.
pub fn split(stream: &BStr) -> Vec<&BStr> {
    let stream = stream.trim();
    let mut documents = Vec::new();
    let mut start = 0;
    let mut from = 0;
    while let Some(found) = stream.get(from..).and_then(|rest| rest.find("---")) {
        let dashes = from + found;
        let before = stream.get(start..dashes).unwrap_or_default();
        if dashes == 0 || before.ends_with(b"\n") {
            documents.push(trim_end_space(before));
            let after = stream.get(dashes + 3..).unwrap_or_default();
            start = stream.len() - after.trim_start_with(is_space).len();
            from = start;
        } else {
            from = dashes + 1;
        }
    }
    documents.push(stream.get(start..).unwrap_or_default());
    documents.retain(|document| !document.is_empty());
    documents.into_iter().map(|document| document.trim().as_bstr()).collect()
}

/// What `\s` is in Go's regular expressions.
fn is_space(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\x0c' | '\r' | ' ')
}

fn trim_end_space(text: &[u8]) -> &[u8] {
    text.trim_end_with(is_space)
}

/// Go's order of kinds: those that have a place first, the others by name.
fn by_kind(a: &Str, b: &Str) -> Ordering {
    let place = |kind: &Str| INSTALL_ORDER.iter().position(|known| kind.as_bytes() == known.as_bytes());
    match (place(a), place(b)) {
        (Some(a), Some(b)) => a.cmp(&b),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => a.cmp(b),
    }
}

impl Head {
    /// Puts the document where it belongs: among the manifests, or, by its annotation, among the hooks. One whose
    /// annotation names no event that Helm knows is left out.
    fn file(self, source: &Str, document: &BStr, sorted: &mut Sorted) {
        let events = self.annotation("helm.sh/hook").map(|events| names(events, Event::named));
        let weight = self.annotation("helm.sh/hook-weight").map_or(0, weight);
        let policies = |name: &str| {
            let policies = self.annotation(name).map(|policies| names(policies, |policy| Some(policy.to_owned())));
            policies.flatten().unwrap_or_default()
        };
        let delete_policies = policies("helm.sh/hook-delete-policy");
        let output_log_policies = policies("helm.sh/hook-output-log-policy");
        let manifest = Manifest {
            source: source.clone(),
            content: document.as_bytes().into(),
            api_version: self.api_version,
            kind: self.kind,
            name: self.name,
        };
        match events {
            None => sorted.manifests.push(manifest),
            Some(Some(events)) => {
                sorted.hooks.push(Hook { manifest, events, weight, delete_policies, output_log_policies });
            }
            Some(None) => {}
        }
    }
}

/// A list between commas, as Helm reads one: in lower case, without the space around each.
fn names<T>(list: &BStr, named: impl Fn(&str) -> Option<T>) -> Option<Vec<T>> {
    list.split_str(",").map(|name| named(&name.trim().to_str_lossy().to_lowercase())).collect()
}

/// Go's `strconv.Atoi`, and 0 for what is no number.
fn weight(text: &BStr) -> i64 {
    text.to_str().ok().and_then(|text| text.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn streams_are_split_as_helms_pattern_splits_them() {
        for (stream, documents) in [
            ("", vec![]),
            ("a: 1\n", vec!["a: 1"]),
            ("---\na\n\n---   \n\nb  \n", vec!["a", "b"]),
            ("---\n---\na", vec!["---\na"]),
            ("a\n---\n\n---\nb", vec!["a", "---\nb"]),
            ("a\n---b\n", vec!["a", "b"]),
            ("a\n----\nb", vec!["a", "-\nb"]),
            ("a\n ---\nb", vec!["a\n ---\nb"]),
            ("a\r\n---\r\nb", vec!["a", "b"]),
            ("a\n---\u{a0}\nb", vec!["a", "b"]),
            ("a ---\nb", vec!["a ---\nb"]),
            ("a\n---", vec!["a"]),
            ("  ---\na", vec!["a"]),
            ("a\n---\n\u{a0}\n---\n\u{85}", vec!["a", ""]),
        ] {
            assert_eq!(split(stream.into()), documents, "{stream:?}");
        }
    }

    fn sorted(files: &[(&str, &str)]) -> Result<Sorted, String> {
        let files: Vec<(Str, &str)> = files.iter().map(|(name, text)| ((*name).into(), *text)).collect();
        sort(files.iter().map(|(name, text)| (name, text.as_bytes())))
    }

    #[test]
    fn kinds_have_their_order_and_files_theirs() {
        let of = |kind: &str, name: &str| format!("kind: {kind}\nmetadata: {{name: {name}}}\n");
        let text =
            [of("Zebra", "z"), of("Pod", "p2"), of("Pod", "p1"), of("Ant", "a"), of("Namespace", "ns")].join("---\n");
        let sorted =
            sorted(&[("c/templates/_a.yaml", "{"), ("c/templates/a.yaml", &text), ("c/templates/b.yaml", " \n")]);
        let names: Vec<String> = sorted.unwrap().manifests.iter().map(|manifest| manifest.name.to_string()).collect();
        assert_eq!(names, ["ns", "p2", "p1", "a", "z"]);
    }

    #[test]
    fn annotations_make_hooks() {
        let text = "kind: Job
metadata:
  name: j
  annotations:
    helm.sh/hook: Pre-Install, test-success
    helm.sh/hook-weight: -5
    helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
---
kind: Pod
metadata: {annotations: {helm.sh/hook: never}}
---
kind: Pod
metadata: {annotations: {helm.sh/hook-weight: x}}
";
        let sorted = sorted(&[("c/templates/a.yaml", text)]).unwrap();
        let [hook] = &sorted.hooks[..] else { panic!("{sorted:?}") };
        assert_eq!(hook.events, [Event::PreInstall, Event::Test]);
        assert_eq!(hook.weight, -5);
        assert_eq!(hook.delete_policies, ["before-hook-creation", "hook-succeeded"]);
        assert_eq!(sorted.manifests.len(), 1);
    }
}
