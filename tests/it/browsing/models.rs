//! Models.

use super::{browser, open, wait_until};
use crate::program::{Server, TestFolder};

#[test]
fn a_model_is_promoted_and_rolled_back_by_buttons() {
    let Some(browser) = browser() else { return };
    let test_folder = TestFolder::trained(300);
    let server = Server::start(&test_folder);
    let tab = browser.new_tab().expect("a tab");
    open(&tab, &server.url("/models"));
    // what would change is shown first, and nothing is changed by looking
    tab.wait_for_element("a[href='/models/1/promote']").expect("a link").click().expect("clicked");
    wait_until(&tab, "location.pathname === '/models/1/promote'");
    assert_eq!(server.get("/health").json()["model"]["id"], 2);
    tab.wait_for_element("form[action='/models/1/promote'] button").expect("a button").click().expect("clicked");
    wait_until(&tab, "document.querySelector('[role=status]')?.textContent.includes('1') ?? false");
    assert_eq!(server.get("/health").json()["model"]["id"], 1);
    tab.wait_for_element("a[href='/models/rollback']").expect("a link").click().expect("clicked");
    tab.wait_for_element("form[action='/models/rollback'] button").expect("a button").click().expect("clicked");
    wait_until(&tab, "document.querySelector('[role=status]')?.textContent.includes('2') ?? false");
    assert_eq!(server.get("/health").json()["model"]["id"], 2);
}
