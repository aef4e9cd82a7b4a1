//! The grammar and its meaning, case by case and by drawn filters.

use super::expression::{Bound, Condition, Expression, FieldPath, Filter, Literal, Order, Test};
use super::item::folded;
use super::{DEEPEST, FieldKind, FieldType, FilterError, Inventory, MOST_BYTES, MOST_FIELDS, MOST_TERMS};
use crate::catalog::Fields;
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};

fn fields(value: Value) -> Fields {
    value.as_object().unwrap().clone()
}

#[track_caller]
fn assert_matches(product: &Value, matching: &[&str], other: &[&str]) {
    let product = fields(product.clone());
    for (texts, expected) in [(matching, true), (other, false)] {
        for text in texts {
            let filter = Filter::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(filter.matches(&product), expected, "{text}");
            let negated = Filter::parse(&format!("not ({text})")).unwrap();
            assert_eq!(negated.matches(&product), !expected, "not ({text})");
        }
    }
}

#[test]
fn values_are_compared_by_what_they_and_the_literal_are() {
    let product = json!({
        "color": "Dark Red", "brand": "ACME", "price": 19.5, "was": "24.90", "label": "19.99 EUR", "new": true,
        "sold": "False", "sku": "007", "gone": null, "empty": "", "none": [], "made": "2024-03-09", "City": "ÅRHUS",
        "path": "Gear/Fitness/Balls", "zero": -0.0,
    });
    assert_matches(
        &product,
        &[
            "color='dark red'",
            "color=\"DARK RED\"",
            "brand=acme",
            "price=19.5",
            "price=1.95e1",
            "price<20",
            "price<=19.5",
            "price>-1",
            "price>=19.5",
            "price!=19",
            "was=24.9",
            "was>24",
            "was=\"24.90\"",
            "new=true",
            "new=TRUE",
            "sold=false",
            "sold='false'",
            "sku=007",
            "sku='007'",
            "has(price)",
            "has(empty)",
            "empty=''",
            "made>='2024-01-01'",
            "made<'2024-04'",
            "City=århus",
            "path^=gear/",
            "path^='Gear/Fitness'",
            "brand in (Nike, Acme)",
            "price in (1, 19.5)",
            "zero=0",
            "zero=-0",
            "zero<=0",
            "brand not in (Nike)",
            "color!=red",
        ],
        &[
            "color=red",
            "color^=red",
            "price='19.5'",
            "price=\"19.5\"",
            "label<20",
            "label=19.99",
            "was='24.9'",
            "new='true'",
            "new=1",
            "sold=0",
            "sku=7",
            "sku<10",
            "has(gone)",
            "has(none)",
            "has(absent)",
            "gone=null",
            "absent=1",
            "absent<1",
            "brand<5",
            "brand in (Nike, Puma)",
            "price<19.5",
            "made<'2024'",
            "city=århus",
            "price^=1",
            "has(color.red)",
            "color.red=1",
            "zero<0",
            "was<'3' and was>'3'",
        ],
    );
}

#[test]
fn a_field_that_is_not_there_is_never_equal_and_never_unequal_to_be_left_out() {
    assert_matches(
        &json!({}),
        &["absent!=red", "not absent=red", "absent not in (a, b)", "not has(absent)"],
        &["absent=red", "absent<5", "absent>=5", "absent^=a", "absent in (a)"],
    );
}

#[test]
fn lists_match_by_any_element_and_objects_by_their_names() {
    let product = json!({
        "tags": ["Gift", "sale", 7, null, ["deep"]],
        "size": {"width": 10, "unit": "cm", "void": {}},
        "variants": [{"sku": "a", "price": 5}, {"sku": "b", "price": 50}],
        "a.b": 1, "screen size": {"in \"": 27}, "and": 3,
    });
    assert_matches(
        &product,
        &[
            "tags=gift",
            "tags=7",
            "tags=deep",
            "tags!=nothing",
            "size.width=10",
            "size.unit=CM",
            "has(size)",
            "variants.sku=b",
            "variants.price<10",
            "variants.price>10",
            "has(variants.sku)",
            "'a.b'=1",
            "\"screen size\".'in \"'=27",
            "'and'=3",
            // Any element, condition by condition: not one element for both.
            "variants.sku=a and variants.price=50",
        ],
        &["a.b=1", "size=10", "has(size.void)", "has(size.height)", "tags=sales", "tags!=gift", "variants=5"],
    );
}

#[test]
fn and_binds_tighter_than_or_and_not_tighter_than_and() {
    let product = json!({"a": 1, "b": 2});
    assert_matches(
        &product,
        &["a=1 or b=1 and b=3", "not a=2 and b=2", "NOT a=2 AND b=2 Or x=1", "(a=1)", "((a=1) and ((b=2)))"],
        &["(a=1 or b=1) and b=3", "not (a=2 or b=2)", "not not a=2"],
    );
}

#[test]
fn errors_point_at_the_character_and_name_what_was_due() {
    for (text, offset, message) in [
        ("", 0, "expected a field, `not`, `has(` or `(`, found the end, at character 1"),
        ("  ", 2, "found the end, at character 3"),
        ("price", 5, "`in` or `not in`, found the end, at character 6"),
        (
            "price<",
            6,
            "expected a value (in quotes, where it holds more than letters, digits and a few signs), found the end",
        ),
        ("price<cheap", 6, "expected a number, or text in quotes, found `cheap`, at character 7"),
        ("price==5", 6, "found `=`, at character 7"),
        (
            "color=dark red",
            11,
            "expected `and`, `or` or the end (text with blanks is put in quotes), found `red`",
        ),
        ("größe=5 und x=1", 8, "found `und`, at character 9"),
        ("(a=1", 4, "expected `and`, `or` or `)`, found the end"),
        ("a=1)", 3, "found `)`, at character 4"),
        ("a in 5", 5, "expected `(` and values, found `5`"),
        ("a in ()", 6, "expected a value"),
        ("a in (1 2)", 8, "expected `,` or `)`"),
        ("a not 5", 2, "`in` or `not in`, found `not`"),
        ("a=1 and or b=2", 8, "expected a field, `not`, `has(` or `(`, found `or`"),
        ("has price", 4, "expected `(` and a field (a field of that name is put in quotes), found `price`"),
        ("has(a", 5, "expected `)`, found the end"),
        ("a.=1", 2, "expected a field's name, found `=`"),
        ("a=\"x", 2, "the text in quotes that begins at character 3 has no closing \""),
        ("a='x\\q'", 4, "no such escape at character 5"),
        ("a='\\u{110000}'", 3, "no such escape at character 4"),
        ("a=1e999", 2, "the number at character 3 is out of range"),
        ("a=\0", 2, "found `\\0`, at character 3"),
        ("a=`", 2, "found a backquote"),
        ("a&&b", 4, "found the end"),
    ] {
        let error = Filter::parse(text).expect_err(text);
        assert_eq!(error.offset(), offset, "{text}: {error}");
        assert!(error.to_string().contains(message), "{text}: {error}");
    }
}

#[test]
fn the_place_is_shown_under_the_filter() {
    let shown = |text: &str| Filter::parse(text).unwrap_err().pointed(text);
    assert_eq!(shown("größe<\tviel"), "größe< viel\n       ^");
    assert_eq!(shown("a=1 and"), "a=1 and\n       ^");
    let long = format!("{}b<x", "a=1 and ".repeat(20));
    let pointed = shown(&long);
    let (line, caret) = pointed.split_once('\n').unwrap();
    assert!(line.starts_with("...") && line.ends_with("b<x") && line.chars().count() == 64, "{line}");
    assert_eq!(caret.find('^'), line.find('x'));
}

#[test]
fn nothing_grows_without_bound() {
    let nested = |depth| format!("{}a=1{}", "(".repeat(depth), ")".repeat(depth));
    assert!(Filter::parse(&nested(DEEPEST)).is_ok());
    assert_eq!(Filter::parse(&nested(DEEPEST + 1)), Err(FilterError::TooDeep { offset: DEEPEST + 1 }));
    let negated = |depth| format!("{}a=1", "not ".repeat(depth));
    assert!(Filter::parse(&negated(DEEPEST)).is_ok());
    assert!(matches!(Filter::parse(&negated(4000)), Err(FilterError::TooDeep { .. })));
    let terms = |count| vec!["a=1"; count].join(" and ");
    assert!(Filter::parse(&terms(MOST_TERMS)).is_ok());
    assert!(matches!(Filter::parse(&terms(MOST_TERMS + 1)), Err(FilterError::TooMany { .. })));
    let list = |count| format!("a in ({})", vec!["1"; count].join(","));
    assert!(Filter::parse(&list(MOST_TERMS)).is_ok());
    assert!(matches!(Filter::parse(&list(MOST_TERMS + 1)), Err(FilterError::TooMany { .. })));
    let fields = |count| (0..count).map(|n| format!("f{n}=1 or f{n}=2")).collect::<Vec<_>>().join(" and ");
    assert!(Filter::parse(&fields(MOST_FIELDS)).is_ok());
    let offset = fields(MOST_FIELDS).len() + " and ".len();
    assert_eq!(Filter::parse(&fields(MOST_FIELDS + 1)), Err(FilterError::TooManyFields { offset }));
    let long = format!("a='{}'", "x".repeat(MOST_BYTES));
    assert_eq!(Filter::parse(&long), Err(FilterError::TooLong { bytes: long.len() }));
}

#[test]
fn a_filter_names_its_fields_once() {
    let filter = Filter::parse("b.c=1 and (a=2 or not has(b.c)) and 'x y'<3").unwrap();
    let names: Vec<String> = filter.fields().into_iter().map(ToString::to_string).collect();
    assert_eq!(names, ["a", "b.c", "\"x y\""]);
}

/// Texts that need quotes, escapes or neither, and words of the grammar.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zA-Z0-9_.:/-]{1,6}",
        "\\PC{0,5}",
        any::<String>().prop_map(|text| text.chars().take(4).collect()),
        proptest::sample::select(vec![
            "and", "NOT", "true", "False", "1e5", "-0", "007", "\\\"'", " ", "ß İ"
        ])
        .prop_map(str::to_owned),
    ]
}

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![any::<i32>().prop_map(f64::from), any::<f64>().prop_filter("finite", |n| n.is_finite())]
        .prop_map(|number| number + 0.0)
}

fn literal() -> impl Strategy<Value = Literal> {
    prop_oneof![
        text().prop_map(|text| Literal::Text(folded(&text))),
        number().prop_map(Literal::Number),
        any::<bool>().prop_map(Literal::Boolean),
    ]
}

fn condition() -> impl Strategy<Value = Expression> {
    let bound =
        prop_oneof![number().prop_map(Bound::Number), text().prop_map(|text| Bound::Text(folded(&text)))];
    let order = proptest::sample::select(vec![Order::Less, Order::AtMost, Order::More, Order::AtLeast]);
    let test = prop_oneof![
        Just(Test::Present),
        vec(literal(), 1..4).prop_map(|mut literals| {
            literals.sort();
            literals.dedup();
            Test::OneOf(literals)
        }),
        (order, bound).prop_map(|(order, bound)| Test::Order(order, bound)),
        text().prop_map(|text| Test::Prefix(folded(&text))),
    ];
    (vec(text(), 1..3), test)
        .prop_map(|(names, test)| Expression::Condition(Condition { field: FieldPath(names), test }))
}

fn expression() -> impl Strategy<Value = Expression> {
    condition().prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 2..4).prop_map(Expression::All),
            vec(inner.clone(), 2..4).prop_map(Expression::Any),
            inner.prop_map(|part| Expression::Not(Box::new(part))),
        ]
    })
}

proptest! {
    #[test]
    fn a_filter_written_out_reads_back_as_itself(expression in expression()) {
        let filter = Filter { expression };
        prop_assume!(filter.fields().len() <= MOST_FIELDS);
        let text = filter.to_string();
        prop_assert_eq!(Filter::parse(&text), Ok(filter), "{}", text);
    }

    #[test]
    fn any_text_is_a_filter_or_an_error_within_it(text in "[a-c=<>!^().,'\"\\\\ \u{e9}0-9not and or in has]{0,40}") {
        match Filter::parse(&text) {
            Ok(filter) => prop_assert_eq!(Filter::parse(&filter.to_string()), Ok(filter)),
            Err(error) => {
                prop_assert!(error.offset() <= text.chars().count());
                prop_assert_eq!(error.pointed(&text).lines().count(), 2);
            }
        }
    }
}

#[test]
fn fields_are_counted_with_their_types_and_values() {
    let mut inventory = Inventory::default();
    for n in 0..1500 {
        inventory.add(&fields(json!({
            "title": format!("Product {n}"), "color": if n % 3 == 0 { json!("Red") } else { json!("red") },
            "price": n, "was": format!("{}.50", n % 10), "tags": ["a", "b", "a"], "size": {"width cm": n % 2 == 0},
            "variants": [{"sku": n % 4}, {"sku": "x"}], "gone": null, "none": [], "story": "x".repeat(100 + n % 2),
        })));
    }
    inventory.add(&fields(json!({"price": "on request", "rare": "yes"})));
    let summary = inventory.summary(2);
    assert_eq!((summary.products, summary.more_fields), (1501, false));
    let names: Vec<&str> = summary.fields.iter().map(|facts| &*facts.name).collect();
    assert_eq!(
        names,
        ["title", "color", "price", "was", "tags", "size.\"width cm\"", "variants.sku", "story", "rare"]
    );
    let of = |name: &str| summary.fields.iter().find(|facts| facts.name == name).unwrap();
    let types = |name: &str| of(name).types.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let values =
        |name: &str| of(name).values.iter().map(|one| (one.value.clone(), one.products)).collect::<Vec<_>>();
    assert_eq!((types("title"), of("title").distinct, of("title").products), ("text".into(), None, 1500));
    assert_eq!(of("title").examples, [json!("Product 0"), json!("Product 1"), json!("Product 2")]);
    assert_eq!((of("color").distinct, values("color")), (Some(1), vec![(json!("Red"), 1500)]));
    assert_eq!(
        (types("price"), of("price").min, of("price").max),
        ("text, number".into(), Some(0.0), Some(1499.0))
    );
    assert_eq!(
        (types("was"), of("was").max, of("was").distinct),
        ("numeric text".into(), Some(9.5), Some(10))
    );
    assert_eq!(
        (types("tags"), values("tags")),
        ("list of text".into(), vec![(json!("a"), 1500), (json!("b"), 1500)])
    );
    assert_eq!(types("size.\"width cm\""), "boolean");
    assert_eq!(types("variants.sku"), "list of text, list of number");
    assert_eq!(values("variants.sku"), [(json!("x"), 1500), (json!(0), 375)]);
    assert_eq!((of("story").distinct, values("story")), (Some(2), vec![]));
    assert_eq!(of("rare").products, 1);
    assert_eq!(of("tags").types, [FieldType { kind: FieldKind::Text, is_listed: true }]);
}

#[test]
fn a_value_is_shown_the_same_in_whatever_order_its_spellings_come() {
    for spellings in [["acme", "ACME", "Acme"], ["Acme", "ACME", "acme"], ["ACME", "acme", "Acme"]] {
        let mut inventory = Inventory::default();
        spellings.iter().for_each(|brand| inventory.add(&fields(json!({"brand": brand}))));
        let values = &inventory.summary(5).fields[0].values;
        assert_eq!((&values[0].value, values[0].products), (&json!("Acme"), 3), "{spellings:?}");
    }
}

#[test]
fn a_catalog_whose_field_names_are_ids_is_counted_in_bounded_memory() {
    let mut inventory = Inventory::default();
    for n in 0..2000 {
        inventory.add(&fields(json!({ format!("id-{n}"): n })));
    }
    let summary = inventory.summary(5);
    assert_eq!((summary.fields.len(), summary.more_fields), (500, true));
}
