//! Clusters: list, create, get, update, delete.

use http::StatusCode;
use serde_json::{Value, json};

use super::super::answer::Refusal;
use super::super::{Context, body, catalogue, page};
use super::input::{self, NewCluster, Settings};
use super::lifecycle;
use super::model::{Access, AddOns, CLUSTERS, Cluster, Day, Maintenance};
use super::network::{self, Cidr, Vpc};
use super::{accepted, all, cluster, store};
use crate::entropy;
use crate::service::Answer;
use crate::tls::Authority;

/// `GET /v2/kubernetes/clusters`
pub(super) fn list(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let now = context.now;
    let shown: Vec<Value> = all(context)?.iter().map(|cluster| cluster.show(now)).collect::<Result<_, _>>()?;
    Ok(Answer::json(StatusCode::OK, &page::cut(context.call, "kubernetes_clusters", shown)?))
}

/// `GET /v2/kubernetes/clusters/{cluster}`
pub(super) fn get(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    answer(StatusCode::OK, context, &cluster(context)?)
}

/// `POST /v2/kubernetes/clusters`
pub(super) fn create(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let request: NewCluster = body::required(context.call)?;
    request.settings.check()?;
    let (region, version) = place(&request)?;
    let pools = request.node_pools.unwrap_or_default().into_iter().map(input::NewPool::check);
    let pools = pools.collect::<Result<Vec<_>, _>>()?;
    input::check_pools(&pools)?;
    let (cluster_subnet, service_subnet) = subnets(request.cluster_subnet, request.service_subnet)?;
    let vpc = network::default_vpc(context, &region)?;
    check_vpc(&vpc, request.vpc_uuid.as_deref(), request.worker_subnet_uuid.as_deref())?;

    let settings = request.settings;
    let name = settings.name.unwrap_or_default();
    check_free(context, &name, None)?;
    let ha = settings.ha.unwrap_or_else(|| catalogue::ha_by_default(version));
    let now = context.now;
    let mut cluster = Cluster {
        id: entropy::uuid()?,
        name,
        region,
        version: version.to_owned(),
        cluster_subnet,
        service_subnet,
        vpc_uuid: vpc.id,
        worker_subnet_uuid: vpc.subnet,
        ipv4: if ha { None } else { Some(address()?) },
        tags: input::check_tags(settings.tags.unwrap_or_default())?,
        pools,
        maintenance: match settings.maintenance_policy {
            Some(window) => window.check()?,
            None => any_window()?,
        },
        auto_upgrade: settings.auto_upgrade.unwrap_or(false),
        surge_upgrade: settings.surge_upgrade.unwrap_or(false),
        isolated_workers: request.isolated_workers.unwrap_or(false),
        ha,
        registry_enabled: false,
        registries: Vec::new(),
        add_ons: AddOns::default().changed_by(settings.add_ons),
        access: access()?,
        created_ms: now.real_ms,
        updated_ms: now.real_ms,
        ready_at: lifecycle::provisioned_at(now, ha),
        upgrade: None,
        gone_at: None,
    };
    let ready_at = cluster.node_ready_at(now);
    for pool in &mut cluster.pools {
        pool.scale(ready_at, now)?;
    }
    forget_gone(context)?;
    store(context, &mut cluster)?;
    answer(StatusCode::CREATED, context, &cluster)
}

/// `PUT /v2/kubernetes/clusters/{cluster}`
pub(super) fn update(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let mut cluster = cluster(context)?;
    let settings: Settings = body::required(context.call)?;
    settings.check()?;
    if settings.ha == Some(false) && cluster.ha {
        return Err(Refusal::invalid("high availability cannot be disabled once it is enabled"));
    }
    if let Some(name) = settings.name {
        check_free(context, &name, Some(&cluster.id))?;
        cluster.name = name;
    }
    if let Some(tags) = settings.tags {
        cluster.tags = input::check_tags(tags)?;
    }
    if let Some(window) = settings.maintenance_policy {
        cluster.maintenance = window.check()?;
    }
    if settings.ha == Some(true) {
        cluster.ha = true;
        cluster.ipv4 = None;
    }
    cluster.auto_upgrade = settings.auto_upgrade.unwrap_or(cluster.auto_upgrade);
    cluster.surge_upgrade = settings.surge_upgrade.unwrap_or(cluster.surge_upgrade);
    cluster.add_ons = cluster.add_ons.changed_by(settings.add_ons);
    store(context, &mut cluster)?;
    answer(StatusCode::ACCEPTED, context, &cluster)
}

/// `DELETE /v2/kubernetes/clusters/{cluster}`
pub(super) fn delete(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    let mut cluster = cluster(context)?;
    cluster.begin_delete(context.now);
    store(context, &mut cluster)?;
    accepted(StatusCode::NO_CONTENT)
}

/// `GET /v2/kubernetes/clusters/{cluster}/status_messages`; a simulated cluster has no incidents.
pub(super) fn status_messages(context: &mut Context<'_, '_>) -> Result<Answer, Refusal> {
    cluster(context)?;
    Ok(Answer::json(StatusCode::OK, &json!({ "messages": [] })))
}

fn answer(status: StatusCode, context: &Context<'_, '_>, cluster: &Cluster) -> Result<Answer, Refusal> {
    Ok(Answer::json(status, &json!({ "kubernetes_cluster": cluster.show(context.now)? })))
}

fn place(request: &NewCluster) -> Result<(String, &'static str), Refusal> {
    let region = request.region.clone().ok_or_else(|| Refusal::invalid("region is required"))?;
    if !catalogue::has_region(&region) {
        return Err(Refusal::invalid("invalid region slug"));
    }
    let version = request.version.as_deref().ok_or_else(|| Refusal::invalid("version is required"))?;
    let version = catalogue::resolve(version).ok_or_else(|| Refusal::invalid("invalid version slug"))?;
    Ok((region, version))
}

fn subnets(cluster: Option<String>, service: Option<String>) -> Result<(String, String), Refusal> {
    let cluster = cluster.unwrap_or_else(|| network::CLUSTER_SUBNET.to_owned());
    let service = service.unwrap_or_else(|| network::SERVICE_SUBNET.to_owned());
    match (Cidr::parse(&cluster), Cidr::parse(&service)) {
        (Some(a), Some(b)) if a.overlaps(b) => {
            Err(Refusal::invalid("cluster_subnet and service_subnet must not overlap"))
        }
        (Some(_), Some(_)) => Ok((cluster, service)),
        (None, _) => Err(Refusal::invalid("cluster_subnet is not a valid CIDR block")),
        (_, None) => Err(Refusal::invalid("service_subnet is not a valid CIDR block")),
    }
}

/// The account has the default VPC of each region and no other.
fn check_vpc(default: &Vpc, vpc: Option<&str>, subnet: Option<&str>) -> Result<(), Refusal> {
    match (vpc, subnet) {
        (None, Some(_)) => Err(Refusal::invalid("vpc_uuid must be set when worker_subnet_uuid is")),
        (Some(vpc), _) if vpc != default.id => Err(Refusal::invalid("vpc_uuid: no such VPC in this region")),
        (_, Some(subnet)) if subnet != default.subnet => {
            Err(Refusal::invalid("worker_subnet_uuid: no such subnet in this VPC"))
        }
        _ => Ok(()),
    }
}

/// A name is one cluster's until that cluster is gone.
fn check_free(context: &Context<'_, '_>, name: &str, own: Option<&str>) -> Result<(), Refusal> {
    let taken = all(context)?.iter().any(|other| other.name == name && Some(other.id.as_str()) != own);
    if taken { Err(Refusal::unprocessable("a cluster with this name already exists")) } else { Ok(()) }
}

fn any_window() -> Result<Maintenance, Refusal> {
    Ok(Maintenance { start_time: format!("{:02}:00", entropy::below(24)?), day: Day::Any, chosen: false })
}

fn access() -> Result<Access, Refusal> {
    let authority = Authority::generate(super::CLUSTER_CA)?;
    Ok(Access {
        token: format!("dop_v1_{}", entropy::hex(32)?),
        ca_pem: authority.certificate_pem().to_owned(),
        ca_key_pem: authority.key_pem().to_owned(),
    })
}

/// An address out of a range that is reserved for documentation, so that nobody is dialled.
fn address() -> Result<String, Refusal> {
    Ok(format!("203.0.113.{}", 1 + entropy::below(254)?))
}

/// Drops what is no longer shown; this costs nothing when done along with another write.
fn forget_gone(context: &mut Context<'_, '_>) -> Result<(), Refusal> {
    let stored: Vec<Cluster> = context.transaction.list(CLUSTERS)?;
    for cluster in stored {
        let id = cluster.id.clone();
        if cluster.settle(context.now).is_none() {
            context.transaction.remove(CLUSTERS, &id);
        }
    }
    Ok(())
}
