//! What a page shows for a stone: the price and everything that belongs to it.

use super::buyer::BuyersView;
use super::entered::{Entered, address};
use super::pins::pin_address;
use crate::diamond::StoneDescription;
use crate::learning::evaluation::{Confidence, PriceRange};
use crate::pricing::{Explanation, PricingError, Quote, ServedModel, SimilarStone, SimilarStones, Snapshot, Step};
use crate::server::pages::charts::price_chart::PriceChart;
use crate::text::dollars;
use crate::words::translate;

/// Similar stones in the table.
const SIMILAR_SHOWN: usize = 8;
/// Similar stones in the chart.
const SIMILAR_DRAWN: usize = 60;

/// The price of a stone, with its explanation and similar stones.
pub struct PriceAnswer {
    /// The stone as it was described.
    pub stone: StoneDescription,
    /// The price.
    pub quote: Quote,
    /// Each value that was read as another than it is written.
    pub notes: Vec<String>,
    /// The nearest stones sold.
    pub similar: SimilarStones,
    /// The prices of slightly different stones.
    pub steps: Vec<Step>,
    /// The chart of the similar stones and this one.
    pub chart: Option<PriceChart>,
    /// The range as a bar.
    pub bar: Option<RangeBar>,
    /// What the price means to a buyer; `None` while a customer looks on.
    pub buyer: Option<BuyersView>,
    /// Names of the fields that were not told, if there are any.
    pub not_told: Option<String>,
    /// The same request as program code.
    pub snippets: Vec<Snippet>,
    /// The address at which the stone is pinned, if there is room.
    pub pin_address: Option<String>,
    /// The stones that are pinned already.
    pinned: Vec<StoneDescription>,
    is_for_customer: bool,
}

/// The same request in one programming language.
pub struct Snippet {
    /// The language.
    pub name: &'static str,
    /// The code to run.
    pub code: String,
}

/// A range of prices as a bar. Positions are in percent of the width.
pub struct RangeBar {
    /// Where the range begins.
    pub low: f64,
    /// How wide it is.
    pub width: f64,
    /// Where the price is.
    pub price: f64,
    /// The two ends in dollars.
    pub ends: [String; 2],
    /// Where the buyer's limit is, if it is in the drawing.
    pub limit: Option<f64>,
    /// Where the asking price is, if it is in the drawing.
    pub asking: Option<f64>,
}

impl PriceAnswer {
    /// Makes the whole answer for `stone`. It is slow: call it on background threads only.
    pub fn new(
        stone: StoneDescription,
        notes: Vec<String>,
        entered: &Entered,
        snapshot: &Snapshot,
        champion: &ServedModel,
        host: &str,
    ) -> Result<Self, PricingError> {
        let quote = snapshot.explain(&stone, champion, Confidence::default())?;
        let drawn = snapshot.similar().nearest_evenly(&stone, SIMILAR_DRAWN)?;
        let is_priced = !quote.is_unreliable();
        let chart = if is_priced { PriceChart::new(stone.carat, &quote, &drawn) } else { None };
        let not_told: Vec<String> =
            stone.not_told().map(|field| translate(field.label).to_string().to_lowercase()).collect();
        let similar = snapshot.similar().nearest_evenly(&stone, SIMILAR_SHOWN)?;
        let buyer = if entered.is_for_customer { None } else { entered.buyer.view(&quote, &similar) };
        Ok(Self {
            stone,
            notes,
            steps: if is_priced { snapshot.steps(&stone, champion) } else { Vec::new() },
            not_told: (!not_told.is_empty()).then(|| not_told.join(", ")),
            chart,
            bar: quote.range_usd.map(|range| RangeBar::new(range, quote.price_usd, buyer.as_ref())),
            buyer,
            snippets: if entered.is_for_customer { Vec::new() } else { snippets(&stone, host) },
            pin_address: pin_address(&stone, &entered.pinned, entered.is_for_customer),
            pinned: entered.pinned.clone(),
            is_for_customer: entered.is_for_customer,
            quote,
            similar,
        })
    }

    /// The address of the desk with another stone on it.
    pub fn address_of(&self, stone: &StoneDescription) -> String {
        address(stone, &self.pinned, self.is_for_customer)
    }

    /// The address of the desk with a stone that was sold.
    pub fn address_of_sold(&self, sold: &SimilarStone) -> String {
        self.address_of(&StoneDescription::of_stone(&sold.sale.stone))
    }
}

impl RangeBar {
    /// Computes the positions: the range is in the middle, with half of its width as space on each side.
    pub fn new(range: PriceRange, price_usd: f64, buyer: Option<&BuyersView>) -> Self {
        let half = (range.high - range.low) / 2.0;
        let (least, most) = (range.low - half, range.high + half);
        let at = |usd: f64| ((usd - least) / (most - least) * 1_000.0).round() / 10.0;
        let within = |usd: f64| (least..=most).contains(&usd).then(|| at(usd));
        Self {
            low: at(range.low),
            width: at(range.high) - at(range.low),
            price: at(price_usd),
            ends: [dollars(range.low), dollars(range.high)],
            limit: buyer.and_then(|buyer| within(buyer.limit_usd)),
            asking: buyer.and_then(|buyer| buyer.asking.as_ref()).and_then(|asking| within(asking.usd)),
        }
    }
}

/// How wide the bar of an effect is, in percent of the row: 50 for the largest effect.
pub fn effect_percent(explanation: &Explanation, effect_usd: f64) -> f64 {
    let largest = explanation.reasons.iter().map(|reason| reason.effect_usd.abs()).fold(0.0, f64::max);
    if largest > 0.0 { (effect_usd.abs() / largest * 50.0).round() } else { 0.0 }
}

/// Code that requests this price, to copy.
fn snippets(stone: &StoneDescription, host: &str) -> Vec<Snippet> {
    let body = serde_json::to_string(stone).unwrap_or_default();
    let url = format!("http://{host}/v1/predictions");
    vec![
        Snippet {
            name: "curl",
            code: format!("curl -s {url} -H 'Content-Type: application/json' \\\n     -d '{body}'"),
        },
        Snippet {
            name: "fetch",
            code: format!(
                "const answer = await fetch(\"{url}\", {{\n  method: \"POST\",\n  headers: {{ \"Content-Type\": \"application/json\" }},\n  \
                 body: JSON.stringify({body}),\n}});\nconsole.log((await answer.json()).price_usd);"
            ),
        },
        Snippet {
            name: "Python",
            code: format!(
                "import json, urllib.request\n\nstone = {body}\nrequest = urllib.request.Request(\"{url}\", json.dumps(stone).encode(), \
                 {{\"Content-Type\": \"application/json\"}})\nprint(json.load(urllib.request.urlopen(request))[\"price_usd\"])"
            ),
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_has_the_range_in_its_middle() {
        let bar = RangeBar::new(PriceRange { low: 400.0, high: 600.0, confidence: 0.9 }, 480.0, None);
        assert!((bar.low - 25.0).abs() < 1e-9 && (bar.width - 50.0).abs() < 1e-9 && (bar.price - 45.0).abs() < 1e-9);
        assert_eq!((bar.limit, bar.asking), (None, None));
    }
}
