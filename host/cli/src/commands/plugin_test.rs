//! `maps plugin test`: the laws that the engine relies on, held against an author's plugin.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use maps_conformance::{Fake, LAWS, Peer, Setup, subjects};
use maps_engine::capability::Rule;
use maps_runtime::egress::Scheme;
use maps_runtime::inspect::Inspection;

use super::plugin_build::meant;
use crate::args::{Input, PluginTestArgs, StandIn};
use crate::error::{Exit, Failure};
use crate::render::Screen;
use crate::render::laws::{LawRow, Tally};
use crate::{compose, declared};

/// Where fixtures lie, beside plugin.yaml.
const FIXTURES: &str = "conformance";

/// Tries every law on every kind, and tells what came of each.
pub(crate) fn plugin_test(args: &PluginTestArgs, screen: &Screen) -> Result<Exit, Failure> {
    let (bytes, fixtures) = component(args)?;
    let inspection = Inspection::of(&bytes)?;
    let subjects = subjects(&bytes, &inspection, &fixtures)?;
    let setup = Setup { cache_dir: compose::cache_dir(), peer: peer(args, &inspection)? };
    let laws = LAWS.iter().filter(|law| args.laws.is_empty() || args.laws.iter().any(|name| name == law.name));
    let laws: Vec<_> = laws.collect();
    if let Some(unknown) = args.laws.iter().find(|name| !LAWS.iter().any(|law| law.name == **name)) {
        let known: Vec<&str> = LAWS.iter().map(|law| law.name).collect();
        return Err(Failure::usage_help(
            format!("there is no law {unknown}"),
            format!("there are {}", known.join(", ")),
        ));
    }
    compose::block_on(async {
        let mut tally = Tally::default();
        for subject in &subjects {
            for law in &laws {
                let verdict = law.try_on(subject, &setup).await;
                let row = LawRow::of(subject.kind.as_str(), law, &verdict);
                screen.human(&row.line());
                screen.event(&row.event());
                tally.count(&verdict);
            }
        }
        screen.human(&tally.line());
        screen.event(&tally.event());
        Ok(if tally.is_good() { Exit::Done } else { Exit::Failed })
    })
}

/// The component's bytes, and the folder of its fixtures.
fn component(args: &PluginTestArgs) -> Result<(Vec<u8>, PathBuf), Failure> {
    let component = meant(&args.plugin)?;
    let named = Path::new(&args.plugin);
    let beside = if named.is_dir() { named.join(FIXTURES) } else { PathBuf::from(FIXTURES) };
    let bytes = component.bytes()?.into_owned();
    let fixtures = args.fixtures.clone().unwrap_or(beside);
    if !fixtures.is_dir() {
        return Err(Failure::usage_help(
            format!("there are no fixtures at {}", fixtures.display()),
            "a kind is tried with what its KIND.json there says; `maps plugin new` writes one to begin with",
        ));
    }
    Ok((bytes, fixtures))
}

/// Whom the plugin is to talk to.
fn peer(args: &PluginTestArgs, inspection: &Inspection) -> Result<Peer, Failure> {
    if args.at.is_empty() {
        let declared = declared::of_component(inspection)?.into_iter().collect();
        return Ok(Peer::Rehearsal { declared, exchanges: None });
    }
    let manifest = &inspection.manifest;
    let mut hosts = BTreeMap::new();
    for StandIn { host, at, scheme } in &args.at {
        if !manifest.rules.iter().filter_map(Rule::http).any(|scope| scope.url.names_host(host)) {
            return Err(Failure::usage(format!("no http rule of the plugin names {host}")));
        }
        if *scheme == Scheme::Https && args.ca.is_none() {
            let help = "--ca FILE names the authority to trust, as PEM; http:// needs none on this machine";
            return Err(Failure::usage_help(format!("nobody vouches for what answers for {host} at {at}"), help));
        }
        hosts.insert(host.clone(), (*at, *scheme));
    }
    let authority = match &args.ca {
        Some(path) => std::fs::read(path).map_err(Failure::file(path))?,
        None => Vec::new(),
    };
    let mut credentials = BTreeMap::new();
    for Input { name, value: variable } in &args.credentials {
        if !manifest.credentials.contains_key(name) {
            return Err(Failure::usage(format!("the plugin asks for no credential {name}")));
        }
        let value = std::env::var(variable)
            .map_err(|_| Failure::usage(format!("the environment variable {variable} is not set")))?;
        credentials.insert(name.clone(), value);
    }
    Ok(Peer::Fake(Fake { hosts, authority, credentials }))
}
