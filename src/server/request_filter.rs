//! Reads which requests of the log are asked for. One reader serves the API, the page and its CSV, so that all of them
//! take the same parameters and refuse the same mistakes in the same words.

use serde_json::json;

use crate::diamond::FieldError;
use crate::store::RequestFilter;
use crate::times::parse_time;

/// Parameters that narrow the log down; `limit` comes on top where the answer is not a page or a file.
pub const FILTER_PARAMETERS: [&str; 6] = ["before", "status", "path", "model", "since", "until"];
/// Requests that are listed at most.
const MAX_LIMIT: u32 = 1_000;

/// The filter that `pairs` of names and values make, of `limit` requests unless they say otherwise; of a name that is given
/// twice the last counts. Other names are passed over.
///
/// # Errors
/// Every value that is not what it should be.
pub fn read_request_filter(pairs: &[(String, String)], limit: u32) -> Result<RequestFilter, Vec<FieldError>> {
    let mut filter = RequestFilter { limit, ..RequestFilter::default() };
    let mut errors = Vec::new();
    for (name, value) in pairs {
        if let Err(message) = read_parameter(&mut filter, name, value) {
            errors.push(FieldError { field: name.clone(), message, value: json!(value) });
        }
    }
    if errors.is_empty() { Ok(filter) } else { Err(errors) }
}

/// As [`read_request_filter`], for people: an end before the beginning is a mistake, where a program gets an empty list.
///
/// # Errors
/// Every value that is not what it should be.
pub fn read_form_filter(pairs: &[(String, String)], limit: u32) -> Result<RequestFilter, Vec<FieldError>> {
    let filter = read_request_filter(pairs, limit)?;
    match (filter.since, filter.until) {
        (Some(since), Some(until)) if until <= since => {
            let value = json!(pairs.iter().rev().find(|(name, _)| name == "until").map(|(_, value)| value));
            let message = "must be later than since".to_owned();
            Err(vec![FieldError { field: "until".to_owned(), message, value }])
        }
        _ => Ok(filter),
    }
}

fn read_parameter(filter: &mut RequestFilter, name: &str, value: &str) -> Result<(), String> {
    match name {
        "limit" => {
            let limit = value.parse().ok().filter(|limit| (1..=MAX_LIMIT).contains(limit));
            filter.limit = limit.ok_or_else(|| format!("must be a whole number from 1 to {MAX_LIMIT}"))?;
        }
        "before" => filter.before = Some(value.parse().map_err(|_| "must be the id of a request")?),
        "status" => {
            let status = value.parse().ok().filter(|status| (100..600).contains(status));
            filter.status = Some(status.ok_or("must be a status such as 422")?);
        }
        "model" => {
            let number = value.parse().ok().filter(|number| *number > 0);
            filter.model = Some(number.ok_or("must be the number of a model, such as 2")?);
        }
        "path" if !value.starts_with('/') => return Err("must begin with /, such as /v1/predictions".to_owned()),
        "path" => filter.path = Some(value.to_owned()),
        "since" => filter.since = Some(parse_time(value).map_err(|problem| format!("is wrong: {problem}"))?),
        "until" => filter.until = Some(parse_time(value).map_err(|problem| format!("is wrong: {problem}"))?),
        _ => {}
    }
    Ok(())
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
