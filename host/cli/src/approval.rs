//! What the plugins of a stack may do, held against what somebody approved in maps.lock.
//!
//! A plugin that came with maps is held by what it may do; any other one by its component's digest
//! as well, so that nothing runs in earnest that nobody looked at.

use std::collections::BTreeMap;
use std::path::PathBuf;

use maps_engine::capability::{Allowance, Approval, Change, Effective, LOCK_FILE, Lock, Manifest};
use maps_engine::stack::PluginDecl;
use maps_engine::{Diagnostic, PluginName, Severity};
use maps_runtime::inspect::Inspection;

use crate::error::Failure;
use crate::layout::{Layout, Named};
use crate::render::Screen;
use crate::render::capabilities::{self, Page};
use crate::render::diagnostics::Sources;
use crate::source;
use crate::stackfile::StackFile;

/// A plugin as a stack wants to use it.
pub(crate) struct Wanted {
    pub(crate) name: PluginName,
    pub(crate) source: String,
    pub(crate) manifest: Manifest,
    pub(crate) digest: String,
    pub(crate) effective: Effective,
    pub(crate) allowance: Allowance,
    pub(crate) standing: Standing,
}

/// How it stands against maps.lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It may do no more than was approved.
    Approved,
    /// Nobody approved it.
    New,
    /// It is not what was approved.
    Changed {
        /// Is it another component, or from elsewhere?
        replaced: bool,
        /// What differs in what it may do, what was widened first.
        changes: Vec<Change>,
        /// What was approved.
        before: Box<Approval>,
    },
}

impl Standing {
    fn of(before: Option<&Approval>, source: &str, digest: &str, allowance: &Allowance) -> Self {
        let Some(before) = before else { return Self::New };
        let replaced = match source::is_bare(source) {
            true => before.source != source,
            false => before.digest != digest,
        };
        let changes = allowance.changes(&before.allowance);
        if replaced || changes.iter().any(|change| change.widened) {
            return Self::Changed { replaced, changes, before: Box::new(before.clone()) };
        }
        Self::Approved
    }

    /// For programs.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::New => "new",
            Self::Changed { .. } => "changed",
        }
    }
}

/// What a plugin may do as a stack uses it: declared ∩ granted. What is doubtful about the grant is told.
pub(crate) fn effective(
    file: &StackFile,
    declared: &PluginDecl,
    manifest: &Manifest,
    screen: &Screen,
) -> Result<Effective, Failure> {
    let effective = match &declared.grant {
        // Nothing can be wrong with a grant that is not there.
        None => Effective::meet(manifest, None).map_err(|faults| Failure::usage(faults.to_string()))?,
        Some(grant) => {
            let met = Effective::meet(manifest, Some(&grant.json()));
            let effective = met.map_err(|faults| Failure::Diagnostics {
                diagnostics: faults.diagnostics(grant),
                sources: file.sources.clone(),
            })?;
            let surplus = effective.surplus.iter().map(|fault| fault.diagnostic(grant));
            let warnings: Vec<_> = surplus.map(|found| Diagnostic { severity: Severity::Warning, ..found }).collect();
            screen.diagnostics(&warnings, &file.sources);
            effective
        }
    };
    let effective = match &declared.allow {
        None => effective,
        Some((allow, span)) => effective.allowing(allow, manifest).map_err(|key| {
            let message =
                format!("the plugin {} asks for no `{key}`, so that allowing it has no effect", manifest.plugin);
            let diagnostic = Diagnostic::error("nothing-to-allow", message).at(span).help("take it out");
            Failure::Diagnostics { diagnostics: vec![diagnostic], sources: file.sources.clone() }
        })?,
    };
    Ok(effective.with_credentials(|name| declared.credentials.contains_key(name)))
}

/// maps.lock, and for whom it is read.
pub(crate) struct Approvals<'a> {
    path: PathBuf,
    lock: Lock,
    /// The stack and its environment.
    stack: String,
    file: &'a StackFile,
    /// How a person would name the stack on the command line.
    named: String,
}

/// What a rehearsal may do, and a run in earnest may not yet.
#[derive(Default)]
pub(crate) struct Unapproved {
    /// Each with the command that approves it alone.
    pub(crate) plugins: Vec<(String, Wanted)>,
    /// The command that approves them all.
    pub(crate) command: String,
}

impl<'a> Approvals<'a> {
    /// Reads it; one that is not there approves nothing.
    pub(crate) fn read(layout: &Layout, file: &'a StackFile) -> Result<Self, Failure> {
        let path = layout.folder().join(LOCK_FILE);
        let lock = match std::fs::symlink_metadata(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Lock::default(),
            Err(error) => return Err(Failure::file(&path)(error)),
            Ok(found) if !found.is_file() => {
                let message = format!("{} is no file of its own", path.display());
                return Err(Failure::usage_help(message, "remove it, and approve the plugins again"));
            }
            Ok(_) => parse(&std::fs::read(&path).map_err(Failure::file(&path))?)?,
        };
        let named = Named::of(&file.stack);
        Ok(Self { path, lock, stack: named.folder(), file, named: words(layout, &named) })
    }

    /// The file.
    pub(crate) fn lock(&self) -> &Lock {
        &self.lock
    }

    /// Records what plugins fetched.
    pub(crate) fn pin(&mut self, pins: BTreeMap<String, String>) -> Result<(), Failure> {
        if pins.is_empty() {
            return Ok(());
        }
        pins.into_iter().for_each(|(what, digest)| self.lock.pin(what, digest));
        self.save()
    }

    /// A plugin of the stack, and how it stands.
    pub(crate) fn wanted(
        &self,
        name: &PluginName,
        declared: &PluginDecl,
        inspection: &Inspection,
        effective: Effective,
    ) -> Wanted {
        let allowance = Allowance::of(&effective, declared, &self.file.stack);
        let digest = inspection.digest.as_str().to_owned();
        let before = self.lock.approval(&self.stack, name);
        let standing = Standing::of(before, &declared.source, &digest, &allowance);
        let (name, source, manifest) = (name.clone(), declared.source.clone(), inspection.manifest.clone());
        Wanted { name, source, manifest, digest, effective, allowance, standing }
    }

    /// The command that approves one plugin, or all with none.
    pub(crate) fn command(&self, plugin: Option<&PluginName>) -> String {
        let plugin = plugin.map(|name| format!(" {name}")).unwrap_or_default();
        format!("maps plugin approve {}{plugin}", self.named)
    }

    /// Those that are not approved.
    pub(crate) fn open(&self, wanted: Vec<Wanted>) -> Unapproved {
        let open = wanted.into_iter().filter(|wanted| wanted.standing != Standing::Approved);
        let plugins: Vec<_> = open.map(|wanted| (self.command(Some(&wanted.name)), wanted)).collect();
        Unapproved { plugins, command: self.command(None) }
    }

    /// Before a run in earnest: everything must be approved. On a terminal the user is asked,
    /// elsewhere what is missing is told with how to approve it.
    pub(crate) fn demand(mut self, wanted: &[Wanted], screen: &Screen) -> Result<(), Failure> {
        let open: Vec<&Wanted> = wanted.iter().filter(|wanted| wanted.standing != Standing::Approved).collect();
        if open.is_empty() {
            return Ok(());
        }
        let pages: Vec<Page> = open.iter().map(|wanted| Page::of(wanted, self.command(Some(&wanted.name)))).collect();
        match screen.can_ask() {
            true => pages.iter().for_each(|page| screen.human(&page.text(false))),
            false => capabilities::refused(screen, &pages),
        }
        match screen.asks("Approve this?") {
            Some(true) => self.record(&open, screen),
            _ => Err(Failure::NotApproved {
                plugins: open.iter().map(|wanted| wanted.name.clone()).collect(),
                command: self.command((open.len() == 1).then(|| &open[0].name)),
            }),
        }
    }

    /// Records these as approved, and forgets what the stack no longer has.
    pub(crate) fn record(&mut self, wanted: &[&Wanted], screen: &Screen) -> Result<(), Failure> {
        for wanted in wanted {
            let approval = Approval {
                source: wanted.source.clone(),
                version: wanted.manifest.version.clone(),
                digest: wanted.digest.clone(),
                allowance: wanted.allowance.clone(),
            };
            self.lock.approve(&self.stack, wanted.name.clone(), approval);
        }
        self.lock.keep(&self.stack, |name| self.file.stack.plugins.contains_key(name));
        self.save()?;
        wanted.iter().for_each(|wanted| capabilities::approved(screen, wanted, &self.path));
        Ok(())
    }

    /// Replaces the file at once, so that nobody ever finds half of one.
    fn save(&self) -> Result<(), Failure> {
        use std::io::Write as _;
        let staged = self.path.with_extension("lock.new");
        match std::fs::remove_file(&staged) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(Failure::file(&staged)(error)),
            _ => {}
        }
        // Made anew and never followed: a link in its place would lead to a file of somebody else's choice.
        let file = std::fs::OpenOptions::new().write(true).create_new(true).open(&staged);
        file.and_then(|mut file| file.write_all(self.lock.render().as_bytes()).and_then(|()| file.sync_all()))
            .map_err(Failure::file(&staged))?;
        std::fs::rename(&staged, &self.path).map_err(Failure::file(&self.path))
    }
}

fn parse(bytes: &[u8]) -> Result<Lock, Failure> {
    Lock::parse(LOCK_FILE, bytes).map_err(|diagnostics| {
        let mut sources = Sources::default();
        sources.add(LOCK_FILE, String::from_utf8_lossy(bytes));
        Failure::Diagnostics { diagnostics, sources }
    })
}

/// A stack as a shell takes it.
fn words(layout: &Layout, named: &Named<'_>) -> String {
    let path = layout.file().display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "./-_+@%,:=".contains(c);
    let path = match path.chars().all(plain) {
        true => path,
        false => format!("'{}'", path.replace('\'', r"'\''")),
    };
    let environment = named.environment.map(|name| format!(" -e {name}")).unwrap_or_default();
    format!("{path}{environment}")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    fn approval(source: &str, digest: &str) -> Approval {
        let allowance = Allowance::default();
        Approval { source: source.to_owned(), version: "1".to_owned(), digest: digest.to_owned(), allowance }
    }

    #[track_caller]
    fn stands(before: &Approval, source: &str, digest: &str, expected: &str) {
        let allowance = Allowance::default();
        assert_eq!(Standing::of(Some(before), source, digest, &allowance).name(), expected);
    }

    #[test]
    fn rt34_a_component_from_a_path_is_held_by_its_digest() {
        stands(&approval("./doks.wasm", "aa"), "./doks.wasm", "aa", "approved");
        stands(&approval("./doks.wasm", "aa"), "./doks.wasm", "bb", "changed");
        stands(&approval("./doks.wasm", "aa"), "../moved/doks.wasm", "aa", "approved");
        stands(&approval("doks", "aa"), "./doks.wasm", "bb", "changed");
        assert_eq!(Standing::of(None, "doks", "aa", &Allowance::default()), Standing::New);
    }

    #[test]
    fn one_that_came_with_maps_is_held_by_what_it_may_do() {
        stands(&approval("doks", "aa"), "doks", "bb", "approved");
        stands(&approval("./doks.wasm", "aa"), "doks", "aa", "changed");
        let more = Allowance { interfaces: [maps_engine::capability::Interface::Log].into(), ..Allowance::default() };
        assert_eq!(Standing::of(Some(&approval("doks", "aa")), "doks", "aa", &more).name(), "changed");
    }
}
