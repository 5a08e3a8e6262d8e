// The types of page.js, as far as pages in TypeScript use it.

export declare function byId<E extends HTMLElement = HTMLElement>(id: string): E;

export declare function element<T extends keyof HTMLElementTagNameMap>(
  tag: T,
  attributes?: Record<string, string | boolean | undefined>,
  ...children: (Node | string | undefined)[]
): HTMLElementTagNameMap[T];

export declare function keepOpen(dialog: HTMLDialogElement, isNeeded: () => boolean): void;

export declare function paintAvatar(node: HTMLElement, name: string): void;

export declare function avatar(name: string): HTMLElement;
