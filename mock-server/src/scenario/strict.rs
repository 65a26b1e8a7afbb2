//! Values of YAML and JSON, and how they are deserialized: strictly, so that an object is never read
//! from a list, nor a text from a number.

use std::fmt;

use serde::de::value::{MapAccessDeserializer, MapDeserializer, SeqDeserializer};
use serde::de::{
    self, Deserialize, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Unexpected, Visitor,
};
use serde_json::{Error, Number, Value};

/// Whole numbers below this are exact in a float.
const MAX_EXACT: f64 = 9_007_199_254_740_992.0;

/// The message for an object with a key that is no text.
pub(super) const NOT_TEXT_KEY: &str = "the key of an object must be a string";

/// A value of YAML: one of JSON, or a number that JSON does not have.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    Null,
    Bool(bool),
    Number(Number),
    /// Infinite, or not a number.
    NotFinite(f64),
    Text(String),
    List(Vec<Node>),
    Object(Vec<(String, Node)>),
}

impl Node {
    /// Returns the value at a path such as `jobs[0].match`; `.` is the value itself.
    pub(super) fn at(&self, path: &str) -> Option<&Self> {
        let path = path.replace('[', ".").replace(']', "");
        path.split('.').filter(|part| !part.is_empty()).try_fold(self, |node, part| match node {
            Self::Object(_) => node.field(part),
            Self::List(items) => items.get(part.parse::<usize>().ok()?),
            _ => None,
        })
    }

    /// Returns a field of an object.
    pub(super) fn field(&self, name: &str) -> Option<&Self> {
        let Self::Object(fields) = self else { return None };
        fields.iter().find(|(field, _)| field == name).map(|(_, value)| value)
    }

    /// Returns whether JSON has all numbers in the value.
    pub(super) fn is_json(&self) -> bool {
        match self {
            Self::NotFinite(_) => false,
            Self::List(items) => items.iter().all(Self::is_json),
            Self::Object(fields) => fields.iter().all(|(_, value)| value.is_json()),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(_) => true,
        }
    }

    /// Returns whether a text or a name has a NUL character.
    pub(super) fn has_nul(&self) -> bool {
        match self {
            Self::Text(text) => text.contains('\0'),
            Self::List(items) => items.iter().any(Self::has_nul),
            Self::Object(fields) => {
                fields.iter().any(|(name, value)| name.contains('\0') || value.has_nul())
            }
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::NotFinite(_) => false,
        }
    }

    fn unexpected(&self) -> Unexpected<'_> {
        match self {
            Self::Null => Unexpected::Unit,
            Self::Bool(value) => Unexpected::Bool(*value),
            Self::Number(value) => Unexpected::Float(value.as_f64().unwrap_or_default()),
            Self::NotFinite(value) => Unexpected::Float(*value),
            Self::Text(value) => Unexpected::Str(value),
            Self::List(_) => Unexpected::Seq,
            Self::Object(_) => Unexpected::Map,
        }
    }
}

impl fmt::Display for Node {
    /// Writes a value as JSON has it; lists and objects by their type.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => value.fmt(f),
            Self::Number(value) => value.fmt(f),
            Self::NotFinite(value) => value.fmt(f),
            Self::Text(value) => Value::from(value.as_str()).fmt(f),
            Self::List(_) => f.write_str("a list"),
            Self::Object(_) => f.write_str("an object"),
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value of YAML or JSON")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_none<E: de::Error>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        Node::deserialize(deserializer)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Bool(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Number(value.into()))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Number(value.into()))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Node, E> {
        // From here on, 5.0 is 5.
        if value.fract() == 0.0 && value.abs() < MAX_EXACT {
            return Ok(Node::Number((value as i64).into()));
        }
        Ok(Number::from_f64(value).map_or(Node::NotFinite(value), Node::Number))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Node::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Node, A::Error> {
        let mut fields = Vec::new();
        while let Some((key, value)) = entries.next_entry()? {
            let key = match key {
                Node::Text(key) => key,
                Node::Bool(_) | Node::Number(_) => key.to_string(),
                Node::Null | Node::NotFinite(_) | Node::List(_) | Node::Object(_) => {
                    return Err(de::Error::custom(NOT_TEXT_KEY));
                }
            };
            fields.push((key, value));
        }
        Ok(Node::Object(fields))
    }
}

/// A value to deserialize.
#[derive(Clone, Copy)]
pub(super) struct Strict<'v>(pub(super) &'v Node);

impl<'v> IntoDeserializer<'v, Error> for Strict<'v> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// Returns the fields of an object, with their names.
fn strict_fields(fields: &[(String, Node)]) -> impl Iterator<Item = (&str, Strict<'_>)> {
    fields.iter().map(|(name, value)| (name.as_str(), Strict(value)))
}

impl<'v> Deserializer<'v> for Strict<'v> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'v>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Node::Null => visitor.visit_unit(),
            Node::Bool(value) => visitor.visit_bool(*value),
            Node::Number(value) => match (value.as_u64(), value.as_i64()) {
                (Some(value), _) => visitor.visit_u64(value),
                (None, Some(value)) => visitor.visit_i64(value),
                (None, None) => visitor.visit_f64(value.as_f64().unwrap_or_default()),
            },
            Node::NotFinite(value) => visitor.visit_f64(*value),
            Node::Text(value) => visitor.visit_borrowed_str(value),
            Node::List(items) => visitor.visit_seq(SeqDeserializer::new(items.iter().map(Strict))),
            Node::Object(fields) => visitor.visit_map(MapDeserializer::new(strict_fields(fields))),
        }
    }

    fn deserialize_option<V: Visitor<'v>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Node::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'v>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_map<V: Visitor<'v>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Node::Object(_) => self.deserialize_any(visitor),
            other => Err(de::Error::invalid_type(other.unexpected(), &"a map")),
        }
    }

    fn deserialize_struct<V: Visitor<'v>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'v>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.0 {
            Node::Text(name) => visitor.visit_enum(name.as_str().into_deserializer()),
            Node::Object(fields) if fields.len() == 1 => visitor.visit_enum(
                MapAccessDeserializer::new(MapDeserializer::new(strict_fields(fields))),
            ),
            other => Err(de::Error::invalid_type(other.unexpected(), &"string or map")),
        }
    }

    serde::forward_to_deserialize_any! {
        <W: Visitor<'v>>
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct identifier ignored_any
    }
}
