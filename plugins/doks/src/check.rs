//! What makes inputs wrong beyond their types.

use std::net::Ipv4Addr;

use maps_sdk::Report;

use crate::model::{Autoscaler, Firewall, Inputs, NodePool, Sso};
use crate::{mark, version};

/// Reports everything that is wrong with a cluster.
pub(crate) fn cluster(inputs: &Inputs, report: &mut Report) {
    name(report, "name", &inputs.name);
    if inputs.region.is_empty() || !inputs.region.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    {
        report.invalid("region", "bad-region", "a region is a slug such as fra1");
    }
    versions(report, inputs);
    tags(report, "tags", &inputs.tags);
    if let Some(policy) = &inputs.maintenance_policy
        && !is_time(&policy.start_time)
    {
        report.invalid("maintenance_policy.start_time", "bad-time", "a time is HH:MM, in UTC");
    }
    networks(report, inputs);
    if let Some(rules) = &inputs.control_plane_firewall {
        firewall(report, rules);
    }
    if let Some(settings) = &inputs.cluster_autoscaler_configuration {
        autoscaler(report, settings);
    }
    if let Some(settings) = &inputs.sso {
        sso(report, settings);
    }
    registries(report, inputs);
    twins(report, "destroy_associated", &inputs.destroy_associated, "duplicate-kind");
    if inputs.node_pools.is_empty() {
        report.invalid("node_pools", "no-node-pool", "a cluster needs at least one node pool");
    }
    for (index, each) in inputs.node_pools.iter().enumerate() {
        pool(report, &format!("node_pools[{index}]."), each);
        let twin = inputs.node_pools[..index].iter().position(|earlier| earlier.name == each.name);
        if let Some(twin) = twin {
            let paths = [format!("node_pools[{index}].name"), format!("node_pools[{twin}].name")];
            let message = format!("two node pools are named {}", each.name);
            report.across(&[&paths[0], &paths[1]], "duplicate-node-pool", message);
        }
    }
}

fn versions(report: &mut Report, inputs: &Inputs) {
    if !version::is_valid(&inputs.version) {
        let message = "a version is a slug such as 1.33.1-do.3, the beginning of one such as 1.33, or latest";
        report.invalid("version", "bad-version", message);
    } else if inputs.auto_upgrade && version::is_exact(&inputs.version) {
        let message = "auto_upgrade moves the cluster on from an exact version; write its beginning, such as 1.33";
        report.across(&["version", "auto_upgrade"], "exact-version", message);
    }
}

fn networks(report: &mut Report, inputs: &Inputs) {
    let subnets = [("cluster_subnet", &inputs.cluster_subnet), ("service_subnet", &inputs.service_subnet)];
    for (at, subnet) in subnets {
        if subnet.as_deref().is_some_and(|subnet| !is_range(subnet)) {
            report.invalid(at, "bad-subnet", "a subnet is in CIDR notation, such as 10.244.0.0/16");
        }
    }
    if inputs.worker_subnet_uuid.is_some() && inputs.vpc_uuid.is_none() {
        let message = "worker_subnet_uuid needs vpc_uuid beside it";
        report.across(&["worker_subnet_uuid", "vpc_uuid"], "no-vpc", message);
    }
}

fn firewall(report: &mut Report, rules: &Firewall) {
    const AT: &str = "control_plane_firewall.allowed_addresses";
    for (index, address) in rules.allowed_addresses.iter().enumerate() {
        if address.parse::<Ipv4Addr>().is_err() && !is_range(address) {
            let message = "an address is an IPv4 address, or a range such as 203.0.113.0/24";
            report.invalid(format!("{AT}[{index}]"), "bad-address", message);
        }
    }
    twins(report, AT, &rules.allowed_addresses, "duplicate-address");
    if rules.enabled && rules.allowed_addresses.is_empty() {
        let message = "a firewall that lets nobody in keeps everybody from the cluster, you included";
        report.across(&[AT, "control_plane_firewall.enabled"], "nobody-allowed", message);
    }
}

fn autoscaler(report: &mut Report, settings: &Autoscaler) {
    const AT: &str = "cluster_autoscaler_configuration";
    if settings.scale_down_utilization_threshold.is_some_and(|share| !(0.0..=1.0).contains(&share)) {
        let at = format!("{AT}.scale_down_utilization_threshold");
        report.invalid(at, "bad-share", "a share is a number from 0 to 1");
    }
    if settings.scale_down_unneeded_time.as_deref().is_some_and(|time| !is_duration(time)) {
        let at = format!("{AT}.scale_down_unneeded_time");
        report.invalid(at, "bad-duration", "a duration is in hours, minutes and seconds, such as 10m0s");
    }
    let expanders = settings.expanders.as_deref().unwrap_or_default();
    twins(report, &format!("{AT}.expanders"), expanders, "duplicate-expander");
}

fn sso(report: &mut Report, settings: &Sso) {
    if settings.required && !settings.enabled {
        let message = "single sign-on cannot be required while it is off";
        report.across(&["sso.required", "sso.enabled"], "sso-off", message);
    }
    for (at, given) in [("sso.issuer_url", &settings.issuer_url), ("sso.client_id", &settings.client_id)] {
        if settings.enabled && given.as_deref().is_none_or(str::is_empty) {
            report.across(&[at, "sso.enabled"], "sso-incomplete", "single sign-on needs issuer_url and client_id");
        }
    }
    if settings.issuer_url.as_deref().is_some_and(|url| !url.is_empty() && !url.starts_with("https://")) {
        report.invalid("sso.issuer_url", "bad-url", "an issuer is an https:// URL");
    }
}

fn registries(report: &mut Report, inputs: &Inputs) {
    let Some(names) = &inputs.registries else { return };
    for (index, name) in names.iter().enumerate() {
        if name.is_empty() {
            report.invalid(format!("registries[{index}]"), "no-registry", "a registry has a name");
        }
    }
    twins(report, "registries", names, "duplicate-registry");
    if !names.is_empty() && inputs.registry_enabled == Some(false) {
        let message = "nodes cannot pull from registries while registry_enabled is false";
        report.across(&["registry_enabled", "registries"], "registry-off", message);
    }
}

/// Reports everything that is wrong with a pool, whose settings are at paths that begin with `at`.
pub(crate) fn pool(report: &mut Report, at: &str, pool: &NodePool) {
    name(report, &format!("{at}name"), &pool.name);
    if pool.size.is_empty() {
        report.invalid(format!("{at}size"), "no-size", "a size is a slug such as s-2vcpu-4gb");
    }
    let (count, autoscale) = (format!("{at}count"), format!("{at}autoscale"));
    match (pool.count, pool.autoscale) {
        (None, None) => {
            report.across(&[&count, &autoscale], "no-count", "a node pool needs a count, or autoscale");
        }
        (Some(0), None) => {
            report.across(&[&count, &autoscale], "no-nodes", "a node pool without autoscale needs at least one node");
        }
        (start, Some(scale)) => {
            let (min, max) = (format!("{at}autoscale.min"), format!("{at}autoscale.max"));
            if scale.min > scale.max {
                let message = format!("the fewest nodes, {}, are more than the most, {}", scale.min, scale.max);
                report.across(&[&min, &max], "autoscale-bounds", message);
            } else if scale.max == 0 {
                report.invalid(max, "autoscale-bounds", "the most nodes must be at least one");
            } else if let Some(start) = start.filter(|start| !(scale.min..=scale.max).contains(start)) {
                let message =
                    format!("the autoscaler keeps {} to {} nodes and cannot start at {start}", scale.min, scale.max);
                report.across(&[&count, &min, &max], "count-out-of-bounds", message);
            }
        }
        (Some(_), None) => {}
    }
    for (index, taint) in pool.taints.iter().enumerate() {
        if taint.key.is_empty() {
            report.invalid(format!("{at}taints[{index}].key"), "no-taint-key", "a taint needs a key");
        }
    }
    tags(report, &format!("{at}tags"), &pool.tags);
}

/// DigitalOcean's rule for names of clusters and pools.
fn name(report: &mut Report, at: &str, name: &str) {
    let inside = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let edges = name.starts_with(|first: char| first.is_ascii_lowercase()) && !name.ends_with('-');
    if !edges || name.len() > 63 || !name.bytes().all(inside) {
        let message = "a name is 1 to 63 lower-case letters, digits and dashes; a letter first, and no dash last";
        report.invalid(at, "bad-name", message);
    }
}

fn tags(report: &mut Report, at: &str, tags: &[String]) {
    for (index, tag) in tags.iter().enumerate() {
        let at = format!("{at}[{index}]");
        if mark::is_mark(tag) || mark::is_automatic(tag) {
            report.invalid(at, "reserved-tag", format!("{tag} is a tag that is set by itself"));
        } else if !mark::is_valid(tag) {
            report.invalid(at, "bad-tag", "a tag is 1 to 255 letters, digits, colons, dashes and underscores");
        }
    }
    twins(report, at, tags, "duplicate-tag");
}

/// Reports the items that were there before.
fn twins<T: PartialEq>(report: &mut Report, at: &str, items: &[T], code: &str) {
    for (index, item) in items.iter().enumerate() {
        if let Some(twin) = items[..index].iter().position(|earlier| earlier == item) {
            let paths = [format!("{at}[{index}]"), format!("{at}[{twin}]")];
            report.across(&[&paths[0], &paths[1]], code, "it is there twice");
        }
    }
}

fn is_time(text: &str) -> bool {
    let number = |part: &str, end: u32| part.len() == 2 && part.parse::<u32>().is_ok_and(|number| number < end);
    text.split_once(':').is_some_and(|(hour, minute)| number(hour, 24) && number(minute, 60))
}

/// An IPv4 range in CIDR notation.
fn is_range(text: &str) -> bool {
    text.split_once('/').is_some_and(|(address, length)| {
        address.parse::<Ipv4Addr>().is_ok() && length.parse::<u8>().is_ok_and(|length| length <= 32)
    })
}

/// As Go writes durations: `1h30m`, `10m0s`.
fn is_duration(text: &str) -> bool {
    let mut units = "hms".chars();
    let parts: Vec<&str> = text.split_inclusive(['h', 'm', 's']).collect();
    !parts.is_empty()
        && parts.iter().all(|part| {
            let number = part.trim_end_matches(['h', 'm', 's']);
            let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
            // Each unit once, the larger ones first.
            digits && units.any(|unit| part.ends_with(unit))
        })
}
