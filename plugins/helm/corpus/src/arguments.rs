//! The arguments of `helm template`, as far as they decide what is rendered.

use std::path::Path;

use clap::Parser;
use maps_helm_engine::render::{self, ApiVersions, Options, Shown};
use maps_helm_engine::values::{Override, Overrides};

use crate::{folder, helm};

/// What follows `helm template`.
#[derive(Parser)]
#[command(name = "template", no_binary_name = false, disable_help_flag = true)]
struct Arguments {
    /// The release's name, and the chart; the chart alone, where there is one.
    #[arg(required = true, num_args = 1..=2)]
    names: Vec<String>,
    #[arg(short = 'n', long, default_value = "default")]
    namespace: String,
    #[arg(short = 'f', long)]
    values: Vec<String>,
    #[arg(long)]
    set: Vec<String>,
    #[arg(long)]
    set_string: Vec<String>,
    #[arg(long)]
    set_json: Vec<String>,
    #[arg(long)]
    set_file: Vec<String>,
    #[arg(long)]
    set_literal: Vec<String>,
    #[arg(long, default_value = "")]
    kube_version: String,
    #[arg(short = 'a', long, value_delimiter = ',')]
    api_versions: Vec<String>,
    #[arg(short = 's', long)]
    show_only: Vec<String>,
    #[arg(long)]
    include_crds: bool,
    #[arg(long)]
    skip_crds: bool,
    #[arg(long)]
    skip_tests: bool,
    #[arg(long)]
    no_hooks: bool,
    #[arg(long)]
    is_upgrade: bool,
    #[arg(long)]
    skip_schema_validation: bool,
    /// What decides nothing about a chart that is on the disk.
    #[command(flatten)]
    _unused: Unused,
}

/// Flags that change nothing of what is printed here.
#[derive(clap::Args)]
struct Unused {
    #[arg(long)]
    create_namespace: bool,
    #[arg(long)]
    disable_openapi_validation: bool,
    #[arg(long)]
    render_subchart_notes: bool,
    #[arg(long)]
    hide_notes: bool,
    #[arg(long)]
    devel: bool,
    #[arg(long)]
    version: Option<String>,
}

/// What a call came to.
pub(crate) struct Called {
    pub(crate) exit: i32,
    /// Standard output.
    pub(crate) output: Vec<u8>,
    /// Standard error, without warnings.
    pub(crate) error: String,
}

/// Calls `helm` with arguments whose paths are from `folder`.
///
/// # Errors
/// Arguments that are not understood here.
pub(crate) fn call(folder: &Path, arguments: &[String]) -> Result<Called, String> {
    let arguments = Arguments::try_parse_from(arguments).map_err(|why| why.to_string())?;
    Ok(match arguments.render(folder) {
        Ok(output) => Called { exit: 0, output, error: String::new() },
        Err(why) => Called { exit: 1, output: Vec::new(), error: format!("Error: {why}\n") },
    })
}

impl Arguments {
    fn render(self, folder: &Path) -> Result<Vec<u8>, String> {
        let mut options =
            Options { namespace: self.namespace.clone(), is_upgrade: self.is_upgrade, ..Options::default() };
        if !self.kube_version.is_empty() {
            options.kube_version = helm::kube_version(&self.kube_version)?;
        }
        let path = match &self.names[..] {
            [name, path] => {
                options.name.clone_from(name);
                path
            }
            [path] => path,
            _ => return Err("expected at most two arguments".to_owned()),
        };
        options.api_versions = ApiVersions::Known(self.api_versions.clone());
        options.skip_schema_validation = self.skip_schema_validation;
        let values = self.overrides(folder)?.merge(&|path| open(folder, path));
        let values = values.map_err(|why| why.to_string())?;
        let path = folder.join(path);
        let chart =
            if path.is_dir() { helm::folder(folder::read(&path)?)? } else { helm::archive(&crate::read(&path)?)? };
        let rendered = render::render(chart, &values, &options, &mut helm::Machine).map_err(|error| error.told())?;
        let shown = Shown {
            custom_resources: self.include_crds,
            no_hooks: self.no_hooks,
            skip_tests: self.skip_tests,
            only: self.show_only,
        };
        rendered.text(&shown).map_err(|error| error.told())
    }

    fn overrides(&self, folder: &Path) -> Result<Overrides, String> {
        let mut overrides = Vec::new();
        for path in &self.values {
            overrides.push(Override::File(path.clone(), open(folder, path)?));
        }
        overrides.extend(self.set_json.iter().cloned().map(Override::SetJson));
        overrides.extend(self.set.iter().cloned().map(Override::Set));
        overrides.extend(self.set_string.iter().cloned().map(Override::SetString));
        overrides.extend(self.set_file.iter().cloned().map(Override::SetFile));
        overrides.extend(self.set_literal.iter().cloned().map(Override::SetLiteral));
        Ok(Overrides(overrides))
    }
}

/// A file that an argument names, or why there is none, in Go's words.
fn open(folder: &Path, path: &str) -> Result<Vec<u8>, String> {
    std::fs::read(folder.join(path)).map_err(|why| match why.kind() {
        std::io::ErrorKind::NotFound => format!("open {path}: no such file or directory"),
        _ => format!("open {path}: {why}"),
    })
}
