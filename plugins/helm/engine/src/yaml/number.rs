//! Go's texts of floats, as YAML and JSON carry them.

/// Go's `FormatFloat(value, 'g', -1, 64)`, with YAML's names for what is not a number.
pub(crate) fn yaml_float(value: f64, out: &mut Vec<u8>) {
    if value.is_nan() {
        out.extend_from_slice(b".nan");
    } else if value.is_infinite() {
        out.extend_from_slice(if value > 0.0 { b".inf" } else { b"-.inf" });
    } else {
        float(value, -4, 6, 2, out);
    }
}

/// The text that go-yaml's keys have: `FormatFloat(value, 'g', -1, 32)`.
pub(crate) fn key_float(value: f64, out: &mut Vec<u8>) {
    let single = value as f32;
    if single.is_finite() {
        written(
            single == 0.0,
            single.is_sign_negative(),
            &crate::format::float::shortest_single(single.abs()),
            -4,
            6,
            2,
            out,
        );
    } else {
        yaml_float(f64::from(single), out);
    }
}

/// What Go's `encoding/json` writes for a finite float: no exponent from 1e-6 up to below 1e21.
pub(crate) fn json_float(value: f64, out: &mut Vec<u8>) {
    float(value, -6, 21, 1, out);
}

fn float(value: f64, least: i32, below: i32, width: usize, out: &mut Vec<u8>) {
    written(
        value == 0.0,
        value.is_sign_negative(),
        &crate::format::float::shortest(value.abs()),
        least,
        below,
        width,
        out,
    );
}

/// Writes a number, of which `shortest` is the shortest text with an exponent, without one if its own lies
/// within `least..below`, else with one of `width` digits.
fn written(zero: bool, negative: bool, shortest: &str, least: i32, below: i32, width: usize, out: &mut Vec<u8>) {
    if negative {
        out.push(b'-');
    }
    if zero {
        out.push(b'0');
        return;
    }
    let (mantissa, exponent) = shortest.split_once('e').unwrap_or((shortest, "0"));
    let digits: Vec<u8> = mantissa.bytes().filter(u8::is_ascii_digit).collect();
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let point = exponent + 1;
    if exponent < least || exponent >= below {
        out.push(digits.first().copied().unwrap_or(b'0'));
        if digits.len() > 1 {
            out.push(b'.');
            out.extend_from_slice(&digits[1..]);
        }
        out.extend_from_slice(if exponent < 0 { b"e-" } else { b"e+" });
        out.extend_from_slice(format!("{:0width$}", exponent.unsigned_abs()).as_bytes());
    } else if point <= 0 {
        out.extend_from_slice(b"0.");
        out.extend(std::iter::repeat_n(b'0', point.unsigned_abs() as usize));
        out.extend_from_slice(&digits);
    } else {
        let whole = point.unsigned_abs() as usize;
        if digits.len() > whole {
            out.extend_from_slice(&digits[..whole]);
            out.push(b'.');
            out.extend_from_slice(&digits[whole..]);
        } else {
            out.extend_from_slice(&digits);
            out.extend(std::iter::repeat_n(b'0', whole - digits.len()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_read_as_go_writes_them() {
        for (value, yaml, json) in [
            (0.0, "0", "0"),
            (-0.0, "-0", "-0"),
            (1.5, "1.5", "1.5"),
            (1e6, "1e+06", "1000000"),
            (1234567.5, "1.2345675e+06", "1234567.5"),
            (999999.0, "999999", "999999"),
            (1e-7, "1e-07", "1e-7"),
            (0.0001, "0.0001", "0.0001"),
            (0.00001, "1e-05", "0.00001"),
            (1e20, "1e+20", "100000000000000000000"),
            (1e21, "1e+21", "1e+21"),
            (-1.25e-300, "-1.25e-300", "-1.25e-300"),
            (1.2345678901234567e19, "1.2345678901234567e+19", "12345678901234567000"),
        ] {
            let (mut as_yaml, mut as_json) = (Vec::new(), Vec::new());
            yaml_float(value, &mut as_yaml);
            json_float(value, &mut as_json);
            assert_eq!(String::from_utf8_lossy(&as_yaml), yaml);
            assert_eq!(String::from_utf8_lossy(&as_json), json);
        }
    }
}
