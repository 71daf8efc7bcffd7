// Brings every trace player on the page to life that is not yet: one script may stand there many times.
(() => {
  "use strict";
  const SHOWN = ["heading", "picture", "edit", "program", "message"];
  const STEPS = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };

  function setUp(root) {
    const part = name => root.querySelector(`[data-part="${name}"]`);
    const slider = part("slider");
    if (root.pcPlayer || !slider) return;
    root.pcPlayer = true;
    const data = JSON.parse(root.querySelector('script[type="application/json"]').textContent);
    const last = data.states.length - 1;
    const ticks = root.querySelectorAll(".pc-ticks > i");
    const program = root.querySelector(".pc-program");
    let place = data.start;
    let timer = 0;

    function show(wanted, aloud) {
      place = Math.min(Math.max(wanted, 0), last);
      const state = data.states[place];
      for (const name of SHOWN) part(name).innerHTML = state[name].map(piece => data.pieces[piece]).join("");
      slider.value = place;
      slider.setAttribute("aria-valuetext", part("heading").querySelector("strong").textContent);
      part("previous").disabled = place === 0;
      part("next").disabled = place === last;
      ticks.forEach((tick, index) => tick.classList.toggle("pc-now", index === place));
      if (aloud) part("said").innerHTML = state.said;
      const edited = program.querySelector("li[class]");
      program.scrollTop = edited ? edited.offsetTop - program.clientHeight / 3 : 0;
    }

    function stop() {
      clearTimeout(timer);
      timer = 0;
      label("Play");
    }

    function label(word) {
      root.classList.toggle("pc-playing", timer !== 0);
      part("play").setAttribute("aria-label", word);
      part("play").title = word;
    }

    function wait() {
      timer = setTimeout(() => {
        if (!root.isConnected) return stop();
        show(place + 1, true);
        if (place < last) wait();
        else stop();
      }, data.states[place].pause);
    }

    function play() {
      if (timer) return stop();
      if (place === last) show(0, true);
      wait();
      label("Pause");
    }

    function go(wanted) {
      stop();
      show(wanted, true);
    }

    part("previous").onclick = () => go(place - 1);
    part("next").onclick = () => go(place + 1);
    part("play").onclick = play;
    slider.oninput = () => go(Number(slider.value));
    root.addEventListener("keydown", event => {
      if (!(event.key in STEPS) || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      event.stopPropagation();
      go(place + STEPS[event.key]);
    });
    part("note").hidden = true;
    part("controls").style.display = "";
    show(place, false);
  }

  document.querySelectorAll(".pc-player").forEach(setUp);
})();
