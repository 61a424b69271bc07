"""The explorer's public endpoints: what the page does, for programs."""

from collections.abc import Generator
from dataclasses import asdict
from typing import Any, cast

from gradio.events import api

from backends.concepts.catalog import MODEL_INFO
from backends.concepts.requests import CurveRequest, ModelRequest, Policy, PredictRequest, Prior, Regulariser, Unit
from backends.concepts.results import pareto_front, result_of, results_of
from backends.concepts.tasks import all_tasks
from backends.progress import Progress
from explorers.guard import guarded
from explorers.progress import paced

Json = dict[str, Any]


def concepts_tasks() -> Json:
    """The tasks with their concepts, groups and outputs, and the models that can be trained on them."""
    tasks = [
        {
            "id": task.id,
            "title": task.title,
            "summary": task.summary,
            "concepts": list(task.concepts),
            "groups": {g.name: [task.concepts[i] for i in g.members] for g in task.groups if g.one_hot},
            "outputs": list(task.outputs),
            "one_output_is_true": task.exclusive,
            "best_accuracy_from_concepts": task.concept_bayes,
        }
        for task in all_tasks().values()
    ]
    return {"tasks": tasks, "models": {key: info.summary for key, info in MODEL_INFO.items()}}


def concepts_predict(
    task: str, model: str, sample: int, edits: Json, beta: float = 0.0, seed: int = 1, prior: str | None = None
) -> Json:
    """Both predictions on a test sample under edits.

    Args:
        task: a task's id, see concepts_tasks.
        model: a model's id, such as "crm".
        sample: number of the test sample, from 0.
        edits: concept name -> value from 0 to 1, or group name -> the member that shall be true; {} for none.
        beta: strength of the SIS regulariser that the model was trained with; 0 and 0.1 ship.
        seed: the seed that it was trained with; 1 ships.
        prior: "mean", "shuffled" or "learned"; none for the one it is evaluated with.
    """
    from backends.concepts.service import predict

    request = PredictRequest(ModelRequest(task, model, beta, seed), sample, edits, cast(Prior | None, prior))
    return asdict(predict(request))


def concepts_intervention_curve(
    task: str,
    model: str,
    beta: float = 0.0,
    seed: int = 1,
    policy: str = "random",
    unit: str = "group",
    wrong_rate: float = 0.0,
) -> Json:
    """Accuracy of both modes after 0, 1, 2, ... interventions on the test split.

    Args:
        task: a task's id.
        model: a model's id.
        beta: strength of the SIS regulariser of the model.
        seed: seed of the model.
        policy: "random" (5 orders), "uncertainty", "coop" or "greedy".
        unit: "group" or "concept".
        wrong_rate: share of interventions that set a wrong value, from 0 to 1.
    """
    from backends.concepts.checkpoints import load
    from backends.concepts.interventions import intervention_curve

    request = CurveRequest(cast(Policy, policy), cast(Unit, unit), wrong_rate)
    return asdict(intervention_curve(load(ModelRequest(task, model, beta, seed)), request))


def concepts_pareto(task: str) -> Json:
    """Accuracy and SIS of every model that the shipped sweep trained on a task, and which are on the front.

    Args:
        task: a task's id.
    """
    results = results_of(task)
    front = {result.model.key for result in pareto_front(results)}
    return {"results": [{**asdict(r), "key": r.model.key, "on_front": r.model.key in front} for r in results]}


def concepts_train(
    task: str, model: str, beta: float = 0.0, seed: int = 1, regulariser: str = "kl", epochs: int | None = None
) -> Generator[Json, None, None]:
    """Trains a model; yields its progress and at last its test metrics. It can be asked for predictions afterwards.

    Args:
        task: a task's id.
        model: a model's id.
        beta: strength of the regulariser, from 0 to 100; for "dropout" a probability.
        seed: seed of weights and batches.
        regulariser: "kl", "tv" or "dropout".
        epochs: how many epochs, 1 to 500; none for the task's own number.
    """
    from backends.concepts.checkpoints import remember
    from backends.concepts.training import train

    request = ModelRequest(task, model, beta, seed, cast(Regulariser, regulariser), epochs)
    trained = yield from paced(train(request), _step)
    remember(trained)
    result = asdict(result_of(request, trained.metrics))
    yield {"done": True, "fraction": 1.0, "seconds": trained.seconds, "result": result}


def _step(step: Progress) -> Json:
    return {"done": False, "fraction": step.fraction, "message": step.message, "seconds_left": step.eta_s}


def publish() -> None:
    """Makes the endpoints part of the page that is being built."""
    for endpoint in (concepts_tasks, concepts_predict, concepts_intervention_curve, concepts_pareto):
        api(guarded(endpoint), api_name=endpoint.__name__)
    api(guarded(concepts_train), api_name="concepts_train", concurrency_id="train", concurrency_limit=1)
