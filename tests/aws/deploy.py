"""Holds the files in deploy/ecs to botocore's model of ECS.

    deploy.py FOLDER
"""

import json
import pathlib
import sys

import botocore.session

import model

OPERATIONS = {
    "task-definition.json": "RegisterTaskDefinition",
    "service.json": "CreateService",
}


def main(folder):
    ecs = botocore.session.get_session().get_service_model("ecs")
    findings = []
    for name, operation in OPERATIONS.items():
        request = json.loads((folder / name).read_text())
        walk = model.Walk(ecs.operation_model(operation), name)
        walk.value(walk.operation.input_shape, request, operation, "json")
        findings += walk.findings
    for finding in findings:
        print(finding, file=sys.stderr)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
