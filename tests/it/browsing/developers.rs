//! The pages for developers: the log and the documentation; and who comes in.

use serde_json::json;

use super::{become_phone, browser, evaluate, open, press, set_size, text, touch, type_into, wait_until};
use crate::program::{Server, TestFolder};

#[test]
fn the_log_is_filtered_by_a_form() {
    let Some(browser) = browser() else { return };
    let test_folder = TestFolder::trained(300);
    let server = Server::start(&test_folder);
    for carat in [1.0, 1.1, -1.0] {
        server.post("/v1/predictions", &json!({"carat": carat, "cut": "Ideal", "color": "H", "clarity": "SI2"}));
    }
    let tab = browser.new_tab().expect("a tab");
    open(&tab, &server.url("/requests"));
    let rows = "document.querySelectorAll('table.log tbody tr').length";
    assert_eq!(evaluate(&tab, rows), 3);
    tab.find_element("#status").expect("a field").click().expect("clicked");
    tab.type_str("422").expect("typed");
    press(&tab, "Enter", 1);
    wait_until(&tab, &format!("{rows} === 1 && location.search.includes('status=422')"));
    tab.wait_for_element("table.log a").expect("a link").click().expect("clicked");
    wait_until(&tab, "document.body.textContent.includes('must be above 0')");
}

#[test]
fn the_log_is_filtered_and_a_request_is_opened_by_touch() {
    let Some(browser) = browser() else { return };
    let test_folder = TestFolder::trained(300);
    let server = Server::start(&test_folder);
    for carat in [1.0, -1.0] {
        server.post("/v1/predictions", &json!({"carat": carat, "cut": "Ideal", "color": "H", "clarity": "SI2"}));
    }
    let tab = browser.new_tab().expect("a tab");
    become_phone(&tab);
    open(&tab, &server.url("/requests"));
    touch(&tab, "#status");
    tab.type_str("200").expect("typed");
    touch(&tab, "form.filter button");
    wait_until(
        &tab,
        "location.search.includes('status=200') && document.querySelectorAll('table.log tbody tr').length === 1",
    );
    touch(&tab, "table.log a");
    wait_until(&tab, "location.pathname.startsWith('/requests/') && document.body.textContent.includes('price_usd')");
    // the menu opens by touch, and the documentation is there
    touch(&tab, ".menu summary");
    touch(&tab, ".menu a[href='/docs']");
    wait_until(&tab, "location.pathname === '/docs'");
}

#[test]
fn a_developer_tries_a_request_with_a_key() {
    let Some(browser) = browser() else { return };
    let test_folder = TestFolder::trained(300);
    let key = test_folder.json(&["keys", "create", "--role", "price", "--name", "shop"])["key"].clone();
    let server = Server::start(&test_folder);
    let tab = browser.new_tab().expect("a tab");
    open(&tab, &server.url("/docs"));
    let key = key.as_str().expect("text");
    type_into(&tab, "#key", key);
    press(&tab, "Enter", 1);
    wait_until(&tab, "location.pathname === '/docs' && document.getElementById('try')?.hidden === false");
    // a script that asks without a key is refused, whoever is logged in may type one
    let send = "document.querySelector('#try button').click()";
    type_into(&tab, "#try-key", "diamonds_wrong");
    evaluate(&tab, send);
    wait_until(&tab, "document.getElementById('try-status').textContent.startsWith('401')");
    evaluate(&tab, "document.getElementById('try-key').value = ''");
    type_into(&tab, "#try-key", key);
    evaluate(&tab, send);
    wait_until(&tab, "document.getElementById('try-status').textContent.startsWith('200')");
    assert!(text(&tab, "#try-answer").contains("\"price_usd\""));
    // one language shows at a time, by keyboard too
    let shown = "[...document.querySelectorAll('.tab')].filter(tab => tab.offsetHeight > 0).map(tab => tab.id).join()";
    assert_eq!(evaluate(&tab, shown), "step-1");
    evaluate(&tab, "document.getElementById('language-1').focus()");
    press(&tab, "ArrowRight", 1);
    assert_eq!(evaluate(&tab, shown), "step-2");
}

#[test]
fn somebody_logs_in_reads_and_logs_out() {
    let Some(browser) = browser() else { return };
    let test_folder = TestFolder::trained(300);
    let key = test_folder.json(&["keys", "create", "--role", "read", "--name", "anna"])["key"].clone();
    let server = Server::start(&test_folder);
    let tab = browser.new_tab().expect("a tab");
    open(&tab, &server.url("/models"));
    let log_in = |key: &str| {
        tab.wait_for_element("#key").expect("the field").click().expect("in it");
        tab.type_str(key).expect("typed");
        tab.press_key("Enter").expect("sent");
    };
    log_in("diamonds_wrong");
    wait_until(&tab, "document.body.innerText.includes('not known here')");
    log_in(key.as_str().expect("text"));
    wait_until(
        &tab,
        "location.pathname === '/models' && document.querySelector('.caller')?.innerText.includes('anna')",
    );
    assert_eq!(evaluate(&tab, "document.cookie"), "", "no script reads the session");
    evaluate(&tab, "document.querySelector('.caller button').click()");
    wait_until(&tab, "location.pathname === '/login' && document.querySelector('#key') !== null");
    open(&tab, &server.url("/models"));
    assert_eq!(evaluate(&tab, "location.pathname"), "/login");
    for (width, height) in [(390, 844), (1_280, 900)] {
        set_size(&tab, width, height);
        assert_eq!(evaluate(&tab, "document.documentElement.scrollWidth <= innerWidth"), true, "{width}");
    }
}
