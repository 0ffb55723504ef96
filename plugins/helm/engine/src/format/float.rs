//! Floats as `strconv.AppendFloat` writes them.

use std::io::Write as _;

/// No `f64` has more digits than this after its point, or more significant ones: what is asked beyond is zeros.
const MAX_DIGITS: usize = 1100;

/// Appends a float in the format of a verb (`b e E f g G x X`); without a precision, with as many digits as tell it
/// from its neighbours. Positive numbers have no sign but for infinity, which is `+Inf`.
pub(crate) fn append(out: &mut Vec<u8>, value: f64, verb: u8, precision: Option<usize>) {
    if value.is_nan() {
        out.extend_from_slice(b"NaN");
        return;
    }
    if value.is_infinite() {
        out.extend_from_slice(if value < 0.0 { b"-Inf" } else { b"+Inf" });
        return;
    }
    if value.is_sign_negative() {
        out.push(b'-');
    }
    let value = value.abs();
    match verb {
        b'b' => binary(out, value),
        b'x' | b'X' => hexadecimal(out, value, verb, precision),
        b'e' | b'E' => {
            let digits = Digits::of(value, precision.map(|after| after.saturating_add(1)));
            let after = precision.unwrap_or(digits.text.len().saturating_sub(1));
            digits.exponential(out, after, verb);
        }
        b'f' => match precision {
            Some(precision) => fixed(out, value, precision),
            None => {
                let digits = Digits::of(value, None);
                let after = usize::try_from(digits.after_point()).unwrap_or_default();
                digits.plain(out, after);
            }
        },
        _ => general(out, value, verb, precision),
    }
}

/// `%g`: exponential for exponents below -4, and from the precision (6 for the shortest form) on.
fn general(out: &mut Vec<u8>, value: f64, verb: u8, precision: Option<usize>) {
    // Most numbers of a chart are small and whole.
    if precision.is_none() && value < 1e6 && value.fract() == 0.0 {
        let _ = write!(out, "{}", value as u32);
        return;
    }
    let precision = precision.map(|precision| precision.max(1));
    let digits = Digits::of(value, precision);
    let count = digits.text.len();
    let whole = digits.point;
    let precision = precision.unwrap_or(count);
    let mut limit = precision;
    if limit > count && count as i64 >= whole {
        limit = count;
    }
    if digits.shortest {
        limit = 6;
    }
    let exponent = whole - 1;
    if exponent < -4 || exponent >= i64::try_from(limit).unwrap_or(i64::MAX) {
        let after = precision.min(count).saturating_sub(1);
        digits.exponential(out, after, if verb == b'G' { b'E' } else { b'e' });
    } else {
        let kept = if precision as i64 > whole { count } else { precision };
        let after = usize::try_from(kept as i64 - whole).unwrap_or_default();
        digits.plain(out, after);
    }
}

/// The fewest digits that read back as `value`, with an exponent: `1.25e-7`. Where two such texts are equally near,
/// Go takes the even one, and Rust the greater.
pub(crate) fn shortest(value: f64) -> String {
    even(format!("{value:e}"), 15, |digits| {
        let text = format!("{value:.*e}", digits - 1);
        (text.parse() == Ok(value)).then_some(text)
    })
}

/// The same for a float of 32 bits.
pub(crate) fn shortest_single(value: f32) -> String {
    even(format!("{value:e}"), 6, |digits| {
        let text = format!("{value:.*e}", digits - 1);
        (text.parse() == Ok(value)).then_some(text)
    })
}

/// The shortest text, or the nearest one of as many digits where that reads back as the number too. With fewer digits
/// than `least`, two of them are too far apart to be equally near.
fn even(shortest: String, least: usize, nearest: impl Fn(usize) -> Option<String>) -> String {
    let digits = shortest.bytes().take_while(|&byte| byte != b'e').filter(u8::is_ascii_digit).count();
    if digits < least { shortest } else { nearest(digits).unwrap_or(shortest) }
}

/// `%.Nf`.
fn fixed(out: &mut Vec<u8>, value: f64, precision: usize) {
    let exact = precision.min(MAX_DIGITS);
    // Writing to a vector cannot fail.
    let _ = write!(out, "{value:.exact$}");
    out.resize(out.len() + (precision - exact), b'0');
}

/// Decimal digits, without zeros at their end: 0.`text` times ten to the power of `point`.
struct Digits {
    text: Vec<u8>,
    point: i64,
    shortest: bool,
}

impl Digits {
    /// The digits of a number that is not negative: rounded to `significant` ones, or the fewest that tell it apart.
    fn of(value: f64, significant: Option<usize>) -> Self {
        let mut text = match significant {
            None => shortest(value),
            Some(count) => format!("{value:.*e}", count.clamp(1, MAX_DIGITS) - 1),
        }
        .into_bytes();
        let mut exponent = 0;
        if let Some(at) = text.iter().position(|&byte| byte == b'e') {
            let digits = text.split_off(at);
            exponent = digits.get(1..).and_then(|digits| str::from_utf8(digits).ok()?.parse().ok()).unwrap_or(0);
        }
        text.retain(u8::is_ascii_digit);
        while text.last() == Some(&b'0') {
            text.pop();
        }
        // Zero has no digits, and its point at the left.
        let point = if text.is_empty() { 0 } else { exponent + 1 };
        Self { text, point, shortest: significant.is_none() }
    }

    /// How many digits stand behind the point.
    fn after_point(&self) -> i64 {
        (self.text.len() as i64 - self.point).max(0)
    }

    fn exponential(&self, out: &mut Vec<u8>, after: usize, letter: u8) {
        let zeros = std::iter::repeat(&b'0');
        let mut digits = self.text.iter().chain(zeros);
        out.extend(digits.next());
        if after > 0 {
            out.push(b'.');
            out.extend(digits.take(after));
        }
        let exponent = if self.text.is_empty() { 0 } else { self.point - 1 };
        out.extend_from_slice(&[letter, if exponent < 0 { b'-' } else { b'+' }]);
        let _ = write!(out, "{:02}", exponent.abs());
    }

    fn plain(&self, out: &mut Vec<u8>, after: usize) {
        let zeros = std::iter::repeat(&b'0');
        let whole = usize::try_from(self.point).unwrap_or_default();
        let lead = usize::try_from(-self.point).unwrap_or_default();
        let mut digits = self.text.iter();
        if whole == 0 {
            out.push(b'0');
        } else {
            out.extend(digits.by_ref().chain(zeros.clone()).take(whole));
        }
        if after > 0 {
            out.push(b'.');
            out.extend(zeros.clone().take(lead).chain(digits).chain(zeros).take(after));
        }
    }
}

/// Mantissa and exponent: the value is the one times two to the power of the other.
fn parts(value: f64) -> (u64, i32) {
    let bits = value.to_bits();
    let mantissa = bits & ((1 << 52) - 1);
    match (bits >> 52) & 0x7ff {
        0 => (mantissa, -1074),
        exponent => (mantissa | 1 << 52, exponent as i32 - 1075),
    }
}

/// `%b`: 4503599627370496p-52.
fn binary(out: &mut Vec<u8>, value: f64) {
    let (mantissa, exponent) = parts(value);
    let _ = write!(out, "{mantissa}p{exponent:+}");
}

/// `%x`: 0x1.8p+01.
fn hexadecimal(out: &mut Vec<u8>, value: f64, verb: u8, precision: Option<usize>) {
    let digits: &[u8; 16] = if verb == b'X' { b"0123456789ABCDEF" } else { b"0123456789abcdef" };
    let (mut mantissa, mut exponent) = parts(value);
    exponent = if mantissa == 0 { 0 } else { exponent + 52 };
    // The leading one goes to bit 60, so that the four above are free for a carry and for shifting out digits.
    mantissa <<= 8;
    while mantissa != 0 && mantissa & (1 << 60) == 0 {
        mantissa <<= 1;
        exponent -= 1;
    }
    if let Some(precision @ 0..15) = precision {
        let shift = precision * 4;
        let cut = (mantissa << shift) & ((1 << 60) - 1);
        mantissa >>= 60 - shift;
        // Halves go to the even neighbour.
        if cut | (mantissa & 1) > 1 << 59 {
            mantissa += 1;
        }
        mantissa <<= 60 - shift;
        if mantissa & (1 << 61) != 0 {
            mantissa >>= 1;
            exponent += 1;
        }
    }
    out.extend_from_slice(&[b'0', verb, b'0' + (mantissa >> 60 & 1) as u8]);
    mantissa <<= 4;
    let count = precision.unwrap_or((64 - mantissa.trailing_zeros() as usize).div_ceil(4));
    if count > 0 {
        out.push(b'.');
        for _ in 0..count {
            out.extend(digits.get((mantissa >> 60) as usize));
            mantissa <<= 4;
        }
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    let letter = if verb == b'X' { 'P' } else { 'p' };
    let _ = write!(out, "{letter}{sign}{:02}", exponent.abs());
}
