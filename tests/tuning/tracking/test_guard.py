"""A logger that fails costs a warning."""

import pytest
from pytorch_lightning.loggers import CSVLogger, Logger

from hypnos.errors import UserError
from hypnos.tuning.tracking.guard import guard


class Remote(Logger):
    """A service that goes away after the first call."""

    name = version = "remote"

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error
        self.calls = 0

    def log_hyperparams(self, params):
        self.calls += 1

    def log_metrics(self, metrics, step=None):
        self.calls += 1
        raise self.error


def test_a_service_that_goes_away_is_named_once_and_asked_no_more(caplog):
    logger = guard(Remote(ConnectionError("no route to host\nand more")))
    logger.log_hyperparams({})
    for step in range(5):
        logger.log_metrics({"a": 1.0}, step=step)
    logger.finalize("success")
    assert logger.calls == 2
    (record,) = caplog.records
    assert record.getMessage() == "Remote failed and shows nothing more: no route to host"


@pytest.mark.parametrize("error", [UserError("no space"), KeyboardInterrupt()])
def test_what_the_user_has_to_know_is_not_swallowed(error):
    with pytest.raises(type(error)):
        guard(Remote(error)).log_metrics({})


def test_loggers_of_files_are_left_as_they_are(tmp_path):
    logger = CSVLogger(str(tmp_path))
    assert guard(logger).log_metrics.__func__ is CSVLogger.log_metrics
