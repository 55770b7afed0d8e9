//! What stands in a footer, field by field, so that the crate `parquet` cannot read something else in it
//! than what was checked.
//!
//! The format: <https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift>.
//! Fields that are not here are skipped by that crate, too.

use super::thrift::Shape::{Binary, Bool, Byte, Double, I16, I32, I64, List, Struct};
use super::thrift::{Fields, Malformed, Shape, Thrift, kind};

/// The most columns, and levels of columns, that a file may have.
const MAX_ELEMENTS: usize = 64 << 10;
const MAX_LEVELS: usize = 128;

/// The most bytes that the paths of all columns may take in memory: each has the names of all groups
/// that it is in.
const MAX_PATHS: usize = 64 << 20;

/// What a part of a path takes beside its bytes.
const PART: usize = size_of::<String>();

/// `FileMetaData`, except for the schema.
const FILE: Fields = &[
    (1, I32),
    (3, I64),
    (4, List(&Struct(ROW_GROUP), 16)),
    (5, List(&Struct(&[(1, Binary), (2, Binary)]), 4)),
    (6, Binary),
    (7, List(&Struct(&[(1, EMPTY), (2, EMPTY), (3, EMPTY)]), 3)),
];

/// What a union of mere names has for each of them.
const EMPTY: Shape = Struct(&[]);

const ROW_GROUP: Fields = &[
    (1, List(&Struct(COLUMN), 1)),
    (2, I64),
    (3, I64),
    (4, List(&Struct(&[(1, I32), (2, Bool), (3, Bool)]), 4)),
    (5, I64),
    (7, I16),
];

/// `ColumnChunk`.
const COLUMN: Fields =
    &[(1, Binary), (2, I64), (3, Struct(COLUMN_META)), (4, I64), (5, I32), (6, I64), (7, I32)];

const COLUMN_META: Fields = &[
    (1, I32),
    (2, List(&I32, 1)),
    (4, I32),
    (5, I64),
    (6, I64),
    (7, I64),
    (9, I64),
    (10, I64),
    (11, I64),
    (12, Struct(STATISTICS)),
    (13, List(&Struct(&[(1, I32), (2, I32), (3, I32)]), 1)),
    (14, I64),
    (15, I32),
    (16, Struct(&[(1, I64), (2, List(&I64, 1)), (3, List(&I64, 1))])),
    (17, Struct(&[(1, Struct(BOX)), (2, List(&I32, 1))])),
];

const STATISTICS: Fields = &[
    (1, Binary),
    (2, Binary),
    (3, I64),
    (4, I64),
    (5, Binary),
    (6, Binary),
    (7, Bool),
    (8, Bool),
    (9, I64),
];

const BOX: Fields = &[
    (1, Double),
    (2, Double),
    (3, Double),
    (4, Double),
    (5, Double),
    (6, Double),
    (7, Double),
    (8, Double),
];

/// `SchemaElement`, except for what makes its path.
const ELEMENT: Fields = &[
    (1, I32),
    (2, I32),
    (3, I32),
    (6, I32),
    (7, I32),
    (8, I32),
    (9, I32),
    (10, Struct(LOGICAL_TYPE)),
];

const NAME: i16 = 4;
const CHILDREN: i16 = 5;

const LOGICAL_TYPE: Fields = &[
    (1, EMPTY),
    (2, EMPTY),
    (3, EMPTY),
    (4, EMPTY),
    (5, Struct(&[(1, I32), (2, I32)])),
    (6, EMPTY),
    (7, Struct(TIME)),
    (8, Struct(TIME)),
    (10, Struct(&[(1, Byte), (2, Bool)])),
    (11, EMPTY),
    (12, EMPTY),
    (13, EMPTY),
    (14, EMPTY),
    (15, EMPTY),
    (16, Struct(&[(1, Byte)])),
    (17, Struct(&[(1, Binary)])),
    (18, Struct(&[(1, Binary), (2, I32)])),
    (19, EMPTY),
];

const TIME: Fields = &[(1, Bool), (2, Struct(&[(1, EMPTY), (2, EMPTY), (3, EMPTY)]))];

/// Looks at all of a footer, and at how its columns are nested: without end, they would overflow the
/// stack.
///
/// # Errors
/// For one that is malformed, or has too many columns, or columns that are nested too deep.
pub(super) fn check(footer: &[u8]) -> Result<(), String> {
    let mut found = Ok(());
    let checked = Thrift::new(footer).fields(|thrift, id, kind| match id {
        2 => {
            found = elements(thrift, kind)?;
            // What follows is not looked at, if they are too many.
            if found.is_ok() { Ok(true) } else { Err(Malformed) }
        }
        id => thrift.known(FILE, id, kind),
    });
    found.and(checked.map_err(|Malformed| "its footer is malformed".to_owned()))
}

/// A group of columns, or a column.
#[derive(Default)]
struct Element {
    /// How many are to come that are in it.
    children: usize,
    /// The bytes of its path.
    path: usize,
}

fn elements(thrift: &mut Thrift<'_>, kind: u8) -> Result<Result<(), String>, Malformed> {
    let (element, len) = if kind == kind::LIST { thrift.list()? } else { return Err(Malformed) };
    if element != kind::STRUCT {
        return Err(Malformed);
    }
    if len > MAX_ELEMENTS {
        return Ok(Err(format!("it has {len} columns")));
    }
    let mut open: Vec<Element> = Vec::new();
    let (mut to_come, mut paths) = (1_usize, 0_usize);
    for at in 0..len {
        let mut element = read_element(thrift)?;
        // Room is made for the children of all groups that are open.
        to_come = to_come.saturating_sub(1) + element.children;
        if to_come >= len - at {
            return Err(Malformed);
        }
        open.truncate(open.iter().rposition(|it| it.children > 0).map_or(0, |last| last + 1));
        if let Some(parent) = open.last_mut() {
            parent.children -= 1;
            element.path += parent.path;
        }
        if element.children == 0 {
            paths += element.path;
        }
        open.push(element);
        if open.len() > MAX_LEVELS {
            return Ok(Err("its columns are nested too deep".to_owned()));
        }
        if paths > MAX_PATHS {
            return Ok(Err("the names of its columns are too long".to_owned()));
        }
    }
    Ok(Ok(()))
}

fn read_element(thrift: &mut Thrift<'_>) -> Result<Element, Malformed> {
    let mut element = Element::default();
    thrift.fields(|thrift, id, kind| {
        match (id, kind) {
            (NAME, kind::BINARY) => element.path = thrift.binary()?.len() + PART,
            (CHILDREN, kind::I32) => {
                element.children = usize::try_from(thrift.i32()?).map_err(|_| Malformed)?;
            }
            (NAME | CHILDREN, _) => return Err(Malformed),
            _ => return thrift.known(ELEMENT, id, kind),
        }
        Ok(true)
    })?;
    Ok(element)
}
