//! Pages of other sites: which of them may use the API (CORS, the Fetch standard), and which requests a browser sends on behalf
//! of pages that may not.

use std::fmt;
use std::str::FromStr;

use tide::http::{Method, Url};
use tide::{Request, Response, StatusCode};

use super::problem::Problem;

/// How long browsers may remember that a site is allowed, in seconds.
const PREFLIGHT_AGE: &str = "600";

/// A site as browsers name it: scheme, host and port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin(String);

impl FromStr for Origin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || format!("{text:?} is not an origin: write it like https://shop.example, without a path");
        let url = Url::parse(text).map_err(|_| wrong())?;
        let is_bare =
            url.path() == "/" && url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
        if !matches!(url.scheme(), "http" | "https") || !is_bare {
            return Err(wrong());
        }
        Ok(Self(url.origin().ascii_serialization()))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Origin {
    /// Whether browsers reach it with encryption.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        self.0.starts_with("https:")
    }

    /// The name of its host.
    #[must_use]
    pub fn host(&self) -> String {
        Url::parse(&self.0).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default()
    }
}

/// The sites that the server knows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origins {
    /// The address by which browsers reach this server, where a proxy changes the header Host.
    pub own: Option<Origin>,
    /// Other sites whose pages may use the API.
    pub allowed: Vec<Origin>,
    /// Whether browsers reach this server with encryption, here or at a proxy.
    pub is_encrypted: bool,
}

impl Origins {
    /// Whether pages of the site `origin` may use the API.
    #[must_use]
    pub fn allows(&self, origin: &str) -> bool {
        self.allowed.iter().any(|allowed| allowed.0 == origin)
    }

    /// Whether `origin` is the address by which browsers reach this server.
    #[must_use]
    pub fn is_own(&self, origin: &str) -> bool {
        self.own.as_ref().is_some_and(|own| own.0 == origin)
    }
}

/// The answer to a browser that asks whether a page of another site may send a request to the API; `None` if `request` is not
/// such a question.
///
/// # Errors
/// 403 if the page may not.
pub fn answer_preflight<S>(request: &Request<S>, origins: &Origins) -> Result<Option<Response>, Problem> {
    let asks = request.method() == Method::Options && request.header("Access-Control-Request-Method").is_some();
    let Some(origin) = request.header("Origin").map(|values| values.last().as_str().to_owned()).filter(|_| asks) else {
        return Ok(None);
    };
    if !origins.allows(&origin) {
        return Err(Problem::new(
            403,
            format!(
                "pages of {origin} may not use this server: whoever runs it can start it with --allow-origin {origin} to allow \
                 them"
            ),
        ));
    }
    Ok(Some(
        Response::builder(StatusCode::NoContent)
            .header("Access-Control-Allow-Methods", "GET, HEAD, POST")
            .header("Access-Control-Allow-Headers", "Authorization, Content-Type")
            .header("Access-Control-Max-Age", PREFLIGHT_AGE)
            .build(),
    ))
}

/// Lets pages of allowed sites read the answer to a request from `origin`.
pub fn allow_reading(response: &mut Response, origins: &Origins, origin: Option<&str>) {
    if origins.allowed.is_empty() {
        return;
    }
    response.append_header("Vary", "Origin");
    if let Some(origin) = origin.filter(|origin| origins.allows(origin)) {
        response.insert_header("Access-Control-Allow-Origin", origin);
        response.insert_header("Access-Control-Expose-Headers", "Retry-After, X-Request-Id");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_has_no_path_and_compares_as_browsers_write_it() {
        for (text, expected) in [
            ("https://shop.example", "https://shop.example"),
            ("https://Shop.example/", "https://shop.example"),
            ("https://shop.example:443", "https://shop.example"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ] {
            assert_eq!(text.parse::<Origin>().map(|origin| origin.0).as_deref(), Ok(expected));
        }
        for text in
            ["shop.example", "*", "https://shop.example/prices", "ftp://shop.example", "https://a@shop.example", ""]
        {
            assert!(text.parse::<Origin>().expect_err(text).contains("https://shop.example"), "{text}");
        }
    }
}
