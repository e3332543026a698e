//! One quote: what its customer sees, and what the shop sees besides.

use askama::Template;

use super::{SHARED, logo_address};
use crate::diamond::{FIELDS, StoneDescription};
use crate::learning::evaluation::PriceRange;
use crate::pricing::{Prediction, Quote, SimilarStones};
use crate::server::pages::desk::answer::RangeBar;
use crate::server::pages::filters;
use crate::server::pages::{day_in_words, local};
use crate::store::{ModelDetail, PredictionRecord, RecordedOutcome, Shop, Store, StoreError, StoredQuote};
use crate::text::{count, dollars, in_figures_of_reader, plain};
use crate::words::{say, translate};

#[derive(Template)]
#[template(path = "quote.html")]
pub struct QuotePage {
    quote: StoredQuote,
    /// The shop as it was then.
    shop: Shop,
    /// Where its picture is.
    logo: Option<String>,
    /// When it was made, as the shop's clock had it.
    time: String,
    /// Its last day.
    valid_until: String,
    stone: StoneDescription,
    /// The measures that were told, with their names.
    measures: Vec<(String, String)>,
    /// The price and the ends of the range as the customer reads them.
    price: String,
    range: Option<[String; 2]>,
    bar: Option<RangeBar>,
    /// What the price rests on, in one sentence.
    rests_on: String,
    similar: SimilarStones,
    /// What nobody but the shop sees.
    inner: Option<InnerPart>,
}

/// How much of a quote is for the eyes of its reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QuoteView {
    /// The customer's part, and nothing else.
    Customer,
    /// The shop's part too, folded: somebody may look on.
    Folded,
    /// The shop's part too.
    Shop,
}

/// What nobody but the shop sees.
struct InnerPart {
    /// Whether it is unfolded.
    is_open: bool,
    prediction: Prediction,
    model: Option<ModelDetail>,
    outcome: Option<RecordedOutcome>,
    /// Later quotes for the same stone.
    repriced_by: Vec<i64>,
    /// The address at which the quote is shared.
    shared_at: Option<String>,
}

impl QuotePage {
    /// Reads what belongs to `quote`; as much of it as `view` says. `origin` is where this server is for the browser.
    pub fn read(store: &Store, quote: StoredQuote, view: QuoteView, origin: &str) -> Result<Self, StoreError> {
        let shop = store.shop_at(quote.time)?;
        let record = store.prediction(quote.prediction)?.ok_or_else(|| StoreError::NotFound {
            what: "prediction",
            id: quote.prediction.to_string(),
            list: "requests list",
        })?;
        let similar: SimilarStones = serde_json::from_str(&quote.similar).unwrap_or(SimilarStones {
            count: 0,
            available: 0,
            stones: Vec::new(),
        });
        let inner = match view {
            QuoteView::Customer => None,
            QuoteView::Folded | QuoteView::Shop => Some(InnerPart::read(store, &quote, &record, view, origin)?),
        };
        let write = |amount_usd: f64| amount_on(&quote, amount_usd);
        let values = record.stone.measurements.entries();
        Ok(Self {
            time: local(quote.time, &shop.zone()),
            valid_until: day_in_words(quote.valid_until),
            measures: values
                .map(|(field, value)| (translate(field.label).to_string(), in_figures_of_reader(&field.write(value))))
                .collect(),
            price: write(quote.price_usd),
            range: quote.range_usd.map(|range| range.map(write)),
            bar: bar_of(&quote, &write),
            rests_on: rests_on(&similar, &write),
            logo: shop.logo.as_ref().map(logo_address),
            stone: record.stone,
            inner,
            similar,
            shop,
            quote,
        })
    }

    /// The dollars beside a price in another currency.
    fn price_in_dollars(&self) -> Option<String> {
        (self.quote.currency != Quote::CURRENCY).then(|| dollars(self.quote.price_usd))
    }

    /// An amount as the customer reads it.
    fn write(&self, amount_usd: f64) -> String {
        amount_on(&self.quote, amount_usd)
    }
}

impl InnerPart {
    fn read(
        store: &Store,
        quote: &StoredQuote,
        record: &PredictionRecord,
        view: QuoteView,
        origin: &str,
    ) -> Result<Self, StoreError> {
        Ok(Self {
            is_open: view == QuoteView::Shop,
            prediction: Prediction::from_record(record),
            model: store.model(record.model).ok(),
            outcome: store.outcome(record.id)?,
            repriced_by: store.repricings(quote.number)?,
            shared_at: quote.token.as_ref().map(|token| format!("{origin}{SHARED}{token}")),
        })
    }
}

/// An amount in the currency of `quote`: `$4,733`, `EUR 4,350`.
fn amount_on(quote: &StoredQuote, amount_usd: f64) -> String {
    if quote.currency == Quote::CURRENCY {
        return dollars(amount_usd);
    }
    #[expect(clippy::cast_possible_truncation, reason = "a cast of floats saturates")]
    let amount = (amount_usd * quote.per_dollar).round() as i64;
    format!("{} {}", quote.currency, count(amount))
}

fn bar_of(quote: &StoredQuote, write: &dyn Fn(f64) -> String) -> Option<RangeBar> {
    let [low, high] = quote.range_usd?;
    let bar = RangeBar::new(PriceRange { low, high, confidence: 0.9 }, quote.price_usd, None);
    Some(RangeBar { ends: [write(low), write(high)], ..bar })
}

/// What a price rests on.
fn rests_on(similar: &SimilarStones, write: &dyn Fn(f64) -> String) -> String {
    let of =
        FIELDS.iter().filter(|field| !field.is_number()).map(|field| translate(field.label).to_string().to_lowercase());
    let of: Vec<String> = of.collect();
    let alike = say!("the same {}", of.join(", "));
    match (similar.available, similar.stones.first()) {
        (0, _) | (_, None) => say!("No stone of {} has been sold here; the price follows from stones like it.", alike),
        (1, Some(only)) => say!(
            "One stone of {} has been sold here: {} ct for {}.",
            alike,
            plain(only.sale.stone.weight_carat),
            write(only.sale.price_usd)
        ),
        (all, Some(nearest)) => say!(
            "It rests on what stones were sold for here, among them {} of {}; the nearest in weight, {} ct, fetched {}.",
            count(i64::try_from(all).unwrap_or(i64::MAX)),
            alike,
            plain(nearest.sale.stone.weight_carat),
            write(nearest.sale.price_usd)
        ),
    }
}
