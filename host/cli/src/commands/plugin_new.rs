//! `maps plugin new`: a crate that builds, tests and runs as it is, to begin a plugin with.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use maps_engine::name::name_fault;
use serde_json::json;

use crate::args::PluginNewArgs;
use crate::carried;
use crate::error::{Exit, Failure};
use crate::render::Screen;
use crate::render::style::{STRONG, paint};
use crate::render::text::Text;

/// What is written, by path; `{{name}}` and its like are filled in.
const TEMPLATE: &[(&str, &str)] = &[
    (".gitignore", include_str!("../../template/gitignore")),
    ("Cargo.toml", include_str!("../../template/Cargo.toml.in")),
    ("README.md", include_str!("../../template/README.md")),
    ("conformance/note.json", include_str!("../../template/conformance/note.json")),
    ("plugin.yaml", include_str!("../../template/plugin.yaml")),
    ("rehearsal.yaml", include_str!("../../template/rehearsal.yaml")),
    ("src/lib.rs", include_str!("../../template/src/lib.rs")),
    ("src/note.rs", include_str!("../../template/src/note.rs")),
    ("src/tests.rs", include_str!("../../template/src/tests.rs")),
    ("stack.yaml", include_str!("../../template/stack.yaml")),
];

/// Names that cargo, the compiler or the plugin's own dependencies use for something else.
const TAKEN: [&str; 56] = [
    "abstract",
    "alloc",
    "as",
    "async",
    "await",
    "become",
    "box",
    "break",
    "build",
    "const",
    "continue",
    "core",
    "crate",
    "deps",
    "do",
    "dyn",
    "else",
    "enum",
    "examples",
    "extern",
    "false",
    "final",
    "fn",
    "for",
    "gen",
    "if",
    "impl",
    "in",
    "incremental",
    "let",
    "loop",
    "macro",
    "maps-sdk",
    "match",
    "mod",
    "move",
    "mut",
    "override",
    "priv",
    "proc-macro",
    "pub",
    "ref",
    "return",
    "schemars",
    "self",
    "serde",
    "static",
    "std",
    "struct",
    "super",
    "test",
    "trait",
    "try",
    "type",
    "use",
    "where",
];

/// Writes it into a folder that is not there or empty.
pub(crate) fn plugin_new(args: &PluginNewArgs, screen: &Screen) -> Result<Exit, Failure> {
    let name = args.name.as_str();
    if let Some(fault) = fault(name) {
        let help = "names are like `my-notes`: lower-case letters, digits and `-`";
        return Err(Failure::usage_help(format!("`{}` is no name for a plugin: {fault}", Text::line(name)), help));
    }
    let dir = args.dir.clone().unwrap_or_else(|| PathBuf::from(name));
    must_be_free(&dir)?;
    let (sdk, lock) = match &args.sdk {
        None => (Path::new("sdk").join(carried::SDK_CRATE), carried::LOCK.to_owned()),
        Some(checkout) => of_checkout(checkout)?,
    };
    let mut files = template(name, &sdk);
    files.push(("Cargo.lock".into(), lock));
    if args.sdk.is_none() {
        files.push(("sdk/Cargo.toml".into(), carried::workspace()));
        files.extend(carried::SDK.iter().map(|(path, text)| (Path::new("sdk").join(path), (*text).to_owned())));
    }
    for (path, text) in &files {
        write(&dir.join(path), text)?;
    }
    let shown = Text::line(&dir.display().to_string());
    screen.human(&format!(
        "{} is in {shown}; its README.md tells the five commands that an author needs\n  \
         cd {shown} && cargo test && maps plugin build\n",
        paint(STRONG, name)
    ));
    let paths: Vec<String> = files.iter().map(|(path, _)| path.display().to_string()).collect();
    screen.event(&json!({"event": "plugin-written", "plugin": name, "dir": shown, "files": paths}));
    Ok(Exit::Done)
}

/// Why this cannot be the name of a plugin and its crate.
fn fault(name: &str) -> Option<String> {
    if let Some(fault) = name_fault(name) {
        return Some(fault);
    }
    if name.contains('_') || !name.starts_with(|first: char| first.is_ascii_lowercase()) || name.ends_with('-') {
        return Some("it begins with a letter, ends with a letter or digit, and has no `_`".to_owned());
    }
    TAKEN.contains(&name).then(|| "the word means something else to cargo or Rust".to_owned())
}

/// Nothing is ever written over.
fn must_be_free(dir: &Path) -> Result<(), Failure> {
    match std::fs::read_dir(dir).map(|mut entries| entries.next().is_some()) {
        Ok(true) => {
            let message = format!("the folder {} is not empty", dir.display());
            Err(Failure::usage_help(message, "name another with --dir DIR"))
        }
        Ok(false) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(Failure::file(dir)(error)),
    }
}

/// The SDK of a checkout, and the versions that go with it.
fn of_checkout(checkout: &Path) -> Result<(PathBuf, String), Failure> {
    let sdk = checkout.join(carried::SDK_CRATE);
    if !sdk.join("Cargo.toml").is_file() {
        let message = format!("there is no {} in {}", carried::SDK_CRATE, checkout.display());
        return Err(Failure::usage_help(message, "--sdk takes the root of a checkout of maps"));
    }
    let lock = checkout.join("Cargo.lock");
    let lock = std::fs::read_to_string(&lock).map_err(Failure::file(&lock))?;
    Ok((sdk.canonicalize().map_err(Failure::file(&sdk))?, lock))
}

fn template(name: &str, sdk: &Path) -> Vec<(PathBuf, String)> {
    let dependencies = carried::dependencies(&["schemars", "serde", "serde_json"]);
    // A path in a TOML string.
    let sdk = sdk.display().to_string().replace('\\', "\\\\").replace('"', "\\\"");
    let filled = |text: &str| {
        let text = text.replace("{{name}}", name).replace("{{rust}}", env!("CARGO_PKG_RUST_VERSION"));
        text.replace("{{sdk}}", &sdk).replace("{{dependencies}}", &dependencies)
    };
    TEMPLATE.iter().map(|(path, text)| (PathBuf::from(path), filled(text))).collect()
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(Failure::file(folder))?;
    }
    let made = OpenOptions::new().write(true).create_new(true).open(path);
    made.and_then(|mut file| file.write_all(text.as_bytes())).map_err(Failure::file(path))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn names_that_no_crate_can_have_are_refused() {
        for name in ["notes", "my-notes", "a1"] {
            assert_eq!(fault(name), None, "{name}");
        }
        for name in ["", "Notes", "1st", "my_notes", "notes-", "-notes", "serde", "fn", "../x", "a b", "é"] {
            assert!(fault(name).is_some(), "{name}");
        }
    }

    #[test]
    fn nothing_is_left_to_fill_in() {
        for (path, text) in template("notes", Path::new("sdk/plugins/sdk")) {
            assert!(!text.contains("{{"), "{}", path.display());
        }
    }

    #[test]
    fn nothing_is_written_over() {
        let dir = tempfile::tempdir().unwrap();
        assert!(must_be_free(dir.path()).is_ok());
        assert!(must_be_free(&dir.path().join("new")).is_ok());
        std::fs::write(dir.path().join("own"), "").unwrap();
        assert!(must_be_free(dir.path()).is_err());
        assert!(must_be_free(&dir.path().join("own")).is_err());
        assert!(write(&dir.path().join("own"), "other").is_err());
    }
}
