"""YAML texts that are refused, and the whole report of each: (what, text, report)."""

BAD = [
    (
        "an anchor",
        "rules: &all\n  - name: a\n",
        """\
rules.yaml:1:8: '&all' is a YAML anchor, which is not accepted
    rules: &all
           ^
  put it in quotes if it is text: "&all"; else write the value out
1 problem
""",
    ),
    (
        "an alias",
        "limit: *base\n",
        """\
rules.yaml:1:8: '*base' is a YAML alias, which is not accepted
    limit: *base
           ^
  put it in quotes if it is text: "*base"; else write the value out
1 problem
""",
    ),
    (
        "a name pattern that begins with a star",
        "match:\n  project: *-prod\n",
        """\
rules.yaml:2:12: '*-prod' is a YAML alias, which is not accepted
      project: *-prod
               ^
  put it in quotes if it is text: "*-prod"; else write the value out
1 problem
""",
    ),
    (
        "a lone star",
        "match: {project: *}\n",
        """\
rules.yaml:1:18: a '*' begins an alias in YAML
    match: {project: *}
                     ^
  put a name pattern in quotes: "*"
1 problem
""",
    ),
    (
        "a merge key",
        "base:\n  <<: {a: 1}\n",
        """\
rules.yaml:2:3: the merge key '<<' is not accepted
      <<: {a: 1}
      ^
  write the merged keys out
1 problem
""",
    ),
    (
        "an exclusion without quotes",
        "match:\n  project: [prod, !internal*]\n",
        """\
rules.yaml:2:19: a '!' begins a tag in YAML
      project: [prod, !internal*]
                      ^
  put an exclusion in quotes: "!name"
1 problem
""",
    ),
    (
        "a Python tag",
        "a: !!python/object/apply:os.system [ls]\n",
        """\
rules.yaml:1:4: '!!python/object/apply:os.system' is a YAML tag, which is not accepted
    a: !!python/object/apply:os.system [ls]
       ^
  put it in quotes if it is text: "!!python/object/apply:os.system"; else write the value out
1 problem
""",
    ),
    (
        "a tag on a list",
        "a: !set [b]\n",
        """\
rules.yaml:1:4: '!set' is a YAML tag, which is not accepted
    a: !set [b]
       ^
  put it in quotes if it is text: "!set"; else write the value out
1 problem
""",
    ),
    (
        "a tag next to a secret",
        "password: !hunter2\n",
        """\
rules.yaml:1:11: '...' is a YAML tag, which is not accepted
    password: ********
              ^
  put it in quotes if it is text: "..."; else write the value out
1 problem
""",
    ),
    (
        "a key written twice",
        "name: a\nkind: cap\nname: b\n",
        """\
rules.yaml:3:1: the key 'name' is written twice: first on line 1, column 1
    name: b
    ^
  remove one of the two
1 problem
""",
    ),
    (
        "a key written twice in braces",
        '{name: a, "name": b}\n',
        """\
rules.yaml:1:11: the key 'name' is written twice: first on line 1, column 2
    {name: a, "name": b}
              ^
  remove one of the two
1 problem
""",
    ),
    (
        "a number as a key",
        "limits:\n  2026: 5\n",
        """\
rules.yaml:2:3: a key must be text
      2026: 5
      ^
  put it in quotes
1 problem
""",
    ),
    (
        "true as a key",
        "true: 5\n",
        """\
rules.yaml:1:1: a key must be text
    true: 5
    ^
  put it in quotes
1 problem
""",
    ),
    (
        "nothing as a key",
        ": 5\n",
        """\
rules.yaml:1:1: there is no key before this ':'
    : 5
    ^
  write one
1 problem
""",
    ),
    (
        "a list as a key",
        "? [a, b]\n: 5\n",
        """\
rules.yaml:1:3: a key must be text, not a list or mapping
    ? [a, b]
      ^
  put quotes around it
1 problem
""",
    ),
    (
        "no",
        "enabled: no\n",
        """\
rules.yaml:1:10: YAML readers disagree whether this word is text or means false
    enabled: no
             ^
  write false, or put the word in quotes
1 problem
""",
    ),
    (
        "On",
        "enabled: On\n",
        """\
rules.yaml:1:10: YAML readers disagree whether this word is text or means true
    enabled: On
             ^
  write true, or put the word in quotes
1 problem
""",
    ),
    (
        "y",
        "enabled: y\n",
        """\
rules.yaml:1:10: YAML readers disagree whether this word is text or means true
    enabled: y
             ^
  write true, or put the word in quotes
1 problem
""",
    ),
    (
        "True",
        "enabled: True\n",
        """\
rules.yaml:1:10: YAML readers disagree whether this word is text or means true
    enabled: True
             ^
  write true, or put the word in quotes
1 problem
""",
    ),
    (
        "NULL",
        "mention: NULL\n",
        """\
rules.yaml:1:10: YAML readers disagree whether this word is text or means null
    mention: NULL
             ^
  write null, or put the word in quotes
1 problem
""",
    ),
    (
        "a yes/no word as a key",
        "on: 5\n",
        """\
rules.yaml:1:1: YAML readers disagree whether this word is text or means true
    on: 5
    ^
  write true, or put the word in quotes
1 problem
""",
    ),
    (
        "a leading zero",
        "limit: 0123\n",
        """\
rules.yaml:1:8: YAML readers disagree what a number with a leading zero means
    limit: 0123
           ^
  write it without the zero, or put it in quotes if it is text
1 problem
""",
    ),
    (
        "a leading zero before a point",
        "limit: 01.50\n",
        """\
rules.yaml:1:8: YAML readers disagree what a number with a leading zero means
    limit: 01.50
           ^
  write it without the zero, or put it in quotes if it is text
1 problem
""",
    ),
    (
        "underscores between digits",
        "limit: 1_000\n",
        """\
rules.yaml:1:8: YAML readers disagree whether digits with underscores are a number
    limit: 1_000
           ^
  write the digits alone, or put it in quotes if it is text
1 problem
""",
    ),
    (
        "a hexadecimal number",
        "limit: 0x1F\n",
        """\
rules.yaml:1:8: hexadecimal, octal and binary numbers are not accepted
    limit: 0x1F
           ^
  write the number in decimal digits, or put it in quotes if it is text
1 problem
""",
    ),
    (
        "infinity",
        "limit: .inf\n",
        """\
rules.yaml:1:8: infinity and not-a-number are not accepted
    limit: .inf
           ^
  write a finite number
1 problem
""",
    ),
    (
        "not-a-number",
        "limit: .NaN\n",
        """\
rules.yaml:1:8: infinity and not-a-number are not accepted
    limit: .NaN
           ^
  write a finite number
1 problem
""",
    ),
    (
        "a number without end",
        "limit: 99999999999999999999999999999999999999999999999999\n",
        """\
rules.yaml:1:8: numbers of more than 40 characters are not accepted
    limit: 99999999999999999999999999999999999999999999999999
           ^
  put it in quotes if it is text
1 problem
""",
    ),
    (
        "a number that would fill the memory",
        "limit: 1e999999999\n",
        """\
rules.yaml:1:8: exponents beyond 30 are not accepted
    limit: 1e999999999
           ^
  put it in quotes if it is text
1 problem
""",
    ),
    (
        "two documents",
        "a: 1\n---\nb: 2\n",
        """\
rules.yaml:2:1: a second document begins here
    ---
    ^
  a file holds one: use one file for each
1 problem
""",
    ),
    (
        "a tab",
        "slack:\n\tchannel: x\n",
        """\
rules.yaml:2:1: a tab cannot indent in YAML
    \\tchannel: x
    ^
  indent with spaces
1 problem
""",
    ),
    (
        "an @ without quotes",
        "mention: @oncall\n",
        """\
rules.yaml:1:10: a value cannot begin with '@'
    mention: @oncall
             ^
  put the value in quotes: "..."
1 problem
""",
    ),
    (
        "a backtick",
        "name: `x`\n",
        """\
rules.yaml:1:7: a value cannot begin with '`'
    name: `x`
          ^
  put the value in quotes: "..."
1 problem
""",
    ),
    (
        "a percent sign",
        "name: %x\n",
        """\
rules.yaml:1:7: a value cannot begin with '%'
    name: %x
          ^
  put the value in quotes: "..."
1 problem
""",
    ),
    (
        "a variable in braces",
        "slack: {token: ${TOKEN}}\n",
        """\
rules.yaml:1:16: '${...}' inside [ ] and { } needs quotes
    slack: {token: ${TOKEN}}
                   ^
  write "${...}"
1 problem
""",
    ),
    (
        "an open bracket",
        "steps: [50, 80\n",
        """\
rules.yaml:1:8: this '[' is never closed by ']'
    steps: [50, 80
           ^
1 problem
""",
    ),
    (
        "an open bracket before more lines",
        "steps: [50, 80\nkind: cap\n",
        """\
rules.yaml:2:5: expected ',' or ']' here
    kind: cap
        ^
  the '[' of line 1 is still open
1 problem
""",
    ),
    (
        "an open brace",
        "match: {project: x\n",
        """\
rules.yaml:1:8: this '{' is never closed by '}'
    match: {project: x
           ^
1 problem
""",
    ),
    (
        "an open quote",
        'name: "daily cap\nkind: cap\n',
        """\
rules.yaml:1:7: this quote is never closed
    name: "daily cap
          ^
  close it; within single quotes, a quote is written twice
1 problem
""",
    ),
    (
        "a colon in a value",
        "name: cap: daily\n",
        """\
rules.yaml:1:10: a ':' cannot stand here
    name: cap: daily
             ^
  check the indentation of this line and the one before; quote a value that holds ': '
1 problem
""",
    ),
    (
        "a line that is too deep",
        "name: a\n  kind: b\n",
        """\
rules.yaml:2:7: a ':' cannot stand here
      kind: b
          ^
  check the indentation of this line and the one before; quote a value that holds ': '
1 problem
""",
    ),
    (
        "a line between two depths",
        "slack:\n    channel: a\n  routes: b\n",
        """\
rules.yaml:3:3: this does not fit the mapping it stands in
      routes: b
      ^
  check the indentation, and that quotes hold the whole value
1 problem
""",
    ),
    (
        "text after a quoted value",
        "name: 'it's'\n",
        """\
rules.yaml:1:11: this does not fit the mapping it stands in
    name: 'it's'
              ^
  check the indentation, and that quotes hold the whole value
1 problem
""",
    ),
    (
        "a key beside list items",
        "- a\nb: 1\n",
        """\
rules.yaml:2:1: expected another '- ' item of the list before it here
    b: 1
    ^
  check the indentation of this line and of the list
1 problem
""",
    ),
    (
        "a backslash in double quotes",
        'path: "C:\\new\\qa"\n',
        """\
rules.yaml:1:14: this escape after a backslash does not exist
    path: "C:\\new\\qa"
                 ^
  use single quotes, or write two backslashes for one
1 problem
""",
    ),
    (
        "half an escape",
        'name: "\\u12"\n',
        """\
rules.yaml:1:10: this escape after a backslash does not exist
    name: "\\u12"
             ^
  use single quotes, or write two backslashes for one
1 problem
""",
    ),
    (
        "a control character from an escape",
        'name: "\\e[31m"\n',
        """\
rules.yaml:1:7: this text holds a control character
    name: "\\e[31m"
          ^
  remove its escape
1 problem
""",
    ),
    (
        "broken block text",
        "note: |x\n  text\n",
        """\
rules.yaml:1:7: this block text is broken
    note: |x
          ^
  after '|' or '>' the text begins on the next line
1 problem
""",
    ),
    (
        "a closing bracket too many",
        "steps: [1]]\n",
        """\
rules.yaml:1:11: this ']' closes nothing
    steps: [1]]
              ^
  remove it
1 problem
""",
    ),
    (
        "a directive",
        "%FOO bar\n---\na: 1\n",
        """\
rules.yaml:1:1: lines that begin with '%' are not accepted
    %FOO bar
    ^
  remove the line
1 problem
""",
    ),
    (
        "a NUL",
        "name: a\x00b\n",
        """\
rules.yaml:1:8: the character U+0000 is invisible and not accepted
    name: a\\x00b
           ^
  remove it
1 problem
""",
    ),
    (
        "an invisible line break",
        "name: a\u2028b\n",
        """\
rules.yaml:1:8: the character U+2028 is invisible and not accepted
    name: a\\u2028b
           ^
  remove it
1 problem
""",
    ),
    (
        "a terminal escape",
        "name: \x1b[31mred\n",
        """\
rules.yaml:1:7: the character U+001B is invisible and not accepted
    name: \\x1b[31mred
          ^
  remove it
1 problem
""",
    ),
    (
        "21 levels",
        "a: [[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]\n",
        """\
rules.yaml:1:23: lists and mappings are nested deeper than 20 levels
    a: [[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]
                          ^
1 problem
""",
    ),
    (
        "several mistakes at once",
        "a: no\nb: 0123\na: &x 1\n",
        """\
rules.yaml:1:4: YAML readers disagree whether this word is text or means false
    a: no
       ^
  write false, or put the word in quotes
rules.yaml:2:4: YAML readers disagree what a number with a leading zero means
    b: 0123
       ^
  write it without the zero, or put it in quotes if it is text
rules.yaml:3:1: the key 'a' is written twice: first on line 1, column 1
    a: &x 1
    ^
  remove one of the two
rules.yaml:3:4: '&x' is a YAML anchor, which is not accepted
    a: &x 1
       ^
  put it in quotes if it is text: "&x"; else write the value out
4 problems
""",
    ),
]
