//! What a release is to hold: the chart, fetched and rendered, as it is stored and as it is applied.

use std::collections::{BTreeMap, BTreeSet};

use maps_helm_engine::chart::Chart;
use maps_helm_engine::render::{ApiVersions, Event, KubeVersion, Options, Rendered, render};
use maps_helm_engine::value::Map as EngineMap;
use maps_helm_engine::values;
use maps_helm_engine::warning::Warning;
use maps_sdk::kube::{ApiResource, Cluster, Discovery};
use maps_sdk::{Class, Problem, Secret, reveal};
use serde_json::{Map, Value};

use super::model::Inputs;
use super::objects;
use super::record::{LastRun, StoredHook};
use super::stored;
use crate::model::{Layer, Values};
use crate::render::{cut, pins};
use crate::source::{self, Local, Source};
use crate::world::Host;

/// What lies in the stack's folder of a release, and what the user sets.
pub(crate) struct Ground {
    inputs: crate::model::Inputs,
    local: Local,
    /// `sha256:…` of the files.
    pub(crate) sources: String,
    /// Of all that decides what is installed.
    pub(crate) digest: String,
    config: Value,
}

/// A rendered release.
pub(crate) struct Content {
    pub(crate) chart: Value,
    pub(crate) config: Value,
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) app_version: String,
    pub(crate) origin: String,
    pub(crate) digest: String,
    pub(crate) pins: BTreeMap<String, String>,
    pub(crate) manifest: String,
    pub(crate) notes: String,
    pub(crate) hooks: Vec<StoredHook>,
    /// The objects of the manifest.
    pub(crate) objects: Vec<Value>,
    /// Those of the files of `crds/`.
    pub(crate) definitions: Vec<Value>,
    /// Does each rendering make something else?
    pub(crate) drew: bool,
    rendered: Rerender,
}

/// What is needed to render once more.
struct Rerender {
    chart: Chart,
    values: EngineMap,
    options: Options,
}

/// Which version of the release is rendered, and for what.
#[derive(Clone, Copy)]
pub(crate) struct Version {
    pub(crate) revision: u64,
    pub(crate) is_upgrade: bool,
}

/// Opens what is sealed in values. The operator has to allow that.
fn revealed(path: &str, value: &Value) -> Result<Value, Problem> {
    match value {
        Value::Object(map) if map.len() == 1 && map.contains_key("$sealed") => {
            let handle = map.get("$sealed").and_then(Value::as_str).unwrap_or_default();
            reveal::open(&Secret::<Value>::from_handle(handle)).map_err(|problem| match problem.class {
                Class::Denied => {
                    let message = format!(
                        "`{path}` is a secret: a chart's templates transform text, and whoever renders it sees it in clear"
                    );
                    Problem::new(Class::Denied, "sealed-values", message).at(path.to_owned()).help(
                        "let the chart refer to a Secret that exists (`existingSecret`), made by `kube/secret` or by \
                         External Secrets; or allow the plugin to see it: `plugins: {helm: {allow: {reveal: true}}}`",
                    )
                }
                _ => problem.at(path.to_owned()),
            })
        }
        Value::Object(map) => {
            let each = map.iter().map(|(key, value)| Ok((key.clone(), revealed(&format!("{path}.{key}"), value)?)));
            each.collect::<Result<Map<_, _>, Problem>>().map(Value::Object)
        }
        Value::Array(items) => {
            let each = items.iter().enumerate().map(|(at, value)| revealed(&format!("{path}[{at}]"), value));
            each.collect::<Result<Vec<_>, Problem>>().map(Value::Array)
        }
        plain => Ok(plain.clone()),
    }
}

fn revealed_map(path: &str, map: &Map<String, Value>) -> Result<Map<String, Value>, Problem> {
    map.iter().map(|(key, value)| Ok((key.clone(), revealed(&format!("{path}.{key}"), value)?))).collect()
}

/// The same as inputs of a rendering alone.
fn as_template(inputs: &Inputs) -> Result<crate::model::Inputs, Problem> {
    let layer = |(at, layer): (usize, &Layer)| {
        Ok(match layer {
            Layer::File(path) => Layer::File(path.clone()),
            Layer::Values(map) => Layer::Values(revealed_map(&format!("values[{at}]"), map)?),
        })
    };
    let values = match &inputs.values {
        Values::One(map) => Values::One(revealed_map("values", map)?),
        Values::Many(layers) => Values::Many(layers.iter().enumerate().map(layer).collect::<Result<_, Problem>>()?),
        Values::Unread(other) => Values::Unread(other.clone()),
    };
    let set = revealed_map("set", &inputs.set)?;
    Ok(crate::model::Inputs {
        chart: inputs.chart.clone(),
        repo: inputs.repo.clone(),
        version: inputs.version.clone(),
        name: inputs.name.clone(),
        namespace: inputs.namespace.clone(),
        values,
        set: Vec::new(),
        set_string: Vec::new(),
        set_json: set.iter().map(|(path, value)| format!("{path}={value}")).collect(),
        set_file: inputs.set_file.iter().map(|(path, file)| format!("{path}={file}")).collect(),
        set_literal: Vec::new(),
        files: BTreeMap::new(),
        kube_version: None,
        api_versions: Vec::new(),
        include_crds: false,
        skip_tests: false,
        no_hooks: inputs.disable_hooks,
        show_only: Vec::new(),
        is_upgrade: false,
        plain_http: inputs.plain_http,
        skip_schema_validation: inputs.skip_schema_validation,
    })
}

/// Reads what lies in the stack's folder. Nothing is fetched.
///
/// # Errors
/// What cannot be read, and secrets that may not be seen.
pub(crate) fn ground(inputs: &Inputs) -> Result<Ground, Problem> {
    let template = as_template(inputs)?;
    let local = source::local(&template)?;
    let config = stored::plain(&local.values.clone().into())?;
    let decides = serde_json::json!({
        "chart": inputs.chart, "repo": inputs.repo, "version": inputs.version, "name": inputs.name,
        "namespace": inputs.namespace, "config": config, "sources": local.digest, "labels": inputs.labels,
        "description": inputs.description, "skip_crds": inputs.skip_crds, "disable_hooks": inputs.disable_hooks,
        "skip_schema_validation": inputs.skip_schema_validation,
    });
    let digest = source::digest(decides.to_string().as_bytes());
    Ok(Ground { inputs: template, sources: local.digest.clone(), digest, config, local })
}

impl Ground {
    /// Fetches the chart and renders it for a cluster.
    ///
    /// # Errors
    /// What cannot be fetched or rendered.
    pub(crate) fn render(
        mut self,
        cluster: &Cluster,
        private: &[String],
        version: Version,
        warnings: &mut Vec<Warning>,
    ) -> Result<Content, Problem> {
        let Source { chart, origin, digest } = source::chart(&self.inputs, private, &mut self.local, warnings)?;
        let values = self.local.values;
        let Discovery { git_version, major, minor, kinds } = cluster.discover()?;
        let kube_version = KubeVersion::of_server(&git_version, &major, &minor)
            .map_err(|why| Problem::internal("kube-version", format!("the server's version cannot be read: {why}")))?;
        let mut served = BTreeSet::new();
        for ApiResource { group, version, kind, .. } in &kinds {
            let version = if group.is_empty() { version.clone() } else { format!("{group}/{version}") };
            served.insert(format!("{version}/{kind}"));
            served.insert(version);
        }
        let options = Options {
            name: self.inputs.name.clone(),
            namespace: self.inputs.namespace.clone(),
            revision: i64::try_from(version.revision).unwrap_or(i64::MAX),
            is_upgrade: version.is_upgrade,
            kube_version,
            api_versions: ApiVersions::Cluster(served.into_iter().collect()),
            skip_schema_validation: self.inputs.skip_schema_validation,
            ..Options::default()
        };
        let mut host = Host::of(cluster.clone());
        let rendered = rendered(chart.clone(), &values, &options, &mut host)?;
        warnings.extend(rendered.warnings.iter().cloned());
        let again = Rerender { chart: chart.clone(), values: values.clone(), options };
        let mut processed = chart;
        values::process_dependencies(&mut processed, &values, &mut Vec::new())
            .map_err(|error| Problem::invalid("values", error.to_string()))?;
        let metadata = &processed.metadata;
        let mut parsed = Vec::new();
        for manifest in &rendered.manifests {
            parsed.extend(objects::parse(&manifest.content)?);
        }
        let mut definitions = Vec::new();
        for file in &rendered.custom_resources {
            for document in maps_helm_engine::render::split(bstr::BStr::new(&*file.content)) {
                definitions.extend(objects::parse(document)?);
            }
        }
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ok(Content {
            chart: stored::chart(&processed)?,
            config: self.config,
            name: metadata.name.clone(),
            version: metadata.version.clone(),
            app_version: metadata.app_version.clone(),
            pins: pins(&origin, &metadata.version, &digest),
            origin,
            digest,
            manifest: text(&rendered.manifest(false)),
            notes: text(&rendered.notes),
            hooks: rendered.hooks.iter().map(hook).collect(),
            objects: parsed,
            definitions,
            drew: host.drew(),
            rendered: again,
        })
    }
}

fn rendered(chart: Chart, values: &EngineMap, options: &Options, host: &mut Host) -> Result<Rendered, Problem> {
    render(chart, values, options, host).map_err(|error| Problem::invalid("render", cut(error.to_string())).at("chart"))
}

impl Content {
    /// The objects and the notes of another rendering, in which all that is made anew each time is another.
    ///
    /// # Errors
    /// What the rendering before would have told too.
    pub(crate) fn again(&self, cluster: &Cluster) -> Result<(Vec<Value>, String), Problem> {
        let Rerender { chart, values, options } = &self.rendered;
        let again = rendered(chart.clone(), values, options, &mut Host::of(cluster.clone()))?;
        let mut parsed = Vec::new();
        for manifest in &again.manifests {
            parsed.extend(objects::parse(&manifest.content)?);
        }
        Ok((parsed, String::from_utf8_lossy(&again.notes).into_owned()))
    }

    /// The objects of hooks that an operation can run; tests are none of them.
    ///
    /// # Errors
    /// What is no object.
    pub(crate) fn hook_objects(&self) -> Result<Vec<Value>, Problem> {
        hook_objects(&self.hooks)
    }
}

/// The objects of stored hooks that an operation can run.
pub(crate) fn hook_objects(hooks: &[StoredHook]) -> Result<Vec<Value>, Problem> {
    let runs = |hook: &&StoredHook| hook.events.iter().any(|event| event != Event::Test.name());
    let mut all = Vec::new();
    for hook in hooks.iter().filter(runs) {
        all.extend(objects::parse(hook.manifest.as_bytes())?);
    }
    Ok(all)
}

fn hook(hook: &maps_helm_engine::render::Hook) -> StoredHook {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    StoredHook {
        name: text(&hook.manifest.name),
        kind: text(&hook.manifest.kind),
        path: text(&hook.manifest.source),
        manifest: text(&hook.manifest.content),
        events: hook.events.iter().map(|event| event.name().to_owned()).collect(),
        last_run: LastRun::default(),
        weight: hook.weight,
        delete_policies: hook.delete_policies.clone(),
        output_log_policies: hook.output_log_policies.clone(),
    }
}
