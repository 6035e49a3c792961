"""moto made faster and safe under threads: its state and rules are its own, the ways to them are shorter.

moto takes each call for one of any service and any protocol: it tries hundreds of addresses, parses the body several
times, and looks up every attribute of an answer under several names. That was half of the CPU of the tests.
"""

import base64
import copy
import json
import pickle
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partialmethod
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.signers import RequestSigner
from moto import backend_index
from moto.backends import get_backend
from moto.core import DEFAULT_ACCOUNT_ID, responses
from moto.core.base_backend import BackendDict
from moto.core.botocore_stubber import BotocoreStubber, MockRawResponse
from moto.core.exceptions import ServiceException
from moto.core.model_instances import reset_model_data
from moto.core.models import botocore_stubber
from moto.core.utils import unix_time
from moto.dynamodb import models
from moto.dynamodb.models.dynamo_type import Item
from moto.dynamodb.models.table import Table
from moto.dynamodb.parsing import validators
from moto.dynamodb.parsing.ast_nodes import DepthFirstTraverser, Node, UpdateExpression  # type: ignore[attr-defined]
from moto.dynamodb.parsing.expressions import UpdateExpressionParser  # type: ignore[attr-defined]
from moto.dynamodb.responses import DynamoHandler
from moto.kms import models as kms_models
from moto.sqs import models as sqs_models
from werkzeug.exceptions import HTTPException

_ON_ROWS = {
    *("GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query", "Scan", "BatchGetItem", "BatchWriteItem"),
    *("TransactGetItems", "TransactWriteItems"),
}


@contextmanager
def taken(patch: pytest.MonkeyPatch) -> Iterator[None]:
    """moto, empty, answers boto3's calls inside the block.

    ``mock_aws`` would look at each other HTTP request of the process as well, under thousands of patterns.
    """
    _take(patch)
    patch.setattr(botocore_stubber, "enabled", True)
    BackendDict.reset()
    try:
        yield
    finally:
        BackendDict.reset()
        reset_model_data()


def kept_state() -> Callable[[], None]:
    """What puts moto's present queues, keys, secrets and tables back; queues and tables are empty then."""
    tables, queues = copy.deepcopy(_backend("dynamodb").tables), list(_backend("sqs").queues)
    keys, secrets = dict(_backend("kms").keys), copy.deepcopy(dict(_backend("secretsmanager").secrets))

    def put_back() -> None:
        BackendDict.reset()
        _backend("dynamodb").tables = copy.deepcopy(tables)
        _backend("kms").keys.update(keys)
        _backend("secretsmanager").secrets.update(copy.deepcopy(secrets))
        for name in queues:
            _backend("sqs").create_queue(name)

    return put_back


def queue_in_moto(url: str) -> sqs_models.Queue:
    """moto's own queue of this address, to look into without a call."""
    return _backend("sqs").queues[url.rpartition("/")[2]]  # type: ignore[no-any-return]


def _backend(service: str) -> Any:
    return get_backend(service)[DEFAULT_ACCOUNT_ID]["us-east-1"]  # type: ignore[call-overload]


def _take(patch: pytest.MonkeyPatch) -> None:
    """One call at a time (moto's tables lose updates and let two writers of one condition win), each by a short way."""
    lock, copies, call = threading.RLock(), _Copies(), BotocoreStubber.__call__

    def locked(stubber: BotocoreStubber, event_name: str, request: Any, **kwargs: Any) -> Any:
        with lock:
            copies.made.clear()
            return (stubber.enabled and _of_rows(request)) or call(stubber, event_name, request, **kwargs)

    patch.setattr(BotocoreStubber, "__call__", locked)
    patch.setattr(RequestSigner, "sign", lambda *_, **__: None)  # moto reads no signature
    patch.setattr(backend_index, "backend_url_patterns", _addresses())
    patch.setattr(responses, "method_names_from_class", _method_names)
    patch.setattr(responses, "camelcase_to_underscores", _underscored)
    patch.setattr(models, "copy", copies)
    patch.setattr(models.DynamoDBBackend, "update_item", _update_of_a_copy)
    patch.setattr(UpdateExpressionParser, "make", _parsed_update)
    patch.setattr(validators, "deepcopy", _copied)
    patch.setattr(DepthFirstTraverser, "traverse_node_recursively", _traversed)
    for validator, check in _ON_WHOLE_UPDATES:
        patch.setattr(validator, check.__name__, partialmethod(_of_root, check))
    patch.setattr(kms_models, "generate_private_key", _private_key)
    patch.setattr(sqs_models, "camelcase_to_underscores", _underscored)
    patch.setattr(sqs_models.SQSBackend, "is_message_valid_based_on_retention_period", _is_kept)


def _of_rows(request: AWSPreparedRequest) -> AWSResponse | None:
    """The answer to a call that reads or writes rows of DynamoDB; None to any other call."""
    target = request.headers.get("X-Amz-Target", "")
    service, _, operation = (target.decode() if isinstance(target, bytes) else target).partition(".")
    if not service.startswith("DynamoDB_") or operation not in _ON_ROWS:
        return None
    handler = DynamoHandler()
    handler.body = handler.params = json.loads(request.body, object_hook=_with_bytes)
    handler.headers, handler.querystring, handler.response_headers = request.headers, {}, {}
    handler.region, handler.current_account, handler.uri_match = "us-east-1", DEFAULT_ACCOUNT_ID, {}
    try:
        result = getattr(handler, _underscored(operation))().result
    except ServiceException as error:
        status, headers, body = handler.serialized(responses.ActionResult(error))
    except HTTPException as error:
        status, headers, body = error.code, dict(error.get_headers()), error.description
    else:
        status, headers, body = 200, {}, json.dumps(result, default=_in_base64)
    return AWSResponse(request.url, status, headers, MockRawResponse(body))


def _with_bytes(one: dict[str, Any]) -> dict[str, Any]:
    binary = one.get("B")
    return {"B": base64.b64decode(binary)} if isinstance(binary, str) else one


def _in_base64(binary: bytes) -> str:
    return base64.b64encode(binary).decode()


class _Copies:
    """Takes the place of the module ``copy`` in moto's tables.

    Before a transaction moto copies each part's table with all its rows, to have it back should one fail. As rows are
    replaced and never changed (``_update_of_a_copy``), the rows themselves need no copy, and one for all parts will do.
    """

    def __init__(self) -> None:
        self.made: dict[int, Any] = {}

    def deepcopy(self, value: Any) -> Any:
        if not isinstance(value, Table):
            return value if isinstance(value, Item) else copy.deepcopy(value)
        if id(value) not in self.made:
            kept = copy.copy(value)
            kept.items = copy.copy(value.items)
            kept.items.update((key, copy.copy(rows)) for key, rows in value.items.items() if isinstance(rows, dict))
            self.made[id(value)] = kept
        return self.made[id(value)]


_update = models.DynamoDBBackend.update_item


def _update_of_a_copy(backend: models.DynamoDBBackend, table_name: str, key: Any, *args: Any, **kwargs: Any) -> Any:
    """moto changes a row in its place: here, in that of a copy."""
    row = backend.get_item(table_name, key)
    if row is not None:
        items, fresh = backend.get_table(table_name).items, copy.deepcopy(row)
        if row.range_key is None:
            items[row.hash_key] = fresh  # type: ignore[assignment]
        else:
            items[row.hash_key][row.range_key] = fresh
    return _update(backend, table_name, key, *args, **kwargs)


def _is_kept(backend: sqs_models.SQSBackend, queue_name: str, message: Any) -> bool:
    """Without asking for all attributes of the queue, of which some count its messages, for each message."""
    kept_for: int = backend.get_queue(queue_name).message_retention_period  # type: ignore[attr-defined]
    return bool(kept_for + message.sent_timestamp / 1000 > unix_time())


@cache
def _addresses() -> list[tuple[str, Any]]:
    """Of the services that the template uses: moto tries all that it has, for every call."""
    used = ("sqs", "kms", "secretsmanager", "dynamodb")
    return [one for one in backend_index.backend_url_patterns if one[0] in used]


def _traversed(traverser: DepthFirstTraverser, node: Any, child_id: int = -1) -> Any:
    """moto's own, without asking again for each node of which classes it and its kind are."""
    if not _is_node(type(node)):
        return node
    parent = node.parent
    for number, child in enumerate(node.children or ()):
        traverser.pre_processing_of_child(node, number)
        _traversed(traverser, child, number)
    kind = type(traverser), type(node)
    if kind not in _processed:
        _processed[kind] = issubclass(type(node), traverser.nodes_to_be_processed())
    if _processed[kind]:
        node = traverser.process(node)
        node.parent = parent
        if parent:
            parent.children[child_id] = node
    return node


_ON_WHOLE_UPDATES = (
    (validators.ActionCountValidator, validators.ActionCountValidator.verify_action_counts),
    (validators.OverlappingPathsValidator, validators.OverlappingPathsValidator.check_for_overlapping_paths),
)


def _of_root(validator: DepthFirstTraverser, check: Callable[..., Node], node: Node) -> Node:
    """moto checks each part of an update as if it were one, and the whole at last: that finds what the parts have."""
    checked: Node = check(validator, node) if node.parent is None else node
    return checked


_processed: dict[tuple[type, type], bool] = {}


@cache
def _is_node(kind: type) -> bool:
    return issubclass(kind, Node)


def _copied(value: Any) -> Any:
    return pickle.loads(_pickled(value)) if isinstance(value, UpdateExpression) else copy.deepcopy(value)


_pickled = cache(pickle.dumps)  # of a parsed update, which is kept as well
_method_names = cache(responses.method_names_from_class)
_underscored = cache(responses.camelcase_to_underscores)
_parsed_update = cache(UpdateExpressionParser.make)  # who changes what was parsed copies it first
_private_key = cache(
    kms_models.generate_private_key
)  # moto makes an RSA key for each KMS key, also where it needs none
