"""When simulated students work: classes with a weekly hour, terms, and gaps between runs."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np

from pcutils.simulate.population import POPULATION
from pcutils.simulate.students import CLASS_SIZE, Student

YEARS = tuple(range(2015, 2025))
LESSON = timedelta(minutes=50)


def first_lesson(seed: int, student_number: int) -> datetime:
    """Give the first lesson of a student's class; one a week follows at the same hour."""
    rng = np.random.Generator(np.random.PCG64([seed, student_number // CLASS_SIZE, 2]))
    year = int(rng.choice(YEARS))
    month, day = ((1, 8), (9, 5))[int(rng.integers(2))]
    start = datetime(year, month, day)
    start += timedelta(days=(int(rng.integers(5)) - start.weekday()) % 7)
    return start + timedelta(hours=int(rng.integers(8, 15)), minutes=15 * int(rng.integers(4)))


class Clock:
    """The time of one student, which only goes forward."""

    def __init__(self, first_lesson: datetime, student: Student, rng: np.random.Generator) -> None:
        self.first_lesson, self.student, self.rng = first_lesson, student, rng
        self.now = first_lesson

    def start(self, week: int) -> None:
        """Begin an assignment in a week of the term; one in eight times at home some days later."""
        begin = self.first_lesson + timedelta(weeks=week - 1)
        if self.rng.random() < 0.125:
            days = int(self.rng.integers(1, 5))
            begin = begin.replace(hour=int(self.rng.integers(16, 21))) + timedelta(days=days)
        begin += timedelta(seconds=int(self.rng.lognormal(5.5, 0.6)))
        pause = timedelta(seconds=int(self.rng.lognormal(4.5, 0.6)))
        self.now = max(begin, self.now + pause)

    def times(self, states: int) -> list[datetime]:
        """Give the times of the runs of one program, at least a second apart.

        The gaps are log-normal around the student's median; what does not fit into a lesson goes on in the
        next one.
        """
        times = [self.now]
        begin = self.now
        mean = np.log(self.student.traits.gap_seconds)
        for gap in self.rng.lognormal(mean, POPULATION.gap_spread, size=states - 1):
            self.now += timedelta(seconds=max(1, round(float(gap))))
            if self.now - begin > LESSON:
                begin = begin + timedelta(weeks=1)
                self.now = begin
            times.append(self.now)
        return times
