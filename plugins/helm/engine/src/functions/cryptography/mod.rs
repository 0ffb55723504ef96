//! Sums, passwords, ciphers, keys and certificates.

mod cipher;
mod passwords;

#[cfg(test)]
mod tests;

use std::fmt::Write as _;

use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};

use super::arguments::{int, text};
use crate::context::Context;
use crate::function::{Answer, Function, Parameter};
use crate::value::Value;

const STR: Parameter = Parameter::Str;
const UINT32: Parameter = Parameter::Named { name: "uint32", kind: "uint32" };

/// A function of the family, whose parameters the evaluator has checked.
const fn function(
    name: &'static str,
    parameters: &'static [Parameter],
    call: fn(&mut dyn Context, &[Value]) -> Answer,
) -> Function {
    Function { name, parameters, variadic: None, call }
}

/// The functions of this family.
pub const TABLE: &[Function] = &[
    function("sha1sum", &[STR], sum::<Sha1>),
    function("sha256sum", &[STR], sum::<Sha256>),
    function("sha512sum", &[STR], sum::<Sha512>),
    function("adler32sum", &[STR], |context, arguments| {
        let input = text(arguments, 0)?;
        context.spend(input.len())?;
        Ok(adler2::adler32_slice(input).to_string().into())
    }),
    function("bcrypt", &[STR], |context, arguments| Ok(passwords::bcrypt(context, text(arguments, 0)?)?.into())),
    function("htpasswd", &[STR, STR], |context, arguments| {
        passwords::htpasswd(context, text(arguments, 0)?, text(arguments, 1)?)
    }),
    function("derivePassword", &[UINT32, STR, STR, STR, STR], |context, arguments| {
        // Go's reflection cuts a constant to the parameter's width.
        let counter = int(arguments, 0)? as u32;
        let (kind, password) = (text(arguments, 1)?, text(arguments, 2)?);
        passwords::derive(context, counter, kind, password, text(arguments, 3)?, text(arguments, 4)?)
    }),
    function("encryptAES", &[STR, STR], |context, arguments| {
        cipher::encrypt(context, text(arguments, 0)?, text(arguments, 1)?)
    }),
    function("decryptAES", &[STR, STR], |context, arguments| {
        cipher::decrypt(context, text(arguments, 0)?, text(arguments, 1)?)
    }),
];

fn sum<D: Digest>(context: &mut dyn Context, arguments: &[Value]) -> Answer {
    let input = text(arguments, 0)?;
    context.spend(input.len())?;
    Ok(hexadecimal(&D::digest(&***input)).into())
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
