//! Reads a type from an answer that has nothing but the members that the type asks for, each of the model's type: a type
//! that asks for one that the model does not have, or for another type, cannot be read.

use std::fmt;

use serde::de::value::{MapDeserializer, SeqDeserializer, StrDeserializer};
use serde::de::{DeserializeOwned, Deserializer, Error as _, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

use super::shapes::Model;

/// What is wrong with a type.
#[derive(Debug)]
pub struct Wrong(String);

impl fmt::Display for Wrong {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::error::Error for Wrong {}

impl serde::de::Error for Wrong {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

pub fn read<T: DeserializeOwned>(model: &Model, shape: &str) -> Result<T, Wrong> {
    T::deserialize(Probe { model, shape })
}

/// A value of a shape, made while it is read.
#[derive(Clone, Copy)]
struct Probe<'m> {
    model: &'m Model,
    shape: &'m str,
}

impl<'m> Probe<'m> {
    fn at(self, part: &'m serde_json::Value) -> Result<Self, Wrong> {
        let shape = part["shape"].as_str().ok_or_else(|| Wrong::custom("the model has no such"))?;
        Ok(Self { shape, ..self })
    }
}

impl<'de> Deserializer<'de> for Probe<'_> {
    type Error = Wrong;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        let shape = self.model.shape(self.shape);
        match shape["type"].as_str().unwrap_or_default() {
            "string" | "blob" => match shape["enum"][0].as_str() {
                Some(first) => visitor.visit_string(first.to_owned()),
                None => visitor.visit_string("text".to_owned()),
            },
            "boolean" => visitor.visit_bool(true),
            "integer" | "long" => visitor.visit_i64(1),
            "float" | "double" | "timestamp" => visitor.visit_f64(1.5),
            "list" => {
                let one = self.at(&shape["member"])?;
                visitor.visit_seq(SeqDeserializer::new(std::iter::once(one)))
            }
            "map" => {
                let one = ("key", self.at(&shape["value"])?);
                visitor.visit_map(MapDeserializer::new(std::iter::once(one)))
            }
            other => Err(Wrong::custom(format!("a {other} is read as `{}`", self.shape))),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        let shape = self.model.shape(self.shape);
        if shape["type"] != "structure" {
            return Err(Wrong::custom(format!("`{name}` is read from `{}`", self.shape)));
        }
        let mut members = Vec::new();
        for field in fields {
            let of = self.at(&shape["members"][field]);
            let of =
                of.map_err(|_| Wrong::custom(format!("{name}.{field} is not in the model")))?;
            members.push((StrDeserializer::<Wrong>::new(field), of));
        }
        visitor.visit_map(MapDeserializer::new(members.into_iter()))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

impl IntoDeserializer<'_, Wrong> for Probe<'_> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}
