//! `/v1/predictions` for files: any number of stones as CSV or as lines of JSON. The answer is sent while the stones are priced.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;

use hyper::body::Bytes;
use serde_json::{Value, json};
use tide::{Request, Response, StatusCode};
use tokio::sync::{Semaphore, SemaphorePermit};
use uuid::Uuid;

use super::predictions::{confidence_parameter, find_model, model_parameter};
use crate::control::PredictMany;
use crate::diamond::{DescribedStone, FieldError, StoneDescription};
use crate::learning::evaluation::Confidence;
use crate::pricing::PricingError;
use crate::pricing::stone_files::{CsvAnswer, FULL_BYTES, StoneAnswer, price_rows};
use crate::reading::table::Table;
use crate::reading::{Purpose, ReadingOptions, ReadingPlan};
use crate::server::access::Caller;
use crate::server::app::App;
use crate::server::blocking_work::in_background;
use crate::server::http::attachments::{AnsweredBy, LogAs, ReceivedBody, RequestIdentity};
use crate::server::http::long_bodies::{CSV, JSON_LINES, UnreadBody, read_into_file};
use crate::server::http::parameters::{Parameter, ParameterKind, read_flag, read_parameters};
use crate::server::http::problem::{Answer, Problem};
use crate::server::http::request_parts::{query_pairs, refuse_encoded, require_accepted};
use crate::server::http::sent_body::{BodyInPieces, PieceWriter};
use crate::store::PredictionSource;
use crate::text::with_causes;

/// Files that are priced at a time.
static FILES: Semaphore = Semaphore::const_new(2);
/// Stones that are priced at a time.
const AT_A_TIME: usize = 5_000;
/// Longest line of JSON, in bytes.
const MAX_LINE_BYTES: usize = 64 * 1024;
/// Bytes at the beginning of a file that the log keeps.
const KEPT_BYTES: u64 = 4 * 1024;

/// The forms of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileForm {
    /// A table with a header.
    Csv,
    /// A stone on each line.
    JsonLines,
}

impl FileForm {
    /// The form of the body of `request`, if it is a file.
    pub fn of(request: &Request<App>) -> Option<Self> {
        match request.content_type()?.essence() {
            CSV => Some(Self::Csv),
            JSON_LINES => Some(Self::JsonLines),
            _ => None,
        }
    }

    fn media_type(self) -> &'static str {
        match self {
            Self::Csv => CSV,
            Self::JsonLines => JSON_LINES,
        }
    }
}

/// What the address says of a file.
#[derive(Default)]
pub struct FileWanted {
    model: Option<String>,
    confidence: Confidence,
    reading: ReadingOptions,
}

/// The parameters that JSON has too, and that are documented there.
static OF_PRICES: [Parameter<FileWanted>; 2] = [
    model_parameter(|wanted, value| {
        wanted.model = Some(value.to_owned());
        Ok(())
    }),
    confidence_parameter(|wanted, value| {
        wanted.confidence = Confidence::parse(value)?;
        Ok(())
    }),
];

/// The parameters that say how a table is read.
pub static READING_PARAMETERS: [Parameter<FileWanted>; 5] = [
    Parameter {
        name: "map",
        description: "For text/csv: the header of a column where it is not found by its name, such as carat=Wt. As often as needed.",
        kind: ParameterKind::Text,
        read: |wanted, value| {
            wanted.reading.map.push(ReadingOptions::read_pair(value)?);
            Ok(())
        },
    },
    Parameter {
        name: "decimal",
        description: "For text/csv: the decimal sign (. or ,) where numbers can be read in two ways.",
        kind: ParameterKind::Text,
        read: |wanted, value| {
            wanted.reading.decimal = Some(value.parse()?);
            Ok(())
        },
    },
    Parameter {
        name: "unit",
        description: "For text/csv: another unit, carat=points or size=cm.",
        kind: ParameterKind::Text,
        read: |wanted, value| {
            wanted.reading.units.push(ReadingOptions::read_pair(value)?);
            Ok(())
        },
    },
    Parameter {
        name: "any_shape",
        description: "For text/csv: whether stones of other shapes than round are priced as if they were round.",
        kind: ParameterKind::Flag,
        read: |wanted, value| {
            wanted.reading.any_shape = read_flag(value)?;
            Ok(())
        },
    },
    Parameter {
        name: "accept_odd",
        description: "For text/csv: whether files are taken that look as if they were in another unit.",
        kind: ParameterKind::Flag,
        read: |wanted, value| {
            wanted.reading.accept_odd = read_flag(value)?;
            Ok(())
        },
    },
];

/// Reads the parameters of `request`; only tables are read in one way or another.
fn wanted_of(request: &Request<App>, form: FileForm) -> Result<FileWanted, Problem> {
    let mut wanted = FileWanted::default();
    let (of_prices, others): (Vec<_>, Vec<_>) = query_pairs(request)
        .into_iter()
        .partition(|(name, _)| OF_PRICES.iter().any(|own| own.name == name) || form == FileForm::JsonLines);
    let mut errors = Vec::new();
    errors.extend(read_parameters(&OF_PRICES, &of_prices, &mut wanted).err().unwrap_or_default());
    errors.extend(read_parameters(&READING_PARAMETERS, &others, &mut wanted).err().unwrap_or_default());
    if errors.is_empty() { Ok(wanted) } else { Err(Problem::bad_fields(errors)) }
}

/// Prices the stones of the body of `request`.
pub async fn create(request: Request<App>, form: FileForm) -> Answer {
    require_accepted(&request, form.media_type())?;
    refuse_encoded(&request)?;
    let FileWanted { model, confidence, reading } = wanted_of(&request, form)?;
    let app = request.state().clone();
    let permit = FILES
        .try_acquire()
        .map_err(|_| Problem::new(429, "other files are being priced at this moment: try again when they are done"))?;
    let missing = |what: &str| Problem::internal(format!("a request without {what}"));
    let identity = request.ext::<RequestIdentity>().copied().ok_or_else(|| missing("an id"))?;
    let body = request.ext::<UnreadBody>().and_then(UnreadBody::take).ok_or_else(|| missing("a body"))?;
    // the whole file by one model, whatever is promoted meanwhile
    let model = find_model(&request, &app.pricing.snapshot(), model).await?.id;
    let folder = app.pricing.reader()?.work_folder().to_owned();
    let (file, length) = read_into_file(body, &folder).await?;
    let (source, beginning) = in_background(move || {
        let beginning = beginning_of(&file)?;
        Ok::<_, Problem>((StoneSource::open(file, form, &reading, &folder)?, beginning))
    })
    .await??;
    let (sender, pieces) = BodyInPieces::new();
    let actor = Caller::of(&request).actor().to_owned();
    let pricing = FilePricing { app, model, request: identity.id, actor, confidence, seen: 0 };
    tokio::task::spawn_blocking(move || pricing.answer(source, PieceWriter::new(sender), permit));
    let mut response = Response::builder(StatusCode::Ok).content_type(form.media_type()).build();
    response.insert_ext(AnsweredBy(model));
    response.insert_ext(ReceivedBody(beginning));
    response.insert_ext(LogAs(format!(
        "{length} bytes were received, of which the log has the beginning; each stone is priced in its line, and the prices are \
         predictions of this request"
    )));
    response.insert_ext(pieces);
    Ok(response)
}

/// The beginning of a file, which stays as it is.
fn beginning_of(file: &File) -> Result<Bytes, Problem> {
    let failed = |error: io::Error| Problem::internal(error.to_string());
    let mut beginning = Vec::new();
    let mut reader = file;
    reader.take(KEPT_BYTES).read_to_end(&mut beginning).map_err(failed)?;
    io::Seek::rewind(&mut reader).map_err(failed)?;
    Ok(beginning.into())
}

/// Where the stones of a file come from.
enum StoneSource {
    Table(Box<(Table, ReadingPlan)>),
    JsonLines(BufReader<File>),
}

impl StoneSource {
    /// Finds out how `file` is read; what is unpacked goes to `folder`.
    fn open(file: File, form: FileForm, reading: &ReadingOptions, folder: &Path) -> Result<Self, Problem> {
        if form == FileForm::JsonLines {
            return Ok(Self::JsonLines(BufReader::new(file)));
        }
        let refused = |error: crate::reading::ReadingError| {
            let detail = error.to_string();
            let hint = if detail.contains("--") {
                " (as a parameter of the address here: ?decimal=, or ?map=carat=Wt)"
            } else {
                ""
            };
            Problem::new(422, format!("{detail}{hint}"))
        };
        let table = Table::open_text(file, folder)
            .map_err(refused)?
            .ok_or_else(|| Problem::new(415, "the body is a workbook or a Parquet file: send CSV"))?;
        let plan = ReadingPlan::new(&table, reading, Purpose::Stones).map_err(refused)?;
        Ok(Self::Table(Box::new((table, plan))))
    }
}

/// Prices the stones of a file, and stores each prediction before it is sent.
struct FilePricing {
    app: App,
    model: i64,
    request: Uuid,
    actor: String,
    confidence: Confidence,
    /// Stones that were priced so far.
    seen: i64,
}

/// Why an answer breaks off.
enum Broken {
    /// The client has gone.
    Gone,
    /// Something has failed.
    Failed(String),
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe { Self::Gone } else { Self::Failed(error.to_string()) }
    }
}

impl From<PricingError> for Broken {
    fn from(error: PricingError) -> Self {
        Self::Failed(with_causes(&error))
    }
}

impl FilePricing {
    /// Answers all of `source`. The client sees if the answer is not whole.
    fn answer(mut self, source: StoneSource, mut writer: PieceWriter, _permit: SemaphorePermit<'static>) {
        let request = self.request;
        let answered = match source {
            StoneSource::Table(table) => self.answer_table(&table.0, &table.1, &mut writer),
            StoneSource::JsonLines(lines) => self.answer_lines(lines, &mut writer),
        };
        match answered.and_then(|()| Ok(writer.flush()?)) {
            Ok(()) => {}
            Err(Broken::Gone) => tracing::debug!("the client of request {request} has gone"),
            Err(Broken::Failed(reason)) => {
                tracing::error!("the answer to request {request} breaks off: {reason}");
                writer.break_off(reason);
            }
        }
    }

    fn price(&mut self, stones: Vec<DescribedStone>) -> Result<Vec<StoneAnswer>, Broken> {
        let first = self.seen;
        self.seen += i64::try_from(stones.len()).unwrap_or_default();
        let (model, request) = (Some(self.model.to_string()), Some(self.request));
        let (source, confidence) = (PredictionSource::Api, self.confidence);
        let wanted = PredictMany { stones, model, request, first, source, confidence };
        Ok(self.app.run_operation(wanted, &self.actor)?)
    }

    fn answer_table(&mut self, table: &Table, plan: &ReadingPlan, output: &mut PieceWriter) -> Result<(), Broken> {
        let mut writer = CsvAnswer::new(output, plan.header())?;
        price_rows(
            table,
            plan,
            AT_A_TIME,
            |error| Broken::Failed(error.to_string()),
            |stones| self.price(stones),
            |cells, answer| Ok(writer.write(cells, answer)?),
        )?;
        Ok(writer.finish()?)
    }

    fn answer_lines(&mut self, mut lines: BufReader<File>, writer: &mut PieceWriter) -> Result<(), Broken> {
        loop {
            let mut read = Vec::new();
            let mut bytes = 0;
            while read.len() < AT_A_TIME && bytes < FULL_BYTES {
                match next_line(&mut lines)? {
                    Some(line) if line.as_ref().is_ok_and(|line| line.trim_ascii().is_empty()) => {}
                    Some(line) => {
                        bytes += line.as_ref().map_or(0, Vec::len);
                        read.push(line.and_then(|line| read_line(&line)));
                    }
                    None => break,
                }
            }
            if read.is_empty() {
                return Ok(());
            }
            let stones = read.iter().filter_map(|line| line.as_ref().ok().cloned()).collect();
            let mut answers = self.price(stones)?.into_iter();
            for line in read {
                let answer = line.and_then(|_| match answers.next() {
                    Some(Ok(prediction)) => Ok(prediction),
                    Some(Err(reason)) => Err(json!({ "detail": reason })),
                    None => Err(json!({ "detail": "there is no answer" })),
                });
                match answer {
                    Ok(prediction) => serde_json::to_writer(&mut *writer, &prediction).map_err(io::Error::from)?,
                    Err(problem) => serde_json::to_writer(&mut *writer, &problem).map_err(io::Error::from)?,
                }
                writer.write_all(b"\n")?;
            }
        }
    }
}

/// The next line, or what is wrong with it; `None` at the end.
fn next_line(lines: &mut BufReader<File>) -> io::Result<Option<Result<Vec<u8>, Value>>> {
    let mut line = Vec::new();
    let most = MAX_LINE_BYTES as u64 + 1;
    if lines.take(most).read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    if line.len() <= MAX_LINE_BYTES || line.ends_with(b"\n") {
        return Ok(Some(Ok(line)));
    }
    while !line.is_empty() && !line.ends_with(b"\n") {
        line.clear();
        lines.take(most).read_until(b'\n', &mut line)?;
    }
    Ok(Some(Err(
        json!({ "detail": format!("the line is longer than {MAX_LINE_BYTES} bytes: send one stone on each") }),
    )))
}

/// The stone of a line, or what is wrong with it.
fn read_line(line: &[u8]) -> Result<DescribedStone, Value> {
    let detail = |text: String| json!({ "detail": text });
    let text = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
    let Value::Object(fields) =
        serde_json::from_slice(text).map_err(|error| detail(format!("the line is not valid JSON: {error}")))?
    else {
        return Err(detail("the line must be a stone (an object)".to_owned()));
    };
    StoneDescription::read_fields(&fields, &[]).map_err(|errors: Vec<FieldError>| {
        let Problem { detail, errors, .. } = Problem::bad_fields(errors);
        json!({ "detail": detail, "errors": errors })
    })
}
