//! Just enough of Thrift's compact protocol to look at a file's claims before they are believed.

/// What bytes that are not Thrift are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed;

pub(super) type Result<T> = std::result::Result<T, Malformed>;

/// How deep structs and lists may be nested.
const MAX_DEPTH: u8 = 32;

/// The types of fields and elements.
pub(super) mod kind {
    pub(crate) const TRUE: u8 = 1;
    pub(crate) const FALSE: u8 = 2;
    pub(crate) const BYTE: u8 = 3;
    pub(crate) const I16: u8 = 4;
    pub(crate) const I32: u8 = 5;
    pub(crate) const I64: u8 = 6;
    pub(crate) const DOUBLE: u8 = 7;
    pub(crate) const BINARY: u8 = 8;
    pub(crate) const LIST: u8 = 9;
    pub(crate) const SET: u8 = 10;
    pub(crate) const STRUCT: u8 = 12;
}

/// What a field is to hold.
pub(super) enum Shape {
    Bool,
    Byte,
    I16,
    I32,
    I64,
    Double,
    Binary,
    Struct(Fields),
    /// Elements that take so many bytes each, at the least. Whoever reads them makes room for all at
    /// once, by their number alone.
    List(&'static Shape, usize),
}

/// Fields of a struct, by their ids.
pub(super) type Fields = &'static [(i16, Shape)];

impl Shape {
    const fn kind(&self) -> u8 {
        match self {
            Self::Bool => kind::TRUE,
            Self::Byte => kind::BYTE,
            Self::I16 => kind::I16,
            Self::I32 => kind::I32,
            Self::I64 => kind::I64,
            Self::Double => kind::DOUBLE,
            Self::Binary => kind::BINARY,
            Self::Struct(_) => kind::STRUCT,
            Self::List(..) => kind::LIST,
        }
    }

    /// Whether a value of this type is read as one. Integers are written alike, whatever their width:
    /// fastparquet has others than are said.
    const fn is(&self, kind: u8) -> bool {
        match self {
            Self::Bool => matches!(kind, kind::TRUE | kind::FALSE),
            Self::I16 | Self::I32 | Self::I64 => matches!(kind, kind::I16 | kind::I32 | kind::I64),
            other => kind == other.kind(),
        }
    }
}

/// Reads values from the front of some bytes.
pub(super) struct Thrift<'a> {
    bytes: &'a [u8],
    /// How many bytes have been read.
    pub(super) read: usize,
}

impl<'a> Thrift<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, read: 0 }
    }

    /// Gives every field of the struct that begins here to `field`, which reads its value and says
    /// `true`, or leaves it and says `false`.
    ///
    /// Fields come in the order of their ids, as everyone writes them: of one that came twice, others
    /// might believe the other value.
    pub(super) fn fields(
        &mut self,
        mut field: impl FnMut(&mut Self, i16, u8) -> Result<bool>,
    ) -> Result<()> {
        let mut id = 0_i16;
        loop {
            let header = self.byte()?;
            if header == 0 {
                return Ok(());
            }
            let kind = header & 0x0f;
            let before = id;
            id = match header >> 4 {
                0 => i16::try_from(self.integer()?).map_err(|_| Malformed)?,
                delta => id.checked_add(i16::from(delta)).ok_or(Malformed)?,
            };
            if id <= before {
                return Err(Malformed);
            }
            if !field(self, id, kind)? {
                self.skip(kind, MAX_DEPTH)?;
            }
        }
    }

    /// Reads the value of the field `id` if it is one of these, which has to be of the type that these
    /// say: to be given to [`fields`](Self::fields).
    ///
    /// The crate `parquet` knows fields by their ids alone. Of one with another type it would read
    /// other bytes than are skipped here, and all that follows would be something else to it.
    pub(super) fn known(&mut self, fields: Fields, id: i16, kind: u8) -> Result<bool> {
        match fields.iter().find(|field| field.0 == id) {
            Some((_, shape)) if shape.is(kind) => self.shaped(shape).map(|()| true),
            Some(_) => Err(Malformed),
            None => Ok(false),
        }
    }

    fn shaped(&mut self, shape: &Shape) -> Result<()> {
        match shape {
            Shape::I16 => i16::try_from(self.integer()?).map(drop).map_err(|_| Malformed),
            Shape::I32 => self.i32().map(drop),
            Shape::Struct(fields) => self.fields(|it, id, kind| it.known(fields, id, kind)),
            Shape::List(element, least) => {
                let (kind, len) = self.list()?;
                let is_long = len > (self.bytes.len() - self.read) / least;
                if is_long || (len > 0 && !element.is(kind)) {
                    return Err(Malformed);
                }
                (0..len).try_for_each(|_| self.shaped(element))
            }
            plain => self.skip(plain.kind(), MAX_DEPTH),
        }
    }

    /// The type and the number of the elements of the list that begins here.
    pub(super) fn list(&mut self) -> Result<(u8, usize)> {
        let header = self.byte()?;
        let len = match header >> 4 {
            15 => usize::try_from(self.unsigned()?).map_err(|_| Malformed)?,
            len => usize::from(len),
        };
        // Each takes a byte at least.
        match len > self.bytes.len() - self.read {
            true => Err(Malformed),
            false => Ok((header & 0x0f, len)),
        }
    }

    /// An integer that is no larger than it may be: others would cut off what is too much of it.
    pub(super) fn i32(&mut self) -> Result<i32> {
        i32::try_from(self.integer()?).map_err(|_| Malformed)
    }

    pub(super) fn integer(&mut self) -> Result<i64> {
        let raw = self.unsigned()?;
        Ok(((raw >> 1) as i64) ^ -((raw & 1) as i64))
    }

    pub(super) fn unsigned(&mut self) -> Result<u64> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(Malformed)
    }

    pub(super) fn binary(&mut self) -> Result<&'a [u8]> {
        let len = usize::try_from(self.unsigned()?).map_err(|_| Malformed)?;
        let start = self.read;
        self.take(len)?;
        self.bytes.get(start..self.read).ok_or(Malformed)
    }

    /// An element of a list of booleans.
    pub(super) fn flag(&mut self) -> Result<bool> {
        Ok(self.byte()? == kind::TRUE)
    }

    fn skip(&mut self, kind: u8, depth: u8) -> Result<()> {
        let depth = depth.checked_sub(1).ok_or(Malformed)?;
        match kind {
            kind::TRUE | kind::FALSE => Ok(()),
            kind::BYTE => self.byte().map(drop),
            kind::I16 | kind::I32 | kind::I64 => self.unsigned().map(drop),
            kind::DOUBLE => self.take(8),
            kind::BINARY => self.binary().map(drop),
            kind::LIST | kind::SET => {
                let (kind, len) = self.list()?;
                match kind {
                    // The crate `parquet` takes no byte for each of them, as it should.
                    kind::TRUE | kind::FALSE if len > 0 => Err(Malformed),
                    kind => (0..len).try_for_each(|_| self.skip(kind, depth)),
                }
            }
            kind::STRUCT => loop {
                let header = self.byte()?;
                if header == 0 {
                    return Ok(());
                }
                if header >> 4 == 0 {
                    self.unsigned()?;
                }
                self.skip(header & 0x0f, depth)?;
            },
            _ => Err(Malformed),
        }
    }

    fn byte(&mut self) -> Result<u8> {
        let byte = self.bytes.get(self.read).copied().ok_or(Malformed)?;
        self.read += 1;
        Ok(byte)
    }

    fn take(&mut self, n: usize) -> Result<()> {
        match n > self.bytes.len() - self.read {
            true => Err(Malformed),
            false => {
                self.read += n;
                Ok(())
            }
        }
    }
}
