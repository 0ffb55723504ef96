//! What an operator does with kubectl and helm, end to end.

use std::fs;

use crate::world::World;

const WEB: &str = r"
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: nginx:1}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
";

#[test]
fn kubectl_applies_both_ways_waits_diffs_describes_and_deletes() {
    let world = World::new();
    let said = world.kubectl_with(&["apply", "-f", "-"], WEB).ok();
    assert_eq!(said, "deployment.apps/web created\nservice/web created\n");
    let again = world.kubectl_with(&["apply", "-f", "-"], WEB).ok();
    assert_eq!(again, "deployment.apps/web unchanged\nservice/web unchanged\n");
    // What takes time in a real cluster takes virtual time here, and real time counts too.
    world.kubectl(&["wait", "--for=condition=Available", "deployment/web", "--timeout=60s"]).ok();
    let pods = world.kubectl(&["get", "pods", "-l", "app=web", "--no-headers"]).ok();
    assert_eq!(pods.lines().filter(|line| line.contains("Running")).count(), 2, "{pods}");

    let changed = WEB.replace("replicas: 2", "replicas: 1");
    let diff = world.kubectl_with(&["diff", "-f", "-"], &changed);
    assert_eq!(diff.code, 1, "{diff:?}");
    assert!(diff.stdout.contains("-  replicas: 2\n+  replicas: 1\n"), "{}", diff.stdout);
    let told = world.kubectl_with(&["apply", "--server-side", "--field-manager=other", "-f", "-"], &changed).failed();
    assert!(told.contains("conflict") && told.contains(".spec.replicas"), "{told}");
    world
        .kubectl_with(&["apply", "--server-side", "--field-manager=other", "--force-conflicts", "-f", "-"], &changed)
        .ok();

    let described = world.kubectl(&["describe", "deployment", "web"]).ok();
    assert!(described.contains("ScalingReplicaSet") && described.contains("nginx:1"), "{described}");
    let explained = world.kubectl(&["explain", "deployment.spec.replicas"]).ok();
    assert!(explained.contains("FIELD: replicas <integer>"), "{explained}");
    world.kubectl_with(&["delete", "-f", "-", "--timeout=60s"], WEB).ok();
    assert_eq!(world.kubectl(&["get", "all", "-l", "app=web", "-o", "name"]).ok(), "");
}

#[test]
fn kubectl_is_told_who_may_do_what() {
    let world = World::new();
    world.kubectl(&["create", "namespace", "team"]).ok();
    world.kubectl(&["-n", "team", "create", "serviceaccount", "robot"]).ok();
    world.kubectl(&["-n", "team", "create", "role", "reader", "--verb=get,list", "--resource=configmaps"]).ok();
    let bound = ["-n", "team", "create", "rolebinding", "robot", "--role=reader", "--serviceaccount=team:robot"];
    world.kubectl(&bound).ok();
    let robot = "--as=system:serviceaccount:team:robot";
    assert_eq!(world.kubectl(&["-n", "team", "auth", "can-i", "list", "configmaps", robot]).ok(), "yes\n");
    assert_eq!(world.kubectl(&["-n", "team", "auth", "can-i", "list", "secrets", robot]).stdout, "no\n");

    let token = world.kubectl(&["-n", "team", "create", "token", "robot"]).ok();
    let with = format!("--token={}", token.trim());
    // The kubeconfig's own token would go first, so the robot has a kubeconfig without one.
    let whole = fs::read_to_string(world.kubeconfig()).unwrap();
    let without: String =
        whole.lines().filter(|line| !line.contains("token:")).map(|line| format!("{line}\n")).collect();
    let own = world.home().join("robot");
    fs::write(&own, without.replace("  user:\n", "  user: {}\n")).unwrap();
    let own = format!("--kubeconfig={}", own.display());
    world.kubectl(&[&own, &with, "-n", "team", "get", "configmaps"]).ok();
    let told = world.kubectl(&[&own, &with, "-n", "team", "get", "secrets"]).failed();
    assert!(
        told.contains(
            "secrets is forbidden: User \"system:serviceaccount:team:robot\" cannot list resource \"secrets\" \
             in API group \"\" in the namespace \"team\""
        ),
        "{told}"
    );
}

#[test]
fn helm_installs_upgrades_rolls_back_and_uninstalls() {
    let world = World::new();
    world.helm(&["create", "shop"]).ok();
    world
        .helm(&["install", "shop", "./shop", "--namespace", "shop", "--create-namespace", "--wait", "--timeout", "90s"])
        .ok();
    world
        .helm(&["upgrade", "shop", "./shop", "-n", "shop", "--set", "replicaCount=3", "--wait", "--timeout", "90s"])
        .ok();
    let replicas =
        ["-n", "shop", "get", "deployment", "shop", "-o", "jsonpath={.spec.replicas}/{.status.readyReplicas}"];
    assert_eq!(world.kubectl(&replicas).ok(), "3/3");
    world.helm(&["rollback", "shop", "1", "-n", "shop", "--wait", "--timeout", "90s"]).ok();
    let history = world.helm(&["history", "shop", "-n", "shop"]).ok();
    assert!(history.contains("Rollback to 1"), "{history}");
    world.helm(&["uninstall", "shop", "-n", "shop", "--wait", "--timeout", "90s"]).ok();
    assert_eq!(world.kubectl(&["-n", "shop", "get", "deployments,services,secrets", "-o", "name"]).ok(), "");
}
