//! One linker for each phase: what a guest's imports are connected to. A phase that may not do
//! a thing has it connected to a refusal, so that no check at run time could be forgotten.

use wasmtime::component::{HasData, HasSelf, Linker};
use wasmtime::{Engine, Result};

use crate::bindings::maps::platform::{
    aws_types, clock, files_read, http_read, http_types, http_write, iam_read, iam_write, kube_read, kube_types,
    kube_write, log, random, reveal, route53_read, route53_write, s3_read, s3_write, secrets, ssm_read, ssm_write,
    types,
};
use crate::capability::refused::Refused;
use crate::guest::Guest;
use crate::scope::Phase;

impl types::Host for Guest {}
impl http_types::Host for Guest {}
impl aws_types::Host for Guest {}
impl kube_types::Host for Guest {}

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
    aws_types::add_to_linker::<Guest, HasSelf<Guest>>(to, itself)?;
    kube_types::add_to_linker::<Guest, HasSelf<Guest>>(to, itself)?;
    if phase == Phase::Pure {
        reads::<Refusals>(to, refused)?;
    } else {
        reads::<HasSelf<Guest>>(to, itself)?;
    }
    if phase == Phase::Write {
        writes::<HasSelf<Guest>>(to, itself)?;
    } else {
        writes::<Refusals>(to, refused)?;
    }
    Ok(linker)
}

/// What only looks, and the secrets that looking may need.
fn reads<D: HasData + Send>(to: &mut Linker<Guest>, data: fn(&mut Guest) -> D::Data<'_>) -> Result<()>
where
    for<'a> D::Data<'a>: http_read::Host
        + route53_read::Host
        + ssm_read::Host
        + iam_read::Host
        + s3_read::Host
        + kube_read::Host
        + files_read::Host
        + secrets::Host
        + reveal::Host,
{
    http_read::add_to_linker::<Guest, D>(to, data)?;
    route53_read::add_to_linker::<Guest, D>(to, data)?;
    ssm_read::add_to_linker::<Guest, D>(to, data)?;
    iam_read::add_to_linker::<Guest, D>(to, data)?;
    s3_read::add_to_linker::<Guest, D>(to, data)?;
    kube_read::add_to_linker::<Guest, D>(to, data)?;
    files_read::add_to_linker::<Guest, D>(to, data)?;
    secrets::add_to_linker::<Guest, D>(to, data)?;
    reveal::add_to_linker::<Guest, D>(to, data)
}

/// What changes something outside.
fn writes<D: HasData + Send>(to: &mut Linker<Guest>, data: fn(&mut Guest) -> D::Data<'_>) -> Result<()>
where
    for<'a> D::Data<'a>:
        http_write::Host + route53_write::Host + ssm_write::Host + iam_write::Host + s3_write::Host + kube_write::Host,
{
    http_write::add_to_linker::<Guest, D>(to, data)?;
    route53_write::add_to_linker::<Guest, D>(to, data)?;
    ssm_write::add_to_linker::<Guest, D>(to, data)?;
    iam_write::add_to_linker::<Guest, D>(to, data)?;
    s3_write::add_to_linker::<Guest, D>(to, data)?;
    kube_write::add_to_linker::<Guest, D>(to, data)
}
