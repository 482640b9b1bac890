//! Amazon CloudWatch: metrics and alarms.

mod alarm;
mod data;
mod metric;
mod statistic;
mod statistics;

use crate::input::Input;
use crate::refusal::Refusal;
use crate::service::Service;
use crate::services::unknown;
use crate::value::Fields;
use crate::world::World;

const OPERATIONS: [&str; 4] =
    ["GetMetricData", "ListMetrics", "DescribeAlarms", "GetMetricStatistics"];

pub(crate) fn answer(
    world: &mut World<'_>,
    operation: &str,
    input: &Input<'_>,
) -> Result<Fields, Refusal> {
    match operation {
        "GetMetricData" => data::get(world, input),
        "ListMetrics" => metric::list(world, input),
        "DescribeAlarms" => alarm::describe(world, input),
        "GetMetricStatistics" => statistics::get(world, input),
        other => Err(unknown(Service::CloudWatch, other, &OPERATIONS)),
    }
}

fn invalid_token(token: &str) -> Refusal {
    Refusal::exactly("InvalidNextToken", 400, format!("The token {token} is not valid"))
}
