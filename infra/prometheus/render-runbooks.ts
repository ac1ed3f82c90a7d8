import { Marked } from 'marked'

const STYLE = `
body { max-width: 50rem; margin: 2rem auto; padding: 0 1rem; font: 1rem/1.5 system-ui, sans-serif; color: #222; background: #fff }
h2:target, h1:target { background: #fff3c4 }
pre { overflow-x: auto; padding: .75rem; background: #f4f4f4 }
code { font-size: .9em; background: #f4f4f4 }
@media (prefers-color-scheme: dark) { body { color: #ddd; background: #181818 } pre, code { background: #262626 } h2:target, h1:target { background: #4a3d00 } a { color: #8ab4f8 } }
`.trim()

/** The runbooks as a page that needs nothing from elsewhere, whose headings can be linked to. */
export function renderRunbooks (markdown: string): string {
  const marked = new Marked({
    renderer: {
      heading ({ tokens, depth, text }) {
        return `<h${depth} id="${text.toLowerCase().replaceAll(/\W+/g, '-')}">${this.parser.parseInline(tokens)}</h${depth}>\n`
      }
    }
  })
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Spillway runbooks</title><style>
${STYLE}
</style></head>
<body>
${marked.parse(markdown, { async: false })}</body>
</html>
`
}
