//! Quotes.

use super::{PRICED, become_phone, browser, enter, evaluate, open, press, tab_to, text, touch, type_into, wait_until};
use crate::program::{Server, TestFolder};

#[test]
fn a_quote_prints_on_one_page_and_stays_as_it_was() {
    let Some(browser) = browser() else { return };
    let test_folder = TestFolder::trained(600);
    let server = Server::start(&test_folder);
    let tab = browser.new_tab().expect("a tab");
    open(&tab, &server.url(PRICED));
    let price = text(&tab, "#price");
    tab.wait_for_element(".quote-form button").expect("a button").click().expect("clicked");
    assert_eq!(text(&tab, ".quote h2"), price);
    assert_eq!(evaluate(&tab, "location.pathname"), "/quotes/1001");
    let address = tab.get_url();
    // somebody may look on: what is for the shop is folded
    assert_eq!(evaluate(&tab, "document.querySelector('.inner details').open"), false);
    open(&tab, &format!("{address}?view=customer"));
    let quote = text(&tab, "main");
    assert!(quote.contains("Quote Q-1001") && !quote.to_lowercase().contains("model"), "{quote}");
    let pdf = tab.print_to_pdf(None).expect("a print");
    let pages = pdf.windows(11).filter(|window| window.starts_with(b"/Type /Page") && window[10] != b's').count();
    let count = String::from_utf8_lossy(&pdf).matches("/Count 1").count();
    assert!(count == 1 || pages == 1, "{pages} pages");
    test_folder.succeed(&["retrain", "--family", "linear", "--promote", "always"]);
    open(&tab, &format!("{address}?view=customer"));
    assert_eq!(text(&tab, "main"), quote);
    // the same stone has another price today, as another quote
    open(&tab, &address);
    evaluate(&tab, "document.querySelector('[action$=reprice] button').click()");
    wait_until(&tab, "location.pathname === '/quotes/1002' && document.querySelector('.inner') !== null");
    tab.wait_for_element(".inner summary").expect("a section").click().expect("open");
    assert!(text(&tab, ".inner").contains("It prices Q-1001 again"));
    type_into(&tab, "#price_usd", "$4.800");
    press(&tab, "Enter", 1);
    wait_until(&tab, "document.querySelector('.inner')?.textContent.includes('Sold for $4,800') ?? false");
    assert_eq!(test_folder.value("SELECT max(price_usd) FROM outcome"), 4_800.0);
}

/// A quote has been sold, and is shared.
const SOLD: &str = "document.querySelector('.inner')?.textContent.includes('Sold for $4,800') ?? false";
const SHARED: &str = "document.querySelector('.inner .address a')?.href.includes('/shared/') ?? false";

#[test]
fn a_quote_is_made_shared_sold_and_found_by_keyboard_alone() {
    let Some(browser) = browser() else { return };
    let test_folder = TestFolder::trained(600);
    let server = Server::start(&test_folder);
    let tab = browser.new_tab().expect("a tab");
    open(&tab, &server.url(PRICED));
    enter(&tab, ".quote-form summary");
    tab_to(&tab, "#customer");
    tab.type_str("Anna Bianchi").expect("typed");
    enter(&tab, ".quote-form button");
    wait_until(&tab, "location.pathname === '/quotes/1001'");
    enter(&tab, ".inner summary");
    enter(&tab, "form[action$='/share'] button");
    wait_until(&tab, SHARED);
    open(&tab, &server.url("/quotes/1001?view=shop"));
    tab_to(&tab, "#price_usd");
    tab.type_str("4800").expect("typed");
    press(&tab, "Enter", 1);
    wait_until(&tab, SOLD);
    open(&tab, &server.url("/quotes"));
    tab_to(&tab, "#text");
    tab.type_str("bianchi").expect("typed");
    press(&tab, "Enter", 1);
    wait_until(&tab, "location.search.includes('text=bianchi')");
    enter(&tab, "tbody a");
    wait_until(&tab, "location.pathname === '/quotes/1001'");
}

#[test]
fn a_quote_is_shared_and_sold_by_touch() {
    let Some(browser) = browser() else { return };
    let test_folder = TestFolder::trained(600);
    let server = Server::start(&test_folder);
    let tab = browser.new_tab().expect("a tab");
    become_phone(&tab);
    open(&tab, &server.url(PRICED));
    touch(&tab, ".quote-form button");
    wait_until(&tab, "location.pathname === '/quotes/1001'");
    touch(&tab, ".inner summary");
    touch(&tab, "form[action$='/share'] button");
    wait_until(&tab, SHARED);
    open(&tab, &server.url("/quotes/1001?view=shop"));
    touch(&tab, "#price_usd");
    tab.type_str("4800").expect("typed");
    touch(&tab, "form[action$='/outcome'] button");
    wait_until(&tab, SOLD);
}
