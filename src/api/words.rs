//! Parameters of a query string and of a path, read with sentences that name the parameter.
//!
//! A parameter may be given several times where a list is wanted. A parameter that a route does not know
//! is refused: a misspelt one would otherwise be an answer to another question.

use std::collections::BTreeMap;
use std::fmt;

use axum::extract::{FromRequestParts, Query, RawPathParams};
use axum::http::request::Parts;
use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{self, DeserializeOwned, Deserializer, IntoDeserializer, Visitor};
use utoipa::IntoParams;
use utoipa::openapi::path::ParameterIn;

use super::app::App;
use super::error::{Kind, Problem};

/// Characters of one value. A capture's name, a list of targets: more is a mistake.
const CHARACTERS_MAX: usize = 4_096;

/// Parameters of the query string.
pub struct Parameters<T>(pub T);

/// Parameters in the path.
pub struct Named<T>(pub T);

impl<T: DeserializeOwned + IntoParams + Send> FromRequestParts<App> for Parameters<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        let pairs = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri)
            .map_err(|error| Problem::new(Kind::Malformed, format!("the query cannot be read: {error}")))?;
        read(pairs.0, &[]).map(Parameters)
    }
}

impl<T: DeserializeOwned + Send> FromRequestParts<App> for Named<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &App) -> Result<Self, Problem> {
        let named = RawPathParams::from_request_parts(parts, state).await;
        let named = named.map_err(|error| Problem::new(Kind::Malformed, error.to_string()))?;
        let pairs = named.iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
        gathered(pairs.collect()).map(Named)
    }
}

/// Reads the parameters that a route knows. `others` are known to it besides, and read elsewhere.
///
/// # Errors
/// If one is not known, or cannot be read.
pub fn read<T: DeserializeOwned + IntoParams>(
    pairs: Vec<(String, String)>,
    others: &[String],
) -> Result<T, Problem> {
    let own = T::into_params(|| Some(ParameterIn::Query)).into_iter().map(|known| known.name);
    let known: Vec<String> = own.chain(others.iter().cloned()).collect();
    if let Some((name, value)) = pairs.iter().find(|(name, _)| !known.contains(name)) {
        let all = if known.is_empty() { "there are none".to_owned() } else { known.join(", ") };
        return Err(Problem::parameter(name, value, format!("`{name}` is no parameter here: {all}")));
    }
    gathered(pairs)
}

fn gathered<T: DeserializeOwned>(pairs: Vec<(String, String)>) -> Result<T, Problem> {
    let mut values: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in pairs {
        if value.chars().count() > CHARACTERS_MAX {
            let why = format!("`{name}` has more than {CHARACTERS_MAX} characters");
            return Err(Problem::parameter(&name, "", why));
        }
        values.entry(name).or_default().push(value);
    }
    let words = values.into_iter().map(|(name, given)| (name.clone(), Values { name, given }));
    T::deserialize(MapDeserializer::new(words)).map_err(|wrong: Wrong| match wrong.value {
        Some((name, value)) => Problem::parameter(&name, &value, format!("`{name}`: {}", wrong.why)),
        None => Problem::new(Kind::Malformed, wrong.why),
    })
}

/// What was given under one name.
struct Values {
    name: String,
    given: Vec<String>,
}

/// What is wrong, and with which value.
#[derive(Debug)]
struct Wrong {
    value: Option<(String, String)>,
    why: String,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

impl std::error::Error for Wrong {}

impl de::Error for Wrong {
    fn custom<T: fmt::Display>(why: T) -> Self {
        Wrong { value: None, why: why.to_string() }
    }

    fn missing_field(field: &'static str) -> Self {
        let why = "it is missing".to_owned();
        Wrong { value: Some((field.to_owned(), String::new())), why }
    }
}

impl Values {
    fn only(&self) -> Result<&str, Wrong> {
        match self.given.as_slice() {
            [one] => Ok(one),
            _ => Err(self.wrong("it is given more than once".to_owned())),
        }
    }

    fn wrong(&self, why: String) -> Wrong {
        let value = self.given.last().cloned().unwrap_or_default();
        Wrong { value: Some((self.name.clone(), value)), why }
    }

    /// Reads the value with a visitor, and names it where it is refused.
    fn with<T>(&self, read: impl FnOnce(&str) -> Result<T, Wrong>) -> Result<T, Wrong> {
        self.only().and_then(read).map_err(|wrong| match wrong.value {
            Some(_) => wrong,
            None => self.wrong(wrong.why),
        })
    }
}

macro_rules! whole_numbers {
    ($($method:ident $visit:ident $number:ty,)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
            self.with(|text| {
                let number = text.parse::<$number>();
                let number = number.map_err(|_| self.wrong(format!(
                    "`{text}` is no whole number from {} to {}", <$number>::MIN, <$number>::MAX
                )))?;
                visitor.$visit(number)
            })
        }
    )*};
}

impl<'de> Deserializer<'de> for Values {
    type Error = Wrong;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        self.with(|text| visitor.visit_str(text))
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        self.with(|text| match text {
            // `?expand` alone says yes.
            "true" | "yes" | "1" | "" => visitor.visit_bool(true),
            "false" | "no" | "0" => visitor.visit_bool(false),
            _ => Err(self.wrong(format!("`{text}` is neither `true` nor `false`"))),
        })
    }

    whole_numbers! {
        deserialize_u8 visit_u8 u8, deserialize_u16 visit_u16 u16, deserialize_u32 visit_u32 u32,
        deserialize_u64 visit_u64 u64, deserialize_i8 visit_i8 i8, deserialize_i16 visit_i16 i16,
        deserialize_i32 visit_i32 i32, deserialize_i64 visit_i64 i64,
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_some(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        let Values { name, given } = self;
        let each = given.into_iter().map(|value| Values { name: name.clone(), given: vec![value] });
        visitor.visit_seq(SeqDeserializer::new(each))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        self.with(|text| visitor.visit_enum(IntoDeserializer::<Wrong>::into_deserializer(text)))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        visitor.visit_newtype_struct(self)
    }

    serde::forward_to_deserialize_any! {
        f32 f64 char str string bytes byte_buf unit unit_struct tuple tuple_struct map struct identifier
        ignored_any i128 u128
    }
}

impl IntoDeserializer<'_, Wrong> for Values {
    type Deserializer = Values;

    fn into_deserializer(self) -> Values {
        self
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize, IntoParams, PartialEq)]
    struct Asked {
        targets: Vec<String>,
        limit: Option<u16>,
        #[serde(default)]
        expand: bool,
        mode: Option<Mode>,
    }

    #[derive(Debug, Deserialize, PartialEq, utoipa::ToSchema)]
    #[serde(rename_all = "lowercase")]
    enum Mode {
        Full,
        Edge,
    }

    fn asked(pairs: &[(&str, &str)]) -> Result<Asked, Problem> {
        read(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(), &[])
    }

    #[test]
    fn lists_numbers_flags_and_words_are_read() {
        let read =
            asked(&[("targets", "a"), ("limit", "7"), ("targets", "b"), ("expand", ""), ("mode", "edge")]);
        let (targets, limit) = (vec!["a".to_owned(), "b".to_owned()], Some(7));
        assert_eq!(read.unwrap(), Asked { targets, limit, expand: true, mode: Some(Mode::Edge) });
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (pairs, parameter, says) in [
            (&[("target", "a")][..], "target", "no parameter here: targets, limit, expand, mode"),
            (&[("limit", "1")], "targets", "missing"),
            (&[("targets", "a"), ("limit", "70000")], "limit", "no whole number from 0 to 65535"),
            (&[("targets", "a"), ("limit", "1"), ("limit", "2")], "limit", "more than once"),
            (&[("targets", "a"), ("expand", "maybe")], "expand", "neither `true` nor `false`"),
            (
                &[("targets", "a"), ("mode", "half")],
                "mode",
                "unknown variant `half`, expected `full` or `edge`",
            ),
        ] {
            let problem = asked(pairs).unwrap_err();
            assert_eq!(problem.word.as_ref().map(|word| word.parameter.as_str()), Some(parameter));
            assert!(problem.detail.contains(says), "{}", problem.detail);
        }
    }
}
