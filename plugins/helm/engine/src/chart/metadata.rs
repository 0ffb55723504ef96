//! What a chart says of itself: Chart.yaml, and the lists of its dependencies.

use std::collections::{BTreeMap, HashSet};

use super::Error;
use super::decode::{Decode, Struct};
use crate::format;
use crate::semver;
use crate::value::Value;

/// A chart's description: Chart.yaml.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metadata {
    /// What it is called; required.
    pub name: String,
    /// Its page.
    pub home: String,
    /// Where its source is.
    pub sources: Option<Vec<String>>,
    /// A semantic version; required.
    pub version: String,
    /// One sentence.
    pub description: String,
    /// Words to find it by.
    pub keywords: Option<Vec<String>>,
    /// Who maintains it.
    pub maintainers: Option<Vec<Maintainer>>,
    /// Where its picture is.
    pub icon: String,
    /// The format of the chart: `v1` or `v2`.
    pub api_version: String,
    /// Of the second format of Helm 2; nothing reads it.
    pub condition: String,
    /// Likewise.
    pub tags: String,
    /// The version of what it installs.
    pub app_version: String,
    /// Whether it should not be used any more.
    pub deprecated: bool,
    /// For other programs.
    pub annotations: Option<BTreeMap<String, String>>,
    /// Which versions of Kubernetes it is for; a constraint.
    pub kube_version: String,
    /// `None` where Chart.yaml names none, for which Go's programs see a nil slice.
    pub dependencies: Option<Vec<Dependency>>,
    /// Of the field `type`: `application`, `library`, or empty for the former.
    pub kind: String,
}

/// Someone who maintains a chart.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Maintainer {
    /// A name.
    pub name: String,
    /// An address.
    pub email: String,
    /// A page.
    pub url: String,
}

/// A chart that a chart depends upon.
#[derive(Clone, Debug, Default)]
pub struct Dependency {
    /// The chart's name; its alias, once dependencies are processed.
    pub name: String,
    /// A constraint; in a lock, the version.
    pub version: String,
    /// Where it comes from.
    pub repository: String,
    /// Paths into the values, with commas between; the first that is a bool decides.
    pub condition: String,
    /// Names that `tags` in the values turn on and off.
    pub tags: Option<Vec<String>>,
    /// Whether it takes part, once dependencies are processed.
    pub enabled: bool,
    /// What the parent takes over from its values: each a string, or a map with `child` and `parent`.
    pub import_values: Option<Vec<Value>>,
    /// What it is called here instead.
    pub alias: String,
}

impl PartialEq for Dependency {
    fn eq(&self, other: &Self) -> bool {
        // Without the values, which Go does not compare either: two of one name are one.
        (&self.name, &self.version, &self.repository, &self.alias)
            == (&other.name, &other.version, &other.repository, &other.alias)
    }
}

/// A chart's lock: Chart.lock.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lock {
    /// When it was made, as RFC 3339 writes it.
    pub generated: String,
    /// Of the dependencies in Chart.yaml.
    pub digest: String,
    /// What they were resolved to.
    pub dependencies: Option<Vec<Dependency>>,
}

impl Struct for Metadata {
    const NAME: &'static str = "Metadata";
    const PACKAGE: &'static str = "v2";
    const FIELDS: &'static [&'static str] = &[
        "name",
        "home",
        "sources",
        "version",
        "description",
        "keywords",
        "maintainers",
        "icon",
        "apiVersion",
        "condition",
        "tags",
        "appVersion",
        "deprecated",
        "annotations",
        "kubeVersion",
        "dependencies",
        "type",
    ];

    fn field(&mut self, name: &'static str) -> Option<&mut dyn Decode> {
        Some(match name {
            "name" => &mut self.name,
            "home" => &mut self.home,
            "sources" => &mut self.sources,
            "version" => &mut self.version,
            "description" => &mut self.description,
            "keywords" => &mut self.keywords,
            "maintainers" => &mut self.maintainers,
            "icon" => &mut self.icon,
            "apiVersion" => &mut self.api_version,
            "condition" => &mut self.condition,
            "tags" => &mut self.tags,
            "appVersion" => &mut self.app_version,
            "deprecated" => &mut self.deprecated,
            "annotations" => &mut self.annotations,
            "kubeVersion" => &mut self.kube_version,
            "dependencies" => &mut self.dependencies,
            "type" => &mut self.kind,
            _ => return None,
        })
    }
}

impl Struct for Maintainer {
    const NAME: &'static str = "Maintainer";
    const PACKAGE: &'static str = "v2";
    const FIELDS: &'static [&'static str] = &["name", "email", "url"];

    fn field(&mut self, name: &'static str) -> Option<&mut dyn Decode> {
        Some(match name {
            "name" => &mut self.name,
            "email" => &mut self.email,
            "url" => &mut self.url,
            _ => return None,
        })
    }
}

impl Struct for Dependency {
    const NAME: &'static str = "Dependency";
    const PACKAGE: &'static str = "v2";
    const FIELDS: &'static [&'static str] =
        &["name", "version", "repository", "condition", "tags", "enabled", "import-values", "alias"];

    fn field(&mut self, name: &'static str) -> Option<&mut dyn Decode> {
        Some(match name {
            "name" => &mut self.name,
            "version" => &mut self.version,
            "repository" => &mut self.repository,
            "condition" => &mut self.condition,
            "tags" => &mut self.tags,
            "enabled" => &mut self.enabled,
            "import-values" => &mut self.import_values,
            "alias" => &mut self.alias,
            _ => return None,
        })
    }
}

impl Struct for Lock {
    const NAME: &'static str = "Lock";
    const PACKAGE: &'static str = "v2";
    const FIELDS: &'static [&'static str] = &["generated", "digest", "dependencies"];

    fn field(&mut self, name: &'static str) -> Option<&mut dyn Decode> {
        Some(match name {
            "generated" => &mut self.generated,
            "digest" => &mut self.digest,
            "dependencies" => &mut self.dependencies,
            _ => return None,
        })
    }
}

impl Metadata {
    /// Cleans the texts and holds all against Helm's rules. `null_nodes` are lists with nulls in them.
    pub(super) fn validate(&mut self, null_nodes: &[&str]) -> Result<(), Error> {
        for text in [
            &mut self.name,
            &mut self.description,
            &mut self.home,
            &mut self.icon,
            &mut self.condition,
            &mut self.tags,
            &mut self.app_version,
            &mut self.kube_version,
        ] {
            sanitize(text);
        }
        self.sources.iter_mut().chain(&mut self.keywords).flatten().for_each(sanitize);

        if self.name.is_empty() {
            return Err(invalid("chart.metadata.name is required"));
        }
        if matches!(self.name.as_str(), "." | "..") {
            return Err(invalid(format!("chart.metadata.name {} is not allowed", quote(&self.name))));
        }
        if self.name.contains('/') && self.name != "/" {
            return Err(invalid(format!("chart.metadata.name {} is invalid", quote(&self.name))));
        }
        if self.version.is_empty() {
            return Err(invalid("chart.metadata.version is required"));
        }
        if semver::Version::parse(&self.version).is_err() {
            return Err(invalid(format!("chart.metadata.version {} is invalid", quote(&self.version))));
        }
        if !matches!(self.kind.as_str(), "" | "application" | "library") {
            return Err(invalid("chart.metadata.type must be application or library"));
        }
        if null_nodes.contains(&"maintainers") {
            return Err(invalid("maintainers must not contain empty or null nodes"));
        }
        for maintainer in self.maintainers.iter_mut().flatten() {
            [&mut maintainer.name, &mut maintainer.email, &mut maintainer.url].into_iter().for_each(sanitize);
        }
        if null_nodes.contains(&"dependencies") {
            return Err(invalid("dependencies must not contain empty or null nodes"));
        }
        let mut names = HashSet::new();
        for dependency in self.dependencies.iter_mut().flatten() {
            dependency.validate()?;
            let name = if dependency.alias.is_empty() { &dependency.name } else { &dependency.alias };
            if !names.insert(name.clone()) {
                return Err(invalid(format!("more than one dependency with name or alias {}", quote(name))));
            }
        }
        Ok(())
    }
}

impl Dependency {
    fn validate(&mut self) -> Result<(), Error> {
        [&mut self.name, &mut self.version, &mut self.repository, &mut self.condition].into_iter().for_each(sanitize);
        self.tags.iter_mut().flatten().for_each(sanitize);
        if self.alias.chars().any(|c| !c.is_ascii_alphanumeric() && c != '_' && c != '-') {
            let name = quote(&self.name);
            return Err(invalid(format!("dependency {name} has disallowed characters in the alias")));
        }
        Ok(())
    }
}

fn invalid(message: impl std::fmt::Display) -> Error {
    Error::new(format!("validation: {message}"))
}

/// Go's `unicode.IsSpace` becomes a space, and what `unicode.IsPrint` denies goes.
fn sanitize(text: &mut String) {
    *text = text
        .chars()
        .map(|c| if c.is_whitespace() { ' ' } else { c })
        .filter(|c| *c == ' ' || format::is_printable(*c))
        .collect();
}

/// Go's `%q`.
fn quote(text: &str) -> String {
    String::from_utf8_lossy(&format::quote::quote(text.as_bytes())).into_owned()
}
