//! The derive macros of `lode`: see there for their documentation.
//!
//! ```text
//! tokens ── attr ──► attributes ── model ──► what to generate ── check ──► expand ──► impls
//!                        └──────────── errors ──────────┴────────────► fallback ──► stub impls
//! ```
//!
//! Every mistake of a type is reported at once, each at its token. The stub impls of `fallback`
//! keep the compiler from reporting that the traits are missing as well.

mod attr;
mod case;
mod check;
mod ctxt;
mod expand;
mod fallback;
mod model;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Makes a struct with named fields a record, which a `Dataset` can hold.
///
/// Attributes of fields:
///
/// | attribute | meaning |
/// |---|---|
/// | `#[lode(timestamp)]` | the time of the record: one field, `DateTime<Utc>` or `jiff::Timestamp` |
/// | `#[lode(partition)]` | a partition key: strings, integers, bools, dates, enums |
/// | `#[lode(partition = "day")]` | a partition key made of a time: also `hour`, `month`, `year` |
/// | `#[lode(json)]` | store the field as JSON: for types that lode does not know. At most 95 lists and objects in each other, so that it can be read again in whatever record it stands: what is deeper is refused when it is written. Not with `Bincode` or `Postcard`: it does not compile |
/// | `#[lode(sort)]` | sort each batch that is written by this field, nulls first; of a stream, each row group by itself. By several in declared order. Strings, bytes, integers, bools, dates, times, UUIDs. Parquet only: other codecs keep the order given |
/// | `#[lode(bloom)]` | write a Bloom filter, by which a scan for one value (`eq`, `is_in`) skips the row groups that do not have it. Strings, bytes, integers, dates, times, UUIDs. Parquet only |
///
/// `sort` and `bloom` count on the fields of the record itself, not on those of records nested in it.
///
/// A struct may have type parameters. The bound of one that is a field type is `lode::record::Value`;
/// where it is `lode::Record`, which includes serde's traits, serde needs to be told not to add them
/// once more: `#[serde(bound = "")]`.
///
/// `#[lode(crate = path)]` on the struct says where the crate `lode` is, if it has another name.
///
/// Of serde's attributes these are understood, and all others are errors: `rename`, `rename_all`,
/// `default`, `skip`, `alias`, `deny_unknown_fields`, `bound`; and `with` on `#[lode(json)]` fields.
#[proc_macro_derive(Record, attributes(lode, serde))]
pub fn derive_record(input: TokenStream) -> TokenStream {
    expand::record(&parse_macro_input!(input as DeriveInput)).into()
}

/// Makes an enum without data a field type: it is stored by the names of its variants.
///
/// Of serde's attributes these are understood, and all others are errors: `rename`, `rename_all`,
/// `alias`.
#[proc_macro_derive(Enum, attributes(lode, serde))]
pub fn derive_enum(input: TokenStream) -> TokenStream {
    expand::enumeration(&parse_macro_input!(input as DeriveInput)).into()
}

/// Makes a struct with named fields metadata, through `serde::Serialize`: it can be given to every
/// write.
#[proc_macro_derive(Metadata, attributes(lode))]
pub fn derive_metadata(input: TokenStream) -> TokenStream {
    expand::metadata(&parse_macro_input!(input as DeriveInput)).into()
}
