#!/usr/bin/python3
"""The handbook as one self-contained page: the pages that docs/handbook.md links, in its order, then those that it does not.

usage: handbook.py [--cmark PROGRAM] DOCS-FOLDER handbook.html
"""
import argparse
import base64
import html
import os
import re
import subprocess

LINK_IN_CONTENTS = re.compile(r"\]\(([\w-]+\.md)\)")


def slug(heading):
    """The anchor of a heading, as forges make it (and tests/lint/docs.py checks it)."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def render(cmark, text):
    return subprocess.run([cmark, "--unsafe", "--extension", "table", "--extension", "autolink"], input=text, capture_output=True, text=True,
                          check=True).stdout


def words_of(markup):
    return html.unescape(re.sub(r"<[^>]+>", "", markup))


class Book:
    def __init__(self, folder, cmark):
        self.folder, self.cmark = folder, cmark
        with open(f"{folder}/handbook.md") as contents:
            self.contents = contents.read()
        self.pages = list(dict.fromkeys(LINK_IN_CONTENTS.findall(self.contents)))
        self.left_over = sorted(name for name in os.listdir(folder) if name.endswith(".md") and name not in self.pages and name != "handbook.md")

    def picture(self, name, alternative):
        """An SVG as part of the page, so that it follows its colours."""
        with open(f"{self.folder}/{name}") as file:
            drawing = re.sub(r"^<\?xml.*?\?>\s*|<!--.*?-->", "", file.read(), flags=re.DOTALL)
        return f'<figure role="img" aria-label="{html.escape(alternative, quote=True)}">{drawing}</figure>'

    def photograph(self, name, alternative):
        """A PNG, in the page itself."""
        with open(f"{self.folder}/{name}", "rb") as file:
            octets = base64.b64encode(file.read()).decode()
        return f'<img src="data:image/png;base64,{octets}" alt="{html.escape(alternative, quote=True)}">'

    def link(self, page, target):
        """Where a link of this page leads inside the book; None: out of it."""
        if re.match(r"[a-z]+:", target):
            return target
        file, _, anchor = target.partition("#")
        file = file or page
        if file == "handbook.md":
            return "#top"
        if file not in self.pages + self.left_over:
            return None
        return f"#{file[:-3]}" + (f"-{anchor}" if anchor else "")

    def page(self, name):
        """(markup of the page, its headings as (level, anchor, words))"""
        with open(f"{self.folder}/{name}") as file:
            text = file.read()
        stem, headings = name[:-3], []

        def heading(match):
            level, words = int(match[1]), match[2]
            anchor = stem if level == 1 else f"{stem}-{slug(words_of(words))}"
            headings.append((level, anchor, words))
            return f'<h{level} id="{anchor}"><a href="#{anchor}">{words}</a></h{level}>'

        def link(match):
            target = self.link(name, html.unescape(match[1]))
            return f'<a href="{html.escape(target)}">{match[2]}</a>' if target else match[2]

        markup = render(self.cmark, re.sub(r"<!--.*?-->\n?", "", text, flags=re.DOTALL))
        markup = re.sub(r'<img src="([^"]+\.svg)" alt="([^"]*)" ?/>', lambda m: self.picture(m[1], html.unescape(m[2])), markup)
        markup = re.sub(r'<img src="([^":]+\.png)" alt="([^"]*)" ?/>', lambda m: self.photograph(m[1], html.unescape(m[2])), markup)
        markup = re.sub(r'<a href="([^"]*)">(.*?)</a>', link, markup, flags=re.DOTALL)
        markup = re.sub(r"<h([1-6])>(.*?)</h\1>", heading, markup)
        markup = markup.replace("<table>", '<div class="wide"><table>').replace("</table>", "</table></div>")
        return markup, headings

    def part_of_contents(self, headings):
        title = next(((anchor, words) for level, anchor, words in headings if level == 1), None)
        below = "".join(f'<li><a href="#{anchor}">{words}</a></li>' for level, anchor, words in headings if level == 2)
        return f'<li><details><summary><a href="#{title[0]}">{title[1]}</a></summary><ul>{below}</ul></details></li>' if below else (
            f'<li><a href="#{title[0]}">{title[1]}</a></li>')

    def parts(self):
        """(heading of a part, its pages)"""
        found = [(part, list(dict.fromkeys(LINK_IN_CONTENTS.findall(body))))
                 for part, body in re.findall(r"^## (.*)\n((?:(?!^## ).*\n?)*)", self.contents, re.MULTILINE)]
        return found + ([("More", self.left_over)] if self.left_over else [])

    def whole(self, style):
        opening = render(self.cmark, self.contents.split("\n## ")[0])
        navigation, sections = [], []
        for part, names in self.parts():
            entries = []
            for name in names:
                markup, headings = self.page(name)
                entries.append(self.part_of_contents(headings))
                sections.append(f"<section>{markup}</section>")
            navigation.append(f"<h2>{html.escape(part)}</h2><ul>{''.join(entries)}</ul>")
        title = words_of(re.search(r"<h1>(.*?)</h1>", opening)[1])
        return (f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
                f"<title>{html.escape(title)}</title><style>{style}</style></head>\n<body id=\"top\"><nav aria-label=\"contents\">"
                f"<a class=\"home\" href=\"#top\">{html.escape(title)}</a>{''.join(navigation)}</nav>\n<main><section>{opening}</section>\n"
                + "\n".join(sections) + "</main></body></html>\n")


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--cmark", default="cmark-gfm")
    ap.add_argument("docs")
    ap.add_argument("output")
    args = ap.parse_args()
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "handbook.css")) as file:
        style = file.read()
    text = Book(args.docs, args.cmark).whole(style)
    with open(args.output, "w") as file:
        file.write(text)


if __name__ == "__main__":
    main()
