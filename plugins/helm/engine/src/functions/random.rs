//! Randomness: `randAlphaNum`, `uuidv4`, `shuffle`. It comes from the rendering's caller.

use super::arguments;
use crate::context::Context;
use crate::format::runes;
use crate::function::{Answer, Failure, Function, Parameter};
use crate::value::Value;

/// What is different each time.
pub const TABLE: &[Function] = &[
    Function {
        name: "randAlpha",
        parameters: &[Parameter::Int],
        variadic: None,
        call: |context, arguments| drawn(context, arguments, ALPHABETIC),
    },
    Function {
        name: "randAlphaNum",
        parameters: &[Parameter::Int],
        variadic: None,
        call: |context, arguments| drawn(context, arguments, ALPHANUMERIC),
    },
    Function {
        name: "randAscii",
        parameters: &[Parameter::Int],
        variadic: None,
        call: |context, arguments| drawn(context, arguments, PRINTABLE),
    },
    Function { name: "randBytes", parameters: &[Parameter::Int], variadic: None, call: random_bytes },
    Function { name: "randInt", parameters: &[Parameter::Int, Parameter::Int], variadic: None, call: random_int },
    Function {
        name: "randNumeric",
        parameters: &[Parameter::Int],
        variadic: None,
        call: |context, arguments| drawn(context, arguments, NUMERIC),
    },
    Function { name: "shuffle", parameters: &[Parameter::Str], variadic: None, call: shuffle },
    Function { name: "uuidv4", parameters: &[], variadic: None, call: uuid },
];

const ALPHABETIC: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const ALPHANUMERIC: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const NUMERIC: &[u8] = b"0123456789";
const PRINTABLE: &[u8] =
    b" !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~";

/// Random numbers below a bound, each as likely as any other, from bytes that are asked for by the block.
struct Source<'a> {
    context: &'a mut dyn Context,
    block: [u8; 256],
    used: usize,
}

impl<'a> Source<'a> {
    fn new(context: &'a mut dyn Context) -> Self {
        Self { context, block: [0; 256], used: 256 }
    }

    fn byte(&mut self) -> Result<u8, Failure> {
        if self.used >= self.block.len() {
            self.context.random(&mut self.block)?;
            self.used = 0;
        }
        let byte = self.block.get(self.used).copied().unwrap_or_default();
        self.used += 1;
        Ok(byte)
    }

    /// A number below `bound`, which is more than none: what lies above its last multiple is drawn again.
    fn below(&mut self, bound: u64) -> Result<u64, Failure> {
        let bytes = if bound <= 256 { 1 } else { 8 };
        let span: u128 = 1 << (8 * bytes);
        let limit = span - span % u128::from(bound.max(1));
        loop {
            let mut number = 0u64;
            for _ in 0..bytes {
                number = number << 8 | u64::from(self.byte()?);
            }
            if u128::from(number) < limit {
                return Ok(number % bound.max(1));
            }
        }
    }
}

/// As many characters of `set` as the argument says; none if it is negative.
fn drawn(context: &mut dyn Context, arguments: &[Value], set: &[u8]) -> Answer {
    let count = usize::try_from(arguments::int(arguments, 0)?).unwrap_or(0);
    context.spend(count)?;
    let mut source = Source::new(context);
    let mut out = Vec::with_capacity(count);
    for _ in 0..count {
        let index = usize::try_from(source.below(set.len() as u64)?).unwrap_or_default();
        out.extend(set.get(index));
    }
    Ok(Value::str(out))
}

/// Random bytes in base64.
fn random_bytes(context: &mut dyn Context, arguments: &[Value]) -> Answer {
    let count = usize::try_from(arguments::int(arguments, 0)?);
    let count = count.map_err(|_| "runtime error: makeslice: len out of range")?;
    context.spend(count.saturating_mul(2))?;
    let mut bytes = vec![0; count];
    context.random(&mut bytes)?;
    Ok(Value::str(super::encoding::base64_encode(&bytes)))
}

/// A number from the first argument to before the second.
fn random_int(context: &mut dyn Context, arguments: &[Value]) -> Answer {
    let (low, high) = (arguments::int(arguments, 0)?, arguments::int(arguments, 1)?);
    // Go subtracts with overflow too.
    let bound = u64::try_from(high.wrapping_sub(low)).unwrap_or(0);
    if bound == 0 {
        return Err("invalid argument to Intn".into());
    }
    let drawn = Source::new(context).below(bound)?;
    Ok(Value::int(low.wrapping_add_unsigned(drawn)))
}

/// The characters in another order.
fn shuffle(context: &mut dyn Context, arguments: &[Value]) -> Answer {
    let text = arguments::text(arguments, 0)?;
    context.spend(text.len())?;
    let mut characters: Vec<char> =
        runes::indices(text).map(|(_, character)| character.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    let mut source = Source::new(context);
    for last in (1..characters.len()).rev() {
        let other = usize::try_from(source.below(last as u64 + 1)?).unwrap_or_default();
        characters.swap(last, other);
    }
    Ok(Value::str(characters.into_iter().collect::<String>()))
}

/// A random UUID: version 4, variant of RFC 9562.
fn uuid(context: &mut dyn Context, _: &[Value]) -> Answer {
    let mut bytes = [0; 16];
    context.random(&mut bytes)?;
    let [_, _, _, _, _, _, version, _, variant, ..] = &mut bytes;
    *version = *version & 0x0f | 0x40;
    *variant = *variant & 0x3f | 0x80;
    let mut text = String::with_capacity(36);
    for (index, byte) in bytes.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.push_str(&format!("{byte:02x}"));
    }
    Ok(Value::str(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::functions::testing::{World, call, printed, values};

    #[test]
    fn draws_from_the_whole_set_and_nothing_else() {
        for (name, set) in [
            ("randAlpha", ALPHABETIC),
            ("randAlphaNum", ALPHANUMERIC),
            ("randAscii", PRINTABLE),
            ("randNumeric", NUMERIC),
        ] {
            let text = printed(name, &values![5000]);
            assert_eq!(text.len(), 5000, "{name}");
            assert!(text.bytes().all(|byte| set.contains(&byte)), "{name}");
            assert!(set.iter().all(|byte| text.bytes().any(|drawn| drawn == *byte)), "{name}");
            assert_eq!(printed(name, &values![-1]), "", "{name}");
            assert_eq!(printed(name, &values![i64::MAX]), "error: the budget is spent", "{name}");
        }
        assert_eq!((PRINTABLE.len(), PRINTABLE.first(), PRINTABLE.last()), (95, Some(&b' '), Some(&b'~')));
    }

    #[test]
    fn draws_numbers_within_bounds() {
        let mut world = World::default();
        let mut drawn: Vec<Value> = Vec::new();
        for _ in 0..200 {
            drawn.extend(random_int(&mut world, &values![-2, 3]));
        }
        let number = |value: &Value| if let Value::Int(number, _) = value { *number } else { i64::MIN };
        let mut numbers: Vec<i64> = drawn.iter().map(number).collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers, [-2, -1, 0, 1, 2]);
        assert_eq!(printed("randInt", &values![3, 3]), "error: invalid argument to Intn");
        assert_eq!(printed("randInt", &values![3, 1]), "error: invalid argument to Intn");
    }

    #[test]
    fn shuffles_and_makes_identifiers() {
        let shuffled = printed("shuffle", &values!["aébcdefgh"]);
        let mut characters: Vec<char> = shuffled.chars().collect();
        assert_ne!(shuffled, "aébcdefgh");
        characters.sort_unstable();
        assert_eq!(characters.into_iter().collect::<String>(), "abcdefghé");
        let text = printed("uuidv4", &[]);
        let shape: String = text.chars().map(|digit| if digit.is_ascii_hexdigit() { 'x' } else { digit }).collect();
        assert_eq!(shape, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx");
        assert_eq!(text.as_bytes().get(14), Some(&b'4'));
        assert!(text.as_bytes().get(19).is_some_and(|digit| b"89ab".contains(digit)));
        assert_eq!(printed("randBytes", &values![3]).len(), 4);
        assert!(call("randBytes", &values![-1]).is_err());
    }
}
