# SPDX-License-Identifier: Apache-2.0
# The arrows of docs/architecture.md as tests: a probe per library that includes a header of each folder it may
# use must compile; a probe for every other folder must fail because that folder's header is not found.

# include_probe(NAME LIBRARY HEADER...): a source that includes HEADERs, and the command that compiles it the way
# LIBRARY's own sources are compiled.
function(include_probe name library)
  set(source "${CMAKE_CURRENT_BINARY_DIR}/includes/${name}.cc")
  list(TRANSFORM ARGN REPLACE "(.+)" "#include \"\\1\"\n")
  list(JOIN ARGN "" text)
  file(GENERATE OUTPUT "${source}" CONTENT "${text}")
  set(roots "$<TARGET_PROPERTY:${library},INCLUDE_DIRECTORIES>")
  add_test(NAME "${name}" COMMAND_EXPAND_LISTS
           COMMAND "${CMAKE_CXX_COMPILER}" -std=c++20 -fsyntax-only "$<$<BOOL:${roots}>:-I$<JOIN:${roots},;-I>>" "${source}")
  set_tests_properties("${name}" PROPERTIES ENVIRONMENT "LC_ALL=C")
endfunction()

# One public header per folder.
set(headers compile/base/error.h compile/graph/graph.h compile/hw/layer.h compile/backend/node_rtl.h compile/onnx/import.h
    compile/passes/passes.h sim/bench.h golden/kernels/conv.h golden/data/dataset.h golden/exact_executor.h harness/verdict.h)

# may_use(LIBRARY FOLDER...): LIBRARY may use FOLDERs and no other.
function(may_use library)
  set(allowed)
  foreach(header IN LISTS headers)
    get_filename_component(folder "${header}" DIRECTORY)
    if(folder IN_LIST ARGN)
      list(APPEND allowed "${header}")
      continue()
    endif()
    string(REPLACE "/" "_" word "${folder}")
    set(name "Includes.${library}_may_not_use_${word}")
    include_probe(${name} ${library} "${header}")
    set_tests_properties(${name} PROPERTIES
      PASS_REGULAR_EXPRESSION "fatal error: '?${header}'?:? (No such file|file not found)")
  endforeach()
  include_probe("Includes.${library}_sees_its_dependencies" ${library} ${allowed})
endfunction()

may_use(assay_base compile/base)
may_use(assay_graph compile/base compile/graph)
may_use(assay_onnx compile/base compile/graph compile/onnx)
may_use(assay_hw compile/base compile/graph compile/hw)
may_use(assay_backend compile/base compile/graph compile/hw compile/backend)
may_use(assay_passes compile/base compile/graph compile/hw compile/passes)
may_use(assay_sim compile/base compile/graph compile/hw sim)
may_use(assay_kernels compile/base golden/kernels)
may_use(assay_data compile/base golden/data)
may_use(assay_golden compile/base compile/graph golden/kernels golden/data golden)
may_use(assay_harness compile/base compile/graph compile/hw compile/backend compile/onnx compile/passes sim golden/kernels golden/data golden harness)

# A relative include is found next to the file that includes it, whatever the roots.
add_test(NAME Includes.none_is_relative
         COMMAND grep -rEc --include=*.h --include=*.cc "^ *# *include +\"\\.\\.?/" compile golden sim harness)
set_tests_properties(Includes.none_is_relative PROPERTIES WORKING_DIRECTORY "${CMAKE_SOURCE_DIR}"
                     FAIL_REGULAR_EXPRESSION ":[1-9]" PASS_REGULAR_EXPRESSION "compile/graph/graph.h:0")
