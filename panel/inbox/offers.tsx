// What rings: the oldest on top. Never takes the focus; Alt A and Alt X answer it from anywhere.

import { useEffect, useRef, useState } from "preact/hooks";
import { useApp, useDesk, useWords } from "../app.ts";
import { formatSpan } from "../format.ts";
import { useCommand } from "../parts/hooks.ts";
import type { Offer } from "../state/model.ts";
import { languageMark, visitorName } from "./names.ts";

/** From so many seconds left, the second and last sentence is read out. */
const LAST_CALL_S = 5;

export function Offers() {
  const desk = useDesk();
  const { offers } = desk.state.value;
  const first = offers.find((offer) => offer.answered === undefined);

  useCommand("accept", () => first && desk.answerOffer(first.conversation, "accept"), first !== undefined);
  useCommand("decline", () => first && desk.answerOffer(first.conversation, "decline"), first !== undefined);

  return (
    <div class="offers">
      <Announcement offer={offers[0]} />
      {offers.map((offer) => (
        <OfferCard key={offer.conversation} offer={offer} is_first={offer === first} />
      ))}
    </div>
  );
}

function OfferCard({ offer, is_first }: { offer: Offer; is_first: boolean }) {
  const app = useApp();
  const words = useWords();
  const desk = useDesk();
  const now = app.clock.now.value;
  const ring_ms = Math.max(1, offer.expires_at - offer.rang_at);
  // The page's clock runs a little behind or ahead of the server's: no ring has longer left than it is long.
  const left_s = Math.max(0, Math.min(Math.round(ring_ms / 1_000), Math.ceil((offer.expires_at - now) / 1_000)));
  // pathLength is 100: the arc is the share of the ring that is over.
  const over = Math.min(100, Math.max(0, ((now - offer.rang_at) / ring_ms) * 100));
  const enqueued_at = desk.state.value.waiting.get(offer.conversation)?.enqueued_at;
  const is_answered = offer.answered !== undefined;

  return (
    <section class="offer" aria-label={words.offer.label}>
      <div class="ring">
        <svg viewBox="0 0 44 44" width="44" height="44" aria-hidden="true">
          <circle class="ring-bg" cx="22" cy="22" r="19" />
          <circle class="ring-fg" cx="22" cy="22" r="19" pathLength="100" stroke-dashoffset={over} />
        </svg>
        <b class="num">{left_s}</b>
      </div>
      <div class="offer-txt">
        <p class="offer-who">
          <b dir="auto">{visitorName(words, offer.visitor)}</b>
          {offer.visitor.lang && <span class="lang">{languageMark(offer.visitor.lang)}</span>}
          <span class="muted">
            {app.directory.departmentName(offer.department)}
            {enqueued_at !== undefined && ` · ${words.offer.waited(formatSpan(words, now - enqueued_at))}`}
          </span>
        </p>
        <p class="offer-sum" dir="auto">
          {offer.summary}
        </p>
      </div>
      <div class="offer-act">
        <button
          type="button"
          class="btn btn-p"
          disabled={is_answered}
          onClick={() => desk.answerOffer(offer.conversation, "accept")}
        >
          {words.offer.accept} {is_first && <kbd aria-hidden="true">Alt A</kbd>}
        </button>
        <button type="button" class="btn" disabled={is_answered} onClick={() => desk.answerOffer(offer.conversation, "decline")}>
          {words.offer.decline} {is_first && <kbd aria-hidden="true">Alt X</kbd>}
        </button>
      </div>
    </section>
  );
}

/** Two polite sentences an offer: when it begins, and when five seconds are left. */
function Announcement({ offer }: { offer: Offer | undefined }) {
  const app = useApp();
  const words = useWords();
  const [said, setSaid] = useState("");
  const told = useRef<string>("");
  const left_s = offer ? Math.ceil((offer.expires_at - app.clock.now.value) / 1_000) : 0;
  const stage = !offer ? "" : left_s <= LAST_CALL_S ? `${offer.conversation} last` : `${offer.conversation} first`;

  useEffect(() => {
    if (stage === told.current) return;
    told.current = stage;
    if (!offer) return setSaid("");
    const name = visitorName(words, offer.visitor);
    setSaid(
      stage.endsWith("last")
        ? words.offer.five_left(name)
        : words.offer.announced(name, app.directory.departmentName(offer.department)),
    );
  }, [app, offer, stage, words]);

  return (
    <p class="sr" role="status">
      {said}
    </p>
  );
}
