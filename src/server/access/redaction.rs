//! Keeps secrets out of the log.

use std::borrow::Cow;

use crate::access::KEY_PREFIX;

/// What stands in the log in the place of a secret.
const REDACTED: &str = "[redacted]";
/// So many signs after the prefix are taken for a key; a whole one has 43.
const FEWEST_SIGNS: usize = 16;
/// Names of parameters whose values are secret, in lower case; also as a part of a name, such as `api_key`.
const SECRET_NAMES: [&str; 6] = ["key", "token", "password", "passwd", "secret", "authorization"];

/// A query without the values of secret parameters.
#[must_use]
pub fn redact_query(query: &str) -> String {
    let parts = query.split('&').map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        if is_secret(name) && !value.is_empty() { Cow::Owned(format!("{name}={REDACTED}")) } else { redact_keys(pair) }
    });
    parts.collect::<Vec<_>>().join("&")
}

/// The value of the parameter `name`, unless that is secret.
#[must_use]
pub fn redact_value<'a>(name: &str, value: &'a str) -> Cow<'a, str> {
    if is_secret(name) { Cow::Borrowed(REDACTED) } else { redact_keys(value) }
}

fn is_secret(name: &str) -> bool {
    let plain = name.to_ascii_lowercase();
    SECRET_NAMES.iter().any(|secret| plain.contains(secret))
}

/// Whether `text` has a key in it, or most of one.
#[must_use]
pub fn has_key(text: &str) -> bool {
    text.split(KEY_PREFIX).skip(1).any(|part| secret_length(part) >= FEWEST_SIGNS)
}

/// `text` without the keys in it.
#[must_use]
pub fn redact_keys(text: &str) -> Cow<'_, str> {
    if !has_key(text) {
        return Cow::Borrowed(text);
    }
    let mut parts = text.split(KEY_PREFIX);
    let mut redacted = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let length = secret_length(part);
        if length < FEWEST_SIGNS {
            redacted.push_str(KEY_PREFIX);
            redacted.push_str(part);
        } else {
            redacted.push_str(REDACTED);
            redacted.push_str(&part[length..]);
        }
    }
    Cow::Owned(redacted)
}

/// How many signs at the start of `text` may be those of a secret.
fn secret_length(text: &str) -> usize {
    text.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_leave_the_query_and_the_rest_stays() {
        for (query, expected) in [
            ("carat=1&cut=Ideal", "carat=1&cut=Ideal"),
            ("model=3&key=abc", "model=3&key=[redacted]"),
            ("API_KEY=abc&n=5", "API_KEY=[redacted]&n=5"),
            ("access_token=a=b", "access_token=[redacted]"),
            ("password=", "password="),
            ("name=diamonds_abc-D_1abc-D_1abc-D_1&n=5", "name=[redacted]&n=5"),
            ("utm_source=diamonds_shop", "utm_source=diamonds_shop"),
        ] {
            assert_eq!(redact_query(query), expected);
        }
        let key = "diamonds_0123456789abcdefABCDEF";
        assert_eq!(
            redact_keys(&format!("/v1/{key}/x,diamonds_shop,{key}")),
            "/v1/[redacted]/x,diamonds_shop,[redacted]"
        );
    }
}
