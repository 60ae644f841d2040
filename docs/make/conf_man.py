#!/usr/bin/python3
"""docs/configuration.md as the manual page sipsteer.conf(5), in mdoc. A unit test holds that page against the tables of the code.

usage: conf_man.py configuration.md DATE-FROM.8 > sipsteer.conf.5
"""
import re
import sys

HEAD = """.\\" Made from docs/configuration.md by docs/make/conf_man.py.
{date}
.Dt SIPSTEER.CONF 5
.Os
.Sh NAME
.Nm sipsteer.conf
.Nd configuration of sipsteerd
.Sh DESCRIPTION
"""
TAIL = """.Sh FILES
.Bl -tag -width Ds
.It Pa /etc/sipsteer/sipsteer.conf
Where the packages have it.
.El
.Sh SEE ALSO
.Xr sipsteer 1 ,
.Xr sipsteerd 8
"""
FONTS = {"`": "\\fB", "*": "\\fI"}


def escape(text):
    """Text as roff takes it: no line of it may begin with a control character."""
    return re.sub(r"^([.'])", r"\\&\1", text.replace("\\", "\\e"), flags=re.MULTILINE)


def inline(text):
    """Code bold, emphasis in italics, links as their words (and where they lead, if that is no page of ours)."""
    text = re.sub(r"\[([^\]]+)\]\(([^)]+)\)", lambda m: m[1] if not m[2].startswith("http") else f"{m[1]} ({m[2]})", text)
    out = []
    for part in re.split(r"(`[^`]+`|\*\*[^*]+\*\*|(?<!\w)\*[^*\s][^*]*\*)", text):
        if part.startswith("`") and len(part) > 2:
            out.append("\\fB" + escape(part[1:-1]).replace("-", "\\-") + "\\fR")
        elif part.startswith("**") and len(part) > 4:
            out.append("\\fB" + escape(part[2:-2]) + "\\fR")
        elif part.startswith("*") and len(part) > 2:
            out.append("\\fI" + escape(part[1:-1]) + "\\fR")
        else:
            out.append(escape(part))
    line = "".join(out)
    return re.sub(r"(?<=[.:;?]) {1,}(?=[A-Z`\\])", "\n", line) if line else line


def heading(text):
    """A section's name: "server.tls" in bold, words as they are."""
    return text.replace("`", "")


def cells(row):
    return [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", row.strip()[1:-1])]


def table(rows):
    """A table of keys: key, what it takes, meaning. Any other: its first column as the tag."""
    names, out = cells(rows[0]), [".Bl -tag -width Ds"]
    for row in rows[2:]:
        have = cells(row)
        out.append(".It " + re.sub(r"^(['.])", r"\\&\1", inline(have[0]).replace("\n", " ")))
        if names[:4] == ["key", "type", "default", "range"]:
            takes = f"{have[1]}; " + (have[2] if have[2] == "required" else f"default: {have[2]}") + (f"; {have[3]}" if have[3] else "")
            out += [inline(takes).replace("\n", " "), ".br", inline(have[4])]
        else:
            out.append(inline("; ".join(cell for cell in have[1:] if cell)))
    return out + [".El"]


def blocks(text):
    """(kind, lines) of the page: heading, table, code, item, text."""
    lines, i = text.split("\n"), 0
    while i < len(lines):
        line = lines[i]
        if not line.strip():
            i += 1
        elif line.startswith("```"):
            end = lines.index("```", i + 1)
            yield "code", lines[i + 1:end]
            i = end + 1
        elif line.startswith("#"):
            yield "heading", [line]
            i += 1
        else:
            kind = "table" if line.startswith("|") else "code" if line.startswith("    ") else "item" if line.startswith("- ") else "text"
            end = i + 1
            while end < len(lines) and lines[end].strip() and not lines[end].startswith(("#", "```")) and (
                    lines[end].startswith("|") == (kind == "table")) and (kind != "item" or not lines[end].startswith("- ")) and (
                    kind != "text" or not lines[end].startswith("- ")):
                end += 1
            yield kind, lines[i:end]
            i = end


def body(text):
    out, first = [], True
    for kind, lines in blocks(text):
        if kind == "heading":
            level = len(lines[0]) - len(lines[0].lstrip("#"))
            if level > 1:
                out += [f".Ss {escape(heading(lines[0].lstrip('# ')))}"]
                first = True
            continue
        if not first and kind in ("text", "table"):
            out.append(".Pp")
        first = False
        if kind == "table":
            if out and out[-1] == ".Pp":
                out.pop()
            out += table(lines)
        elif kind == "code":
            out += [".Bd -literal -offset indent", *(escape(line[4:] if line.startswith("    ") else line) for line in lines), ".Ed"]
        elif kind == "item":
            out += [".Bl -bullet -compact", ".It", inline(" ".join(line.strip() for line in lines)[2:]), ".El"]
        else:
            out += [inline(" ".join(line.strip() for line in lines))]
    return "\n".join(out) + "\n"


def main():
    with open(sys.argv[1]) as page, open(sys.argv[2]) as dated:
        text, date = page.read(), dated.readline().strip()
    sys.stdout.write(HEAD.format(date=date) + body(text) + TAIL)


if __name__ == "__main__":
    main()
