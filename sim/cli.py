"""The command line ``nq57``: every verb calls one public function and prints what it returns.

Exit codes: 0 done, 2 invalid input (every problem on standard error), 3 a check failed, 4 interrupted.
Libraries are imported by the verb that needs them, so that help and errors come at once.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sim.errors import InputError, Problem, nearest

if TYPE_CHECKING:
    from sim.charts.words import Lang
    from sim.results import Results

OK, INVALID, FAILED, INTERRUPTED = 0, 2, 3, 4
LANGUAGES = ("en", "vi")


class Verbs(click.Group):
    """A group of commands that offers the nearest one for a misspelt name."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; a reader of its output that leaves early is no failure."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            # nothing more to say, and no complaint at exit either
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return OK

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """The command ``args`` begins with. Raises InputError when there is none."""
        if args and self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            names = self.list_commands(ctx)
            raise InputError(
                Problem(
                    "unknown command",
                    value=args[0],
                    bound=", ".join(names),
                    suggestion=nearest(args[0], names),
                )
            )
        return super().resolve_command(ctx, args)


class Span(click.ParamType):
    """Years as ``2020-2045`` or one year."""

    name = "years"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        """The first and the last year."""
        try:
            first, _, last = str(value).partition("-")
            return int(first), int(last or first)
        except ValueError:
            self.fail(f"{value!r} is not a span of years such as 2020-2045", param, ctx)


def _options(*decorators: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def apply(function: Any) -> Any:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return apply


language = click.option(
    "--lang",
    type=click.Choice(LANGUAGES),
    default="en",
    show_default=True,
    help="Language of texts and charts.",
)
country_option = click.option(
    "--country", default="vietnam", show_default=True, metavar="NAME|FOLDER", help="Country pack."
)
json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
overwrite_option = click.option("--overwrite", is_flag=True, help="Replace an existing file.")
run_options = _options(
    click.option("--draws", type=int, default=1000, show_default=True, help="Number of draws."),
    click.option("--seed", type=int, default=57, show_default=True, help="Seed of all random numbers."),
    click.option(
        "--years", type=Span(), metavar="A-B", help="Years to report (the run covers the whole horizon)."
    ),
    click.option(
        "--vars", "variables", default="", metavar="A,B", help="Variables to keep besides the usual ones."
    ),
    click.option(
        "--engine", type=click.Choice(["compiled", "interpreted"]), default="compiled", show_default=True
    ),
    click.option("--method", type=click.Choice(["rk4", "euler"]), default="rk4", show_default=True),
    click.option("--threads", type=click.IntRange(min=1), help="Threads to use; all processors by default."),
    click.option(
        "--structure",
        "structures",
        multiple=True,
        metavar="NAME=ALTERNATIVE",
        help="Fix a structural alternative that is otherwise sampled; may be repeated.",
    ),
    country_option,
    language,
)


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="nq57", prog_name="nq57")
def cli() -> None:
    """Odds that the targets of Resolution 57-NQ/TW are reached, and what would change them."""


@cli.command()
@click.argument("scenario")
@run_options
@click.option(
    "--out", type=click.Path(path_type=Path), help="Run folder to write  [default: outputs/<run id>]."
)
@click.option("--save-draws", is_flag=True, help="Keep every draw of the headline variables and of --vars.")
@click.option("--no-charts", is_flag=True, help="Write no charts.")
@json_option
@click.option("--quiet", is_flag=True, help="Print the run folder only.")
def run(
    scenario: str,
    out: Path | None,
    save_draws: bool,
    no_charts: bool,
    as_json: bool,
    quiet: bool,
    **options: Any,
) -> None:
    """Run SCENARIO (a file, or the id of one that comes with the product) and print the odds.

    Leaves a run folder with the odds, quantiles by year, charts and all it takes to replay the run. With
    --json the folder is written only when --out asks for it.
    """
    from sim.results import summary_json

    lang = options.pop("lang")
    results = _simulate(scenario, out, show_progress=not (quiet or as_json), **options)
    folder = out if out is not None or as_json else Path("outputs") / results.record.run_id
    if folder is not None:
        kept = [*results.headlines, *_names(options["variables"])] if save_draws else []
        results.write(folder, draws_of=kept, attach=None if no_charts else _charts(results, lang))
    if as_json:
        click.echo(json.dumps(summary_json(results), ensure_ascii=False, allow_nan=False))
        return
    if not quiet:
        from sim.cli_text import odds_report

        click.echo(odds_report(results, lang))
        click.echo("Thư mục kết quả:" if lang == "vi" else "Run folder:", nl=False)
        click.echo(" ", nl=False)
    click.echo(str(folder))


@cli.command()
@click.argument("scenarios", nargs=-1, required=True)
@country_option
@click.option("--resolved", is_flag=True, help="Print each scenario in resolved form.")
def validate(scenarios: tuple[str, ...], country: str, resolved: bool) -> None:
    """Check scenario files without running them; every problem of every file is reported."""
    from sim.country import load_country
    from sim.scenario import load_scenario

    pack = load_country(country)
    problems: list[Problem] = []
    for name in scenarios:
        try:
            scenario = load_scenario(name, pack)
        except InputError as error:
            problems += error.problems
            continue
        for warning in scenario.warnings:
            click.echo(f"warning: {warning}", err=True)
        if resolved:
            click.echo(scenario.resolved_yaml(), nl=False)
        else:
            names = [*scenario.changed_levers(), *scenario.changed_assumptions()]
            changed = ", ".join([*names, *scenario.parameters, *scenario.structures]) or "nothing"
            click.echo(f"{scenario.file}: valid; changes {changed}")
    if problems:
        raise InputError(problems)


@cli.command()
@click.argument("scenario")
@click.argument("variable", required=False)
@click.option("--year", type=int, default=2030, show_default=True, help="Year of the values shown.")
@click.option("--graph", type=click.Choice(["dot", "svg"]), help="The causal graph instead of the text.")
@click.option("--out", type=click.Path(path_type=Path), help="File to write the graph to (needed for svg).")
@overwrite_option
@country_option
@language
def explain(
    scenario: str,
    variable: str | None,
    year: int,
    graph: str | None,
    out: Path | None,
    overwrite: bool,
    country: str,
    lang: str,
) -> None:
    """Say where the values of SCENARIO come from, or how VARIABLE is computed and what moved it."""
    from sim import explain as explanation
    from sim.assemble import model_of
    from sim.country import load_country
    from sim.scenario import load_scenario

    pack = load_country(country)
    resolved = load_scenario(scenario, pack)
    if graph is not None:
        model = model_of(pack)
        if graph == "svg":
            if out is None:
                raise InputError(Problem("a picture goes to a file", where="--out", bound="--out FILE.svg"))
            _refuse_existing(out, overwrite)
            explanation.draw_causal_graph(model, out, lang=lang, around=variable)
            click.echo(str(out))
            return
        text = explanation.causal_graph(model, lang=lang, around=variable)
        if out is None:
            click.echo(text)
        else:
            _refuse_existing(out, overwrite)
            _write(out, text)
            click.echo(str(out))
    elif variable is None:
        click.echo(explanation.explain_scenario(resolved, pack, lang))
    else:
        click.echo(
            explanation.explain_variable(resolved, pack, variable, year=year, lang=lang, engine="compiled")
        )


@cli.command()
@country_option
@language
@json_option
def targets(country: str, lang: Lang, as_json: bool) -> None:
    """List the targets: what each means, who set it and whether the model can speak about it."""
    from dataclasses import asdict

    from sim.cli_text import target_list
    from sim.country import load_country

    pack = load_country(country)
    if as_json:
        click.echo(json.dumps([asdict(t) for t in pack.targets], ensure_ascii=False, default=str))
    else:
        click.echo(target_list(pack, lang))


@cli.command()
@language
@json_option
def scenarios(lang: str, as_json: bool) -> None:
    """List the scenarios that come with the product."""
    from sim.scenario import list_scenarios

    found = list_scenarios()
    if as_json:
        rows = [{"id": s.id, "code": s.code, "title": s.title, "file": str(s.file)} for s in found]
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    width = max(len(s.id) for s in found)
    for info in found:
        click.echo(f"{info.code or '':<5}{info.id:<{width + 2}}{info.title.get(lang) or info.title['en']}")


@cli.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--threads", type=click.IntRange(min=1), help="Threads to use; all processors by default.")
def replay(folder: Path, threads: int | None) -> None:
    """Run again what FOLDER holds and compare bit for bit; exit code 3 when anything differs."""
    from sim.replay import replay_run

    differences, variables = replay_run(folder, threads=threads)
    if not differences:
        click.echo(f"{folder}: {variables} variables identical, bit for bit")
        return
    for difference in differences:
        click.echo(f"{difference.kind}: {difference}", err=True)
    click.echo(f"{folder}: the replay differs", err=True)
    raise SystemExit(FAILED)


@cli.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--format", "form", required=True, metavar="FORMAT", help="csv, xlsx, iamc, netcdf or xmile.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="File to write.")
@overwrite_option
def export(folder: Path, form: str, out: Path, overwrite: bool) -> None:
    """Write the run in FOLDER in another format."""
    from sim.export import FORMATS
    from sim.export import export as write
    from sim.results import Results

    if form not in FORMATS:
        raise InputError(
            Problem("unknown format", value=form, bound=", ".join(FORMATS), suggestion=nearest(form, FORMATS))
        )
    _refuse_existing(out, overwrite)
    write(Results.read(folder), form, out, overwrite=overwrite)
    click.echo(str(out))


def _simulate(scenario: str, out: Path | None, *, show_progress: bool, **options: Any) -> Results:
    from sim.simulation import resolve_request
    from sim.simulation import run as run_scenario

    options["structures"], wrong = _assignments(options["structures"])
    options["variables"] = _names(options["variables"])
    asked = {k: v for k, v in options.items() if k not in ("engine", "threads")}
    options["country"], resolved, problems = resolve_request(scenario, **asked)
    problems += [*wrong, *_not_writable(out)]
    if problems or resolved is None:
        raise InputError(problems)
    with _progress(options["draws"], show_progress) as advance:
        return run_scenario(resolved, progress=advance, command=" ".join(["nq57", *sys.argv[1:]]), **options)


@contextmanager
def _progress(total: int, wanted: bool) -> Iterator[Callable[[int], None] | None]:
    """A bar on a terminal, nothing elsewhere."""
    if not wanted or not sys.stderr.isatty() or total < 1:
        yield None
        return
    from tqdm import tqdm

    with tqdm(total=2 * total, unit=" draws", leave=False, file=sys.stderr) as bar:
        yield bar.update


def _names(text: str) -> list[str]:
    return [n.strip() for n in text.split(",") if n.strip()]


def _assignments(items: Sequence[str]) -> tuple[dict[str, str], list[Problem]]:
    """Names with their values, and what is not of that form or contradicts itself."""
    where = "--structure"
    found: dict[str, str] = {}
    problems = []
    for item in items:
        name, sign, alternative = item.partition("=")
        if not sign or "=" in alternative:
            problems.append(Problem("a structure to fix", where=where, value=item, bound="NAME=ALTERNATIVE"))
        elif found.setdefault(name, alternative) != alternative:
            problems.append(Problem("the structure is fixed twice", where=where, value=name))
    return found, problems


def _charts(results: Results, lang: Lang) -> Callable[[Path], object]:
    def draw(folder: Path) -> None:
        from sim.charts import draw_all

        draw_all(results, folder / "charts", lang)

    return draw


def _not_writable(folder: Path | None) -> list[Problem]:
    """What would be refused after the run, said before it."""
    if folder is None:
        return []
    if os.path.lexists(folder):
        return [Problem("the run folder exists already and is never overwritten", file=str(folder))]
    parent = next(p for p in folder.absolute().parents if os.path.lexists(p))
    if not parent.is_dir() or not os.access(parent, os.W_OK | os.X_OK):
        bound = "a folder one may write to"
        return [Problem("nothing can be written there", file=str(folder), bound=bound)]
    return []


def _refuse_existing(path: Path, overwrite: bool) -> None:
    from sim.run_folder import RECORD

    if (path.absolute().parent / RECORD).is_file():
        raise InputError(
            Problem("a run folder is kept as the run left it", file=str(path), bound="another folder")
        )
    if os.path.lexists(path) and not overwrite:
        raise InputError(
            Problem("the file exists already", file=str(path), bound="another name, or --overwrite")
        )


def _write(path: Path, text: str) -> None:
    from sim.run_folder import replacing

    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    _stop_cleanly_when_asked()
    try:
        code = cli.main(args=list(arguments) if arguments is not None else None, standalone_mode=False)
        return code if isinstance(code, int) else OK
    except InputError as error:
        for problem in error.problems:
            click.echo(f"error: {problem}", err=True)
        return INVALID
    except OSError as error:
        # results are written elsewhere: what is left to fail is the output itself
        click.echo(f"error: cannot write: {error.strerror or error}", err=True)
        _forget_output()
        return INVALID
    except click.UsageError as error:
        error.show()
        return INVALID
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return INTERRUPTED
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else FAILED


def _stop_cleanly_when_asked() -> None:
    """Let a request to terminate end the work as an interrupt does: nothing half-written stays."""

    def stop(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, stop)


def _forget_output() -> None:
    """Send what is still waiting to be written to nowhere, so that it is not complained of at exit."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
