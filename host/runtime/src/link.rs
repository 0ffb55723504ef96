//! One linker for each phase: what a guest's imports are connected to. A phase that may not do
//! a thing has it connected to a refusal, so that no check at run time could be forgotten.

use wasmtime::component::{HasData, HasSelf, Linker};
use wasmtime::{Engine, Result};

use crate::bindings::maps::platform::{clock, http_read, http_types, http_write, log, random, reveal, secrets, types};
use crate::capability::refused::Refused;
use crate::guest::Guest;
use crate::scope::Phase;

impl types::Host for Guest {}
impl http_types::Host for Guest {}

/// Gives a refusal what it needs of a guest's data, and nothing else.
struct Refusals;

impl HasData for Refusals {
    type Data<'a> = Refused<'a>;
}

fn refused(guest: &mut Guest) -> Refused<'_> {
    Refused { scope: guest.scope.as_deref() }
}

fn itself(guest: &mut Guest) -> &mut Guest {
    guest
}

/// The phase's linker.
pub(crate) fn linker(engine: &Engine, phase: Phase) -> Result<Linker<Guest>> {
    let mut linker = Linker::new(engine);
    let to = &mut linker;
    types::add_to_linker::<Guest, HasSelf<Guest>>(to, itself)?;
    http_types::add_to_linker::<Guest, HasSelf<Guest>>(to, itself)?;
    log::add_to_linker::<Guest, HasSelf<Guest>>(to, itself)?;
    clock::add_to_linker::<Guest, HasSelf<Guest>>(to, itself)?;
    random::add_to_linker::<Guest, HasSelf<Guest>>(to, itself)?;
    match phase {
        Phase::Pure => {
            http_read::add_to_linker::<Guest, Refusals>(to, refused)?;
            http_write::add_to_linker::<Guest, Refusals>(to, refused)?;
            secrets::add_to_linker::<Guest, Refusals>(to, refused)?;
            reveal::add_to_linker::<Guest, Refusals>(to, refused)?;
        }
        Phase::Read => {
            http_read::add_to_linker::<Guest, HasSelf<Guest>>(to, itself)?;
            http_write::add_to_linker::<Guest, Refusals>(to, refused)?;
            secrets::add_to_linker::<Guest, HasSelf<Guest>>(to, itself)?;
            reveal::add_to_linker::<Guest, HasSelf<Guest>>(to, itself)?;
        }
        Phase::Write => {
            http_read::add_to_linker::<Guest, HasSelf<Guest>>(to, itself)?;
            http_write::add_to_linker::<Guest, HasSelf<Guest>>(to, itself)?;
            secrets::add_to_linker::<Guest, HasSelf<Guest>>(to, itself)?;
            reveal::add_to_linker::<Guest, HasSelf<Guest>>(to, itself)?;
        }
    }
    Ok(linker)
}
