//! Who may do what: roles, and the secrets that prove them.

use std::fmt;
use std::str::FromStr;

use data_encoding::{BASE64URL_NOPAD, DecodeError, DecodeKind, HEXLOWER};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq;

/// What the holder of a key may do. Each role may do what the ones before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Prices and similar stones, and the own predictions with their outcomes.
    Price,
    /// Also the log, the models and their history.
    Read,
    /// Also everything that changes the file.
    Manage,
}

impl Role {
    /// The name of the role on the command line and in the file.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Price => "price",
            Self::Read => "read",
            Self::Manage => "manage",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = [Self::Price, Self::Read, Self::Manage].into_iter().find(|role| role.name() == text);
        known.ok_or_else(|| format!("there is no role {text}"))
    }
}

/// How every key begins: programs that look for secrets in texts find it by this.
pub const KEY_PREFIX: &str = "diamonds_";
/// Random bytes of a secret: 256 bits.
const SECRET_BYTES: usize = 32;

/// What is stored of a secret: its SHA-256. As a secret is random, the hash needs no salt and may be fast.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretDigest(pub [u8; 32]);

impl SecretDigest {
    /// The digest of the text `secret`.
    #[must_use]
    pub fn of(secret: &str) -> Self {
        Self(Sha256::digest(secret.as_bytes()).into())
    }

    /// Whether both are the same, in a time that does not depend on where they differ.
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl fmt::Display for SecretDigest {
    /// In hexadecimal.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl FromStr for SecretDigest {
    type Err = DecodeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bytes = HEXLOWER.decode(text.as_bytes())?;
        bytes.try_into().map(Self).map_err(|_| DecodeError { position: text.len(), kind: DecodeKind::Length })
    }
}

/// A new secret of 256 random bits after `prefix`.
///
/// # Errors
/// If the system has no random numbers.
pub fn generate_secret(prefix: &str) -> Result<String, getrandom::Error> {
    let mut bytes = [0; SECRET_BYTES];
    getrandom::fill(&mut bytes)?;
    Ok(format!("{prefix}{}", BASE64URL_NOPAD.encode(&bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_ordered_and_have_their_names() {
        assert!(Role::Price < Role::Read && Role::Read < Role::Manage);
        for role in [Role::Price, Role::Read, Role::Manage] {
            assert_eq!(role.name().parse(), Ok(role));
        }
        assert!("owner".parse::<Role>().is_err());
    }

    #[test]
    fn secrets_differ_and_only_the_same_matches() {
        let secrets: Vec<String> = (0..50).map(|_| generate_secret(KEY_PREFIX).expect("random numbers")).collect();
        for (place, secret) in secrets.iter().enumerate() {
            assert!(secret.starts_with(KEY_PREFIX) && secret.len() == KEY_PREFIX.len() + 43, "{secret}");
            for (other_place, other) in secrets.iter().enumerate() {
                assert_eq!(SecretDigest::of(secret).matches(&SecretDigest::of(other)), place == other_place);
            }
        }
    }
}
