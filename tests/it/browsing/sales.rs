//! Sales: a file is looked at, corrected, taken in and taken back, and sales are found one by one.

use headless_chrome::Tab;

use super::{become_phone, browser, enter, evaluate, open, press, tab_to, text, touch, wait_until};
use crate::program::{Server, TestFolder};

/// Weights are in points, which is asked about; one row cannot go in.
const STOCK: &str = "Weight;Cut Grade;Colour;Clarity;Total Price\n\
                     106;EX;G;VS1;7310\n41;VG;E;SI1;912\n52;VG;E;VS2;1480\n90;VG;E;SI3;3100\n";

fn choose_stock(tab: &Tab, test_folder: &TestFolder) {
    let file = test_folder.write("stock.csv", STOCK);
    tab.wait_for_element("#file").expect("a field").set_input_files(&[&file]).expect("a file");
}

/// What a page says of the file that is not in yet: why it cannot be, and which columns it has.
fn assert_is_asked_about(tab: &Tab) {
    wait_until(tab, "document.querySelector('[role=alert]')?.textContent.includes('in points') ?? false");
    let headers =
        evaluate(tab, "[...document.querySelectorAll('#map-carat option')].map(one => one.textContent).join()");
    assert_eq!(headers, "found by itself,Weight,Cut Grade,Colour,Clarity,Total Price");
}

const READ: &str =
    "document.body.textContent.includes('4 rows: 3 would be new sales, 0 are known, 1 would be rejected')";

#[test]
fn a_file_is_corrected_taken_in_and_taken_back_by_keyboard_alone() {
    let Some(browser) = browser() else { return };
    let test_folder = TestFolder::trained(300);
    let server = Server::start(&test_folder);
    let tab = browser.new_tab().expect("a tab");
    open(&tab, &server.url("/sales"));
    tab_to(&tab, "#file");
    choose_stock(&tab, &test_folder);
    enter(&tab, "main form button");
    assert_is_asked_about(&tab);
    tab_to(&tab, "#unit-carat");
    press(&tab, "ArrowDown", 1);
    assert_eq!(evaluate(&tab, "document.querySelector('#unit-carat').value"), "points");
    enter(&tab, "[name=go][value=look]");
    wait_until(&tab, READ);
    assert_eq!(evaluate(&tab, "document.querySelector('#unit-carat').value"), "points", "what was said stays");
    assert_eq!(test_folder.value("SELECT count(*) FROM batch"), 1, "nothing goes in unseen");
    enter(&tab, "[name=go][value=in]");
    wait_until(&tab, "location.pathname === '/sales/2'");
    assert_eq!(test_folder.value("SELECT max(carat) FROM sale WHERE batch_id = 2"), 1.06);
    assert!(text(&tab, "main").contains("SI3"), "the row that did not go in");
    enter(&tab, "a[href='/sales/browse?batch=2']");
    wait_until(&tab, "location.pathname === '/sales/browse'");
    tab_to(&tab, "[name=color][value=E]");
    press(&tab, " ", 1);
    enter(&tab, "form.facets button");
    wait_until(&tab, "location.search.includes('color=E') && document.body.textContent.includes('2 sales')");
    enter(&tab, "[aria-label='The sales'] thead th:nth-child(2) a");
    wait_until(&tab, "document.querySelector('[aria-sort]')?.textContent.includes('Price') ?? false");
    open(&tab, &server.url("/sales/2"));
    enter(&tab, "details.later summary");
    enter(&tab, "form[action$=undo] button");
    wait_until(&tab, "document.body.textContent.includes('Its sales were removed again')");
    assert_eq!(test_folder.value("SELECT count(*) FROM sale"), 300);
}

#[test]
fn a_file_is_taken_in_and_its_sales_are_found_by_touch() {
    let Some(browser) = browser() else { return };
    let test_folder = TestFolder::trained(300);
    let server = Server::start(&test_folder);
    let tab = browser.new_tab().expect("a tab");
    become_phone(&tab);
    open(&tab, &server.url("/sales"));
    choose_stock(&tab, &test_folder);
    touch(&tab, "main form button");
    assert_is_asked_about(&tab);
    // the list of a select is the phone's own
    evaluate(&tab, "document.querySelector('#unit-carat').value = 'points'");
    touch(&tab, "[name=go][value=look]");
    wait_until(&tab, READ);
    touch(&tab, "[name=go][value=in]");
    wait_until(&tab, "location.pathname === '/sales/2'");
    touch(&tab, "a[href='/sales/browse?batch=2']");
    wait_until(&tab, "location.pathname === '/sales/browse'");
    touch(&tab, "label:has(> [name=color][value=E])");
    touch(&tab, "form.facets button");
    wait_until(&tab, "location.search.includes('color=E') && document.body.textContent.includes('2 sales')");
    // a dot is a stone
    touch(&tab, "svg.sales-map a");
    wait_until(&tab, "location.pathname === '/' && location.search.includes('color=E')");
    open(&tab, &server.url("/sales/2"));
    touch(&tab, "details.later summary");
    touch(&tab, "form[action$=undo] button");
    wait_until(&tab, "document.body.textContent.includes('Its sales were removed again')");
}
