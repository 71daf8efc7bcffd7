"""The numbers behind the simulated population, all in one place.

Chapter 1 divides what comes out by the same property of the public rollouts. "Rollouts: ..." means that a
number was set so that this ratio comes near one for the property named; the others are our choice.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Population:
    """What simulated students are like on average, and how far they differ."""

    # A run with new lines holds a mistake with probability least + more * (1 - skill) ** power. Rollouts:
    # states that fail. The power keeps weak students well apart from strong ones.
    mistakes_least: float = 0.01
    mistakes_more: float = 0.27
    mistakes_power: float = 2.5
    # A part of a program gets a comment with probability most * commenting ** power, less by `again` where it
    # repeats another part. Rollouts: last states with a comment.
    comment_most: float = 0.4
    comment_power: float = 3.0
    comment_again: float = 0.3
    # Median gap of the slowest and of the fastest student (rollouts: median time between states), and
    # standard deviation of the logarithm of one student's gaps.
    gap_slowest_seconds: float = 60.0
    gap_fastest_seconds: float = 5.5
    gap_spread: float = 0.7
    # Number of favourite colours and probability that the next part has another colour: least + more *
    # colourfulness. Rollouts: colours of the last state.
    colours_least: int = 2
    colours_more: int = 5
    change_least: float = 0.15
    change_more: float = 1.1
    # How often a drawing or a text goes on with one more part: median over students (rollouts: characters of
    # the last state), standard deviations of its logarithm between students and between programs of one
    # (rollouts: the tail of the lines of the last state). No further part once a program is as long as
    # `longest_characters` (what fits into the window of the paper's models).
    repeats_median: float = 1.05
    repeats_spread_students: float = 0.5
    repeats_spread_programs: float = 1.5
    longest_characters: int = 1200
    # The first run has the whole program, such as one opened again or copied from the board, with probability
    # least + more * step size. The probability of anything else shrinks by `step_by_step` for every repeated
    # part, down to `step_by_step_least`. Rollouts: number of states, few lines added.
    at_once_least: float = 0.36
    at_once_more: float = 0.15
    step_by_step: float = 0.45
    step_by_step_least: float = 0.23
    # Probability that a repeated part comes in one piece; mean lines between two runs at full step size
    # (rollouts: many lines added) and standard deviation of their logarithm.
    paste: float = 0.05
    step_largest_lines: float = 5.0
    step_spread: float = 0.2
    # Probability to try another value after new lines, and once the program is done: least + more *
    # tinkering (rollouts: lines changed). Then probability to try a third value, and to go back (rollouts:
    # backtracking).
    tinker_least: float = 0.03
    tinker_more: float = 0.48
    play_least: float = 0.05
    play_more: float = 0.45
    try_again: float = 0.15
    take_back: float = 0.2
    # Probability to delete lines before new ones, least + more * tinkering, and of a false start at full
    # tinkering. Rollouts: lines deleted.
    delete_least: float = 0.005
    delete_more: float = 0.055
    start_anew: float = 0.12
    # An attempt to repair succeeds with probability least + more * skill. Probability to stop after a run,
    # and after a failed repair, without any persistence.
    repair_least: float = 0.2
    repair_more: float = 0.75
    give_up: float = 0.03
    give_up_repair: float = 0.35
    # After so many characters in all states a student only finishes (rollouts: what fits into the window);
    # nobody runs more often than `most_states`.
    patience_characters: int = 1600
    most_states: int = 45


POPULATION = Population()
