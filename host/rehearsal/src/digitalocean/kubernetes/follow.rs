//! What a cluster's cloud controller and its storage driver make at DigitalOcean: a load balancer for a Service of that
//! type, a volume for a claim of block storage. They follow the objects that a cluster keeps, in one change with them,
//! and outlive a cluster that goes without them.

use serde_json::{Value, json};

use super::associated::{Resource, collection};
use super::model::{CLUSTERS, Cluster};
use crate::clock::Now;
use crate::store::Transaction;

/// What the cloud controller adds to a Service: the id of its load balancer.
const BALANCER_ID: &str = "kubernetes.digitalocean.com/load-balancer-id";
/// While a Service has it, its load balancer is there.
const FINALIZER: &str = "service.kubernetes.io/load-balancer-cleanup";
/// What every setting of a load balancer begins with.
const SETTING: &str = "service.beta.kubernetes.io/do-loadbalancer-";
/// The driver of block storage.
const DRIVER: &str = "dobs.csi.digitalocean.com";
/// Where kube-proxy tells whether a node takes traffic.
const KUBE_PROXY: u64 = 10_256;

/// Follows one object of a cluster: its collection, its key there, and what it is now.
pub(crate) fn follow(
    transaction: &mut Transaction<'_>,
    now: Now,
    cluster: &str,
    (objects, key, object): (&str, &str, Option<&Value>),
) -> Result<(), serde_json::Error> {
    let (kind, made) = match objects {
        "/services" => ("load_balancers", object.and_then(balancer)),
        "/persistentvolumes" => ("volumes", object.and_then(volume)),
        _ => return Ok(()),
    };
    let Some(cluster) = transaction.get::<Cluster>(CLUSTERS, cluster)? else { return Ok(()) };
    let collection = collection(kind);
    let all: Vec<Resource> = transaction.list(&collection)?;
    let known = all.into_iter().find(|one| one.cluster == cluster.id && one.object.as_deref() == Some(key));
    let Some(Made { id, name, about }) = made else {
        // A volume that is to be retained is nobody's from now on.
        if let Some(known) = known.filter(|known| known.about["retained"] != true) {
            transaction.remove(&collection, &known.id);
        }
        return Ok(());
    };
    if known.as_ref().is_some_and(|known| known.name == name && known.about == about) {
        return Ok(());
    }
    let created_ms = known.map_or(now.real_ms, |known| known.created_ms);
    let region = cluster.region.clone();
    let resource = Resource { id, name, cluster: cluster.id, region, created_ms, object: Some(key.to_owned()), about };
    transaction.put(&collection, &resource.id, &resource)
}

/// What stands at DigitalOcean for an object.
struct Made {
    id: String,
    name: String,
    about: Value,
}

fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The settings of a Service's load balancer, by its annotations.
struct Settings<'s>(&'s Value);

impl<'s> Settings<'s> {
    fn text(&self, name: &str) -> Option<&'s str> {
        let annotations = self.0.pointer("/metadata/annotations")?;
        annotations.get(format!("{SETTING}{name}"))?.as_str().filter(|text| !text.is_empty())
    }

    fn number(&self, name: &str, otherwise: u64) -> u64 {
        self.text(name).and_then(|text| text.parse().ok()).unwrap_or(otherwise)
    }

    fn is_set(&self, name: &str) -> bool {
        self.text(name) == Some("true")
    }

    fn names_port(&self, name: &str, port: u64) -> bool {
        let named = |text: &str| text.split(',').any(|one| one.trim().parse() == Ok(port));
        self.text(name).is_some_and(named)
    }

    fn list(&self, name: &str) -> Vec<&'s str> {
        self.text(name).map(|text| text.split(',').map(str::trim).collect()).unwrap_or_default()
    }
}

/// The load balancer of a Service, while it has one.
fn balancer(service: &Value) -> Option<Made> {
    let id = service.pointer("/metadata/annotations")?.get(BALANCER_ID)?.as_str()?.to_owned();
    let finalizers = service.pointer("/metadata/finalizers").and_then(Value::as_array)?;
    if !finalizers.iter().any(|finalizer| finalizer == FINALIZER) {
        return None;
    }
    let settings = Settings(service);
    let own: String = text(service, "/metadata/uid").chars().filter(|c| *c != '-').collect();
    let name = settings.text("name").map_or_else(|| format!("a{own}"), str::to_owned);
    let ports = service.pointer("/spec/ports").and_then(Value::as_array);
    let rules: Vec<Value> = ports.into_iter().flatten().map(|port| rule(port, &settings)).collect();
    let ip = text(service, "/status/loadBalancer/ingress/0/ip");
    let sticky = match settings.text("sticky-sessions-type") {
        Some("cookies") => json!({
            "type": "cookies",
            "cookie_name": settings.text("sticky-sessions-cookie-name").unwrap_or_default(),
            "cookie_ttl_seconds": settings.number("sticky-sessions-cookie-ttl", 300),
        }),
        _ => json!({"type": "none"}),
    };
    let mut about = json!({
        "ip": ip,
        "status": if service.pointer("/status/loadBalancer/ingress/0").is_some() { "active" } else { "new" },
        "size_unit": settings.number("size-unit", match settings.text("size-slug") {
            Some("lb-medium") => 3,
            Some("lb-large") => 6,
            _ => 1,
        }),
        "forwarding_rules": rules,
        "health_check": health_check(service, &settings),
        "sticky_sessions": sticky,
        "redirect_http_to_https": settings.is_set("redirect-http-to-https"),
        "enable_proxy_protocol": settings.is_set("enable-proxy-protocol"),
        "enable_backend_keepalive": settings.is_set("enable-backend-keepalive"),
        "disable_lets_encrypt_dns_records": settings.is_set("disable-lets-encrypt-dns-records"),
        "http_idle_timeout_seconds": settings.number("http-idle-timeout-seconds", 60),
        "firewall": {"deny": settings.list("deny-rules"), "allow": settings.list("allow-rules")},
        "network": settings.text("network").unwrap_or("EXTERNAL"),
        "type": settings.text("type").unwrap_or("REGIONAL"),
    });
    if let Some(size) = settings.text("size-slug") {
        about["size"] = json!(size);
    }
    Some(Made { id, name, about })
}

/// How a port is forwarded: unless something else is said of it, by the protocol of all.
fn rule(port: &Value, settings: &Settings<'_>) -> Value {
    let number = port["port"].as_u64().unwrap_or_default();
    let entry = match () {
        () if port["protocol"] == "UDP" => "udp",
        () if settings.names_port("http3-port", number) => "http3",
        () if settings.names_port("http2-ports", number) => "http2",
        () if settings.names_port("tls-ports", number) => "https",
        () if settings.names_port("http-ports", number) => "http",
        () => settings.text("protocol").unwrap_or("tcp"),
    };
    let through = settings.is_set("tls-passthrough");
    let target = match entry {
        "https" | "http2" if through => entry,
        "https" | "http2" | "http3" => "http",
        other => other,
    };
    let encrypted = matches!(entry, "https" | "http2" | "http3");
    let certificate = if encrypted && !through { settings.text("certificate-id").unwrap_or_default() } else { "" };
    json!({
        "entry_protocol": entry,
        "entry_port": number,
        "target_protocol": target,
        "target_port": port["nodePort"].as_u64().unwrap_or_default(),
        "certificate_id": certificate,
        "tls_passthrough": encrypted && through,
    })
}

/// Nodes tell themselves whether they take traffic: where it stays on its node, whether they have an endpoint.
fn health_check(service: &Value, settings: &Settings<'_>) -> Value {
    let local = text(service, "/spec/externalTrafficPolicy") == "Local";
    let port = service.pointer("/spec/healthCheckNodePort").and_then(Value::as_u64).filter(|_| local);
    let port = port.unwrap_or(KUBE_PROXY);
    let overridden = settings.is_set("override-health-check");
    let told = |name: &str| settings.text(name).filter(|_| overridden);
    json!({
        "protocol": told("healthcheck-protocol").unwrap_or("http"),
        "port": told("healthcheck-port").and_then(|text| text.parse().ok()).unwrap_or(port),
        "path": told("healthcheck-path").unwrap_or("/healthz"),
        "check_interval_seconds": settings.number("healthcheck-check-interval-seconds", 3),
        "response_timeout_seconds": settings.number("healthcheck-response-timeout-seconds", 5),
        "unhealthy_threshold": settings.number("healthcheck-unhealthy-threshold", 3),
        "healthy_threshold": settings.number("healthcheck-healthy-threshold", 5),
    })
}

/// The volume of a PersistentVolume of block storage.
fn volume(object: &Value) -> Option<Made> {
    let csi = object.pointer("/spec/csi").filter(|csi| csi["driver"] == DRIVER)?;
    let about = json!({
        "size_gigabytes": gibibytes(text(object, "/spec/capacity/storage")),
        "filesystem_type": text(csi, "/fsType"),
        "retained": text(object, "/spec/persistentVolumeReclaimPolicy") == "Retain",
    });
    Some(Made { id: text(csi, "/volumeHandle").to_owned(), name: text(object, "/metadata/name").to_owned(), about })
}

/// Whole gibibytes of a quantity such as `100Gi`, rounded up; at least one, as every volume has.
fn gibibytes(quantity: &str) -> u64 {
    let end = quantity.find(|c: char| !c.is_ascii_digit()).unwrap_or(quantity.len());
    let (number, unit) = quantity.split_at(end);
    let number: u128 = number.parse().unwrap_or_default();
    let bytes = number.saturating_mul(match unit {
        "Ki" => 1 << 10,
        "Mi" => 1 << 20,
        "Gi" => 1 << 30,
        "Ti" => 1 << 40,
        "k" => 1_000,
        "M" => 1_000_000,
        "G" => 1_000_000_000,
        "T" => 1_000_000_000_000,
        _ => 1,
    });
    u64::try_from(bytes.div_ceil(1 << 30)).unwrap_or(u64::MAX).max(1)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_load_balancer_is_set_by_its_service_s_annotations() {
        let set = |name: &str| format!("{SETTING}{name}");
        let mut service = json!({
            "metadata": {
                "uid": "0b6f89db-0f6d-9156-cace-5f3c78dc9851", "finalizers": [FINALIZER],
                "annotations": {BALANCER_ID: "4de7ac8b-495b-4884-9a69-1050c6793cd6"},
            },
            "spec": {"ports": [{"port": 80, "nodePort": 30080}, {"port": 443, "nodePort": 30443}]},
        });
        let plain = balancer(&service).unwrap();
        assert_eq!(plain.name, "a0b6f89db0f6d9156cace5f3c78dc9851");
        assert_eq!((&plain.about["status"], &plain.about["size_unit"]), (&json!("new"), &json!(1)));
        assert_eq!(plain.about["forwarding_rules"][1]["entry_protocol"], "tcp");
        assert_eq!(plain.about["health_check"]["port"], 10_256);
        for (name, value) in [
            ("name", "maps"),
            ("size-unit", "2"),
            ("protocol", "http"),
            ("tls-ports", "443"),
            ("tls-passthrough", "true"),
            ("enable-proxy-protocol", "true"),
        ] {
            service["metadata"]["annotations"][set(name)] = json!(value);
        }
        service["spec"]["externalTrafficPolicy"] = json!("Local");
        service["spec"]["healthCheckNodePort"] = json!(31_000);
        service["status"] = json!({"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}});
        let set = balancer(&service).unwrap();
        assert_eq!(
            (set.name.as_str(), &set.about["ip"], &set.about["size_unit"]),
            ("maps", &json!("192.0.2.1"), &json!(2))
        );
        let rules = &set.about["forwarding_rules"];
        assert_eq!((&rules[0]["entry_protocol"], &rules[1]["target_protocol"]), (&json!("http"), &json!("https")));
        assert_eq!((&rules[1]["tls_passthrough"], &set.about["enable_proxy_protocol"]), (&json!(true), &json!(true)));
        assert_eq!(set.about["health_check"]["port"], 31_000);
        service["metadata"]["finalizers"] = json!([]);
        assert!(balancer(&service).is_none());
    }

    #[test]
    fn volumes_are_whole_gibibytes() {
        for (quantity, expected) in [("100Gi", 100), ("1Ti", 1024), ("1500Mi", 2), ("1", 1), ("", 1), ("5G", 5)] {
            assert_eq!(gibibytes(quantity), expected, "{quantity}");
        }
    }
}
