//! What can be had: versions, regions, sizes.

use serde_json::{Value, json};

/// Kubernetes versions, the newest first, one for each minor version as the real catalogue has it.
const VERSIONS: &[&str] = &["1.35.1-do.2", "1.34.5-do.1", "1.33.9-do.3", "1.32.13-do.2"];
/// What each of them supports.
const FEATURES: &[&str] = &["cluster-autoscaler", "docr-integration", "ha-control-plane", "token-authentication"];
/// The first minor version whose clusters have a highly available control plane by default.
const HA_BY_DEFAULT_SINCE: (u32, u32) = (1, 36);

/// Regions with Kubernetes.
const REGIONS: &[(&str, &str)] = &[
    ("nyc1", "New York 1"),
    ("sgp1", "Singapore 1"),
    ("lon1", "London 1"),
    ("nyc3", "New York 3"),
    ("ams3", "Amsterdam 3"),
    ("fra1", "Frankfurt 1"),
    ("tor1", "Toronto 1"),
    ("sfo2", "San Francisco 2"),
    ("blr1", "Bangalore 1"),
    ("sfo3", "San Francisco 3"),
    ("syd1", "Sydney 1"),
    ("atl1", "Atlanta 1"),
];

/// Sizes of worker nodes.
const SIZES: &[&str] = &[
    "s-1vcpu-2gb",
    "s-2vcpu-2gb",
    "s-2vcpu-4gb",
    "s-2vcpu-4gb-amd",
    "s-2vcpu-8gb-amd",
    "s-4vcpu-8gb",
    "s-4vcpu-8gb-amd",
    "s-4vcpu-16gb-amd",
    "s-8vcpu-16gb",
    "s-8vcpu-32gb-amd",
    "c-2",
    "c-4",
    "c-8",
    "c-16",
    "g-2vcpu-8gb",
    "g-4vcpu-16gb",
    "g-8vcpu-32gb",
    "g-16vcpu-64gb",
    "gd-2vcpu-8gb",
    "gd-4vcpu-16gb",
    "gd-8vcpu-32gb",
    "m-2vcpu-16gb",
    "m-4vcpu-32gb",
    "m-8vcpu-64gb",
    "so-2vcpu-16gb",
    "so-4vcpu-32gb",
];

/// The answer of `/v2/kubernetes/options`.
pub(super) fn options() -> Value {
    json!({ "options": {
        "regions": REGIONS.iter().map(|(slug, name)| json!({ "name": name, "slug": slug })).collect::<Vec<_>>(),
        "versions": VERSIONS.iter().map(|slug| version(slug)).collect::<Vec<_>>(),
        "sizes": SIZES.iter().map(|slug| json!({ "name": slug, "slug": slug })).collect::<Vec<_>>(),
    }})
}

/// The slug that a request's version stands for: a slug, a minor version, or `latest`.
pub(super) fn resolve(version: &str) -> Option<&'static str> {
    if version == "latest" {
        return VERSIONS.first().copied();
    }
    VERSIONS.iter().copied().find(|slug| *slug == version || minor_text(slug) == version)
}

/// The versions a cluster may be upgraded to: a newer patch of its minor version, and the next minor version.
pub(super) fn upgrades(from: &str) -> Vec<Value> {
    let upgrades = VERSIONS.iter().filter(|to| is_upgrade(from, to));
    upgrades.map(|slug| version(slug)).collect()
}

/// The slug of an upgrade of a cluster, if it is one.
pub(super) fn upgrade(from: &str, to: &str) -> Option<&'static str> {
    resolve(to).filter(|to| is_upgrade(from, to))
}

/// A region as the API tells of it beside something that is there.
pub(super) fn region(slug: &str) -> Value {
    let name = REGIONS.iter().find(|(known, _)| *known == slug).map_or(slug, |(_, name)| *name);
    json!({ "name": name, "slug": slug, "sizes": SIZES, "features": ["backups", "ipv6", "metadata"], "available": true })
}

/// Whether a region has Kubernetes.
pub(super) fn has_region(slug: &str) -> bool {
    REGIONS.iter().any(|(known, _)| *known == slug)
}

/// Whether nodes of a size can be had.
pub(super) fn has_size(slug: &str) -> bool {
    SIZES.contains(&slug)
}

/// Whether clusters of a version have a highly available control plane unless told otherwise.
pub(super) fn ha_by_default(slug: &str) -> bool {
    let (major, minor, ..) = numbers(slug);
    (major, minor) >= HA_BY_DEFAULT_SINCE
}

fn version(slug: &str) -> Value {
    let kubernetes = slug.split('-').next().unwrap_or(slug);
    json!({ "slug": slug, "kubernetes_version": kubernetes, "supported_features": FEATURES })
}

fn minor_text(slug: &str) -> &str {
    let end = slug.match_indices('.').nth(1).map_or(slug.len(), |(at, _)| at);
    &slug[..end]
}

fn is_upgrade(from: &str, to: &str) -> bool {
    let (from, to) = (numbers(from), numbers(to));
    to > from && to.0 == from.0 && (to.1 == from.1 || to.1 == from.1 + 1)
}

/// Major, minor, patch and DigitalOcean's own number of a slug like `1.33.9-do.3`.
fn numbers(slug: &str) -> (u32, u32, u32, u32) {
    let mut numbers = slug.split(['.', '-']).filter_map(|part| part.parse().ok());
    let mut next = || numbers.next().unwrap_or(0);
    (next(), next(), next(), next())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_a_slug_a_minor_version_or_latest() {
        assert_eq!(resolve("1.33.9-do.3"), Some("1.33.9-do.3"));
        assert_eq!(resolve("1.33"), Some("1.33.9-do.3"));
        assert_eq!(resolve("latest"), VERSIONS.first().copied());
        for bad in ["1.3", "1", "", "1.33.9", "1.33.9-do", "1.99", "v1.33"] {
            assert_eq!(resolve(bad), None, "{bad}");
        }
    }

    #[test]
    fn upgrades_go_one_minor_version_at_a_time_and_never_back() {
        let slugs = |from| upgrades(from).iter().map(|u| u["slug"].clone()).collect::<Vec<_>>();
        assert_eq!(slugs("1.33.9-do.3"), ["1.34.5-do.1"]);
        assert_eq!(slugs("1.33.8-do.0"), ["1.34.5-do.1", "1.33.9-do.3"]);
        assert!(slugs("1.35.1-do.2").is_empty());
        assert_eq!(upgrade("1.33.9-do.3", "1.34"), Some("1.34.5-do.1"));
        assert_eq!(upgrade("1.33.9-do.3", "1.35.1-do.2"), None);
        assert_eq!(upgrade("1.33.9-do.3", "1.32"), None);
    }

    #[test]
    fn high_availability_is_the_default_from_1_36_on() {
        assert!(!ha_by_default("1.35.1-do.2"));
        assert!(ha_by_default("1.36.0-do.0"));
    }
}
