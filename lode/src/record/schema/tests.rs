use proptest::prelude::*;

use super::*;

const FLIGHT: Schema = Schema::new(
    "Flight",
    &[
        FieldSchema::new("number", Type::Scalar(Scalar::Int32), true),
        FieldSchema::new(
            "legs",
            Type::List(&Element {
                ty: Type::Struct {
                    fields: &[FieldSchema::new(
                        "origin\n",
                        Type::Enum(&[VariantSchema::new("JFK"), VariantSchema::new("é")]),
                        false,
                    )],
                    denies_unknown_fields: false,
                },
                nullable: true,
            }),
            false,
        ),
        FieldSchema::new(
            "by_name",
            Type::Map(&Element { ty: Type::Scalar(Scalar::Json), nullable: false }),
            false,
        ),
    ],
);

const FLIGHT_JSON: &str = concat!(
    r#"{"name":"Flight","fields":[{"name":"number","type":"int32","nullable":true},"#,
    r#"{"name":"legs","type":{"list":{"nullable":{"struct":["#,
    r#"{"name":"origin\n","type":{"enum":["JFK","é"]},"nullable":false}]}}},"nullable":false},"#,
    r#"{"name":"by_name","type":{"map":"json"},"nullable":false}]}"#,
);

#[test]
fn stands_in_json_as_the_format_says() {
    let schema = RecordSchema::from(&FLIGHT);
    assert_eq!(serde_json::to_string(&schema).unwrap(), FLIGHT_JSON);
    assert_eq!(serde_json::from_str::<RecordSchema>(FLIGHT_JSON).unwrap(), schema);
}

/// A change of this number would make schemas that programs wrote before unknown.
#[test]
fn fingerprint_is_stable() {
    let fingerprint = RecordSchema::from(&FLIGHT).fingerprint();
    assert_eq!(fingerprint, "2bde12a03457872b7fe401c6fe510326");
    let renamed = Schema { name: "Other", ..FLIGHT };
    assert_eq!(RecordSchema::from(&renamed).fingerprint(), fingerprint);
}

#[test]
fn every_scalar_has_one_name() {
    let names: std::collections::BTreeSet<_> = Scalar::ALL.iter().map(|s| s.name()).collect();
    assert_eq!(names.len(), Scalar::ALL.len());
    for scalar in Scalar::ALL {
        assert_eq!(Scalar::from_name(scalar.name()), Some(scalar));
    }
}

#[track_caller]
fn refused(fields: &str, reason: &str) {
    let json = format!(r#"{{"name":"R","fields":{fields}}}"#);
    let error = serde_json::from_str::<RecordSchema>(&json).unwrap_err().to_string();
    assert!(error.contains(reason), "{error}");
    if let Ok(value) = serde_json::from_str::<serde_json::Value>(&json) {
        let error = serde_json::from_value::<RecordSchema>(value).unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }
}

fn of_type(ty: &str) -> String {
    format!(r#"[{{"name":"f","type":{ty},"nullable":false}}]"#)
}

#[test]
fn refuses_what_is_not_a_schema() {
    refused("null", "a list of fields");
    refused("[1]", "a field with its name");
    refused(r#"[{"name":"f","type":"int32"}]"#, "missing field `nullable`");
    refused(r#"[{"type":"int32","nullable":false}]"#, "missing field `name`");
    refused(r#"[{"name":"f","nullable":false}]"#, "missing field `type`");
    refused(r#"[{"name":"","type":"int32","nullable":false}]"#, "a name is empty");
    refused(&of_type(r#""int33""#), r#"unknown type "int33""#);
    refused(&of_type("7"), "a type");
    refused(&of_type("{}"), "a type has one key");
    refused(&of_type(r#"{"list":"int8","map":"int8"}"#), "a type has one key");
    refused(&of_type(r#"{"nullable":"int8"}"#), r#"unknown type "nullable""#);
    refused(&of_type(r#"{"list":{"nullable":{"nullable":"int8"}}}"#), "unknown type");
    refused(&of_type(r#"{"enum":[]}"#), "at least one name");
    refused(&of_type(r#"{"enum":["a","a"]}"#), r#"two of the enum names are named "a""#);
    let field = r#"{"name":"f","type":"int32","nullable":false}"#;
    refused(&format!("[{field},{field}]"), r#"two of the fields are named "f""#);
    refused(&of_type(&format!(r#"{{"struct":[{field},{field}]}}"#)), "two of the fields");
    assert!(serde_json::from_str::<RecordSchema>(r#"{"name":"R"}"#).is_err());
    assert!(serde_json::from_str::<RecordSchema>(r#"{"name":"","fields":[]}"#).is_err());
}

#[test]
fn ignores_what_a_later_version_may_add() {
    let json = r#"{"new":[{}],"name":"R","fields":[{"name":"f","since":1,"type":"json","nullable":true}]}"#;
    let schema: RecordSchema = serde_json::from_str(json).unwrap();
    assert_eq!(schema.fields()[0].name, "f");
}

#[test]
fn nesting_is_bounded() {
    let nested = |levels: usize| {
        let (open, close) = (r#"{"list":"#.repeat(levels), "}".repeat(levels));
        of_type(&format!(r#"{open}"int8"{close}"#))
    };
    let fits = format!(r#"{{"name":"R","fields":{}}}"#, nested(MAX_DEPTH - 1));
    assert!(serde_json::from_str::<RecordSchema>(&fits).is_ok());
    refused(&nested(MAX_DEPTH), "nested more than 32 deep");
    refused(&nested(100_000), "nested more than 32 deep");
}

/// The deepest structs that a program can declare are read back from a manifest.
#[test]
fn deepest_structs_are_readable() {
    let mut ty = r#""int8""#.to_owned();
    for _ in 1..MAX_DEPTH {
        ty = format!(r#"{{"struct":{}}}"#, of_type(&ty));
    }
    let manifest = format!(r#"{{"schemas":[{{"name":"R","fields":{}}}]}}"#, of_type(&ty));
    let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    let text = manifest["schemas"][0].to_string();
    assert!(serde_json::from_str::<RecordSchema>(&text).is_ok());
}

#[test]
fn differences_are_told_field_by_field() {
    let from: RecordSchema = serde_json::from_str(FLIGHT_JSON).unwrap();
    let to = FLIGHT_JSON
        .replace("int32", "int64")
        .replace(r#""nullable":true"#, r#""nullable":false"#)
        .replace(r#"["JFK","é"]"#, r#"["é","LGA"]"#)
        .replace("by_name", "tags");
    let to: RecordSchema = serde_json::from_str(&to).unwrap();
    let diff = from.diff(&to).unwrap();
    let lines = [
        "`number`: nullable int32 becomes int64",
        "`legs[].origin\n`: enum name \"JFK\" is removed",
        "`legs[].origin\n`: enum name \"LGA\" is added",
        "`by_name`: map of json is removed",
        "`tags`: map of json is added",
    ];
    assert_eq!(diff.to_string(), lines.join("\n"));
    assert_eq!(diff.changes().len(), lines.len());
    assert_eq!(from.diff(&from), None);
}

#[test]
fn another_order_is_a_difference() {
    let from: RecordSchema = serde_json::from_str(FLIGHT_JSON).unwrap();
    let mut to = from.clone();
    to.fields.swap(0, 1);
    assert_eq!(from.diff(&to).unwrap().to_string(), "the fields are in another order");
    let names = |names: &[&str]| RecordSchema {
        name: "R".into(),
        fields: vec![RecordField {
            name: "e".into(),
            ty: RecordType::Enum(names.iter().map(|&name| name.into()).collect()),
            nullable: false,
        }],
    };
    let diff = names(&["a", "b"]).diff(&names(&["b", "a"])).unwrap();
    assert_eq!(diff.to_string(), "`e`: its names are in another order");
}

fn any_fields(depth: u32) -> BoxedStrategy<Vec<RecordField>> {
    let names = prop::collection::btree_set("[a-c]|\\PC{1,3}", 1..4).prop_shuffle_set();
    names
        .prop_flat_map(move |names| {
            let types = prop::collection::vec((any_type(depth), any::<bool>()), names.len());
            (Just(names), types)
        })
        .prop_map(|(names, types)| {
            let field = |(name, (ty, nullable))| RecordField { name, ty, nullable };
            names.into_iter().zip(types).map(field).collect()
        })
        .boxed()
}

trait ShuffleSet {
    fn prop_shuffle_set(self) -> BoxedStrategy<Vec<String>>;
}

impl<S: Strategy<Value = std::collections::BTreeSet<String>> + 'static> ShuffleSet for S {
    fn prop_shuffle_set(self) -> BoxedStrategy<Vec<String>> {
        self.prop_map(|set| set.into_iter().collect::<Vec<_>>()).prop_shuffle().boxed()
    }
}

fn any_type(depth: u32) -> BoxedStrategy<RecordType> {
    let scalar = prop::sample::select(Scalar::ALL.to_vec()).prop_map(RecordType::Scalar);
    let names = prop::collection::btree_set("[a-c]|\\PC{1,3}", 1..4).prop_shuffle_set();
    let leaf = prop_oneof![scalar, names.prop_map(RecordType::Enum)];
    if depth == 0 {
        return leaf.boxed();
    }
    let element = || {
        (any_type(depth - 1), any::<bool>())
            .prop_map(|(ty, nullable)| Box::new(RecordElement { ty, nullable }))
    };
    prop_oneof![
        leaf,
        element().prop_map(RecordType::List),
        element().prop_map(RecordType::Map),
        any_fields(depth - 1).prop_map(RecordType::Struct),
    ]
    .boxed()
}

fn any_schema() -> impl Strategy<Value = RecordSchema> {
    ("\\PC{1,5}", any_fields(3)).prop_map(|(name, fields)| RecordSchema { name, fields })
}

proptest! {
    #[test]
    fn survives_json(schema in any_schema()) {
        let json = serde_json::to_string(&schema).unwrap();
        prop_assert_eq!(&serde_json::from_str::<RecordSchema>(&json).unwrap(), &schema);
        let value = serde_json::to_value(&schema).unwrap();
        prop_assert_eq!(&serde_json::from_value::<RecordSchema>(value).unwrap(), &schema);
    }

    #[test]
    fn fingerprint_is_that_of_the_json(schema in any_schema()) {
        let json = serde_json::to_string(&schema.fields).unwrap();
        let hash = xxhash_rust::xxh3::xxh3_128(json.as_bytes());
        prop_assert_eq!(schema.fingerprint(), format!("{hash:032x}"));
    }

    #[test]
    fn no_difference_means_the_same_fingerprint(one in any_schema(), other in any_schema()) {
        prop_assert_eq!(one.diff(&one), None);
        let differs = one.fields != other.fields;
        prop_assert_eq!(one.diff(&other).is_some(), differs);
        prop_assert_eq!(one.fingerprint() != other.fingerprint(), differs);
    }

    #[test]
    fn any_json_is_a_schema_or_an_error(json in "[\\[\\]{}\":,a-z0-9 ]{0,80}") {
        let _ = serde_json::from_str::<RecordSchema>(&json);
    }
}
