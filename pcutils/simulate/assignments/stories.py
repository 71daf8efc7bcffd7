"""Words: stories, greetings, fortunes."""

from __future__ import annotations

TEXT = r"""
== madlibs, 10
-- simple, 0
write "A silly story"
await read "An animal?", defer a
await read "A colour?", defer b
write "The " + a + " is " + b
write "It likes the $weather"
-- variables, 2
await read "An animal?", defer @animal
await read "A colour?", defer @colour
await readnum "A number?", defer @number
write "I saw " + @number + " " + @colour + " " + @animal
~write "They were $colour2"
-- inside, 2
write "Tell me some words"
await read "An animal?", defer @animal
await read "A place?", defer @place
write "Once a #{@animal} lived in a #{@place}."
write "The #{@animal} loved the $weather."
-- function, 3
@story = (@animal, @place) ->
  write "One day the " + @animal + " left the " + @place
  write "It walked in the $weather"
await read "An animal?", defer a
await read "A place?", defer b
@story a, b
++
await read "One more animal?", defer k
write "The " + k + " met a $animal"
++
await readnum "How many apples?", defer n
write "They took " + n + " apples"
~write "All were $colour2"
write "It was a day of $weather"
== fortune, 9
-- simple, 1
write "What will the day bring?"
write random ["$weather", "a $animal", "a $colour turtle"]
-- list, 2
@fortunes = ["a $animal", "much $weather", "a $colour cake"]
write "You will find"
write random @fortunes
-- question, 2
await read "Ask me a question", defer @question
write "You asked: " + @question
@answers = ["yes", "no", "maybe", "ask the $animal"]
write random @answers
-- button, 3
@tell = ->
  write random ["yes", "no", "ask the $animal"]
  ~dot random color, $spot
write "Think of a question"
button "answer", @tell
++
write "And tomorrow?"
write random ["$weather", "a $colour2 $animal", "two apples"]
++
~pen $colour, $width
write "The turtle will go"
fd random $size
dot $colour2, $spot
++
await read "Ask one more question", defer k
if random([1..2]) is 1
  write "yes"
else
  write "no"
== story, 11
-- lines, 0
write "The $animal and the $weather"
write "Once there was a $colour $animal."
write "It walked in the $weather."
~write "It met a $colour2 turtle."
write "The end"
-- labels, 1
label "The $animal"
bk 30
label "met a $colour turtle"
bk 30
~pen $colour, $width
~fd $third
~bk $third
label "in the $weather"
-- choice, 2
write "A $animal stands in the $weather."
await read "Left or right?", defer @way
if @way is "left"
  write "It finds a $colour turtle."
else
  write "It finds a $colour2 cake."
write "The end"
-- function, 3
@page = (@number, @text) ->
  write @number + ": " + @text
@page 1, "A $animal woke up."
@page 2, "There was $weather."
@page 3, "The end"
++
write "Then there was $weather."
write "The $animal left the house."
++
~dot $colour2, $spot
write "It met a $colour2 fish in a $colour boat."
write "Over the sea they went."
++
write "One day a $animal took the last apples."
write "You think that is the end? Maybe."
== weather, 8
-- simple, 1
await read "How is the weather?", defer @weather
if @weather is "sunny"
  dot yellow, $size
else
  dot gray, $size
-- random, 1
@weather = random ["rain", "sun", "snow"]
write "Today: " + @weather
if @weather is "sun"
  dot gold, $size
if @weather is "rain"
  dot blue, $size
if @weather is "snow"
  dot white, $size
-- number, 2
@degrees = random 30
write @degrees + " degrees"
if @degrees > 20
  write "It is warm"
  ~dot $colour, $spot
else
  write "Take a coat"
-- function, 3
@forecast = (@day) ->
  write @day + ": " + random ["rain", "sun", "snow", "$weather"]
@forecast "today"
@forecast "tomorrow"
++
@tomorrow = random ["rain", "sun", "snow"]
write "Tomorrow: " + @tomorrow
if @tomorrow is "rain"
  jump 60, 0
  dot $colour2, $half
++
@wind = random 10
write "Wind: " + @wind
if @wind > 5
  write "Take a boat"
  ~dot $colour, $spot
"""
