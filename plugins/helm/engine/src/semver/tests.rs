//! Versions and constraints against what Helm says of the same.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;

#[test]
fn versions_are_read_loosely() {
    for (text, read) in [
        ("1.2.3", "1.2.3"),
        ("v1.2", "1.2.0"),
        ("1", "1.0.0"),
        ("01.02", "1.2.0"),
        ("v1.2.3-a+b", "1.2.3-a+b"),
        ("1-rc.1", "1.0.0-rc.1"),
        ("1.2.3+20.1-x", "1.2.3+20.1-x"),
        ("18446744073709551615.0.0", "18446744073709551615.0.0"),
    ] {
        let version = Version::parse(text).unwrap();
        assert_eq!(version.to_string(), read, "{text}");
        assert_eq!(version.original(), text);
    }
}

#[test]
fn what_is_no_version_is_said_in_helms_words() {
    for (text, error) in [
        ("", "invalid semantic version"),
        ("x", "invalid semantic version"),
        ("1.2.3.4", "invalid semantic version"),
        ("vv1", "invalid semantic version"),
        (" 1", "invalid semantic version"),
        ("1.2.3-", "invalid semantic version"),
        ("1.2.3-a..b", "invalid semantic version"),
        ("1.2.3-é", "invalid semantic version"),
        ("1.2.3-01", "version segment starts with 0"),
        (
            "99999999999999999999.1.1",
            "error parsing version segment: strconv.ParseUint: parsing \"99999999999999999999\": value out of range",
        ),
    ] {
        assert_eq!(Version::parse(text).unwrap_err(), error, "{text}");
    }
    for (text, error) in [
        ("", "version string empty"),
        ("1.2", "invalid semantic version"),
        ("v1.2.3", "invalid characters in version"),
        ("1.02.3", "version segment starts with 0"),
        ("1.2.3-", "invalid prerelease string"),
        ("1.2.3-01", "version segment starts with 0"),
        ("1.2.3+a..b", "invalid metadata string"),
        ("1..3", "strconv.ParseUint: parsing \"\": invalid syntax"),
    ] {
        assert_eq!(Version::parse_strict(text).unwrap_err(), error, "{text}");
    }
    assert_eq!(Version::parse_strict("1.2.3-a.1+b").unwrap().prerelease(), "a.1");
}

#[test]
fn prereleases_come_in_order_and_before_their_release() {
    let ordered = [
        "1.0.0-1",
        "1.0.0-9",
        "1.0.0-10",
        "1.0.0-10.1",
        "1.0.0-99999999999999999999",
        "1.0.0-alpha",
        "1.0.0-alpha.1",
        "1.0.0-alpha.beta",
        "1.0.0-rc.9",
        "1.0.0-rc.10",
        "1.0.0",
        "1.0.1",
    ];
    for (index, left) in ordered.iter().enumerate() {
        for (other, right) in ordered.iter().enumerate() {
            let (left, right) = (Version::parse(left).unwrap(), Version::parse(right).unwrap());
            assert_eq!(left.precedence(&right), index.cmp(&other), "{left} {right}");
        }
    }
    let (left, right) = (Version::parse("1.0.0+a").unwrap(), Version::parse("1.0.0+b").unwrap());
    assert!(left.precedence(&right).is_eq());
}

#[test]
fn constraints_hold_as_in_helm() {
    for (constraint, version, holds) in [
        (">=1.19-0", "1.34.0-gke.1", true),
        (">=1.19", "1.34.0-gke.1", false),
        (">= 1.2.3 <2, !=1.5", "1.4.0", true),
        (">= 1.2.3 <2, !=1.5", "1.5.2", false),
        ("1.2 - 2.3", "2.3.9", true),
        ("1.2 - 2.3.0", "2.3.9", false),
        ("1.x || 3.*", "3.1.0", true),
        ("~1.2", "1.3.0", false),
        ("~>1", "1.9.0", true),
        ("~0.0.0", "7.0.0", true),
        ("^0.2.3", "0.2.9", true),
        ("^0.2.3", "0.3.0", false),
        ("^0.0.3", "0.0.4", false),
        ("^0", "0.9.0", true),
        ("^*", "1.0.0", false),
        ("^*", "0.0.0", true),
        (">11", "11.1.0", false),
        ("<=11", "11.1.0", true),
        ("*", "1.0.0-a", false),
        ("*-0", "1.0.0-a", true),
        // A prerelease in one comparison of a group lets prereleases through all of them.
        (">1.0.0-0 <2", "1.5.0-a", true),
        ("<2 || >=3.0.0-0", "1.5.0-a", false),
        ("=1.2.3+other", "1.2.3", true),
    ] {
        let holds_here = Constraints::parse(constraint).unwrap().check(&Version::parse(version).unwrap());
        assert_eq!(holds_here, holds, "{constraint} of {version}");
    }
}

#[test]
fn what_is_no_constraint_is_said_in_helms_words() {
    for (constraint, error) in [
        ("", "improper constraint: "),
        ("a", "improper constraint: a"),
        ("==1", "improper constraint: ==1"),
        ("1.2.3.4", "improper constraint: 1.2.3.4"),
        ("1 || b", "improper constraint:  b"),
        ("1,,2", "improper constraint: 1,,2"),
        ("1|2", "constraint parser error"),
        ("1x", "constraint parser error"),
        ("1.2.3-01", "constraint parser error"),
        // Hyphen ranges are rewritten first, and it shows.
        (">1 - 2", "improper constraint: >>= 1, <= 2 "),
        ("1.2.3.4 - 5", "improper constraint: 1.>= 2.3.4, <= 5 "),
    ] {
        assert_eq!(Constraints::parse(constraint).unwrap_err(), error, "{constraint}");
    }
}

#[test]
fn hostile_constraints_end() {
    let long = "1.".repeat(7000) + " -";
    assert!(Constraints::parse(&long).is_err());
    assert_eq!(Constraints::parse(&"1 ".repeat(100_000)).unwrap_err(), "constraint too long");
    assert!(Constraints::parse(&"1 - 2 ".repeat(2000)).is_ok());
}

#[test]
fn next_versions_keep_the_prefix() {
    let version = Version::parse("v1.2.3-a+b").unwrap();
    for (next, original) in [
        (version.next_major(), "v2.0.0"),
        (version.next_minor(), "v1.3.0"),
        (version.next_patch(), "v1.2.3"),
        (version.with_prerelease("rc.1").unwrap(), "v1.2.3-rc.1+b"),
        (version.with_metadata("").unwrap(), "v1.2.3-a"),
    ] {
        assert_eq!(next.original(), original);
    }
    assert_eq!(Version::parse("18446744073709551615.0.0").unwrap().next_major().to_string(), "0.0.0");
    assert_eq!(version.with_prerelease("01").unwrap_err(), "version segment starts with 0");
}
