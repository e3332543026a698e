//! The layout of charts: places of marks, lines and labels. Templates only draw them.

pub mod axis;
pub mod history_chart;
pub mod price_chart;
pub mod sales_map;
pub mod scatter;
pub mod time_chart;
pub mod traffic_charts;
