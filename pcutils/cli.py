"""The `pcutils` command. Everything heavy is imported where it is used, so that `--help` answers at once."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from pcutils import __version__
from pcutils.errors import PcutilsError

DEFAULT_PROFILE = "classroom"


class _Command(click.Group):
    """A group whose commands show our own errors as one message and every other error as it is."""

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except PcutilsError as error:
            raise click.ClickException(str(error)) from error


_profile = click.option(
    "--profile",
    default=DEFAULT_PROFILE,
    show_default=True,
    metavar="NAME",
    help="A profile in profiles/, or the path of a YAML file.",
)
_runs = click.option(
    "--runs",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Folder of all runs; runs/ of the clone by default.",
)


@click.group(cls=_Command, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def main() -> None:
    """Run and render the book on modelling students from the traces of their programs."""


@main.command()
@_profile
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    help="Change a value, such as models.tokens=2000000.",
)
@click.option(
    "--only",
    "chapters",
    multiple=True,
    metavar="CHAPTER",
    help="Only this chapter, or the step data or measures, and what it needs.",
)
@click.option("--cores", type=click.IntRange(min=1), help="Processors to use; all by default.")
@click.option("--dry-run", is_flag=True, help="Build every object with tiny stand-ins, and run nothing.")
@_runs
def run(
    profile: str,
    settings: Sequence[str],
    chapters: Sequence[str],
    cores: int | None,
    dry_run: bool,
    runs: Path | None,
) -> None:
    """Run the chapters; what is up to date stays as it is."""
    from pcutils.pipeline.command import run_profile, try_profile

    if dry_run:
        try_profile(profile, settings)
    else:
        run_profile(profile, settings, chapters=chapters, cores=cores or _processors(), runs=runs)


@main.command()
@_profile
@_runs
def book(profile: str, runs: Path | None) -> None:
    """Render a run's chapters as HTML."""
    from pcutils.pipeline.command import book_profile

    book_profile(profile, runs=runs)


@main.command()
@click.argument("path", type=click.Path(exists=True, path_type=Path))
def check(path: Path) -> None:
    """Check a file of traces of any source, or a folder of them; report every bad row."""
    from pcutils.sources import examine
    from pcutils.sources.shapes import SHAPES

    problems = 0
    for checked in examine(path):
        for problem in checked.problems:
            click.echo(str(problem))
        problems += len(checked.problems)
        if checked.shape is None:
            click.echo(f"{checked.file}: passed over, of no shape that is known.", err=True)
            continue
        found = _problems(len(checked.problems)) if checked.problems else "every row is as it should be"
        click.echo(f"{checked.file}: {SHAPES[checked.shape]}; {found}.")
    if problems:
        click.echo(f"{path}: {_problems(problems)}.", err=True)
        sys.exit(1)


@main.group()
def fetch() -> None:
    """Fetch public data that the repository may not hold."""


@fetch.command()
@click.option(
    "--to",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("../shared/rollouts"),
    show_default=True,
    metavar="DIR",
    help="Folder to put them into, by default where the profile rollouts looks, outside the clone.",
)
@click.option("--title", "titles", multiple=True, metavar="TITLE", help="Only this assignment.")
@click.option(
    "--variant", "variants", multiple=True, metavar="VARIANT", help="trace, synthetic or last only."
)
@click.option(
    "--host", metavar="PATTERN", help="Another address: {repository}, {commit} and {path} are filled in."
)
def rollouts(to: Path, titles: Sequence[str], variants: Sequence[str], host: str | None) -> None:
    """Fetch the paper's public rollouts; call it again to go on after an interruption."""
    from pcutils.sources.fetch import CODE_HOST, NOTICE, fetch_rollouts

    click.echo(NOTICE, err=True)
    fetched = fetch_rollouts(to, titles=titles or None, variants=variants or None, host=host or CODE_HOST)
    click.echo(f"{to}: {len(fetched)} files, each with the size and the git hash that the release gave it.")


@main.command(hidden=True)
@click.argument("name")
@click.option("--variant")
@click.option("--shard")
@click.option("--run-dir", type=click.Path(file_okay=False, path_type=Path), default=Path("."))
def step(name: str, variant: str | None, shard: str | None, run_dir: Path) -> None:
    """Run one step; the workflow calls this in the folder of a run."""
    from pcutils.pipeline.files import repository_root
    from pcutils.pipeline.step import run_step

    run_step(name, run_dir, repository_root(), variant, shard)


def _problems(count: int) -> str:
    return f"{count:,} problem" if count == 1 else f"{count:,} problems"


def _processors() -> int:
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


if __name__ == "__main__":
    main()
