//! All that answers need, read from the file once.

use std::sync::Arc;

use super::{EngineError, Quote, ServedModel, SimilarIndex};
use crate::diamond::{Sale, StoneDescription};
use crate::store::{Store, StoreError};

/// The state of the file at one moment, as far as answers need it. It never changes.
pub struct Snapshot {
    champion: Option<Arc<ServedModel>>,
    /// The newest model of each family that has one.
    newest: Vec<Arc<ServedModel>>,
    similar: SimilarIndex,
    /// How many sales the file holds.
    sales: i64,
    /// How many it held when the newest model was trained.
    newest_dataset_rows: i64,
}

impl Snapshot {
    /// Reads the file.
    ///
    /// # Errors
    /// If it cannot be read, or its champion cannot be loaded.
    pub fn load(store: &Store) -> Result<Self, EngineError> {
        let champion = match store.champion()? {
            Some(id) => Some(Arc::new(ServedModel::load(store, id)?)),
            None => None,
        };
        let mut newest: Vec<Arc<ServedModel>> = Vec::new();
        let records = store.models()?;
        let newest_dataset_rows = records.first().map_or(0, |record| record.dataset.rows);
        for record in records {
            if newest.iter().any(|model| model.family == record.family) {
                continue;
            }
            match &champion {
                Some(champion) if champion.id == record.id => newest.push(champion.clone()),
                // one that cannot be loaded keeps nobody from asking the champion
                _ => match ServedModel::load(store, record.id) {
                    Ok(model) => newest.push(Arc::new(model)),
                    Err(error) => tracing::warn!("{error}: the one before it answers for its family"),
                },
            }
        }
        let sales: Vec<Sale> = match &champion {
            Some(champion) => store.sales_of_model(champion.id)?.into_iter().map(|stored| stored.sale).collect(),
            None => Vec::new(),
        };
        Ok(Self {
            champion,
            newest,
            similar: SimilarIndex::new(sales),
            sales: store.count_sales()?,
            newest_dataset_rows,
        })
    }

    /// The model that answers unless another is asked for.
    #[must_use]
    pub fn champion(&self) -> Option<&Arc<ServedModel>> {
        self.champion.as_ref()
    }

    /// The stones that the champion's dataset holds.
    #[must_use]
    pub fn similar(&self) -> &SimilarIndex {
        &self.similar
    }

    /// How many sales the file holds, those that the champion has not seen among them.
    #[must_use]
    pub fn sales(&self) -> i64 {
        self.sales
    }

    /// How many sales the file held when the newest model was trained; 0 if there is none.
    #[must_use]
    pub fn newest_dataset_rows(&self) -> i64 {
        self.newest_dataset_rows
    }

    /// A model that lies ready, by its number or its family.
    pub(super) fn find(&self, wanted: &str) -> Option<&Arc<ServedModel>> {
        self.newest
            .iter()
            .find(|model| model.family == wanted)
            .or_else(|| self.champion.iter().chain(&self.newest).find(|model| model.id.to_string() == wanted))
    }

    /// The families that there are models of.
    fn family_names(&self) -> String {
        self.newest.iter().map(|model| model.family.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// The model to answer with: the champion, or the one that `wanted` names by its number or its family (then the
    /// newest of it). One that does not lie ready is read from `store`.
    ///
    /// # Errors
    /// If there is none.
    pub fn model(&self, store: &Store, wanted: Option<&str>) -> Result<Arc<ServedModel>, EngineError> {
        let Some(wanted) = wanted else { return self.champion.clone().ok_or(EngineError::NoModel) };
        if let Some(model) = self.find(wanted) {
            return Ok(model.clone());
        }
        if self.newest.is_empty() {
            return Err(EngineError::NoModel);
        }
        let unknown = || EngineError::UnknownModel { wanted: wanted.to_owned(), families: self.family_names() };
        let id: i64 = wanted.parse().map_err(|_| unknown())?;
        match ServedModel::load(store, id) {
            Err(EngineError::Store(StoreError::NotFound { .. })) => Err(unknown()),
            other => other.map(Arc::new),
        }
    }

    /// Prices `description` with `model`.
    ///
    /// # Errors
    /// If the model says nothing sensible of the stone.
    pub fn quote(&self, description: &StoneDescription, model: &ServedModel) -> Result<Quote, EngineError> {
        let (stone, assumed) = super::assumption::complete(description, &self.similar);
        Quote::new(&stone, assumed, model)
    }
}
