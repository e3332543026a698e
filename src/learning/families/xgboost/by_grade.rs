//! The sums of a model's trees for all colours and clarities of a stone, from one walk.
//!
//! The walk carries a set of cells, one for each pair of a colour and a clarity: a split on something else sends the whole set one
//! way, a split on a grade, or on the trend, which depends on them, divides it, and a leaf adds its value to every cell that
//! reaches it. Most of the way is common to all cells, so that 56 prices cost a few times as much as one.
//!
//! What is slow is to wait for memory. So a node has four bytes, the left child follows its parent, and several trees are walked at
//! the same time, level by level and without branches that cannot be foretold. Which cells go right at a split on a grade is looked up
//! in a table that is made for the stone.
//!
//! Values of leaves are whole numbers of a small unit: their sums do not depend on the order in which they are added.

use super::trees::{Group, INTERLEAVED_TREES, MISSING, Node};
use crate::diamond::{Clarity, Color, Grade, Stone};
use crate::learning::families::{CELLS, CLARITIES, COLORS, GradeSet};
use crate::learning::features::Feature;

/// The set of all cells.
const ALL: u64 = GradeSet::ALL.0;
/// Most columns of a model that is walked in this way.
const MAX_COLUMNS: usize = 16;
/// Entries of the table of a stone; so many thresholds its columns of grades may have together.
const TABLE: usize = 2_048;
/// Most sets that are on the way through trees at a time: each cell is in one set for each tree.
const MAX_SETS: usize = (INTERLEAVED_TREES * CELLS + 2).next_power_of_two();

/// A split or a leaf, in 32 bits. The highest bit of a leaf is set, the others are its value. A split has, from the highest: whether a
/// missing value goes left (1 bit), the column (4), how many nodes later the right child is (10), whether the right and the left
/// child are leaves (1 each), and the lowest rank that goes right (14). The left child is the next node.
#[derive(Debug, Clone, Copy)]
struct SmallNode(u32);

const LEAF: u32 = 1 << 31;
const MISSING_LEFT: u32 = 1 << 30;
const RIGHT_IS_LEAF: u32 = 1 << 15;
const LEFT_IS_LEAF: u32 = 1 << 14;
/// Greatest rank.
const MAX_RANK: u16 = (1 << 14) - 1;
/// Greatest distance to a right child.
const MAX_DISTANCE: u32 = (1 << 10) - 1;
/// A unit of the values of leaves is so small that all of them together are below this.
pub const MAX_SUM: f64 = 536_870_912.0;

impl SmallNode {
    /// The value of a leaf.
    #[expect(clippy::cast_possible_wrap, reason = "the bits are those of a number of 31 bits")]
    fn value(self) -> i32 {
        (self.0 << 1) as i32 >> 1
    }

    fn column(self) -> usize {
        (self.0 >> 26) as usize % MAX_COLUMNS
    }

    fn distance(self) -> u32 {
        self.0 >> 16 & MAX_DISTANCE
    }

    fn rank(self) -> u32 {
        self.0 & u32::from(MAX_RANK)
    }

    /// Whether the left and the right child are leaves, each as 0 or 1.
    fn leaves(self) -> [usize; 2] {
        [self.0 & LEFT_IS_LEAF, self.0 & RIGHT_IS_LEAF].map(|bit| usize::from(bit != 0))
    }
}

/// The trees of a model, for walks with sets of cells.
#[derive(Debug)]
pub struct TreesByGrade {
    /// The sum of trees that are a leaf.
    base: i32,
    /// The roots of the others.
    roots: Vec<u32>,
    nodes: Vec<SmallNode>,
    /// For each column that depends on grades, its place, its own part of the table, and what it is; the trend is no feature.
    by_grade: Vec<(usize, std::ops::Range<usize>, Option<Feature>)>,
}

/// The columns of a stone with each of its colours and clarities.
pub struct Columns {
    /// The ranks of columns that do not depend on grades; 0 for the others.
    ranks: [u16; MAX_COLUMNS],
    /// Where the part of each column in the table begins.
    starts: [u32; MAX_COLUMNS],
    /// All bits for columns that depend on grades, none for the others: these have the first entry of the table, which is empty.
    used: [u32; MAX_COLUMNS],
    /// For each rank of a split, the cells that go right.
    table: [u64; TABLE],
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

/// Whether `feature` is the same for all colours and clarities of a stone.
fn is_constant(feature: Feature) -> bool {
    !depends_on_color(feature) && !depends_on_clarity(feature)
}

fn depends_on_color(feature: Feature) -> bool {
    matches!(feature, Feature::ColorRank | Feature::ColorIs(_))
}

fn depends_on_clarity(feature: Feature) -> bool {
    matches!(feature, Feature::ClarityRank | Feature::ClarityIs(_))
}

impl TreesByGrade {
    /// The trees in `groups`, whose `nodes` have these whole `values` where they are leaves. The columns are `features` and, if there are
    /// more `thresholds` than these, the trend. `None` if they are more or larger than fits: then prices come one by one.
    pub fn of(
        groups: &[Group],
        nodes: &[Node],
        values: &[i32],
        features: &[Feature],
        thresholds: &[Vec<f64>],
    ) -> Option<Self> {
        let mut by_grade = Vec::new();
        // the first entry is that of all other columns
        let mut end = 1;
        for (place, thresholds) in thresholds.iter().enumerate() {
            let feature = features.get(place).copied();
            if feature.is_none_or(|feature| !is_constant(feature)) {
                // a rank is counted from 1
                by_grade.push((place, end..end + thresholds.len() + 1, feature));
                end += thresholds.len() + 1;
            }
        }
        if end > TABLE || thresholds.len() > MAX_COLUMNS {
            return None;
        }
        let mut trees = Self { base: 0, roots: Vec::new(), nodes: Vec::with_capacity(nodes.len()), by_grade };
        for group in groups {
            for root in group.roots[..group.count].iter().map(|root| *root as usize) {
                if nodes[root].is_leaf() {
                    trees.base += values[root];
                } else {
                    trees.roots.push(u32::try_from(trees.nodes.len()).ok()?);
                    trees.add(nodes, values, root)?;
                }
            }
        }
        Some(trees)
    }

    /// Adds the node at `root` and those below it, each before its children; `None` if a part is too large.
    fn add(&mut self, nodes: &[Node], values: &[i32], root: usize) -> Option<()> {
        // the nodes to come, and the parent whose right child each is
        let mut waiting = vec![(root, None)];
        while let Some((place, parent)) = waiting.pop() {
            if let Some(parent) = parent {
                let distance = self.nodes.len() - parent;
                let SmallNode(bits) = &mut self.nodes[parent];
                *bits |= u32::try_from(distance).ok().filter(|distance| *distance <= MAX_DISTANCE)? << 16;
            }
            let node = nodes[place];
            if node.is_leaf() {
                self.nodes.push(SmallNode(LEAF | (values[place].cast_unsigned() & !LEAF)));
                continue;
            }
            let rank = Some(node.rank()).filter(|rank| *rank <= MAX_RANK)?;
            let mut bits = u32::from(node.feature()) << 26 | u32::from(rank);
            for (is_so, bit) in [
                (node.missing_left(), MISSING_LEFT),
                (nodes[node.left() as usize].is_leaf(), LEFT_IS_LEAF),
                (nodes[node.left() as usize + 1].is_leaf(), RIGHT_IS_LEAF),
            ] {
                bits |= if is_so { bit } else { 0 };
            }
            waiting.push((node.left() as usize + 1, Some(self.nodes.len())));
            waiting.push((node.left() as usize, None));
            self.nodes.push(SmallNode(bits));
        }
        Some(())
    }

    /// The columns of `stone`, with the `trend` of each cell. `rank_in` gives the rank of a value among the thresholds of a column.
    pub fn columns(
        &self,
        stone: &Stone,
        features: &[Feature],
        trend: &[f64; CELLS],
        rank_in: impl Fn(usize, f64) -> u16,
    ) -> Columns {
        let mut columns =
            Columns { ranks: [0; MAX_COLUMNS], starts: [0; MAX_COLUMNS], used: [0; MAX_COLUMNS], table: [0; TABLE] };
        for (place, feature) in features.iter().enumerate().filter(|(_, feature)| is_constant(**feature)) {
            columns.ranks[place] = rank_in(place, feature.value(stone));
        }
        for (place, part, feature) in &self.by_grade {
            columns.starts[*place] = u32::try_from(part.start).unwrap_or(0);
            columns.used[*place] = u32::MAX;
            let mut cells: [(u16, u8); CELLS] = [(0, 0); CELLS];
            match feature {
                Some(feature) => {
                    let of_colors = depends_on_color(*feature);
                    let mut by_rank = [0; CLARITIES];
                    let count = if of_colors { COLORS } else { CLARITIES };
                    for (rank, stone) in by_rank[..count].iter_mut().zip(stones_of_one_scale(stone, of_colors)) {
                        *rank = rank_in(*place, feature.value(&stone));
                    }
                    for (number, cell) in cells.iter_mut().enumerate() {
                        let rank = by_rank[if of_colors { number / CLARITIES } else { number % CLARITIES }];
                        *cell = (rank, number_of(number));
                    }
                }
                None => {
                    for (number, cell) in cells.iter_mut().enumerate() {
                        *cell = (rank_in(*place, trend[number]), number_of(number));
                    }
                }
            }
            fill(&mut columns.table[part.clone()], &mut cells);
        }
        columns
    }

    /// The sums of the trees for each cell of `wanted`, in the unit of the values: the same whatever the processor can do. The other
    /// cells have the sum of trees that are a leaf.
    pub fn sums(&self, columns: &Columns, wanted: GradeSet) -> [i32; CELLS] {
        if columns.ranks.contains(&MISSING) {
            self.walk::<true>(columns, wanted)
        } else {
            self.walk::<false>(columns, wanted)
        }
    }

    /// The same, as a processor gives them that cannot add eight numbers at a time.
    #[cfg(test)]
    pub fn sums_plainly(&self, columns: &Columns, wanted: GradeSet) -> [i32; CELLS] {
        self.walk_plainly::<true>(columns, wanted)
    }

    #[cfg(target_arch = "x86_64")]
    fn walk<const GAPS: bool>(&self, columns: &Columns, wanted: GradeSet) -> [i32; CELLS] {
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("bmi1") && is_x86_feature_detected!("bmi2") {
            #[expect(unsafe_code, reason = "the processor has what the function is compiled for")]
            return unsafe { self.walk_wide::<GAPS>(columns, wanted) };
        }
        self.walk_plainly::<GAPS>(columns, wanted)
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn walk<const GAPS: bool>(&self, columns: &Columns, wanted: GradeSet) -> [i32; CELLS] {
        self.walk_plainly::<GAPS>(columns, wanted)
    }

    /// The same code, compiled for processors that add eight numbers at a time.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,bmi1,bmi2")]
    fn walk_wide<const GAPS: bool>(&self, columns: &Columns, wanted: GradeSet) -> [i32; CELLS] {
        self.walk_plainly::<GAPS>(columns, wanted)
    }

    #[expect(clippy::inline_always, reason = "it is compiled for each kind of processor")]
    #[inline(always)]
    fn walk_plainly<const GAPS: bool>(&self, columns: &Columns, wanted: GradeSet) -> [i32; CELLS] {
        let mut sums = [self.base; CELLS];
        let mut these = [(0_u32, 0_u64); MAX_SETS];
        let mut others = these;
        let mut ends = these;
        // arrays would be copied when they change places
        let (mut sets, mut next) = (&mut these, &mut others);
        let nodes = self.nodes.as_slice();
        for roots in self.roots.chunks(INTERLEAVED_TREES) {
            let mut count = roots.len();
            for (set, root) in sets.iter_mut().zip(roots) {
                *set = (*root, wanted.0);
            }
            let mut ended = 0;
            while count > 0 {
                let mut going = 0;
                for (place, cells) in &sets[..count] {
                    let node = nodes[*place as usize];
                    let (column, rank) = (node.column(), node.rank());
                    let own = columns.ranks[column];
                    let all_right = u32::from(own) >= rank && !(GAPS && own == MISSING && node.0 & MISSING_LEFT != 0);
                    let entry = columns.starts[column] + (rank & columns.used[column]);
                    let right = columns.table[entry as usize % TABLE] | if all_right { ALL } else { 0 };
                    let children = [(place + 1, cells & !right), (place + node.distance(), cells & right)];
                    for (child, is_leaf) in children.into_iter().zip(node.leaves()) {
                        // written to both, and kept in one, or in none if it has no cells
                        let has_cells = usize::from(child.1 != 0);
                        ends[ended % MAX_SETS] = child;
                        next[going % MAX_SETS] = child;
                        ended += has_cells & is_leaf;
                        going += has_cells & (1 - is_leaf);
                    }
                }
                std::mem::swap(&mut sets, &mut next);
                count = going;
            }
            for (place, cells) in &ends[..ended] {
                add(&mut sums, nodes[*place as usize].value(), *cells);
            }
        }
        sums
    }
}

/// `stone` with each colour, or each clarity.
fn stones_of_one_scale(stone: &Stone, of_colors: bool) -> impl Iterator<Item = Stone> {
    let stone = *stone;
    let colors = Color::ALL.iter().filter(move |_| of_colors).map(move |color| Stone { color: *color, ..stone });
    let clarities =
        Clarity::ALL.iter().filter(move |_| !of_colors).map(move |clarity| Stone { clarity: *clarity, ..stone });
    colors.chain(clarities)
}

#[expect(clippy::cast_possible_truncation, reason = "there are 56 cells")]
fn number_of(cell: usize) -> u8 {
    cell as u8
}

/// Fills one column's part of a table: for each rank of a split, the `cells` whose rank is not below it.
fn fill(part: &mut [u64], cells: &mut [(u16, u8); CELLS]) {
    cells.sort_unstable();
    let mut right = 0;
    let mut end = part.len();
    for (rank, cell) in cells.iter().rev() {
        let start = (usize::from(*rank) + 1).min(end);
        part[start..end].fill(right);
        end = start;
        right |= 1 << cell;
    }
    part[..end].fill(right);
}

/// Adds `value` to the sums of `cells`.
#[expect(clippy::inline_always, reason = "as above")]
#[inline(always)]
fn add(sums: &mut [i32; CELLS], value: i32, cells: u64) {
    for color in 0..COLORS {
        let lanes = &LANES[(cells >> (color * CLARITIES) & 0xff) as usize];
        for (sum, lane) in sums[color * CLARITIES..][..CLARITIES].iter_mut().zip(lanes) {
            *sum += value & lane;
        }
    }
}
