//! Every group of a dataset: read from the file when it is first asked for, and kept in memory up to a bound.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwapOption;

use super::group::{Grades, Group};
use crate::diamond::{Clarity, Color, Cut, Grade, Sale};
use crate::store::{Store, StoreError};

/// Most memory of the groups, in bytes: about twenty million sales.
const MAX_BYTES: usize = 600_000_000;
const COUNT: usize = Cut::ALL.len() * Color::ALL.len() * Clarity::ALL.len();

/// The place of a group.
fn place_of((cut, color, clarity): Grades) -> usize {
    (cut.rank() * Color::ALL.len() + color.rank()) * Clarity::ALL.len() + clarity.rank()
}

/// The grades of every group, in the order of their places.
fn all_grades() -> impl Iterator<Item = Grades> {
    Cut::ALL.iter().flat_map(|cut| {
        Color::ALL.iter().flat_map(move |color| Clarity::ALL.iter().map(move |clarity| (*cut, *color, *clarity)))
    })
}

/// Where groups are read from.
struct Source {
    store: Mutex<Store>,
    /// The model whose dataset it is.
    model: i64,
}

/// A group in memory.
struct Kept {
    group: Arc<Group>,
    /// When it was last asked for, in numbers of questions.
    used: AtomicU64,
}

pub(super) struct Groups {
    kept: Vec<ArcSwapOption<Kept>>,
    source: Option<Source>,
    bytes: AtomicUsize,
    questions: AtomicU64,
}

impl Groups {
    fn empty(source: Option<Source>) -> Self {
        Self {
            kept: (0..COUNT).map(|_| ArcSwapOption::empty()).collect(),
            source,
            bytes: AtomicUsize::new(0),
            questions: AtomicU64::new(0),
        }
    }

    /// The groups of `sales`, which come oldest first, all in memory.
    pub fn of(sales: &[Sale]) -> Self {
        let groups = Self::empty(None);
        groups
            .fill(&[0; COUNT], |visit| {
                visit(sales);
                Ok::<(), StoreError>(())
            })
            // sales in memory can always be read
            .unwrap_or_default();
        groups
    }

    /// The groups of the dataset of `model`, which stay in the file until they are asked for.
    ///
    /// # Errors
    /// If the database refuses another connection.
    pub fn of_model(store: &Store, model: i64) -> Result<Self, StoreError> {
        Ok(Self::empty(Some(Source { store: Mutex::new(store.try_clone()?), model })))
    }

    /// The group of these grades. If it is not in memory it is read, which takes a moment.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn get(&self, grades: Grades) -> Result<Arc<Group>, StoreError> {
        let place = &self.kept[place_of(grades)];
        if let Some(kept) = &*place.load() {
            // a number that is a little old does no harm
            let now = self.questions.fetch_add(1, Ordering::Relaxed);
            kept.used.store(now, Ordering::Relaxed);
            return Ok(kept.group.clone());
        }
        let mut group = Group::with_room_for(grades, 0);
        if let Some(Source { store, model }) = &self.source {
            let store = store.lock().unwrap_or_else(PoisonError::into_inner);
            // another thread may have read it meanwhile
            if let Some(kept) = &*place.load() {
                return Ok(kept.group.clone());
            }
            let read = || store.for_each_sale_of_grades(*model, grades, &mut |sale| group.add(sale));
            blocking(read)?;
            group.sort();
        }
        let group = Arc::new(group);
        self.keep(group.clone(), grades);
        Ok(group)
    }

    fn keep(&self, group: Arc<Group>, grades: Grades) {
        let bytes = group.bytes();
        if self.bytes.fetch_add(bytes, Ordering::Relaxed) + bytes > MAX_BYTES {
            self.make_room(bytes);
        }
        let used = AtomicU64::new(self.questions.fetch_add(1, Ordering::Relaxed));
        let before = self.kept[place_of(grades)].swap(Some(Arc::new(Kept { group, used })));
        if let Some(before) = before {
            self.bytes.fetch_sub(before.group.bytes(), Ordering::Relaxed);
        }
    }

    /// Drops the groups that were not asked for the longest, until `bytes` more fit.
    fn make_room(&self, bytes: usize) {
        let mut by_use: Vec<(u64, usize)> = (0..COUNT)
            .filter_map(|place| Some((self.kept[place].load().as_ref()?.used.load(Ordering::Relaxed), place)))
            .collect();
        by_use.sort_unstable();
        for (_, place) in by_use {
            if self.bytes.load(Ordering::Relaxed) <= MAX_BYTES.max(bytes) {
                return;
            }
            if let Some(dropped) = self.kept[place].swap(None) {
                self.bytes.fetch_sub(dropped.group.bytes(), Ordering::Relaxed);
            }
        }
    }

    /// Runs `work` with the connection to the file, if there is one; meanwhile no group is read.
    pub fn with_store<T>(&self, work: impl FnOnce(Option<&mut Store>) -> T) -> T {
        match &self.source {
            Some(Source { store, .. }) => work(Some(&mut store.lock().unwrap_or_else(PoisonError::into_inner))),
            None => work(None),
        }
    }

    /// Reads all groups at once, if they fit in memory, so that no question waits for the file any more.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn load_all(&self) -> Result<(), StoreError> {
        let Some(Source { store, model }) = &self.source else { return Ok(()) };
        // a connection of its own: questions that come meanwhile read their groups themselves
        let store = store.lock().unwrap_or_else(PoisonError::into_inner).try_clone()?;
        let mut counts = [0; COUNT];
        store.count_sales_by_grades(*model, &mut |grades, count| counts[place_of(grades)] = count)?;
        if counts.iter().sum::<usize>() > MAX_BYTES / size_of::<Sale>() {
            return Ok(());
        }
        self.fill(&counts, |visit| store.for_each_sale_of_model(*model, visit))
    }

    /// Takes all groups from the sales that `read` passes on; `counts` are their sizes, or 0.
    fn fill<E>(
        &self,
        counts: &[usize; COUNT],
        read: impl FnOnce(&mut dyn FnMut(&[Sale])) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut groups: Vec<Group> =
            all_grades().zip(counts).map(|(grades, count)| Group::with_room_for(grades, *count)).collect();
        read(&mut |sales| {
            for sale in sales {
                groups[place_of((sale.stone.cut, sale.stone.color, sale.stone.clarity))].add(sale);
            }
        })?;
        for (mut group, grades) in groups.into_iter().zip(all_grades()) {
            group.sort();
            self.keep(Arc::new(group), grades);
        }
        Ok(())
    }
}

/// Runs `work`, which waits for the disk; on a thread that serves, others take over its connections meanwhile.
fn blocking<T>(work: impl FnOnce() -> T) -> T {
    use tokio::runtime::{Handle, RuntimeFlavor};

    match Handle::try_current() {
        Ok(handle) if handle.runtime_flavor() == RuntimeFlavor::MultiThread => tokio::task::block_in_place(work),
        _ => work(),
    }
}
