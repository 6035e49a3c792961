"""What the start of each function costs: its init and first call, beside the same calls to AWS with bare boto3.

Seconds of CPU, the best of several starts, from compiled code. A process sees the packages of the layer and of AWS's
runtime only: of what else is installed some are imported where they are found.

``make bench``, or: python tests/bench/bench_cold_start.py --starts 5
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SECRET = {"base_url": "https://host.invalid", "admin_key": "admin-0001"}
GET_RUNS = {"httpMethod": "GET", "path": "/api/batch-import/runs", "body": None}
TOKENS = {"SecretString": '{"operator": {}, "viewer": {}}'}
ANSWERS: dict[str, dict[str, Any]] = {"GetSecretValue": {"SecretString": json.dumps(SECRET)}}
RUNTIME = ("boto3", "botocore", "s3transfer", "python-dateutil", "six")  # beside the layer
FUNCTIONS = ("api", "authorizer", "provision", "confirmation", "validation", "dead_letter", "reconcile")
BARE = """
import json, os, sys, boto3
from botocore.config import Config
for service, operation, parameters in json.loads(sys.argv[1]):
    client = boto3.client(service, config=Config(parameter_validation=False))
    getattr(client, operation)(**parameters)
"""
OURS = """
import importlib, json, sys
class Context:
    function_name, memory_limit_in_mb, aws_request_id = "f", 1024, "r"
    invoked_function_arn = "arn:aws:lambda:us-east-1:000000000000:function:f"
    def get_remaining_time_in_millis(self):
        return 100_000
handler = importlib.import_module(f"functions.{sys.argv[1]}.app").handler
try:
    handler(json.loads(sys.argv[2]), Context())
except Exception as error:
    if str(error) != "Unauthorized":
        raise
"""
NAMES = {
    "GetSecretValue": ("secretsmanager", "get_secret_value", {"SecretId": "s"}),
    "BatchGetItem": ("dynamodb", "batch_get_item", {"RequestItems": {"t": {"Keys": [{"pk": {"S": "p"}}]}}}),
    "GetItem": ("dynamodb", "get_item", {"TableName": "t", "Key": {"pk": {"S": "p"}}}),
    "Query": ("dynamodb", "query", {"TableName": "t"}),
    "ChangeMessageVisibilityBatch": ("sqs", "change_message_visibility_batch", {"QueueUrl": "q", "Entries": []}),
    "TransactWriteItems": ("dynamodb", "transact_write_items", {"TransactItems": []}),
}


class _Aws(BaseHTTPRequestHandler):
    """Answers every call with nothing, and secrets with one; remembers the operations."""

    asked: list[str]

    def do_POST(self) -> None:
        operation = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
        self.asked.append(operation)
        request = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or "{}")
        answer = TOKENS if request.get("SecretId") == "TOKENS_SECRET_ID" else ANSWERS.get(operation)
        body = json.dumps(answer or {"Responses": {}, "Items": []}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        return


@contextmanager
def aws() -> Iterator[tuple[str, list[str]]]:
    asked: list[str] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Aws", (_Aws,), {"asked": asked}))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--starts", type=int, default=5)
    starts = parser.parse_args().starts
    print("init and first call, seconds of CPU, beside the same calls to AWS with bare boto3")
    with aws() as (url, asked), tempfile.TemporaryDirectory() as packages:
        _link_packages(Path(packages))
        cpu = partial(_cpu, _environment(url, packages))
        for function in FUNCTIONS:
            event = json.dumps(_event(function))
            ours = min(cpu(OURS, function, event) for _ in range(starts))
            calls = [NAMES[operation] for operation in asked[-_calls_of_one(asked, starts) :]]
            bare = min(cpu(BARE, json.dumps(calls)) for _ in range(starts))
            told = ", ".join(sorted({f"{service}.{operation}" for service, operation, _ in calls}))
            print(f"  {function}: {ours:.2f} s, bare {bare:.2f} s: {ours / bare:.2f} times ({told})")
            asked.clear()


def _event(function: str) -> Any:
    """Of ``events/``; the API is asked for its runs: a new run would be the work of a whole invocation."""
    event = json.loads((ROOT / "events" / f"{function}.json").read_text(encoding="utf-8"))
    return {**event, **GET_RUNS} if function == "api" else event


def _calls_of_one(asked: list[str], starts: int) -> int:
    return len(asked) // starts


def _link_packages(folder: Path) -> None:
    for found in map(distribution, (*_layer(), *RUNTIME)):
        for name in {file.parts[0] for file in found.files or ()} - {".."}:
            if not (folder / name).exists():
                (folder / name).symlink_to(found.locate_file(name))


def _layer() -> list[str]:
    lines = (ROOT / "layers/dependencies/requirements.txt").read_text(encoding="utf-8").splitlines()
    return [line.partition("==")[0] for line in lines if "==" in line]


def _cpu(environment: dict[str, str], program: str, *arguments: str) -> float:
    before = os.times()
    subprocess.run(
        [sys.executable, "-S", "-c", program, *arguments],
        env=environment,
        cwd=ROOT,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def _environment(url: str, packages: str) -> dict[str, str]:
    names = (
        "RUNS_TABLE",
        "ITEMS_TABLE",
        "EVENTS_TABLE",
        "KMS_KEY_ID",
        "HOST_SECRET_ID",
        "DEPLOYMENT_SECRET_ID",
        "TOKENS_SECRET_ID",
    )
    queues = ("IMPORT_QUEUE_URL", "CONFIRM_QUEUE_URL", "VALIDATE_QUEUE_URL")
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": f"{ROOT}:{ROOT / 'layers/core'}:{packages}",
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "POWERTOOLS_SERVICE_NAME": "bench",
        "POWERTOOLS_METRICS_NAMESPACE": "Bench",
        **{name: name for name in names},
        **dict.fromkeys(queues, f"{url}/000000000000/q"),
    }


if __name__ == "__main__":
    main()
