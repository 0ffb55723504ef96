//! XML as AWS's older services speak it, to and from JSON as its API references say it.
//!
//! A service is told by its [`Forms`] alone: which members are lists, numbers and truths.

use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::{Map, Value as Json};

/// Deeper than any answer that AWS documents.
const DEPTH: usize = 32;

/// An element whose end has not come yet: its name, the members found so far, and its text.
type Open = (String, Vec<(String, Json)>, String);

/// How the members of one service are written.
#[derive(Debug)]
pub(super) struct Forms {
    /// Lists with an element around them, and what each item is called.
    pub(super) wrapped: &'static [(&'static str, &'static str)],
    /// Lists without one: what each item is called, and what the API reference calls the list.
    pub(super) flat: &'static [(&'static str, &'static str)],
    /// Members that are whole numbers.
    pub(super) numbers: &'static [&'static str],
    /// Members that are true or false.
    pub(super) truths: &'static [&'static str],
}

impl Forms {
    fn item_of(&self, list: &str) -> Option<&'static str> {
        self.wrapped.iter().find(|(name, _)| *name == list).map(|(_, item)| *item)
    }

    fn list_of(&self, item: &str) -> Option<&'static str> {
        self.flat.iter().find(|(name, _)| *name == item).map(|(_, list)| *list)
    }

    /// Writes an element with what is in `value`.
    pub(super) fn write(&self, out: &mut String, name: &str, value: &Json) {
        let open = |out: &mut String| out.extend(["<", name, ">"]);
        let close = |out: &mut String| out.extend(["</", name, ">"]);
        match value {
            Json::Null => {}
            Json::Array(items) => match (self.item_of(name), self.flat.iter().find(|(_, list)| *list == name)) {
                (Some(item), _) => {
                    open(out);
                    items.iter().for_each(|value| self.write(out, item, value));
                    close(out);
                }
                (None, Some((item, _))) => items.iter().for_each(|value| self.write(out, item, value)),
                (None, None) => items.iter().for_each(|value| self.write(out, name, value)),
            },
            Json::Object(fields) => {
                open(out);
                self.write_members(out, fields);
                close(out);
            }
            Json::String(text) => {
                open(out);
                out.push_str(&quick_xml::escape::escape(text.as_str()));
                close(out);
            }
            Json::Bool(_) | Json::Number(_) => {
                open(out);
                out.push_str(&value.to_string());
                close(out);
            }
        }
    }

    /// Writes the members of an object, without an element around them.
    pub(super) fn write_members(&self, out: &mut String, fields: &Map<String, Json>) {
        fields.iter().for_each(|(name, value)| self.write(out, name, value));
    }

    /// Reads a document: the name of its root, and what is in it.
    pub(super) fn read(&self, text: &str) -> Result<(String, Json), String> {
        let mut reader = Reader::from_str(text);
        reader.config_mut().expand_empty_elements = true;
        let mut open: Vec<Open> = Vec::new();
        loop {
            match reader.read_event().map_err(|error| error.to_string())? {
                Event::Start(start) => {
                    if open.len() >= DEPTH {
                        return Err(format!("it nests deeper than {DEPTH}"));
                    }
                    open.push((start.local_name().as_ref().to_owned(), Vec::new(), String::new()));
                }
                Event::Text(part) => {
                    if let Some((_, _, text)) = open.last_mut() {
                        text.push_str(&part.xml10_content());
                    }
                }
                Event::GeneralRef(reference) => {
                    let name = reference.xml10_content();
                    let known = match reference.resolve_char_ref().map_err(|error| error.to_string())? {
                        Some(c) => c.to_string(),
                        None => quick_xml::escape::resolve_predefined_entity(&name)
                            .ok_or_else(|| format!("the entity `{name}` is not known"))?
                            .to_owned(),
                    };
                    if let Some((_, _, text)) = open.last_mut() {
                        text.push_str(&known);
                    }
                }
                Event::CData(part) => {
                    if let Some((_, _, text)) = open.last_mut() {
                        text.push_str(&part.xml10_content());
                    }
                }
                Event::End(_) => {
                    let Some((name, members, text)) = open.pop() else {
                        return Err("it ends what it never began".to_owned());
                    };
                    let value = self.value(&name, members, &text);
                    match open.last_mut() {
                        Some((_, members, _)) => members.push((name, value)),
                        None => return Ok((name, value)),
                    }
                }
                Event::Eof => return Err("it ends before its root does".to_owned()),
                Event::DocType(_) => return Err("it has a document type".to_owned()),
                Event::Decl(_) | Event::Comment(_) | Event::PI(_) | Event::Empty(_) => {}
            }
        }
    }

    fn value(&self, name: &str, members: Vec<(String, Json)>, text: &str) -> Json {
        if self.item_of(name).is_some() {
            return Json::Array(members.into_iter().map(|(_, value)| value).collect());
        }
        if members.is_empty() {
            return self.scalar(name, text);
        }
        let mut map = Map::new();
        for (name, value) in members {
            match self.list_of(&name) {
                Some(list) => {
                    let place = map.entry(list).or_insert_with(|| Json::Array(Vec::new()));
                    place.as_array_mut().into_iter().for_each(|items| items.push(value.clone()));
                }
                None => drop(map.insert(name, value)),
            }
        }
        Json::Object(map)
    }

    fn scalar(&self, name: &str, text: &str) -> Json {
        if self.numbers.contains(&name)
            && let Ok(number) = text.trim().parse::<i64>()
        {
            return number.into();
        }
        match text.trim() {
            "true" if self.truths.contains(&name) => true.into(),
            "false" if self.truths.contains(&name) => false.into(),
            _ => text.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    const FORMS: Forms = Forms {
        wrapped: &[("Changes", "Change"), ("NameServers", "NameServer")],
        flat: &[("Rule", "Rules")],
        numbers: &["TTL"],
        truths: &["IsTruncated"],
    };

    #[test]
    fn what_is_written_is_read_back() {
        let value = json!({
            "Changes": [{"Value": "\"a & <b>\"", "TTL": 300}, {"Value": "x"}],
            "Rules": [{"Id": "one"}], "IsTruncated": false,
        });
        let mut text = String::new();
        FORMS.write(&mut text, "Root", &value);
        assert!(text.contains("<Changes><Change><") && text.contains("<Rule><Id>one</Id></Rule>"), "{text}");
        assert_eq!(FORMS.read(&text).unwrap(), ("Root".to_owned(), value));
        assert_eq!(FORMS.read("<R><NameServers/></R>").unwrap().1, json!({"NameServers": []}));
        assert_eq!(FORMS.read("<a:R xmlns:a='x'><V>&#x41;&amp;</V></a:R>").unwrap().1, json!({"V": "A&"}));
    }

    #[test]
    fn rt29_hostile_documents_are_refused() {
        let deep = format!("{}x{}", "<a>".repeat(100), "</a>".repeat(100));
        for text in [deep.as_str(), "", "<a>", "<a><b></a>", "<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>", "<a>&x;</a>"] {
            assert!(FORMS.read(text).is_err(), "{text}");
        }
    }
}
