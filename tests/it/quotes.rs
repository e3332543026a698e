//! Quotes: made on purpose, found again, shared, priced again, and what stands on them.

use serde_json::json;

use crate::program::{Answer, Server, TestFolder, agent};

const STONE: (&str, &str) = ("stone", "1.1 ideal H SI2 6.61-6.65x4.11");

/// Where a redirection leads.
fn made(server: &Server, path: &str, fields: &[(&str, &str)]) -> String {
    let answer = server.post_form(path, fields);
    assert_eq!(answer.status, 303, "{}", answer.body);
    answer.header("location").to_owned()
}

#[test]
fn a_quote_is_made_on_purpose_found_again_and_never_changes() {
    let test_folder = TestFolder::trained(400);
    let server = Server::start(&test_folder);
    for _ in 0..3 {
        server.get("/?carat=1.1&cut=Ideal&color=H&clarity=SI2");
        server.post_form("/answer", &[STONE]);
    }
    assert_eq!(test_folder.value("SELECT count(*) FROM prediction"), 0, "looking makes no record");
    let first = made(&server, "/quotes", &[STONE, ("customer", "Anna Bianchi"), ("certificate", "GIA 2141438167")]);
    let second = made(&server, "/quotes", &[("stone", "0.5 very good e vs1"), ("note", "blue bag")]);
    assert_eq!((first.as_str(), second.as_str()), ("/quotes/1001", "/quotes/1002"));
    let page = server.get(&format!("{first}?view=customer")).body;
    for expected in ["Quote Q-1001", "Anna Bianchi", "GIA 2141438167", "6.61 mm", "Good until", "Similar stones sold"] {
        assert!(page.contains(expected), "{expected}: {page}");
    }
    test_folder.succeed(&["retrain", "--family", "linear", "--promote", "always"]);
    assert_eq!(server.get(&format!("{first}?view=customer")).body, page);

    for (search, found) in [
        ("", vec![1002, 1001]),
        ("text=bianchi", vec![1001]),
        ("text=2141438167", vec![1001]),
        ("text=very+good", vec![1002]),
        ("text=BLUE", vec![1002]),
        ("text=Q-1001", vec![1001]),
        ("text=nobody", vec![]),
        ("until=2020-01-01", vec![]),
        ("since=2020-01-01", vec![1002, 1001]),
    ] {
        let page = server.get(&format!("/quotes?{search}")).body;
        let listed: Vec<i64> =
            [1002, 1001].into_iter().filter(|one| page.contains(&format!("/quotes/{one}\""))).collect();
        assert_eq!(listed, found, "{search}");
    }
    assert_eq!(server.get("/quotes?since=yesterday").status, 422);
    let listed = test_folder.json(&["quotes", "list", "--text", "bianchi"]);
    assert_eq!(listed["quotes"][0]["number"], 1001);
    assert_eq!(listed["quotes"][0]["customer"], "Anna Bianchi");
    assert!(test_folder.succeed(&["quotes", "list"]).stdout.contains("Q-1002"));
}

#[test]
fn a_bad_quote_is_refused_with_its_fields() {
    let test_folder = TestFolder::trained(300);
    let server = Server::start(&test_folder);
    for (fields, names) in [
        (vec![("stone", "1.1 idael")], "stone"),
        (vec![("carat", "1.1"), ("cut", "Ideal")], "color"),
        (vec![STONE, ("customer", &"x".repeat(101))], "customer"),
    ] {
        let answer = server.post_form("/quotes", &fields);
        assert!(answer.status == 422 && answer.body.contains(names), "{}", answer.body);
    }
    let foreign = agent()
        .post(server.url("/quotes"))
        .header("Sec-Fetch-Site", "cross-site")
        .header("Content-Type", "application/x-www-form-urlencoded")
        .send("stone=1.1+ideal+H+SI2")
        .expect("an answer");
    assert_eq!(foreign.status().as_u16(), 403);
    assert_eq!(server.get("/quotes/1001").status, 404);
    assert_eq!(test_folder.value("SELECT count(*) FROM quote"), 0);
}

#[test]
fn a_quote_is_priced_again_sold_and_spared_by_pruning() {
    let test_folder = TestFolder::trained(400);
    let server = Server::start(&test_folder);
    made(&server, "/quotes", &[STONE, ("customer", "Anna Bianchi")]);
    let again = made(&server, "/quotes/1001/reprice", &[]);
    assert_eq!(again, "/quotes/1002");
    assert!(server.get(&again).body.contains("It prices <a href=\"/quotes/1001\">Q-1001</a> again"));
    assert!(server.get("/quotes/1001").body.contains("Priced again as <a href=\"/quotes/1002\">"));
    assert!(server.get(&again).body.contains("Anna Bianchi"));
    assert_eq!(server.post_form("/quotes/1001/outcome", &[("price_usd", "a lot")]).status, 422);
    made(&server, "/quotes/1001/outcome", &[("price_usd", "$4.800")]);
    assert!(server.get("/quotes/1001").body.contains("Sold for <strong>$4,800</strong>"));
    assert_eq!(test_folder.json(&["quotes", "list"])["quotes"][1]["sold_usd"], 4800.0);
    test_folder.succeed(&["requests", "prune", "--before", "0s", "--predictions"]);
    assert_eq!(server.get("/quotes/1002").status, 200, "its price is kept as long as it is");
}

#[test]
fn a_shared_quote_needs_no_key_until_it_is_shared_no_longer() {
    let test_folder = TestFolder::trained(300);
    let server = Server::start(&test_folder);
    made(&server, "/quotes", &[STONE, ("customer", "Anna Bianchi"), ("note", "bought for too much")]);
    made(&server, "/quotes/1001/share", &[]);
    let page = server.get("/quotes/1001").body;
    let (_, rest) = page.split_once("/shared/").expect("a link");
    let token = &rest[..rest.find('"').expect("its end")];
    assert!(token.len() >= 40, "{token}");
    test_folder.succeed(&["keys", "create", "--role", "price", "--name", "counter"]);
    assert_eq!(server.get("/quotes/1001").status, 401);
    let shared = server.get(&format!("/shared/{token}"));
    assert!(shared.status == 200 && shared.body.contains("Anna Bianchi"), "{}", shared.body);
    assert!(!shared.body.contains("bought for too much") && !shared.body.to_lowercase().contains("model"));
    assert_eq!(server.get(&format!("/shared/{}", &token[1..])).status, 404);
}

#[test]
fn a_key_for_prices_sees_its_own_quotes_only() {
    let test_folder = TestFolder::trained(300);
    let keys = ["anna", "bruno"].map(|name| {
        let made = test_folder.json(&["keys", "create", "--role", "price", "--name", name]);
        made["key"].as_str().expect("a key").to_owned()
    });
    let server = Server::start(&test_folder);
    let ask = |key: &str, path: &str| {
        let answer = agent().get(server.url(path)).header("Authorization", format!("Bearer {key}")).call();
        let mut answer = answer.expect("an answer");
        (answer.status().as_u16(), answer.body_mut().read_to_string().expect("text"))
    };
    let once: ureq::Agent = ureq::Agent::config_builder().max_redirects(0).build().into();
    let sent = once
        .post(server.url("/quotes"))
        .header("Authorization", format!("Bearer {}", keys[0]))
        .header("Sec-Fetch-Site", "same-origin")
        .header("Content-Type", "application/x-www-form-urlencoded")
        .send("stone=1.1+ideal+H+SI2")
        .expect("an answer");
    assert_eq!(sent.status().as_u16(), 303, "leads to the quote");
    assert_eq!(ask(&keys[0], "/quotes/1001").0, 200);
    assert_eq!(ask(&keys[1], "/quotes/1001").0, 404);
    assert!(
        ask(&keys[0], "/quotes").1.contains("/quotes/1001") && !ask(&keys[1], "/quotes").1.contains("/quotes/1001")
    );
}

#[test]
fn the_shop_stands_on_quotes_in_its_currency_and_at_its_time() {
    let test_folder = TestFolder::trained(300);
    let picture = test_folder.write("logo.png", b"\x89PNG\r\n\x1a\nnot much of a picture");
    let told = test_folder.json(&[
        "shop",
        "set",
        "--name",
        "Rossi & Figli",
        "--address",
        "Via Roma 7\\nMilano",
        "--currency",
        "eur",
        "--rate",
        "0.5",
        "--valid-days",
        "3",
        "--time-zone",
        "Europe/Rome",
        "--logo",
        &picture,
    ]);
    assert_eq!((&told["currency"], &told["valid_days"], &told["logo_bytes"]), (&json!("EUR"), &json!(3), &json!(29)));
    let server = Server::start(&test_folder);
    // what is not given stays
    test_folder.succeed(&["shop", "set", "--valid-days", "5"]);
    assert_eq!(test_folder.json(&["shop", "show"])["name"], "Rossi & Figli");
    made(&server, "/quotes", &[STONE]);
    let page = server.get("/quotes/1001?view=customer").body;
    assert!(page.contains("Rossi &#38; Figli") && page.contains("<br>Milano") && page.contains("/shop/logo"), "{page}");
    assert!(page.contains("<h2>EUR ") && page.contains("at 0.5 EUR for a dollar"), "{page}");
    let logo = agent().get(server.url("/shop/logo")).call().expect("an answer");
    assert_eq!(logo.headers()["content-type"], "image/png");
    // a later rate changes no quote
    test_folder.succeed(&["shop", "set", "--currency", "USD", "--rate", "1"]);
    assert!(server.get("/quotes/1001").body.contains("at 0.5 EUR for a dollar"));
    // nor does a move, another name or another picture
    let other = test_folder.write("other.png", b"\x89PNG\r\n\x1a\nanother picture");
    test_folder.succeed(&["shop", "set", "--name", "Rossi", "--address", "Via Nuova 1", "--logo", &other]);
    assert_eq!(server.get("/quotes/1001?view=customer").body, page);
    made(&server, "/quotes", &[STONE]);
    let later = server.get("/quotes/1002?view=customer").body;
    assert!(later.contains("Via Nuova 1") && !later.contains("Via Roma 7"), "{later}");
    let size = |page: &str| {
        let address = page.split("src=\"").find(|part| part.starts_with("/shop/logo?")).expect("a picture");
        let answer = agent().get(server.url(address.split('"').next().expect("an address"))).call().expect("a picture");
        assert!(answer.headers()["cache-control"].to_str().expect("text").contains("immutable"));
        answer.into_body().read_to_vec().expect("bytes").len()
    };
    assert_eq!((size(&page), size(&later)), (29, 23));
    assert_eq!(server.get("/shop/logo?none").status, 404);
    let wrong = test_folder.fail(1, &["shop", "set", "--logo", &test_folder.write("logo.txt", "a picture")]);
    assert!(wrong.contains("is no PNG, JPEG or WebP picture"), "{wrong}");
    assert!(test_folder.fail(2, &["shop", "set", "--time-zone", "Rome"]).contains("must be a time zone"));
    assert!(test_folder.fail(2, &["shop", "set", "--currency", "EUR"]).contains("--rate"));
}

#[test]
fn a_quote_from_before_the_shop_was_told_shows_what_was_told_first() {
    let test_folder = TestFolder::trained(300);
    let server = Server::start(&test_folder);
    made(&server, "/quotes", &[STONE]);
    for name in ["Rossi", "Bianchi"] {
        test_folder.succeed(&["shop", "set", "--name", name]);
        let page = server.get("/quotes/1001?view=customer").body;
        assert!(page.contains("<strong>Rossi</strong>"), "{page}");
    }
}

#[test]
fn the_shop_is_told_on_a_page() {
    let test_folder = TestFolder::trained(300);
    let server = Server::start(&test_folder);
    assert!(server.get("/shop").body.contains("name=\"currency\" value=\"USD\""));
    let boundary = "xyz";
    let send = |fields: &[(&str, &str)], logo: &[u8]| {
        let mut body = Vec::new();
        for (name, text) in fields {
            body.extend(
                format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n").bytes(),
            );
        }
        body.extend(
            format!("--{boundary}\r\nContent-Disposition: form-data; name=\"logo\"; filename=\"logo.png\"\r\n\r\n")
                .bytes(),
        );
        body.extend(logo);
        body.extend(format!("\r\n--{boundary}--\r\n").bytes());
        let request = agent().post(server.url("/shop")).header("Sec-Fetch-Site", "same-origin");
        let request = request.header("Content-Type", format!("multipart/form-data; boundary={boundary}"));
        Answer::from(request.send(&body[..]).expect("an answer"))
    };
    let good = [
        ("name", "Rossi & Figli"),
        ("address", "Via Roma 7\r\n20121 Milano"),
        ("currency", "eur"),
        ("rate", "0,92"),
        ("valid_days", "30"),
        ("time_zone", "Europe/Rome"),
    ];
    let saved = send(&good, b"\x89PNG\r\n\x1a\nrest");
    assert!(saved.status == 200 && saved.body.contains("It is kept"), "{}", saved.body);
    let shown = test_folder.json(&["shop", "show"]);
    assert_eq!(shown["address"], "Via Roma 7\n20121 Milano");
    assert_eq!((shown["currency"].as_str(), shown["per_dollar"].as_f64()), (Some("EUR"), Some(0.92)));
    let logo = agent().get(server.url("/shop/logo")).call().expect("an answer");
    assert_eq!(logo.headers()["content-type"], "image/png");
    // without another file the picture stays; mistakes change nothing and are named at their fields
    assert_eq!(send(&good, b"").status, 200);
    assert_eq!(test_folder.json(&["shop", "show"])["logo_bytes"], 12);
    let bad = [("name", "x"), ("currency", "euros"), ("rate", "0"), ("valid_days", "0"), ("time_zone", "Rome")];
    let refused = send(&bad, b"GIF89a");
    assert_eq!(refused.status, 422);
    for words in ["three letters", "such as 0.92", "from 1 to 3650", "Europe/Rome", "is no PNG", "value=\"euros\""] {
        assert!(refused.body.contains(words), "{words}: {}", refused.body);
    }
    assert_eq!(test_folder.json(&["shop", "show"])["name"], "Rossi & Figli");
    assert!(send(&[&good[..], &[("no_logo", "yes")]].concat(), b"").status == 200);
    assert_eq!(test_folder.json(&["shop", "show"])["logo_bytes"], serde_json::Value::Null);
    assert!(server.get("/quotes").body.contains("href=\"/shop\""));
}
