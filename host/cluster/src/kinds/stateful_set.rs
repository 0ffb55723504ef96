//! `apps/v1` StatefulSet.

use serde_json::{Value, json};

use super::labels::{compiles, form};
use super::pod_container::nonnegative;
use super::workload::{
    as_printed, at_most_all, collisions, count_or_percent, counts, for_ever, keep_spec, selector, share,
    template_labels,
};
use super::{name, pod_defaults, pod_spec, pod_warnings};
use crate::invalid::{Invalid, Why};
use crate::object::{at, default, existing, has, int, items, items_mut, keep, make, remove, set, text};
use crate::path::Path;
use crate::registry::Behaviour;

/// StatefulSets.
#[derive(Debug)]
pub(crate) struct StatefulSet;

/// What may change of a StatefulSet.
const CHANGEABLE: &[&str] = &[
    "replicas",
    "ordinals",
    "template",
    "updateStrategy",
    "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy",
    "minReadySeconds",
];

impl Behaviour for StatefulSet {
    fn default(&self, object: &mut Value) {
        let Some(spec) = make(object, "spec") else { return };
        default(spec, "podManagementPolicy", "OrderedReady");
        default(spec, "replicas", 1);
        default(spec, "revisionHistoryLimit", 10);
        if let Some(template) = make(spec, "template") {
            pod_defaults::template(template);
        }
        if let Some(strategy) = make(spec, "updateStrategy") {
            if text(strategy, "type").is_empty() {
                set(strategy, "type", "RollingUpdate");
                make(strategy, "rollingUpdate");
            }
            if text(strategy, "type") == "RollingUpdate"
                && let Some(update) = existing(strategy, "rollingUpdate")
            {
                default(update, "partition", 0);
            }
        }
        if let Some(policy) = make(spec, "persistentVolumeClaimRetentionPolicy") {
            default(policy, "whenDeleted", "Retain");
            default(policy, "whenScaled", "Retain");
        }
        for claim in items_mut(spec, "volumeClaimTemplates") {
            set(claim, "apiVersion", "v1");
            set(claim, "kind", "PersistentVolumeClaim");
            make(claim, "metadata");
            if let Some(spec) = make(claim, "spec") {
                make(spec, "resources");
                default(spec, "volumeMode", "Filesystem");
            }
            if let Some(status) = make(claim, "status") {
                default(status, "phase", "Pending");
            }
        }
    }

    fn prepare_create(&self, object: &mut Value) {
        set(object, "status", json!({"replicas": 0, "availableReplicas": 0}));
        // The field is there, but its feature is not on unless asked for.
        let strategy = existing(object, "spec").and_then(|spec| existing(spec, "updateStrategy"));
        if let Some(update) = strategy.and_then(|strategy| existing(strategy, "rollingUpdate")) {
            remove(update, "maxUnavailable");
        }
    }

    fn prepare_status(&self, object: &mut Value, old: &Value) {
        keep_spec(object, old);
    }

    fn validate(&self, object: &Value) -> Vec<Invalid> {
        validate(at(object, "spec"), true)
    }

    fn validate_update(&self, object: &Value, old: &Value) -> Vec<Invalid> {
        // What was wrong already may stay wrong: the template, the name of the service, the claims.
        let strict = validate(at(old, "spec"), true).is_empty();
        let mut errors = validate(at(object, "spec"), strict);
        let mut rest = at(object, "spec").clone();
        for field in CHANGEABLE {
            keep(&mut rest, at(old, "spec"), field);
        }
        if rest != *at(old, "spec") {
            let detail = "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', \
                          'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and \
                          'minReadySeconds' are forbidden";
            errors.push(Invalid::forbidden("spec", detail));
        }
        errors
    }

    fn validate_status(&self, object: &Value, old: &Value) -> Vec<Invalid> {
        const MORE: &str = "cannot be greater than status.replicas";
        let fields = [
            "replicas",
            "readyReplicas",
            "currentReplicas",
            "updatedReplicas",
            "availableReplicas",
            "observedGeneration",
            "collisionCount",
        ];
        let order = [
            ("readyReplicas", "replicas", MORE),
            ("currentReplicas", "replicas", MORE),
            ("updatedReplicas", "replicas", MORE),
            ("availableReplicas", "replicas", MORE),
            ("availableReplicas", "readyReplicas", "cannot be greater than status.readyReplicas"),
        ];
        let mut errors = counts(at(object, "status"), &fields, &order);
        errors.extend(collisions(object, old));
        errors
    }

    fn validate_name(&self, name: &str) -> Vec<String> {
        name::label(name)
    }

    fn warnings(&self, object: &Value, old: Option<&Value>) -> Vec<String> {
        let mut warnings = pod_warnings::of_template(object, old);
        if old.is_none() && int(at(object, "spec"), "revisionHistoryLimit").is_some_and(|limit| limit < 0) {
            let detail = "spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is \
                          recommended";
            warnings.push(detail.to_owned());
        }
        warnings
    }

    fn has_generation(&self) -> bool {
        true
    }

    fn has_status(&self) -> bool {
        true
    }
}

/// `strict` also looks at what servers did not look at once.
fn validate(spec: &Value, strict: bool) -> Vec<Invalid> {
    let path = Path::new("spec");
    let mut errors = Vec::new();
    let management = path.child("podManagementPolicy");
    match text(spec, "podManagementPolicy") {
        "OrderedReady" | "Parallel" => {}
        "" => errors.push(Invalid::required(management, "")),
        _ => {
            let detail = "must be 'OrderedReady' or 'Parallel'";
            errors.push(Invalid::invalid(management, at(spec, "podManagementPolicy"), detail));
        }
    }
    update_strategy(at(spec, "updateStrategy"), &path.child("updateStrategy"), &mut errors);
    let retention = at(spec, "persistentVolumeClaimRetentionPolicy");
    for field in ["whenDeleted", "whenScaled"].into_iter().filter(|_| !retention.is_null()) {
        if !matches!(text(retention, field), "Retain" | "Delete") {
            let path = path.child("persistentVolumeClaimRetentionPolicy").child(field);
            errors.push(Invalid::not_supported(path, at(retention, field), &["Retain", "Delete"]));
        }
    }
    for field in ["replicas", "minReadySeconds"] {
        errors.extend(nonnegative(path.child(field), int(spec, field)));
    }
    errors.extend(nonnegative(path.child("ordinals.start"), int(at(spec, "ordinals"), "start")));
    errors.extend(selector(spec, "statefulset", &path));
    match compiles(at(spec, "selector")) {
        false => errors.push(Invalid::invalid(path.child("selector"), at(spec, "selector"), "")),
        true => {
            errors.extend(template_labels(spec, &path));
            if strict {
                errors.extend(pod_spec::template(&with_claims(spec), &path.child("template")));
            }
        }
    }
    errors.extend(for_ever(spec, "StatefulSet", &path));
    let service = text(spec, "serviceName");
    if strict && !service.is_empty() {
        errors.extend(form(&path.child("serviceName"), service, name::label));
    }
    for (index, claim) in items(spec, "volumeClaimTemplates").iter().enumerate().filter(|_| strict) {
        let path = path.child("volumeClaimTemplates").index(index).child("spec");
        let claim = at(claim, "spec");
        if items(claim, "accessModes").is_empty() {
            errors.push(Invalid::required(path.child("accessModes"), "at least 1 access mode is required"));
        }
        if !has(at(at(claim, "resources"), "requests"), "storage") {
            errors.push(Invalid::required(path.child("resources").key("storage"), ""));
        }
    }
    errors
}

/// The template with the volumes that claims make for each Pod, in place of those of the same names.
fn with_claims(spec: &Value) -> Value {
    let mut template = at(spec, "template").clone();
    let names: Vec<&str> =
        items(spec, "volumeClaimTemplates").iter().map(|claim| text(at(claim, "metadata"), "name")).collect();
    let pod = existing(&mut template, "spec");
    if let Some(pod) = pod.filter(|_| !names.is_empty()) {
        let kept = items(pod, "volumes").iter().filter(|volume| !names.contains(&text(volume, "name"))).cloned();
        let made =
            names.iter().map(|name| json!({"name": name, "persistentVolumeClaim": {"claimName": format!("{name}-0")}}));
        let volumes: Vec<Value> = kept.chain(made).collect();
        set(pod, "volumes", volumes);
    }
    template
}

fn update_strategy(strategy: &Value, path: &Path, errors: &mut Vec<Invalid>) {
    let update = at(strategy, "rollingUpdate");
    let at_update = path.child("rollingUpdate");
    let printed = || {
        let partition = int(update, "partition").unwrap_or_default();
        format!("{{\"Partition\":{partition},\"MaxUnavailable\":{}}}", at(update, "maxUnavailable"))
    };
    match text(strategy, "type") {
        "" => errors.push(Invalid::required(path, "")),
        "OnDelete" if update.is_null() => {}
        "OnDelete" => {
            let detail = "only allowed for updateStrategy 'RollingUpdate'".to_owned();
            errors.push(as_printed(Why::Invalid, at_update, printed(), detail));
        }
        "RollingUpdate" if update.is_null() => {}
        "RollingUpdate" => {
            errors.extend(nonnegative(at_update.child("partition"), int(update, "partition")));
            let most = at(update, "maxUnavailable");
            if !most.is_null() {
                let path = at_update.child("maxUnavailable");
                errors.extend(count_or_percent(most, &path));
                if share(most) == 0 {
                    errors.push(Invalid::invalid(&path, most, "cannot be 0"));
                }
                errors.extend(at_most_all(most, &path));
            }
        }
        kind => {
            let rolling = if update.is_null() { "null".to_owned() } else { printed() };
            let value = format!("{{\"Type\":{},\"RollingUpdate\":{rolling}}}", Value::from(kind));
            let detail = "must be 'RollingUpdate' or 'OnDelete'".to_owned();
            errors.push(as_printed(Why::Invalid, path.clone(), value, detail));
        }
    }
}
