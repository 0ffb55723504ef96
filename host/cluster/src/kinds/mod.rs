//! How built-in kinds behave: upstream's defaults, strategies and validation, one family a module.

pub(crate) mod bootstrap;
pub(crate) mod config_map;
pub(crate) mod deployment;
pub(crate) mod field;
mod image_reference;
pub(crate) mod ip;
pub(crate) mod labels;
pub(crate) mod metadata;
pub(crate) mod name;
pub(crate) mod namespace;
mod pod_container;
mod pod_defaults;
mod pod_path;
pub(crate) mod pod_placement;
mod pod_resources;
mod pod_security;
mod pod_source;
mod pod_spec;
mod pod_volume;
mod pod_warnings;
pub(crate) mod secret;
pub(crate) mod service;
pub(crate) mod service_address;
mod service_rules;
mod workload;
