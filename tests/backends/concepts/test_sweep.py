"""The sweep: what it trains, how it goes on after a stop, and the table it leaves."""

import json
from pathlib import Path

import pandas as pd
import pytest

from backends.concepts import results
from backends.concepts.catalog import BETA_GRID, MODEL_INFO
from backends.concepts.requests import ModelRequest
from backends.concepts.results import Result, pareto_front, result_of, results_of
from backends.concepts.sweep import collect, grid, part_file, run_sweep
from backends.concepts.training import train
from backends.errors import InputError, MissingFileError
from backends.progress import finish

pytestmark = pytest.mark.method

CBM = ModelRequest("xor", "cbm-sequential", epochs=1)
CRM = ModelRequest("xor", "crm", 0.1, epochs=1)
DOT = ModelRequest("dot", "lrm", epochs=1)


def _run(jobs: list[ModelRequest], folder: Path) -> list[str]:
    failures = run_sweep(jobs, folder, engine="local", workers=1, ship=False)
    return [failure.error for failure in failures]


def test_the_grid_has_every_model_at_every_beta_once_and_seeds_outermost() -> None:
    jobs = grid(["xor"], seeds=(1, 2))
    regularised = [model for model, info in MODEL_INFO.items() if info.takes_beta]
    assert len(jobs) == len(set(jobs)) == 2 * (len(regularised) * len(BETA_GRID) + len(MODEL_INFO) - len(regularised))
    assert [job.seed for job in jobs] == sorted(job.seed for job in jobs)
    assert {job.beta for job in jobs if job.model == "crm"} == set(BETA_GRID)
    assert {job.beta for job in jobs if job.model == "cbm-joint"} == {0.0}


def test_baselines_run_where_concepts_do_not_suffice() -> None:
    kinds = {task: {job.regulariser for job in grid([task], (1,))} for task in ("majority-h2", "majority-h1")}
    assert kinds == {"majority-h2": {"kl", "tv", "dropout"}, "majority-h1": {"kl"}}


def test_the_table_holds_what_each_model_scored(tmp_path: Path) -> None:
    assert _run([CBM, CRM], tmp_path) == []
    assert collect([CBM, CRM, DOT], tmp_path, tmp_path / "out" / "table.parquet") == 2
    table = pd.read_parquet(tmp_path / "out" / "table.parquet")
    assert table.model.tolist() == ["cbm-sequential", "crm"]
    assert "epochs" not in table
    metrics = finish(train(CRM)).metrics
    row = table.iloc[1]
    assert (row.task, row.beta, row.seed, row.regulariser, row.prior) == ("xor", 0.1, 1, "kl", "learned")
    assert (row.sis, row.accuracy, row.nll) == (metrics.sis, metrics.accuracy, metrics.nll)
    assert (row.curve_n, len(row.curve_default), len(row.curve_bottleneck_sd)) == (1000, 3, 3)
    assert row.curve_default[0] == pytest.approx(metrics.accuracy)


def test_a_sweep_that_was_killed_goes_on_where_it_stopped(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    done = part_file(tmp_path, CBM)
    done.parent.mkdir(parents=True)
    done.write_text(json.dumps({"model": "finished before"}))
    cut_off = part_file(tmp_path, CRM).with_suffix(".4711.tmp")
    cut_off.write_text('{"model": "cut o')
    assert collect([CBM, CRM], tmp_path, tmp_path / "table.parquet") == 1
    assert _run([CBM, CRM], tmp_path) == []
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "1 of 2 jobs are done, 1 to go."
    assert len(printed) == 2
    assert printed[1].startswith(f"1/1 xor {CRM.key} done, ")
    assert collect([CBM, CRM], tmp_path, tmp_path / "table.parquet") == 2
    assert pd.read_parquet(tmp_path / "table.parquet").model.tolist() == ["finished before", "crm"]
    assert _run([CBM, CRM], tmp_path) == []
    assert capsys.readouterr().out.splitlines() == ["2 of 2 jobs are done, 0 to go."]


def test_a_job_that_fails_is_reported_and_the_others_go_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "dot").write_text("a file where the job's folder should be")
    (error,) = _run([DOT, CBM], tmp_path)
    assert error.startswith("FileExistsError")
    printed = capsys.readouterr().out
    assert f"dot {DOT.key} FAILED FileExistsError" in printed
    assert part_file(tmp_path, CBM).exists()
    assert collect([CBM], tmp_path, tmp_path / "table.parquet") == 1


def test_nothing_finished_leaves_no_table(tmp_path: Path) -> None:
    assert collect([CBM], tmp_path, tmp_path / "table.parquet") == 0
    assert not (tmp_path / "table.parquet").exists()


def test_results_are_read_back_from_the_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _run([CBM, CRM, DOT], tmp_path)
    collect([CBM, CRM, DOT], tmp_path, tmp_path / "table.parquet")
    monkeypatch.setattr(results, "SWEEP_FILE", tmp_path / "table.parquet")
    results.sweep_table.cache_clear()
    try:
        found = results_of("xor")
        assert [result.model for result in found] == [
            ModelRequest("xor", "cbm-sequential"),
            ModelRequest("xor", "crm", 0.1),
        ]
        assert found[0].sis == 1
        assert [(type(r.n), type(r.sis), type(r.constant)) for r in found] == [(int, float, bool)] * 2
        assert result_of(found[1].model, finish(train(CRM)).metrics) == found[1]
        assert results_of("scenes") == []
        with pytest.raises(InputError, match="no task"):
            results_of("xorr")
        monkeypatch.setattr(results, "SWEEP_FILE", tmp_path / "none.parquet")
        results.sweep_table.cache_clear()
        with pytest.raises(MissingFileError, match=r"none\.parquet is missing; `python -m backends\.concepts\.sweep`"):
            results.sweep_table()
    finally:
        results.sweep_table.cache_clear()


def _result(sis: float, accuracy: float, constant: bool = False) -> Result:
    return Result(ModelRequest("xor", "crm"), 1000, sis, accuracy, 0.5, 0.9, 0.9, 0.3, 0.4, constant)


def test_the_front_by_hand() -> None:
    a, b, c = _result(0.2, 0.99), _result(0.8, 0.95), _result(1.0, 0.7)
    beaten = [_result(0.7, 0.94), _result(0.8, 0.9), _result(0.2, 0.98), _result(0.1, 0.99), _result(0.5, 0.95)]
    idle = _result(1.0, 0.72, constant=True)
    assert pareto_front([*beaten, c, idle, a, b]) == [a, b, c]
    assert pareto_front([]) == []
    assert pareto_front([idle]) == []


def test_of_two_equal_results_one_is_on_the_front() -> None:
    assert len(pareto_front([_result(0.5, 0.9), _result(0.5, 0.9)])) == 1
