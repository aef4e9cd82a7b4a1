//! `--filter` of `search` and `check`, and `status --fields`: as people and programs see them.

#![expect(clippy::unwrap_used, reason = "helpers of tests, where a failure is the answer")]

mod cli_kit;

use cli_kit::{Shop, drawing, png};
use serde_json::{Value, json};

/// Six products out of a CSV, where everything is text, with commas and quotes in it.
fn shop() -> Shop {
    let shop = Shop::new();
    let mut csv = "id,image,title,brand,price,color\n".to_owned();
    for (n, rest) in [
        "Red mug,Acme,9.50,red",
        "\"Mug \"\"XL\"\"\",\"Big, Co\",19.99,Red",
        "Blue mug,ACME,19.99 EUR,blue",
        "Plate,Acme,49,",
        "Bowl,Other,50,green",
        "Vase,,100,Dark Red",
    ]
    .into_iter()
    .enumerate()
    {
        shop.write(format!("p{n}.png"), png(&drawing(n)));
        csv.push_str(&format!("{n},p{n}.png,{rest}\n"));
    }
    shop.write("list.csv", csv);
    shop.run(["index", "shop", "list.csv"]).is_done();
    shop
}

fn ids(answer: &Value, list: &str) -> Vec<String> {
    let found = answer[list].as_array().unwrap().iter();
    let mut ids: Vec<String> = found.map(|one| one["product_id"].as_str().unwrap().to_owned()).collect();
    ids.sort();
    ids
}

#[test]
fn only_products_that_fit_are_found() {
    let shop = shop();
    for (filter, expected) in [
        ("price<50", &["0", "1", "3"][..]),
        ("color=red", &["0", "1"]),
        ("color in (blue, 'dark red')", &["2", "5"]),
        ("brand='big, co' or not has(brand)", &["1", "5"]),
        ("brand=acme and price>=49", &["3"]),
        ("nothing=1", &[]),
    ] {
        let found = shop.run(["search", "shop", "p0.png", "--json", "--filter", filter]);
        assert_eq!(ids(&found.is_done().json(), "results"), expected, "{filter}");
    }
    let found = shop.run(["search", "shop", "--text", "mug", "--json", "--filter", "price<10"]);
    assert_eq!(ids(&found.is_done().json(), "results"), ["0"]);
    // The photo of product 0 is listed; among the others it is not.
    let check = shop.run(["check", "shop", "p0.png", "--json", "--filter", "price<10"]).is_done().json();
    assert_eq!(check["verdict"], "identical");
    let check = shop.run(["check", "shop", "p0.png", "--json", "--filter", "price>10"]).is_done().json();
    assert_ne!(check["verdict"], "identical");
    assert!(!ids(&check, "matches").contains(&"0".to_owned()));
}

#[test]
fn what_is_no_filter_is_shown_with_its_place() {
    let shop = shop();
    for command in ["search", "check"] {
        let wrong = shop.run([command, "shop", "p0.png", "--filter", "color=dark red"]);
        assert_eq!(
            wrong.usage(),
            "invalid value 'color=dark red' for '--filter <EXPR>': expected `and`, `or` or the end (text with blanks is \
             put in quotes), found `red`, at character 12"
        );
        assert!(wrong.stderr.contains("\n  color=dark red\n             ^\n"), "{}", wrong.stderr);
    }
}

#[test]
fn the_fields_are_told_with_their_types_and_values() {
    let shop = shop();
    let fields = shop.run(["status", "shop", "--fields", "--json"]).is_done().json();
    assert_eq!((&fields["products"], &fields["more_fields"]), (&json!(6), &json!(false)));
    let of = |name: &str| {
        fields["fields"].as_array().unwrap().iter().find(|facts| facts["name"] == name).unwrap().clone()
    };
    assert_eq!(
        of("price"),
        json!({
            "name": "price", "types": ["text", "numeric text"], "products": 6, "distinct": 6, "min": 9.5, "max": 100.0,
            "values": [
                {"value": "100", "products": 1}, {"value": "19.99 EUR", "products": 1},
                {"value": "19.99", "products": 1}, {"value": "49", "products": 1},
                {"value": "50", "products": 1}, {"value": "9.50", "products": 1},
            ],
        })
    );
    assert_eq!(of("brand")["values"][0], json!({"value": "Acme", "products": 3}));
    assert_eq!((&of("color")["products"], &of("color")["distinct"]), (&json!(5), &json!(4)));
    let table = shop.run(["status", "shop", "--fields"]);
    let lines: Vec<&str> = table.is_done().stdout.lines().collect();
    assert!(lines[0].starts_with("field  type"), "{lines:#?}");
    let brand = lines.iter().find(|line| line.starts_with("brand")).unwrap();
    assert!(brand.ends_with("Acme (3), Big, Co (1), Other (1)"), "{brand}");
    let price = lines.iter().find(|line| line.starts_with("price")).unwrap();
    assert!(price.contains("9.5 to 100"), "{price}");

    let bare = Shop::new();
    bare.write("photos/p.png", png(&drawing(1)));
    bare.run(["index", "bare", "photos"]).is_done();
    let told = bare.run(["status", "bare", "--fields"]);
    assert!(told.is_done().stdout.lines().count() <= 2, "{told:?}");
}
