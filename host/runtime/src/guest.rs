//! What the host keeps beside one running guest: the data of a store.

use std::path::Path;
use std::sync::Arc;

use maps_engine::capability::{Effective, Interface};
use maps_engine::{Class, Event, Observer, PluginName, Problem};

use crate::capability::http::HttpCapability;
use crate::limits::Budget;
use crate::scope::CallScope;

/// One call's host side. Which of it a guest can reach is decided by the linker of the phase.
pub(crate) struct Guest {
    pub(crate) plugin: PluginName,
    /// What is declared and granted.
    pub(crate) effective: Arc<Effective>,
    pub(crate) budget: Budget,
    /// None only while a component is packaged, where nothing is linked that needs one.
    pub(crate) scope: Option<Arc<CallScope>>,
    /// None where the plugin's use has no http at all, and while a component is packaged.
    pub(crate) http: Option<Arc<HttpCapability>>,
    /// What its rules of `files` are about; none where it has no such rule.
    pub(crate) folder: Option<Arc<Path>>,
    pub(crate) log: LogLines,
}

impl Guest {
    /// Is an interface without rules declared and granted?
    pub(crate) fn may(&self, interface: Interface) -> bool {
        self.effective.plain.contains(&interface)
    }

    /// The refusal of an interface that the stack does not grant.
    pub(crate) fn not_granted(&self, interface: Interface) -> Problem {
        let message = format!("the stack does not grant `{interface}` to this plugin");
        let lines = self.effective.grant_lines(interface);
        Problem::new(Class::Denied, "not-granted", message)
            .help(format!("to grant it, add to the plugin in the stack:\n{lines}"))
    }
}

/// The call's log lines.
pub(crate) struct LogLines {
    pub(crate) observer: Option<Arc<dyn Observer>>,
    pub(crate) written: u32,
    pub(crate) dropped: u32,
    /// The last line at level error: a panicking guest says there why.
    pub(crate) last_error: Option<String>,
}

impl LogLines {
    pub(crate) fn new(observer: Option<Arc<dyn Observer>>) -> Self {
        Self { observer, written: 0, dropped: 0, last_error: None }
    }

    pub(crate) fn emit(&self, plugin: &PluginName, level: &'static str, message: String) {
        if let Some(observer) = &self.observer {
            observer.event(&Event::Log { plugin: plugin.as_str().to_owned(), level, message });
        }
    }

    /// Says how many lines were not kept.
    pub(crate) fn close(&self, plugin: &PluginName) {
        if self.dropped > 0 {
            self.emit(plugin, "warn", format!("{} more log lines were dropped", self.dropped));
        }
    }
}
