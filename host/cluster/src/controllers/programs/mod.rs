//! Programs of others that a cluster's Deployments run, played as far as a client can see what they do.
//!
//! A program acts only while a Deployment with its image has an available replica, with the arguments, the
//! environment and the mounted files that this Deployment's Pods have, and with no other credentials.

pub(super) mod cert_manager;
pub(super) mod external_dns;
pub(super) mod external_secrets;
pub(super) mod ingress_nginx;

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine;
use serde_json::Value;

use super::api::{Api, Key, Resource};
use super::aws::AwsKey;
use super::deployment::DEPLOYMENTS;
use super::object::{fields, integer, is_deleted, items, label, name, namespace, text};
use super::pods::PODS;

const SECRETS: Resource = Resource::of("", "secrets");
const CONFIG_MAPS: Resource = Resource::of("", "configmaps");

/// What an image is called, without its registry, its folders, its tag and its digest.
pub(crate) fn image_name(image: &str) -> &str {
    let path = image.split('@').next().unwrap_or(image);
    let last = path.rsplit('/').next().unwrap_or(path);
    last.split(':').next().unwrap_or(last)
}

/// The container of a Deployment's Pods that runs a program.
fn container<'a>(deployment: &'a Value, image: &str) -> Option<&'a Value> {
    let containers = items(deployment, "/spec/template/spec/containers");
    containers.iter().find(|container| image_name(text(container, "/image")) == image)
}

/// Whether a Deployment runs the image, ready or not.
pub(crate) fn runs(deployment: &Value, image: &str) -> bool {
    container(deployment, image).is_some()
}

/// Whether a Deployment has a replica that answers.
pub(crate) fn is_up(deployment: &Value) -> bool {
    !is_deleted(deployment) && integer(deployment, "/status/availableReplicas") > Some(0)
}

/// One program as it runs.
#[derive(Debug)]
pub(crate) struct Program {
    /// Its Deployment.
    pub(crate) deployment: Arc<Value>,
    /// Command and arguments.
    pub(crate) arguments: Vec<String>,
    /// The environment, with what it is taken from in its place.
    pub(crate) environment: BTreeMap<String, String>,
    container: Value,
}

impl Program {
    /// The program of a Deployment, if it is up.
    pub(crate) fn of(api: &dyn Api, deployment: &Arc<Value>, image: &str) -> Option<Self> {
        let container = container(deployment, image).filter(|_| is_up(deployment))?.clone();
        let environment = environment(api, namespace(deployment), &container);
        let all = items(&container, "/command").iter().chain(items(&container, "/args"));
        let arguments = all.filter_map(Value::as_str).map(|text| expand(text, &environment)).collect();
        Some(Self { deployment: Arc::clone(deployment), arguments, environment, container })
    }

    /// All programs of an image that are up.
    pub(crate) fn all(api: &dyn Api, image: &str) -> Vec<Self> {
        let deployments = api.list(&DEPLOYMENTS, None);
        deployments.iter().filter_map(|deployment| Self::of(api, deployment, image)).collect()
    }

    /// The namespace.
    pub(crate) fn namespace(&self) -> &str {
        namespace(&self.deployment)
    }

    /// Whether an argument stands by itself: a subcommand, or a flag without a value.
    pub(crate) fn has(&self, argument: &str) -> bool {
        self.arguments.iter().any(|given| given == argument)
    }

    /// The values of `--name=VALUE` and `--name VALUE`, in order.
    pub(crate) fn options(&self, name: &str) -> Vec<&str> {
        let mut found = Vec::new();
        let mut rest = self.arguments.iter();
        while let Some(argument) = rest.next() {
            let Some(flag) = argument.strip_prefix("--").or_else(|| argument.strip_prefix('-')) else { continue };
            match flag.split_once('=') {
                Some((known, value)) if known == name => found.push(value),
                None if flag == name => found.extend(rest.next().map(String::as_str)),
                _ => {}
            }
        }
        found
    }

    /// The last value of an option.
    pub(crate) fn option(&self, name: &str) -> Option<&str> {
        self.options(name).pop()
    }

    /// The program's ready Pods, by name.
    pub(crate) fn pods(&self, api: &dyn Api) -> Vec<Arc<Value>> {
        let wanted = fields(&self.deployment, "/spec/selector/matchLabels").cloned().unwrap_or_default();
        let is_own = |pod: &Value| {
            wanted.iter().all(|(key, value)| label(pod, key) == value.as_str())
                && text(pod, "/status/phase") == "Running"
                && !is_deleted(pod)
        };
        let pods = api.list(&PODS, Some(self.namespace()));
        pods.into_iter().filter(|pod| is_own(pod)).collect()
    }

    /// Writes a line to the log of the Pod that leads.
    pub(crate) fn log(&self, api: &mut dyn Api, line: &str) {
        if let Some(pod) = self.pods(api).first() {
            api.log(self.namespace(), name(pod), line);
        }
    }

    /// The key that the SDKs of AWS find: in the environment, else in the shared file. Nothing else is played.
    pub(crate) fn aws_key(&self, api: &dyn Api) -> Option<AwsKey> {
        let part = |name: &str| self.environment.get(name).filter(|value| !value.is_empty()).cloned();
        match (part("AWS_ACCESS_KEY_ID"), part("AWS_SECRET_ACCESS_KEY")) {
            (Some(id), Some(secret)) => Some(AwsKey { id, secret }),
            _ => {
                let path = part("AWS_SHARED_CREDENTIALS_FILE").unwrap_or_else(|| "/root/.aws/credentials".to_owned());
                let profile = part("AWS_PROFILE").unwrap_or_else(|| "default".to_owned());
                shared_key(&self.file(api, &path)?, &profile)
            }
        }
    }

    /// A file that a Secret or a ConfigMap is mounted as.
    pub(crate) fn file(&self, api: &dyn Api, path: &str) -> Option<String> {
        for mount in items(&self.container, "/volumeMounts") {
            let at = text(mount, "/mountPath").trim_end_matches('/');
            let inside = match (text(mount, "/subPath"), path.strip_prefix(at)) {
                (_, None) => continue,
                ("", Some(rest)) if rest.starts_with('/') => rest.trim_start_matches('/'),
                (sub, Some("")) if !sub.is_empty() => sub,
                _ => continue,
            };
            let volumes = items(&self.deployment, "/spec/template/spec/volumes");
            let Some(volume) = volumes.iter().find(|volume| text(volume, "/name") == text(mount, "/name")) else {
                continue;
            };
            let sources = items(volume, "/projected/sources").iter().chain([volume]);
            for source in sources {
                let (secret, map) = (source.get("secret"), source.get("configMap"));
                let Some(source) = secret.or(map) else { continue };
                let title =
                    [text(source, "/secretName"), text(source, "/name")].into_iter().find(|name| !name.is_empty());
                let listed = items(source, "/items").iter().find(|item| text(item, "/path") == inside);
                let key = listed.map_or(inside, |item| text(item, "/key"));
                let resource = if secret.is_some() { &SECRETS } else { &CONFIG_MAPS };
                if let Some(found) = value(api, resource, self.namespace(), title.unwrap_or_default(), key) {
                    return Some(found);
                }
            }
        }
        None
    }
}

/// A profile's key in a file of AWS's.
fn shared_key(file: &str, profile: &str) -> Option<AwsKey> {
    let (mut section, mut id, mut secret) = (String::new(), None, None);
    for line in file.lines().map(str::trim) {
        if let Some(title) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = title.trim().to_owned();
        } else if let Some((name, value)) = line.split_once('=').filter(|_| section == profile) {
            match name.trim() {
                "aws_access_key_id" => id = Some(value.trim().to_owned()),
                "aws_secret_access_key" => secret = Some(value.trim().to_owned()),
                _ => {}
            }
        }
    }
    Some(AwsKey { id: id?, secret: secret? })
}

/// One value of a Secret or a ConfigMap, as text.
pub(crate) fn value(api: &dyn Api, resource: &Resource, place: &str, title: &str, key: &str) -> Option<String> {
    let object = api.get(&Key::new(resource, place, title))?;
    decoded(resource, object.get("data")?.get(key)?)
}

fn decoded(resource: &Resource, value: &Value) -> Option<String> {
    let stated = value.as_str()?;
    if *resource != SECRETS {
        return Some(stated.to_owned());
    }
    String::from_utf8(base64::engine::general_purpose::STANDARD.decode(stated).ok()?).ok()
}

/// A container's environment.
fn environment(api: &dyn Api, place: &str, container: &Value) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for source in items(container, "/envFrom") {
        let prefix = text(source, "/prefix");
        for (resource, part) in [(&CONFIG_MAPS, "configMapRef"), (&SECRETS, "secretRef")] {
            let Some(title) = source.get(part).map(|part| text(part, "/name")) else { continue };
            let Some(object) = api.get(&Key::new(resource, place, title)) else { continue };
            for (key, value) in fields(&object, "/data").into_iter().flatten() {
                all.extend(decoded(resource, value).map(|value| (format!("{prefix}{key}"), value)));
            }
        }
    }
    for variable in items(container, "/env") {
        let title = text(variable, "/name");
        let from = |kind: &str| variable.pointer("/valueFrom").and_then(|from| from.get(kind));
        let single = |resource: &Resource, source: &Value| {
            value(api, resource, place, text(source, "/name"), text(source, "/key"))
        };
        let found = match (from("secretKeyRef"), from("configMapKeyRef"), from("fieldRef")) {
            (Some(source), _, _) => single(&SECRETS, source),
            (_, Some(source), _) => single(&CONFIG_MAPS, source),
            (_, _, Some(source)) => (text(source, "/fieldPath") == "metadata.namespace").then(|| place.to_owned()),
            _ => Some(expand(text(variable, "/value"), &all)),
        };
        all.extend(found.map(|value| (title.to_owned(), value)));
    }
    all
}

/// Text with `$(NAME)` replaced where such a variable is known.
fn expand(given: &str, environment: &BTreeMap<String, String>) -> String {
    let mut made = String::new();
    let mut rest = given;
    while let Some((before, after)) = rest.split_once("$(") {
        made.push_str(before);
        match after.split_once(')') {
            Some((name, tail)) if environment.contains_key(name) => {
                made.push_str(&environment[name]);
                rest = tail;
            }
            _ => {
                made.push_str("$(");
                rest = after;
            }
        }
    }
    made + rest
}

/// A Go duration in milliseconds: `1m30s`; `None` for what is none.
pub(crate) fn duration(text: &str) -> Option<u64> {
    let mut total = 0.0;
    let mut rest = text;
    if rest.is_empty() || rest == "0" {
        return (rest == "0").then_some(0);
    }
    while !rest.is_empty() {
        let digits = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.')?;
        let number: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let length = rest.find(|letter: char| letter.is_ascii_digit() || letter == '.').unwrap_or(rest.len());
        total += number
            * match &rest[..length] {
                "h" => 3_600_000.0,
                "m" => 60_000.0,
                "s" => 1000.0,
                "ms" => 1.0,
                "us" | "µs" | "ns" => 0.0,
                _ => return None,
            };
        rest = &rest[length..];
    }
    // What is longer than this is never due.
    Some(total.clamp(0.0, 1e15) as u64)
}

#[cfg(test)]
pub(super) mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;
    use crate::controllers::testing::Memory;

    /// A Deployment that is up.
    pub(in crate::controllers) fn deployment(name: &str, image: &str, container: &Value) -> Value {
        let mut container = container.clone();
        container["image"] = json!(image);
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": "system"},
            "spec": {"template": {"spec": {"containers": [container]}}}, "status": {"availableReplicas": 1},
        })
    }

    #[test]
    fn a_program_has_what_its_deployment_gives_it() {
        let mut api = Memory::default();
        api.make(json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "key", "namespace": "system"},
            "data": {"id": "QUtJQQ==", "file": "W290aGVyXQphd3NfYWNjZXNzX2tleV9pZD1YClt3b3JrXQphd3NfYWNjZXNzX2tleV9pZCA9IEFLSUFGCmF3c19zZWNyZXRfYWNjZXNzX2tleT1mCg=="},
        }));
        let made = api.make(deployment("d", "mirror.local:5000/a/tool:v1@sha256:00", &json!({
            "command": ["/tool"], "args": ["run", "--one=1", "--two", "2", "--one=$(KEY)$(NOBODY)"],
            "env": [
                {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "key", "key": "id"}}},
                {"name": "PLACE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}},
                {"name": "AWS_SHARED_CREDENTIALS_FILE", "value": "/keys/c"}, {"name": "AWS_PROFILE", "value": "work"},
            ],
            "volumeMounts": [{"name": "v", "mountPath": "/keys"}],
        })));
        let made = api.change(&made, |made| {
            made["spec"]["template"]["spec"]["volumes"] =
                json!([{"name": "v", "secret": {"secretName": "key", "items": [{"key": "file", "path": "c"}]}}]);
        });
        let program = Program::all(&api, "tool").remove(0);
        assert_eq!(program.options("one"), ["1", "AKIA$(NOBODY)"]);
        assert_eq!((program.option("two"), program.option("three"), program.has("run")), (Some("2"), None, true));
        assert_eq!(program.environment["PLACE"], "system");
        let key = program.aws_key(&api).unwrap();
        assert_eq!((key.id.as_str(), key.secret.as_str()), ("AKIAF", "f"));
        api.change_status(&made, |status| status["availableReplicas"] = json!(0));
        assert!(Program::all(&api, "tool").is_empty());
    }

    #[test]
    fn durations_are_gos() {
        let cases = [
            ("1m", Some(60_000)),
            ("1h30m", Some(5_400_000)),
            ("250ms", Some(250)),
            ("1", None),
            ("x", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(duration(text), expected, "{text}");
        }
    }
}
