//! Renders a chart: the objects that templates see, and what becomes of their output.
//!
//! [`render`] does what `helm install` and `helm template` do up to the point where a cluster would be asked.

mod capabilities;
mod files;
mod glob;
mod head;
mod manifest;
mod output;
mod scope;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::rc::Rc;

pub use capabilities::{API_VERSIONS, Capabilities, KubeVersion};
pub use files::Files;
pub use manifest::{Event, Hook, Manifest, Sorted, sort, split};
pub use output::Shown;

use crate::chart::Chart;
use crate::template::{Evaluator, Limits, Templates, World, without_no_value};
use crate::value::{Map, Str, Value};
use crate::values;
use crate::warning::Warning;

/// What a rendering is for. The default is what `helm template` assumes.
#[derive(Clone, Debug)]
pub struct Options {
    /// The release's name.
    pub name: String,
    /// The release's namespace.
    pub namespace: String,
    /// The release's revision.
    pub revision: i64,
    /// Whether this is an upgrade (`.Release.IsUpgrade`) and no installation.
    pub is_upgrade: bool,
    /// `.Capabilities.KubeVersion`; what Helm 4.1.4 assumes without one.
    pub kube_version: KubeVersion,
    /// API versions of the cluster, besides or instead of those that Helm knows.
    pub api_versions: ApiVersions,
    /// Whether a missing key is an error (`--strict` of `helm lint`).
    pub strict: bool,
    /// Leaves values.schema.json aside.
    pub skip_schema_validation: bool,
    /// Takes the notes of subcharts too.
    pub subchart_notes: bool,
}

/// Where `.Capabilities.APIVersions` come from.
#[derive(Clone, Debug)]
pub enum ApiVersions {
    /// Those that Helm knows, and these: `--api-versions`.
    Known(Vec<String>),
    /// Those of a cluster that was asked.
    Cluster(Vec<String>),
}

impl Default for Options {
    fn default() -> Self {
        Self {
            name: "release-name".to_owned(),
            namespace: "default".to_owned(),
            revision: 1,
            is_upgrade: false,
            kube_version: KubeVersion::default(),
            api_versions: ApiVersions::Known(Vec::new()),
            strict: false,
            skip_schema_validation: false,
            subchart_notes: false,
        }
    }
}

/// Why a chart was not rendered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    message: String,
    rendering: bool,
    texts: Vec<u8>,
    warnings: Vec<Warning>,
}

impl Error {
    /// What the templates made, where it is no YAML: what `helm template --debug` prints all the same.
    pub fn texts(&self) -> &[u8] {
        &self.texts
    }

    /// What Helm told before.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// Whether templates were reached: `helm template` then adds what [`Error::told`] adds.
    pub fn is_rendering(&self) -> bool {
        self.rendering
    }

    /// What `helm template` prints after `Error: `.
    pub fn told(&self) -> String {
        match self.rendering {
            true => format!("{}\n\nUse --debug flag to render out invalid YAML", self.message),
            false => self.message.clone(),
        }
    }

    fn before(message: impl Into<String>) -> Self {
        Self { message: message.into(), rendering: false, texts: Vec::new(), warnings: Vec::new() }
    }

    fn rendering(message: impl Into<String>) -> Self {
        Self { message: message.into(), rendering: true, texts: Vec::new(), warnings: Vec::new() }
    }
}

/// A file of `crds/`, which is no template.
#[derive(Clone, Debug, PartialEq)]
pub struct CustomResource {
    /// Its path from the root chart.
    pub source: Str,
    /// Its content as it is.
    pub content: Str,
}

/// A rendered chart.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rendered {
    /// What is installed, in its order.
    pub manifests: Vec<Manifest>,
    /// What runs around that, in the order in which Helm prints it.
    pub hooks: Vec<Hook>,
    /// The files of `crds/`.
    pub custom_resources: Vec<CustomResource>,
    /// The notes for the user.
    pub notes: Vec<u8>,
    /// What Helm tells on the way, and goes on.
    pub warnings: Vec<Warning>,
}

/// What a release is to templates: `.Release`.
#[derive(Debug)]
struct Release<'a>(&'a Options);

impl Release<'_> {
    fn object(&self) -> Value {
        let Self(options) = self;
        let release: Map = [
            ("Name".into(), options.name.as_str().into()),
            ("Namespace".into(), options.namespace.as_str().into()),
            ("IsUpgrade".into(), options.is_upgrade.into()),
            ("IsInstall".into(), (!options.is_upgrade).into()),
            ("Revision".into(), Value::int(options.revision)),
            ("Service".into(), "Helm".into()),
        ]
        .into_iter()
        .collect();
        release.into()
    }
}

/// Renders a chart with the values that are given for it.
///
/// # Errors
/// What Helm refuses, in its words: a chart that cannot be installed, values that the schema refuses, templates
/// that do not parse or fail, documents that are no YAML; and what exceeds a limit.
pub fn render(chart: Chart, values: &Map, options: &Options, world: &mut dyn World) -> Result<Rendered, Error> {
    let mut warnings = Vec::new();
    match make(chart, values, options, world, &mut warnings) {
        Ok(rendered) => Ok(Rendered { warnings, ..rendered }),
        Err(error) => Err(Error { warnings, ..error }),
    }
}

fn make(
    mut chart: Chart,
    values: &Map,
    options: &Options,
    world: &mut dyn World,
    warnings: &mut Vec<Warning>,
) -> Result<Rendered, Error> {
    chart.check_installable(warnings).map_err(|error| Error::before(error.to_string()))?;
    check_name(&options.name).map_err(Error::before)?;
    values::process_dependencies(&mut chart, values, warnings).map_err(|error| Error::before(error.to_string()))?;
    let to_render = values::to_render(&chart, values, options.skip_schema_validation, warnings);
    let values = to_render.map_err(|error| Error::before(error.to_string()))?;
    // From here on Helm has a release to speak of.
    let kube_version = &options.kube_version;
    chart.check_kube_version(kube_version.normalized()).map_err(|error| Error::rendering(error.to_string()))?;
    let (known, more) = match &options.api_versions {
        ApiVersions::Known(more) => (&API_VERSIONS[..], more),
        ApiVersions::Cluster(served) => (&[][..], served),
    };
    let api_versions = known.iter().copied().chain(more.iter().map(String::as_str)).map(Str::from);
    let capabilities = Rc::new(Capabilities::new(kube_version.clone(), api_versions));
    let mut files = execute(&chart, &values, options, &capabilities, world)?;
    let notes = take_notes(&chart, &mut files, options);
    let sorted = sort(files.iter().map(|(source, text)| (source, &**text)));
    let Sorted { manifests, hooks } =
        sorted.map_err(|why| Error { texts: output::texts(&files), ..Error::rendering(why) })?;
    let custom_resources = chart
        .custom_resources()
        .iter()
        .map(|found| CustomResource { source: found.path.as_str().into(), content: found.file.data.clone() })
        .collect();
    Ok(Rendered { manifests, hooks, custom_resources, notes, warnings: Vec::new() })
}

/// Parses all templates, then executes all that are no partials.
fn execute(
    chart: &Chart,
    values: &Map,
    options: &Options,
    capabilities: &Rc<Capabilities>,
    world: &mut dyn World,
) -> Result<BTreeMap<Str, Vec<u8>>, Error> {
    let sources = scope::templates(chart, values, &Release(options), capabilities);
    let mut templates = Templates::new();
    if options.strict {
        templates = templates.strict();
    }
    for source in &sources {
        templates.add(&source.name, &source.text).map_err(|error| Error::rendering(error.report()))?;
    }
    let mut evaluator = Evaluator::new(&templates, world, Limits::default());
    let mut files = BTreeMap::new();
    for source in &sources {
        if source.name.rsplit('/').next().is_some_and(|base| base.starts_with('_')) {
            continue;
        }
        let text = evaluator.execute(&source.name, source.dot());
        let text = text.map_err(|error| Error::rendering(error.report()))?;
        files.insert(source.name.as_str().into(), without_no_value(text));
    }
    Ok(files)
}

/// Takes the notes out of the files: those of the chart itself, and, where wanted, those of its subcharts.
fn take_notes(chart: &Chart, files: &mut BTreeMap<Str, Vec<u8>>, options: &Options) -> Vec<u8> {
    let own: Str = format!("{}/templates/NOTES.txt", chart.name()).into();
    let mut notes = Vec::new();
    files.retain(|name, text| {
        let is_notes = name.ends_with(b"NOTES.txt");
        if is_notes && (options.subchart_notes || *name == own) {
            if !notes.is_empty() {
                notes.push(b'\n');
            }
            notes.append(text);
        }
        !is_notes
    });
    notes
}

/// How long a release's name may be: its objects' names, and the name of the Secret that stores it, hold it.
const MAX_NAME: usize = 53;

/// Refuses what Helm does not take as a release's name.
fn check_name(name: &str) -> Result<(), String> {
    let refused = |why: &str| {
        let name = capabilities::quoted(name);
        Err(format!("release name check failed: release name {name}: {why}"))
    };
    if name.is_empty() {
        return refused("no name provided");
    }
    let alphanumeric = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let label = |label: &str| {
        let bytes = label.as_bytes();
        bytes.iter().all(|byte| alphanumeric(byte) || *byte == b'-')
            && bytes.first().is_some_and(alphanumeric)
            && bytes.last().is_some_and(alphanumeric)
    };
    if name.len() > MAX_NAME || !name.split('.').all(label) {
        return refused(
            r"invalid release name, must match regex ^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$ and the length must not be longer than 53",
        );
    }
    Ok(())
}
