//! What is to happen to which call, and which calls there were.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use futures::future::BoxFuture;

/// What was asked of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Op {
    /// A put that replaces.
    Put,
    /// A create-only put.
    Create,
    /// The beginning of a multipart upload.
    Begin,
    Part,
    Complete,
    Abort,
    Get,
    Head,
    List,
    Delete,
}

/// What kind of object it was about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    Manifest,
    Hint,
    GcList,
    Data,
}

/// One call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// From 1, since the log was last cleared.
    pub number: usize,
    pub op: Op,
    pub class: Class,
    pub path: String,
}

impl Class {
    pub fn of(path: &str) -> Self {
        let name = path.rsplit('/').next().unwrap_or_default();
        match name {
            "manifest.json" => Self::Manifest,
            "latest" => Self::Hint,
            _ if path.contains("/gc/") => Self::GcList,
            _ => Self::Data,
        }
    }
}

/// What becomes of a call.
#[derive(Clone)]
pub enum Fault {
    /// It fails without any effect.
    Before,
    /// It takes effect, and its reply is lost.
    After,
    /// It takes half of its effect, then fails. For a manifest, which stores create as one, this
    /// is the same as `After`.
    Partway,
    /// It never comes back.
    Hang,
    /// A put fails, and takes effect when this many calls more have been made.
    Late(usize),
    /// This runs, and then the call goes on as if nothing had happened.
    Run(Action),
}

/// What another process does meanwhile.
pub type Action = Arc<dyn Fn() -> BoxFuture<'static, ()> + Send + Sync>;

impl Fault {
    pub fn run<F>(action: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Self::Run(Arc::new(move || Box::pin(action())))
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Before => f.write_str("Before"),
            Self::After => f.write_str("After"),
            Self::Partway => f.write_str("Partway"),
            Self::Hang => f.write_str("Hang"),
            Self::Late(calls) => write!(f, "Late({calls})"),
            Self::Run(_) => f.write_str("Run"),
        }
    }
}

/// Which calls a fault is for.
#[derive(Debug, Clone)]
pub struct Rule {
    pub op: Option<Op>,
    pub class: Option<Class>,
    /// How many matching calls come before.
    pub skip: usize,
    /// For all that follow as well.
    pub for_ever: bool,
    pub fault: Fault,
}

impl Rule {
    /// For the `n`th call, from 1.
    pub fn nth(n: usize, fault: Fault) -> Self {
        Self { op: None, class: None, skip: n - 1, for_ever: false, fault }
    }

    /// For the first call of this operation on this kind of object.
    pub fn on(op: Op, class: Class, fault: Fault) -> Self {
        Self { op: Some(op), class: Some(class), ..Self::nth(1, fault) }
    }

    pub fn for_ever(self) -> Self {
        Self { for_ever: true, ..self }
    }

    /// The fault for this call, if it is meant; whether the rule is used up is in `spent`.
    pub fn apply(&mut self, call: &Call, spent: &mut bool) -> Option<Fault> {
        let matches = self.op.is_none_or(|op| op == call.op)
            && self.class.is_none_or(|class| class == call.class);
        if !matches {
            return None;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return None;
        }
        *spent = !self.for_ever;
        Some(self.fault.clone())
    }
}

/// How many calls of each operation on each kind of object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts(BTreeMap<(Op, Class), usize>);

impl Counts {
    pub fn of(calls: &[Call]) -> Self {
        let mut counts = BTreeMap::new();
        for call in calls {
            *counts.entry((call.op, call.class)).or_default() += 1;
        }
        Self(counts)
    }

    pub fn total(&self) -> usize {
        self.0.values().sum()
    }

    pub fn ops(&self, ops: &[Op]) -> usize {
        self.0.iter().filter(|((op, _), _)| ops.contains(op)).map(|(_, count)| count).sum()
    }

    /// Puts of any kind that make an object visible.
    pub fn puts(&self) -> usize {
        self.ops(&[Op::Put, Op::Create, Op::Complete])
    }

    pub fn lists(&self) -> usize {
        self.ops(&[Op::List])
    }

    pub fn on(&self, op: Op, class: Class) -> usize {
        self.0.get(&(op, class)).copied().unwrap_or_default()
    }
}
