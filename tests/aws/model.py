"""Holds raw responses against botocore's models of the services.

botocore itself is lenient: it ignores members that it does not know and misses none. Here a
response must have every required member, none that the model has not, and values of the model's
types, enumerations, lengths, ranges and patterns.
"""

import io
import json
import math
from datetime import datetime
from xml.etree import ElementTree

import regex
from botocore.parsers import RpcV2CBORParser

# Errors that every operation may have beside those of its model ("Common Errors" of the API
# references, as clients of each protocol see them).
COMMON = {
    "json": {
        "AccessDeniedException",
        "ExpiredTokenException",
        "InvalidSignatureException",
        "MissingAuthenticationTokenException",
        "SerializationException",
        "ThrottlingException",
        "UnknownOperationException",
        "ValidationException",
    },
    "xml": {
        "AccessDenied",
        "ExpiredToken",
        "InvalidAction",
        "MalformedInput",
        "MissingAuthenticationToken",
        "SignatureDoesNotMatch",
        "Throttling",
        "ValidationError",
    },
    "cbor": {
        "AccessDenied",
        "ExpiredTokenException",
        "InvalidParameterValueException",
        "MissingRequiredParameterException",
        "SerializationException",
        "Throttling",
        "UnknownOperationException",
        "ValidationError",
    },
}


class Walk:
    """One response, walked along its model; `findings` is what is wrong with it."""

    def __init__(self, operation, place):
        self.operation = operation
        self.place = place
        self.findings = []

    def wrong(self, path, what):
        self.findings.append(f"{self.place}: {path}: {what}")

    # --- values of JSON and CBOR -------------------------------------------------------------

    def value(self, shape, value, path, kind):
        if value is None:
            self.wrong(path, "is null: leave it out")
            return
        check = getattr(self, f"_{shape.type_name}", None)
        if check is None:
            self.wrong(path, f"the checker does not know the type {shape.type_name}")
            return
        check(shape, value, path, kind)

    def _structure(self, shape, value, path, kind):
        if not isinstance(value, dict):
            self.wrong(path, f"is no structure: {value!r}")
            return
        known = {}
        for name, member in shape.members.items():
            if member.serialization.get("location") in ("header", "headers", "statusCode"):
                continue
            known[member.serialization.get("name", name)] = (name, member)
        for key in value:
            if key not in known:
                self.wrong(f"{path}.{key}", f"is no member of {shape.name}")
        for key, (name, member) in known.items():
            if key in value:
                self.value(member, value[key], f"{path}.{key}", kind)
            elif name in shape.required_members:
                self.wrong(f"{path}.{key}", f"is missing, and {shape.name} requires it")

    def _list(self, shape, value, path, kind):
        if not isinstance(value, list):
            self.wrong(path, f"is no list: {value!r}")
            return
        self.within(shape, len(value), path, "items")
        for index, item in enumerate(value):
            self.value(shape.member, item, f"{path}[{index}]", kind)

    def _map(self, shape, value, path, kind):
        if not isinstance(value, dict):
            self.wrong(path, f"is no map: {value!r}")
            return
        self.within(shape, len(value), path, "entries")
        for key, item in value.items():
            self.value(shape.key, key, f"{path} key", kind)
            self.value(shape.value, item, f"{path}[{key!r}]", kind)

    def _string(self, shape, value, path, kind):
        if not isinstance(value, str):
            self.wrong(path, f"is no string: {value!r}")
            return
        if shape.enum and value not in shape.enum:
            self.wrong(path, f"{value!r} is none of {shape.enum}")
        self.within(shape, len(value), path, "characters")
        pattern = shape.metadata.get("pattern")
        if pattern and not regex.fullmatch(readable(pattern), value):
            self.wrong(path, f"{value!r} does not match {pattern}")

    def _character(self, shape, value, path, kind):
        self._string(shape, value, path, kind)

    def _integer(self, shape, value, path, kind):
        if isinstance(value, bool) or not isinstance(value, int):
            self.wrong(path, f"is no whole number: {value!r}")
            return
        bits = 31 if shape.type_name == "integer" else 63
        if not -(1 << bits) <= value < 1 << bits:
            self.wrong(path, f"{value} has too many digits for {shape.type_name}")
        self.within(shape, value, path, "")

    _long = _integer

    def _double(self, shape, value, path, kind):
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            self.wrong(path, f"is no number: {value!r}")
            return
        if not math.isfinite(value):
            self.wrong(path, f"is {value}")
        if kind == "cbor" and not isinstance(value, float):
            self.wrong(path, f"is no floating point number in CBOR: {value!r}")
        self.within(shape, value, path, "")

    _float = _double

    def _boolean(self, shape, value, path, kind):
        if not isinstance(value, bool):
            self.wrong(path, f"is no boolean: {value!r}")

    def _timestamp(self, shape, value, path, kind):
        if kind == "json":
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                self.wrong(path, f"is no epoch seconds: {value!r}")
        elif kind == "cbor":
            if not isinstance(value, datetime):
                self.wrong(path, f"has no tag of a time: {value!r}")
        elif not regex.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", value):
            self.wrong(path, f"{value!r} is no ISO 8601 time in UTC")

    def _blob(self, shape, value, path, kind):
        if not isinstance(value, (str, bytes)):
            self.wrong(path, f"is no blob: {value!r}")

    def within(self, shape, number, path, unit):
        least, most = shape.metadata.get("min"), shape.metadata.get("max")
        if least is not None and number < least:
            self.wrong(path, f"{number} {unit} are fewer than {least}".replace("  ", " "))
        if most is not None and number > most:
            self.wrong(path, f"{number} {unit} are more than {most}".replace("  ", " "))

    # --- XML ---------------------------------------------------------------------------------

    def element(self, shape, element, path):
        """XML says no types: what an element says is read as its model says, then checked."""
        kind = shape.type_name
        if kind == "structure":
            self.xml_structure(shape, element, path)
        elif kind == "list":
            self.xml_list(shape, list(element), path)
        elif kind in ("integer", "long"):
            self.xml_scalar(shape, element, path, r"-?\d+", int)
        elif kind in ("double", "float"):
            self.xml_scalar(shape, element, path, r"-?\d+(\.\d+)?([eE][-+]?\d+)?", float)
        elif kind == "boolean":
            self.xml_scalar(shape, element, path, "true|false", lambda text: text == "true")
        else:
            if len(element):
                self.wrong(path, "holds elements and not text")
            self.value(shape, element.text or "", path, "xml")

    def xml_scalar(self, shape, element, path, pattern, read):
        text = element.text or ""
        if len(element) or not regex.fullmatch(pattern, text):
            self.wrong(path, f"{text!r} is no {shape.type_name}")
            return
        self.value(shape, read(text), path, "xml")

    def xml_structure(self, shape, element, path):
        if (element.text or "").strip():
            self.wrong(path, f"holds the text {element.text!r}")
        known = {}
        for name, member in shape.members.items():
            if member.serialization.get("location") in ("header", "headers", "statusCode"):
                continue
            known[member.serialization.get("name", name)] = (name, member)
        found = {}
        for child in element:
            found.setdefault(bare(child.tag), []).append(child)
        for tag, children in found.items():
            if tag not in known:
                self.wrong(f"{path}.{tag}", f"is no member of {shape.name}")
                continue
            member = known[tag][1]
            if member.serialization.get("flattened"):
                self.xml_list(member, children, f"{path}.{tag}")
            elif len(children) > 1:
                self.wrong(f"{path}.{tag}", f"stands {len(children)} times")
            else:
                self.element(member, children[0], f"{path}.{tag}")
        for tag, (name, _) in known.items():
            if tag not in found and name in shape.required_members:
                self.wrong(f"{path}.{tag}", f"is missing, and {shape.name} requires it")

    def xml_list(self, shape, children, path):
        self.within(shape, len(children), path, "items")
        name = shape.member.serialization.get("name", "member")
        for index, child in enumerate(children):
            if bare(child.tag) != name:
                self.wrong(f"{path}[{index}]", f"is called {bare(child.tag)}, not {name}")
            self.element(shape.member, child, f"{path}[{index}]")


def readable(pattern):
    """A pattern of the models, which are written for Java, for the module `regex`."""
    for java, other in (
        (r"\uD800\uDC00-\uDBFF\uDFFF", r"\U00010000-\U0010FFFF"),
        (r"\u10000-\u10FFFF", r"\U00010000-\U0010FFFF"),
        (r"\p{Print}", "[[:print:]]"),
    ):
        pattern = pattern.replace(java, other)
    return pattern


def bare(tag):
    return tag.rsplit("}", 1)[-1]


def space(tag):
    return tag[1:].split("}")[0] if tag.startswith("{") else None


def cbor(body):
    parser = RpcV2CBORParser()
    return parser.parse_data_item(parser.get_peekable_stream_from_bytes(body))


def protocol_of(headers):
    content = headers.get("content-type", "")
    if content == "application/cbor":
        return "cbor"
    return "json" if "json" in content else "xml"


def check(operation, protocol, status, headers, body, place):
    """What is wrong with a raw response of an operation."""
    walk = Walk(operation, place)
    if protocol_of(headers) != protocol:
        walk.wrong("content-type", f"is {headers.get('content-type')} and not one of {protocol}")
        return walk.findings
    if not headers.get("x-amzn-requestid"):
        walk.wrong("x-amzn-requestid", "is missing")
    if protocol == "cbor" and headers.get("smithy-protocol") != "rpc-v2-cbor":
        walk.wrong("smithy-protocol", f"is {headers.get('smithy-protocol')}")
    if status >= 300:
        error(walk, operation, protocol, status, headers, body)
    else:
        answer(walk, operation, protocol, status, headers, body)
    return walk.findings


def answer(walk, operation, protocol, status, headers, body):
    wanted = operation.http.get("responseCode", 200)
    if status != wanted:
        walk.wrong("status", f"is {status}, not {wanted}")
    shape = operation.output_shape
    if protocol == "json":
        value = json.loads(body) if body else {}
        walk.value(shape, value, "$", "json") if shape else None
    elif protocol == "cbor":
        walk.value(shape, cbor(body), "$", "cbor")
    else:
        xml_answer(walk, operation, headers, body)


def xml_answer(walk, operation, headers, body):
    root = ElementTree.fromstring(body)
    wanted = operation.service_model.metadata.get("xmlNamespace")
    if not wanted:
        namespaces = {
            "route53": "https://route53.amazonaws.com/doc/2013-04-01/",
        }
        wanted = namespaces.get(operation.service_model.service_name)
    if space(root.tag) != wanted:
        walk.wrong("namespace", f"is {space(root.tag)}, not {wanted}")
    if bare(root.tag) != f"{operation.name}Response":
        walk.wrong("root", f"is {bare(root.tag)}, not {operation.name}Response")
    shape = operation.output_shape
    if operation.service_model.metadata["protocol"] != "query":
        for name, member in shape.members.items():
            if member.serialization.get("location") == "header":
                header = headers.get(member.serialization["name"].lower())
                if header is None and name in shape.required_members:
                    walk.wrong(name, "is missing among the headers")
                elif header is not None:
                    walk.value(member, header, name, "header")
        walk.element(shape, root, "$")
        return
    parts = {bare(child.tag): child for child in root}
    if set(parts) != {f"{operation.name}Result", "ResponseMetadata"}:
        walk.wrong("root", f"holds {sorted(parts)}")
        return
    walk.element(shape, parts[f"{operation.name}Result"], "$")
    if not parts["ResponseMetadata"].findtext("{*}RequestId"):
        walk.wrong("ResponseMetadata.RequestId", "is missing")


def declared(operation):
    """The errors of an operation's model: by code, their shapes."""
    shapes = {}
    for shape in operation.error_shapes:
        shapes[shape.metadata.get("error", {}).get("code", shape.name)] = shape
        shapes[shape.name] = shape
    return shapes


def error(walk, operation, protocol, status, headers, body):
    if protocol == "xml":
        root = ElementTree.fromstring(body)
        if bare(root.tag) != "ErrorResponse":
            walk.wrong("root", f"of an error is {bare(root.tag)}, not ErrorResponse")
        code, message = root.findtext("{*}Error/{*}Code"), root.findtext("{*}Error/{*}Message")
        kind = root.findtext("{*}Error/{*}Type")
        if kind != ("Sender" if status < 500 else "Receiver"):
            walk.wrong("Error.Type", f"is {kind} with the status {status}")
        if not root.findtext("{*}RequestId"):
            walk.wrong("RequestId", "is missing")
        members = {}
    else:
        members = json.loads(body) if protocol == "json" else cbor(body)
        code = members.get("__type", "").split("#")[-1]
        message = members.get("message", members.get("Message"))
    if not message:
        walk.wrong("message", f"of the error {code} is missing")
    shapes = declared(operation)
    is_query_compatible = "awsQueryCompatible" in operation.service_model.metadata
    common = COMMON["cbor" if is_query_compatible else protocol]
    if code not in shapes and code not in common:
        walk.wrong("code", f"{code} is no error of the operation")
        return
    shape = shapes.get(code)
    if shape is None:
        return
    wanted = shape.metadata.get("error", {}).get("httpStatusCode")
    if wanted and wanted != status:
        walk.wrong("status", f"of {code} is {status}, not {wanted}")
    if protocol != "xml" and shape.members:
        members = {key: value for key, value in members.items() if key != "__type"}
        walk.value(shape, members, "$", protocol)
    if is_query_compatible:
        wanted = shape.metadata.get("error", {}).get("code", shape.name)
        named = (headers.get("x-amzn-query-error") or "").split(";")[0]
        if named != wanted:
            walk.wrong("x-amzn-query-error", f"says {named}, not {wanted}")
