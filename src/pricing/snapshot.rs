//! The data that answers need, read from the file once.

use std::sync::Arc;

use super::warnings::{self, Challenger};
use super::{Explanation, PricingError, Quote, ServedModel, SimilarIndex, Step};
use crate::diamond::{Stone, StoneDescription};
use crate::learning::evaluation::quantile;
use crate::store::{Store, StoreError};

/// The state of the file at one moment, as far as answers depend on it. It never changes.
pub struct Snapshot {
    champion: Option<Arc<ServedModel>>,
    /// The newest model of each family that has one.
    newest: Vec<Arc<ServedModel>>,
    /// The model that the champion is compared with.
    challenger: Option<Challenger>,
    similar: Arc<SimilarIndex>,
    /// How many sales the file has.
    sales: i64,
    /// How many of them have come since the newest model was trained.
    new_sales: i64,
}

impl Snapshot {
    /// Reads the file. Parts of `previous` that are still current are reused.
    ///
    /// # Errors
    /// If it cannot be read, or its champion cannot be loaded.
    pub fn load(store: &Store, previous: Option<&Self>) -> Result<Self, PricingError> {
        let load_model = |id| match previous.and_then(|previous| previous.find_id(id)) {
            Some(model) => Ok(model.clone()),
            None => ServedModel::load(store, id).map(Arc::new),
        };
        let champion = store.champion()?.map(load_model).transpose()?;
        let mut newest: Vec<Arc<ServedModel>> = Vec::new();
        for record in store.models()? {
            if newest.iter().any(|model| model.family == record.family) {
                continue;
            }
            match &champion {
                Some(champion) if champion.id == record.id => newest.push(champion.clone()),
                // a challenger that cannot be loaded must not keep the champion from answering
                _ => match load_model(record.id) {
                    Ok(model) => newest.push(model),
                    Err(error) => tracing::warn!("{error}: the one before it answers for its family"),
                },
            }
        }
        let similar = match &champion {
            Some(champion) => Self::similar_for(store, champion.id, previous)?,
            None => Arc::new(SimilarIndex::new(Vec::new())),
        };
        let challenger = champion.as_ref().and_then(|champion| find_challenger(champion, &newest, &similar));
        Ok(Self {
            champion,
            newest,
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
        let sales = store.sales_of_model(id)?.into_iter().map(|stored| stored.sale).collect();
        Ok(Arc::new(SimilarIndex::new(sales)))
    }

    /// The default model of answers.
    #[must_use]
    pub fn champion(&self) -> Option<&Arc<ServedModel>> {
        self.champion.as_ref()
    }

    /// The stones in the champion's dataset.
    #[must_use]
    pub fn similar(&self) -> &SimilarIndex {
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

    /// A model in memory, by its number or its family.
    pub(super) fn find(&self, wanted: &str) -> Option<&Arc<ServedModel>> {
        self.newest
            .iter()
            .find(|model| model.family == wanted)
            .or_else(|| wanted.parse().ok().and_then(|id| self.find_id(id)))
    }

    /// A model in memory, by its number.
    fn find_id(&self, id: i64) -> Option<&Arc<ServedModel>> {
        self.champion.iter().chain(&self.newest).find(|model| model.id == id)
    }

    /// The families with models.
    fn family_names(&self) -> String {
        self.newest.iter().map(|model| model.family.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// The model to answer with: the champion, or the model named `wanted`, by its number or its family (then the
    /// newest of it). A model that is not in memory is read from `store`.
    ///
    /// # Errors
    /// If there is none.
    pub fn model(&self, store: &Store, wanted: Option<&str>) -> Result<Arc<ServedModel>, PricingError> {
        let Some(wanted) = wanted else { return self.champion.clone().ok_or(PricingError::NoModel) };
        if let Some(model) = self.find(wanted) {
            return Ok(model.clone());
        }
        if self.newest.is_empty() {
            return Err(PricingError::NoModel);
        }
        let unknown = || PricingError::UnknownModel { wanted: wanted.to_owned(), families: self.family_names() };
        let id: i64 = wanted.parse().map_err(|_| unknown())?;
        match ServedModel::load(store, id) {
            Err(PricingError::Store(StoreError::NotFound { .. })) => Err(unknown()),
            other => other.map(Arc::new),
        }
    }

    /// Prices `description` with `model`.
    ///
    /// # Errors
    /// If the model predicts no valid price for the stone.
    pub fn quote(&self, description: &StoneDescription, model: &ServedModel) -> Result<Quote, PricingError> {
        self.price(description, model).map(|(quote, _)| quote)
    }

    /// Prices `description` with `model` and explains the price. It takes a thousand times as long as a price alone.
    ///
    /// # Errors
    /// If the model predicts no valid price for the stone, or its library fails.
    pub fn explain(&self, description: &StoneDescription, model: &ServedModel) -> Result<Quote, PricingError> {
        let (mut quote, stone) = self.price(description, model)?;
        let typical = self.similar.typical();
        let contributions = model
            .model
            .contributions(&stone, typical)
            .map_err(|source| PricingError::Unexplained { id: model.id, source })?;
        quote.explanation = Explanation::new(quote.price_usd, &stone, typical, &contributions);
        Ok(quote)
    }

    /// The prices of stones that differ a little from `description`.
    #[must_use]
    pub fn steps(&self, description: &StoneDescription, model: &ServedModel) -> Vec<Step> {
        let (stone, _) = super::imputation::complete(description, &self.similar);
        super::steps::of(&stone, model)
    }

    fn price(&self, description: &StoneDescription, model: &ServedModel) -> Result<(Quote, Stone), PricingError> {
        let (stone, assumed) = super::imputation::complete(description, &self.similar);
        let mut quote = Quote::new(&stone, assumed, model)?;
        let challenger = self.challenger.as_ref().filter(|challenger| challenger.model.id != model.id);
        quote.warnings = warnings::of(&stone, &quote.assumed, quote.price_usd, &self.similar, challenger);
        Ok((quote, stone))
    }
}

/// The newest model of another family than `champion`, and the usual difference of the two on the sales of `similar`.
fn find_challenger(champion: &ServedModel, newest: &[Arc<ServedModel>], similar: &SimilarIndex) -> Option<Challenger> {
    /// Number of sales on which the two are compared.
    const COMPARED: usize = 1_000;
    let model = newest.iter().find(|model| model.family != champion.family)?.clone();
    let mut apart: Vec<f64> = similar
        .sample(COMPARED)
        .map(|sale| (champion.model.price_usd(&sale.stone) / model.model.price_usd(&sale.stone)).ln().abs())
        .filter(|apart| apart.is_finite())
        .collect();
    let usual = quantile(&mut apart, 0.99)?;
    Some(Challenger { model, usual })
}
