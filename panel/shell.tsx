// The frame of the panel once somebody is signed in: the rail, the page, the bar above it, the toast.

import { useEffect, useState } from "preact/hooks";
import { useApp, useDesk, useWords } from "./app.ts";
import { History } from "./history/history.tsx";
import { Icon, type IconName } from "./icon.tsx";
import { Bars } from "./inbox/bars.tsx";
import { Inbox } from "./inbox/inbox.tsx";
import { Keys } from "./keys.tsx";
import { Avatar } from "./parts/avatar.tsx";
import { useCommand } from "./parts/hooks.ts";
import { Menu } from "./parts/menu.tsx";
import { StatusDot } from "./parts/status.tsx";
import { ToastView } from "./parts/toast.tsx";
import { Reports } from "./reports/reports.tsx";
import { hrefOf, type Route } from "./route.ts";
import { useRole } from "./settings/pane.tsx";
import { Settings } from "./settings/settings.tsx";
import { unreadTotal } from "./state/order.ts";
import { BigWall } from "./wall/big.tsx";
import { Wall } from "./wall/wall.tsx";

export function Shell() {
  const app = useApp();
  const desk = useDesk();
  const [keys_open, setKeysOpen] = useState(false);
  // Figures are the team lead's; whoever may not see them is shown the inbox.
  const leads = useRole() !== "agent";
  const asked = app.router.route.value;
  const route: Route = !leads && (asked.page === "wall" || asked.page === "reports") ? { page: "inbox" } : asked;

  useCommand("go_inbox", () => app.router.go({ page: "inbox" }));
  useCommand("go_wall", () => app.router.go({ page: "wall", is_big: false }), leads);
  useCommand("go_reports", () => app.router.go({ page: "reports", tab: "waiting" }), leads);
  useCommand("go_history", () => app.router.go({ page: "history" }));
  useCommand("go_settings", () => app.router.go({ page: "settings", pane: "departments" }));
  useCommand("sheet", () => setKeysOpen(true));
  useCommand("online", () => desk.setStatus("online"));
  useCommand("away", () => desk.setStatus("away"));
  useCommand("leave", () => {
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
  });
  // What is only looked at in the inbox is followed no longer than that.
  const looked_at = route.page === "inbox" ? route.conversation : undefined;
  useEffect(() => desk.look(looked_at), [desk, looked_at]);

  if (route.page === "wall" && route.is_big) return <BigWall />;
  return (
    <div class="frame">
      <Bars />
      <div
        class={`app app-${route.page}`}
        data-open={"conversation" in route && route.conversation !== undefined ? "" : undefined}
      >
        <Rail route={route} onKeys={() => setKeysOpen(true)} />
        <Page route={route} />
      </div>
      <ToastView />
      {keys_open && <Keys onClose={() => setKeysOpen(false)} />}
    </div>
  );
}

function Page({ route }: { route: Route }) {
  switch (route.page) {
    case "inbox":
      return <Inbox conversation={route.conversation} />;
    case "wall":
      return <Wall />;
    case "reports":
      return <Reports tab={route.tab} />;
    case "history":
      return <History conversation={route.conversation} />;
    case "settings":
      return <Settings pane={route.pane} />;
  }
}

const pages = [
  { page: "inbox", icon: "inbox", key: "I", route: { page: "inbox" } },
  { page: "wall", icon: "wall", key: "W", route: { page: "wall", is_big: false } },
  { page: "history", icon: "history", key: "H", route: { page: "history" } },
  { page: "reports", icon: "report", key: "R", route: { page: "reports", tab: "waiting" } },
  { page: "settings", icon: "settings", key: "S", route: { page: "settings", pane: "departments" } },
] as const satisfies readonly { page: Route["page"]; icon: IconName; key: string; route: Route }[];

function Rail({ route, onKeys }: { route: Route; onKeys: () => void }) {
  const words = useWords();
  const desk = useDesk();
  const unread = unreadTotal(desk.state.value);
  const leads = useRole() !== "agent";
  const shown = pages.filter((entry) => leads || (entry.page !== "wall" && entry.page !== "reports"));

  return (
    <nav class="rail" aria-label={words.product}>
      <a class="mark" href={hrefOf({ page: "inbox" })} aria-label={words.rail.to_inbox}>
        <Icon name="balie" />
      </a>
      <ul class="rail-main">
        {shown.map((entry) => (
          <li key={entry.page}>
            <a
              href={hrefOf(entry.route)}
              aria-current={entry.page === route.page ? "page" : undefined}
              title={`${words.rail[entry.page]} · G ${words.keys.and_then} ${entry.key}`}
            >
              <Icon name={entry.icon} />
              <span class="rail-label">{words.rail[entry.page]}</span>
              {entry.page === "inbox" && unread > 0 && (
                <b class="rail-badge">
                  <span aria-hidden="true">{unread}</span>
                  <span class="sr">{words.rail.unread(unread)}</span>
                </b>
              )}
            </a>
          </li>
        ))}
      </ul>
      <ul class="rail-foot">
        <li class="hide-s">
          <button type="button" title={`${words.rail.keys} · ?`} onClick={onKeys}>
            <Icon name="kbd" />
            <span class="rail-label">{words.rail.keys}</span>
          </button>
        </li>
        <li>
          <MeMenu />
        </li>
      </ul>
    </nav>
  );
}

function MeMenu() {
  const app = useApp();
  const words = useWords();
  const status = useDesk().state.value.status;
  const session = app.session.value;
  if (session.kind !== "signed_in") return null;
  const label = words.rail.me(session.me.name, words.status[status]);

  return (
    <Menu
      label={session.me.name}
      title={label}
      button_class="me"
      side="up"
      button={
        <>
          <Avatar id={session.me.id} name={session.me.name} size="s" />
          <StatusDot status={status} />
          <span class="rail-label">{label}</span>
        </>
      }
    >
      {(close) => (
        <>
          <a class="tr-o" role="menuitem" href={hrefOf({ page: "settings", pane: "account" })} onClick={close}>
            <Icon name="person" />
            <b>{words.rail.account}</b>
          </a>
          <button class="tr-o" type="button" role="menuitem" onClick={() => void app.signOut()}>
            <Icon name="lock" />
            <b>{words.rail.sign_out}</b>
          </button>
        </>
      )}
    </Menu>
  );
}
