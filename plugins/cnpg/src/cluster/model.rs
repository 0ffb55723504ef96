//! A database as the user writes it, and what the cluster tells of it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::begin::{Bootstrap, ExternalCluster};
pub use super::words::{
    AntiAffinity, BackupTarget, Durability, Effect, Ensure, LogLevel, Method, Operator, UpdateMethod, UpdateStrategy,
};
use crate::extension::Extension;
use crate::store::ObjectStore;
use crate::text::Text;

/// Labels or annotations.
pub type Texts = BTreeMap<String, String>;

/// A PostgreSQL cluster of one primary and its standbys.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Inputs {
    /// Its name, with which the names of its Pods, Services and Secrets begin. Another name is another, empty database.
    #[schemars(extend("x-maps-replace" = true))]
    pub name: String,
    /// Its namespace. Another namespace is another, empty database.
    #[schemars(extend("x-maps-replace" = true))]
    pub namespace: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The primary and its standbys together.
    #[serde(default = "one")]
    pub instances: u32,
    /// The image of PostgreSQL, by a tag that begins with its major version; the operator's own without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// Names of Secrets to pull images with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub image_pull_secrets: Vec<String>,
    /// Standbys that have a transaction before it is reported as committed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub synchronous: Option<Synchronous>,
    /// Settings of postgresql.conf, beside those that the operator keeps for itself.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, Text>,
    /// Libraries that PostgreSQL loads when it starts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shared_preload_libraries: Vec<String>,
    /// Lines for pg_hba.conf, before the operator's last one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pg_hba: Vec<String>,
    /// Lines for pg_ident.conf.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pg_ident: Vec<String>,
    /// The volume of each instance.
    pub storage: Storage,
    /// A volume of each instance for the write-ahead log alone. It can be added later, and never taken away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wal_storage: Option<Storage>,
    /// What each instance may take of its node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<Resources>,
    /// Where instances run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub affinity: Option<Affinity>,
    /// The instances' PriorityClass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority_class: Option<String>,
    /// Where its first data comes from; it is looked at once, when the database is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bootstrap: Option<Bootstrap>,
    /// The role `postgres`, which nobody can log in as by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub superuser: Option<Superuser>,
    /// Roles that the operator keeps in the database.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-maps-key" = "name"))]
    pub managed_roles: Vec<Role>,
    /// Base backups and the write-ahead log in an object store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup: Option<Backup>,
    /// Plugins of the operator that this database uses; that of Barman Cloud stores backups where the operator itself
    /// no longer does (from 1.31 on).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-maps-key" = "name"))]
    pub plugins: Vec<Extension>,
    /// Other databases, to recover from or to copy.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-maps-key" = "name"))]
    pub external_clusters: Vec<ExternalCluster>,
    /// How Prometheus gets its figures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monitoring: Option<Monitoring>,
    /// How the primary is updated: by itself, or when somebody says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub primary_update_strategy: Option<UpdateStrategy>,
    /// How the primary is updated: by a restart, or by a standby taking over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub primary_update_method: Option<UpdateMethod>,
    /// PodDisruptionBudgets keep the primary, and a standby, when nodes are drained; true unless this says otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enable_pdb: Option<bool>,
    /// How much the instances log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_level: Option<LogLevel>,
    /// Seconds that an instance may take to start; 3600 unless this says another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_delay: Option<u32>,
    /// Seconds that the primary may take to stop before a standby takes over; 3600 unless this says another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub switchover_delay: Option<u32>,
    /// Seconds that a primary may be unhealthy before a standby takes over; 0 unless this says another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failover_delay: Option<u32>,
    /// Seconds of `stop_delay` in which connections may end by themselves; 180 unless this says another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub smart_shutdown_timeout: Option<u32>,
    /// Seconds that an instance may take to stop; 1800 unless this says another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_delay: Option<u32>,
    /// Labels of the Cluster, beside those that others set.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: Texts,
    /// Annotations of the Cluster, beside those that others set.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: Texts,
    /// What everything that the operator makes for it carries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inherited: Option<Inherited>,
    /// Wait until it is healthy, with all instances ready.
    #[serde(default = "yes")]
    pub wait: bool,
    /// How long that may take: `20m`.
    #[serde(default = "twenty_minutes")]
    pub timeout: String,
}

pub(crate) fn one() -> u32 {
    1
}

pub(crate) fn yes() -> bool {
    true
}

fn twenty_minutes() -> String {
    "20m".to_owned()
}

/// Synchronous replication.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Synchronous {
    /// `any`: whichever standbys are first; `first`: by their order.
    #[serde(default)]
    pub method: Method,
    /// How many standbys.
    #[serde(default = "one")]
    pub number: u32,
    /// `required`: without them writes wait; `preferred`: writes go on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_durability: Option<Durability>,
    /// A standby takes over only where it is certain to have every committed transaction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failover_quorum: Option<bool>,
    /// How many standbys of this database are named at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_standby_names_from_cluster: Option<u32>,
    /// Other standbys, before those of this database.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub standby_names_pre: Vec<String>,
    /// Other standbys, after those of this database.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub standby_names_post: Vec<String>,
}

/// A volume claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Storage {
    /// Its size: `100Gi`. It can grow where the class can expand, and never shrink.
    pub size: Text,
    /// Its StorageClass; the cluster's default without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// Volumes in use grow with the size; true unless this says otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resize_in_use: Option<bool>,
}

/// What a container asks for and may take at most: `{cpu: 500m, memory: 1Gi}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Resources {
    /// What its node has to have free.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub requests: BTreeMap<String, Text>,
    /// What it may take at most.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub limits: BTreeMap<String, Text>,
}

/// Where instances run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Affinity {
    /// Labels that a node must have.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub node_selector: Texts,
    /// A node affinity, in the words of Kubernetes.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub node_affinity: Map<String, Value>,
    /// Taints of nodes that do not keep instances away.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tolerations: Vec<Toleration>,
    /// Instances keep away from one another; true unless this says otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pod_anti_affinity: Option<bool>,
    /// `required`: an instance that finds no node of its own waits for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pod_anti_affinity_type: Option<AntiAffinity>,
    /// What instances do not share; `kubernetes.io/hostname` unless this says another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topology_key: Option<String>,
}

/// A taint that does not keep instances away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Toleration {
    /// The taint's key; any without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// `Equal` or `Exists`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator: Option<Operator>,
    /// The taint's value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// The taint's effect; any without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<Effect>,
    /// How long an instance stays on a node that gets the taint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u64>,
}

/// The role `postgres`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Superuser {
    /// It can log in over the network, by a password.
    pub enabled: bool,
    /// A Secret with its `username` and `password`; without one, the operator makes NAME-superuser.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}

/// A role that the operator keeps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// Its name.
    pub name: String,
    /// `present`, or `absent` to drop it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ensure: Option<Ensure>,
    /// It can log in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login: Option<bool>,
    /// It may do everything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub superuser: Option<bool>,
    /// It may make databases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub createdb: Option<bool>,
    /// It may make roles.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub createrole: Option<bool>,
    /// It may replicate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replication: Option<bool>,
    /// Roles that it is a member of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub in_roles: Vec<String>,
    /// Connections at the same time; -1 is any number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection_limit: Option<i64>,
    /// A Secret with its `username` and `password`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

/// Backups in an object store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Backup {
    /// Where they go.
    pub object_store: ObjectStore,
    /// How long they are kept: `30d`, `4w`, `6m`; for ever without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention: Option<String>,
    /// Which instance is backed up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<BackupTarget>,
}

/// Figures for Prometheus.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Monitoring {
    /// The operator makes a PodMonitor, whose kind the Prometheus operator brings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pod_monitor: Option<bool>,
    /// Without the queries that the operator brings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disable_default_queries: Option<bool>,
    /// ConfigMaps with more queries.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub custom_queries: Vec<crate::store::KeyOf>,
}

/// What everything that the operator makes carries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Inherited {
    /// Labels.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: Texts,
    /// Annotations.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: Texts,
}

/// What the cluster tells of a database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// The same as long as it is the same database.
    pub uid: String,
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// What the operator says of it: `Cluster in healthy state`.
    #[schemars(extend("x-maps-computed" = true))]
    pub phase: String,
    /// Is it healthy, with all instances ready and on the image that is asked for? Asleep where that is asked for.
    #[schemars(extend("x-maps-computed" = true))]
    pub healthy: bool,
    /// The Pod that is written to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-maps-computed" = true))]
    pub primary: Option<String>,
    /// How many instances are ready.
    #[schemars(extend("x-maps-computed" = true))]
    pub ready_instances: u32,
    /// The image that it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-maps-computed" = true))]
    pub image: Option<String>,
    /// The host to write to, in the cluster.
    pub write_host: String,
    /// A host of any instance.
    pub read_host: String,
    /// A host of a standby.
    pub read_only_host: String,
    /// The port of all of them.
    pub port: u16,
    /// The Secret with which the application connects.
    pub app_secret: String,
    /// The Secret of the role `postgres`, where it can log in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub superuser_secret: Option<String>,
    /// The Secret with the authority (`ca.crt`) that the servers' certificate is from.
    pub ca_secret: String,
}
