//! Charts, laid out: where marks, lines and labels lie. Templates only draw them.

mod axis;
pub mod history_chart;
pub mod price_chart;
pub mod time_chart;
pub mod traffic_charts;
