//! What somebody looks for: read from the address, and written into the addresses of links.

use form_urlencoded::Serializer;
use jiff::civil::Date;

use super::BROWSE_PATH;
use crate::diamond::{FIELDS, Field, number};
use crate::server::http::request_parts::last_text;
use crate::store::{ChosenGrade, SaleFilter, SaleOrder, SaleOrderKey};
use crate::words::{say, translate};

/// The names of orders in addresses; a minus before one stands for the greatest first.
const ORDERS: [(&str, SaleOrderKey); 5] = [
    ("arrival", SaleOrderKey::Arrival),
    ("carat", SaleOrderKey::Carat),
    ("price", SaleOrderKey::Price),
    ("price_per_carat", SaleOrderKey::PricePerCarat),
    ("day", SaleOrderKey::Day),
];

/// Fields that narrow a filter by a number.
const CARAT: [&str; 2] = ["carat_from", "carat_to"];
const PRICE: [&str; 2] = ["price_from", "price_to"];
const DAY: [&str; 2] = ["sold_from", "sold_to"];

/// What somebody looks for.
pub struct Asked {
    pub filter: SaleFilter,
    pub order: SaleOrder,
    /// The scale that colours the map.
    pub scale: &'static Field,
    /// Number of the page, from 1.
    pub page: u32,
    /// The parameters that had a value, as they were given, without order and page.
    given: Vec<(String, String)>,
}

/// What is wrong with a field.
pub struct Mistake {
    /// Its name.
    pub field: String,
    /// Text that begins with its name for people.
    pub message: String,
}

impl Asked {
    /// The last page: whoever is there wants a narrower filter or a file.
    pub const LAST_PAGE: u32 = 200;

    /// Reads the parameters of an address. Unknown ones are ignored: links and browsers may add them.
    pub fn read(pairs: &[(String, String)]) -> (Self, Vec<Mistake>) {
        let mut mistakes = Vec::new();
        let mut filter = SaleFilter::default();
        let mut wrong = |field: &str, message: String| mistakes.push(Mistake { field: field.to_owned(), message });
        for (place, name) in CARAT.into_iter().enumerate() {
            filter.carat[place] =
                read_number(pairs, name, false, &say!("Weight must be a number such as 0.9"), &mut wrong);
        }
        for (place, name) in PRICE.into_iter().enumerate() {
            filter.price_usd[place] =
                read_number(pairs, name, true, &say!("Price must be a number such as 4,800"), &mut wrong);
        }
        for (place, name) in DAY.into_iter().enumerate() {
            let text = last_text(pairs, name);
            filter.sold_on[place] = text.parse::<Date>().ok();
            if filter.sold_on[place].is_none() && !text.is_empty() {
                wrong(name, say!("Sold must be a day such as 2026-03-01"));
            }
        }
        let batch = last_text(pairs, "batch");
        filter.batch = batch.parse().ok().filter(|number: &i64| *number > 0);
        if filter.batch.is_none() && !batch.is_empty() {
            wrong("batch", say!("File must be the number of its batch, such as 3"));
        }
        for scale in FIELDS.iter().filter(|field| !field.is_number()) {
            for (_, text) in pairs.iter().filter(|(name, text)| name == scale.name && !text.trim().is_empty()) {
                match ChosenGrade::find(scale, text.trim()) {
                    Some(grade) if filter.grades.contains(&grade) => {}
                    Some(grade) => filter.grades.push(grade),
                    None => wrong(scale.name, say!("{} {} is unknown", translate(scale.label), text)),
                }
            }
        }
        let by = last_text(pairs, "by");
        let scale = FIELDS.iter().find(|field| !field.is_number() && field.name == by);
        let is_kept = |name: &str, text: &str| {
            let is_ours = [CARAT, PRICE, DAY].concat().contains(&name)
                || name == "batch"
                || name == "by" && scale.is_some()
                || FIELDS.iter().any(|field| !field.is_number() && field.name == name);
            is_ours && !text.trim().is_empty()
        };
        let asked = Self {
            filter,
            order: read_order(last_text(pairs, "sort")),
            scale: scale.unwrap_or(&FIELDS[2]),
            page: last_text(pairs, "page")
                .parse()
                .ok()
                .filter(|page| (1..=Self::LAST_PAGE).contains(page))
                .unwrap_or(1),
            given: pairs.iter().filter(|(name, text)| is_kept(name, text)).cloned().collect(),
        };
        (asked, mistakes)
    }

    /// What was given for a field; empty if it was left out.
    pub fn text(&self, name: &str) -> &str {
        last_text(&self.given, name)
    }

    /// Whether anything is filtered.
    pub fn is_narrowed(&self) -> bool {
        self.filter != SaleFilter::default()
    }

    /// Whether this grade was chosen.
    pub fn has_chosen(&self, scale: &Field, name: &str) -> bool {
        self.filter.grades.iter().any(|grade| grade.scale.name == scale.name && grade.name == name)
    }

    /// The order as an address has it.
    pub fn sort(&self) -> String {
        order_text(self.order)
    }

    /// The address of another page of the same sales.
    pub fn on_page(&self, page: u32) -> String {
        let page = page.to_string();
        address(BROWSE_PATH, &self.given, &[("sort", &self.sort()), ("page", &page)])
    }

    /// The address of the same sales in another order.
    pub fn sorted(&self, order: SaleOrder) -> String {
        address(BROWSE_PATH, &self.given, &[("sort", &order_text(order))])
    }

    /// The address of a file of the same sales; `ending` is that of its name.
    pub fn file(&self, ending: &str) -> String {
        address(&format!("{BROWSE_PATH}.{ending}"), &self.given, &[("sort", &self.sort())])
    }

    /// The address of those of the sales that lie between two weights, in carats, and two prices, in US dollars.
    pub fn within(&self, carat: [f64; 2], price_usd: [f64; 2]) -> String {
        let others: Vec<(String, String)> =
            self.given.iter().filter(|(name, _)| ![CARAT, PRICE].concat().contains(&name.as_str())).cloned().collect();
        let texts = [
            (CARAT[0], format!("{:.6}", carat[0])),
            (CARAT[1], format!("{:.6}", carat[1])),
            (PRICE[0], format!("{:.6}", price_usd[0])),
            (PRICE[1], format!("{:.6}", price_usd[1])),
        ];
        let narrower: Vec<(&str, &str)> = texts.iter().map(|(name, text)| (*name, text.as_str())).collect();
        address(BROWSE_PATH, &others, &narrower)
    }
}

/// The address `path` with what was given and more; what is usual is left out.
fn address(path: &str, given: &[(String, String)], more: &[(&str, &str)]) -> String {
    let usual = order_text(SaleOrder::default());
    let more = more.iter().filter(|pair| **pair != ("sort", usual.as_str()) && **pair != ("page", "1"));
    let query = Serializer::new(String::new()).extend_pairs(given).extend_pairs(more).finish();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

fn read_number(
    pairs: &[(String, String)],
    name: &str,
    is_money: bool,
    message: &str,
    wrong: &mut impl FnMut(&str, String),
) -> Option<f64> {
    let text = last_text(pairs, name);
    let read = number::read_alone(text, is_money).filter(|value| value.is_finite() && *value >= 0.0);
    if read.is_none() && !text.is_empty() {
        wrong(name, message.to_owned());
    }
    read
}

/// The order that a text stands for; the usual one if it stands for none.
fn read_order(text: &str) -> SaleOrder {
    let (name, is_descending) = text.strip_prefix('-').map_or((text, false), |name| (name, true));
    let known = ORDERS.iter().find(|(known, _)| *known == name);
    known.map_or_else(SaleOrder::default, |(_, key)| SaleOrder { key: *key, is_descending })
}

fn order_text(order: SaleOrder) -> String {
    let name = ORDERS.iter().find(|(_, key)| *key == order.key).map_or("", |(name, _)| *name);
    format!("{}{name}", if order.is_descending { "-" } else { "" })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> (Asked, Vec<Mistake>) {
        Asked::read(&form_urlencoded::parse(query.as_bytes()).into_owned().collect::<Vec<_>>())
    }

    #[test]
    fn what_is_looked_for_is_read_and_kept_in_links() {
        let query = "carat_from=0,9&carat_to=&price_to=%244.800&color=g&color=H&color=G&by=cut&sort=-price&page=3&x=1";
        let (asked, mistakes) = read(query);
        assert!(mistakes.is_empty());
        assert_eq!((asked.filter.carat, asked.filter.price_usd), ([Some(0.9), None], [None, Some(4_800.0)]));
        assert_eq!(asked.filter.grades.iter().map(|grade| grade.name).collect::<Vec<_>>(), ["G", "H"]);
        assert_eq!((asked.scale.name, asked.page, asked.sort().as_str()), ("cut", 3, "-price"));
        let next = asked.on_page(4);
        assert_eq!(read(next.split_once('?').expect("a query").1).0.filter, asked.filter);
        assert!(next.ends_with("&sort=-price&page=4"), "{next}");
        let narrower = asked.within([1.0, 1.1], [500.0, 600.0]);
        assert_eq!(read(narrower.split_once('?').expect("a query").1).0.filter.price_usd, [Some(500.0), Some(600.0)]);
        assert_eq!(read("").0.on_page(1), BROWSE_PATH);
    }

    #[test]
    fn every_mistake_is_named_at_its_field() {
        let (_, mistakes) = read("carat_from=heavy&price_to=-1&sold_from=spring&batch=0&clarity=SI3");
        let fields: Vec<&str> = mistakes.iter().map(|mistake| mistake.field.as_str()).collect();
        assert_eq!(fields, ["carat_from", "price_to", "sold_from", "batch", "clarity"]);
    }
}
