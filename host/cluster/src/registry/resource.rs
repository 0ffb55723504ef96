//! A resource as the server serves it, whether built-in or custom, and the lookup of all of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::{Kind, Source, Subresource, built_in};
use crate::crd::{Definition, Version};
use crate::schema::NodeRef;
use crate::status::Subject;

/// One served version.
#[derive(Debug, Clone)]
pub(crate) struct Served {
    /// `v1`
    pub(crate) name: String,
    /// The structure of its objects.
    pub(crate) node: NodeRef,
}

/// A resource: a group and a plural, with all its versions.
#[derive(Debug, Clone)]
pub(crate) struct Resource {
    /// `apps/deployments`: where the store has its objects.
    pub(crate) key: Arc<str>,
    /// The API group, empty for the core.
    pub(crate) group: String,
    /// `deployments`
    pub(crate) plural: String,
    /// `deployment`
    pub(crate) singular: String,
    /// `Deployment`
    pub(crate) kind: String,
    /// `DeploymentList`
    pub(crate) list_kind: String,
    /// `deploy`
    pub(crate) short_names: Vec<String>,
    /// `all`
    pub(crate) categories: Vec<String>,
    /// Whether objects live in namespaces.
    pub(crate) namespaced: bool,
    /// What is served, in the order of preference.
    pub(crate) versions: Vec<Served>,
    /// The version that objects are stored in.
    pub(crate) stored: String,
    /// The name of the definition that it comes from, for custom ones.
    pub(crate) definition: Option<String>,
    /// Whether its definition is being deleted.
    pub(crate) terminating: bool,
    /// Where it comes from.
    pub(crate) source: Source,
}

/// The verbs of a custom resource, in the order that discovery tells them.
const CUSTOM_VERBS: [&str; 8] = ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"];

/// Whether a resource's objects are those of the core resource of the same name: Events.
fn shares_store(kind: &Kind) -> bool {
    kind.group == "events.k8s.io"
}

fn kept_under(kind: &Kind) -> String {
    let group = if shares_store(kind) { "" } else { kind.group };
    format!("{group}/{}", kind.plural)
}

impl Resource {
    fn of_kind(kind: &'static Kind) -> Self {
        let versions = kind.versions.iter();
        let names = |list: &[&str]| list.iter().map(|name| (*name).to_owned()).collect();
        Self {
            key: Arc::from(kept_under(kind)),
            group: kind.group.to_owned(),
            plural: kind.plural.to_owned(),
            singular: kind.singular.to_owned(),
            kind: kind.kind.to_owned(),
            list_kind: format!("{}List", kind.kind),
            short_names: names(kind.short_names),
            categories: names(kind.categories),
            namespaced: kind.namespaced,
            versions: versions
                .map(|(name, node)| Served { name: (*name).to_owned(), node: NodeRef::Named(node) })
                .collect(),
            stored: match shares_store(kind) {
                // No version of its own is stored: all are converted.
                true => String::new(),
                false => kind.versions.first().map_or_else(String::new, |(name, _)| (*name).to_owned()),
            },
            definition: None,
            terminating: false,
            source: Source::BuiltIn(kind),
        }
    }

    /// Where the server's etcd has an object, as conflicts name it.
    pub(crate) fn storage_key(&self, namespace: &str, name: &str) -> String {
        let own = matches!(self.source, Source::Custom(_))
            || matches!(self.group.as_str(), "apiextensions.k8s.io" | "apiregistration.k8s.io");
        let place = match &*self.key {
            "/endpoints" => "services/endpoints",
            "/nodes" => "minions",
            "/replicationcontrollers" => "controllers",
            "/services" => "services/specs",
            "networking.k8s.io/ingresses" => "ingress",
            key if own => key,
            _ => &self.plural,
        };
        format!("/registry/{place}/{}", crate::store::key(namespace, name))
    }

    /// What clients of a version are warned of, because it is going away.
    pub(crate) fn deprecation(&self, version: &str) -> Option<String> {
        match &self.source {
            Source::Custom(definition) => {
                definition.versions.iter().find(|served| served.name == version)?.deprecation.clone()
            }
            Source::BuiltIn(_) => match &*self.key {
                "/endpoints" => {
                    Some("v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice".to_owned())
                }
                "/componentstatuses" => Some("v1 ComponentStatus is deprecated in v1.19+".to_owned()),
                _ => None,
            },
        }
    }

    /// What a CustomResourceDefinition serves; `None` while it is not established or serves nothing.
    pub(crate) fn of_definition(crd: &Value) -> Option<Self> {
        let condition = |kind: &str| {
            let conditions = crd.pointer("/status/conditions")?.as_array()?;
            let found = conditions.iter().find(|condition| condition["type"] == kind)?;
            Some(found["status"] == "True")
        };
        if condition("Established") != Some(true) {
            return None;
        }
        let definition = Arc::new(Definition::compile(crd));
        let names = crd.pointer("/status/acceptedNames")?;
        let text = |at: &str| names.get(at).and_then(Value::as_str).unwrap_or_default().to_owned();
        let list = |at: &str| {
            let names = names.get(at).and_then(Value::as_array);
            names.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let group = crd.pointer("/spec/group")?.as_str()?.to_owned();
        let versions = crd.pointer("/spec/versions")?.as_array()?;
        let stored = versions.iter().find(|version| version["storage"] == true)?["name"].as_str()?.to_owned();
        let served: Vec<Served> = definition
            .versions
            .iter()
            .filter(|version| version.served)
            .map(|version| Served { name: version.name.clone(), node: version.node.clone() })
            .collect();
        (!served.is_empty()).then(|| Self {
            key: Arc::from(format!("{group}/{}", text("plural"))),
            plural: text("plural"),
            singular: text("singular"),
            kind: text("kind"),
            list_kind: text("listKind"),
            short_names: list("shortNames"),
            categories: list("categories"),
            namespaced: crd.pointer("/spec/scope").and_then(Value::as_str) == Some("Namespaced"),
            versions: served,
            stored,
            definition: crd.pointer("/metadata/name").and_then(Value::as_str).map(str::to_owned),
            terminating: condition("Terminating") == Some(true),
            source: Source::Custom(definition),
            group,
        })
    }

    /// `apps/deployments`, `/pods`
    pub(crate) fn name(&self) -> String {
        format!("{}/{}", self.group, self.plural)
    }

    /// A served version.
    pub(crate) fn version(&self, name: &str) -> Option<&Served> {
        self.versions.iter().find(|version| version.name == name)
    }

    /// `apps/v1`, or `v1` in the core.
    pub(crate) fn api_version(&self, version: &str) -> String {
        match self.group.as_str() {
            "" => version.to_owned(),
            group => format!("{group}/{version}"),
        }
    }

    /// The built-in kind, if it is one.
    pub(crate) fn built_in(&self) -> Option<&'static Kind> {
        match self.source {
            Source::BuiltIn(kind) => Some(kind),
            Source::Custom(_) => None,
        }
    }

    /// The definition's version, if it is custom.
    pub(crate) fn custom(&self, version: &str) -> Option<&Version> {
        match &self.source {
            Source::BuiltIn(_) => None,
            Source::Custom(definition) => definition.versions.iter().find(|known| known.name == version),
        }
    }

    /// Whether this may be done with its objects.
    pub(crate) fn allows(&self, verb: &str) -> bool {
        match self.source {
            Source::BuiltIn(kind) => kind.verbs.contains(&verb),
            Source::Custom(_) => CUSTOM_VERBS.contains(&verb),
        }
    }

    /// What may be done, sorted.
    pub(crate) fn verbs(&self) -> &'static [&'static str] {
        match self.source {
            Source::BuiltIn(kind) => kind.verbs,
            Source::Custom(_) => &CUSTOM_VERBS,
        }
    }

    /// The subresources of a version.
    pub(crate) fn subresources(&self, version: &str) -> Vec<&'static Subresource> {
        match self.source {
            Source::BuiltIn(kind) => kind.subresources.iter().collect(),
            Source::Custom(_) => {
                let version = self.custom(version);
                let status = version.is_some_and(|version| version.status).then_some(&CUSTOM_STATUS);
                let scale = version.is_some_and(|version| version.scale.is_some()).then_some(&CUSTOM_SCALE);
                status.into_iter().chain(scale).collect()
            }
        }
    }

    /// A subresource of a version.
    pub(crate) fn subresource(&self, version: &str, name: &str) -> Option<&'static Subresource> {
        self.subresources(version).into_iter().find(|known| known.name == name)
    }

    /// What a refusal names: the plural.
    pub(crate) fn subject<'a>(&'a self, name: &'a str) -> Subject<'a> {
        Subject { group: &self.group, resource: &self.plural, name }
    }

    /// What an invalid object's refusal names: the kind.
    pub(crate) fn kind_subject<'a>(&'a self, name: &'a str) -> Subject<'a> {
        Subject { group: &self.group, resource: &self.kind, name }
    }
}

static CUSTOM_STATUS: Subresource =
    Subresource { name: "status", speaks: None, kind: "", verbs: &["get", "patch", "update"] };
static CUSTOM_SCALE: Subresource = Subresource {
    name: "scale",
    speaks: Some(("autoscaling", "v1", "Scale")),
    kind: "Scale",
    verbs: &["get", "patch", "update"],
};

/// Every resource that is served.
#[derive(Debug)]
pub(crate) struct Registry {
    /// Built-in ones in the order of discovery, custom ones behind them.
    resources: Vec<Arc<Resource>>,
    /// By `group/plural`.
    by_name: BTreeMap<String, usize>,
}

impl Registry {
    /// The built-in resources.
    pub(crate) fn new() -> Self {
        let mut registry = Self { resources: Vec::new(), by_name: BTreeMap::new() };
        for kind in built_in() {
            registry.add(Resource::of_kind(kind));
        }
        registry
    }

    fn add(&mut self, resource: Resource) {
        let name = resource.name();
        let resource = Arc::new(resource);
        match self.by_name.get(&name).copied() {
            Some(at) => self.resources[at] = resource,
            None => {
                self.by_name.insert(name, self.resources.len());
                self.resources.push(resource);
            }
        }
    }

    /// Takes in what a definition serves now.
    pub(crate) fn define(&mut self, crd: &Value) {
        match Resource::of_definition(crd) {
            Some(resource) => self.add(resource),
            None => {
                if let Some(name) = crd.pointer("/metadata/name").and_then(Value::as_str) {
                    self.forget(name);
                }
            }
        }
    }

    /// Takes away what a definition served.
    pub(crate) fn forget(&mut self, definition: &str) {
        self.resources.retain(|resource| resource.definition.as_deref() != Some(definition));
        self.by_name = self.resources.iter().enumerate().map(|(at, one)| (one.name(), at)).collect();
    }

    /// The resource of a group by its plural, if it serves the version.
    pub(crate) fn find(&self, group: &str, version: &str, plural: &str) -> Option<&Arc<Resource>> {
        let found = self.by_name(&format!("{group}/{plural}"))?;
        found.version(version).is_some().then_some(found)
    }

    /// The resource by its group and plural: `apps/deployments`, `/pods`.
    pub(crate) fn by_name(&self, name: &str) -> Option<&Arc<Resource>> {
        self.by_name.get(name).and_then(|at| self.resources.get(*at))
    }

    /// The resource of a kind: `("apps", "v1", "Deployment")`.
    pub(crate) fn of_kind(&self, group: &str, version: &str, kind: &str) -> Option<&Arc<Resource>> {
        self.resources.iter().find(|one| one.group == group && one.kind == kind && one.version(version).is_some())
    }

    /// All of them.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<Resource>> {
        self.resources.iter()
    }

    /// Whether anything of this group and version is served.
    pub(crate) fn serves(&self, group: &str, version: &str) -> bool {
        self.resources.iter().any(|one| one.group == group && one.version(version).is_some())
    }

    /// Whether anything built-in of this group and version is served.
    pub(crate) fn has_built_in(&self, group: &str, version: &str) -> bool {
        let of_group = |one: &&Arc<Resource>| one.built_in().is_some() && one.group == group;
        self.resources.iter().filter(of_group).any(|one| one.version(version).is_some())
    }
}
