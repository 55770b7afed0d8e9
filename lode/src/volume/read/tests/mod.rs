// Lists of one range are meant as such.
#![allow(clippy::single_range_in_vec_init)]

mod ahead;
mod damage;
mod range;
mod reader;
mod support;
