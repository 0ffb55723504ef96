//! The repositories of the local cloud, and the small charts in them, with the values that stacks/maps has for them.

use std::fs;

use maps_tests::{CloudServer, StackDir, root};

use crate::world::World;

type Chart = (&'static str, &'static str, &'static str, &'static str, &'static str, &'static [&'static str]);

/// Release, namespace, repository, chart and version, as stacks/maps has them; and what the stack adds to its values.
const RELEASES: [Chart; 6] = [
    ("metrics-server", "kube-system", "kubernetes-sigs.github.io/metrics-server", "metrics-server", "3.13.1", &[]),
    ("cert-manager", "cert-manager", "charts.jetstack.io", "cert-manager", "v1.20.0", &[]),
    ("ingress-nginx", "ingress-nginx", "kubernetes.github.io/ingress-nginx", "ingress-nginx", "4.15.1", &[]),
    (
        "external-dns",
        "kube-system",
        "kubernetes-sigs.github.io/external-dns",
        "external-dns",
        "1.21.1",
        &["--set", "domainFilters={maps.example}", "--include-crds"],
    ),
    ("external-secrets", "external-secrets", "charts.external-secrets.io", "external-secrets", "2.9.0", &[]),
    ("cnpg", "cnpg-system", "cloudnative-pg.github.io/charts", "cloudnative-pg", "0.29.0", &[]),
];

#[test]
fn helm_adds_finds_pulls_and_lints_what_the_local_cloud_has() {
    let world = World::new();
    let cloud = CloudServer::start(&world.path().join("cloud"), &[]);
    let url = cloud.description()["charts_url"].as_str().unwrap().to_owned();
    let config = ["--repository-config", "repositories.yaml", "--repository-cache", "cache"];
    let helm = |words: &[&str]| world.helm(&[words, &config].concat());
    for (release, namespace, repository, chart, version, set) in RELEASES {
        helm(&["repo", "add", release, &format!("{url}/{repository}")]).expect(0).stdout.clear();
        let name = format!("{release}/{chart}");
        let found = helm(&["search", "repo", &name, "--version", version]).expect(0).stdout;
        assert!(found.contains(&name) && found.contains(version), "{found}");
        helm(&["pull", &name, "--version", version, "--untar", "--untardir", "pulled"]).expect(0).stdout.clear();
        let values = root().join(format!("stacks/maps/helm/maps/{release}.yaml"));
        let folder = format!("pulled/{chart}");
        let words = ["lint", "--strict", "--quiet", &folder, "-n", namespace, "-f", values.to_str().unwrap()];
        let set = &set[..set.len().min(2)];
        let linted = helm(&[&words, set].concat());
        // The real chart's version begins with a `v` too, of which helm warns.
        let warned = linted.stdout.contains("[WARNING] Chart.yaml: version 'v1.20.0' is not a valid SemVerV2");
        assert!(linted.code == Some(0) || warned && linted.stdout.matches("[").count() == 1, "{linted:?}");
    }
    let told = helm(&["pull", "cert-manager/cert-manager", "--version", "v0.0.1"]).expect(1).stderr;
    assert!(told.contains("no chart version found for cert-manager-v0.0.1"), "{told}");
}

#[test]
fn maps_renders_them_as_helm_does() {
    let world = World::new();
    let cloud = CloudServer::start(&world.path().join("cloud"), &[]);
    let url = cloud.description()["charts_url"].as_str().unwrap().to_owned();
    for (release, namespace, repository, chart, version, set) in RELEASES {
        let values = root().join(format!("stacks/maps/helm/maps/{release}.yaml"));
        fs::copy(&values, world.path().join("values.yaml")).unwrap();
        let repository = format!("{url}/{repository}");
        let words = [release, chart, "--repo", &repository, "--version", version, "-n", namespace, "-f", "values.yaml"];
        let words = [&words, set].concat();
        let theirs = world.helm(&[&["template"], &words[..]].concat()).expect(0).stdout;
        assert!(theirs.contains("doks.digitalocean.com/node-pool: general-purpose"), "{release}: {theirs}");
        assert_eq!(world.maps(&words).expect(0).stdout, theirs, "{release}");
    }
}

#[test]
fn a_rehearsal_fetches_from_the_repositories_own_addresses() {
    let stack = StackDir::with(
        "maps: v1\nstack: charts\nplugins: {helm: {source: helm}}\nresources:\n  ingress:\n    type: helm/template\n\
         \x20   with: {chart: ingress-nginx, repo: https://kubernetes.github.io/ingress-nginx, version: ^4, name: web}\n\
         outputs: {version: \"${ingress.chart_version}\"}\n",
    );
    let cloud = CloudServer::start(&stack.path().join("cloud"), &["--fault", "charts:throttle@1"]);
    let done = stack.maps().run(["run", &cloud.flag(), "--yes", "--output", "json"]).expect(0);
    assert!(done.stdout.contains("\"4.15.1\""), "{}", done.stdout);
    let counts = cloud.counts();
    let read = counts["charts"]["read"].as_object().unwrap();
    for route in
        ["GET /index.yaml", "GET /releases/download/{tag}/{archive}", "GET /github-production-release-asset/{asset}"]
    {
        assert!(read.contains_key(route), "{read:?}");
    }
    assert!(!read.keys().any(|route| route.contains("no such")), "{read:?}");
}
