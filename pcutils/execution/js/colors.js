// The colour names of CSS as global words, and the functions that make a colour.
(function (global, shim) {
  'use strict';
  var NAMES = ('aliceblue antiquewhite aqua aquamarine azure beige bisque black blanchedalmond blue blueviolet brown ' +
    'burlywood cadetblue chartreuse chocolate coral cornflowerblue cornsilk crimson cyan darkblue darkcyan ' +
    'darkgoldenrod darkgray darkgreen darkkhaki darkmagenta darkolivegreen darkorange darkorchid darkred darksalmon ' +
    'darkseagreen darkslateblue darkslategray darkturquoise darkviolet deeppink deepskyblue dimgray dodgerblue ' +
    'firebrick floralwhite forestgreen fuchsia gainsboro ghostwhite gold goldenrod gray green greenyellow honeydew ' +
    'hotpink indianred indigo ivory khaki lavender lavenderblush lawngreen lemonchiffon lightblue lightcoral ' +
    'lightcyan lightgoldenrodyellow lightgray lightgreen lightpink lightsalmon lightseagreen lightskyblue ' +
    'lightslategray lightsteelblue lightyellow lime limegreen linen magenta maroon mediumaquamarine mediumblue ' +
    'mediumorchid mediumpurple mediumseagreen mediumslateblue mediumspringgreen mediumturquoise mediumvioletred ' +
    'midnightblue mintcream mistyrose moccasin navajowhite navy oldlace olive olivedrab orange orangered orchid ' +
    'palegoldenrod palegreen paleturquoise palevioletred papayawhip peachpuff peru pink plum powderblue purple ' +
    'rebeccapurple red rosybrown royalblue saddlebrown salmon sandybrown seagreen seashell sienna silver skyblue ' +
    'slateblue slategray snow springgreen steelblue tan teal thistle tomato transparent turquoise violet wheat white ' +
    'whitesmoke yellow yellowgreen').split(' ');
  var known = Object.create(null);
  NAMES.forEach(function (name) {
    known[name] = true;
    global[name] = name;
    var british = name.replace('gray', 'grey');
    known[british] = true;
    global[british] = british;
  });

  // Words that commands take, written without quotes.
  ['none', 'erase', 'path', 'up', 'down', 'color', 'position', 'normal', 'touch'].forEach(function (word) {
    global[word] = word;
  });

  function part(x) { return Math.max(0, Math.min(255, Math.floor(x))); }
  function percent(x) { return (x * 100).toFixed(0) + '%'; }
  global.rgb = function rgb(r, g, b) { return 'rgb(' + part(r) + ',' + part(g) + ',' + part(b) + ')'; };
  global.rgba = function rgba(r, g, b, a) { return 'rgba(' + part(r) + ',' + part(g) + ',' + part(b) + ',' + a + ')'; };
  global.hsl = function hsl(h, s, l) { return 'hsl(' + h + ',' + percent(s) + ',' + percent(l) + ')'; };
  global.hsla = function hsla(h, s, l, a) { return 'hsla(' + h + ',' + percent(s) + ',' + percent(l) + ',' + a + ')'; };

  // What counts as a colour: a name, a hexadecimal number, or one of the functions.
  var VALUE = /^(#([0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})|(rgb|hsl)a?\([-\d.,%\s\/]+\))$/i;
  shim.isColor = function (value) {
    if (typeof value !== 'string' || value.length > 100) return false;
    var text = value.trim().toLowerCase();
    return known[text] === true || VALUE.test(text);
  };
})(globalThis, globalThis.__shim);
