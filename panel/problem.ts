// Says what the REST side refused, in the reader's language where the panel knows the case, else in the server's words.

import type { Problem } from "./api.ts";
import { formatCount } from "./format.ts";
import type { Words } from "./i18n/index.ts";

export function explainProblem(words: Words, problem: Problem): string {
  switch (problem.status) {
    case 0:
      return words.problem.network;
    case 429:
      return words.problem.throttled(formatCount(words, problem.retry_ms ?? 60_000));
    case 403:
      return words.problem.forbidden;
    case 503:
      return words.problem.unavailable;
    case 404:
      return words.problem.gone;
    default:
      return problem.detail || words.problem.unknown(problem.status);
  }
}
