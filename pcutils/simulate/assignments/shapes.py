"""First drawings: closed shapes that turn and go."""

from __future__ import annotations

TEXT = r"""
== square, 1
-- unrolled, 0
pen $colour, $width
fd $size
rt 90
fd $size
rt 90
~pen $colour2, $width
fd $size
rt 90
fd $size
rt 90
-- loop, 1
pen $colour, $width
for 4 times
  fd $size
  rt 90
~dot $colour2, $spot
-- variable, 2
@side = $size
pen $colour, $width
for 4 times
  fd @side
  rt 90
~fill $colour2
-- function, 3
@square = (@side) ->
  for 4 times
    fd @side
    rt 90
pen $colour, $width
@square $size
~pen $colour2, $width
@square $half
-- twice, 3
@square = ->
  for 4 times
    fd $size
    rt 90
pen $colour, $width
@square()
rt 180
~pen $colour2, $width
@square()
== triangle, 1
-- unrolled, 0
pen $colour, $width
rt 30
fd $size
rt 120
~pen $colour2, $width
fd $size
rt 120
~pen $colour3, $width
fd $size
rt 120
-- loop, 1
pen $colour, $width
rt 30
for 3 times
  fd $size
  rt 120
~fill $colour2
-- variable, 2
@side = $size
@turn = 120
pen $colour, $width
for 3 times
  fd @side
  rt @turn
~dot $colour2, $spot
-- function, 3
@triangle = ->
  for 3 times
    fd $size
    rt 120
pen $colour, $width
@triangle()
rt 180
~pen $colour2, $width
@triangle()
== star, 2
-- unrolled, 0
pen $colour, $width
fd $size
rt 144
fd $size
rt 144
~pen $colour2, $width
fd $size
rt 144
fd $size
rt 144
fd $size
rt 144
-- loop, 1
pen $colour, $width
for 5 times
  fd $size
  rt 144
~fill $colour2
-- outline, 2
@side = $half
pen $colour, $width
for 5 times
  fd @side
  rt 144
  fd @side
  lt 72
~fill $colour2
-- function, 3
@star = ->
  for 5 times
    fd $size
    rt 144
pen $colour, $width
@star()
$up
bk $size
$down
~pen $colour2, $width
@star()
== polygon, 3
-- unrolled, 0
pen $colour, $width
fd $half
rt 60
fd $half
rt 60
fd $half
rt 60
~pen $colour2, $width
fd $half
rt 60
fd $half
rt 60
fd $half
rt 60
-- loop, 1
pen $colour, $width
for $sides times
  fd $half
  rt $turn
~fill $colour2
-- variables, 2
@sides = $sides
@length = $half
pen $colour, $width
for i in [1..@sides]
  fd @length
  rt 360 / @sides
-- function, 3
@polygon = (@sides, @length) ->
  for i in [1..@sides]
    fd @length
    rt 360 / @sides
pen $colour, $width
@polygon 3, $half
~pen $colour2, $width
@polygon $sides, $half
~pen $colour3, $width
@polygon 6, $third
== bullseye, 2
-- dots, 0
dot $colour, 160
dot $colour2, 120
dot $colour, 80
~dot $colour3, 50
dot $colour2, 25
-- loop, 1
for i in [4..1]
  dot $colour, i * 40
  dot $colour2, i * 40 - 20
~dot $colour3, 15
-- list, 2
@rings = [160, 120, 80, 40]
for r in @rings
  dot $colour, r
  dot $colour2, r - 20
~dot $colour3, 15
-- function, 3
@ring = (@colour, @width) ->
  dot @colour, @width
@ring $colour, 160
@ring $colour2, 110
@ring $colour, 60
~@ring $colour3, 20
== rectangle, 1
-- unrolled, 0
pen $colour, $width
fd $size
rt 90
fd $half
rt 90
~pen $colour2, $width
fd $size
rt 90
fd $half
rt 90
-- loop, 1
pen $colour, $width
for 2 times
  fd $size
  rt 90
  fd $half
  rt 90
~fill $colour2
-- variables, 2
@height = $size
@width = $half
pen $colour, $width
for 2 times
  fd @height
  rt 90
  fd @width
  rt 90
-- function, 3
@rectangle = ->
  for 2 times
    fd $size
    rt 90
    fd $half
    rt 90
pen $colour, $width
@rectangle()
rt 90
~pen $colour2, $width
@rectangle()
"""
