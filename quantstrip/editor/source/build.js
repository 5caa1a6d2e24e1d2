// Bundles the editor: node build.js FILE
import { build } from "esbuild";

const banner = "/* CodeMirror and its parts are under the MIT licence: see licences.txt beside this file. */";
await build({
  entryPoints: ["index.js"],
  outfile: process.argv[2],
  banner: { js: banner },
  bundle: true,
  charset: "utf8",
  format: "esm",
  legalComments: "none",
  logLevel: "warning",
  minify: true,
  target: "es2022",
});
