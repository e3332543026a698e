//! Stones side by side: those that were pinned, and the one on the desk.

use super::entered::{MOST_PINNED, address};
use crate::diamond::{FIELDS, StoneDescription};
use crate::learning::evaluation::Confidence;
use crate::pricing::{ServedModel, Snapshot};
use crate::text::{dollars, in_figures_of_reader, plain};
use crate::words::{say, translate};

/// Pinned stones in columns, with a row for each thing that is known of them.
pub struct PinnedStones {
    /// A column for each stone.
    pub columns: Vec<PinnedStone>,
    /// Label and cells of each row.
    pub rows: Vec<(String, Vec<PinnedCell>)>,
}

/// A pinned stone.
pub struct PinnedStone {
    /// The stone in short.
    pub name: String,
    /// The address of the desk with this stone on it.
    pub address: String,
    /// The address of the desk with this stone pinned no longer.
    pub address_without: String,
}

/// One thing that is known of a pinned stone.
pub struct PinnedCell {
    /// As it is written.
    pub text: String,
    /// Whether it differs from that of the first stone.
    pub differs: bool,
}

impl PinnedStones {
    /// The comparison of `pinned`; `current` is the stone on the desk. `None` if nothing is pinned.
    pub fn new(
        pinned: &[StoneDescription],
        current: Option<&StoneDescription>,
        is_for_customer: bool,
        snapshot: &Snapshot,
        model: &ServedModel,
    ) -> Option<Self> {
        if pinned.is_empty() {
            return None;
        }
        let columns = pinned.iter().enumerate().map(|(place, stone)| {
            let others: Vec<StoneDescription> =
                pinned.iter().enumerate().filter(|(other, _)| *other != place).map(|(_, stone)| *stone).collect();
            PinnedStone {
                name: format!("{} ct {} {} {}", plain(stone.carat), stone.cut, stone.color, stone.clarity),
                address: address(stone, pinned, is_for_customer),
                address_without: address(current.unwrap_or(stone), &others, is_for_customer),
            }
        });
        let mut rows = Vec::new();
        for (place, field) in FIELDS.iter().enumerate() {
            let values =
                pinned.iter().map(|stone| stone.values()[place].map(|value| in_figures_of_reader(&field.write(value))));
            let values: Vec<Option<String>> = values.collect();
            if values.iter().any(Option::is_some) {
                rows.push((
                    translate(field.label).to_string(),
                    cells(values.into_iter().map(Option::unwrap_or_default)),
                ));
            }
        }
        let quotes: Vec<_> =
            pinned.iter().map(|stone| snapshot.quote(stone, model, Confidence::default()).ok()).collect();
        let priced = |write: &dyn Fn(&crate::pricing::Quote) -> String| {
            let shown = |quote: &crate::pricing::Quote| {
                if quote.is_unreliable() { say!("not reliable") } else { write(quote) }
            };
            cells(quotes.iter().map(|quote| quote.as_ref().map(shown).unwrap_or_default()))
        };
        rows.push((say!("Price"), priced(&|quote| dollars(quote.price_usd))));
        rows.push((say!("By the carat"), priced(&|quote| dollars(quote.price_per_carat_usd))));
        rows.push((
            say!("Nine in ten"),
            priced(&|quote| {
                let range = quote.range_usd;
                range.map(|range| say!("{} to {}", dollars(range.low), dollars(range.high))).unwrap_or_default()
            }),
        ));
        Some(Self { columns: columns.collect(), rows })
    }
}

fn cells(texts: impl Iterator<Item = String>) -> Vec<PinnedCell> {
    let texts: Vec<String> = texts.collect();
    let first = texts.first().cloned().unwrap_or_default();
    texts.into_iter().map(|text| PinnedCell { differs: text != first, text }).collect()
}

/// The address at which `stone` is pinned too; `None` if it is, or if there is no room.
pub fn pin_address(stone: &StoneDescription, pinned: &[StoneDescription], is_for_customer: bool) -> Option<String> {
    if pinned.contains(stone) || pinned.len() >= MOST_PINNED {
        return None;
    }
    let with: Vec<StoneDescription> = pinned.iter().copied().chain([*stone]).collect();
    Some(address(stone, &with, is_for_customer))
}
