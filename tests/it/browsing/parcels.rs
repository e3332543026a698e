//! Parcels.

use headless_chrome::Tab;

use super::{become_phone, browser, enter, evaluate, open, press, tab_to, text, touch, wait_until};
use crate::program::{Server, TestFolder};

/// Types three stones, of which one cannot be read.
fn type_stones(tab: &Tab) {
    for stone in ["1.1 ideal h si2", "0.5 very good e vs1", "0.7 idael g vs2"] {
        tab.type_str(stone).expect("typed");
        press(tab, "Enter", 1);
    }
}

/// What the page of the parcel says, with its total and the row that could not be read.
fn assert_is_priced(tab: &Tab) {
    wait_until(tab, "location.pathname === '/parcels/1001'");
    let page = text(tab, "main");
    assert!(page.contains("Spring") && page.contains("for 2 stones of 1.60 ct together"), "{page}");
    assert!(page.contains("1 row without a price") && page.contains("idael"), "{page}");
}

const PAY_AT_MOST: &str = "document.querySelector('p.limit')?.textContent.startsWith('Do not pay above') ?? false";

#[test]
fn a_parcel_is_priced_sorted_and_bought_by_keyboard_alone() {
    let Some(browser) = browser() else { return };
    let test_folder = TestFolder::trained(600);
    let server = Server::start(&test_folder);
    let tab = browser.new_tab().expect("a tab");
    open(&tab, &server.url("/parcels"));
    tab_to(&tab, "#stones");
    type_stones(&tab);
    tab_to(&tab, "#name");
    tab.type_str("Spring").expect("typed");
    press(&tab, "Enter", 1);
    assert_is_priced(&tab);
    tab_to(&tab, "#margin");
    tab.type_str("30").expect("typed");
    press(&tab, "Enter", 1);
    wait_until(&tab, PAY_AT_MOST);
    open(&tab, &server.url("/parcels/1001"));
    enter(&tab, "thead th:nth-child(3) a");
    wait_until(&tab, "document.querySelector('th:nth-child(3)[aria-sort]') !== null");
    enter(&tab, "tbody a");
    wait_until(&tab, "location.pathname === '/' && document.querySelector('#price') !== null");
}

#[test]
fn a_parcel_is_priced_and_bought_by_touch() {
    let Some(browser) = browser() else { return };
    let test_folder = TestFolder::trained(600);
    let server = Server::start(&test_folder);
    let tab = browser.new_tab().expect("a tab");
    become_phone(&tab);
    open(&tab, &server.url("/parcels"));
    touch(&tab, "#stones");
    type_stones(&tab);
    touch(&tab, "#name");
    tab.type_str("Spring").expect("typed");
    touch(&tab, "main form button");
    assert_is_priced(&tab);
    // the remarks, which come last, are in sight
    let seen =
        "[...document.querySelectorAll('td.remarks')].every(one => one.getBoundingClientRect().right <= innerWidth)";
    assert_eq!(evaluate(&tab, seen), true);
    touch(&tab, "#margin");
    tab.type_str("30").expect("typed");
    touch(&tab, "form.actions button");
    wait_until(&tab, PAY_AT_MOST);
    touch(&tab, "tbody a");
    wait_until(&tab, "location.pathname === '/' && document.querySelector('#price') !== null");
}
