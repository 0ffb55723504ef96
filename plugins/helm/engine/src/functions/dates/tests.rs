//! Times against what Helm printed for the same expressions.

#![allow(clippy::unwrap_used)]

use super::civil::{civil, seconds};
use super::{coarse, duration, zone};
use crate::template::tests::evaluate;
use crate::value::Value;

fn printed(expression: &str) -> Result<String, String> {
    evaluate(&format!("{{{{ {expression} }}}}"), Value::Nil)
}

#[test]
fn times_are_what_helm_makes_of_them() {
    for (expression, printed_by_helm) in FACTS {
        assert_eq!(printed(expression).as_deref(), Ok(*printed_by_helm), "{expression}");
    }
}

#[test]
fn what_is_no_time_is_said_in_gos_words() {
    for (expression, message) in FAILURES {
        let told = printed(expression).unwrap_err();
        assert!(told.ends_with(message), "{expression}: {told}");
    }
}

#[test]
fn hostile_numbers_end() {
    for expression in [
        "(toDate \"2006\" \"2020\").AddDate 9223372036854775807 9223372036854775807 9223372036854775807",
        "(toDate \"2006\" \"2020\").AddDate -9223372036854775808 -9223372036854775808 -9223372036854775808",
        "((toDate \"2006\" \"2020\").AddDate 9223372036854775807 0 0).Add 9223372036854775807",
        "((toDate \"2006\" \"2020\").AddDate -9223372036854775808 0 0).Truncate 9223372036854775807",
        "((toDate \"2006\" \"2020\").AddDate -9223372036854775808 0 0).Round 9223372036854775807",
        "((toDate \"2006\" \"2020\").AddDate 9223372036854775807 0 0).UnixNano",
        "dateInZone \"2006\" -9223372036854775808 \"Europe/Berlin\"",
        "dateInZone \"2006 MST\" 9223372036854775807 \"America/New_York\"",
        "date (repeat 10000 \"2006\") 0 | len",
        "toDate (repeat 10000 \"2006\") (repeat 10000 \"2006\")",
        "durationRound \"-9223372036854775808ns\"",
    ] {
        assert!(printed(expression).is_ok(), "{expression}");
    }
    assert_eq!(duration::print(i64::MIN), "-2562047h47m16.854775808s");
    assert_eq!(duration::round(i64::MIN, 3), i64::MIN);
    assert_eq!(coarse(i64::MIN), "292y");
}

#[test]
fn zones_are_told_apart_by_case_and_go_on_for_ever() {
    assert_eq!(zone::lookup(b"Europe/Berlin", 0), Some((3600, b"CET".to_vec())));
    // A summer that no list of transitions reaches.
    let july = seconds(2500, 7, 1, 0);
    assert_eq!(zone::lookup(b"Europe/Berlin", july), Some((7200, b"CEST".to_vec())));
    assert_eq!(civil(july).month, 7);
    for name in [&b"europe/berlin"[..], b"../etc/passwd", b"Europe/", b"\xff", b""] {
        assert_eq!(zone::lookup(name, 0), None);
    }
}

const FACTS: &[(&str, &str)] = &[
    (
        r#"date "2006-01-02 15:04:05.000 -0700 MST Jan January 1 Mon Monday 2 _2 02 002 __2 3 03 4 04 5 05 06 PM pm Z0700 Z07:00 Z07 Z070000 Z07:00:00 -07 -07:00 -070000 -07:00:00 .999 ,999 _2006 Mont Janu 20060 .00x" 1136239445"#,
        "2006-01-02 22:04:05.000 +0000 UTC Jan January 1 Mon Monday 2  2 02 002   2 10 10 4 04 5 05 06 PM pm Z Z Z Z Z +00 +00:00 +000000 +00:00:00   _2006 Mont Janu 20060 .00x",
    ),
    (r#"date "2006-01-02 .999 .000 ,000 .9999999999 .0000" 0"#, "1970-01-01  .000 ,000  .0000"),
    (
        r#"dateInZone "2006-01-02 15:04:05 -07:00:00 MST" 1136239445 "America/New_York""#,
        "2006-01-02 17:04:05 -05:00:00 EST",
    ),
    (
        r#"dateInZone "2006-01-02 15:04:05 -07:00:00 MST" 1136239445 "america/new_york""#,
        "2006-01-02 22:04:05 +00:00:00 UTC",
    ),
    (
        r#"dateInZone "2006-01-02 15:04:05 -07:00:00 MST Z07:00" -5000000000 "Europe/Berlin""#,
        "1811-07-23 16:00:08 +00:53:28 LMT +00:53",
    ),
    (
        r#"dateInZone "2006-01-02 15:04:05 -07:00:00 MST" 99999999999 "Europe/Berlin""#,
        "5138-11-16 10:46:39 +01:00:00 CET",
    ),
    (r#"dateInZone "2006-01-02 15:04:05 -0700 MST" 0 "Asia/Kolkata""#, "1970-01-01 05:30:00 +0530 IST"),
    (r#"dateInZone "2006-01-02 15:04:05 -0700 MST" 0 "America/Sao_Paulo""#, "1969-12-31 21:00:00 -0300 -03"),
    (r#"dateInZone "MST" 1136239445 "America/Sao_Paulo""#, "-02"),
    (r#"dateInZone "MST" 0 """#, "UTC"),
    (r#"dateInZone "MST" 0 "Local""#, "UTC"),
    (r#"dateInZone "MST" 0 "Foo/Bar""#, "UTC"),
    (r#"dateInZone "MST" 0 "EST5EDT""#, "EST"),
    (r#"dateInZone "MST" 0 "Etc/GMT+5""#, "-05"),
    (r#"dateInZone "2006" 9223372036854775807 "UTC""#, "292277026596"),
    (r#"dateInZone "2006-01-02" (int64 -9223372036854775807) "UTC""#, "292277026596-12-04"),
    (r#"date "06 2006" -99999999999"#, "99 -1199"),
    ("htmlDate 0", "1970-01-01"),
    (r#"htmlDateInZone 0 "Asia/Tokyo""#, "1970-01-01"),
    (r#"toDate "2006-01-02 15:04:05 -0700" "2020-05-06 07:08:09 +0200""#, "2020-05-06 07:08:09 +0200 +0200"),
    (r#"toDate "2006-01-02 15:04:05 -0700 MST" "2020-05-06 07:08:09 +0200 CEST""#, "2020-05-06 07:08:09 +0200 CEST"),
    (r#"toDate "2006-01-02 15:04:05 MST" "2020-05-06 07:08:09 CEST""#, "2020-05-06 07:08:09 +0000 CEST"),
    (r#"toDate "2006-01-02 15:04:05 MST" "2020-05-06 07:08:09 GMT+3""#, "2020-05-06 10:08:09 +0300 GMT+3"),
    (r#"toDate "2006-01-02 15:04:05 MST" "2020-05-06 07:08:09 UTC""#, "2020-05-06 07:08:09 +0000 UTC"),
    (r#"toDate "2006-01-02T15:04:05Z07:00" "2020-05-06T07:08:09Z""#, "2020-05-06 07:08:09 +0000 UTC"),
    (
        r#"toDate "2006-01-02T15:04:05Z07:00" "2020-05-06T07:08:09.123456789123-03:30""#,
        "2020-05-06 07:08:09.123456789 -0330 -0330",
    ),
    (r#"toDate "Jan _2 06 3:04PM" "Feb  3 70 12:05AM""#, "1970-02-03 00:05:00 +0000 UTC"),
    (r#"toDate "2006 002" "2020 366""#, "2020-12-31 00:00:00 +0000 UTC"),
    (r#"toDate "06-1-2" "68-2-3""#, "2068-02-03 00:00:00 +0000 UTC"),
    (r#"mustToDate "15:04:05" "23:00:00.1234""#, "0000-01-01 23:00:00.1234 +0000 UTC"),
    (r#"mustToDate "15:04:05,999" "23:00:00,1234""#, "0000-01-01 23:00:00.1234 +0000 UTC"),
    (r#"mustToDate "2006  01" "2020 02""#, "2020-02-01 00:00:00 +0000 UTC"),
    (r#"unixEpoch (toDate "2006-01-02" "2020-05-06")"#, "1588723200"),
    (r#"unixEpoch (toDate "x" "y")"#, "-62135596800"),
    (r#"dateModify "1h30m" (toDate "2006" "2020")"#, "2020-01-01 01:30:00 +0000 UTC"),
    (r#"dateModify "-1.5h" (toDate "2006" "2020")"#, "2019-12-31 22:30:00 +0000 UTC"),
    (r#"dateModify "x" (toDate "2006" "2020")"#, "2020-01-01 00:00:00 +0000 UTC"),
    (r#"mustDateModify "-9223372036854775808ns" (toDate "2006" "2020")"#, "1727-09-22 00:12:43.145224192 +0000 UTC"),
    (r#"mustDateModify "1µs2us3.5ms" (toDate "2006" "2020")"#, "2020-01-01 00:00:00.003503 +0000 UTC"),
    ("duration 95", "0s"),
    (r#"duration "95""#, "1m35s"),
    ("duration (int64 3661)", "1h1m1s"),
    (r#"duration "99999999999999999999""#, "-1s"),
    (r#"duration "x""#, "0s"),
    (r#"duration "-90""#, "-1m30s"),
    ("duration 1.5", "0s"),
    (r#"durationRound "2h10m5s""#, "2h"),
    (r#"durationRound "2400h10m5s""#, "3mo"),
    (r#"durationRound "-48h1s""#, "2d"),
    (r#"durationRound "9000h""#, "1y"),
    (r#"durationRound "1s""#, "0s"),
    (r#"durationRound "1.1s""#, "1s"),
    (r#"durationRound "x""#, "0s"),
    ("durationRound (int64 3600000000001)", "1h"),
    ("durationRound 5", "0s"),
    (r#"ago "x""#, "0s"),
    (r#"(toDate "2006" "2020").AddDate 1 2 3"#, "2021-03-04 00:00:00 +0000 UTC"),
    (r#"(toDate "2006" "2020").AddDate 0 13 40"#, "2021-03-13 00:00:00 +0000 UTC"),
    (r#"(toDate "2006-01-02" "2020-03-31").AddDate 0 -1 0"#, "2020-03-02 00:00:00 +0000 UTC"),
    (r#"((toDate "2006" "2020").Sub (toDate "2006" "2019"))"#, "8760h0m0s"),
    (r#"((toDate "2006" "2020").Sub (toDate "2006" "2019")).Hours"#, "8760"),
    (r#"((toDate "2006" "9020").Sub (toDate "2006" "2019"))"#, "2562047h47m16.854775807s"),
    (r#"((toDate "2006" "2020").Sub (toDate "2006" "2019")).Round 3600000000000"#, "8760h0m0s"),
    (r#"((toDate "2006" "2020").Sub (toDate "2006" "2019")).Seconds"#, "3.1536e+07"),
    (r#"(toDate "2006" "2020").Weekday"#, "Wednesday"),
    (r#"(toDate "2006" "2020").YearDay"#, "1"),
    (r#"(toDate "2006" "2020").IsZero"#, "false"),
    (r#"(toDate "x" "y").IsZero"#, "true"),
    (r#"(toDate "2006" "2020").Unix"#, "1577836800"),
    (r#"(toDate "2006" "2020").UnixNano"#, "1577836800000000000"),
    (r#"(toDate "2006" "9020").UnixNano"#, "1115528715485380608"),
    (r#"(toDate "2006" "2020").Location"#, "UTC"),
    (r#"(toDate "2006 -0700" "2020 +0300").Location"#, ""),
    (r#"(toDate "2006 MST" "2020 CEST").Location"#, "CEST"),
    (r#"(toDate "2006 MST" "2020 CEST").UTC"#, "2020-01-01 00:00:00 +0000 UTC"),
    (r#"(toDate "2006 -0700" "2020 +0300").UTC"#, "2019-12-31 21:00:00 +0000 UTC"),
    (r#"(toDate "2006 -0700" "2020 +0300").Local"#, "2019-12-31 21:00:00 +0000 UTC"),
    (r#"(toDate "2006 -0700" "2020 +0300").In (toDate "2006" "2020").Location"#, "2019-12-31 21:00:00 +0000 UTC"),
    (r#"(toDate "2006-01-02" "2020-05-06").Truncate 3600000000000"#, "2020-05-06 00:00:00 +0000 UTC"),
    (r#"(toDate "2006-01-02 15:04:05" "2020-05-06 07:38:09").Round 3600000000000"#, "2020-05-06 08:00:00 +0000 UTC"),
    (r#"(toDate "2006-01-02 15:04:05" "2020-05-06 07:38:09").Format "Jan 2""#, "May 6"),
    (r#"(toDate "2006-01-02 15:04:05.999" "2020-05-06 07:38:09.5") | toJson"#, r#""2020-05-06T07:38:09.5Z""#),
    (
        r#"(toDate "2006-01-02 15:04:05.999 -0700" "2020-05-06 07:38:09.5 +0130") | toJson"#,
        r#""2020-05-06T07:38:09.5+01:30""#,
    ),
    (r#"dict "t" (toDate "2006" "2020") | print"#, "map[t:2020-01-01 00:00:00 +0000 UTC]"),
    (r#"(toDate "2006" "2020").Month | quote"#, r#""January""#),
    (
        r#"printf "%d %v %s" (toDate "2006" "2020").Month (toDate "2006" "2020").Month (toDate "2006" "2020").Month"#,
        "1 January January",
    ),
    (r#"add (toDate "2006" "2020").Month 1"#, "2"),
    (r#"eq (toDate "2006" "2020") (toDate "2006" "2020")"#, "true"),
    (r#"deepEqual (toDate "2006" "2020") (toDate "2006" "2020")"#, "true"),
    (r#"lt (toDate "2006" "2020").Month 3"#, "true"),
    (r#"(toDate "2006" "2020").Month.String"#, "January"),
    (r#"typeOf (toDate "2006" "2020").Location"#, "*time.Location"),
    (r#"typeOf (toDate "2006" "2020")"#, "time.Time"),
    (r#"default "x" (toDate "2006" "2020")"#, "2020-01-01 00:00:00 +0000 UTC"),
    (r#"default "x" ((toDate "2006" "2020").Sub (toDate "2006" "2020"))"#, "x"),
    (r#"(toDate "2006" "2020").Nanosecond"#, "0"),
    (r#"(toDate "2006" "2020").MarshalText"#, "[50 48 50 48 45 48 49 45 48 49 84 48 48 58 48 48 58 48 48 90]"),
    (r#"(toDate "2006" "2020").GoString"#, "time.Date(2020, time.January, 1, 0, 0, 0, 0, time.Local)"),
    (r#"(toDate "2006" "2020").IsDST"#, "false"),
    (r#"((toDate "2006" "2019").Sub (toDate "2006" "2020")).Abs"#, "8760h0m0s"),
    (r#"((toDate "2006" "2019").Sub (toDate "2006" "2020")).Minutes"#, "-525600"),
    (r#"((toDate "2006" "2019").Sub (toDate "2006" "2020")).Milliseconds"#, "-31536000000"),
    (r#"(toDate "2006-01-02 15:04:05" "2020-05-06 07:38:09").UnixMilli"#, "1588750689000"),
];

const FAILURES: &[(&str, &str)] = &[
    (r#"mustToDate "2006-01-02" "2020-13-02""#, r#"parsing time "2020-13-02": month out of range"#),
    (r#"mustToDate "2006-01-02" "2021-02-29""#, r#"parsing time "2021-02-29": day out of range"#),
    (r#"mustToDate "2006-01-02" "2021-02-2""#, r#"parsing time "2021-02-2" as "2006-01-02": cannot parse "2" as "02""#),
    (r#"mustToDate "2006-01-02" "2021-02-28x""#, r#"parsing time "2021-02-28x": extra text: "x""#),
    (
        r#"mustToDate "2006-01-02" "2021/02/28""#,
        r#"parsing time "2021/02/28" as "2006-01-02": cannot parse "/02/28" as "-""#,
    ),
    (r#"mustToDate "15:04:05" "24:00:00""#, r#"parsing time "24:00:00": hour out of range"#),
    (r#"mustToDate "15:04:05" "23:60:00""#, r#"parsing time "23:60:00": minute out of range"#),
    (r#"mustToDate "15:04:05" "23:00:60""#, r#"parsing time "23:00:60": second out of range"#),
    (r#"mustToDate "15:04:05" "23:00:5""#, r#"parsing time "23:00:5" as "15:04:05": cannot parse "5" as "05""#),
    (r#"mustToDate "15:04 MST" "23:00 x""#, r#"parsing time "23:00 x" as "15:04 MST": cannot parse "x" as "MST""#),
    (
        r#"mustToDate "15:04 -0700" "23:00 0700""#,
        r#"parsing time "23:00 0700" as "15:04 -0700": cannot parse "0700" as "-0700""#,
    ),
    (
        r#"mustToDate "15:04 -0700" "23:00 +2570""#,
        r#"parsing time "23:00 +2570": time zone offset minute out of range"#,
    ),
    (r#"mustToDate "15:04 -0700" "23:00 +2500""#, r#"parsing time "23:00 +2500": time zone offset hour out of range"#),
    (
        r#"mustToDate "15:04 -0700" "23:00 +00aa""#,
        r#"parsing time "23:00 +00aa" as "15:04 -0700": cannot parse "+00aa" as "-0700""#,
    ),
    (r#"mustToDate "3PM" "3XM""#, r#"parsing time "3XM" as "3PM": cannot parse "XM" as "PM""#),
    (r#"mustToDate "Jan" "Foo""#, r#"parsing time "Foo" as "Jan": cannot parse "Foo" as "Jan""#),
    (r#"mustToDate "Monday" "Foo""#, r#"parsing time "Foo" as "Monday": cannot parse "Foo" as "Monday""#),
    (r#"mustToDate "2006 002" "2021 366""#, r#"parsing time "2021 366": day-of-year out of range"#),
    (r#"mustToDate "2006 002 01" "2021 032 01""#, r#"parsing time "2021 032 01": day-of-year does not match month"#),
    (r#"mustToDate "2006 002 02" "2021 032 02""#, r#"parsing time "2021 032 02": day-of-year does not match day"#),
    (
        r#"mustToDate "15:04:05.000" "23:00:00.12""#,
        r#"parsing time "23:00:00.12" as "15:04:05.000": cannot parse ".12" as ".000""#,
    ),
    (r#"mustToDate "15:04:05.000" "23:00:00.1234""#, r#"parsing time "23:00:00.1234": extra text: "4""#),
    (
        r#"mustToDate "2006" "éa\"b\\""#,
        r#"parsing time "\xc3\xa9a\"b\\" as "2006": cannot parse "\xc3\xa9a\"b\\" as "2006""#,
    ),
    (r#"mustToDate "2006" """#, r#"parsing time "" as "2006": cannot parse "" as "2006""#),
    (r#"mustToDate "é" "e""#, r#"parsing time "e" as "\xc3\xa9": cannot parse "e" as "\xc3\xa9""#),
    (r#"mustToDate "2006" "2020\nx""#, r#"parsing time "2020\x0ax": extra text: "\x0ax""#),
    (r#"mustDateModify "x" (toDate "2006" "2020")"#, r#"time: invalid duration "x""#),
    (r#"mustDateModify "1x" (toDate "2006" "2020")"#, r#"time: unknown unit "x" in duration "1x""#),
    (r#"mustDateModify "1" (toDate "2006" "2020")"#, r#"time: missing unit in duration "1""#),
    (
        r#"mustDateModify "9223372036854775808ns" (toDate "2006" "2020")"#,
        r#"time: invalid duration "9223372036854775808ns""#,
    ),
];
