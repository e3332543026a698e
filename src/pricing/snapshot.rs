//! The data that answers need, read from the file once.

use std::sync::Arc;

use super::warnings::{self, Challenger};
use super::{DatasetSummary, Explanation, PricingError, Quote, ServedModel, SimilarIndex, Step, reliability};
use crate::diamond::StoneDescription;
use crate::learning::evaluation::{Confidence, quantile};
use crate::store::{Store, StoreError};

/// The state of the file at one moment, as far as answers depend on it. It never changes.
pub struct Snapshot {
    champion: Option<Arc<ServedModel>>,
    /// The models that can be loaded, by family, the newest family first.
    families: Vec<FamilyModels>,
    /// The model that the champion is compared with.
    challenger: Option<Challenger>,
    similar: Arc<SimilarIndex>,
    /// How many sales the file has.
    sales: i64,
    /// How many of them have come since the newest model was trained.
    new_sales: i64,
}

/// The models of one family.
struct FamilyModels {
    family: String,
    /// Numbers of those that are not pruned, newest first.
    ids: Vec<i64>,
}

/// Largest artifact of a challenger, in bytes: the warning that it gives is not worth much memory.
const MAX_CHALLENGER_BYTES: i64 = 1_000_000;

impl Snapshot {
    /// Reads the file. Parts of `previous` that are still current are reused.
    ///
    /// # Errors
    /// If it cannot be read, or its champion cannot be loaded.
    pub fn load(store: &Store, previous: Option<&Self>) -> Result<Self, PricingError> {
        let load_model = |id| {
            let correction = store.level_correction(id)?;
            let is_same = |model: &&Arc<ServedModel>| model.corrected_by.to_bits() == correction.to_bits();
            match previous.and_then(|previous| previous.find_id(id)).filter(is_same) {
                Some(model) => Ok(model.clone()),
                None => ServedModel::load(store, id).map(Arc::new),
            }
        };
        let champion = store.champion()?.map(load_model).transpose()?;
        let mut families: Vec<FamilyModels> = Vec::new();
        for record in store.models()?.into_iter().filter(|record| !record.pruned) {
            match families.iter_mut().find(|models| models.family == record.family) {
                Some(models) => models.ids.push(record.id),
                None => families.push(FamilyModels { family: record.family, ids: vec![record.id] }),
            }
        }
        let similar = match &champion {
            Some(champion) => Self::similar_for(store, champion.id, previous)?,
            None => Arc::new(SimilarIndex::new(&[])),
        };
        let challenger = match &champion {
            Some(champion) => find_challenger(store, champion, &families, load_model)?
                .and_then(|model| Challenger::new(champion, model, &similar)),
            None => None,
        };
        Ok(Self {
            champion,
            families,
            challenger,
            similar,
            sales: store.count_sales(None)?,
            new_sales: store.count_new_sales()?,
        })
    }

    /// The index of the dataset of model `id`.
    fn similar_for(store: &Store, id: i64, previous: Option<&Self>) -> Result<Arc<SimilarIndex>, PricingError> {
        let count = store.count_sales(Some(id))?;
        let same = previous.filter(|previous| {
            previous.champion.as_ref().is_some_and(|champion| champion.id == id)
                && i64::try_from(previous.similar.count()) == Ok(count)
        });
        if let Some(same) = same {
            return Ok(same.similar.clone());
        }
        // models of earlier versions have no summary, and batches that were undone since belong to none
        let stored = store.dataset_summary(id)?.and_then(|bytes| DatasetSummary::from_bytes(&bytes));
        let is_current = |summary: &DatasetSummary| i64::try_from(summary.count) == Ok(count);
        let summary = if let Some(summary) = stored.filter(is_current) {
            summary
        } else {
            let mut summary = DatasetSummary::of_count(usize::try_from(count).unwrap_or_default());
            store.for_each_sale_of_model(id, &mut |sales| sales.iter().for_each(|sale| summary.add(sale)))?;
            summary.finish()
        };
        Ok(Arc::new(SimilarIndex::of_model(store, id, summary)?))
    }

    /// The default model of answers.
    #[must_use]
    pub fn champion(&self) -> Option<&Arc<ServedModel>> {
        self.champion.as_ref()
    }

    /// The stones in the champion's dataset.
    #[must_use]
    pub fn similar(&self) -> &Arc<SimilarIndex> {
        &self.similar
    }

    /// How many sales the file has, including those that the champion was not trained on.
    #[must_use]
    pub fn sales(&self) -> i64 {
        self.sales
    }

    /// How many sales have come since the newest model was trained.
    pub fn new_sales(&self) -> i64 {
        self.new_sales
    }

    /// The numbers of the models that `wanted` may mean, the first choice first: itself if it is a number, those of a family.
    pub(super) fn ids_of(&self, wanted: &str) -> Vec<i64> {
        match self.families.iter().find(|models| models.family == wanted) {
            Some(models) => models.ids.clone(),
            None => wanted.parse().into_iter().collect(),
        }
    }

    /// A model in memory, by its number.
    pub(super) fn find_id(&self, id: i64) -> Option<&Arc<ServedModel>> {
        self.champion
            .iter()
            .chain(self.challenger.as_ref().map(|challenger| &challenger.model))
            .find(|model| model.id == id)
    }

    /// The families with models.
    fn family_names(&self) -> String {
        self.families.iter().map(|models| models.family.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// The model to answer with: the champion, or the model named `wanted`, by its number or its family (then the
    /// newest of it). A model that is not in memory is read from `store`.
    ///
    /// # Errors
    /// If there is none.
    pub fn model(&self, store: &Store, wanted: Option<&str>) -> Result<Arc<ServedModel>, PricingError> {
        let Some(wanted) = wanted else { return self.champion.clone().ok_or(PricingError::NoModel) };
        if self.families.is_empty() {
            return Err(PricingError::NoModel);
        }
        let unknown = || PricingError::UnknownModel { wanted: wanted.to_owned(), families: self.family_names() };
        let ids = self.ids_of(wanted);
        let (first, others) = ids.split_first().ok_or_else(unknown)?;
        let load = |id: i64| match self.find_id(id) {
            Some(model) => Ok(model.clone()),
            None => ServedModel::load(store, id).map(Arc::new),
        };
        match load(*first) {
            Err(PricingError::Store(StoreError::NotFound { .. })) => Err(unknown()),
            Err(error) if !others.is_empty() => {
                tracing::warn!("{error}: the one before it answers for its family");
                others.iter().find_map(|id| load(*id).ok()).ok_or(error)
            }
            other => other,
        }
    }

    /// Prices `description` with `model`; the range, if there is one, holds with this `confidence`.
    ///
    /// # Errors
    /// If the model predicts no valid price for the stone.
    pub fn quote(
        &self,
        description: &StoneDescription,
        model: &ServedModel,
        confidence: Confidence,
    ) -> Result<Quote, PricingError> {
        let stone = description.stone();
        let mut quote = Quote::new(description, model, reliability::doubts(&stone, &self.similar), confidence)?;
        let challenger = self.challenger.as_ref().filter(|challenger| challenger.model.id != model.id);
        quote.warnings = warnings::of(&stone, quote.price_usd, model, &self.similar, challenger)?;
        Ok(quote)
    }

    /// As [`Snapshot::quote`], and explains the price.
    ///
    /// # Errors
    /// If the model predicts no valid price for the stone.
    pub fn explain(
        &self,
        description: &StoneDescription,
        model: &ServedModel,
        confidence: Confidence,
    ) -> Result<Quote, PricingError> {
        let mut quote = self.quote(description, model, confidence)?;
        let typical = self.similar.typical();
        quote.explanation = Explanation::new(quote.price_usd, &description.stone(), typical, &model.prices);
        Ok(quote)
    }

    /// The prices of stones that differ a little from `description`.
    #[must_use]
    pub fn steps(&self, description: &StoneDescription, model: &ServedModel) -> Vec<Step> {
        let is_reliable = |stone: &StoneDescription| reliability::doubts(&stone.stone(), &self.similar).is_empty();
        super::steps::of(description, &model.prices, is_reliable)
    }
}

/// The newest model of another family than the champion's, if it is small and can be loaded.
fn find_challenger(
    store: &Store,
    champion: &ServedModel,
    families: &[FamilyModels],
    load: impl Fn(i64) -> Result<Arc<ServedModel>, PricingError>,
) -> Result<Option<Arc<ServedModel>>, PricingError> {
    let newest =
        families.iter().filter(|models| models.family != champion.family).filter_map(|models| models.ids.first());
    for id in newest {
        if store.artifact_bytes(*id)? > MAX_CHALLENGER_BYTES {
            continue;
        }
        match load(*id) {
            Ok(model) => return Ok(Some(model)),
            // a challenger that cannot be loaded must not keep the champion from answering
            Err(error) => tracing::warn!("{error}: the champion is not compared with it"),
        }
    }
    Ok(None)
}

impl Challenger {
    /// `model` with its usual difference to `champion` on the sales of `similar`; `None` if they cannot be compared.
    fn new(champion: &ServedModel, model: Arc<ServedModel>, similar: &SimilarIndex) -> Option<Self> {
        /// Number of sales on which the two are compared.
        const COMPARED: usize = 1_000;
        let sample = similar.sample();
        let mut apart: Vec<f64> = sample
            .iter()
            .step_by((sample.len() / COMPARED).max(1))
            .map(|sale| {
                let [of_champion, of_model] = [champion, &*model].map(|one| one.prices.rough_price_usd(&sale.stone));
                (of_champion / of_model).ln().abs()
            })
            .filter(|apart| apart.is_finite())
            .collect();
        let usual = quantile(&mut apart, 0.99)?;
        Some(Self { model, usual })
    }
}
