"""Programs that let chance decide."""

from __future__ import annotations

TEXT = r"""
== confetti, 7
-- loop, 1
for $count2 times
  moveto random position
  dot random color, $spot
-- jumps, 1
$up
for 30 times
  rt random 360
  fd random $size
  dot random color
  ~box random color, 10
-- list, 2
@colours = [$colour, $colour2, $colour3]
for 40 times
  jumpto random position
  dot random(@colours), $spot
-- forever, 2
forever 10, ->
  jumpto random position
  dot random color, $spot
-- function, 3
@paper = ->
  jumpto random position
  dot random color, $spot
for $count2 times
  @paper()
== walk, 8
-- loop, 1
pen $colour, $width
for $count2 times
  fd $third
  rt random 360
-- colours, 1
for 20 times
  pen random color, $width
  fd $half
  rt random [90, -90]
-- variable, 2
@turn = $turn
pen $colour, $width
for $count2 times
  fd random $size
  rt random @turn
~dot $colour2, $spot
-- function, 3
@step = ->
  pen random color, $width
  fd $third
  rt random 360
for $count2 times
  @step()
== dice, 8
-- simple, 0
write "Roll the dice!"
write random [1..6]
write random [1..6]
-- variable, 2
@dice = random [1..6]
write "You rolled " + @dice
if @dice is 6
  write "Lucky $animal!"
-- sum, 2
@first = random [1..6]
@second = random [1..6]
write @first
write @second
write "Sum: " + (@first + @second)
if @first is @second
  write "A double!"
-- button, 2
write "Press to roll"
button "roll", ->
  write random [1..6]
  ~dot random color, $spot
-- function, 3
@roll = -> random [1..6]
for $count times
  write @roll()
++
@next = random [1..6]
write "Next you rolled " + @next
if @next > 3
  write "Roll again!"
++
~dot random color, $spot
for $count times
  write random [1..6]
write "The $animal rolled too"
== race, 10
-- loop, 1
## turtles
a = new Turtle $colour
b = new Turtle $colour2
## race
for $count2 times
  a.fd random 10
  b.fd random 10
~write "The race is over"
-- pens, 1
a = new Turtle $colour
b = new Turtle $colour2
a.pen $colour, $width
b.pen $colour2, $width
b.jump 50, 0
for $count2 times
  a.fd random 20
  b.fd random 20
-- variables, 2
@far = 0
@near = 0
for $count2 times
  @far = @far + random 10
  @near = @near + random 10
if @far > @near
  write "The $colour turtle wins"
else
  write "The $colour2 turtle wins"
-- function, 3
@run = (@racer) ->
  @racer.fd random 30
a = new Turtle $colour
b = new Turtle $colour2
for $count times
  @run a
  @run b
~write "What a race!"
++
c = new Turtle $colour3
c.jump -50, 0
for $count times
  c.fd random 10
++
## next race
write "One more race"
@steps = 0
for $count2 times
  @steps = @steps + random 10
~pen $colour3, $width
fd @steps
write "The $animal went " + @steps
"""
