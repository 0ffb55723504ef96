//! What is installed with Helm, and the issuer of certificates: rows A3 and A4.

use serde_json::Value;

use crate::platform::Platform;

/// Release, namespace, chart with its version.
const RELEASES: [(&str, &str, &str); 6] = [
    ("cert-manager", "cert-manager", "cert-manager-v1.20.0"),
    ("cnpg", "cnpg-system", "cloudnative-pg-0.29.0"),
    ("external-dns", "kube-system", "external-dns-1.21.1"),
    ("external-secrets", "external-secrets", "external-secrets-2.9.0"),
    ("ingress-nginx", "ingress-nginx", "ingress-nginx-4.15.1"),
    ("metrics-server", "kube-system", "metrics-server-3.13.1"),
];

#[test]
fn a03_six_releases_are_deployed_as_the_real_helm_sees_them() {
    let platform = Platform::up();
    let listed: Value = serde_json::from_str(&platform.ask("helm", &["list", "-A", "-o", "json"])).unwrap();
    let text = |release: &Value, key: &str| release[key].as_str().unwrap().to_owned();
    let mut found: Vec<_> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|release| ["name", "namespace", "chart", "status", "revision"].map(|key| text(release, key)))
        .collect();
    found.sort();
    let wanted: Vec<_> = RELEASES
        .iter()
        .map(|(name, namespace, chart)| [name, namespace, chart, &"deployed", &"1"].map(|text| (*text).to_owned()))
        .collect();
    assert_eq!(found, wanted);
    // Custom resource definitions of the two charts that have to bring them, and the class and address of nginx.
    for definition in
        ["certificates.cert-manager.io", "externalsecrets.external-secrets.io", "clusters.postgresql.cnpg.io"]
    {
        platform.object("", "crd", definition);
    }
    let service = platform.object("ingress-nginx", "service", "ingress-nginx-controller");
    assert!(service["status"]["loadBalancer"]["ingress"][0]["ip"].is_string(), "{service}");
    let dns = platform.object("kube-system", "deployment", "external-dns");
    let arguments = dns["spec"]["template"]["spec"]["containers"][0]["args"].to_string();
    for part in ["--provider=aws", "--policy=sync", "--domain-filter=maps.gransassotech.it"] {
        assert!(arguments.contains(part), "{part} in {arguments}");
    }
}

#[test]
fn a03_the_real_helm_reads_rolls_back_and_uninstalls_what_the_stack_installed() {
    let platform = Platform::up();
    let of = |arguments: &[&str]| platform.ask("helm", arguments);
    for (name, namespace, _) in RELEASES {
        let history = of(&["history", name, "-n", namespace, "-o", "json"]);
        let history: Value = serde_json::from_str(&history).unwrap();
        assert_eq!((&history[0]["status"], &history[0]["revision"]), (&"deployed".into(), &1.into()), "{name}");
        let status: Value = serde_json::from_str(&of(&["status", name, "-n", namespace, "-o", "json"])).unwrap();
        assert_eq!(status["info"]["status"], "deployed", "{name}");
        let manifest = of(&["get", "manifest", name, "-n", namespace]);
        assert!(manifest.contains("kind: Deployment") && manifest.contains("# Source: "), "{name}");
    }
    let values: Value =
        serde_json::from_str(&of(&["get", "values", "external-dns", "-n", "kube-system", "-o", "json"])).unwrap();
    assert_eq!(values["domainFilters"][0], "maps.gransassotech.it");
    of(&["rollback", "metrics-server", "1", "-n", "kube-system", "--wait", "--timeout", "120s"]);
    let history: Value =
        serde_json::from_str(&of(&["history", "metrics-server", "-n", "kube-system", "-o", "json"])).unwrap();
    assert_eq!(history[1]["status"], "deployed");
    of(&["uninstall", "metrics-server", "-n", "kube-system", "--wait", "--timeout", "120s"]);
    // The stack puts back what somebody took away.
    let again = platform.again(&[]).expect(0);
    assert_eq!((again.summary()["failed"].as_i64(), again.changes()[0]), (Some(0), 1), "{}", again.stdout);
    assert!(of(&["list", "-n", "kube-system"]).contains("metrics-server-3.13.1"));
}

#[test]
fn a04_the_issuer_is_lets_encrypt_through_ingress_nginx_and_ready() {
    let platform = Platform::up();
    let issuer = platform.object("", "clusterissuer", "letsencrypt-prod");
    let acme = &issuer["spec"]["acme"];
    assert_eq!(acme["server"], "https://acme-v02.api.letsencrypt.org/directory");
    assert_eq!(acme["email"], "admin@gransassotech.org");
    assert_eq!(acme["privateKeySecretRef"]["name"], "letsencrypt-prod");
    assert_eq!(acme["solvers"][0]["http01"]["ingress"]["ingressClassName"], "nginx");
    let conditions = issuer["status"]["conditions"].as_array().unwrap();
    assert!(conditions.iter().any(|c| c["type"] == "Ready" && c["status"] == "True"), "{conditions:?}");
}
