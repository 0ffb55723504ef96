//! What a command starts from: a stack that is read, the cloud it rehearses with, and where its
//! state lies. Nothing of a plugin is touched here.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use maps_engine::Clock;
use maps_engine::stack::Stack;
use maps_store::Location;

use crate::args::{Rehearse, Settings};
use crate::error::Failure;
use crate::layout::{Layout, Named};
use crate::rehearse::{Past, Rehearsal};
use crate::render::style::{DIM, STRONG, paint};
use crate::stackfile::{Outside, StackFile};
use crate::time::{RehearsalClock, WallClock};
use crate::{cloud, declared, plant};

/// A stack, ready to be planned.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) layout: Layout,
    pub(crate) file: StackFile,
    pub(crate) rehearsal: Option<Rehearsal>,
    state: PathBuf,
}

impl Stage {
    /// Reads the stack; in a rehearsal, finds or starts its cloud first and plants its secrets.
    pub(crate) async fn set(named: &Path, settings: &Settings, past: Past) -> Result<Self, Failure> {
        let layout = Layout::find(named)?;
        let Some(which) = &settings.rehearse else {
            let file = StackFile::read(&layout, settings, &Outside::Environment)?;
            let state = layout.state(&Named::of(&file.stack));
            return Ok(Self { layout, file, rehearsal: None, state });
        };
        // The cloud lies under the stack's name, and what is planted comes from the cloud: so the
        // stack is read for its name first.
        let draft = without_secrets(&layout, settings)?.stack;
        let declared = || declared::of_stack(&draft, layout.folder());
        let rehearsal = Rehearsal::start(which, &layout, &Named::of(&draft), past, declared).await?;
        let planted = |input: &str| rehearsal.planted(&draft, input);
        let file = StackFile::read(&layout, settings, &Outside::Planted(&planted))?;
        let state = rehearsal.state().to_path_buf();
        Ok(Self { layout, file, rehearsal: Some(rehearsal), state })
    }

    /// The stack.
    pub(crate) fn stack(&self) -> &Stack {
        &self.file.stack
    }

    /// Of which stack a plan is, and whether it is one in earnest.
    pub(crate) fn title(&self) -> String {
        let stack = self.stack();
        let environment = stack.environment.as_ref().map(|name| format!(" in the environment {name}"));
        let rehearsal = self.rehearsal.as_ref().map(|rehearsal| match rehearsal.is_own() {
            true => ", rehearsed on a cloud of its own that skips all waiting",
            false => ", rehearsed on a served cloud that skips all waiting",
        });
        let rest = format!("{}{}", environment.unwrap_or_default(), rehearsal.unwrap_or_default());
        format!("{} {}{}", paint(DIM, "Stack"), paint(STRONG, &stack.name), paint(DIM, rest))
    }

    /// Where its state is, and whose it must be.
    pub(crate) fn location(&self) -> Location {
        location(&self.state, self.stack())
    }

    /// The time: in a rehearsal, one that can be skipped.
    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        match &self.rehearsal {
            Some(rehearsal) => Arc::new(RehearsalClock::with(Arc::clone(rehearsal.control()))),
            None => Arc::new(WallClock),
        }
    }

    /// Has the cloud inject faults; forgets them with none.
    pub(crate) async fn inject(&self, faults: &[maps_rehearsal::Fault]) -> Result<(), Failure> {
        match &self.rehearsal {
            Some(rehearsal) if !faults.is_empty() => Ok(rehearsal.control().faults(faults).await?),
            _ => Ok(()),
        }
    }

    /// Ends what was started for it.
    pub(crate) async fn strike(self) -> Result<(), Failure> {
        match self.rehearsal {
            Some(rehearsal) => rehearsal.end().await,
            None => Ok(()),
        }
    }
}

/// Where the state of a stack is that is only looked at: no cloud is started, no secret is needed.
pub(crate) fn state_of(named: &Path, settings: &Settings) -> Result<Location, Failure> {
    let layout = Layout::find(named)?;
    let stack = without_secrets(&layout, settings)?.stack;
    let name = Named::of(&stack);
    let dir = match &settings.rehearse {
        None => layout.state(&name),
        Some(Rehearse::InProcess) => layout.own_cloud_state(&name),
        Some(Rehearse::Served(dir)) => {
            let file = cloud::served(dir)?;
            layout.served_cloud_state(&name, &std::fs::read(&file.ca).map_err(Failure::file(&file.ca))?)
        }
    };
    Ok(location(&dir, &stack))
}

/// A stack that is only looked at: its secrets are made up.
pub(crate) fn without_secrets(layout: &Layout, settings: &Settings) -> Result<StackFile, Failure> {
    StackFile::read(layout, settings, &Outside::Planted(&|input| plant::secret("", "", input)))
}

fn location(dir: &Path, stack: &Stack) -> Location {
    Location::new(dir, &stack.name, stack.environment.clone())
}
