//! The words of pages: all of them are in one place, every language has all of them, and pages are in the language of their reader.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use diamonds::diamond::{FIELDS, Field};
use serde_json::json;

use crate::program::{Answer, Server, TestFolder, agent};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every file below `folder` whose name has this ending, in order.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path, ending));
        } else if path.extension().is_some_and(|extension| extension == ending) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// A string literal as the compiler reads it.
fn unescape(literal: &str) -> String {
    let mut text = String::new();
    let mut rest = literal.chars().peekable();
    while let Some(sign) = rest.next() {
        match (sign, rest.peek()) {
            // a line that goes on below
            ('\\', Some('\n')) => while rest.next_if(|next| next.is_whitespace()).is_some() {},
            ('\\', _) => text.extend(rest.next()),
            _ => text.push(sign),
        }
    }
    text
}

/// Where the literal ends whose content begins at `start`.
fn end_of_literal(code: &str, start: usize) -> usize {
    let mut escaped = false;
    let ends = |sign: char| {
        let is_end = sign == '"' && !escaped;
        escaped = sign == '\\' && !escaped;
        is_end
    };
    start + code[start..].find(ends).expect("an end")
}

/// The texts that a filter `say` gets in a template.
fn said_in_template(template: &str) -> Vec<String> {
    let ends = template.match_indices("\"|say").map(|(place, _)| place);
    ends.map(|end| {
        let mut quotes = template[..end].match_indices('"').map(|(place, _)| place).rev();
        let begin = quotes.find(|place| !template[..*place].ends_with('\\')).expect("a beginning");
        unescape(&template[begin + 1..end])
    })
    .collect()
}

/// The texts that the macro `say!` gets in Rust code, and those that are marked to be said elsewhere.
fn said_in_code(code: &str) -> Vec<String> {
    let code = code.split("#[cfg(test)]").next().unwrap_or_default();
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    let code = lines.collect::<Vec<_>>().join("\n");
    let mut said = Vec::new();
    for call in ["say!(", "marked("] {
        for (place, _) in code.match_indices(call) {
            let start = place + call.len();
            let arguments = code[start..].trim_start();
            if arguments.starts_with('"') {
                let start = start + (code[start..].len() - arguments.len()) + 1;
                said.push(unescape(&code[start..end_of_literal(&code, start)]));
            }
        }
    }
    said.extend(
        code.split("{{ ").skip(1).flat_map(|rest| said_in_template(&rest[..rest.find("}}").unwrap_or_default()])),
    );
    said
}

/// Every text of the pages, with the file that has it first.
fn said() -> BTreeMap<String, String> {
    let mut said = BTreeMap::new();
    let mut add = |texts: Vec<String>, path: &Path| {
        let place = path.strip_prefix(root()).unwrap_or(path).display().to_string();
        for text in texts {
            said.entry(text).or_insert_with(|| place.clone());
        }
    };
    for path in files(&root().join("templates"), "html") {
        add(said_in_template(&std::fs::read_to_string(&path).expect("a template")), &path);
    }
    for path in files(&root().join("src"), "rs") {
        add(said_in_code(&std::fs::read_to_string(&path).expect("a source file")), &path);
    }
    let labels = FIELDS.iter().map(|field| field.label.to_owned()).collect();
    add(labels, &root().join("src/diamond/field.rs"));
    let meanings = FIELDS.iter().flat_map(Field::grades).map(|grade| grade.meaning.to_owned());
    add(meanings.collect(), &root().join("src/diamond/grade.rs"));
    said
}

/// The texts of a catalogue by the English ones.
fn catalogue(path: &Path) -> BTreeMap<String, String> {
    let catalogue = polib::po_file::parse(path).expect("a catalogue");
    let messages = catalogue.messages();
    messages.map(|one| (one.msgid().to_owned(), one.msgstr().unwrap_or_default().to_owned())).collect()
}

/// The list of all texts in the form of GNU gettext.
fn list(said: &BTreeMap<String, String>) -> String {
    let quoted = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
    let head = "# Every text of the pages. `WORDS=update cargo test --release --test it -- words` writes this file.\nmsgid \"\"\nmsgstr \"\"\n\
                \"Content-Type: text/plain; charset=UTF-8\\n\"\n\"Content-Transfer-Encoding: 8bit\\n\"\n";
    let texts = said.iter().map(|(text, place)| format!("\n#: {place}\nmsgid {}\nmsgstr \"\"\n", quoted(text)));
    head.to_owned() + &texts.collect::<String>()
}

#[test]
fn the_list_of_all_words_is_true() {
    let path = root().join("words/pages.pot");
    let list = list(&said());
    if std::env::var("WORDS").is_ok_and(|value| value == "update") {
        std::fs::write(&path, &list).expect("written");
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == list, "words/pages.pot is not what the pages say: WORDS=update writes it anew");
}

#[test]
fn every_language_has_every_word_and_none_besides() {
    let said: BTreeSet<String> = said().into_keys().collect();
    assert!(said.len() > 500, "{} texts", said.len());
    let places = |text: &str| text.matches('{').count();
    for path in files(&root().join("words"), "po") {
        let translated = catalogue(&path);
        let name = path.display();
        let missing: Vec<_> = said.iter().filter(|text| translated.get(*text).is_none_or(String::is_empty)).collect();
        assert!(missing.is_empty(), "{name} has no words for {missing:#?}");
        let needless: Vec<_> = translated.keys().filter(|text| !said.contains(*text)).collect();
        assert!(needless.is_empty(), "{name} has words that nobody says: {needless:#?}");
        for (english, text) in &translated {
            assert_eq!(places(english), places(text), "{name}: {english}");
            let edges = |text: &str| (text.starts_with(' '), text.ends_with(' '));
            assert_eq!(edges(english), edges(text), "{name}: {english}");
        }
    }
}

fn browse(server: &Server, path: &str, language: &str) -> Answer {
    let request = agent().get(server.url(path)).header("Accept", "text/html").header("Accept-Language", language);
    request.call().map(Answer::from).expect("a page")
}

#[test]
fn pages_are_in_the_language_of_their_reader_and_programs_get_english() {
    let test_folder = TestFolder::trained(600);
    test_folder.succeed(&["retrain", "--family", "linear", "--promote", "never"]);
    let server = Server::start(&test_folder);
    let stone = json!({"carat": 1.1, "cut": "Ideal", "color": "H", "clarity": "SI2", "depth": 62.8, "table": 57});
    let priced = server.post("/v1/predictions?explain=true", &stone).json();
    server.post_form("/quotes", &[("stone", "1.1 ideal H SI2"), ("customer", "Anna Bianchi")]);
    server.post_form("/parcels", &[("stones", "1.1 ideal H SI2\n0.5 very good E VS1\n0.7 idael G VS2")]);
    let desk = "/?carat=1,1&cut=Ideal&color=H&clarity=SI2&depth=62.8&table=57";
    let prediction = format!("/predictions/{}", priced["id"].as_str().expect("an id"));
    let italian = catalogue(&root().join("words/it.po"));
    let places = said();
    // long enough that it is no name or number by accident
    let is_telling = |english: &str| english.len() > 20 && !english.contains('{');
    let telling: Vec<&String> =
        italian.iter().filter(|(english, text)| is_telling(english) && english != text).map(|(one, _)| one).collect();
    for path in [
        "/",
        desk,
        &prediction,
        "/quotes",
        "/quotes/1001",
        "/parcels",
        "/parcels/1001",
        "/price-list",
        "/sales",
        "/sales/1",
        "/sales/browse",
        "/training",
        "/models",
        "/models/2",
        "/models/compare?a=1&b=2",
        "/models/1/promote",
        "/requests",
    ] {
        let page = browse(&server, path, "it-IT,it;q=0.9,en;q=0.8");
        assert_eq!(page.status, 200, "{path}");
        assert_eq!(page.header("content-language"), "it");
        assert!(page.header("vary").contains("Accept-Language"));
        assert!(page.body.contains("<html lang=\"it\">"), "{path}");
        // what was stored with a price is English
        let is_stored = |english: &str| path.contains("1001") && places[english].starts_with("src/pricing");
        if path == prediction {
            continue;
        }
        let mut telling = telling.iter().filter(|english| !is_stored(english));
        let english = telling.find(|english| page.body.contains(&english.replace('\'', "&#39;")));
        assert_eq!(english, None, "{path}: {}", page.body);
    }
    // numbers and days as Italians write them
    let page = browse(&server, desk, "it").body;
    let price = priced["price_usd"].as_f64().expect("a price").round();
    let written = format!("{}.{:03}\u{a0}$", (price / 1e3).floor(), price % 1e3);
    assert!(page.contains(&format!("<h2 id=\"price\">{written}</h2>")), "{written}: {page}");
    assert!(page.contains("per 1,1 ct, taglio Ideal, colore H, purezza SI2"), "{page}");
    let quote = browse(&server, "/quotes/1001", "it").body;
    let months =
        ["gennaio", "febbraio", "marzo", "aprile", "maggio", "giugno", "luglio", "agosto", "settembre", "ottobre"];
    assert!(months.iter().chain(&["novembre", "dicembre"]).any(|month| quote.contains(month)), "{quote}");
    // a mistake is told in the same language
    let mistake = browse(&server, "/?carat=-1&cut=Ideal&color=H&clarity=SI2", "it");
    assert!(mistake.status == 422 && mistake.body.contains("deve essere maggiore di 0"), "{}", mistake.body);
    // what programs get and what is stored is English, whoever asks
    let asked = agent().post(server.url("/v1/predictions?explain=true")).header("Accept-Language", "it");
    let answer = asked.send_json(&stone).map(Answer::from).expect("an answer").json();
    assert_eq!(answer["explanation"], priced["explanation"]);
    let quoted = agent()
        .post(server.url("/quotes"))
        .header("Accept", "text/html")
        .header("Accept-Language", "it")
        .header("Sec-Fetch-Site", "same-origin")
        .send_form([("stone", "1.1 ideal H SI2 depth 62.8 table 57")]);
    assert!(Answer::from(quoted.expect("a quote")).body.contains("Preventivo Q-1002"));
    let stored = test_folder.value("SELECT explanation FROM prediction ORDER BY predicted_at DESC LIMIT 1");
    assert!(stored.to_string().contains("instead of the typical"), "{stored}");
    assert!(browse(&server, "/", "de-DE,de;q=0.9").body.contains("What is it worth?"));
}
