//! A stack with one release of `tests/charts/shop`, a cloud with its standing cluster, and the real helm beside it.

use std::collections::BTreeSet;
use std::process::{Child, Command, Stdio};

use maps_tests::scenario::{release, with_kubeconfig};
use maps_tests::{CloudServer, Finished, StackDir, program};
use serde_json::Value;

/// The stack, its cloud, and who else talks to it.
pub(crate) struct Shop {
    // Dropped in this order: the cloud, then the folder that it lies in.
    pub(crate) cloud: CloudServer,
    pub(crate) stack: StackDir,
    /// What was in the cluster before.
    pub(crate) before: Value,
}

impl Shop {
    pub(crate) fn new() -> Self {
        let stack = release("shop");
        let cloud = CloudServer::start(&stack.path().join("cloud"), &[]);
        with_kubeconfig(&stack, &cloud);
        let mut shop = Self { cloud, stack, before: Value::Null };
        // The cluster stands once somebody has looked at it.
        shop.kubectl(&["get", "namespaces"]);
        shop.before = shop.cloud.inventory();
        shop
    }

    /// Sets values of the chart, in place of those before.
    pub(crate) fn values(&self, values: &str) {
        let text = self.stack.text();
        let (head, _) = text.split_once("values: {").expect("the release has values");
        self.stack.write(&format!("{head}values: {{{values}}}}}\n"));
    }

    /// Sets something else of the release.
    pub(crate) fn set(&self, inputs: &str) {
        self.stack.edit("name: shop,", &format!("name: shop, {inputs},"));
    }

    pub(crate) fn maps(&self, command: &str, more: &[&str]) -> Finished {
        let flag = self.cloud.flag();
        self.stack.maps().run([command, "stack.yaml", &flag, "--output", "json"].iter().chain(more))
    }

    pub(crate) fn run(&self) -> Finished {
        self.maps("run", &["--yes"])
    }

    /// What a run changed that went well.
    #[track_caller]
    pub(crate) fn up(&self) -> [i64; 4] {
        self.run().expect(0).changes()
    }

    /// Another run changes nothing and writes nothing.
    #[track_caller]
    pub(crate) fn rests(&self) {
        let writes = self.cloud.calls("write");
        assert_eq!(self.up(), [0; 4]);
        assert_eq!(self.cloud.calls("write"), writes, "a run without changes wrote");
    }

    /// Takes the stack away: all is as it was, but for what Helm leaves too, definitions and the namespace.
    #[track_caller]
    pub(crate) fn leaves_nothing(&self) {
        // A namespace brings an account and the authority's certificate.
        const STAYS: [&str; 5] =
            ["shop", "shop/default", "shop/kube-root-ca.crt", "gauges.example.com", "v1.example.com"];
        let _ = self.maps("destroy", &["--yes"]).expect(0);
        let mut now = self.cloud.inventory();
        let inside = now["kubernetes"]["standing"].as_object_mut().unwrap();
        for objects in inside.values_mut().filter_map(Value::as_object_mut) {
            objects.retain(|key, _| !STAYS.contains(&key.as_str()));
        }
        inside.retain(|_, objects| objects.as_object().is_none_or(|objects| !objects.is_empty()));
        let keys = |objects: &Value| -> BTreeSet<String> {
            objects.as_object().into_iter().flatten().map(|(k, _)| k.clone()).collect()
        };
        for (kind, objects) in &*inside {
            let before = keys(&self.before["kubernetes"]["standing"][kind]);
            assert!(keys(objects).is_subset(&before), "left of {kind}: {:?}", keys(objects).difference(&before));
        }
        assert!(now == self.before, "something else is not as it was");
    }

    /// Objects of the release's namespace in the cluster, by what the inventory calls their kind.
    pub(crate) fn names(&self, kind: &str) -> Vec<String> {
        let inventory = self.cloud.inventory();
        let objects = inventory["kubernetes"]["standing"][kind].as_object().into_iter().flatten();
        let names = objects.filter_map(|(key, _)| key.strip_prefix("shop/").map(str::to_owned));
        names.filter(|name| !name.starts_with("sh.helm.")).collect()
    }

    /// An object of the release's namespace.
    pub(crate) fn object(&self, kind: &str, name: &str) -> Value {
        self.cloud.inventory()["kubernetes"]["standing"][kind][format!("shop/{name}")].clone()
    }

    /// The Deployment's replicas.
    pub(crate) fn replicas(&self) -> Value {
        self.object("apps/deployments", "shop")["spec"]["replicas"].clone()
    }

    /// The versions of the release, each with its status.
    pub(crate) fn history(&self) -> Vec<String> {
        let inventory = self.cloud.inventory();
        let secrets = inventory["kubernetes"]["standing"]["secrets"].as_object().into_iter().flatten();
        let records = secrets.filter(|(key, _)| key.starts_with("shop/sh.helm.release.v1.shop.v"));
        let labels = records.map(|(_, secret)| &secret["metadata"]["labels"]);
        let mut all: Vec<(u32, &str)> = labels
            .map(|labels| (labels["version"].as_str().unwrap().parse().unwrap(), labels["status"].as_str().unwrap()))
            .collect();
        all.sort_unstable();
        all.into_iter().map(|(version, status)| format!("{version} {status}")).collect()
    }

    fn client(&self, name: &str, arguments: &[&str]) -> Command {
        let home = self.stack.path();
        let mut command = Command::new(program(name));
        command.args(arguments).args(["--namespace", "shop"]).env_clear().env("PATH", "/usr/bin:/bin");
        command.env("HOME", home).env("TMPDIR", home).env("KUBECONFIG", self.cloud.dir().join("kubeconfig"));
        command.current_dir(home).stdin(Stdio::null());
        command
    }

    #[track_caller]
    fn ask(&self, name: &str, arguments: &[&str]) -> String {
        let output = self.client(name, arguments).output().expect("it starts");
        assert!(output.status.success(), "{name} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// The real helm, which has to succeed; what it printed.
    #[track_caller]
    pub(crate) fn helm(&self, arguments: &[&str]) -> String {
        self.ask("helm", arguments)
    }

    /// The same of kubectl.
    #[track_caller]
    pub(crate) fn kubectl(&self, arguments: &[&str]) -> String {
        self.ask("kubectl", arguments)
    }

    /// The real helm, killed once the release's latest version has a status.
    pub(crate) fn helm_killed(&self, arguments: &[&str], at: &str) {
        let mut child = self.client("helm", arguments);
        let mut child = Guard(child.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
        while self.history().pop().is_none_or(|last| !last.ends_with(at)) {
            assert!(child.0.try_wait().unwrap().is_none(), "helm {arguments:?} ended before it was {at}");
        }
    }
}

/// A program that is killed with SIGKILL in the end.
struct Guard(Child);

impl Drop for Guard {
    fn drop(&mut self) {
        // If it ended by itself, there is nothing to kill.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The messages of problems that a run told.
pub(crate) fn told(finished: &Finished) -> String {
    format!("{}\n{}", finished.stdout, finished.stderr)
}
