//! Policy rules: whether one allows a request, and whether some cover another.

use serde_json::Value;

use super::Attributes;

/// A `PolicyRule`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) verbs: Vec<String>,
    pub(super) groups: Vec<String>,
    pub(super) resources: Vec<String>,
    pub(super) names: Vec<String>,
    pub(super) urls: Vec<String>,
}

fn texts(value: &Value, field: &str) -> Vec<String> {
    let items = value.get(field).and_then(Value::as_array).into_iter().flatten();
    items.filter_map(Value::as_str).map(str::to_owned).collect()
}

fn has(set: &[String], wanted: &str) -> bool {
    set.iter().any(|item| item == wanted)
}

fn has_all(set: &[String], wanted: &[String]) -> bool {
    wanted.iter().all(|item| has(set, item))
}

/// Whether a rule's URL, which may end in `*`, stands for a path.
fn url_covers(rule: &str, path: &str) -> bool {
    rule == path || (rule.ends_with('*') && path.starts_with(rule.trim_end_matches('*')))
}

impl Rule {
    /// Reads a rule; what is no text is left out.
    pub(super) fn read(value: &Value) -> Self {
        Self {
            verbs: texts(value, "verbs"),
            groups: texts(value, "apiGroups"),
            resources: texts(value, "resources"),
            names: texts(value, "resourceNames"),
            urls: texts(value, "nonResourceURLs"),
        }
    }

    /// The rules of a Role or ClusterRole.
    pub(super) fn read_all(role: &Value) -> Vec<Self> {
        role.get("rules").and_then(Value::as_array).into_iter().flatten().map(Self::read).collect()
    }

    /// Everything: what only a cluster's administrator has.
    pub(super) fn full_authority() -> Vec<Self> {
        let all = || vec!["*".to_owned()];
        vec![
            Self { verbs: all(), groups: all(), resources: all(), ..Self::default() },
            Self { verbs: all(), urls: all(), ..Self::default() },
        ]
    }

    /// Whether this allows what is asked for.
    pub(super) fn allows(&self, asked: &Attributes<'_>) -> bool {
        if !has(&self.verbs, "*") && !has(&self.verbs, asked.verb) {
            return false;
        }
        if let Some(path) = asked.path {
            return self.urls.iter().any(|url| url == "*" || url_covers(url, path));
        }
        (has(&self.groups, "*") || has(&self.groups, asked.group))
            && self.has_resource(asked.resource, asked.subresource)
            && (self.names.is_empty() || has(&self.names, asked.name))
    }

    fn has_resource(&self, resource: &str, subresource: &str) -> bool {
        self.resources.iter().any(|rule| match rule.split_once('/') {
            _ if rule == "*" => true,
            None => subresource.is_empty() && rule == resource,
            Some((of, below)) => !subresource.is_empty() && below == subresource && (of == "*" || of == resource),
        })
    }

    /// One rule for each combination of group, resource, verb and name.
    fn break_down(&self) -> Vec<Self> {
        let mut parts = Vec::new();
        for group in &self.groups {
            for resource in &self.resources {
                for verb in &self.verbs {
                    let part = Self {
                        verbs: vec![verb.clone()],
                        groups: vec![group.clone()],
                        resources: vec![resource.clone()],
                        ..Self::default()
                    };
                    match self.names.as_slice() {
                        [] => parts.push(part),
                        names => {
                            parts.extend(names.iter().map(|name| Self { names: vec![name.clone()], ..part.clone() }));
                        }
                    }
                }
            }
        }
        for url in &self.urls {
            let each = self.verbs.iter();
            parts.extend(each.map(|verb| Self {
                verbs: vec![verb.clone()],
                urls: vec![url.clone()],
                ..Self::default()
            }));
        }
        parts
    }

    fn covers(&self, other: &Self) -> bool {
        (has(&self.verbs, "*") || has_all(&self.verbs, &other.verbs))
            && (has(&self.groups, "*") || has_all(&self.groups, &other.groups))
            && self.covers_resources(&other.resources)
            && other.urls.iter().all(|url| self.urls.iter().any(|owned| url_covers(owned, url)))
            && (self.names.is_empty() || (!other.names.is_empty() && has_all(&self.names, &other.names)))
    }

    fn covers_resources(&self, wanted: &[String]) -> bool {
        has(&self.resources, "*")
            || wanted.iter().all(|resource| {
                has(&self.resources, resource)
                    || resource.split_once('/').is_some_and(|(_, below)| has(&self.resources, &format!("*/{below}")))
            })
    }

    /// As a refusal of escalation prints it: `{APIGroups:[""], Resources:["pods"], Verbs:["get"]}`
    pub(super) fn compact(&self) -> String {
        let parts = [
            ("APIGroups", &self.groups),
            ("Resources", &self.resources),
            ("NonResourceURLs", &self.urls),
            ("ResourceNames", &self.names),
            ("Verbs", &self.verbs),
        ];
        let said = parts.iter().filter(|(_, items)| !items.is_empty());
        let said: Vec<String> = said.map(|(name, items)| format!("{name}:{}", quoted(items))).collect();
        format!("{{{}}}", said.join(", "))
    }
}

/// A list of texts as Go's `%q` prints it: `["a" "b"]`
pub(super) fn quoted(items: &[String]) -> String {
    let items: Vec<String> = items.iter().map(|item| format!("{item:?}")).collect();
    format!("[{}]", items.join(" "))
}

/// What of `wanted` no rule of `owned` covers, broken down.
pub(super) fn uncovered(owned: &[Rule], wanted: &[Rule]) -> Vec<Rule> {
    let parts = wanted.iter().flat_map(Rule::break_down);
    parts.filter(|part| !owned.iter().any(|rule| rule.covers(part))).collect()
}

/// Puts rules that differ only in their verbs together.
pub(super) fn merged(rules: Vec<Rule>) -> Vec<Rule> {
    let mut merged: Vec<Rule> = Vec::new();
    for rule in rules {
        let simple =
            rule.urls.is_empty() && rule.groups.len() == 1 && rule.resources.len() == 1 && rule.names.len() < 2;
        let same = merged.iter_mut().find(|other| {
            other.urls.is_empty()
                && other.groups == rule.groups
                && other.resources == rule.resources
                && other.names == rule.names
        });
        match same {
            Some(other) if simple => other.verbs.extend(rule.verbs),
            _ => merged.push(rule),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use serde_json::json;

    use super::*;

    #[test]
    fn a_rule_allows() {
        let get_pods = json!({"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]});
        let logs = json!({"verbs": ["get"], "apiGroups": [""], "resources": ["pods/log"]});
        let scales = json!({"verbs": ["*"], "apiGroups": ["*"], "resources": ["*/scale"]});
        let named = json!({"verbs": ["get"], "apiGroups": [""], "resources": ["pods"], "resourceNames": ["a"]});
        let everything = json!({"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]});
        let urls = json!({"verbs": ["get"], "nonResourceURLs": ["/healthz", "/apis/*"]});
        let cases = [
            (&get_pods, "get", "", "pods", "", "x", true),
            (&get_pods, "list", "", "pods", "", "", false),
            (&get_pods, "get", "apps", "pods", "", "x", false),
            (&get_pods, "get", "", "pods", "log", "x", false),
            (&logs, "get", "", "pods", "log", "x", true),
            (&logs, "get", "", "pods", "", "x", false),
            (&scales, "update", "apps", "deployments", "scale", "x", true),
            (&scales, "update", "apps", "deployments", "", "x", false),
            (&named, "get", "", "pods", "", "a", true),
            (&named, "get", "", "pods", "", "b", false),
            (&named, "get", "", "pods", "", "", false),
            (&everything, "delete", "apps", "deployments", "status", "x", true),
            (&urls, "get", "", "pods", "", "", false),
        ];
        for (rule, verb, group, resource, subresource, name, expect) in cases {
            let asked = Attributes { verb, group, resource, subresource, name, namespace: "n", path: None };
            assert_eq!(Rule::read(rule).allows(&asked), expect, "{rule} {asked:?}");
        }
        for (path, expect) in [("/healthz", true), ("/healthz/x", false), ("/apis/apps", true), ("/apis", false)] {
            assert_eq!(Rule::read(&urls).allows(&Attributes::path("get", path)), expect, "{path}");
        }
        assert!(!Rule::read(&everything).allows(&Attributes::path("get", "/healthz")));
    }

    #[test]
    fn rules_cover() {
        let pods = json!({"verbs": ["get", "list"], "apiGroups": [""], "resources": ["pods"]});
        let named = json!({"verbs": ["get"], "apiGroups": [""], "resources": ["pods"], "resourceNames": ["a", "b"]});
        let logs = json!({"verbs": ["get"], "apiGroups": [""], "resources": ["*/log"]});
        let urls = json!({"verbs": ["get"], "nonResourceURLs": ["/apis/*"]});
        let cases = [
            (&pods, json!({"verbs": ["get"], "apiGroups": [""], "resources": ["pods"], "resourceNames": ["a"]}), ""),
            (
                &named,
                json!({"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}),
                r#"{APIGroups:[""], Resources:["pods"], Verbs:["get"]}"#,
            ),
            (
                &named,
                json!({"verbs": ["get"], "apiGroups": [""], "resources": ["pods"], "resourceNames": ["b", "c"]}),
                r#"{APIGroups:[""], Resources:["pods"], ResourceNames:["c"], Verbs:["get"]}"#,
            ),
            (
                &pods,
                json!({"verbs": ["get", "watch", "delete"], "apiGroups": [""], "resources": ["pods"]}),
                r#"{APIGroups:[""], Resources:["pods"], Verbs:["watch" "delete"]}"#,
            ),
            (&logs, json!({"verbs": ["get"], "apiGroups": [""], "resources": ["pods/log"]}), ""),
            (&urls, json!({"verbs": ["get"], "nonResourceURLs": ["/apis/apps/*"]}), ""),
            (&urls, json!({"verbs": ["get"], "nonResourceURLs": ["/x"]}), r#"{NonResourceURLs:["/x"], Verbs:["get"]}"#),
        ];
        for (owned, wanted, expect) in cases {
            let missing = merged(uncovered(&[Rule::read(owned)], &[Rule::read(&wanted)]));
            let said: Vec<String> = missing.iter().map(Rule::compact).collect();
            assert_eq!(said.join("\n"), expect, "{owned} {wanted}");
        }
    }
}
