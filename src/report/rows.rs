//! A table as JSON, for programs: an object a row, with the types of the columns.

use serde_json::{Map, Number, Value, json};

use super::csv::encode;
use super::csv::schema::{Field, Kind};

/// The rows of a table with these columns; `null` where there is no value.
///
/// # Errors
/// The table is damaged.
pub fn json(table: &[u8], fields: &[Field]) -> Result<String, csv::Error> {
    let mut rows: Vec<Value> = Vec::new();
    for record in csv::Reader::from_reader(table).records() {
        let record = record?;
        let row = fields.iter().zip(&record);
        let row: Map<String, Value> =
            row.map(|(field, text)| (field.name.clone(), value(field.kind, text))).collect();
        rows.push(Value::Object(row));
    }
    Ok(format!("{:#}\n", json!({ "schema_version": 1, "rows": rows })))
}

fn value(kind: Kind, text: &str) -> Value {
    let Some(decoded) = encode::decode_text(text) else { return Value::Null };
    match kind {
        Kind::Boolean => Value::Bool(text == "true"),
        // A number with all its digits.
        Kind::Integer | Kind::Number => {
            text.parse::<Number>().map_or_else(|_| json!(decoded), Value::Number)
        }
        Kind::Text | Kind::Moment | Kind::Day => json!(decoded),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_the_types_of_their_columns() {
        let field = |name: &str, kind| Field {
            name: name.to_owned(),
            kind,
            unit: String::new(),
            meaning: String::new(),
        };
        let fields = [field("a", Kind::Text), field("b", Kind::Integer), field("c", Kind::Number)];
        let text = json(b"a,b,c\n'-O3,12,0.1250\n007,,1e-7\n", &fields).expect("a table");
        let read: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(
            read["rows"],
            json!([{ "a": "-O3", "b": 12, "c": 0.125 }, { "a": "007", "b": null, "c": 1e-7 }])
        );
    }
}
