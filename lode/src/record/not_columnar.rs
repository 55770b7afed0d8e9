/// What [`Value`](super::Value) asks for where no codec has columns: nothing.
pub trait Columnar: Sized {}

impl<T> Columnar for T {}
