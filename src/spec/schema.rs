//! The JSON Schema (draft-07) of experiment files, made of the definitions in [`keys`](super::keys).
//!
//! Owns how a shape is said in JSON Schema. It says no more than a schema can: what one part of a
//! file means for another is the binder's.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use toml::de::{DeTable, DeValue};

use crate::design::Catalogue;

use super::keys::{FILE, FREE_NAME, Key, Keys, PARAM_NAME, Rule, Shape, VARIABLE_NAME, layered};

/// The schema, as the text of a file.
#[must_use]
pub fn text(catalogue: &Catalogue) -> String {
    let mut text = format!("{:#}", schema(catalogue));
    text.push('\n');
    text
}

/// The schema.
#[must_use]
pub fn schema(catalogue: &Catalogue) -> Value {
    let mut definitions = Definitions { catalogue, made: BTreeMap::new() };
    let mut root = definitions.table(&FILE);
    let entries = [
        ("$schema", json!("http://json-schema.org/draft-07/schema#")),
        ("title", json!("runner experiment")),
        ("x-tombi-toml-version", json!("v1.0.0")),
    ];
    root.extend(entries.map(|(key, value)| (key.to_owned(), value)));
    let all: Map<String, Value> = definitions.made.into_iter().collect();
    root.insert("definitions".to_owned(), all.into());
    root.into()
}

/// Definitions that are referred to, by name.
struct Definitions<'a> {
    catalogue: &'a Catalogue,
    made: BTreeMap<String, Value>,
}

impl Definitions<'_> {
    /// A reference to a definition, which is made when it is new.
    fn refer(&mut self, name: &str, make: impl FnOnce(&mut Self) -> Value) -> Value {
        if !self.made.contains_key(name) {
            // The place is taken first, since definitions refer to one another.
            self.made.insert(name.to_owned(), Value::Null);
            let made = make(self);
            self.made.insert(name.to_owned(), made);
        }
        json!({ "$ref": format!("#/definitions/{name}") })
    }

    fn table(&mut self, keys: &Keys) -> Map<String, Value> {
        let mut properties = Map::new();
        for key in keys.keys {
            properties.insert(key.name.to_owned(), self.property(key, true));
        }
        if keys.has_protocol {
            for key in layered() {
                properties.insert(key.name.to_owned(), self.property(key, false));
            }
        }
        let mut table = Map::new();
        table.insert("type".to_owned(), json!("object"));
        table.insert("description".to_owned(), json!(keys.about));
        table.insert("additionalProperties".to_owned(), json!(false));
        table.insert("properties".to_owned(), properties.into());
        for rule in keys.rules {
            add_rule(&mut table, *rule);
        }
        table
    }

    /// A key: shape, description, default, example. A key of the protocol elsewhere has no default
    /// of its own.
    fn property(&mut self, key: &Key, own_default: bool) -> Value {
        let mut property = match self.shape(&key.shape) {
            // In draft-07 nothing beside a reference counts.
            Value::Object(shape) if shape.contains_key("$ref") => {
                Map::from_iter([("allOf".to_owned(), json!([shape]))])
            }
            Value::Object(shape) => shape,
            _ => Map::new(),
        };
        let mut about = key.about.to_owned();
        if !own_default {
            about.push_str(" Without it: that of the layers below.");
        }
        if let Some(default) = key.default.filter(|_| own_default) {
            about.push_str(&format!(" Default: {default}."));
            property.insert("default".to_owned(), literal(default));
        }
        if let Some(example) = key.example {
            property.insert("examples".to_owned(), json!([literal(example)]));
        }
        property.insert("description".to_owned(), about.into());
        property.into()
    }

    fn shape(&mut self, shape: &Shape) -> Value {
        match shape {
            Shape::Text => json!({ "type": "string" }),
            Shape::Words => json!({ "type": "string", "pattern": "\\S" }),
            Shape::Line => {
                let plain = "[^\\u0000-\\u001f\\u007f-\\u009f]*";
                let ink = "[^\\s\\u0000-\\u001f\\u007f-\\u009f]";
                json!({ "type": "string", "pattern": format!("^{plain}{ink}{plain}$") })
            }
            Shape::Matching(pattern) => json!({ "type": "string", "pattern": pattern }),
            Shape::Kernel => {
                let kernels = self.catalogue.kernels.iter().map(|kernel| kernel.name);
                let kinds: Vec<&str> = kernels.chain(["command"]).collect();
                json!({ "enum": kinds })
            }
            Shape::Boolean => json!({ "type": "boolean" }),
            Shape::Word(words) => json!({ "enum": words }),
            Shape::Integer(least, most) => whole_number(*least, *most),
            Shape::Signed(least, most) => whole_number(*least, *most),
            Shape::Number(least, above, below) => {
                let least_key = if *above { "exclusiveMinimum" } else { "minimum" };
                json!({ "type": "number", least_key: least, "exclusiveMaximum": below })
            }
            Shape::AnyNumber => json!({ "type": "number" }),
            Shape::Scalar => json!({ "type": ["integer", "number", "boolean", "string"] }),
            Shape::Either(shapes) => {
                let shapes: Vec<Value> = shapes.iter().map(|shape| self.shape(shape)).collect();
                json!({ "anyOf": shapes })
            }
            Shape::List(of, least) => {
                let items = self.shape(of);
                json!({ "type": "array", "items": items, "minItems": least })
            }
            Shape::Set(of) => {
                let items = self.shape(of);
                json!({ "type": "array", "items": items, "minItems": 1, "uniqueItems": true })
            }
            Shape::Table(keys) => self.refer(keys.id, |all| all.table(keys).into()),
            Shape::Named(of) => {
                let of = self.shape(of);
                json!({
                    "type": "object", "minProperties": 1,
                    "propertyNames": { "pattern": FREE_NAME }, "additionalProperties": of,
                })
            }
            Shape::Params(of, least) => {
                let of = self.shape(of);
                json!({
                    "type": "object", "minProperties": least,
                    "propertyNames": { "pattern": PARAM_NAME }, "additionalProperties": of,
                })
            }
            Shape::Factors(keys, of, least, required) => {
                let properties: Map<String, Value> = keys
                    .iter()
                    .map(|key| (key.name.to_owned(), self.property(key, true)))
                    .collect();
                let of = self.shape(of);
                json!({
                    "type": "object", "minProperties": least, "required": required,
                    "propertyNames": { "pattern": PARAM_NAME },
                    "properties": properties, "additionalProperties": of,
                })
            }
            Shape::Variables => json!({
                "type": "object",
                "propertyNames": { "pattern": VARIABLE_NAME },
                "additionalProperties": { "type": "string" },
            }),
            Shape::Alias(name, about, of) => self.refer(name, |all| {
                let mut made = all.shape(of);
                if let Value::Object(made) = &mut made {
                    made.insert("description".to_owned(), json!(about));
                }
                made
            }),
            Shape::Anything => json!({}),
        }
    }
}

/// Says a rule; several of one kind go together under `allOf`.
fn whole_number(least: impl Into<Value>, most: impl Into<Value>) -> Value {
    json!({ "type": "integer", "minimum": least.into(), "maximum": most.into() })
}

fn add_rule(table: &mut Map<String, Value>, rule: Rule) {
    let requires = |keys: &[&str]| -> Vec<Value> {
        keys.iter().map(|key| json!({ "required": [key] })).collect()
    };
    let said = match rule {
        Rule::Required(keys) => json!({ "required": keys }),
        Rule::OneOf(keys) => json!({ "oneOf": requires(keys) }),
        Rule::AnyOf(keys) => json!({ "anyOf": requires(keys) }),
        Rule::AtLeast(count) => json!({ "minProperties": count }),
        Rule::With(key, other) => json!({ "dependencies": { key: [other] } }),
        Rule::NotBoth(one, other) => json!({ "not": { "required": [one, other] } }),
    };
    let rules = table.entry("allOf").or_insert_with(|| json!([]));
    if let Value::Array(rules) = rules {
        rules.push(said);
    }
}

/// A value in TOML as one in JSON.
fn literal(toml: &str) -> Value {
    let text = format!("value = {toml}");
    let table = DeTable::parse(&text).expect("defaults and examples are TOML").into_inner();
    table.get("value").map_or(Value::Null, |node| value(node.get_ref()))
}

fn value(node: &DeValue<'_>) -> Value {
    match node {
        DeValue::String(text) => json!(text),
        DeValue::Integer(integer) => {
            let digits = integer.as_str();
            digits.parse::<i64>().map_or_else(|_| json!(digits), |integer| json!(integer))
        }
        DeValue::Float(float) => {
            let digits = float.as_str();
            digits.parse::<f64>().map_or_else(|_| json!(digits), |float| json!(float))
        }
        DeValue::Boolean(boolean) => json!(boolean),
        DeValue::Datetime(datetime) => json!(datetime.to_string()),
        DeValue::Array(list) => list.iter().map(|item| value(item.get_ref())).collect(),
        DeValue::Table(table) => {
            let entries = table.iter();
            let entries =
                entries.map(|(key, node)| (key.get_ref().to_string(), value(node.get_ref())));
            Value::Object(entries.collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_has_a_description() {
        let schema = schema(&Catalogue { kernels: Vec::new(), strategies: Vec::new() });
        let mut seen = 0;
        let definitions = schema["definitions"].as_object().expect("definitions");
        for table in definitions.values().chain([&schema]) {
            let properties = table["properties"].as_object().into_iter().flatten();
            for (name, property) in properties {
                assert!(
                    property["description"].as_str().is_some_and(|text| text.len() > 10),
                    "{name}"
                );
                seen += 1;
            }
        }
        assert!(seen > 80, "{seen}");
        assert_eq!(definitions["protocol"]["properties"]["repeats"]["default"], json!(10));
        assert_eq!(definitions["override"]["properties"]["repeats"]["default"], Value::Null);
    }

    #[test]
    fn literals_are_read() {
        assert_eq!(
            literal("{ a = [1, 0.5, \"x\"], b = true }"),
            json!({ "a": [1, 0.5, "x"], "b": true })
        );
    }
}
