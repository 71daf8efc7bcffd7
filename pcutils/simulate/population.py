"""The numbers behind the made-up population, all in one place, set with public aggregates in view."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Population:
    """What made-up students are like on average, and how far they differ.

    Chapter 1 divides what comes out by the same property of the public rollouts; "rollouts" below means that
    a number was set so that this ratio comes near one, for the property that is named. The rest is ours.

    Parameters
    ----------
    mistakes_least, mistakes_more, mistakes_power : float
        A run with new lines holds a mistake with probability ``least + more * (1 - skill) ** power``.
        Rollouts: states that fail. The power keeps weak students well apart from strong ones.
    comment_most, comment_power : float
        A part of a program gets a comment with probability ``most * commenting ** power``. Rollouts: last
        states with a comment. The power keeps the few who comment often well apart from the many who do not.
    comment_again : float
        So much less where a part repeats another; ours.
    gap_slowest_seconds, gap_fastest_seconds : float
        Median gap of the slowest and of the fastest student. Rollouts: median time between states.
    gap_spread : float
        Standard deviation of the logarithm of one student's gaps; ours.
    colours_least, colours_more : int
        Number of favourite colours, from no to full colourfulness. Rollouts: colours of the last state.
    change_least, change_more : float
        Probability that the next part has another colour, from no to full colourfulness. Rollouts: the same.
    repeats_median : float
        How often a drawing or a text goes on with one more part, for the student in the middle. Rollouts:
        characters of the last state.
    repeats_spread_students, repeats_spread_programs : float
        Standard deviations of the logarithm of that number, between students and between programs of one.
        Rollouts: the long tail of the lines of the last state.
    longest_characters : int
        No further part once a program is as long. Rollouts: what fits into the window of their models.
    at_once_least, at_once_more : float
        Probability that the first run has the whole program, such as one opened again or copied from the
        board, from the smallest to the largest step size. Rollouts: number of states, and few lines added.
    step_by_step, step_by_step_least : float
        The probability of anything else shrinks by the first for every repeated part, down to the second.
        Rollouts: long programs have few states.
    paste : float
        Probability that a repeated part comes in one piece. Rollouts: many lines added.
    step_largest_lines : float
        Mean lines between two runs at full step size. Rollouts: many lines added.
    step_spread : float
        Standard deviation of the logarithm of the lines between two runs; ours.
    tinker_least, tinker_more : float
        Probability to try another value after new lines, from no to full tinkering. Rollouts: lines changed.
    play_least, play_more : float
        The same once the program is done. Rollouts: lines changed.
    try_again, take_back : float
        Probability to try a third value, and to go back to the first. Rollouts: backtracking.
    delete_least, delete_more : float
        Probability to take lines away before new ones, from no to full tinkering. Rollouts: lines deleted.
    start_anew : float
        Probability of a false start at full tinkering. Rollouts: many lines deleted.
    repair_least, repair_more : float
        Probability that an attempt to repair succeeds, from no to full skill; ours.
    give_up, give_up_repair : float
        Probability to stop after a run, and after a failed repair, without any persistence; ours.
    patience_characters : int
        After so many characters in all states, a student only finishes: the lesson is over. Rollouts: what
        fits into the window of their models.
    most_states : int
        Nobody runs more often; ours.
    """

    mistakes_least: float = 0.01
    mistakes_more: float = 0.27
    mistakes_power: float = 2.5
    comment_most: float = 0.4
    comment_power: float = 3.0
    comment_again: float = 0.3
    gap_slowest_seconds: float = 60.0
    gap_fastest_seconds: float = 5.5
    gap_spread: float = 0.7
    colours_least: int = 2
    colours_more: int = 5
    change_least: float = 0.15
    change_more: float = 1.1
    repeats_median: float = 1.05
    repeats_spread_students: float = 0.5
    repeats_spread_programs: float = 1.5
    longest_characters: int = 1200
    at_once_least: float = 0.36
    at_once_more: float = 0.15
    step_by_step: float = 0.45
    step_by_step_least: float = 0.23
    paste: float = 0.05
    step_largest_lines: float = 5.0
    step_spread: float = 0.2
    tinker_least: float = 0.03
    tinker_more: float = 0.48
    play_least: float = 0.05
    play_more: float = 0.45
    try_again: float = 0.15
    take_back: float = 0.2
    delete_least: float = 0.005
    delete_more: float = 0.055
    start_anew: float = 0.12
    repair_least: float = 0.2
    repair_more: float = 0.75
    give_up: float = 0.03
    give_up_repair: float = 0.35
    patience_characters: int = 1600
    most_states: int = 45


POPULATION = Population()
"""The made-up population that the book speaks of."""
