"""Logs and metrics of the handlers (Powertools); the package's loggers write through the handler's."""

import logging

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.logging import utils

_QUIET = {
    "botocore": logging.WARNING,
    "urllib3": logging.WARNING,
    "urllib3.connectionpool": logging.ERROR,  # that more connections are used than are kept is meant so
}


def handler_logger() -> Logger:
    """A structured logger; service and level come from the environment. Events are never logged: they may hold keys."""
    logger = Logger(utc=True, use_rfc3339=True)
    logging.getLogger("batch_import")
    utils.copy_config_to_registered_loggers(source_logger=logger, include={"batch_import"})
    for name, level in _QUIET.items():
        logging.getLogger(name).setLevel(level)
    return logger


def handler_metrics() -> Metrics:
    return Metrics()
