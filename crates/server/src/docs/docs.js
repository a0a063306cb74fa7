// Shows /openapi.json. Everything is put into the page as text, never as markup.
"use strict";

const METHODS = ["get", "post", "put", "patch", "delete"];

/** Makes an element with text or children. */
function el(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes ?? {})) element.setAttribute(key, value);
  element.append(...children.filter((child) => child !== undefined && child !== null));
  return element;
}

/** Paragraphs of a description; `code` between backticks. */
function prose(text) {
  return (text ?? "").split("\n\n").filter(Boolean).map((paragraph) => {
    const parts = paragraph.split("`").map((part, index) => (index % 2 ? el("code", {}, part) : part));
    return el("p", {}, ...parts);
  });
}

function resolve(doc, schema) {
  if (!schema?.$ref) return schema ?? {};
  return schema.$ref.slice(2).split("/").reduce((at, key) => at?.[key], doc) ?? {};
}

/** The type of a schema in words. */
function typeOf(doc, schema) {
  if (!schema) return "";
  if (schema.$ref) return schema.$ref.split("/").pop();
  const many = schema.oneOf ?? schema.anyOf ?? schema.allOf;
  if (many) return many.map((part) => typeOf(doc, part)).join(" or ");
  const types = [schema.type ?? "any"].flat().filter((type) => type !== "null");
  const base = types.includes("array") ? `list of ${typeOf(doc, schema.items)}` : types.join(" or ");
  const optional = [schema.type ?? ""].flat().includes("null") ? " or null" : "";
  const format = schema.format ? ` (${schema.format})` : "";
  const words = schema.enum ? `: ${schema.enum.join(", ")}` : "";
  const low = schema.minimum !== undefined ? ` from ${schema.minimum}` : "";
  const high = schema.maximum !== undefined ? ` to ${schema.maximum}` : "";
  return base + format + optional + low + high + words;
}

/** A table of the properties of a schema, with those inside folded away. */
function schemaView(doc, schema, depth = 0) {
  const whole = resolve(doc, schema);
  const parts = whole.allOf ? whole.allOf.map((part) => resolve(doc, part)) : [whole];
  const inner = parts.flatMap((part) => (part.type === "array" ? [resolve(doc, part.items)] : [part]));
  const rows = [];
  for (const part of inner) {
    for (const [name, property] of Object.entries(part.properties ?? {})) {
      const needed = (part.required ?? []).includes(name) ? " (required)" : "";
      const seen = resolve(doc, property);
      const target = property.type === "array" || [property.type].flat().includes("array") ? resolve(doc, property.items) : seen;
      const below = (target.oneOf ?? [target]).map((one) => resolve(doc, one)).find((one) => one.properties);
      const more = below && depth < 3 ? el("details", {}, el("summary", {}, "fields"), schemaView(doc, below, depth + 1)) : null;
      rows.push(el("tr", {}, el("td", {}, el("code", {}, name)), el("td", {}, typeOf(doc, property) + needed),
        el("td", {}, ...prose(property.description ?? (property.$ref ? seen.description : "")), more)));
    }
  }
  if (rows.length === 0) return el("p", {}, typeOf(doc, schema));
  return el("table", {}, el("tbody", {}, ...rows));
}

function operationView(doc, path, method, operation) {
  const id = operation.operationId ?? `${method}-${path}`;
  const section = el("section", { class: "operation", id });
  section.append(el("h3", {}, el("span", { class: "method" }, method.toUpperCase()), " ", el("span", { class: "path" }, path)));
  section.append(el("p", {}, el("strong", {}, operation.summary ?? "")), ...prose(operation.description));
  const needs = (operation.security ?? []).flatMap((one) => one.bearer ?? []);
  const open = (operation.security ?? []).some((one) => Object.keys(one).length === 0);
  section.append(el("p", { class: "needs" }, open ? "Needs no credentials." : `Needs ${needs.join(", ") || "credentials"}.`));
  if (operation.parameters?.length) {
    const rows = operation.parameters.map((parameter) => el("tr", {}, el("td", {}, el("code", {}, parameter.name)),
      el("td", {}, `${parameter.in}, ${typeOf(doc, parameter.schema)}`), el("td", {}, ...prose(parameter.description))));
    section.append(el("table", {}, el("tbody", {}, ...rows)));
  }
  for (const [media, content] of Object.entries(operation.requestBody?.content ?? {})) {
    section.append(el("details", {}, el("summary", {}, `Body, ${media}: ${typeOf(doc, content.schema)}`), schemaView(doc, content.schema)));
  }
  for (const [status, given] of Object.entries(operation.responses ?? {})) {
    const response = resolve(doc, given);
    const contents = Object.entries(response.content ?? {});
    const label = `${status} ${response.description ?? ""}`;
    if (contents.length === 0) section.append(el("p", {}, label));
    for (const [media, content] of contents) {
      section.append(el("details", {}, el("summary", {}, `${label} ${media}`), schemaView(doc, content.schema)));
    }
  }
  return section;
}

function show(doc) {
  document.getElementById("intro").append(...prose(doc.info.description), el("p", {}, `Version ${doc.info.version}`));
  const toc = document.getElementById("toc");
  const main = document.getElementById("operations");
  for (const tag of doc.tags ?? []) {
    const entries = [];
    for (const [path, item] of Object.entries(doc.paths)) {
      for (const method of METHODS) {
        const operation = item[method];
        if (operation?.tags?.includes(tag.name)) entries.push({ path, method, operation });
      }
    }
    if (entries.length === 0) continue;
    const group = el("div", { class: "group" }, el("h2", {}, tag.name));
    main.append(el("h2", {}, tag.name), ...prose(tag.description));
    for (const { path, method, operation } of entries) {
      const view = operationView(doc, path, method, operation);
      main.append(view);
      const link = el("a", { href: `#${view.id}` }, operation.summary ?? `${method} ${path}`);
      link.dataset.text = `${method} ${path} ${operation.summary ?? ""} ${tag.name}`.toLowerCase();
      group.append(link);
    }
    toc.append(group);
  }
  document.getElementById("find").addEventListener("input", (event) => {
    const words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const link of toc.querySelectorAll("a")) link.hidden = !words.every((word) => link.dataset.text.includes(word));
    for (const group of toc.querySelectorAll(".group")) group.hidden = !group.querySelector("a:not([hidden])");
  });
  if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
}

fetch("/openapi.json").then((response) => response.json()).then(show);
