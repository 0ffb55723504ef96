//! Charts: what they are made of, and how they are loaded from an archive or a folder's files.

mod archive;
mod decode;
mod ignore;
mod load;
mod metadata;
mod pattern;
mod tar;

#[cfg(test)]
mod tests;

pub use archive::{MAX_CHART_SIZE, MAX_FILE_SIZE, MAX_FILES, MAX_PATH};
pub(crate) use load::load_values;
pub use load::{MAX_DEPTH, load_archive, load_folder};
pub use metadata::{Dependency, Lock, Maintainer, Metadata};

use std::rc::Rc;

use crate::semver;
use crate::value::{Map, Str};
use crate::warning::Warning;

/// What is wrong with a chart, in Helm's words where it has some.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Error(String);

impl Error {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

/// A file of a chart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its path from the chart's folder: `templates/service.yaml`.
    pub name: String,
    /// Its content, without a byte order mark.
    pub data: Str,
}

impl File {
    fn new(name: String, data: &[u8]) -> Self {
        Self { name, data: data.strip_prefix(b"\xef\xbb\xbf").unwrap_or(data).into() }
    }
}

/// A chart with all charts within it. A clone shares files and values.
#[derive(Clone, Debug)]
pub struct Chart {
    /// Chart.yaml.
    pub metadata: Metadata,
    /// Chart.lock, or requirements.lock.
    pub lock: Option<Lock>,
    /// What is in `templates/`, in the order of the archive or folder.
    pub templates: Rc<[File]>,
    /// All that has no meaning to Helm, and `crds/`: what `.Files` has.
    pub files: Rc<[File]>,
    /// values.yaml. Nothing changes it: coalescing copies, and importing puts another one here.
    pub values: Map,
    /// values.schema.json.
    pub schema: Option<Str>,
    /// The charts of `charts/`, by name until [`crate::values::process_dependencies`] orders them.
    pub dependencies: Vec<Chart>,
}

/// A file of `crds/`.
#[derive(Clone, Debug)]
pub struct CustomResource<'a> {
    /// Where it is, from the root chart: `prometheus/charts/operator/crds/rules.yaml`.
    pub path: String,
    /// The file.
    pub file: &'a File,
}

impl Chart {
    /// The chart's name; its alias where a parent gave it one.
    pub fn name(&self) -> &str {
        &self.metadata.name
    }

    /// The files of `crds/`, with those of the charts within.
    pub fn custom_resources(&self) -> Vec<CustomResource<'_>> {
        let mut found = Vec::new();
        self.collect_custom_resources(self.name(), &mut found);
        found
    }

    fn collect_custom_resources<'a>(&'a self, path: &str, found: &mut Vec<CustomResource<'a>>) {
        for file in self.files.iter() {
            let extension = file.name.rsplit_once('.').map(|(_, extension)| extension.to_lowercase());
            if file.name.starts_with("crds/") && matches!(extension.as_deref(), Some("yaml" | "yml" | "json")) {
                found.push(CustomResource { path: archive::clean(&format!("{path}/{}", file.name)), file });
            }
        }
        for chart in &self.dependencies {
            chart.collect_custom_resources(&format!("{path}/charts/{}", chart.name()), found);
        }
    }

    /// Whether it is one that can be installed by itself; what is told of it besides goes to `warnings`.
    ///
    /// # Errors
    /// A library, or dependencies that Chart.yaml names and `charts/` does not have.
    pub fn check_installable(&self, warnings: &mut Vec<Warning>) -> Result<(), Error> {
        if !matches!(self.metadata.kind.as_str(), "" | "application") {
            return Err(Error::new(format!("{} charts are not installable", self.metadata.kind)));
        }
        if self.metadata.deprecated {
            warnings.push(Warning::new("this chart is deprecated"));
        }
        let missing: Vec<&str> = self
            .metadata
            .dependencies
            .iter()
            .flatten()
            .filter(|dependency| !self.dependencies.iter().any(|chart| chart.name() == dependency.name))
            .map(|dependency| dependency.name.as_str())
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        Err(Error::new(format!(
            "an error occurred while checking for chart dependencies. You may need to run `helm dependency build` to \
             fetch missing dependencies: found in Chart.yaml, but missing in charts/ directory: {}",
            missing.join(", ")
        )))
    }

    /// Whether it is one for this version of Kubernetes, such as `v1.35.0`.
    ///
    /// # Errors
    /// A `kubeVersion` that says otherwise, or that is no constraint.
    pub fn check_kube_version(&self, version: &str) -> Result<(), Error> {
        let wanted = &self.metadata.kube_version;
        if wanted.is_empty() || compatible(wanted, version) {
            return Ok(());
        }
        Err(Error::new(format!("chart requires kubeVersion: {wanted} which is incompatible with Kubernetes {version}")))
    }
}

/// Whether a path matches a pattern of Go's `filepath.Match`; not, where the pattern is none.
pub fn path_matches(pattern: &[u8], path: &[u8]) -> bool {
    pattern::matches(pattern, path).unwrap_or(false)
}

/// Whether a version is within a constraint; not, where either is none.
pub(crate) fn compatible(constraint: &str, version: &str) -> bool {
    match (semver::Constraints::parse(constraint), semver::Version::parse(version)) {
        (Ok(constraint), Ok(version)) => constraint.check(&version),
        _ => false,
    }
}
