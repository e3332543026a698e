//! Several stored models, evaluated on the same sales.

use super::model_comparison::{ComparedModel, ModelComparison, StoredModel};
use super::{HoldoutSplit, TrainingError};
use crate::diamond::Stone;
use crate::learning::evaluation::{Comparison, Metrics, SegmentMetrics, segments};
use crate::learning::promises::load_model;
use crate::store::StoredArtifact;

/// Models that were evaluated on the same stones, none of which they were fitted to.
pub struct Contest {
    /// The stones.
    pub stones: Vec<Stone>,
    /// What they fetched, in US dollars.
    pub truth: Vec<f64>,
    /// The models, in the order in which they were named.
    pub contestants: Vec<Contestant>,
}

/// A model and what it says.
pub struct Contestant {
    /// Its number, family and errors.
    pub model: ComparedModel,
    /// Its price of each stone, in US dollars.
    pub predicted: Vec<f64>,
}

/// The errors of every model on one segment.
pub struct ContestSegment {
    /// The property that defines the segments, as in [`SegmentMetrics`].
    pub feature: String,
    /// The segment.
    pub segment: String,
    /// Sales in it.
    pub rows: i64,
    /// Mean absolute error as a share of the price, of each model.
    pub mape: Vec<f64>,
}

impl Contest {
    /// Evaluates `models` on the holdout of today, which may have sales that came after them; of more than `most` sales, on such a
    /// part. It takes a moment.
    ///
    /// # Errors
    /// If a model cannot be loaded.
    pub fn of(split: &HoldoutSplit, models: Vec<StoredModel>, most: usize) -> Result<Self, TrainingError> {
        // which side a sale is on does not depend on its place: every so many is a fair part
        let step = split.truth.len().div_ceil(most.max(1)).max(1);
        let stones: Vec<Stone> = split.holdout.iter().step_by(step).copied().collect();
        let truth: Vec<f64> = split.truth.iter().step_by(step).copied().collect();
        let contestant = |StoredModel { id, stored }: StoredModel| -> Result<Contestant, TrainingError> {
            let StoredArtifact { family, artifact, four_cs_table } = stored;
            let model = load_model(&family, &artifact, four_cs_table.as_deref())?;
            let predicted = model.prices_usd(&stones);
            let metrics = Metrics::of(&truth, &predicted);
            Ok(Contestant { model: ComparedModel { id, family, metrics }, predicted })
        };
        let contestants = models.into_iter().map(contestant).collect::<Result<_, _>>()?;
        Ok(Self { stones, truth, contestants })
    }

    /// The comparison of two of the models, by their places.
    ///
    /// # Panics
    /// If there is no such place.
    #[must_use]
    pub fn between(&self, first: usize, second: usize) -> ModelComparison {
        let pair = [&self.contestants[first], &self.contestants[second]];
        ModelComparison {
            holdout: self.truth.len(),
            models: pair.map(|contestant| contestant.model.clone()),
            comparison: Comparison::of(&self.truth, &pair[0].predicted, &pair[1].predicted),
        }
    }

    /// The errors of every model by weight, price and each scale of grades.
    #[must_use]
    pub fn segments(&self) -> Vec<ContestSegment> {
        let of = |contestant: &Contestant| segments(&self.stones, &self.truth, &contestant.predicted);
        let by_model: Vec<Vec<SegmentMetrics>> = self.contestants.iter().map(of).collect();
        let Some(first) = by_model.first() else { return Vec::new() };
        let segment = |(place, one): (usize, &SegmentMetrics)| ContestSegment {
            feature: one.feature.clone(),
            segment: one.segment.clone(),
            rows: one.rows,
            mape: by_model.iter().map(|segments| segments[place].mape).collect(),
        };
        first.iter().enumerate().map(segment).collect()
    }
}
