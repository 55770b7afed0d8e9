//! Records can be declared anywhere, and made by a macro.

macro_rules! record {
    ($name:ident { $($field:ident: $ty:ty),* }) => {
        #[derive(serde::Serialize, serde::Deserialize, lode::Record)]
        struct $name {
            $($field: $ty),*
        }
    };
}

pub fn main() {
    record!(Flight { carrier: ::std::string::String, number: ::std::option::Option<u32> });
    let schema = <Flight as lode::Record>::SCHEMA;
    assert_eq!((schema.name(), schema.fields().len()), ("Flight", 2));
    let _ = |flight: Flight| (flight.carrier, flight.number);
}
