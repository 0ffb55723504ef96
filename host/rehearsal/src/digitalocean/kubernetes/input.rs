//! Request bodies of clusters and pools, and what makes their values invalid.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::super::answer::Refusal;
use super::super::catalogue;
use super::model::{AddOns, Day, Maintenance, Pool, Sso, Taint};
use super::network::Cidr;
use crate::entropy;

/// The most nodes of one pool, and of one cluster.
const MAX_NODES: u32 = 512;
/// The longest name of a cluster or pool.
const MAX_NAME: usize = 63;
/// The longest tag.
const MAX_TAG: usize = 255;

/// What both making and changing a cluster set; what is left out or null stays as it was.
#[derive(Debug, Deserialize)]
pub(super) struct Settings {
    pub(super) name: Option<String>,
    pub(super) tags: Option<Vec<String>>,
    pub(super) maintenance_policy: Option<MaintenanceInput>,
    pub(super) auto_upgrade: Option<bool>,
    pub(super) surge_upgrade: Option<bool>,
    pub(super) ha: Option<bool>,
    #[serde(flatten)]
    pub(super) add_ons: AddOns,
}

/// A new cluster.
#[derive(Debug, Deserialize)]
pub(super) struct NewCluster {
    #[serde(flatten)]
    pub(super) settings: Settings,
    pub(super) region: Option<String>,
    pub(super) version: Option<String>,
    pub(super) node_pools: Option<Vec<NewPool>>,
    pub(super) cluster_subnet: Option<String>,
    pub(super) service_subnet: Option<String>,
    pub(super) vpc_uuid: Option<String>,
    pub(super) worker_subnet_uuid: Option<String>,
    pub(super) isolated_workers: Option<bool>,
}

/// A maintenance window as the user gives it.
#[derive(Debug, Deserialize)]
pub(super) struct MaintenanceInput {
    start_time: Option<String>,
    #[serde(default)]
    day: Day,
}

/// What both making and changing a pool set.
#[derive(Debug, Deserialize)]
pub(super) struct PoolSettings {
    pub(super) name: Option<String>,
    pub(super) count: Option<u32>,
    pub(super) tags: Option<Vec<String>>,
    pub(super) labels: Option<BTreeMap<String, String>>,
    pub(super) taints: Option<Vec<Taint>>,
    pub(super) auto_scale: Option<bool>,
    pub(super) min_nodes: Option<u32>,
    pub(super) max_nodes: Option<u32>,
}

/// A new pool.
#[derive(Debug, Deserialize)]
pub(super) struct NewPool {
    #[serde(flatten)]
    settings: PoolSettings,
    size: Option<String>,
}

impl Settings {
    /// Refuses what no cluster can have.
    pub(super) fn check(&self) -> Result<(), Refusal> {
        check_name("name", self.name.as_deref())?;
        if let Some(firewall) = &self.add_ons.control_plane_firewall {
            for address in &firewall.allowed_addresses {
                if Cidr::parse(address).is_none() && address.parse::<std::net::IpAddr>().is_err() {
                    return Err(Refusal::invalid(format!("control_plane_firewall: invalid address \"{address}\"")));
                }
            }
        }
        if let Some(autoscaler) = &self.add_ons.cluster_autoscaler_configuration {
            let threshold = autoscaler.scale_down_utilization_threshold;
            if threshold.is_some_and(|threshold| !(0.0..=1.0).contains(&threshold)) {
                return Err(Refusal::invalid("scale_down_utilization_threshold must be between 0 and 1"));
            }
        }
        let incomplete = |sso: &Sso| sso.enabled && (sso.issuer_url.is_none() || sso.client_id.is_none());
        if self.add_ons.sso.as_ref().is_some_and(incomplete) {
            return Err(Refusal::invalid("sso: issuer_url and client_id are required when it is enabled"));
        }
        Ok(())
    }
}

impl MaintenanceInput {
    /// The window, or why it cannot be.
    pub(super) fn check(self) -> Result<Maintenance, Refusal> {
        let start_time = self.start_time.unwrap_or_else(|| "00:00".to_owned());
        let valid = start_time.split_once(':').is_some_and(|(hour, minute)| {
            let digits = |text: &str| text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
            let number = |text: &str, below: u8| digits(text) && text.parse::<u8>().is_ok_and(|n| n < below);
            number(hour, 24) && number(minute, 60)
        });
        if !valid {
            return Err(Refusal::invalid("maintenance_policy: start_time must be HH:MM"));
        }
        Ok(Maintenance { start_time, day: self.day, chosen: true })
    }
}

impl NewPool {
    /// A pool without nodes, or why it cannot be.
    pub(super) fn check(self) -> Result<Pool, Refusal> {
        let size = self.size.ok_or_else(|| Refusal::invalid("node pool size is required"))?;
        if !catalogue::has_size(&size) {
            return Err(Refusal::invalid(format!("invalid node pool size slug \"{size}\"")));
        }
        let mut pool = Pool {
            id: entropy::uuid()?,
            name: String::new(),
            size,
            count: 0,
            tags: Vec::new(),
            labels: None,
            taints: Vec::new(),
            auto_scale: false,
            min_nodes: 0,
            max_nodes: 0,
            nodes: Vec::new(),
        };
        self.settings.apply(&mut pool)?;
        Ok(pool)
    }
}

impl PoolSettings {
    /// Changes a pool, or says why that cannot be; the API wants name and count each time.
    pub(super) fn apply(self, pool: &mut Pool) -> Result<(), Refusal> {
        check_name("node pool name", self.name.as_deref())?;
        pool.name = self.name.unwrap_or_default();
        pool.count = self.count.ok_or_else(|| Refusal::invalid("node pool count is required"))?;
        if let Some(tags) = self.tags {
            pool.tags = check_tags(tags)?;
        }
        if let Some(labels) = self.labels {
            pool.labels = Some(labels).filter(|labels| !labels.is_empty());
        }
        if let Some(taints) = self.taints {
            if taints.iter().any(|taint| taint.key.is_empty()) {
                return Err(Refusal::invalid("a taint needs a key"));
            }
            pool.taints = taints;
        }
        pool.auto_scale = self.auto_scale.unwrap_or(pool.auto_scale);
        if pool.auto_scale {
            pool.min_nodes = self.min_nodes.unwrap_or(pool.min_nodes);
            pool.max_nodes = self.max_nodes.unwrap_or(pool.max_nodes);
            if pool.max_nodes == 0 || pool.max_nodes < pool.min_nodes {
                return Err(Refusal::invalid("max_nodes must be at least 1 and not less than min_nodes"));
            }
            // The autoscaler brings the pool within its bounds whatever count was asked for.
            pool.count = pool.count.clamp(pool.min_nodes, pool.max_nodes);
        } else {
            (pool.min_nodes, pool.max_nodes) = (0, 0);
            if pool.count == 0 {
                return Err(Refusal::invalid("node pool count must be at least 1"));
            }
        }
        if pool.count.max(pool.max_nodes) > MAX_NODES {
            return Err(Refusal::invalid(format!("a node pool has at most {MAX_NODES} nodes")));
        }
        Ok(())
    }
}

/// Refuses pools that cannot stand together in one cluster.
pub(super) fn check_pools(pools: &[Pool]) -> Result<(), Refusal> {
    if pools.is_empty() {
        return Err(Refusal::invalid("a cluster must have at least one node pool"));
    }
    if pools.iter().all(|pool| pool.count == 0) {
        return Err(Refusal::invalid("a cluster must have at least one worker node"));
    }
    for (index, pool) in pools.iter().enumerate() {
        if pools.iter().take(index).any(|other| other.name == pool.name) {
            return Err(Refusal::invalid(format!("node pool name \"{}\" is already in use", pool.name)));
        }
    }
    if pools.iter().map(|pool| pool.count).sum::<u32>() > MAX_NODES {
        return Err(Refusal::invalid(format!("a cluster has at most {MAX_NODES} nodes")));
    }
    Ok(())
}

/// The user's own tags: DigitalOcean's are left out, since clients send back the list they were shown.
pub(super) fn check_tags(tags: Vec<String>) -> Result<Vec<String>, Refusal> {
    let mut kept: Vec<String> = Vec::new();
    for tag in tags {
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, ':' | '-' | '_');
        if tag.is_empty() || tag.len() > MAX_TAG || !tag.chars().all(fits) {
            return Err(Refusal::invalid(format!(
                "invalid tag \"{tag}\": a tag has letters, numbers, colons, dashes and underscores"
            )));
        }
        if tag != "k8s" && tag != "k8s-worker" && !tag.starts_with("k8s:") && !kept.contains(&tag) {
            kept.push(tag);
        }
    }
    Ok(kept)
}

fn check_name(what: &str, name: Option<&str>) -> Result<(), Refusal> {
    let Some(name) = name.filter(|name| !name.is_empty()) else {
        return Err(Refusal::invalid(format!("{what} is required")));
    };
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let ends = name.starts_with(|c: char| c.is_ascii_lowercase()) && !name.ends_with('-');
    if name.len() > MAX_NAME || !name.bytes().all(fits) || !ends {
        return Err(Refusal::invalid(format!(
            "invalid {what} \"{name}\": lowercase letters, numbers and dashes, from a letter to a letter or number"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use serde_json::{Value, json};

    fn pool(value: Value) -> Result<Pool, Refusal> {
        serde_json::from_value::<NewPool>(value).unwrap().check()
    }

    #[test]
    fn names_are_lower_case_with_dashes() {
        for good in ["a", "prod-cluster-01", "x9"] {
            assert!(check_name("name", Some(good)).is_ok(), "{good}");
        }
        for bad in ["", "A", "1a", "a-", "-a", "a_b", "a.b", "ä", &"a".repeat(64)] {
            assert!(check_name("name", Some(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn own_tags_are_dropped_and_odd_ones_refused() {
        let tags = check_tags(vec!["k8s".into(), "k8s:worker".into(), "a:b".into(), "a:b".into()]).unwrap();
        assert_eq!(tags, ["a:b"]);
        for bad in ["", "a b", "a.b", "a/b", &"t".repeat(256)] {
            assert!(check_tags(vec![bad.to_owned()]).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_autoscaled_pool_keeps_within_its_bounds() {
        let base = json!({"name": "p", "size": "s-2vcpu-4gb", "count": 9, "auto_scale": true});
        let with = |min: u32, max: u32| {
            let mut value = base.clone();
            value["min_nodes"] = min.into();
            value["max_nodes"] = max.into();
            pool(value)
        };
        assert_eq!(with(1, 3).unwrap().count, 3);
        assert!(with(4, 3).is_err());
        assert!(with(0, 0).is_err());
        assert!(pool(base.clone()).is_err());
        assert!(pool(json!({"name": "p", "size": "s-2vcpu-4gb", "count": 0})).is_err());
        assert!(pool(json!({"name": "p", "size": "none", "count": 1})).is_err());
    }

    #[test]
    fn a_maintenance_window_starts_on_the_clock() {
        let check = |text: &str| {
            serde_json::from_value::<MaintenanceInput>(json!({"start_time": text})).unwrap().check().is_ok()
        };
        assert!(check("00:00") && check("23:59"));
        assert!(!check("24:00") && !check("1:00") && !check("12:60") && !check("+1:00") && !check("noon"));
    }
}
