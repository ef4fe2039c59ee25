// How the widget gets heard without raising its voice: the one live region for screen readers, and a sound, if the visitor
// likes.

import type { Cancel, Clock } from "../client/environment.ts";

/** More often than this nobody can listen to. */
const SAY_EVERY_MS = 5_000;
/** What waited longer is no news any more; the log has it. */
const SAYINGS_MAX = 5;

/** @inside */
export interface Speaker {
  element: HTMLElement;
  say(words: string): void;
  stop(): void;
}

/** Says one thing at a time, politely, in the order they came; what is the same as the last waiting one is said once. */
export function createSpeaker(clock: Clock): Speaker {
  const element = document.createElement("div");
  element.className = "sr";
  element.role = "status";
  element.ariaLive = "polite";
  const waiting: string[] = [];
  let said_at = 0;
  let next: Cancel | undefined;

  function speak(): void {
    next = undefined;
    said_at = clock.now();
    element.textContent = waiting.shift() ?? "";
    if (waiting.length) next = clock.after(SAY_EVERY_MS, speak);
  }

  return {
    element,
    say(words) {
      if (waiting.at(-1) === words) return;
      waiting.push(words);
      if (waiting.length > SAYINGS_MAX) waiting.shift();
      next ??= clock.after(said_at + SAY_EVERY_MS - clock.now(), speak);
    },
    stop: () => next?.(),
  };
}

/**
 * A soft tone of two notes, made here so that nothing has to be loaded. Silent until the visitor has touched the page, as
 * browsers want it, and where there is no audio.
 */
export function createSound(): () => void {
  let audio: AudioContext | undefined;
  return () => {
    if (navigator.userActivation?.hasBeenActive !== true) return;
    try {
      audio ??= new AudioContext();
      const now = audio.currentTime;
      const tone = audio.createOscillator();
      const volume = audio.createGain();
      tone.frequency.value = 660;
      tone.frequency.setValueAtTime(880, now + 0.1);
      volume.gain.setValueAtTime(0.1, now);
      volume.gain.exponentialRampToValueAtTime(0.001, now + 0.4);
      tone.connect(volume).connect(audio.destination);
      tone.start(now);
      tone.stop(now + 0.4);
    } catch {
      // A page may be out of audio; the badge and the title say the same.
    }
  };
}
