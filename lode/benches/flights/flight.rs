//! Flights, from a file or made up.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use lode::Record;
use lode::compress::{Compressor, Gzip};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Record)]
pub(crate) struct Flight {
    pub(crate) year: i32,
    pub(crate) month: u8,
    pub(crate) day: u8,
    pub(crate) dep_time: Option<i32>,
    pub(crate) sched_dep_time: i32,
    pub(crate) dep_delay: Option<i32>,
    pub(crate) arr_time: Option<i32>,
    pub(crate) sched_arr_time: i32,
    pub(crate) arr_delay: Option<i32>,
    #[lode(partition)]
    pub(crate) carrier: String,
    pub(crate) flight: u32,
    pub(crate) tailnum: Option<String>,
    pub(crate) origin: String,
    pub(crate) dest: String,
    pub(crate) air_time: Option<f64>,
    pub(crate) distance: f64,
    pub(crate) hour: u8,
    pub(crate) minute: u8,
    #[lode(timestamp)]
    pub(crate) time_hour: DateTime<Utc>,
}

/// The flights of `LODE_FLIGHTS_CSV`, or made-up ones.
pub(crate) fn load() -> Vec<Flight> {
    match std::env::var_os("LODE_FLIGHTS_CSV") {
        Some(path) => parse(path.as_ref()),
        None => {
            println!("LODE_FLIGHTS_CSV is not set: made-up flights, for which no bar counts");
            (0..100_000).map(made_up).collect()
        }
    }
}

fn parse(path: &Path) -> Vec<Flight> {
    let file: Box<dyn Read + Send> = Box::new(File::open(path).unwrap());
    let input = match path.extension().is_some_and(|extension| extension == "gz") {
        true => Gzip::default().decompress(file).unwrap(),
        false => file,
    };
    let mut reader = csv::Reader::from_reader(input);
    let headers = reader.headers().unwrap().clone();
    let rows = reader.records().map(|row| {
        // `NA` marks a missing value; an empty cell reads as one.
        let row: csv::StringRecord =
            row.unwrap().iter().map(|cell| if cell == "NA" { "" } else { cell }).collect();
        row.deserialize(Some(&headers)).unwrap()
    });
    rows.collect()
}

fn made_up(i: i32) -> Flight {
    let noise = i.wrapping_mul(0x9e37_79b1_u32 as i32) & 0xff;
    let late = (noise > 4).then_some(noise - 40);
    Flight {
        year: 2013,
        month: (i / 9000 + 1) as u8,
        day: (i / 300 % 28 + 1) as u8,
        dep_time: late.map(|delay| 1000 + delay),
        sched_dep_time: 1000,
        dep_delay: late,
        arr_time: late.map(|delay| 1200 + delay),
        sched_arr_time: 1200,
        arr_delay: late,
        carrier: ["UA", "AA", "B6", "DL"][(noise % 4) as usize].to_owned(),
        flight: (noise * 7) as u32,
        tailnum: Some(format!("N{}", 10_000 + noise * 97)),
        origin: "EWR".to_owned(),
        dest: ["IAH", "MIA", "BQN"][(noise % 3) as usize].to_owned(),
        air_time: late.map(|delay| 120.0 + f64::from(delay)),
        distance: 700.0 + f64::from(noise),
        hour: 10,
        minute: (noise % 60) as u8,
        time_hour: DateTime::UNIX_EPOCH + TimeDelta::hours(i64::from(376_000 + i / 40)),
    }
}
