//! The API's description for programs (OpenAPI 3.1).

use serde_json::{Map, Value, json};

use crate::routes::SEQUENCE_MAX;

/// The document that `/api/v1/openapi.json` serves.
#[must_use]
pub fn document() -> Value {
    let mut paths = Map::new();
    of_daemon(&mut paths);
    of_migrations(&mut paths);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Ferry", "version": "v1",
            "description": "What Ferry sees and decides, and what operators say to it. No GET \
                changes anything. Shares are parts per thousand, times RFC 3339 in UTC.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
            "schemas": schemas(),
        },
    })
}

fn of_daemon(paths: &mut Map<String, Value>) {
    paths.insert("/metrics".into(), json!({"get": plain("Metrics", "Metrics for Prometheus.")}));
    paths.insert("/livez".into(), json!({"get": plain("Health", "Whether the loop is alive.")}));
    paths.insert("/readyz".into(), json!({"get": plain("Health", "Whether it can act.")}));
    paths.insert("/api/v1/openapi.json".into(), json!({"get": {
        "operationId": "openapi", "tags": ["Daemon"], "summary": "This document.",
        "security": [], "responses": {"200": answer("The document.", &json!({"type": "object"}))},
    }}));
    paths.insert(
        "/api/v1/status".into(),
        json!({"get": read(
        "status", "Daemon", "The daemon itself.", &[], "DaemonStatus")}),
    );
    paths.insert("/api/v1/configuration/confirm".into(), json!({"post": {
        "operationId": "confirm", "tags": ["Daemon"],
        "summary": "Confirm that files which vanished together are meant to be gone.",
        "requestBody": {"required": true, "content": {"application/json": {"schema": reference("Confirmation")}}},
        "responses": responses("Confirmation", &["400", "401", "403", "409", "413", "415", "422", "503"]),
    }}));
}

fn of_migrations(paths: &mut Map<String, Value>) {
    paths.insert(
        "/api/v1/migrations".into(),
        json!({"get": read(
        "list", "Migrations", "All migrations.", &[], "List")}),
    );
    paths.insert(
        "/api/v1/migrations/{name}".into(),
        json!({"get": read(
        "detail", "Migrations", "One migration, with what the last pass decided and why.",
        &[name()], "Detail")}),
    );
    paths.insert(
        "/api/v1/migrations/{name}/history".into(),
        json!({"get": read(
        "history", "Migrations",
        "What happened, newest first; with `after` oldest first.",
        &[
            name(),
            query("before", 1, "Only what comes before this entry."),
            query("after", 0, "Only what follows this entry, oldest first."),
            query("limit", 1, "How many entries at most, by default 100."),
        ], "History")}),
    );
    paths.insert(
        "/api/v1/migrations/{name}/plan".into(),
        json!({"get": read(
        "plan", "Migrations",
        "What the last pass decided, and the calendar of what follows if every verdict is good.",
        &[name()], "Outlook")}),
    );
    for (verb, summary) in VERBS {
        paths.insert(
            format!("/api/v1/migrations/{{name}}/{verb}"),
            json!({"post": say(verb, summary)}),
        );
    }
    paths.insert("/api/v1/migrations/{name}/release".into(), json!({"post": {
        "operationId": "release", "tags": ["Verbs"],
        "summary": "Restore the bounds of a migration whose file is gone.",
        "parameters": [name()],
        "requestBody": {"required": false, "content": {"application/json": {"schema": reference("Nothing")}}},
        "responses": responses("Released", &["400", "401", "403", "404", "409", "413", "415", "422", "503"]),
    }}));
}

const VERBS: [(&str, &str); 6] = [
    ("pause", "No step forward; judging and going back go on."),
    ("resume", "Take back everything that was said, and re-arm after a rollback."),
    ("advance", "Take the next step without waiting for evidence or dwell."),
    ("rollback", "Send all traffic back to EC2 and keep it there."),
    ("pin", "Hold a share."),
    ("freeze", "Write nothing at all, rollbacks included."),
];

fn reference(schema: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{schema}")})
}

fn answer(description: &str, schema: &Value) -> Value {
    json!({"description": description, "content": {"application/json": {"schema": schema}}})
}

fn responses(schema: &str, refusals: &[&str]) -> Value {
    let mut all = Map::new();
    all.insert("200".into(), answer("Done.", &reference(schema)));
    for status in refusals {
        all.insert((*status).into(), answer(refused(status), &reference("Problem")));
    }
    Value::Object(all)
}

fn refused(status: &str) -> &'static str {
    match status {
        "400" => "The request cannot be read.",
        "401" => "No token, or nobody's.",
        "403" => "The token's role does not allow it.",
        "404" => "There is nothing of that name.",
        "409" => "It is not as the request supposes: look again.",
        "413" => "The body is too large.",
        "415" => "The body is not JSON.",
        "422" => "The body is JSON and not what is asked for.",
        "428" => "`If-Match` is missing.",
        _ => "Nothing can be recorded or done at present.",
    }
}

fn plain(tag: &str, summary: &str) -> Value {
    let text = json!({"text/plain": {"schema": {"type": "string"}}});
    json!({
        "tags": [tag], "summary": summary, "security": [],
        "responses": {
            "200": {"description": "Yes.", "content": text},
            "503": {"description": "No.", "content": text},
        },
    })
}

fn read(id: &str, tag: &str, summary: &str, parameters: &[Value], schema: &str) -> Value {
    json!({
        "operationId": id, "tags": [tag], "summary": summary, "parameters": parameters,
        "responses": responses(schema, &["400", "401", "404", "503"]),
    })
}

fn say(verb: &str, summary: &str) -> Value {
    let schema = if verb == "pin" { "PinAt" } else { "Nothing" };
    let if_match = json!({
        "name": "If-Match", "in": "header", "required": true,
        "description": "The revision you looked at, quoted, or `*` to speak blindly.",
        "schema": {"type": "string", "pattern": "^(\\*|\"[0-9]+-[0-9a-f]{16}\")$"},
    });
    json!({
        "operationId": verb, "tags": ["Verbs"], "summary": summary,
        "parameters": [name(), if_match],
        "requestBody": {
            "required": verb == "pin",
            "content": {"application/json": {"schema": reference(schema)}},
        },
        "responses": responses(
            "Heard",
            &["400", "401", "403", "404", "409", "413", "415", "422", "428", "503"],
        ),
    })
}

fn name() -> Value {
    json!({"name": "name", "in": "path", "required": true, "schema": {"type": "string", "minLength": 1}})
}

fn query(name: &str, minimum: u64, description: &str) -> Value {
    let maximum = if name == "limit" { store::HISTORY_PAGE_MAX as u64 } else { SEQUENCE_MAX };
    json!({
        "name": name, "in": "query", "required": false, "description": description,
        "schema": {"type": "integer", "minimum": minimum, "maximum": maximum},
    })
}

/// The types of [`crate::api`]. What is inside a spec, a status or a verdict is described by
/// `ferry schema` and the reference; here they are objects.
#[expect(clippy::too_many_lines, reason = "one schema for each type, read as a table")]
fn schemas() -> Value {
    let object = |required: &[&str], properties: Value| json!({"type": "object", "required": required, "properties": properties});
    let share = json!({"type": ["integer", "null"], "minimum": 0, "maximum": 1000});
    let time = json!({"type": ["string", "null"], "format": "date-time"});
    let number = json!({"type": ["number", "null"]});
    let count = json!({"type": ["integer", "null"], "minimum": 0});
    let text = json!({"type": "string"});
    let list = |items: &Value| json!({"type": "array", "items": items});
    let sides = |value: &Value| {
        json!({"type": "object", "required": ["ec2", "fargate"],
            "properties": {"ec2": value, "fargate": value}})
    };
    let nullable = |schema: &Value| json!({"oneOf": [schema, {"type": "null"}]});
    json!({
        "Problem": object(&["error"], json!({"error": text})),
        "Nothing": {"type": "object", "additionalProperties": false},
        "PinAt": {
            "type": "object", "required": ["share"], "additionalProperties": false,
            "properties": {"share": {"type": "integer", "minimum": 0, "maximum": 1000}},
        },
        "Confirmation": {
            "type": "object", "required": ["names"], "additionalProperties": false,
            "properties": {"names": {"type": "array", "items": text, "uniqueItems": true}},
        },
        "Heard": object(&["name", "revision", "message"],
            json!({"name": text, "revision": text, "message": text})),
        "Released": object(&["done"], json!({"done": list(&reference("Done"))})),
        "Done": object(&["action", "answer"], json!({"action": text, "answer": text})),
        "Shares": object(&["wanted", "set", "measured"],
            json!({"wanted": share, "set": share, "measured": share})),
        "Tasks": object(&["desired", "running", "healthy"],
            json!({"desired": count, "running": count, "healthy": count})),
        "Latest": object(&["p99Ms", "requestsPerMinute", "slowRatio"],
            json!({"p99Ms": number, "requestsPerMinute": number, "slowRatio": number})),
        "Summary": object(
            &["name", "labels", "generation", "revision", "share", "tasks", "p99Ms", "verdict",
                "doing", "since", "conditions"],
            json!({
                "name": text,
                "labels": {"type": "object", "additionalProperties": text},
                "generation": {"type": "integer", "minimum": 0},
                "revision": text,
                "share": reference("Shares"),
                "tasks": sides(&nullable(&reference("Tasks"))),
                "p99Ms": sides(&number),
                "verdict": {"enum": ["advance", "hold", "rollBack"]},
                "doing": text, "since": time, "conditions": list(&text),
            }),
        ),
        "Spoken": object(&["rule", "said", "message", "opensAt", "reason"], json!({
            "rule": text, "said": {"enum": ["open", "done", "refused"]},
            "message": text, "opensAt": time, "reason": {"type": ["object", "null"]},
        })),
        "Outlook": object(&["name", "doing", "now", "inTheWay", "calendar", "end"], json!({
            "name": text, "doing": text, "now": reference("Planned"), "inTheWay": list(&text),
            "calendar": list(&reference("Coming")), "end": reference("End"),
        })),
        "Coming": object(&["at", "expected", "what", "share", "bound", "why"], json!({
            "at": {"type": "string", "format": "date-time"}, "expected": time,
            "what": {"enum": ["step", "baked", "drained"]},
            "share": {"type": "integer", "minimum": 0, "maximum": 1000},
            "bound": {"type": ["string", "null"]}, "why": text,
        })),
        "End": object(&["kind", "at", "message"], json!({
            "kind": {"enum": ["drained", "held", "stopped", "unknown"]}, "at": time,
            "message": text,
        })),
        "Planned": object(&["at", "lines", "actions", "next"], json!({
            "at": time, "lines": list(&reference("Spoken")),
            "actions": list(&reference("Done")), "next": share,
        })),
        "Detail": object(
            &["summary", "migration", "status", "seenAt", "verdict", "plan", "findings", "latest",
                "coverage", "capacity"],
            json!({
                "summary": reference("Summary"),
                "migration": {"type": "object"}, "status": {"type": "object"},
                "seenAt": {"type": "string", "format": "date-time"},
                "verdict": {"type": "object"},
                "plan": reference("Planned"), "findings": list(&text),
                "latest": sides(&reference("Latest")),
                "coverage": {"type": ["object", "null"]},
                "capacity": reference("Capacity"),
            }),
        ),
        "Capacity": object(&["tasks", "ratio"], json!({
            "tasks": sides(&reference("TaskCapacity")),
            "ratio": {"type": ["object", "null"]},
        })),
        "TaskCapacity": object(
            &["safeRequestsPerMinute", "source", "fit", "refused"],
            json!({
                "safeRequestsPerMinute": number,
                "source": {"enum": ["unknown", "prior", "measured", "fitted"]},
                "fit": {"type": ["object", "null"]},
                "refused": {"type": ["string", "null"]},
            }),
        ),
        "Orphan": object(&["name", "share", "saved", "floors"], json!({
            "name": text, "share": share,
            "saved": sides(&json!({"type": ["string", "null"]})), "floors": sides(&count),
        })),
        "List": object(&["at", "items", "orphans"], json!({
            "at": time, "items": list(&reference("Summary")),
            "orphans": list(&reference("Orphan")),
        })),
        "History": object(&["entries", "next"], json!({
            "entries": list(&object(&["sequence", "entry"], json!({
                "sequence": {"type": "integer", "minimum": 1},
                "entry": {"type": "object"},
            }))),
            "next": count,
        })),
        "Configuration": object(&["files", "hash", "loadedAt", "problems", "unconfirmed"], json!({
            "files": {"type": "integer", "minimum": 0}, "hash": text, "loadedAt": time,
            "problems": list(&text), "unconfirmed": list(&text),
        })),
        "DaemonStatus": object(
            &["version", "at", "configuration", "isLeader", "leader", "storeProblem"],
            json!({
                "version": text, "at": time, "configuration": reference("Configuration"),
                "isLeader": {"type": "boolean"},
                "leader": {"type": ["string", "null"]},
                "storeProblem": {"type": ["string", "null"]},
            }),
        ),
    })
}
