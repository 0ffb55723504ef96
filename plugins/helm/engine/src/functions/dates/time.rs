//! `time.Time`, `time.Duration` and their like, as templates hold them.

use std::any::Any;
use std::cmp::Ordering;
use std::rc::Rc;

use super::civil::{Civil, civil, seconds};
use super::print::{MONTHS, Shown, WEEKDAYS, format};
use super::{duration, parse};
use crate::function::{Failure, Method, Parameter};
use crate::value::{Bytes, Member, Object, Str, Type, Value};

/// A moment, and the zone that it is shown in.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Time {
    /// Since 1970 in UTC.
    pub(super) seconds: i64,
    pub(super) nanoseconds: u32,
    pub(super) zone: Zone,
}

/// A `time.Location`. There is no local zone but UTC: nothing here reaches the one of a machine.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Zone {
    Utc,
    Local,
    /// Its abbreviation, which may be empty, and seconds to the east of UTC.
    Fixed(Str, i32),
}

/// From Go's zero time, in the year 1, to 1970.
const TO_1970: i64 = 62_135_596_800;

impl Time {
    /// Go's zero time.
    pub(super) const ZERO: Self = Self { seconds: -TO_1970, nanoseconds: 0, zone: Zone::Utc };

    /// A moment in the local zone.
    pub(super) fn local(seconds: i64, nanoseconds: u32) -> Self {
        Self { seconds, nanoseconds, zone: Zone::Local }
    }

    /// Reads one by a layout of Go.
    pub(super) fn parse(layout: &[u8], value: &[u8]) -> Result<Self, String> {
        parse::parse(layout, value)
    }

    pub(super) fn value(self) -> Value {
        Value::Object(Rc::new(self))
    }

    pub(super) fn from(value: &Value) -> Option<&Self> {
        match value {
            Value::Object(object) => object.as_any().downcast_ref(),
            _ => None,
        }
    }

    fn offset(&self) -> i32 {
        match self.zone {
            Zone::Fixed(_, offset) => offset,
            Zone::Utc | Zone::Local => 0,
        }
    }

    pub(super) fn format(&self, layout: &[u8]) -> Vec<u8> {
        let zone: &[u8] = match &self.zone {
            Zone::Fixed(name, _) => name,
            Zone::Utc | Zone::Local => b"UTC",
        };
        let shown = Shown { seconds: self.seconds, nanoseconds: self.nanoseconds, offset: self.offset(), zone };
        format(&shown, layout)
    }

    /// What clocks in its zone show.
    fn civil(&self) -> Civil {
        civil(self.seconds.wrapping_add(self.offset().into()))
    }

    /// So many nanoseconds later. Go's seconds wrap.
    pub(super) fn add(&self, span: i64) -> Self {
        let nanoseconds = i64::from(self.nanoseconds) + span % duration::SECOND;
        let carry = nanoseconds.div_euclid(duration::SECOND);
        Self {
            seconds: self.seconds.wrapping_add(span / duration::SECOND).wrapping_add(carry),
            // A remainder by a second fits.
            nanoseconds: nanoseconds.rem_euclid(duration::SECOND) as u32,
            zone: self.zone.clone(),
        }
    }

    fn nanoseconds_since(&self, seconds: i64) -> i128 {
        (i128::from(self.seconds) - i128::from(seconds)) * i128::from(duration::SECOND) + i128::from(self.nanoseconds)
    }

    /// Nanoseconds since `other`; what does not fit stops at the ends.
    pub(super) fn since(&self, other: &Self) -> i64 {
        let span = self.nanoseconds_since(0) - other.nanoseconds_since(0);
        span.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64
    }

    /// Years, months and days later, by the calendar of its zone.
    fn add_date(&self, years: i64, months: i64, days: i64) -> Self {
        let date = self.civil();
        let clock = (date.hour * 60 + date.minute) * 60 + date.second;
        let at = seconds(
            i128::from(date.year) + i128::from(years),
            i128::from(date.month) + i128::from(months),
            i128::from(date.day) + i128::from(days),
            clock.into(),
        );
        Self { seconds: at.wrapping_sub(self.offset().into()), ..self.clone() }
    }

    /// Down to a multiple of `step` since the zero time, or to the nearest one.
    fn rounded(&self, step: i64, nearest: bool) -> Self {
        if step <= 0 {
            return self.clone();
        }
        let rest = self.nanoseconds_since(-TO_1970).rem_euclid(i128::from(step)) as i64;
        // Halves are rounded up; no sum here is larger than a step.
        if nearest && rest >= step - rest { self.add(step - rest) } else { self.add(-rest) }
    }

    fn order(&self, other: &Self) -> Ordering {
        (self.seconds, self.nanoseconds).cmp(&(other.seconds, other.nanoseconds))
    }

    /// Units of a second since 1970, which wrap as Go's do.
    fn unix(&self, units: i64) -> Value {
        let fraction = i64::from(self.nanoseconds) / (duration::SECOND / units);
        Value::int64(self.seconds.wrapping_mul(units).wrapping_add(fraction))
    }
}

impl Object for Time {
    fn go_type(&self) -> Type {
        Type::Named { name: "time.Time", kind: "struct" }
    }

    fn member(&self, name: &str) -> Option<Member> {
        find(TIME, name)
    }

    fn print(&self) -> Str {
        self.format(b"2006-01-02 15:04:05.999999999 -0700 MST").into()
    }

    fn data(&self) -> Option<Value> {
        Some(Value::str(self.format(RFC3339_NANO)))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

const RFC3339_NANO: &[u8] = b"2006-01-02T15:04:05.999999999Z07:00";

/// An integer with a type, and so methods, of its own.
#[derive(Clone, Copy, Debug)]
pub(super) enum Number {
    Month(u32),
    Weekday(u32),
    /// Nanoseconds.
    Duration(i64),
}

impl Number {
    pub(super) fn value(self) -> Value {
        Value::Object(Rc::new(self))
    }

    fn number(self) -> i64 {
        match self {
            Self::Month(number) | Self::Weekday(number) => number.into(),
            Self::Duration(span) => span,
        }
    }
}

impl Object for Number {
    fn go_type(&self) -> Type {
        match self {
            Self::Month(_) => Type::Named { name: "time.Month", kind: "int" },
            Self::Weekday(_) => Type::Named { name: "time.Weekday", kind: "int" },
            Self::Duration(_) => Type::Named { name: DURATION_NAME, kind: "int64" },
        }
    }

    fn member(&self, name: &str) -> Option<Member> {
        match self {
            Self::Month(_) | Self::Weekday(_) => find(NAMED, name),
            Self::Duration(_) => find(SPAN, name),
        }
    }

    fn print(&self) -> Str {
        let name = |names: &[&str], index: usize| Str::from(names.get(index).copied().unwrap_or_default());
        match self {
            Self::Month(month) => name(&MONTHS, *month as usize - 1),
            Self::Weekday(day) => name(&WEEKDAYS, *day as usize),
            Self::Duration(span) => duration::print(*span).into(),
        }
    }

    fn data(&self) -> Option<Value> {
        Some(match self {
            Self::Duration(span) => Value::int64(*span),
            _ => Value::int(self.number()),
        })
    }

    fn truth(&self) -> bool {
        self.number() != 0
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// A `*time.Location`.
#[derive(Debug)]
struct Location(Zone);

impl Object for Location {
    fn go_type(&self) -> Type {
        Type::Named { name: LOCATION_NAME, kind: "ptr" }
    }

    fn member(&self, name: &str) -> Option<Member> {
        find(PLACE, name)
    }

    fn print(&self) -> Str {
        match &self.0 {
            Zone::Fixed(name, _) => name.clone(),
            Zone::Utc | Zone::Local => "UTC".into(),
        }
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

fn find(methods: &'static [Method], name: &str) -> Option<Member> {
    methods.iter().find(|method| method.name == name).map(Member::Method)
}

const DURATION_NAME: &str = "time.Duration";
const LOCATION_NAME: &str = "*time.Location";
const DURATION: Parameter = Parameter::Named { name: DURATION_NAME, kind: "int64" };
const LOCATION: Parameter = Parameter::Named { name: LOCATION_NAME, kind: "ptr" };

/// A method: of which type, its name, its parameters, and what it answers for the object and the arguments.
macro_rules! method {
    ($type:ty, $name:literal, [$($parameter:expr),*], |$this:ident, $arguments:ident| $answer:expr) => {
        Method {
            name: $name,
            parameters: &[$($parameter),*],
            variadic: None,
            call: |object, _, $arguments| {
                let $this = object.as_any().downcast_ref::<$type>().ok_or("this method is of another type")?;
                Ok($answer)
            },
        }
    };
}

static TIME: &[Method] = &[
    method!(Time, "String", [], |time, _none| Value::Str(time.print())),
    method!(Time, "GoString", [], |time, _none| go_string(time).into()),
    method!(Time, "Format", [Parameter::Str], |time, arguments| match arguments {
        [Value::Str(layout)] => Value::str(time.format(layout)),
        _ => Value::Nil,
    }),
    method!(Time, "Year", [], |time, _none| Value::int(time.civil().year)),
    method!(Time, "Month", [], |time, _none| Number::Month(time.civil().month).value()),
    method!(Time, "Day", [], |time, _none| Value::int(time.civil().day.into())),
    method!(Time, "Hour", [], |time, _none| Value::int(time.civil().hour.into())),
    method!(Time, "Minute", [], |time, _none| Value::int(time.civil().minute.into())),
    method!(Time, "Second", [], |time, _none| Value::int(time.civil().second.into())),
    method!(Time, "Nanosecond", [], |time, _none| Value::int(time.nanoseconds.into())),
    method!(Time, "YearDay", [], |time, _none| Value::int(time.civil().day_of_year.into())),
    method!(Time, "Weekday", [], |time, _none| Number::Weekday(time.civil().weekday).value()),
    method!(Time, "Unix", [], |time, _none| Value::int64(time.seconds)),
    method!(Time, "UnixMilli", [], |time, _none| time.unix(1_000)),
    method!(Time, "UnixMicro", [], |time, _none| time.unix(1_000_000)),
    method!(Time, "UnixNano", [], |time, _none| time.unix(duration::SECOND)),
    method!(Time, "UTC", [], |time, _none| Time { zone: Zone::Utc, ..time.clone() }.value()),
    method!(Time, "Local", [], |time, _none| Time { zone: Zone::Local, ..time.clone() }.value()),
    method!(Time, "Location", [], |time, _none| Value::Object(Rc::new(Location(time.zone.clone())))),
    method!(Time, "In", [LOCATION], |time, arguments| match arguments.first() {
        Some(Value::Object(place)) => {
            let place = place.as_any().downcast_ref::<Location>().ok_or("a location was asked for")?;
            Time { zone: place.0.clone(), ..time.clone() }.value()
        }
        _ => return Err("time: missing Location in call to Time.In".into()),
    }),
    method!(Time, "IsZero", [], |time, _none| time.order(&Time::ZERO).is_eq().into()),
    method!(Time, "IsDST", [], |_time, _none| false.into()),
    method!(Time, "Before", [Parameter::Time], |time, arguments| time.order(other(arguments)?).is_lt().into()),
    method!(Time, "After", [Parameter::Time], |time, arguments| time.order(other(arguments)?).is_gt().into()),
    method!(Time, "Equal", [Parameter::Time], |time, arguments| time.order(other(arguments)?).is_eq().into()),
    method!(Time, "Compare", [Parameter::Time], |time, arguments| Value::int(time.order(other(arguments)?) as i64)),
    method!(Time, "Sub", [Parameter::Time], |time, arguments| {
        Number::Duration(time.since(other(arguments)?)).value()
    }),
    method!(Time, "Add", [DURATION], |time, arguments| time.add(span(arguments)?).value()),
    method!(Time, "Round", [DURATION], |time, arguments| time.rounded(span(arguments)?, true).value()),
    method!(Time, "Truncate", [DURATION], |time, arguments| time.rounded(span(arguments)?, false).value()),
    method!(Time, "AddDate", [Parameter::Int, Parameter::Int, Parameter::Int], |time, arguments| match arguments {
        [Value::Int(years, _), Value::Int(months, _), Value::Int(days, _)] => {
            time.add_date(*years, *months, *days).value()
        }
        _ => Value::Nil,
    }),
    method!(Time, "MarshalText", [], |time, _none| {
        Value::Object(Rc::new(Bytes::new(time.format(RFC3339_NANO).into())))
    }),
    method!(Time, "MarshalJSON", [], |time, _none| {
        let text = [b"\"", &time.format(RFC3339_NANO)[..], b"\""].concat();
        Value::Object(Rc::new(Bytes::new(text.into())))
    }),
];

static NAMED: &[Method] = &[method!(Number, "String", [], |number, _none| Value::Str(number.print()))];

static SPAN: &[Method] = &[
    method!(Number, "String", [], |span, _none| Value::Str(span.print())),
    method!(Number, "Hours", [], |span, _none| parts(span.number(), duration::HOUR).into()),
    method!(Number, "Minutes", [], |span, _none| parts(span.number(), duration::MINUTE).into()),
    method!(Number, "Seconds", [], |span, _none| parts(span.number(), duration::SECOND).into()),
    method!(Number, "Milliseconds", [], |span, _none| Value::int64(span.number() / 1_000_000)),
    method!(Number, "Microseconds", [], |span, _none| Value::int64(span.number() / 1_000)),
    method!(Number, "Nanoseconds", [], |span, _none| Value::int64(span.number())),
    method!(Number, "Abs", [], |span, _none| Number::Duration(span.number().saturating_abs()).value()),
    method!(Number, "Round", [DURATION], |this, arguments| {
        Number::Duration(duration::round(this.number(), span(arguments)?)).value()
    }),
    method!(Number, "Truncate", [DURATION], |this, arguments| {
        let step = span(arguments)?;
        let rest = if step > 0 { this.number() % step } else { 0 };
        Number::Duration(this.number() - rest).value()
    }),
];

static PLACE: &[Method] = &[method!(Location, "String", [], |place, _none| Value::Str(place.print()))];

/// A span in larger units: whole ones and the rest apart, since a span has more digits than a float.
fn parts(span: i64, unit: i64) -> f64 {
    (span / unit) as f64 + (span % unit) as f64 / unit as f64
}

/// The time that a method is given.
fn other(arguments: &[Value]) -> Result<&Time, Failure> {
    arguments.first().and_then(Time::from).ok_or_else(|| "a time was asked for".into())
}

/// The span of time that a method is given: one, or a constant in the template.
fn span(arguments: &[Value]) -> Result<i64, Failure> {
    match arguments.first() {
        Some(Value::Int(span, _)) => return Ok(*span),
        Some(Value::Object(object)) => {
            if let Some(Number::Duration(span)) = object.as_any().downcast_ref() {
                return Ok(*span);
            }
        }
        _ => {}
    }
    Err("a duration was asked for".into())
}

/// The time as source code of Go.
fn go_string(time: &Time) -> String {
    let date = time.civil();
    let zone = match &time.zone {
        Zone::Utc => "time.UTC".to_owned(),
        Zone::Local => "time.Local".to_owned(),
        Zone::Fixed(name, _) => format!("time.Location({})", duration::quote(name)),
    };
    format!(
        "time.Date({}, time.{}, {}, {}, {}, {}, {}, {zone})",
        date.year,
        Number::Month(date.month).print(),
        date.day,
        date.hour,
        date.minute,
        date.second,
        time.nanoseconds
    )
}
