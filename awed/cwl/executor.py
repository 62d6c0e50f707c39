"""Runs a workflow: all steps that are ready are out at once, and one loop waits for them."""

from logging import Logger
from typing import Any

from cwltool.context import RuntimeContext
from cwltool.executors import JobExecutor
from cwltool.process import Process
from schema_salad.utils import convert_to_dict

from awed.cwl.results import Settle
from awed.cwl.steps import Steps
from awed.cwl.tool import Step
from awed.model.errors import Conflict


class Executor(JobExecutor):
    """*survives*: whether steps go on when this program is ended, as it will be started again."""

    def __init__(self, steps: Steps, settle: Settle, *, survives: bool) -> None:
        super().__init__()
        self._steps = steps
        self._settle = settle
        self._survives = survives

    def run_jobs(
        self, process: Process, job_order_object: Any, logger: Logger, runtime_context: RuntimeContext
    ) -> None:
        try:
            for job in process.job(job_order_object, self.output_callback, runtime_context):
                if isinstance(job, Step):
                    self._steps.begin(job, runtime_context)
                elif job is not None:
                    job.run(runtime_context)
                elif self._steps.are_out:
                    self._steps.wait()
                else:
                    logger.error("the workflow can make no progress")
                    break
            while self._steps.are_out and not self.final_status:
                self._steps.wait()
        except Conflict:  # another runner has the run by now, and with it the steps
            raise
        except Exception:
            self._steps.cancel()
            raise
        except BaseException:
            if not self._survives:
                self._steps.cancel()
            raise
        self._steps.cancel()

    def execute(
        self, process: Process, job_order_object: Any, runtime_context: RuntimeContext, *args: Any, **kwargs: Any
    ) -> tuple[Any, str]:
        order = convert_to_dict(job_order_object)  # ruamel.yaml copies a list of n in n * n steps
        outputs, status = super().execute(process, order, runtime_context, *args, **kwargs)
        return outputs and self._settle(outputs), status
