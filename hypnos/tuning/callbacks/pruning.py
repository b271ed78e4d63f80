"""Ends a trial of a search while its held-out curve is worse than those of half of the trials before it.

Optuna's sweeper draws the trials and is told how they end; a trial reads here, from the study that both know, how the
others stood at the same step (median stopping: Golovin et al. 2017, Google Vizier, section 3.1).
"""

from collections.abc import Sequence
from typing import Any

from pytorch_lightning import Trainer

from hypnos.artefacts.ranges import Count, Natural
from hypnos.errors import Pruned, UserError
from hypnos.tuning.callbacks.heldout_curve import HeldOutCurve
from hypnos.tuning.distributed.ranks import is_first_rank

_MEASURE = ".bits_per_char"


class PrunedCurve(HeldOutCurve):
    """A held-out curve that ends a trial: `callbacks@stages.<last stage>.callbacks=pruned`.

    What a stage learns does not depend on it: a trial that is ended leaves no stage, and its checkpoints are kept.
    """

    def __init__(
        self,
        *,
        storage: str | None,
        study: str | None,
        drawn: Sequence[str],
        objective: str,
        startup_trials: Count = 5,
        warmup_steps: Natural = 0,
    ) -> None:
        """Say what is looked at, and where.

        Args:
            storage: Optuna's, in which the sweeper keeps its trials.
            study: their study's name.
            drawn: overrides of this job, by which its trial is known.
            objective: `<held-out set>.bits_per_char`.
            startup_trials: trials that run to their end before any is ended.
            warmup_steps: optimizer steps of a stage within which none is ended.

        Raises:
            UserError: the objective is no held-out text, no search keeps its trials, or Optuna is not installed.
        """
        super().__init__()
        self.measured_on = objective.removesuffix(_MEASURE)
        if self.measured_on == objective:
            raise UserError(f"objective {objective}: pruning looks at held-out text alone: <held-out set>{_MEASURE}")
        if is_first_rank():
            _check(storage, study)
        self._place = {"storage": storage, "study_name": study}
        self._drawn = set(drawn)
        self._startup_trials, self._warmup_steps = startup_trials, warmup_steps
        self._trial: Any = None

    def on_validation_end(self, trainer: Trainer, pl_module: Any) -> None:
        """Show the curve, tell the study of it, and end the trial on every rank if it is worse than half of the others.

        Raises:
            Pruned: it is.
        """
        bits = self.measure(trainer, pl_module)
        if bits is None or self.tracking is None:
            return
        if self.measured_on not in bits:
            raise UserError(f"callbacks pruned: nothing is held out of {self.measured_on}")
        value = bits[self.measured_on]
        ends = trainer.is_global_zero and self._told(value, trainer.global_step)
        if trainer.strategy.reduce_boolean_decision(ends, all=False):
            raise Pruned(value=value, step=trainer.global_step)

    def _told(self, value: float, step: int) -> bool:
        """Tell the study; whether the trial shall end."""
        trial = self._trial = self._trial or self._find_trial()
        assert self.tracking is not None
        trial.report(value, self.tracking.offset + step)
        if step < self._warmup_steps or not trial.should_prune():
            return False
        trial.set_user_attr("pruned_at_step", self.tracking.offset + step)
        return True

    def _find_trial(self) -> Any:
        """The trial that runs in this job: the newest of those whose parameters the job has."""
        import optuna

        pruner = optuna.pruners.MedianPruner(n_startup_trials=self._startup_trials)
        study = optuna.load_study(**self._place, pruner=pruner)
        running = study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.RUNNING,))
        ours = [
            trial for trial in running if {f"{name}={value}" for name, value in trial.params.items()} <= self._drawn
        ]
        if not ours:
            raise UserError(f"callbacks pruned: no trial of study {self._place['study_name']} runs in this job")
        return optuna.trial.Trial(study, ours[-1]._trial_id)


def _check(storage: str | None, study: str | None) -> None:
    if not (storage and study):
        raise UserError(
            "callbacks pruned: a trial is held against others in a search that keeps them: hydra/sweeper=optuna "
            "hydra.sweeper.storage=sqlite:///<file> hydra.sweeper.study_name=<name>"
        )
    try:
        import optuna  # noqa: F401
    except ImportError as error:
        raise UserError("callbacks pruned: needs Optuna: pip install -e '.[sweep]'") from error
