//! Which products a filter lets through, against [`Filter::matches`] of every product, while the catalog changes.

use super::{Access, EmbeddedStore};
use crate::catalog::{Fields, ProductId};
use crate::filter::{FacetKind, FieldKind, FieldPath, FieldType, Filter, Inventory};
use crate::store::{Store, Write};
use lookalike_vision::encoder::EncoderId;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// SplitMix64.
struct Drawn(u64);

impl Drawn {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % limit as u64) as usize
    }

    fn one_of<'a, T: ?Sized>(&mut self, all: &[&'a T]) -> &'a T {
        all[self.below(all.len())]
    }

    fn fields(&mut self) -> Fields {
        let n = self.below(20);
        let color = [json!("Red"), json!("red"), json!(["BLUE", "red"]), json!(7), json!(true), json!(null)];
        let price = [json!(n), json!(n.to_string()), json!(format!("{n} EUR")), json!(-0.5), json!([])];
        let size =
            [json!({"w": n, "unit": "cm"}), json!([{"w": 1}, {"w": n}]), json!({}), json!({"unit": null})];
        let mut fields = Fields::new();
        for (name, values) in [("color", &color[..]), ("price", &price), ("size", &size)] {
            if self.below(5) > 0 {
                fields.insert(name.into(), values[self.below(values.len())].clone());
            }
        }
        fields.insert("odd \"name\".x".into(), Value::from(["Ä", "ä", "true"][self.below(3)]));
        // Too much to be kept in memory, as small as that is in tests.
        fields.insert("story".into(), format!("{n} {}", self.below(1 << 30)).repeat(30).into());
        fields
    }

    fn filter(&mut self, depth: usize) -> String {
        if depth > 0 && self.below(2) == 0 {
            let (a, b) = (self.filter(depth - 1), self.filter(depth - 1));
            return match self.below(3) {
                0 => format!("not ({a})"),
                1 => format!("({a}) and ({b})"),
                _ => format!("({a}) or ({b})"),
            };
        }
        let field = self.one_of(&[
            "color",
            "price",
            "size.w",
            "size",
            "size.unit",
            "'odd \"name\".x'",
            "gone",
            "story",
        ]);
        let value = self.below(20);
        match self.below(6) {
            0 => format!("has({field})"),
            1 => format!("{field} {} {value}", self.one_of(&["=", "!=", "<", ">="])),
            2 => format!("{field} = {}", self.one_of(&["red", "'7'", "true", "ä", "cm", "blue"])),
            3 => format!("{field} in (red, {value}, 'CM', true)"),
            4 => format!("{field} ^= {}", self.one_of(&["r", "''", "1", "Ä"])),
            _ => format!("{field} >= 'blue'"),
        }
    }
}

fn put(id: usize, fields: &Fields) -> Write {
    Write::Product { id: ProductId::new(format!("p{id}")).unwrap(), fields: fields.clone(), images: vec![] }
}

/// The products' numbers in the tables, by their ids.
fn numbers(store: &EmbeddedStore) -> BTreeMap<String, u64> {
    let numbers = store.readers.read("listing products", |moment| {
        let mut all = moment.prepare("SELECT id, row FROM product")?;
        let rows = all.query_map((), |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.cast_unsigned())))?;
        rows.collect()
    });
    numbers.unwrap()
}

/// Asserts that facets count what going over all products counts.
fn assert_facets<'p>(store: &EmbeddedStore, filter: &str, products: impl Iterator<Item = &'p Fields>) {
    let fields = FieldPath::parse_list("color, price, size.w, 'odd \"name\".x', gone, story").unwrap();
    let filter = Filter::parse(filter).unwrap();
    let mut inventory = Inventory::default();
    products.filter(|fields| filter.matches(fields)).for_each(|fields| inventory.add(fields));
    let expected = inventory.summary(3);
    let counted = store.facets(&fields, Some(&filter), 3).unwrap();
    assert_eq!(counted.products, expected.products, "{filter}");
    for facet in counted.facets {
        let name = facet.field.to_string();
        // A field that takes too much memory is not counted.
        let Some(counts) = facet.counts else {
            assert_eq!(name, "story");
            continue;
        };
        let Some(facts) = expected.fields.iter().find(|facts| facts.name == name) else {
            assert_eq!(
                (counts.distinct, counts.missing, counts.kind),
                (0, expected.products, None),
                "{filter}"
            );
            continue;
        };
        assert_eq!(Some(counts.distinct), facts.distinct, "{name} of {filter}");
        assert_eq!((counts.min, counts.max), (facts.min, facts.max), "{name} of {filter}");
        assert_eq!(counts.missing, expected.products - facts.products, "{name} of {filter}");
        let found: Vec<u64> = counts.values.iter().map(|one| one.count).collect();
        let all: Vec<u64> = facts.values.iter().map(|one| one.products).collect();
        assert_eq!(found, all, "{name} of {filter}");
        let kinds: BTreeSet<FieldKind> = facts.types.iter().map(|FieldType { kind, .. }| *kind).collect();
        assert_eq!(counts.kind == Some(FacetKind::Boolean), kinds.iter().eq([&FieldKind::Boolean]));
        if kinds.contains(&FieldKind::Text) && !kinds.contains(&FieldKind::Number) {
            assert_ne!(counts.kind, Some(FacetKind::Number), "{name} of {filter}");
        }
    }
}

#[test]
fn a_filter_lets_through_what_it_means_whatever_was_written_since() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop");
    let encoder = EncoderId { name: "test".into(), digest: "1".into(), dimensions: 2 };
    let writer = EmbeddedStore::create(&path, &[encoder]).unwrap();
    let reader = EmbeddedStore::open(&path, Access::ReadOnly).unwrap();
    let mut drawn = Drawn(1);
    let mut products: BTreeMap<usize, Fields> = BTreeMap::new();
    let (mut asked, mut let_through) = (0, 0);
    for round in 0..8 {
        // Given new, changed and deleted products, among them the last, whose number is then given again,
        let mut batch = vec![];
        for _ in 0..[0, 300, 40, 1, 0, 40, 40, 300][round] {
            let id = drawn.below(400);
            if drawn.below(4) == 0 {
                products.remove(&id);
                batch.push(Write::Delete(ProductId::new(format!("p{id}")).unwrap()));
            } else {
                let fields = drawn.fields();
                batch.push(put(id, &fields));
                products.insert(id, fields);
            }
        }
        writer.apply(&batch).unwrap();
        let numbers = numbers(&reader);
        assert_eq!(numbers.len(), products.len());
        // when filters are asked, by who wrote and by another process' reader, about fields asked before and not,
        for _ in 0..60 {
            let text = drawn.filter(3);
            let filter = Filter::parse(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
            for store in [&reader, &writer] {
                let chosen = store.chosen(Some(&filter)).unwrap().unwrap();
                // then exactly the products are let through that the filter matches.
                for (id, fields) in &products {
                    let is_chosen = chosen.contains(numbers[&format!("p{id}")]);
                    assert_eq!(is_chosen, filter.matches(fields), "round {round}: {text} of {fields:?}");
                    asked += 1;
                    let_through += usize::from(is_chosen);
                }
                if asked % 7 == 0 {
                    assert_facets(store, &text, products.values());
                }
            }
        }
    }
    assert!((asked / 10..asked * 9 / 10).contains(&let_through), "{let_through} of {asked}");
}

#[test]
fn what_is_said_of_the_fields_follows_what_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let encoder = EncoderId { name: "test".into(), digest: "1".into(), dimensions: 2 };
    let store = EmbeddedStore::create(&folder.path().join("shop"), &[encoder]).unwrap();
    assert_eq!(store.fields().unwrap().fields, []);
    for (n, color) in ["Red", "blue", "red"].into_iter().enumerate() {
        store.apply(&[put(n, json!({ "color": color }).as_object().unwrap())]).unwrap();
        let summary = store.fields().unwrap();
        assert_eq!((summary.products, summary.fields[0].products), (n as u64 + 1, n as u64 + 1));
    }
    let summary = store.fields().unwrap();
    assert_eq!(summary.fields[0].values[0].products, 2);
    store.apply(&[Write::Delete(ProductId::new("p0").unwrap())]).unwrap();
    assert_eq!(store.fields().unwrap().fields[0].products, 2);
}
