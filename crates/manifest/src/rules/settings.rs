//! What settings must say.

use model::Span;
use model::settings::Settings;

use super::{Broken, Rules, traffic};

pub(crate) fn settings(settings: &Settings) -> Vec<Broken> {
    let mut rules = Rules::default();
    limits(settings, &mut rules);
    for (api, budget) in &settings.api_budgets {
        rules.ask(
            budget.per_second > 0.0 && budget.burst > 0,
            format!("apiBudgets.{api}"),
            "a budget of nothing allows no call at all",
            "write a rate above 0 and a burst of at least 1",
        );
    }
    rules.unique("calendars", ".name", &settings.calendars, |calendar| calendar.name.clone());
    for (place, calendar) in settings.calendars.iter().enumerate() {
        let path = format!("calendars[{place}]");
        traffic::calendar(&path, &calendar.windows, &calendar.freezes, &mut rules);
        rules.ask(
            !calendar.windows.is_empty() || !calendar.freezes.is_empty(),
            path,
            "the calendar has neither windows nor freezes",
            "add one or take it out",
        );
    }
    rules.unique("webhooks", ".name", &settings.webhooks, |webhook| webhook.name.clone());
    for (place, webhook) in settings.webhooks.iter().enumerate() {
        url(&mut rules, &format!("webhooks[{place}].url"), &webhook.url);
        rules.ask(
            webhook.timeout > Span::ZERO && webhook.timeout <= Span::from_mins(1),
            format!("webhooks[{place}].timeout"),
            format!("{} is not a time to wait for an answer", webhook.timeout),
            "write more than 0s and at most 1m",
        );
    }
    rules.unique("notifications", ".name", &settings.notifications, |told| told.name.clone());
    for (place, told) in settings.notifications.iter().enumerate() {
        url(&mut rules, &format!("notifications[{place}].url"), &told.url);
    }
    rules.0
}

fn limits(settings: &Settings, rules: &mut Rules) {
    let limits = &settings.limits;
    for (field, value) in [
        ("steppingAtOnce", limits.stepping_at_once),
        ("perCluster", limits.per_cluster),
        ("failuresBeforeBrake", limits.failures_before_brake),
    ] {
        rules.ask(
            value > 0,
            format!("limits.{field}"),
            "0 would stop every migration",
            "write 1 or more; to stop everything write `freeze: true`",
        );
    }
    rules.ask(
        limits.brake_window > Span::ZERO,
        "limits.brakeWindow",
        "in 0s no rollback is ever counted",
        "write such as 24h",
    );
}

fn url(rules: &mut Rules, path: &str, url: &str) {
    let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    rules.ask(
        host.is_some_and(|host| {
            !host.is_empty() && !host.starts_with('/') && !url.contains(char::is_whitespace)
        }),
        path,
        format!("`{}` is not a web address", crate::problem::shown(url)),
        "write it in full, such as `https://hooks.example.com/ferry`",
    );
}
