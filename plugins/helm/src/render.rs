//! From inputs to outputs: the chart is loaded, its values are merged, and the engine renders it.

use std::cell::Cell;

use maps_helm_engine::function::Failure;
use maps_helm_engine::render::{ApiVersions, KubeVersion, Options, Shown, render};
use maps_helm_engine::template::World;
use maps_helm_engine::value::{Map, Value};
use maps_sdk::{Problem, clock, random};

use crate::model::{Inputs, Outputs};
use crate::source::{self, Local};

/// Random bytes of one call to the host.
const RANDOM: usize = 4096;

/// What templates may ask for of the host. Without a cluster nothing is looked up.
#[derive(Default)]
struct Host {
    /// One moment for the whole rendering.
    now: Cell<Option<u64>>,
}

impl World for Host {
    fn lookup(&mut self, _: &str, _: &str, _: &str, _: &str) -> Result<Value, Failure> {
        Ok(Value::Map(Map::new()))
    }

    fn random(&mut self, bytes: &mut [u8]) -> Result<(), Failure> {
        for chunk in bytes.chunks_mut(RANDOM) {
            let drawn = random::bytes(u32::try_from(chunk.len()).unwrap_or_default());
            chunk.iter_mut().zip(drawn).for_each(|(byte, drawn)| *byte = drawn);
        }
        Ok(())
    }

    fn now(&mut self) -> Result<(i64, u32), Failure> {
        let ms = self.now.get().unwrap_or_else(clock::now);
        self.now.set(Some(ms));
        let seconds = i64::try_from(ms / 1000).unwrap_or(i64::MAX);
        Ok((seconds, u32::try_from(ms % 1000).unwrap_or_default() * 1_000_000))
    }
}

/// Renders, and tells what Helm warns of.
pub(crate) fn outputs(inputs: &Inputs, private: &[String], warnings: &mut Vec<String>) -> Result<Outputs, Problem> {
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
    let rendered = rendered.map_err(|error| wrong("render", error.told()))?;
    warnings.extend(rendered.warnings.iter().cloned());
    let shown = Shown {
        custom_resources: inputs.include_crds,
        no_hooks: inputs.no_hooks,
        skip_tests: inputs.skip_tests,
        only: inputs.show_only.clone(),
    };
    let text = rendered.text(&shown).map_err(|error| wrong("render", error.told()))?;
    Ok(Outputs {
        manifests: String::from_utf8_lossy(&text).into_owned(),
        notes: String::from_utf8_lossy(&rendered.notes).into_owned(),
        chart_name: metadata.name,
        chart_version: metadata.version,
        app_version: metadata.app_version,
        origin: source.origin,
        digest: source.digest,
        sources,
    })
}
