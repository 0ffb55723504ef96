//! AES-256-CBC as `encryptAES` and `decryptAES` have it: the key is the password itself, cut or filled with zeros.

use aes::Aes256;
use aes::cipher::consts::U16;
use aes::cipher::{Array, BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};

use super::super::encoding::{base64_decode, base64_encode};
use crate::context::Context;
use crate::function::{Answer, Failure};
use crate::value::Value;

const BLOCK: usize = 16;

fn cipher(password: &[u8]) -> Aes256 {
    let mut key = [0; 32];
    for (slot, byte) in key.iter_mut().zip(password) {
        *slot = *byte;
    }
    Aes256::new(&key.into())
}

/// The base64 of a random vector and the ciphertext.
pub(super) fn encrypt(context: &mut dyn Context, password: &[u8], text: &[u8]) -> Answer {
    if text.is_empty() {
        return Ok("".into());
    }
    context.spend(text.len())?;
    let cipher = cipher(password);
    let mut last = [0; BLOCK];
    context.random(&mut last)?;
    let mut out = last.to_vec();
    let padding = BLOCK - text.len() % BLOCK;
    let padded = text.iter().copied().chain(std::iter::repeat_n(padding as u8, padding)).collect::<Vec<u8>>();
    for chunk in padded.chunks(BLOCK) {
        let mut block: Array<u8, U16> = Array::default();
        for ((slot, byte), mask) in block.iter_mut().zip(chunk).zip(&last) {
            *slot = byte ^ mask;
        }
        cipher.encrypt_block(&mut block);
        last = block.into();
        out.extend_from_slice(&last);
    }
    Ok(Value::str(base64_encode(&out)))
}

/// The plain text; what cannot be one fails as Go's slices do.
pub(super) fn decrypt(context: &mut dyn Context, password: &[u8], text: &[u8]) -> Answer {
    if text.is_empty() {
        return Ok("".into());
    }
    context.spend(text.len())?;
    let bytes = base64_decode(text).map_err(|at| format!("illegal base64 data at input byte {at}"))?;
    let Some((vector, encrypted)) = bytes.split_at_checked(BLOCK) else { return Err(too_short(&bytes, text)) };
    if encrypted.len() % BLOCK != 0 {
        return Err("crypto/cipher: input not full blocks".into());
    }
    let cipher = cipher(password);
    let mut out = Vec::with_capacity(encrypted.len());
    let mut last = vector;
    for chunk in encrypted.chunks(BLOCK) {
        let mut block: Array<u8, U16> = Array::default();
        block.copy_from_slice(chunk);
        cipher.decrypt_block(&mut block);
        out.extend(block.iter().zip(last).map(|(byte, mask)| byte ^ mask));
        last = chunk;
    }
    let Some(padding) = out.last() else { return Err("runtime error: index out of range [-1]".into()) };
    let padding = usize::from(*padding);
    if padding > out.len() {
        return Err(format!("runtime error: slice bounds out of range [:-{}]", padding - out.len()).into());
    }
    out.truncate(out.len() - padding);
    Ok(Value::str(out))
}

/// How Go fails to cut a vector off: by the room that it made for the decoded text, or by its length.
fn too_short(bytes: &[u8], text: &[u8]) -> Failure {
    let room = text.len() / 4 * 3;
    if room < BLOCK {
        format!("runtime error: slice bounds out of range [:{BLOCK}] with capacity {room}").into()
    } else {
        format!("runtime error: slice bounds out of range [{BLOCK}:{}]", bytes.len()).into()
    }
}
