// Home and articles, loaded where the site has any, with what they look like.

import type { Context } from "./actions.ts";
import { wear } from "./embed.ts";
import { createHome } from "./home.ts";
import styles from "./later_home.css";
import type { LaterHome } from "./model.ts";
import { article, home } from "./view/home.ts";

export function create(context: Context): LaterHome {
  const { actions, note } = createHome(context);
  wear(context.host.root, styles);
  return {
    home: (model) => home(model, actions),
    article: (model) => article(model, actions),
    openArticle: actions.openArticle,
    note,
  };
}
