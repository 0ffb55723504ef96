//! Random identifiers and secrets, always from the operating system.

/// Text of `bytes` random bytes in lower-case hexadecimal.
pub(crate) fn hex(bytes: usize) -> Result<String, getrandom::Error> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut buffer = vec![0; bytes];
    getrandom::fill(&mut buffer)?;
    let mut text = String::with_capacity(bytes * 2);
    for byte in buffer {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    Ok(text)
}

/// A random UUID, version 4.
pub(crate) fn uuid() -> Result<String, getrandom::Error> {
    let digits = hex(16)?;
    // Two bits of the variant nibble are fixed; the other two stay random.
    let variant = match digits.as_bytes()[16] % 4 {
        0 => '8',
        1 => '9',
        2 => 'a',
        _ => 'b',
    };
    Ok(format!(
        "{}-{}-4{}-{variant}{}-{}",
        &digits[..8],
        &digits[8..12],
        &digits[13..16],
        &digits[17..20],
        &digits[20..]
    ))
}

/// A random number below `bound`.
pub(crate) fn below(bound: u32) -> Result<u32, getrandom::Error> {
    // The bias of the remainder does not matter to a simulated address.
    Ok(getrandom::u32()? % bound.max(1))
}

/// `length` random characters of those Kubernetes uses in generated names.
pub(crate) fn suffix(length: usize) -> Result<String, getrandom::Error> {
    pick(b"bcdfghjklmnpqrstvwxz2456789", length)
}

/// `length` random characters of an alphabet, which has at least one.
pub(crate) fn pick(alphabet: &[u8], length: usize) -> Result<String, getrandom::Error> {
    let mut buffer = vec![0; length];
    getrandom::fill(&mut buffer)?;
    Ok(buffer.into_iter().map(|byte| char::from(alphabet[usize::from(byte) % alphabet.len()])).collect())
}

/// Random bytes.
pub(crate) fn bytes<const N: usize>() -> Result<[u8; N], getrandom::Error> {
    let mut buffer = [0; N];
    getrandom::fill(&mut buffer)?;
    Ok(buffer)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn a_uuid_has_the_shape_of_version_4_and_differs_each_time() {
        let one = uuid().unwrap();
        let parts: Vec<usize> = one.split('-').map(str::len).collect();
        assert_eq!(parts, [8, 4, 4, 4, 12]);
        assert_eq!(&one[14..15], "4");
        assert!("89ab".contains(&one[19..20]));
        assert_ne!(one, uuid().unwrap());
    }

    #[test]
    fn hex_is_two_digits_a_byte() {
        let text = hex(32).unwrap();
        assert_eq!(text.len(), 64);
        assert!(text.bytes().all(|b| b.is_ascii_hexdigit() && !b.is_ascii_uppercase()));
    }
}
