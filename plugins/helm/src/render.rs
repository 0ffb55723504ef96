//! From inputs to outputs: the chart is loaded, its values are merged, and the engine renders it.

use std::collections::BTreeMap;

use maps_helm_engine::render::{ApiVersions, KubeVersion, Options, Shown, render};
use maps_helm_engine::warning::Warning;
use maps_sdk::Problem;

use crate::model::{Inputs, Outputs};
use crate::source::{self, Local};
use crate::world::Host;

/// What the manifests and notes may take in the answer: most of what the host lets through at once.
const ANSWER: usize = 15 << 20;
/// What is told of an error whose text a template made: the chain of a thousand includes fits.
const ERROR: usize = 2 << 20;

/// How long a text is in JSON.
fn told(text: &[u8]) -> usize {
    let letter = |byte: &u8| match byte {
        b'"' | b'\\' | b'\n' | b'\t' | b'\r' | 0x08 | 0x0c => 2,
        0..0x20 => 6,
        _ => 1,
    };
    text.iter().map(letter).sum()
}

/// The beginning of a text that is too long.
pub(crate) fn cut(mut text: String) -> String {
    if text.len() > ERROR {
        text.truncate(text.floor_char_boundary(ERROR));
        text.push_str("… (the rest is left out)");
    }
    text
}

/// What is fetched again by the same name should be the same: an archive's URL, or a registry's tag.
pub(crate) fn pins(origin: &str, version: &str, digest: &str) -> BTreeMap<String, String> {
    let what = match origin.split_once('@').filter(|_| origin.starts_with("oci://")) {
        Some((repository, _)) => format!("{repository}:{version}"),
        None => origin.to_owned(),
    };
    if what.is_empty() { BTreeMap::new() } else { BTreeMap::from([(what, digest.to_owned())]) }
}

/// Renders, and tells what Helm warns of.
pub(crate) fn outputs(inputs: &Inputs, private: &[String], warnings: &mut Vec<Warning>) -> Result<Outputs, Problem> {
    let mut local = source::local(inputs)?;
    let source = source::chart(inputs, private, &mut local, warnings)?;
    let Local { values, digest: sources, .. } = local;
    let wrong = |code: &'static str, message: String| Problem::invalid(code, message);
    let kube_version = match &inputs.kube_version {
        Some(version) => KubeVersion::parse(version).map_err(|why| wrong("kube-version", why).at("kube_version"))?,
        None => KubeVersion::default(),
    };
    let options = Options {
        name: inputs.name.clone(),
        namespace: inputs.namespace.clone(),
        is_upgrade: inputs.is_upgrade,
        kube_version,
        api_versions: ApiVersions::Known(inputs.api_versions.clone()),
        skip_schema_validation: inputs.skip_schema_validation,
        ..Options::default()
    };
    let metadata = source.chart.metadata.clone();
    let rendered = render(source.chart, &values, &options, &mut Host::default());
    let rendered = rendered.map_err(|error| {
        warnings.extend(error.warnings().iter().cloned());
        wrong("render", cut(error.told()))
    })?;
    warnings.extend(rendered.warnings.iter().cloned());
    let shown = Shown {
        custom_resources: inputs.include_crds,
        no_hooks: inputs.no_hooks,
        skip_tests: inputs.skip_tests,
        only: inputs.show_only.clone(),
    };
    let text = rendered.text(&shown).map_err(|error| wrong("render", error.told()))?;
    let length = told(&text) + told(&rendered.notes);
    if length > ANSWER {
        let largest = rendered.manifests.iter().max_by_key(|manifest| manifest.content.len());
        let largest = largest.map_or_else(String::new, |largest| format!(", most of it {}", largest.source));
        let message =
            format!("the manifests are larger than the {} MiB that an answer may have{largest}", ANSWER >> 20);
        return Err(wrong("render", message));
    }
    let pins = pins(&source.origin, &metadata.version, &source.digest);
    Ok(Outputs {
        manifests: String::from_utf8_lossy(&text).into_owned(),
        notes: String::from_utf8_lossy(&rendered.notes).into_owned(),
        chart_name: metadata.name,
        chart_version: metadata.version,
        app_version: metadata.app_version,
        pins,
        origin: source.origin,
        digest: source.digest,
        sources,
    })
}
