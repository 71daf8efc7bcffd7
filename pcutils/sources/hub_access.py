"""What to do when a data set on the hub does not open: one page that says what to request, where and how."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from pcutils.errors import DataError

PENCIL_CODE_DATA = "pencil-code/anonymized_data"
REFUSALS = (401, 403, 404)

_TERMS = """
Under which terms. The data are traces of pupils, children among them. Whoever asks for access agrees
  - to use the data for non-commercial research only,
  - to protect the privacy of the students,
  - not to try to find out who anybody is.
  People of Pencil Code look at every request; that takes days, and they may decline.
  The data may not be passed on, and no page that is rendered from them may show a program or a name.
"""

_PAGE = """
What happened. {what}
  Nothing was written.

What to request. Access to the data set {repository}.
  1. Make an account on the hub, or sign in.
  2. Open {address}
  3. Agree to the conditions that stand there, say in a few sentences what research you plan, and send the
     request.
  4. Wait for the answer; the same page then shows the files.
{terms}
How to use the access once you have it.
  1. On the hub, under the settings of your account, make an access token that may read.
  2. Give it as token="..." where you load the data, or set the environment variable HF_TOKEN, or call
     `hf auth login` once. Never write a token into a notebook, a profile or a file of the repository.
  3. The whole data set is large; streaming=True reads it without keeping a copy, limit=1000 reads the first
     thousand rows of a split.

What works meanwhile.
  - load("simulated") gives made-up students, whose true habits are known.
  - `pcutils fetch rollouts` gets samples of the paper's models: for your own use, not to be passed on.
  - load("hub", path="FOLDER") reads a folder of Parquet or JSONL files with the columns username, title,
    programs, timestamps.
"""


def access_error(repository: str, what: str) -> DataError:
    """Say in a page what to do about a data set that does not open.

    Parameters
    ----------
    repository : str
        ``owner/name`` on the hub.
    what : str
        What happened, in a sentence.

    Returns
    -------
    pcutils.errors.DataError
        To be raised.
    """
    from huggingface_hub import constants

    address = f"{constants.ENDPOINT}/datasets/{repository}"
    terms = (
        _TERMS if repository == PENCIL_CODE_DATA else "\nUnder which terms. They stand on the same page.\n"
    )
    page = _PAGE.format(what=what, repository=repository, address=address, terms=terms)
    return DataError("no access", "a data set that opens", file=repository, hint="\n" + page)


@contextmanager
def explained(repository: str, *, has_token: bool) -> Iterator[None]:
    """Turn the hub's refusals into a page that says what to do.

    Parameters
    ----------
    repository : str
        ``owner/name`` on the hub.
    has_token : bool
        Whether a token was given or is kept on this computer.

    Raises
    ------
    pcutils.errors.DataError
        Where the hub refuses, knows no such data set, or cannot be reached.
    """
    from datasets.exceptions import DataFilesNotFoundError, DatasetNotFoundError
    from huggingface_hub.errors import HfHubHTTPError

    # Every error of the client's HTTP library, whichever that is: the client's own error derives from it.
    transport_error = cast(type[Exception], HfHubHTTPError.__mro__[1])
    try:
        yield
    except DatasetNotFoundError as error:
        raise access_error(repository, _refusal(str(error), has_token)) from error
    except DataFilesNotFoundError as error:
        raise DataError("no file of rows", "Parquet or JSON files", file=repository) from error
    except (transport_error, ConnectionError, TimeoutError, FileNotFoundError) as error:
        status = getattr(getattr(error, "response", None), "status_code", None)
        if status in REFUSALS:
            raise access_error(repository, _refusal("", has_token)) from error
        answer = f"answered {status}" if status else "could not be reached"
        what = f"The hub {answer}. Is this computer connected, and not told to stay offline?"
        raise access_error(repository, what) from error


def _refusal(said: str, has_token: bool) -> str:
    if not has_token:
        return "The hub does not open this data set to somebody without a token."
    if "authenticated" in said:
        return "The hub does not take the token: it may be mistyped, expired or withdrawn."
    if "gated" in said:
        return "The hub knows the token, but its owner has not been given access yet."
    return "The hub has no such data set, or does not show it to the owner of the token."
