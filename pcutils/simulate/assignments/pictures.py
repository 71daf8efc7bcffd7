"""Pictures made of several parts."""

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
== boat, 5
-- unrolled, 0
## hull
pen $colour, $width
rt 90
fd $size
lt 120
bk 20
~pen $colour2, $width
## mast
jumpto $half, 0
turnto 0
fd $size
## sail
rt 150
fd $half
-- fills, 1
## hull
pen $colour, $width
rt 90
fd $size
rt 120
fd 30
rt 60
fd $half
fill $colour
## sail
jumpto $half, 10
turnto 0
pen $colour2, $width
for 3 times
  fd $half
  rt 120
~fill $colour2
-- function, 3
@line = (@x, @angle, @length) ->
  jumpto @x, 0
  turnto @angle
  fd @length
## hull
pen $colour, 10
@line 0, 90, $size
## mast
~pen $colour2, 5
@line $half, 0, $size
## sail
~pen $colour3, $width
@line $half, 30, $half
== fish, 5
-- dots, 0
## body
dot $colour, $size
rt 90
fd $third
dot $colour, $half
## eye
dot black, 8
## tail
bk $size
~dot $colour2, $third
-- arcs, 0
## body
pen $colour, $width
rt 90, $size
rt 90
rt 90, $size
## tail
~pen $colour2, $width
lt 45
fd $third
rt 135
fd $third
-- loop, 1
## body
pen $colour, $width
for 2 times
  rt 90, $size
  rt 90
~fill $colour2
## bubbles
for i in [1..3]
  jump 20, 20
  dot blue, i * 5
-- function, 3
@fish = (@colour) ->
  dot @colour, 30
  bk 20
  dot @colour, 15
rt 90
@fish $colour
jumpto $size, $half
@fish $colour2
~jumpto 0, $size
~@fish $colour3
== smiley, 3
-- dots, 0
## face
dot $colour, $size
## eyes
jumpto -15, 15
dot black, 10
jumpto 15, 15
dot black, 10
## mouth
jumpto -15, -10
pen $colour2, $width
rt 180
lt 180, 15
-- loop, 1
## face
dot $colour, $size
## eyes
for x in [-15, 15]
  jumpto x, 15
  dot black, 10
  ~dot $colour2, 5
## mouth
jumpto 0, -15
dot red, 12
-- function, 3
@eye = (@x) ->
  jumpto @x, 15
  dot white, 15
  dot $colour2, 8
## face
dot $colour, $size
## eyes
@eye -15
@eye 15
## mouth
jumpto 0, -15
~dot $colour3, 12
== tree, 4
-- unrolled, 0
## trunk
pen brown, 15
fd $half
## leaves
dot green, $size
fd 20
~dot lime, $half
## apples
dot $colour, 10
jump 20, -10
dot $colour, 10
-- loop, 1
## trunk
pen brown, 10
fd $half
## leaves
for $count times
  pen green, 5
  fd $third
  bk $third
  rt 36
~dot $colour, 12
-- list, 2
@layers = [60, 45, 30]
## trunk
pen brown, 15
fd 30
## leaves
for w in @layers
  dot green, w
  fd 20
~dot $colour, 12
-- function, 3
@branch = (@length) ->
  pen brown, 4
  fd @length
  dot green, 15
  ~dot $colour, 6
  bk @length
rt 320
for 5 times
  @branch $half
  rt 20
"""
