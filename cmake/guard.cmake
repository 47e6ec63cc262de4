# SPDX-License-Identifier: Apache-2.0
# Guard rails as tests: the form of every file, clang-tidy over the lines that the last commit changed, and the other compiler
# over a part of the sources that changes with every commit. The nightly clang and sanitizer builds look at all of them.
find_program(CLANG_FORMAT clang-format-14)
find_program(CLANG_TIDY clang-tidy-14)
find_program(CLANG clang++-14)

# guard(NAME TOOL): tests Guard.NAME, run by guard.sh; skipped where TOOL is missing.
function(guard name tool)
  add_test(NAME "Guard.${name}" WORKING_DIRECTORY "${CMAKE_SOURCE_DIR}"
           COMMAND sh "${CMAKE_SOURCE_DIR}/cmake/guard.sh" "${name}" "${tool}" "${CMAKE_BINARY_DIR}")
  set_tests_properties("Guard.${name}" PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 300)
endfunction()

guard(Format "${CLANG_FORMAT}")
find_program(AWK awk)
guard(Names "${AWK}")
guard(Tidy "${CLANG_TIDY}")
guard(OtherCompiler "${CLANG}")
