"""Simulated students with known traits, who write programs state by state."""

from __future__ import annotations

from pcutils.simulate.assignment import Assignment, Style, assignments
from pcutils.simulate.generate import simulate, simulate_students, traits_row
from pcutils.simulate.render import render
from pcutils.simulate.students import TRAITS, Habits, Student, Traits, draw_student, student_generator

__all__ = [
    "TRAITS",
    "Assignment",
    "Habits",
    "Student",
    "Style",
    "Traits",
    "assignments",
    "draw_student",
    "render",
    "simulate",
    "simulate_students",
    "student_generator",
    "traits_row",
]
