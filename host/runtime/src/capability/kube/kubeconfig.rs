//! A kubeconfig as hostile input: what is taken from it, and what it is refused for.
//!
//! It comes out of some plugin's answer. Of the current context it may name a server, the CA of that server,
//! and a token or a client certificate, all inline. Whatever would run a program, read a file of this machine,
//! go through a proxy, trust anybody or act as somebody else is refused, and so is every field that is not known
//! here. Entries that the current context does not use mean nothing and are not looked at.
//!
//! Source of the fields: client-go, `tools/clientcmd/api/v1/types.go`.

use std::collections::BTreeSet;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maps_engine::Value;
use maps_engine::capability::RequestUrl;
use maps_engine::document::Document;
use serde_json::{Map, Value as Json};

/// Bytes of a kubeconfig: those with both certificates have 8 KiB.
const BYTES: usize = 256 << 10;
/// Bytes of a token: those of service accounts have 2 KiB.
const TOKEN_BYTES: usize = 64 << 10;

/// What is taken from one.
pub(super) struct Kubeconfig {
    /// `https://…`, without a slash at its end.
    pub(super) server: RequestUrl,
    /// The CA's certificates in PEM, which alone are trusted; with none, those that the machine trusts.
    pub(super) ca: Option<Vec<u8>>,
    pub(super) token: Option<String>,
    /// Certificate and key, in PEM.
    pub(super) identity: Option<Vec<u8>>,
    /// What answers must not repeat.
    pub(super) secrets: Vec<String>,
}

/// Why one is not used. It tells places, never what stands there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// Stable, in kebab-case.
    pub(super) code: &'static str,
    pub(super) why: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

fn refuse<T>(code: &'static str, why: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal { code, why: why.into() })
}

/// What a field would do that is never done.
const CLUSTER_NEVER: [(&str, &str, &str); 3] = [
    ("certificate-authority", "kubeconfig-file", "would read a file of this machine"),
    ("proxy-url", "kubeconfig-proxy", "would send everything through a proxy"),
    ("insecure-skip-tls-verify", "kubeconfig-insecure", "would trust whoever answers"),
];
const USER_NEVER: [(&str, &str, &str); 11] = [
    ("exec", "kubeconfig-exec", "would run a program on this machine"),
    ("auth-provider", "kubeconfig-auth-provider", "would run a program or call a service of its own"),
    ("client-certificate", "kubeconfig-file", "would read a file of this machine"),
    ("client-key", "kubeconfig-file", "would read a file of this machine"),
    ("tokenFile", "kubeconfig-file", "would read a file of this machine"),
    ("username", "kubeconfig-password", "is of a kind of login that API servers no longer have"),
    ("password", "kubeconfig-password", "is of a kind of login that API servers no longer have"),
    ("as", "kubeconfig-impersonate", "would act as somebody else"),
    ("as-uid", "kubeconfig-impersonate", "would act as somebody else"),
    ("as-groups", "kubeconfig-impersonate", "would act as somebody else"),
    ("as-user-extra", "kubeconfig-impersonate", "would act as somebody else"),
];

impl Kubeconfig {
    /// Reads the value that a handle stands for.
    pub(super) fn read(value: &Value) -> Result<Self, Refusal> {
        let json = match value.peek() {
            Value::String(text) => parse(text)?,
            Value::Map(_) => serde_json::to_value(value.clone().revealed())
                .or_else(|_| refuse("kubeconfig-shape", "what the handle holds is no kubeconfig"))?,
            _ => return refuse("kubeconfig-shape", "what the handle holds is no kubeconfig"),
        };
        let root = object(&json, "the file")?;
        let top =
            ["apiVersion", "kind", "preferences", "clusters", "users", "contexts", "current-context", "extensions"];
        only(root, "", &top, &[])?;
        for (key, expected) in [("apiVersion", "v1"), ("kind", "Config")] {
            if root.get(key).is_some_and(|said| said.as_str() != Some(expected)) {
                return refuse("kubeconfig-shape", format!("`{key}` is not `{expected}`"));
            }
        }
        let current = text(root, "", "current-context")?
            .ok_or_else(|| Refusal { code: "kubeconfig-shape", why: "there is no `current-context`".to_owned() })?;
        let context = named(root, "contexts", "context", current)?;
        only(context, "context", &["cluster", "user", "namespace", "extensions"], &[])?;
        let of = |what: &str| {
            let name = text(context, "context", what)?;
            name.ok_or_else(|| Refusal { code: "kubeconfig-shape", why: format!("the context names no {what}") })
        };
        let cluster = named(root, "clusters", "cluster", of("cluster")?)?;
        let user = named(root, "users", "user", of("user")?)?;
        let (server, ca) = read_cluster(cluster)?;
        Self { server, ca, token: None, identity: None, secrets: Vec::new() }.with_user(user)
    }

    fn with_user(mut self, user: &Map<String, Json>) -> Result<Self, Refusal> {
        let known = ["token", "client-certificate-data", "client-key-data", "extensions"];
        only(user, "user", &known, &USER_NEVER)?;
        if let Some(token) = text(user, "user", "token")? {
            // Nothing else can stand in the header, and nothing else is a bearer token (RFC 6750).
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=:".contains(&byte);
            if token.len() > TOKEN_BYTES || !token.bytes().all(plain) {
                return refuse("kubeconfig-token", "`user.token` is no bearer token");
            }
            self.secrets.push(token.to_owned());
            self.token = Some(token.to_owned());
        }
        let certificate = pem(user, "user", "client-certificate-data")?;
        let key = pem(user, "user", "client-key-data")?;
        match (certificate, key) {
            (Some(certificate), Some(key)) => {
                self.secrets.extend(String::from_utf8(key.clone()));
                self.secrets.extend(text(user, "user", "client-key-data")?.map(str::to_owned));
                self.identity = Some([certificate, b"\n".to_vec(), key].concat());
            }
            (None, None) => {}
            _ => return refuse("kubeconfig-certificate", "a client certificate and its key come together"),
        }
        if self.token.is_none() && self.identity.is_none() {
            return refuse("kubeconfig-anonymous", "the user has neither a token nor a client certificate");
        }
        Ok(self)
    }
}

fn parse(text: &str) -> Result<Json, Refusal> {
    if text.len() > BYTES {
        return refuse("kubeconfig-size", format!("it is larger than {} KiB", BYTES >> 10));
    }
    let mut faults = Vec::new();
    let document = Document::parse("kubeconfig", text.as_bytes(), &mut faults);
    // Their messages may quote what stands there: the code alone is told, and the line.
    if let Some(fault) = faults.iter().find(|fault| fault.is_error()) {
        let line = fault.span.as_ref().map_or_else(String::new, |span| format!(" in line {}", span.line));
        return refuse("kubeconfig-yaml", format!("it cannot be read as YAML{line}: {}", fault.code));
    }
    document.map_or_else(|| refuse("kubeconfig-yaml", "it cannot be read as YAML"), |document| Ok(document.json()))
}

fn read_cluster(cluster: &Map<String, Json>) -> Result<(RequestUrl, Option<Vec<u8>>), Refusal> {
    let known = ["server", "certificate-authority-data", "tls-server-name", "disable-compression", "extensions"];
    // Said to be off, it is what is done anyway.
    let off = |key: &str| key == "insecure-skip-tls-verify" && cluster.get(key) == Some(&Json::Bool(false));
    let never: Vec<_> = CLUSTER_NEVER.into_iter().filter(|(key, ..)| !off(key)).collect();
    let known: Vec<_> = known.into_iter().chain(Some("insecure-skip-tls-verify").filter(|key| off(key))).collect();
    only(cluster, "cluster", &known, &never)?;
    let Some(server) = text(cluster, "cluster", "server")? else {
        return refuse("kubeconfig-server", "`cluster.server` is missing");
    };
    let url = RequestUrl::parse(server.trim_end_matches('/'))
        .or_else(|error| refuse("kubeconfig-server", format!("`cluster.server` is refused: {error}")))?;
    if url.scheme() != "https" {
        return refuse("kubeconfig-server", "`cluster.server` is not https");
    }
    if !url.query().is_empty() {
        return refuse("kubeconfig-server", "`cluster.server` has a query");
    }
    if text(cluster, "cluster", "tls-server-name")?.is_some_and(|name| !name.eq_ignore_ascii_case(url.host())) {
        let why = "`cluster.tls-server-name` is not the server's own name, and only that is asked for";
        return refuse("kubeconfig-server-name", why);
    }
    Ok((url, pem(cluster, "cluster", "certificate-authority-data")?))
}

/// The entry of this name in a list of named ones. Of two with one name programs take different ones.
fn named<'j>(
    root: &'j Map<String, Json>,
    list: &str,
    inside: &str,
    name: &str,
) -> Result<&'j Map<String, Json>, Refusal> {
    let items = root.get(list).and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
    let (mut names, mut found) = (BTreeSet::new(), None);
    for item in items {
        let entry = object(item, list)?;
        only(entry, list, &["name", inside], &[])?;
        let this = text(entry, list, "name")?.unwrap_or_default();
        if !names.insert(this) {
            return refuse("kubeconfig-twice", format!("`{list}` has one name twice"));
        }
        if this == name {
            found = entry.get(inside);
        }
    }
    match found {
        Some(found) => object(found, inside),
        None => refuse("kubeconfig-shape", format!("`{list}` has no entry of the name that is referred to")),
    }
}

fn object<'j>(json: &'j Json, what: &str) -> Result<&'j Map<String, Json>, Refusal> {
    json.as_object().map_or_else(|| refuse("kubeconfig-shape", format!("`{what}` is no object")), Ok)
}

/// Every field is known here, or the one that is not is told by what it would do.
fn only(
    fields: &Map<String, Json>,
    of: &str,
    known: &[&str],
    never: &[(&str, &'static str, &str)],
) -> Result<(), Refusal> {
    let dot = if of.is_empty() { "" } else { "." };
    for key in fields.keys().map(String::as_str) {
        if let Some((_, code, does)) = never.iter().find(|(never, ..)| *never == key) {
            return refuse(code, format!("`{of}{dot}{key}` {does}"));
        }
        if !known.contains(&key) {
            let shown: String = crate::printable::printable(key, 40);
            return refuse("kubeconfig-field", format!("`{of}{dot}{shown}` is no field that is known here"));
        }
    }
    Ok(())
}

fn text<'j>(fields: &'j Map<String, Json>, of: &str, key: &str) -> Result<Option<&'j str>, Refusal> {
    match fields.get(key) {
        None | Some(Json::Null) => Ok(None),
        Some(Json::String(text)) => Ok(Some(text.as_str()).filter(|text| !text.is_empty())),
        Some(_) => refuse("kubeconfig-shape", format!("`{of}.{key}` is no text")),
    }
}

/// What is in base64 there, which is PEM.
fn pem(fields: &Map<String, Json>, of: &str, key: &str) -> Result<Option<Vec<u8>>, Refusal> {
    let Some(encoded) = text(fields, of, key)? else { return Ok(None) };
    let compact: String = encoded.split_ascii_whitespace().collect();
    let decoded =
        STANDARD.decode(compact).ok().filter(|bytes| bytes.windows(11).any(|window| window == b"-----BEGIN "));
    decoded.map_or_else(
        || refuse("kubeconfig-certificate", format!("`{of}.{key}` is no PEM in base64")),
        |pem| Ok(Some(pem)),
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn config(cluster: &str, user: &str) -> String {
        format!(
            "apiVersion: v1\nkind: Config\npreferences: {{}}\ncurrent-context: a\ncontexts:\n- name: a\n  context: {{cluster: c, user: u}}\nclusters:\n- name: c\n  cluster: {{{cluster}}}\nusers:\n- name: u\n  user: {{{user}}}\n"
        )
    }

    const SERVER: &str = "server: https://one.k8s.example.com";
    const TOKEN: &str = "token: dop_v1_0123456789abcdef";

    fn read(text: &str) -> Result<Kubeconfig, Refusal> {
        Kubeconfig::read(&Value::from(text).secret())
    }

    #[track_caller]
    fn refused(text: &str) -> String {
        let refusal = read(text).err().unwrap();
        assert!(!refusal.why.contains("0123456789") && !refusal.why.contains("hunter"), "{refusal}");
        refusal.code.trim_start_matches("kubeconfig-").to_owned()
    }

    #[test]
    fn a_plain_one_is_taken() {
        let plain = read(&config(SERVER, TOKEN)).unwrap();
        assert_eq!(
            (plain.server.host(), plain.token.as_deref()),
            ("one.k8s.example.com", Some("dop_v1_0123456789abcdef"))
        );
        assert!(plain.ca.is_none() && plain.identity.is_none());
        let below = read(&config("server: 'https://r.example.com:6443/k8s/clusters/c-1/'", TOKEN)).unwrap();
        assert_eq!((below.server.port(), below.server.as_url().path()), (6443, "/k8s/clusters/c-1"));
        let encoded = STANDARD.encode("-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n");
        let both = format!("client-certificate-data: {encoded}, client-key-data: {encoded}");
        let ca = format!(
            "{SERVER}, certificate-authority-data: {encoded}, insecure-skip-tls-verify: false, tls-server-name: one.k8s.example.com"
        );
        let certified = read(&config(&ca, &both)).unwrap();
        assert!(certified.ca.is_some() && certified.identity.is_some() && certified.token.is_none());
        assert_eq!(certified.secrets.len(), 2);
        let other = config(SERVER, TOKEN) + "- name: other\n  user: {exec: {command: sh}}\n";
        assert!(read(&other).is_ok(), "what is not used does nothing");
    }

    #[test]
    fn rt40_whatever_would_act_on_this_machine_or_as_another_is_refused() {
        for (user, code) in [
            ("exec: {command: sh, apiVersion: client.authentication.k8s.io/v1}", "exec"),
            ("auth-provider: {name: gcp}", "auth-provider"),
            ("client-certificate: /root/.ssh/id", "file"),
            ("client-key: ../../key", "file"),
            ("tokenFile: /var/run/secrets/token", "file"),
            ("token: x0123456789, tokenFile: /etc/shadow", "file"),
            ("username: admin", "password"),
            ("password: hunter2hunter2", "password"),
            ("token: x0123456789, as: system:admin", "impersonate"),
            ("token: x0123456789, as-uid: '1'", "impersonate"),
            ("token: x0123456789, as-groups: [system:masters]", "impersonate"),
            ("token: x0123456789, as-user-extra: {a: [b]}", "impersonate"),
            ("token: x0123456789, impersonate: root", "field"),
            ("token: \"x0123456789\\r\\nImpersonate-User: root\"", "token"),
            ("token: 7", "shape"),
            ("", "anonymous"),
            ("token: ''", "anonymous"),
            ("client-certificate-data: aGk=", "certificate"),
        ] {
            assert_eq!(refused(&config(SERVER, user)), code, "{user}");
        }
        for (cluster, code) in [
            ("certificate-authority: /etc/ssl/ca.pem", "file"),
            ("proxy-url: http://proxy.example.com", "proxy"),
            ("insecure-skip-tls-verify: true", "insecure"),
            ("insecure-skip-tls-verify: 'yes'", "insecure"),
            ("tls-server-name: other.example.com", "server-name"),
            ("certificate-authority-data: '!'", "certificate"),
            ("surprise: 1", "field"),
        ] {
            assert_eq!(refused(&config(&format!("{SERVER}, {cluster}"), TOKEN)), code, "{cluster}");
        }
    }

    #[test]
    fn rt40_a_server_is_an_https_url_that_all_programs_read_alike() {
        for server in [
            "http://one.example.com",
            "https://user:hunter2@one.example.com",
            "https://one.example.com?x=1",
            "https://one.example.com#x",
            "https://one.example.com/a/../b",
            "https://0x7f.1",
            "https://one.example.com.",
            "unix:///var/run/docker.sock",
            "one.example.com",
            "file:///etc/passwd",
        ] {
            assert_eq!(refused(&config(&format!("server: '{server}'"), TOKEN)), "server", "{server}");
        }
        assert_eq!(refused(&config("", TOKEN)), "server");
    }

    #[test]
    fn rt40_a_file_that_programs_read_differently_is_refused() {
        let plain = config(SERVER, TOKEN);
        assert_eq!(refused(&format!("{plain}---\n{plain}")), "yaml");
        assert_eq!(refused(&format!("{plain}current-context: b\n")), "yaml");
        assert_eq!(refused(&(plain.clone() + "- name: u\n  user: {token: other}\n")), "twice");
        let bomb: String =
            (1..30).map(|n| format!("x{n}: &x{n} [{}]\n", vec![format!("*x{}", n - 1); 9].join(", "))).collect();
        assert_eq!(refused(&format!("x0: &x0 lol\n{bomb}")), "yaml");
        assert_eq!(refused(&format!("{plain}# {}", "x".repeat(BYTES))), "size");
        assert_eq!(refused("hunter2 is no kubeconfig"), "shape");
        assert_eq!(refused(&plain.replace("current-context: a", "current-context: z")), "shape");
        assert_eq!(refused(&plain.replace("kind: Config", "kind: Secret")), "shape");
        assert_eq!(Kubeconfig::read(&Value::from(7)).err().unwrap().code, "kubeconfig-shape");
    }
}
