//! Framed records in memory, against the crates used by hand with the same framing.

use std::future::IntoFuture;

use lode::codec::Codec;
use lode::{Dataset, Store, metadata};
use tokio::runtime::Runtime;

use crate::flight::Flight;
use crate::support::Bench;

pub(crate) fn cases(bench: &Bench, runtime: &Runtime, flights: &[Flight]) {
    #[cfg(feature = "bincode")]
    {
        use bincode::config::standard;

        let encode = |flight: &Flight, bytes: &mut Vec<u8>| {
            bincode::serde::encode_into_std_write(flight, bytes, standard()).unwrap();
        };
        let decode = |bytes: &[u8]| bincode::serde::decode_from_slice(bytes, standard()).unwrap().0;
        case(bench, runtime, flights, "bincode", lode::codec::Bincode::new(), encode, decode);
    }
    #[cfg(feature = "postcard")]
    {
        let encode = |flight: &Flight, bytes: &mut Vec<u8>| {
            *bytes = postcard::to_extend(flight, std::mem::take(bytes)).unwrap();
        };
        let decode = |bytes: &[u8]| postcard::from_bytes(bytes).unwrap();
        case(bench, runtime, flights, "postcard", lode::codec::Postcard::new(), encode, decode);
    }
}

fn case(
    bench: &Bench,
    runtime: &Runtime,
    flights: &[Flight],
    name: &str,
    codec: impl Codec<Flight>,
    encode: impl Fn(&Flight, &mut Vec<u8>),
    decode: impl Fn(&[u8]) -> Flight,
) {
    let dir = bench.dir();
    let dataset = || {
        let dataset = Dataset::<Flight>::new(&Store::memory(), "flights").unwrap();
        dataset.codec(codec.clone()).statistics(false)
    };
    bench.case(
        &format!("{name}: write"),
        &dir,
        |_| {
            let dataset = dataset();
            drop(runtime.block_on(dataset.write(flights, metadata! {}).into_future()).unwrap());
        },
        |_| drop(framed(flights, &encode)),
    );
    let dataset = dataset();
    let snapshot = runtime.block_on(dataset.write(flights, metadata! {}).into_future()).unwrap();
    let bytes = framed(flights, &encode);
    bench.case(
        &format!("{name}: read"),
        &dir,
        |_| {
            let back = runtime.block_on(dataset.read(&snapshot).into_future()).unwrap();
            assert_eq!(back.len(), flights.len());
        },
        |_| assert_eq!(unframed(&bytes, &decode).len(), flights.len()),
    );
}

fn framed(flights: &[Flight], encode: impl Fn(&Flight, &mut Vec<u8>)) -> Vec<u8> {
    let mut bytes = Vec::new();
    for flight in flights {
        let start = bytes.len();
        bytes.extend_from_slice(&[0; 4]);
        encode(flight, &mut bytes);
        let len = (bytes.len() - start - 4) as u32;
        bytes[start..start + 4].copy_from_slice(&len.to_le_bytes());
    }
    bytes
}

fn unframed(bytes: &[u8], decode: impl Fn(&[u8]) -> Flight) -> Vec<Flight> {
    let (mut rest, mut flights) = (bytes, Vec::new());
    while let Some((len, after)) = rest.split_first_chunk::<4>() {
        let (record, after) = after.split_at(u32::from_le_bytes(*len) as usize);
        flights.push(decode(record));
        rest = after;
    }
    flights
}
