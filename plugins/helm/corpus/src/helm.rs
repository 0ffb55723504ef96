//! The engine with what it asks of the world: this machine's clock and randomness, and no cluster.

use std::time::{SystemTime, UNIX_EPOCH};

use maps_helm_engine::chart::{self, Chart};
use maps_helm_engine::function::Failure;
use maps_helm_engine::render::{self, KubeVersion, Options};
use maps_helm_engine::template::World;
use maps_helm_engine::value::{Map, Value};

/// What templates may ask for beyond what they are given.
#[derive(Debug)]
pub(crate) struct Machine;

impl World for Machine {
    fn lookup(&mut self, _: &str, _: &str, _: &str, _: &str) -> Result<Value, Failure> {
        Ok(Map::new().into())
    }

    fn random(&mut self, bytes: &mut [u8]) -> Result<(), Failure> {
        getrandom::fill(bytes).map_err(|why| Failure::Error(why.to_string()))
    }

    fn now(&mut self) -> Result<(i64, u32), Failure> {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).map_err(|why| Failure::Error(why.to_string()))?;
        let seconds = i64::try_from(since.as_secs()).map_err(|why| Failure::Error(why.to_string()))?;
        Ok((seconds, since.subsec_nanos()))
    }
}

/// The chart of a folder's files.
pub(crate) fn folder(files: Vec<(String, Vec<u8>)>) -> Result<Chart, String> {
    chart::load_folder(files, &mut Vec::new()).map_err(|why| why.to_string())
}

/// The chart of an archive.
pub(crate) fn archive(bytes: &[u8]) -> Result<Chart, String> {
    chart::load_archive(bytes, &mut Vec::new()).map_err(|why| why.to_string())
}

pub(crate) fn kube_version(text: &str) -> Result<KubeVersion, String> {
    KubeVersion::parse(text)
}

/// The texts of all templates, even where they make no documents, and what Helm says of them after `Error: `.
pub(crate) fn texts(chart: Chart, options: &Options) -> (Vec<u8>, String) {
    match render::render(chart, &Map::new(), options, &mut Machine) {
        Ok(rendered) => (rendered.manifest(false), String::new()),
        Err(error) => (error.texts().to_vec(), format!("Error: {error}")),
    }
}
