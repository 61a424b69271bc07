"""The desk: two models on one sample, the concepts to overrule, and what both models make of it."""

import json
from collections.abc import Generator, Mapping
from dataclasses import replace
from typing import Any, cast

import gradio as gr
from gradio.components import Component

from backends.concepts.catalog import BETA_GRID, MODEL_INFO
from backends.concepts.opening import Opening
from backends.concepts.requests import FILTERS, Filter, ModelRequest, Prior
from backends.concepts.tasks import all_tasks, find_task
from backends.errors import InputError
from backends.progress import Progress
from explorers.concepts import pictures
from explorers.concepts.state import Desk, with_edit
from explorers.guard import guarded
from explorers.progress import paced, progress_line
from explorers.views.arrival import arrival
from explorers.views.concept_table import ConceptTable
from explorers.views.events import ConceptEdit, edit_of, id_of
from explorers.views.image_grid import ImageGrid
from explorers.views.svg import escape

SEEDS = (1, 2, 3)
PRIORS = [("as trained", "own"), ("training mean", "mean"), ("another sample's", "shuffled"), ("learned", "learned")]
Updates = dict[Component, Any]
Models = tuple[ModelRequest, ModelRequest]

HINT = (
    "Overrule a concept below, or set all to truth. A model that listens follows; one that does not keeps its "
    "answer, because the sidechannel brings it around the concepts."
)


class DeskPanel:
    """Widgets and events of the desk. Other panels read `state` (what is on it) and follow `models`."""

    def __init__(self, opening: Opening) -> None:
        """Lays out the desk with a finished comparison on it; loads no model."""
        shown = opening.comparison
        desk = Desk(shown.left.model, shown.right.model, shown.sample, wanted="mispredicted")
        self.state = gr.State(desk)
        self.models = gr.State((desk.left, desk.right))
        with gr.Row():
            with gr.Column(elem_classes="atelier-inputs"):
                self._lay_out_inputs(desk, opening)
            with gr.Column(elem_classes="atelier-stage"):
                self._lay_out_stage(desk, opening)
        self._wire()

    def _lay_out_inputs(self, desk: Desk, opening: Opening) -> None:
        tasks = all_tasks()
        names = [(info.title, key) for key, info in MODEL_INFO.items()]
        betas = [(f"{beta:g}", beta) for beta in BETA_GRID]
        self.task = gr.Dropdown([(t.title, t.id) for t in tasks.values()], value=desk.left.task, label="Task")
        self.about = gr.HTML(_task_text(desk.left.task), elem_classes="atelier-note")
        with gr.Row(elem_classes="atelier-pair"):
            self.model = gr.Dropdown(names, value=desk.left.model, label="Model A", min_width=160)
            self.beta = gr.Dropdown(betas, value=desk.left.beta, label="β", min_width=96, scale=0)
        with gr.Row(elem_classes="atelier-pair"):
            self.other = gr.Dropdown(names, value=desk.right.model, label="Model B, same edits", min_width=160)
            self.other_beta = gr.Dropdown(betas, value=desk.right.beta, label="β", min_width=96, scale=0)
        gr.HTML(
            "β weighs the SIS regulariser: how hard training pushes the two modes to agree. Models that do not ship "
            "are trained on the spot, in seconds.",
            elem_classes="atelier-note",
        )
        with gr.Accordion("Seed, prior, truth", open=False):
            self.seed = gr.Dropdown([(str(s), s) for s in SEEDS], value=desk.left.seed, label="Seed of both models")
            self.prior = gr.Radio(PRIORS, value="own", label="Sidechannel of “concepts alone” (prior)")
            self.truth = gr.Checkbox(True, label="Show the true concepts")
        self.wanted = gr.Radio(list(FILTERS), value=desk.wanted, label="Samples where model A is …")
        self.grid = ImageGrid(pictures.thumbnails(opening.samples, desk.sample), label="Test samples")
        self.found = gr.HTML(pictures.samples_note(opening.samples), elem_classes="atelier-note")
        with gr.Row():
            self.earlier = gr.Button("Earlier", size="sm")
            self.later = gr.Button("Later", size="sm")
            self.sample = gr.Number(desk.sample, label="Sample", precision=0, minimum=0, min_width=96)

    def _lay_out_stage(self, desk: Desk, opening: Opening) -> None:
        shown = opening.comparison
        self.status = gr.HTML("")
        with gr.Row(elem_classes="atelier-lead"):
            self.picture = gr.HTML(pictures.sample_picture(shown))
            gr.HTML(HINT, elem_classes="atelier-hint")
        self.cards = gr.HTML(pictures.cards(shown))
        self.table = ConceptTable(pictures.table_value(desk, shown), label="Concepts of the sample")
        self.evidence = gr.HTML(pictures.evidence(shown))
        self.edits = gr.JSON({}, visible="hidden", label="Edits in effect")

    @property
    def fields(self) -> dict[str, Component]:
        """What a link to this desk carries."""
        return {
            "task": self.task,
            "model": self.model,
            "beta": self.beta,
            "other": self.other,
            "other_beta": self.other_beta,
            "seed": self.seed,
            "prior": self.prior,
            "sample": self.sample,
            "edits": self.edits,
        }

    @property
    def outputs(self) -> list[Component]:
        """Everything that showing a desk may change."""
        return [
            *(self.state, self.models, self.picture, self.cards, self.table, self.evidence, self.status, self.about),
            *(self.grid, self.found, self.truth, self.wanted),
            *self.fields.values(),
        ]

    def show(self, desk: Desk) -> Updates:
        """The comparison on the desk, recomputed for its edits."""
        from backends.concepts.comparison import compare

        result = compare(desk.left, desk.right, desk.sample, desk.edits, desk.prior, desk.output)
        return {
            self.state: desk,
            self.picture: pictures.sample_picture(result),
            self.cards: pictures.cards(result),
            self.table: pictures.table_value(desk, result),
            self.evidence: pictures.evidence(result),
            self.edits: desk.edits,
            self.sample: desk.sample,
        }

    def show_samples(self, desk: Desk) -> Updates:
        """The samples to choose from."""
        from backends.concepts.service import sample_page

        samples = sample_page(desk.left, desk.wanted, desk.start, desk.prior)
        return {
            self.state: desk,
            self.grid: pictures.thumbnails(samples, desk.sample),
            self.found: pictures.samples_note(samples),
        }

    def show_models(self, desk: Desk) -> Updates:
        """Everything, after a change of task or models."""
        left, right = desk.left, desk.right
        return {
            **self.show(desk),
            **self.show_samples(desk),
            self.models: (left, right),
            self.status: "",
            self.about: _task_text(left.task),
            self.task: left.task,
            self.model: left.model,
            self.beta: _beta_update(left),
            self.other: right.model,
            self.other_beta: _beta_update(right),
            self.seed: gr.Dropdown(_seed_choices(left.seed), value=left.seed),
            self.prior: desk.prior or "own",
            self.truth: desk.show_truth,
            self.wanted: desk.wanted,
        }

    def put(self, desk: Desk) -> Generator[Updates, None, None]:
        """Puts models on the desk, training them first where nobody has; yields progress, then everything."""
        from backends.concepts.checkpoints import obtain

        for model in (desk.left, desk.right):
            yield from paced(obtain(model), self._report)
        yield self.show_models(desk)

    def _report(self, step: Progress) -> Updates:
        return {self.status: progress_line(step)}

    def _wire(self) -> None:
        quick: dict[str, Any] = {
            "outputs": self.outputs,
            "api_visibility": "private",
            "show_progress": "hidden",
            "concurrency_id": "desk",
            "concurrency_limit": 1,  # edits of one visitor must stay in order
            "trigger_mode": "multiple",
        }
        slow: dict[str, Any] = {**quick, "concurrency_id": "train", "trigger_mode": "always_last"}
        self.table.edit(guarded(self._edit), self.state, **quick)
        self.table.truth(guarded(self._all_to_truth), self.state, **quick)
        self.table.undo(guarded(self._undo), self.state, **quick)
        self.table.reset(guarded(self._reset), self.state, **quick)
        self.grid.select(guarded(self._choose_sample), self.state, **quick)
        self.sample.submit(guarded(self._type_sample), [self.state, self.sample], **quick)
        self.truth.input(guarded(self._show_truth), [self.state, self.truth], **quick)
        self.prior.input(guarded(self._set_prior), [self.state, self.prior], **quick)
        self.wanted.input(guarded(self._filter), [self.state, self.wanted], **quick)
        self.earlier.click(guarded(self._earlier), self.state, **quick)
        self.later.click(guarded(self._later), self.state, **quick)
        arrival().arrive(_warm_up, api_visibility="private", show_progress="hidden", concurrency_limit=1)
        chosen = [self.state, self.task, self.model, self.beta, self.other, self.other_beta, self.seed]
        for control in chosen[1:]:
            control.input(guarded(self._set_models), chosen, **slow)  # type: ignore[attr-defined]

    def _edit(self, desk: Desk, event: gr.EventData) -> Updates:
        edit = edit_of(event)
        name, value = (edit.concept, edit.value) if isinstance(edit, ConceptEdit) else (edit.group, edit.member)
        return self.show(desk.edited(with_edit(desk.edits, name, value)))

    def _all_to_truth(self, desk: Desk) -> Updates:
        from backends.concepts.service import true_edits

        return self.show(desk.edited(true_edits(desk.left, desk.sample)))

    def _undo(self, desk: Desk) -> Updates:
        return self.show(desk.undone())

    def _reset(self, desk: Desk) -> Updates:
        return self.show(desk.edited({}))

    def _choose_sample(self, desk: Desk, event: gr.EventData) -> Updates:
        chosen = id_of(event)
        if not chosen.isdecimal():
            raise InputError("A sample is chosen by its number.")
        return self.show(desk.on_sample(int(chosen)))

    def _type_sample(self, desk: Desk, sample: float | None) -> Updates:
        if sample is None:
            raise InputError("Type the number of a test sample.")
        return self.show(desk.on_sample(int(sample)))

    def _show_truth(self, desk: Desk, shown: bool) -> Updates:
        return self.show(replace(desk, show_truth=shown))

    def _set_prior(self, desk: Desk, prior: str) -> Updates:
        return self.show(replace(desk, prior=_prior(prior)))

    def _filter(self, desk: Desk, wanted: Filter) -> Updates:
        return self.show_samples(replace(desk, wanted=wanted, start=0))

    def _earlier(self, desk: Desk) -> Updates:
        return self._turn(desk, -1)

    def _later(self, desk: Desk) -> Updates:
        return self._turn(desk, 1)

    def _turn(self, desk: Desk, pages: int) -> Updates:
        from backends.concepts.service import page_start

        return self.show_samples(replace(desk, start=page_start(desk.left, desk.wanted, desk.start, pages, desk.prior)))

    def _set_models(
        self, desk: Desk, task: str, model: str, beta: float, other: str, other_beta: float, seed: int
    ) -> Generator[Updates, None, None]:
        left, right = _request(task, model, beta, seed), _request(task, other, other_beta, seed)
        if task != desk.left.task:
            desk = replace(desk, sample=0, history=(), wanted="all", start=0, output=None)
        yield from self.put(replace(desk, left=left, right=right))

    def restore(self, query: Mapping[str, str]) -> Updates:
        """The desk that a link describes, as far as it is valid and its models exist; else nothing changes."""
        from backends.concepts.checkpoints import load

        try:
            task, seed = query["task"], int(query.get("seed", 1))
            left = _request(task, query["model"], float(query.get("beta", 0)), seed)
            right = _request(task, query["other"], float(query.get("other_beta", 0)), seed)
            edits = json.loads(query.get("edits", "{}"))
            if not isinstance(edits, dict):
                return {}
            desk = Desk(left, right, int(query.get("sample", 0)), prior=_prior(query.get("prior", "own")))
            load(left)
            load(right)
            return self.show_models(desk.edited(edits) if edits else desk)
        except (InputError, KeyError, ValueError):
            return {}


def _warm_up() -> None:
    """Loads torch and the backend while the visitor still looks at the opening."""
    import backends.concepts.comparison  # noqa: F401


def _request(task: str, model: str, beta: float, seed: int) -> ModelRequest:
    """The model that the controls name; a model without a regulariser is taken at beta 0."""
    takes_beta = model not in MODEL_INFO or MODEL_INFO[model].takes_beta
    return ModelRequest(task, model, beta if takes_beta else 0.0, seed)


def _prior(choice: str) -> Prior | None:
    return None if choice == "own" else cast(Prior, choice)  # the backend checks it


def _beta_update(model: ModelRequest) -> gr.Dropdown:
    betas = sorted({*BETA_GRID, model.beta}) if model.info.takes_beta else [0.0]
    choices = [(f"{beta:g}", beta) for beta in betas]
    return gr.Dropdown(choices, value=model.beta, interactive=model.info.takes_beta)


def _seed_choices(seed: int) -> list[tuple[str, int]]:
    return [(str(one), one) for one in sorted({*SEEDS, seed})]


def _task_text(task: str) -> str:
    return escape(find_task(task).summary)
