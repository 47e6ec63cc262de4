#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# mutants.sh BUILD COUNT SEED [LEAST] [FOLDER...]: how many of COUNT small faults in the C++ sources the tests notice.
#
# A checkout of HEAD in BUILD/mutants gets one fault at a time, its tests are built and run; what does not build is not
# counted. Prints a line per mutant and the survivors at the end, which BUILD/mutants/survivors has too. Exit code 1 when
# fewer than LEAST percent (default 92) were noticed, 3 when none was tried.
#
# What became of a mutant stays in BUILD/mutants/results, which begins as tests/mutants/results.tsv: a run that was stopped
# goes on where it was. A mutant is tried again when its file changes, a survivor also when tests do. Empty both files to begin
# anew; why survivors are none, or stay, is in tests/mutants/survivors.md.
set -eu
[ $# -ge 3 ] || { sed -n '3,11s/^# \{0,1\}//p' "$0"; exit 2; }
source=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "$1" && pwd)
count=$2 seed=$3
shift 3
least=92
case ${1:-} in [0-9]*) least=$1; shift ;; esac
[ $# -gt 0 ] || set -- compile golden sim harness/check

work=$build/mutants tree=$build/mutants/tree results=$build/mutants/results
mkdir -p "$work"
[ -f "$results" ] || cp "$source/tests/mutants/results.tsv" "$results"
exec 9>"$work/lock"  # what runs on when this is stopped does not keep it: 9>&-
flock -n 9 || { echo "another run works in $work"; exit 4; }
[ -d "$tree/.git" ] || git clone -q "$source" "$tree"
cd -P "$tree"
git fetch -q "$source" HEAD
git checkout -q --force --detach FETCH_HEAD
# Of a unit of one file a mutant takes a fifth of the time.
# Out of bounds is noticed, too.
cmake --preset release -DCMAKE_CXX_FLAGS=-D_GLIBCXX_ASSERTIONS "-DASSAY_SINGLE=^($(echo "$*" | tr ' ' '|'))" "-DASSAY_SHARED_DIR:STRING=$(sed -n 's/^ASSAY_SHARED_DIR:[A-Z]*=//p' "$build/CMakeCache.txt")" >/dev/null
tests=$(git rev-parse HEAD:tests)
baseline=$work/baseline/$(git rev-parse HEAD)
mkdir -p "$baseline"

# The test programs that answer for a source, those first that take least.
tests_of() {
  case $1 in
    compile/base/process_guard.cc) echo base harness ;;
    compile/base/*) echo base sim ;;
    compile/graph/*) echo graph passes ;;
    compile/onnx/*) echo onnx error ;;
    compile/netlist/*) echo netlist ;;
    compile/hw/*) echo hw top ;;
    compile/backend/verilog/*) echo hw top ;;
    compile/backend/shell/*) echo board ;;
    compile/backend/fpga/*) echo backend build ;;
    compile/backend/*) echo backend ;;
    compile/passes/*) echo passes error ;;
    golden/data/*) echo data ;;
    golden/kernels/*) echo kernels golden ;;
    golden/hw/*) echo golden hw ;;
    golden/*) echo golden ;;
    sim/netlist/*|sim/proof/*) echo netlist ;;
    sim/bench/serial.cc) echo board ;;
    sim/*) echo sim hw ;;
    *) echo harness ;;
  esac
}

# shard PROGRAM FILTER SECONDS INDEX: half of a program's tests.
shard() {
  GTEST_TOTAL_SHARDS=2 GTEST_SHARD_INDEX=$4 GTEST_FILTER=$2 exec timeout -k 5 "$3" \
    "build/release/tests/test_$1" --gtest_fail_fast >"$work/log.$4" 2>&1 9>&-
}

# passes PROGRAM FILTER SECONDS: in two processes, which both end as soon as one fails.
passes() {
  shard "$@" 0 & one=$!
  shard "$@" 1 & other=$!
  while kill -0 $one 2>/dev/null && kill -0 $other 2>/dev/null; do sleep 0.1; done
  if kill -0 $one 2>/dev/null; then ended=$other other=$one; else ended=$one; fi
  status=0
  wait "$ended" 2>/dev/null || { status=1; kill "$other" 2>/dev/null || :; }
  wait "$other" 2>/dev/null || status=1
  # A mutant may take the exit code away, too, or end the program before any test.
  ! grep -q '^\[  FAILED  \]' "$work/log.0" "$work/log.1" || status=1
  for log in "$work/log.0" "$work/log.1"; do grep -q '^\[  PASSED  \]' "$log" || status=1; done
  return $status
}

made() { ninja -C build/release "test_$1" >"$work/log.build" 2>&1 9>&-; }

# ready PROGRAM: it passes without any fault; how long it takes, and which of its tests take next to nothing.
ready() {
  [ ! -f "$baseline/$1.seconds" ] || return 0
  made "$1" || { tail -n 20 "$work/log.build"; exit 4; }
  start=$(date +%s)
  passes "$1" '-*Nightly*' 7200 || { echo "test_$1 fails without any fault: see $work/log.0 and log.1"; exit 4; }
  cat "$work/log.0" "$work/log.1" | sed -n 's/^\[       OK \] \([^ ,]*\).* (\([0-9]*\) ms)$/\1 \2/p' |
    awk '$2 < 50 { print $1 }' | tr '\n' ':' >"$baseline/$1.quick"
  echo $(($(date +%s) - start)) >"$baseline/$1.seconds"
}

# Prints what became of the mutant that lies in the tree: killed by a program, survived, or not built.
judged() {
  for folder in $(tests_of "$1"); do
    made "$folder" || { echo "not built"; return; }
    quick=$(cat "$baseline/$folder.quick")
    # A mutant that does not end is noticed, too.
    limit=$((30 + 5 * $(cat "$baseline/$folder.seconds")))
    # shellcheck disable=SC2310
    { { [ -z "$quick" ] || passes "$folder" "$quick" "$limit"; } && passes "$folder" "-*Nightly*:$quick" "$limit"; } ||
      { echo "killed by test_$folder"; return; }
  done
  echo survived
}

# kept BLOB NUMBER: what became of it in an earlier run, or nothing.
kept() {
  awk -F '\t' -v blob="$1" -v number="$2" -v tests="$tests" \
    '$1 == blob && $2 == number && ($4 != "survived" || $3 == tests) { result = $4 } END { print result }' "$results"
}

# tried FILE NUMBER WHAT: the same, now.
tried() {
  for folder in $(tests_of "$1"); do ready "$folder" >&2; done
  "$work/program" apply "$1" "$2"
  result=$(judged "$1")
  git checkout -q -- "$1"
  printf '%s\t%s\t%s\t%s\t%s\n' "$(git rev-parse "HEAD:$1")" "$2" "$tests" "$result" "$3" >>"$results"
  echo "$result"
}

ninja -C build/release source_mutants >"$work/log.build" 2>&1 || { tail -n 20 "$work/log.build"; exit 4; }
cp build/release/tests/source_mutants "$work/program"
# shellcheck disable=SC2046
"$work/program" list "$seed" $(git ls-files "$@" | grep '\.cc$') >"$work/list"

killed=0 judged=0
: >"$work/survivors"
while [ "$judged" -lt "$count" ] && read -r file number what <&3; do
  result=$(kept "$(git rev-parse "HEAD:$file")" "$number")
  [ -n "$result" ] || result=$(tried "$file" "$number" "$what")
  case $result in
    killed*) killed=$((killed + 1)) judged=$((judged + 1)) ;;
    survived) judged=$((judged + 1)); echo "$what" >>"$work/survivors" ;;
  esac
  echo "$judged/$count $what: $result"
done 3<"$work/list"

[ "$judged" -gt 0 ] || { echo "no mutant was tried"; exit 3; }
echo "$killed of $judged killed, $((100 * killed / judged)) %; survivors:"
cat "$work/survivors"
[ $((100 * killed)) -ge $((least * judged)) ]
