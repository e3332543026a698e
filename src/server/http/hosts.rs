//! The names by which the server may be called.
//!
//! A page from elsewhere can have its own name lead to this machine (DNS rebinding), and then a browser takes the server for a part
//! of that page's site. Such a request names the foreign site in its header `Host`. Numeric addresses and `localhost` cannot be
//! redirected in this way, so that only other names must be known.

use std::net::IpAddr;

use hyper::header::HOST;
use hyper::http::request::Parts;
use hyper::http::uri::Authority;

use super::problem::Problem;

/// The names by which the server may be called, besides numeric addresses and `localhost`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KnownHosts(Vec<String>);

impl KnownHosts {
    /// The host of `address`, which the server listens on, and `names`.
    #[must_use]
    pub fn new(address: &str, names: &[String]) -> Self {
        let bound = address.rsplit_once(':').map_or(address, |(host, _)| host);
        Self(names.iter().map(String::as_str).chain([bound]).map(plain).collect())
    }

    /// Refuses a request that is not for this server, or does not say for which it is.
    pub(super) fn refuse(&self, head: &Parts) -> Option<Problem> {
        let mut given = head.headers.get_all(HOST).iter();
        let (first, second) = (given.next(), given.next());
        let (Some(only), None) = (first, second) else {
            let many = if first.is_none() { "no header Host" } else { "more than one header Host" };
            return Some(Problem::new(400, format!("the request has {many}: send exactly one")));
        };
        let Some(host) = only.to_str().ok().and_then(|text| text.parse::<Authority>().ok()) else {
            return Some(Problem::new(400, "the header Host cannot be read: send a name or an address, and a port"));
        };
        // an address with a host counts more than the header (RFC 9112, 3.2.2)
        let asked = head.uri.authority().unwrap_or(&host).host();
        (!self.has(asked)).then(|| {
            Problem::new(
                421,
                format!("this server is not {asked}: whoever runs it can start it with --host {asked} to make it so"),
            )
        })
    }

    fn has(&self, host: &str) -> bool {
        let name = plain(host);
        let is_address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().is_ok();
        is_address || name == "localhost" || name.ends_with(".localhost") || self.0.contains(&name)
    }
}

/// A name in the form in which names are compared.
fn plain(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(target: &str, hosts: &[&str]) -> Option<u16> {
        let mut request = hyper::Request::builder().uri(target);
        for host in hosts {
            request = request.header(HOST, *host);
        }
        let (head, ()) = request.body(()).expect("a request").into_parts();
        let known = KnownHosts::new("shop.local:8080", &["Prices.Shop.example".to_owned()]);
        known.refuse(&head).map(|problem| problem.status)
    }

    #[test]
    fn addresses_localhost_and_known_names_are_answered() {
        for host in [
            "127.0.0.1:8080",
            "192.168.1.7",
            "[::1]:8080",
            "localhost:1234",
            "LOCALHOST",
            "a.localhost",
            "shop.local:8080",
            "prices.shop.example",
            "PRICES.shop.example.:443",
        ] {
            assert_eq!(refused("/", &[host]), None, "{host}");
        }
    }

    #[test]
    fn other_names_and_doubtful_ones_are_refused() {
        for host in ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "shop.example"] {
            assert_eq!(refused("/", &[host]), Some(421), "{host}");
        }
        assert_eq!(refused("http://evil.example/", &["127.0.0.1"]), Some(421), "the address counts");
        for hosts in
            [&[][..], &["localhost", "localhost"], &["localhost", "evil.example"], &["a b"], &["$(touch x)"], &[""]]
        {
            assert_eq!(refused("/", hosts), Some(400), "{hosts:?}");
        }
    }
}
