//! From a body to an object: JSON or YAML, held against the structure of its kind.

mod encoded;
mod json;
mod protobuf;
mod time;
mod tree;
mod typed;
mod yaml;

use serde_json::Value;

use crate::schema::{Node, Shape};
use crate::status::Refusal;
pub(crate) use encoded::{TakenApart, encoded};
pub(crate) use protobuf::protobuf;
use tree::Tree;

/// What a client wants done about fields that nobody knows (`fieldValidation`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Strictness {
    /// They are dropped without a word.
    Ignore,
    /// They are dropped, and a `Warning` header says so.
    #[default]
    Warn,
    /// The request is refused.
    Strict,
}

/// The encodings of bodies that are objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// `application/json`
    Json,
    /// `application/yaml`
    Yaml,
    /// `application/vnd.kubernetes.protobuf`, for built-in kinds.
    Protobuf,
}

/// A body as JSON, with what is wrong but tolerable: duplicate keys, by path, as strict decoding words them.
#[derive(Debug)]
pub(crate) struct Parsed {
    /// The value.
    pub(crate) value: Value,
    /// `duplicate field "data.a"`
    pub(crate) duplicates: Vec<String>,
}

/// What a body has to be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Expected<'a> {
    /// The API group, empty for the core.
    pub(crate) group: &'a str,
    /// `v1`
    pub(crate) version: &'a str,
    /// `Deployment`
    pub(crate) kind: &'a str,
    /// The type of a built-in kind; custom kinds have none, and are left as they are.
    pub(crate) node: Option<&'a Node>,
}

/// An object that was read.
#[derive(Debug)]
pub(crate) struct Decoded {
    /// The object; built-in kinds as their types would encode it.
    pub(crate) value: Value,
    /// Unknown and duplicate fields, as strict decoding words them, in the order of the body.
    pub(crate) strict: Vec<String>,
}

/// Reads JSON.
///
/// # Errors
/// What Go's parser says.
pub(crate) fn json(body: &[u8]) -> Result<Parsed, String> {
    let tree = json::parse(body)?;
    Ok(Parsed { duplicates: tree.duplicates(), value: tree.into_value() })
}

/// Reads one YAML document.
///
/// # Errors
/// What is wrong.
pub(crate) fn yaml(body: &[u8]) -> Result<Parsed, String> {
    let (tree, duplicates) = read_yaml(body)?;
    Ok(Parsed { value: tree.into_value(), duplicates })
}

fn read_yaml(body: &[u8]) -> Result<(Tree, Vec<String>), String> {
    // JSON is YAML; what clients send as YAML mostly is.
    match json::parse(body) {
        Ok(tree) => {
            let duplicates = tree.duplicates();
            Ok((tree, duplicates))
        }
        Err(_) => yaml::parse(body),
    }
}

/// Reads the body of a request that creates or replaces an object.
///
/// A kind or version that is missing is the expected one. Of what is unknown or comes twice the caller makes
/// warnings, or [`strict_refusal`].
///
/// # Errors
/// 400, where it is no JSON, of another kind or version, or has a value of a wrong type.
pub(crate) fn object(body: &[u8], encoding: Encoding, expected: Expected<'_>) -> Result<Decoded, Refusal> {
    let unrecognized = |why: &str| {
        let kind = expected.kind;
        Refusal::bad_request(format!(
            "the object provided is unrecognized (must be of type {kind}): {why} ({})",
            summary(body)
        ))
    };
    let (tree, mut twice) = match encoding {
        Encoding::Yaml => read_yaml(body).map_err(|why| unrecognized(&why))?,
        Encoding::Protobuf => (Tree::from(protobuf(body).map_err(|why| unrecognized(&why))?), Vec::new()),
        Encoding::Json => match json::parse(body) {
            Ok(tree) => (tree, Vec::new()),
            Err(why) => return Err(unrecognized(&format!("couldn't get version/kind; json parse error: {why}"))),
        },
    };
    let said = Said::of(&tree).map_err(|why| unrecognized(&why))?;
    let Some(node) = expected.node else {
        if said.kind.is_empty() {
            return Err(unrecognized(&format!("Object 'Kind' is missing in '{}'", String::from_utf8_lossy(body))));
        }
        said.must_be_of(expected)?;
        twice.extend(tree.duplicates());
        return Ok(Decoded { value: tree.into_value(), strict: twice });
    };
    let said = said.or(expected);
    said.must_be_registered_as(expected)?;
    let decoded = typed::decode(tree, node, &go_name(node, expected.version))
        .map_err(|why| cannot_be_handled(&said.kind, &said.version, expected.kind, &why))?;
    said.must_be_of(expected)?;
    let mut value = decoded.value;
    if let Some(fields) = value.as_object_mut() {
        fields.insert("apiVersion".to_owned(), Value::from(group_version(expected.group, expected.version)));
        fields.insert("kind".to_owned(), Value::from(expected.kind));
    }
    twice.extend(decoded.strict);
    Ok(Decoded { value, strict: twice })
}

/// Holds an object of a built-in kind against its type, as decoding into Go's types and encoding again would:
/// unknown fields and zero values that are omitted go, those that are written come, quantities and times become
/// canonical, a wrong type is refused. Returns what was unknown, by path, as strict decoding words it:
/// `unknown field "spec.nope"`.
///
/// # Errors
/// 400, in the words for a body.
pub(crate) fn typed(object: &mut Value, node: &Node, kind: &str, version: &str) -> Result<Vec<String>, Refusal> {
    fit(object, node).map_err(|why| cannot_be_handled(kind, version, kind, &why))
}

/// [`typed`], with the bare words of the decoder.
///
/// # Errors
/// What Go's decoder says of the first value that does not fit.
pub(crate) fn fit(object: &mut Value, node: &Node) -> Result<Vec<String>, String> {
    let decoded = typed::decode(Tree::from(object.clone()), node, &go_name(node, "v1"))?;
    *object = decoded.value;
    Ok(decoded.strict)
}

/// 400: what `fieldValidation=Strict` says of [`Decoded::strict`].
pub(crate) fn strict_refusal(kind: &str, version: &str, strict: &[String]) -> Refusal {
    cannot_be_handled(kind, version, kind, &strict_error(strict))
}

/// `strict decoding error: unknown field "a", unknown field "b"`
pub(crate) fn strict_error(strict: &[String]) -> String {
    format!("strict decoding error: {}", strict.join(", "))
}

fn cannot_be_handled(kind: &str, version: &str, expected: &str, why: &str) -> Refusal {
    Refusal::bad_request(format!("{kind} in version {version:?} cannot be handled as a {expected}: {why}"))
}

/// `v1.Deployment`
fn go_name(node: &Node, version: &str) -> String {
    match &node.shape {
        Shape::Object(fields) => format!("{version}.{}", fields.name),
        _ => "interface {}".to_owned(),
    }
}

/// `apps/v1`, or `v1` in the core.
fn group_version(group: &str, version: &str) -> String {
    if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") }
}

/// A body's beginning: text if it may be JSON, else its bytes in hexadecimal.
fn summary(body: &[u8]) -> String {
    const MOST: usize = 30;
    if body.is_empty() {
        return "<empty>".to_owned();
    }
    let start = &body[..body.len().min(MOST)];
    let text = match body[0] {
        b'{' => String::from_utf8_lossy(start).into_owned(),
        _ => start.iter().map(|byte| format!("{byte:02x}")).collect(),
    };
    if body.len() > MOST { format!("{text} ...") } else { text }
}

/// What a body says of its own kind.
struct Said {
    group: String,
    version: String,
    kind: String,
}

impl Said {
    fn of(tree: &Tree) -> Result<Self, String> {
        if !matches!(tree, Tree::Object(_) | Tree::Null) {
            return Err(format!(
                "couldn't get version/kind; json parse error: json: cannot unmarshal {} into Go value of type \
                 struct {{ APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" }}",
                tree.kind()
            ));
        }
        let text = |name: &str| match tree.get(name) {
            None | Some(Tree::Null) => Ok(String::new()),
            Some(Tree::String(text)) => Ok(text.clone()),
            Some(other) => Err(format!(
                "couldn't get version/kind; json parse error: json: cannot unmarshal {} into Go struct field .{name} \
                 of type string",
                other.kind()
            )),
        };
        let (api_version, kind) = (text("apiVersion")?, text("kind")?);
        let parts: Vec<&str> = api_version.split('/').collect();
        let (group, version) = match parts.as_slice() {
            [version] => ("", *version),
            [group, version] => (*group, *version),
            _ => return Err(format!("unexpected GroupVersion string: {api_version}")),
        };
        Ok(Self { group: group.to_owned(), version: version.to_owned(), kind })
    }

    /// With what is missing taken from what is expected.
    fn or(mut self, expected: Expected<'_>) -> Self {
        if self.kind.is_empty() {
            expected.kind.clone_into(&mut self.kind);
        }
        if self.version.is_empty() && (self.group.is_empty() || self.group == expected.group) {
            expected.group.clone_into(&mut self.group);
            expected.version.clone_into(&mut self.version);
        }
        self
    }

    fn must_be_of(&self, expected: Expected<'_>) -> Result<(), Refusal> {
        if (self.group.as_str(), self.version.as_str()) == (expected.group, expected.version) {
            return Ok(());
        }
        Err(Refusal::bad_request(format!(
            "the API version in the data ({}) does not match the expected API version ({})",
            group_version(&self.group, &self.version),
            group_version(expected.group, expected.version)
        )))
    }

    /// What the server has no type for, or another one, cannot be read as what is expected.
    fn must_be_registered_as(&self, expected: Expected<'_>) -> Result<(), Refusal> {
        let own = self.kind == expected.kind && internal(&self.group) == internal(expected.group);
        if own && (self.version == expected.version || is_registered(&self.group, &self.version)) {
            return Ok(());
        }
        let known = crate::schema::types().any(|(_, kind)| {
            kind.is_some_and(|known| {
                (known.group, known.version, known.kind) == (&*self.group, &*self.version, &*self.kind)
            })
        });
        let why = match known {
            true => format!(
                "converting ({}.{}) to ({}.{}): unknown conversion",
                self.version,
                self.kind,
                internal(expected.group),
                expected.kind
            ),
            false => format!(
                "no kind {:?} is registered for version {:?} in scheme \"pkg/api/legacyscheme/scheme.go:30\"",
                self.kind,
                group_version(&self.group, &self.version)
            ),
        };
        Err(cannot_be_handled(&self.kind, &self.version, expected.kind, &why))
    }
}

/// The package of a group's internal types.
pub(crate) fn internal(group: &str) -> &str {
    match group {
        // Events are one internal type.
        "" | "events.k8s.io" => "core",
        _ => group.split('.').next().unwrap_or(group),
    }
}

/// Whether the server can read a version, though it may not serve it.
fn is_registered(group: &str, version: &str) -> bool {
    const UNSERVED: [(&str, &[&str]); 13] = [
        ("admissionregistration.k8s.io", &["v1alpha1", "v1beta1"]),
        ("apps", &["v1beta1", "v1beta2"]),
        ("authentication.k8s.io", &["v1alpha1", "v1beta1"]),
        ("authorization.k8s.io", &["v1beta1"]),
        ("batch", &["v1beta1"]),
        ("certificates.k8s.io", &["v1alpha1", "v1beta1"]),
        ("coordination.k8s.io", &["v1alpha2", "v1beta1"]),
        ("discovery.k8s.io", &["v1beta1"]),
        ("networking.k8s.io", &["v1beta1"]),
        ("policy", &["v1beta1"]),
        ("rbac.authorization.k8s.io", &["v1alpha1", "v1beta1"]),
        ("scheduling.k8s.io", &["v1alpha1", "v1beta1"]),
        ("storage.k8s.io", &["v1alpha1", "v1beta1"]),
    ];
    let served = || crate::registry::built_in().iter().filter(|kind| kind.group == group);
    served().any(|kind| kind.versions.iter().any(|(each, _)| *each == version))
        || UNSERVED.iter().any(|(each, versions)| *each == group && versions.contains(&version))
}

#[cfg(test)]
mod tests;
