"""Pictures of boats, animals, faces and trees."""

from __future__ import annotations

TEXT = r"""
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
@branch = ->
  pen brown, 4
  fd $half
  dot green, 15
  ~dot $colour, 6
  bk $half
rt 320
for 5 times
  @branch()
  rt 20
"""
