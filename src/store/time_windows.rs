//! Reads the newest rows of a table that grows without end: window by window into the past, each longer than the one before.
//! The rows of a window lie together in the file, so that nothing else is read.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

/// The length of the first window.
const FIRST_WINDOW: SignedDuration = SignedDuration::from_mins(10);
/// How many times as long each window is as the one before.
const GROWTH: i32 = 8;
/// After so many windows the last one has no beginning.
const WINDOWS: usize = 7;

/// How far the time of a row may be from that in its id.
pub(super) const ID_TOLERANCE: SignedDuration = SignedDuration::from_mins(2);

/// The time in an id, which is a UUID of version 7; `None` for other versions.
fn time_of(id: Uuid) -> Option<Timestamp> {
    let (seconds, nanoseconds) = id.get_timestamp()?.to_unix();
    Timestamp::new(i64::try_from(seconds).ok()?, i32::try_from(nanoseconds).ok()?).ok()
}

/// What `find` finds for the row `id`: first near the time in the id, then, as clocks may be wrong, at any time.
pub(super) fn find_by_id<T, E>(id: Uuid, find: impl Fn(Window) -> Result<Option<T>, E>) -> Result<Option<T>, E> {
    if let Some(time) = time_of(id) {
        let window = Window { from: time.checked_sub(ID_TOLERANCE).ok(), until: time.checked_add(ID_TOLERANCE).ok() };
        if let Some(found) = find(window)? {
            return Ok(Some(found));
        }
    }
    find(Window { from: None, until: None })
}

/// A span of time: from its beginning (included) to its end (excluded); absent for none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    pub from: Option<Timestamp>,
    pub until: Option<Timestamp>,
}

/// Collects up to `limit` rows, newest first. `read` gets a window and how many rows are still wanted, and returns those of the
/// window, newest first. Only rows from `since` on and before `until` count.
pub(super) fn read_newest<T, E>(
    limit: usize,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
    mut read: impl FnMut(Window, usize) -> Result<Vec<T>, E>,
) -> Result<Vec<T>, E> {
    let mut rows = Vec::new();
    let mut end = until;
    let mut length = FIRST_WINDOW;
    for number in 1.. {
        let before = end.unwrap_or_else(Timestamp::now);
        let from = if number < WINDOWS { before.checked_sub(length).ok() } else { None };
        let from = match (from, since) {
            (Some(from), Some(since)) => Some(from.max(since)),
            (from, since) => from.or(since),
        };
        rows.extend(read(Window { from, until: end }, limit - rows.len())?);
        if rows.len() >= limit || from.is_none() || from == since {
            break;
        }
        end = from;
        length *= GROWTH;
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).expect("a time")
    }

    /// The numbers of `rows`, which are seconds, as [`read_newest`] finds them; and how many windows it read.
    fn found(rows: &[i64], limit: usize, since: Option<i64>, until: Option<i64>) -> (Vec<i64>, usize) {
        let mut windows = 0;
        let found = read_newest::<_, ()>(limit, since.map(time), until.map(time), |window, wanted| {
            windows += 1;
            let mut inside: Vec<i64> = rows
                .iter()
                .copied()
                .filter(|row| window.from.is_none_or(|from| from <= time(*row)))
                .filter(|row| window.until.is_none_or(|until| time(*row) < until))
                .collect();
            inside.sort_unstable_by(|a, b| b.cmp(a));
            inside.truncate(wanted);
            Ok(inside)
        });
        (found.expect("rows"), windows)
    }

    #[test]
    fn rows_are_found_newest_first_whatever_their_age() {
        let now = Timestamp::now().as_second();
        let rows: Vec<i64> = [0, 5, 700, 40_000, 3_000_000, 400_000_000].map(|age| now - age).into();
        assert_eq!(found(&rows, 2, None, None), (rows[..2].to_vec(), 1));
        assert_eq!(found(&rows, 100, None, None).0, rows);
        assert_eq!(found(&rows, 100, Some(rows[3]), None).0, rows[..4]);
        assert_eq!(found(&rows, 2, None, Some(rows[2])).0, rows[3..5]);
        assert_eq!(found(&[], 2, None, None).0, Vec::<i64>::new());
        assert_eq!(found(&[now + 1_000], 2, None, None).0, [now + 1_000], "a clock that was set back");
    }
}
