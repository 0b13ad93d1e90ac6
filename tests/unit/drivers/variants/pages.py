"""The pages of one unit, as its variant has them. What they are about is the same (device-reference 2, 3, 5)."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.unit.drivers.variants.markup import (
    LAYOUTS,
    STATUS,
    Entry,
    Field,
    button,
    dress,
    element,
    menu,
    styled,
)
from tests.unit.drivers.variants.variant import FIELDS, Variant

OTHERS = ("Status", "Conferences", "Users", "Logs", "Gateways")
DEFAULT_LOGIN, DEFAULT_LOGOUT = "/login.html", "/logout.html"


@dataclass(frozen=True)
class View:
    """What a page is drawn from: the unit's state, and by which address it was asked for."""

    at: str
    """The path that was asked for: relative links start there."""
    origin: str
    """Scheme, host and port."""
    prefix: str
    """The session, where the unit keeps it in the path."""
    once: str
    """What has to come back with a form."""
    custom: bool
    """A custom pair is stored."""
    shutdown: str
    """active, asked or down; or asked to restart: again."""


class Pages:
    """Draws the pages of one variant. `flaw` makes the one thing ambiguous or missing that it names."""

    def __init__(self, variant: Variant, flaw: str = "") -> None:
        self.variant = variant
        self.flaw = flaw
        self._drawn: Mapping[str, Callable[[View], str]] = {
            "login": self._login,
            "guest": self._guest,
            "home": lambda _view: "<h1>Welcome</h1><p>Standort: Zürich</p>",
            "network": lambda _view: "<h1>Network</h1>",
            "settings": lambda _view: "<h1>Settings</h1>",
            "certificates": self._certificates,
            "shutdown": self._shutdown,
            "ask-removal": self._ask_removal,
        }

    def location(self, meaning: str) -> str:
        """The path of a page, without the session."""
        if meaning == "login" and self.variant["login"] == "documented":
            return DEFAULT_LOGIN
        if meaning == "logout" and self.variant["leave"] == "documented":
            return DEFAULT_LOGOUT
        if meaning == "login" and self.variant["login"] == "root":
            return "/"
        return self.variant.path(meaning)

    def draw(self, meaning: str, view: View) -> str:
        """The whole page, dressed. `X inner` is what stands in the inner frame of page X, `X menu` the menu alone."""
        name, _, part = meaning.partition(" ")
        window = self.variant["window"] if name not in ("login", "guest") else "plain"
        body = ""
        if part == "bar":
            body = self._bar(view)
        elif name == "home" and not part and window in ("frames", "three-frames"):
            return self._frameset(view, window)
        elif window == "iframe" and not part:
            inner = element("iframe", src=self._url(f"{name} inner", view), name="inner")
            body = f"{self._bar(view)}{inner}</iframe>"
        else:
            if window == "plain" and name not in ("login", "guest"):
                body = self._bar(view)
            body += self._below(name, view) + self._drawn[name](view)
        titles = {
            "login": "Login",
            "guest": "Home",
            "home": "Home page",
            "network": "Network",
            "settings": "Settings",
        }
        title = titles.get(name, "SSL certificates" if name == "certificates" else "Shutdown")
        return self._page(f"Codian MCU - {title}", body, view)

    def notice(self, text: str, view: View, onward: str = "") -> str:
        """A page with one text, that sends the browser on to `onward` at once where that is given."""
        head = ""
        if onward:
            head = element("meta", http_equiv="Refresh", content=f"0; URL={self._url(onward, view)}")
        return self._page("Codian MCU - Notice", f"<p>{text}</p>", view, head)

    def scripted(self, onward: str, view: View) -> str:
        script = f"<script>window.location = '{self._url(onward, view)}';</script>"
        return self._page("Codian MCU", f"<p>One moment</p>{script}", view)

    def address(self, meaning: str, view: View) -> str:
        """For a redirect."""
        return f"{view.origin}{view.prefix}{self.location(meaning)}"

    def _page(self, title: str, body: str, view: View, head: str = "") -> str:
        if self.variant["charset"].endswith("meta"):
            head += element("meta", http_equiv="Content-Type", content=f"text/html; charset={self.variant.charset}")
        if self.variant["links"] == "base":
            head = element("base", href=f"{view.origin}{view.prefix}/base/of/all/") + head
        foot = "<p>Gerät Zürich</p>"
        page = f"<html><head><title>{title}</title>{head}</head><body>{body}{foot}</body></html>"
        return dress(page, self.variant)

    def _url(self, meaning: str, view: View) -> str:
        """A link to this page from that one."""
        target = view.prefix + self.location(meaning)
        match self.variant["links"]:
            case "absolute":
                return view.origin + target
            case "relative":
                return posixpath.relpath(target, posixpath.dirname(view.at))
            case "base":
                return posixpath.relpath(target, f"{view.prefix}/base/of/all")
        return target

    def _action(self, meaning: str, view: View) -> str:
        once = f"?o={view.once}" if self.variant["once"] == "query" else ""
        return self._url(meaning, view) + once

    def _once(self, view: View) -> str:
        hidden = element("input", type="hidden", name=self.variant.name("kept"), value="me & you")
        if self.variant["once"] == "hidden":
            hidden += element("input", type="hidden", name=self.variant.name("once"), value=view.once)
        return hidden

    def _form(self, meaning: str, view: View, inside: str, kind: str = "multipart/form-data") -> str:
        enctype = kind or None
        start = element("form", action=self._action(meaning, view), method="post", enctype=enctype)
        return f"{start}{self._once(view)}{inside}</form>"

    def _frameset(self, view: View, window: str) -> str:
        def frame(name: str, meaning: str) -> str:
            return element("frame", name=name, src=self._url(meaning, view))

        if window == "frames":
            body = f'<frameset cols="20%,*">{frame("menu", "home bar")}{frame("work", "home inner")}</frameset>'
        else:
            body = (
                f'<frameset rows="60,*">{frame("menu", "home bar")}<frameset cols="20%,*">'
                f"{frame('sub', 'home inner')}{frame('work', 'home inner')}</frameset></frameset>"
            )
        base = element("base", href=f"{view.origin}{view.prefix}/base/of/all/")
        head = f"<title>Codian MCU</title>{base if self.variant['links'] == 'base' else ''}"
        return dress(f"<html><head>{head}</head>{body}</html>", self.variant)

    def _entries(self, names: tuple[tuple[str, str], ...], view: View) -> list[Entry]:
        below = {"Network": self._network, "Settings": self._settings}
        return [
            Entry(
                caption,
                self._url(meaning, view),
                self.variant.name(f"entry {meaning}"),
                tuple(self._entries(below[caption], view)) if caption in below else (),
            )
            for caption, meaning in names
        ]

    @property
    def _network(self) -> tuple[tuple[str, str], ...]:
        link = (self.variant["certificates_link"], "certificates")
        if self.flaw == "no-certificates-link":
            link = ("Certificate authorities", "other")
        twin = ((self.variant["certificates_link"], "other"),) if self.flaw == "two-certificates-links" else ()
        return (("Port A", "other"), ("Services", "other"), link, *twin, ("SNMP", "other"))

    @property
    def _settings(self) -> tuple[tuple[str, str], ...]:
        return (("Time", "other"), ("Upgrade", "other"), (self.variant["shutdown_link"], "shutdown"))

    def _bar(self, view: View) -> str:
        names = (*((text, "other") for text in OTHERS), ("Network", "network"), ("Settings", "settings"))
        target = {"frames": "work", "three-frames": "sub"}.get(self.variant["window"])
        bar = menu(
            self.variant["menu"],
            self._entries(names if target else (("Home", "home"), *names), view),
            self._action("go", view),
            target,
            self._once(view),
        )
        leave = element("a", href=self._url("logout", view), target="_top" if target else None)
        return bar + (f"<p>{leave}Log out</a></p>" if self.variant["leave"] == "link" else "<p>admin</p>")

    def _below(self, name: str, view: View) -> str:
        """The menu of a part."""
        inside = {"network": self._network, "certificates": self._network, "settings": self._settings}
        names = inside.get(name)
        if names is None or (name == "certificates" and self.variant["window"] != "plain"):
            return ""
        target = "work" if self.variant["window"] == "three-frames" else None
        if self.variant["window"] == "iframe":
            target = "_top"
        entries = self._entries(names, view)
        return menu(self.variant["menu"], entries, self._action("go", view), target, self._once(view))

    def _login(self, view: View) -> str:
        v = self.variant
        fields = [
            Field(styled(v["user_label"], v), element("input", name=v.name("user"), id="u1"), "u1"),
            Field(styled("Password", v), element("input", type="password", name=v.name("password"), id="u2"), "u2"),
        ]
        inside = LAYOUTS[v["layout"]](fields) + button(v["button"], v.name("ok"), v["enter"])
        return f"<h1>Codian</h1>{self._form('enter', view, inside, '')}"

    def _guest(self, view: View) -> str:
        return f"<h1>Home</h1>{element('a', href=self._url('login', view))}Log in</a> <p>Guest</p>"

    def _certificates(self, view: View) -> str:
        v = self.variant
        subject = "C=GB, CN=custom" if view.custom else "C=GB, CN=factory"
        rows = [("Subject", subject), ("Issuer", "C=GB, CN=CA"), ("Issued", "Mon 3 Jan 2011")]
        rows += [("Expires", "Fri 3 Jan 2031"), ("Private key", v["matches"])]
        status = f"<h2>Local certificate</h2>{STATUS[v['status']](rows)}"
        decoys = self._decoys(view)
        own = self._upload_section(view)
        if v["forms"] == "page":
            body = decoys + status + own if v["decoys_at"] == "before" else status + own + decoys
            return self._form("both", view, body)
        return decoys + status + own if v["decoys_at"] == "before" else status + own + decoys

    def _upload_section(self, view: View) -> str:
        v = self.variant
        grey = self.flaw == "greyed-out"
        texts = {"certificate": v["certificate_label"], "key": v["key_label"], "word": v["word_label"]}
        if self.flaw == "no-key-label":
            texts["key"] = ""
        if self.flaw == "same-labels":
            texts["key"] = texts["certificate"]
        if self.flaw == "no-labels":
            texts = dict.fromkeys(FIELDS, "")
        fields = [
            Field(
                styled(texts[name], v),
                element(
                    "input", type=v["word_kind"] if name == "word" else "file", name=v.name(name), id=f"f-{name}"
                ),
                f"f-{name}",
            )
            for name in v["order"].split()
        ]
        caption = {"upload-unknown": "Store", "trust-only": "Store"}.get(self.flaw, v["upload"])
        upload = LAYOUTS[v["layout"]](fields) + button(v["button"], v.name("do upload"), caption, disabled=grey)
        remove = button(v["button"], v.name("do remove"), "Clear" if self.flaw == "remove-unknown" else v["remove"])
        if self.flaw == "two-removals":
            remove += button(v["button"], v.name("do other"), v["remove"])
        heading = f"<h2>{v['section']}</h2>"
        if self.flaw == "feature-key":
            return f"{heading}<p>This unit has no feature key for Secure management (HTTPS) or Encryption.</p>"
        if v["forms"] != "separate":
            parts = (upload, f"<p>{remove}</p>") if v["first"] == "upload" else (f"<p>{remove}</p>", upload)
            inside = heading + "".join(parts)
            return inside if v["forms"] == "page" else self._form("both", view, inside)
        forms = [
            self._form("upload", view, upload),
            self._form("remove", view, f"<p>{remove}</p>", ""),
        ]
        if self.flaw == "two-uploads":
            forms.append(self._form("trust", view, upload))
        return heading + "".join(forms if v["first"] == "upload" else forms[::-1])

    def _decoys(self, view: View) -> str:
        """Forms that must not be touched."""
        v = self.variant
        wanted = v["decoys"].split()
        parts: list[str] = []

        def form(meaning: str, inside: str, kind: str = "multipart/form-data") -> str:
            # Inside the one form round the page, no other form exists.
            return inside if v["forms"] == "page" else self._form(meaning, view, inside, kind)

        def file(name: str) -> str:
            return element("input", type="file", name=v.name(name))

        def password(name: str) -> str:
            return element("input", type="password", name=v.name(name))

        def press(name: str, caption: str) -> str:
            return element("input", type="submit", name=v.name(name), value=caption)

        for name in {"trust": ["HTTPS"], "two-trusts": ["SIP", "HTTPS"]}.get(wanted[0] if wanted else "", []):
            store = f"Certificate {file(f'trust {name}')} {press(f'do {name}', 'Upload trust store')}"
            gone = press(f"no {name}", "Delete trust store")
            parts.append(f"<h2>{name} trust store</h2>{form('trust', f'<p>{store}</p><p>{gone}</p>')}")
        if "twin" in wanted or self.flaw == "trust-only":
            # All the fields, and the very words of the button, in a section of another thing.
            twin = f"<p>Certificate {file('twin certificate')}<br>Private key {file('twin key')}<br>"
            twin += f"Private key encryption password {password('twin word')}<br>"
            twin += f"{press('do twin', v['upload'])} {press('no twin', 'Delete trust store')}</p>"
            parts.append(f"<h2>SIP trust store</h2>{form('trust', twin)}")
        if "same-caption" in wanted:
            same = f"<p>Certificate {file('same')} {press('do same', v['upload'])}</p>"
            parts.append(f"<h2>HTTPS trust store</h2>{form('trust', same)}")
        if "search" in wanted:
            search = f"<p>Search {element('input', name=v.name('query'))} {press('do search', 'OK')}</p>"
            parts.insert(0, form("search", search, ""))
        if "upgrade" in wanted:
            upgrade = f"<p>Software image {file('image')} {press('do upgrade', 'Upload software image')}</p>"
            parts.append(f"<h2>Online certificate status protocol</h2>{form('upgrade', upgrade)}")
        return "".join(parts)

    def _shutdown(self, view: View) -> str:
        v = self.variant
        restart = button(v["button"], v.name("do restart"), v["restart"])
        match view.shutdown:
            case "active" if v["steps"] in ("one", "two"):
                inside = button(v["button"], v.name("do shut"), v["shut_down"])
                if self.flaw == "two-shutdowns":
                    inside = "".join(
                        button(v["button"], v.name(f"do shut {part}"), f"Shut down {part}")
                        for part in ("port B", "blade 3")
                    )
                return self._form("shut", view, f"<p>{inside}</p>", "")
            case "asked":
                inside = button(v["button"], v.name("do confirm"), v["confirm"])
                inside += button("input", v.name("do cancel"), "Cancel")
                return self._form("confirm", view, inside, "")
            case "again":
                inside = button(v["button"], v.name("do again"), "Yes") + button("input", v.name("do not"), "No")
                return f"<p>Sure?</p>{self._form('again', view, inside, '')}"
        return self._form("restart", view, restart, "")

    def _ask_removal(self, view: View) -> str:
        v = self.variant
        yes = {"confirm": "Confirm", "yes": "Yes"}.get(v["asks"], "Yes")
        inside = button(v["button"], v.name("do sure"), yes) + button("input", v.name("do cancel"), "Cancel")
        return f"<p>Really?</p>{self._form('sure', view, inside, '')}"
