//! What `helm template` prints of a rendered chart, byte for byte.

use std::collections::BTreeMap;

use bstr::{BStr, ByteSlice};

use super::{Error, Event, Rendered, split};
use crate::chart;
use crate::value::Str;

/// What is shown of a rendered chart: the flags of `helm template`.
#[derive(Clone, Debug, Default)]
pub struct Shown {
    /// The files of `crds/` too: `--include-crds`.
    pub custom_resources: bool,
    /// No hooks: `--no-hooks`.
    pub no_hooks: bool,
    /// No tests among the hooks: `--skip-tests`.
    pub skip_tests: bool,
    /// Only the templates whose paths match one of these patterns: `--show-only`.
    pub only: Vec<String>,
}

impl Rendered {
    /// The manifest of a release: all that is installed, as it is stored.
    pub fn manifest(&self, custom_resources: bool) -> Vec<u8> {
        let mut text = Vec::new();
        if custom_resources {
            for found in &self.custom_resources {
                append(&mut text, &found.source, &found.content);
            }
        }
        for manifest in &self.manifests {
            append(&mut text, &manifest.source, &manifest.content);
        }
        text
    }

    /// What `helm template` prints.
    ///
    /// # Errors
    /// A pattern of `--show-only` that no template matches.
    pub fn text(&self, shown: &Shown) -> Result<Vec<u8>, Error> {
        let mut text = self.manifest(shown.custom_resources).trim().to_vec();
        text.push(b'\n');
        if !shown.no_hooks {
            for hook in &self.hooks {
                if !(shown.skip_tests && hook.events.contains(&Event::Test)) {
                    append(&mut text, &hook.manifest.source, &hook.manifest.content);
                }
            }
        }
        if shown.only.is_empty() { Ok(text) } else { only(text.as_bstr(), &shown.only) }
    }
}

/// The outputs of templates, before anybody asks whether they are documents.
pub(super) fn texts(files: &BTreeMap<Str, Vec<u8>>) -> Vec<u8> {
    let mut text = Vec::new();
    for (source, content) in files.iter().filter(|(_, content)| !content.trim().is_empty()) {
        append(&mut text, source, content);
    }
    text
}

/// One document with where it came from.
fn append(text: &mut Vec<u8>, source: &[u8], content: &[u8]) {
    for part in [b"---\n# Source: ", source, b"\n", content, b"\n"] {
        text.extend_from_slice(part);
    }
}

/// The documents of the templates that match, pattern by pattern.
fn only(text: &BStr, patterns: &[String]) -> Result<Vec<u8>, Error> {
    let documents: Vec<(&BStr, &BStr)> =
        split(text).into_iter().filter_map(|document| Some((source(document)?, document))).collect();
    let mut chosen = Vec::new();
    for pattern in patterns {
        let before = chosen.len();
        for (source, document) in &documents {
            if chart::path_matches(pattern.as_bytes().as_bstr(), source) {
                chosen.extend_from_slice(b"---\n");
                chosen.extend_from_slice(document);
                chosen.push(b'\n');
            }
        }
        if chosen.len() == before {
            return Err(Error::before(format!("could not find template {pattern} in chart")));
        }
    }
    Ok(chosen)
}

/// The path in its chart that a document says it came from: what `# Source: [^/]+/(.+)` finds first.
fn source(document: &BStr) -> Option<&BStr> {
    const MARK: &str = "# Source: ";
    let mut from = 0;
    // The chart's name may span lines: the pattern says only that it has no slash.
    let mut slash = 0;
    while let Some(found) = document.get(from..).and_then(|rest| rest.find(MARK)) {
        from += found + MARK.len();
        if slash < from {
            slash = from + document.get(from..)?.find_byte(b'/')?;
        }
        let path = document.get(slash + 1..)?.lines().next().unwrap_or_default();
        if slash > from && !path.is_empty() {
            return Some(path.as_bstr());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_documents_source_is_its_path_in_the_chart() {
        for (document, expected) in [
            ("# Source: app/templates/a.yaml\nkind: A", Some("templates/a.yaml")),
            ("# a\n# Source: app/b\n# Source: app/c", Some("b")),
            ("# Source: /b\n# Source: app/c", Some("c")),
            ("# Source: app/\n# Source: app/c", Some("c")),
            ("# Source: app", None),
            ("# Source: ", None),
            ("kind: A", None),
        ] {
            assert_eq!(source(document.into()), expected.map(BStr::new), "{document:?}");
        }
    }
}
