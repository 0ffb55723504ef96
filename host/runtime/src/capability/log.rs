//! `log`: lines for the operator, without what could deceive a terminal and without secrets.

use maps_engine::capability::Interface;

use crate::bindings::maps::platform::log::{self, Level};
use crate::guest::Guest;
use crate::limits::{LOG_LINE_BYTES, LOG_LINES};
use crate::printable::shown;

impl log::Host for Guest {
    fn write(&mut self, level: Level, message: String) -> wasmtime::Result<()> {
        let line = shown(&message, LOG_LINE_BYTES, |text| match &self.scope {
            Some(scope) => scope.scrub(text),
            None => text.to_owned(),
        });
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
