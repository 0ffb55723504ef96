//! The checks of the Pod Security Standards, in the order and the words of upstream.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::object::{at, entries, flag, has, items, text};

/// How much is asked of Pods.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    Privileged,
    Baseline,
    Restricted,
}

impl Level {
    pub(super) fn named(name: &str) -> Option<Self> {
        [Self::Privileged, Self::Baseline, Self::Restricted].into_iter().find(|level| level.name() == name)
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Privileged => "privileged",
            Self::Baseline => "baseline",
            Self::Restricted => "restricted",
        }
    }
}

/// Why a Pod is not let through, and what in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Forbidden {
    reason: String,
    detail: String,
}

fn found(reason: &str, detail: String) -> Option<Forbidden> {
    Some(Forbidden { reason: reason.to_owned(), detail })
}

/// Reasons with their details, as a refusal tells them.
pub(super) fn detailed(found: &[Forbidden]) -> String {
    let said: Vec<String> = found
        .iter()
        .map(|one| match one.detail.as_str() {
            "" => one.reason.clone(),
            detail => format!("{} ({detail})", one.reason),
        })
        .collect();
    said.join(", ")
}

/// Reasons alone.
pub(super) fn reasons(found: &[Forbidden]) -> String {
    let said: Vec<&str> = found.iter().map(|one| one.reason.as_str()).collect();
    said.join(", ")
}

type Check = fn(&Pod<'_>) -> Option<Forbidden>;

/// What every level but `privileged` asks for; those that a stricter one stands in for are left out there.
const BASELINE: [(Check, bool); 12] = [
    (app_armor, true),
    (default_capabilities, false),
    (host_namespaces, true),
    (host_paths, false),
    (host_ports, true),
    (probe_hosts, true),
    (privileged, true),
    (proc_mount, true),
    (se_linux, true),
    (seccomp, false),
    (sysctls, true),
    (host_process, true),
];

/// What `restricted` asks for beside that.
const RESTRICTED: [Check; 6] =
    [privilege_escalation, all_capabilities, volume_types, run_as_non_root, run_as_user, seccomp_restricted];

/// What of a Pod (or a template of one) a level does not let through.
pub(super) fn forbidden(pod: &Value, level: Level) -> Vec<Forbidden> {
    let pod = Pod { metadata: at(pod, "metadata"), spec: at(pod, "spec") };
    match level {
        Level::Privileged => Vec::new(),
        Level::Baseline => BASELINE.iter().filter_map(|(check, _)| check(&pod)).collect(),
        Level::Restricted => {
            let both = BASELINE.iter().filter(|(_, stays)| *stays).map(|(check, _)| check);
            both.chain(&RESTRICTED).filter_map(|check| check(&pod)).collect()
        }
    }
}

/// A Pod, as checks look at it.
struct Pod<'a> {
    metadata: &'a Value,
    spec: &'a Value,
}

fn name(container: &Value) -> &str {
    text(container, "name")
}

fn security(of: &Value) -> &Value {
    at(of, "securityContext")
}

fn quoted<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| format!("{name:?}")).collect();
    names.join(", ")
}

/// `container "a"`, or `containers "a", "b"`
fn counted(what: &str, names: &[&str]) -> String {
    let plural = if names.len() == 1 { "" } else { "s" };
    format!("{what}{plural} {}", quoted(names.iter().copied()))
}

impl<'a> Pod<'a> {
    fn containers(&self) -> impl Iterator<Item = &'a Value> + use<'a> {
        let spec = self.spec;
        ["initContainers", "containers", "ephemeralContainers"].into_iter().flat_map(move |list| items(spec, list))
    }

    /// The names of the containers for which something holds.
    fn named(&self, holds: impl Fn(&Value) -> bool) -> Vec<&'a str> {
        self.containers().filter(|container| holds(container)).map(name).collect()
    }

    /// Who says something wrong: the Pod, containers, or both.
    fn setters(&self, wrong: impl Fn(&Value) -> bool) -> Option<String> {
        let mut setters = Vec::new();
        if wrong(security(self.spec)) {
            setters.push("pod".to_owned());
        }
        let containers = self.named(|container| wrong(security(container)));
        if !containers.is_empty() {
            setters.push(counted("container", &containers));
        }
        (!setters.is_empty()).then(|| setters.join(" and "))
    }

    fn is_windows(&self) -> bool {
        text(at(self.spec, "os"), "name") == "windows"
    }
}

fn app_armor(pod: &Pod<'_>) -> Option<Forbidden> {
    let wrong = |context: &Value| {
        let profile = at(context, "appArmorProfile");
        !profile.is_null() && !["RuntimeDefault", "Localhost"].contains(&text(profile, "type"))
    };
    let mut said = Vec::new();
    if let Some(setters) = pod.setters(wrong) {
        let all = std::iter::once(pod.spec).chain(pod.containers());
        let values: BTreeSet<&str> = all
            .map(security)
            .filter(|context| wrong(context))
            .map(|context| text(at(context, "appArmorProfile"), "type"))
            .collect();
        said.push(format!("{setters} must not set AppArmor profile type to {}", quoted(values)));
    }
    let annotations: Vec<String> = entries(pod.metadata, "annotations")
        .filter(|(key, _)| key.starts_with("container.apparmor.security.beta.kubernetes.io/"))
        .filter_map(|(key, value)| Some((key, value.as_str()?)))
        .filter(|(_, value)| !matches!(*value, "" | "runtime/default") && !value.starts_with("localhost/"))
        .map(|(key, value)| format!("{key}={value:?}"))
        .collect();
    let count = said.len() + annotations.len();
    if !annotations.is_empty() {
        let plural = if annotations.len() == 1 { "" } else { "s" };
        said.push(format!("annotation{plural} {}", annotations.join(", ")));
    }
    let reason = if count == 1 { "forbidden AppArmor profile" } else { "forbidden AppArmor profiles" };
    (count > 0).then(|| found(reason, said.join(", "))).flatten()
}

const DEFAULT_CAPABILITIES: [&str; 13] = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

fn capabilities<'a>(container: &'a Value, list: &str) -> impl Iterator<Item = &'a str> {
    items(at(security(container), "capabilities"), list).iter().filter_map(Value::as_str)
}

fn default_capabilities(pod: &Pod<'_>) -> Option<Forbidden> {
    let extra = |container: &Value| capabilities(container, "add").any(|one| !DEFAULT_CAPABILITIES.contains(&one));
    let containers = pod.named(extra);
    let added: BTreeSet<&str> = pod
        .containers()
        .flat_map(|one| capabilities(one, "add"))
        .filter(|one| !DEFAULT_CAPABILITIES.contains(one))
        .collect();
    let who = counted("container", &containers);
    let detail = format!("{who} must not include {} in securityContext.capabilities.add", quoted(added));
    (!containers.is_empty()).then(|| found("non-default capabilities", detail)).flatten()
}

fn host_namespaces(pod: &Pod<'_>) -> Option<Forbidden> {
    let set = ["hostNetwork", "hostPID", "hostIPC"].into_iter().filter(|field| flag(pod.spec, field));
    let set: Vec<String> = set.map(|field| format!("{field}=true")).collect();
    (!set.is_empty()).then(|| found("host namespaces", set.join(", "))).flatten()
}

fn host_paths(pod: &Pod<'_>) -> Option<Forbidden> {
    let volumes = items(pod.spec, "volumes").iter().filter(|volume| has(volume, "hostPath"));
    let volumes: Vec<&str> = volumes.map(name).collect();
    (!volumes.is_empty()).then(|| found("hostPath volumes", counted("volume", &volumes))).flatten()
}

fn host_ports(pod: &Pod<'_>) -> Option<Forbidden> {
    let of = |container: &Value| {
        let ports = items(container, "ports").iter().filter_map(|port| at(port, "hostPort").as_i64());
        ports.filter(|port| *port != 0).map(|port| port.to_string()).collect::<Vec<_>>()
    };
    let containers = pod.named(|container| !of(container).is_empty());
    let ports: BTreeSet<String> = pod.containers().flat_map(of).collect();
    let uses = if containers.len() == 1 { "uses" } else { "use" };
    let plural = if ports.len() == 1 { "hostPort" } else { "hostPorts" };
    let ports: Vec<String> = ports.into_iter().collect();
    let detail = format!("{} {uses} {plural} {}", counted("container", &containers), ports.join(", "));
    (!containers.is_empty()).then(|| found("hostPort", detail)).flatten()
}

fn probe_hosts(pod: &Pod<'_>) -> Option<Forbidden> {
    let of = |container: &Value| {
        let probes = ["livenessProbe", "readinessProbe", "startupProbe"].map(|probe| at(container, probe));
        let hooks = ["postStart", "preStop"].map(|hook| at(at(container, "lifecycle"), hook));
        let hosts = probes
            .into_iter()
            .chain(hooks)
            .flat_map(|handler| ["httpGet", "tcpSocket"].map(|action| text(at(handler, action), "host").to_owned()));
        hosts.filter(|host| !host.is_empty()).collect::<Vec<_>>()
    };
    let containers = pod.named(|container| !of(container).is_empty());
    let hosts: BTreeSet<String> = pod.containers().flat_map(of).collect();
    let uses = if containers.len() == 1 { "uses" } else { "use" };
    let plural = if hosts.len() == 1 { "probe or lifecycle host" } else { "probe or lifecycle hosts" };
    let hosts = quoted(hosts.iter().map(String::as_str));
    let detail = format!("{} {uses} {plural} {hosts}", counted("container", &containers));
    (!containers.is_empty()).then(|| found("probe or lifecycle host", detail)).flatten()
}

fn privileged(pod: &Pod<'_>) -> Option<Forbidden> {
    let containers = pod.named(|container| flag(security(container), "privileged"));
    let detail = format!("{} must not set securityContext.privileged=true", counted("container", &containers));
    (!containers.is_empty()).then(|| found("privileged", detail)).flatten()
}

fn proc_mount(pod: &Pod<'_>) -> Option<Forbidden> {
    let of = |container: &Value| text(security(container), "procMount").to_owned();
    let wrong = |mount: &String| !mount.is_empty() && mount != "Default";
    let containers = pod.named(|container| wrong(&of(container)));
    let mounts: BTreeSet<String> = pod.containers().map(of).filter(wrong).collect();
    let mounts = quoted(mounts.iter().map(String::as_str));
    let detail = format!("{} must not set securityContext.procMount to {mounts}", counted("container", &containers));
    (!containers.is_empty()).then(|| found("procMount", detail)).flatten()
}

fn se_linux(pod: &Pod<'_>) -> Option<Forbidden> {
    const TYPES: [&str; 5] = ["", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"];
    let options = |context: &Value| at(context, "seLinuxOptions").clone();
    let wrong = |context: &Value| {
        let options = options(context);
        !TYPES.contains(&text(&options, "type"))
            || !text(&options, "user").is_empty()
            || !text(&options, "role").is_empty()
    };
    let setters = pod.setters(wrong)?;
    let all: Vec<Value> = std::iter::once(pod.spec).chain(pod.containers()).map(|of| options(security(of))).collect();
    let types: BTreeSet<&str> =
        all.iter().map(|options| text(options, "type")).filter(|one| !TYPES.contains(one)).collect();
    let mut said = Vec::new();
    if !types.is_empty() {
        let plural = if types.len() == 1 { "type" } else { "types" };
        said.push(format!("{plural} {}", quoted(types)));
        // Upstream tells of these beside a wrong type alone.
        for field in ["user", "role"] {
            if all.iter().any(|options| !text(options, field).is_empty()) {
                said.push(format!("{field} may not be set"));
            }
        }
    }
    found("seLinuxOptions", format!("{setters} set forbidden securityContext.seLinuxOptions: {}", said.join("; ")))
}

fn seccomp_type(context: &Value) -> &str {
    text(at(context, "seccompProfile"), "type")
}

fn is_good_seccomp(kind: &str) -> bool {
    matches!(kind, "RuntimeDefault" | "Localhost")
}

fn seccomp(pod: &Pod<'_>) -> Option<Forbidden> {
    let wrong = |context: &Value| !seccomp_type(context).is_empty() && !is_good_seccomp(seccomp_type(context));
    let setters = pod.setters(wrong)?;
    let all = std::iter::once(pod.spec).chain(pod.containers()).map(security);
    let values: BTreeSet<&str> = all.filter(|context| wrong(context)).map(seccomp_type).collect();
    let detail = format!("{setters} must not set securityContext.seccompProfile.type to {}", quoted(values));
    found("seccompProfile", detail)
}

fn seccomp_restricted(pod: &Pod<'_>) -> Option<Forbidden> {
    if pod.is_windows() {
        return None;
    }
    if let Some(explicit) = seccomp(pod) {
        return Some(explicit);
    }
    let of_pod = is_good_seccomp(seccomp_type(security(pod.spec)));
    let containers = pod.named(|container| !of_pod && seccomp_type(security(container)).is_empty());
    let who = counted("container", &containers);
    let detail =
        format!("pod or {who} must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\"");
    (!containers.is_empty()).then(|| found("seccompProfile", detail)).flatten()
}

fn sysctls(pod: &Pod<'_>) -> Option<Forbidden> {
    const SAFE: [&str; 12] = [
        "kernel.shm_rmid_forced",
        "net.ipv4.ip_local_port_range",
        "net.ipv4.ip_local_reserved_ports",
        "net.ipv4.ip_unprivileged_port_start",
        "net.ipv4.ping_group_range",
        "net.ipv4.tcp_fin_timeout",
        "net.ipv4.tcp_keepalive_intvl",
        "net.ipv4.tcp_keepalive_probes",
        "net.ipv4.tcp_keepalive_time",
        "net.ipv4.tcp_rmem",
        "net.ipv4.tcp_syncookies",
        "net.ipv4.tcp_wmem",
    ];
    let set = items(security(pod.spec), "sysctls").iter().map(name);
    let forbidden: Vec<&str> = set.filter(|name| !SAFE.contains(name)).collect();
    (!forbidden.is_empty()).then(|| found("forbidden sysctls", forbidden.join(", "))).flatten()
}

fn host_process(pod: &Pod<'_>) -> Option<Forbidden> {
    let setters = pod.setters(|context| flag(at(context, "windowsOptions"), "hostProcess"))?;
    found("hostProcess", format!("{setters} must not set securityContext.windowsOptions.hostProcess=true"))
}

fn privilege_escalation(pod: &Pod<'_>) -> Option<Forbidden> {
    let escalates = |container: &Value| *at(security(container), "allowPrivilegeEscalation") != Value::Bool(false);
    let containers = pod.named(escalates);
    let detail =
        format!("{} must set securityContext.allowPrivilegeEscalation=false", counted("container", &containers));
    (!containers.is_empty() && !pod.is_windows()).then(|| found("allowPrivilegeEscalation != false", detail)).flatten()
}

fn all_capabilities(pod: &Pod<'_>) -> Option<Forbidden> {
    if pod.is_windows() {
        return None;
    }
    let mut said = Vec::new();
    let keeps = pod.named(|container| !capabilities(container, "drop").any(|one| one == "ALL"));
    if !keeps.is_empty() {
        let who = counted("container", &keeps);
        said.push(format!("{who} must set securityContext.capabilities.drop=[\"ALL\"]"));
    }
    let adds = pod.named(|container| capabilities(container, "add").any(|one| one != "NET_BIND_SERVICE"));
    if !adds.is_empty() {
        let added = pod.containers().flat_map(|one| capabilities(one, "add")).filter(|one| *one != "NET_BIND_SERVICE");
        let added: BTreeSet<&str> = added.collect();
        let who = counted("container", &adds);
        said.push(format!("{who} must not include {} in securityContext.capabilities.add", quoted(added)));
    }
    (!said.is_empty()).then(|| found("unrestricted capabilities", said.join("; "))).flatten()
}

fn volume_types(pod: &Pod<'_>) -> Option<Forbidden> {
    const FREE: [&str; 8] =
        ["configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image", "persistentVolumeClaim", "projected"];
    let kind = |volume: &Value| {
        let fields = volume.as_object().into_iter().flatten().map(|(key, _)| key.clone());
        fields.into_iter().find(|key| key != "name")
    };
    let wrong = |kind: &String| kind != "secret" && !FREE.contains(&kind.as_str());
    let volumes = items(pod.spec, "volumes").iter();
    let bad: Vec<(&str, String)> =
        volumes.filter_map(|volume| Some((name(volume), kind(volume).filter(wrong)?))).collect();
    let names: Vec<&str> = bad.iter().map(|(name, _)| *name).collect();
    let kinds: BTreeSet<&str> = bad.iter().map(|(_, kind)| kind.as_str()).collect();
    let uses = if names.len() == 1 { "uses" } else { "use" };
    let plural = if kinds.len() == 1 { "type" } else { "types" };
    let detail = format!("{} {uses} restricted volume {plural} {}", counted("volume", &names), quoted(kinds));
    (!bad.is_empty()).then(|| found("restricted volume types", detail)).flatten()
}

fn run_as_non_root(pod: &Pod<'_>) -> Option<Forbidden> {
    let said = |context: &Value| at(context, "runAsNonRoot").as_bool();
    if let Some(setters) = pod.setters(|context| said(context) == Some(false)) {
        return found("runAsNonRoot != true", format!("{setters} must not set securityContext.runAsNonRoot=false"));
    }
    let of_pod = said(security(pod.spec)) == Some(true);
    let containers = pod.named(|container| !of_pod && said(security(container)).is_none());
    let who = counted("container", &containers);
    let detail = format!("pod or {who} must set securityContext.runAsNonRoot=true");
    (!containers.is_empty()).then(|| found("runAsNonRoot != true", detail)).flatten()
}

fn run_as_user(pod: &Pod<'_>) -> Option<Forbidden> {
    let setters = pod.setters(|context| at(context, "runAsUser").as_i64() == Some(0))?;
    found("runAsUser=0", format!("{setters} must not set runAsUser=0"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn standards() {
        let good = json!({"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}});
        let pod_good = json!({"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}});
        let cases = [
            (json!({"securityContext": pod_good, "containers": [{"name": "a", "securityContext": good}]}), "", ""),
            (
                json!({"securityContext": pod_good, "hostPID": true, "hostNetwork": true,
                    "volumes": [{"name": "v", "hostPath": {"path": "/"}}, {"name": "s", "secret": {}}],
                    "containers": [{"name": "a", "securityContext": good, "ports": [{"hostPort": 80}, {"hostPort": 90}]}]}),
                "host namespaces (hostNetwork=true, hostPID=true), hostPath volumes (volume \"v\"), hostPort (container \"a\" uses hostPorts 80, 90)",
                "host namespaces (hostNetwork=true, hostPID=true), hostPort (container \"a\" uses hostPorts 80, 90), restricted volume types (volume \"v\" uses restricted volume type \"hostPath\")",
            ),
            (
                json!({"securityContext": {"runAsNonRoot": false, "runAsUser": 0, "seccompProfile": {"type": "Unconfined"}},
                    "containers": [
                        {"name": "a", "securityContext": {"privileged": true, "runAsUser": 0,
                            "allowPrivilegeEscalation": false, "capabilities": {"add": ["NET_ADMIN"], "drop": ["ALL"]}}},
                        {"name": "b", "securityContext": {"privileged": true, "allowPrivilegeEscalation": false,
                            "capabilities": {"add": ["CHOWN"]}}}]}),
                "non-default capabilities (container \"a\" must not include \"NET_ADMIN\" in securityContext.capabilities.add), privileged (containers \"a\", \"b\" must not set securityContext.privileged=true), seccompProfile (pod must not set securityContext.seccompProfile.type to \"Unconfined\")",
                "privileged (containers \"a\", \"b\" must not set securityContext.privileged=true), unrestricted capabilities (container \"b\" must set securityContext.capabilities.drop=[\"ALL\"]; containers \"a\", \"b\" must not include \"CHOWN\", \"NET_ADMIN\" in securityContext.capabilities.add), runAsNonRoot != true (pod must not set securityContext.runAsNonRoot=false), runAsUser=0 (pod and container \"a\" must not set runAsUser=0), seccompProfile (pod must not set securityContext.seccompProfile.type to \"Unconfined\")",
            ),
        ];
        for (spec, baseline, restricted) in cases {
            let pod = json!({"spec": spec});
            assert_eq!(detailed(&forbidden(&pod, Level::Privileged)), "");
            assert_eq!(detailed(&forbidden(&pod, Level::Baseline)), baseline);
            assert_eq!(detailed(&forbidden(&pod, Level::Restricted)), restricted);
        }
    }
}
