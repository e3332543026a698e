//! The sums of a model's trees for all colours and clarities of a stone, from one walk.
//!
//! The walk carries a set of cells, one for each pair of a colour and a clarity: a split on something else sends the whole set one
//! way, a split on a grade, or on the trend, which depends on them, divides it, and a leaf adds its value to every cell that
//! reaches it. Most of the way is common to all cells, so that 56 prices cost a few times as much as one.
//!
//! Values of leaves are whole numbers of a small unit: their sums do not depend on the order in which they are added.

use super::trees::{Group, INTERLEAVED_TREES, MAX_FEATURES, MISSING, Node};
use crate::learning::families::{CELLS, CLARITIES, COLORS};

/// The set of all cells: a bit for each, in the order of prices by grade.
const ALL: u64 = (1 << CELLS) - 1;
/// Most different values of a column besides the trend: there are eight clarities.
const VALUES: usize = 8;
/// Most sets that are on the way through a group of trees at a time: each cell is in one set for each tree.
const MAX_SETS: usize = INTERLEAVED_TREES * CELLS;

/// One column of a stone with each of its colours and clarities, as ranks among the thresholds of a model.
#[derive(Clone, Copy)]
pub struct Column {
    /// The different ranks, ascending; the last repeats.
    ranks: [u16; VALUES],
    /// For each number of ranks, the cells of all ranks but so many of the lowest.
    above: [u64; VALUES + 1],
    is_missing: bool,
}

impl Column {
    /// A column that is the same for all cells.
    pub fn constant(rank: u16) -> Self {
        let mut above = [0; VALUES + 1];
        above[0] = ALL;
        Self { ranks: [rank; VALUES], above, is_missing: rank == MISSING }
    }

    /// A column of these ranks, with at most [`VALUES`] different ones.
    pub fn of(ranks: &[u16; CELLS]) -> Self {
        let mut different = *ranks;
        different.sort_unstable();
        let mut column = Self { ranks: [different[CELLS - 1]; VALUES], above: [0; VALUES + 1], is_missing: false };
        let mut known = 0;
        for rank in different {
            if known == 0 || (known < VALUES && column.ranks[known - 1] != rank) {
                column.ranks[known] = rank;
                column.above[known] = cells_from(ranks, rank);
                known += 1;
            }
        }
        column
    }

    /// The cells that go right at a split of `rank`.
    #[inline]
    fn right(&self, rank: u16) -> u64 {
        let below: u16 = self.ranks.iter().map(|own| u16::from(*own < rank)).sum();
        self.above[usize::from(below)]
    }
}

/// The cells whose rank is `least` or more.
fn cells_from(ranks: &[u16; CELLS], least: u16) -> u64 {
    ranks.iter().enumerate().fold(0, |cells, (cell, rank)| cells | u64::from(*rank >= least) << cell)
}

/// A column that may be different in each cell.
pub struct WideColumn {
    /// The ranks, ascending, and above all others at the end.
    ranks: [u16; 64],
    /// For each number of ranks, the cells of all ranks but so many of the lowest.
    above: [u64; 65],
}

impl WideColumn {
    pub fn of(ranks: &[u16; CELLS]) -> Self {
        let mut order: [(u16, u8); CELLS] = [(0, 0); CELLS];
        for ((entry, rank), cell) in order.iter_mut().zip(ranks).zip(0..) {
            *entry = (*rank, cell);
        }
        order.sort_unstable();
        let mut column = Self { ranks: [u16::MAX; 64], above: [0; 65] };
        for place in (0..CELLS).rev() {
            column.ranks[place] = order[place].0;
            column.above[place] = column.above[place + 1] | 1 << order[place].1;
        }
        column
    }

    #[inline]
    fn right(&self, rank: u16) -> u64 {
        let below: u16 = self.ranks.iter().map(|own| u16::from(*own < rank)).sum();
        self.above[usize::from(below)]
    }
}

/// The columns of a stone.
pub struct Columns {
    pub columns: [Column; MAX_FEATURES],
    /// The column of the trend, and its place, if there is one.
    pub trend: Option<(u8, WideColumn)>,
}

/// For each set of eight cells, all bits of the numbers of those that are in it.
static LANES: [[i32; CLARITIES]; 256] = {
    let mut lanes = [[0; CLARITIES]; 256];
    let mut set = 0;
    while set < 256 {
        let mut lane = 0;
        while lane < CLARITIES {
            lanes[set][lane] = if set >> lane & 1 == 1 { -1 } else { 0 };
            lane += 1;
        }
        set += 1;
    }
    lanes
};

/// The sums of the trees in `groups` for each cell, in the unit of `values`, which are those of the `nodes` that are leaves.
pub fn sums(columns: &Columns, groups: &[Group], nodes: &[Node], values: &[i32]) -> [i32; CELLS] {
    if columns.columns.iter().any(|column| column.is_missing) {
        walk::<true>(columns, groups, nodes, values)
    } else {
        walk::<false>(columns, groups, nodes, values)
    }
}

fn walk<const GAPS: bool>(columns: &Columns, groups: &[Group], nodes: &[Node], values: &[i32]) -> [i32; CELLS] {
    let mut sums = [0; CELLS];
    let mut sets = [(0_u32, 0_u64); MAX_SETS + 2];
    let mut next = sets;
    let mut ends = [(0_u32, 0_u64); MAX_SETS + 1];
    let (trend_place, trend) = match &columns.trend {
        Some((place, column)) => (*place, Some(column)),
        None => (u8::MAX, None),
    };
    for group in groups {
        let mut count = group.count;
        for (set, root) in sets.iter_mut().zip(&group.roots[..count]) {
            *set = (*root, ALL);
        }
        let mut ended = 0;
        while count > 0 {
            let mut going = 0;
            for (place, cells) in &sets[..count] {
                let node = nodes[*place as usize];
                let feature = node.feature();
                let right = match trend {
                    Some(trend) if feature == trend_place => trend.right(node.rank()),
                    _ => {
                        let column = &columns.columns[usize::from(feature) % MAX_FEATURES];
                        if GAPS && column.is_missing && node.missing_left() { 0 } else { column.right(node.rank()) }
                    }
                };
                let is_leaf = node.is_leaf();
                ends[ended] = (*place, *cells);
                ended += usize::from(is_leaf);
                let cells = if is_leaf { 0 } else { *cells };
                let (left, right) = (cells & !right, cells & right);
                next[going] = (node.left(), left);
                going += usize::from(left != 0);
                next[going] = (node.left() + 1, right);
                going += usize::from(right != 0);
            }
            std::mem::swap(&mut sets, &mut next);
            count = going;
        }
        for (place, cells) in &ends[..ended] {
            add(&mut sums, values[*place as usize], *cells);
        }
    }
    sums
}

/// Adds `value` to the sums of `cells`.
#[inline]
fn add(sums: &mut [i32; CELLS], value: i32, cells: u64) {
    for color in 0..COLORS {
        let lanes = &LANES[(cells >> (color * CLARITIES) & 0xff) as usize];
        for (sum, lane) in sums[color * CLARITIES..][..CLARITIES].iter_mut().zip(lanes) {
            *sum += value & lane;
        }
    }
}
