//! Flow control: FlowSchemas and PriorityLevelConfigurations, and those that are there from the start.

use serde_json::{Value, json};

use super::labels::form;
use super::{field, metadata, name};
use crate::invalid::Invalid;
use crate::path::Path;
use crate::registry::Behaviour;

const VERSION: &str = "flowcontrol.apiserver.k8s.io/v1";

/// `FlowSchema`
#[derive(Debug)]
pub(crate) struct FlowSchema;

/// `PriorityLevelConfiguration`
#[derive(Debug)]
pub(crate) struct PriorityLevel;

const VERBS: [&str; 9] = ["create", "delete", "deletecollection", "get", "list", "patch", "proxy", "update", "watch"];

impl Behaviour for FlowSchema {
    fn default(&self, object: &mut Value) {
        if field::int(object, "/spec/matchingPrecedence") == 0 {
            field::set(object, "/spec/matchingPrecedence", 1000);
        }
    }

    fn prepare_create(&self, object: &mut Value) {
        field::set(object, "/status", json!({}));
    }

    fn validate(&self, object: &Value) -> Vec<Invalid> {
        let spec = Path::new("spec");
        let name = field::text(object, "/metadata/name");
        let mut errors = Vec::new();
        let (precedence, path) = (field::int(object, "/spec/matchingPrecedence"), spec.child("matchingPrecedence"));
        let mut say = |detail: &str| errors.push(Invalid::invalid(&path, &json!(precedence), detail));
        if precedence <= 0 {
            say("must be a positive value");
        }
        if precedence > 10_000 {
            say("must not be greater than 10000");
        }
        if precedence == 1 && name != "exempt" {
            say("only the schema named 'exempt' may have matchingPrecedence 1");
        }
        if let Some(method) = object.pointer("/spec/distinguisherMethod").filter(|method| !method.is_null()) {
            let known = ["ByNamespace", "ByUser"];
            let kind = field::text(method, "/type");
            if !known.contains(&kind) {
                let path = spec.child("distinguisherMethod").child("type");
                let mut error = Invalid::not_supported(path, &Value::Null, &known);
                // The internal type is printed, with the name of its field in Go.
                error.value = Some(format!("{{\"Type\":{}}}", json!(kind)));
                errors.push(error);
            }
        }
        let path = spec.child("priorityLevelConfiguration").child("name");
        match field::text(object, "/spec/priorityLevelConfiguration/name") {
            "" => errors.push(Invalid::required(path, "must reference a priority level")),
            level => errors.extend(form(&path, level, name::subdomain)),
        }
        for (index, rule) in field::list(object, "/spec/rules").iter().enumerate() {
            errors.extend(policy_rules(rule, &spec.child("rules").index(index)));
        }
        errors.extend(fixed(object, mandatory_schemas()));
        errors
    }

    fn validate_update(&self, object: &Value, _old: &Value) -> Vec<Invalid> {
        let mut errors = metadata::validate(object, false, &name::subdomain);
        errors.extend(self.validate(object));
        errors
    }

    fn has_generation(&self) -> bool {
        true
    }

    fn has_status(&self) -> bool {
        true
    }
}

/// What of the objects that cannot be changed was changed.
fn fixed(object: &Value, mandatory: impl IntoIterator<Item = Value>) -> Option<Invalid> {
    let name = field::text(object, "/metadata/name");
    let fixed = mandatory.into_iter().find(|fixed| field::text(fixed, "/metadata/name") == name)?;
    let spec = object.get("spec").unwrap_or(&Value::Null);
    (!field::same(Some(spec), fixed.get("spec")))
        .then(|| Invalid::invalid("spec", spec, format!("spec of '{name}' must equal the fixed value")))
}

fn policy_rules(rule: &Value, path: &Path) -> Vec<Invalid> {
    let list = |name: &str| field::list(rule, &format!("/{name}"));
    let mut errors = Vec::new();
    if list("subjects").is_empty() {
        let detail = "subjects must contain at least one value";
        errors.push(Invalid::required(path.child("subjects"), detail));
    }
    for (index, entry) in list("subjects").iter().enumerate() {
        errors.extend(subject(entry, &path.child("subjects").index(index)));
    }
    if list("resourceRules").is_empty() && list("nonResourceRules").is_empty() {
        let detail = "at least one of resourceRules and nonResourceRules has to be non-empty";
        errors.push(Invalid::required(path, detail));
    }
    for (index, entry) in list("resourceRules").iter().enumerate() {
        errors.extend(resource_rule(entry, &path.child("resourceRules").index(index)));
    }
    for (index, entry) in list("nonResourceRules").iter().enumerate() {
        errors.extend(url_rule(entry, &path.child("nonResourceRules").index(index)));
    }
    errors
}

fn subject(subject: &Value, path: &Path) -> Vec<Invalid> {
    let kinds = [("Group", "group"), ("ServiceAccount", "serviceAccount"), ("User", "user")];
    let kind = field::text(subject, "/kind");
    let Some((_, own)) = kinds.iter().find(|(name, _)| *name == kind) else {
        let known = kinds.map(|(name, _)| name);
        return vec![Invalid::not_supported(path.child("kind"), &json!(kind), &known)];
    };
    let mut errors = Vec::new();
    let at = path.child(own);
    match subject.get(*own).filter(|given| !given.is_null()) {
        None => errors.push(Invalid::required(&at, format!("{own} is required when subject kind is '{kind}'"))),
        Some(given) => {
            let (name, namespace) = (field::text(given, "/name"), field::text(given, "/namespace"));
            if name.is_empty() {
                errors.push(Invalid::required(at.child("name"), ""));
            } else if kind == "ServiceAccount" && name != "*" {
                errors.extend(form(&at.child("name"), name, name::subdomain));
            }
            if kind == "ServiceAccount" {
                match namespace {
                    "" => {
                        let detail = "must specify namespace for service account";
                        errors.push(Invalid::required(at.child("namespace"), detail));
                    }
                    namespace => errors.extend(form(&at.child("namespace"), namespace, name::label)),
                }
            }
        }
    }
    // Upstream looks at the others in this order.
    for (other, field) in [("ServiceAccount", "serviceAccount"), ("User", "user"), ("Group", "group")] {
        if other != kind && subject.get(field).is_some_and(|given| !given.is_null()) {
            let detail = format!("{field} is forbidden when subject kind is not '{other}'");
            errors.push(Invalid::forbidden(path.child(field), detail));
        }
    }
    errors
}

fn verbs(rule: &Value, path: &Path) -> Option<Invalid> {
    let (verbs, path) = (field::texts(rule, "/verbs"), path.child("verbs"));
    if verbs.is_empty() {
        return Some(Invalid::required(path, "verbs must contain at least one value"));
    }
    if verbs.contains(&"*") {
        let detail = "if '*' is present, must not specify other verbs";
        return (verbs.len() > 1).then(|| Invalid::invalid(path, &json!(verbs), detail));
    }
    let known = verbs.iter().all(|verb| VERBS.contains(verb));
    (!known).then(|| Invalid::not_supported(path, &json!(verbs), &VERBS))
}

fn resource_rule(rule: &Value, path: &Path) -> Vec<Invalid> {
    let mut errors: Vec<Invalid> = verbs(rule, path).into_iter().collect();
    for (name, one, many) in [("apiGroups", "api group", "api groups"), ("resources", "resource", "resources")] {
        let (given, path) = (field::texts(rule, &format!("/{name}")), path.child(name));
        if given.is_empty() {
            errors.push(Invalid::required(path, format!("resource rules must supply at least one {one}")));
        } else if given.len() > 1 && given.contains(&"*") {
            let detail = format!("if '*' is present, must not specify other {many}");
            errors.push(Invalid::invalid(path, &json!(given), detail));
        }
    }
    let (namespaces, path) = (field::texts(rule, "/namespaces"), path.child("namespaces"));
    if namespaces.is_empty() && !field::flag(rule, "/clusterScope") {
        let detail = "resource rules that are not cluster scoped must supply at least one namespace";
        errors.push(Invalid::required(path, detail));
    } else if namespaces.contains(&"*") {
        if namespaces.len() > 1 {
            let detail = "if '*' is present, must not specify other namespaces";
            errors.push(Invalid::invalid(path, &json!(namespaces), detail));
        }
    } else {
        for (index, namespace) in namespaces.iter().enumerate() {
            for said in name::label(namespace) {
                let detail = format!("each member of this list must be '*' or a DNS-1123 label; {said}");
                errors.push(Invalid::invalid(path.index(index), &json!(namespace), detail));
            }
        }
    }
    errors
}

fn url_rule(rule: &Value, path: &Path) -> Vec<Invalid> {
    let mut errors: Vec<Invalid> = verbs(rule, path).into_iter().collect();
    let (urls, path) = (field::texts(rule, "/nonResourceURLs"), path.child("nonResourceURLs"));
    if urls.is_empty() {
        errors.push(Invalid::required(path, "nonResourceURLs must contain at least one value"));
        return errors;
    }
    if urls.contains(&"*") {
        if urls.len() > 1 {
            let detail = "if '*' is present, must not specify other non-resource URLs";
            errors.push(Invalid::invalid(path, &json!(urls), detail));
        }
        return errors;
    }
    for (index, url) in urls.iter().enumerate() {
        let stars = url.matches('*').count();
        let detail = match *url {
            "" => "must not be empty",
            "/" => continue,
            url if !url.starts_with('/') => "must start with slash",
            url if url.contains(' ') => "must not contain white-space",
            url if url.contains("//") => "must not contain double slash",
            url if stars > 1 || (stars == 1 && !url.ends_with("/*")) => "wildcard can only do suffix matching",
            _ => continue,
        };
        errors.push(Invalid::invalid(path.index(index), &json!(url), detail));
    }
    errors
}

impl Behaviour for PriorityLevel {
    fn default(&self, object: &mut Value) {
        for (name, shares) in [("limited", 30), ("exempt", 0)] {
            if field::has(object, &format!("/spec/{name}")) {
                field::default(object, &format!("/spec/{name}/nominalConcurrencyShares"), shares);
                field::default(object, &format!("/spec/{name}/lendablePercent"), 0);
            }
        }
        let queuing = "/spec/limited/limitResponse/queuing";
        if field::has(object, queuing) {
            for (name, number) in [("queues", 64), ("handSize", 8), ("queueLengthLimit", 50)] {
                if field::int(object, &format!("{queuing}/{name}")) == 0 {
                    field::set(object, &format!("{queuing}/{name}"), number);
                }
            }
        }
    }

    fn prepare_create(&self, object: &mut Value) {
        field::set(object, "/status", json!({}));
    }

    fn validate(&self, object: &Value) -> Vec<Invalid> {
        let spec = Path::new("spec");
        let kind = field::text(object, "/spec/type");
        let mut errors = Vec::new();
        if (field::text(object, "/metadata/name") == "exempt") != (kind == "Exempt") {
            let detail = "type must be 'Exempt' if and only if name is 'exempt'";
            errors.push(Invalid::invalid(spec.child("type"), &json!(kind), detail));
        }
        let part = |name: &str| object.pointer(&format!("/spec/{name}")).filter(|part| !part.is_null());
        match kind {
            "Exempt" => {
                if part("limited").is_some() {
                    let detail = "must be nil if the type is not Limited";
                    errors.push(Invalid::forbidden(spec.child("limited"), detail));
                }
                if let Some(exempt) = part("exempt") {
                    errors.extend(shares(exempt, &spec.child("exempt")));
                }
            }
            "Limited" => {
                if part("exempt").is_some() {
                    let detail = "must be nil if the type is Limited";
                    errors.push(Invalid::forbidden(spec.child("exempt"), detail));
                }
                match part("limited") {
                    None => {
                        let detail = "must not be empty when type is Limited";
                        errors.push(Invalid::required(spec.child("limited"), detail));
                    }
                    Some(limited) => {
                        let path = spec.child("limited");
                        errors.extend(shares(limited, &path));
                        errors.extend(limit_response(limited, &path.child("limitResponse")));
                    }
                }
            }
            other => {
                let known = ["Exempt", "Limited"];
                errors.push(Invalid::not_supported(spec.child("type"), &json!(other), &known));
            }
        }
        errors.extend(fixed(object, [mandatory_level("catch-all")]));
        errors
    }

    fn validate_update(&self, object: &Value, _old: &Value) -> Vec<Invalid> {
        let mut errors = metadata::validate(object, false, &name::subdomain);
        errors.extend(self.validate(object));
        errors
    }

    fn has_generation(&self) -> bool {
        true
    }

    fn has_status(&self) -> bool {
        true
    }
}

fn shares(part: &Value, path: &Path) -> Vec<Invalid> {
    let mut errors = Vec::new();
    let nominal = field::int(part, "/nominalConcurrencyShares");
    if nominal < 0 {
        let path = path.child("nominalConcurrencyShares");
        errors.push(Invalid::invalid(path, &json!(nominal), "must be a non-negative integer"));
    }
    let lendable = field::int(part, "/lendablePercent");
    if !(0..=100).contains(&lendable) {
        let path = path.child("lendablePercent");
        errors.push(Invalid::invalid(path, &json!(lendable), "must be between 0 and 100, inclusive"));
    }
    if let Some(borrowing) = part.get("borrowingLimitPercent").and_then(Value::as_i64).filter(|limit| *limit < 0) {
        let path = path.child("borrowingLimitPercent");
        let detail = "if specified, must be a non-negative integer";
        errors.push(Invalid::invalid(path, &json!(borrowing), detail));
    }
    errors
}

fn limit_response(limited: &Value, path: &Path) -> Vec<Invalid> {
    let queuing = limited.pointer("/limitResponse/queuing").filter(|queuing| !queuing.is_null());
    let at = path.child("queuing");
    let mut errors = Vec::new();
    match (field::text(limited, "/limitResponse/type"), queuing) {
        ("Reject", Some(_)) => {
            let detail = "must be nil if limited.limitResponse.type is not Limited";
            errors.push(Invalid::forbidden(at, detail));
        }
        ("Reject", None) => {}
        ("Queue", None) => {
            let detail = "must not be empty if limited.limitResponse.type is Limited";
            errors.push(Invalid::required(at, detail));
        }
        ("Queue", Some(queuing)) => {
            let number = |name: &str| field::int(queuing, &format!("/{name}"));
            let (length, queues, hand) = (number("queueLengthLimit"), number("queues"), number("handSize"));
            if length <= 0 {
                errors.push(Invalid::invalid(at.child("queueLengthLimit"), &json!(length), "must be positive"));
            }
            if queues <= 0 {
                errors.push(Invalid::invalid(at.child("queues"), &json!(queues), "must be positive"));
            } else if queues > 10_000_000 {
                let detail = "must not be greater than 10000000";
                errors.push(Invalid::invalid(at.child("queues"), &json!(queues), detail));
            }
            let bits = (0..hand.min(queues)).map(|dealt| ((queues - dealt) as f64).log2()).sum::<f64>().ceil() as i64;
            if hand <= 0 {
                errors.push(Invalid::invalid(at.child("handSize"), &json!(hand), "must be positive"));
            } else if hand > queues {
                let detail = format!("should not be greater than queues ({queues})");
                errors.push(Invalid::invalid(at.child("handSize"), &json!(hand), detail));
            } else if bits > 60 {
                let detail = format!(
                    "required entropy bits of deckSize {queues} and handSize {hand} should not be greater than 60"
                );
                errors.push(Invalid::invalid(at.child("handSize"), &json!(hand), detail));
            }
        }
        (other, _) => {
            let known = ["Queue", "Reject"];
            errors.push(Invalid::not_supported(path.child("type"), &json!(other), &known));
        }
    }
    errors
}

fn groups(names: &[&str]) -> Vec<Value> {
    names.iter().map(|name| json!({"kind": "Group", "group": {"name": name}})).collect()
}

fn users(names: &[&str]) -> Vec<Value> {
    names.iter().map(|name| json!({"kind": "User", "user": {"name": name}})).collect()
}

fn accounts(names: &[&str]) -> Vec<Value> {
    let account = |name| json!({"name": name, "namespace": "kube-system"});
    names.iter().map(|name| json!({"kind": "ServiceAccount", "serviceAccount": account(name)})).collect()
}

fn resources(verbs: &[&str], group: &str, resources: &[&str], namespaces: &[&str], cluster: bool) -> Value {
    let mut rule = json!({"verbs": verbs, "apiGroups": [group], "resources": resources, "namespaces": namespaces});
    if cluster {
        field::set(&mut rule, "/clusterScope", true);
    }
    rule
}

fn schema(name: &str, level: &str, precedence: u32, method: &str, rule: &Value) -> Value {
    let mut spec = json!({
        "matchingPrecedence": precedence, "priorityLevelConfiguration": {"name": level}, "rules": [rule],
    });
    if !method.is_empty() {
        field::set(&mut spec, "/distinguisherMethod", json!({"type": method}));
    }
    json!({
        "apiVersion": VERSION, "kind": "FlowSchema", "spec": spec,
        "metadata": {"name": name, "annotations": {"apf.kubernetes.io/autoupdate-spec": "true"}},
    })
}

/// A rule for everything that these subjects ask.
fn everything(subjects: &[Value]) -> Value {
    json!({
        "subjects": subjects,
        "resourceRules": [resources(&["*"], "*", &["*"], &["*"], true)],
        "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["*"]}],
    })
}

fn mandatory_schemas() -> [Value; 2] {
    let all = groups(&["system:unauthenticated", "system:authenticated"]);
    [
        schema("exempt", "exempt", 1, "", &everything(&groups(&["system:masters"]))),
        schema("catch-all", "catch-all", 10_000, "ByUser", &everything(&all)),
    ]
}

fn mandatory_level(name: &str) -> Value {
    let spec = match name {
        "exempt" => json!({"type": "Exempt", "exempt": {"nominalConcurrencyShares": 0, "lendablePercent": 0}}),
        _ => json!({"type": "Limited", "limited": {
            "nominalConcurrencyShares": 5, "lendablePercent": 0, "limitResponse": {"type": "Reject"},
        }}),
    };
    level(name, &spec)
}

fn level(name: &str, spec: &Value) -> Value {
    json!({
        "apiVersion": VERSION, "kind": "PriorityLevelConfiguration", "spec": spec,
        "metadata": {"name": name, "annotations": {"apf.kubernetes.io/autoupdate-spec": "true"}},
    })
}

/// Levels and schemas of a new cluster, `now` being RFC 3339.
pub(super) fn bootstrap(now: &str) -> Vec<Value> {
    let mut objects = vec![mandatory_level("exempt"), mandatory_level("catch-all")];
    let levels = [
        ("system", 30, 33, 64, 6),
        ("node-high", 40, 25, 64, 6),
        ("leader-election", 10, 0, 16, 4),
        ("workload-high", 40, 50, 128, 6),
        ("workload-low", 100, 90, 128, 6),
        ("global-default", 20, 50, 128, 6),
    ];
    objects.extend(levels.map(|(name, shares, lendable, queues, hand)| {
        let queuing = json!({"queues": queues, "handSize": hand, "queueLengthLimit": 50});
        let limited = json!({
            "nominalConcurrencyShares": shares, "lendablePercent": lendable,
            "limitResponse": {"type": "Queue", "queuing": queuing},
        });
        level(name, &json!({"type": "Limited", "limited": limited}))
    }));
    objects.extend(mandatory_schemas());
    objects.extend(suggested_schemas());
    for object in objects.iter_mut().filter(|object| field::text(object, "/kind") == "FlowSchema") {
        let level = field::text(object, "/spec/priorityLevelConfiguration/name");
        let message =
            format!("This FlowSchema references the PriorityLevelConfiguration object named \"{level}\" and it exists");
        let dangling = json!({
            "type": "Dangling", "status": "False", "reason": "Found", "message": message, "lastTransitionTime": now,
        });
        field::set(object, "/status", json!({"conditions": [dangling]}));
    }
    objects
}

fn suggested_schemas() -> Vec<Value> {
    let manager = "system:kube-controller-manager";
    let change = ["get", "create", "update"];
    let leases = |verbs: &[&str]| resources(verbs, "coordination.k8s.io", &["leases"], &["*"], false);
    let of = |subjects: Vec<Value>, rules: Value| json!({"subjects": subjects, "resourceRules": rules});
    let both = |one: Vec<Value>, other: Vec<Value>| -> Vec<Value> { one.into_iter().chain(other).collect() };
    let everyone = groups(&["system:unauthenticated", "system:authenticated"]);
    let nodes = groups(&["system:nodes"]);
    let probes = json!({
        "subjects": everyone,
        "nonResourceRules": [{"verbs": ["get"], "nonResourceURLs": ["/healthz", "/readyz", "/livez"]}],
    });
    let endpoints = json!([resources(&change, "", &["endpoints"], &["*"], false)]);
    let reports = json!([resources(&["*"], "", &["nodes", "nodes/status"], &["*"], true), leases(&["*"])]);
    let leaders = both(users(&[manager, "system:kube-scheduler"]), accounts(&["*"]));
    let mirrors = accounts(&["endpoint-controller", "endpointslicemirroring-controller"]);
    vec![
        schema("system-nodes", "system", 500, "ByUser", &everything(&nodes)),
        schema("system-node-high", "node-high", 400, "ByUser", &of(nodes, reports)),
        schema("probes", "exempt", 2, "", &probes),
        schema("system-leader-election", "leader-election", 100, "ByUser", &of(leaders, json!([leases(&change)]))),
        schema("endpoint-controller", "workload-high", 150, "ByUser", &of(both(users(&[manager]), mirrors), endpoints)),
        schema(
            "workload-leader-election",
            "leader-election",
            200,
            "ByUser",
            &of(accounts(&["*"]), json!([leases(&change)])),
        ),
        schema("kube-controller-manager", "workload-high", 800, "ByNamespace", &everything(&users(&[manager]))),
        schema("kube-scheduler", "workload-high", 800, "ByNamespace", &everything(&users(&["system:kube-scheduler"]))),
        schema("kube-system-service-accounts", "workload-high", 900, "ByNamespace", &everything(&accounts(&["*"]))),
        schema("service-accounts", "workload-low", 9000, "ByUser", &everything(&groups(&["system:serviceaccounts"]))),
        schema("global-default", "global-default", 9900, "ByUser", &everything(&everyone)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_refused() {
        let schema = json!({"metadata": {"name": "a"}, "spec": {"matchingPrecedence": 1, "rules": [
            {"subjects": [{"kind": "User", "group": {"name": "g"}}], "nonResourceRules": [{"verbs": ["x"], "nonResourceURLs": ["a"]}]},
        ]}});
        let said: Vec<String> = FlowSchema.validate(&schema).iter().map(ToString::to_string).collect();
        assert_eq!(
            said,
            [
                "spec.matchingPrecedence: Invalid value: 1: only the schema named 'exempt' may have matchingPrecedence 1",
                "spec.priorityLevelConfiguration.name: Required value: must reference a priority level",
                "spec.rules[0].subjects[0].user: Required value: user is required when subject kind is 'User'",
                "spec.rules[0].subjects[0].group: Forbidden: group is forbidden when subject kind is not 'Group'",
                "spec.rules[0].nonResourceRules[0].verbs: Unsupported value: [\"x\"]: supported values: \"create\", \
                 \"delete\", \"deletecollection\", \"get\", \"list\", \"patch\", \"proxy\", \"update\", \"watch\"",
                "spec.rules[0].nonResourceRules[0].nonResourceURLs[0]: Invalid value: \"a\": must start with slash",
            ]
        );
    }

    #[test]
    fn levels() {
        let mut level = json!({"metadata": {"name": "a"}, "spec": {"type": "Limited", "limited": {
            "limitResponse": {"type": "Queue", "queuing": {}},
        }}});
        PriorityLevel.default(&mut level);
        assert_eq!(
            level["spec"]["limited"],
            json!({
                "nominalConcurrencyShares": 30, "lendablePercent": 0,
                "limitResponse": {"type": "Queue", "queuing": {"queues": 64, "handSize": 8, "queueLengthLimit": 50}},
            })
        );
        assert!(PriorityLevel.validate(&level).is_empty());
        field::set(&mut level, "/metadata/name", "catch-all");
        assert!(
            PriorityLevel.validate(&level)[0].to_string().ends_with("spec of 'catch-all' must equal the fixed value")
        );
    }
}
