//! Services and what leads to them: endpoints, ingresses, network policies, addresses.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::age::age;
use super::label::{labels, or_none, selector, three};
use super::{AGE, NAME, Table, text, wide};
use crate::controllers::object::{integer, items, name, text as at};

pub(super) static SERVICE: Table = Table {
    columns: &[NAME, text("Type"), text("Cluster-IP"), text("External-IP"), text("Port(s)"), AGE, wide("Selector")],
    cells: |object, now| {
        let ports = items(object, "/spec/ports").iter().map(|port| {
            let (number, protocol) = (integer(port, "/port").unwrap_or_default(), at(port, "/protocol"));
            match integer(port, "/nodePort").filter(|node| *node > 0) {
                Some(node) => format!("{number}:{node}/{protocol}"),
                None => format!("{number}/{protocol}"),
            }
        });
        vec![
            json!(name(object)),
            json!(at(object, "/spec/type")),
            json!(or_none(at(object, "/spec/clusterIPs/0").to_owned())),
            json!(external(object)),
            json!(or_none(ports.collect::<Vec<_>>().join(","))),
            age(object, now),
            json!(labels(object, "/spec/selector")),
        ]
    },
};

/// The addresses of a load balancer, sorted.
fn balanced(object: &Value) -> Vec<String> {
    let ingress = items(object, "/status/loadBalancer/ingress");
    let addresses = ingress.iter().map(|ingress| match at(ingress, "/ip") {
        "" => at(ingress, "/hostname").to_owned(),
        ip => ip.to_owned(),
    });
    addresses.filter(|address| !address.is_empty()).collect::<BTreeSet<_>>().into_iter().collect()
}

fn external(service: &Value) -> String {
    let own = items(service, "/spec/externalIPs").iter().filter_map(Value::as_str).map(str::to_owned);
    match at(service, "/spec/type") {
        "ClusterIP" | "NodePort" => or_none(own.collect::<Vec<_>>().join(",")),
        "LoadBalancer" => {
            let all: Vec<String> = balanced(service).into_iter().chain(own).collect();
            if all.is_empty() { "<pending>".to_owned() } else { all.join(",") }
        }
        "ExternalName" => at(service, "/spec/externalName").to_owned(),
        _ => "<unknown>".to_owned(),
    }
}

pub(super) static ENDPOINTS: Table = Table {
    columns: &[NAME, text("Endpoints"), AGE],
    cells: |object, now| {
        let mut all = Vec::new();
        for subset in items(object, "/subsets") {
            let addresses = || items(subset, "/addresses").iter().map(|address| at(address, "/ip").to_owned());
            let ports = items(subset, "/ports");
            if ports.is_empty() {
                all.extend(addresses());
            }
            for port in ports {
                let port = integer(port, "/port").unwrap_or_default();
                all.extend(addresses().map(|ip| match ip.contains(':') {
                    true => format!("[{ip}]:{port}"),
                    false => format!("{ip}:{port}"),
                }));
            }
        }
        let shown = match (items(object, "/subsets").len(), all.len()) {
            (0, _) => "<none>".to_owned(),
            (_, 0) => String::new(),
            _ => three(&all),
        };
        vec![json!(name(object)), json!(shown), age(object, now)]
    },
};

pub(super) static ENDPOINT_SLICE: Table = Table {
    columns: &[NAME, text("AddressType"), text("Ports"), text("Endpoints"), AGE],
    cells: |object, now| {
        let ports = items(object, "/ports").iter().map(|port| match (integer(port, "/port"), at(port, "/name")) {
            (Some(number), _) => number.to_string(),
            (None, "") => "*".to_owned(),
            (None, name) => name.to_owned(),
        });
        let endpoints = items(object, "/endpoints").iter().flat_map(|endpoint| items(endpoint, "/addresses"));
        let addresses: Vec<String> = endpoints.filter_map(Value::as_str).map(str::to_owned).collect();
        vec![
            json!(name(object)),
            json!(at(object, "/addressType")),
            json!(three(&ports.collect::<Vec<_>>())),
            json!(three(&addresses)),
            age(object, now),
        ]
    },
};

pub(super) static INGRESS: Table = Table {
    columns: &[NAME, text("Class"), text("Hosts"), text("Address"), text("Ports"), AGE],
    cells: |object, now| {
        let ports = if items(object, "/spec/tls").is_empty() { "80" } else { "80, 443" };
        vec![
            json!(name(object)),
            json!(or_none(at(object, "/spec/ingressClassName").to_owned())),
            json!(hosts(items(object, "/spec/rules"))),
            json!(balanced(object).join(",")),
            json!(ports),
            age(object, now),
        ]
    },
};

fn hosts(rules: &[Value]) -> String {
    let mut list: Vec<&str> = Vec::new();
    let mut more = false;
    for rule in rules {
        more |= list.len() == 3;
        if !more && !at(rule, "/host").is_empty() {
            list.push(at(rule, "/host"));
        }
    }
    match (list.is_empty(), more) {
        (true, _) => "*".to_owned(),
        (false, true) => format!("{} + {} more...", list.join(","), rules.len() - 3),
        (false, false) => list.join(","),
    }
}

pub(super) static INGRESS_CLASS: Table = Table {
    columns: &[NAME, text("Controller"), text("Parameters"), AGE],
    cells: |object, now| {
        let parameters = object.pointer("/spec/parameters").map(|parameters| {
            let (kind, name) = (at(parameters, "/kind"), at(parameters, "/name"));
            match at(parameters, "/apiGroup") {
                "" => format!("{kind}/{name}"),
                group => format!("{kind}.{group}/{name}"),
            }
        });
        let parameters = or_none(parameters.unwrap_or_default());
        vec![json!(name(object)), json!(at(object, "/spec/controller")), json!(parameters), age(object, now)]
    },
};

pub(super) static NETWORK_POLICY: Table = Table {
    columns: &[NAME, text("Pod-Selector"), AGE],
    cells: |object, now| {
        let pods = or_none(selector(object.pointer("/spec/podSelector")));
        vec![json!(name(object)), json!(pods), age(object, now)]
    },
};

pub(super) static SERVICE_CIDR: Table = Table {
    columns: &[NAME, text("CIDRs"), AGE],
    cells: |object, now| {
        let ranges: Vec<&str> = items(object, "/spec/cidrs").iter().filter_map(Value::as_str).collect();
        vec![json!(name(object)), json!(ranges.join(",")), age(object, now)]
    },
};

pub(super) static IP_ADDRESS: Table = Table {
    columns: &[NAME, text("ParentRef")],
    cells: |object, _| {
        let parent = object.pointer("/spec/parentRef").map(|parent| {
            let resource = match at(parent, "/group") {
                "" => at(parent, "/resource").to_lowercase(),
                group => format!("{}.{group}", at(parent, "/resource")).to_lowercase(),
            };
            match at(parent, "/namespace") {
                "" => format!("{resource}/{}", at(parent, "/name")),
                namespace => format!("{resource}/{namespace}/{}", at(parent, "/name")),
            }
        });
        vec![json!(name(object)), json!(or_none(parent.unwrap_or_default()))]
    },
};
