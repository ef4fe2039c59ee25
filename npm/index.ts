// What the package `@balie/client` exports: the visitor's half of the delivery promise, for those who draw their own chat.
// npm/build.mjs makes the package of it. Nothing here is loaded by our own widget, which imports from client/ directly.

export * from "../client/browser.ts";
export * from "../client/connection.ts";
export * from "../client/environment.ts";
export * from "../client/id.ts";
export * from "../client/limits.ts";
export * from "../client/links.ts";
export * from "../client/outbox.ts";
export * from "../client/outbox_news.ts";
export * from "../client/timeline.ts";
export type * from "../client/wire.ts";
