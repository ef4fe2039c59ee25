// Names behind keys: departments, colleagues, tags and canned replies as the REST side last told them. Loaded at
// sign-in and again when settings change or an unknown key turns up.

import { signal, type ReadonlySignal } from "@preact/signals";
import type { Api } from "./api.ts";
import type { CannedReply, Department, Hours, Person, Site } from "./rest.ts";

export interface Directory {
  departments: ReadonlySignal<Department[]>;
  people: ReadonlySignal<Person[]>;
  tags: ReadonlySignal<string[]>;
  canned: ReadonlySignal<CannedReply[]>;
  sites: ReadonlySignal<Site[]>;
  /** The weeks of those who work to a plan, by person. */
  rotas: ReadonlySignal<ReadonlyMap<string, Hours>>;
  /** False until the first load has ended, so that an empty list can be told from one not yet known. */
  loaded: ReadonlySignal<boolean>;
  reload(): Promise<void>;
  departmentName(key: string): string;
  clear(): void;
}

export function createDirectory(api: () => Api): Directory {
  const departments = signal<Department[]>([]);
  const people = signal<Person[]>([]);
  const tags = signal<string[]>([]);
  const canned = signal<CannedReply[]>([]);
  const sites = signal<Site[]>([]);
  const rotas = signal<ReadonlyMap<string, Hours>>(new Map());
  const loaded = signal(false);

  return {
    departments,
    people,
    tags,
    canned,
    sites,
    rotas,
    loaded,
    async reload() {
      const rest = api();
      const [found_departments, found_people, found_tags, found_canned, found_sites, found_rotas] = await Promise.all([
        rest.departments(),
        rest.people(),
        rest.tags(),
        rest.cannedReplies(),
        rest.sites(),
        rest.rotas(),
      ]);
      // What could not be loaded keeps its last known value; the views that change it say what went wrong.
      if (found_departments.ok) departments.value = found_departments.value.departments;
      if (found_people.ok) people.value = found_people.value.agents;
      if (found_tags.ok) tags.value = found_tags.value.tags.map((record) => record.tag);
      if (found_canned.ok) canned.value = found_canned.value.canned_replies;
      if (found_sites.ok) sites.value = found_sites.value.sites;
      if (found_rotas.ok) rotas.value = new Map(found_rotas.value.rotas.map(({ agent, rota }) => [agent, rota]));
      loaded.value = true;
    },
    departmentName(key) {
      return departments.value.find((department) => department.key === key)?.name ?? key;
    },
    clear() {
      departments.value = [];
      people.value = [];
      tags.value = [];
      canned.value = [];
      sites.value = [];
      rotas.value = new Map();
      loaded.value = false;
    },
  };
}
