"""The `pcutils` command. Everything heavy is imported where it is used, so that `--help` answers at once."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from pcutils import __version__
from pcutils.errors import PcutilsError

_Folder = click.Path(file_okay=False, path_type=Path)


class _Command(click.Group):
    """A group whose commands show our own errors as one message and every other error as it is."""

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except PcutilsError as error:
            raise click.ClickException(str(error)) from error


_profile = click.option(
    "--profile",
    default="classroom",
    show_default=True,
    metavar="NAME",
    help="In profiles/, or the path of a YAML file.",
)
_name = click.option("--name", metavar="NAME", help="Name of the run; by default that of the profile.")
_runs = click.option(
    "--runs", type=_Folder, metavar="DIR", help="Folder of all runs; by default that of the clone."
)


@click.group(cls=_Command, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def main() -> None:
    """Run and render the book on modelling students from the traces of their programs."""


@main.command()
@_profile
@click.option(
    "--set", "changes", multiple=True, metavar="KEY=VALUE", help="A change, such as models.tokens=2000000."
)
@click.option(
    "--only", multiple=True, metavar="CHAPTER", help="Only this chapter, or the step data or measures."
)
@_name
@_runs
@click.option("--cores", type=click.IntRange(min=1), help="Processors to use; by default all.")
def run(
    profile: str, name: str | None, runs: Path | None, cores: int | None, **wanted: Sequence[str]
) -> None:
    """Run the chapters; what is up to date stays as it is."""
    from pcutils.runs.provenance import processors
    from pcutils.runs.workflow import run_folder, run_profile

    run_profile(profile, **wanted, folder=run_folder(profile, name, runs), cores=cores or processors())


@main.command()
@_profile
@_name
@_runs
def book(profile: str, name: str | None, runs: Path | None) -> None:
    """Render a run's chapters as HTML."""
    from pcutils.runs.book import build_book
    from pcutils.runs.workflow import run_folder

    click.echo(f"The book is rendered. Open {build_book(run_folder(profile, name, runs))}", err=True)


@main.command()
@click.argument("path", type=click.Path(exists=True, path_type=Path))
def check(path: Path) -> None:
    """Check a file of traces of any source, or a folder of them; report every bad row."""
    from pcutils.data import SOURCES, examine

    rejected = 0
    for found in examine(path):
        for row in found.rejected:
            click.echo(str(row))
        rejected += len(found.rejected)
        label = SOURCES[found.source].label if found.source else "no source recognises it"
        counts = f"; {found.traces:,} traces, {len(found.rejected):,} rows rejected" if found.source else ""
        click.echo(f"{found.file}: {label}{counts}.")
    if rejected:
        click.echo(f"{path}: {rejected:,} rows rejected.", err=True)
        sys.exit(1)


@main.group()
def fetch() -> None:
    """Fetch public data that the repository may not hold."""


@fetch.command()
@click.option(
    "--to",
    type=_Folder,
    default=Path("../shared/rollouts"),
    show_default=True,
    metavar="DIR",
    help="Where to.",
)
@click.option("--title", "titles", multiple=True, metavar="TITLE", help="Only this assignment.")
@click.option(
    "--variant", "variants", multiple=True, metavar="VARIANT", help="trace, synthetic or last only."
)
@click.option("--host", metavar="PATTERN", help="Another address, with {repository}, {commit} and {path}.")
def rollouts(to: Path, titles: Sequence[str], variants: Sequence[str], host: str | None) -> None:
    """Fetch the paper's public rollouts; call it again to go on after an interruption."""
    from pcutils.data.fetch import CODE_HOST, NOTICE, fetch_rollouts

    click.echo(NOTICE, err=True)
    fetched = fetch_rollouts(to, titles=titles or None, variants=variants or None, host=host or CODE_HOST)
    click.echo(f"{to}: {len(fetched)} files, each with the published content.")


@main.command(hidden=True)
@click.argument("name")
@click.option("--variant")
@click.option("--shard")
@click.option("--run-dir", type=_Folder, default=Path())
def step(name: str, variant: str | None, shard: str | None, run_dir: Path) -> None:
    """Run one step; the workflow calls this in the folder of a run."""
    from pcutils.runs.workflow import run_step

    run_step(name, run_dir, variant, shard)


if __name__ == "__main__":
    main()
