//! Who may do what: keys, roles, sessions, other sites.

use serde_json::{Value, json};

use crate::program::{Answer, Server, TestFolder, agent};

fn stone() -> Value {
    json!({"carat": 1.1, "cut": "Ideal", "color": "H", "clarity": "SI2"})
}

fn make_key(test_folder: &TestFolder, role: &str, name: &str) -> String {
    let made = test_folder.json(&["keys", "create", "--role", role, "--name", name]);
    made["key"].as_str().expect("a key").to_owned()
}

/// Sends a request without following redirects.
fn send(server: &Server, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .allow_non_standard_methods(true)
        .build()
        .into();
    let mut request = ureq::http::Request::builder().method(method).uri(server.url(path));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    agent.run(request.body(body.to_owned()).expect("a request")).map(Answer::from).expect("an answer")
}

fn bearer(key: &str) -> String {
    format!("Bearer {key}")
}

#[test]
fn a_menu_shows_what_its_reader_may_open() {
    let test_folder = TestFolder::trained(200);
    let server = Server::start(&test_folder);
    let menu = |headers: &[(&str, &str)], path: &str| {
        let page = send(&server, "GET", path, headers, "").body;
        let menu = page.split_once("<nav").expect("a menu").1.split_once("</nav>").expect("its end").0.to_owned();
        menu.split("href=\"")
            .skip(1)
            .map(|rest| rest.split('"').next().expect("an address").to_owned())
            .collect::<Vec<_>>()
    };
    let all =
        ["/", "/price-list", "/quotes", "/parcels", "/sales", "/training", "/models", "/docs", "/requests", "/metrics"];
    assert_eq!(menu(&[], "/"), all, "a server without keys on this machine is open");
    for role in ["price", "read", "manage"] {
        let key = bearer(&make_key(&test_folder, role, role));
        let shown = menu(&[("Authorization", &key)], "/docs");
        for path in all {
            let status = send(&server, "GET", path, &[("Authorization", &key)], "").status;
            assert_eq!(status == 200, shown.iter().any(|one| one == path), "{path} for {role}: {status}");
        }
    }
}

#[test]
fn each_role_may_do_what_it_is_for_and_no_more() {
    let test_folder = TestFolder::trained(200);
    let server = Server::start(&test_folder);
    assert_eq!(server.get("/models").status, 200, "a server without keys on this machine is open");
    let keys = ["price", "read", "manage"].map(|role| make_key(&test_folder, role, &format!("{role}-shop")));
    let body = stone().to_string();
    let json = ("Content-Type", "application/json");
    let own = ("Sec-Fetch-Site", "same-origin");
    let form = ("Content-Type", "application/x-www-form-urlencoded");
    // without a key, and with each of the three
    for (method, path, header, body, expected) in [
        ("GET", "/health", json, "", [200, 200, 200, 200]),
        ("GET", "/style.css", json, "", [200, 200, 200, 200]),
        ("POST", "/v1/predictions", json, body.as_str(), [401, 200, 200, 200]),
        ("GET", "/v1/similar?carat=1&cut=Ideal&color=H&clarity=SI2", json, "", [401, 200, 200, 200]),
        ("GET", "/", json, "", [401, 200, 200, 200]),
        ("GET", "/price-list", json, "", [401, 200, 200, 200]),
        ("GET", "/v1/price-list", json, "", [401, 200, 200, 200]),
        ("GET", "/docs", json, "", [401, 200, 200, 200]),
        ("GET", "/openapi.json", json, "", [401, 200, 200, 200]),
        ("GET", "/v1/models", json, "", [401, 403, 200, 200]),
        ("GET", "/v1/requests", json, "", [401, 403, 200, 200]),
        ("GET", "/models", json, "", [401, 403, 200, 200]),
        ("GET", "/requests", json, "", [401, 403, 200, 200]),
        ("GET", "/requests.csv", json, "", [401, 403, 200, 200]),
        ("POST", "/models/rollback", form, "", [401, 403, 403, 303]),
        ("POST", "/models/1/promote", form, "", [401, 403, 403, 303]),
        ("GET", "/nothing", json, "", [404, 404, 404, 404]),
    ] {
        if path == "/models/1/promote" {
            test_folder.succeed(&["retrain", "--family", "linear", "--promote", "always"]);
        }
        for (place, status) in expected.into_iter().enumerate() {
            let key = place.checked_sub(1).map(|place| bearer(&keys[place]));
            let mut headers = vec![header, own];
            headers.extend(key.as_deref().map(|key| ("Authorization", key)));
            let answer = send(&server, method, path, &headers, body);
            assert_eq!(answer.status, status, "{method} {path} with key {place}: {}", answer.body);
            assert_eq!(answer.header("www-authenticate"), if status == 401 { "Bearer" } else { "" });
        }
    }
    let whole = test_folder.json(&["keys", "audit"]);
    let last = &whole["events"][0];
    assert_eq!(
        (&last["actor"], &last["action"], &last["subject"]),
        (&json!("manage-shop"), &json!("promote"), &json!("model 1"))
    );
    let of_commands =
        whole["events"].as_array().expect("events").iter().filter(|event| event["actor"] == "command line");
    assert!(of_commands.count() >= 6, "{whole}");
}

#[test]
fn a_key_is_shown_once_and_is_in_no_file_and_ends_when_it_is_revoked_or_expires() {
    let test_folder = TestFolder::trained(200);
    let key = make_key(&test_folder, "read", "shop1");
    assert!(key.starts_with("diamonds_") && key.len() == 9 + 43, "{key}");
    let server = Server::start(&test_folder);
    let get = |key: &str, path: &str| send(&server, "GET", path, &[("Authorization", &bearer(key))], "");
    assert_eq!(get(&key, "/v1/models").status, 200);
    assert_eq!(get(&format!("{key}x"), "/v1/models").status, 401);
    let in_address = get("x", &format!("/v1/models?key={key}"));
    assert!(
        in_address.status == 400 && in_address.body.contains("must not stand in an address"),
        "{}",
        in_address.body
    );
    send(&server, "GET", "/v1/models?api_token=hunter2&n=1", &[("Authorization", &bearer(&key))], "");
    let log = test_folder.json(&["requests", "list"]);
    let names: Vec<&Value> = log["requests"].as_array().expect("a list").iter().map(|one| &one["key_name"]).collect();
    assert_eq!(names, [&json!("shop1"), &Value::Null, &Value::Null, &json!("shop1")]);
    assert_eq!(log["requests"][0]["query"], "api_token=[redacted]&n=1");

    let short = test_folder.json(&["keys", "create", "--role", "manage", "--name", "short", "--expires", "1s"]);
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    assert_eq!(get(short["key"].as_str().expect("a key"), "/v1/models").status, 401, "it has expired");
    test_folder.succeed(&["keys", "revoke", "shop1"]);
    let refused = get(&key, "/v1/models");
    assert!(refused.status == 401 && refused.body.contains("revoked"), "{}", refused.body);
    assert_eq!(send(&server, "GET", "/v1/models", &[], "").status, 401, "the last key revoked opens nothing");
    let told = test_folder.fail(1, &["keys", "create", "--role", "read", "--name", "shop1"]);
    assert!(told.contains("choose another name"), "{told}");
    assert!(test_folder.fail(1, &["keys", "revoke", "shop1"]).contains("keys list"));
    assert_eq!(server.stop(), 0);
    for name in crate::program::files_in(&test_folder.path("")) {
        let Ok(bytes) = std::fs::read(test_folder.path(&name)) else { continue };
        for secret in [&key[9..], "hunter2"] {
            assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "{secret} is in {name}");
        }
    }
}

#[test]
fn somebody_with_a_key_for_prices_sees_their_own_predictions_only() {
    let test_folder = TestFolder::trained(200);
    let [ours, theirs, reader] = [("price", "ours"), ("price", "theirs"), ("read", "reader")]
        .map(|(role, name)| make_key(&test_folder, role, name));
    let server = Server::start(&test_folder);
    let send_as = |key: &str, method: &str, path: &str, body: &str| {
        send(&server, method, path, &[("Authorization", &bearer(key)), ("Content-Type", "application/json")], body)
    };
    let made = send_as(&ours, "POST", "/v1/predictions", &stone().to_string()).json();
    let id = made["id"].as_str().expect("an id");
    for path in [format!("/v1/predictions/{id}"), format!("/predictions/{id}"), format!("/v1/predictions/{id}/steps")] {
        for (key, status) in [(&ours, 200), (&theirs, 404), (&reader, 200)] {
            assert_eq!(send_as(key, "GET", &path, "").status, status, "{path}");
        }
    }
    let outcome = format!("/v1/predictions/{id}/outcome");
    assert_eq!(send_as(&theirs, "POST", &outcome, "{\"price_usd\": 1}").status, 404);
    assert_eq!(send_as(&ours, "POST", &outcome, "{\"price_usd\": 4800}").status, 201);
}

#[test]
fn people_log_in_with_a_key_and_out_again() {
    let test_folder = TestFolder::trained(200);
    let key = make_key(&test_folder, "read", "anna");
    let server = Server::start(&test_folder);
    let page = [("Accept", "text/html")];
    let sent_away = send(&server, "GET", "/models?a=1&b=2", &page, "");
    assert_eq!((sent_away.status, sent_away.header("location")), (303, "/login?next=%2Fmodels%3Fa%3D1%26b%3D2"));
    assert!(
        send(&server, "GET", sent_away.header("location"), &page, "").body.contains("value=\"/models?a=1&#38;b=2\"")
    );
    let form = ("Content-Type", "application/x-www-form-urlencoded");
    let own = ("Sec-Fetch-Site", "same-origin");
    let not_sent = send(&server, "POST", "/models/1/promote", &[page[0], form, own], "");
    assert_eq!((not_sent.status, not_sent.header("location")), (303, "/login?next=%2F"));
    assert_eq!(send(&server, "GET", "/login?utm_source=diamonds_shop", &page, "").status, 200, "that is no key");
    let body = format!("key={key}&next=%2Fmodels");
    assert_eq!(send(&server, "POST", "/login", &[form], &body).status, 403, "not from our page");
    let wrong = send(&server, "POST", "/login", &[form, own], "key=diamonds_x&next=%2Fmodels");
    assert!(wrong.status == 403 && wrong.body.contains("not known here"), "{}", wrong.body);
    let welcome = send(&server, "POST", "/login", &[form, own], &body);
    assert_eq!((welcome.status, welcome.header("location")), (303, "/models"));
    let cookie = welcome.header("set-cookie");
    for part in ["diamonds_session=", "HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=43200"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let session = cookie.split(';').next().expect("a value").to_owned();
    let with_session = [("Cookie", session.as_str()), ("Accept", "text/html")];
    let models = send(&server, "GET", "/models", &with_session, "");
    assert!(models.status == 200 && models.body.contains("anna") && models.body.contains("Log out"), "{}", models.body);
    assert_eq!(
        send(&server, "POST", "/models/1/promote", &[with_session[0], form, own], "").status,
        403,
        "only to read"
    );

    // a session outlives the server, and ends with its key or by logging out
    assert_eq!(server.stop(), 0);
    let server = Server::start(&test_folder);
    assert_eq!(send(&server, "GET", "/models", &with_session, "").status, 200);
    let left = send(&server, "POST", "/logout", &[with_session[0], own], "");
    assert!(left.status == 303 && left.header("set-cookie").contains("Max-Age=0"));
    assert_eq!(send(&server, "GET", "/models", &with_session, "").status, 303);
    let again = send(&server, "POST", "/login", &[form, own], &body);
    let session = again.header("set-cookie").split(';').next().expect("a value").to_owned();
    assert_eq!(send(&server, "GET", "/v1/models", &[("Cookie", &session)], "").status, 200);
    test_folder.succeed(&["keys", "revoke", "anna"]);
    assert_eq!(send(&server, "GET", "/v1/models", &[("Cookie", &session)], "").status, 401);
}

#[test]
fn beyond_this_machine_a_server_wants_a_key_or_to_be_told_that_it_is_open() {
    let test_folder = TestFolder::trained(200);
    let told = test_folder.fail(1, &["serve", "--addr", "0.0.0.0:0"]);
    for word in ["keys create", "--open", "promote models"] {
        assert!(told.contains(word), "{told}");
    }
    let port = |server: &Server| server.address.rsplit_once(':').expect("a port").1.to_owned();
    let ask = |server: &Server| {
        agent()
            .get(format!("http://127.0.0.1:{}/v1/models", port(server)))
            .call()
            .map(Answer::from)
            .expect("an answer")
            .status
    };
    let open = Server::start_at(&test_folder, "0.0.0.0:0", &["--open"]);
    assert_eq!(ask(&open), 200);
    assert_eq!(open.stop(), 0);
    make_key(&test_folder, "price", "shop1");
    assert_eq!(ask(&Server::start_at(&test_folder, "0.0.0.0:0", &[])), 401);
}

#[test]
fn pages_of_other_sites_ask_only_where_they_are_allowed() {
    let test_folder = TestFolder::trained(200);
    let more = ["--allow-origin", "https://shop.example", "--origin", "https://prices.example"];
    let server = Server::start_with(&test_folder, &more);
    let body = stone().to_string();
    let json = ("Content-Type", "application/json");
    let asks = |origin| [("Origin", origin), ("Access-Control-Request-Method", "POST")];
    let allowed = send(&server, "OPTIONS", "/v1/predictions", &asks("https://shop.example"), "");
    assert_eq!((allowed.status, allowed.header("access-control-allow-origin")), (204, "https://shop.example"));
    assert!(allowed.header("access-control-allow-headers").contains("Authorization"));
    let refused = send(&server, "OPTIONS", "/v1/predictions", &asks("https://evil.example"), "");
    assert!(refused.status == 403 && refused.body.contains("--allow-origin https://evil.example"), "{}", refused.body);
    assert_eq!(refused.header("access-control-allow-origin"), "");
    let cross = ("Sec-Fetch-Site", "cross-site");
    for (headers, status) in [
        (vec![json], 200),
        (vec![json, ("Origin", "https://shop.example"), cross], 200),
        (vec![json, ("Origin", "https://prices.example")], 200),
        (vec![json, ("Sec-Fetch-Site", "same-origin")], 200),
        (vec![json, ("Origin", "https://evil.example"), cross], 403),
        (vec![json, ("Origin", "null"), cross], 403),
        (vec![json, ("Origin", "https://evil.example")], 403),
        (vec![json, cross], 403),
        (vec![("Origin", "https://evil.example"), cross], 403),
        (vec![], 415),
        (vec![("Content-Type", "text/plain")], 415),
    ] {
        let answer = send(&server, "POST", "/v1/predictions", &headers, &body);
        assert_eq!(answer.status, status, "{headers:?}: {}", answer.body);
    }
    let read = send(&server, "GET", "/v1/models", &[("Origin", "https://shop.example"), cross], "");
    assert_eq!(read.header("access-control-allow-origin"), "https://shop.example");
    assert!(read.header("access-control-expose-headers").contains("X-Request-Id"));
    // the public name is that of the server
    assert_eq!(send(&server, "GET", "/v1/models", &[("Host", "prices.example")], "").status, 200);
    for (name, value) in
        [("x-content-type-options", "nosniff"), ("referrer-policy", "same-origin"), ("cache-control", "no-store")]
    {
        assert_eq!(read.header(name), value);
    }
}

#[test]
fn a_client_that_asks_too_much_is_told_to_wait() {
    let test_folder = TestFolder::trained(200);
    let server = Server::start_with(&test_folder, &["--rate-limit", "5", "--trusted-proxy", "127.0.0.0/8"]);
    let ask = |client: &str| send(&server, "GET", "/v1/models", &[("X-Forwarded-For", client)], "");
    // at once: one after the other, a busy machine may be slower than the limit
    let answers: Vec<Answer> = std::thread::scope(|scope| {
        let asking: Vec<_> = (0..24).map(|_| scope.spawn(|| ask("203.0.113.7, 198.51.100.1"))).collect();
        asking.into_iter().map(|answer| answer.join().expect("an answer")).collect()
    });
    let refused: Vec<&Answer> = answers.iter().filter(|answer| answer.status == 429).collect();
    assert!((1..=19).contains(&refused.len()), "{} of 24", refused.len());
    assert!(refused[0].header("retry-after") == "1" && refused[0].body.contains("send fewer"), "{}", refused[0].body);
    assert_eq!(ask("203.0.113.7, 198.51.100.2").status, 200, "another client");
    assert_eq!(ask("203.0.113.7, 198.51.100.3, 127.0.0.9").status, 200, "the last that is not a proxy counts");
    let log = test_folder.json(&["requests", "list", "--status", "429"]);
    assert_eq!(log["requests"][0]["client"], "198.51.100.1");
    let form = ("Content-Type", "application/x-www-form-urlencoded");
    let logins = (0..15).map(|_| {
        let headers = [form, ("Sec-Fetch-Site", "same-origin"), ("X-Forwarded-For", "198.51.100.9")];
        std::thread::sleep(std::time::Duration::from_millis(210));
        send(&server, "POST", "/login", &headers, "key=x").status
    });
    assert_eq!(logins.filter(|status| *status == 403).count(), 10);
}

#[test]
fn connections_are_encrypted_and_certificates_are_read_again() {
    use ureq::tls::{Certificate, RootCerts, TlsConfig};

    let test_folder = TestFolder::trained(200);
    let write = |name: &str| {
        let made = rcgen::generate_simple_self_signed([name.to_owned()]).expect("a certificate");
        test_folder.write("cert.pem", made.cert.pem());
        test_folder.write("key.pem", made.signing_key.serialize_pem());
        made.cert.pem()
    };
    let pem = write("localhost");
    let told =
        test_folder.fail(1, &["serve", "--addr", "127.0.0.1:0", "--tls-cert", "key.pem", "--tls-key", "cert.pem"]);
    assert!(told.contains("cannot encrypt connections") && told.contains("key.pem"), "{told}");
    let server = Server::start_with(&test_folder, &["--tls-cert", "cert.pem", "--tls-key", "key.pem"]);
    let url = format!("https://localhost:{}/v1/models", server.address.rsplit_once(':').expect("a port").1);
    let ask = |pem: &str| {
        let roots = RootCerts::new_with_certs(&[Certificate::from_pem(pem.as_bytes()).expect("a certificate")]);
        let tls = TlsConfig::builder().root_certs(roots).build();
        let agent: ureq::Agent = ureq::Agent::config_builder().tls_config(tls).build().into();
        agent.get(&url).call().map(|answer| answer.status().as_u16())
    };
    assert_eq!(ask(&pem).ok(), Some(200));
    let other = write("localhost");
    assert!(ask(&other).is_err(), "not read yet");
    crate::program::send_signal(server.pid(), "HUP");
    crate::program::wait_until("the certificate is read again", || ask(&other).is_ok());
    assert!(ask(&pem).is_err());
    assert_eq!(server.stop(), 0);
}
