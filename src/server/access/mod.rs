//! Who asks, and what they may do.

pub mod redaction;

use std::sync::Arc;

use arc_swap::ArcSwap;
use cookie::Cookie;
use jiff::{SignedDuration, Timestamp};
use tide::Request;
use uuid::Uuid;

use super::http::problem::Problem;
use crate::access::{KEY_PREFIX, Role, SecretDigest, generate_secret};
use crate::store::{ApiKey, LoginSession, PredictionRecord, Store, StoreError};
use redaction::has_key;

/// The cookie of somebody who has logged in.
pub const SESSION_COOKIE: &str = "diamonds_session";
/// How long a session lasts.
pub const SESSION_LENGTH: SignedDuration = SignedDuration::from_hours(12);
/// Who acts on pages of a server that asks for no key.
const PAGE: &str = "page";

/// Who sent a request. Attached to every request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Name of the key, if there was one.
    pub key_name: Option<String>,
    /// What the caller may do; `None`: only what anybody may.
    pub role: Option<Role>,
}

impl Caller {
    /// The caller of `request`.
    #[must_use]
    pub fn of<S>(request: &Request<S>) -> Self {
        request.ext::<Self>().cloned().unwrap_or(Self { key_name: None, role: None })
    }

    /// The name under which changes of this caller are noted.
    #[must_use]
    pub fn actor(&self) -> &str {
        self.key_name.as_deref().unwrap_or(PAGE)
    }

    /// Whether the caller may do what `role` may.
    #[must_use]
    pub fn may(&self, role: Role) -> bool {
        self.role.is_some_and(|own| own >= role)
    }

    /// Whose quotes and parcels the caller sees, if not everybody's: holders of a key for prices see what they made themselves.
    #[must_use]
    pub fn sees_only_of(&self) -> Option<String> {
        (!self.may(Role::Read)).then(|| self.actor().to_owned())
    }

    /// The prediction with this id, if there is one that the caller may see: holders of a key for prices see what they asked
    /// themselves, as long as the log has the request.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn prediction(&self, store: &Store, id: Uuid) -> Result<Option<PredictionRecord>, StoreError> {
        let Some(found) = store.prediction(id)? else { return Ok(None) };
        if self.may(Role::Read) {
            return Ok(Some(found));
        }
        let made_by = found.request.map(|request| store.key_of_request(request)).transpose()?.flatten();
        Ok(Some(found).filter(|_| made_by.is_some() && made_by == self.key_name))
    }

    /// Refuses a caller who may do less than `role`.
    ///
    /// # Errors
    /// 401 without a key, 403 with one of a lower role.
    pub fn require(&self, role: Role) -> Result<(), Problem> {
        match self.role {
            Some(own) if own >= role => Ok(()),
            Some(own) => Err(Problem::new(
                403,
                format!(
                    "the key {} has the role {own}, and this needs {role}: ask whoever runs the server for another key",
                    self.key_name.as_deref().unwrap_or_default()
                ),
            )),
            None => Err(Problem::new(
                401,
                "this needs a key: send it as Authorization: Bearer KEY, or log in at /login. Whoever runs the server makes \
                 one with `diamonds keys create`",
            )),
        }
    }
}

/// Everything that opens the server, as the file has it now.
#[derive(Debug)]
struct KeyRing {
    keys: Vec<(ApiKey, SecretDigest)>,
    sessions: Vec<LoginSession>,
}

impl KeyRing {
    fn read(store: &Store) -> Result<Self, StoreError> {
        Ok(Self { keys: store.keys_with_digests()?, sessions: store.sessions()? })
    }

    fn key_of_secret(&self, secret: &str, now: Timestamp) -> Option<&ApiKey> {
        let digest = SecretDigest::of(secret);
        // every key is looked at, so that the time taken tells nothing
        let found =
            self.keys.iter().fold(None, |found, (key, known)| if known.matches(&digest) { Some(key) } else { found });
        found.filter(|key| key.is_valid(now))
    }

    fn key_of_cookie(&self, cookie: &str, now: Timestamp) -> Option<&ApiKey> {
        let digest = SecretDigest::of(cookie);
        let session = self
            .sessions
            .iter()
            .fold(None, |found, session| if session.digest.matches(&digest) { Some(session) } else { found })?;
        let key = self.keys.iter().map(|(key, _)| key).find(|key| key.name == session.key_name)?;
        (now < session.expires && key.is_valid(now)).then_some(key)
    }
}

/// Decides who may do what.
#[derive(Debug)]
pub struct AccessControl {
    ring: ArcSwap<KeyRing>,
    /// Whether everybody may do everything, also where there are keys.
    is_open: bool,
}

impl AccessControl {
    /// The access to the file of `store`. If `is_open`, everybody may do everything; else that is so only until the file has its
    /// first key, even if that is revoked later.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn new(store: &Store, is_open: bool) -> Result<Self, StoreError> {
        Ok(Self { ring: ArcSwap::from_pointee(KeyRing::read(store)?), is_open })
    }

    /// Reads the keys again, after they have changed.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn reload(&self, store: &Store) -> Result<(), StoreError> {
        self.ring.store(Arc::new(KeyRing::read(store)?));
        Ok(())
    }

    /// Whether a caller without a key may do everything.
    #[must_use]
    pub fn needs_no_key(&self) -> bool {
        self.is_open || self.ring.load().keys.is_empty()
    }

    /// Who sent `request`.
    ///
    /// # Errors
    /// 401 if it has a key that is unknown, expired or revoked; 400 if the key stands in the address.
    pub fn identify<S>(&self, request: &Request<S>) -> Result<Caller, Problem> {
        if has_key(request.url().as_str()) {
            return Err(Problem::new(
                400,
                "a key must not stand in an address, which many programs write down: send it as Authorization: Bearer KEY",
            ));
        }
        let ring = self.ring.load();
        let now = Timestamp::now();
        let of_key = |key: &ApiKey| Caller { key_name: Some(key.name.clone()), role: Some(key.role) };
        if let Some(secret) = bearer(request) {
            if let Some(key) = ring.key_of_secret(secret, now) {
                return Ok(of_key(key));
            }
            if !self.needs_no_key() || secret.starts_with(KEY_PREFIX) {
                return Err(Problem::new(
                    401,
                    "this key is not known here, has expired or was revoked: ask whoever runs the server for another",
                ));
            }
        }
        if let Some(key) = session_cookie(request).and_then(|cookie| ring.key_of_cookie(&cookie, now)) {
            return Ok(of_key(key));
        }
        Ok(Caller { key_name: None, role: self.needs_no_key().then_some(Role::Manage) })
    }

    /// Begins a session for the holder of the key `secret`; `None` if there is no such key. Returns the cookie's value and the
    /// session, which is yet to be stored.
    ///
    /// # Errors
    /// If the system has no random numbers.
    pub fn log_in(&self, secret: &str) -> Result<Option<(String, LoginSession)>, Problem> {
        let now = Timestamp::now();
        let ring = self.ring.load();
        let Some(key) = ring.key_of_secret(secret, now) else { return Ok(None) };
        let cookie = generate_secret("").map_err(|error| Problem::internal(error.to_string()))?;
        let expires = key.expires.map_or(now + SESSION_LENGTH, |end| end.min(now + SESSION_LENGTH));
        let session = LoginSession { digest: SecretDigest::of(&cookie), key_name: key.name.clone(), expires };
        Ok(Some((cookie, session)))
    }
}

/// The secret in the header `Authorization`, if it has one of the scheme `Bearer`.
fn bearer<S>(request: &Request<S>) -> Option<&str> {
    let values = request.header("Authorization")?;
    values.iter().find_map(|value| {
        let (scheme, secret) = value.as_str().trim().split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| secret.trim())
    })
}

/// The value of the cookie of a session.
pub fn session_cookie<S>(request: &Request<S>) -> Option<String> {
    let headers = request.header("Cookie")?;
    headers
        .iter()
        .flat_map(|header| Cookie::split_parse(header.as_str()))
        .flatten()
        .find_map(|cookie| (cookie.name() == SESSION_COOKIE).then(|| cookie.value().to_owned()))
}
