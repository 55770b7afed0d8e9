//! An object store that counts its calls, and fails as it is told.

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{FutureExt, StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    ObjectStoreExt, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
    UploadPart,
};

use super::partial::{half, half_of_get, lost};
use super::script::{Call, Class, Counts, Fault, Op, Rule};

/// Wraps a store: keeps a log of the calls, and applies [`Rule`]s to them. Clones share both. Every
/// call yields to other tasks before and after, so that a future can be dropped there.
#[derive(Clone)]
pub struct FaultStore {
    inner: Arc<dyn ObjectStore>,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    calls: Vec<Call>,
    rules: Vec<Rule>,
    fired: usize,
    storm: Option<Storm>,
    /// Puts that were answered with an error, and land later.
    late: Vec<LatePut>,
}

/// Failures by chance.
struct Storm {
    random: u64,
    percent: u64,
}

impl Storm {
    fn next(&mut self) -> Option<Fault> {
        // Knuth's generator; its high bits are good enough to choose by.
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let (chance, kind) = ((self.random >> 33) % 100, (self.random >> 45) % 8);
        (chance < self.percent).then(|| match kind {
            0..=2 => Fault::Before,
            3..=4 => Fault::After,
            5 => Fault::Partway,
            _ => Fault::Late((self.random >> 50) as usize % 40),
        })
    }
}

struct LatePut {
    /// The number of the call before which it lands.
    due: usize,
    path: Path,
    payload: PutPayload,
    options: PutOptions,
}

impl FaultStore {
    pub fn new(inner: Arc<dyn ObjectStore>) -> Self {
        Self { inner, state: Arc::default() }
    }

    /// As the store of a handle.
    pub fn store(&self) -> lode::Store {
        lode::Store::from(Arc::new(self.clone()) as Arc<dyn ObjectStore>)
    }

    /// The store inside, which never fails.
    pub fn inner(&self) -> &Arc<dyn ObjectStore> {
        &self.inner
    }

    pub fn rule(&self, rule: Rule) -> &Self {
        self.state.lock().unwrap().rules.push(rule);
        self
    }

    /// From now on this many of a hundred calls fail, in any way, as the seed has it.
    pub fn storm(&self, seed: u64, percent: u64) {
        self.state.lock().unwrap().storm = Some(Storm { random: seed, percent });
    }

    /// Forgets all rules: from now on nothing fails.
    pub fn heal(&self) {
        let mut state = self.state.lock().unwrap();
        state.rules.clear();
        state.storm = None;
    }

    /// How often a rule was applied.
    pub fn fired(&self) -> usize {
        self.state.lock().unwrap().fired
    }

    /// The calls since the last `clear`.
    pub fn calls(&self) -> Vec<Call> {
        self.state.lock().unwrap().calls.clone()
    }

    pub fn counts(&self) -> Counts {
        Counts::of(&self.state.lock().unwrap().calls)
    }

    /// Clears the log.
    pub fn clear(&self) {
        self.state.lock().unwrap().calls.clear();
    }

    /// Whether a late put has not landed yet.
    pub fn has_late(&self) -> bool {
        !self.state.lock().unwrap().late.is_empty()
    }

    /// Lets all late puts land.
    pub async fn land(&self) {
        let late = std::mem::take(&mut self.state.lock().unwrap().late);
        for LatePut { path, payload, options, .. } in late {
            let _ = self.inner.put_opts(&path, payload, options).await;
        }
    }

    /// Notes a call, and says what becomes of it.
    fn decide(&self, op: Op, path: &str) -> (usize, Option<Fault>) {
        let mut state = self.state.lock().unwrap();
        let number = state.calls.len() + 1;
        let call = Call { number, op, class: Class::of(path), path: path.to_owned() };
        let mut fault = None;
        state.rules.retain_mut(|rule| {
            let mut spent = false;
            if fault.is_none() {
                fault = rule.apply(&call, &mut spent);
            }
            !spent
        });
        if let Some(storm) = &mut state.storm {
            fault = fault.or_else(|| storm.next());
        }
        state.calls.push(call);
        state.fired += usize::from(fault.is_some());
        (number, fault)
    }

    /// Notes a call, does what comes before it, and says how it fails.
    async fn begin(&self, op: Op, path: &str) -> (usize, Option<Fault>) {
        let decided = self.decide(op, path);
        self.before(decided.0, &decided.1).await;
        decided
    }

    async fn before(&self, number: usize, fault: &Option<Fault>) {
        tokio::task::yield_now().await;
        let due: Vec<LatePut> = {
            let mut state = self.state.lock().unwrap();
            state.late.extract_if(.., |late| late.due <= number).collect()
        };
        for LatePut { path, payload, options, .. } in due {
            let _ = self.inner.put_opts(&path, payload, options).await;
        }
        match fault {
            Some(Fault::Hang) => std::future::pending().await,
            Some(Fault::Run(action)) => action().await,
            _ => {}
        }
    }
}

/// What comes after a call that took effect.
async fn after<T>(fault: &Option<Fault>, result: Result<T>) -> Result<T> {
    tokio::task::yield_now().await;
    match fault {
        Some(Fault::After | Fault::Partway) => Err(lost()),
        _ => result,
    }
}

#[async_trait]
impl ObjectStore for FaultStore {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        let op = if options.mode == PutMode::Create { Op::Create } else { Op::Put };
        let (number, fault) = self.begin(op, location.as_ref()).await;
        match fault {
            Some(Fault::Before) => Err(lost()),
            Some(Fault::Late(calls)) => {
                let (due, path) = (number + calls, location.clone());
                self.state.lock().unwrap().late.push(LatePut { due, path, payload, options });
                Err(lost())
            }
            Some(Fault::Partway) if op == Op::Put => {
                self.inner.put_opts(location, half(payload).into(), options).await?;
                Err(lost())
            }
            fault => after(&fault, self.inner.put_opts(location, payload, options).await).await,
        }
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        let (_, fault) = self.begin(Op::Begin, location.as_ref()).await;
        if matches!(fault, Some(Fault::Before)) {
            return Err(lost());
        }
        let inner = after(&fault, self.inner.put_multipart_opts(location, options).await).await?;
        let path = location.clone();
        Ok(Box::new(Upload { store: self.clone(), path, inner, parts: Vec::new() }))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let op = if options.head { Op::Head } else { Op::Get };
        let (_, fault) = self.begin(op, location.as_ref()).await;
        match fault {
            Some(Fault::Before) => Err(lost()),
            Some(Fault::Partway) if op == Op::Get => {
                half_of_get(self.inner.get_opts(location, options).await?).await
            }
            fault => after(&fault, self.inner.get_opts(location, options).await).await,
        }
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        let mut found = Vec::new();
        for range in ranges {
            found.push(self.get_range(location, range.clone()).await?);
        }
        Ok(found)
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        let store = self.clone();
        locations
            .and_then(move |location| {
                let store = store.clone();
                async move {
                    let (_, fault) = store.begin(Op::Delete, location.as_ref()).await;
                    if matches!(fault, Some(Fault::Before)) {
                        return Err(lost());
                    }
                    let deleted = store.inner.delete(&location).await;
                    after(&fault, deleted.map(|()| location)).await
                }
            })
            .boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let store = self.clone();
        let prefix = prefix.cloned();
        let listed = async move {
            let path = prefix.as_ref().map(Path::to_string).unwrap_or_default();
            let (_, fault) = store.begin(Op::List, &path).await;
            let mut found: Vec<_> = store.inner.list(prefix.as_ref()).collect().await;
            match fault {
                Some(Fault::Before | Fault::After) => found = vec![Err(lost())],
                Some(Fault::Partway) => {
                    found.truncate(found.len() / 2);
                    found.push(Err(lost()));
                }
                _ => {}
            }
            futures::stream::iter(found)
        };
        listed.flatten_stream().boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        let path = prefix.map(Path::to_string).unwrap_or_default();
        let (_, fault) = self.begin(Op::List, &path).await;
        match fault {
            Some(Fault::Before) => Err(lost()),
            fault => after(&fault, self.inner.list_with_delimiter(prefix).await).await,
        }
    }

    async fn copy_opts(&self, from: &Path, to: &Path, _: CopyOptions) -> Result<()> {
        panic!("lode does not copy {from} to {to}: the protocol has no such step")
    }
}

/// A multipart upload whose parts are calls as well.
#[derive(Debug)]
struct Upload {
    store: FaultStore,
    path: Path,
    inner: Box<dyn MultipartUpload>,
    parts: Vec<PutPayload>,
}

#[async_trait]
impl MultipartUpload for Upload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        let (number, fault) = self.store.decide(Op::Part, self.path.as_ref());
        let store = self.store.clone();
        let failed = matches!(fault, Some(Fault::Before | Fault::Partway));
        let stored = (!failed).then(|| {
            self.parts.push(data.clone());
            self.inner.put_part(data)
        });
        Box::pin(async move {
            store.before(number, &fault).await;
            match stored {
                Some(stored) => after(&fault, stored.await).await,
                None => Err(lost()),
            }
        })
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let (_, fault) = self.store.begin(Op::Complete, self.path.as_ref()).await;
        match fault {
            Some(Fault::Before) => Err(lost()),
            Some(Fault::Partway) => {
                let first = self.parts.first().cloned().unwrap_or_default();
                self.store.inner.put(&self.path, half(first).into()).await?;
                Err(lost())
            }
            fault => after(&fault, self.inner.complete().await).await,
        }
    }

    async fn abort(&mut self) -> Result<()> {
        let (_, fault) = self.store.begin(Op::Abort, self.path.as_ref()).await;
        match fault {
            Some(Fault::Before) => Err(lost()),
            fault => after(&fault, self.inner.abort().await).await,
        }
    }
}

impl fmt::Debug for FaultStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FaultStore").field("inner", &self.inner).finish_non_exhaustive()
    }
}

impl fmt::Display for FaultStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FaultStore({})", self.inner)
    }
}
