//! The six releases of stacks/maps, installed by the real helm from the local cloud's own repositories.

use std::sync::mpsc;
use std::time::Duration;

use maps_tests::root;
use serde_json::json;

use crate::world::{Said, World};

/// Release, namespace, repository and chart, as stacks/maps has them.
const RELEASES: [[&str; 4]; 6] = [
    ["metrics-server", "kube-system", "kubernetes-sigs.github.io/metrics-server", "metrics-server"],
    ["cert-manager", "cert-manager", "charts.jetstack.io", "cert-manager"],
    ["ingress-nginx", "ingress-nginx", "kubernetes.github.io/ingress-nginx", "ingress-nginx"],
    ["external-dns", "kube-system", "kubernetes-sigs.github.io/external-dns", "external-dns"],
    ["external-secrets", "external-secrets", "charts.external-secrets.io", "external-secrets"],
    ["cnpg", "cnpg-system", "cloudnative-pg.github.io/charts", "cloudnative-pg"],
];

/// Custom objects as the platform's document has them.
const CUSTOM: &str = r"
apiVersion: cert-manager.io/v1
kind: ClusterIssuer
metadata: {name: letsencrypt-prod}
spec:
  acme:
    email: admin@gransassotech.org
    server: https://acme-v02.api.letsencrypt.org/directory
    privateKeySecretRef: {name: letsencrypt-prod}
    solvers: [{http01: {ingress: {ingressClassName: nginx}}}]
---
apiVersion: external-secrets.io/v1
kind: SecretStore
metadata: {name: aws, namespace: default}
spec:
  provider:
    aws:
      service: ParameterStore
      region: eu-central-1
      auth: {secretRef: {accessKeyIDSecretRef: {name: key, key: id}, secretAccessKeySecretRef: {name: key, key: secret}}}
---
apiVersion: postgresql.cnpg.io/v1
kind: Cluster
metadata: {name: maps-postgres, namespace: default}
spec:
  instances: 2
  imageName: ghcr.io/cloudnative-pg/postgis:17
  storage: {size: 100Gi, storageClass: do-block-storage}
  backup:
    barmanObjectStore:
      destinationPath: s3://gst-maps-backups/postgres
      wal: {compression: gzip}
    retentionPolicy: 30d
";

/// Runs helm for every release at once while virtual time goes on, so that nothing waits in real time.
fn for_all(world: &World, words: impl Fn(&[&str; 4]) -> Vec<String> + Sync) -> Vec<Said> {
    let client = world.cloud.client();
    std::thread::scope(|scope| {
        let (sender, finished) = mpsc::channel();
        for (at, release) in RELEASES.iter().enumerate() {
            let (sender, words) = (sender.clone(), words(release));
            scope.spawn(move || {
                let words: Vec<&str> = words.iter().map(String::as_str).collect();
                let _ = sender.send((at, world.helm(&words)));
            });
        }
        drop(sender);
        let mut said = Vec::new();
        while said.len() < RELEASES.len() {
            match finished.recv_timeout(Duration::from_millis(50)) {
                Ok(one) => said.push(one),
                Err(mpsc::RecvTimeoutError::Timeout) => {
                    let (status, _) = client.control("POST", "/advance", Some(&json!({"ms": 5_000})));
                    // It gives up where requests stay in flight, and is asked again.
                    assert!(status < 300 || status == 409, "{status}");
                }
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
            }
        }
        said.sort_by_key(|(at, _)| *at);
        said.into_iter().map(|(_, said)| said).collect()
    })
}

#[test]
fn helm_installs_waits_for_and_uninstalls_the_small_charts_with_the_values_of_the_stack() {
    let world = World::new();
    let url = world.cloud.description()["charts_url"].as_str().unwrap().to_owned();
    let pool = "doks.digitalocean.com/node-pool=general-purpose";
    world.kubectl(&["label", "nodes", "--all", "--overwrite", pool]).ok();
    let key = ["--from-literal=ACCESS_KEY_ID=a", "--from-literal=SECRET_ACCESS_KEY=b"];
    let secret = ["-n", "kube-system", "create", "secret", "generic", "external-dns-credentials"];
    world.kubectl(&[&secret[..], &key].concat()).ok();
    let install = |[release, namespace, repository, chart]: &[&str; 4]| {
        let values = root().join(format!("stacks/maps/helm/maps/{release}.yaml"));
        let line = format!("install {release} {chart} --repo {url}/{repository} -n {namespace} --create-namespace");
        let mut words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        words.extend(["-f".to_owned(), values.display().to_string(), "--wait".to_owned()]);
        words.extend(["--timeout".to_owned(), "10m".to_owned()]);
        if *release == "external-dns" {
            words.extend(["--set".to_owned(), "domainFilters={maps.example}".to_owned()]);
        }
        words
    };
    for said in for_all(&world, install) {
        said.ok();
    }
    let pods = world.kubectl(&["get", "pods", "-A", "--no-headers"]).ok();
    let ready = |line: &&str| line.split_whitespace().skip(2).take(2).eq(["1/1", "Running"]);
    assert_eq!((pods.lines().filter(ready).count(), pods.lines().count()), (18, 18), "{pods}");
    let address =
        ["-n", "ingress-nginx", "get", "service", "ingress-nginx-controller", "-o", "jsonpath={.status.loadBalancer}"];
    assert!(world.kubectl(&address).ok().contains("\"ip\""));

    world.kubectl_with(&["apply", "-f", "-"], CUSTOM).ok();
    // The document's own words for it: the real operator has no such field either.
    let retention = CUSTOM.replace("compression: gzip", "retention: 7d");
    let told = world.kubectl_with(&["apply", "-f", "-"], &retention).failed();
    assert!(told.contains("unknown field \"spec.backup.barmanObjectStore.wal.retention\""), "{told}");
    let size = CUSTOM.replace("instances: 2", "instances: 0");
    let told = world.kubectl_with(&["apply", "-f", "-"], &size).failed();
    assert!(told.contains("spec.instances") && told.contains("greater than or equal to 1"), "{told}");
    world.kubectl_with(&["delete", "-f", "-", "--wait=false"], CUSTOM).ok();

    let uninstall = |[release, namespace, ..]: &[&str; 4]| {
        let line = format!("uninstall {release} -n {namespace} --wait --timeout 10m");
        line.split(' ').map(str::to_owned).collect()
    };
    for said in for_all(&world, uninstall) {
        said.ok();
    }
    assert_eq!(world.helm(&["list", "-A", "-q"]).ok(), "");
    // What says that it stays, and what a chart's folder crds/ has, which no release owns.
    let kept = world.kubectl(&["get", "crd", "-o", "name"]).ok();
    assert_eq!(kept.lines().count(), 6 + 4 + 1, "{kept}");
}
