"""Error episodes: from the first state that fails to the next one that runs."""

from __future__ import annotations

import pandas as pd

from pcutils.metrics import error_episodes

#: How an episode ends, as statsmodels' `CumIncidenceRight` wants it: competing risks, and 0 for not known.
CENSORED, RECOVERED, GIVEN_UP = 0, 1, 2


def episode_table(measures: pd.DataFrame) -> pd.DataFrame:
    """List the error episodes of traces, from measures with `username`, `is_complete` and `outcomes`.

    Returns
    -------
    pandas.DataFrame
        One row an episode: `username`; `kind` (outcome of its first state); `attempts` until a program runs
        again or the trace ends; `ending` (`RECOVERED`, `GIVEN_UP` where the trace ends failing, `CENSORED`
        where its record was cut before that); `recovered` and, missing where censored, `given_up`.
    """
    columns = ["username", "kind", "attempts", "ending"]
    rows = [
        (username, episode.kinds[0], episode.attempts, _ending(episode.recovered, is_complete))
        for username, is_complete, outcomes in zip(
            measures["username"], measures["is_complete"], measures["outcomes"], strict=True
        )
        for episode in error_episodes(list(outcomes))
    ]
    table = pd.DataFrame(rows, columns=columns)
    given_up = (table["ending"] == GIVEN_UP).astype(float).where(table["ending"] != CENSORED)
    return table.assign(recovered=table["ending"] == RECOVERED, given_up=given_up)


def _ending(recovered: bool, is_complete: bool) -> int:
    return RECOVERED if recovered else GIVEN_UP if is_complete else CENSORED
