//! The roles of Kubernetes that a stack's plugins need, to be applied and bound by the operator.

use std::collections::BTreeMap;

use maps_engine::PluginName;
use maps_engine::capability::{Rbac, rbac};
use serde_json::{Value as Json, json};

use super::style::{CHANGE, paint};
use crate::inspected::Inspected;

/// The roles, by plugin.
pub(crate) struct RbacView {
    plugins: BTreeMap<PluginName, Rbac>,
}

impl RbacView {
    /// Of the rules in effect, and of no others.
    pub(crate) fn of(plugins: &[Inspected]) -> Self {
        let said = plugins.iter().map(|Inspected { wanted, .. }| {
            let name = format!("maps-{}", wanted.name);
            (wanted.name.clone(), rbac(&wanted.effective, &name))
        });
        Self { plugins: said.filter(|(_, said)| !said.roles.is_empty()).collect() }
    }

    /// Where the roles allow more than the rules.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let each = self.plugins.iter().flat_map(|(plugin, said)| said.wider.iter().map(move |why| (plugin, why)));
        each.map(|(plugin, why)| format!("{} of {plugin} {why}\n", paint(CHANGE.bold(), "warning:"))).collect()
    }

    /// To be piped into `kubectl apply -f -`.
    pub(crate) fn text(&self) -> Result<String, serde_saphyr::ser::Error> {
        let documents = self.plugins.values().flat_map(|said| &said.roles).map(serde_saphyr::to_string);
        let documents: Vec<String> = documents.collect::<Result<_, _>>()?;
        Ok(documents.iter().map(|document| format!("---\n{}\n", document.trim_end())).collect())
    }

    /// For programs.
    pub(crate) fn event(&self) -> Json {
        let plugins: BTreeMap<_, _> = self
            .plugins
            .iter()
            .map(|(plugin, said)| (plugin.as_str(), json!({"roles": said.roles, "wider": said.wider})))
            .collect();
        json!({"event": "rbac-roles", "plugins": plugins})
    }
}
