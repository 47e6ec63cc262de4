#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# guard.sh NAME TOOL BUILD: one guard rail of cmake/guard.cmake. Exit code 77: nothing to do it with.
set -eu
name=$1 tool=$2 build=$3
commands=$build/compile_commands.json

[ -x "$tool" ] || { echo "$name: the tool is not installed"; exit 77; }
git rev-parse --verify --quiet HEAD >/dev/null || { echo "$name: this is no git checkout"; exit 77; }

# The command that compiles a file, for clang: without g++'s precompiled header, so that every file is seen to name what
# it uses.
flags_of() {
  # Units of an earlier build may lie there, too, which have no command.
  { grep -lF "#include \"$PWD/$1\"" "$build"/*/CMakeFiles/*.dir/Unity/unity_*.cxx || :; echo "$PWD/$1"; } | while read -r unit; do
    awk -v file="$unit\"" '/"command":/ { command = $0 } index($0, "\"file\": \"" file) { print command; exit }' "$commands"
  done | head -n 1 |
    sed -e 's/^ *"command": "//; s/",$//; s/\\"/"/g; s/\\\\/\\/g' \
        -e 's/^.*c++ / /; s/ -o .*$//' \
        -e 's/--param=[^ ]*//; s/-Winvalid-pch//; s/-fpch-preprocess//; s/-include [^ ]*cmake_pch.hxx//' \
        -e 's/-Wno-array-bounds.*-Wno-stringop-overread//'
}

# Runs `check FILE` for the files on standard input, two at a time; fails when one does.
each() {
  failed=0
  while read -r one && { read -r two || true; }; do
    check "$one" & first=$!
    if [ -n "$two" ]; then check "$two" || failed=1; fi
    wait "$first" || failed=1
    two=
  done
  return $failed
}

# The names that files give to what is their own: "FOLDER NAME FILE", and of an alias what it stands for.
own_names() {
  "$tool" '
    FNR == 1 { own = 0; folder = FILENAME; sub(/\/[^\/]*$/, "", folder) }
    /^namespace \{/ { own = 1; next }
    /^}  \/\/ namespace$/ { own = 0; next }
    { gsub(/__attribute__\(\([a-z_]*(\([^)]*\))?\)\) /, "") }
    !own || !/^[A-Za-z]/ || /^(template|static_assert|namespace|TEST|TYPED_TEST|INSTANTIATE|MATCHER)/ || /operator/ { next }
    /^using namespace / { next }
    { alias = "" }
    /^using / { name = $2; alias = $0; gsub(/ /, "", alias); if ($3 != "=") next }
    /^(struct|class|union) / { name = $2 }
    /^enum / { name = $2 == "class" ? $3 : $2 }
    !/^(using|struct|class|union|enum) / {
      if (!match($0, /[A-Za-z_0-9:~]+ ?[({=[]/)) next
      name = substr($0, RSTART, RLENGTH - 1)
    }
    { sub(/[ :;]*$/, "", name); if (name !~ /:/ && name != "") print folder, name, FILENAME, alias }
  ' "$@" | sort -u
}

case $name in
  Format)
    git ls-files '*.cc' '*.h' | xargs "$tool" --dry-run --Werror
    ;;
  Names)
    # Unquoted: one argument per file.
    own_names $(git ls-files 'compile/*.cc' 'golden/*.cc' 'sim/*.cc' 'harness/*.cc' 'tests/*.cc' |
      grep -vE '^(golden/kernels|tests/fuzz)/') | "$tool" '
        $1 == folder && $2 == name && $3 != file && ($4 == "" || $4 != alias) { print file " and " $3 " both have their own " name "; call one of them otherwise"; twice = 1 }
        { folder = $1; name = $2; file = $3; alias = $4; some = 1 }
        END { exit twice || !some }'
    ;;
  Tidy)
    git rev-parse --verify --quiet HEAD~1 >/dev/null || { echo "$name: there is no commit before this one"; exit 77; }
    check() {
      lines=$(git diff -U0 HEAD~1 -- "$1" |
        sed -n 's/^@@ -[0-9,]* +\([0-9]*\),\{0,1\}\([0-9]*\) @@.*/\1 \2/p' |
        awk '{ n = $2 == "" ? 1 : $2; if (n > 0) printf "%s[%d,%d]", (some++ ? "," : ""), $1, $1 + n - 1 }')
      [ -n "$lines" ] || return 0
      eval "\"$tool\" --quiet --warnings-as-errors='*' --line-filter='[{\"name\":\"$1\",\"lines\":[$lines]}]' \"$1\" -- $(flags_of "$1")" 2>/dev/null
    }
    git diff --name-only --diff-filter=d HEAD~1 -- 'compile/*.cc' 'golden/*.cc' 'sim/*.cc' 'harness/*.cc' | head -n 6 | each
    ;;
  OtherCompiler)
    parts=25
    part=$(( 0x$(git rev-parse HEAD | cut -c1-6) % parts ))
    check() { eval "\"$tool\" -fsyntax-only $(flags_of "$1") \"$1\""; }
    git ls-files 'compile/*.cc' 'golden/*.cc' 'harness/*.cc' | awk -v p=$part -v n=$parts 'NR % n == p' | each
    ;;
esac
