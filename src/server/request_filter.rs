//! Which requests of the log are listed. One list of parameters serves the API, the page and its CSV, so that all of them
//! accept the same parameters and report the same mistakes in the same words.

use serde_json::json;

use super::http::parameters::{Parameter, ParameterKind, read_parameters};
use crate::diamond::FieldError;
use crate::store::RequestFilter;
use crate::times::parse_time;

/// Most requests in one list.
const MAX_LIMIT: u32 = 1_000;

/// The parameters of the log. The first is not for pages and CSV files, whose length is fixed.
pub static REQUEST_PARAMETERS: [Parameter<RequestFilter>; 7] = [
    Parameter {
        name: "limit",
        description: "How many at most.",
        kind: ParameterKind::WholeNumber(1, Some(MAX_LIMIT as i64)),
        read: |filter, value| {
            let limit = value.parse().ok().filter(|limit| (1..=MAX_LIMIT).contains(limit));
            filter.limit = limit.ok_or_else(|| format!("must be a whole number from 1 to {MAX_LIMIT}"))?;
            Ok(())
        },
    },
    Parameter {
        name: "before",
        description: "Only those before the request of this id: the last id of a page leads to the next one.",
        kind: ParameterKind::Id,
        read: |filter, value| {
            filter.before = Some(value.parse().map_err(|_| "must be the id of a request")?);
            Ok(())
        },
    },
    Parameter {
        name: "status",
        description: "Only those answered with this status.",
        kind: ParameterKind::WholeNumber(100, Some(599)),
        read: |filter, value| {
            let status = value.parse().ok().filter(|status| (100..600).contains(status));
            filter.status = Some(status.ok_or("must be a status such as 422")?);
            Ok(())
        },
    },
    Parameter {
        name: "path",
        description: "Only those to this path.",
        kind: ParameterKind::Path,
        read: |filter, value| {
            if !value.starts_with('/') {
                return Err("must begin with /, such as /v1/predictions".to_owned());
            }
            filter.path = Some(value.to_owned());
            Ok(())
        },
    },
    Parameter {
        name: "model",
        description: "Only those that this model answered.",
        kind: ParameterKind::WholeNumber(1, None),
        read: |filter, value| {
            let number = value.parse().ok().filter(|number| *number > 0);
            filter.model = Some(number.ok_or("must be the number of a model, such as 2")?);
            Ok(())
        },
    },
    Parameter {
        name: "since",
        description: "Only those that arrived at or after this time, in UTC.",
        kind: ParameterKind::Time,
        read: |filter, value| {
            filter.since = Some(parse_time(value).map_err(|problem| format!("is wrong: {problem}"))?);
            Ok(())
        },
    },
    Parameter {
        name: "until",
        description: "Only those that arrived before this time, in UTC.",
        kind: ParameterKind::Time,
        read: |filter, value| {
            filter.until = Some(parse_time(value).map_err(|problem| format!("is wrong: {problem}"))?);
            Ok(())
        },
    },
];

/// The parameters of pages and CSV files.
pub fn page_parameters() -> &'static [Parameter<RequestFilter>] {
    &REQUEST_PARAMETERS[1..]
}

/// The filter of a program's `pairs` of names and values. `limit` is the default number of requests.
///
/// # Errors
/// Every value that is not valid.
pub fn read_request_filter(pairs: &[(String, String)], limit: u32) -> Result<RequestFilter, Vec<FieldError>> {
    let mut filter = RequestFilter { limit, ..RequestFilter::default() };
    read_parameters(&REQUEST_PARAMETERS, pairs, &mut filter)?;
    Ok(filter)
}

/// The filter of `pairs` for a page or a CSV file of `limit` requests: here an end before the beginning is a mistake, while a
/// program gets an empty list.
///
/// # Errors
/// Every value that is not valid.
pub fn read_form_filter(pairs: &[(String, String)], limit: u32) -> Result<RequestFilter, Vec<FieldError>> {
    let mut filter = RequestFilter { limit, ..RequestFilter::default() };
    read_parameters(page_parameters(), pairs, &mut filter)?;
    match (filter.since, filter.until) {
        (Some(since), Some(until)) if until <= since => {
            let value = json!(pairs.iter().rev().find(|(name, _)| name == "until").map(|(_, value)| value));
            Err(vec![FieldError::new("until", "must be later than since", value)])
        }
        _ => Ok(filter),
    }
}
#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &[(&str, &str)]) -> Result<RequestFilter, Vec<FieldError>> {
        let pairs: Vec<(String, String)> =
            query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        read_request_filter(&pairs, 50)
    }

    #[test]
    fn every_parameter_narrows_the_log_down() {
        let filter = read(&[
            ("status", "200"),
            ("status", "422"),
            ("path", "/v1/predictions"),
            ("model", "2"),
            ("since", "2026-03-01"),
            ("until", "2026-03-01T12:00"),
        ])
        .expect("a filter");
        assert_eq!((filter.limit, filter.status, filter.model), (50, Some(422), Some(2)));
        assert_eq!(filter.path.as_deref(), Some("/v1/predictions"));
        assert_eq!(filter.until.expect("a time").as_second() - filter.since.expect("a time").as_second(), 43_200);
    }

    #[test]
    fn every_mistake_is_named_at_once() {
        let errors = read(&[
            ("limit", "0"),
            ("before", "1"),
            ("status", "99"),
            ("path", "v1"),
            ("model", "-1"),
            ("since", "yesterday"),
            ("until", "soon"),
        ])
        .expect_err("mistakes");
        let fields: Vec<&str> = errors.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(fields, ["limit", "before", "status", "path", "model", "since", "until"]);
        let nothing = [("until", "2026-03-01"), ("since", "2026-03-01")];
        assert!(read(&nothing).is_ok(), "a program gets an empty list");
        let pairs = nothing.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let errors = read_form_filter(&pairs, 50).expect_err("no time between");
        assert_eq!((errors[0].field.as_str(), errors[0].message.as_str()), ("until", "must be later than since"));
    }
}
