//! The versions of a release that a cluster keeps.

use maps_kube_objects::problem::told;
use maps_sdk::kube::{Apply, Cluster, Delete, Deletion, ListOptions, TypeMeta};
use maps_sdk::{Problem, Step, clock};

use super::moment::Moment;
use super::record::{Record, secret_id, status};

/// All versions of one release, the oldest first.
pub(crate) struct History {
    pub(crate) records: Vec<Record>,
}

impl History {
    /// Reads them, in one request.
    ///
    /// # Errors
    /// When the cluster could not be asked, or a record cannot be read.
    pub(crate) fn read(cluster: &Cluster, namespace: &str, name: &str) -> Result<Self, Problem> {
        let list = ListOptions {
            kind: TypeMeta::new("v1", "Secret"),
            namespace: Some(namespace.to_owned()),
            label_selector: Some(format!("name={name},owner=helm")),
            field_selector: None,
        };
        let mut records: Vec<Record> = cluster.list(&list)?.iter().map(Record::read).collect::<Result<_, _>>()?;
        records.sort_by_key(|record| record.release.version);
        Ok(Self { records })
    }

    pub(crate) fn latest(&self) -> Option<&Record> {
        self.records.last()
    }

    /// The version that is installed, as far as one was installed wholly.
    pub(crate) fn deployed(&self) -> Option<&Record> {
        self.records.iter().rev().find(|record| record.status() == status::DEPLOYED)
    }

    /// The version to go back to from a later one.
    pub(crate) fn successful(&self) -> Option<&Record> {
        let good = |record: &&Record| matches!(record.status(), status::DEPLOYED | status::SUPERSEDED);
        self.records.iter().rev().find(good)
    }

    pub(crate) fn at(&self, revision: u64) -> Option<&Record> {
        self.records.iter().find(|record| record.release.version == revision)
    }

    /// Those whose objects may be in the cluster beside those of `revision`: the installed one, and what failed since.
    pub(crate) fn before(&self, revision: u64) -> impl Iterator<Item = &Record> {
        let earlier = move |record: &&Record| record.release.version < revision;
        let installed = self.records.iter().rev().filter(earlier).find(|record| record.status() == status::DEPLOYED);
        let from = installed.map_or(0, |record| record.release.version);
        let left = move |record: &&Record| record.release.version >= from && record.status() != status::UNINSTALLED;
        self.records.iter().filter(earlier).filter(left)
    }

    /// The versions that are too many once there is another one. What is installed stays.
    pub(crate) fn surplus(&self, max: u64) -> Vec<u64> {
        let keep = usize::try_from(max.saturating_sub(1)).unwrap_or(usize::MAX);
        let over = if max == 0 { 0 } else { self.records.len().saturating_sub(keep) };
        let installed = self.deployed().map(|record| record.release.version);
        let old = self.records.iter().map(|record| record.release.version);
        old.filter(|revision| Some(*revision) != installed).take(over).collect()
    }
}

/// Makes the record of a version that is not there yet.
///
/// # Errors
/// `already-exists` where it is there; what the server refuses.
pub(crate) fn create(cluster: &Cluster, step: Step, record: &Record) -> Result<(), Problem> {
    let secret = record.secret(Moment::of_ms(clock::now()))?;
    cluster.create(step, &secret).map(drop).map_err(|problem| of(record, problem))
}

/// Writes records of versions that are there.
///
/// # Errors
/// The first that the server refuses.
pub(crate) fn write(cluster: &Cluster, step: Step, records: &[&Record]) -> Result<(), Problem> {
    let now = Moment::of_ms(clock::now());
    let mut writes = Vec::with_capacity(records.len());
    for record in records {
        // Whoever wrote the record before, helm or maps, there is one truth about it.
        writes.push((vec![step], Apply::new(&record.secret(now)?, true)?));
    }
    for (record, answer) in records.iter().zip(cluster.apply_all(writes)) {
        answer.map_err(|problem| of(record, problem))?;
    }
    Ok(())
}

/// Deletes the records of versions.
///
/// # Errors
/// The first that the server refuses.
pub(crate) fn delete(
    cluster: &Cluster,
    step: Step,
    namespace: &str,
    name: &str,
    revisions: &[u64],
) -> Result<(), Problem> {
    let ids: Vec<_> = revisions.iter().map(|revision| secret_id(namespace, name, *revision)).collect();
    let deletes = ids.iter().map(|id| (vec![step], Delete::any(id.reference()))).collect();
    for (id, answer) in ids.iter().zip(cluster.delete_all(deletes)) {
        match answer {
            Ok(Deletion::Absent | Deletion::Gone | Deletion::UnderWay) => {}
            Err(problem) => return Err(told(id, problem)),
        }
    }
    Ok(())
}

fn of(record: &Record, problem: Problem) -> Problem {
    let release = &record.release;
    told(&secret_id(&release.namespace, &release.name, release.version), problem)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(statuses: &[&str]) -> History {
        let record = |(at, status): (usize, &&str)| {
            let mut record = Record::default();
            record.release.version = at as u64 + 1;
            record.set(status, "");
            record
        };
        History { records: statuses.iter().enumerate().map(record).collect() }
    }

    #[test]
    fn what_is_installed_is_never_surplus() {
        let all = history(&["superseded", "deployed", "failed", "failed"]);
        assert_eq!(all.surplus(10), Vec::<u64>::new());
        assert_eq!(all.surplus(4), [1]);
        assert_eq!(all.surplus(3), [1, 3]);
        assert_eq!(all.surplus(1), [1, 3, 4]);
        assert_eq!(all.surplus(0), Vec::<u64>::new());
    }

    #[test]
    fn objects_may_be_left_of_what_failed_since() {
        let of = |statuses: &[&str], revision| -> Vec<u64> {
            history(statuses).before(revision).map(|record| record.release.version).collect()
        };
        assert_eq!(of(&["superseded", "deployed", "failed", "pending-upgrade"], 4), [2, 3]);
        assert_eq!(of(&["failed", "failed"], 3), [1, 2]);
        assert_eq!(of(&["uninstalled"], 2), Vec::<u64>::new());
    }
}
