"""Pictures of things that people build."""

from __future__ import annotations

TEXT = r"""
== house, 4
-- unrolled, 0
## walls
pen $colour, $width
fd $size
rt 90
fd $size
rt 90
fd $size
rt 90
fd $size
rt 90
## roof
~pen $colour2, $width
fd $size
rt 30
fd $size
rt 120
fd $size
-- loop, 1
## walls
pen $colour, $width
for 4 times
  fd $size
  rt 90
fd $size
## roof
~pen $colour2, $width
rt 30
for 3 times
  fd $size
  rt 120
-- variable, 2
@side = $size
## walls
pen $colour, $width
for 4 times
  fd @side
  rt 90
fd @side
rt 30
## roof
~pen $colour2, $width
for 3 times
  fd @side
  rt 120
## door
jumpto @side / 2, 0
~pen $colour3, $width
fd @side / 3
-- function, 3
## shapes
@shape = (@sides, @length) ->
  for i in [1..@sides]
    fd @length
    rt 360 / @sides
## walls
pen $colour, $width
@shape 4, $size
fd $size
rt 30
## roof
~pen $colour2, $width
@shape 3, $size
== snowman, 3
-- dots, 0
## body
dot white, $size
~dot $colour2, $half
fd $half
dot white, $half
## head
fd $third
dot white, $third
## eyes
jump -5, 5
dot black, 4
jump 10, 0
dot black, 4
-- circles, 0
## body
pen $colour, $width
rt 360, 40
$up
fd 5
$down
## head
~pen $colour2, $width
lt 180
rt 360, 20
## hat
~pen $colour3, $width
fd 20
-- loop, 1
## body
for i in [3..1]
  dot $colour, i * 30
  fd i * 20
## nose
~dot orange, 8
-- function, 3
@ball = (@size) ->
  dot $colour, @size
  fd @size * 0.6
## body
@ball $size
@ball $half
## head
@ball $third
~dot $colour2, 8
== flag, 4
-- stripes, 0
## pole
pen brown, $width
fd $size
## stripes
rt 90
pen $colour, 10
fd $size
jump 0, -10
pen $colour2, 10
bk $size
~jump 0, -10
~pen $colour3, 10
~fd $size
-- boxes, 0
box $colour, 40
rt 90
fd 40
box $colour2, 40
fd 40
~box $colour3, 40
~fd 40
box $colour, 40
-- loop, 1
## stripes
rt 90
for 3 times
  pen $colour, 10
  fd $size
  bk $size
  jump 0, -10
  pen $colour2, 10
  fd $size
  bk $size
  jump 0, -10
-- list, 2
@colours = [$colour, $colour2, $colour3]
rt 90
for c in @colours
  pen c, 15
  fd $size
  bk $size
  jump 0, -15
-- function, 3
@stripe = (@colour) ->
  pen @colour, 15
  fd $size
  $up
  bk $size
  rt 90
  fd 15
  lt 90
  $down
rt 90
@stripe $colour
@stripe $colour2
~@stripe $colour3
== lighthouse, 6
-- unrolled, 0
## tower
pen $colour, 20
fd $half
pen $colour2, 20
fd $third
pen $colour, 20
fd $third
## light
dot yellow, $spot
~dot orange, 10
## sea
~jumpto -100, -10
~rt 90
~pen blue, 10
~fd 200
-- loop, 1
## tower
for 3 times
  pen $colour, 20
  fd 20
  pen $colour2, 20
  fd 20
## light
dot yellow, $spot
## rays
pen gold, 2
for 6 times
  fd $half
  bk $half
  rt 60
-- variables, 2
@height = $third
## tower
for i in [1..4]
  pen $colour, 20
  fd @height / 2
  pen $colour2, 20
  fd @height / 2
## light
dot yellow, @height
~dot orange, 10
-- function, 3
@part = (@colour) ->
  pen @colour, 20
  fd $third
## tower
@part $colour
@part $colour2
@part $colour
~@part $colour3
## light
dot yellow, $spot
"""
