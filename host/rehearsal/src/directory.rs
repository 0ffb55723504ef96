//! The directory of a cloud: its lock, its private files, and `cloud.json`.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::Error;

/// The version of `cloud.json`.
const CLOUD_FILE_VERSION: u32 = 1;

/// A cloud's directory, held by this process until dropped.
#[derive(Debug)]
pub(crate) struct Directory {
    path: PathBuf,
    /// The lock goes with the descriptor, so a killed process never leaves one behind.
    _lock: File,
}

impl Directory {
    /// Makes the directory where needed, private to the user, and takes its lock.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(Error::io("create", path))?;
        fs::set_permissions(path, fs::Permissions::from_mode(0o700)).map_err(Error::io("make private", path))?;
        let path = fs::canonicalize(path).map_err(Error::io("find", path))?;
        let lock_path = path.join("lock");
        let lock = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&lock_path)
            .map_err(Error::io("open", &lock_path))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path, _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(Error::AlreadyRunning { dir: path }),
            Err(TryLockError::Error(source)) => Err(Error::io("lock", lock_path)(source)),
        }
    }

    /// Where a file of this cloud lives.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// The directory, as an absolute path.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// Writes a private file so that a reader sees the old or the new one, whole.
pub(crate) fn write_atomically(path: &Path, content: &[u8]) -> Result<(), Error> {
    let mut staged = path.as_os_str().to_owned();
    staged.push(".new");
    let staged = PathBuf::from(staged);
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&staged)
        .map_err(Error::io("write", &staged))?;
    file.write_all(content).and_then(|()| file.sync_all()).map_err(Error::io("write", &staged))?;
    fs::rename(&staged, path).map_err(Error::io("replace", path))?;
    sync_parent(path)
}

/// Makes a rename or a new file in the parent directory durable.
pub(crate) fn sync_parent(path: &Path) -> Result<(), Error> {
    match path.parent() {
        Some(parent) => File::open(parent).and_then(|dir| dir.sync_all()).map_err(Error::io("sync", parent)),
        None => Ok(()),
    }
}

/// What `cloud.json` tells clients of a running cloud.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CloudFile {
    /// The version of this format.
    pub version: u32,
    /// The process that serves.
    pub pid: u32,
    /// The control endpoint, plain HTTP on loopback.
    pub control: String,
    /// The bearer token of the control endpoint.
    pub control_token: String,
    /// The certificate authority to trust, an absolute path.
    pub ca: PathBuf,
    /// Logical host names and the loopback addresses that answer for them.
    pub hosts: BTreeMap<String, String>,
    /// Where every service of AWS answers at once: what `AWS_ENDPOINT_URL` may be set to. Plain HTTP on loopback.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aws_endpoint_url: Option<String>,
    /// Below which every chart repository answers, by its host: `URL/charts.jetstack.io`. Plain HTTP on loopback.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub charts_url: Option<String>,
    /// Planted credentials, shaped like real ones.
    pub credentials: CredentialsFile,
    /// The kubeconfig of a standing cluster, once one is served.
    pub kubeconfig: Option<PathBuf>,
}

/// The planted credentials of a cloud, by service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CredentialsFile {
    /// DigitalOcean's API.
    pub digitalocean: TokenFile,
    /// The administrator of the account at AWS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aws: Option<AccessKeyFile>,
    /// The operator's key of DigitalOcean's Spaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spaces: Option<SpacesKeyFile>,
    /// Services that plugins declare, by host.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub declared: BTreeMap<String, TokenFile>,
}

/// A credential of one value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenFile {
    /// The value itself: a token, or `user:password`.
    pub token: String,
}

/// An access key of AWS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessKeyFile {
    /// The account's twelve digits.
    pub account_id: String,
    /// The key's id.
    pub access_key_id: String,
    /// Its secret.
    pub secret_access_key: String,
}

/// A key of DigitalOcean's Spaces.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpacesKeyFile {
    /// The key's id.
    pub access_key_id: String,
    /// Its secret.
    pub secret_access_key: String,
}

impl CloudFile {
    /// The version this crate writes.
    pub(crate) const VERSION: u32 = CLOUD_FILE_VERSION;

    /// Where it lies in a cloud's directory.
    pub fn path(dir: &Path) -> PathBuf {
        dir.join("cloud.json")
    }

    /// The credential's value that the cloud takes at a host, if it serves the host and demands one.
    pub fn token_for(&self, host: &str) -> Option<&str> {
        let token = match host == crate::digitalocean::HOST {
            true => Some(&self.credentials.digitalocean),
            false => self.credentials.declared.get(host),
        };
        token.filter(|_| self.hosts.contains_key(host)).map(|file| file.token.as_str())
    }

    /// Reads the `cloud.json` of a directory; after a kill it may name a process that is gone.
    pub fn read(dir: &Path) -> Result<Self, Error> {
        let path = Self::path(dir);
        let text = fs::read(&path).map_err(Error::io("read", &path))?;
        let file: Self = serde_json::from_slice(&text).map_err(|_| Error::Version { path: path.clone() })?;
        if file.version == CLOUD_FILE_VERSION { Ok(file) } else { Err(Error::Version { path }) }
    }

    /// Writes it whole, private to the user.
    pub(crate) fn write(&self, dir: &Path) -> Result<(), Error> {
        let path = Self::path(dir);
        let mut text =
            serde_json::to_vec_pretty(self).map_err(|e| Error::io("write", &path)(std::io::Error::other(e)))?;
        text.push(b'\n');
        write_atomically(&path, &text)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn a_directory_is_private_and_has_one_holder() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("a/b");
        let held = Directory::open(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
        assert!(matches!(Directory::open(&path), Err(Error::AlreadyRunning { .. })));
        drop(held);
        assert!(Directory::open(&path).is_ok());
    }

    #[test]
    fn a_file_written_atomically_is_private_and_replaces_the_old_one() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("f");
        write_atomically(&path, b"one").unwrap();
        write_atomically(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
