//! Settings of postgresql.conf: those that the operator keeps for itself, and values that it refuses.

use maps_sdk::Report;

use super::model::Inputs;
use crate::quantity::{postgres, quantity};

/// Settings that are the operator's own, as of CloudNativePG 1.30.
const FIXED: &[&str] = &[
    "allow_alter_system",
    "allow_system_table_mods",
    "archive_cleanup_command",
    "archive_command",
    "archive_mode",
    "bonjour",
    "bonjour_name",
    "cluster_name",
    "config_file",
    "data_directory",
    "data_sync_retry",
    "event_source",
    "external_pid_file",
    "hba_file",
    "hot_standby",
    "ident_file",
    "jit_provider",
    "listen_addresses",
    "log_destination",
    "log_directory",
    "log_file_mode",
    "log_filename",
    "log_rotation_age",
    "log_rotation_size",
    "log_truncate_on_rotation",
    "logging_collector",
    "port",
    "primary_conninfo",
    "primary_slot_name",
    "promote_trigger_file",
    "recovery_end_command",
    "recovery_min_apply_delay",
    "recovery_target",
    "recovery_target_action",
    "recovery_target_inclusive",
    "recovery_target_lsn",
    "recovery_target_name",
    "recovery_target_time",
    "recovery_target_timeline",
    "recovery_target_xid",
    "restart_after_crash",
    "restore_command",
    "shared_preload_libraries",
    "ssl",
    "ssl_ca_file",
    "ssl_cert_file",
    "ssl_crl_file",
    "ssl_dh_params_file",
    "ssl_ecdh_curve",
    "ssl_key_file",
    "ssl_passphrase_command",
    "ssl_passphrase_command_supports_reload",
    "ssl_prefer_server_ciphers",
    "stats_temp_directory",
    "synchronous_standby_names",
    "syslog_facility",
    "syslog_ident",
    "syslog_sequence_numbers",
    "syslog_split_messages",
    "unix_socket_directories",
    "unix_socket_group",
    "unix_socket_permissions",
];

/// The annotation by which the write-ahead log is not archived.
const NO_ARCHIVE: &str = "cnpg.io/skipWalArchiving";
/// PostgreSQL's own.
const MIN_WAL_SIZE: &str = "80MB";
const MAX_WAL_SIZE: &str = "1GB";

pub(super) fn check(inputs: &Inputs, report: &mut Report) {
    for name in inputs.parameters.keys() {
        let at = format!("parameters.{name}");
        match name.as_str() {
            "shared_preload_libraries" => {
                report.invalid(at, "fixed-parameter", "libraries are listed in the input `shared_preload_libraries`");
            }
            "synchronous_standby_names" => {
                report.invalid(at, "fixed-parameter", "synchronous standbys are chosen by the input `synchronous`");
            }
            fixed if FIXED.contains(&fixed) => {
                report.invalid(at, "fixed-parameter", format!("CloudNativePG sets `{fixed}` itself"));
            }
            "" => report.invalid("parameters", "empty", "a setting has a name"),
            _ => {}
        }
    }
    sizes(inputs, report);
    log_level(inputs, report);
}

fn value<'i>(inputs: &'i Inputs, name: &str) -> Option<&'i str> {
    inputs.parameters.get(name).map(|value| value.0.as_str())
}

fn sizes(inputs: &Inputs, report: &mut Report) {
    for name in ["shared_buffers", "min_wal_size", "max_wal_size"] {
        if value(inputs, name).is_some_and(|text| postgres(text).is_none()) {
            let message = "a size is a number with `kB`, `MB`, `GB` or `TB`: `256MB`";
            report.invalid(format!("parameters.{name}"), "bad-size", message);
        }
    }
    let of = |name: &str, default: &str| postgres(value(inputs, name).unwrap_or(default));
    let (least, most) = (of("min_wal_size", MIN_WAL_SIZE), of("max_wal_size", MAX_WAL_SIZE));
    if least.zip(most).is_some_and(|(least, most)| least >= most) {
        let message = format!(
            "`min_wal_size` ({MIN_WAL_SIZE} by default) is less than `max_wal_size` ({MAX_WAL_SIZE} by default)"
        );
        let set = if value(inputs, "min_wal_size").is_some() { "min" } else { "max" };
        report.across(
            &[&format!("parameters.{set}_wal_size"), "parameters.min_wal_size", "parameters.max_wal_size"],
            "bad-wal-size",
            message,
        );
    }
    let Some(volume) = inputs.wal_storage.as_ref().and_then(|wal| quantity(&wal.size.0)) else { return };
    for name in ["min_wal_size", "max_wal_size"] {
        if value(inputs, name).and_then(postgres).is_some_and(|size| size >= volume) {
            let at = format!("parameters.{name}");
            let message = format!("`{name}` is less than the volume of the log");
            report.across(&[&at, "wal_storage.size"], "bad-wal-size", message);
        }
    }
}

/// How much the log holds: replicas and the archive need more than a lone instance.
fn log_level(inputs: &Inputs, report: &mut Report) {
    let several = inputs.instances > 1;
    let archived = inputs.annotations.get(NO_ARCHIVE).is_none_or(|value| value != "enabled");
    match value(inputs, "wal_level") {
        None | Some("replica" | "logical" | "") => {}
        Some("minimal") if several || archived => {
            let message = "`minimal` is for one instance whose log is not archived: take `replica` or `logical`";
            report.across(&["parameters.wal_level", "instances"], "bad-wal-level", message);
        }
        Some("minimal") if value(inputs, "max_wal_senders") != Some("0") => {
            let message = "with `wal_level` minimal, `max_wal_senders` is 0";
            report.across(&["parameters.max_wal_senders", "parameters.wal_level"], "bad-wal-level", message);
        }
        Some("minimal") => {}
        Some(_) => report.invalid("parameters.wal_level", "bad-wal-level", "it is `replica`, `logical` or `minimal`"),
    }
    match value(inputs, "wal_log_hints").map(truth) {
        Some(None) => report.invalid("parameters.wal_log_hints", "bad-truth", "it is `on` or `off`"),
        Some(Some(false)) if several => {
            let message = "with several instances it is `on`: an old primary could not come back otherwise";
            report.across(&["parameters.wal_log_hints", "instances"], "bad-wal-hints", message);
        }
        _ => {}
    }
}

/// A truth as PostgreSQL reads it: any beginning of a word that is no beginning of another.
fn truth(text: &str) -> Option<bool> {
    let text = text.to_ascii_lowercase();
    let begins = |word: &str| !text.is_empty() && word.starts_with(&text);
    match text.as_str() {
        "1" | "on" => Some(true),
        "0" => Some(false),
        _ if begins("true") || begins("yes") => Some(true),
        _ if begins("false") || begins("no") || (begins("off") && text.len() > 1) => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn truths_as_postgresql_reads_them() {
        for (text, expected) in [
            ("on", Some(true)),
            ("T", Some(true)),
            ("yes", Some(true)),
            ("1", Some(true)),
            ("of", Some(false)),
            ("OFF", Some(false)),
            ("n", Some(false)),
            ("o", None),
            ("", None),
            ("maybe", None),
        ] {
            assert_eq!(truth(text), expected, "{text}");
        }
    }
}
