"""How much one program may use."""

from __future__ import annotations

from dataclasses import dataclass

MEBIBYTE = 1 << 20


@dataclass(frozen=True)
class Limits:
    """Walls around one program.

    Attributes
    ----------
    seconds : float
        Processor time of the program, apart from the compiler's.
    compile_seconds : float
        Processor time of the compiler.
    memory_mb : int
        What the program may use at its peak, in MiB; twice as much is refused at once.
    stack_kb : int
        Depth of its stack, in KiB; the default holds as many calls as a browser's.
    output_characters : int
        What it may write.
    commands : int
        Turtle motions and drawing commands it may give.
    tasks : int
        Timers and animation steps that are run after its main part.
    timer_seconds : float
        Virtual time for which timers go on after the main part has ended.
    virtual_seconds : float
        Virtual time after which everything ends.
    watched_seconds : float
        Virtual time in which an error counts, as long as the paper's harness looks at a page; the drawing
        goes on.
    """

    seconds: float = 3.0
    compile_seconds: float = 3.0
    memory_mb: int = 88
    stack_kb: int = 23_000
    output_characters: int = 200_000
    commands: int = 200_000
    tasks: int = 20_000
    timer_seconds: float = 5.0
    virtual_seconds: float = 600.0
    watched_seconds: float = 5.0

    @property
    def wall_seconds(self) -> float:
        """Real time after which a silent process is killed; a busy machine may need a multiple."""
        return 4.0 * (self.seconds + self.compile_seconds) + 10.0
