//! `maps cloud serve` in a process of its own, so that killing `maps run` leaves the cloud alone.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Child;

use serde_json::Value;

use crate::aws::{Aws, Keys};
use crate::{Client, Maps};

/// A running local cloud; ended when dropped.
#[derive(Debug)]
pub struct CloudServer {
    child: Child,
    dir: PathBuf,
    maps: Maps,
}

impl CloudServer {
    /// Starts a cloud in `dir` and returns once `cloud.json` is there.
    ///
    /// # Panics
    /// When it does not start.
    #[allow(clippy::expect_used)] // Without a cloud the test has nothing to say.
    pub fn start(dir: &Path, extra: &[&str]) -> Self {
        std::fs::create_dir_all(dir).expect("the test's own folder can be made");
        let maps = Maps::at(dir.parent().unwrap_or(dir));
        let mut command = maps.command(["cloud", "serve", "--dir"]);
        command.arg(dir).args(extra);
        let mut child = command.spawn().expect("target/debug/maps starts");
        // The first line of standard output comes once the cloud answers.
        let mut line = String::new();
        if let Some(stdout) = child.stdout.take() {
            let mut reader = BufReader::new(stdout);
            reader.read_line(&mut line).expect("the cloud says where it listens");
            std::thread::spawn(move || std::io::copy(&mut reader, &mut std::io::sink()));
        }
        assert!(dir.join("cloud.json").is_file(), "no cloud.json after {line:?}");
        Self { child, dir: dir.to_path_buf(), maps }
    }

    /// Its folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Its process, for signals.
    pub fn process(&self) -> &Child {
        &self.child
    }

    /// The kubeconfig of the standing cluster, by the name of its host.
    ///
    /// # Panics
    /// When there is none.
    #[allow(clippy::expect_used)] // A served cloud has one.
    pub fn kubeconfig(&self) -> String {
        let description = self.description();
        let path = description["kubeconfig"].as_str().expect("a cluster stands");
        let text = std::fs::read_to_string(path).expect("its kubeconfig can be read");
        let hosts = description["hosts"].as_object().expect("the cloud has hosts");
        let server = |(host, at): (&String, &Value)| Some((format!("https://{}\n", at.as_str()?), host.clone()));
        let named = hosts.iter().filter_map(server).find(|(at, _)| text.contains(at));
        let (at, host) = named.expect("a host leads to the cluster");
        text.replace(&at, &format!("https://{host}\n"))
    }

    /// `--rehearse=DIR`.
    pub fn flag(&self) -> String {
        format!("--rehearse={}", self.dir.display())
    }

    /// `cloud.json`.
    ///
    /// # Panics
    /// When it cannot be read.
    #[allow(clippy::expect_used)] // Checked at the start.
    pub fn description(&self) -> Value {
        let text = std::fs::read_to_string(self.dir.join("cloud.json")).expect("cloud.json is there");
        serde_json::from_str(&text).expect("cloud.json is JSON")
    }

    /// A client that maps knows nothing of.
    pub fn client(&self) -> Client {
        Client::new(&self.description())
    }

    /// Somebody else's hands on its AWS, with the keys of whoever may do everything.
    ///
    /// # Panics
    /// When `cloud.json` lacks what that needs.
    #[allow(clippy::expect_used)] // cloud.json is the contract under test.
    pub fn aws(&self) -> Aws {
        let description = self.description();
        let key = |name: &str| description["credentials"]["aws"][name].as_str().expect("keys of AWS").to_owned();
        let endpoint = description["aws_endpoint_url"].as_str().expect("one endpoint for all of AWS");
        Aws::new(endpoint, Keys { id: key("access_key_id"), secret: key("secret_access_key") })
    }

    /// What exists, without ids and times.
    pub fn inventory(&self) -> Value {
        let finished =
            self.maps.run(["cloud".as_ref(), "inventory".as_ref(), "--dir".as_ref(), self.dir.as_os_str()]).expect(0);
        serde_json::from_str(&finished.stdout).unwrap_or_default()
    }

    /// The calls that reached the cloud, by service, half and route.
    pub fn counts(&self) -> Value {
        let finished =
            self.maps.run(["cloud".as_ref(), "counts".as_ref(), "--dir".as_ref(), self.dir.as_os_str()]).expect(0);
        serde_json::from_str(&finished.stdout).unwrap_or_default()
    }

    /// How many calls of one half reached it, over all services.
    pub fn calls(&self, half: &str) -> u64 {
        let counts = self.counts();
        counts
            .as_object()
            .into_iter()
            .flat_map(|services| services.values())
            .filter_map(|service| service[half].as_object())
            .flat_map(|routes| routes.values())
            .filter_map(Value::as_u64)
            .sum()
    }
}

impl Drop for CloudServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
