//! How much one client may ask: a client is a key, or else an address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};

use governor::{DefaultKeyedRateLimiter, Quota};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::problem::Problem;

/// Requests a second of one client beyond this machine, unless the server is told another number.
const REQUESTS_PER_SECOND: NonZeroU32 = NonZeroU32::new(1_000).expect("not 0");
/// Attempts to log in from one address in a minute.
const LOGINS_PER_MINUTE: NonZeroU32 = NonZeroU32::new(10).expect("not 0");
/// Connections of one address beyond this machine.
const CONNECTIONS_PER_ADDRESS: u32 = 1_024;
/// Bytes of bodies that have begun and not ended, in KiB: of all clients, and of one address beyond this machine.
const BODIES_KB: usize = 64 * 1_024;
const BODIES_KB_PER_ADDRESS: u32 = 16 * 1_024;

/// The limits of clients.
#[derive(Debug)]
pub struct ClientLimits {
    requests: Option<DefaultKeyedRateLimiter<String>>,
    /// Whether clients of this machine have a limit of requests too: it was asked for.
    limits_loopback: bool,
    logins: DefaultKeyedRateLimiter<String>,
    bodies: Arc<Semaphore>,
    /// Of each address beyond this machine: its connections, and KiB of its bodies.
    addresses: Arc<Mutex<HashMap<IpAddr, Use>>>,
}

/// What an address uses at this moment.
#[derive(Debug, Default)]
struct Use {
    connections: u32,
    bodies_kb: u32,
}

/// The use of an address, which ends with this value.
#[derive(Debug)]
pub struct Usage {
    address: IpAddr,
    connections: u32,
    bodies_kb: u32,
    addresses: Arc<Mutex<HashMap<IpAddr, Use>>>,
}

impl Drop for Usage {
    fn drop(&mut self) {
        let mut addresses = self.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(used) = addresses.get_mut(&self.address) {
            used.connections -= self.connections;
            used.bodies_kb -= self.bodies_kb;
            if used.connections == 0 && used.bodies_kb == 0 {
                addresses.remove(&self.address);
            }
        }
    }
}

/// A part of a body that is held in memory, until this value goes.
pub type HeldBody = (OwnedSemaphorePermit, Option<Usage>);

impl ClientLimits {
    /// The limits; `requests_per_second` of each client, 0 for none. If it is absent, clients of this machine have none.
    #[must_use]
    pub fn new(requests_per_second: Option<u32>) -> Self {
        let quota = match requests_per_second {
            None => Some(REQUESTS_PER_SECOND),
            Some(number) => NonZeroU32::new(number),
        };
        Self {
            requests: quota.map(|number| DefaultKeyedRateLimiter::keyed(Quota::per_second(number))),
            limits_loopback: requests_per_second.is_some(),
            logins: DefaultKeyedRateLimiter::keyed(Quota::per_minute(LOGINS_PER_MINUTE)),
            bodies: Arc::new(Semaphore::new(BODIES_KB)),
            addresses: Arc::default(),
        }
    }

    /// Counts a request of the client with this key, or else at this address.
    ///
    /// # Errors
    /// 429 if it has asked too much.
    pub fn count_request(&self, key_name: Option<&str>, client: Option<&str>) -> Result<(), Problem> {
        let Some(requests) = &self.requests else { return Ok(()) };
        let name = match (key_name, client.and_then(address_of)) {
            (_, Some(address)) if address.is_loopback() && !self.limits_loopback => return Ok(()),
            (Some(key_name), _) => key_name.to_owned(),
            (None, Some(address)) => network_of(address),
            (None, None) => return Ok(()),
        };
        requests
            .check_key(&name)
            .map_err(|_| Problem::new(429, "too many requests: send fewer a second, or arrays of stones"))
    }

    /// Counts an attempt to log in from this address.
    ///
    /// # Errors
    /// 429 if there were too many.
    pub fn count_login(&self, client: Option<&str>) -> Result<(), Problem> {
        let name = client.and_then(address_of).map(network_of).unwrap_or_default();
        let wait = "too many attempts to log in: wait a minute";
        self.logins.check_key(&name).map_err(|_| Problem::new(429, wait))
    }

    /// Counts a connection of `client` until the value goes; `None` in it if that is not limited.
    ///
    /// # Errors
    /// 429 if it has too many.
    pub fn begin_connection(&self, client: &str) -> Result<Option<Usage>, Problem> {
        self.begin(client, 1, 0, "too many connections: close some before you open more")
    }

    /// Counts a part of a body of `client` until the value goes.
    ///
    /// # Errors
    /// 429 if the client, and 503 if all clients have sent too much that has not ended.
    pub fn hold_body(&self, client: &str, bytes: usize) -> Result<HeldBody, Problem> {
        let kilobytes = u32::try_from(bytes.div_ceil(1_024)).unwrap_or(u32::MAX);
        let too_many = "too many bodies of yours are under way: end them before you send more";
        let of_client = self.begin(client, 0, kilobytes, too_many)?;
        let held = self
            .bodies
            .clone()
            .try_acquire_many_owned(kilobytes)
            .map_err(|_| Problem::new(503, "too many bodies are under way: try again in a moment"))?;
        Ok((held, of_client))
    }

    fn begin(&self, client: &str, connections: u32, bodies_kb: u32, refusal: &str) -> Result<Option<Usage>, Problem> {
        let Some(address) = address_of(client).filter(|address| !address.is_loopback()) else { return Ok(None) };
        let mut addresses = self.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        let used = addresses.entry(address).or_default();
        if used.connections + connections > CONNECTIONS_PER_ADDRESS
            || used.bodies_kb + bodies_kb > BODIES_KB_PER_ADDRESS
        {
            return Err(Problem::new(429, refusal));
        }
        used.connections += connections;
        used.bodies_kb += bodies_kb;
        Ok(Some(Usage { address, connections, bodies_kb, addresses: self.addresses.clone() }))
    }

    /// Forgets clients that have not asked for a while.
    pub fn forget_idle(&self) {
        if let Some(requests) = &self.requests {
            requests.retain_recent();
        }
        self.logins.retain_recent();
    }
}

/// The address in `client`, which may name a port.
fn address_of(client: &str) -> Option<IpAddr> {
    client.parse().ok().or_else(|| client.parse::<std::net::SocketAddr>().ok().map(|client| client.ip()))
}

/// The name of the network that a client is taken to have as a whole: of IPv6 everybody gets 2^64 addresses.
fn network_of(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_and_each_address_has_its_own_number_of_requests() {
        let limits = ClientLimits::new(Some(3));
        let ask = |key_name: Option<&str>, client: &str| limits.count_request(key_name, Some(client)).is_ok();
        let answers: Vec<bool> = (0..5).map(|_| ask(None, "10.0.0.1:5000")).collect();
        assert_eq!(answers, [true, true, true, false, false]);
        assert!(ask(None, "10.0.0.2:5000") && ask(Some("shop1"), "10.0.0.1:5000"));
        assert_eq!((0..9).filter(|port| ask(None, &format!("[2001:db8::{port}]:80"))).count(), 3, "one network");
        assert_eq!((0..9).filter(|_| ask(None, "127.0.0.1:80")).count(), 3, "it was asked for");
        let without = ClientLimits::new(None);
        assert!((0..5_000).all(|_| without.count_request(None, Some("127.0.0.1:80")).is_ok()));
        assert!((0..5_000).any(|_| without.count_request(None, Some("10.0.0.1:80")).is_err()));
        assert!((0..5_000).all(|_| ClientLimits::new(Some(0)).count_request(None, Some("10.0.0.1:80")).is_ok()));
    }

    #[test]
    fn connections_and_bodies_count_as_long_as_they_last() {
        let limits = ClientLimits::new(None);
        let all: Vec<_> =
            (0..CONNECTIONS_PER_ADDRESS).map(|_| limits.begin_connection("10.0.0.1:1").expect("a place")).collect();
        assert!(limits.begin_connection("10.0.0.1:1").is_err());
        assert!(limits.begin_connection("10.0.0.2:1").is_ok() && limits.begin_connection("127.0.0.1:1").is_ok());
        drop(all);
        assert!(limits.begin_connection("10.0.0.1:1").is_ok());
        let held: Vec<_> = (0..16).map(|_| limits.hold_body("10.0.0.1:1", 1_024 * 1_024).expect("held")).collect();
        assert_eq!(limits.hold_body("10.0.0.1:1", 1).expect_err("too much").status, 429);
        let others: Vec<_> = (0..48).map(|_| limits.hold_body("127.0.0.1:1", 1_024 * 1_024).expect("held")).collect();
        assert_eq!(limits.hold_body("127.0.0.1:1", 1).expect_err("too much").status, 503);
        drop((held, others));
        assert!(limits.addresses.lock().expect("whole").is_empty());
    }

    #[test]
    fn logins_are_few() {
        let limits = ClientLimits::new(None);
        assert_eq!((0..50).filter(|_| limits.count_login(Some("127.0.0.1:1")).is_ok()).count(), 10);
    }
}
