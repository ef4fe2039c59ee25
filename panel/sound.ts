// The panel's three sounds, made by the browser: a soft bell for an offer, a tone for a new chat, a tick for a message.
// Audio may be refused before the first click or missing altogether; then the panel stays silent.

export type Sound = "offer" | "chat" | "message";

interface Note {
  /** Pitch in hertz. */
  pitch: number;
  start_s: number;
  length_s: number;
  /** Loudness at its peak, 0 to 1. */
  peak: number;
}

// A fifth for the bell, one note for a chat, a short high one for a message: told apart without looking.
const notes: Record<Sound, Note[]> = {
  offer: [
    { pitch: 659.3, start_s: 0, length_s: 0.9, peak: 0.12 },
    { pitch: 987.8, start_s: 0.14, length_s: 1.1, peak: 0.09 },
  ],
  chat: [{ pitch: 587.3, start_s: 0, length_s: 0.7, peak: 0.1 }],
  message: [{ pitch: 880, start_s: 0, length_s: 0.22, peak: 0.06 }],
};

export interface Sounds {
  play(sound: Sound): void;
}

export function createSounds(make: () => AudioContext, enabled: () => boolean): Sounds {
  let context: AudioContext | undefined;
  return {
    play(sound) {
      // Before the first click or key a browser plays nothing and complains: it is not asked then.
      if (!enabled() || !navigator.userActivation.hasBeenActive) return;
      try {
        context ??= make();
        void context.resume().catch(() => undefined);
        for (const note of notes[sound]) playNote(context, note);
      } catch {
        // No audio on this machine, or none allowed yet.
      }
    },
  };
}

function playNote(context: AudioContext, note: Note): void {
  const start = context.currentTime + note.start_s;
  const end = start + note.length_s;
  const oscillator = context.createOscillator();
  const gain = context.createGain();
  oscillator.type = "sine";
  oscillator.frequency.value = note.pitch;
  gain.gain.setValueAtTime(0.0001, start);
  gain.gain.exponentialRampToValueAtTime(note.peak, start + 0.012);
  gain.gain.exponentialRampToValueAtTime(0.0001, end);
  oscillator.connect(gain).connect(context.destination);
  oscillator.start(start);
  oscillator.stop(end);
}
