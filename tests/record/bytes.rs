//! `lode::Bytes` in JSON: base64 as Go writes it.

use lode::Bytes;

#[test]
fn every_length_round_trips_as_padded_base64() {
    for (bytes, json) in [
        (&[][..], r#""""#),
        (&[0xfb], r#""+w==""#),
        (&[0xfb, 0xff], r#""+/8=""#),
        (&[0xfb, 0xff, 0xfe], r#""+//+""#),
    ] {
        let bytes = Bytes::from(bytes);
        assert_eq!(serde_json::to_string(&bytes).unwrap(), json);
        assert_eq!(serde_json::from_str::<Bytes>(json).unwrap(), bytes);
        let value = serde_json::to_value(&bytes).unwrap();
        assert_eq!(serde_json::from_value::<Bytes>(value).unwrap(), bytes);
    }
}

#[test]
fn other_text_is_refused() {
    for json in [r#""+w""#, r#""+w=""#, r#""-w==""#, r#""+x==""#, r#"" +w==""#, "[251]", "null"] {
        assert!(serde_json::from_str::<Bytes>(json).is_err(), "{json}");
    }
}
