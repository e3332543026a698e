//! What a price means to a buyer: the highest price to pay, and whether the asking price is fair.

use crate::diamond::number;
use crate::pricing::{Quote, SimilarStones};
use crate::text::dollars;
use crate::words::say;

/// What the buyer enters: the margin and the asking price.
#[derive(Debug, Default)]
pub struct BuyerFields {
    /// The margin as it was typed, in percent.
    pub margin: String,
    /// What is wrong with it.
    pub margin_error: Option<String>,
    /// The asking price as it was typed, in US dollars.
    pub asking: String,
    /// What is wrong with it.
    pub asking_error: Option<String>,
    margin_percent: Option<f64>,
    asking_usd: Option<f64>,
}

/// What a price means to the buyer.
#[derive(Debug, PartialEq)]
pub struct BuyersView {
    /// The highest price to pay, in US dollars: the lower end of the range (95 % of such stones sell for more), less
    /// the margin.
    pub limit_usd: f64,
    /// The margin, in percent.
    pub margin_percent: f64,
    /// The asking price with its assessment, if the buyer gave one.
    pub asking: Option<Asking>,
}

/// An asking price and its assessment.
#[derive(Debug, PartialEq)]
pub struct Asking {
    /// The price, in US dollars.
    pub usd: f64,
    /// The assessment, as a sentence.
    pub verdict: String,
    /// A sentence about the similar stones; empty if there is none.
    pub beside_similar: String,
}

impl BuyerFields {
    /// Whether a field of that name is among them.
    pub fn has(name: &str) -> bool {
        matches!(name, "margin" | "asking")
    }

    /// Reads the fields from a form. A missing or empty field is not given.
    pub fn read<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut fields = Self::default();
        for (name, value) in pairs {
            match name {
                "margin" => value.trim().clone_into(&mut fields.margin),
                "asking" => value.trim().clone_into(&mut fields.asking),
                _ => {}
            }
        }
        (fields.margin_percent, fields.margin_error) = read_margin(&fields.margin);
        if !fields.asking.is_empty() {
            fields.asking_usd = number::read_alone(&fields.asking, true).filter(|asking| (0.01..=1e9).contains(asking));
            fields.asking_error =
                fields.asking_usd.is_none().then(|| say!("must be a price that a stone can have, such as $4,800"));
        }
        fields
    }

    /// What `quote` means to the buyer; `None` if there is no valid margin or asking price, or the quote has no range.
    pub fn view(&self, quote: &Quote, similar: &SimilarStones) -> Option<BuyersView> {
        let range = quote.range_usd?;
        if self.margin_percent.is_none() && self.asking_usd.is_none() {
            return None;
        }
        let margin_percent = self.margin_percent.unwrap_or(0.0);
        let limit_usd = range.low * (1.0 - margin_percent / 100.0);
        let asking = self.asking_usd.map(|usd| {
            let is_beyond_margin = margin_percent > 0.0 && usd > limit_usd;
            let verdict = if usd > range.high {
                say!("too expensive: nineteen in twenty stones like it fetch less")
            } else if usd > quote.price_usd {
                say!("rather expensive: within the range, but above the price")
            } else if usd > quote.price_usd * (1.0 - margin_percent / 100.0) && margin_percent > 0.0 {
                say!("too expensive for your margin, which it leaves only if the stone fetches more than its price")
            } else if is_beyond_margin && usd >= range.low {
                say!("fair, but leaves you less than your margin if the stone turns out to be one of the cheaper ones")
            } else if usd >= range.low {
                say!("fair")
            } else if is_beyond_margin {
                say!("cheap, but leaves you less than your margin if the stone turns out to be one of the cheaper ones")
            } else if usd >= range.low / 2.0 {
                say!("cheap: below its range")
            } else {
                say!("suspiciously cheap: look for what is wrong with the stone")
            };
            Asking {
                usd,
                verdict: say!("{} is {}.", dollars(usd), verdict),
                beside_similar: beside_similar(usd, quote, similar),
            }
        });
        Some(BuyersView { limit_usd, margin_percent, asking })
    }
}

/// A margin in percent as it was typed, or what is wrong with it; neither if it is empty.
pub fn read_margin(text: &str) -> (Option<f64>, Option<String>) {
    let percent = number::read_alone(text, false).filter(|percent| (0.0..100.0).contains(percent));
    let is_wrong = percent.is_none() && !text.is_empty();
    (percent, is_wrong.then(|| say!("must be a number from 0 to below 100")))
}

/// A sentence: how many of the similar stones were sold for less per carat.
fn beside_similar(asking_usd: f64, quote: &Quote, similar: &SimilarStones) -> String {
    let carat = quote.price_usd / quote.price_per_carat_usd;
    let cheaper =
        similar.stones.iter().filter(|one| one.sale.price_usd / one.sale.stone.weight_carat < asking_usd / carat);
    match similar.stones.len() {
        0 => String::new(),
        all => say!("By the carat, {} of the {} nearest stones sold fetched less.", cheaper.count(), all),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diamond::Measurements;
    use crate::learning::evaluation::PriceRange;
    use crate::pricing::ModelName;

    fn quote() -> Quote {
        Quote {
            price_usd: 5_000.0,
            range_usd: Some(PriceRange { low: 4_000.0, high: 6_000.0, confidence: 0.9 }),
            price_per_carat_usd: 5_000.0,
            currency: "USD".to_owned(),
            model: ModelName { id: 1, family: "linear".to_owned() },
            assumed: Measurements::default(),
            not_told: Some(Vec::new()),
            reliable: Some(true),
            unreliable_because: Vec::new(),
            warnings: Vec::new(),
            explanation: None,
        }
    }

    const NONE: SimilarStones = SimilarStones { count: 0, available: 0, stones: Vec::new() };

    #[test]
    fn the_margin_comes_off_the_lower_end_of_the_range() {
        let view = BuyerFields::read([("margin", "20 %")]).view(&quote(), &NONE).expect("a view");
        assert!((view.limit_usd - 3_200.0).abs() < 1e-9 && view.asking.is_none());
        assert_eq!(BuyerFields::read([("margin", "")]).view(&quote(), &NONE), None);
    }

    #[test]
    fn an_asking_price_is_rated_from_too_dear_to_suspicious() {
        let verdict = |asking: &str| {
            let fields = BuyerFields::read([("margin", "20"), ("asking", asking)]);
            fields.view(&quote(), &NONE).expect("a view").asking.expect("a rating").verdict
        };
        for (asking, words) in [
            ("$6,500", "$6,500 is too expensive"),
            ("$6.500", "$6,500 is too expensive"),
            ("5500", "rather expensive"),
            ("4500", "too expensive for your margin"),
            ("3500", "cheap, but leaves you less"),
            ("3000", "cheap: below its range"),
            ("1000", "suspiciously cheap"),
        ] {
            assert!(verdict(asking).contains(words), "{asking}: {}", verdict(asking));
        }
        let less = BuyerFields::read([("margin", "10"), ("asking", "4300")]).view(&quote(), &NONE).expect("a view");
        assert!(less.asking.expect("a rating").verdict.starts_with("$4,300 is fair, but leaves you less"));
        let plain = BuyerFields::read([("asking", "4500")]).view(&quote(), &NONE).expect("a view");
        assert_eq!(
            plain.asking.expect("a rating").verdict,
            "$4,500 is fair.",
            "without a margin nothing is left of it"
        );
    }

    #[test]
    fn mistakes_are_told_at_their_field() {
        let fields = BuyerFields::read([("margin", "120"), ("asking", "a lot")]);
        assert!(fields.margin_error.is_some() && fields.asking_error.is_some());
        assert_eq!((fields.margin.as_str(), fields.asking.as_str()), ("120", "a lot"));
    }
}
