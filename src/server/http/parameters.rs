//! Query parameters: one list for each endpoint, by which they are read and documented.

use serde_json::{Value, json};
use utoipa::openapi::RefOr;
use utoipa::openapi::Required;
use utoipa::openapi::path::{Parameter as Documented, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};

use crate::diamond::FieldError;
use crate::server::access::redaction::redact_value;

/// One parameter, which sets a part of `T`.
pub struct Parameter<T> {
    /// Its name.
    pub name: &'static str,
    /// What it is for.
    pub description: &'static str,
    /// The type of its values.
    pub kind: ParameterKind,
    /// Reads a value; else returns what is wrong, as the second half of a sentence that begins with the parameter's name.
    pub read: fn(&mut T, &str) -> Result<(), String>,
}

/// The type of the values of a parameter.
#[derive(Debug, Clone, Copy)]
pub enum ParameterKind {
    /// Text.
    Text,
    /// Text that begins with a slash.
    Path,
    /// A UUID.
    Id,
    /// A whole number, with its minimum and, if there is one, its maximum.
    WholeNumber(i64, Option<i64>),
    /// A time in UTC.
    Time,
    /// `true` or `false`; `false` if it is left out.
    Flag,
}

impl ParameterKind {
    fn schema(self, default: Option<Value>) -> RefOr<Schema> {
        let object = ObjectBuilder::new().default(default);
        let text = |format: &str| {
            let format = utoipa::openapi::SchemaFormat::Custom(format.to_owned());
            ObjectBuilder::new().schema_type(Type::String).format(Some(format))
        };
        match self {
            Self::Text => object.schema_type(Type::String),
            Self::Path => object.schema_type(Type::String).pattern(Some("^/")),
            Self::Id => text("uuid"),
            Self::Time => text("date-time"),
            Self::WholeNumber(least, most) => object.schema_type(Type::Integer).minimum(Some(least)).maximum(most),
            Self::Flag => ObjectBuilder::new().schema_type(Type::Boolean).default(Some(json!(false))),
        }
        .into()
    }
}

/// Reads the value of a [`ParameterKind::Flag`].
///
/// # Errors
/// If it is none, as the second half of a sentence.
pub fn read_flag(value: &str) -> Result<bool, String> {
    value.parse().map_err(|_| "must be true or false".to_owned())
}

/// Reads `pairs` of names and values into `target`. If a name occurs twice, the last value counts.
///
/// # Errors
/// Every value that is not valid, and every name that is not in `list`.
pub fn read_parameters<T>(
    list: &[Parameter<T>],
    pairs: &[(String, String)],
    target: &mut T,
) -> Result<(), Vec<FieldError>> {
    let has = || match list {
        [] => "it has none".to_owned(),
        _ => format!("it has {}", list.iter().map(|parameter| parameter.name).collect::<Vec<_>>().join(", ")),
    };
    let mut errors = Vec::new();
    for (name, value) in pairs {
        let read = match list.iter().find(|parameter| parameter.name == name) {
            Some(parameter) => (parameter.read)(target, value),
            None => Err(format!("is not a parameter of this address: {}", has())),
        };
        if let Err(message) = read {
            errors.push(FieldError::new(name, message, json!(redact_value(name, value))));
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

/// The parameters of `list` for the OpenAPI document; `default` returns the value that a parameter has if it is left out.
pub fn document_parameters<T>(list: &[Parameter<T>], default: impl Fn(&str) -> Option<Value>) -> Vec<Documented> {
    list.iter()
        .map(|parameter| {
            ParameterBuilder::new()
                .name(parameter.name)
                .parameter_in(ParameterIn::Query)
                .required(Required::False)
                .description(Some(parameter.description))
                .schema(Some(parameter.kind.schema(default(parameter.name))))
                .build()
        })
        .collect()
}
