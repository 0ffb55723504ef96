//! What a kind brings to the suite.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use maps_engine::value::Map;
use maps_engine::{KindName, Value};
use maps_runtime::inspect::Inspection;
use serde::Deserialize;

/// A kind's fixture, `KIND.json`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fixture {
    /// The manifest's credentials, each with whose credential of the local cloud it is given:
    /// `digitalocean`, or the host of a declared service. What is left out is given that of the host
    /// that its rules name.
    #[serde(default)]
    pub credentials: BTreeMap<String, String>,
    /// The plugin's config. `{"$cluster": "kubeconfig"}` stands for the kubeconfig of a cluster of the local cloud.
    #[serde(default)]
    pub config: serde_json::Map<String, serde_json::Value>,
    /// Objects that this cluster has from the start, in the order in which they can be made.
    #[serde(default)]
    pub objects: Vec<serde_json::Value>,
    /// The input, a text, in which objects that are there at the same time must differ. A look-up has none.
    pub unique: Option<String>,
    /// Does the kind look up what is there, and make and remove nothing?
    #[serde(default)]
    pub lookup: bool,
    /// Has the service no place for a token? Then whatever is as a create was to make it is taken for its
    /// work, whoever asks.
    #[serde(default)]
    pub untagged: bool,
    /// Has the object no name of its own, by which an import could ask for it?
    #[serde(default)]
    pub nameless: bool,
    /// Does a create alone tell a secret of the object? Then one whose answer was lost is of no use, and an
    /// import does not tell that output.
    #[serde(default)]
    pub told_once: bool,
    /// What must be there before: objects of any kind of the plugin, by a name of the fixture's own.
    /// Where inputs say `{"$needs": NAME}`, they get its id.
    #[serde(default)]
    pub needs: BTreeMap<String, Need>,
    /// Inputs of which an object can be made.
    pub inputs: Inputs,
    /// Inputs that, put over the first ones, change the object in place.
    pub update: Option<Inputs>,
    /// Inputs that, put over the first ones, make the object anew.
    pub replace: Option<Inputs>,
    /// Inputs that, put over the first ones, set everything that can be set together.
    pub full: Option<Inputs>,
}

/// Something that must be there before.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Need {
    /// Its kind.
    pub kind: KindName,
    /// Its inputs.
    pub inputs: Inputs,
}

/// Inputs, or some of them.
pub type Inputs = serde_json::Map<String, serde_json::Value>;

impl Fixture {
    /// The fixture with the ids of what it needs in their places.
    pub(crate) fn given(mut self, ids: &BTreeMap<String, String>) -> Self {
        let over = [&mut self.update, &mut self.replace, &mut self.full].into_iter().flatten();
        for inputs in over.chain([&mut self.inputs]) {
            inputs.values_mut().for_each(|value| give(value, ids));
        }
        self
    }

    /// Does the config name a cluster?
    pub(crate) fn wants_cluster(&self) -> bool {
        self.config.values().any(is_cluster)
    }

    /// The config with the kubeconfig of a cluster in its places.
    pub(crate) fn config(&self, kubeconfig: Option<&str>) -> Value {
        let given = |(name, value): (&String, &serde_json::Value)| {
            let value = match kubeconfig {
                Some(kubeconfig) if is_cluster(value) => Value::from(kubeconfig).secret(),
                _ => Value::from(value.clone()),
            };
            (name.clone(), value)
        };
        Value::Map(self.config.iter().map(given).collect())
    }

    /// A name that inputs need and that the fixture does not say.
    fn unmet(&self) -> Option<&str> {
        let over = [&self.update, &self.replace, &self.full].into_iter().flatten();
        over.chain([&self.inputs]).flat_map(Inputs::values).find_map(|value| unmet(value, &self.needs))
    }

    /// The first inputs with others put over them.
    pub fn with(&self, over: Option<&Inputs>) -> Value {
        let mut inputs = map(&self.inputs);
        inputs.extend(over.map(map).unwrap_or_default());
        Value::Map(inputs)
    }

    /// Every set of inputs that an object can be made of or changed to.
    pub fn all(&self) -> Vec<Value> {
        let over = [&self.update, &self.replace, &self.full].into_iter().flatten();
        std::iter::once(self.with(None)).chain(over.map(|over| self.with(Some(over)))).collect()
    }
}

/// Is this the place of a kubeconfig?
fn is_cluster(value: &serde_json::Value) -> bool {
    *value == serde_json::json!({"$cluster": "kubeconfig"})
}

/// What a place of inputs needs, if it is one.
fn needed(value: &serde_json::Value) -> Option<&str> {
    value.get("$needs").and_then(serde_json::Value::as_str)
}

fn give(value: &mut serde_json::Value, ids: &BTreeMap<String, String>) {
    if let Some(id) = needed(value).and_then(|name| ids.get(name)) {
        *value = id.as_str().into();
        return;
    }
    match value {
        serde_json::Value::Object(members) => members.values_mut().for_each(|member| give(member, ids)),
        serde_json::Value::Array(items) => items.iter_mut().for_each(|item| give(item, ids)),
        _ => {}
    }
}

fn unmet<'v>(value: &'v serde_json::Value, needs: &BTreeMap<String, Need>) -> Option<&'v str> {
    match (needed(value), value) {
        (Some(name), _) => Some(name).filter(|name| !needs.contains_key(*name)),
        (None, serde_json::Value::Object(members)) => members.values().find_map(|member| unmet(member, needs)),
        (None, serde_json::Value::Array(items)) => items.iter().find_map(|item| unmet(item, needs)),
        _ => None,
    }
}

fn map(inputs: &Inputs) -> Map {
    inputs.iter().map(|(name, value)| (name.clone(), Value::from(value.clone()))).collect()
}

/// A kind on trial.
#[derive(Clone, Debug)]
pub struct Subject {
    /// Its plugin's component.
    pub component: Arc<[u8]>,
    /// Its name.
    pub kind: KindName,
    /// What it brings.
    pub fixture: Fixture,
    /// Whose files the plugin's rules of `files` are about: the fixtures' own folder.
    pub folder: Option<PathBuf>,
}

/// Why a plugin's kinds cannot be tried.
#[derive(Debug, thiserror::Error)]
pub enum SubjectError {
    /// The folder of fixtures, or one of them, cannot be read.
    #[error("{}: {error}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// A fixture is not what it must be.
    #[error("{}: {why}", path.display())]
    Fixture {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// A kind has no fixture.
    #[error("the kind {kind} has no fixture: {} is missing", path.display())]
    NoFixture {
        /// Which.
        kind: KindName,
        /// Where it would be.
        path: PathBuf,
    },
    /// A fixture has no kind.
    #[error("{} is the fixture of no kind; the plugin has {}", path.display(), known.join(", "))]
    NoKind {
        /// Which.
        path: PathBuf,
        /// The plugin's kinds.
        known: Vec<String>,
    },
}

/// Every kind of a plugin with its fixture, `KIND.json` in `folder`.
///
/// # Errors
/// When a fixture is missing, has no kind, or is wrong.
pub fn subjects(component: &[u8], inspection: &Inspection, folder: &Path) -> Result<Vec<Subject>, SubjectError> {
    let component: Arc<[u8]> = component.into();
    let mut subjects = Vec::new();
    for kind in inspection.schemas.keys() {
        let path = folder.join(format!("{}.json", local(kind)));
        let text = match std::fs::read_to_string(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(SubjectError::NoFixture { kind: kind.clone(), path });
            }
            read => read.map_err(|error| SubjectError::Io { path: path.clone(), error })?,
        };
        let fixture = parse(&text).map_err(|why| SubjectError::Fixture { path, why })?;
        let folder = Some(folder.to_owned());
        subjects.push(Subject { component: Arc::clone(&component), kind: kind.clone(), fixture, folder });
    }
    let io = |error| SubjectError::Io { path: folder.to_owned(), error };
    for entry in std::fs::read_dir(folder).map_err(io)? {
        let path = entry.map_err(io)?.path();
        let known: Vec<String> = inspection.schemas.keys().map(|kind| local(kind).to_owned()).collect();
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        if path.extension().is_some_and(|ending| ending == "json") && !known.iter().any(|kind| *kind == stem) {
            return Err(SubjectError::NoKind { path: path.clone(), known });
        }
    }
    Ok(subjects)
}

/// The kind's name within its plugin.
fn local(kind: &KindName) -> &str {
    kind.as_str().split_once('/').map_or(kind.as_str(), |(_, local)| local)
}

fn parse(text: &str) -> Result<Fixture, String> {
    let fixture: Fixture = serde_json::from_str(text).map_err(|error| error.to_string())?;
    if let Some(name) = fixture.unmet() {
        return Err(format!("inputs need {name}, and `needs` does not say what that is"));
    }
    match (&fixture.unique, fixture.lookup) {
        (None, true) => Ok(fixture),
        (Some(_), true) => Err("a `lookup` makes no objects, of which an input could be `unique`".to_owned()),
        (None, false) => Err("`unique` is missing: the input in which two objects must differ".to_owned()),
        (Some(unique), false) => match fixture.inputs.get(unique) {
            Some(serde_json::Value::String(_)) => Ok(fixture),
            _ => Err(format!("`unique` names the input {unique}, and `inputs` gives it no text")),
        },
    }
}
