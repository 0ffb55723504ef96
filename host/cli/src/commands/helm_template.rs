//! `maps helm template`: a chart rendered by the plugin `helm` in the sandbox, and printed as Helm prints it.
//!
//! What the plugin may do is made of the command line: of files, the chart's own; of the network, nothing for a
//! chart on disk, and otherwise what leads to the chart, of which only the named host may have a private address.

use std::io::{Read as _, Write as _};
use std::mem::ManuallyDrop;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use maps_engine::capability::Effective;
use maps_engine::provider::PreviewRequest;
use maps_engine::{Address, Call, Event, KindName, Observer, PluginName, Value};
use maps_runtime::audit::Audit;
use maps_runtime::capability::http::{HttpCapability, HttpLimits};
use maps_runtime::egress::{SystemResolver, Transport};
use maps_runtime::limits::Limits;
use maps_runtime::{Host, HostOptions, PluginUse};
use serde_json::{Map, Value as Json, json};

use crate::args::HelmTemplateArgs;
use crate::compose;
use crate::error::{Exit, Failure};
use crate::render::Screen;
use crate::source;
use crate::time::WallClock;

/// The plugin and its kind.
const PLUGIN: &str = "helm";
const KIND: &str = "helm/template";
/// Of a release that nobody names.
const NAME: &str = "release-name";
/// Without this file a folder is no chart.
const CHART: &str = "Chart.yaml";
/// Of a release that is said to be in none, as `-n ""` does.
const NAMESPACE: &str = "default";
/// Bytes of a file that a flag names: Helm's own limit for a file of a chart is 5 MiB.
const FILE_BYTES: u64 = 8 << 20;

/// Renders, prints the manifests or, as Helm does, `Error: …` with exit code 1.
pub(crate) fn helm_template(args: &HelmTemplateArgs, screen: &Screen) -> Exit {
    match rendered(args, screen) {
        Ok(text) => {
            let mut out = std::io::stdout().lock();
            // A closed stream leaves nobody to tell.
            let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
            Exit::Done
        }
        Err(message) => {
            screen.complain(&format!("Error: {message}\n"));
            Exit::Failed
        }
    }
}

/// Where the chart is.
struct Place {
    /// As the plugin is told.
    chart: String,
    /// The folder that it may read, for a chart on disk.
    folder: Option<PathBuf>,
    /// A URL that leads to it, for one that is not.
    url: Option<String>,
}

fn place(args: &HelmTemplateArgs, chart: &str) -> Result<Place, String> {
    let remote = |url: &str| Ok(Place { chart: chart.to_owned(), folder: None, url: Some(url.to_owned()) });
    if let Some(repo) = args.repo.as_deref().filter(|repo| !repo.is_empty()) {
        return remote(repo);
    }
    let path = Path::new(chart);
    match std::fs::canonicalize(path) {
        Ok(folder) if folder.is_dir() && !folder.join(CHART).exists() => {
            let missing = std::path::absolute(path.join(CHART)).unwrap_or_else(|_| folder.join(CHART));
            let missing = missing.display();
            Err(format!("unable to detect chart at {missing}: open {missing}: no such file or directory"))
        }
        Ok(folder) if folder.is_dir() => Ok(Place { chart: ".".to_owned(), folder: Some(folder), url: None }),
        Ok(file) => {
            let name = file.file_name().and_then(|name| name.to_str()).map(str::to_owned);
            let (Some(name), Some(folder)) = (name, file.parent()) else {
                return Err(format!("path \"{chart}\" not found"));
            };
            Ok(Place { chart: name, folder: Some(folder.to_owned()), url: None })
        }
        Err(_) if path.is_absolute() || chart.starts_with('.') => Err(format!("path \"{chart}\" not found")),
        Err(_) if chart.contains("://") => remote(chart),
        Err(_) => Err(match chart.split_once('/') {
            Some((repo, _)) => format!("repo {repo} not found"),
            None => format!("non-absolute URLs should be in form of repo_name/path_to_chart, got: {chart}"),
        }),
    }
}

fn rendered(args: &HelmTemplateArgs, screen: &Screen) -> Result<String, String> {
    let (name, chart) = match args.words.as_slice() {
        [chart] => (NAME, chart),
        [name, chart] => (name.as_str(), chart),
        [] => return Err("\"helm template\" requires at least 1 argument".to_owned()),
        _ => {
            return Err(format!(
                "expected at most two arguments, unexpected arguments: {}",
                args.words[2..].join(", ")
            ));
        }
    };
    let place = place(args, chart)?;
    let inputs = inputs(args, name, &place)?;
    let told = compose::block_on_one(async { preview(&place, inputs).await }).map_err(|failure| {
        let help = failure.help().map_or_else(String::new, |help| format!("\n{help}"));
        format!("{failure}{help}")
    })?;
    let Value::Map(mut told) = told else { return Err("the plugin helm answered no manifests".to_owned()) };
    if let Some(Value::List(warnings)) = told.get("warnings") {
        for warning in warnings.iter().filter_map(Value::as_str) {
            screen.complain(&format!("{warning}\n"));
        }
    }
    match (told.remove("error"), told.remove("manifests")) {
        (Some(Value::String(error)), _) => Err(error),
        (None, Some(Value::String(manifests))) => Ok(manifests),
        _ => Err("the plugin helm answered no manifests".to_owned()),
    }
}

/// What the plugin is told, with the content of every file that a flag names.
fn inputs(args: &HelmTemplateArgs, name: &str, place: &Place) -> Result<Json, String> {
    let mut files = Map::new();
    for path in &args.values {
        files.insert(path.clone(), read(path)?.into());
    }
    for path in args.set_file.iter().flat_map(|setting| paths(setting)) {
        let text = read(&path).map_err(|why| format!("failed parsing --set-file data: {why}"))?;
        files.insert(path, text.into());
    }
    let version = match &args.version {
        None if args.devel => Some(">0.0.0-0"),
        version => version.as_deref(),
    };
    let mut inputs = json!({
        "chart": place.chart,
        "name": name,
        "namespace": if args.namespace.is_empty() { NAMESPACE } else { &args.namespace },
        "values": args.values,
        "set": args.set,
        "set_string": args.set_string,
        "set_json": args.set_json,
        "set_file": args.set_file,
        "set_literal": args.set_literal,
        "files": files,
        "api_versions": args.api_versions,
        "include_crds": args.include_crds,
        "skip_tests": args.skip_tests,
        "no_hooks": args.no_hooks,
        "show_only": args.show_only,
        "is_upgrade": args.is_upgrade,
        "plain_http": args.plain_http,
        "skip_schema_validation": args.skip_schema_validation,
    });
    for (key, value) in
        [("repo", args.repo.as_deref()), ("version", version), ("kube_version", args.kube_version.as_deref())]
    {
        if let Some(value) = value {
            inputs[key] = value.into();
        }
    }
    Ok(inputs)
}

/// The files that a setting of `--set-file` may name: what stands behind a `=`, up to a comma.
fn paths(setting: &str) -> Vec<String> {
    let mut paths = Vec::new();
    let mut path: Option<String> = None;
    let mut letters = setting.chars();
    while let Some(letter) = letters.next() {
        match (letter, &mut path) {
            ('\\', Some(path)) => path.extend(letters.next()),
            (',', _) => paths.extend(path.take()),
            ('=', None) => path = Some(String::new()),
            (letter, Some(path)) => path.push(letter),
            _ => {}
        }
    }
    paths.extend(path);
    paths
}

fn read(path: &str) -> Result<String, String> {
    let failed = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => format!("open {path}: no such file or directory"),
        std::io::ErrorKind::PermissionDenied => format!("open {path}: permission denied"),
        _ => format!("read {path}: {error}"),
    };
    let mut bytes = Vec::new();
    match path {
        "-" => std::io::stdin().lock().take(FILE_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?,
        path => {
            let file = std::fs::File::open(path).map_err(failed)?;
            file.take(FILE_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?
        }
    };
    if bytes.len() as u64 > FILE_BYTES {
        return Err(format!("{path} is larger than {} MiB", FILE_BYTES >> 20));
    }
    String::from_utf8(bytes).map_err(|_| format!("{path} is no text in UTF-8"))
}

/// What the guest logs and warns of, on standard error.
struct Lines;

impl Observer for Lines {
    fn event(&self, event: &Event) {
        if let Event::Log { level, message, .. } = event
            && *level != "debug"
        {
            // A closed stream leaves nobody to tell.
            let _ = writeln!(std::io::stderr(), "{level}: {message}");
        }
    }
}

async fn preview(place: &Place, inputs: Json) -> Result<Value, Failure> {
    // The process ends with the answer: the system takes the sandbox back in one go.
    let options = HostOptions {
        cache_dir: compose::cache_dir(),
        limits: Limits::default(),
        observer: Arc::new(Lines),
        // Rendering changes nothing.
        audit: Audit::nowhere(),
    };
    let host = ManuallyDrop::new(Host::new(options)?);
    let component = source::component(PLUGIN, Path::new("."))?;
    let name = PluginName::new(PLUGIN);
    let refused = |error| Failure::Plugin { plugin: name.clone(), from: component.clone(), error };
    let plugin = ManuallyDrop::new(component.load(&host, &name)?);
    let manifest = &plugin.inspection().manifest;
    let effective = Effective::meet(manifest, Some(&grant(place)));
    let effective = Arc::new(effective.map_err(|faults| Failure::usage(faults.to_string()))?);
    let http = match &place.url {
        None => None,
        Some(url) => {
            let transport = Transport::live(Arc::new(SystemResolver), [host_of(url).to_owned()]);
            let http = HttpCapability::new(
                Arc::clone(&effective),
                std::collections::BTreeMap::new(),
                transport,
                Arc::new(WallClock),
                HttpLimits::default(),
            )?;
            Some(Arc::new(http))
        }
    };
    let used = PluginUse { name: name.clone(), effective, http, folder: place.folder.clone() };
    let provider = ManuallyDrop::new(host.provider(&plugin, used).map_err(refused)?);
    let config = Value::from(json!({"tell_errors": true}));
    let call = Call { stack: "helm-template", run: "helm-template", config: &config };
    let request = PreviewRequest {
        kind: KindName::new(KIND),
        address: Address::new("chart"),
        inputs: Value::from(inputs),
        prior: None,
    };
    let preview =
        provider.preview(&call, vec![request]).await.map_err(|error| Failure::usage(error.to_string()))?.pop();
    let preview = preview.ok_or_else(|| Failure::usage("the plugin helm answered nothing"))?;
    let preview = preview.map_err(|problem| match problem.help {
        Some(help) => Failure::usage_help(problem.message, help),
        None => Failure::usage(problem.message),
    })?;
    Ok(preview.outputs)
}

/// What this command line lets the plugin do.
fn grant(place: &Place) -> Json {
    let mut grant = json!({"log": {}, "clock": {}, "random": {}});
    if place.folder.is_some() {
        grant["files"] = json!([{"id": "read-charts"}]);
    }
    if let Some(url) = &place.url {
        // Archives often lie elsewhere than their index, so any public host may be led to, encrypted.
        grant["http"] = json!([{"id": "fetch-charts"}]);
        let authority = authority_of(url);
        if !url.starts_with("https://") && !authority.is_empty() {
            let entry = json!({"id": "fetch-charts-unencrypted", "url": format!("http://{authority}/**")});
            grant["http"] = json!([{"id": "fetch-charts"}, entry]);
        }
    }
    grant
}

/// `host:port` of a URL.
fn authority_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or("", |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    authority.rsplit_once('@').map_or(authority, |(_, authority)| authority)
}

fn host_of(url: &str) -> &str {
    let authority = authority_of(url);
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn set_file_names_what_stands_behind_an_equals_sign() {
        assert_eq!(paths("a=x.pem,b.c=dir/y=z,d"), ["x.pem", "dir/y=z"]);
        assert_eq!(paths("a=x\\,y.pem"), ["x,y.pem"]);
        assert_eq!(paths("a"), Vec::<String>::new());
    }

    #[test]
    fn a_url_has_a_host() {
        for (url, authority, host) in [
            ("https://h/x", "h", "h"),
            ("http://h:80/x", "h:80", "h"),
            ("oci://127.0.0.1:5000/a/b:1", "127.0.0.1:5000", "127.0.0.1"),
            ("https://u:p@h:1?x", "h:1", "h"),
            ("nothing", "", ""),
        ] {
            assert_eq!((authority_of(url), host_of(url)), (authority, host), "{url}");
        }
    }
}
