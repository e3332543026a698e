//! Training, up to the model that answers.

use headless_chrome::Tab;

use super::{become_phone, browser, enter, evaluate, open, press, tab_to, touch, wait_until};
use crate::program::{Server, TestFolder};

/// The training has ended, with a model.
const JUDGED: &str =
    "['A new model answers', 'The champion stays'].includes(document.querySelector('#last')?.textContent.trim())";
const PROMOTED: &str = "document.querySelector('[role=status]')?.textContent.includes('3') ?? false";

/// Every family but the quickest.
fn other_families(tab: &Tab) -> Vec<String> {
    let boxes = "[...document.querySelectorAll('[name=family][type=checkbox]:not([value=linear])')]";
    let names = evaluate(tab, &format!("JSON.stringify({boxes}.map(one => one.value))"));
    serde_json::from_str(names.as_str().expect("text")).expect("names")
}

#[test]
fn a_model_is_trained_compared_and_promoted_by_keyboard_alone() {
    let Some(browser) = browser() else { return };
    let test_folder = TestFolder::trained(400);
    let server = Server::start(&test_folder);
    let tab = browser.new_tab().expect("a tab");
    open(&tab, &server.url("/training"));
    for family in other_families(&tab) {
        tab_to(&tab, &format!("[name=family][value={family}]"));
        press(&tab, " ", 1);
    }
    enter(&tab, "main form button");
    wait_until(&tab, JUDGED);
    assert_eq!(evaluate(&tab, "document.querySelectorAll('main tbody tr').length"), 1);
    enter(&tab, "a[href^='/models/compare']");
    wait_until(&tab, "location.pathname === '/models/compare'");
    enter(&tab, "a[href='/models/3/promote']");
    wait_until(&tab, "location.pathname === '/models/3/promote'");
    assert_eq!(server.get("/health").json()["model"]["id"], 2, "looking changes nothing");
    enter(&tab, "form[action='/models/3/promote'] button");
    wait_until(&tab, PROMOTED);
    assert_eq!(server.get("/health").json()["model"]["id"], 3);
}

#[test]
fn a_model_is_trained_stopped_and_promoted_by_touch() {
    let Some(browser) = browser() else { return };
    let test_folder = TestFolder::trained(400);
    let server = Server::start(&test_folder);
    let tab = browser.new_tab().expect("a tab");
    become_phone(&tab);
    open(&tab, &server.url("/training"));
    for family in other_families(&tab) {
        touch(&tab, &format!("label:has(> [name=family][value={family}])"));
    }
    touch(&tab, "main form button");
    wait_until(&tab, JUDGED);
    touch(&tab, "a[href^='/models/compare']");
    wait_until(&tab, "location.pathname === '/models/compare'");
    touch(&tab, "a[href='/models/3/promote']");
    wait_until(&tab, "location.pathname === '/models/3/promote'");
    touch(&tab, "form[action='/models/3/promote'] button");
    wait_until(&tab, PROMOTED);
    // a long search shows its progress and is stopped
    open(&tab, &server.url("/training"));
    touch(&tab, "main form button");
    wait_until(&tab, "document.querySelector('[action$=stop] button') !== null");
    touch(&tab, "[action$=stop] button");
    wait_until(&tab, "document.querySelector('#last') !== null && document.querySelector('#training') === null");
}
