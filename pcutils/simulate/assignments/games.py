"""Small games that ask and answer."""

from __future__ import annotations

TEXT = r"""
== guess, 11
-- once, 2
@secret = random [1..10]
write "Guess a number from 1 to 10"
await readnum defer @guess
if @guess is @secret
  write "You got it!"
else
  write "No, it was " + @secret
-- hints, 2
@secret = random [1..20]
write "I think of a number"
for $count times
  await readnum "Your guess?", defer @guess
  if @guess < @secret
    write "Too low"
  if @guess > @secret
    write "Too high"
  if @guess is @secret
    write "Right!"
-- loop, 2
@secret = random [1..10]
@guess = 0
while @guess isnt @secret
  await readnum "Guess!", defer @guess
  if @guess isnt @secret
    write "Try again"
write "The $animal is happy"
-- function, 3
@answer = (@guess, @secret) ->
  if @guess is @secret
    write "Yes!"
  else
    write "No!"
@hidden = random [1..5]
await readnum "Guess from 1 to 5", defer n
@answer n, @hidden
++
@number = random [1..10]
await readnum "One more number?", defer k
if k is @number
  write "Right!"
  ~dot $colour, $spot
else
  write "It was " + @number
++
write "The $animal picks from 1 to 3"
@pick = random [1..3]
await readnum "Your guess?", defer k
if k < @pick
  write "Too low"
if k > @pick
  write "Too high"
if k is @pick
  write "Lucky $animal!"
  ~dot $colour2, $spot
== countdown, 9
-- unrolled, 0
write "3"
write "2"
write "1"
~dot $colour, $spot
write "Lift off!"
pen $colour, $width
fd $size
-- loop, 1
for i in [$count..1]
  write i
write "Lift off!"
~pen $colour, $width
fd $size
-- variable, 2
@count = $count
while @count > 0
  write @count
  @count = @count - 1
write "Go $animal!"
-- tick, 2
@seconds = $count
tick 1, ->
  write @seconds
  @seconds = @seconds - 1
  if @seconds is 0
    write "Lift off!"
    tick null
-- function, 3
@count = (@start) ->
  for i in [@start..1]
    write i
  write "Go!"
@count $count
~fd $size
++
~pen $colour2, $width
jumpto 0, 0
for i in [3..1]
  label i
  fd $third
label "Go!"
++
write "Next the $animal"
for i in [$count2..$count]
  write i
~dot $colour2, $spot
write "Go $animal!"
== rockpaper, 12
-- simple, 2
@choices = ["rock", "paper", "scissors"]
@computer = random @choices
write "rock, paper or scissors?"
await read defer @player
write "I took " + @computer
if @player is @computer
  write "A tie!"
-- wins, 2
@computer = random ["rock", "paper", "scissors"]
await read "Your choice?", defer @player
write "I have " + @computer
if @player is @computer
  write "Tie"
else if @player is "rock" and @computer is "scissors"
  write "You win"
else if @player is "paper" and @computer is "rock"
  write "You win"
else
  write "I win"
-- buttons, 2
@choose = (@player) ->
  @computer = random ["rock", "paper", "scissors"]
  write @player + " and " + @computer
button "rock", -> @choose "rock"
button "paper", -> @choose "paper"
button "scissors", -> @choose "scissors"
-- list, 3
@beats = {rock: "scissors", paper: "rock", scissors: "paper"}
@pick = -> random ["rock", "paper", "scissors"]
@computer = @pick()
await read "Your choice?", defer @player
write "I took " + @computer
if @beats[@player] is @computer
  write "You win"
else
  write "I win"
++
write "One more round"
await read "Your choice?", defer k
@last = random ["rock", "paper", "scissors"]
write "I have " + @last
if k is @last
  write "A tie!"
else
  write "No tie"
++
await read "Again?", defer k
if k is "yes"
  ~dot $colour, $spot
  write "The $animal took " + random ["rock", "paper", "scissors"]
else
  write "The end"
== quiz, 10
-- once, 1
write "A quiz about turtles"
await read "What colour is grass?", defer @answer
if @answer is "green"
  write "Right!"
else
  write "No, it is green"
-- points, 2
@points = 0
await readnum "What is 2 + 3?", defer a
if a is 5
  @points = @points + 1
await readnum "What is 4 * 5?", defer b
if b is 20
  @points = @points + 1
write "Points: " + @points
-- random, 2
@first = random [1..$count]
@second = random [1..$count]
await readnum @first + " + " + @second, defer @answer
if @answer is @first + @second
  write "Right!"
  ~dot $colour, $spot
else
  write "Wrong"
-- function, 3
@check = (@answer, @right) ->
  if @answer is @right
    write "Right!"
  else
    write "It is " + @right
await readnum "What is 3 * 4?", defer a
@check a, 12
await readnum "What is 7 + 8?", defer b
@check b, 15
++
await readnum "What is 6 + 7?", defer k
if k is 13
  write "Right!"
  ~dot $colour, $spot
else
  write "It is 13"
++
await read "What colour is snow?", defer k
if k is "white"
  write "Right!"
else
  write "No, it is white"
++
await read "Is a $animal green?", defer k
if k is "yes"
  write "What a $animal!"
else
  write "Maybe it is $colour2"
== clicker, 11
-- button, 1
write "Click me"
button "$animal", ->
  fd 10
  dot $colour, $spot
-- counter, 2
@clicks = 0
button "click", ->
  @clicks = @clicks + 1
  write "Clicks: " + @clicks
-- turtle, 2
pen $colour, $width
button "go", -> fd $third
button "turn", -> rt 90
~button "dot", -> dot $colour2, $spot
-- function, 3
@clicks = 0
@more = ->
  @clicks = @clicks + 1
  write @clicks
  ~dot random color, @clicks
button "more", @more
++
button "$colour", ->
  pen $colour, $width
  fd $third
++
button "$colour2", ->
  pen $colour2, $width
  rt 90
  ~dot $colour2, $spot
== drive, 12
-- keys, 1
pen $colour, $width
keydown "up", -> fd 10
keydown "left", -> lt 15
keydown "right", -> rt 15
~keydown "down", -> bk 10
-- pressed, 2
pen $colour, $width
forever 20, ->
  if pressed "up"
    fd 5
  if pressed "left"
    lt 5
  if pressed "right"
    rt 5
-- variable, 2
@step = $third
pen $colour, $width
keydown "up", -> fd @step
keydown "down", -> bk @step
keydown "left", -> lt 90
keydown "right", -> rt 90
-- function, 3
@go = (@angle) ->
  turnto @angle
  fd 20
pen $colour, $width
keydown "up", -> @go 0
keydown "right", -> @go 90
keydown "down", -> @go 180
keydown "left", -> @go 270
++
keydown "a", ->
  pen $colour2, $width
keydown "b", ->
  pen $colour3, $width
++
keydown "d", -> dot $colour2, $spot
keydown "u", ->
  $up
  fd $half
  $down
"""
