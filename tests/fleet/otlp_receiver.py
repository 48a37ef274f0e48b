# SPDX-License-Identifier: MIT
"""A receiver of OpenTelemetry's OTLP/JSON, built from its protobuf definitions: each key, enum and id is verified."""
import base64
import glob
import importlib
import json
import os
import subprocess
import sys

from google.protobuf import json_format

from web_receiver import WebReceiver, answer

HERE = os.path.dirname(os.path.abspath(__file__))
ID_BYTES = {"traceId": 16, "spanId": 8, "parentSpanId": 8}


def compile_definitions(folder):
    """Python modules of opentelemetry/**.proto, below folder. Returns the two requests and the two responses by path."""
    sources = glob.glob("opentelemetry/**/*.proto", root_dir=HERE, recursive=True)
    subprocess.run(["protoc", "-I", HERE, "--python_out", folder, *sources], check=True, timeout=60)
    sys.path.insert(0, folder)
    collector = "opentelemetry.proto.collector."
    logs = importlib.import_module(collector + "logs.v1.logs_service_pb2")
    traces = importlib.import_module(collector + "trace.v1.trace_service_pb2")
    return {"/v1/logs": (logs.ExportLogsServiceRequest, logs.ExportLogsServiceResponse),
            "/v1/traces": (traces.ExportTraceServiceRequest, traces.ExportTraceServiceResponse)}  # fmt: skip


def convert(value, change):
    """Ids, which OTLP has in hexadecimal digits and protobuf's JSON in base 64; change(text, length)."""
    if isinstance(value, list):
        return [convert(item, change) for item in value]
    if isinstance(value, dict):
        return {key: change(item, ID_BYTES[key]) if key in ID_BYTES else convert(item, change)
                for key, item in value.items()}  # fmt: skip
    return value


def base64_of(text, length):
    assert len(bytes.fromhex(text)) == length, f"id {text}"
    return base64.b64encode(bytes.fromhex(text)).decode()


def hex_of(text, length):
    del length
    return base64.b64decode(text).hex()


def without_defaults(value, is_value=False):
    """What protobuf leaves out because it means the same; in an AnyValue all is kept."""
    if isinstance(value, list):
        return [without_defaults(item) for item in value]
    if not isinstance(value, dict):
        return value
    if isinstance(value.get("doubleValue"), int):
        return {"doubleValue": float(value["doubleValue"])}
    return {key: without_defaults(item, key in ("value", "body")) for key, item in value.items()
            if is_value or item not in ("", [], 0, "0")}  # fmt: skip


class OtlpReceiver(WebReceiver):
    """Keeps the messages of what it accepted; `refused` says why it did not accept the others."""

    def __init__(self, folder, prefix="", tls=None):
        self.kinds = compile_definitions(folder)
        self.prefix = prefix
        self.messages = {"/v1/logs": [], "/v1/traces": []}
        self.refused = []
        super().__init__(tls)

    def otherwise(self, request):
        try:
            path, message = self.parse(request)
        except (AssertionError, KeyError, ValueError, json_format.ParseError) as error:
            self.refused.append(repr(error))
            return answer(400, json.dumps({"message": "bad data"}).encode())
        self.messages[path].append(message)
        return answer(200, b"{}", Content_Type="application/json")

    def parse(self, request):
        path = request.path[len(self.prefix) :]
        assert request.path.startswith(self.prefix) and path in self.kinds, f"path {request.path}"
        assert request.headers["Content-Type"] == "application/json", request.headers
        shown = json.loads(request.body)
        message = self.kinds[path][0]()
        json_format.ParseDict(convert(shown, base64_of), message)
        again = json_format.MessageToDict(message, use_integers_for_enums=True)
        again = convert(again, hex_of)
        assert again == without_defaults(shown), f"{again} is not {shown}"
        return path, message

    def partial(self, path, rejected, why):
        """An answer to a request that was accepted in part."""
        response = self.kinds[path][1]()
        if path == "/v1/logs":
            response.partial_success.rejected_log_records = rejected
        else:
            response.partial_success.rejected_spans = rejected
        response.partial_success.error_message = why
        return answer(200, json_format.MessageToJson(response).encode(), Content_Type="application/json")

    def logs(self):
        return [(resource.resource, record) for message in self.messages["/v1/logs"] for resource in message.resource_logs
                for scope in resource.scope_logs for record in scope.log_records]  # fmt: skip

    def spans(self):
        return [(resource.resource, span) for message in self.messages["/v1/traces"] for resource in message.resource_spans
                for scope in resource.scope_spans for span in scope.spans]  # fmt: skip


def attributes(item):
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value") or "string_value") for pair in item.attributes}
