//! What a cluster's controllers made in the account, and which of it goes with the cluster.

use maps_sdk::Problem;
use maps_sdk::http::Request;

use crate::api::{self, AssociatedList, AssociatedOne};
use crate::body::Selection;
use crate::model::Associated;

/// The request that removes a cluster with what is to go with it, of what is there.
pub(crate) fn delete(id: &str, goes: &[Associated], there: &AssociatedList) -> Result<Request, Problem> {
    let goes = |kind| goes.contains(&kind);
    if goes(Associated::LoadBalancers) && goes(Associated::Volumes) && goes(Associated::VolumeSnapshots) {
        return Ok(api::delete_with_all(id));
    }
    let ids = |kind, all: &[AssociatedOne]| match goes(kind) {
        true => all.iter().map(|one| one.id.clone()).collect(),
        false => Vec::new(),
    };
    let selection = Selection {
        load_balancers: ids(Associated::LoadBalancers, &there.load_balancers),
        volumes: ids(Associated::Volumes, &there.volumes),
        volume_snapshots: ids(Associated::VolumeSnapshots, &there.volume_snapshots),
    };
    if selection == Selection::default() { Ok(api::delete(id)) } else { api::delete_with(id, &selection) }
}

/// What of it stays, in words; none if nothing does.
pub(crate) fn stays(goes: &[Associated], there: &AssociatedList) -> Option<String> {
    told(there, |kind| !goes.contains(&kind))
}

/// What of it goes, in words; none if nothing does.
pub(crate) fn goes(goes: &[Associated], there: &AssociatedList) -> Option<String> {
    told(there, |kind| goes.contains(&kind))
}

fn told(there: &AssociatedList, chosen: impl Fn(Associated) -> bool) -> Option<String> {
    let kinds = [
        (Associated::LoadBalancers, "load balancer", &there.load_balancers),
        (Associated::Volumes, "volume", &there.volumes),
        (Associated::VolumeSnapshots, "volume snapshot", &there.volume_snapshots),
    ];
    let told = kinds.into_iter().filter(|(kind, _, all)| chosen(*kind) && !all.is_empty()).map(|(_, word, all)| {
        let names: Vec<&str> =
            all.iter().map(|one| if one.name.is_empty() { &one.id } else { &one.name }.as_str()).collect();
        format!("{} {word}{} ({})", all.len(), if all.len() == 1 { "" } else { "s" }, names.join(", "))
    });
    let told: Vec<String> = told.collect();
    (!told.is_empty()).then(|| told.join(", "))
}
