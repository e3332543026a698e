//! What answers need to know of a dataset as a whole: small, whatever the number of its sales, and stored with each model.

use serde::{Deserialize, Serialize};

use crate::diamond::{FIELD_COUNT, Sale, Stone};
use crate::learning::families::is_chosen;
use crate::learning::features::KnownGrades;

/// Sales in the sample: enough for medians and for classes of a tenth.
const SAMPLE: usize = 10_000;
/// Level of compression.
const LEVEL: i32 = 9;
/// Most bytes of a decompressed summary: what says it is larger is damaged.
const MAX_BYTES: usize = 16_000_000;

/// The least and the greatest value of each numeric field among some sales, whose stones are turned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct FeatureRanges {
    /// In the order of [`FIELDS`](crate::diamond::FIELDS).
    pub bounds: [(f64, f64); FIELD_COUNT],
}

impl FeatureRanges {
    /// The ranges of no sales.
    const NONE: Self = Self { bounds: [(f64::INFINITY, f64::NEG_INFINITY); FIELD_COUNT] };

    fn add(&mut self, sale: &Sale) {
        for ((least, most), value) in self.bounds.iter_mut().zip(sale.stone.turned().values()) {
            *least = value.map_or(*least, |value| least.min(value));
            *most = value.map_or(*most, |value| most.max(value));
        }
    }
}

/// A dataset as a whole.
#[derive(Debug, Clone, PartialEq)]
pub struct DatasetSummary {
    pub(super) count: usize,
    pub(super) ranges: FeatureRanges,
    /// The grades of its sales.
    pub(super) grades: KnownGrades,
    /// Some of its sales, evenly spread over all of them; all of a small dataset.
    pub(super) sample: Vec<Sale>,
}

/// The form in which a summary is stored.
#[derive(Serialize, Deserialize)]
struct StoredSummary {
    count: usize,
    /// Least and greatest value of each field, in the order of [`FIELDS`](crate::diamond::FIELDS); a field that is newer than the
    /// summary has none.
    ranges: Vec<(f64, f64)>,
    /// Summaries of earlier versions have none.
    #[serde(default)]
    grades: Option<KnownGrades>,
    sample: Vec<Sale>,
}

impl DatasetSummary {
    /// The summary of the `count` sales that `add` will get.
    #[must_use]
    pub fn of_count(count: usize) -> DatasetSummaryBuilder {
        DatasetSummaryBuilder {
            seen: 0,
            summary: Self {
                count,
                ranges: FeatureRanges::NONE,
                grades: KnownGrades::none(),
                sample: Vec::with_capacity(count.min(SAMPLE)),
            },
        }
    }

    /// The summary of `sales`.
    #[must_use]
    pub fn of(sales: &[Sale]) -> Self {
        let mut builder = Self::of_count(sales.len());
        for sale in sales {
            builder.add(sale);
        }
        builder.finish()
    }

    /// The bytes from which it can be read again.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let stored = StoredSummary {
            count: self.count,
            ranges: self.ranges.bounds.to_vec(),
            grades: Some(self.grades.clone()),
            sample: self.sample.clone(),
        };
        // writing to memory does not fail; a summary without bytes is computed again
        let bytes = rmp_serde::to_vec_named(&stored).unwrap_or_default();
        zstd::bulk::compress(&bytes, LEVEL).unwrap_or_default()
    }

    /// The summary of these bytes; `None` if they are none.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let bytes = zstd::bulk::decompress(bytes, MAX_BYTES).ok()?;
        let StoredSummary { count, ranges, grades, sample } = rmp_serde::from_slice(&bytes).ok()?;
        let stones: Vec<Stone> = sample.iter().map(|sale| sale.stone).collect();
        let mut bounds = FeatureRanges::NONE.bounds;
        for (bound, stored) in bounds.iter_mut().zip(ranges) {
            *bound = stored;
        }
        let grades = grades.unwrap_or_else(|| KnownGrades::of(&stones));
        Some(Self { count, ranges: FeatureRanges { bounds }, grades, sample })
    }
}

/// A summary in the making.
pub struct DatasetSummaryBuilder {
    seen: usize,
    summary: DatasetSummary,
}

impl DatasetSummaryBuilder {
    /// Adds the next sale.
    pub fn add(&mut self, sale: &Sale) {
        self.summary.ranges.add(sale);
        self.summary.grades.add(std::iter::once(&sale.stone));
        if is_chosen(self.seen, self.summary.count, SAMPLE) {
            self.summary.sample.push(*sale);
        }
        self.seen += 1;
    }

    /// The summary of the sales that were added.
    #[must_use]
    pub fn finish(self) -> DatasetSummary {
        self.summary
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generator::Generator;

    #[test]
    fn a_summary_comes_out_of_its_bytes_as_it_went_in() {
        for count in [0, 3, 25_000] {
            let summary = DatasetSummary::of(&Generator::new(1).take(count).collect::<Vec<Sale>>());
            assert_eq!(summary.sample.len(), count.min(SAMPLE));
            assert_eq!(DatasetSummary::from_bytes(&summary.to_bytes()), Some(summary));
        }
        assert_eq!(DatasetSummary::from_bytes(b"nothing of the kind"), None);
    }
}
