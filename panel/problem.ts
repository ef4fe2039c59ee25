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

/** What was said of a file is more than what its status means elsewhere: how large it may be, or what it is. */
export function explainUpload(words: Words, problem: Problem): string {
  const says_more = [403, 409, 413, 415, 507].includes(problem.status) && problem.detail !== "";
  // What it is comes first; all that would be allowed instead is too much for a bubble.
  return says_more ? (problem.detail.split(/(?<=\.)\s/u)[0] ?? problem.detail) : explainProblem(words, problem);
}
