//! Sales for a training in another program.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use super::manifest::{PROBES, measure, write_document};
use super::new_folder::{new_folder_beside, put_in_place};
use super::probes::{PROBE_SET, probes};
use super::{ExchangeError, ExportedFile, FORMAT, MANIFEST, Manifest};
use crate::control::{Access, AddSalesExport, ExportSales, FileAccess, FileAccessError};
use crate::diamond::Sale;
use crate::learning::evaluation::Split;
use crate::learning::families::{FAMILIES, Family, ForestsPlan, SalesSource, TrainedElsewhere};
use crate::learning::promises::TurnedSales;
use crate::retraining::{HoldoutSplit, TrainingError};
use crate::store::{
    Lineage, NumberColumns, SaleBlocks, SalesExport, SalesFile, StoredSale, TrainingFiles, TrainingRows, write_probes,
};

/// Salt of the hash that decides bucket and fold of a sale. It is known to everybody, and is not the one that decides the holdout.
const PUBLIC_SALT: &str = "diamonds export";
/// Number of folds.
const FOLDS: u32 = 10;
/// Sales that are written at a time.
const PIECE: usize = 200_000;
/// Name of the column that the trees learn.
const LABEL: &str = "log_price";

/// How sales are exported.
#[derive(Debug, Clone, Copy)]
pub struct SalesExportSettings {
    /// Number of buckets, each a folder of files: that many workers can share the rows.
    pub buckets: u32,
    /// Seed of every random choice of the training.
    pub seed: u64,
    /// Settings that the job tries before the training; 0 or 1 for none but those of the start.
    pub trials: usize,
}

/// What was exported.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SalesExportReport {
    /// The folder.
    pub folder: PathBuf,
    /// Id of the export.
    pub export: Uuid,
    /// Number of sales.
    pub sales: i64,
    /// Number of sales that were held out, and are not in it.
    pub held_out: usize,
    /// Number of rows: every copy of each sale.
    pub rows: i64,
    /// Number of files of rows.
    pub files: usize,
    /// Their size together.
    pub bytes: u64,
}

/// The first family whose forests are trained elsewhere, and what it offers for that.
///
/// # Errors
/// If there is none.
pub(super) fn trained_elsewhere() -> Result<(&'static dyn Family, &'static dyn TrainedElsewhere), ExchangeError> {
    let found = FAMILIES.iter().find_map(|family| Some((*family, family.elsewhere()?)));
    found.ok_or_else(|| ExchangeError::stays_here("any family"))
}

/// Writes the sales of the file at `database` that models learn, never the holdout, into the new folder `folder`, and notes the export in
/// the file. `progress` is told how many sales of how many have been written. All of the folder is there at the end, or nothing.
///
/// # Errors
/// If the folder has something in it, there are too few sales, or something cannot be read or written.
pub fn export_sales(
    database: &Path,
    folder: &Path,
    settings: &SalesExportSettings,
    progress: &dyn Fn(usize, usize),
) -> Result<SalesExportReport, ExchangeError> {
    let (_, family) = trained_elsewhere()?;
    let unfinished = new_folder_beside(folder)?;
    if !database.exists() {
        return Err(TrainingError::NoSales.into());
    }
    let mut file = FileAccess::open(database, Access::Read)?;
    let exported = file.run(ExportSales {})?;
    let sales = Arc::new(SalesFile::take_over(&exported, database).map_err(FileAccessError::from)?);
    // others may use the file meanwhile
    drop(file);
    let split = HoldoutSplit::read(sales.clone(), exported.rows, &exported.holdout_salt)?;
    let plan = family.plan(&TurnedSales(&split.train), settings.seed, settings.trials).map_err(TrainingError::from)?;

    let mut writer = Writer::new(&plan, family, settings, unfinished.path())?;
    let learnt = split.train.count();
    let mut failed = None;
    sales
        .for_each_block(&mut |block| {
            if failed.is_none() {
                failed = writer.add(block, &split).err();
                progress(writer.sales, learnt);
            }
        })
        .map_err(TrainingError::from)?;
    if let Some(error) = failed {
        return Err(error);
    }
    let (files, rows, count) = writer.finish()?;
    let manifest = Manifest {
        format: FORMAT,
        export: Uuid::now_v7(),
        time: Timestamp::now(),
        program_version: env!("CARGO_PKG_VERSION").to_owned(),
        sales: as_count(count),
        rows,
        label: LABEL.to_owned(),
        folds: FOLDS.into(),
        lineage: exported
            .batches
            .iter()
            .map(|(batch, rows)| Lineage { batch: *batch, rows: *rows, undone: false })
            .collect(),
        probe_set: PROBE_SET,
        probes: write_probe_file(&plan, unfinished.path())?,
        plan,
        files,
    };
    write_document(&manifest, &unfinished.path().join(MANIFEST))?;
    // who trains on it may come as soon as it is there: the file knows it first
    let remembered = Manifest { files: Vec::new(), ..manifest.clone() };
    let export = SalesExport {
        id: manifest.export,
        time: manifest.time,
        sales: manifest.sales,
        manifest: serde_json::to_string(&remembered)
            .map_err(|error| ExchangeError::document(MANIFEST, error.to_string()))?,
    };
    FileAccess::open(database, Access::Write)?.run(AddSalesExport { export })?;
    put_in_place(unfinished, folder)?;
    Ok(SalesExportReport {
        folder: folder.to_owned(),
        export: manifest.export,
        sales: manifest.sales,
        held_out: split.holdout_count,
        rows,
        files: manifest.files.len(),
        bytes: manifest.files.iter().map(|file| file.bytes).sum(),
    })
}

/// The probes with what the trees see of them, in a file in `folder`.
fn write_probe_file(plan: &ForestsPlan, folder: &Path) -> Result<ExportedFile, ExchangeError> {
    let probes = probes();
    let rows: Vec<Vec<f32>> = probes.iter().map(|stone| plan.row(stone)).collect();
    let names = plan.columns();
    let values = (0..names.len()).map(|column| rows.iter().map(|row| row[column]).collect()).collect();
    let path = folder.join(PROBES);
    write_probes(NumberColumns { names, values }, &path)?;
    let (bytes, sha256) = measure(&path)?;
    Ok(ExportedFile { path: PROBES.to_owned(), rows: as_count(probes.len()), bytes, sha256 })
}

fn as_count(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Writes the rows, piece by piece.
struct Writer<'a> {
    plan: &'a ForestsPlan,
    family: &'a dyn TrainedElsewhere,
    settings: &'a SalesExportSettings,
    folder: &'a Path,
    parts: TrainingFiles,
    places: Split,
    /// The sales of the next piece, and the place of each between 0 and 1, which decides its bucket and fold.
    piece: Vec<(StoredSale, f64)>,
    pieces: u64,
    sales: usize,
    files: Vec<ExportedFile>,
}

impl<'a> Writer<'a> {
    fn new(
        plan: &'a ForestsPlan,
        family: &'a dyn TrainedElsewhere,
        settings: &'a SalesExportSettings,
        folder: &'a Path,
    ) -> Result<Self, ExchangeError> {
        let work = folder.join(".work");
        std::fs::create_dir(&work).map_err(ExchangeError::file("create the folder", &work))?;
        Ok(Self {
            plan,
            family,
            settings,
            folder,
            parts: TrainingFiles::new(plan.columns(), &work)?,
            places: Split::new(PUBLIC_SALT, 1.0),
            piece: Vec::new(),
            pieces: 0,
            sales: 0,
            files: Vec::new(),
        })
    }

    fn add(&mut self, block: &[StoredSale], split: &HoldoutSplit) -> Result<(), ExchangeError> {
        for stored in block {
            if let Some(learnt) = split.learnt(stored) {
                self.piece.push((learnt, self.places.place_of(&stored.sale)));
                self.sales += 1;
                if self.piece.len() == PIECE {
                    self.write()?;
                }
            }
        }
        Ok(())
    }

    /// Writes the sales of the piece.
    fn write(&mut self) -> Result<(), ExchangeError> {
        let piece = std::mem::take(&mut self.piece);
        let sales: Vec<Sale> = piece.iter().map(|(stored, _)| stored.sale).collect();
        // every piece leaves out other measures
        let copies = self.family.copies(&sales, self.plan.seed.wrapping_add(self.pieces));
        let number = self.pieces;
        self.pieces += 1;
        let mut rows = TrainingRows {
            columns: vec![Vec::with_capacity(copies.len()); self.plan.columns().len()],
            ..TrainingRows::default()
        };
        let buckets = f64::from(self.settings.buckets);
        for (copy, sales) in (0..).zip(copies.chunks(piece.len().max(1))) {
            for (sale, (stored, place)) in sales.iter().zip(&piece) {
                rows.batch.push(stored.batch);
                rows.line.push(stored.line);
                rows.copy.push(copy);
                rows.bucket.push(part_of(*place * buckets));
                rows.fold.push(part_of((*place * buckets).fract() * f64::from(FOLDS)));
                for (column, value) in rows.columns.iter_mut().zip(self.plan.row(&sale.stone)) {
                    column.push(value);
                }
                #[expect(clippy::cast_possible_truncation, reason = "the libraries work in single precision")]
                rows.log_price.push(self.plan.target.from_price(sale.price_usd) as f32);
            }
        }
        let folder = self.folder;
        let name_of = |bucket: i64| format!("train/bucket={bucket}/part-{number}.parquet");
        for bucket in 0..self.settings.buckets {
            let of_bucket = folder.join(format!("train/bucket={bucket}"));
            std::fs::create_dir_all(&of_bucket).map_err(ExchangeError::file("create the folder", &of_bucket))?;
        }
        let written =
            self.parts.write_rows(rows, self.settings.buckets.into(), &|bucket| folder.join(name_of(bucket)))?;
        for (path, rows) in written {
            let (bytes, sha256) = measure(&path)?;
            let path = path.strip_prefix(folder).unwrap_or(&path).display().to_string();
            self.files.push(ExportedFile { path, rows, bytes, sha256 });
        }
        Ok(())
    }

    /// Writes what is left. Returns the files, the number of rows and that of sales.
    fn finish(mut self) -> Result<(Vec<ExportedFile>, i64, usize), ExchangeError> {
        if !self.piece.is_empty() {
            self.write()?;
        }
        drop(self.parts);
        let work = self.folder.join(".work");
        std::fs::remove_dir_all(&work).map_err(ExchangeError::file("remove the folder", &work))?;
        let rows = self.files.iter().map(|file| file.rows).sum();
        Ok((self.files, rows, self.sales))
    }
}

/// The part in which `place` is, counted from 0.
#[expect(clippy::cast_possible_truncation, reason = "a number of buckets or folds, which are few")]
fn part_of(place: f64) -> i64 {
    place as i64
}
