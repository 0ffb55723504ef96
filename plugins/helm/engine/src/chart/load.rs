//! Sorts a chart's files into what they mean, and loads the charts within it.

use std::collections::BTreeMap;

use super::archive::{Budget, unpack};
use super::decode::{Decode, Place, Struct};
use super::ignore::Rules;
use super::metadata::{Lock, Metadata};
use super::{Chart, Error, File};
use crate::functions::dates;
use crate::value::{Map, Str, Value};
use crate::warning::Warning;
use crate::yaml;

/// How deep charts may be within charts: of those that are public, none goes below four.
pub const MAX_DEPTH: usize = 20;

/// A chart that is loaded: what is left to unpack, and what there was to tell.
struct Loader<'a> {
    budget: Budget,
    warnings: &'a mut Vec<Warning>,
}

/// What a chart's files come to.
#[derive(Default)]
struct Parts {
    lock: Option<Lock>,
    templates: Vec<File>,
    files: Vec<File>,
    values: Map,
    schema: Option<Str>,
    /// What is in `charts/`, by the first name of the path.
    within: BTreeMap<String, Vec<File>>,
}

/// What Helm reads of Chart.yaml to tell which of its loaders it is for.
#[derive(Default)]
struct Format {
    api_version: String,
}

impl Struct for Format {
    const NAME: &'static str = "chartBase";
    const PACKAGE: &'static str = "loader";
    const FIELDS: &'static [&'static str] = &["apiVersion"];

    fn field(&mut self, _: &'static str) -> Option<&mut dyn Decode> {
        Some(&mut self.api_version)
    }
}

/// Loads a packed chart.
///
/// # Errors
/// What is no archive, exceeds a limit, holds what no chart should, or is no chart.
pub fn load_archive(archive: &[u8], warnings: &mut Vec<Warning>) -> Result<Chart, Error> {
    let mut loader = Loader { budget: Budget::new(), warnings };
    let files = loader.unpack(archive)?;
    // The last one counts, as it does below.
    let description = files.iter().rfind(|file| file.name == "Chart.yaml");
    let description = description.ok_or_else(|| Error::new("unable to detect chart version, no Chart.yaml found"))?;
    check_format(description)?;
    loader.load(files, 0)
}

/// Loads a chart from the files of its folder: paths with slashes, from the folder, and contents.
///
/// What `.helmignore` names is left out. The order of the files is of no matter: Helm walks by name.
///
/// # Errors
/// What exceeds a limit, or is no chart.
pub fn load_folder(
    files: impl IntoIterator<Item = (String, Vec<u8>)>,
    warnings: &mut Vec<Warning>,
) -> Result<Chart, Error> {
    let mut files: Vec<(String, Vec<u8>)> = files.into_iter().collect();
    files.sort_by(|(left, _), (right, _)| left.split('/').cmp(right.split('/')));
    let rules = match files.iter().find(|(name, _)| name == ".helmignore") {
        Some((_, text)) => Rules::parse(text)?,
        None => Rules::new()?,
    };
    let description = files.iter().find(|(name, _)| name == "Chart.yaml");
    let (name, description) = description.ok_or_else(|| Error::new("Chart.yaml file is missing"))?;
    check_format(&File::new(name.clone(), description))?;
    let mut loader = Loader { budget: Budget::new(), warnings };
    let mut kept = Vec::new();
    for (name, data) in files {
        let ignored = name.match_indices('/').any(|(end, _)| rules.ignore(name.get(..end).unwrap_or(""), true))
            || rules.ignore(&name, false);
        if !ignored {
            loader.budget.file(&name, data.len() as u64)?;
            kept.push(File::new(name, &data));
        }
    }
    loader.load(kept, 0)
}

/// Whether the chart that was asked for has a format that is known.
fn check_format(description: &File) -> Result<(), Error> {
    let mut format = Format::default();
    decode_file(&mut format, description, &mut Place::default())?;
    match format.api_version.as_str() {
        "" | "v1" | "v2" => Ok(()),
        "v3" => Err(Error::new("invalid chart apiVersion")),
        _ => Err(Error::new("unsupported chart version")),
    }
}

impl Loader<'_> {
    fn unpack(&mut self, archive: &[u8]) -> Result<Vec<File>, Error> {
        unpack(archive, &mut self.budget).map_err(|error| Error::new(format!("unable to load chart archive: {error}")))
    }

    fn load(&mut self, files: Vec<File>, depth: usize) -> Result<Chart, Error> {
        if depth > MAX_DEPTH {
            return Err(Error::new(format!("charts are nested deeper than the maximum of {MAX_DEPTH}")));
        }
        let mut metadata: Option<Metadata> = None;
        let mut place = Place::default();
        for file in files.iter().filter(|file| file.name == "Chart.yaml") {
            let metadata = metadata.get_or_insert_default();
            decode_file(metadata, file, &mut place)?;
            if metadata.api_version.is_empty() {
                metadata.api_version = "v1".to_owned();
            }
        }
        let Some(mut metadata) = metadata else { return Err(Error::new("Chart.yaml file is missing")) };
        let mut parts = Parts::default();
        for file in files {
            self.sort(file, &mut metadata, &mut parts, &mut place)?;
        }
        metadata.validate(&place.null_nodes)?;

        let mut dependencies = Vec::new();
        for (name, files) in parts.within {
            if name.starts_with(['_', '.']) {
                continue;
            }
            let loaded =
                if name.ends_with(".tgz") { self.packed(&name, &files, depth) } else { self.unpacked(files, depth) };
            dependencies.push(loaded.map_err(|error| {
                Error::new(format!("error unpacking subchart {name} in {}: {error}", metadata.name))
            })?);
        }
        Ok(Chart {
            metadata,
            lock: parts.lock,
            templates: parts.templates.into(),
            files: parts.files.into(),
            values: parts.values,
            schema: parts.schema,
            dependencies,
        })
    }

    fn packed(&mut self, name: &str, files: &[File], depth: usize) -> Result<Chart, Error> {
        match files {
            [file, ..] if file.name == name => {
                let files = self.unpack(&file.data)?;
                self.load(files, depth + 1)
            }
            files => {
                let got = files.first().map_or("nothing", |file| &file.name);
                Err(Error::new(format!("expected {name}, got {got}")))
            }
        }
    }

    fn unpacked(&mut self, files: Vec<File>, depth: usize) -> Result<Chart, Error> {
        let files = files.into_iter().filter_map(|file| {
            // What lies in `charts/` itself, such as a README, is no chart.
            let (_, name) = file.name.split_once('/')?;
            Some(File { name: name.to_owned(), data: file.data })
        });
        self.load(files.collect(), depth + 1)
    }

    /// Puts a file where it belongs.
    fn sort(&mut self, file: File, metadata: &mut Metadata, parts: &mut Parts, place: &mut Place) -> Result<(), Error> {
        let first_format = metadata.api_version == "v1";
        match file.name.as_str() {
            "Chart.yaml" => {}
            "Chart.lock" => parts.lock = Some(decode_lock(&file)?),
            "values.yaml" => {
                parts.values =
                    load_values(&file.data).map_err(|error| Error::new(format!("cannot load values.yaml: {error}")))?;
            }
            "values.schema.json" => parts.schema = Some(file.data),
            // Where charts of the first format name their dependencies.
            "requirements.yaml" => {
                if !first_format {
                    self.warnings.push(Warning::unlevelled(
                        "Warning: Dependencies are handled in Chart.yaml since apiVersion \"v2\". We recommend \
                         migrating dependencies to Chart.yaml.",
                    ));
                }
                decode_file(metadata, &file, place)?;
                if first_format {
                    parts.files.push(file);
                }
            }
            "requirements.lock" => {
                parts.lock = Some(decode_lock(&file)?);
                if first_format {
                    parts.files.push(file);
                } else {
                    self.warnings.push(Warning::unlevelled(
                        "Warning: Dependency locking is handled in Chart.lock since apiVersion \"v2\". We recommend \
                         migrating to Chart.lock.",
                    ));
                }
            }
            name if name.starts_with("templates/") => parts.templates.push(file),
            name => match name.strip_prefix("charts/") {
                Some(path) if !name.ends_with(".prov") => {
                    let folder = path.split('/').next().unwrap_or(path).to_owned();
                    let file = File { name: path.to_owned(), data: file.data };
                    parts.within.entry(folder).or_default().push(file);
                }
                _ => parts.files.push(file),
            },
        }
        Ok(())
    }
}

fn parse(text: &[u8], name: &str) -> Result<Value, Error> {
    yaml::parse_numbers(text).map_err(|error| Error::new(format!("cannot load {name}: {error}")))
}

fn decode_file(target: &mut impl Decode, file: &File, place: &mut Place) -> Result<(), Error> {
    let document = parse(&file.data, &file.name)?;
    target.decode(&document, place).map_err(|error| Error::new(format!("cannot load {}: {error}", file.name)))
}

fn decode_lock(file: &File) -> Result<Lock, Error> {
    let mut lock = Lock::default();
    decode_file(&mut lock, file, &mut Place::default())?;
    let generated = match parse(&file.data, &file.name)? {
        Value::Map(map) => map.get(b"generated").unwrap_or_default(),
        _ => Value::Nil,
    };
    let checked = match &generated {
        Value::Nil => Ok(()),
        Value::Str(text) => dates::check_rfc_3339(text),
        _ => Err("Time.UnmarshalJSON: input is not a JSON string".to_owned()),
    };
    checked.map_err(|error| {
        let name = &file.name;
        Error::new(format!("cannot load {name}: error unmarshaling JSON: while decoding JSON: {error}"))
    })?;
    Ok(lock)
}

/// The values of a file, whose documents are merged one onto the other.
pub(crate) fn load_values(text: &[u8]) -> Result<Map, String> {
    let mut values = Map::new();
    for document in documents(text)? {
        let document = yaml::parse(&document).map_err(|error| format!("cannot unmarshal yaml document: {error}"))?;
        match &document {
            Value::Nil => {}
            Value::Map(map) => values = crate::values::merge_maps(&values, map),
            other => {
                let kind = match other {
                    Value::List(_) => "array",
                    Value::Str(_) => "string",
                    Value::Bool(_) => "bool",
                    _ => "number",
                };
                return Err(format!(
                    "cannot unmarshal yaml document: error unmarshaling JSON: while decoding JSON: json: cannot \
                     unmarshal {kind} into Go value of type map[string]interface {{}}"
                ));
            }
        }
    }
    Ok(values)
}

/// The documents of a stream as Kubernetes' reader splits it: at lines that begin with `---` and hold nothing
/// but a comment besides.
fn documents(text: &[u8]) -> Result<Vec<Vec<u8>>, String> {
    let mut documents = Vec::new();
    let mut document = Vec::new();
    for line in bstr::ByteSlice::lines(text) {
        if let Some(rest) = line.strip_prefix(b"---") {
            let rest = bstr::ByteSlice::trim(rest);
            if !rest.is_empty() && !rest.starts_with(b"#") {
                return Err(format!(
                    "error reading yaml document: invalid Yaml document separator: {}",
                    String::from_utf8_lossy(rest)
                ));
            }
            if !document.is_empty() {
                documents.push(std::mem::take(&mut document));
            }
            continue;
        }
        document.extend_from_slice(line);
        document.push(b'\n');
    }
    if !document.is_empty() {
        documents.push(document);
    }
    Ok(documents)
}
