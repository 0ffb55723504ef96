//! Where a chart comes from, and everything else that a rendering reads below the stack's folder.

use std::cell::RefCell;
use std::collections::BTreeMap;

use maps_helm_engine::chart::{Chart, load_archive, load_folder};
use maps_helm_engine::value::Map;
use maps_helm_engine::values::{Override, Overrides};
use maps_helm_engine::warning::Warning;
use maps_sdk::{Class, Problem, files};
use serde_json::Value as Json;
use sha2::{Digest as _, Sha256};

use crate::model::{Inputs, Layer, Values};
use crate::{address, registry, repository};

/// Bytes of all files of one rendering: Helm takes a chart of a hundred megabytes, and a guest holds it twice.
const FOLDER_BYTES: usize = 100 << 20;
/// Files of a folder that are asked for at once.
const CHUNK: usize = 200;

/// A packed chart.
pub(crate) struct Archive {
    /// Where it came from.
    pub(crate) origin: String,
    pub(crate) content: Vec<u8>,
    /// `sha256:…`
    pub(crate) digest: String,
}

impl Archive {
    pub(crate) fn new(origin: String, content: Vec<u8>) -> Self {
        let digest = digest(&content);
        Self { origin, content, digest }
    }
}

/// `sha256:…` of bytes.
pub(crate) fn digest(bytes: &[u8]) -> String {
    told(Sha256::digest(bytes).as_slice())
}

fn told(digest: &[u8]) -> String {
    use std::fmt::Write as _;
    digest.iter().fold("sha256:".to_owned(), |mut text, byte| {
        // Writing to a text cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A chart that was loaded.
pub(crate) struct Source {
    pub(crate) chart: Chart,
    /// Empty for one of the stack's folder.
    pub(crate) origin: String,
    /// Of the archive, or of the folder's files.
    pub(crate) digest: String,
}

/// What lies below the stack's folder of a rendering.
pub(crate) struct Local {
    /// The chart's files or its archive, with the digest; none where the chart comes from elsewhere.
    chart: Option<(Found, String)>,
    /// What the user sets.
    pub(crate) values: Map,
    /// Of all of it.
    pub(crate) digest: String,
}

enum Found {
    Folder(Vec<(String, Vec<u8>)>),
    Archive(Vec<u8>),
}

/// Reads all that a rendering needs of the stack's folder. Nothing is fetched.
pub(crate) fn local(inputs: &Inputs) -> Result<Local, Problem> {
    let mut hash = Sha256::new();
    let chart = if is_remote(inputs) { None } else { Some(on_disk(&inputs.chart)?) };
    let chart = chart.map(|chart| {
        let digest = match &chart {
            Found::Folder(files) => {
                let mut hash = Sha256::new();
                files.iter().for_each(|(path, content)| absorb(&mut hash, path, content));
                told(hash.finalize().as_slice())
            }
            Found::Archive(content) => digest(content),
        };
        absorb(&mut hash, &inputs.chart, digest.as_bytes());
        (chart, digest)
    });
    let (values, read) = values(inputs)?;
    read.iter().for_each(|(path, content)| absorb(&mut hash, path, content));
    Ok(Local { chart, values, digest: told(hash.finalize().as_slice()) })
}

/// So that no two lists of files make the same bytes.
fn absorb(hash: &mut Sha256, path: &str, content: &[u8]) {
    for part in [path.as_bytes(), content] {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part);
    }
}

fn is_remote(inputs: &Inputs) -> bool {
    inputs.repo.as_deref().is_some_and(|repo| !repo.is_empty()) || address::is_absolute(&inputs.chart)
}

/// Loads the chart, fetching it if it is not in the stack's folder.
pub(crate) fn chart(
    inputs: &Inputs,
    private: &[String],
    local: &mut Local,
    warnings: &mut Vec<Warning>,
) -> Result<Source, Problem> {
    let wrong = |error: maps_helm_engine::chart::Error| Problem::invalid("chart", error.to_string()).at("chart");
    match local.chart.take() {
        Some((found, digest)) => {
            let chart = match found {
                Found::Folder(files) => load_folder(files, warnings),
                Found::Archive(content) => load_archive(&content, warnings),
            };
            Ok(Source { chart: chart.map_err(wrong)?, origin: String::new(), digest })
        }
        None => {
            let Archive { origin, content, digest } = fetched(inputs, private)?;
            Ok(Source { chart: load_archive(&content, warnings).map_err(wrong)?, origin, digest })
        }
    }
}

fn fetched(inputs: &Inputs, private: &[String]) -> Result<Archive, Problem> {
    let version = inputs.version.as_deref().map(str::trim).filter(|version| !version.is_empty());
    let chart = inputs.chart.trim();
    match inputs.repo.as_deref().filter(|repo| !repo.is_empty()) {
        Some(repo) => repository::chart(repo, chart, version, private, inputs.plain_http),
        None if chart.starts_with("oci://") => registry::chart(chart, version, private, inputs.plain_http),
        None => repository::archive(chart, private),
    }
}

fn on_disk(named: &str) -> Result<Found, Problem> {
    let path = named.trim().trim_end_matches('/');
    let path = path.strip_prefix("./").unwrap_or(path);
    let wrong = |message: String| Problem::invalid("chart-not-found", message).at("chart");
    if path.is_empty() || path.contains('*') {
        return Err(wrong(format!("`{named}` is no path of a chart")));
    }
    let pattern = if path == "." { "**".to_owned() } else { format!("{path}/**") };
    let found = files::list(&pattern).map_err(|problem| problem.at("chart"))?;
    if !found.is_empty() {
        return folder(if path == "." { "" } else { path }, &found);
    }
    match files::read(path) {
        Ok(content) => Ok(Found::Archive(content)),
        Err(problem) if problem.class == Class::NotFound && (named.starts_with('.') || path.contains('/')) => {
            Err(wrong(format!("path \"{named}\" not found")).help("charts of repositories have a `repo`"))
        }
        Err(problem) if problem.class == Class::NotFound => {
            let message = format!("non-absolute URLs should be in form of repo_name/path_to_chart, got: {named}");
            Err(wrong(message).help("no such chart is in the stack's folder; one of a repository has a `repo`"))
        }
        Err(problem) => Err(problem.at("chart")),
    }
}

fn folder(root: &str, paths: &[String]) -> Result<Found, Problem> {
    let mut all = Vec::with_capacity(paths.len());
    let mut bytes = 0_usize;
    for chunk in paths.chunks(CHUNK) {
        for (path, content) in chunk.iter().zip(files::read_all(chunk)) {
            let content = content.map_err(|problem| problem.at("chart"))?;
            bytes = bytes.saturating_add(content.len());
            if bytes > FOLDER_BYTES {
                let message = format!("the chart's folder has more than {} MiB", FOLDER_BYTES >> 20);
                return Err(Problem::invalid("chart-size", message).at("chart"));
            }
            let inside = path.get(root.len()..).unwrap_or(path).trim_start_matches('/');
            all.push((inside.to_owned(), content));
        }
    }
    Ok(Found::Folder(all))
}

/// Files that were read, by their names.
type Read = BTreeMap<String, Vec<u8>>;

/// What the user sets, in Helm's order of precedence, and the files that it took.
fn values(inputs: &Inputs) -> Result<(Map, Read), Problem> {
    let taken = RefCell::new(Read::new());
    let read = |path: &str| -> Result<Vec<u8>, Problem> {
        if let Some(text) = inputs.files.get(path) {
            return Ok(text.clone().into_bytes());
        }
        let plain = path.strip_prefix("./").unwrap_or(path);
        let content = files::read(plain).map_err(|problem| match problem.class {
            Class::NotFound => Problem::invalid("no-such-file", format!("open {path}: no such file or directory")),
            _ => problem,
        })?;
        taken.borrow_mut().insert(path.to_owned(), content.clone());
        Ok(content)
    };
    let mut items = Vec::new();
    match &inputs.values {
        Values::One(map) => items.push(layer(map)?),
        Values::Many(layers) => {
            for (at, item) in layers.iter().enumerate() {
                let file = |path: &String| {
                    let content = read(path).map_err(|problem| problem.at(format!("values[{at}]")))?;
                    Ok::<_, Problem>(Override::File(path.clone(), content))
                };
                items.push(match item {
                    Layer::File(path) => file(path)?,
                    Layer::Values(map) => layer(map)?,
                });
            }
        }
        Values::Unread(_) => {
            let message = "values are a map, or a list of maps and of files";
            return Err(Problem::invalid("values", message).at("values"));
        }
    }
    let of = |list: &[String], make: fn(String) -> Override| list.iter().cloned().map(make).collect::<Vec<_>>();
    items.extend(of(&inputs.set_json, Override::SetJson));
    items.extend(of(&inputs.set, Override::Set));
    items.extend(of(&inputs.set_string, Override::SetString));
    items.extend(of(&inputs.set_file, Override::SetFile));
    items.extend(of(&inputs.set_literal, Override::SetLiteral));
    let merged = Overrides(items).merge(&|path| read(path).map_err(|problem| problem.message));
    let values = merged.map_err(|error| Problem::invalid("values", error.to_string()).at("values"))?;
    Ok((values, taken.into_inner()))
}

/// Values of the stack as YAML has them, which is what Helm would read.
fn layer(map: &serde_json::Map<String, Json>) -> Result<Override, Problem> {
    if let Some(path) = map.iter().find_map(|(key, value)| sealed(key.clone(), value)) {
        let message = "a chart's templates transform text, so no sealed value may reach them";
        return Err(Problem::invalid("sealed-values", message).at(format!("values.{path}")).help(
            "let the chart refer to a Secret that exists (`existingSecret`), made by `kube/secret` or by External Secrets",
        ));
    }
    let text = serde_json::to_vec(map).map_err(|_| Problem::internal("values", "the values have no JSON form"))?;
    Ok(Override::File("values".to_owned(), text))
}

/// Where a sealed value stands, if there is one.
pub(crate) fn sealed(path: String, value: &Json) -> Option<String> {
    match value {
        Json::Object(map) if map.len() == 1 && map.contains_key("$sealed") => Some(path),
        Json::Object(map) => map.iter().find_map(|(key, value)| sealed(format!("{path}.{key}"), value)),
        Json::Array(items) => items.iter().enumerate().find_map(|(at, value)| sealed(format!("{path}[{at}]"), value)),
        _ => None,
    }
}
