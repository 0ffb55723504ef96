//! A chart as Helm keeps it with a release.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use maps_helm_engine::chart::{Chart, Dependency, File, Maintainer, Metadata};
use maps_helm_engine::json;
use maps_helm_engine::value::Value as Engine;
use maps_sdk::Problem;
use serde_json::{Map, Value, json as value};

/// What Go writes for a time that is none: charts are packed without the times of their files.
const NO_TIME: &str = "0001-01-01T00:00:00Z";

/// The chart, its dependencies processed as for rendering. Those within it are not kept, as Helm keeps none.
///
/// # Errors
/// When its values have no JSON form.
pub(crate) fn chart(chart: &Chart) -> Result<Value, Problem> {
    let files = |files: &[File]| -> Vec<Value> {
        files
            .iter()
            .map(|file| value!({"name": file.name, "data": BASE64.encode(&*file.data), "modtime": NO_TIME}))
            .collect()
    };
    let mut stored = Map::new();
    stored.insert("metadata".to_owned(), metadata(&chart.metadata)?);
    stored.insert("lock".to_owned(), lock(chart)?);
    stored.insert("templates".to_owned(), files(&chart.templates).into());
    stored.insert("values".to_owned(), plain(&Engine::Map(chart.values.clone()))?);
    stored.insert(
        "schema".to_owned(),
        chart.schema.as_ref().map_or(Value::Null, |schema| BASE64.encode(&**schema).into()),
    );
    stored.insert("schemamodtime".to_owned(), NO_TIME.into());
    stored.insert("files".to_owned(), files(&chart.files).into());
    stored.insert("modtime".to_owned(), NO_TIME.into());
    Ok(Value::Object(stored))
}

/// A value of the engine's, in JSON.
///
/// # Errors
/// When it has none.
pub(crate) fn plain(of: &Engine) -> Result<Value, Problem> {
    let wrong = |why: String| Problem::invalid("values", format!("the values have no JSON form: {why}")).at("values");
    let text = json::emit(of).map_err(wrong)?;
    serde_json::from_slice(&text).map_err(|error| wrong(error.to_string()))
}

/// Leaves out what Go leaves out as empty.
fn put(map: &mut Map<String, Value>, name: &str, value: impl Into<Value>) {
    let value = value.into();
    let empty = match &value {
        Value::Null => true,
        Value::Bool(truth) => !truth,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::Number(_) => false,
    };
    if !empty {
        map.insert(name.to_owned(), value);
    }
}

fn metadata(of: &Metadata) -> Result<Value, Problem> {
    let mut map = Map::new();
    put(&mut map, "name", of.name.as_str());
    put(&mut map, "home", of.home.as_str());
    put(&mut map, "sources", of.sources.clone().unwrap_or_default());
    put(&mut map, "version", of.version.as_str());
    put(&mut map, "description", of.description.as_str());
    put(&mut map, "keywords", of.keywords.clone().unwrap_or_default());
    let maintainers: Vec<Value> = of.maintainers.iter().flatten().map(maintainer).collect();
    put(&mut map, "maintainers", maintainers);
    put(&mut map, "icon", of.icon.as_str());
    put(&mut map, "apiVersion", of.api_version.as_str());
    put(&mut map, "condition", of.condition.as_str());
    put(&mut map, "tags", of.tags.as_str());
    put(&mut map, "appVersion", of.app_version.as_str());
    put(&mut map, "deprecated", of.deprecated);
    put(&mut map, "annotations", value!(of.annotations));
    put(&mut map, "kubeVersion", of.kube_version.as_str());
    put(&mut map, "dependencies", dependencies(of.dependencies.as_deref().unwrap_or_default())?);
    put(&mut map, "type", of.kind.as_str());
    Ok(Value::Object(map))
}

fn maintainer(of: &Maintainer) -> Value {
    let mut map = Map::new();
    put(&mut map, "name", of.name.as_str());
    put(&mut map, "email", of.email.as_str());
    put(&mut map, "url", of.url.as_str());
    Value::Object(map)
}

fn dependencies(of: &[Dependency]) -> Result<Vec<Value>, Problem> {
    let each = of.iter().map(|dependency| {
        let mut map = Map::new();
        map.insert("name".to_owned(), dependency.name.as_str().into());
        put(&mut map, "version", dependency.version.as_str());
        map.insert("repository".to_owned(), dependency.repository.as_str().into());
        put(&mut map, "condition", dependency.condition.as_str());
        put(&mut map, "tags", dependency.tags.clone().unwrap_or_default());
        put(&mut map, "enabled", dependency.enabled);
        let imports = dependency.import_values.iter().flatten().map(plain).collect::<Result<Vec<_>, _>>()?;
        put(&mut map, "import-values", imports);
        put(&mut map, "alias", dependency.alias.as_str());
        Ok(Value::Object(map))
    });
    each.collect()
}

fn lock(of: &Chart) -> Result<Value, Problem> {
    let Some(lock) = &of.lock else { return Ok(Value::Null) };
    let generated = if lock.generated.is_empty() { NO_TIME } else { &lock.generated };
    let dependencies = dependencies(lock.dependencies.as_deref().unwrap_or_default())?;
    Ok(value!({"generated": generated, "digest": lock.digest, "dependencies": dependencies}))
}
