//! Answers that are shorter on the way (gzip, RFC 1952).

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use tide::{Request, Response};

use crate::server::app::App;

/// Shorter answers are sent as they are.
const SHORTEST: usize = 1_024;

/// Whether the client takes gzip. It is asked for by `Accept-Encoding` (RFC 9110, 12.5.3).
pub fn takes_gzip(request: &Request<App>) -> bool {
    request.header("Accept-Encoding").is_some_and(|values| values.iter().any(|value| names_gzip(value.as_str())))
}

fn names_gzip(header: &str) -> bool {
    header.split(',').any(|part| {
        let mut words = part.split(';').map(str::trim);
        let is_named = words.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip") || name == "*");
        let weight = words.find_map(|word| word.strip_prefix("q=").and_then(|weight| weight.parse::<f32>().ok()));
        is_named && weight.is_none_or(|weight| weight > 0.0)
    })
}

/// The body to send, compressed if that is worth it and the client takes it; then the response says so.
pub fn compress(response: &mut Response, body: Vec<u8>, takes_gzip: bool) -> Vec<u8> {
    let is_text = response.content_type().is_some_and(|media| {
        let essence = media.essence();
        essence.starts_with("text/")
            || essence.ends_with("json")
            || essence.ends_with("javascript")
            || essence.ends_with("xml")
    });
    if !is_text || body.len() < SHORTEST {
        return body;
    }
    response.append_header("Vary", "Accept-Encoding");
    if !takes_gzip {
        return body;
    }
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 4), Compression::fast());
    match encoder.write_all(&body).and_then(|()| encoder.finish()) {
        Ok(compressed) => {
            response.insert_header("Content-Encoding", "gzip");
            compressed
        }
        Err(error) => {
            tracing::warn!("an answer cannot be compressed: {error}");
            body
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_asks_for_it_gets_it() {
        for header in ["gzip", "br, gzip;q=0.5", "GZIP", "*", "deflate, gzip ; q=1"] {
            assert!(names_gzip(header), "{header}");
        }
        for header in ["", "br", "gzip;q=0", "gzip; q=0.0, identity", "notgzip"] {
            assert!(!names_gzip(header), "{header}");
        }
    }
}
