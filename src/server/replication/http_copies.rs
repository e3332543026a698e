//! Copies from an address: `/v1/backups/latest` of another server, or a file that any server of files gives.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use ureq::Agent;
use ureq::http::header::{AUTHORIZATION, ETAG, IF_NONE_MATCH, LAST_MODIFIED};
use ureq::http::{HeaderName, Response, StatusCode};
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};

use super::copy_source::{FetchError, FetchedCopy};

/// How long to wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long to wait for the beginning of an answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a copy may take to come.
const BODY_TIMEOUT: Duration = Duration::from_secs(60 * 60);

/// Copies from an address.
pub struct HttpCopies {
    /// Where they come from.
    pub address: String,
    authorization: Option<String>,
    agent: Agent,
}

impl HttpCopies {
    /// Copies from `address`, which `key` opens. `trusted` is a PEM file with the certificates of those who may vouch for it, instead
    /// of those whom everybody trusts.
    ///
    /// # Errors
    /// What is wrong with the address or the certificates.
    pub fn new(address: &str, key: Option<&str>, trusted: Option<&Path>) -> Result<Self, String> {
        let uri: ureq::http::Uri = address.parse().map_err(|error| format!("{address:?} is no address: {error}"))?;
        let has_userinfo = uri.authority().is_some_and(|authority| authority.as_str().contains('@'));
        if has_userinfo || uri.query().is_some() {
            return Err("leave names, passwords and parameters out of the address: it is shown to people".to_owned());
        }
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            // a copy has the digests of all keys: it takes no way round
            .proxy(None)
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .timeout_recv_response(Some(ANSWER_TIMEOUT))
            .timeout_recv_body(Some(BODY_TIMEOUT));
        if let Some(path) = trusted {
            config = config.tls_config(TlsConfig::builder().root_certs(read_certificates(path)?).build());
        }
        let authorization = key.map(|key| format!("Bearer {key}"));
        Ok(Self { address: address.to_owned(), authorization, agent: config.build().into() })
    }

    /// As [`super::CopySource::fetch`].
    ///
    /// # Errors
    /// If it cannot be had whole.
    pub fn fetch(&self, known: Option<&str>, to: &Path) -> Result<Option<FetchedCopy>, FetchError> {
        let failed = |reason: String| FetchError::Http { address: self.address.clone(), reason };
        let mut request = self.agent.get(&self.address);
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        // what is not in quotes is no ETag, but the time that stood for it
        if let Some(known) = known.filter(|known| known.ends_with('"')) {
            request = request.header(IF_NONE_MATCH, known);
        }
        let mut response = request.call().map_err(|error| failed(error.to_string()))?;
        match response.status() {
            StatusCode::OK => {}
            StatusCode::NOT_MODIFIED => return Ok(None),
            status => {
                let told = response.body_mut().read_to_string().unwrap_or_default();
                return Err(failed(explain(status, &told)));
            }
        }
        let text = |name: HeaderName| header(&response, name);
        let modified = text(LAST_MODIFIED);
        let Some(version) = text(ETAG).or_else(|| modified.clone()) else {
            return Err(failed("it names no copy: a server of files must send ETag or Last-Modified".to_owned()));
        };
        if known == Some(&version) {
            return Ok(None);
        }
        let made = modified.and_then(|time| DateTimeParser::new().parse_timestamp(&time).ok());
        let made = made.unwrap_or_else(Timestamp::now);
        let copied = File::create_new(to)
            .and_then(|mut file| io::copy(&mut response.body_mut().as_reader(), &mut file).map(drop));
        copied.map_err(|error| failed(format!("it came in part only: {error}")))?;
        Ok(Some(FetchedCopy { version, made }))
    }
}

fn header<B>(response: &Response<B>, name: HeaderName) -> Option<String> {
    Some(response.headers().get(name)?.to_str().ok()?.to_owned())
}

/// What an answer without a copy means, and what to do.
fn explain(status: StatusCode, told: &str) -> String {
    let problem: Option<serde_json::Value> = serde_json::from_str(told).ok();
    let detail = problem.as_ref().and_then(|problem| problem["detail"].as_str());
    match (status, detail) {
        (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, _) => format!(
            "it answers {status}: give this replica a key of the role manage, in DIAMONDS_PRIMARY_KEY or with --primary-key"
        ),
        (_, Some(detail)) => format!("it answers {status}: {detail}"),
        (_, None) => format!("it answers {status}"),
    }
}

fn read_certificates(path: &Path) -> Result<RootCerts, String> {
    let bytes = std::fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let mut certificates = Vec::new();
    for item in parse_pem(&bytes) {
        match item {
            Ok(PemItem::Certificate(certificate)) => certificates.push(certificate),
            Ok(_) => {}
            Err(error) => return Err(format!("{} is no PEM file: {error}", path.display())),
        }
    }
    if certificates.is_empty() {
        return Err(format!("{} has no certificate: name a PEM file with some", path.display()));
    }
    Ok(RootCerts::Specific(Arc::new(certificates)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_cannot_be_shown_or_read_are_refused() {
        for address in ["http://name:secret@host/copy", "http://host/copy?key=secret", "http://"] {
            assert!(HttpCopies::new(address, None, None).is_err(), "{address}");
        }
        assert!(HttpCopies::new("https://host:8443/v1/backups/latest", Some("key"), None).is_ok());
    }

    #[test]
    fn a_refusal_says_what_to_do() {
        assert!(explain(StatusCode::UNAUTHORIZED, "{}").contains("DIAMONDS_PRIMARY_KEY"));
        assert_eq!(
            explain(StatusCode::NOT_FOUND, r#"{"detail":"no backups"}"#),
            "it answers 404 Not Found: no backups"
        );
    }
}
