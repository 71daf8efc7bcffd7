"""Drawings that want functions of their own."""

from __future__ import annotations

TEXT = r"""
== nightsky, 8
-- unrolled, 0
## stars
jumpto -80, 60
dot $colour, 10
jumpto 20, 90
dot $colour, 10
jumpto 90, 40
dot $colour, 10
## moon
jumpto 50, 120
dot yellow, $spot
~dot $colour2, 15
-- loop, 1
## stars
for $count2 times
  moveto random position
  dot $colour, 5
## moon
jumpto 50, 100
dot yellow, $spot
~dot $colour2, 15
-- variables, 2
@stars = $count2
@bright = 8
## stars
for i in [1..@stars]
  jumpto random position
  dot $colour, @bright
## moon
~jumpto 50, 100
~dot $colour2, $half
-- function, 3
@star = ->
  jumpto random position
  dot $colour, 10
## stars
for $count2 times
  @star()
## moon
home()
~dot $colour2, $spot
== village, 9
-- boxes, 0
## houses
box $colour, 40
jump 60, 0
box $colour2, 40
jump 60, 0
box $colour, 40
## sun
~jumpto 0, 100
~dot gold, $spot
-- loop, 1
## houses
for $count times
  box $colour, 30
  fd 20
  dot $colour2, 20
  bk 20
  jump 40, 0
-- function, 3
@house = (@colour) ->
  box @colour, 40
  fd 30
  dot $colour2, 30
  bk 30
  jump 60, 0
## houses
@house $colour
@house $colour2
~@house $colour3
-- parts, 3
@wall = (@colour) -> box @colour, 40
@roof = (@colour) ->
  fd 25
  dot @colour, 30
  bk 25
## houses
for $count times
  @wall $colour
  @roof $colour2
  jump 50, 0
== garden, 9
-- unrolled, 0
pen green, $width
fd $half
dot $colour, $spot
jumpto 50, 0
fd $half
dot $colour2, $spot
jumpto 100, 0
fd $half
~dot $colour3, $spot
-- loop, 1
for x in [0..$count]
  jumpto x * 30, 0
  pen green, $width
  fd $half
  dot $colour, $spot
  ~dot $colour2, 10
-- function, 3
@flower = (@x, @colour) ->
  jumpto @x, 0
  pen green, $width
  fd $half
  dot @colour, $spot
@flower 0, $colour
@flower 50, $colour2
~@flower 100, $colour3
-- parts, 3
@stem = (@size) ->
  pen green, $width
  fd @size
@bloom = (@colour) ->
  dot @colour, $spot
  ~dot $colour2, 10
for i in [1..4]
  jumpto i * 40, 0
  @stem $half
  @bloom $colour
== necklace, 7
-- unrolled, 0
pen $colour, $width
rt 30, 100
dot $colour, $spot
rt 30, 100
dot $colour2, $spot
rt 30, 100
dot $colour, $spot
rt 30, 100
~dot $colour3, $spot
-- loop, 1
pen $colour, $width
for $count times
  rt 30, 100
  dot $colour2, $spot
-- list, 2
@beads = [$colour, $colour2, $colour3]
pen $colour, $width
for b in @beads
  rt 40, 100
  dot b, $spot
-- function, 3
@bead = ->
  rt 20, 100
  dot $colour, $spot
  ~dot $colour2, 10
for $count2 times
  @bead()
"""
