// The settings page: a list of panes on the left, one pane at a time. Everybody may look; who may not change a thing is
// told so instead of being shown buttons that fail.

import { useEffect, useRef } from "preact/hooks";
import { useApp, useWords } from "../app.ts";
import { Icon, type IconName } from "../icon.tsx";
import { useTitle } from "../parts/hooks.ts";
import { hrefOf, type SettingsPane } from "../route.ts";
import { AccountPane } from "./account.tsx";
import { ArticlesPane } from "./articles.tsx";
import { CannedPane } from "./canned.tsx";
import { DepartmentsPane } from "./departments.tsx";
import { PeoplePane } from "./people.tsx";
import { SitesPane } from "./sites.tsx";
import { TagsPane } from "./tags.tsx";

const icons: Record<SettingsPane, IconName> = {
  departments: "layers",
  people: "people",
  canned: "slash",
  articles: "book",
  tags: "tag",
  sites: "page",
  account: "person",
};

export function Settings({ pane }: { pane: SettingsPane }) {
  const app = useApp();
  const words = useWords();
  useTitle(words.settings[pane]);
  useEffect(() => void app.directory.reload(), [app]);
  // On a phone the panes are a strip that scrolls: the open one is brought into it.
  const open = useRef<HTMLAnchorElement>(null);
  useEffect(() => open.current?.scrollIntoView({ block: "nearest", inline: "center" }), [pane]);

  const counts: Partial<Record<SettingsPane, number>> = {
    departments: app.directory.departments.value.length,
    people: app.directory.people.value.length,
    canned: app.directory.canned.value.length,
    tags: app.directory.tags.value.length,
    sites: app.directory.sites.value.length,
  };
  const link = (name: SettingsPane) => (
    <li key={name}>
      <a
        ref={name === pane ? open : null}
        href={hrefOf({ page: "settings", pane: name })}
        aria-current={name === pane ? "page" : undefined}
      >
        <Icon name={icons[name]} />
        {words.settings[name]}
        {counts[name] !== undefined && <span class="num">{counts[name]}</span>}
      </a>
    </li>
  );

  return (
    <>
      <nav class="subnav" aria-label={words.settings.title}>
        <p class="subnav-t">{words.settings.title}</p>
        <p class="subnav-h">{words.settings.desk}</p>
        <ul>{(["departments", "people", "canned", "articles", "tags", "sites"] as const).map(link)}</ul>
        <p class="subnav-h">{words.settings.house}</p>
        <ul>{link("account")}</ul>
      </nav>
      <main class="page">
        <Pane pane={pane} />
      </main>
    </>
  );
}

function Pane({ pane }: { pane: SettingsPane }) {
  switch (pane) {
    case "departments":
      return <DepartmentsPane />;
    case "people":
      return <PeoplePane />;
    case "canned":
      return <CannedPane />;
    case "articles":
      return <ArticlesPane />;
    case "tags":
      return <TagsPane />;
    case "sites":
      return <SitesPane />;
    case "account":
      return <AccountPane />;
  }
}
