//! `maps plugin build`: a component of a plugin's code and its plugin.yaml.

use std::path::{Path, PathBuf};

use maps_engine::Diagnostic;
use maps_engine::capability::{Interface, Manifest, Written};
use maps_engine::document::{Document, Part};
use maps_runtime::inspect::{InspectError, Inspection};
use maps_runtime::limits::Limits;
use maps_runtime::package::{MANIFEST_FILE, PackageError, package};

use crate::args::PluginBuildArgs;
use crate::error::{Exit, Failure};
use crate::guest::Guest;
use crate::render::Screen;
use crate::render::diagnostics::Sources;
use crate::render::plugin::PluginView;
use crate::source::{self, Component};
use crate::{compose, declared};

/// Builds it, and replaces the file at once, so that nobody finds half of one.
pub(crate) fn plugin_build(args: &PluginBuildArgs, screen: &Screen) -> Result<Exit, Failure> {
    let manifest = ManifestFile::read(&args.dir)?;
    screen.diagnostics(&manifest.written.warnings, &manifest.sources);
    let rehearsal = declared::read(&args.dir, &manifest.written.manifest)?;
    let code = match args.module.as_ref().or(args.component.as_ref()) {
        Some(made) => made.clone(),
        None => compiled(&args.dir, &manifest, screen)?,
    };
    let bytes = std::fs::read(&code).map_err(Failure::file(&code))?;
    if args.component.is_some() && !maps_runtime::inspect::is_component(&bytes) {
        let message = format!("{} is no component", code.display());
        return Err(Failure::usage_help(message, "a core module is given as --module FILE"));
    }
    let packaged =
        compose::block_on(async { Ok(package(&bytes, &manifest.text, rehearsal.as_ref(), &Limits::default()).await) })?;
    let component = packaged.map_err(|error| manifest.explained(error))?;
    let plugin = &manifest.written.manifest.plugin;
    let out = args.out.clone().unwrap_or_else(|| default_out(&args.dir, plugin.as_str()));
    if let Some(folder) = out.parent() {
        std::fs::create_dir_all(folder).map_err(Failure::file(folder))?;
    }
    let staged = out.with_extension("wasm.new");
    std::fs::write(&staged, &component).map_err(Failure::file(&staged))?;
    std::fs::rename(&staged, &out).map_err(Failure::file(&out))?;
    let view = PluginView::of(&Inspection::of(&component)?);
    screen.human(&view.built(&out));
    screen.event(&view.event());
    Ok(Exit::Done)
}

/// Where the component of the plugin in `dir` goes, and is looked for.
fn default_out(dir: &Path, plugin: &str) -> PathBuf {
    dir.join("target").join(format!("{plugin}.wasm"))
}

/// The component that is meant: a plugin's own folder stands for what was built there.
pub(crate) fn meant(plugin: &str) -> Result<Component, Failure> {
    let dir = Path::new(plugin);
    if !dir.join(MANIFEST_FILE).is_file() {
        return source::component(plugin, Path::new("."));
    }
    let built = default_out(dir, ManifestFile::read(dir)?.written.manifest.plugin.as_str());
    if built.is_file() {
        return Ok(Component::File(built));
    }
    let message = format!("the plugin in {} is not built: there is no {}", dir.display(), built.display());
    Err(Failure::usage_help(message, format!("maps plugin build {}", dir.display())))
}

/// The module of the crate beside the manifest.
fn compiled(dir: &Path, manifest: &ManifestFile, screen: &Screen) -> Result<PathBuf, Failure> {
    let guest = Guest::of(dir)?;
    let plugin = manifest.written.manifest.plugin.as_str();
    if guest.name != plugin && guest.name.strip_prefix("maps-") != Some(plugin) {
        let message = format!("the plugin is called `{plugin}` and its crate `{}`", guest.name);
        let warning = Diagnostic::warning("other-name", message)
            .at(manifest.written.document.span("plugin", Part::Value))
            .help(format!("stacks name the plugin; call the crate `{plugin}` or `maps-{plugin}` too"));
        screen.diagnostics(&[warning], &manifest.sources);
    }
    Ok(guest.compile()?)
}

/// A plugin.yaml that was read, with what messages about it need.
pub(crate) struct ManifestFile {
    pub(crate) written: Written,
    text: String,
    sources: Sources,
}

impl ManifestFile {
    /// The one in `dir`.
    pub(crate) fn read(dir: &Path) -> Result<Self, Failure> {
        let path = dir.join(MANIFEST_FILE);
        let bytes = match std::fs::read(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let message = format!("there is no {MANIFEST_FILE} in {}", dir.display());
                return Err(Failure::usage_help(message, "`maps plugin new NAME` writes a plugin to begin with"));
            }
            read => read.map_err(Failure::file(&path))?,
        };
        let mut sources = Sources::default();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        sources.add(MANIFEST_FILE, &text);
        match Manifest::written(MANIFEST_FILE, &bytes) {
            Ok(written) => Ok(Self { written, text, sources }),
            Err(diagnostics) => Err(Failure::Diagnostics { diagnostics, sources }),
        }
    }

    /// Puts what was wrong where it can be mended: under a line of the manifest, if it is there.
    fn explained(&self, error: PackageError) -> Failure {
        let diagnostics = match error {
            PackageError::Manifest(diagnostics) => diagnostics,
            PackageError::Inspect(InspectError::Undeclared(interfaces)) => {
                let names: Vec<&str> = interfaces.iter().map(|interface| interface.name()).collect();
                let message = format!("the code uses {}, which the manifest does not declare", names.join(", "));
                let lines = Interface::declarations(&interfaces).replace('\n', "\n  ");
                vec![
                    Diagnostic::error("undeclared-import", message)
                        .at(self.written.document.span("capabilities", Part::Key))
                        .help(format!("add under `capabilities`:\n  {lines}")),
                ]
            }
            other => return other.into(),
        };
        let diagnostics = Document::arranged(diagnostics, MANIFEST_FILE);
        Failure::Diagnostics { diagnostics, sources: self.sources.clone() }
    }
}
