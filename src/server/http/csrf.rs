//! Distinguishes requests from the program's own pages from those that another site made a browser send.

use tide::Request;
use tide::http::Url;

use crate::server::app::App;
use crate::server::http::problem::Problem;

/// Refuses a request that changes something, unless a page of this server sent it.
///
/// A page of another site could make the browser of somebody who can reach this server send it a form, and the browser adds the
/// cookie of a session by itself, unless that is `SameSite`. Browsers name the sender of a request in headers that no script can
/// set: `Sec-Fetch-Site` (W3C, "Fetch Metadata Request Headers"), which must be `same-origin`; and from browsers that do not
/// send it, or not to an address without encryption, `Origin`, else `Referer`, which must name the host and the port that the
/// request is for (OWASP, "Cross-Site Request Forgery Prevention Cheat Sheet": verifying origin with standard headers).
/// A request without any of these headers is refused. This does not keep programs out: they can send any header.
///
/// # Errors
/// 403.
pub fn require_same_origin(request: &Request<App>) -> Result<(), Problem> {
    let origins = &request.state().origins;
    let sources = Sources::of(request);
    if sources.are_own() || sources.origin_is(|origin| origins.is_own(origin)) {
        return Ok(());
    }
    let proxied = if origins.own.is_none() {
        ". Behind a proxy that changes the header Host, the server must be started with --origin and its public address"
    } else {
        ""
    };
    Err(Problem::new(
        403,
        format!(
            "nothing was changed: the request came from another site, or did not say from where. Open the page here, and use \
             the button there{proxied}"
        ),
    ))
}

/// Refuses a request to the API that a browser sent for a page of a site that may not use it. Programs, which send none of these
/// headers, are not concerned.
///
/// # Errors
/// 403.
pub fn refuse_foreign_pages(request: &Request<App>) -> Result<(), Problem> {
    let origins = &request.state().origins;
    let sources = Sources::of(request);
    if sources.say_nothing()
        || sources.are_own()
        || sources.origin_is(|origin| origins.is_own(origin) || origins.allows(origin))
    {
        return Ok(());
    }
    Err(Problem::new(
        403,
        "nothing was done: a page of another site sent this. Whoever runs the server can allow that site with --allow-origin, \
         or name this server's own public address with --origin",
    ))
}

/// What a request says of where it comes from, and for whom it is.
struct Sources<'a> {
    fetch_site: Header<'a>,
    origin: Header<'a>,
    referer: Header<'a>,
    host: Header<'a>,
}

impl<'a> Sources<'a> {
    fn of(request: &'a Request<App>) -> Self {
        let header = |name: &str| Header::of(request, name);
        Self {
            fetch_site: header("Sec-Fetch-Site"),
            origin: header("Origin"),
            referer: header("Referer"),
            host: header("Host"),
        }
    }

    /// Whether they are those of a request from a page of the same host.
    fn are_own(&self) -> bool {
        match (&self.fetch_site, &self.origin, &self.referer, &self.host) {
            (Header::Once(site), ..) => *site == "same-origin",
            (Header::Absent, Header::Once(source), _, Header::Once(host))
            | (Header::Absent, Header::Absent, Header::Once(source), Header::Once(host)) => is_of(source, host),
            _ => false,
        }
    }

    /// Whether there is none: no browser sends a changing request so.
    fn say_nothing(&self) -> bool {
        matches!((&self.fetch_site, &self.origin), (Header::Absent, Header::Absent))
    }

    fn origin_is(&self, known: impl FnOnce(&str) -> bool) -> bool {
        matches!(self.origin, Header::Once(origin) if known(origin))
    }
}

/// The value of a header.
enum Header<'a> {
    Absent,
    Once(&'a str),
    /// Absent, or not readable.
    Repeated,
}

impl<'a> Header<'a> {
    fn of(request: &'a Request<App>, name: &str) -> Self {
        match request.header(name).map(|values| values.iter().collect::<Vec<_>>()).as_deref() {
            None | Some([]) => Self::Absent,
            Some([only]) => Self::Once(only.as_str()),
            Some(_) => Self::Repeated,
        }
    }
}

/// Whether the address `source` has the host and the port of the header `Host`. If that names no port, the default port of the
/// source's scheme is meant: behind a proxy the server does not know which scheme the browser used.
fn is_of(source: &str, host: &str) -> bool {
    let Ok(source) = Url::parse(source) else { return false };
    if !matches!(source.scheme(), "http" | "https") || host.contains(['/', '?', '#', '@', '\\']) {
        return false;
    }
    Url::parse(&format!("{}://{host}/", source.scheme())).is_ok_and(|own| {
        own.host_str() == source.host_str() && own.port_or_known_default() == source.port_or_known_default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources([fetch_site, origin, referer, host]: [Header<'static>; 4]) -> Sources<'static> {
        Sources { fetch_site, origin, referer, host }
    }

    fn own(headers: [&'static str; 4]) -> bool {
        sources(headers.map(|value| if value.is_empty() { Header::Absent } else { Header::Once(value) })).are_own()
    }

    #[test]
    fn what_the_browser_says_of_the_site_decides() {
        assert!(own(["same-origin", "", "", "a.example"]));
        for site in ["cross-site", "same-site", "none", "Same-Origin"] {
            assert!(!own([site, "http://a.example", "", "a.example"]), "{site}");
        }
    }

    #[test]
    fn else_the_origin_must_have_the_host_and_the_port() {
        for (origin, host) in [
            ("http://127.0.0.1:8080", "127.0.0.1:8080"),
            ("http://a.example", "a.example"),
            ("https://a.example", "a.example"),
            ("https://A.example:443", "a.example"),
            ("http://[::1]:8080", "[::1]:8080"),
        ] {
            assert!(own(["", origin, "", host]), "{origin} {host}");
        }
        for (origin, host) in [
            ("null", "a.example"),
            ("http://b.example", "a.example"),
            ("http://a.example:8081", "a.example:8080"),
            ("http://a.example.b.example", "a.example"),
            ("http://b.example", "a.example@b.example"),
            ("ftp://a.example", "a.example"),
            ("http://a.example", ""),
        ] {
            assert!(!own(["", origin, "", host]), "{origin} {host}");
        }
    }

    #[test]
    fn the_referer_counts_only_where_there_is_no_origin() {
        assert!(own(["", "", "http://a.example/models/3", "a.example"]));
        assert!(!own(["", "null", "http://a.example/models/3", "a.example"]));
        assert!(!own(["", "", "http://b.example/a.example", "a.example"]));
        assert!(!own(["", "", "", "a.example"]));
    }

    #[test]
    fn what_is_said_twice_is_not_relied_on() {
        let once = |value| Header::Once(value);
        let twice = [Header::Repeated, once("http://a.example"), Header::Absent, once("a.example")];
        assert!(!sources(twice).are_own());
        let twice = sources([Header::Absent, Header::Repeated, once("http://a.example"), once("a.example")]);
        assert!(!twice.are_own() && !twice.say_nothing() && !twice.origin_is(|_| true));
    }
}
