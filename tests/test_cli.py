"""The command line as a user meets it: what it prints, what it leaves behind, how it fails."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sim.cli import INVALID, main
from sim.country import load_country
from sim.results import HEADLINES, Results
from sim.scenario import list_scenarios

FEW = ("--draws", "20", "--no-charts")


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    """An empty folder, made the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    """The folder of a finished run."""
    folder = tmp_path_factory.mktemp("runs") / "run"
    assert main(["run", "budget_3pct", *FEW, "--quiet", "--save-draws", "--out", str(folder)]) == 0
    return folder


def python(*arguments: str, **options) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, timeout=300, **options
    )


def nq57(*arguments: str, **options) -> subprocess.CompletedProcess[str]:
    return python("-m", "sim.cli", *arguments, **options)


def refused(capsys, *arguments: str) -> str:
    """What is said about a command that must be refused with nothing on standard output."""
    assert main(list(arguments)) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "Traceback" not in shown.err
    return shown.err


def test_a_run_prints_every_assessed_target_and_leaves_its_folder(here, capsys):
    assert main(["run", "budget_3pct", *FEW]) == 0
    shown = capsys.readouterr()
    lines = shown.out.splitlines()
    codes = [line.split()[0] for line in lines if line[:1] == "T" and line[1:2].isdigit()]
    assert codes == [t.code for t in load_country().targets if t.assessed]
    assert shown.err == ""
    folder = Path(lines[-1].removeprefix("Run folder: "))
    assert folder.parent == Path("outputs") and folder.is_dir()
    names = {p.name for p in folder.iterdir()}
    assert {"record.json", "scenario.yaml", "summary.parquet", "targets.csv"} <= names
    assert [p.name for p in Path("outputs").iterdir()] == [folder.name]


def test_a_fresh_process_leaves_a_chart_for_every_target(tmp_path):
    done = nq57("run", "hold", "--draws", "20", "--out", "run", "--quiet", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "run\n", "")
    charts = {p.name for p in (tmp_path / "run" / "charts").iterdir()}
    for target in load_country().targets:
        assert (f"{target.id}.png" in charts) == target.assessed
        assert (f"{target.id}.csv" in charts) == target.assessed
    assert "odds.csv" in charts


def test_the_odds_are_told_in_vietnamese_with_a_decimal_comma(here, capsys):
    assert main(["run", "budget_3pct", *FEW, "--lang", "vi"]) == 0
    shown = capsys.readouterr().out
    country = load_country()
    for line in ("3 % chi ngân sách nhà nước, chi theo kế hoạch", "Không đánh giá", "Thư mục kết quả"):
        assert line in shown
    assert "≥ 13.935" in shown
    (row,) = [line for line in shown.splitlines() if line.startswith("T1 ")]
    median = row.split("–", 1)[1].split("≥")[0].split()[-2]
    assert "," in median and "." not in median
    assert country.targets[0].label_vi.split()[0] in row


def test_json_is_one_object_on_standard_output_and_nothing_else(here):
    done = nq57("run", "hold", *FEW, "--json", cwd=here)
    assert done.returncode == 0 and done.stderr == ""
    content = json.loads(done.stdout)
    assert done.stdout.count("\n") == 1
    assert {
        "run_id",
        "scenario",
        "engine",
        "draws",
        "failed_draws",
        "seed",
        "targets",
        "variables",
        "residuals",
    } <= set(content)
    assert (content["scenario"], content["draws"], content["seed"]) == ("hold", 20, 57)
    assert set(content["variables"]) == set(HEADLINES)
    for variable in content["variables"].values():
        assert variable["unit"]
        assert list(variable["years"]) == [str(year) for year in range(2010, 2046)]
        assert set(variable["years"]["2030"]) == {"q05", "q25", "q50", "q75", "q95", "mean"}
    for target in content["targets"]:
        assert {"id", "label", "year", "probability", "low", "high", "outside_view", "status"} <= set(target)
    assert all(abs(worst) <= 1e-9 for worst in content["residuals"].values())


def test_years_bound_what_is_reported(here, capsys):
    assert main(["run", "hold", *FEW, "--json", "--years", "2020-2035"]) == 0
    years = list(json.loads(capsys.readouterr().out)["variables"]["gerd_gdp"]["years"])
    assert (years[0], years[-1]) == ("2020", "2035")


def test_variables_asked_for_are_kept_with_their_draws(finished, here, capsys):
    arguments = ["run", "hold", *FEW, "--quiet", "--vars", "stem_workforce, gdp_growth_5y", "--save-draws"]
    assert main(arguments) == 0
    results = Results.read(capsys.readouterr().out.strip())
    assert results.values("stem_workforce").shape == (36, 20)
    assert results.has_draws("gdp_growth_5y")
    assert "stem_workforce" not in Results.read(finished).variables


def test_a_fixed_structure_is_in_the_record(here, capsys):
    arguments = ["run", "hold", "--draws", "4", "--no-charts", "--quiet", "--structure", "convergence=linear"]
    assert main(arguments) == 0
    record = json.loads((Path(capsys.readouterr().out.strip()) / "record.json").read_text())
    assert record["structures"] == {"convergence": "linear"}


def test_the_interpreted_engine_gives_the_same_numbers(here, capsys):
    odds = {}
    for engine in ("compiled", "interpreted"):
        assert main(["run", "hold", "--draws", "2", "--engine", engine, "--json"]) == 0
        content = json.loads(capsys.readouterr().out)
        assert content["engine"] == engine
        odds[engine] = content["variables"]["gerd_gdp"]["years"]["2045"]["q50"]
    assert odds["compiled"] == pytest.approx(odds["interpreted"], rel=1e-9)


WRONG = {
    "misspelt scenario": (["run", "budget_3pc"], ["budget_3pc", "did you mean budget_3pct?"]),
    "missing file": (["run", "nowhere.yaml"], ["nowhere.yaml"]),
    "no draws": (["run", "hold", "--draws", "0"], ["draws", "got 0", "from 1 to 50,000"]),
    "negative draws": (["run", "hold", "--draws", "-5"], ["got -5"]),
    "draws in words": (["run", "hold", "--draws", "many"], ["many"]),
    "negative seed": (["run", "hold", "--seed", "-1"], ["seed", "got -1"]),
    "years beyond the data": (["run", "hold", "--years", "1990-2030"], ["1990", "2010-2045"]),
    "years in the wrong order": (["run", "hold", "--years", "2040-2030"], ["2040", "2010-2045"]),
    "years in words": (["run", "hold", "--years", "soon"], ["soon", "2020-2045"]),
    "misspelt variable": (["run", "hold", "--vars", "gerd_gpd"], ["gerd_gpd", "did you mean gerd_gdp?"]),
    "misspelt structure": (["run", "hold", "--structure", "crowdin=in"], ["did you mean crowding?"]),
    "unknown alternative": (["run", "hold", "--structure", "crowding=on"], ["on", "neutral"]),
    "structure without alternative": (["run", "hold", "--structure", "crowding"], ["NAME=ALTERNATIVE"]),
    "out of a file": (["run", "hold", "--out", "/dev/null/run"], ["/dev/null/run"]),
    "misspelt option": (["run", "hold", "--drawss", "3"], ["--draws"]),
    "misspelt verb": (["rum", "hold"], ["did you mean run?"]),
    "unknown engine": (["run", "hold", "--engine", "steam"], ["steam"]),
    "unknown language": (["targets", "--lang", "fr"], ["fr"]),
    "unknown country": (["run", "hold", "--country", "vietnan"], ["did you mean vietnam?"]),
    "explain: misspelt variable": (["explain", "hold", "gerd_gpd"], ["did you mean gerd_gdp?"]),
    "explain: year": (["explain", "hold", "gerd_gdp", "--year", "1900"], ["1900", "2010", "2045"]),
    "explain: picture without file": (["explain", "hold", "--graph", "svg"], ["--out"]),
    "replay of nothing": (["replay", "nowhere"], ["nowhere"]),
    "export of nothing": (["export", "nowhere", "--format", "csv", "--out", "x.csv"], ["nowhere"]),
    "export format": (["export", "nowhere", "--format", "xslx", "--out", "x"], ["did you mean xlsx?"]),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_bad_input_is_refused_in_words_and_leaves_nothing(here, capsys, wrong):
    arguments, expected = WRONG[wrong]
    said = refused(capsys, *arguments)
    for part in expected:
        assert part in said
    assert list(here.iterdir()) == []


def test_all_that_is_wrong_is_said_at_once(here, capsys):
    said = refused(
        capsys,
        *("run", "holdd", "--draws", "0", "--seed", "-1", "--years", "1990-2050", "--vars", "gerd_gpd"),
        *("--structure", "crowdin=in", "--structure", "x", "--out", "/dev/null/run"),
    )
    assert said.count("error:") == 8


def test_a_finished_run_is_never_overwritten(finished, capsys):
    before = {p.name: p.read_bytes() for p in finished.iterdir()}
    assert "never overwritten" in refused(capsys, "run", "hold", *FEW, "--out", str(finished))
    assert {p.name: p.read_bytes() for p in finished.iterdir()} == before


def test_problems_of_a_scenario_come_with_file_and_line(here, capsys):
    (here / "mine.yaml").write_text(
        'format: 1\nid: mine\ntitle: {en: Mine, vi: "Của tôi"}\nextends: hold\n'
        "levers:\n  refrom: 1\n  st_budget_share: 300 %\n"
    )
    for verb in ("run", "validate"):
        said = refused(capsys, verb, "mine.yaml")
        assert "mine.yaml:6" in said and "did you mean reform?" in said
        assert "mine.yaml:7" in said


def test_validate_speaks_of_every_file(capsys):
    assert main(["validate", *(s.id for s in list_scenarios())]) == 0
    shown = capsys.readouterr()
    assert len(shown.out.splitlines()) == len(list_scenarios())
    assert main(["validate", "hold", "nosuch", "holdd"]) == 2
    shown = capsys.readouterr()
    assert "hold.yaml: valid" in shown.out
    assert "nosuch" in shown.err and "holdd" in shown.err


def test_a_resolved_scenario_can_be_run_again(here, capsys):
    assert main(["validate", "full", "--resolved"]) == 0
    (here / "resolved.yaml").write_text(capsys.readouterr().out)
    outputs = []
    for scenario in ("full", "resolved.yaml"):
        assert main(["run", scenario, *FEW, "--json"]) == 0
        outputs.append(json.loads(capsys.readouterr().out))
    assert outputs[0]["variables"] == outputs[1]["variables"]
    assert outputs[0]["targets"] == outputs[1]["targets"]


def test_a_run_replays_bit_for_bit(finished, capsys):
    assert main(["replay", str(finished)]) == 0
    assert "bit for bit" in capsys.readouterr().out


def test_a_replay_of_something_else_says_what_differs(finished, tmp_path, capsys):
    changed = tmp_path / "run"
    changed.mkdir()
    for file in finished.iterdir():
        (changed / file.name).write_bytes(file.read_bytes())
    record = json.loads((changed / "record.json").read_text())
    record["seed"] = 58
    (changed / "record.json").write_text(json.dumps(record))
    assert main(["replay", str(changed)]) == 3
    said = capsys.readouterr().err
    assert "gerd_gdp" in said and "differs" in said


def test_explain_says_which_line_set_a_lever(capsys):
    assert main(["explain", "budget_3pct"]) == 0
    (row,) = [line for line in capsys.readouterr().out.splitlines() if "st_budget_share" in line]
    file, line = row.split()[-1].rsplit(":", 1)
    assert "st_budget_share: 3.0 %" in Path(file).read_text().splitlines()[int(line) - 1]


def test_explain_gives_equation_inputs_unit_source_and_the_lines_that_moved_it(capsys):
    assert main(["explain", "budget_3pct", "gerd_gdp"]) == 0
    shown = capsys.readouterr().out
    for part in ("percent_per_one * gerd / gdp", "tn_VND2020/year", "UNESCO UIS", "budget_3pct.yaml:"):
        assert part in shown


def test_the_causal_graph_is_text_or_a_picture(here, capsys):
    assert main(["explain", "hold", "gerd_gdp", "--graph", "dot"]) == 0
    assert '"gerd" -> "gerd_gdp"' in capsys.readouterr().out
    assert main(["explain", "hold", "gerd_gdp", "--graph", "svg", "--out", "graph.svg"]) == 0
    assert "<svg" in (here / "graph.svg").read_text()
    assert "exists already" in refused_after(
        capsys, "explain", "hold", "--graph", "svg", "--out", "graph.svg"
    )


def refused_after(capsys, *arguments: str) -> str:
    """As ``refused``, when earlier commands have printed something."""
    capsys.readouterr()
    return refused(capsys, *arguments)


@pytest.mark.parametrize("form", ["csv", "xlsx", "iamc", "netcdf", "xmile"])
def test_a_run_is_exported_and_a_file_not_overwritten_unasked(finished, here, capsys, form):
    command = ["export", str(finished), "--format", form, "--out", "file"]
    assert main(command) == 0
    assert (here / "file").stat().st_size > 10_000
    before = (here / "file").read_bytes()
    assert "exists already" in refused_after(capsys, *command)
    assert (here / "file").read_bytes() == before
    assert main([*command, "--overwrite"]) == 0


def test_targets_are_listed_with_definition_and_source(capsys):
    assert main(["targets"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    for target in load_country().targets:
        assert f"{target.code} {target.id} {target.label}" in shown
        assert target.definition[:40] in shown
    assert "Not assessed" in shown
    assert main(["targets", "--json"]) == 0
    assert [t["id"] for t in json.loads(capsys.readouterr().out)] == [t.id for t in load_country().targets]


def test_scenarios_are_listed_with_their_titles(capsys):
    for lang in ("en", "vi"):
        assert main(["scenarios", "--lang", lang]) == 0
        shown = capsys.readouterr().out
        for info in list_scenarios():
            assert info.id in shown and info.title[lang] in shown


def test_help_needs_no_library_but_click():
    heavy = "{'numpy', 'numba', 'pandas', 'matplotlib', 'scipy', 'pydantic', 'xarray'}"
    done = python("-c", f"import sys, sim.cli; sim.cli.main(['--help']); print(set(sys.modules) & {heavy})")
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1] == "set()"
    for verb in ("run", "validate", "explain", "targets", "replay", "export", "scenarios"):
        assert f"  {verb} " in done.stdout


@pytest.mark.parametrize("request_to_stop", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_says_so_and_leaves_nothing(tmp_path, request_to_stop):
    # as a terminal would: the signal comes when the command is at work
    code = "import sys, sim.cli; print('at work', flush=True); sys.exit(sim.cli.main(sys.argv[1:]))"
    with subprocess.Popen(
        [sys.executable, "-c", code, "run", "hold", "--draws", "50000", "--seed", "4711"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parent.parent)},
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.readline() == "at work\n"
        time.sleep(2)
        process.send_signal(request_to_stop)
        said = process.stderr.read()
    assert process.returncode == 4
    assert "interrupted" in said and "Traceback" not in said
    assert list(tmp_path.iterdir()) == []


def test_a_reader_that_leaves_early_is_no_error(tmp_path):
    with subprocess.Popen(
        [sys.executable, "-m", "sim.cli", "targets"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 0


def test_a_structure_fixed_twice_is_a_contradiction(capsys):
    assert main(["run", "hold", "--structure", "crowding=in", "--structure", "crowding=out"]) == INVALID
    assert "fixed twice" in capsys.readouterr().err


def test_more_draws_than_history_leaves_are_refused_at_once(capsys):
    assert main(["run", "hold", "--draws", "99999999999"]) == INVALID
    assert "from 1 to" in capsys.readouterr().err


def test_a_run_folder_is_no_place_for_an_export(tmp_path, capsys):
    folder = tmp_path / "kept"
    assert main(["run", "hold", "--draws", "4", "--no-charts", "--out", str(folder)]) == 0
    record = (folder / "record.json").read_bytes()
    out = str(folder / "record.json")
    assert main(["export", str(folder), "--format", "csv", "--out", out, "--overwrite"]) == INVALID
    assert (folder / "record.json").read_bytes() == record


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_output_that_cannot_be_written_is_one_line():
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "sim.cli", "targets"], stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert done.returncode == INVALID
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
