//! Prefect, OpenMetadata and CKAN, and the order of it all: rows A14 and A15.

use serde_json::{Value, json};

use crate::platform::{Platform, run};

#[test]
fn a14_three_services_answer_under_their_hosts_with_certificates() {
    let platform = Platform::up();
    for (name, host, port) in [("prefect", "prefect", 4200), ("openmetadata", "metadata", 8585), ("ckan", "ckan", 5000)]
    {
        let host = format!("{host}.maps.gransassotech.it");
        let ingress = platform.object("maps", "ingress", name);
        assert_eq!(ingress["spec"]["rules"][0]["host"], host);
        let backend = &ingress["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"];
        assert_eq!(*backend, json!({"name": name, "port": {"number": port}}));
        assert_eq!(ingress["spec"]["tls"][0], json!({"hosts": [host], "secretName": format!("{name}-tls")}));
        assert_eq!(ingress["metadata"]["annotations"]["cert-manager.io/cluster-issuer"], "letsencrypt-prod");
        assert!(ingress["status"]["loadBalancer"]["ingress"][0]["ip"].is_string(), "{ingress}");
        let deployment = platform.object("maps", "deployment", name);
        assert_eq!(deployment["status"]["availableReplicas"], 1, "{name}");
        let endpoints = platform.ask(
            "kubectl",
            &["-n", "maps", "get", "endpointslices", "-l", &format!("kubernetes.io/service-name={name}"), "-o", "json"],
        );
        let endpoints: Value = serde_json::from_str(&endpoints).unwrap();
        assert_eq!(
            endpoints["items"][0]["endpoints"].as_array().map(Vec::len),
            Some(1),
            "{name} has somebody to answer"
        );
        // cert-manager's certificate, once Let's Encrypt found the host.
        assert!(platform.secret("maps", &format!("{name}-tls"), "tls.crt").contains("BEGIN CERTIFICATE"));
    }
    let bronze = platform.object("maps", "pvc", "bronze");
    assert_eq!(bronze["spec"]["resources"]["requests"]["storage"], "100Gi");
}

#[test]
fn a14_outputs_are_the_three_urls_the_endpoint_and_the_address_of_postgresql() {
    let platform = Platform::up();
    let outputs =
        platform.stack.maps().run(["output", "stack.yaml", &platform.cloud.flag(), "--output", "json"]).expect(0);
    let outputs = outputs.events();
    let of = |name: &str| {
        let found = outputs.iter().find(|event| event["event"] == "output" && event["name"] == name);
        found.unwrap_or_else(|| panic!("no {name} in {outputs:?}"))["value"].clone()
    };
    assert_eq!(of("prefect"), "https://prefect.maps.gransassotech.it");
    assert_eq!(of("openmetadata"), "https://metadata.maps.gransassotech.it");
    assert_eq!(of("ckan"), "https://ckan.maps.gransassotech.it");
    assert!(of("postgres").as_str().unwrap().starts_with("maps-postgres-rw.maps.svc"), "{}", of("postgres"));
    assert!(of("endpoint").as_str().unwrap().starts_with("https://"));
}

#[test]
fn a15_the_order_is_the_documents_and_what_is_independent_runs_side_by_side() {
    let events = run().first.events();
    let at = |kind: &str, address: &str| {
        let place = events.iter().position(|event| event["event"] == kind && event["address"] == address);
        place.unwrap_or_else(|| panic!("no {kind} of {address}"))
    };
    let release = |name: &str| format!("release[\"{name}\"]");
    let after = |later: &str, earlier: &str| {
        assert!(at("started", later) > at("finished", earlier), "{later} is to come after {earlier}");
    };
    after("external_dns_credentials", "cluster");
    after("external_dns_credentials", "external_dns_key");
    for name in ["metrics-server", "cert-manager", "ingress-nginx", "external-dns", "external-secrets", "cnpg"] {
        after(&release(name), "external_dns_credentials");
    }
    after("cluster_issuer", &release("cert-manager"));
    after("ingress_record", "load_balancer");
    after("service_secret[\"postgres\"]", &release("external-secrets"));
    after("postgres", "service_secret[\"postgres\"]");
    after("postgres", "backup_credentials");
    after("prefect", "postgres");
    after("ingress[\"prefect\"]", "cluster_issuer");
    // All six releases are under way before the first of them has ended.
    let names = ["metrics-server", "cert-manager", "ingress-nginx", "external-dns", "external-secrets", "cnpg"];
    let last_start = names.iter().map(|name| at("started", &release(name))).max().unwrap();
    let first_end = names.iter().map(|name| at("finished", &release(name))).min().unwrap();
    assert!(last_start < first_end, "the releases wait for each other");
}
