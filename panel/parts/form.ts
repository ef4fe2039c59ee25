// Sending a form over REST: one submission at a time, the refusal kept at its field, everything else above the form.

import { useCallback, useState } from "preact/hooks";
import type { Answer, Problem } from "../api.ts";
import { useApp } from "../app.ts";

export interface Submission {
  busy: boolean;
  /** The refusal that belongs to no field on screen. */
  message: string | undefined;
  errorAt(field: string): string | undefined;
  /** Sends; gives true when the server accepted. */
  send<T>(call: () => Promise<Answer<T>>, accepted?: (value: T) => void): Promise<boolean>;
  refuse(field: string, detail: string): void;
  clear(): void;
}

/** `fields` are the names of the controls on screen: a refusal about any other is shown above the form. */
export function useSubmission(fields: readonly string[]): Submission {
  const app = useApp();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | undefined>(undefined);

  const send = useCallback(async <T>(call: () => Promise<Answer<T>>, accepted?: (value: T) => void) => {
    setBusy(true);
    setProblem(undefined);
    const answer = await call();
    setBusy(false);
    if (answer.ok) accepted?.(answer.value);
    else setProblem(answer.problem);
    return answer.ok;
  }, []);

  const at_field = problem?.field !== undefined && fields.includes(problem.field);
  return {
    busy,
    message: problem && !at_field ? app.explain(problem) : undefined,
    errorAt: (field) => (problem && at_field && problem.field === field ? app.explain(problem) : undefined),
    send,
    refuse: (field, detail) => setProblem({ status: 422, detail, field }),
    clear: () => setProblem(undefined),
  };
}

/** The text of one control, without the spaces around it. */
export function textOf(form: FormData, name: string): string {
  const value = form.get(name);
  return typeof value === "string" ? value.trim() : "";
}
