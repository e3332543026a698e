//! The pages as people use them, in headless Chromium. Where there is none, these tests say so and pass.
//!
//! Pictures of every page at two widths, and in the dark, are put into `tmp/screenshots` of Cargo's target folder; with `PICTURES=all` at four
//! widths, and in forced colours. If `AXE` names the file `axe.min.js` of axe-core, every page must pass its rules too.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use headless_chrome::protocol::cdp::{Emulation, Input, Page};
use headless_chrome::{Browser, LaunchOptions, Tab};
use serde_json::{Value, json};

use crate::program::{Server, TestFolder};
use crate::skipping::skip;

/// A browser, if this machine has one.
fn browser() -> Option<Browser> {
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let folders: Vec<PathBuf> = std::env::var_os("PATH").iter().flat_map(std::env::split_paths).collect();
    let path = folders.iter().flat_map(|folder| names.map(|name| folder.join(name))).find(|path| path.exists());
    let Some(path) = path else {
        skip("no chromium");
        return None;
    };
    let options = LaunchOptions {
        path: Some(path),
        // it does not start as root otherwise, and all that it sees is ours
        sandbox: false,
        idle_browser_timeout: Duration::from_secs(120),
        ..LaunchOptions::default()
    };
    Some(Browser::new(options).expect("a browser"))
}

/// What a script in the page gives.
fn evaluate(tab: &Tab, script: &str) -> Value {
    tab.evaluate(script, false).expect("a script").value.unwrap_or_default()
}

fn text(tab: &Tab, selector: &str) -> String {
    tab.wait_for_element(selector).expect(selector).get_inner_text().expect("text")
}

fn open(tab: &Tab, url: &str) {
    tab.navigate_to(url).expect("an address").wait_until_navigated().expect("a page");
}

/// Makes the tab show a page in a window of that size.
fn set_size(tab: &Tab, width: u32, height: u32) {
    tab.call_method(Emulation::SetDeviceMetricsOverride {
        width,
        height,
        device_scale_factor: 1.0,
        mobile: width < 500,
        scale: None,
        screen_width: None,
        screen_height: None,
        position_x: None,
        position_y: None,
        dont_set_visible_size: None,
        screen_orientation: None,
        viewport: None,
        display_feature: None,
        device_posture: None,
    })
    .expect("a width");
}

/// Presses Tab until the field of that name has the focus.
fn tab_to(tab: &Tab, name: &str) {
    for _ in 0..20 {
        tab.press_key("Tab").expect("a key");
        if evaluate(tab, "document.activeElement.name ?? ''") == name {
            return;
        }
    }
    panic!("no way to {name} by keyboard");
}

fn press(tab: &Tab, key: &str, times: usize) {
    for _ in 0..times {
        tab.press_key(key).expect("a key");
    }
}

/// Waits until `script` is true in the page, also while it changes.
fn wait_until(tab: &Tab, script: &str) {
    let started = Instant::now();
    while tab.evaluate(script, false).ok().and_then(|found| found.value) != Some(json!(true)) {
        assert!(started.elapsed() < Duration::from_secs(30), "waited in vain until {script}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// What axe-core finds serious about a page; nothing, if it is not there.
fn serious_violations(tab: &Tab) -> Value {
    let Some(path) = std::env::var_os("AXE") else { return json!([]) };
    evaluate(tab, &std::fs::read_to_string(path).expect("axe-core"));
    let script = "axe.run().then(found => JSON.stringify(found.violations.filter(one => ['serious', 'critical'].includes(one.impact))\
                  .map(one => [one.id, one.nodes.map(node => node.html.slice(0, 200) + ' ' + node.failureSummary)])))";
    let found = tab.evaluate(script, true).expect("axe runs").value.expect("a list");
    serde_json::from_str(found.as_str().expect("text")).expect("JSON")
}

/// The views of which pictures are taken: a width, and a scheme of colours.
fn views() -> Vec<(u32, &'static str)> {
    let mut views = vec![(360, "light"), (1_280, "light"), (1_280, "dark")];
    if std::env::var("PICTURES").is_ok_and(|wanted| wanted == "all") {
        views.extend([(768, "light"), (1_920, "light"), (1_280, "forced")]);
    }
    views
}

/// Makes the tab show pages in a scheme of colours.
fn prefer(tab: &Tab, scheme: &str) {
    let feature = match scheme {
        "forced" => ("forced-colors", "active"),
        scheme => ("prefers-color-scheme", scheme),
    };
    let feature = Emulation::MediaFeature { name: feature.0.to_owned(), value: feature.1.to_owned() };
    tab.call_method(Emulation::SetEmulatedMedia { media: None, features: Some(vec![feature]) }).expect("a scheme");
}

/// By how much parts of the page have moved since it began to load (Cumulative Layout Shift).
const LAYOUT_SHIFT: &str = "new Promise(done => {\
    let sum = 0;\
    new PerformanceObserver(list => list.getEntries().forEach(entry => sum += entry.value))\
        .observe({ type: 'layout-shift', buffered: true });\
    setTimeout(() => done(sum), 50);\
})";

/// Touches the middle of an element, as a finger does.
fn touch(tab: &Tab, selector: &str) {
    tab.wait_for_element(selector).expect(selector);
    let place = format!(
        "(() => {{ const one = document.querySelector({selector:?}); one.scrollIntoView({{ block: 'center', behavior: 'instant' }});\
         const box = one.getBoundingClientRect(); return JSON.stringify({{ x: box.x + box.width / 2, y: box.y + box.height / 2 }}) }})()"
    );
    let place: Value = serde_json::from_str(evaluate(tab, &place).as_str().expect("a place")).expect("JSON");
    let point: Input::TouchPoint = serde_json::from_value(place).expect("a point");
    for (kind, points) in [
        (Input::DispatchTouchEventTypeOption::TouchStart, vec![point]),
        (Input::DispatchTouchEventTypeOption::TouchEnd, Vec::new()),
    ] {
        tab.call_method(Input::DispatchTouchEvent {
            Type: kind,
            touch_points: points,
            modifiers: None,
            timestamp: None,
        })
        .expect("a touch");
    }
}

const PRICED: &str = "/?carat=1.1&cut=Ideal&color=H&clarity=SI2";

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
    tab_to(&tab, "cut");
    press(&tab, " ", 1);
    tab_to(&tab, "color");
    press(&tab, " ", 1);
    press(&tab, "ArrowRight", 4);
    tab_to(&tab, "clarity");
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
    set_size(&tab, 360, 740);
    tab.call_method(Emulation::SetTouchEmulationEnabled { enabled: true, max_touch_points: Some(1) }).expect("touch");
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

/// Types into a field.
fn type_into(tab: &Tab, selector: &str, typed: &str) {
    tab.wait_for_element(selector).expect(selector).click().expect("clicked");
    tab.type_str(typed).expect("typed");
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

#[test]
fn pages_load_nothing_from_elsewhere_and_break_no_rule_of_their_own() {
    let Some(browser) = browser() else { return };
    let test_folder = TestFolder::trained(600);
    let stock = "Weight;Cut Grade;Colour;Clarity;Total Price;Shape;Remarks for the back office\n\
                 1,06;EX;G;VS1;$7.310;Round;kept in the safe\n0,41;VG;E;SI1;912;Round;\n0,9;VG;E;SI3;3.100;Pear;\n";
    test_folder.succeed(&["ingest", &test_folder.write("a stock list with a long name.csv", stock)]);
    let server = Server::start(&test_folder);
    let priced = server
        .post("/v1/predictions?explain=true", &json!({"carat": 1.1, "cut": "Ideal", "color": "H", "clarity": "SI2"}))
        .json();
    let prediction = format!("/predictions/{}", priced["id"].as_str().expect("an id"));
    let address = "Via Roma 7\n20121 Milano";
    test_folder.succeed(&[
        "shop",
        "set",
        "--name",
        "Rossi & Figli",
        "--address",
        address,
        "--currency",
        "EUR",
        "--rate",
        "0.92",
    ]);
    server.post_form(
        "/quotes",
        &[("stone", "1.1 ideal H SI2"), ("customer", "Anna Bianchi"), ("certificate", "2141438167")],
    );
    let parcel = "1.1 ideal H SI2\n0.5 very good E VS1\n40 ideal H SI2\n0.7 idael G VS2";
    server.post_form("/parcels", &[("stones", parcel), ("name", "Spring")]);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("screenshots");
    std::fs::create_dir_all(&folder).expect("a folder");
    let request = format!("/requests/{}", priced["id"].as_str().expect("an id"));
    for (name, path) in [
        ("price", "/"),
        ("priced", PRICED),
        ("pinned", "/?carat=1.1&cut=Ideal&color=H&clarity=SI2&pin=1.05+Ideal+G+SI2&pin=1.1+Premium+H+SI2+table+57"),
        ("customer", "/?carat=1.1&cut=Ideal&color=H&clarity=SI2&view=customer"),
        ("outside", "/?carat=40&cut=Ideal&color=H&clarity=SI2"),
        ("prediction", prediction.as_str()),
        ("quotes", "/quotes"),
        ("quote", "/quotes/1001"),
        ("shop", "/shop"),
        ("parcels", "/parcels"),
        ("parcel", "/parcels/1001"),
        ("quote-of-shop", "/quotes/1001?view=shop"),
        ("quote-of-customer", "/quotes/1001?view=customer"),
        ("mistake", "/?carat=-1"),
        ("price-list", "/price-list?compare=1"),
        ("models", "/models"),
        ("model", "/models/2"),
        ("comparison", "/models/compare?a=1&b=2"),
        ("promotion", "/models/1/promote"),
        ("requests", "/requests"),
        ("request", &request),
        ("sales", "/sales"),
        ("browse", "/sales/browse"),
        ("browse-dots", "/sales/browse?color=D&by=clarity&sort=-price"),
        ("training", "/training"),
        ("batch", "/sales/2"),
        ("docs", "/docs"),
        ("missing", "/nowhere"),
    ] {
        for (width, scheme) in views() {
            let tab = browser.new_tab().expect("a tab");
            tab.enable_log().expect("a log");
            set_size(&tab, width, 800);
            prefer(&tab, scheme);
            open(&tab, &server.url(path));
            let shift = tab.evaluate(LAYOUT_SHIFT, true).expect("a script").value.and_then(|shift| shift.as_f64());
            assert!(shift < Some(0.1), "{path} moves while it loads: {shift:?}");
            let overflow =
                evaluate(&tab, "document.documentElement.scrollWidth - document.documentElement.clientWidth");
            assert_eq!(overflow, 0, "{path} is wider than {width} pixels");
            let foreign = evaluate(
                &tab,
                "performance.getEntriesByType('resource').filter(one => !one.name.startsWith(location.origin)).length",
            );
            assert_eq!(foreign, 0, "{path}");
            let inline = evaluate(&tab, "document.querySelectorAll('[style], style, script:not([src])').length");
            assert_eq!(inline, 0, "{path}");
            let nameless = evaluate(
                &tab,
                "[...document.querySelectorAll('input, select, textarea')].filter(one => !one.labels?.length && !one.ariaLabel && one.type !== 'hidden').length",
            );
            assert_eq!(nameless, 0, "{path}: fields without a label");
            assert_eq!(evaluate(&tab, "document.querySelectorAll('h1').length"), 1, "{path}");
            assert_eq!(serious_violations(&tab), json!([]), "{path}");
            let height = evaluate(&tab, "document.documentElement.scrollHeight").as_u64().expect("a height");
            set_size(&tab, width, u32::try_from(height).expect("a page"));
            let picture =
                tab.capture_screenshot(Page::CaptureScreenshotFormatOption::Png, None, None, true).expect("a picture");
            std::fs::write(folder.join(format!("{name}-{width}-{scheme}.png")), picture).expect("a file");
            tab.close(false).expect("closed");
        }
    }
}

#[test]
fn a_training_shows_its_progress_and_then_its_verdict() {
    let Some(browser) = browser() else { return };
    let test_folder = TestFolder::trained(400);
    let server = Server::start(&test_folder);
    let tab = browser.new_tab().expect("a tab");
    open(&tab, &server.url("/training"));
    evaluate(&tab, "document.querySelectorAll('[name=family]:not([value=linear])').forEach(one => one.click())");
    tab.wait_for_element("main form button").expect("a button").click().expect("clicked");
    wait_until(
        &tab,
        "document.body.textContent.includes('A new model answers') || document.body.textContent.includes('The champion stays')",
    );
    assert_eq!(evaluate(&tab, "document.querySelectorAll('main tbody tr').length"), 1);
}

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
