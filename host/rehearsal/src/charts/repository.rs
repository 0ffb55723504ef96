//! Which repository lies where, and what its index says.

use std::fmt::Write as _;

use bytes::Bytes;
use sha2::{Digest, Sha256};

use super::archive;
use super::chart::Chart;

/// Where GitHub's releases are asked for.
const GITHUB: &str = "github.com";
/// Where they lead to.
const ASSETS: &str = "release-assets.githubusercontent.com";
/// When the charts were made, as their index tells it.
const CREATED: &str = "2026-01-01T00:00:00Z";

/// A repository with one chart.
#[derive(Debug)]
pub(super) struct Repository {
    host: &'static str,
    /// Below which path of the host it lies; empty for the whole host.
    path: &'static str,
    chart: &'static str,
    archives: Archives,
}

/// Where an index says that its archives are.
#[derive(Debug)]
enum Archives {
    /// Below the index, in a folder.
    Beside(&'static str),
    /// In the releases of a repository at GitHub, under a tag of this beginning and the version.
    Released(&'static str, &'static str),
}

/// As the real ones are laid out.
const REPOSITORIES: [Repository; 6] = [
    Repository {
        host: "kubernetes-sigs.github.io",
        path: "/metrics-server",
        chart: "metrics-server",
        archives: Archives::Released("kubernetes-sigs/metrics-server", "metrics-server-helm-chart-"),
    },
    Repository { host: "charts.jetstack.io", path: "", chart: "cert-manager", archives: Archives::Beside("/charts") },
    Repository {
        host: "kubernetes.github.io",
        path: "/ingress-nginx",
        chart: "ingress-nginx",
        archives: Archives::Released("kubernetes/ingress-nginx", "helm-chart-"),
    },
    Repository {
        host: "kubernetes-sigs.github.io",
        path: "/external-dns",
        chart: "external-dns",
        archives: Archives::Released("kubernetes-sigs/external-dns", "external-dns-helm-chart-"),
    },
    Repository {
        host: "charts.external-secrets.io",
        path: "",
        chart: "external-secrets",
        archives: Archives::Released("external-secrets/external-secrets", "helm-chart-"),
    },
    Repository {
        host: "cloudnative-pg.github.io",
        path: "/charts",
        chart: "cloudnative-pg",
        archives: Archives::Released("cloudnative-pg/charts", "cloudnative-pg-v"),
    },
];

/// Every host that has something.
pub(super) fn hosts() -> Vec<&'static str> {
    let mut hosts: Vec<&str> = REPOSITORIES.iter().map(|repository| repository.host).collect();
    hosts.extend([GITHUB, ASSETS]);
    hosts.sort_unstable();
    hosts.dedup();
    hosts
}

/// What a path of a host leads to.
#[derive(Debug, PartialEq)]
pub(super) enum Place {
    /// A repository's own address, which its index is below.
    Folder(&'static Repository),
    /// A repository's index.
    Index(&'static Repository),
    /// An archive beside its index.
    Archive(&'static Repository),
    /// An archive among GitHub's releases.
    Release(&'static Repository),
    /// An archive where GitHub keeps it.
    Asset(&'static Repository),
}

impl PartialEq for Repository {
    /// One chart has one repository.
    fn eq(&self, other: &Self) -> bool {
        self.chart == other.chart
    }
}

/// Looks an address up.
pub(super) fn place(host: &str, path: &str) -> Option<Place> {
    REPOSITORIES.iter().find_map(|repository| repository.place(host, path))
}

impl Repository {
    fn place(&'static self, host: &str, path: &str) -> Option<Place> {
        if host == self.host
            && let Some(below) = path.strip_prefix(self.path)
        {
            match below {
                "" | "/" if !self.path.is_empty() => return Some(Place::Folder(self)),
                "/index.yaml" => return Some(Place::Index(self)),
                _ => {}
            }
        }
        let at = (host, path);
        match &self.archives {
            Archives::Beside(_) if at == (self.host, &self.archive_path()) => Some(Place::Archive(self)),
            Archives::Released(..) if at == (GITHUB, &self.archive_path()) => Some(Place::Release(self)),
            Archives::Released(..) if at == (ASSETS, &self.asset_path()) => Some(Place::Asset(self)),
            _ => None,
        }
    }

    fn version(&self) -> &'static str {
        Chart::find(self.chart).map_or("", Chart::version)
    }

    /// The archive's path on the host that its index names.
    fn archive_path(&self) -> String {
        let (chart, version) = (self.chart, self.version());
        match self.archives {
            Archives::Beside(folder) => format!("{}{folder}/{chart}-{version}.tgz", self.path),
            Archives::Released(owner, tag) => {
                format!("/{owner}/releases/download/{tag}{version}/{chart}-{version}.tgz")
            }
        }
    }

    /// The archive's path where GitHub keeps it.
    fn asset_path(&self) -> String {
        format!("/github-production-release-asset/{}-{}", self.chart, self.version())
    }

    /// Where the index is, with what stands before its host.
    pub(super) fn index_url(&self, base: &str) -> String {
        format!("{base}{}{}/index.yaml", self.host, self.path)
    }

    /// Where a release leads to; GitHub says in the query what the answer's headers are to be.
    pub(super) fn asset_url(&self, base: &str) -> String {
        let file = format!("{}-{}.tgz", self.chart, self.version());
        format!(
            "{base}{ASSETS}{}?response-content-disposition=attachment%3B%20filename%3D{file}\
             &response-content-type=application%2Foctet-stream",
            self.asset_path()
        )
    }

    /// The archive's URL as the index has it.
    fn archive_url(&self, base: &str) -> String {
        let path = self.archive_path();
        match self.archives {
            // Relative to the index.
            Archives::Beside(_) => path.strip_prefix(self.path).unwrap_or(&path).trim_start_matches('/').to_owned(),
            Archives::Released(..) => format!("{base}{GITHUB}{path}"),
        }
    }
}

/// A file to deliver.
#[derive(Debug, Clone)]
pub(super) struct Content {
    pub(super) bytes: Bytes,
    pub(super) media_type: &'static str,
    /// The SHA-256 of the bytes, in hexadecimal.
    pub(super) digest: String,
}

impl Content {
    fn of(bytes: impl Into<Bytes>, media_type: &'static str) -> Self {
        let bytes = bytes.into();
        let mut digest = String::new();
        for byte in Sha256::digest(&bytes) {
            // Writing to a string cannot fail.
            let _ = write!(digest, "{byte:02x}");
        }
        Self { bytes, media_type, digest }
    }
}

/// The packed charts, in the order of [`REPOSITORIES`].
#[derive(Debug)]
pub(super) struct Shelf(Vec<(&'static str, Content)>);

impl Shelf {
    /// Packs all of them.
    pub(super) fn pack() -> Self {
        let charts = REPOSITORIES.iter().filter_map(|repository| Chart::find(repository.chart));
        let packed = charts.map(|chart| (chart.name, Content::of(archive::pack(chart), "application/octet-stream")));
        Self(packed.collect())
    }

    /// A repository's archive.
    pub(super) fn archive(&self, repository: &Repository) -> Option<Content> {
        self.0.iter().find(|(name, _)| *name == repository.chart).map(|(_, content)| content.clone())
    }

    /// A repository's index, whose URLs begin with this where they are absolute.
    pub(super) fn index(&self, repository: &Repository, base: &str) -> Option<Content> {
        let chart = Chart::find(repository.chart)?;
        let digest = self.archive(repository)?.digest;
        let mut index = format!("apiVersion: v1\nentries:\n  {}:\n", chart.name);
        let mut dash = "- ";
        // Any mapping in YAML's block style stays one when it is indented.
        for line in chart.metadata().lines() {
            let _ = writeln!(index, "  {dash}{line}");
            dash = "  ";
        }
        let _ = writeln!(index, "    created: \"{CREATED}\"\n    digest: {digest}\n    urls:");
        let _ = writeln!(index, "    - {}", repository.archive_url(base));
        let _ = writeln!(index, "generated: \"{CREATED}\"");
        Some(Content::of(index, "text/yaml"))
    }
}
