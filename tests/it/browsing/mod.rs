//! The pages as people use them, in headless Chromium. Where there is none, these tests say so and pass.

mod desk;
mod developers;
mod every_page;
mod models;
mod parcels;
mod quotes;
mod sales;
mod training;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use headless_chrome::protocol::cdp::{Emulation, Input};
use headless_chrome::{Browser, LaunchOptions, Tab};
use serde_json::{Value, json};

use crate::skipping::skip;

/// A browser, if this machine has one.
pub fn browser() -> Option<Browser> {
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
pub fn evaluate(tab: &Tab, script: &str) -> Value {
    tab.evaluate(script, false).expect("a script").value.unwrap_or_default()
}

pub fn text(tab: &Tab, selector: &str) -> String {
    tab.wait_for_element(selector).expect(selector).get_inner_text().expect("text")
}

pub fn open(tab: &Tab, url: &str) {
    tab.navigate_to(url).expect("an address").wait_until_navigated().expect("a page");
}

/// Makes the tab show a page in a window of that size.
pub fn set_size(tab: &Tab, width: u32, height: u32) {
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

/// Makes the tab a phone that is touched.
pub fn become_phone(tab: &Tab) {
    set_size(tab, 360, 740);
    tab.call_method(Emulation::SetTouchEmulationEnabled { enabled: true, max_touch_points: Some(1) }).expect("touch");
}

/// Presses Tab until what `selector` means has the focus.
pub fn tab_to(tab: &Tab, selector: &str) {
    for _ in 0..80 {
        tab.press_key("Tab").expect("a key");
        if evaluate(tab, &format!("document.activeElement.matches({selector:?})")) == true {
            return;
        }
    }
    panic!("no way to {selector} by keyboard");
}

/// Goes to what `selector` means and presses Enter.
pub fn enter(tab: &Tab, selector: &str) {
    tab_to(tab, selector);
    press(tab, "Enter", 1);
}

pub fn press(tab: &Tab, key: &str, times: usize) {
    for _ in 0..times {
        tab.press_key(key).expect("a key");
    }
}

/// Waits until `script` is true in the page, also while it changes.
pub fn wait_until(tab: &Tab, script: &str) {
    let started = Instant::now();
    while tab.evaluate(script, false).ok().and_then(|found| found.value) != Some(json!(true)) {
        assert!(started.elapsed() < Duration::from_secs(30), "waited in vain until {script}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Makes the tab show pages in a scheme of colours.
pub fn prefer(tab: &Tab, scheme: &str) {
    let feature = match scheme {
        "forced" => ("forced-colors", "active"),
        scheme => ("prefers-color-scheme", scheme),
    };
    let feature = Emulation::MediaFeature { name: feature.0.to_owned(), value: feature.1.to_owned() };
    tab.call_method(Emulation::SetEmulatedMedia { media: None, features: Some(vec![feature]) }).expect("a scheme");
}

/// Touches the middle of an element, as a finger does.
pub fn touch(tab: &Tab, selector: &str) {
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

pub const PRICED: &str = "/?carat=1.1&cut=Ideal&color=H&clarity=SI2";

/// Types into a field.
pub fn type_into(tab: &Tab, selector: &str, typed: &str) {
    tab.wait_for_element(selector).expect(selector).click().expect("clicked");
    tab.type_str(typed).expect("typed");
}
