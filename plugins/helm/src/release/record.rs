//! A version of a release as Helm stores it: a Secret `sh.helm.release.v1.NAME.vN` with gzipped JSON.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use maps_kube_objects::id::{ObjectId, text};
use maps_sdk::{Class, Problem};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::moment::Moment;

/// What a Secret may hold (Kubernetes), in base64 and gzipped: Helm meets the same limit.
const SECRET_BYTES: usize = 1 << 20;
/// What a record may unpack to: charts of the size that a Secret takes stay below a tenth of it.
const RECORD_BYTES: u64 = 64 << 20;
/// Labels that Helm keeps for itself.
pub(crate) const SYSTEM_LABELS: [&str; 6] = ["name", "owner", "status", "version", "createdAt", "modifiedAt"];
/// Where maps says whose a record is, in annotations, which Helm leaves alone until it writes the record itself.
const STACK: &str = "maps.dev/stack";
const ADDRESS: &str = "maps.dev/address";
/// What was asked for, as a digest: the operation that a dead run began is known again by it.
const INPUTS: &str = "maps.dev/inputs";
/// What is installed, whatever version it has.
const CONTENT: &str = "maps.dev/content";
/// How far the operation is.
const PROGRESS: &str = "maps.dev/progress";
/// Where its chart came from.
const CHART: &str = "maps.dev/chart";

/// Statuses as Helm writes them.
pub(crate) mod status {
    pub(crate) const DEPLOYED: &str = "deployed";
    pub(crate) const FAILED: &str = "failed";
    pub(crate) const SUPERSEDED: &str = "superseded";
    pub(crate) const UNINSTALLED: &str = "uninstalled";
    pub(crate) const UNINSTALLING: &str = "uninstalling";
    pub(crate) const PENDING_INSTALL: &str = "pending-install";
    pub(crate) const PENDING_UPGRADE: &str = "pending-upgrade";
    pub(crate) const PENDING_ROLLBACK: &str = "pending-rollback";
}

/// The JSON of a version.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Release {
    #[serde(default)]
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) info: Info,
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub(crate) chart: Value,
    #[serde(default, skip_serializing_if = "is_empty")]
    pub(crate) config: Value,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) manifest: String,
    #[serde(default, skip_serializing_if = "is_none")]
    pub(crate) hooks: Option<Vec<StoredHook>>,
    #[serde(default)]
    pub(crate) version: u64,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) namespace: String,
    /// `ssa` for server-side apply.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) apply_method: String,
}

fn is_empty(value: &Value) -> bool {
    value.is_null() || value.as_object().is_some_and(Map::is_empty)
}

fn is_none(hooks: &Option<Vec<StoredHook>>) -> bool {
    hooks.as_ref().is_none_or(Vec::is_empty)
}

/// What Helm shows of a version.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Info {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) first_deployed: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) last_deployed: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) deleted: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) description: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) status: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) notes: String,
}

/// A hook of a version.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct StoredHook {
    #[serde(default)]
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) kind: String,
    #[serde(default)]
    pub(crate) path: String,
    #[serde(default)]
    pub(crate) manifest: String,
    #[serde(default, deserialize_with = "list")]
    pub(crate) events: Vec<String>,
    #[serde(default)]
    pub(crate) last_run: LastRun,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) weight: i64,
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "list")]
    pub(crate) delete_policies: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "list")]
    pub(crate) output_log_policies: Vec<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_zero(weight: &i64) -> bool {
    *weight == 0
}

/// Go writes a list that is none as null.
fn list<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// When a hook ran last, and what came of it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct LastRun {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) started_at: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) completed_at: String,
    #[serde(default)]
    pub(crate) phase: String,
}

/// Whose a version is, and how far: what maps adds to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) stack: String,
    pub(crate) address: String,
    pub(crate) inputs: String,
    pub(crate) content: String,
    pub(crate) progress: String,
    pub(crate) facts: Facts,
}

/// Where what is installed came from, which Helm does not keep.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Facts {
    pub(crate) origin: String,
    pub(crate) digest: String,
    pub(crate) pins: BTreeMap<String, String>,
    pub(crate) sources: String,
    /// Do the notes hold what is nobody's business: something made anew each time, or made of a secret?
    pub(crate) private_notes: bool,
}

/// A version with what surrounds it in its Secret.
#[derive(Clone, Debug, Default)]
pub(crate) struct Record {
    pub(crate) release: Release,
    /// Labels that the user gave.
    pub(crate) labels: BTreeMap<String, String>,
    /// None where Helm wrote it last.
    pub(crate) mark: Option<Mark>,
    /// When it was written last, in seconds since 1970.
    pub(crate) modified: u64,
}

/// The Secret that holds a version.
pub(crate) fn secret_name(name: &str, revision: u64) -> String {
    format!("sh.helm.release.v1.{name}.v{revision}")
}

/// The Secret that holds a version, as calls name it.
pub(crate) fn secret_id(namespace: &str, name: &str, revision: u64) -> ObjectId {
    ObjectId {
        api_version: "v1".to_owned(),
        kind: "Secret".to_owned(),
        namespace: Some(namespace.to_owned()),
        name: secret_name(name, revision),
    }
}

impl Record {
    /// Reads a Secret.
    ///
    /// # Errors
    /// When it holds no release, or one that cannot be read.
    pub(crate) fn read(secret: &Value) -> Result<Self, Problem> {
        let name = text(secret, "/metadata/name").unwrap_or("?");
        let wrong = |why: &str| {
            let message = format!("the record of the release, Secret {name}, {why}");
            Problem::new(Class::Conflict, "unreadable-record", message)
                .help("look at it with `helm history`; delete the Secret if nothing can be made of it")
        };
        let encoded = match secret.pointer("/data/release") {
            Some(Value::String(encoded)) => encoded,
            Some(_) => return Err(wrong("is sealed: the host did not open it for this release")),
            None => return Err(wrong("has no `data.release`")),
        };
        let inner = BASE64.decode(encoded).map_err(|_| wrong("is no base64"))?;
        let packed = BASE64.decode(inner).map_err(|_| wrong("holds no base64 as Helm writes it"))?;
        let mut json = Vec::new();
        if packed.starts_with(&[0x1f, 0x8b, 0x08]) {
            let read = GzDecoder::new(&*packed).take(RECORD_BYTES + 1).read_to_end(&mut json);
            read.map_err(|_| wrong("is not gzipped as it should be"))?;
            if json.len() as u64 > RECORD_BYTES {
                return Err(wrong("is larger than any release"));
            }
        } else {
            json = packed;
        }
        let release: Release = serde_json::from_slice(&json).map_err(|_| wrong("holds no release in JSON"))?;
        if release.name.is_empty() || release.version == 0 {
            return Err(wrong("holds no release in JSON"));
        }
        let texts = |pointer: &str| -> BTreeMap<String, String> {
            let map = secret.pointer(pointer).and_then(Value::as_object).into_iter().flatten();
            map.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
        };
        let all = texts("/metadata/labels");
        let moment = |label: &str| all.get(label).and_then(|seconds| seconds.parse().ok());
        let modified = moment("modifiedAt").or_else(|| moment("createdAt")).unwrap_or(0);
        let annotations = texts("/metadata/annotations");
        let said = |key: &str| annotations.get(key).cloned().unwrap_or_default();
        let mark = annotations.contains_key(STACK).then(|| Mark {
            stack: said(STACK),
            address: said(ADDRESS),
            inputs: said(INPUTS),
            content: said(CONTENT),
            progress: said(PROGRESS),
            facts: serde_json::from_str(&said(CHART)).unwrap_or_default(),
        });
        let labels = all.into_iter().filter(|(key, _)| !SYSTEM_LABELS.contains(&key.as_str())).collect();
        Ok(Self { release, labels, mark, modified })
    }

    /// The Secret, whose last change is now.
    ///
    /// # Errors
    /// When the release is larger than a Secret may be.
    pub(crate) fn secret(&self, now: Moment) -> Result<Value, Problem> {
        let release = &self.release;
        let internal = || Problem::internal("record", "the record of the release cannot be written");
        let json = serde_json::to_vec(release).map_err(|_| internal())?;
        let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
        gzip.write_all(&json).map_err(|_| internal())?;
        let inner = BASE64.encode(gzip.finish().map_err(|_| internal())?);
        if inner.len() > SECRET_BYTES {
            let message = format!(
                "the release takes {} KiB, and a Secret of Kubernetes, in which Helm keeps a release, {} at most",
                inner.len() >> 10,
                SECRET_BYTES >> 10
            );
            return Err(Problem::invalid("release-size", message).at("chart").help(
                "a chart's files are kept with it: leave large ones out with .helmignore, or use fewer subcharts",
            ));
        }
        let mut labels: BTreeMap<&str, String> =
            self.labels.iter().map(|(key, value)| (key.as_str(), value.clone())).collect();
        labels.insert("name", release.name.clone());
        labels.insert("owner", "helm".to_owned());
        labels.insert("status", release.info.status.clone());
        labels.insert("version", release.version.to_string());
        labels.insert("modifiedAt", now.seconds().to_string());
        let name = secret_name(&release.name, release.version);
        let mut metadata = json!({"name": name, "namespace": release.namespace, "labels": labels});
        if let Some(mark) = &self.mark {
            metadata["annotations"] = json!({
                STACK: mark.stack, ADDRESS: mark.address, INPUTS: mark.inputs, CONTENT: mark.content,
                PROGRESS: mark.progress, CHART: json!(mark.facts).to_string(),
            });
        }
        Ok(json!({
            "apiVersion": "v1", "kind": "Secret", "type": "helm.sh/release.v1",
            "metadata": metadata, "data": {"release": BASE64.encode(inner)},
        }))
    }

    pub(crate) fn status(&self) -> &str {
        &self.release.info.status
    }

    pub(crate) fn is_pending(&self) -> bool {
        self.status().starts_with("pending-")
    }

    pub(crate) fn set(&mut self, status: &str, description: impl Into<String>) {
        self.release.info.status = status.to_owned();
        self.release.info.description = description.into();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    fn record() -> Record {
        let hook = StoredHook { name: "h".into(), events: vec!["pre-install".into()], weight: 5, ..Default::default() };
        let release = Release {
            name: "web".into(),
            info: Info { status: "deployed".into(), ..Info::default() },
            chart: json!({"metadata": {"name": "web", "version": "1.0.0"}, "lock": null}),
            config: json!({"size": 1.5}),
            manifest: "---\n# Source: web/templates/a.yaml\nkind: A\n".into(),
            hooks: Some(vec![hook]),
            version: 3,
            namespace: "apps".into(),
            apply_method: "ssa".into(),
        };
        let mark = Mark { stack: "s".into(), address: "a".into(), content: "c".into(), ..Mark::default() };
        Record { release, labels: [("team".into(), "x".into())].into(), mark: Some(mark), modified: 0 }
    }

    #[test]
    fn a_record_comes_back_from_its_secret() {
        let secret = record().secret(Moment::of_ms(1_700_000_000_000)).unwrap();
        assert_eq!(secret["metadata"]["name"], "sh.helm.release.v1.web.v3");
        assert_eq!(
            secret["metadata"]["labels"],
            json!({"name": "web", "owner": "helm", "status": "deployed", "version": "3", "team": "x",
                "modifiedAt": "1700000000"})
        );
        let back = Record::read(&secret).unwrap();
        assert_eq!((back.modified, back.release.version), (1_700_000_000, 3));
        assert_eq!(back.labels, record().labels);
        assert_eq!(back.mark, record().mark);
        assert_eq!(serde_json::to_value(&back.release).unwrap(), serde_json::to_value(&record().release).unwrap());
    }

    #[test]
    fn what_is_no_record_is_told() {
        for (data, why) in [
            (json!({}), "no `data.release`"),
            (json!({"release": {"$sealed": "h"}}), "sealed"),
            (json!({"release": "!"}), "no base64"),
            (json!({"release": BASE64.encode("!")}), "as Helm writes"),
            (json!({"release": BASE64.encode(BASE64.encode([0x1f, 0x8b, 8, 0, 1]))}), "gzipped"),
            (json!({"release": BASE64.encode(BASE64.encode("[]"))}), "in JSON"),
        ] {
            let problem = Record::read(&json!({"metadata": {"name": "s"}, "data": data})).err().unwrap();
            assert!(problem.message.contains(why), "{} lacks {why}", problem.message);
        }
    }
}
