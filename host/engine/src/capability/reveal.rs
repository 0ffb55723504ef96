//! `reveal`: which secrets a plugin sees in clear. All of them; or none but what a cluster keeps in Secrets of one
//! type, and of these those that are the step's own; or more only where the operator asks for it.

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value as Json};

use super::StepScope;
use super::bind::Bind;
use super::decide::places_fit;
use super::read::{Reader, under};
use crate::value::Value;

/// What a manifest says under `reveal`, beside the reason.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Reveal {
    /// What a cluster's Secrets show of themselves.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<Shown>,
    /// Why an operator may want to let the plugin see every secret that it is given; without it, none may.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_request: Option<String>,
}

impl Reveal {
    /// Does the declaration alone, without the operator, open every secret?
    pub fn is_whole(&self) -> bool {
        self.secrets.is_empty() && self.on_request.is_none()
    }

    /// Reads what stands under `reveal` of plugin.yaml.
    pub(super) fn read(reader: &mut Reader, path: &str, fields: &Map<String, Json>) -> Self {
        let secrets = fields.get("secrets").map(|json| Shown::read_all(reader, &under(path, "secrets"), json));
        let on_request = reader.optional(path, fields, "on_request").map(str::to_owned);
        Self { secrets: secrets.unwrap_or_default(), on_request }
    }

    /// The keys that stand beside the reason.
    pub(super) const KEYS: [&'static str; 2] = ["secrets", "on_request"];
}

/// Secrets of a cluster whose values are shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The Secret's `type`, which no one can change once it is there: `helm.sh/release.v1`.
    pub of: String,
    /// What in it must equal the step's values: `/metadata/name`.
    pub bind: Bind,
    /// The same for an import, whose step has nothing but the id that the operator wrote.
    pub import: Bind,
}

impl Shown {
    /// Is the Secret, here without its values, one that the step may see?
    pub fn fits(&self, secret: &Value, step: &StepScope) -> bool {
        let imports = step.inputs.as_map().is_none_or(std::collections::BTreeMap::is_empty);
        let bind = if imports { &self.import } else { &self.bind };
        let of = match secret.peek() {
            Value::Map(map) => map.get("type").and_then(Value::as_str),
            _ => None,
        };
        of == Some(&*self.of) && !bind.is_empty() && places_fit(&bind.body, Some(secret), "Secret", step).is_ok()
    }

    /// `Secrets of type helm.sh/release.v1 whose /metadata/name is sh.helm.release.v1.{inputs.name}.v{number}`.
    pub fn outline(&self) -> String {
        let places = |bind: &Bind| {
            let each = bind
                .body
                .iter()
                .flat_map(|(place, templates)| templates.iter().map(move |template| format!("{place} is {template}")));
            each.collect::<Vec<_>>().join(" and ")
        };
        format!("Secrets of type {} whose {}", self.of, places(&self.bind))
    }

    /// Reads a list of them.
    pub(super) fn read_all(reader: &mut Reader, path: &str, json: &Json) -> Vec<Self> {
        let list = reader.list(path, json).unwrap_or_default();
        let each = list.iter().enumerate().filter_map(|(at, json)| Self::read(reader, &format!("{path}[{at}]"), json));
        each.collect()
    }

    fn read(reader: &mut Reader, path: &str, json: &Json) -> Option<Self> {
        let fields = reader.object(path, json, &["type", "bind", "import"])?;
        let of = reader.required(path, fields, "type");
        let mut places = |key: &str| match fields.get(key) {
            Some(json) => Bind::read_places(reader, &under(path, key), json),
            None => Bind::default(),
        };
        let (bind, import) = (places("bind"), places("import"));
        if bind.is_empty() {
            let help = "bind: {/metadata/name: \"{inputs.name}\", /metadata/namespace: \"{inputs.namespace}\"}";
            reader.fault_with_help(&under(path, "bind"), "it must say which of them are the step's own", help);
        }
        Some(Self { of: of?.to_owned(), bind, import })
    }
}

impl Serialize for Shown {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("type", &self.of)?;
        map.serialize_entry("bind", &self.bind.body)?;
        if !self.import.is_empty() {
            map.serialize_entry("import", &self.import.body)?;
        }
        map.end()
    }
}
