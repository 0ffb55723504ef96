//! What a kind brings to the suite, and which kinds there are.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use maps_engine::value::Map;
use maps_engine::{KindName, Value};
use maps_runtime::inspect::Inspection;
use serde::Deserialize;

/// A kind's fixture: `tests/conformance/PLUGIN/KIND.json`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fixture {
    /// The manifest's credentials, each with the local cloud's credential that it is given.
    #[serde(default)]
    pub credentials: BTreeMap<String, String>,
    /// The plugin's config.
    #[serde(default)]
    pub config: serde_json::Map<String, serde_json::Value>,
    /// The input, a text, in which objects that are there at the same time must differ.
    pub unique: String,
    /// What must be there before: objects of any kind of the plugin, by a name of the fixture's own. Where
    /// inputs say `{"$needs": NAME}`, they get its id.
    #[serde(default)]
    pub needs: BTreeMap<String, Need>,
    /// Inputs of which an object can be made.
    pub inputs: serde_json::Value,
    /// Inputs that, put over the first ones, change the object in place.
    pub update: Option<serde_json::Value>,
    /// Inputs that, put over the first ones, make the object anew.
    pub replace: Option<serde_json::Value>,
    /// Inputs that, put over the first ones, set everything that can be set together.
    pub full: Option<serde_json::Value>,
}

/// Something that must be there before.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Need {
    /// Its kind.
    pub kind: KindName,
    /// Its inputs.
    pub inputs: serde_json::Value,
}

impl Fixture {
    /// The fixture with the ids of what it needs in their places.
    #[must_use]
    pub fn given(mut self, ids: &BTreeMap<String, String>) -> Self {
        let over = [&mut self.update, &mut self.replace, &mut self.full].into_iter().flatten();
        for inputs in over.chain([&mut self.inputs]) {
            give(inputs, ids);
        }
        self
    }

    /// The first inputs with others put over them.
    pub fn with(&self, over: Option<&serde_json::Value>) -> Value {
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

fn give(value: &mut serde_json::Value, ids: &BTreeMap<String, String>) {
    if let Some(name) = value.get("$needs").and_then(serde_json::Value::as_str) {
        *value = ids.get(name).unwrap_or_else(|| panic!("the fixture needs no {name}")).as_str().into();
        return;
    }
    match value {
        serde_json::Value::Object(members) => members.values_mut().for_each(|member| give(member, ids)),
        serde_json::Value::Array(items) => items.iter_mut().for_each(|item| give(item, ids)),
        _ => {}
    }
}

fn map(json: &serde_json::Value) -> Map {
    match Value::from(json.clone()) {
        Value::Map(map) => map,
        other => panic!("inputs are a map, not {other:?}"),
    }
}

/// A kind on trial.
#[derive(Clone, Debug)]
pub struct Subject {
    /// Its plugin's component.
    pub component: PathBuf,
    /// Its name.
    pub kind: KindName,
    /// What it brings.
    pub fixture: Fixture,
}

/// Every kind of every plugin in `plugins/`, as their components tell.
pub fn kinds() -> BTreeMap<KindName, PathBuf> {
    let mut kinds = BTreeMap::new();
    for entry in std::fs::read_dir(crate::root().join("plugins")).expect("the plugins are in the repository") {
        let folder = entry.expect("a folder can be listed").path();
        // The SDK stands among the plugins and is none.
        if !folder.join("plugin.yaml").is_file() {
            continue;
        }
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let component = crate::component(&format!("plugins/{name}"));
        let bytes = std::fs::read(&component)
            .unwrap_or_else(|error| panic!("{}: {error}; `cargo xtask plugins` makes it", component.display()));
        let inspection = Inspection::of(&bytes).expect("a packaged plugin");
        kinds.extend(inspection.schemas.into_keys().map(|kind| (kind, component.clone())));
    }
    kinds
}

fn folder() -> PathBuf {
    crate::root().join("tests/conformance")
}

/// The kinds that have a fixture.
pub fn fixtures() -> BTreeSet<KindName> {
    let entries = |dir: &Path| -> Vec<PathBuf> {
        let listed = std::fs::read_dir(dir).expect("the fixtures are in the repository");
        listed.map(|entry| entry.expect("a folder can be listed").path()).collect()
    };
    let mut kinds = BTreeSet::new();
    for plugin in entries(&folder()) {
        for file in entries(&plugin) {
            let (plugin, kind) = (plugin.file_name().unwrap_or_default(), file.file_stem().unwrap_or_default());
            kinds.insert(KindName::new(format!("{}/{}", plugin.to_string_lossy(), kind.to_string_lossy())));
        }
    }
    kinds
}

/// Every kind with its fixture.
pub fn subjects() -> Vec<Subject> {
    let subject = |(kind, component): (KindName, PathBuf)| {
        let path = folder().join(format!("{kind}.json"));
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let fixture = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Subject { component, kind, fixture }
    };
    kinds().into_iter().map(subject).collect()
}
