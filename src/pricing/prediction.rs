//! A quote with its id, and the conversion to its record and back.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Explanation, ModelName, Quote};
use crate::diamond::StoneDescription;
use crate::store::{PredictionRecord, PredictionSource};

/// A quote with the id under which it is stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Prediction {
    /// UUID version 7.
    pub id: Uuid,
    /// The price and how it came about.
    #[serde(flatten)]
    pub quote: Quote,
}

/// Where a prediction comes from.
#[derive(Debug, Clone, Copy)]
pub struct PredictionOrigin {
    /// Its request; `None` for the command line.
    pub request: Option<Uuid>,
    /// Its place among the stones of the request, from 0.
    pub position: i64,
    /// Its time.
    pub time: Timestamp,
    /// Its source.
    pub source: PredictionSource,
}

impl Prediction {
    /// The record of this answer to `stone`.
    pub fn to_record(&self, stone: StoneDescription, origin: PredictionOrigin) -> PredictionRecord {
        let Self { id, quote } = self;
        PredictionRecord {
            id: *id,
            request: origin.request,
            position: origin.position,
            time: origin.time,
            source: origin.source,
            model: quote.model.id,
            family: quote.model.family.clone(),
            stone,
            filled_in: quote.assumed,
            price_usd: quote.price_usd,
            price_per_carat_usd: quote.price_per_carat_usd,
            range_usd: quote.range_usd,
            warnings: quote.warnings.clone(),
            reliable: quote.reliable,
            unreliable_because: quote.unreliable_because.clone(),
            explanation: quote.explanation.as_ref().and_then(|explanation| serde_json::to_string(explanation).ok()),
        }
    }

    /// The answer stored in `record`: written as JSON, it is the document that was sent, byte for byte.
    pub fn from_record(record: &PredictionRecord) -> Self {
        let explanation = record.explanation.as_deref().and_then(|json| serde_json::from_str::<Explanation>(json).ok());
        Self {
            id: record.id,
            quote: Quote {
                price_usd: record.price_usd,
                range_usd: record.range_usd,
                price_per_carat_usd: record.price_per_carat_usd,
                currency: Quote::CURRENCY.to_owned(),
                model: ModelName { id: record.model, family: record.family.clone() },
                assumed: record.filled_in,
                // answers of earlier versions did not list them
                not_told: record.reliable.map(|_| record.stone.not_told().map(|field| field.name.to_owned()).collect()),
                reliable: record.reliable,
                unreliable_because: record.unreliable_because.clone(),
                warnings: record.warnings.clone(),
                explanation,
            },
        }
    }
}
