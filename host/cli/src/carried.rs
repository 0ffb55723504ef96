//! What the binary carries so that a plugin can be written where no checkout is: the SDK with the
//! contract, laid out as in the repository.

macro_rules! carried {
    ($($path:literal),* $(,)?) => { &[$(($path, include_str!(concat!("../../../", $path)))),*] };
}

/// The files by their paths in the repository.
pub(crate) const SDK: &[(&str, &str)] = carried![
    "plugins/sdk/Cargo.toml",
    "plugins/sdk/src/batch.rs",
    "plugins/sdk/src/bindings.rs",
    "plugins/sdk/src/capability/aws.rs",
    "plugins/sdk/src/capability/clock.rs",
    "plugins/sdk/src/capability/files.rs",
    "plugins/sdk/src/capability/http.rs",
    "plugins/sdk/src/capability/kube.rs",
    "plugins/sdk/src/capability/log.rs",
    "plugins/sdk/src/capability/mod.rs",
    "plugins/sdk/src/capability/random.rs",
    "plugins/sdk/src/capability/reveal.rs",
    "plugins/sdk/src/capability/secrets.rs",
    "plugins/sdk/src/capability/url.rs",
    "plugins/sdk/src/decode.rs",
    "plugins/sdk/src/decode/deserializer.rs",
    "plugins/sdk/src/decode/tests.rs",
    "plugins/sdk/src/kind.rs",
    "plugins/sdk/src/lib.rs",
    "plugins/sdk/src/panic.rs",
    "plugins/sdk/src/problem.rs",
    "plugins/sdk/src/schema.rs",
    "plugins/sdk/src/secret.rs",
    "plugins/sdk/src/serve.rs",
    "plugins/sdk/src/testing.rs",
    "plugins/sdk/src/testing/files.rs",
    "plugins/sdk/src/testing/kube.rs",
    "plugins/sdk/src/testing/outcomes.rs",
    "wit/aws.wit",
    "wit/clock.wit",
    "wit/files.wit",
    "wit/http.wit",
    "wit/kube.wit",
    "wit/log.wit",
    "wit/provider.wit",
    "wit/random.wit",
    "wit/secrets.wit",
    "wit/types.wit",
    "wit/world.wit",
];

/// Where the SDK's crate is in a checkout, and among the files that are carried.
pub(crate) const SDK_CRATE: &str = "plugins/sdk";

/// The exact versions that everything here was tested with.
pub(crate) const LOCK: &str = include_str!("../../../Cargo.lock");

const WORKSPACE: &str = include_str!("../../../Cargo.toml");

/// The workspace of the SDK alone: ours, cut down to what its crate takes from it.
pub(crate) fn workspace() -> String {
    let manifest = SDK.iter().find(|(path, _)| *path == "plugins/sdk/Cargo.toml").map_or("", |(_, text)| *text);
    let names = section(manifest, "dependencies").filter_map(|line| line.strip_suffix(".workspace = true"));
    let mut text = format!("[workspace]\nresolver = \"3\"\nmembers = [\"{SDK_CRATE}\"]\n");
    let lines = |title: &str| section(WORKSPACE, title).map(|line| format!("{line}\n")).collect::<String>();
    text.push_str(&format!("\n[workspace.package]\n{}", lines("workspace.package")));
    text.push_str(&format!("\n[workspace.dependencies]\n{}\n", dependencies(&names.collect::<Vec<_>>())));
    for title in ["workspace.lints.rust", "workspace.lints.clippy"] {
        text.push_str(&format!("\n[{title}]\n{}", lines(title)));
    }
    text
}

/// These dependencies as the workspace states them.
pub(crate) fn dependencies(names: &[&str]) -> String {
    let is_one = |line: &&str| line.split_once(" = ").is_some_and(|(name, _)| names.contains(&name));
    section(WORKSPACE, "workspace.dependencies").filter(is_one).collect::<Vec<_>>().join("\n")
}

/// The lines of a table that say something.
fn section<'t>(text: &'t str, title: &str) -> impl Iterator<Item = &'t str> {
    let header = format!("[{title}]");
    let after = text.lines().skip_while(move |line| *line != header).skip(1);
    after.take_while(|line| !line.starts_with('[')).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    #[test]
    fn all_of_the_sdk_and_the_contract_is_carried() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let mut folders = vec![root.join("plugins/sdk/src"), root.join("wit")];
        let mut there = BTreeSet::from(["plugins/sdk/Cargo.toml".to_owned()]);
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    there.insert(path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned());
                }
            }
        }
        assert_eq!(SDK.iter().map(|(path, _)| (*path).to_owned()).collect::<BTreeSet<_>>(), there);
        for (path, text) in SDK {
            assert_eq!(std::fs::read_to_string(root.join(path)).unwrap(), *text, "{path}");
        }
    }

    #[test]
    fn the_sdks_workspace_has_what_its_crate_takes() {
        let text = workspace();
        for said in ["edition = ", "license = ", "\nschemars = ", "\nserde = {", "\nwit-bindgen = {", "unsafe_code = "]
        {
            assert!(text.contains(said), "{said} in\n{text}");
        }
        assert!(!text.contains("wasmtime"), "{text}");
    }
}
