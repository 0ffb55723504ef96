//! A cloud with its standing cluster, and the programs that talk to it.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use maps_tests::{CloudServer, program};

/// A standing cluster and its clients.
pub(crate) struct World {
    // Dropped in this order: the cloud, then the folder that it lies in.
    pub(crate) cloud: CloudServer,
    home: tempfile::TempDir,
}

/// What a program said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Said {
    /// What it printed, if it succeeded.
    #[track_caller]
    pub(crate) fn ok(self) -> String {
        assert_eq!(self.code, 0, "{}{}", self.stdout, self.stderr);
        self.stdout
    }

    /// What it complained of, if it failed.
    #[track_caller]
    pub(crate) fn failed(self) -> String {
        assert_ne!(self.code, 0, "{}{}", self.stdout, self.stderr);
        self.stderr
    }
}

impl World {
    pub(crate) fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let cloud = CloudServer::start(&home.path().join("cloud"), &[]);
        Self { cloud, home }
    }

    /// The standing cluster's.
    pub(crate) fn kubeconfig(&self) -> PathBuf {
        self.cloud.dir().join("kubeconfig")
    }

    /// A folder of the test's own.
    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    fn run(&self, name: &str, arguments: &[&str], stdin: &str) -> Said {
        let home = self.home.path();
        let mut child = Command::new(program(name))
            .args(arguments)
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", home)
            .env("TMPDIR", home)
            .env("KUBECONFIG", self.kubeconfig())
            .current_dir(home)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        // A program that does not read its input has no use for it.
        let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
        let output = child.wait_with_output().unwrap();
        Said {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    pub(crate) fn kubectl(&self, arguments: &[&str]) -> Said {
        self.run("kubectl", arguments, "")
    }

    pub(crate) fn kubectl_with(&self, arguments: &[&str], stdin: &str) -> Said {
        self.run("kubectl", arguments, stdin)
    }

    pub(crate) fn helm(&self, arguments: &[&str]) -> Said {
        self.run("helm", arguments, "")
    }
}
