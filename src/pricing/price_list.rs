//! A price list of one's own: prices by weight band, colour and clarity, as the trade prints them.

use std::io;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::reliability::doubts;
use super::{ModelName, PricingError, ServedModel, Snapshot};
use crate::diamond::{Clarity, Color, Cut, Grade, Stone, StoneDescription};
use crate::learning::evaluation::{Confidence, PriceRange, quantile};
use crate::text::{count, to_the_cent};
use crate::words::say;

/// Where the trade's weight bands begin, in carats.
const TRADE_BANDS_CARAT: [f64; 28] = [
    0.01, 0.04, 0.08, 0.15, 0.18, 0.23, 0.30, 0.40, 0.50, 0.70, 0.90, 1.00, 1.50, 2.00, 3.00, 4.00, 5.00, 6.00, 7.00,
    8.00, 9.00, 10.00, 11.00, 12.00, 15.00, 20.00, 30.00, 50.00,
];
/// Most bands of a list.
pub const MAX_BANDS: usize = 50;
/// Fewer sales than this in a cell are few.
const FEW: usize = 3;

/// What a list is to be like.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PriceListWanted {
    /// Of which cut; the one that is sold most if absent.
    pub cut: Option<Cut>,
    /// Where the weight bands begin, in carats, ascending; those of the trade if empty.
    pub bands: Vec<f64>,
}

impl PriceListWanted {
    /// Reads where bands begin: numbers with commas between them.
    ///
    /// # Errors
    /// If they are none, as the second half of a sentence.
    pub fn read_bands(text: &str) -> Result<Vec<f64>, String> {
        let bands: Result<Vec<f64>, _> =
            text.split([',', ' ', ';']).filter(|part| !part.is_empty()).map(str::parse).collect();
        let is_valid = |bands: &Vec<f64>| {
            (1..=MAX_BANDS).contains(&bands.len())
                && bands.iter().all(|band| (0.01..=100.0).contains(band))
                && bands.windows(2).all(|pair| pair[0] < pair[1])
        };
        bands.ok().filter(is_valid).ok_or_else(|| {
            format!(
                "must be the weights where the bands begin, ascending, such as 0.3,0.4,0.5,0.7,1: {MAX_BANDS} at most"
            )
        })
    }
}

/// The prices of stones of one cut that are known by their four Cs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PriceList {
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub made_at: Timestamp,
    /// The model whose prices they are.
    pub model: ModelName,
    /// The model that they are compared with, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compared_with: Option<ModelName>,
    /// The kept list that they are compared with, if there is one: by the carat, as the usual weight of a band may have moved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compared_list: Option<KeptListName>,
    /// The cut.
    pub cut: Cut,
    /// How many sales the numbers of sales are counted among: those that the champion learnt or was judged on, whichever model says
    /// the prices.
    pub sales: i64,
    /// By what share the prices are higher than the model was trained to say, because somebody corrected it; absent if nobody did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corrected_by: Option<f64>,
    /// Weight bands, the lightest first: those in which stones were sold.
    pub bands: Vec<PriceBand>,
}

/// The prices of one weight band.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PriceBand {
    /// The least weight in the band, in carats.
    pub from_carat: f64,
    /// The greatest weight in the band, in carats.
    pub to_carat: f64,
    /// The weight whose prices stand for the band, in carats: the median of the stones sold in it.
    pub carat: f64,
    /// The prices by colour, the best first.
    pub colors: Vec<PriceRow>,
}

/// The prices of one colour.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PriceRow {
    /// The colour.
    pub color: Color,
    /// The prices by clarity, the best first.
    pub clarities: Vec<PriceCell>,
}

/// One price.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PriceCell {
    /// The clarity.
    pub clarity: Clarity,
    /// The price of a stone of the band's usual weight, in US dollars, to the cent.
    pub price_usd: f64,
    /// The same by weight, in US dollars a carat, to the cent.
    pub price_per_carat_usd: f64,
    /// The range that the price of nine in ten such stones is in; absent where the price is not reliable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range_usd: Option<PriceRange>,
    /// False where the stone lies outside of what was sold, as for a grade of which no stone was: the price is only what the model says.
    #[serde(default = "yes", skip_serializing_if = "is_so")]
    pub reliable: bool,
    /// How many stones of this cut, colour and clarity were sold in the band.
    pub sales: usize,
    /// How much higher the price is than that of the model or of the list it is compared with, as a share of that; absent where that
    /// list has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<f64>,
}

fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_so(reliable: &bool) -> bool {
    *reliable
}

impl PriceCell {
    /// Whether no stone like it was sold.
    #[must_use]
    pub fn is_unsold(&self) -> bool {
        self.sales == 0
    }

    /// The price in US dollars of a stone, or of a carat of it.
    #[must_use]
    pub fn usd(&self, per_carat: bool) -> f64 {
        if per_carat { self.price_per_carat_usd } else { self.price_usd }
    }

    /// Whether some such stones were sold, but few.
    #[must_use]
    pub fn is_rarely_sold(&self) -> bool {
        (1..FEW).contains(&self.sales)
    }

    /// The same as it stands on a sheet: in whole dollars, in brackets if no such stone was sold, with a star if few were.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "a cast of floats saturates")]
    pub fn words(&self, per_carat: bool) -> String {
        let price = count(self.usd(per_carat).round() as i64);
        match (self.is_unsold(), self.is_rarely_sold()) {
            (true, _) => format!("({price})"),
            (_, true) => format!("{price}*"),
            _ => price,
        }
    }
}

impl PriceBand {
    /// The band in words, such as `0.30–0.39 ct`.
    #[must_use]
    pub fn words(&self) -> String {
        format!("{:.2}–{:.2} ct", self.from_carat, self.to_carat)
    }
}

/// The bands between these beginnings that have weights from `least` to `most` carats: where each begins, and where the next one
/// does.
fn bands_within(starts: &[f64], least: f64, most: f64) -> impl Iterator<Item = (f64, f64)> {
    let ends = starts
        .iter()
        .skip(1)
        .copied()
        .chain([starts.last().map_or(f64::INFINITY, |last| (last * 2.0).max(most + 0.01))]);
    starts.iter().copied().zip(ends).filter(move |(from, next)| *from <= most && *next > least)
}

/// What a kept list is known by.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct KeptListName {
    /// Its number.
    pub number: i64,
    /// When it was kept.
    #[schema(value_type = String, format = DateTime)]
    pub kept_at: Timestamp,
    /// The model whose prices it has.
    pub model: ModelName,
}

/// A list that was kept.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptList {
    /// What it is known by.
    pub name: KeptListName,
    pub(super) list: PriceList,
}

impl KeptList {
    /// What it asks for a carat of such stones in the band that begins at this weight, in US dollars; `None` if it has no such band.
    fn usd_per_carat(&self, from_carat: f64, color: Color, clarity: Clarity) -> Option<f64> {
        let is_same = |carat: f64| (carat - from_carat).abs() < 0.001;
        let band = self.list.bands.iter().find(|band| is_same(band.from_carat))?;
        let row = band.colors.iter().find(|row| row.color == color)?;
        let cell = row.clarities.iter().find(|cell| cell.clarity == clarity)?;
        Some(cell.price_per_carat_usd)
    }
}

/// What asks for a comparison with the list that was kept last, where otherwise a model is named.
pub const LAST_LIST: &str = "last";

/// What a list is compared with.
#[derive(Clone)]
pub enum Compared {
    /// Another model.
    Model(Arc<ServedModel>),
    /// A list that was kept.
    List(Box<KeptList>),
}

impl Compared {
    /// By how much a price is higher, as a share: that of `stone`, of a band that begins at this weight.
    fn change(&self, from_carat: f64, stone: &Stone, price_usd: f64) -> Option<f64> {
        match self {
            Self::Model(model) => Some(price_usd / model.prices.price_usd(stone) - 1.0),
            Self::List(list) => {
                let before = list.usd_per_carat(from_carat, stone.color, stone.clarity)?;
                Some(price_usd / stone.weight_carat / before - 1.0)
            }
        }
    }
}

impl PriceListWanted {
    /// The cut of the list: the one that is wanted, or that is sold most.
    #[must_use]
    pub fn cut(&self, snapshot: &Snapshot) -> Cut {
        self.cut.unwrap_or(snapshot.similar().typical().cut)
    }
}

impl PriceList {
    /// The list of `model`.
    ///
    /// # Errors
    /// If the sales cannot be read.
    pub fn new(
        snapshot: &Snapshot,
        model: &ServedModel,
        compared: Option<&Compared>,
        wanted: &PriceListWanted,
    ) -> Result<Self, PricingError> {
        let similar = snapshot.similar();
        let cut = wanted.cut(snapshot);
        let (least, most) = similar.feature_ranges().bounds[0];
        let starts = if wanted.bands.is_empty() { &TRADE_BANDS_CARAT[..] } else { &wanted.bands };
        let mut bands = Vec::new();
        for (from_carat, next) in bands_within(starts, least, most) {
            let carat = usual_weight(snapshot, from_carat, next).clamp(least, most.max(least));
            let mut colors = Vec::with_capacity(Color::ALL.len());
            for color in Color::ALL.iter().rev() {
                let mut clarities = Vec::with_capacity(Clarity::ALL.len());
                for clarity in Clarity::ALL.iter().rev() {
                    let group = similar.group(cut, *color, *clarity)?;
                    // weights are sold by the hundredth
                    let sales = group.lighter_than(next - 0.005) - group.lighter_than(from_carat - 0.005);
                    let stone = StoneDescription::of_four_cs(carat, cut, *color, *clarity).stone();
                    let price_usd = model.prices.price_usd(&stone);
                    let reliable = doubts(&stone, similar).is_empty();
                    let calibration = model.calibration.as_ref().filter(|_| reliable);
                    clarities.push(PriceCell {
                        clarity: *clarity,
                        price_usd: to_the_cent(price_usd),
                        price_per_carat_usd: to_the_cent(price_usd / carat),
                        range_usd: calibration.and_then(|known| known.range(&stone, price_usd, Confidence::default())),
                        reliable,
                        sales,
                        change: compared.and_then(|other| other.change(from_carat, &stone, price_usd)),
                    });
                }
                colors.push(PriceRow { color: *color, clarities });
            }
            let to_carat = ((next * 100.0).round() - 1.0) / 100.0;
            bands.push(PriceBand { from_carat, to_carat, carat, colors });
        }
        let name = |model: &ServedModel| ModelName { id: model.id, family: model.family.clone() };
        Ok(Self {
            made_at: Timestamp::now(),
            model: name(model),
            compared_with: match compared {
                Some(Compared::Model(other)) => Some(name(other)),
                _ => None,
            },
            compared_list: match compared {
                Some(Compared::List(list)) => Some(list.name.clone()),
                _ => None,
            },
            cut,
            sales: i64::try_from(similar.count()).unwrap_or(i64::MAX),
            corrected_by: Some(model.corrected_by).filter(|share| share.abs() > 0.0),
            bands,
        })
    }

    /// What it is compared with, in words, such as `model 3 (linear)`; `None` if with nothing.
    #[must_use]
    pub fn compared_in_words(&self) -> Option<String> {
        let model = |model: &ModelName| say!("model {} ({})", model.id, model.family);
        match (&self.compared_with, &self.compared_list) {
            (Some(other), _) => Some(model(other)),
            (None, Some(list)) => Some(say!(
                "list {}, kept on {} by {}",
                list.number,
                list.kept_at.strftime("%Y-%m-%d"),
                model(&list.model)
            )),
            (None, None) => None,
        }
    }

    /// Writes the list as CSV: a row for each price, with a header.
    ///
    /// # Errors
    /// If `output` fails.
    pub fn write_csv(&self, output: impl io::Write) -> io::Result<()> {
        let mut writer = csv::Writer::from_writer(output);
        writer.write_record([
            "cut",
            "from_carat",
            "to_carat",
            "carat",
            "color",
            "clarity",
            "price_usd",
            "price_per_carat_usd",
            "low_usd",
            "high_usd",
            "sales",
            "reliable",
            "change",
            "corrected_by",
            "model",
            "made_at",
        ])?;
        let number = |value: Option<f64>| value.map_or_else(String::new, |value| value.to_string());
        for band in &self.bands {
            for row in &band.colors {
                for cell in &row.clarities {
                    writer.write_record([
                        self.cut.name().to_owned(),
                        format!("{:.2}", band.from_carat),
                        format!("{:.2}", band.to_carat),
                        band.carat.to_string(),
                        row.color.name().to_owned(),
                        cell.clarity.name().to_owned(),
                        cell.price_usd.to_string(),
                        cell.price_per_carat_usd.to_string(),
                        number(cell.range_usd.map(|range| range.low)),
                        number(cell.range_usd.map(|range| range.high)),
                        cell.sales.to_string(),
                        cell.reliable.to_string(),
                        cell.change.map_or_else(String::new, |change| format!("{change:.4}")),
                        number(self.corrected_by),
                        self.model.id.to_string(),
                        self.made_at.strftime("%Y-%m-%d").to_string(),
                    ])?;
                }
            }
        }
        writer.flush()
    }
}

/// The median weight of the stones sold from `from` to below `next` carats; if there are none, the middle.
fn usual_weight(snapshot: &Snapshot, from: f64, next: f64) -> f64 {
    let weights = snapshot.similar().sample().iter().map(|sale| sale.stone.weight_carat);
    let mut inside: Vec<f64> = weights.filter(|weight| (from - 0.005..next - 0.005).contains(weight)).collect();
    let usual = quantile(&mut inside, 0.5).unwrap_or_else(|| f64::midpoint(from, next - 0.01));
    (usual * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_are_those_in_which_stones_were_sold() {
        let bands: Vec<(f64, f64)> = bands_within(&TRADE_BANDS_CARAT, 0.23, 1.2).collect();
        assert_eq!((bands[0], bands[bands.len() - 1]), ((0.23, 0.30), (1.00, 1.50)));
        let own: Vec<(f64, f64)> = bands_within(&[0.5, 1.0], 0.2, 3.0).collect();
        assert_eq!(own, [(0.5, 1.0), (1.0, 3.01)]);
    }

    #[test]
    fn beginnings_of_bands_are_read_and_mistakes_told() {
        assert_eq!(PriceListWanted::read_bands("0.3,0.5, 1"), Ok(vec![0.3, 0.5, 1.0]));
        for text in ["", "1,0.5", "a", "0", "1,1"] {
            assert!(PriceListWanted::read_bands(text).is_err_and(|message| message.starts_with("must be")), "{text}");
        }
    }
}
