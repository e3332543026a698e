//! Every page: how it looks, and what holds for all of them.
//!
//! Pictures of every page at two widths, and in the dark, are put into `tmp/screenshots` of Cargo's target folder; with `PICTURES=all` at four
//! widths, and in forced colours. If `AXE` names the file `axe.min.js` of axe-core, every page must pass its rules too.

use std::path::Path;

use headless_chrome::Tab;
use headless_chrome::protocol::cdp::{Emulation, Page};
use serde_json::{Value, json};

use super::{PRICED, browser, evaluate, open, prefer, set_size};
use crate::program::{Server, TestFolder};

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

/// By how much parts of the page have moved since it began to load (Cumulative Layout Shift).
const LAYOUT_SHIFT: &str = "new Promise(done => {\
    let sum = 0;\
    new PerformanceObserver(list => list.getEntries().forEach(entry => sum += entry.value))\
        .observe({ type: 'layout-shift', buffered: true });\
    setTimeout(() => done(sum), 50);\
})";

#[test]
fn tables_are_printed_as_tables() {
    let Some(browser) = browser() else { return };
    let test_folder = TestFolder::trained(600);
    let server = Server::start(&test_folder);
    server.post_form("/parcels", &[("stones", "1.1 ideal H SI2\n0.5 very good E VS1")]);
    let tab = browser.new_tab().expect("a tab");
    // as wide as a sheet of A4 in Chromium, without its margins
    set_size(&tab, 718, 1_000);
    tab.call_method(Emulation::SetEmulatedMedia { media: Some("print".to_owned()), features: None }).expect("print");
    for path in ["/price-list", "/parcels/1001", "/models", "/sales"] {
        open(&tab, &server.url(path));
        let shown = "[...document.querySelectorAll('main tr')].map(row => getComputedStyle(row).display)";
        let shown = evaluate(&tab, &format!("{shown}.filter((one, place, all) => all.indexOf(one) === place).join()"));
        assert_eq!(shown, "table-row", "{path}");
    }
    // two columns of bands on a sheet, and no price runs over another
    open(&tab, &server.url("/price-list"));
    let too_wide = "[...document.querySelectorAll('.band table')]\
        .filter(table => table.offsetWidth > table.parentElement.clientWidth + 1).length";
    assert_eq!(evaluate(&tab, too_wide), 0, "tables wider than their column");
    let run_over = "[...document.querySelectorAll('.band td')].filter(cell => cell.scrollWidth > cell.clientWidth + 1)\
        .map(cell => cell.textContent).slice(0, 5).join()";
    assert_eq!(evaluate(&tab, run_over), "", "prices wider than their cell");
    let starts = "new Set([...document.querySelectorAll('.band')].map(band => Math.round(band.getBoundingClientRect().left))).size";
    assert_eq!(evaluate(&tab, starts), 2, "columns of bands");
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
            let cut = evaluate(
                &tab,
                "[...document.querySelectorAll('.scroll')].filter(one => one.scrollWidth > one.clientWidth + 1).map(one => one.ariaLabel).join()",
            );
            assert_eq!(cut, "", "{path}, {width} pixels: tables with a column out of sight");
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
