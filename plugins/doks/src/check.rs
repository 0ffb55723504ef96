//! What makes inputs wrong beyond their types.

use maps_sdk::Report;

use crate::mark;
use crate::model::{Inputs, NodePool};
use crate::version;

/// Reports everything that is wrong.
pub(crate) fn check(inputs: &Inputs, report: &mut Report) {
    name(report, "name", &inputs.name);
    if inputs.region.is_empty() || !inputs.region.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    {
        report.invalid("region", "bad-region", "a region is a slug such as fra1");
    }
    if !version::is_valid(&inputs.version) {
        let message = "a version is a slug such as 1.33.1-do.3, the beginning of one such as 1.33, or latest";
        report.invalid("version", "bad-version", message);
    }
    tags(report, "tags", &inputs.tags);
    if let Some(policy) = &inputs.maintenance_policy
        && !is_time(&policy.start_time)
    {
        report.invalid("maintenance_policy.start_time", "bad-time", "a time is HH:MM, in UTC");
    }
    if inputs.node_pools.is_empty() {
        report.invalid("node_pools", "no-node-pool", "a cluster needs at least one node pool");
    }
    for (index, each) in inputs.node_pools.iter().enumerate() {
        pool(report, &format!("node_pools[{index}]"), each);
        let twin = inputs.node_pools[..index].iter().position(|earlier| earlier.name == each.name);
        if let Some(twin) = twin {
            let paths = [format!("node_pools[{index}].name"), format!("node_pools[{twin}].name")];
            let message = format!("two node pools are named {}", each.name);
            report.across(&[&paths[0], &paths[1]], "duplicate-node-pool", message);
        }
    }
}

fn pool(report: &mut Report, at: &str, pool: &NodePool) {
    name(report, &format!("{at}.name"), &pool.name);
    if pool.size.is_empty() {
        report.invalid(format!("{at}.size"), "no-size", "a size is a slug such as s-2vcpu-4gb");
    }
    let count = format!("{at}.count");
    match (pool.count, pool.autoscale) {
        (None, None) => {
            let autoscale = format!("{at}.autoscale");
            report.across(&[&count, &autoscale], "no-count", "a node pool needs a count, or autoscale");
        }
        (Some(0), None) => {
            let autoscale = format!("{at}.autoscale");
            report.across(&[&count, &autoscale], "no-nodes", "a node pool without autoscale needs at least one node");
        }
        (_, Some(scale)) => {
            let (min, max) = (format!("{at}.autoscale.min"), format!("{at}.autoscale.max"));
            if scale.min > scale.max {
                let message = format!("the fewest nodes, {}, are more than the most, {}", scale.min, scale.max);
                report.across(&[&min, &max], "autoscale-bounds", message);
            }
            if scale.max == 0 {
                report.invalid(max, "autoscale-bounds", "the most nodes must be at least one");
            }
        }
        (Some(_), None) => {}
    }
    for (index, taint) in pool.taints.iter().enumerate() {
        if taint.key.is_empty() {
            report.invalid(format!("{at}.taints[{index}].key"), "no-taint-key", "a taint needs a key");
        }
    }
    tags(report, &format!("{at}.tags"), &pool.tags);
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
        } else if tags[..index].contains(tag) {
            report.invalid(at, "duplicate-tag", format!("{tag} is there twice"));
        }
    }
}

fn is_time(text: &str) -> bool {
    let number = |part: &str, end: u32| part.len() == 2 && part.parse::<u32>().is_ok_and(|number| number < end);
    text.split_once(':').is_some_and(|(hour, minute)| number(hour, 24) && number(minute, 60))
}
