//! Base64 and base32, whose decoders answer with the error's text where there is one.

use super::arguments;
use crate::function::{Function, Parameter};
use crate::value::Value;

/// What encodes and decodes.
pub const TABLE: &[Function] = &[
    Function {
        name: "b32dec",
        parameters: &[Parameter::Str],
        variadic: None,
        call: |context, arguments| {
            let text = arguments::text(arguments, 0)?;
            context.spend(text.len())?;
            Ok(Value::str(base32_decode(text).unwrap_or_else(|at| illegal("base32", at))))
        },
    },
    Function {
        name: "b32enc",
        parameters: &[Parameter::Str],
        variadic: None,
        call: |context, arguments| {
            let text = arguments::text(arguments, 0)?;
            context.spend(text.len())?;
            Ok(Value::str(base32_encode(text)))
        },
    },
    Function {
        name: "b64dec",
        parameters: &[Parameter::Str],
        variadic: None,
        call: |context, arguments| {
            let text = arguments::text(arguments, 0)?;
            context.spend(text.len())?;
            Ok(Value::str(base64_decode(text).unwrap_or_else(|at| illegal("base64", at))))
        },
    },
    Function {
        name: "b64enc",
        parameters: &[Parameter::Str],
        variadic: None,
        call: |context, arguments| {
            let text = arguments::text(arguments, 0)?;
            context.spend(text.len())?;
            Ok(Value::str(base64_encode(text)))
        },
    },
];

fn illegal(encoding: &str, at: usize) -> Vec<u8> {
    format!("illegal {encoding} data at input byte {at}").into_bytes()
}

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The standard alphabet, padded.
pub(super) fn base64_encode(bytes: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let bits = group.iter().zip([16, 8, 0]).fold(0u32, |bits, (byte, shift)| bits | u32::from(*byte) << shift);
        for position in 0..4u32 {
            if position as usize <= group.len() {
                text.extend(BASE64.get((bits >> (18 - 6 * position)) as usize & 0x3f));
            } else {
                text.push(b'=');
            }
        }
    }
    text
}

fn base64_digit(byte: u8) -> Option<u32> {
    Some(u32::from(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    }))
}

/// Line breaks are skipped, bits left over are not looked at. The error is the offset that Go names.
pub(super) fn base64_decode(text: &[u8]) -> Result<Vec<u8>, usize> {
    let breaks = |mut at: usize| {
        while matches!(text.get(at), Some(b'\n' | b'\r')) {
            at += 1;
        }
        at
    };
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 3);
    let (mut at, mut bits, mut digits) = (0, 0u32, 0);
    while let Some(&byte) = text.get(at) {
        at += 1;
        if let Some(digit) = base64_digit(byte) {
            bits = bits << 6 | digit;
            digits += 1;
            if digits == 4 {
                let [_, group @ ..] = bits.to_be_bytes();
                bytes.extend_from_slice(&group);
                (bits, digits) = (0, 0);
            }
            continue;
        }
        match byte {
            b'\n' | b'\r' => continue,
            b'=' if digits >= 2 => {}
            _ => return Err(at - 1),
        }
        if digits == 2 {
            at = breaks(at);
            match text.get(at) {
                None => return Err(at),
                Some(b'=') => at += 1,
                Some(_) => return Err(at - 1),
            }
        }
        at = breaks(at);
        if at < text.len() {
            return Err(at);
        }
        let [_, group @ ..] = (bits << (6 * (4 - digits))).to_be_bytes();
        bytes.extend(group.iter().take(digits - 1));
        return Ok(bytes);
    }
    if digits > 0 { Err(at - digits) } else { Ok(bytes) }
}

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The standard alphabet, padded.
fn base32_encode(bytes: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(bytes.len().div_ceil(5) * 8);
    for group in bytes.chunks(5) {
        let bits =
            group.iter().zip([32, 24, 16, 8, 0]).fold(0u64, |bits, (byte, shift)| bits | u64::from(*byte) << shift);
        let digits = (group.len() * 8).div_ceil(5);
        for position in 0..8usize {
            if position < digits {
                text.extend(BASE32.get((bits >> (35 - 5 * position)) as usize & 0x1f));
            } else {
                text.push(b'=');
            }
        }
    }
    text
}

fn base32_digit(byte: u8) -> Option<u64> {
    Some(u64::from(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'2'..=b'7' => byte - b'2' + 26,
        _ => return None,
    }))
}

/// Line breaks are taken out before offsets are counted, and what follows whole padding is not looked at.
fn base32_decode(text: &[u8]) -> Result<Vec<u8>, usize> {
    let text: Vec<u8> = text.iter().copied().filter(|byte| !matches!(byte, b'\n' | b'\r')).collect();
    let mut bytes = Vec::with_capacity(text.len() / 8 * 5 + 5);
    let (mut bits, mut digits) = (0u64, 0);
    for (at, &byte) in text.iter().enumerate() {
        let behind = text.get(at + 1..).unwrap_or_default();
        if byte == b'=' && digits >= 2 && behind.len() < 8 {
            if behind.len() + digits < 7 {
                return Err(text.len());
            }
            if let Some(wrong) = behind.iter().take(7 - digits).position(|byte| *byte != b'=') {
                return Err(at + wrong);
            }
            if matches!(digits, 3 | 6) {
                return Err(at);
            }
            let [_, _, _, group @ ..] = (bits << (5 * (8 - digits))).to_be_bytes();
            bytes.extend(group.iter().take(digits * 5 / 8));
            return Ok(bytes);
        }
        bits = bits << 5 | base32_digit(byte).ok_or(at)?;
        digits += 1;
        if digits == 8 {
            let [_, _, _, group @ ..] = bits.to_be_bytes();
            bytes.extend_from_slice(&group);
            (bits, digits) = (0, 0);
        }
    }
    if digits > 0 { Err(text.len() - digits) } else { Ok(bytes) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodes_with_padding() {
        for (bytes, base64, base32) in [
            ("", "", ""),
            ("a", "YQ==", "ME======"),
            ("ab", "YWI=", "MFRA===="),
            ("abc", "YWJj", "MFRGG==="),
            ("abcd", "YWJjZA==", "MFRGGZA="),
            ("abcde", "YWJjZGU=", "MFRGGZDF"),
            ("a?>~", "YT8+fg==", "ME7T47Q="),
        ] {
            assert_eq!(base64_encode(bytes.as_bytes()), base64.as_bytes(), "{bytes}");
            assert_eq!(base32_encode(bytes.as_bytes()), base32.as_bytes(), "{bytes}");
            assert_eq!(base64_decode(base64.as_bytes()), Ok(bytes.into()), "{bytes}");
            assert_eq!(base32_decode(base32.as_bytes()), Ok(bytes.into()), "{bytes}");
        }
    }

    #[test]
    fn decodes_base64_as_leniently_as_go() {
        for (text, expected) in [
            ("YQ", Err(0)),
            ("!!!", Err(0)),
            ("YWJj\nZGVm", Ok("abcdef")),
            ("YQ=", Err(3)),
            ("YQ==YQ==", Err(4)),
            ("Y", Err(0)),
            ("YWJj*", Err(4)),
            ("YR==", Ok("a")),
            ("=", Err(0)),
            ("YQ=x", Err(2)),
            ("YQ==\n", Ok("a")),
            ("Y\nQ=\n=\n", Ok("a")),
            ("YWJjZ", Err(4)),
            ("YWJjZGVmZ2hpamtsbW5vcH*", Err(22)),
            ("-_-_", Err(0)),
            ("YQ==\nx", Err(5)),
            ("Y=Q=", Err(1)),
        ] {
            assert_eq!(base64_decode(text.as_bytes()), expected.map(|bytes: &str| bytes.into()), "{text:?}");
        }
    }

    #[test]
    fn decodes_base32_as_leniently_as_go() {
        for (text, expected) in [
            ("ME", Err(0)),
            ("ME=====", Err(7)),
            ("me======", Err(0)),
            ("M1======", Err(1)),
            ("M", Err(0)),
            ("ME======ME======", Err(2)),
            ("MFRGGZDF\nMFRA====", Ok("abcdeab")),
            ("========", Err(0)),
            ("MFRGG", Err(0)),
            ("MF======", Ok("a")),
            ("MFR=====", Err(3)),
            ("M=======", Err(1)),
            ("MFRGGZ==", Err(6)),
            ("MFRGGZD=", Ok("abcd")),
            ("ME=A====", Err(2)),
            ("MFRGGZDF1", Err(8)),
            ("ME=====A", Err(6)),
            ("ME======x", Ok("a")),
        ] {
            assert_eq!(base32_decode(text.as_bytes()), expected.map(|bytes: &str| bytes.into()), "{text:?}");
        }
    }
}
