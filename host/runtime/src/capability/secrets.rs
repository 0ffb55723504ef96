//! `secrets`: new secrets as handles. `reveal`: what handles stand for, in clear.

use maps_engine::capability::Interface;
use maps_engine::{Class, Problem, Value};

use crate::bindings::maps::platform::secrets::{Alphabet, Recipe};
use crate::bindings::maps::platform::{reveal, secrets, types};
use crate::capability::refused::refuse;
use crate::guest::Guest;
use crate::limits::{Exceeded, LIST_ITEMS};

/// How long a generated secret may be, as the contract says.
const LENGTHS: std::ops::RangeInclusive<u32> = 8..=1024;

impl secrets::Host for Guest {
    async fn generate(&mut self, recipes: Vec<Recipe>) -> wasmtime::Result<Vec<Result<String, types::Problem>>> {
        if recipes.len() > LIST_ITEMS {
            return Err(Exceeded::List(LIST_ITEMS).into());
        }
        let Some(scope) = self.scope.clone().filter(|_| self.may(Interface::Secrets)) else {
            let problem = self.not_granted(Interface::Secrets);
            return Ok(refuse(self.scope.as_deref(), "secrets", recipes.len(), &problem));
        };
        let mut made = Vec::with_capacity(recipes.len());
        for recipe in recipes {
            made.push(match generate(recipe) {
                Ok(secret) => Ok(scope.seals().mint(Value::String(secret))),
                Err(problem) => Err(problem.into()),
            });
        }
        Ok(made)
    }
}

impl reveal::Host for Guest {
    async fn open(&mut self, handles: Vec<String>) -> wasmtime::Result<Vec<Result<String, types::Problem>>> {
        if handles.len() > LIST_ITEMS {
            return Err(Exceeded::List(LIST_ITEMS).into());
        }
        let Some(scope) = self.scope.clone().filter(|_| self.may(Interface::Reveal)) else {
            let problem = self.not_granted(Interface::Reveal);
            return Ok(refuse(self.scope.as_deref(), "reveal", handles.len(), &problem));
        };
        // Recorded before a single secret is shown; if it cannot be, none is.
        if let Err(problem) = scope.record_reveal(handles.len()).await {
            return Ok(handles.iter().map(|_| Err(problem.clone().into())).collect());
        }
        let seals = scope.seals();
        Ok(handles
            .iter()
            .map(|handle| match seals.open(handle) {
                Some(secret) => serde_json::to_string(secret)
                    .map_err(|error| Problem::new(Class::Internal, "secret-not-json", error.to_string()).into()),
                None => {
                    Err(Problem::new(Class::Denied, "foreign-handle", "the handle was not given to this call").into())
                }
            })
            .collect())
    }
}

/// A uniformly random text.
fn generate(recipe: Recipe) -> Result<String, Problem> {
    if !LENGTHS.contains(&recipe.length) {
        let message =
            format!("a secret has {} to {} characters, not {}", LENGTHS.start(), LENGTHS.end(), recipe.length);
        return Err(Problem::new(Class::Invalid, "secret-length", message));
    }
    let alphabet = alphabet(recipe.alphabet);
    // Bytes at or past the largest multiple of the alphabet's size are thrown away: taking them
    // modulo the size would make its first letters likelier.
    let fair = 256 - 256 % alphabet.len();
    let mut text = String::with_capacity(recipe.length as usize);
    let mut random = zeroize::Zeroizing::new([0_u8; 256]);
    while text.len() < recipe.length as usize {
        getrandom::fill(random.as_mut_slice())
            .map_err(|error| Problem::new(Class::Internal, "no-randomness", error.to_string()))?;
        let letters = random.iter().map(|byte| usize::from(*byte)).filter(|byte| *byte < fair);
        let missing = recipe.length as usize - text.len();
        text.extend(letters.take(missing).map(|byte| char::from(alphabet[byte % alphabet.len()])));
    }
    Ok(text)
}

fn alphabet(alphabet: Alphabet) -> Vec<u8> {
    match alphabet {
        Alphabet::Alphanumeric => (b'0'..=b'9').chain(b'A'..=b'Z').chain(b'a'..=b'z').collect(),
        Alphabet::Hex => (b'0'..=b'9').chain(b'a'..=b'f').collect(),
        Alphabet::Printable => (b'!'..=b'~').filter(|byte| !matches!(byte, b'"' | b'\'' | b'`' | b'\\')).collect(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn generated_secrets_keep_to_their_recipe() {
        for (kind, length) in [(Alphabet::Alphanumeric, 8), (Alphabet::Hex, 1024), (Alphabet::Printable, 300)] {
            let allowed = alphabet(kind);
            let secret = generate(Recipe { length, alphabet: kind }).unwrap();
            assert_eq!(secret.len(), length as usize);
            assert!(secret.bytes().all(|byte| allowed.contains(&byte)));
            assert_ne!(secret, generate(Recipe { length, alphabet: kind }).unwrap());
        }
        assert!(generate(Recipe { length: 7, alphabet: Alphabet::Hex }).is_err());
        assert!(generate(Recipe { length: 1025, alphabet: Alphabet::Hex }).is_err());
    }
}
