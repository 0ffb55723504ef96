//! The suite for the plugins of this repository, each of which is held to every law.

mod exchanges;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use maps_conformance::{Fixture, Peer, Setup, Subject, Verdict};
use maps_engine::KindName;
use maps_engine::capability::Rule;
use maps_rehearsal::{Declaration, Exchange};
use maps_runtime::inspect::Inspection;

/// Every kind of every plugin in `plugins/`, with its fixture in `tests/conformance/PLUGIN/`.
///
/// # Panics
/// When a plugin is not built, a kind has no fixture, or a fixture no kind.
#[allow(clippy::expect_used)] // Without subjects the suite has nothing to say.
pub fn subjects() -> Vec<Subject> {
    let mut subjects = Vec::new();
    for entry in std::fs::read_dir(crate::root().join("plugins")).expect("the plugins are in the repository") {
        let folder = entry.expect("a folder can be listed").path();
        // The SDK stands among the plugins and is none.
        if !folder.join("plugin.yaml").is_file() {
            continue;
        }
        let name = folder.file_name().unwrap_or_default();
        let component = crate::component(&Path::new("plugins").join(name).display().to_string());
        let (bytes, inspection) = inspected(&component);
        let fixtures = fixtures().join(name);
        subjects.extend(maps_conformance::subjects(&bytes, &inspection, &fixtures).expect("a fixture for each kind"));
    }
    subjects
}

/// The folder of fixtures.
pub fn fixtures() -> PathBuf {
    crate::root().join("tests/conformance")
}

/// A kind with a fixture that a test makes.
pub fn subject(component: &Path, kind: &str, fixture: Fixture) -> Subject {
    let (bytes, _) = inspected(component);
    Subject { component: Arc::from(bytes), kind: KindName::new(kind), fixture, folder: None }
}

/// Where a component is tried: against the local cloud, which also plays what it declares.
///
/// # Panics
/// When its declaration is wrong.
#[allow(clippy::expect_used)] // Packaging has held it against the same rules.
pub fn setup(component: &Path) -> Setup {
    let (_, inspection) = inspected(component);
    let manifest = &inspection.manifest;
    let named = |host: &str| manifest.rules.iter().filter_map(Rule::http).any(|scope| scope.url.names_host(host));
    let declared = inspection.rehearsal.as_ref().map(|json| Declaration::parse(manifest.plugin.as_str(), json, &named));
    let declared = declared.transpose().expect("a declaration that packaging took");
    // Compiled once for all tests, since a compilation costs more than a trial.
    let cache_dir = Some(crate::component("test-cache/maps").with_extension(""));
    Setup { cache_dir, peer: Peer::Rehearsal { declared: declared.into_iter().collect(), exchanges: None } }
}

#[allow(clippy::expect_used)] // `cargo xtask plugins` makes it, and packaging has read it.
fn inspected(component: &Path) -> (Vec<u8>, Inspection) {
    let bytes = std::fs::read(component)
        .unwrap_or_else(|error| panic!("{}: {error}; `cargo xtask plugins` makes it", component.display()));
    let inspection = Inspection::of(&bytes).expect("a packaged plugin");
    (bytes, inspection)
}

/// Tries a law by its name. All that goes over the wire is as the service documents it, where the
/// document is at hand.
///
/// # Panics
/// When there is no such law, or something is not as it is documented.
pub async fn tried(law: &str, subject: &Subject, setup: &Setup) -> Verdict {
    let (verdict, seen) = watched(law, subject, setup).await;
    exchanges::check(seen.into_iter());
    verdict
}

/// Tries a law, and tells all that went over the wire.
///
/// # Panics
/// When there is no such law.
pub async fn watched(law: &str, subject: &Subject, setup: &Setup) -> (Verdict, Vec<Exchange>) {
    let known = maps_conformance::LAWS.iter().find(|known| known.name == law);
    let known = known.unwrap_or_else(|| panic!("there is no law {law}"));
    let (sender, receiver) = std::sync::mpsc::channel();
    let mut setup = setup.clone();
    if let Peer::Rehearsal { exchanges, .. } = &mut setup.peer {
        *exchanges = Some(sender);
    }
    let verdict = known.try_on(subject, &setup).await;
    (verdict, receiver.try_iter().collect())
}
