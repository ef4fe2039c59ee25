// Where the panel begins: makes the pieces, finds out who is there, draws.

import "@preact/signals";
import { computed, effect, signal } from "@preact/signals";
import { render } from "preact";
import { browserClock, browserLock, browserStore, browserSurroundings, openSocket, socketUrl } from "../client/browser.ts";
import { createIds, secureRandom } from "../client/id.ts";
import { createApi } from "./api.ts";
import { createArticleEdits } from "./article_edits.ts";
import { AppContext, type App, type Session, type Toast } from "./app.ts";
import { createClock } from "./clock.ts";
import { createDesk, type Desk } from "./desk.ts";
import { createDirectory } from "./directory.ts";
import { createDrafts } from "./drafts.ts";
import { pickLanguage, wordsIn } from "./i18n/index.ts";
import { createKeyboard } from "./keyboard.ts";
import { tellNews, tellRefused } from "./news.ts";
import { changePreferences, loadPreferences } from "./preferences.ts";
import { explainProblem, explainUpload } from "./problem.ts";
import { Root } from "./root.tsx";
import { createRouter, takeSetupToken } from "./route.ts";
import { createSounds } from "./sound.ts";
import { createStaged } from "./staged.ts";
import { postFile } from "./uploads.ts";

const AGENT_SOCKET = "/ws/agent";

function createApp(): App {
  const store = browserStore(() => window.localStorage);
  const preferences = loadPreferences(store);
  const words = computed(() => wordsIn(pickLanguage(preferences.value.language, navigator.languages), navigator.languages));
  const clock = createClock(() => Date.now(), window);
  const session = signal<Session>({ kind: "starting" });
  const desk = signal<Desk | undefined>(undefined);
  const newId = createIds(browserClock, secureRandom);
  let sounds_here = false;
  // One window of several sounds; the others are silent until it goes.
  browserLock("balie:panel:sound").hold(
    () => (sounds_here = true),
    () => (sounds_here = false),
    false,
  );

  const leave = (reason: Extract<Session, { kind: "login" }>["reason"]) => {
    desk.value?.stop();
    desk.value = undefined;
    app.directory.clear();
    app.article_edits.clear();
    session.value = { kind: "login", ...(reason ? { reason } : {}) };
  };
  const api = createApi({ fetch: (...request) => window.fetch(...request), on_signed_out: () => leave("ended") });

  const app: App = {
    words,
    preferences,
    changePreferences: (change) => changePreferences(preferences, store, change),
    drafts: createDrafts(store),
    staged: createStaged(),
    article_edits: createArticleEdits(),
    clock,
    api,
    router: createRouter(window),
    session,
    desk,
    directory: createDirectory(() => api),
    keyboard: createKeyboard(
      document,
      () => preferences.value.letter_keys,
      () => performance.now(),
    ),
    sounds: createSounds(
      () => new AudioContext(),
      () => preferences.value.sound && sounds_here,
    ),
    toast: signal<Toast | undefined>(undefined),
    async signIn() {
      const answer = await api.whoAmI();
      if (!answer.ok) {
        if (answer.problem.status === 401) leave(undefined);
        else session.value = { kind: "unreachable" };
        return;
      }
      const { agent } = answer.value;
      session.value = { kind: "signed_in", me: agent };
      void app.directory.reload();
      desk.value?.stop();
      desk.value = createDesk({
        url: socketUrl(window.location.origin, AGENT_SOCKET),
        agent: agent.id,
        openSocket,
        client_clock: browserClock,
        clock,
        random: secureRandom,
        newId,
        surroundings: browserSurroundings,
        store,
        lock: browserLock(`balie:agent:${agent.id}:outbox`),
        postFile,
        explainUpload: (problem) => explainUpload(words.value, problem),
        isStillWelcome: async () => {
          const me = await api.whoAmI();
          return me.ok || me.problem.status !== 401;
        },
        onSignedOut: () => leave("ended"),
        onEffect: (news, state) => tellNews(app, news, state),
        onRefused: (refused) => tellRefused(app, refused),
      });
    },
    async signOut() {
      await api.logout();
      leave("signed_out");
    },
    explain: (problem) => explainProblem(words.value, problem),
  };
  return app;
}

/** Who is there: the holder of a one-time link, somebody signed in, or somebody who has to sign in. */
async function begin(app: App): Promise<void> {
  const token = takeSetupToken(window);
  if (token !== undefined) {
    const needed = await app.api.setupNeeded();
    if (!needed.ok || needed.value.needed) app.session.value = { kind: "setup", token };
    else app.session.value = { kind: "login", reason: "setup_used" };
    return;
  }
  await app.signIn();
  if (app.session.value.kind !== "login") return;
  const needed = await app.api.setupNeeded();
  if (needed.ok && needed.value.needed) app.session.value = { kind: "login", reason: "setup_needed" };
}

const app = createApp();
const root = document.getElementById("panel");
if (root)
  render(
    <AppContext.Provider value={app}>
      <Root begin={() => void begin(app)} />
    </AppContext.Provider>,
    root,
  );
// The browser asks in its own words before what is not saved is lost.
const askBefore = (event: BeforeUnloadEvent) => event.preventDefault();
effect(() => {
  if (app.article_edits.all.value.size > 0) window.addEventListener("beforeunload", askBefore);
  else window.removeEventListener("beforeunload", askBefore);
});
effect(() => {
  document.documentElement.lang = app.words.value.lang;
});
void begin(app);
