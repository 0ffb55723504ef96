//! What CloudNativePG would refuse of a database, told before anything is asked: its own admission rules, by input.

use std::collections::BTreeSet;

use maps_kube_objects::id::is_label;
use maps_kube_objects::mark;
use maps_kube_objects::taken::duration;
use maps_sdk::Report;

use super::model::{Affinity, Inputs, Operator, Resources, Storage, UpdateStrategy};
use super::state::HIBERNATION;
use super::{begin, image, parameters};
use crate::quantity::{postgres, quantity};
use crate::text::Text;
use crate::{extension, store};

/// The longest name: what the operator puts behind it has to fit into a label as well.
const LONGEST_NAME: usize = 50;
/// Roles that the operator uses itself.
const RESERVED_ROLES: [&str; 3] = ["postgres", "streaming_replica", "cnpg_pooler_pgbouncer"];

pub(super) fn check(inputs: &Inputs, report: &mut Report) {
    place(inputs, report);
    if inputs.instances == 0 {
        report.invalid("instances", "no-instance", "a database has at least one instance");
    }
    if let Some(fault) = inputs.image.as_deref().and_then(image::fault) {
        report.invalid("image", "bad-image", fault);
    }
    synchronous(inputs, report);
    parameters::check(inputs, report);
    storage(report, "storage", &inputs.storage);
    if let Some(wal) = &inputs.wal_storage {
        storage(report, "wal_storage", wal);
    }
    if let Some(wanted) = &inputs.resources {
        resources(inputs, wanted, report);
    }
    if let Some(affinity) = &inputs.affinity {
        tolerations(affinity, report);
    }
    if let Some(bootstrap) = &inputs.bootstrap {
        begin::check(inputs, bootstrap, report);
    }
    if inputs.superuser.as_ref().is_some_and(|superuser| !superuser.enabled && superuser.secret.is_some()) {
        report.invalid("superuser.secret", "superuser-off", "a Secret is for a superuser that is enabled");
    }
    roles(inputs, report);
    backup(inputs, report);
    let supervised = inputs.primary_update_strategy == Some(UpdateStrategy::Supervised);
    if supervised && inputs.instances == 1 {
        let message = "with one instance nobody could supervise how another takes over: it is `unsupervised`";
        report.across(&["primary_update_strategy", "instances"], "one-instance", message);
    }
    if duration(&inputs.timeout).is_none() {
        report.invalid("timeout", "bad-duration", "a duration is written like `20m`, `90s` or `1h30m`");
    }
}

fn place(inputs: &Inputs, report: &mut Report) {
    let name = &inputs.name;
    if !is_label(name) || !name.starts_with(|c: char| c.is_ascii_lowercase()) || name.len() > LONGEST_NAME {
        let message = "a name is up to 50 lower-case letters, digits and dashes; it begins with a letter and ends with none of the dashes";
        report.invalid("name", "bad-name", message);
    }
    if !is_label(&inputs.namespace) {
        let message = "a namespace is up to 63 lower-case letters, digits and dashes, and begins and ends with none of the dashes";
        report.invalid("namespace", "bad-namespace", message);
    }
    mark::check(report, &inputs.labels, &inputs.annotations);
    if inputs.annotations.get(HIBERNATION).is_some_and(|value| !matches!(value.as_str(), "on" | "off")) {
        report.invalid(format!("annotations.{HIBERNATION}"), "bad-hibernation", "hibernation is `on` or `off`");
    }
}

fn synchronous(inputs: &Inputs, report: &mut Report) {
    let Some(wanted) = &inputs.synchronous else { return };
    let others = wanted.standby_names_pre.len() + wanted.standby_names_post.len();
    let most = usize::try_from(inputs.instances).unwrap_or(usize::MAX).saturating_add(others);
    if wanted.number == 0 {
        report.invalid(
            "synchronous.number",
            "no-standby",
            "at least one standby is synchronous; leave it out for none",
        );
    } else if usize::try_from(wanted.number).unwrap_or(usize::MAX) >= most {
        let message = format!(
            "{} synchronous standbys need more than {} instances: the primary is none of them",
            wanted.number, inputs.instances
        );
        let paths =
            ["synchronous.number", "instances", "synchronous.standby_names_pre", "synchronous.standby_names_post"];
        report.across(&paths, "too-few-instances", message);
    }
    if wanted.data_durability == Some(super::model::Durability::Preferred) && others > 0 {
        let message = "`preferred` counts the standbys of this database alone, so no others are named";
        report.invalid("synchronous.data_durability", "other-standbys", message);
    }
}

fn storage(report: &mut Report, at: &str, storage: &Storage) {
    if quantity(&storage.size.0).is_none_or(|size| size <= 0) {
        report.invalid(format!("{at}.size"), "bad-size", "a size is written like `100Gi`");
    }
    if storage.class.as_deref() == Some("") {
        report.invalid(
            format!("{at}.class"),
            "empty",
            "name a StorageClass, or leave it out for the cluster's default",
        );
    }
}

fn resources(inputs: &Inputs, wanted: &Resources, report: &mut Report) {
    for (part, all) in [("requests", &wanted.requests), ("limits", &wanted.limits)] {
        for (name, Text(text)) in all {
            if quantity(text).is_none_or(|amount| amount < 0) {
                let message = "a quantity is written like `500m`, `2` or `1Gi`";
                report.invalid(format!("resources.{part}.{name}"), "bad-quantity", message);
            }
        }
    }
    let amount =
        |all: &std::collections::BTreeMap<String, Text>, name: &str| all.get(name).and_then(|of| quantity(&of.0));
    for name in wanted.requests.keys() {
        let (request, limit) = (amount(&wanted.requests, name), amount(&wanted.limits, name));
        if request.zip(limit).is_some_and(|(request, limit)| request > limit) {
            let (here, there) = (format!("resources.requests.{name}"), format!("resources.limits.{name}"));
            report.across(&[&here, &there], "more-than-the-limit", "more is asked for than the limit allows");
        }
    }
    let buffers = inputs.parameters.get("shared_buffers").and_then(|of| postgres(&of.0));
    if amount(&wanted.requests, "memory").zip(buffers).is_some_and(|(memory, buffers)| memory < buffers) {
        let paths = ["resources.requests.memory", "parameters.shared_buffers"];
        report.across(&paths, "less-than-the-buffers", "less memory is asked for than `shared_buffers` takes");
    }
}

fn tolerations(affinity: &Affinity, report: &mut Report) {
    for (index, toleration) in affinity.tolerations.iter().enumerate() {
        let at = |part: &str| format!("affinity.tolerations[{index}].{part}");
        let exists = toleration.operator == Some(Operator::Exists);
        if toleration.key.as_deref().is_none_or(str::is_empty) && !exists {
            report.invalid(
                at("operator"),
                "no-key",
                "without a key the operator is `Exists`, which matches all taints",
            );
        }
        if exists && toleration.value.as_deref().is_some_and(|value| !value.is_empty()) {
            report.invalid(at("value"), "value-unused", "`Exists` looks at no value");
        }
        if toleration.seconds.is_some() && toleration.effect != Some(super::model::Effect::NoExecute) {
            report.invalid(at("seconds"), "seconds-unused", "seconds count for the effect `NoExecute` alone");
        }
    }
}

pub(super) fn named(report: &mut Report, at: &str, name: Option<&str>) {
    if name == Some("") {
        report.invalid(at, "empty", "name the object, or leave it out");
    }
}

fn roles(inputs: &Inputs, report: &mut Report) {
    let mut seen = BTreeSet::new();
    for (index, role) in inputs.managed_roles.iter().enumerate() {
        let at = |part: &str| format!("managed_roles[{index}].{part}");
        if role.name.is_empty() {
            report.invalid(at("name"), "empty", "a role has a name");
        } else if RESERVED_ROLES.contains(&role.name.as_str()) {
            report.invalid(at("name"), "reserved-role", "the operator uses this role itself");
        } else if !seen.insert(&role.name) {
            report.invalid(at("name"), "role-twice", format!("`{}` stands there twice", role.name));
        }
        if role.connection_limit.is_some_and(|limit| limit < -1) {
            report.invalid(at("connection_limit"), "bad-number", "a limit is a number from 0 on, or -1 for none");
        }
        named(report, &at("secret"), role.secret.as_deref());
    }
}

fn backup(inputs: &Inputs, report: &mut Report) {
    if let Some(backup) = &inputs.backup {
        store::check(report, "backup.object_store", &backup.object_store);
        let is_period = |text: &str| {
            text.strip_suffix(['d', 'w', 'm']).is_some_and(|figure| {
                !figure.starts_with('0') && !figure.is_empty() && figure.chars().all(|c| c.is_ascii_digit())
            })
        };
        if backup.retention.as_deref().is_some_and(|retention| !is_period(retention)) {
            report.invalid("backup.retention", "bad-retention", "a retention is written like `30d`, `4w` or `6m`");
        }
    }
    begin::check_external(inputs, report);
    extension::check_all(&inputs.plugins, inputs.backup.is_some(), report);
    for (index, query) in inputs.monitoring.iter().flat_map(|of| &of.custom_queries).enumerate() {
        store::check_key(report, &format!("monitoring.custom_queries[{index}]"), query);
    }
}
