# SPDX-License-Identifier: Apache-2.0
# Flags, dependencies and `assay_library`, which keeps the arrows between folders one way.

find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(TBB REQUIRED)
find_package(Protobuf REQUIRED)
find_package(Eigen3 REQUIRED NO_MODULE)
find_package(CLI11 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(PNG REQUIRED)
find_package(JPEG REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(CURL REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(tomlplusplus REQUIRED)
pkg_check_modules(GMP REQUIRED IMPORTED_TARGET gmp gmpxx)
pkg_check_modules(MPFR REQUIRED IMPORTED_TARGET mpfr)
find_library(ONNX_PROTO_LIBRARY onnx_proto REQUIRED)

# ccache takes precompiled headers by their contents with these settings.
find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND}" -E env CCACHE_SLOPPINESS=pch_defines,time_macros "${CCACHE}")
endif()

# The index of a library is written with it, not by a program behind it.
set(CMAKE_CXX_ARCHIVE_CREATE "<CMAKE_AR> qcs <TARGET> <LINK_FLAGS> <OBJECTS>")
set(CMAKE_CXX_ARCHIVE_FINISH "")

find_program(MOLD mold)
if(MOLD)
  add_link_options(-fuse-ld=mold)
endif()

add_library(assay_options INTERFACE)
# -ffp-contract=off: the float reference must round after every operation.
target_compile_options(assay_options INTERFACE -Wall -Wextra -Werror -ffp-contract=off)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # A unit ends before its garbage is worth collecting: a tenth less time, for 2 GB at most.
  target_compile_options(assay_options INTERFACE --param=ggc-min-heapsize=2000000)
endif()
if(ASSAY_SANITIZE)
  target_compile_options(assay_options INTERFACE -fsanitize=address,undefined
                         -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(assay_options INTERFACE -fsanitize=address,undefined)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # GCC 12 says it of std::function inside std::regex, only where sanitizers look on.
    target_compile_options(assay_options INTERFACE -Wno-maybe-uninitialized)
  endif()
endif()
if(ASSAY_FUZZERS)
  target_compile_options(assay_options INTERFACE -fsanitize=fuzzer-no-link)
endif()

# assay_library(NAME FOLDER DEPENDENCY...)
# A room: a library of every .cc directly in FOLDER. Its headers are visible only to targets that link it: FOLDER
# is reached through a private include root of symbolic links, so an include against the arrows of
# docs/architecture.md does not compile.
# Up to twelve files make a unit: most of a unit's time goes into the same headers and templates. So no two files of a room
# give the same name to something of their own (Guard.Names).
set(ASSAY_SINGLE "" CACHE STRING "Regular expression of the folders whose files are a unit each")
function(assay_library name folder)
  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/${folder}/*.cc")
  list(FILTER sources EXCLUDE REGEX "/(main|model_main)\\.cc$")
  set(root "${CMAKE_BINARY_DIR}/include/${name}")
  get_filename_component(parent "${root}/${folder}" DIRECTORY)
  file(MAKE_DIRECTORY "${parent}")
  file(CREATE_LINK "${CMAKE_SOURCE_DIR}/${folder}" "${root}/${folder}" SYMBOLIC)
  add_library(${name} STATIC ${sources})
  target_include_directories(${name} PUBLIC "${root}")
  target_link_libraries(${name} PUBLIC ${ARGN} PRIVATE assay_options)
  if(NOT ASSAY_SINGLE OR NOT folder MATCHES "${ASSAY_SINGLE}")
    list(LENGTH sources files)
    math(EXPR units "(${files} + 11) / 12")
    math(EXPR batch "(${files} + ${units} - 1) / ${units}")
    set_target_properties(${name} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE ${batch})
  endif()
endfunction()

# assay_apart(TARGET...): each file a unit, where files give their parts the same names on purpose.
function(assay_apart)
  set_target_properties(${ARGN} PROPERTIES UNITY_BUILD OFF)
endfunction()

# assay_house(NAME LIBRARY...): several rooms under one name, for who uses them all.
function(assay_house name)
  add_library(${name} INTERFACE)
  target_link_libraries(${name} INTERFACE ${ARGN})
endfunction()

# assay_precompiled(NAME OPTIONS OPTION... LIBRARIES LIBRARY... HEADERS HEADER...)
# Headers that nearly every unit includes are parsed once, for all targets that say `assay_precompile(TARGET NAME)`: most
# of the time of small units went into the standard library, GMP, fmt and JSON. Every unit still names what it uses: it
# has to build with CMAKE_DISABLE_PRECOMPILE_HEADERS too, as the other compiler's build does. OPTIONS are the targets' too.
function(assay_precompiled name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "OPTIONS;LIBRARIES;HEADERS")
  set(empty "${CMAKE_BINARY_DIR}/precompiled/${name}.cc")
  file(WRITE "${empty}.new" "// Carries the precompiled headers.\n")
  file(COPY_FILE "${empty}.new" "${empty}" ONLY_IF_DIFFERENT)
  add_library(${name} STATIC "${empty}")
  target_link_libraries(${name} PRIVATE fmt::fmt assay_options ${arg_LIBRARIES})
  target_compile_options(${name} PUBLIC ${arg_OPTIONS})
  assay_precompile_options(${name})
  target_precompile_headers(${name} PRIVATE <algorithm> <cstdint> <functional> <map> <memory> <optional> <set> <span>
                            <string> <string_view> <unordered_map> <vector> ${arg_HEADERS})
endfunction()

function(assay_precompile target precompiled)
  target_compile_options(${target} PRIVATE $<TARGET_PROPERTY:${precompiled},INTERFACE_COMPILE_OPTIONS>)
  assay_precompile_options(${target})
  target_precompile_headers(${target} REUSE_FROM ${precompiled})
endfunction()

function(assay_precompile_options target)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # For ccache; and g++ 12 warns of libstdc++'s own strings where they come from a precompiled header.
    target_compile_options(${target} PRIVATE -fpch-preprocess -Wno-array-bounds -Wno-restrict -Wno-stringop-overflow
                           -Wno-stringop-overread)
  endif()
endfunction()

assay_precompiled(assay_numbers HEADERS <gmpxx.h> <fmt/format.h>)
# For rooms whose time goes into GMP, libraries and other programs: -Og takes a third less to compile than -O2 (and a
# sixth less than -O1), and no command is slower.
set(quickly OPTIONS "$<$<CONFIG:Release>:-Og>")
assay_precompiled(assay_steps ${quickly} HEADERS <filesystem> <gmpxx.h> <fmt/format.h>)
assay_precompiled(assay_commands ${quickly} HEADERS <filesystem> <gmpxx.h> <fmt/format.h> <nlohmann/json.hpp>)

# assay_embed(TARGET FOLDER TYPE FUNCTION NAMESPACE HEADER PATTERN...)
# The program carries the files of FOLDER that match: `std::span<const TYPE> NAMESPACE::FUNCTION()` (cmake/embed.cmake).
function(assay_embed target folder type function namespace header)
  set(patterns ${ARGN})
  list(TRANSFORM patterns PREPEND "${CMAKE_SOURCE_DIR}/${folder}/")
  file(GLOB files RELATIVE "${CMAKE_SOURCE_DIR}/${folder}" CONFIGURE_DEPENDS ${patterns})
  set(depends ${files})
  list(TRANSFORM depends PREPEND "${CMAKE_SOURCE_DIR}/${folder}/")
  string(REPLACE ";" "," joined "${files}")
  set(out "${CMAKE_BINARY_DIR}/embedded/${target}_${function}.cc")
  add_custom_command(
    OUTPUT "${out}"
    COMMAND "${CMAKE_COMMAND}" "-DOUT=${out}" "-DHEADER=${header}" "-DTYPE=${type}" "-DFUNCTION=${function}"
            "-DNAMESPACE=${namespace}" "-DROOT=${CMAKE_SOURCE_DIR}/${folder}" "-DFILES=${joined}"
            -P "${CMAKE_SOURCE_DIR}/cmake/embed.cmake"
    DEPENDS ${depends} "${CMAKE_SOURCE_DIR}/cmake/embed.cmake"
    VERBATIM)
  target_sources(${target} PRIVATE "${out}")
endfunction()
