//! The charts that this crate carries: every file of its folder `charts/`.

/// A chart's folder.
#[derive(Debug)]
pub(super) struct Chart {
    /// The folder's name, which is the chart's.
    pub(super) name: &'static str,
    /// Its files, by path.
    pub(super) files: &'static [File],
}

/// One file of it.
#[derive(Debug)]
pub(super) struct File {
    /// Below the folder, with `/` between.
    pub(super) path: &'static str,
    /// What it holds.
    pub(super) text: &'static str,
}

/// All of them, by name.
pub(super) const CHARTS: &[Chart] = include!(concat!(env!("OUT_DIR"), "/charts.rs"));

impl Chart {
    /// The chart of a name.
    pub(super) fn find(name: &str) -> Option<&'static Self> {
        CHARTS.iter().find(|chart| chart.name == name)
    }

    /// Its `Chart.yaml`, which an index repeats.
    pub(super) fn metadata(&self) -> &'static str {
        self.files.iter().find(|file| file.path == "Chart.yaml").map_or("", |file| file.text)
    }

    /// Its version, by the line that says it.
    pub(super) fn version(&self) -> &'static str {
        self.metadata().lines().find_map(|line| line.strip_prefix("version: ")).unwrap_or_default()
    }
}
