//! Objects in JSON: one after the other, in an array, or in an array under a key. They are read one by one.

use std::fmt;
use std::io::Read;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::ReadingError;
use super::header::names_columns;

/// Receives the objects one by one; an error ends the reading.
type Sink<'a> = dyn FnMut(Map<String, Value>) -> Result<(), ReadingError> + 'a;

/// Passes every object in `reader` to `sink`.
///
/// # Errors
/// If it is not JSON, with the place; or what `sink` returns.
pub fn for_each_object(reader: impl Read, sink: &mut Sink<'_>) -> Result<(), ReadingError> {
    let mut values = serde_json::Deserializer::from_reader(reader);
    let mut failure = None;
    loop {
        match values.end() {
            Ok(()) => return Ok(()),
            Err(error) if error.is_eof() || error.is_io() => return Err(not_json(&error)),
            Err(_) => {}
        }
        let read = Rows { sink: &mut *sink, failure: &mut failure, depth: 0 }.deserialize(&mut values);
        if let Some(failure) = failure.take() {
            return Err(failure);
        }
        match read {
            Ok(Found::Object(object)) => sink(object)?,
            Ok(Found::Rows | Found::Other(_)) => {}
            Err(error) => return Err(not_json(&error)),
        }
    }
}

fn not_json(error: &serde_json::Error) -> ReadingError {
    ReadingError::new(format!("the file is not JSON: {error}"))
}

/// What a value was.
enum Found {
    /// An object of values: a row.
    Object(Map<String, Value>),
    /// Rows that were passed on.
    Rows,
    /// A single value.
    Other(Value),
}

/// Reads a value, and passes the objects of its arrays on.
struct Rows<'a, 'b> {
    sink: &'a mut Sink<'b>,
    failure: &'a mut Option<ReadingError>,
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for Rows<'_, '_> {
    type Value = Found;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Found, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Rows<'_, '_> {
    type Value = Found;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object for each stone")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Found, A::Error> {
        if self.depth > 1 {
            while array.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(Found::Other(Value::Null));
        }
        let mut is_table = self.depth == 0;
        while let Some(element) = array.next_element::<Value>()? {
            let Value::Object(object) = element else { continue };
            // under a key only an array whose objects name columns is one: not pictures or certificates of a stone
            is_table = is_table || names_columns(&object.keys().collect::<Vec<_>>());
            if !is_table {
                continue;
            }
            if let Err(error) = (self.sink)(object) {
                *self.failure = Some(error);
                return Err(serde::de::Error::custom("refused"));
            }
        }
        Ok(if is_table { Found::Rows } else { Found::Other(Value::Null) })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Found, A::Error> {
        let mut object = Map::new();
        let mut has_rows = false;
        while let Some(key) = entries.next_key::<String>()? {
            let inner = Rows { sink: &mut *self.sink, failure: &mut *self.failure, depth: self.depth + 1 };
            match entries.next_value_seed(inner)? {
                Found::Rows => has_rows = true,
                Found::Object(_) => {}
                Found::Other(value) => {
                    object.insert(key, value);
                }
            }
        }
        Ok(if has_rows { Found::Rows } else { Found::Object(object) })
    }

    fn visit_bool<E>(self, value: bool) -> Result<Found, E> {
        Ok(Found::Other(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Found, E> {
        Ok(Found::Other(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Found, E> {
        Ok(Found::Other(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Found, E> {
        Ok(Found::Other(value.into()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Found, E> {
        Ok(Found::Other(value.into()))
    }

    fn visit_unit<E>(self) -> Result<Found, E> {
        Ok(Found::Other(Value::Null))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn carats(text: &str) -> Result<Vec<String>, ReadingError> {
        let mut found = Vec::new();
        for_each_object(text.as_bytes(), &mut |object| {
            found.push(object["carat"].to_string());
            Ok(())
        })
        .map(|()| found)
    }

    #[test]
    fn objects_are_found_in_lines_arrays_and_under_a_key() {
        for text in [
            "{\"carat\":1}\n{\"carat\":2}\n",
            "[{\"carat\":1},{\"carat\":2}]",
            "{\"data\":[{\"carat\":1},{\"carat\":2}],\"count\":2}",
            "{\"page\":{\"of\":1},\"items\":[{\"carat\":1,\"tags\":[1]},{\"carat\":2}]}",
            "[\n  {\"carat\": 1},\n  {\"carat\": 2}\n]\n",
            "{\"carat\":1,\"pictures\":[\"a\"]}\n{\"carat\":2,\"reports\":[{\"lab\":\"GIA\",\"page\":1}],\"tags\":[]}\n",
        ] {
            assert_eq!(carats(text).expect("rows"), ["1", "2"], "{text}");
        }
        assert!(carats("[{\"carat\":1},").is_err() && carats("{\"carat\":").is_err() && carats("carat").is_err());
    }
}
