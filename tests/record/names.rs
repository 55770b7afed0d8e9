//! The names in the schema are those that serde writes, under every rule.

use lode::record::{Key, RecordSchema, RecordType, Value};
use serde::{Deserialize, Serialize};

macro_rules! rules {
    ($($test:ident $rule:literal)*) => {$(
        #[test]
        #[allow(non_snake_case, non_camel_case_types, clippy::upper_case_acronyms)]
        fn $test() {
            #[derive(Default, Serialize, Deserialize, lode::Record)]
            #[serde(rename_all = $rule)]
            struct Fields {
                plain: u8,
                two_words: u8,
                _leading: u8,
                double__underscore: u8,
                trailing_: u8,
                digit_1_a2: u8,
                r#type: u8,
                mixedCase: u8,
                zola_émile: u8,
                #[serde(rename = "As_It-Is")]
                renamed: u8,
            }

            #[derive(Clone, Copy, Serialize, Deserialize, lode::Enum)]
            #[serde(rename_all = $rule)]
            enum Variants {
                Plain,
                TwoWords,
                ABC,
                With_Underscore,
                Digit1A2,
                lower,
                ZolaÉmile,
                #[serde(rename = "As_It-Is")]
                Renamed,
            }

            let schema = RecordSchema::of::<Fields>();
            let json = serde_json::to_value(Fields::default()).unwrap();
            let written: Vec<_> = json.as_object().unwrap().keys().cloned().collect();
            let mut names: Vec<_> = schema.fields().iter().map(|field| &field.name).collect();
            names.sort();
            assert_eq!(names, written.iter().collect::<Vec<_>>());

            use Variants::*;
            let all = [Plain, TwoWords, ABC, With_Underscore, Digit1A2, lower, ZolaÉmile, Renamed];
            let written: Vec<String> = all
                .iter()
                .map(|variant| serde_json::to_value(variant).unwrap().as_str().unwrap().into())
                .collect();
            assert_eq!(RecordType::from(&Variants::TYPE), RecordType::Enum(written.clone()));
            assert_eq!(all.iter().map(Key::text).collect::<Vec<_>>(), written);
        }
    )*};
}

rules! {
    lower "lowercase"
    upper "UPPERCASE"
    pascal "PascalCase"
    camel "camelCase"
    snake "snake_case"
    screaming_snake "SCREAMING_SNAKE_CASE"
    kebab "kebab-case"
    screaming_kebab "SCREAMING-KEBAB-CASE"
}

#[test]
fn both_ways_may_be_said_twice() {
    #[derive(Serialize, Deserialize, lode::Record)]
    #[serde(rename(serialize = "Leg", deserialize = "Leg"))]
    struct Flight {
        #[serde(rename(serialize = "number", deserialize = "number"))]
        n: u32,
    }

    let schema = RecordSchema::of::<Flight>();
    assert_eq!((schema.name(), schema.fields()[0].name.as_str()), ("Leg", "number"));
    assert_eq!(serde_json::to_string(&Flight { n: 1 }).unwrap(), r#"{"number":1}"#);
}
