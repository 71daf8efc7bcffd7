"""Patterns that come from repeating."""

from __future__ import annotations

TEXT = r"""
== flower, 5
-- unrolled, 0
## petals
dot $colour, $spot
fd $third
dot $colour2, $spot
bk $third
rt 90
fd $third
dot $colour2, $spot
bk $third
rt 90
fd $third
dot $colour2, $spot
bk $third
## middle
~dot $colour3, 10
-- loop, 1
## petals
pen $colour, $width
for 6 times
  rt 360, $third
  rt 60
## middle
~dot $colour2, $spot
-- variable, 2
@petals = $count
## petals
pen $colour, $width
for i in [1..@petals]
  fd $half
  ~dot $colour2, 15
  bk $half
  rt 360 / @petals
## middle
dot $colour2, $spot
-- function, 3
@petal = ->
  for 2 times
    rt 90, $half
    rt 90
## petals
pen $colour, $width
for 4 times
  @petal()
  rt 90
## middle
~dot $colour2, 15
== spiral, 6
-- unrolled, 0
pen $colour, $width
fd 20
rt 90
fd 30
rt 90
fd 40
rt 90
~pen $colour2, $width
fd 50
rt 90
fd 60
rt 90
fd 70
-- loop, 1
pen $colour, $width
for i in [1..20]
  fd i * 5
  rt 90
-- variable, 2
@length = 5
pen $colour, $width
for 20 times
  fd @length
  rt $turn
  @length = @length + 5
-- function, 3
@spiral = (@angle) ->
  for i in [1..20]
    fd i * 4
    rt @angle
pen $colour, $width
@spiral $turn
~pen $colour2, $width
@spiral 91
== rainbow, 6
-- unrolled, 0
pen red, 10
rt 180, 100
jumpto 10, 0
turnto 0
pen orange, 10
rt 180, 90
jumpto 20, 0
turnto 0
pen yellow, 10
rt 180, 80
~jumpto 30, 0
~turnto 0
~pen green, 10
~rt 180, 70
-- loop, 1
for i in [1..5]
  pen random color
  jumpto i * 10, 0
  turnto 0
  rt 180, 100 - i * 10
-- list, 2
@colours = [red, orange, yellow, green, blue]
@radius = 100
for c in @colours
  pen c, 10
  jumpto -@radius, 0
  turnto 0
  rt 180, @radius
  @radius = @radius - 10
-- function, 3
@arc = (@colour, @radius) ->
  jumpto -@radius, 0
  turnto 0
  pen @colour, 10
  rt 180, @radius
@arc red, 100
@arc orange, 90
@arc yellow, 80
~@arc green, 70
~@arc blue, 60
== starburst, 7
-- unrolled, 0
pen $colour, $width
fd $size
bk $size
rt 60
fd $size
bk $size
rt 60
~pen $colour2, $width
fd $size
bk $size
rt 60
fd $size
bk $size
-- loop, 1
pen $colour, $width
for 12 times
  fd $size
  ~dot $colour2, 10
  bk $size
  rt 30
-- variables, 2
@rays = $count2
@length = $size
pen $colour, $width
for i in [1..@rays]
  fd @length
  bk @length
  rt 360 / @rays
~dot $colour2, $spot
-- function, 3
@ray = ->
  fd $size
  dot $colour2, 8
  bk $size
pen $colour, $width
for $count2 times
  @ray()
  rt 20
== stairs, 5
-- unrolled, 0
pen $colour, $width
fd $third
rt 90
fd $third
lt 90
~pen $colour2, $width
fd $third
rt 90
fd $third
lt 90
fd $third
rt 90
fd $third
-- loop, 1
pen $colour, $width
for $count times
  fd 20
  rt 90
  fd 20
  lt 90
~dot $colour2, $spot
-- variable, 2
@step = $third
pen $colour, $width
for $count times
  fd @step
  rt 90
  fd @step
  lt 90
-- function, 3
@stair = ->
  fd $third
  rt 90
  fd $third
  lt 90
pen $colour, $width
for $count times
  @stair()
~pen $colour2, $width
@stair()
== dotrow, 2
-- unrolled, 0
rt 90
dot $colour, $spot
fd $third
dot $colour2, $spot
fd $third
dot $colour, $spot
fd $third
dot $colour2, $spot
~fd $third
~dot $colour3, $spot
-- loop, 1
rt 90
for $count times
  dot $colour, $spot
  fd $third
  ~dot $colour2, $spot
  ~fd $third
-- growing, 2
rt 90
@size = 5
for $count times
  dot $colour, @size
  fd 25
  @size = @size + 5
-- function, 3
@row = (@colour) ->
  for $count times
    dot @colour, $spot
    fd $third
rt 90
@row $colour
jumpto 0, -30
@row $colour2
~jumpto 0, -60
~@row $colour3
== grid, 8
-- rows, 1
rt 90
for $count times
  dot $colour, 10
  fd 20
jumpto 0, 20
for $count times
  dot $colour2, 10
  fd 20
~jumpto 0, 40
~for $count times
~  dot $colour3, 10
~  fd 20
-- nested, 2
for x in [0..4]
  for y in [0..4]
    jumpto x * $third, y * $third
    dot $colour, 10
-- checkers, 2
for x in [0..5]
  for y in [0..5]
    jumpto x * 20, y * 20
    if (x + y) % 2 is 0
      box $colour, 20
    else
      box $colour2, 20
-- function, 3
@cell = (@x, @y) ->
  jumpto @x * 25, @y * 25
  box $colour, 20
  ~dot $colour2, 10
for i in [0..3]
  for j in [0..3]
    @cell i, j
"""
