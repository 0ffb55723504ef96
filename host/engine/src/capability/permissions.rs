//! The IAM policy that a credential of AWS needs for the rules in effect, and nothing beyond: the same
//! tables that decide say what AWS itself should decide.
//!
//! Sources: AWS's Service Authorization Reference for actions, resources and condition keys.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json, json};

use super::api_scope::ApiScope;
use super::grant::Effective;
use super::interface::Family;
use super::manifest::CredentialKind;
use super::names::Names;
use super::rule::{Rule, Scope};

/// The statements that a plugin's rules need, by the manifest's credential that signs their calls.
pub fn permissions(effective: &Effective) -> BTreeMap<String, Vec<Json>> {
    let mut needed: BTreeMap<String, Vec<Json>> = BTreeMap::new();
    for rule in &effective.rules {
        let (Scope::Api(scope), Some(credential)) = (&rule.scope, &rule.credential) else { continue };
        // Of those keys AWS knows nothing.
        if effective.credentials.get(credential).is_some_and(|asked| asked.kind == CredentialKind::Spaces) {
            continue;
        }
        needed.entry(credential.clone()).or_default().extend(statements(rule, scope));
    }
    needed
}

/// Resources and conditions.
type On = (BTreeSet<String>, Json);

/// One statement for the actions of a rule that share resources and conditions.
fn statements(rule: &Rule, scope: &ApiScope) -> Vec<Json> {
    let mut groups: Vec<(On, BTreeSet<String>)> = Vec::new();
    for action in &scope.actions {
        let on = (resources(scope, action), conditions(scope, action));
        let permission = format!("{}:{}", scope.family, permission(action));
        match groups.iter_mut().find(|(group, _)| *group == on) {
            Some((_, actions)) => drop(actions.insert(permission)),
            None => groups.push((on, BTreeSet::from([permission]))),
        }
    }
    let numbered = groups.len() > 1;
    let each = groups.into_iter().enumerate().map(|(at, ((resources, conditions), actions))| {
        let mut statement = json!({
            "Sid": sid(rule.id.as_str(), numbered.then_some(at + 1)),
            "Effect": "Allow",
            "Action": actions,
            "Resource": resources,
        });
        if conditions.as_object().is_some_and(|conditions| !conditions.is_empty()) {
            statement["Condition"] = conditions;
        }
        statement
    });
    each.collect()
}

/// Letters and digits alone: `change-records` as `ChangeRecords`.
fn sid(rule: &str, number: Option<usize>) -> String {
    let words = rule.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let words = words.map(|word| format!("{}{}", word[..1].to_ascii_uppercase(), &word[1..]));
    words.chain(number.map(|number| number.to_string())).collect()
}

/// What a policy calls an action, where that is another name.
fn permission(action: &str) -> &str {
    match action {
        "HeadBucket" => "ListBucket",
        "ListObjectVersions" => "ListBucketVersions",
        // With a version named, as nothing else is deleted for good.
        "DeleteObjects" => "DeleteObjectVersion",
        "DeleteBucketTagging" => "PutBucketTagging",
        "GetBucketEncryption" => "GetEncryptionConfiguration",
        "PutBucketEncryption" => "PutEncryptionConfiguration",
        "GetBucketLifecycleConfiguration" => "GetLifecycleConfiguration",
        "PutBucketLifecycleConfiguration" | "DeleteBucketLifecycle" => "PutLifecycleConfiguration",
        "GetPublicAccessBlock" => "GetBucketPublicAccessBlock",
        "PutPublicAccessBlock" | "DeletePublicAccessBlock" => "PutBucketPublicAccessBlock",
        same => same,
    }
}

fn resources(scope: &ApiScope, action: &str) -> BTreeSet<String> {
    let of = |field: &str, arn: &dyn Fn(&str) -> Vec<String>| -> BTreeSet<String> {
        let patterns = scope.fields.get(field).map(patterns).unwrap_or_default();
        patterns.iter().flat_map(|pattern| arn(pattern)).collect()
    };
    // A path may stand before the name.
    let named = |kind: &str, name: &str| match name {
        "*" => vec![format!("arn:*:iam::*:{kind}/*")],
        name => vec![format!("arn:*:iam::*:{kind}/{name}"), format!("arn:*:iam::*:{kind}/*/{name}")],
    };
    match (scope.family, action) {
        // These are about no single resource.
        (Family::Route53, "ListHostedZonesByName") | (Family::Ssm, "DescribeParameters") => {
            BTreeSet::from(["*".into()])
        }
        (Family::Iam, "ListPolicies") => BTreeSet::from(["*".into()]),
        (Family::Route53, "GetChange") => BTreeSet::from(["arn:*:route53:::change/*".into()]),
        (Family::Route53, _) => of("zones", &|zone| vec![format!("arn:*:route53:::hostedzone/{zone}")]),
        (Family::Ssm, _) => of("names", &|name| {
            // What is asked for as `name` has the ARN `…/name`, and so has `/name`.
            let below = if name == "*" { "/*".to_owned() } else { format!("/{}", name.trim_start_matches('/')) };
            vec![format!("arn:*:ssm:*:*:parameter{below}")]
        }),
        (Family::Iam, action) if scope.fields.contains_key("users") && action_names_user(action) => {
            of("users", &|user| named("user", user))
        }
        (Family::Iam, _) => of("policies", &|policy| named("policy", policy)),
        (Family::S3, "DeleteObjects") => of("buckets", &|bucket| vec![format!("arn:*:s3:::{bucket}/*")]),
        (Family::S3, _) => of("buckets", &|bucket| vec![format!("arn:*:s3:::{bucket}")]),
        (Family::Http | Family::Kube | Family::Files, _) => BTreeSet::new(),
    }
}

fn action_names_user(action: &str) -> bool {
    let known = Family::Iam.service().and_then(|service| service.action(action));
    known.is_some_and(|action| action.concerns("users"))
}

/// What AWS can hold a call to beside its resource.
fn conditions(scope: &ApiScope, action: &str) -> Json {
    let mut conditions = Map::new();
    let held = |field: &str| scope.fields.get(field).filter(|names| !names.is_any()).map(patterns);
    match (scope.family, action) {
        (Family::Route53, "ChangeResourceRecordSets") => {
            let mut like = Map::new();
            for (field, key) in [
                ("names", "route53:ChangeResourceRecordSetsNormalizedRecordNames"),
                ("types", "route53:ChangeResourceRecordSetsRecordTypes"),
                ("changes", "route53:ChangeResourceRecordSetsActions"),
            ] {
                like.extend(held(field).map(|patterns| (key.to_owned(), json!(patterns))));
            }
            if !like.is_empty() {
                conditions.insert("ForAllValues:StringLike".to_owned(), Json::Object(like));
            }
        }
        (Family::Iam, "CreateUser" | "PutUserPermissionsBoundary") => {
            if let Some(boundaries) = held("boundaries") {
                conditions.insert("StringLike".to_owned(), json!({"iam:PermissionsBoundary": boundaries}));
            }
        }
        _ => {}
    }
    Json::Object(conditions)
}

/// As a policy writes them, where `*` is any run of characters. Of several sets, each of which
/// holds more than all of them together, a policy can say only one.
fn patterns(names: &Names) -> BTreeSet<String> {
    let narrowest = names.sets().min_by_key(|set| set.iter().any(super::names::Name::is_any));
    narrowest.into_iter().flatten().map(|name| name.to_string().replace("**", "*")).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::needless_pass_by_value)]
    use super::super::Manifest;
    use super::*;

    fn of(capabilities: Json, grant: Option<Json>) -> Vec<Json> {
        let manifest = json!({
            "maps": "v1", "plugin": "p", "version": "1", "description": "d",
            "credentials": {"aws": {"type": "aws", "reason": "it signs"}}, "capabilities": capabilities,
        });
        let effective = Effective::meet(&Manifest::parse(&manifest).unwrap(), grant.as_ref()).unwrap();
        permissions(&effective).remove("aws").unwrap_or_default()
    }

    fn rule(id: &str, effect: &str, rest: Json) -> Json {
        let mut rule = json!({"id": id, "effect": effect, "credential": "aws", "reason": "r"});
        rule.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        rule
    }

    #[test]
    fn a_grant_s_names_become_resources_and_conditions() {
        let capabilities = json!({
            "route53": [rule("change-records", "write", json!({"actions": ["ChangeResourceRecordSets"], "zones": ["**"], "names": ["**"], "types": ["*"], "changes": ["*"]}))],
            "ssm": [rule("put", "write", json!({"actions": ["PutParameter", "AddTagsToResource"], "names": ["**"]}))],
        });
        let grant = json!({
            "route53": [{"id": "change-records", "zones": ["Z1"], "names": ["**.maps.example.it"], "types": ["A"]}],
            "ssm": [{"id": "put", "names": ["/maps/**"], "actions": ["PutParameter"]}],
        });
        assert_eq!(
            of(capabilities.clone(), Some(grant)),
            [
                json!({
                    "Sid": "ChangeRecords", "Effect": "Allow", "Action": ["route53:ChangeResourceRecordSets"],
                    "Resource": ["arn:*:route53:::hostedzone/Z1"],
                    "Condition": {"ForAllValues:StringLike": {
                        "route53:ChangeResourceRecordSetsNormalizedRecordNames": ["*.maps.example.it"],
                        "route53:ChangeResourceRecordSetsRecordTypes": ["A"],
                    }},
                }),
                json!({
                    "Sid": "Put", "Effect": "Allow", "Action": ["ssm:PutParameter"], "Resource": ["arn:*:ssm:*:*:parameter/maps/*"],
                }),
            ]
        );
        let wide = of(capabilities, None);
        assert_eq!(wide[0]["Resource"], json!(["arn:*:route53:::hostedzone/*"]));
        assert!(wide[0].get("Condition").is_none() && wide[1]["Resource"] == json!(["arn:*:ssm:*:*:parameter/*"]));
    }

    #[test]
    fn actions_go_by_the_names_that_policies_have_and_share_a_statement_where_they_can() {
        let buckets = rule(
            "settings",
            "write",
            json!({"actions": ["PutBucketEncryption", "PutPublicAccessBlock"], "buckets": ["gst-*"]}),
        );
        let users = rule(
            "make",
            "write",
            json!({"actions": ["CreateUser", "TagUser"], "users": ["maps"], "boundaries": ["arn:aws:iam::*:policy/b"]}),
        );
        let said = of(json!({"s3": [buckets], "iam": [users]}), None);
        assert_eq!(said.len(), 3, "{said:?}");
        let create = said.iter().find(|statement| statement["Action"] == json!(["iam:CreateUser"])).unwrap();
        assert_eq!(create["Condition"]["StringLike"]["iam:PermissionsBoundary"], json!(["arn:aws:iam::*:policy/b"]));
        assert_eq!(create["Resource"], json!(["arn:*:iam::*:user/*/maps", "arn:*:iam::*:user/maps"]));
        let settings = said.iter().find(|statement| statement["Sid"] == "Settings").unwrap();
        assert_eq!(settings["Action"], json!(["s3:PutBucketPublicAccessBlock", "s3:PutEncryptionConfiguration"]));
        assert_eq!(settings["Resource"], json!(["arn:*:s3:::gst-*"]));
    }
}
