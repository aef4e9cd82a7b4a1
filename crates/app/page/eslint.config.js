// What the linter looks for: mistakes, and the page's own rules (no markup from text, no inline handlers).
import js from "@eslint/js";
import globals from "globals";

export default [
  { ignores: ["node_modules/", "types/", "browser/out/"] },
  js.configs.recommended,
  {
    rules: {
      eqeqeq: "error",
      "no-var": "error",
      "prefer-const": "error",
      "no-console": "error",
      "no-unused-vars": ["error", { ignoreRestSiblings: true, varsIgnorePattern: "^_" }],
      "no-restricted-properties": [
        "error",
        { property: "innerHTML", message: "text of the catalog is only ever set as text" },
        { property: "outerHTML", message: "text of the catalog is only ever set as text" },
        { property: "insertAdjacentHTML", message: "text of the catalog is only ever set as text" },
      ],
    },
  },
  { files: ["src/js/**/*.js"], languageOptions: { globals: globals.browser } },
  { files: ["unit/**", "tools/**", "*.js"], languageOptions: { globals: globals.node } },
  {
    files: ["browser/**"],
    languageOptions: { globals: { ...globals.node, ...globals.browser } },
    rules: { "no-empty-pattern": "off" },
  },
];
