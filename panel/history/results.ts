// The list of the history: asked for anew a moment after the filters rest, a page at a time.

import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import type { Problem } from "../api.ts";
import { useApp } from "../app.ts";
import type { ConversationFilter, ConversationRecord } from "../rest.ts";

const PAGE = 50;
/** Between the last key and the question: typing a word asks once. */
const REST_MS = 200;

export interface Results {
  records: ConversationRecord[];
  has_more: boolean;
  is_loaded: boolean;
  problem: Problem | undefined;
  loadMore: () => void;
}

export function useResults(filter: Required<Pick<ConversationFilter, "q" | "state" | "department">>): Results {
  const app = useApp();
  const [records, setRecords] = useState<ConversationRecord[]>([]);
  const [has_more, setHasMore] = useState(false);
  const [is_loaded, setLoaded] = useState(false);
  const [problem, setProblem] = useState<Problem | undefined>(undefined);
  const question = useRef(0);
  const { q, state, department } = filter;

  const load = useCallback(
    async (before: ConversationRecord | undefined) => {
      question.current += 1;
      const asked = question.current;
      const answer = await app.api.conversations({ q, state, department, limit: PAGE, ...(before ? { before: before.id } : {}) });
      // An answer that comes after a newer question was asked is about something else.
      if (asked !== question.current) return;
      setLoaded(true);
      setProblem(answer.ok ? undefined : answer.problem);
      if (!answer.ok) return;
      const found = answer.value.conversations;
      setRecords((known) => (before ? [...known, ...found] : found));
      setHasMore(answer.value.more);
    },
    [app, q, state, department],
  );

  useEffect(() => {
    const timer = window.setTimeout(() => void load(undefined), REST_MS);
    return () => window.clearTimeout(timer);
  }, [load]);

  return { records, has_more, is_loaded, problem, loadMore: () => void load(records[records.length - 1]) };
}
