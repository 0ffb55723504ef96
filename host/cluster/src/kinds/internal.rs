//! Values as the API server's internal types print them, which refusals show instead of what the API shows.

use serde_json::{Map, Value};

use crate::object::{at, has, keep};

/// The types: what each is called, and its fields in order.
const TYPES: &str = include_str!("internal_types.txt");

/// What `metadata` says of an object within another, in order.
const METADATA: &[&str] = &["name", "generateName", "namespace", "labels", "annotations", "finalizers"];

/// A value of the internal type `kind`, as JSON.
pub(super) fn printed(kind: &str, value: &Value) -> String {
    let mut text = String::new();
    object(kind, value, &mut text);
    escaped(&text)
}

/// A label selector as JSON: its fields stand in the order in which Go has them.
pub(super) fn label_selector(selector: &Value) -> String {
    if selector.is_null() {
        return "null".to_owned();
    }
    let fields = ["matchLabels", "matchExpressions"].into_iter().filter(|field| has(selector, field));
    let fields: Vec<String> = fields.map(|field| format!("\"{field}\":{}", at(selector, field))).collect();
    escaped(&format!("{{{}}}", fields.join(",")))
}

/// Go's JSON writes what could mean something to a browser by its number.
fn escaped(text: &str) -> String {
    text.replace('&', "\\u0026").replace('<', "\\u003c").replace('>', "\\u003e")
}

fn object(kind: &str, value: &Value, text: &mut String) {
    text.push('{');
    fields(kind, value, text);
    if text.ends_with(',') {
        text.pop();
    }
    text.push('}');
}

/// The fields of `value`, each with a comma after it.
fn fields(kind: &str, value: &Value, text: &mut String) {
    if kind == "Metadata" {
        let metadata = at(value, "metadata");
        for field in METADATA.iter().filter(|field| has(metadata, field)) {
            text.push_str(&format!("\"{field}\":{},", at(metadata, field)));
        }
        return;
    }
    let declared = TYPES.lines().filter_map(|line| line.split_once(' ')).find(|(name, _)| *name == kind);
    for field in declared.map(|(_, fields)| fields).unwrap_or_default().split(' ') {
        if let Some(embedded) = field.strip_prefix('+') {
            fields(embedded, value, text);
            continue;
        }
        let (names, of) = field.split_once(':').unwrap_or((field, ""));
        let (name, given) = match names.split_once('/') {
            Some((name, given)) => (name, given.to_owned()),
            None => (names, lowered(names)),
        };
        text.push_str(&format!("\"{name}\":"));
        let member = at(value, &given);
        match of {
            "L" => text.push_str(&label_selector(member)),
            "" | "i" | "b" | "q" | "p" | "?" if !member.is_null() => text.push_str(&member.to_string()),
            "" => text.push_str("\"\""),
            "i" | "p" => text.push('0'),
            "b" => text.push_str("false"),
            "q" => text.push_str("\"0\""),
            "?" => text.push_str("null"),
            "*PodSecurityContext" => object("PodSecurityContext", &of_the_host(value), text),
            _ => other(of, member, text),
        }
        text.push(',');
    }
}

fn other(of: &str, member: &Value, text: &mut String) {
    let optional = of.strip_prefix('*').or_else(|| of.strip_prefix("[]"));
    match optional {
        Some(_) if member.is_null() => text.push_str("null"),
        Some(kind) if of.starts_with('[') => {
            text.push('[');
            for (index, item) in member.as_array().into_iter().flatten().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                object(kind, item, text);
            }
            text.push(']');
        }
        Some(kind) => object(kind, member, text),
        None => object(of, member, text),
    }
}

/// The security context of a Pod, which within the server also says what it shares with the host.
fn of_the_host(spec: &Value) -> Value {
    let mut context = at(spec, "securityContext").clone();
    if context.is_null() {
        context = Value::Object(Map::new());
    }
    for field in ["hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace", "hostUsers"] {
        keep(&mut context, spec, field);
    }
    context
}

/// What the API calls a field: its first word is in lower case (`DNSPolicy`: `dnsPolicy`).
fn lowered(name: &str) -> String {
    let capitals = name.bytes().take_while(u8::is_ascii_uppercase).count();
    let first = match capitals {
        1 => 1,
        _ if capitals == name.len() => capitals,
        _ => capitals - 1,
    };
    let (first, rest) = name.split_at(first);
    first.to_ascii_lowercase() + rest
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_type_is_declared() {
        let lines = || TYPES.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        let declared: Vec<&str> = lines().filter_map(|line| line.split_once(' ')).map(|(name, _)| name).collect();
        for field in lines().flat_map(|line| line.split(' ').skip(1)) {
            let of = field.strip_prefix('+').or_else(|| field.split_once(':').map(|(_, of)| of)).unwrap_or_default();
            let of = of.trim_start_matches(['*', '[', ']']);
            let known = matches!(of, "" | "i" | "b" | "q" | "p" | "?" | "L" | "Metadata") || declared.contains(&of);
            assert!(known, "{field}");
        }
    }

    #[test]
    fn names_begin_in_lower_case() {
        let names = [
            ("DNSPolicy", "dnsPolicy"),
            ("OS", "os"),
            ("SELinuxOptions", "seLinuxOptions"),
            ("GCEPersistentDisk", "gcePersistentDisk"),
            ("HostPID", "hostPID"),
            ("Name", "name"),
            ("HTTPGet", "httpGet"),
        ];
        for (name, expect) in names {
            assert_eq!(lowered(name), expect);
        }
    }

    #[test]
    fn values_are_printed_as_go_has_them() {
        let cases = [
            ("Toleration", json!({"operator": "Exists"}), {
                r#"{"Key":"","Operator":"Exists","Value":"","Effect":"","TolerationSeconds":null}"#
            }),
            ("TCPSocketAction", json!({"port": "http"}), r#"{"Port":"http","Host":""}"#),
            ("ExecAction", json!({"command": ["a", "x && y > z"]}), {
                r#"{"Command":["a","x \u0026\u0026 y \u003e z"]}"#
            }),
            ("EnvVar", json!({"name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}), {
                r#"{"Name":"A","Value":"","ValueFrom":{"FieldRef":null,"ResourceFieldRef":null,"ConfigMapKeyRef":null,"SecretKeyRef":{"Name":"s","Key":"k","Optional":null},"FileKeyRef":null}}"#
            }),
            ("EphemeralContainer", json!({"name": "d", "targetContainerName": "c"}), {
                r#"{"Name":"d","Image":"","Command":null,"Args":null,"WorkingDir":"","Ports":null,"EnvFrom":null,"Env":null,"Resources":{"Limits":null,"Requests":null,"Claims":null},"ResizePolicy":null,"RestartPolicy":null,"RestartPolicyRules":null,"VolumeMounts":null,"VolumeDevices":null,"LivenessProbe":null,"ReadinessProbe":null,"StartupProbe":null,"Lifecycle":null,"TerminationMessagePath":"","TerminationMessagePolicy":"","ImagePullPolicy":"","SecurityContext":null,"Stdin":false,"StdinOnce":false,"TTY":false,"TargetContainerName":"c"}"#
            }),
            (
                "ClaimTemplate",
                json!({"metadata": {"labels": {"a": "b"}}, "spec": {"selector": {"matchLabels": {"c": "d"}}}}),
                {
                    r#"{"labels":{"a":"b"},"Spec":{"AccessModes":null,"Selector":{"matchLabels":{"c":"d"}},"Resources":{"Limits":null,"Requests":null},"VolumeName":"","StorageClassName":null,"VolumeMode":null,"DataSource":null,"DataSourceRef":null,"VolumeAttributesClassName":null}}"#
                },
            ),
        ];
        for (kind, value, expect) in cases {
            assert_eq!(printed(kind, &value), expect);
        }
    }

    #[test]
    fn what_pods_share_with_the_host_is_part_of_their_security() {
        let text = printed("PodTemplateSpec", &json!({"spec": {"hostPID": true, "containers": []}}));
        let start = r#"{"Spec":{"Volumes":null,"InitContainers":null,"Containers":[],"EphemeralContainers":null,"#;
        assert!(text.starts_with(start), "{text}");
        let context = r#""SecurityContext":{"HostNetwork":false,"HostPID":true,"HostIPC":false,"#;
        assert!(text.contains(context), "{text}");
    }

    #[test]
    fn selectors_are_printed_as_the_api_has_them() {
        let selector = json!({"matchExpressions": [{"key": "a", "operator": "Exists"}], "matchLabels": {"b": "c"}});
        let expect = r#"{"matchLabels":{"b":"c"},"matchExpressions":[{"key":"a","operator":"Exists"}]}"#;
        assert_eq!(label_selector(&selector), expect);
    }
}
