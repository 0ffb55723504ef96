//! Stores: what AWS's Parameter Store holds, read with a key from a Secret; or what a store of the kind `fake` states.

use base64::Engine;
use regex_lite::Regex;
use serde_json::{Value, json};

use super::{CLUSTER_STORES, COMPONENT, Key, MANAGER, SECRETS, STORES};
use crate::controllers::Desk;
use crate::controllers::aws::{self, AwsKey, Call, Service};
use crate::controllers::object::{condition, ensure, items, namespace, text};
use crate::controllers::programs::Program;
use crate::status::Refusal;

/// Pages of a list that are read at most.
const PAGES: usize = 1000;

/// What the operator says of a key that its store does not have.
pub(super) const NO_SECRET: &str = "Secret does not exist";

/// The store that a reference names, with the namespace that its Secrets are in.
pub(super) fn find(external: &Value, reference: &Value, desk: &Desk<'_>) -> Result<Value, String> {
    let title = text(reference, "/name");
    let key = match text(reference, "/kind") {
        "ClusterSecretStore" => Key::new(&CLUSTER_STORES, "", title),
        _ => Key::new(&STORES, namespace(external), title),
    };
    let (kind, place) = match text(reference, "/kind") {
        "ClusterSecretStore" => ("ClusterSecretStore", String::new()),
        _ => ("SecretStore", format!("{}/", namespace(external))),
    };
    let store = desk.api.get(&key);
    let store = store.ok_or_else(|| format!("could not get {kind} {:?}, not found", format!("{place}{title}")))?;
    let is_bad = |ready: &Value| text(ready, "/status") == "False";
    if condition(&store, "Ready").is_some_and(is_bad) {
        return Err(format!("{kind} {title:?} is not ready"));
    }
    Ok(Value::clone(&store))
}

/// A value in a store by its key.
pub(super) fn read(external: &Value, store: &Value, name: &str, desk: &mut Desk<'_>) -> Result<Vec<u8>, String> {
    if let Some(fake) = store.pointer("/spec/provider/fake") {
        let entry = items(fake, "/data").iter().rfind(|entry| text(entry, "/key") == name);
        let value = entry.map(|entry| text(entry, "/value").as_bytes().to_vec());
        return value.ok_or_else(|| NO_SECRET.to_owned());
    }
    let aws = store.pointer("/spec/provider/aws");
    let aws = aws.ok_or_else(|| "only the providers aws and fake are played here".to_owned())?;
    if text(aws, "/service") != "ParameterStore" {
        return Err(format!("the service {:?} of AWS is not played here", text(aws, "/service")));
    }
    let key = access_key(external, store, aws, desk)?;
    let full = format!("{}{name}", text(aws, "/prefix"));
    parameter(&key, text(aws, "/region"), &full, desk).map(String::into_bytes)
}

/// One request of the Parameter Store; what it refuses is said without what only this request has.
fn ask(key: &AwsKey, region: &str, operation: &str, body: &Value, desk: &Desk<'_>) -> Result<Value, aws::Failed> {
    let call = Call {
        service: Service::Ssm,
        operation,
        region,
        method: http::Method::POST,
        host: &format!("ssm.{region}.amazonaws.com"),
        path: "/".to_owned(),
        query: String::new(),
        headers: vec![
            ("content-type", "application/x-amz-json-1.1".to_owned()),
            ("x-amz-target", format!("AmazonSSM.{operation}")),
        ],
        body: bytes::Bytes::from(body.to_string()),
    };
    let answer = aws::send(&*desk.api, key, &call)?;
    Ok(serde_json::from_slice(answer.body()).unwrap_or_default())
}

/// A parameter, decrypted.
fn parameter(key: &AwsKey, region: &str, name: &str, desk: &Desk<'_>) -> Result<String, String> {
    let answer = ask(key, region, "GetParameter", &json!({"Name": name, "WithDecryption": true}), desk);
    let answer = answer.map_err(|failed| match failed.code.as_str() {
        "ParameterNotFound" => NO_SECRET.to_owned(),
        _ => failed.message,
    })?;
    let value = answer.pointer("/Parameter/Value").and_then(Value::as_str);
    value.map(str::to_owned).ok_or_else(|| format!("invalid secret received. parameter value is nil for key: {name}"))
}

/// All values below a path whose names match, by their names.
pub(super) fn list(
    external: &Value,
    store: &Value,
    find: &Value,
    desk: &mut Desk<'_>,
) -> Result<Vec<(String, Vec<u8>)>, String> {
    let aws = store.pointer("/spec/provider/aws").filter(|aws| text(aws, "/service") == "ParameterStore");
    let aws = aws.ok_or_else(|| "only the Parameter Store of AWS is searched here".to_owned())?;
    let pattern = text(find, "/name/regexp");
    if pattern.is_empty() {
        return Err("unexpected find operator".to_owned());
    }
    let pattern =
        Regex::new(pattern).map_err(|error| format!("could not compile find.name.regexp [{pattern}]: {error}"))?;
    let key = access_key(external, store, aws, desk)?;
    let path = match text(find, "/path") {
        "" => "/",
        path => path,
    };
    let mut found = Vec::new();
    let mut next = Value::Null;
    for _ in 0..PAGES {
        let mut body = json!({"Path": path, "Recursive": true, "WithDecryption": true});
        if !next.is_null() {
            body["NextToken"] = next;
        }
        let answer = ask(&key, text(aws, "/region"), "GetParametersByPath", &body, desk);
        let answer = answer.map_err(|failed| failed.message)?;
        let fitting = items(&answer, "/Parameters").iter().filter(|one| pattern.is_match(text(one, "/Name")));
        found.extend(fitting.map(|one| (text(one, "/Name").to_owned(), text(one, "/Value").as_bytes().to_vec())));
        next = answer.get("NextToken").cloned().unwrap_or_default();
        if next.is_null() {
            break;
        }
    }
    Ok(found)
}

/// The key that a store reads with: of its own, else the operator's.
fn access_key(external: &Value, store: &Value, aws: &Value, desk: &Desk<'_>) -> Result<AwsKey, String> {
    if aws.pointer("/auth/secretRef").is_none() {
        let programs = Program::all(&*desk.api, super::IMAGE);
        let operator = programs.iter().find(|program| super::is_operator(&program.deployment));
        let own = operator.and_then(|program| program.aws_key(&*desk.api));
        return own.ok_or_else(|| {
            "unable to create session: an IAM role must be associated with service account, and the operator has no \
             key of its own"
                .to_owned()
        });
    }
    let part = |field: &str, what: &str| {
        let reference = aws.pointer("/auth/secretRef").and_then(|auth| auth.get(field)).cloned().unwrap_or_default();
        let title = text(&reference, "/name");
        // A cluster's store may name the namespace; a namespace's own may not.
        let place = match (namespace(store), text(&reference, "/namespace")) {
            ("", "") => namespace(external),
            ("", stated) => stated,
            (own, _) => own,
        };
        let secret = desk.api.get(&Key::new(&SECRETS, place, title));
        let missing = || {
            format!(
                "could not fetch {what} secret: cannot get Kubernetes secret {title:?} from namespace {place:?}: secrets {title:?} not found"
            )
        };
        let secret = secret.ok_or_else(missing)?;
        let encoded = secret.get("data").and_then(|data| data.get(text(&reference, "/key"))).and_then(Value::as_str);
        let lacks = || {
            let key = text(&reference, "/key");
            format!("could not fetch {what} secret: cannot find secret data for key: {key:?}")
        };
        let decoded = base64::engine::general_purpose::STANDARD.decode(encoded.ok_or_else(lacks)?);
        decoded.ok().and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(lacks)
    };
    Ok(AwsKey {
        id: part("accessKeyIDSecretRef", "accessKeyID")?,
        secret: part("secretAccessKeySecretRef", "secretAccessKey")?,
    })
}

/// Tells whether a store can be used.
pub(super) fn validate(key: &Key, store: &Value, desk: &mut Desk<'_>) -> Result<(), Refusal> {
    let aws = store.pointer("/spec/provider/aws");
    let outcome = match aws {
        // What a cluster's store refers to without a namespace is only known for each ExternalSecret.
        Some(aws) if !namespace(store).is_empty() => access_key(store, store, aws, desk).map(drop),
        Some(_) => Ok(()),
        None if store.pointer("/spec/provider/fake").is_some() => Ok(()),
        None => Err("only the providers aws and fake are played here".to_owned()),
    };
    let (status, reason, message) = match &outcome {
        Ok(()) => ("True", "Valid", "store validated"),
        Err(_) => ("False", "InvalidProviderConfig", "unable to create client"),
    };
    let before = condition(store, "Ready");
    if before.is_some_and(|before| text(before, "/status") == status && text(before, "/reason") == reason) {
        return Ok(());
    }
    let mut new = store.clone();
    let told = json!({
        "type": "Ready", "status": status, "reason": reason, "message": message, "lastTransitionTime": desk.timestamp(),
    });
    *ensure(&mut new, &["status", "conditions"]) = json!([told]);
    if outcome.is_ok() {
        new["status"]["capabilities"] = json!(if aws.is_some() { "ReadWrite" } else { "ReadOnly" });
    }
    desk.api.update(&key.resource, "status", new, MANAGER)?;
    match outcome {
        Ok(()) => desk.normal(store, COMPONENT, "Valid", "store validated"),
        Err(why) => desk.warning(store, COMPONENT, "InvalidProviderConfig", &why),
    }
    Ok(())
}
