//! Quantities of Kubernetes (`100Gi`, `500m`) and sizes of PostgreSQL (`256MB`), to be compared.

/// A quantity in thousandths; `None` where Kubernetes would not take it.
pub(crate) fn quantity(text: &str) -> Option<i128> {
    let end = text.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '+' | '-'))).unwrap_or(text.len());
    let (figure, suffix) = text.split_at(end);
    let binary = |power: u32| Some(1024_i128.pow(power) * 1000);
    let scale = match suffix {
        "" => Some(1000),
        "m" => Some(1),
        "k" => Some(1_000_000),
        "M" => Some(1_000_000_000),
        "G" => Some(1_000_000_000_000),
        "T" => Some(1_000_000_000_000_000),
        "P" => Some(1_000_000_000_000_000_000),
        "E" => Some(1_000_000_000_000_000_000_000),
        "Ki" => binary(1),
        "Mi" => binary(2),
        "Gi" => binary(3),
        "Ti" => binary(4),
        "Pi" => binary(5),
        "Ei" => binary(6),
        exponent => {
            let power: u32 = exponent.strip_prefix(['e', 'E'])?.parse().ok().filter(|power| *power <= 18)?;
            Some(10_i128.pow(power) * 1000)
        }
    }?;
    let (whole, part) = figure.split_once('.').unwrap_or((figure, ""));
    let part = part.get(..part.len().min(9))?;
    if whole.trim_start_matches(['+', '-']).is_empty() && part.is_empty() || whole.len() > 19 {
        return None;
    }
    let digits: i128 = format!("{whole}{part}").parse().ok()?;
    Some(digits.checked_mul(scale)? / 10_i128.pow(u32::try_from(part.len()).ok()?))
}

/// A size in PostgreSQL's configuration, in thousandths of a byte, read as the operator reads it: megabytes where it
/// names no unit.
pub(crate) fn postgres(text: &str) -> Option<i128> {
    let compact: String = text.chars().filter(|c| *c != ' ').collect();
    if !compact.is_empty() && compact.chars().all(|c| c.is_ascii_digit()) {
        return quantity(&format!("{compact}Mi"));
    }
    let of = compact.strip_suffix('B')?;
    if of.chars().all(|c| c.is_ascii_digit()) {
        return quantity(of);
    }
    // Its kilobytes are of 1024 bytes, and written with a small letter.
    quantity(&format!("{}i", of.replace('k', "K")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_as_kubernetes_reads_them() {
        let cases = [
            ("1", 1_000),
            ("500m", 500),
            ("0.5", 500),
            ("1.5Gi", 1_610_612_736_000),
            ("100G", 100_000_000_000_000),
            ("1e3", 1_000_000),
            ("-1", -1_000),
            (".5", 500),
        ];
        for (text, thousandths) in cases {
            assert_eq!(quantity(text), Some(thousandths), "{text}");
        }
        for wrong in ["", "Gi", "1GB", "1 Gi", "a", "1.2.3", "1e99", "--1", "99999999999999999999"] {
            assert_eq!(quantity(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn sizes_as_the_operator_reads_them() {
        assert_eq!(postgres("256MB"), quantity("256Mi"));
        assert_eq!(postgres("256"), quantity("256Mi"));
        assert_eq!(postgres("8 kB"), quantity("8Ki"));
        assert_eq!(postgres("1GB"), quantity("1Gi"));
        assert_eq!(postgres("512B"), quantity("512"));
        for wrong in ["", "256M", "1Gi", "lots", "MB"] {
            assert_eq!(postgres(wrong), None, "{wrong}");
        }
    }
}
