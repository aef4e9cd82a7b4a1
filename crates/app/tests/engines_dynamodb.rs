//! DynamoDB tables as sources, from Amazon's own local server; and what is done when a server has too much to do.

#![cfg(feature = "aws")]
#![expect(clippy::unwrap_used, reason = "what a scenario needs and does not get is its failure")]

mod cli_kit;
mod engine_kit;

use cli_kit::{Shop, drawing, png};
use engine_kit::{engine, request, run_at};
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::time::{SystemTime, UNIX_EPOCH};

fn ask(endpoint: &str, action: &str, body: &Value) -> (u16, String) {
    let headers = format!(
        "Content-Type: application/x-amz-json-1.0\r\nX-Amz-Target: DynamoDB_20120810.{action}\r\nX-Amz-Date: \
         20260101T000000Z\r\nAuthorization: AWS4-HMAC-SHA256 Credential=AKIATEST/20260101/us-east-1/dynamodb/aws4_request, \
         SignedHeaders=host, Signature=0\r\n"
    );
    request(endpoint, "POST", "/", &headers, body.to_string().as_bytes())
}

/// A table like the earlier system's: what it hashed, under its own ids.
fn hash_store(endpoint: &str, items: usize) -> String {
    let nanos = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
    let table = format!("hash_store_{nanos}");
    let made = json!({
        "TableName": table, "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "entity_id", "AttributeType": "N"}],
        "KeySchema": [{"AttributeName": "entity_id", "KeyType": "HASH"}],
    });
    let (status, body) = ask(endpoint, "CreateTable", &made);
    assert_eq!(status, 200, "{body}");
    for n in 0..items {
        let item = json!({
            "entity_id": {"N": n.to_string()}, "sku": {"S": format!("SKU-{n}")},
            "image_url": {"S": format!("{}.png", n % 3)}, "phash": {"S": "e1e1c3c39696f0f0"},
            "tags": {"SS": ["a", "b"]}, "price": {"N": "19.95"}, "in_stock": {"BOOL": true}, "gone": {"NULL": true},
            // Pages are of 1 MB.
            "description": {"S": "x".repeat(20_000)},
        });
        let (status, body) = ask(endpoint, "PutItem", &json!({"TableName": table, "Item": item}));
        assert_eq!(status, 200, "{body}");
    }
    table
}

fn with_pictures() -> Shop {
    let shop = Shop::new();
    for n in 0..3 {
        shop.write(format!("pictures/{n}.png"), png(&drawing(n)));
    }
    shop
}

#[test]
fn a_table_of_several_pages_is_a_catalog() {
    let Some(endpoint) = engine("DYNAMODB") else { return };
    let table = hash_store(&endpoint, 120);
    let shop = with_pictures();
    let address = format!("dynamodb://{table}?region=eu-west-1&endpoint={endpoint}");
    let arguments =
        ["index", "shop", &address, "--map", "id=entity_id,image=image_url", "--image-base", "pictures"];
    // DynamoDB Local keeps the tables of all regions as one.
    let index = || run_at(&shop, "http://127.0.0.1:9", &arguments);
    let ran = index();
    assert_eq!(ran.is_done().photos(), [120, 120, 0, 0]);
    assert!(ran.stderr.contains(&format!("DynamoDB table dynamodb://{table}\n")), "{}", ran.stderr);
    let found = shop.run(["search", "shop", "pictures/1.png", "--top", "100", "--json"]).is_done().json();
    let fields = &found["results"][0]["fields"];
    assert_eq!(fields["entity_id"].as_u64().unwrap() % 3, 1);
    assert_eq!(
        (&fields["price"], &fields["tags"], &fields["in_stock"]),
        (&json!(19.95), &json!(["a", "b"]), &json!(true))
    );
    assert_eq!((&fields["phash"], fields.get("gone")), (&json!("e1e1c3c39696f0f0"), None));
    assert_eq!(index().is_done().photos(), [120, 0, 120, 0]);
}

#[test]
fn a_table_that_cannot_be_read_is_told_by_its_name() {
    let Some(endpoint) = engine("DYNAMODB") else { return };
    let table = hash_store(&endpoint, 0);
    let shop = with_pictures();
    let error = |table: &str| {
        let address = format!("dynamodb://{table}?endpoint={endpoint}");
        let ran = run_at(&shop, "http://127.0.0.1:9", &["index", "shop", &address]);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""));
        ran.stderr.lines().last().unwrap().strip_prefix("lookalike: ").unwrap().to_owned()
    };
    assert_eq!(error(&table), format!("dynamodb://{table}: holds no items"));
    assert!(
        error("no_such_table")
            .starts_with("dynamodb://no_such_table: was refused: ResourceNotFoundException: ")
    );
    assert!(error("x").contains("names no table"));
    assert!(!shop.path("shop").exists(), "no catalog is made for nothing");
}

#[test]
fn a_server_that_has_too_much_to_do_is_asked_again() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let item = |n: u64| json!({"id": {"N": n.to_string()}, "image": {"S": format!("{n}.png")}});
    let slow = json!({"__type": "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException", "message": "slow down"});
    let answers = [
        (400, slow),
        (200, json!({"Items": [item(0), item(1)], "LastEvaluatedKey": {"id": {"N": "1"}}})),
        (503, json!({})),
        (200, json!({"Items": [item(2)]})),
    ];
    let server = std::thread::spawn(move || {
        let mut questions = Vec::new();
        for (status, body) in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let (mut length, mut head, mut line) = (0, String::new(), String::new());
            while reader.read_line(&mut line).unwrap() > 2 {
                if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                head.push_str(&std::mem::take(&mut line));
            }
            let mut question = vec![0; length];
            reader.read_exact(&mut question).unwrap();
            questions.push((head.to_ascii_lowercase(), serde_json::from_slice::<Value>(&question).unwrap()));
            let body = body.to_string();
            let length = body.len();
            write!(
                stream,
                "HTTP/1.1 {status} X\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
            )
            .unwrap();
        }
        questions
    });
    let shop = with_pictures();
    let address = format!("dynamodb://shop_items?endpoint={endpoint}");
    let ran = run_at(&shop, "http://127.0.0.1:9", &["index", "shop", &address, "--image-base", "pictures"]);
    assert_eq!(ran.is_done().photos(), [3, 3, 0, 0]);
    let questions = server.join().unwrap();
    let first = json!({"TableName": "shop_items"});
    let second = json!({"TableName": "shop_items", "ExclusiveStartKey": {"id": {"N": "1"}}});
    let bodies: Vec<&Value> = questions.iter().map(|(_, body)| body).collect();
    assert_eq!(bodies, [&first, &first, &second, &second]);
    assert!(questions[0].0.contains("x-amz-target: dynamodb_20120810.scan"), "{}", questions[0].0);
    assert!(
        questions[0].0.contains("credential=akiatest/")
            && questions[0].0.contains("/us-east-1/dynamodb/aws4_request")
    );
}
