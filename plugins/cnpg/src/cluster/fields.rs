//! Where the inputs of a database stand in a Cluster.

use crate::fields::{Field, Form};
use crate::{extension, store};

pub(super) const FIELDS: &[Field] = &[
    Field::same("name", "metadata.name"),
    Field::same("namespace", "metadata.namespace"),
    Field::same("labels", "metadata.labels"),
    Field::same("annotations", "metadata.annotations"),
    Field::same("description", "spec.description"),
    Field::same("instances", "spec.instances"),
    Field::same("image", "spec.imageName"),
    Field::new("image_pull_secrets", "spec.imagePullSecrets", Form::NamedList),
    Field::new("synchronous", "spec.postgresql.synchronous", Form::Object(SYNCHRONOUS)),
    Field::same("parameters", "spec.postgresql.parameters"),
    Field::same("shared_preload_libraries", "spec.postgresql.shared_preload_libraries"),
    Field::same("pg_hba", "spec.postgresql.pg_hba"),
    Field::same("pg_ident", "spec.postgresql.pg_ident"),
    Field::new("storage", "spec.storage", Form::Object(STORAGE)),
    Field::new("wal_storage", "spec.walStorage", Form::Object(STORAGE)),
    Field::same("resources", "spec.resources"),
    Field::new("affinity", "spec.affinity", Form::Object(AFFINITY)),
    Field::same("priority_class", "spec.priorityClassName"),
    Field::new("bootstrap.initdb", "spec.bootstrap.initdb", Form::Object(INITDB)),
    Field::new("bootstrap.recovery", "spec.bootstrap.recovery", Form::Object(RECOVERY)),
    Field::new("bootstrap.pg_basebackup", "spec.bootstrap.pg_basebackup", Form::Object(BASE_BACKUP)),
    Field::same("superuser.enabled", "spec.enableSuperuserAccess"),
    Field::new("superuser.secret", "spec.superuserSecret", Form::Named),
    Field::new("managed_roles", "spec.managed.roles", Form::List(ROLE)),
    Field::new("backup", "spec.backup", Form::Object(BACKUP)),
    Field::new("plugins", "spec.plugins", Form::List(extension::FIELDS)),
    Field::new("external_clusters", "spec.externalClusters", Form::List(EXTERNAL)),
    Field::new("monitoring", "spec.monitoring", Form::Object(MONITORING)),
    Field::same("primary_update_strategy", "spec.primaryUpdateStrategy"),
    Field::same("primary_update_method", "spec.primaryUpdateMethod"),
    Field::same("enable_pdb", "spec.enablePDB"),
    Field::same("log_level", "spec.logLevel"),
    Field::same("start_delay", "spec.startDelay"),
    Field::same("stop_delay", "spec.stopDelay"),
    Field::same("switchover_delay", "spec.switchoverDelay"),
    Field::same("failover_delay", "spec.failoverDelay"),
    Field::same("smart_shutdown_timeout", "spec.smartShutdownTimeout"),
    Field::same("inherited", "spec.inheritedMetadata"),
];

const SYNCHRONOUS: &[Field] = &[
    Field::same("method", "method"),
    Field::same("number", "number"),
    Field::same("data_durability", "dataDurability"),
    Field::same("failover_quorum", "failoverQuorum"),
    Field::same("max_standby_names_from_cluster", "maxStandbyNamesFromCluster"),
    Field::same("standby_names_pre", "standbyNamesPre"),
    Field::same("standby_names_post", "standbyNamesPost"),
];

const STORAGE: &[Field] = &[
    Field::same("size", "size"),
    Field::same("class", "storageClass"),
    Field::same("resize_in_use", "resizeInUseVolumes"),
];

const AFFINITY: &[Field] = &[
    Field::same("node_selector", "nodeSelector"),
    Field::same("node_affinity", "nodeAffinity"),
    Field::new("tolerations", "tolerations", Form::List(TOLERATION)),
    Field::same("pod_anti_affinity", "enablePodAntiAffinity"),
    Field::same("pod_anti_affinity_type", "podAntiAffinityType"),
    Field::same("topology_key", "topologyKey"),
];

const TOLERATION: &[Field] = &[
    Field::same("key", "key"),
    Field::same("operator", "operator"),
    Field::same("value", "value"),
    Field::same("effect", "effect"),
    Field::same("seconds", "tolerationSeconds"),
];

const INITDB: &[Field] = &[
    Field::same("database", "database"),
    Field::same("owner", "owner"),
    Field::new("secret", "secret", Form::Named),
    Field::same("encoding", "encoding"),
    Field::same("locale", "locale"),
    Field::same("locale_collate", "localeCollate"),
    Field::same("locale_ctype", "localeCType"),
    Field::same("data_checksums", "dataChecksums"),
    Field::same("wal_segment_size", "walSegmentSize"),
    Field::same("post_init_sql", "postInitSQL"),
    Field::same("post_init_application_sql", "postInitApplicationSQL"),
    Field::same("post_init_template_sql", "postInitTemplateSQL"),
];

const RECOVERY: &[Field] = &[
    Field::new("backup", "backup", Form::Named),
    Field::same("source", "source"),
    Field::new("target", "recoveryTarget", Form::Object(TARGET)),
    Field::same("database", "database"),
    Field::same("owner", "owner"),
    Field::new("secret", "secret", Form::Named),
];

const BASE_BACKUP: &[Field] = &[
    Field::same("source", "source"),
    Field::same("database", "database"),
    Field::same("owner", "owner"),
    Field::new("secret", "secret", Form::Named),
];

const TARGET: &[Field] = &[
    Field::same("time", "targetTime"),
    Field::same("lsn", "targetLSN"),
    Field::same("name", "targetName"),
    Field::same("xid", "targetXID"),
    Field::same("immediate", "targetImmediate"),
    Field::same("timeline", "targetTLI"),
    Field::same("backup_id", "backupID"),
    Field::same("exclusive", "exclusive"),
];

const ROLE: &[Field] = &[
    Field::same("name", "name"),
    Field::same("ensure", "ensure"),
    Field::same("login", "login"),
    Field::same("superuser", "superuser"),
    Field::same("createdb", "createdb"),
    Field::same("createrole", "createrole"),
    Field::same("replication", "replication"),
    Field::same("in_roles", "inRoles"),
    Field::same("connection_limit", "connectionLimit"),
    Field::new("secret", "passwordSecret", Form::Named),
    Field::same("comment", "comment"),
];

const BACKUP: &[Field] = &[
    Field::new("object_store", "barmanObjectStore", Form::Object(store::FIELDS)),
    Field::same("retention", "retentionPolicy"),
    Field::same("target", "target"),
];

const EXTERNAL: &[Field] = &[
    Field::same("name", "name"),
    Field::new("object_store", "barmanObjectStore", Form::Object(store::FIELDS)),
    Field::new("plugin", "plugin", Form::Object(extension::FIELDS)),
    Field::same("connection_parameters", "connectionParameters"),
    Field::same("password", "password"),
    Field::same("ssl_root_cert", "sslRootCert"),
    Field::same("ssl_cert", "sslCert"),
    Field::same("ssl_key", "sslKey"),
];

const MONITORING: &[Field] = &[
    Field::same("pod_monitor", "enablePodMonitor"),
    Field::same("disable_default_queries", "disableDefaultQueries"),
    Field::same("custom_queries", "customQueriesConfigMap"),
];
