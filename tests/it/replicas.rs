//! Servers that follow another one: what they answer, what they refuse, and what goes on when others are away.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use crate::program::{Answer, Server, TestFolder, agent, wait_until};
use crate::skipping::skip;

fn stone() -> Value {
    json!({"carat": 1.1, "cut": "Ideal", "color": "H", "clarity": "SI2"})
}

/// A server that makes a backup every second.
fn primary(test_folder: &TestFolder) -> Server {
    Server::start_with(test_folder, &["--backup-to", "backups", "--backup-every", "1s", "--backups", "2"])
}

/// A server that follows `source`.
fn replica(test_folder: &TestFolder, source: &str, more: &[&str]) -> Server {
    let arguments = ["--replica-of", source, "--replica-every", "100ms"];
    Server::start_with(test_folder, &[&arguments, more].concat())
}

fn backups_of(test_folder: &TestFolder) -> String {
    test_folder.path("backups").display().to_string()
}

fn price(server: &Server) -> Value {
    let answer = server.post("/v1/predictions", &stone());
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()["price_usd"].clone()
}

fn champion(server: &Server) -> Value {
    server.get("/health").json()["model"]["id"].clone()
}

#[test]
fn a_replica_answers_as_its_primary_follows_it_and_changes_nothing() {
    let (of_primary, of_replica) = (TestFolder::trained(300), TestFolder::new());
    let first = primary(&of_primary);
    let quoted = first.post_form("/quotes", &[("carat", "1.1"), ("cut", "Ideal"), ("color", "H"), ("clarity", "SI2")]);
    assert_eq!(quoted.status, 303, "{}", quoted.body);
    let follower = replica(&of_replica, &backups_of(&of_primary), &["--node", "replica-1"]);
    wait_until("the quote has come", || follower.get("/quotes/1001").status == 200);
    assert_eq!(price(&follower), price(&first));
    let similar = |server: &Server| server.post("/v1/similar", &stone()).json()["stones"].clone();
    assert_eq!(similar(&follower), similar(&first));

    // what is changed there comes
    let before = champion(&first);
    of_primary.succeed(&["ingest", &of_primary.write_sales("more.csv", 5, 2_000, 200)]);
    of_primary.succeed(&["retrain", "--family", "linear", "--trials", "0", "--promote", "always"]);
    assert_ne!(champion(&first), before);
    wait_until("the champion has come", || champion(&follower) == champion(&first));
    assert_eq!(price(&follower), price(&first));
    assert_eq!(follower.get("/health").json()["sales"], 500);

    // nothing is changed here, by whichever way
    let id = follower.post("/v1/predictions", &stone()).json()["id"].as_str().expect("an id").to_owned();
    let refused = follower.post(&format!("/v1/predictions/{id}/outcome"), &json!({"price_usd": 4000}));
    assert_eq!(refused.status, 421);
    assert!(refused.json()["detail"].as_str().expect("a reason").contains("this server is a replica"));
    for path in ["/quotes", "/parcels", "/models/1/promote", "/training", "/shop", "/sales/1/undo", "/price-list"] {
        assert_eq!(follower.post_form(path, &[]).status, 421, "{path}");
    }
    let sales = of_replica.write_sales("own.csv", 6, 5_000, 10);
    for command in [
        &["ingest", &sales][..],
        &["retrain"],
        &["models", "promote", "1"],
        &["keys", "create", "--role", "read", "--name", "a"],
    ] {
        let told = of_replica.fail(1, command);
        assert!(told.contains("this is a replica of") && told.contains("--replica-of none"), "{command:?}: {told}");
    }
    assert!(follower.get("/").body.contains("A replica, as of"));
    assert!(follower.get("/metrics").body.contains("diamonds_replica_follows 1"));

    // its log is its own, under its own name, without the predictions that came with quotes
    let logged = of_replica.value("SELECT count(*) FROM request WHERE path = '/v1/predictions'");
    assert_eq!(logged, 3);
    let export = of_replica.path("lake").display().to_string();
    assert_eq!(of_replica.json(&["export", "requests", &export])["node"], "replica-1");
    assert_eq!(follower.stop(), 0);

    // also without a server
    assert!(of_replica.fail(1, &["ingest", &sales]).contains("this is a replica of"));
    let status = of_replica.succeed(&["status"]).stdout;
    assert!(status.contains("replica   of ") && status.contains("Nothing here"), "{status}");
    let own = of_replica.value("SELECT count(*) FROM logged_prediction");
    assert_eq!((own, of_replica.value("SELECT count(*) FROM prediction")), (json!(3), json!(4)));
}

#[test]
fn a_replica_starts_without_its_primary_and_becomes_a_file_of_its_own_when_it_is_told_to() {
    let (of_primary, of_replica) = (TestFolder::trained(300), TestFolder::new());
    let backups = backups_of(&of_primary);
    let first = primary(&of_primary);
    let follower = replica(&of_replica, &backups, &[]);
    let expected = price(&follower);
    assert_eq!(follower.stop(), 0);
    first.kill();

    // what is no copy changes nothing, and is told
    std::fs::write(of_primary.path("backups/diamonds-29990101T000000.duckdb"), "no database").expect("written");
    let follower = replica(&of_replica, &backups, &[]);
    let problem = || follower.get("/health").json()["replica"]["problem"].as_str().map(str::to_owned);
    wait_until("the copy is refused", || problem().is_some_and(|problem| problem.contains("not a diamonds file")));
    assert_eq!(price(&follower), expected);
    assert!(follower.get("/metrics").body.contains("diamonds_replica_follows 0"));
    assert!(follower.get("/").body.contains("does not get newer copies"));
    let said = follower.stop_and_listen();
    assert_eq!(said.matches("is served still").count(), 1, "once, not at every look: {said}");

    // it is not served as if it were a file of its own by mistake
    let told = of_replica.fail(1, &["serve", "--addr", "127.0.0.1:0"]);
    assert!(told.contains("--replica-of none"), "{told}");
    let own = Server::start_with(&of_replica, &["--replica-of", "none"]);
    assert_eq!(price(&own), expected);
    of_replica.succeed(&["ingest", &of_replica.write_sales("own.csv", 6, 5_000, 10)]);
    assert_eq!(own.get("/health").json()["sales"], 310);
    assert_eq!(own.stop(), 0);
    assert_eq!(Server::start(&of_replica).stop(), 0, "it is one for good");

    // and a file with content becomes no replica by mistake
    let told = of_replica.fail(1, &["serve", "--addr", "127.0.0.1:0", "--replica-of", &backups]);
    assert!(told.contains("has content of its own (2 batches of sales"), "{told}");
}

#[test]
fn a_replica_follows_an_address_with_a_key_and_keys_hold_there_too() {
    let (of_primary, of_replica) = (TestFolder::trained(300), TestFolder::new());
    let create = |role: &str| {
        let made = of_primary.json(&["keys", "create", "--role", role, "--name", role]);
        made["key"].as_str().expect("a key").to_owned()
    };
    let (manage, read) = (create("manage"), create("read"));
    let first = primary(&of_primary);
    let address = first.url("/v1/backups/latest");
    let ask = |key: &str, tag: &str| {
        let request = agent().get(&address).header("Authorization", format!("Bearer {key}"));
        request.header("If-None-Match", tag).call().expect("an answer")
    };
    wait_until("there is a backup", || ask(&manage, "").status() == 200);
    let head = |answer: &ureq::http::Response<ureq::Body>, name: &str| {
        answer.headers().get(name).map(|value| value.to_str().expect("text").to_owned())
    };
    let newest = ask(&manage, "");
    let tag = head(&newest, "etag").expect("a tag");
    assert!(head(&newest, "last-modified").is_some_and(|time| time.ends_with("GMT")));
    assert_eq!(ask(&read, "").status(), 403, "it has everything");
    // a newer one may have come in between
    wait_until("what is known is not sent", || {
        head(&ask(&manage, ""), "etag").is_some_and(|tag| ask(&manage, &tag).status() == 304)
    });
    assert_ne!(tag, "");

    // without its key it waits, and says so
    let mut waiting = of_replica
        .command(&["serve", "--addr", "127.0.0.1:0", "--replica-of", &address])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it runs");
    std::thread::sleep(Duration::from_secs(2));
    waiting.kill().expect("it waits");
    let said = waiting.wait_with_output().expect("it has ended");
    let said = String::from_utf8_lossy(&said.stderr).into_owned();
    assert!(said.contains("waiting for a first copy") && said.contains("DIAMONDS_PRIMARY_KEY"), "{said}");

    let follower = replica(&of_replica, &address, &["--primary-key", &manage]);
    assert_eq!(follower.post("/v1/predictions", &stone()).status, 401);
    let with = |key: &str| {
        let request = agent().post(follower.url("/v1/predictions")).header("Authorization", format!("Bearer {key}"));
        request.send_json(stone()).map(Answer::from).expect("an answer").status
    };
    assert_eq!(with(&read), 200);
    of_primary.succeed(&["keys", "revoke", "read"]);
    wait_until("the key is revoked there too", || with(&read) == 401);
    assert!(!follower.stop_and_listen().contains(&manage), "the key is a secret");
    let told = of_replica.fail(1, &["serve", "--replica-of", "http://me:secret@host/copy"]);
    assert!(told.contains("leave names, passwords"), "{told}");
}

#[test]
fn a_replica_follows_an_encrypted_address_whose_certificate_it_is_given() {
    let (of_primary, of_replica) = (TestFolder::trained(300), TestFolder::new());
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let certificate = of_primary.write("cert.pem", made.cert.pem());
    of_primary.write("key.pem", made.signing_key.serialize_pem());
    let first = Server::start_with(
        &of_primary,
        &["--tls-cert", "cert.pem", "--tls-key", "key.pem", "--backup-to", "backups", "--backup-every", "1s"],
    );
    let port = first.address.rsplit(':').next().expect("a port");
    let address = format!("https://localhost:{port}/v1/backups/latest");
    let follower = replica(&of_replica, &address, &["--primary-ca", &certificate]);
    assert_eq!(follower.get("/health").json()["sales"], 300);
    let told = TestFolder::new().fail(1, &["serve", "--replica-of", &address, "--primary-ca", "nothing.pem"]);
    assert!(told.contains("cannot read nothing.pem"), "{told}");
}

#[test]
fn a_replica_stops_at_once_while_a_copy_is_on_its_way() {
    let (of_primary, of_replica) = (TestFolder::trained(200), TestFolder::new());
    let first = primary(&of_primary);
    let follower = replica(&of_replica, &backups_of(&of_primary), &[]);
    assert_eq!(follower.stop(), 0);
    drop(first);
    // an address that takes the question and never answers
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}/copy", silent.local_addr().expect("its address"));
    let follower = replica(&of_replica, &address, &[]);
    let (_question, _) = silent.accept().expect("it asks");
    let said = follower.stop_and_listen();
    assert!(!said.contains("is served still"), "it has not waited until nothing came: {said}");
}

#[test]
fn no_request_fails_while_copies_take_the_place_of_each_other() {
    let (of_primary, of_replica) = (TestFolder::trained(300), TestFolder::new());
    let first = primary(&of_primary);
    let follower = replica(&of_replica, &backups_of(&of_primary), &[]);
    let copies = || follower.get("/health").json()["replica"]["copy_made"].clone();
    let ended = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let asking = scope.spawn(|| {
            let mut asked = 0;
            while !ended.load(Ordering::Relaxed) {
                for path in ["/", "/models", "/sales", "/v1/models", "/requests"] {
                    let answer = follower.get(path);
                    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
                }
                price(&follower);
                asked += 1;
            }
            asked
        });
        for seed in 0..4 {
            let before = copies();
            of_primary.succeed(&["ingest", &of_primary.write_sales("more.csv", 20 + seed, 10_000 * (seed + 1), 100)]);
            wait_until("a copy has come", || copies() != before);
        }
        ended.store(true, Ordering::Relaxed);
        assert!(asking.join().expect("no request fails") > 0);
    });
    drop(first);
}

/// A balancer in front of `primary` and `replicas`, with the configuration of `packaging/compose`.
struct Balancer {
    child: Child,
    address: String,
}

impl Balancer {
    /// Starts it; `None` where there is none.
    fn start(test_folder: &TestFolder, primary: &str, replicas: [&str; 2]) -> Option<Self> {
        let program =
            ["/usr/sbin/haproxy", "/usr/local/sbin/haproxy"].into_iter().find(|path| Path::new(path).exists())?;
        let free = || {
            let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
            listener.local_addr().expect("its address").to_string()
        };
        let (everybody, changes) = (free(), free());
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/compose/haproxy.cfg");
        let configuration = std::fs::read_to_string(path)
            .expect("the configuration")
            .replace("bind :8080", &format!("bind {everybody}"))
            .replace("bind :8081", &format!("bind {changes}"))
            .replace("primary:8080", primary)
            .replace("replica-1:8080", replicas[0])
            .replace("replica-2:8080", replicas[1]);
        let file = test_folder.write("haproxy.cfg", configuration);
        let child = Command::new(program)
            .args(["-db", "-f", &file])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        Some(Self { child, address: everybody })
    }

    fn ask(&self, method: &str, path: &str) -> Option<(u16, String)> {
        let url = format!("http://{}{path}", self.address);
        let answered = match method {
            "GET" => agent().get(url).header("Accept", "text/html").call(),
            _ => agent().post(url).send_json(stone()),
        };
        let answer = answered.map(Answer::from).ok()?;
        Some((answer.status, answer.body))
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        // it may have ended already
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn prices_go_on_behind_a_balancer_with_a_replica_killed_and_the_primary_away() {
    let folders = [TestFolder::trained(300), TestFolder::new(), TestFolder::new()];
    let first = primary(&folders[0]);
    let [one, two] = [1, 2].map(|place| replica(&folders[place], &backups_of(&folders[0]), &[]));
    let Some(balancer) = Balancer::start(&folders[0], &first.address, [&one.address, &two.address]) else {
        skip("no haproxy");
        return;
    };
    wait_until("the balancer answers", || balancer.ask("GET", "/health").is_some_and(|(status, _)| status == 200));
    let prices = |when: &str| {
        for _ in 0..40 {
            let answer = balancer.ask("POST", "/v1/predictions");
            assert_eq!(answer.as_ref().map(|(status, _)| *status), Some(200), "{when}: {answer:?}");
        }
    };
    prices("all are there");
    let change = || balancer.ask("POST", "/v1/predictions/00000000-0000-7000-8000-000000000000/outcome");
    assert_eq!(change().map(|(status, _)| status), Some(404), "changes go to the primary");
    one.kill();
    prices("a replica was killed");
    first.kill();
    prices("the primary is away too");
    wait_until("pages go on", || {
        balancer.ask("GET", "/").is_some_and(|(status, page)| status == 200 && page.contains("A replica, as of"))
    });
    wait_until("a change is refused with a word", || {
        change().is_some_and(|(status, told)| status == 421 && told.contains("the server that it follows"))
    });
    drop(two);
}
