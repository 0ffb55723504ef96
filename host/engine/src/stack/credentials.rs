//! `credentials:`: what the host adds to calls, and to which hosts.

use std::collections::BTreeMap;

use url::Url;

use super::model::{AccessKey, AwsDecl, CredentialDecl, Given, Signer};
use super::read::{Fields, Reader};
use super::yaml::{self, Entry, Node, shown};
use crate::diagnostic::Diagnostic;
use crate::expr::{Names, Reference, Scope, Template};
use crate::value::Value;

/// Everything that a credential can say.
const KEYS: &[&str] =
    &["value", "from", "hosts", "profile", "region", "access_key_id", "secret_access_key", "session_token", "endpoint"];
/// Of these, what only keys of AWS have.
const OF_AWS: [&str; 6] = ["profile", "region", "access_key_id", "secret_access_key", "session_token", "endpoint"];
/// Where keys of AWS go unless the stack says otherwise.
const AWS_HOSTS: [&str; 3] = ["**.amazonaws.com", "**.amazonaws.com.cn", "**.api.aws"];
/// Where keys of Spaces go: each region is one label.
const SPACES_HOSTS: [&str; 1] = ["*.digitaloceanspaces.com"];
/// What keys of Spaces have not: there is one set of them, and a region is its own endpoint.
const NOT_OF_SPACES: [&str; 3] = ["profile", "session_token", "endpoint"];

/// `credentials:`. Endpoints may be made of `inputs`.
pub(super) fn credentials(
    section: Option<&Node>,
    names: &Names,
    inputs: &BTreeMap<String, Value>,
    reader: &mut Reader<'_>,
) -> BTreeMap<String, CredentialDecl> {
    let mut credentials = BTreeMap::new();
    for entry in section.and_then(|node| reader.map(node, "`credentials`")).unwrap_or_default() {
        if !reader.name(&entry.key, &entry.key_span, "a credential") {
            continue;
        }
        let Some(fields) = reader.fields(&entry.value, "a credential", KEYS) else { continue };
        let read = match fields.get("from") {
            Some(from) => aws(entry, from, fields, names, inputs, reader),
            None => text(entry, fields, names, reader),
        };
        if let Some((given, hosts)) = read {
            let span = entry.key_span.clone();
            credentials.insert(entry.key.to_string(), CredentialDecl { given, hosts, span });
        }
    }
    credentials
}

/// One that is sent as it is.
fn text(entry: &Entry, fields: Fields<'_>, names: &Names, reader: &mut Reader<'_>) -> Option<(Given, Vec<String>)> {
    for (key, node) in OF_AWS.into_iter().filter_map(|key| Some((key, fields.get(key)?))) {
        reader.push(
            Diagnostic::error(
                "not-aws",
                format!("`{key}` is for keys of AWS, and this credential is not said to be such"),
            )
            .at(&node.span)
            .help("say `from: aws` or `from: spaces`, and leave `value` out"),
        );
    }
    let value = reader.required(fields, "value", "a credential").map(|node| secret(entry, node, names, reader));
    let hosts = reader.required(fields, "hosts", "a credential").map(|node| hosts(node, reader));
    Some((Given::Value(value?), hosts?))
}

/// Keys that sign: given in the stack, or found where AWS's or DigitalOcean's own programs find them.
fn aws(
    entry: &Entry,
    from: &Node,
    fields: Fields<'_>,
    names: &Names,
    inputs: &BTreeMap<String, Value>,
    reader: &mut Reader<'_>,
) -> Option<(Given, Vec<String>)> {
    let source = reader.text(from, "`from`")?;
    let signer = match source.as_str() {
        "aws" => Signer::Aws,
        "spaces" => Signer::Spaces,
        _ => {
            let message = format!("a credential cannot come from `{}`", shown(&source));
            reader.push(
                Diagnostic::error("bad-from", message)
                    .at(&from.span)
                    .help("say `from: aws` or `from: spaces`, or give a `value`; an input takes one `from: env.NAME`"),
            );
            return None;
        }
    };
    if signer == Signer::Spaces {
        of_spaces(entry, fields, reader);
    }
    if let Some(value) = fields.get("value") {
        reader.push(
            Diagnostic::error("value-and-from", "a credential has a `value` or comes `from: aws`, and not both")
                .at(&value.span)
                .help("give keys of AWS as `access_key_id` and `secret_access_key`"),
        );
    }
    let plain = |key: &str, reader: &mut Reader<'_>| {
        fields.get(key).map(|node| Template::compile(node, names, reader.diagnostics))
    };
    let (profile, region, endpoint) = (plain("profile", reader), plain("region", reader), plain("endpoint", reader));
    let id = plain("access_key_id", reader);
    let hidden = |key: &str, reader: &mut Reader<'_>| fields.get(key).map(|node| secret(entry, node, names, reader));
    let (key, session_token) = (hidden("secret_access_key", reader), hidden("session_token", reader));
    let given = [("access_key_id", id.is_some()), ("secret_access_key", key.is_some())];
    let all = given.iter().all(|(_, is_there)| *is_there);
    let any = session_token.is_some() || given.iter().any(|(_, is_there)| *is_there);
    for (missing, _) in given.iter().filter(|(_, is_there)| any && !is_there) {
        reader.push(
            Diagnostic::error("half-a-key", format!("a key of AWS needs `{missing}` as well"))
                .at(&entry.key_span)
                .help("give `access_key_id` and `secret_access_key`, or neither: then the keys are found as by AWS's own programs"),
        );
    }
    if let Some(node) = fields.get("profile").filter(|_| all) {
        reader.push(
            Diagnostic::error("keys-and-profile", "the keys are given here, so a profile's are not used")
                .at(&node.span)
                .help("leave `profile` out, or the keys"),
        );
    }
    let access_key = match (id, key) {
        (Some(id), Some(secret)) => Some(AccessKey { id, secret, session_token }),
        _ => None,
    };
    let mut hosts = match fields.get("hosts") {
        Some(node) => hosts(node, reader),
        None if signer == Signer::Spaces => SPACES_HOSTS.map(str::to_owned).into(),
        None => AWS_HOSTS.map(str::to_owned).into(),
    };
    if let (Some(template), Some(node)) = (&endpoint, fields.get("endpoint")) {
        hosts.extend(endpoint_host(template, node, inputs, reader));
    }
    Some((Given::Aws(AwsDecl { signer, profile, region, endpoint, access_key }), hosts))
}

/// What keys of Spaces must have, and cannot.
fn of_spaces(entry: &Entry, fields: Fields<'_>, reader: &mut Reader<'_>) {
    for (key, node) in NOT_OF_SPACES.into_iter().filter_map(|key| Some((key, fields.get(key)?))) {
        reader.push(
            Diagnostic::error("not-spaces", format!("`{key}` is for keys of AWS, and these are of Spaces"))
                .at(&node.span)
                .help(
                    "Spaces have a `region`, and keys by `access_key_id` and `secret_access_key` or in the environment",
                ),
        );
    }
    if fields.get("region").is_none() {
        reader.push(
            Diagnostic::error("no-region", "keys of Spaces need a `region`: each region has a host of its own")
                .at(&entry.key_span)
                .help("say for example `region: fra1`"),
        );
    }
}

/// A value that nobody should find in the file.
fn secret(entry: &Entry, node: &Node, names: &Names, reader: &mut Reader<'_>) -> Template {
    if yaml::first_expression(node).is_none() {
        reader.push(
            Diagnostic::warning(
                "secret-in-file",
                format!("the credential `{}` stands in the file in clear", entry.key),
            )
            .at(&node.span)
            .help("make it an input with `secret: true` and `from: env.NAME`"),
        );
    }
    Template::compile(node, names, reader.diagnostics)
}

/// Signed calls go there, so its host is one of those that the credential is approved for.
fn endpoint_host(
    template: &Template,
    node: &Node,
    inputs: &BTreeMap<String, Value>,
    reader: &mut Reader<'_>,
) -> Option<String> {
    // What cannot be evaluated is told of where it is used.
    let value = template.evaluate(&Inputs(inputs)).ok()?;
    let text = value.as_str().unwrap_or_default();
    let url = Url::parse(text).ok().filter(|url| {
        let plain = url.username().is_empty() && url.password().is_none() && url.query().is_none();
        matches!(url.scheme(), "http" | "https") && plain && url.fragment().is_none()
    });
    let host = url.as_ref().and_then(Url::host_str).map(str::to_owned);
    if host.is_none() {
        reader.push(
            Diagnostic::error("bad-endpoint", "this is no address of a service")
                .at(&node.span)
                .help("write it like `https://sqs.example.com` or `http://localhost:4566`, without user and query"),
        );
    }
    host
}

/// What an endpoint may be made of.
struct Inputs<'a>(&'a BTreeMap<String, Value>);

impl Scope for Inputs<'_> {
    fn lookup(&self, reference: &Reference) -> Option<Value> {
        match reference {
            Reference::Input(name) => self.0.get(name).cloned(),
            Reference::Resource(..) | Reference::Output(_) => None,
        }
    }
}

fn hosts(node: &Node, reader: &mut Reader<'_>) -> Vec<String> {
    let listed = reader.texts(node, "`hosts`");
    if listed.is_empty() {
        reader.push(Diagnostic::error("no-hosts", "a credential names the hosts it may be sent to").at(&node.span));
    }
    let mut hosts = Vec::new();
    for (host, span) in listed {
        match host_fault(&host) {
            None => hosts.push(host),
            Some((fault, help)) => {
                let message = format!("`{}` is no host: {fault}", shown(&host));
                reader.push(Diagnostic::error("bad-host", message).at(&span).help(help));
            }
        }
    }
    hosts
}

/// Why a credential cannot be sent to a host of this name, and what to write instead. A host is
/// one exact name in the form in which URLs carry it, or `*.` and a name for one label before it.
fn host_fault(host: &str) -> Option<(&'static str, String)> {
    let plain = host.strip_prefix("*.").unwrap_or(host);
    let bare =
        || plain.split("://").last().unwrap_or_default().split(['/', ':', '@']).next().unwrap_or_default().to_owned();
    if host.contains("://") || host.contains('/') {
        return Some(("it is a URL", format!("write the host alone: `{}`", shown(&bare()))));
    }
    if plain.contains('*') {
        return Some(("a wildcard is one whole label, and the first", "write `*.example.com`".to_owned()));
    }
    if plain.ends_with('.') {
        return Some(("it ends with a dot", format!("write `{}`", shown(plain.trim_end_matches('.')))));
    }
    match url::Host::parse(plain) {
        Ok(parsed) if parsed.to_string() == plain => {
            let is_name = matches!(parsed, url::Host::Domain(_));
            let labels = plain.split('.').count();
            match (plain == host, is_name, labels) {
                (true, true, 1) if plain != "localhost" => {
                    Some(("it has no dot", "write the full name of the host".to_owned()))
                }
                (true, _, _) => None,
                (false, true, 2..) => None,
                (false, _, _) => Some(("the wildcard is too wide", "write `*.example.com`".to_owned())),
            }
        }
        Ok(parsed) => Some((
            "it is not in the form in which URLs carry it",
            format!("write `{parsed}` if that is the host you mean"),
        )),
        Err(_) if plain.contains(':') => {
            Some(("it holds a port", format!("write the host alone: `{}`", shown(&bare()))))
        }
        Err(_) => Some(("it is not a name or an address", "write it like `api.example.com`".to_owned())),
    }
}
