//! Bodies in protobuf, as `kubectl create` and the access reviews of `kubectl auth` send them.
//!
//! A body is the bytes `k8s\0` and a `runtime.Unknown`: the type's name, and the object in a message of its type.
//! It is turned into the JSON that the same client would send otherwise, and goes the way of that.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Duration, OffsetDateTime};

/// What every body begins with.
const MAGIC: &[u8] = b"k8s\0";

/// How deep messages may lie in one another.
const DEPTH: usize = 100;

/// A field of a message.
#[derive(Debug)]
struct Field {
    name: &'static str,
    kind: Kind,
}

/// What a field is.
#[derive(Debug, Clone, Copy)]
enum Kind {
    String,
    Bool,
    Int,
    Float,
    Bytes,
    Quantity,
    IntOrString,
    Time,
    MicroTime,
    Duration,
    Raw,
    Message(&'static str),
    Inline(&'static str),
    List(&'static Kind),
    Map(&'static Kind),
}

impl Kind {
    fn read(text: &'static str) -> Self {
        // The few kinds live as long as the table, which is for ever.
        let within = |text| &*Box::leak(Box::new(Self::read(text)));
        match text {
            "string" => Self::String,
            "bool" => Self::Bool,
            "int" => Self::Int,
            "float" => Self::Float,
            "bytes" => Self::Bytes,
            "quantity" => Self::Quantity,
            "intstr" => Self::IntOrString,
            "time" => Self::Time,
            "microtime" => Self::MicroTime,
            "duration" => Self::Duration,
            "raw" => Self::Raw,
            text => match (text.strip_prefix("[]"), text.strip_prefix("{}"), text.strip_prefix("..")) {
                (Some(items), ..) => Self::List(within(items)),
                (_, Some(values), _) => Self::Map(within(values)),
                (.., Some(message)) => Self::Inline(message),
                _ => Self::Message(text),
            },
        }
    }
}

type Message = BTreeMap<u32, Field>;

/// The messages by their names: `core.v1.Pod`.
static MESSAGES: LazyLock<HashMap<&'static str, Message>> = LazyLock::new(|| {
    let mut messages: HashMap<&'static str, Message> = HashMap::new();
    let mut current = "";
    for line in include_str!("messages.txt").lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let Some(field) = line.strip_prefix("  ") else {
            current = line;
            messages.entry(current).or_default();
            continue;
        };
        let mut words = field.split(' ');
        if let (Some(Ok(number)), Some(name), Some(kind)) = (words.next().map(str::parse), words.next(), words.next()) {
            messages.entry(current).or_default().insert(number, Field { name, kind: Kind::read(kind) });
        }
    }
    messages
});

/// A value on the wire.
#[derive(Debug, Clone, Copy)]
enum Wire<'a> {
    Varint(u64),
    Fixed64(u64),
    Bytes(&'a [u8]),
    Fixed32(u32),
}

/// The fields of a message, in the order in which they come.
struct Reader<'a>(&'a [u8]);

const CUT: &str = "unexpected EOF";

impl<'a> Reader<'a> {
    fn varint(&mut self) -> Result<u64, String> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.0.split_first().ok_or(CUT)?;
            self.0 = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err("proto: integer overflow".to_owned())
    }

    fn take(&mut self, length: u64) -> Result<&'a [u8], String> {
        let length = usize::try_from(length).map_err(|_| CUT)?;
        let (taken, rest) = self.0.split_at_checked(length).ok_or(CUT)?;
        self.0 = rest;
        Ok(taken)
    }

    fn field(&mut self) -> Result<Option<(u32, Wire<'a>)>, String> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let tag = self.varint()?;
        let number = u32::try_from(tag >> 3).map_err(|_| "proto: illegal tag")?;
        let wire = match tag & 7 {
            0 => Wire::Varint(self.varint()?),
            1 => Wire::Fixed64(u64::from_le_bytes(self.take(8)?.try_into().map_err(|_| CUT)?)),
            2 => {
                let length = self.varint()?;
                Wire::Bytes(self.take(length)?)
            }
            5 => Wire::Fixed32(u32::from_le_bytes(self.take(4)?.try_into().map_err(|_| CUT)?)),
            other => return Err(format!("proto: illegal wireType {other}")),
        };
        Ok(Some((number, wire)))
    }

    fn all(mut self) -> Result<Vec<(u32, Wire<'a>)>, String> {
        let mut fields = Vec::new();
        while let Some(field) = self.field()? {
            fields.push(field);
        }
        Ok(fields)
    }
}

impl<'a> Wire<'a> {
    fn bytes(self) -> Result<&'a [u8], String> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            other => Err(format!("proto: wrong wireType of {other:?}")),
        }
    }

    fn text(self) -> Result<String, String> {
        Ok(String::from_utf8_lossy(self.bytes()?).into_owned())
    }

    fn int(self) -> Result<i64, String> {
        match self {
            // Negative numbers are in two's complement.
            Self::Varint(value) => Ok(value.cast_signed()),
            other => Err(format!("proto: wrong wireType of {other:?}")),
        }
    }
}

/// The fields of a small message by their numbers, the last of each.
fn small(bytes: &[u8]) -> Result<BTreeMap<u32, Wire<'_>>, String> {
    Ok(Reader(bytes).all()?.into_iter().collect())
}

/// From a body to the JSON that it stands for.
///
/// # Errors
/// What is wrong with it, in words.
pub(crate) fn protobuf(body: &[u8]) -> Result<Value, String> {
    let unknown = body.strip_prefix(MAGIC).ok_or("provided data does not appear to be a protobuf message")?;
    let unknown = small(unknown)?;
    let mut named = [String::new(), String::new()];
    if let Some(meta) = unknown.get(&1) {
        for (number, wire) in Reader(meta.bytes()?).all()? {
            match number {
                1 => named[0] = wire.text()?,
                2 => named[1] = wire.text()?,
                _ => {}
            }
        }
    }
    let [api_version, kind] = named;
    let (group, version) = api_version.split_once('/').unwrap_or(("core", &api_version));
    let package = group.split('.').next().unwrap_or_default();
    let own = format!("{package}.{version}.{kind}");
    let name = if MESSAGES.contains_key(own.as_str()) { own } else { format!("meta.v1.{kind}") };
    let raw = unknown.get(&2).map_or(Ok(&b""[..]), |raw| raw.bytes())?;
    let Some(known) = MESSAGES.get(name.as_str()) else {
        return Err(format!("no kind {kind:?} is registered for version {api_version:?} in protobuf"));
    };
    let mut object = message(known, raw, DEPTH)?;
    object.insert("apiVersion".to_owned(), Value::from(api_version));
    object.insert("kind".to_owned(), Value::from(kind));
    Ok(Value::Object(object))
}

fn message(known: &Message, bytes: &[u8], depth: usize) -> Result<Map<String, Value>, String> {
    let depth = depth.checked_sub(1).ok_or("exceeded max depth")?;
    let mut object = Map::new();
    for (number, wire) in Reader(bytes).all()? {
        let Some(field) = known.get(&number) else { continue };
        match field.kind {
            Kind::Inline(name) => {
                if let Some(inner) = MESSAGES.get(name) {
                    object.extend(message(inner, wire.bytes()?, depth)?);
                }
            }
            Kind::List(kind) => {
                let item = value(*kind, wire, depth)?;
                match object.entry(field.name).or_insert_with(|| Value::Array(Vec::new())) {
                    Value::Array(items) => items.push(item),
                    other => *other = item,
                }
            }
            Kind::Map(kind) => {
                let entry = small(wire.bytes()?)?;
                let key = entry.get(&1).map_or_else(|| Ok(String::new()), |key| key.text())?;
                let item = match entry.get(&2) {
                    Some(item) => value(*kind, *item, depth)?,
                    None => value(*kind, Wire::Bytes(&[]), depth)?,
                };
                match object.entry(field.name).or_insert_with(|| Value::Object(Map::new())) {
                    Value::Object(entries) => drop(entries.insert(key, item)),
                    other => *other = item,
                }
            }
            kind => drop(object.insert(field.name.to_owned(), value(kind, wire, depth)?)),
        }
    }
    Ok(object)
}

fn value(kind: Kind, wire: Wire<'_>, depth: usize) -> Result<Value, String> {
    Ok(match kind {
        Kind::String => Value::from(wire.text()?),
        Kind::Bool => Value::from(wire.int()? != 0),
        Kind::Int => Value::from(wire.int()?),
        Kind::Float => match wire {
            Wire::Fixed64(bits) => Value::from(f64::from_bits(bits)),
            Wire::Fixed32(bits) => Value::from(f32::from_bits(bits)),
            other => return Err(format!("proto: wrong wireType of {other:?}")),
        },
        Kind::Bytes => Value::from(STANDARD.encode(wire.bytes()?)),
        Kind::Quantity => {
            let text = small(wire.bytes()?)?.get(&1).map_or_else(|| Ok(String::new()), |text| text.text())?;
            Value::from(if text.is_empty() { "0".to_owned() } else { text })
        }
        Kind::IntOrString => {
            let fields = small(wire.bytes()?)?;
            let is_text = fields.get(&1).map_or(Ok(0), |kind| kind.int())? == 1;
            match is_text {
                true => Value::from(fields.get(&3).map_or_else(|| Ok(String::new()), |text| text.text())?),
                false => Value::from(fields.get(&2).map_or(Ok(0), |number| number.int())?),
            }
        }
        Kind::Time | Kind::MicroTime => moment(wire.bytes()?, matches!(kind, Kind::MicroTime))?,
        Kind::Duration => Value::from(duration(small(wire.bytes()?)?.get(&1).map_or(Ok(0), |nanos| nanos.int())?)),
        Kind::Raw => match small(wire.bytes()?)?.get(&1) {
            Some(raw) => serde_json::from_slice(raw.bytes()?).map_err(|error| error.to_string())?,
            None => Value::Null,
        },
        Kind::Message(name) => {
            let known = MESSAGES.get(name).ok_or_else(|| format!("no message {name}"))?;
            let object = message(known, wire.bytes()?, depth)?;
            // Lists with a type of their own are a list in JSON.
            match (name.rsplit('.').next(), object) {
                (Some("ExtraValue"), mut list) => list.remove("items").unwrap_or_else(|| Value::Array(Vec::new())),
                (_, object) => Value::Object(object),
            }
        }
        Kind::Inline(_) | Kind::List(_) | Kind::Map(_) => return Err("a list of lists".to_owned()),
    })
}

/// A moment; none at all is `null`.
fn moment(bytes: &[u8], micro: bool) -> Result<Value, String> {
    if bytes.is_empty() {
        return Ok(Value::Null);
    }
    let fields = small(bytes)?;
    let part = |number| fields.get(&number).map_or(Ok(0), |part: &Wire<'_>| part.int());
    let (seconds, nanos) = (part(1)?, part(2)?);
    let moment = OffsetDateTime::from_unix_timestamp(seconds).map_err(|error| error.to_string())?;
    let text = match micro {
        true => (moment + Duration::nanoseconds(nanos))
            .format(format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:6]Z")),
        false => moment.format(&Rfc3339),
    };
    Ok(Value::from(text.map_err(|error| error.to_string())?))
}

/// As Go prints it: `1h2m3.5s`
fn duration(nanos: i64) -> String {
    let (sign, nanos) = (if nanos < 0 { "-" } else { "" }, nanos.unsigned_abs());
    let (hours, minutes) = (nanos / 3_600_000_000_000, nanos / 60_000_000_000 % 60);
    let seconds = format!("{}.{:09}", nanos / 1_000_000_000 % 60, nanos % 1_000_000_000);
    let seconds = seconds.trim_end_matches('0').trim_end_matches('.');
    match (hours, minutes) {
        (0, 0) => format!("{sign}{seconds}s"),
        (0, minutes) => format!("{sign}{minutes}m{seconds}s"),
        (hours, minutes) => format!("{sign}{hours}h{minutes}m{seconds}s"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use serde_json::json;

    use super::*;

    /// A field with bytes.
    fn bytes(number: u8, content: &[u8]) -> Vec<u8> {
        let mut field = vec![number << 3 | 2];
        let mut length = content.len();
        while length > 127 {
            field.push((length & 127) as u8 | 128);
            length >>= 7;
        }
        field.push(length as u8);
        field.extend_from_slice(content);
        field
    }

    fn int(number: u8, value: u8) -> Vec<u8> {
        vec![number << 3, value]
    }

    fn body(api_version: &str, kind: &str, object: &[u8]) -> Vec<u8> {
        let meta = [bytes(1, api_version.as_bytes()), bytes(2, kind.as_bytes())].concat();
        [MAGIC.to_vec(), bytes(1, &meta), bytes(2, object), bytes(3, b""), bytes(4, b"")].concat()
    }

    #[test]
    fn every_message_is_there() {
        for (name, message) in MESSAGES.iter() {
            for field in message.values() {
                let mut kind = field.kind;
                while let Kind::List(inner) | Kind::Map(inner) = kind {
                    kind = *inner;
                }
                if let Kind::Message(other) | Kind::Inline(other) = kind {
                    assert!(MESSAGES.contains_key(other), "{name}.{}: {other}", field.name);
                }
            }
        }
    }

    #[test]
    fn bodies() {
        let metadata = [
            bytes(1, b"n"),
            bytes(8, b""),
            bytes(11, &[bytes(1, b"app"), bytes(2, b"x")].concat()),
            bytes(12, &bytes(1, b"empty")),
        ]
        .concat();
        let port = [bytes(1, b""), int(3, 80), bytes(4, &[int(1, 1), bytes(3, b"http")].concat())].concat();
        let service = [bytes(1, &metadata), bytes(2, &[bytes(1, &port), bytes(1, b"")].concat())].concat();
        let secret = [bytes(2, &[bytes(1, b"k"), bytes(2, b"v")].concat()), int(5, 1)].concat();
        let volume = bytes(1, &[bytes(1, b"v"), bytes(2, &bytes(2, &bytes(1, b"")))].concat());
        let container = bytes(2, &bytes(8, &bytes(1, &[bytes(1, b"cpu"), bytes(2, &bytes(1, b"1"))].concat())));
        let pod = bytes(2, &[volume, container].concat());
        let review =
            [bytes(2, &[bytes(3, b"u"), bytes(5, &[bytes(1, b"k"), bytes(2, &bytes(1, b"v"))].concat())].concat())];
        let moments = bytes(1, &bytes(8, &[8, 128, 128, 128, 128, 6]));
        let cases = [
            (
                body("v1", "Service", &service),
                json!({"apiVersion": "v1", "kind": "Service",
                    "metadata": {"name": "n", "creationTimestamp": null, "labels": {"app": "x"}, "annotations": {"empty": ""}},
                    "spec": {"ports": [{"name": "", "port": 80, "targetPort": "http"}, {}]}}),
            ),
            (
                body("v1", "Secret", &secret),
                json!({"apiVersion": "v1", "kind": "Secret", "data": {"k": "dg=="}, "immutable": true}),
            ),
            (
                body("v1", "Pod", &pod),
                json!({"apiVersion": "v1", "kind": "Pod", "spec": {"volumes": [{"name": "v", "emptyDir": {"medium": ""}}],
                    "containers": [{"resources": {"limits": {"cpu": "1"}}}]}}),
            ),
            (
                body("authorization.k8s.io/v1", "SubjectAccessReview", &review.concat()),
                json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
                    "spec": {"user": "u", "extra": {"k": ["v"]}}}),
            ),
            (
                body("v1", "ConfigMap", &moments),
                json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"creationTimestamp": "2021-01-14T08:25:36Z"}}),
            ),
            (
                body("apps/v1", "DeleteOptions", &int(1, 5)),
                json!({"apiVersion": "apps/v1", "kind": "DeleteOptions", "gracePeriodSeconds": 5}),
            ),
        ];
        for (body, expect) in cases {
            assert_eq!(protobuf(&body), Ok(expect));
        }
    }

    #[test]
    fn what_is_no_body() {
        let pod = body("v1", "Pod", &bytes(1, b"x"));
        let cases = [
            (b"{}".to_vec(), "provided data does not appear to be a protobuf message"),
            (body("v1", "Nothing", b""), "no kind \"Nothing\" is registered for version \"v1\" in protobuf"),
            (pod[..pod.len() - 6].to_vec(), CUT),
            ([MAGIC, &[7]].concat(), "proto: illegal wireType 7"),
            ([MAGIC, &[255; 12]].concat(), "proto: integer overflow"),
        ];
        for (body, expect) in cases {
            assert_eq!(protobuf(&body), Err(expect.to_owned()), "{body:?}");
        }
    }

    #[test]
    fn durations() {
        for (nanos, expect) in
            [(0, "0s"), (1_500_000_000, "1.5s"), (3_600_000_000_000, "1h0m0s"), (-60_000_000_000, "-1m0s")]
        {
            assert_eq!(duration(nanos), expect);
        }
    }
}
