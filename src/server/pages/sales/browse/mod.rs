//! The page on which sales are looked up: filter, facets, a map of weight and price, a table, and files of what was found.

mod asked;
mod download;
mod spread;

use askama::Template;
use tide::{Request, StatusCode};

use crate::diamond::{FIELDS, Field};
use crate::server::app::App;
use crate::server::http::problem::Answer;
use crate::server::http::request_parts::query_pairs;
use crate::server::pages::charts::sales_map::SalesMap;
use crate::server::pages::filters;
use crate::server::pages::{desk, respond};
use crate::store::{FoundSales, ListedSale, SaleGrid, SaleOrder, SaleOrderKey, Store, StoreError};
use crate::text::{count, in_figures_of_reader, plain};
use crate::words::{marked, say, translate};
use asked::{Asked, Mistake};
use spread::{Facet, SpreadTable};

pub use download::{csv, parquet};

/// The address of the page.
pub const BROWSE_PATH: &str = "/sales/browse";
/// Sales on one page.
const PAGE_LENGTH: u32 = 50;
/// Most sales that are drawn one by one; more are drawn by the cells of a grid.
const MAX_DOTS: u32 = 400;
/// Columns and rows of that grid.
const GRID: [u32; 2] = [48, 30];

#[derive(Template)]
#[template(path = "browse.html")]
struct BrowsePage {
    asked: Asked,
    mistakes: Vec<Mistake>,
    /// Whether the day of any sale is known.
    has_days: bool,
    /// `None` if the filter is wrong.
    found: Option<FoundPage>,
}

/// What was found.
struct FoundPage {
    found: FoundSales,
    facets: Vec<Facet>,
    /// How prices a carat are spread over the grades of one scale.
    spread: SpreadTable,
    map: Option<SalesMap>,
    sales: Vec<ListedSale>,
    /// The address of the page before and after this one.
    before: Option<String>,
    after: Option<String>,
}

/// A column of the table by which it can be sorted.
struct SortedColumn {
    label: &'static str,
    address: String,
    /// For `aria-sort`.
    sorted: Option<&'static str>,
}

/// `GET /sales/browse`.
pub async fn show(request: Request<App>) -> Answer {
    let (asked, mistakes) = Asked::read(&query_pairs(&request));
    let is_right = mistakes.is_empty();
    let page = request.state().read(move |store| -> Result<_, StoreError> {
        let found = if is_right { Some(FoundPage::read(store, &asked)?) } else { None };
        Ok(BrowsePage { has_days: store.has_days_of_sales()?, found, asked, mistakes })
    });
    let status = if is_right { StatusCode::Ok } else { StatusCode::UnprocessableEntity };
    respond(status, &page.await?)
}

impl BrowsePage {
    /// What was entered in a field.
    fn text(&self, name: &str) -> &str {
        self.asked.text(name)
    }

    fn mistake(&self, name: &str) -> Option<&str> {
        self.mistakes.iter().find(|mistake| mistake.field == name).map(|mistake| mistake.message.as_str())
    }

    /// The scales by which sales can be coloured.
    fn scales() -> impl Iterator<Item = &'static Field> {
        FIELDS.iter().filter(|field| !field.is_number())
    }

    fn columns(&self) -> Vec<SortedColumn> {
        let mut columns = vec![
            (marked("Weight"), SaleOrderKey::Carat),
            (marked("Price"), SaleOrderKey::Price),
            (marked("A carat"), SaleOrderKey::PricePerCarat),
            (marked("File and line"), SaleOrderKey::Arrival),
        ];
        if self.has_days {
            columns.push((marked("Sold on"), SaleOrderKey::Day));
        }
        let column = |(label, key)| {
            let is_sorted = self.asked.order.key == key;
            // the same column once more turns the order round
            let is_descending = !(is_sorted && self.asked.order.is_descending);
            let sorted = if self.asked.order.is_descending { "descending" } else { "ascending" };
            SortedColumn {
                label,
                address: self.asked.sorted(SaleOrder { key, is_descending }),
                sorted: is_sorted.then_some(sorted),
            }
        };
        columns.into_iter().map(column).collect()
    }

    fn address_of(sale: &ListedSale) -> String {
        desk::address(&sale.stone, &[], false)
    }

    /// The measures of a stone in one line, as far as they are known: `depth 61.2 %, table 57 %, 4.3 × 4.39 × 2.66 mm`.
    fn measures(sale: &ListedSale) -> String {
        let told = &sale.stone.measurements;
        let (sizes, shares): (Vec<_>, Vec<_>) = told.entries().partition(|(field, _)| field.unit() == "mm");
        let with_label = |(field, value): (&Field, f64)| {
            let label = translate(field.label).to_string().to_lowercase();
            format!("{label} {}", in_figures_of_reader(&field.write(value)))
        };
        let mut parts: Vec<String> = shares.into_iter().map(with_label).collect();
        match sizes.as_slice() {
            [_, _, _] => {
                let sizes = sizes.iter().map(|(_, millimetres)| in_figures_of_reader(&plain(*millimetres)));
                parts.push(format!("{} mm", sizes.collect::<Vec<_>>().join(" × ")));
            }
            _ => parts.extend(sizes.into_iter().map(with_label)),
        }
        parts.join(", ")
    }
}

impl FoundPage {
    /// Whether one of the sales that are shown has a certificate.
    fn has_certificates(&self) -> bool {
        self.sales.iter().any(|sale| !sale.certificate.is_empty())
    }

    fn read(store: &Store, asked: &Asked) -> Result<Self, StoreError> {
        let filter = &asked.filter;
        let found = store.count_found_sales(filter)?;
        let mut facets = Vec::new();
        for scale in BrowsePage::scales() {
            let counted = store.count_found_sales_by_grade(&filter.without(scale), scale)?;
            facets.push(Facet::new(asked, scale, &counted));
        }
        let spread = SpreadTable::new(asked.scale, &store.spread_found_sales_by_grade(filter, asked.scale)?);
        let skipped = (asked.page - 1) * PAGE_LENGTH;
        let sales = store.find_sales(filter, asked.order, PAGE_LENGTH, skipped)?;
        let is_last = found.count <= i64::from(skipped + PAGE_LENGTH) || asked.page >= Asked::LAST_PAGE;
        Ok(Self {
            map: Self::map(store, asked, &found)?,
            before: (asked.page > 1).then(|| asked.on_page(asked.page - 1)),
            after: (!is_last).then(|| asked.on_page(asked.page + 1)),
            found,
            facets,
            spread,
            sales,
        })
    }

    fn map(store: &Store, asked: &Asked, found: &FoundSales) -> Result<Option<SalesMap>, StoreError> {
        let Some((carat, price_usd)) = found.carat.zip(found.price_usd) else { return Ok(None) };
        let grid = SaleGrid { carat, price_usd, cells: GRID };
        if found.count <= i64::from(MAX_DOTS) {
            let by_weight = SaleOrder { key: SaleOrderKey::Carat, is_descending: false };
            let sales = store.find_sales(&asked.filter, by_weight, MAX_DOTS, 0)?;
            return Ok(Some(SalesMap::of_sales(&sales, &grid, asked.scale, BrowsePage::address_of)));
        }
        let cells = store.count_found_sales_by_cell(&asked.filter, &grid, asked.scale)?;
        Ok(Some(SalesMap::of_cells(&cells, &grid, asked.scale, |carat, price| asked.within(carat, price))))
    }

    /// Which of them are on this page, in words.
    fn place(&self, asked: &Asked) -> String {
        let first = i64::from((asked.page - 1) * PAGE_LENGTH);
        let last = first + i64::try_from(self.sales.len()).unwrap_or(i64::MAX);
        say!("{} to {} of {}", count(first + 1), count(last), count(self.found.count))
    }

    /// Whether there are more than pages reach.
    fn is_beyond_reach(&self) -> bool {
        self.found.count > i64::from(Asked::LAST_PAGE * PAGE_LENGTH)
    }

    /// What was found, in a sentence.
    fn words(&self) -> String {
        match (self.found.count, self.found.price_usd) {
            (1, _) => say!("1 sale."),
            (found, Some([least, most])) => {
                let [least, most] = [least, most].map(crate::text::dollars);
                say!("{} sales, which fetched {} to {}.", count(found), least, most)
            }
            (found, None) => say!("{} sales.", count(found)),
        }
    }
}
