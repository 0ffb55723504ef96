//! What a component can import: interfaces that are there or not, and those whose use has rules.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Serialize, Serializer};

use super::rule::Effect;
use super::service::{IAM, ROUTE53, S3, SSM, Service};

/// Which half of an interface a call came through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Half {
    /// `…-read`.
    Read,
    /// `…-write`.
    Write,
}

impl Half {
    /// What the rules say that allow its calls.
    pub fn effect(self) -> Effect {
        match self {
            Self::Read => Effect::Read,
            Self::Write => Effect::Write,
        }
    }
}

/// Interfaces whose use has rules, the two halves together: a key under `capabilities:`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// Any service that speaks HTTP.
    Http,
    /// Amazon Route 53.
    Route53,
    /// AWS Systems Manager's Parameter Store.
    Ssm,
    /// AWS Identity and Access Management.
    Iam,
    /// Buckets of Amazon S3.
    S3,
    /// Clusters of Kubernetes.
    Kube,
    /// Files of the stack's folder, to be read alone.
    Files,
}

impl Family {
    /// All of them.
    pub const ALL: [Self; 7] = [Self::Http, Self::Route53, Self::Ssm, Self::Iam, Self::S3, Self::Kube, Self::Files];

    /// As in plugin.yaml.
    pub fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Route53 => "route53",
            Self::Ssm => "ssm",
            Self::Iam => "iam",
            Self::S3 => "s3",
            Self::Kube => "kube",
            Self::Files => "files",
        }
    }

    /// The halves that it has: files are never written.
    pub fn halves(self) -> &'static [Half] {
        match self {
            Self::Files => &[Half::Read],
            _ => &[Half::Read, Half::Write],
        }
    }

    /// What the host knows of the service's actions; none for `http`, which is any, for `kube`, which has verbs, and
    /// for `files`.
    pub fn service(self) -> Option<&'static Service> {
        match self {
            Self::Http | Self::Kube | Self::Files => None,
            Self::Route53 => Some(&ROUTE53),
            Self::Ssm => Some(&SSM),
            Self::Iam => Some(&IAM),
            Self::S3 => Some(&S3),
        }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Serialize for Family {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// An interface that a component can import.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Interface {
    /// Lines for the operator.
    Log,
    /// The time.
    Clock,
    /// Randomness.
    Random,
    /// New secrets, by handle.
    Secrets,
    /// Secrets in clear.
    Reveal,
    /// One half of a family.
    Ruled(Family, Half),
}

impl Interface {
    /// Those that are declared or absent, without rules.
    pub const PLAIN: [Self; 5] = [Self::Log, Self::Clock, Self::Random, Self::Secrets, Self::Reveal];

    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        let halves = |family: Family| family.halves().iter().map(move |half| Self::Ruled(family, *half));
        Self::PLAIN.into_iter().chain(Family::ALL.into_iter().flat_map(halves))
    }

    /// The one of this name, as in wit/.
    pub fn named(name: &str) -> Option<Self> {
        Self::all().find(|interface| interface.name() == name)
    }

    /// As in wit/.
    pub fn name(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::Clock => "clock",
            Self::Random => "random",
            Self::Secrets => "secrets",
            Self::Reveal => "reveal",
            Self::Ruled(Family::Http, Half::Read) => "http-read",
            Self::Ruled(Family::Http, Half::Write) => "http-write",
            Self::Ruled(Family::Route53, Half::Read) => "route53-read",
            Self::Ruled(Family::Route53, Half::Write) => "route53-write",
            Self::Ruled(Family::Ssm, Half::Read) => "ssm-read",
            Self::Ruled(Family::Ssm, Half::Write) => "ssm-write",
            Self::Ruled(Family::Iam, Half::Read) => "iam-read",
            Self::Ruled(Family::Iam, Half::Write) => "iam-write",
            Self::Ruled(Family::S3, Half::Read) => "s3-read",
            Self::Ruled(Family::S3, Half::Write) => "s3-write",
            Self::Ruled(Family::Kube, Half::Read) => "kube-read",
            Self::Ruled(Family::Kube, Half::Write) => "kube-write",
            Self::Ruled(Family::Files, Half::Read) => "files-read",
            // In no list of interfaces, and in no contract.
            Self::Ruled(Family::Files, Half::Write) => "files-write",
        }
    }

    /// What to write under `capabilities:` of plugin.yaml to declare it.
    pub fn declaration(self) -> String {
        match self {
            Self::Ruled(family, half) => format!("{family}:\n{}", rule_line(family, half)),
            plain => format!("{}: {{reason: …}}", plain.name()),
        }
    }

    /// What to write under `capabilities:` to declare all of these.
    pub fn declarations(missing: &BTreeSet<Self>) -> String {
        let mut lines = Vec::new();
        let mut family_above = None;
        for interface in missing {
            match interface {
                Self::Ruled(family, half) if family_above == Some(*family) => lines.push(rule_line(*family, *half)),
                Self::Ruled(family, _) => {
                    family_above = Some(*family);
                    lines.push(interface.declaration());
                }
                plain => lines.push(plain.declaration()),
            }
        }
        lines.join("\n")
    }
}

fn rule_line(family: Family, half: Half) -> String {
    let effect = half.effect();
    match family.service() {
        None if family == Family::Files => "  - {id: …, effect: read, patterns: [\"…/**\"], reason: …}".to_owned(),
        None if family == Family::Kube => {
            let verb = if effect == Effect::Write { "apply" } else { "get" };
            let names = "groups: […], resources: […], namespaces: […], names: […]";
            format!("  - {{id: …, effect: {}, verbs: [{verb}], {names}, reason: …}}", effect.name())
        }
        None => {
            let method = if effect == Effect::Write { "POST" } else { "GET" };
            http_rule_line(effect, method, "https://…")
        }
        Some(service) => service.rule_line(effect, "…"),
    }
}

/// A rule of `http` as one would write it; printed in refusals.
pub(super) fn http_rule_line(effect: Effect, method: &str, url: &str) -> String {
    let effect = effect.name();
    format!("  - {{id: …, effect: {effect}, methods: [{method}], url: \"{url}\", reason: …}}")
}

impl fmt::Display for Interface {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Serialize for Interface {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}
