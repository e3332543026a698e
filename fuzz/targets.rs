//! What is fuzzed: readers of bytes that may come from anybody or from a damaged disk. None of them may panic, whatever the bytes.
//!
//! `fuzz_targets/` runs them under libFuzzer, the tests run them on stable for a bounded time.

use diamonds::diamond::StoneDescription;
use diamonds::learning::families::xgboost::TreeModel;
use diamonds::learning::features::Target;
use diamonds::store::{Upload, count_journal_requests};
use diamonds::times::parse_time;
use serde_json::{Map, Value};

/// A journal that a killed server or a damaged disk left.
pub fn journal(data: &[u8]) {
    let _ = count_journal_requests(data);
}

/// A file of sales.
pub fn upload(data: &[u8]) {
    let _ = Upload::from_bytes("fuzzed", data.to_vec()).count_rows();
}

/// A stone in the body of a request.
pub fn stone_json(data: &[u8]) {
    if let Ok(fields) = serde_json::from_slice::<Map<String, Value>>(data) {
        let _ = StoneDescription::from_fields(&fields, &["n"]);
    }
}

/// A model in XGBoost's format: if it can be read, it prices any row.
pub fn tree_json(data: &[u8]) {
    let _ = TreeModel::from_json(data);
    if let Ok(model) = TreeModel::from_foreign_json(data, Target::LogPrice) {
        let columns = model.features().len();
        for value in [0.0, -1.0, 1e30, f32::NAN, f32::INFINITY] {
            let _ = model.predict(&vec![value; columns]);
        }
    }
}

/// The query of an address.
pub fn query_string(data: &[u8]) {
    let pairs: Vec<_> = form_urlencoded::parse(data).collect();
    let _ = StoneDescription::from_text(pairs.iter().map(|(name, value)| (&**name, &**value)), &["n"]);
    for (_, value) in &pairs {
        let _ = parse_time(value);
    }
}
