import js from "@eslint/js";
import typescript from "typescript-eslint";

export default typescript.config(
  { ignores: ["dist", "docs.js"] },
  js.configs.recommended,
  ...typescript.configs.strict,
  {
    rules: {
      "no-console": "error",
      eqeqeq: "error",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
      "max-lines": ["error", 600],
      "max-lines-per-function": ["error", { max: 120, skipComments: true, skipBlankLines: true }],
      // JSX gives no way to say that a list is not empty.
      "@typescript-eslint/no-non-null-assertion": "error",
    },
  },
);
