//! `log`: lines for the operator, without what could deceive a terminal and without secrets.

use maps_engine::capability::Interface;

use crate::bindings::maps::platform::log::{self, Level};
use crate::guest::Guest;
use crate::limits::{LOG_LINE_BYTES, LOG_LINES};
use crate::printable::printable;

impl log::Host for Guest {
    fn write(&mut self, level: Level, message: String) -> wasmtime::Result<()> {
        // Stripped first: a mark hidden inside of a secret must not hide the secret.
        let stripped = printable(&message, LOG_LINE_BYTES);
        let line = match &self.scope {
            Some(scope) => scope.scrub(&stripped),
            None => stripped,
        };
        if matches!(level, Level::Error) {
            self.log.last_error = Some(line.clone());
        }
        if !self.may(Interface::Log) || self.log.written >= LOG_LINES {
            self.log.dropped += 1;
            return Ok(());
        }
        self.log.written += 1;
        let level = match level {
            Level::Debug => "debug",
            Level::Info => "info",
            Level::Warn => "warn",
            Level::Error => "error",
        };
        self.log.emit(&self.plugin, level, line);
        Ok(())
    }
}
