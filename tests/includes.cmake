# SPDX-License-Identifier: Apache-2.0
# The table of rooms in docs/architecture.md as tests. A probe per library, compiled as the library's own sources are, asks for
# a header of every room: those that the table lets it use are found, all others are not.
set(architecture "${CMAKE_SOURCE_DIR}/docs/architecture.md")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${architecture}")

# Every row `| folder | library | holds | may use |`: the list `rooms`, and ROOM_folder and ROOM_uses of each.
file(STRINGS "${architecture}" rows REGEX "^\\| `[a-z0-9_/]+` \\| `assay_[a-z0-9_]+`")
set(rooms)
foreach(row IN LISTS rows)
  string(REGEX MATCH "^\\| `([a-z0-9_/]+)` \\| `assay_([a-z0-9_]+)`[^|]*\\|[^|]*\\| *([a-z0-9_, ]*)\\|$" matched "${row}")
  if(NOT matched)
    message(FATAL_ERROR "docs/architecture.md: not a row of the table of rooms: ${row}")
  endif()
  set(room "${CMAKE_MATCH_2}")
  list(APPEND rooms "${room}")
  set(${room}_folder "${CMAKE_MATCH_1}")
  string(REGEX MATCHALL "[a-z0-9_]+" ${room}_uses "${CMAKE_MATCH_3}")
endforeach()

# add_uses(ROOM): appends it and all that it may use, directly or through others, to `uses`.
function(add_uses room)
  if(room IN_LIST uses)
    return()
  endif()
  list(APPEND uses "${room}")
  foreach(next IN LISTS ${room}_uses)
    if(NOT next IN_LIST rooms)
      message(FATAL_ERROR "docs/architecture.md: '${room}' may use '${next}', which is no room of the table")
    endif()
    add_uses("${next}")
  endforeach()
  set(uses "${uses}" PARENT_SCOPE)
endfunction()

# include_probe(NAME LIBRARY ROOM...): whether LIBRARY sees the ROOMs and no other.
function(include_probe name library)
  set(text "")
  foreach(room IN LISTS rooms)
    file(GLOB headers RELATIVE "${CMAKE_SOURCE_DIR}" "${CMAKE_SOURCE_DIR}/${${room}_folder}/*.h")
    list(GET headers 0 header)
    if(room IN_LIST ARGN)
      string(APPEND text "#if !__has_include(\"${header}\")\n#error ${library} does not see ${header}\n#endif\n")
    else()
      string(APPEND text "#if __has_include(\"${header}\")\n#error ${library} sees ${header}\n#endif\n")
    endif()
  endforeach()
  set(source "${CMAKE_CURRENT_BINARY_DIR}/includes/${name}.cc")
  file(GENERATE OUTPUT "${source}" CONTENT "${text}")
  set(roots "$<TARGET_PROPERTY:${library},INCLUDE_DIRECTORIES>")
  add_test(NAME "${name}" COMMAND_EXPAND_LISTS
           COMMAND "${CMAKE_CXX_COMPILER}" -std=c++20 -fsyntax-only "$<$<BOOL:${roots}>:-I$<JOIN:${roots},;-I>>" "${source}")
endfunction()

foreach(room IN LISTS rooms)
  set(uses)
  add_uses("${room}")
  include_probe("Includes.${room}" "assay_${room}" ${uses})
endforeach()

# The probe itself: one room too many and one too few are seen.
include_probe(Includes.ProbeSeesWhatShouldBeHidden assay_graph graph)
include_probe(Includes.ProbeMissesWhatShouldBeSeen assay_graph base graph hw)
set_tests_properties(Includes.ProbeSeesWhatShouldBeHidden PROPERTIES
                     PASS_REGULAR_EXPRESSION "assay_graph sees compile/base/error.h")
set_tests_properties(Includes.ProbeMissesWhatShouldBeSeen PROPERTIES
                     PASS_REGULAR_EXPRESSION "assay_graph does not see compile/hw/adder_graph.h")

# The table names the folders that there are, and no others.
set(folders)
foreach(room IN LISTS rooms)
  list(APPEND folders "${${room}_folder}")
endforeach()
list(JOIN folders "," folders)
add_test(NAME Architecture.TableNamesEveryFolder
         COMMAND "${CMAKE_COMMAND}" "-DSOURCE=${CMAKE_SOURCE_DIR}" "-DTABLE=${folders}" -P "${CMAKE_CURRENT_LIST_DIR}/architecture.cmake")
add_test(NAME Architecture.TestCanFail
         COMMAND "${CMAKE_COMMAND}" "-DSOURCE=${CMAKE_SOURCE_DIR}" "-DTABLE=compile/base,compile/attic"
                 -P "${CMAKE_CURRENT_LIST_DIR}/architecture.cmake")
set_tests_properties(Architecture.TestCanFail PROPERTIES
                     PASS_REGULAR_EXPRESSION "is not in the table: compile/graph.*in the table, but holds no sources: compile/attic")

# A relative include is found next to the file that includes it, whatever the roots.
add_test(NAME Includes.none_is_relative
         COMMAND grep -rEc --include=*.h --include=*.cc "^ *# *include +\"\\.\\.?/" compile golden sim harness)
set_tests_properties(Includes.none_is_relative PROPERTIES WORKING_DIRECTORY "${CMAKE_SOURCE_DIR}"
                     FAIL_REGULAR_EXPRESSION ":[1-9]" PASS_REGULAR_EXPRESSION "compile/graph/graph.h:0")
