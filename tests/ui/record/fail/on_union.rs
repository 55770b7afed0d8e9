//~ a record is a struct, not a union


#[derive(lode::Record)]
union Flight {
    number: u32,
    code: [u8; 4],
}

fn main() {}
