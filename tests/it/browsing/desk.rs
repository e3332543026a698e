//! The desk, where a stone is priced.

use headless_chrome::protocol::cdp::Emulation;
use serde_json::json;

use super::{
    PRICED, become_phone, browser, evaluate, open, prefer, press, set_size, tab_to, text, touch, type_into, wait_until,
};
use crate::program::{Server, TestFolder};

#[test]
fn a_stone_is_priced_by_keyboard_alone() {
    let Some(browser) = browser() else { return };
    let test_folder = TestFolder::trained(1_500);
    let server = Server::start(&test_folder);
    let tab = browser.new_tab().expect("a tab");
    open(&tab, &server.url("/"));
    // the weight is where one begins
    wait_until(&tab, "document.activeElement.name === 'carat'");
    tab.type_str("1.1").expect("typed");
    tab_to(&tab, "[name=cut]");
    press(&tab, " ", 1);
    tab_to(&tab, "[name=color]");
    press(&tab, " ", 1);
    press(&tab, "ArrowRight", 4);
    tab_to(&tab, "[name=clarity]");
    press(&tab, " ", 1);
    press(&tab, "ArrowRight", 6);
    press(&tab, "Enter", 1);
    assert!(text(&tab, "#price").starts_with('$'));
    let said = text(&tab, ".answer");
    assert!(said.contains("for 1.1 ct, Ideal cut, colour H, clarity SI2"), "{said}");
    assert!(said.contains("Nine in ten stones like it fetch"), "{said}");
    assert_eq!(test_folder.value("SELECT count(*) FROM request WHERE path = '/'"), 1);
}

#[test]
fn a_stone_is_priced_by_touch_on_a_phone_with_its_price_in_sight() {
    let Some(browser) = browser() else { return };
    let test_folder = TestFolder::trained(600);
    let server = Server::start(&test_folder);
    let tab = browser.new_tab().expect("a tab");
    become_phone(&tab);
    open(&tab, &server.url("/"));
    touch(&tab, "#carat");
    tab.type_str("1,1").expect("typed");
    for (scale, grade) in [("cut", "Ideal"), ("color", "H"), ("clarity", "SI2")] {
        touch(&tab, &format!("label:has(> [name={scale}][value={grade}])"));
    }
    wait_until(&tab, "document.querySelector('.price-bar strong')?.textContent.startsWith('$') ?? false");
    let in_sight = "(() => { const box = document.querySelector('.price-bar').getBoundingClientRect();\
                    return box.height > 0 && box.top >= 0 && box.bottom <= innerHeight + 1 })()";
    wait_until(&tab, in_sight);
    // it stays in sight while somebody goes on to the measures
    touch(&tab, "#stone-form summary");
    wait_until(&tab, in_sight);
    // fingers need room
    let small = "[...document.querySelectorAll('.choices span, #stone-form button')].filter(one => one.getBoundingClientRect().height < 24).length";
    assert_eq!(evaluate(&tab, small), 0);
    touch(&tab, ".quote-form button");
    wait_until(&tab, "location.pathname === '/quotes/1001'");
}

#[test]
fn forced_colours_show_the_chosen_grade_and_print_says_what_was_chosen_on_one_page() {
    let Some(browser) = browser() else { return };
    let test_folder = TestFolder::trained(600);
    let server = Server::start(&test_folder);
    let tab = browser.new_tab().expect("a tab");
    prefer(&tab, "forced");
    open(&tab, &server.url(PRICED));
    let colour = |grade: &str| {
        let script =
            format!("getComputedStyle(document.querySelector('[name=color][value={grade}] + span')).backgroundColor");
        evaluate(&tab, &script)
    };
    assert_ne!(colour("H"), colour("G"));
    assert_eq!(colour("F"), colour("G"));
    let pdf = tab.print_to_pdf(None).expect("a print");
    assert!(String::from_utf8_lossy(&pdf).contains("/Count 1"), "more than one page");
    tab.call_method(Emulation::SetEmulatedMedia { media: Some("print".to_owned()), features: None }).expect("print");
    let printed = text(&tab, "main");
    assert!(
        printed.contains("for 1.1 ct, Ideal cut, colour H, clarity SI2") && !printed.contains("Quote this"),
        "{printed}"
    );
}

#[test]
fn a_mistake_is_marked_at_its_field_and_corrected() {
    let Some(browser) = browser() else { return };
    let test_folder = TestFolder::trained(300);
    let server = Server::start(&test_folder);
    let tab = browser.new_tab().expect("a tab");
    open(&tab, &server.url("/?carat=-1&cut=Ideal&color=H&clarity=SI2"));
    assert_eq!(text(&tab, "#carat-error"), "Weight must be above 0");
    assert_eq!(evaluate(&tab, "document.getElementById('carat').value"), "-1", "what was typed is kept");
    assert_eq!(evaluate(&tab, "document.querySelector('[name=color]:checked').value"), "H");
    evaluate(&tab, "document.getElementById('carat').value = ''");
    tab.find_element("#carat").expect("the field").click().expect("clicked");
    tab.type_str("1.1").expect("typed");
    press(&tab, "Enter", 1);
    assert!(text(&tab, "#price").starts_with('$'));
}

#[test]
fn the_price_follows_what_is_typed_and_makes_no_quote() {
    let Some(browser) = browser() else { return };
    let test_folder = TestFolder::trained(600);
    let server = Server::start(&test_folder);
    let tab = browser.new_tab().expect("a tab");
    set_size(&tab, 1_280, 900);
    open(&tab, &server.url("/"));
    wait_until(&tab, "document.activeElement.id === 'carat'");
    type_into(&tab, "#stone", "1,1 ideal h si2 6.61-6.65x4.11");
    wait_until(&tab, "document.querySelector('#price')?.textContent.startsWith('$') ?? false");
    // the form shows what was understood, and so does the address
    wait_until(&tab, "document.getElementById('z').value === '4.11'");
    assert_eq!(evaluate(&tab, "document.querySelector('[name=color]:checked').value"), "H");
    assert_eq!(evaluate(&tab, "location.search"), "?carat=1.1&cut=Ideal&color=H&clarity=SI2&x=6.61&y=6.65&z=4.11");
    // the answer stands beside the form, and is in sight
    let beside = "(() => { const [form, answer] = ['stone-form', 'answer'].map(id => document.getElementById(id).getBoundingClientRect());\
                  return answer.left >= form.right && answer.top < innerHeight })()";
    assert_eq!(evaluate(&tab, beside), true);
    let before = text(&tab, "#price");
    evaluate(&tab, "document.querySelector('[name=color][value=D]').click()");
    wait_until(&tab, &format!("document.querySelector('#price').textContent !== '{before}'"));
    assert_eq!(evaluate(&tab, "document.getElementById('stone').value"), "", "a field goes before the line");
    // measurements that contradict the weight are told while they are typed
    evaluate(&tab, "document.getElementById('z').value = ''");
    type_into(&tab, "#z", "8");
    wait_until(
        &tab,
        "document.querySelector('.notice')?.textContent.includes('would be about 2.15 ct, not 1.1 ct') ?? false",
    );
    // what is typed beside the price stays when the stone changes, also over a while without a price
    tab.wait_for_element(".quote-form summary").expect("a section").click().expect("open");
    type_into(&tab, "#customer", "Anna Bianchi");
    evaluate(&tab, "document.getElementById('carat').value = ''");
    type_into(&tab, "#carat", "a");
    wait_until(&tab, "document.querySelector('#price') === null");
    press(&tab, "Backspace", 1);
    tab.type_str("1.1").expect("typed");
    wait_until(&tab, "document.querySelector('#customer')?.value === 'Anna Bianchi'");
    assert_eq!(evaluate(&tab, "document.querySelector('.quote-form details').open"), true);
    // a step is a link to its stone
    let step = evaluate(&tab, "document.querySelector('.answer table a').getAttribute('href')");
    assert!(step.as_str().expect("an address").starts_with("/?carat=1&cut=Ideal"), "{step}");
    assert_eq!(test_folder.value("SELECT count(*) FROM prediction"), 0);
    assert!(test_folder.value("SELECT count(*) FROM request WHERE path = '/answer'").as_i64() > Some(3));
    let listed = server.get("/v1/requests").json();
    assert_eq!(listed["requests"], json!([]), "live questions stand apart");
    let live = server.get("/v1/requests?path=/answer&limit=1").json();
    assert_eq!(live["requests"][0]["path"], "/answer", "{live}");
}

#[test]
fn the_margin_shows_while_its_section_is_open_and_is_nowhere_else() {
    let Some(browser) = browser() else { return };
    let test_folder = TestFolder::trained(600);
    let server = Server::start(&test_folder);
    let tab = browser.new_tab().expect("a tab");
    open(&tab, &server.url(PRICED));
    tab.wait_for_element("#buyer-form summary").expect("a section").click().expect("open");
    type_into(&tab, "#margin", "37");
    type_into(&tab, "#asking", "$4.123");
    wait_until(&tab, "document.querySelector('p.limit')?.textContent.includes('which leaves you 37 %') ?? false");
    wait_until(&tab, "document.querySelector('.answer').textContent.includes('$4,123 is')");
    assert_eq!(evaluate(&tab, "location.search.includes('37')"), false);
    // closed, it is gone from the answer
    tab.wait_for_element("#buyer-form summary").expect("a section").click().expect("closed");
    wait_until(&tab, "document.querySelector('p.limit') === null");
    // it is there for the next stone
    open(&tab, &server.url("/"));
    wait_until(&tab, "document.getElementById('margin').value === '37'");
    // without a script, a button asks
    let fields = [("stone", "1.1 ideal h si2"), ("margin", "37"), ("asking", "4123")];
    assert!(server.post_form("/", &fields).body.contains("which leaves you 37 %"));
    let logged = test_folder.value(
        "SELECT count(*) FROM request WHERE concat_ws(' ', query, request_body) LIKE '%margin%' \
         OR concat_ws(' ', query, request_body) LIKE '%4123%'",
    );
    assert!(test_folder.value("SELECT count(*) FROM request").as_i64() > Some(3));
    assert_eq!(logged, 0, "neither margin nor asking price is in the log");
}

#[test]
fn stones_are_pinned_and_a_customer_sees_nothing_of_the_buyer() {
    let Some(browser) = browser() else { return };
    let test_folder = TestFolder::trained(600);
    let server = Server::start(&test_folder);
    let tab = browser.new_tab().expect("a tab");
    open(&tab, &server.url(PRICED));
    evaluate(
        &tab,
        "[...document.querySelectorAll('.answer a')].find(one => one.textContent === 'Pin this stone').click()",
    );
    wait_until(&tab, "document.querySelectorAll('.pinned thead a').length === 1");
    evaluate(&tab, "document.querySelector('[name=color][value=E]').click()");
    wait_until(&tab, "location.search.includes('color=E')");
    evaluate(
        &tab,
        "[...document.querySelectorAll('.answer a')].find(one => one.textContent === 'Pin this stone').click()",
    );
    wait_until(&tab, "document.querySelectorAll('.pinned thead a').length === 2");
    let differing = "[...document.querySelectorAll('.pinned tr')].filter(row => row.querySelector('.differs')).map(row => row.firstElementChild.textContent)[0]";
    assert_eq!(evaluate(&tab, differing), "Colour");
    evaluate(&tab, "document.querySelector('[name=view]').click()");
    wait_until(&tab, "location.search.includes('view=customer') && document.querySelector('#buyer-form') === null");
    let said = text(&tab, "main");
    assert!(!said.contains("model") && !said.contains("Do not pay"), "{said}");
    assert_eq!(evaluate(&tab, "document.querySelectorAll('.pinned thead a').length"), 2);
}
