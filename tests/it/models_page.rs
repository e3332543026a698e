//! The pages of models: their history, cards and comparison, and the buttons that change who answers.

use serde_json::{Value, json};

use crate::program::{Answer, Server, TestFolder, agent};

/// Models 1 and 3 are linear, 2 is of boosted trees and the champion; 1 was pruned if `pruned`.
fn test_folder(pruned: bool) -> TestFolder {
    let test_folder = TestFolder::trained(600);
    test_folder.succeed(&["retrain", "--family", "linear", "--promote", "never"]);
    if pruned {
        test_folder.succeed(&["models", "promote", "3"]);
        test_folder.succeed(&["models", "promote", "2"]);
        assert_eq!(test_folder.json(&["models", "prune", "--keep", "0"])["pruned"][0]["id"], 1);
    }
    test_folder
}

fn stone() -> Value {
    json!({"carat": 1.1, "cut": "Ideal", "color": "H", "clarity": "SI2"})
}

/// The model that answers.
fn champion(server: &Server) -> Value {
    server.post("/v1/predictions", &stone()).json()["model"]["id"].clone()
}

/// A form as a browser sends it, with these headers. Where it is sent on to is not followed.
fn send(server: &Server, path: &str, body: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = agent()
        .post(server.url(path))
        .config()
        .max_redirects(0)
        .max_redirects_will_error(false)
        .build()
        .header("Accept", "text/html")
        .header("Content-Type", "application/x-www-form-urlencoded");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send(body).map(Answer::from).expect("an answer")
}

/// A form of the server's own page.
fn press(server: &Server, path: &str, body: &str) -> Answer {
    send(server, path, body, &[("Sec-Fetch-Site", "same-origin")])
}

/// The row of the table that is about model `id`.
fn row(page: &str, id: i64) -> &str {
    let link = format!("<th scope=\"row\"><a href=\"/models/{id}\">");
    let (_, rest) = page.split_once(&link).unwrap_or_else(|| panic!("model {id} is not in {page}"));
    rest.split("</tr>").next().expect("a row")
}

#[test]
fn the_history_lists_every_model_and_marks_the_champion() {
    let test_folder = test_folder(true);
    let server = Server::start(&test_folder);
    let page = server.get("/models");
    assert_eq!((page.status, page.header("content-type")), (200, "text/html;charset=utf-8"));
    assert!(page.header("content-security-policy").contains("default-src 'none'"));
    for (id, mark) in [(1, "pruned"), (2, "champion"), (3, "")] {
        let row = row(&page.body, id);
        let model = test_folder.json(&["models", "show", &id.to_string()]);
        let r2 = format!("{:.4}", model["metrics"]["r2"].as_f64().expect("a figure"));
        assert!(row.contains(&r2), "{row}");
        assert!(row.contains(model["family"].as_str().expect("a name")), "{row}");
        assert!(row.contains(&format!("<td>{mark}</td>")), "{row}");
        assert_eq!(row.contains("/promote"), id == 3, "{row}");
    }
    assert!(page.body.contains("Roll back to model 3"), "{}", page.body);
    assert!(
        page.body.contains("the champion has") && page.body.contains("Champions in turn: model 1 ("),
        "{}",
        page.body
    );
    assert!(!page.body.contains("style=") && !page.body.contains("<script"), "nothing inline");
}

#[test]
fn the_card_of_every_family_is_a_page_also_of_a_pruned_model() {
    let test_folder = test_folder(true);
    test_folder.succeed(&["retrain", "--family", "perpetual", "--promote", "never"]);
    let server = Server::start(&test_folder);
    for id in 1..=4 {
        let page = server.get(&format!("/models/{id}"));
        let card = test_folder.json(&["models", "show", &id.to_string()]);
        assert_eq!(page.status, 200, "{}", page.body);
        let figure = format!("${:.2}", card["metrics"]["mae_usd"].as_f64().expect("a figure"));
        for words in [card["family"].as_str().expect("a name"), &figure, "below 0.5 ct", "Batch 1", "sales.csv", "±"] {
            assert!(page.body.contains(words), "{words} of model {id}: {}", page.body);
        }
        for feature in card["features"].as_array().expect("features") {
            assert!(page.body.contains(feature.as_str().expect("a name")), "{feature}");
        }
        assert_eq!(page.body.contains("It was pruned"), id == 1);
        assert_eq!(page.body.contains("The best on the tuning split"), id == 2, "model {id}");
        assert_eq!(page.body.contains(&format!("href=\"/models/{id}/promote\"")), id > 2, "model {id}");
        let can_answer = id > 1;
        for words in ["Predicted against fetched", "What matters most"] {
            assert_eq!(page.body.contains(words), can_answer, "{words} of model {id}");
        }
        assert!(page.body.contains("It is typically off by"), "model {id}");
        assert!(!page.body.contains("style=") && !page.body.contains("<script"), "nothing inline");
    }
    for path in ["/models/9", "/models/none", "/models/compare?a=1&b=9", "/models/compare?a=9&b=2"] {
        assert_eq!(server.get(path).status, if path.contains("a=1") { 410 } else { 404 }, "{path}");
    }
}

#[test]
fn two_models_are_compared_as_on_the_command_line() {
    let test_folder = test_folder(false);
    let server = Server::start(&test_folder);
    let report = test_folder.json(&["models", "compare", "1", "2"]);
    let page = server.get("/models/compare?a=1&b=2");
    assert_eq!(page.status, 200, "{}", page.body);
    let said = test_folder.succeed(&["models", "compare", "1", "2"]).stdout;
    let said = said.split_once("\n\n").expect("two parts").1.trim().replace('\n', " ");
    let (difference, verdict) = said.rsplit_once("). ").expect("a verdict");
    assert!(page.body.contains(&format!("{difference}).")), "{difference}: {}", page.body);
    assert!(page.body.contains(&format!("<strong>{verdict}</strong>")), "{verdict}: {}", page.body);
    for model in report["models"].as_array().expect("two") {
        let r2 = format!("{:.4}", model["metrics"]["r2"].as_f64().expect("a figure"));
        assert!(row(&page.body, model["id"].as_i64().expect("a number")).contains(&r2), "{}", page.body);
    }
    let unknown = agent().get(server.url("/models/compare?a=1&b=77")).header("Accept", "text/html").call();
    let unknown = unknown.map(Answer::from).expect("an answer");
    assert!(unknown.status == 404 && unknown.body.contains("there is no model 77"), "{}", unknown.body);
    let vague = server.get("/models/compare?a=one");
    assert_eq!((vague.status, vague.json()["errors"].as_array().map(Vec::len)), (422, Some(2)));
}

#[test]
fn the_buttons_change_who_answers_the_next_request() {
    let test_folder = test_folder(false);
    let server = Server::start(&test_folder);
    assert_eq!(champion(&server), 2);
    let sent = press(&server, "/models/3/promote", "reason=easier+to+explain%3A+a+line");
    assert_eq!((sent.status, sent.header("location")), (303, "/models?promoted=3"), "{}", sent.body);
    assert_eq!(champion(&server), 3);
    assert!(server.get("/models?promoted=3").body.contains("Model 3 is the champion: it answers"));
    assert!(!server.get("/models?promoted=2").body.contains("Model 2 is the champion"), "it is not so");
    let reason = |id: &str| test_folder.json(&["models", "show", id])["promotions"][0]["reason"].clone();
    assert_eq!(reason("3"), "easier to explain: a line");
    assert!(server.get("/models/3").body.contains("easier to explain: a line"));

    let sent = press(&server, "/models/rollback", "");
    assert_eq!((sent.status, sent.header("location")), (303, "/models?rolled_back_to=2"), "{}", sent.body);
    assert_eq!(champion(&server), 2);
    let own = server.url("");
    assert_eq!(send(&server, "/models/1/promote", "reason=+", &[("Origin", &own)]).status, 303);
    assert_eq!((champion(&server), reason("1")), (json!(1), json!("by hand")));

    let again = press(&server, "/models/1/promote", "");
    assert!(again.status == 409 && again.body.contains("is the champion already"), "{}", again.body);
    let unknown = press(&server, "/models/77/promote", "");
    assert!(unknown.status == 404 && unknown.body.contains("there is no model 77"), "{}", unknown.body);
    let long = press(&server, "/models/2/promote", &format!("reason={}", "x".repeat(301)));
    assert!(long.status == 422 && long.body.contains("300 characters at most"), "{}", long.body);
    assert_eq!(champion(&server), 1);
}

#[test]
fn what_would_change_is_shown_before_it_changes() {
    let test_folder = test_folder(false);
    let server = Server::start(&test_folder);
    let empty = server.get("/models/3/promote");
    assert!(empty.status == 200 && empty.body.contains("No price has been asked for yet"), "{}", empty.body);
    let dear = json!({"carat": 2.3, "cut": "Fair", "color": "J", "clarity": "I1"});
    let told: Vec<f64> = [stone(), dear]
        .iter()
        .map(|stone| server.post("/v1/predictions", stone).json()["price_usd"].as_f64().expect("a price"))
        .collect();
    let page = server.get("/models/3/promote").body;
    // both are evaluated on the same sales, and every price that was told is there beside what it would be
    let compared = test_folder.succeed(&["models", "compare", "3", "2"]).stdout;
    let verdict = compared.trim().rsplit_once("). ").expect("a verdict").1.replace('\n', " ");
    assert!(page.contains(&verdict), "{verdict}: {page}");
    let moved = test_folder.json(&["requests", "replay", "--model", "3"]);
    for change in moved["most_moved"].as_array().expect("changes") {
        let would_be = change["would_be_usd"].as_f64().expect("a price");
        // as the page rounds: half a dollar goes to the even one
        let dollars = format!("{would_be:03.0}");
        let last = &dollars[dollars.len() - 3..];
        assert!(page.contains(&format!("{last}</td>")), "{dollars}: {page}");
    }
    assert_eq!(moved["most_moved"].as_array().map(Vec::len), Some(told.len()));
    assert!(page.contains("Where it is worse"), "{page}");
    assert!(page.contains("action=\"/models/3/promote\"") && page.contains("Of the last 2 prices"), "{page}");
    let back = server.get("/models/rollback").body;
    assert!(back.contains("Roll back to model 1") && back.contains("action=\"/models/rollback\""), "{back}");
    assert_eq!(champion(&server), 2, "looking changes nothing");
    assert_eq!(server.get("/models/2/promote").status, 409);
    assert_eq!(server.get("/models/77/promote").status, 404);
}

#[test]
fn several_models_stand_beside_each_other() {
    let test_folder = test_folder(false);
    let server = Server::start(&test_folder);
    server.post("/v1/predictions", &stone());
    let page = server.get("/models/compare?model=1&model=2&model=3").body;
    assert!(page.contains("Models 1, 2 and 3"), "{page}");
    assert_eq!(page.matches("Errors, sale by sale</h2>").count(), 2, "the first beside each other one");
    let segment = page.split("<th scope=\"row\">below 0.5 ct</th>").nth(1).expect("a segment");
    assert_eq!(segment.split("</tr>").next().expect("a row").matches(" %</td>").count(), 3, "{segment}");
    // settings that are the same are left out: models 1 and 3 differ in nothing but what they were trained on
    let same = server.get("/models/compare?model=1&model=3").body;
    assert!(!same.contains("<th scope=\"row\">family</th>") && page.contains("<th scope=\"row\">family</th>"));
    assert!(page.contains("1.1 Ideal H SI2</a>"), "{page}");
    assert_eq!(server.get("/models/compare?model=1").status, 422);
}

#[test]
fn a_pruned_model_cannot_be_promoted_and_the_page_says_why() {
    let test_folder = test_folder(true);
    let server = Server::start(&test_folder);
    let refused = press(&server, "/models/1/promote", "");
    assert_eq!((refused.status, refused.header("content-type")), (410, "text/html;charset=utf-8"));
    assert!(refused.body.contains("model 1 was pruned"), "{}", refused.body);
    assert_eq!(champion(&server), 2);
}

#[test]
fn other_sites_change_nothing() {
    let test_folder = test_folder(false);
    let server = Server::start(&test_folder);
    let own = server.url("");
    let foreign: [&[(&str, &str)]; 8] = [
        &[],
        &[("Sec-Fetch-Site", "cross-site"), ("Origin", &own)],
        &[("Sec-Fetch-Site", "same-site")],
        &[("Sec-Fetch-Site", "none")],
        &[("Origin", "http://evil.example")],
        &[("Origin", "null"), ("Referer", &own)],
        &[("Origin", "http://127.0.0.1:1")],
        &[("Referer", "http://evil.example/models")],
    ];
    for headers in foreign {
        for path in ["/models/3/promote", "/models/rollback"] {
            let refused = send(&server, path, "", headers);
            assert_eq!(refused.status, 403, "{path} {headers:?}");
            assert!(refused.body.contains("nothing was changed"), "{}", refused.body);
        }
    }
    assert_eq!(champion(&server), 2);
    assert_eq!(test_folder.value("SELECT count(*) FROM promotion"), 2);
    // what changes something is not to be had by a link
    for path in ["/models/3/promote", "/models/rollback"] {
        assert_eq!(server.get(path).status, 200, "{path}");
    }
    assert_eq!(champion(&server), 2);
    let referer = format!("{own}/models/3");
    assert_eq!(send(&server, "/models/3/promote", "", &[("Referer", &referer)]).status, 303);
}

#[test]
fn without_a_model_the_page_says_what_to_do() {
    let test_folder = TestFolder::new();
    test_folder.succeed(&["ingest", &test_folder.write_sales("sales.csv", 5, 0, 300)]);
    let server = Server::start(&test_folder);
    let page = server.get("/models");
    assert!(page.status == 200 && page.body.contains("diamonds retrain"), "{}", page.body);
    let refused = press(&server, "/models/rollback", "");
    assert!(refused.status == 409 && refused.body.contains("no champion before"), "{}", refused.body);
    assert_eq!(server.get("/models/rollback").status, 409);
}
