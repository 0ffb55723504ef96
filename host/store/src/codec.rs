//! The model as bytes and back: every secret leaves encrypted and comes home as a secret.

use std::path::Path;

use maps_engine::value::{ENCRYPTED_KEY, Map, UNKNOWN_KEY};
use maps_engine::{Entry, Snapshot, Value};

use crate::cipher::{Place, SecretBox};
use crate::error::FileError;

/// Encodes and decodes for one stack.
pub(crate) struct Codec {
    stack: String,
    secrets: SecretBox,
}

/// What both entries and snapshots offer a codec: their values, each with the name of its place.
trait Visit {
    fn visit(&mut self, visit: &mut dyn FnMut(&str, &mut Value));
}

impl Visit for Entry {
    fn visit(&mut self, visit: &mut dyn FnMut(&str, &mut Value)) {
        self.visit_values(visit);
    }
}

impl Visit for Snapshot {
    fn visit(&mut self, visit: &mut dyn FnMut(&str, &mut Value)) {
        self.visit_values(visit);
    }
}

impl Codec {
    pub(crate) fn new(stack: &str, key: &Path) -> Self {
        Self { stack: stack.to_owned(), secrets: SecretBox::new(key.to_owned()) }
    }

    /// An entry as the JSON of one journal line.
    pub(crate) fn encode_entry(&self, mut entry: Entry, path: &Path) -> Result<Vec<u8>, FileError> {
        self.each(&mut entry, Direction::Out)?;
        serde_json::to_vec(&entry).map_err(|e| FileError::io("write", path)(e.into()))
    }

    /// The entry of a journal line.
    pub(crate) fn decode_entry(&self, json: &[u8], path: &Path, line: usize) -> Result<Entry, FileError> {
        let mut entry: Entry = serde_json::from_slice(json).map_err(|e| FileError::Damaged {
            path: path.to_owned(),
            line: Some(line),
            what: format!("this is no journal entry ({e})"),
        })?;
        self.each(&mut entry, Direction::In)?;
        Ok(entry)
    }

    /// A snapshot as JSON.
    pub(crate) fn encode_snapshot(&self, snapshot: &Snapshot, path: &Path) -> Result<Vec<u8>, FileError> {
        let mut snapshot = snapshot.clone();
        self.each(&mut snapshot, Direction::Out)?;
        serde_json::to_vec(&snapshot).map_err(|e| FileError::io("write", path)(e.into()))
    }

    /// The snapshot of its JSON.
    pub(crate) fn decode_snapshot(&self, json: &[u8], path: &Path) -> Result<Snapshot, FileError> {
        let mut snapshot: Snapshot =
            serde_json::from_slice(json).map_err(|e| FileError::damaged(path, format!("this is no snapshot ({e})")))?;
        self.each(&mut snapshot, Direction::In)?;
        Ok(snapshot)
    }

    fn each(&self, model: &mut impl Visit, direction: Direction) -> Result<(), FileError> {
        let mut first_error = None;
        model.visit(&mut |owner, value| {
            if first_error.is_some() {
                return;
            }
            let mut walk = Walk { codec: self, owner, path: String::new() };
            let walked = match direction {
                Direction::Out => walk.seal(std::mem::take(value)),
                Direction::In => walk.open(std::mem::take(value)),
            };
            match walked {
                Ok(done) => *value = done,
                Err(error) => first_error = Some(error),
            }
        });
        first_error.map_or(Ok(()), Err)
    }
}

#[derive(Clone, Copy)]
enum Direction {
    Out,
    In,
}

/// One value on its way, and where in it we are.
struct Walk<'a> {
    codec: &'a Codec,
    owner: &'a str,
    /// A JSON pointer.
    path: String,
}

impl Walk<'_> {
    fn place(&self) -> Place<'_> {
        Place { stack: &self.codec.stack, owner: self.owner, path: &self.path }
    }

    fn seal(&mut self, value: Value) -> Result<Value, FileError> {
        match value {
            Value::Secret(inner) => {
                let inner = inner.revealed();
                self.refuse_reserved(&inner)?;
                let text = self.codec.secrets.seal(&inner, self.place())?;
                Ok(Value::Map(Map::from([(ENCRYPTED_KEY.to_owned(), Value::String(text))])))
            }
            Value::Map(map) => {
                self.refuse_reserved_map(&map)?;
                self.members(map, Self::seal)
            }
            Value::List(items) => self.items(items, Self::seal),
            plain => Ok(plain),
        }
    }

    fn open(&mut self, value: Value) -> Result<Value, FileError> {
        match value {
            Value::Map(map) => match encrypted(&map) {
                Some(text) => Ok(self.codec.secrets.open(text, self.place())?.secret()),
                None => self.members(map, Self::open),
            },
            Value::List(items) => self.items(items, Self::open),
            plain => Ok(plain),
        }
    }

    fn members(
        &mut self,
        map: Map,
        each: fn(&mut Self, Value) -> Result<Value, FileError>,
    ) -> Result<Value, FileError> {
        let members = map.into_iter().map(|(key, value)| {
            let step = key.replace('~', "~0").replace('/', "~1");
            let value = self.step(&step, value, each)?;
            Ok((key, value))
        });
        Ok(Value::Map(members.collect::<Result<_, FileError>>()?))
    }

    fn items(
        &mut self,
        items: Vec<Value>,
        each: fn(&mut Self, Value) -> Result<Value, FileError>,
    ) -> Result<Value, FileError> {
        let items = items.into_iter().enumerate().map(|(index, value)| self.step(&index.to_string(), value, each));
        Ok(Value::List(items.collect::<Result<_, FileError>>()?))
    }

    fn step(
        &mut self,
        step: &str,
        value: Value,
        each: fn(&mut Self, Value) -> Result<Value, FileError>,
    ) -> Result<Value, FileError> {
        let length = self.path.len();
        self.path.push('/');
        self.path.push_str(step);
        let done = each(self, value);
        self.path.truncate(length);
        done
    }

    /// A plain map that would come back as something else is refused, wherever it stands.
    fn refuse_reserved(&self, value: &Value) -> Result<(), FileError> {
        match value {
            Value::Map(map) => {
                self.refuse_reserved_map(map)?;
                map.values().try_for_each(|value| self.refuse_reserved(value))
            }
            Value::List(items) => items.iter().try_for_each(|value| self.refuse_reserved(value)),
            _ => Ok(()),
        }
    }

    fn refuse_reserved_map(&self, map: &Map) -> Result<(), FileError> {
        let reserved = |key| map.len() == 1 && map.contains_key(key);
        match [ENCRYPTED_KEY, UNKNOWN_KEY].into_iter().find(|key| reserved(*key)) {
            Some(key) => Err(FileError::Reserved { place: self.place().text(), key }),
            None => Ok(()),
        }
    }
}

/// The ciphertext, if this map stands for one.
fn encrypted(map: &Map) -> Option<&str> {
    match (map.len(), map.get(ENCRYPTED_KEY)) {
        (1, Some(Value::String(text))) => Some(text),
        _ => None,
    }
}
