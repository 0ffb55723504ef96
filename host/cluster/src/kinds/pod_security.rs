//! What is wrong with the security contexts of Pods and containers.

use std::collections::BTreeSet;

use serde_json::Value;

use super::name;
use super::pod_container::number_form;
use super::pod_path::descending;
use crate::invalid::{Invalid, Why};
use crate::object::{at, count, flag, has, int, items, text};
use crate::path::Path;

/// `securityContext` of a Pod; `spec` is what it is part of.
pub(super) fn pod(spec: &Value, path: &Path) -> Vec<Invalid> {
    let context = at(spec, "securityContext");
    let mut errors = Vec::new();
    for field in ["fsGroup", "runAsUser", "runAsGroup"] {
        errors
            .extend(int(context, field).into_iter().flat_map(|id| number_form(&path.child(field), id, name::unix_id)));
    }
    for (index, group) in items(context, "supplementalGroups").iter().enumerate() {
        let path = path.child("supplementalGroups").index(index);
        errors.extend(number_form(&path, group.as_i64().unwrap_or_default(), name::unix_id));
    }
    if flag(spec, "shareProcessNamespace") && flag(spec, "hostPID") {
        let detail = "ShareProcessNamespace and HostPID cannot both be enabled";
        errors.push(Invalid::invalid(path.child("shareProcessNamespace"), &Value::from(true), detail));
    }
    sysctls(context, spec, &path.child("sysctls"), &mut errors);
    let mut one_of = |field: &str, known: &[&str]| {
        let value = at(context, field);
        if value.as_str().is_some_and(|text| !known.contains(&text)) {
            errors.push(Invalid::not_supported(path.child(field), value, known));
        }
    };
    one_of("fsGroupChangePolicy", &["Always", "OnRootMismatch"]);
    seccomp(at(context, "seccompProfile"), &path.child("seccompProfile"), &mut errors);
    app_armor(at(context, "appArmorProfile"), &path.child("appArmorProfile"), &mut errors);
    let mut one_of = |field: &str, known: &[&str]| {
        let value = at(context, field);
        if value.as_str().is_some_and(|text| !known.contains(&text)) {
            errors.push(Invalid::not_supported(path.child(field), value, known));
        }
    };
    one_of("supplementalGroupsPolicy", &["Merge", "Strict"]);
    one_of("seLinuxChangePolicy", &["MountOption", "Recursive"]);
    errors
}

fn sysctls(context: &Value, spec: &Value, path: &Path, errors: &mut Vec<Invalid>) {
    const REGEX: &str = r"^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$";
    let letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let fits = |name: &str| {
        name.len() <= 253
            && name.split(['.', '/']).all(|part| {
                part.starts_with(letter)
                    && part.ends_with(letter)
                    && part.chars().all(|c| letter(c) || matches!(c, '-' | '_'))
            })
    };
    let mut names = BTreeSet::new();
    for (index, sysctl) in items(context, "sysctls").iter().enumerate() {
        let path = path.index(index).child("name");
        let name = text(sysctl, "name");
        let shown = Value::from(name);
        if name.is_empty() {
            errors.push(Invalid::required(&path, ""));
        } else if !fits(name) {
            let detail = format!("must have at most 253 characters and match regex {REGEX}");
            errors.push(Invalid::invalid(&path, &shown, detail));
        } else if names.contains(name) {
            errors.push(Invalid::duplicate(&path, &shown));
        }
        let dotted = name.replace('/', ".");
        if flag(spec, "hostNetwork") && dotted.starts_with("net.") {
            errors.push(Invalid::invalid(&path, &shown, "may not be specified when 'hostNetwork' is true"));
        }
        let ipc = dotted.starts_with("kernel.shm")
            || dotted.starts_with("kernel.msg")
            || dotted.starts_with("fs.mqueue.")
            || dotted == "kernel.sem";
        if flag(spec, "hostIPC") && ipc {
            errors.push(Invalid::invalid(&path, &shown, "may not be specified when 'hostIPC' is true"));
        }
        names.insert(name);
    }
}

fn seccomp(profile: &Value, path: &Path, errors: &mut Vec<Invalid>) {
    const KNOWN: &[&str] = &["Localhost", "RuntimeDefault", "Unconfined"];
    if profile.is_null() {
        return;
    }
    let kind = text(profile, "type");
    if kind.is_empty() {
        errors.push(Invalid::required(path.child("type"), "type is required when seccompProfile is set"));
    } else if !KNOWN.contains(&kind) {
        errors.push(Invalid::not_supported(path.child("type"), at(profile, "type"), KNOWN));
    }
    let path = path.child("localhostProfile");
    let local = at(profile, "localhostProfile").as_str();
    match (kind, local) {
        ("Localhost", None) => {
            errors.push(Invalid::required(path, "must be set when seccomp type is Localhost"));
        }
        ("Localhost", Some(local)) => errors.extend(descending(local, &path)),
        (_, Some(local)) => errors.push(Invalid {
            why: Why::Invalid,
            path: path.into(),
            value: Some(format!("{{\"Type\":{kind:?},\"LocalhostProfile\":{local:?}}}")),
            detail: "can only be set when seccomp type is Localhost".to_owned(),
        }),
        (_, None) => {}
    }
}

fn app_armor(profile: &Value, path: &Path, errors: &mut Vec<Invalid>) {
    const MISSING: &str = "must be set when AppArmor type is Localhost";
    const KNOWN: &[&str] = &["Localhost", "RuntimeDefault", "Unconfined"];
    if profile.is_null() {
        return;
    }
    let local_path = path.child("localhostProfile");
    match (text(profile, "type"), at(profile, "localhostProfile").as_str()) {
        ("Localhost", None) => errors.push(Invalid::required(local_path, MISSING)),
        ("Localhost", Some(local)) => {
            if local.trim() != local {
                let detail = "must not be padded with whitespace";
                errors.push(Invalid::invalid(&local_path, &Value::from(local), detail));
            } else if local.is_empty() {
                errors.push(Invalid::required(&local_path, MISSING));
            }
            if local.len() > 4095 {
                errors.push(Invalid::too_long(&local_path, 4095));
            }
        }
        ("RuntimeDefault" | "Unconfined", Some(local)) => {
            let detail = "can only be set when AppArmor type is Localhost";
            errors.push(Invalid::invalid(local_path, &Value::from(local), detail));
        }
        ("RuntimeDefault" | "Unconfined", None) => {}
        ("", _) => errors.push(Invalid::required(path.child("type"), "type is required when appArmorProfile is set")),
        _ => errors.push(Invalid::not_supported(path.child("type"), at(profile, "type"), KNOWN)),
    }
}

/// `securityContext` of a container; `host_users` tells whether the Pod uses the users of the host.
pub(super) fn container(context: &Value, host_users: bool, path: &Path) -> Vec<Invalid> {
    let mut errors = Vec::new();
    if context.is_null() {
        return errors;
    }
    for field in ["runAsUser", "runAsGroup"] {
        errors
            .extend(int(context, field).into_iter().flat_map(|id| number_form(&path.child(field), id, name::unix_id)));
    }
    match at(context, "procMount").as_str() {
        None | Some("Default") => {}
        Some("Unmasked") if host_users => {
            let detail = "`hostUsers` must be false to use `Unmasked`";
            errors.push(Invalid::invalid(path.child("procMount"), at(context, "procMount"), detail));
        }
        Some("Unmasked") => {}
        Some(_) => {
            let known = &["Default", "Unmasked"];
            errors.push(Invalid::not_supported(path.child("procMount"), at(context, "procMount"), known));
        }
    }
    seccomp(at(context, "seccompProfile"), &path.child("seccompProfile"), &mut errors);
    if at(context, "allowPrivilegeEscalation").as_bool() == Some(false) {
        let mut refuse = |detail: &str| {
            let value = Some(as_go(context));
            errors.push(Invalid { why: Why::Invalid, path: path.into(), value, detail: detail.to_owned() });
        };
        if flag(context, "privileged") {
            refuse("cannot set `allowPrivilegeEscalation` to false and `privileged` to true");
        }
        for capability in items(at(context, "capabilities"), "add") {
            if capability == "CAP_SYS_ADMIN" {
                refuse("cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN");
            }
        }
    }
    app_armor(at(context, "appArmorProfile"), &path.child("appArmorProfile"), &mut errors);
    errors
}

/// A container's security context as the server's internal type is printed: every field, by its Go name.
fn as_go(context: &Value) -> String {
    let simple = |field: &str| at(context, field).to_string();
    let capabilities = match at(context, "capabilities") {
        Value::Null => "null".to_owned(),
        it => format!("{{\"Add\":{},\"Drop\":{}}}", at(it, "add"), at(it, "drop")),
    };
    let renamed = |field: &str, names: &[(&str, &str)]| match at(context, field) {
        Value::Null => "null".to_owned(),
        it => {
            let fields: Vec<String> = names
                .iter()
                .map(|(go, json)| match (at(it, json), *json) {
                    (Value::Null, "type" | "user" | "role" | "level") => format!("\"{go}\":\"\""),
                    (value, _) => format!("\"{go}\":{value}"),
                })
                .collect();
            format!("{{{}}}", fields.join(","))
        }
    };
    let profile = &[("Type", "type"), ("LocalhostProfile", "localhostProfile")];
    let selinux = &[("User", "user"), ("Role", "role"), ("Type", "type"), ("Level", "level")];
    let windows = &[
        ("GMSACredentialSpecName", "gmsaCredentialSpecName"),
        ("GMSACredentialSpec", "gmsaCredentialSpec"),
        ("RunAsUserName", "runAsUserName"),
        ("HostProcess", "hostProcess"),
    ];
    let fields = [
        ("Capabilities", capabilities),
        ("Privileged", simple("privileged")),
        ("SELinuxOptions", renamed("seLinuxOptions", selinux)),
        ("WindowsOptions", renamed("windowsOptions", windows)),
        ("RunAsUser", simple("runAsUser")),
        ("RunAsGroup", simple("runAsGroup")),
        ("RunAsNonRoot", simple("runAsNonRoot")),
        ("ReadOnlyRootFilesystem", simple("readOnlyRootFilesystem")),
        ("AllowPrivilegeEscalation", simple("allowPrivilegeEscalation")),
        ("ProcMount", simple("procMount")),
        ("SeccompProfile", renamed("seccompProfile", profile)),
        ("AppArmorProfile", renamed("appArmorProfile", profile)),
    ];
    let fields: Vec<String> = fields.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    format!("{{{}}}", fields.join(","))
}

/// What a Pod may not say together with its own users (`hostUsers: false`).
pub(super) fn own_users(spec: &Value, path: &Path) -> Vec<Invalid> {
    if at(spec, "hostUsers").as_bool() != Some(false) {
        return Vec::new();
    }
    [("hostNetwork", "hostNetwork"), ("hostPID", "HostPID"), ("hostIPC", "HostIPC")]
        .into_iter()
        .filter(|(field, _)| flag(spec, field))
        .map(|(_, shown)| Invalid::forbidden(path.child(shown), "when `pod.Spec.HostUsers` is false"))
        .collect()
}

/// What Pods for Linux and for Windows may not say.
pub(super) fn operating_system(spec: &Value, path: &Path) -> Vec<Invalid> {
    let system = at(spec, "os");
    if system.is_null() {
        return Vec::new();
    }
    let path_of_os = path.child("os");
    let lists = ["initContainers", "containers", "ephemeralContainers"];
    let contexts = lists.iter().flat_map(|list| {
        let containers = items(spec, list).iter().enumerate();
        let list = path.child(list);
        containers.map(move |(index, it)| (at(it, "securityContext"), list.index(index).child("securityContext")))
    });
    let own = (at(spec, "securityContext"), path.child("securityContext"));
    let mut errors = Vec::new();
    match text(system, "name") {
        "" => errors.push(Invalid::required(path_of_os.child("name"), "cannot be empty")),
        "linux" => {
            for (context, path) in std::iter::once(own).chain(contexts) {
                if has(context, "windowsOptions") {
                    let detail = "windows options cannot be set for a linux pod";
                    errors.push(Invalid::forbidden(path.child("windowsOptions"), detail));
                }
            }
        }
        "windows" => {
            const POD: &[&str] = &[
                "appArmorProfile",
                "seLinuxOptions",
                "seccompProfile",
                "fsGroup",
                "fsGroupChangePolicy",
                "sysctls",
                "runAsUser",
                "runAsGroup",
                "supplementalGroups",
                "supplementalGroupsPolicy",
                "seLinuxChangePolicy",
            ];
            const CONTAINER: &[&str] = &[
                "appArmorProfile",
                "seLinuxOptions",
                "seccompProfile",
                "capabilities",
                "readOnlyRootFilesystem",
                "privileged",
                "allowPrivilegeEscalation",
                "procMount",
                "runAsUser",
                "runAsGroup",
            ];
            let detail = "cannot be set for a windows pod";
            for field in ["hostUsers", "shareProcessNamespace"].iter().filter(|field| has(spec, field)) {
                errors.push(Invalid::forbidden(path.child(field), detail));
            }
            for field in ["hostPID", "hostIPC"].iter().filter(|field| flag(spec, field)) {
                errors.push(Invalid::forbidden(path.child(field), detail));
            }
            for field in
                POD.iter().filter(|field| has(own.0, field) && (**field != "sysctls" || count(own.0, field) > 0))
            {
                errors.push(Invalid::forbidden(own.1.child(field), detail));
            }
            for (context, path) in contexts {
                for field in CONTAINER.iter().filter(|field| has(context, field)) {
                    errors.push(Invalid::forbidden(path.child(field), detail));
                }
            }
        }
        _ => errors.push(Invalid::not_supported(path_of_os, at(system, "name"), &["linux", "windows"])),
    }
    errors
}
